"""A finished run or comparison as an Excel workbook: assumptions, quantiles, asks, data with sources, identity.

Everything is read from the run's folder, so a workbook says what was run and not what the scenario file says today.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mobank.base.cells import read_table
from mobank.base.quantities import Lang, Month, read_month
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.summary import QUANTILES
from mobank.model.grammar import Model
from mobank.report.assumptions import Assumption, assumptions, evidence_in_words
from mobank.report.compare import folder as compare_folder
from mobank.report.compare.weights import WEIGHTED
from mobank.report.questions import MONTHS
from mobank.report.render.workbook import SUFFIX, Cell, Marked, Number, Sheet, Style, check_path, write
from mobank.report.run.record import ASKS, SUMMARY, FinishedRun, plan_of, read
from mobank.report.tables import figures_used
from mobank.report.wording import differs
from mobank.scenario.scenario import Provenance

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "assumptions": "assumptions", "quantiles": "quantiles", "asks": "asks", "data": "data",
        "identity": "identity", "group": "group", "name": "name", "what": "what", "of": "of",
        "written": "as written", "low": "5 %", "middle": "median", "high": "95 %", "unit": "unit",
        "source": "source", "reason": "reason", "evidence": "evidence", "line": "line of the scenario",
        "measure": "measure", "label": "meaning", "segment": "segment", "month": "month", "mean": "mean",
        "mc_error": "± Monte Carlo", "quantile": "{:g} %", "whole": "whole bank", "spend": "yuan spent",
        "ask": "ask", "asked": "asked", "chance": "chance", "wilson_low": "95 % interval from",
        "wilson_high": "95 % interval to", "never": "never", "rival_first": "the other first",
        "together": "both in one month", "reached": "{:g} % by", "reported": "as reported", "from": "from",
        "to": "to below", "stale": "weight above", "used": "the start rests on it", "yes": "yes", "no": "",
        "key": "what", "value": "value", "scenario": "scenario",
        "differs": "what differs", "differences": "differences", "against": "against the first",
        "reference": "reference", "share_above": "runs above", "extra_spend_yuan": "extra spend, yuan",
        "per_yuan": "extra MAU per yuan", "per_yuan_error": "± per yuan", "difference": "difference",
        "difference_mc_error": "± difference", "weight": "weight", WEIGHTED: "weighted",
    },
    "zh": {
        "assumptions": "假设", "quantiles": "分位数", "asks": "提问", "data": "数据", "identity": "运行身份",
        "group": "类别", "name": "名称", "what": "含义", "of": "对象", "written": "原文", "low": "5%",
        "middle": "中位数", "high": "95%", "unit": "单位", "source": "来源", "reason": "理由", "evidence": "证据",
        "line": "情景文件行号", "measure": "指标", "label": "含义", "segment": "客群", "month": "月份", "mean": "均值",
        "mc_error": "± 模拟误差", "quantile": "{:g}%", "whole": "全行", "spend": "支出（元）", "ask": "提问",
        "asked": "所问", "chance": "概率", "wilson_low": "95%区间下限", "wilson_high": "95%区间上限",
        "never": "从未", "rival_first": "对方先达到", "together": "同月达到", "reached": "{:g}%的模拟达到",
        "reported": "披露原文", "from": "不低于", "to": "低于", "stale": "超出权重", "used": "作为起点",
        "yes": "是", "no": "", "key": "项目", "value": "内容", "scenario": "情景",
        "differs": "差别", "differences": "差异", "against": "与第一个情景相比", "reference": "参照情景",
        "share_above": "高于参照的占比", "extra_spend_yuan": "多花（元）", "per_yuan": "每元多出月活",
        "per_yuan_error": "± 每元", "difference": "概率之差", "difference_mc_error": "± 差值误差", "weight": "权重",
        WEIGHTED: "加权",
    },
}  # fmt: skip
UNITS: Mapping[str, Style] = {
    "share": "percent",
    "rate": "fine_percent",
    "persons a month": "whole",
    "factor": "number",
    "growth": "percent",
    "number": "number",
    "count": "whole",
    "yuan": "whole",
    "": "number",
}
COUNTED: Mapping[str, Style] = {"persons": "whole", "share": "percent", "ratio": "number"}
SPEND = "spend"
ASSUMPTION = ("group", "name", "what", "of", "written", "low", "middle", "high", "unit", "source", "reason", "evidence",
              "line")  # fmt: skip
FIGURE = ("measure", "label", "month", "reported", "from", "to", "stale", "source", "reason", "evidence", "used")
APART = ("difference", "difference_mc_error", "weight")
SHARES = ("chance", "mc_error", "wilson_low", "wilson_high", "never", "rival_first", "together")


def export(folder: Path, file: Path | None, model: Model, lang: Lang | None, force: bool = False) -> Path:
    """Write a finished run or comparison as a workbook and return its path: as named, else the folder's with .xlsx.

    Raises
    ------
    InputError
        If the folder is no finished run or has been changed, or the file cannot be written, or exists without `force`.
    """
    path = file or _beside(folder)
    check_path(path)
    compared = compare_folder.is_comparison(folder)
    found = compare_folder.read(folder) if compared else read(folder)
    made_in = found.record["lang"] if compared else found.record["identity"]["lang"]
    words: Lang = lang or ("zh" if made_in == "zh" else "en")
    write((_of_comparison if compared else _of_run)(found, model, words), path, folder.resolve().name, force)
    return path


def _beside(folder: Path) -> Path:
    """Return the workbook beside a folder; the folder may be named as `.` or `..` from within."""
    whole = Path(os.path.abspath(folder))
    return Path(f"{folder if folder.name == whole.name else whole}{SUFFIX}")


def _of_run(run: FinishedRun, model: Model, lang: Lang) -> list[Sheet]:
    return _sheets(run, {"": plan_of(run, model)}, model, lang)


def _of_comparison(found: FinishedRun, model: Model, lang: Lang) -> list[Sheet]:
    plans = compare_folder.plans_of(found, model)
    reference, *others = plans
    told = [
        [label, text] for label in others for text in differs(plans[reference].scenario, plans[label].scenario, lang)
    ]
    in_words = Sheet(WORDS[lang]["differs"], _heads(lang, True, "against"), told)
    by_how_much = difference_sheet(read_table(found.folder / compare_folder.DIFFERENCES), model, lang)
    return [in_words, by_how_much, *_sheets(found, plans, model, lang)]


def _sheets(run: FinishedRun, plans: Mapping[str, Plan], model: Model, lang: Lang) -> list[Sheet]:
    """Return the sheets that a run and a comparison share; that of asks only where something is asked."""
    asked = run.folder / ASKS
    return [
        assumption_sheet(plans, lang),
        quantile_sheet(read_table(run.folder / SUMMARY), model, lang),
        *([ask_sheet(read_table(asked), lang)] if asked.exists() else []),
        data_sheet(plans, lang),
        identity_sheet(run.record, run.folder, lang),
    ]


def _heads(lang: Lang, several: bool, *names: str) -> list[str]:
    """Return the heads of columns; the first says whose a row is where there are several scenarios."""
    return [WORDS[lang][name] for name in (*(["scenario"] if several else []), *names)]


# ------------ what it rests on


def assumption_sheet(plans: Mapping[str, Plan], lang: Lang) -> Sheet:
    """Return every assumption with its range, unit, source or reason, and evidence; and whose, if of several."""
    heads = _heads(lang, len(plans) > 1, *ASSUMPTION)
    rows = [
        [*_whose(plans, label), *_assumption(each, lang)]
        for label, plan in plans.items()
        for each in assumptions(plan.scenario, plan.model, lang)
    ]
    return Sheet(WORDS[lang]["assumptions"], heads, rows)


def _whose(plans: Mapping[str, Plan], label: str) -> list[Cell]:
    return [label] if len(plans) > 1 else []


def _assumption(each: Assumption, lang: Lang) -> list[Cell]:
    from mobank.report.assumptions import WORDS as GROUPS

    style = UNITS[each.unit]
    numbers = [Number(value, style) for value in (each.low, each.middle, each.high)]
    return [
        GROUPS[lang][each.group],
        each.name,
        each.what,
        each.of,
        each.written,
        *numbers,
        each.unit_in_words(lang),
        *_whence(each.whence, lang),
        _line(each.whence),
    ]


def _whence(whence: Provenance, lang: Lang) -> list[Cell]:
    tag = evidence_in_words(whence.evidence, lang)
    return [whence.source, whence.reason, Marked(tag) if whence.evidence == "unverified" else tag]


def _line(whence: Provenance) -> Cell:
    return Number(whence.place.line, "whole") if whence.place and whence.place.line else None


def data_sheet(plans: Mapping[str, Plan], lang: Lang) -> Sheet:
    """Return the figures as reported, the range that each wording allows, and whether the start rests on it."""
    heads = _heads(lang, len(plans) > 1, *FIGURE)
    rows = [[*_whose(plans, label), *row] for label, plan in plans.items() for row in _figures(plan, lang)]
    return Sheet(WORDS[lang]["data"], heads, rows)


def _figures(plan: Plan, lang: Lang) -> Iterator[list[Cell]]:
    used = figures_used(plan)
    for figure in plan.scenario.reported:
        span = figure.interval
        yield [
            figure.of,
            _label(figure.measure, plan.model, lang),
            figure.month if figure.months <= 1 else figure.dated,
            figure.text,
            Number(span.low, "whole"),
            Number(span.high, "whole"),
            Number(span.stale_share, "percent"),
            *_whence(figure.provenance, lang),
            WORDS[lang]["yes" if figure in used else "no"],
        ]


def _label(measure: str, model: Model, lang: Lang) -> str:
    if measure == SPEND:
        return WORDS[lang]["spend"]
    return model.described[measure].zh if lang == "zh" else model.described[measure].meaning


# ------------ what came out


def quantile_sheet(rows: Sequence[Mapping[str, str]], model: Model, lang: Lang) -> Sheet:
    """Return mean, its Monte Carlo error and quantiles of each measure by month, as `summary.csv` has them."""
    names = [f"p{100 * q:g}" for q in QUANTILES]
    several = "scenario" in rows[0]
    heads = _heads(lang, several, "measure", "label", "segment", "month", "mean", "mc_error")
    quantiles = [WORDS[lang]["quantile"].format(100 * q) for q in QUANTILES]
    found: list[list[Cell]] = []
    for row in rows:
        measure = row["measure"]
        style: Style = "whole" if measure == SPEND else COUNTED[model.counted_in(measure)]
        segment = WORDS[lang]["whole"] if row["segment"] == ALL else row["segment"]
        numbers = [number(row[name], style) for name in ("mean", "mean_mc_error", *names)]
        whose: list[Cell] = [row["scenario"]] if several else []
        found.append([*whose, measure, _label(measure, model, lang), segment, read_month(row["month"]), *numbers])
    return Sheet(WORDS[lang]["quantiles"], [*heads, *quantiles], found)


def number(text: str, style: Style) -> Cell:
    """Return the number of a cell of a CSV; nothing where there is none."""
    return Number(float(text), style) if text else None


def difference_sheet(rows: Sequence[Mapping[str, str]], model: Model, lang: Lang) -> Sheet:
    """Return how far each scenario lies from the reference at each year's end, paired by replicate."""
    heads = _heads(lang, True, "reference", "measure", "label", "month", "mean", "mc_error", "low", "middle", "high",
                   "share_above", "extra_spend_yuan", "per_yuan", "per_yuan_error")  # fmt: skip
    found: list[list[Cell]] = []
    for row in rows:
        style = COUNTED[model.counted_in(row["measure"])]
        moved = [number(row[name], style) for name in ("mean", "mean_mc_error", "p5", "p50", "p95")]
        price = [number(row[f"extra_mau_per_yuan{end}"], "fine") for end in ("", "_mc_error")]
        found.append([row["scenario"], row["reference"], row["measure"], _label(row["measure"], model, lang),
                      read_month(row["month"]), *moved, number(row["share_above"], "percent"),
                      number(row["extra_spend_yuan"], "whole"), *price])  # fmt: skip
    return Sheet(WORDS[lang]["differences"], heads, found)


