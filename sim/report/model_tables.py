"""The model as tables for people: what `mobank describe` shows, derived from the declarations."""

import ast
import inspect
import textwrap

from rich.table import Table

from sim.spec import Flow, Measure, Model, Parameter


def tables(model: Model) -> list[Table]:
    """Return four tables: states, flows, parameters, measures."""
    return [_states(model), _flows(model), _parameters(model), _measures(model)]


def formula(flow: Flow) -> str:
    """Return the expression that a hazard returns, as it stands in the code."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(flow.hazard)))
    returned = next(node for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None)
    return ast.unparse(returned.value) if returned.value is not None else ""


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold", title_style="bold")
    for column in columns:
        table.add_column(column)
    return table


def _states(model: Model) -> Table:
    table = _table(f"States of a customer ({model.name})", "state", "meaning")
    for state in model.states:
        table.add_row(state, model.meanings.get(state, ""))
    return table


def _flows(model: Model) -> Table:
    table = _table("Flows: hazards per person per month; intakes persons a month", "flow", "from → to", "hazard")
    for flow in model.flows:
        rationed = f", rationed by {model.resource[flow.served_by].capacity}" if flow.served_by else ""
        table.add_row(flow.name, f"{flow.source or '(outside)'} → {flow.target}", formula(flow) + rationed)
    return table


def _parameters(model: Model) -> Table:
    table = _table("Parameters", "parameter", "unit", "plausible", "shock", "meaning", "含义")
    for p in model.parameters:
        shock = f"{'+' if p.sign > 0 else '−'} {p.moved_by}" if p.moved_by else ""
        table.add_row(p.name, p.unit, _range(p), shock, p.meaning, p.zh)
    return table


def _range(parameter: Parameter) -> str:
    low, high = parameter.plausible
    if parameter.unit == "persons a month":
        return f"{low:,.0f} – {high:,.0f}" + (", unlimited" if parameter.unlimited else "")
    return f"{100 * low:g} – {100 * high:g} %"


def _measures(model: Model) -> Table:
    table = _table("Measures", "measure", "what is counted", "meaning", "含义")
    for measure in model.measures:
        table.add_row(measure.name, _counted(measure), measure.meaning, measure.zh)
    return table


def _counted(measure: Measure) -> str:
    if measure.ratio:
        return " / ".join(f"({' + '.join(part)})" if len(part) > 1 else part[0] for part in measure.ratio)
    return " + ".join(measure.stock or measure.flows)
