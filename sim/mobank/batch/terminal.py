"""A job's results in the terminal, and the words in which its results are told in English and in Chinese."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mobank.base.digits import percent_places
from mobank.base.quantities import Lang
from mobank.batch.results import Results, last_month, quantile_columns
from mobank.batch.sensitivity import effects, outputs
from mobank.model.grammar import Model
from mobank.report.render.scale import AxisScale
from mobank.report.render.text_table import TextTable, table_of

SHOWN = 20  # rows of a table in the terminal
DRAWN = 4  # axes told of one output
WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "cases": "cases", "answers": "answers", "quantiles": "quantiles", "case": "case", "asked": "asked",
        "scenario": "scenario", "chance": "chance", "error": "± MC", "never": "never", "half": "half by",
        "measure": "measure", "month": "month", "median": "median", "band": "{} to {}", "varied": "what was varied",
        "alone": "explains alone", "more": "… and {:,} more rows: narrow them with --where, or take --csv",
        "over": "{} to {} over {} points", "matters": "What matters",
        "matters_note": "Share of the variance over the design points that each explains by itself, ± its error "
        "(the rest is interaction and what is not varied together).",
        "few": "{} design points are too few to say what matters; at least {} are wanted.",
        "chances": "Chances by scenario", "ends": "Where it ends", "map": "{}: mean over the design points",
        "summary": "{:,} cases, {:,} replicates", "of_job": "Monte Carlo job",
        "chances_note": "± is the Monte Carlo standard error of one case. Scenarios are not weighted: no chance over "
        "all of them is given.",
        "identity": "What it rests on", "job": "job", "code": "code", "data": "data set",
    },
    "zh": {
        "cases": "情景与设计点", "answers": "提问", "quantiles": "分位数", "case": "情景与设计点", "asked": "所问",
        "scenario": "情景", "chance": "概率", "error": "± 模拟误差", "never": "从未", "half": "半数达到",
        "measure": "指标", "month": "月份", "median": "中位数", "band": "{} 至 {}", "varied": "变动的因素",
        "alone": "单独解释的份额", "more": "……另有 {:,} 行：可用 --where 筛选，或用 --csv 导出",
        "over": "{} 至 {}（{} 个设计点）", "matters": "哪一项最要紧",
        "matters_note": "各因素单独解释的（设计点之间）方差份额及其误差；其余为交互作用。",
        "few": "{} 个设计点太少，无法判断哪一项要紧；至少要 {} 个。", "chances": "各情景的概率",
        "ends": "终点各为多少", "map": "{}：各设计点均值", "summary": "{:,} 个情景与设计点，{:,} 次模拟",
        "of_job": "蒙特卡洛批量作业",
        "chances_note": "±为单个情景的蒙特卡洛标准误差。各情景未加权，因此不给出跨情景的概率。",
        "identity": "依据", "job": "作业", "code": "代码", "data": "数据集",
    },
}  # fmt: skip


# ------------ the terminal


def terminal(results: Results, model: Model, lang: Lang) -> Iterator[TextTable | str]:
    """Yield what the terminal shows: chances, where each measure ends, what matters."""
    words = WORDS[lang]
    replicates = sum(results.cases["replicates"].to_pylist())
    yield words["summary"].format(results.cases.num_rows, replicates)
    if results.axes:
        yield f"{words['case']} ({', '.join(results.axes)})"
    if results.answers.num_rows:
        yield _chances(results, lang)
    if results.quantities.num_rows:
        yield _ends(results, model, lang)
    left = max(results.answers.num_rows, last_month(results.quantities).num_rows) - SHOWN
    if left > 0:
        yield words["more"].format(left)
    if results.axes:
        yield from _what_matters(results, lang)


def _label(row: Mapping[str, Any], axes: Sequence[str]) -> str:
    """Return a case with the values of its design point."""
    settings = [f"{row[axis]:.4g}" if isinstance(row[axis], float) else str(row[axis]) for axis in axes]
    return f"{row['case']} ({', '.join(settings)})" if settings else str(row["case"])


def _chances(results: Results, lang: Lang) -> TextTable:
    words = WORDS[lang]
    heads = (words[name] for name in ("case", "asked", "chance", "error", "half", "never"))
    rows = [
        (_label(row, results.axes), row["问题" if lang == "zh" else "question"], *chance_cells(row))
        for row in results.answers.slice(0, SHOWN).to_pylist()
    ]
    return TextTable(table_of(*heads, left=2), rows)


def chance_cells(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return chance, its error in percentage points, the month that half reach, the share that never does."""
    after = percent_places(row["low_95"], row["high_95"])
    never = "" if row["never"] is None else f"{100 * row['never']:.{after}f} %"
    error = f"{100 * row['chance_mc_error']:.{max(after, 2)}f}"
    return f"{100 * row['chance']:.{after}f} %", error, row["reached_p50"] or "", never


def _ends(results: Results, model: Model, lang: Lang) -> TextTable:
    words = WORDS[lang]
    names = quantile_columns(results.quantities)
    shown = list(dict.fromkeys((names[0], "p50" if "p50" in names else names[-1], names[-1])))
    rows = []
    for row in last_month(results.quantities).slice(0, SHOWN).to_pylist():
        numbers = counted([row[name] for name in shown], row["measure"], model, lang)
        rows.append((_label(row, results.axes), row["measure"], row["month"], *numbers))
    return TextTable(table_of(words["case"], words["measure"], words["month"], *shown, left=2), rows)


def _what_matters(results: Results, lang: Lang) -> Iterator[TextTable | str]:
    words = WORDS[lang]
    rows = []
    for output in outputs(results):
        for effect in effects(results.axes, output)[:DRAWN]:
            asked = output.chinese if lang == "zh" else output.question
            asked += f" ({output.month})" if output.kind == "measure" else ""
            share = f"{100 * max(effect.first, 0):.0f} %"
            rows.append((output.scenario, asked, effect.axis, share, f"{100 * effect.error:.0f}"))
    if rows:
        heads = (words["scenario"], words["asked"], words["varied"], words["alone"], "±")
        yield TextTable(table_of(*heads, left=3), rows)
        yield words["matters_note"]


def counted(values: Sequence[float | None], measure: str, model: Model, lang: Lang) -> list[str]:
    """Return values of a measure that stand together, in its own unit, with as many digits as their span bears."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    scale = AxisScale.of(model.counted_in(measure), max(abs(low), abs(high)), high - low, lang)
    return ["" if value is None else scale.write(value) for value in values]