def ask_sheet(rows: Sequence[Mapping[str, str]], lang: Lang) -> Sheet:
    """Return what was asked with chance, errors, and by when which share of all runs has arrived."""
    several = "scenario" in rows[0]
    heads = _heads(lang, several, "ask", "asked", "measure", "month", *SHARES)
    reached = [WORDS[lang]["reached"].format(100 * q) for q in QUANTILES]
    found: list[list[Cell]] = []
    for row in rows:
        shares = [number(row[name], "percent") for name in SHARES]
        whose: list[Cell] = (
            [WORDS[lang][WEIGHTED] if row["scenario"] == WEIGHTED else row["scenario"]] if several else []
        )
        asked = row["问题" if lang == "zh" else "question"]
        months = [_arrived(row[name], lang) for name in MONTHS]
        apart = [number(row[name], "percent") for name in (APART if several else ())]
        found.append([*whose, row["ask"], asked, row["measure"], read_month(row["month"]), *shares, *months, *apart])
    more = [WORDS[lang][name] for name in (APART if several else ())]
    return Sheet(WORDS[lang]["asks"], [*heads, *reached, *more], found)


def _arrived(text: str, lang: Lang) -> Month | str:
    return WORDS[lang]["never"] if text == "never" else read_month(text) if text else ""


# ------------ what it is


def identity_sheet(record: Mapping[str, Any], folder: Path, lang: Lang) -> Sheet:
    """Return everything that the run's record says but for the digests of its files, flat: one row a value."""
    told = {"folder": folder.resolve().name, **{key: value for key, value in record.items() if key != "files"}}
    return Sheet(WORDS[lang]["identity"], _heads(lang, False, "key", "value"), list(_flat("", told)))


def _flat(above: str, value: Any) -> Iterator[list[Cell]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _flat(f"{above}.{key}" if above else str(key), below)
    elif isinstance(value, (list, tuple)):
        for i, below in enumerate(value, start=1):
            yield from _flat(f"{above}.{i}", below)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield [above, Number(value, "whole" if isinstance(value, int) else "number")]
    else:
        yield [above, "" if value is None else str(value)]
