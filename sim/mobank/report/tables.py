"""Numbers for people and for other programs: paths in Parquet, quantiles in CSV, the table in the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mobank.base.cells import digits, read_table, write_table
from mobank.base.digits import spanned
from mobank.base.quantities import Lang, person_unit
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.summary import QUANTILES, Summary
from mobank.report.assumptions import UNVERIFIED, from_own_systems, is_unverified
from mobank.report.render.text_table import TextColumn, TextTable
from mobank.report.wording import figures_in_words
from mobank.scenario.scenario import Figure

if TYPE_CHECKING:
    import pyarrow as pa

FANS = ("registered", "mau")  # measures with a fan of their own in the report
ROWS = 1 << 20  # of a row group: what is held in memory while paths are written


def write_paths(paths: Paths, path: Path) -> None:
    """Write every replicate's path, long form: replicate, month, measure, value (and segment where told apart).

    Rows stand by measure, month and replicate. A measure that is undefined in a month has no row: flows in the start
    month, ratios over nobody.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    with pa.OSFile(str(path), "wb") as file:  # closed where the disk is full too
        for table in _tables(paths):
            writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
        if writer:
            writer.close()


def _tables(paths: Paths) -> Iterator["pa.Table"]:
    import pyarrow as pa

    months = paths.plan.months
    step = max(1, ROWS // paths.plan.draws)
    replicate = np.arange(paths.plan.draws, dtype=np.int32)
    for measure, segment in paths.plan.columns:
        for first in range(0, len(months), step):
            span = range(first, min(first + step, len(months)))
            values = np.concatenate([paths.month(measure, t, segment) for t in span])
            known = ~np.isnan(values)
            rows = int(known.sum())
            if not rows:
                continue
            columns = {
                "replicate": pa.array(np.tile(replicate, len(span))[known]),
                "month": _words([str(months[t]) for t in span], np.repeat(np.arange(len(span)), replicate.size)[known]),
                "measure": _words([measure], np.zeros(rows)),
                "value": pa.array(values[known]),
            }
            if paths.plan.by_segment:
                columns["segment"] = _words([segment], np.zeros(rows))
            yield pa.table(columns)


def _words(words: list[str], index: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> "pa.DictionaryArray":
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(words))


def write_summary(summaries: Sequence[Summary], plan: Plan, path: Path) -> None:
    """Write mean, its Monte Carlo error and quantiles per month and measure, as a CSV that Excel reads as UTF-8."""
    write_table(summary_rows(summaries, plan), path)


def summary_rows(summaries: Sequence[Summary], plan: Plan) -> list[dict[str, str]]:
    """Return a row a measure, segment and month in which it is defined, columns by name."""
    names = ("mean", "mean_mc_error", *(f"p{100 * q:g}" for q in QUANTILES))
    rows = []
    for summary in summaries:
        chinese = plan.model.described[summary.measure].zh if summary.measure in plan.model.described else "支出（元）"
        numbers = np.vstack([summary.mean, summary.standard_error, summary.quantiles])
        for t, month in enumerate(plan.months):
            if not np.isnan(summary.mean[t]):
                head = {"measure": summary.measure, "名称": chinese, "segment": summary.segment, "month": str(month)}
                rows.append(head | dict(zip(names, map(digits, numbers[:, t].tolist()), strict=True)))
    return rows


def read_summary(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Return what `write_summary` wrote, for the whole bank: columns by name, for each (measure, month)."""
    rows = [row for row in read_table(path) if row["segment"] == ALL]
    return {
        (r["measure"], r["month"]): {n: float(x or "nan") for n, x in r.items() if n[0] in "pm" and n not in _KEYS}
        for r in rows
    }


_KEYS = ("measure", "month")


WORDS = {
    "en": {"month": "month", "registered": "registered", "mau": "active (MAU)", "share": "share", "band": "90 %"},
    "zh": {"month": "月份", "registered": "注册用户", "mau": "月活用户", "share": "月活率", "band": "90% 区间"},
}
FOOTNOTES = {
    "en": "{luck}\nOf {parameters} parameters {known} rest on a source, the others on a stated reason.\n"
    "Not verified: {weak}.",
    "zh": "{luck}\n{parameters} 个参数中 {known} 个有来源，其余为注明理由的假设。\n未核实的数字：{weak}。",
}
LUCK = {
    "en": "{draws:,} runs, seed {seed}; intervals are the central 90 %.",
    "zh": "{draws:,} 次模拟，种子 {seed}；区间为中间 90%。",
}
ALONE = {
    "en": "One run, seed {seed}: one of many that might come about, without any interval.",
    "zh": "仅一次模拟，种子 {seed}：只是多种可能之一，没有区间可言。",
}


POSTERIOR = {
    "en": "Starts from the posterior {} ({}), fitted to {} figures: {}.",
    "zh": "起点取自后验 {}（{}），由 {} 个披露数字拟合：{}。",
}
DIGITS = 10  # of a posterior's digest


def year_end_table(path: Path, plan: Plan, lang: Lang) -> TextTable:
    """Return the start and each year's last month: median and central 90 % of registered, MAU and their ratio."""
    known, words = read_summary(path), WORDS[lang]
    unit, label = person_unit(max(known["registered", str(month)]["p95"] for month in plan.months), lang)
    columns = [TextColumn(words["month"])]
    for name in FANS:
        columns.append(TextColumn(f"{words[name]}\n{label}", right=True))
        columns.append(TextColumn(words["band"], right=True, dim=True))
    columns.append(TextColumn(words["share"], right=True))
    rows = []
    for t, month in enumerate(plan.months):
        if t == 0 or month.month == 12 or t == len(plan.months) - 1:
            cells = [cell for name in FANS for cell in _cells(known[name, str(month)], unit)]
            rows.append((str(month), *cells, f"{_cells(known['stickiness', str(month)], 0.01)[0]} %"))
    return TextTable(columns, rows)


def _cells(row: Mapping[str, float], unit: float) -> tuple[str, str]:
    return spanned(*(row[name] / unit for name in ("p5", "p50", "p95")))


def figures_used(plan: Plan) -> list[Figure]:
    """Return the reported figures that a start rests on; others are only shown. A posterior rests on all of them."""
    if plan.scenario.fitted:
        return list(plan.scenario.reported)
    origin, start = plan.model.origin, plan.scenario.start
    if origin is None:
        return []
    asked = ((origin.stock, start), (origin.stock, start - 12), (origin.engaged, start), (origin.total, start))
    return [figure for measure, month in asked if (figure := plan.scenario.figure(measure, month))]


def unverified(plan: Plan) -> list[str]:
    """Return what a run's numbers rest on that nobody has checked against a document."""
    scenario = plan.scenario
    weak = [f"{f.of} {f.dated} {f.text}" for f in figures_used(plan) if f.provenance.evidence == UNVERIFIED]
    dimensions = dict.fromkeys(b.dimension for b in scenario.bands if b.provenance.evidence == UNVERIFIED)
    weak += [f"segments.{dimension}" for dimension in dimensions]
    shocks = {f"shocks.{name}": shock.size for name, shock in scenario.shocks.items()}
    leads = {name: shock.trend.mean if shock.trend else shock.drift for name, shock in scenario.shocks.items()}
    drifts = {f"drift.{name}": value for name, value in leads.items() if value}
    values = {f"parameters.{name}": value for name, value in scenario.written.items()} | shocks | drifts
    return weak + [name for name, value in values.items() if is_unverified(value.provenance)]


def starts_from(plan: Plan, lang: Lang) -> list[str]:
    """Return which posterior a run starts from and the figures that it was fitted to; nothing if from none."""
    fitted = plan.scenario.fitted
    if fitted is None:
        return []
    figures = figures_in_words(fitted, plan.model, lang)
    return [POSTERIOR[lang].format(fitted.name, fitted.digest[:DIGITS], len(fitted.figures), figures)]


def footnotes(plan: Plan, lang: Lang) -> str:
    """Return what a reader must know beside the table: how many runs, and what rests on unverified figures."""
    scenario = plan.scenario
    known = sum(bool(value.provenance.source) for value in scenario.written.values())
    told = FOOTNOTES[lang].format(
        luck=(ALONE if plan.draws == 1 else LUCK)[lang].format(draws=plan.draws, seed=plan.seed),
        parameters=len(scenario.written),
        known=known,
        weak=("；" if lang == "zh" else "; ").join(unverified(plan)) or "–",
    )
    own = from_own_systems(figures_used(plan), lang)
    return "\n".join([told, *own, *starts_from(plan, lang), *warnings(plan, lang)])


def warnings(plan: Plan, lang: Lang) -> list[str]:
    """Return what a reader must know of this scenario's levers and network before believing what they win."""
    told = []
    levers = [lever.name for lever in plan.scenario.levers if lever.parameter in plan.model.contagious]
    if levers:
        told.append(CONTAGION[lang].format(", ".join(levers)))
    if plan.scenario.network and any(not flow.source for flow in plan.model.flows):
        told.append(NEWCOMERS[lang])
    return told


CONTAGION = {
    "en": "{}: figures of registered users cannot tell contagion from persons who differ (docs/people.md), so what "
    "this wins rests on the prior.",
    "zh": "{}：仅凭注册用户数据无法区分口碑传播与个人差异（见 docs/people.md），其效果取决于先验。",
}
NEWCOMERS = {
    "en": "Customers who join later have no contacts of their own on the network: they hear of it as their segment "
    "does, and nobody hears of them (docs/people.md).",
    "zh": "后来加入的客户在网络中没有自己的联系人：他们按所在分段的平均情况受影响，也不影响他人（见 docs/people.md）。",
}
