"""A job's results in the terminal, and the words in which its results are told in English and in Chinese."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mobank.base.quantities import Lang, format_persons, format_share
from mobank.batch.results import Results, last_month, quantile_columns
from mobank.batch.sensitivity import effects, outputs
from mobank.model.grammar import Model

if TYPE_CHECKING:
    from rich.table import Table

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


def terminal(results: Results, model: Model, lang: Lang) -> Iterator["Table | str"]:
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


def _new_table(*heads: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for i, head in enumerate(heads):
        table.add_column(head, overflow="fold", justify="left" if i < 2 else "right")
    return table


def _label(row: Mapping[str, Any], axes: Sequence[str]) -> str:
    """Return a case with the values of its design point."""
    settings = [f"{row[axis]:.4g}" if isinstance(row[axis], float) else str(row[axis]) for axis in axes]
    return f"{row['case']} ({', '.join(settings)})" if settings else str(row["case"])


def _chances(results: Results, lang: Lang) -> "Table":
    words = WORDS[lang]
    table = _new_table(words["case"], words["asked"], words["chance"], words["error"], words["half"], words["never"])
    for row in results.answers.slice(0, SHOWN).to_pylist():
        table.add_row(_label(row, results.axes), row["问题" if lang == "zh" else "question"], *chance_cells(row))
    return table


def chance_cells(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return chance, its error in percentage points, the month that half reach, the share that never does."""
    never = "" if row["never"] is None else f"{100 * row['never']:.1f} %"
    return f"{100 * row['chance']:.1f} %", f"{100 * row['chance_mc_error']:.2f}", row["reached_p50"] or "", never


def _ends(results: Results, model: Model, lang: Lang) -> "Table":
    words = WORDS[lang]
    names = quantile_columns(results.quantities)
    shown = list(dict.fromkeys((names[0], "p50" if "p50" in names else names[-1], names[-1])))
    table = _new_table(words["case"], words["measure"], words["month"], *shown)
    for row in last_month(results.quantities).slice(0, SHOWN).to_pylist():
        numbers = [counted(row[name], row["measure"], model, lang) for name in shown]
        table.add_row(_label(row, results.axes), row["measure"], row["month"], *numbers)
    return table


def _what_matters(results: Results, lang: Lang) -> Iterator["Table | str"]:
    words = WORDS[lang]
    table = _new_table(words["scenario"], words["asked"], words["varied"], words["alone"], "±")
    for output in outputs(results):
        for effect in effects(results.axes, output)[:DRAWN]:
            asked = output.chinese if lang == "zh" else output.question
            table.add_row(
                output.scenario,
                f"{asked} ({output.month})" if output.kind == "measure" else asked,
                effect.axis,
                f"{100 * max(effect.first, 0):.0f} %",
                f"{100 * effect.error:.0f}",
            )
    if table.row_count:
        yield table
        yield words["matters_note"]


def counted(value: float | None, measure: str, model: Model, lang: Lang) -> str:
    """Return a value of a measure as a label, in its own unit."""
    if value is None:
        return ""
    kind = model.counted_in(measure)
    if kind == "persons":
        return format_persons(value, lang)
    return format_share(value) if kind == "share" else f"{value:.3g}"
