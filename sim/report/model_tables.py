"""The model as tables for people: what `mobank describe` shows, derived from the declarations."""

import ast
import inspect
import textwrap

from rich.box import SIMPLE_HEAD
from rich.table import Table

from sim.quantities import Lang
from sim.spec import Flow, Measure, Model, Parameter


def tables(model: Model, lang: Lang) -> list[Table]:
    """Return four tables: states, flows, parameters, measures; meanings in English or Chinese."""
    return [_states(model), _flows(model), _parameters(model, lang), _measures(model, lang)]


def formula(flow: Flow) -> str:
    """Return the expression that a hazard returns, as it stands in the code."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(flow.hazard)))
    returned = next(node for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None)
    return ast.unparse(returned.value) if returned.value is not None else ""


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold", title_style="bold", box=SIMPLE_HEAD)
    for i, column in enumerate(columns):
        table.add_column(column, no_wrap=i == 0)
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


def _parameters(model: Model, lang: Lang) -> Table:
    table = _table("Parameters", "parameter", "plausible values", "shock", "meaning")
    for p in model.parameters:
        shock = f"{'+' if p.sign > 0 else '−'} {p.moved_by}" if p.moved_by else ""
        table.add_row(p.name, _range(p), shock, p.zh if lang == "zh" else p.meaning)
    return table


def _range(parameter: Parameter) -> str:
    low, high = parameter.plausible
    if parameter.unit == "persons a month":
        return f"to {high:,.0f} a month" + (" or unlimited" if parameter.unlimited else "")
    return f"{100 * low:g} – {100 * high:g} %" + (" a month" if parameter.unit == "rate" else "")


def _measures(model: Model, lang: Lang) -> Table:
    table = _table("Measures", "measure", "what is counted", "meaning")
    for measure in model.measures:
        table.add_row(measure.name, _counted(measure), measure.zh if lang == "zh" else measure.meaning)
    return table


def _counted(measure: Measure) -> str:
    if measure.ratio:
        return " / ".join(f"({' + '.join(part)})" if len(part) > 1 else part[0] for part in measure.ratio)
    return " + ".join(measure.stock or measure.flows)
