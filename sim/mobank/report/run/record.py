"""A finished run, read back from its folder."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mobank.base.errors import InputError, Problem, did_you_mean
from mobank.ensemble.plan import Plan
from mobank.model.grammar import Model
from mobank.report.render.files import file_digest
from mobank.scenario.reader import load

RECORD = "run.json"
COMPARED = "compare.json"  # the record of a comparison
SCENARIO = "scenario.resolved.yaml"
PATHS = "paths.parquet"
SUMMARY = "summary.csv"
ASKS = "asks.csv"
SHARES = "shares.csv"
DRIVERS = "drivers.csv"


@dataclass(frozen=True)
class FinishedRun:
    """A finished run: its folder and the record in it."""

    folder: Path
    record: dict[str, Any]


def read(folder: Path) -> FinishedRun:
    """Return the finished run in a folder.

    Raises
    ------
    InputError
        If there is no complete run.
    """
    record = _record(folder)
    if record is None and (folder / COMPARED).is_file():
        hint = "name one of the runs or scenarios compared"
        refused = "is not the folder of a finished run but of a comparison"
        raise InputError([Problem(f"'{folder.as_posix()}'", refused, hint)])
    if record is None:
        near = [p.parent.as_posix() for p in folder.parent.glob(f"*/{RECORD}") if p.parent != folder]
        hint = did_you_mean(folder.as_posix(), sorted(near))
        raise InputError([Problem(f"'{folder.as_posix()}'", "is not the folder of a finished run", hint)])
    return FinishedRun(folder, record)


def _record(folder: Path) -> dict[str, Any] | None:
    record = record_in(folder / RECORD, (SCENARIO, PATHS, SUMMARY))
    return record if record and isinstance(record.get("identity"), dict) else None


def record_in(path: Path, files: Collection[str]) -> dict[str, Any] | None:
    """Return the record of a folder if it has the shape of one, with digests of at least these files."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    shaped = isinstance(record, dict) and isinstance(record.get("files"), dict)
    return record if shaped and set(files) <= record["files"].keys() else None


def changed(run: FinishedRun) -> list[str]:
    """Return the files of a run that are gone or no longer as they were written."""
    return [name for name, digest in run.record["files"].items()
            if not (run.folder / name).is_file() or file_digest(run.folder / name) != digest]  # fmt: skip


def refuse_changes(run: FinishedRun) -> None:
    """Refuse a run of which some files are no longer what was written.

    Raises
    ------
    InputError
        Naming them.
    """
    spoilt = changed(run)
    if spoilt:
        found = f"{', '.join(spoilt)} in '{run.folder.as_posix()}'"
        raise InputError([Problem(found, "changed or gone since the run", "run it again")])


def reusable(folder: Path, wanted: dict[str, Any]) -> FinishedRun | None:
    """Return the run in a folder if it is the one wanted (its identity) and every file is as it was written."""
    record = _record(folder)
    if record is None or record["identity"] != wanted:
        return None
    run = FinishedRun(folder, record)
    return None if changed(run) else run


def plan_of(run: FinishedRun, model: Model) -> Plan:
    """Return the plan of a finished run, read from its folder alone."""
    return load_plan(run.folder / SCENARIO, run.record["identity"], model)


def load_plan(path: Path, known: Mapping[str, Any], model: Model) -> Plan:
    """Return the plan of a resolved scenario with the settings that an identity says."""
    scenario = replace(load(path, model), name=known["scenario"])
    return Plan(model, scenario, known["draws"], known["seed"], known["fidelity"], known["by_segment"])
