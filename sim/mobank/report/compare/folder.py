"""The folder of a comparison: what was compared, what differs, differences, asks, quantiles and charts.

As the folder of a run: named by a digest of what it depends on, written aside, reused while every file is as it was.
Whoever shows a comparison reads it from here.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from mobank.base.cells import digits, write_table
from mobank.base.files import file_digest, folder_aside
from mobank.base.identity import DRAWING, git_commit, report_digest, versions
from mobank.base.quantities import Lang, Month
from mobank.base.records import RecordKind, find_record, read_record, write_record
from mobank.base.shapes import FLAG, LAW, MONTH, NUMBER, TEXT, ByName, RecordFields, RecordList, one_of, whole
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import Plan
from mobank.ensemble.questions import Answer
from mobank.ensemble.run import run
from mobank.ensemble.summary import summarise
from mobank.model.grammar import Model
from mobank.report.compare.comparison import (
    ComparisonResult,
    Difference,
    Side,
    compare,
    is_paired,
    standard_error,
    year_ends,
)
from mobank.report.compare.weights import WEIGHTED, Weights, together
from mobank.report.questions import row
from mobank.report.run.folder import identity
from mobank.report.run.record import (
    COMPARED,
    IDENTITY,
    RECORD,
    VERSIONS,
    FinishedRun,
    changed,
    files_of,
    load_plan,
    numbers_of,
    refuse_changes,
)
from mobank.report.run.stored_paths import Written
from mobank.report.tables import summary_rows

DIFFERENCES = "differences.csv"
ASKS = "asks.csv"
SUMMARY = "summary.csv"
DRAWN = ("registered", "mau")
COMPARED_SIDE = RecordFields({"label": TEXT, "until": MONTH, "asks": whole(), "identity": IDENTITY})
COMPARISON = RecordKind(
    2,
    RecordFields(
        {
            "compared": RecordList(COMPARED_SIDE),
            "lang": one_of("en", "zh"), "weights": ByName(NUMBER), "report": LAW, "versions": VERSIONS,
            "differs": ByName(RecordList(TEXT)), "paired": FLAG, "subjects": RecordList(TEXT),
            "files": files_of(DIFFERENCES, SUMMARY), "command": TEXT, "git_commit": TEXT, "finished": TEXT,
            "wall_seconds": NUMBER,
        }
    ),
)  # fmt: skip
AGAIN = "compare its scenarios again"


def wanted(found: Sequence[Side], lang: Lang, weights: Weights) -> dict[str, Any]:
    """Return everything that the bytes of a comparison depend on."""
    last = year_ends([side.plan for side in found])[-1]
    return {
        "compared": [_identity(side, last, lang) for side in found],
        "lang": lang,
        "weights": dict(weights),
        "report": report_digest(),
        "versions": versions(DRAWING),
    }


def _identity(side: Side, last: Month, lang: Lang) -> dict[str, Any]:
    """Return what the numbers of a side depend on: as its finished run says if it is one, segments apart."""
    made = side.finished.record["identity"] if side.finished else identity(side.plan, lang)
    scenario = side.plan.scenario
    return {
        "label": side.label,
        "until": str(scenario.until),
        "asks": sum(ask.month <= last for ask in scenario.asks),
        "identity": {"scenario": scenario.name, **numbers_of(made), "by_segment": False},
    }


def name_of(found: Sequence[Side], lang: Lang, weights: Weights) -> str:
    """Return the folder's name: `compare-` and the first ten digits of the digest of what is compared."""
    text = json.dumps(wanted(found, lang, weights), sort_keys=True)
    return f"compare-{sha256(text.encode()).hexdigest()[:10]}"


def reusable(folder: Path, asked: Mapping[str, Any]) -> bool:
    """Return whether a folder holds just what is asked for, every file as it was written."""
    record = find_record(folder / COMPARED, COMPARISON)
    return bool(
        record and {key: record.get(key) for key in asked} == asked and not changed(FinishedRun(folder, record))
    )


def is_comparison(folder: Path) -> bool:
    """Return whether a folder is that of a comparison, whole or not."""
    return (folder / COMPARED).is_file() and not (folder / RECORD).is_file()


def read(folder: Path) -> FinishedRun:
    """Return the comparison in a folder, whole and as it was written.

    Raises
    ------
    InputError
        If its record or a file is not what was written, or of another version.
    """
    found = FinishedRun(folder, read_record(folder / COMPARED, COMPARISON, AGAIN))
    refuse_changes(found, changed(found), AGAIN)
    return found


def plans_of(found: FinishedRun, model: Model) -> dict[str, Plan]:
    """Return the plan of each side by its label, read from the comparison's folder alone."""
    sides = found.record["compared"]
    return {
        side["label"]: load_plan(found.folder / resolved_name(i, side["identity"]["scenario"]), side["identity"], model)
        for i, side in enumerate(sides, start=1)
    }


def resolved_name(number: int, scenario: str) -> str:
    """Return the name of the file that holds a side's scenario, whole."""
    return f"{number}-{scenario}.resolved.yaml"


def make(
    found: Sequence[Side],
    final: Path,
    lang: Lang,
    command: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    weights: Weights | None = None,
) -> ComparisonResult:
    """Run what is not run yet, compare, and write the folder: differences, asks, quantiles, charts and the record."""
    began = time.monotonic()
    with folder_aside(final) as folder, ExitStack() as stack:
        comparison = compare(list(_opened(found, folder, stack, progress)), found, lang)
        _write(comparison, folder, lang, command, weights or {}, began)
    return comparison


