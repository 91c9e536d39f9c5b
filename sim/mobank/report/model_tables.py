"""The model as tables for people: what `mobank describe` shows, derived from the declarations."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from mobank.base.quantities import Lang
from mobank.model.grammar import Flow, Measure, Model, Parameter
from mobank.report.render.text_table import TextColumn, TextTable

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "states": "States of a customer ({})", "state": "state", "meaning": "meaning",
        "flows": "Flows: hazards per person per month; intakes persons a month", "flow": "flow", "way": "from → to",
        "hazard": "hazard", "rationed": "{}, rationed by {}", "outside": "(outside)",
        "parameters": "Parameters", "parameter": "parameter", "plausible": "plausible values", "shock": "shock",
        "to": "to {:,.0f} a month", "unlimited": "{} or unlimited", "share": "{:g} – {:g} %",
        "rate": "{:g} – {:g} % a month", "measures": "Measures", "measure": "measure", "counted": "what is counted",
    },
    "zh": {
        "states": "客户状态（{}）", "state": "状态", "meaning": "含义",
        "flows": "流动：风险率为每人每月；流入为每月人数", "flow": "流动", "way": "从 → 到", "hazard": "风险率",
        "rationed": "{}，受{}限制", "outside": "（外部）", "parameters": "参数", "parameter": "参数",
        "plausible": "合理范围", "shock": "冲击", "to": "每月至多{:,.0f}", "unlimited": "{}，或不限（unlimited）",
        "share": "{:g} – {:g}%", "rate": "每月{:g} – {:g}%", "measures": "指标", "measure": "指标",
        "counted": "统计什么",
    },
}  # fmt: skip


def tables(model: Model, lang: Lang) -> list[TextTable]:
    """Return four tables: states, flows, parameters, measures; in English or Chinese but for what a scenario names."""
    return [_states(model, lang), _flows(model, lang), _parameters(model, lang), _measures(model, lang)]


def formula(flow: Flow) -> str:
    """Return the expression that a hazard returns, as it stands in the code."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(flow.hazard)))
    returned = next(node for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None)
    return ast.unparse(returned.value) if returned.value is not None else ""


def _table(lang: Lang, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> TextTable:
    heads = [TextColumn(WORDS[lang][column], wrap=i > 0) for i, column in enumerate(columns)]
    return TextTable(heads, list(rows), title)


def _states(model: Model, lang: Lang) -> TextTable:
    name, meanings = (model.name_zh, model.meanings_zh) if lang == "zh" else (model.name, model.meanings)
    rows = [(state, meanings.get(state, "")) for state in model.states]
    return _table(lang, WORDS[lang]["states"].format(name or model.name), ("state", "meaning"), rows)


def _flows(model: Model, lang: Lang) -> TextTable:
    words = WORDS[lang]
    rows = []
    for flow in model.flows:
        hazard = formula(flow)
        if flow.served_by:
            hazard = words["rationed"].format(hazard, model.resource[flow.served_by].capacity)
        rows.append((flow.name, f"{flow.source or words['outside']} → {flow.target}", hazard))
    return _table(lang, words["flows"], ("flow", "way", "hazard"), rows)


def _parameters(model: Model, lang: Lang) -> TextTable:
    rows = []
    for p in model.parameters:
        shock = f"{'+' if p.sign > 0 else '−'} {p.moved_by}" if p.moved_by else ""
        rows.append((p.name, _range(p, lang), shock, p.zh if lang == "zh" else p.meaning))
    return _table(lang, WORDS[lang]["parameters"], ("parameter", "plausible", "shock", "meaning"), rows)


def _range(parameter: Parameter, lang: Lang) -> str:
    words, (low, high) = WORDS[lang], parameter.plausible
    if parameter.unit == "persons a month":
        most = words["to"].format(high)
        return words["unlimited"].format(most) if parameter.unlimited else most
    return words[parameter.unit].format(100 * low, 100 * high)


def _measures(model: Model, lang: Lang) -> TextTable:
    rows = [(each.name, _counted(each), each.zh if lang == "zh" else each.meaning) for each in model.measures]
    return _table(lang, WORDS[lang]["measures"], ("measure", "counted", "meaning"), rows)


def _counted(measure: Measure) -> str:
    if measure.ratio:
        return " / ".join(f"({' + '.join(part)})" if len(part) > 1 else part[0] for part in measure.ratio)
    return " + ".join(measure.stock or measure.flows)
