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

from mobank.base.identity import COMPUTING, DRAWING, git_commit, law_digest, report_digest, versions
from mobank.base.quantities import Lang
from mobank.ensemble.drivers import Drivers, drivers
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import Plan
from mobank.ensemble.questions import answer
from mobank.ensemble.shapley import FEWEST, ShapleyShares
from mobank.ensemble.shapley import shares as shares_of
from mobank.ensemble.summary import summarise
from mobank.fidelity import BYTES_A_LIFE
from mobank.model.fingerprint import fingerprint
from mobank.report.questions import write_asks
from mobank.report.render.files import aside, file_digest
from mobank.report.run import page
from mobank.report.run.bands import use_by_band
from mobank.report.run.numbers import numbers
from mobank.report.run.record import ASKS, DRIVERS, PATHS, RECORD, SCENARIO, SHARES, SUMMARY, FinishedRun, fitted_to
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
    """Run a plan and write its folder; paths in the making take disk space inside it and go with it.

    Where a run beside it differs in its pages alone, its paths are taken instead of being computed again.
    With `shares`, the spread is taken apart by layers of chance, which takes several times the run's replicates.
    """
    from mobank.report.run.pictures import draw_all  # matplotlib takes half a second to load, which only pictures need

    began = time.monotonic()
    known = identity(plan, lang, shares)
    with aside(final) as folder, numbers(plan, known, final.parent, progress, folder) as (paths, tried):
        summaries, answers = summarise(paths), answer(paths, plan.scenario.asks)
        (folder / SCENARIO).write_text(plan.scenario.resolved, encoding="utf-8")
        write_paths(paths, folder / PATHS)
        write_summary(summaries, plan, folder / SUMMARY)
        if answers:
            write_asks(answers, plan.model, folder / ASKS)
        found, drove = _spread(paths, folder) if shares else (None, [])
        uses = [] if plan.fidelity in BYTES_A_LIFE else use_by_band(plan)  # lives cost too much to be lived twice
        draw_all(plan, summaries, found or [], uses, folder, lang)
        pictures = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.svg"))}
        told = page.Told(plan, lang, summaries, answers, found, drove, uses, pictures, known, tried)
        page.write(told, folder / page.NAME)
        record = {
            "question": plan.scenario.question,
            "identity": known,
            "posterior": fitted_to(plan.scenario),
            "files": {p.name: file_digest(p) for p in sorted(folder.iterdir())},
            "draws_tried": tried,
            "scenario_files": list(plan.scenario.files),
            "command": command,
            "git_commit": git_commit(),
            "machine": f"{platform.system()} {platform.machine()} {platform.release()}",
            "workers": plan.workers,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "wall_seconds": round(time.monotonic() - began, 2),
        }
        (folder / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return FinishedRun(final, record)


def _spread(paths: Paths, folder: Path) -> tuple[list[ShapleyShares], list[Drivers]]:
    """Return what the spread comes from, and write it; nothing where the run is too small to tell."""
    if paths.plan.draws < FEWEST:
        return [], []
    found = shares_of(paths)
    drove = drivers(paths, found)
    if found:
        write_shares(found, folder / SHARES)
    if drove:
        write_drivers(drove, paths.plan.model, folder / DRIVERS)
    return found, drove