def save(comparison: ComparisonResult, final: Path, lang: Lang, command: str) -> None:
    """Write the folder of a comparison that has been made, the same that `make` writes."""
    began = time.monotonic()
    with folder_aside(final) as folder:
        _write(comparison, folder, lang, command, {}, began)


def _write(
    comparison: ComparisonResult, folder: Path, lang: Lang, command: str, weights: Weights, began: float
) -> None:
    """Write all files of a comparison, the record last."""
    from mobank.report.compare import products
    from mobank.report.compare.charts import draw_all

    found = comparison.sides
    for i, side in enumerate(found, start=1):
        scenario = side.plan.scenario
        (folder / resolved_name(i, scenario.name)).write_text(scenario.resolved, encoding="utf-8", newline="\n")
    write_table(difference_rows(comparison), folder / DIFFERENCES)
    write_table(quantile_rows(comparison), folder / SUMMARY)
    if comparison.answers:
        write_table(answer_rows(comparison, weights), folder / ASKS)
    draw_all(comparison.paths, [side.label for side in found], DRAWN, folder, lang)
    if products.is_of_several(found):
        (folder / products.NAME).write_text(products.build(comparison, lang), encoding="utf-8", newline="\n")
    record = {
        **wanted(found, lang, weights),
        "differs": comparison.differs,
        "paired": is_paired([side.plan.scenario for side in found]),
        "subjects": [side.plan.scenario.subject[1 if lang == "zh" else 0] for side in found],
        "files": {p.name: file_digest(p) for p in sorted(folder.iterdir())},
        "command": command,
        "git_commit": git_commit(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "wall_seconds": round(time.monotonic() - began, 2),
    }
    write_record(folder / COMPARED, record, COMPARISON)


def _opened(
    found: Sequence[Side], folder: Path, stack: ExitStack, progress: Callable[[int, int], None]
) -> Iterator[Paths]:
    """Yield the paths of each side; progress is told in thousandths of all sides."""
    for i, side in enumerate(found):
        if side.finished:
            yield Written(side.finished, side.plan)
        else:

            def told(done: int, total: int, i: int = i) -> None:
                progress(1000 * i + 1000 * done // total, 1000 * len(found))

            yield stack.enter_context(run(replace(side.plan, by_segment=False), told, folder))


# ------------ its tables


def quantile_rows(comparison: ComparisonResult) -> list[dict[str, str]]:
    """Return the quantiles of every side as rows of a table, columns by name."""
    rows = []
    for side, path in zip(comparison.sides, comparison.paths, strict=True):
        plan = replace(side.plan, by_segment=False)
        rows += [{"scenario": side.label, **each} for each in summary_rows(summarise(path, plan.columns), plan)]
    return rows


def difference_rows(comparison: ComparisonResult) -> list[dict[str, str]]:
    """Return the differences as rows of a table, columns by name."""
    return [difference_row(each, comparison.sides[0]) for each in comparison.differences]


def difference_row(each: Difference, reference: Side) -> dict[str, str]:
    """Return a difference as a row of a table, columns by name."""
    numbers = {
        "mean": each.mean,
        "mean_mc_error": each.standard_error,
        "p5": each.low,
        "p50": each.middle,
        "p95": each.high,
        "share_above": each.above,
        "extra_spend_yuan": each.spend,
        "extra_mau_per_yuan": each.per_yuan,
        "extra_mau_per_yuan_mc_error": each.per_yuan_error,
    }
    head = {
        "scenario": each.side,
        "reference": reference.label,
        "measure": each.measure,
        "名称": reference.plan.model.measure[each.measure].zh,
        "month": str(each.month),
    }
    return head | {name: digits(value) for name, value in numbers.items()}


def answer_rows(comparison: ComparisonResult, weights: Weights) -> list[dict[str, str]]:
    """Return the answers as rows, each side's with the difference of its chance to the reference's.

    With weights a row more an ask: the probability over all scenarios.
    """
    rows = []
    for _, answers in comparison.answers:
        for side, own in zip(comparison.sides, answers, strict=True):
            whole = row(own, side.plan.model)
            weight = digits(weights[side.label]) if weights else ""
            rows.append({"scenario": side.label, **whole, **_apart(own, answers[0]), "weight": weight})
        if weights:
            rows.append(_over_all(answers, [weights[side.label] for side in comparison.sides], whole))
    return rows


def _apart(own: Answer, reference: Answer) -> dict[str, str]:
    more = own.held.astype(float) - reference.held
    return {"difference": digits(more.mean()), "difference_mc_error": digits(standard_error(more))}


def _over_all(answers: Sequence[Answer], weights: Sequence[float], like: Mapping[str, str]) -> dict[str, str]:
    """Return the row of the weighted probability; when it is reached is not asked of several scenarios at once."""
    kept = ("ask", "question", "问题", "measure", "month")
    chances = {name: digits(value) for name, value in together(answers, weights).items() if not np.isnan(value)}
    blank = dict.fromkeys((*like, "difference", "difference_mc_error"), "")
    return {"scenario": WEIGHTED, **blank, **{name: like[name] for name in kept}, **chances, "weight": ""}
