"""The folder of a run: named by scenario and digest, written aside, made durable, then renamed.

A folder under its final name is complete; a kill or a full disk leaves at most a hidden one, which the next run
clears away. Every file but `run.json` is a function of the run's identity, byte for byte.
"""

import json
import platform
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from mobank.base.files import file_digest, folder_aside
from mobank.base.identity import COMPUTING, DRAWING, git_commit, law_digest, report_digest, versions
from mobank.base.quantities import Lang
from mobank.base.records import sealed, write_record
from mobank.ensemble.plan import Plan
from mobank.model.fingerprint import fingerprint
from mobank.report.questions import write_asks
from mobank.report.run import page
from mobank.report.run.numbers import numbers
from mobank.report.run.record import (
    ASKS,
    DRIVERS,
    PATHS,
    RECORD,
    RUN,
    SCENARIO,
    SHARES,
    SUMMARY,
    FinishedRun,
    fitted_to,
)
from mobank.report.run.result import RunResult
from mobank.report.run.spread import write_drivers, write_shares
from mobank.report.tables import write_paths, write_summary


def identity(plan: Plan, lang: str, shares: bool = True) -> dict[str, Any]:
    """Return everything that the bytes of a run depend on, inputs by digest.

    The resolved scenario holds the figures; the draws of a posterior, which it only names, are an input of their own.
    `shares` says whether the spread is taken apart.
    """
    scenario = plan.scenario
    return {
        "scenario": scenario.name,
        "resolved": sha256(scenario.resolved.encode()).hexdigest(),
        "posterior": scenario.fitted.digest if scenario.fitted else None,
        "model": fingerprint(plan.model),
        "seed": plan.seed,
        "draws": plan.draws,
        "fidelity": plan.fidelity,
        "by_segment": plan.by_segment,
        "shares": shares,
        "lang": lang,
        "law": law_digest(),
        "report": report_digest(),
        "versions": versions((*COMPUTING, *DRAWING)),
    }


def name_of(plan: Plan, lang: str, shares: bool = True) -> str:
    """Return the folder's name: scenario and the first ten digits of the identity's digest."""
    text = json.dumps(identity(plan, lang, shares), sort_keys=True)
    return f"{plan.scenario.name}-{sha256(text.encode()).hexdigest()[:10]}"


def make(
    plan: Plan,
    final: Path,
    lang: Lang,
    command: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    shares: bool = True,
) -> FinishedRun:
    """Run a plan and write its folder; paths that do not fit in memory take disk space inside it and go with it.

    Where a run beside it differs in its pages alone, its paths are taken instead of being computed again.
    With `shares`, the spread is taken apart by layers of chance, which takes several times the run's replicates.
    """
    began = time.monotonic()
    known = identity(plan, lang, shares)
    with folder_aside(final) as folder, numbers(plan, known, final.parent, progress, folder) as (paths, tried):
        record = _write(RunResult(paths, tried), folder, lang, command, shares, began)
    return FinishedRun(final, record)


def save(result: RunResult, final: Path, lang: Lang, command: str, shares: bool = True) -> FinishedRun:
    """Write the folder of a run that has been made, the same that `make` writes."""
    began = time.monotonic()
    with folder_aside(final) as folder:
        record = _write(result, folder, lang, command, shares, began)
    return FinishedRun(final, record)


def _write(result: RunResult, folder: Path, lang: Lang, command: str, shares: bool, began: float) -> dict[str, Any]:
    """Write all files of a run and return its record, which is written last."""
    known = identity(result.plan, lang, shares)
    _write_numbers(result, folder, shares)
    _write_page(result, folder, lang, shares, known)
    record = _record(result, folder, command, known, began)
    write_record(folder / RECORD, record, RUN)
    return sealed(record, RUN)


def _write_numbers(result: RunResult, folder: Path, shares: bool) -> None:
    plan = result.plan
    (folder / SCENARIO).write_text(plan.scenario.resolved, encoding="utf-8", newline="\n")
    write_paths(result.paths, folder / PATHS)
    write_summary(result.summaries, plan, folder / SUMMARY)
    if result.answers:
        write_asks(result.answers, plan.model, folder / ASKS)
    if shares and result.shares:
        write_shares(result.shares, folder / SHARES)
    if shares and result.drivers:
        write_drivers(result.drivers, plan.model, folder / DRIVERS)


def _write_page(result: RunResult, folder: Path, lang: Lang, shares: bool, known: dict[str, Any]) -> None:
    from mobank.report.run.pictures import draw_all  # matplotlib takes half a second to load, which only pictures need

    found, drove = (result.shares, result.drivers) if shares else (None, [])
    draw_all(result.plan, result.summaries, found or [], result.uses, folder, lang)
    pictures = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.svg"))}
    told = page.Told(
        result.plan, lang, result.summaries, result.answers, found, drove, result.uses, pictures, known, result.tried
    )
    page.write(told, folder / page.NAME)


def _record(result: RunResult, folder: Path, command: str, known: dict[str, Any], began: float) -> dict[str, Any]:
    return {
        "question": result.plan.scenario.question,
        "identity": known,
        "posterior": fitted_to(result.plan.scenario),
        "files": {p.name: file_digest(p) for p in sorted(folder.iterdir())},
        "draws_tried": result.tried,
        "scenario_files": list(result.plan.scenario.files),
        "command": command,
        "git_commit": git_commit(),
        "machine": f"{platform.system()} {platform.machine()} {platform.release()}",
        "workers": result.plan.workers,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "wall_seconds": round(time.monotonic() - began, 2),
    }
