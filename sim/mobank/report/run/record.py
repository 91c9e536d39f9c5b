"""A finished run, read back from its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

from mobank.base.errors import InputError, Place, Problem, did_you_mean, shown
from mobank.base.files import is_whole
from mobank.base.identity import COMPUTING
from mobank.base.records import RecordKind, find_record, read_record
from mobank.base.shapes import (
    DIGEST,
    FLAG,
    LAW,
    NUMBER,
    TEXT,
    ByName,
    OrNothing,
    RecordFields,
    RecordList,
    one_of,
    whole,
)
from mobank.ensemble.plan import Plan
from mobank.fidelity import FIDELITIES
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Model
from mobank.scenario.reader import load
from mobank.scenario.scenario import Fitted, Scenario

RECORD = "run.json"
COMPARED = "compare.json"  # the record of a comparison
SCENARIO = "scenario.resolved.yaml"
PATHS = "paths.parquet"
SUMMARY = "summary.csv"
ASKS = "asks.csv"
SHARES = "shares.csv"
DRIVERS = "drivers.csv"

# what the numbers of a run depend on; its pages depend on the rest of its identity too
NUMBERS = ("resolved", "posterior", "model", "seed", "draws", "fidelity", "by_segment", "law", "versions")
DIGITS = 10  # of a digest in a message


@dataclass(frozen=True)
class FinishedRun:
    """A finished run: its folder and the record in it."""

    folder: Path
    record: dict[str, Any]


VERSIONS = ByName(TEXT)
IDENTITY = RecordFields(
    {
        "scenario": TEXT, "resolved": DIGEST, "posterior": OrNothing(DIGEST), "model": TEXT, "seed": whole(),
        "draws": whole(1), "fidelity": one_of(*FIDELITIES), "by_segment": FLAG, "law": LAW, "versions": VERSIONS,
    },
    {"shares": FLAG, "lang": one_of("en", "zh"), "report": LAW},
)  # fmt: skip
FITTED_TO = RecordFields({"name": TEXT, "draws": DIGEST, "figures": RecordList(TEXT)})


def files_of(*names: str) -> RecordFields:
    """Return the shape of digests by file, these among them."""
    return RecordFields(dict.fromkeys(names, DIGEST), others=DIGEST)


RUN = RecordKind(
    2,
    RecordFields(
        {
            "question": TEXT, "identity": RecordFields({**IDENTITY.needed, **IDENTITY.optional}),
            "posterior": OrNothing(FITTED_TO),
            "files": files_of(SCENARIO, PATHS, SUMMARY), "draws_tried": whole(1),
            "scenario_files": RecordList(TEXT), "command": TEXT, "git_commit": TEXT, "machine": TEXT,
            "workers": whole(1), "finished": TEXT, "wall_seconds": NUMBER,
        }
    ),
)  # fmt: skip


def read(folder: Path) -> FinishedRun:
    """Return the finished run in a folder, whole and as it was written.

    Raises
    ------
    InputError
        If there is none, or its record or a file is not what was written, or of another version.
    """
    if (folder / RECORD).is_file():
        run = FinishedRun(folder, read_record(folder / RECORD, RUN, run_again(folder / SCENARIO)))
        lost = changed(run)
        refuse_changes(run, lost, run_again(folder / SCENARIO, run.record["identity"], SCENARIO not in lost))
        return run
    if (folder / COMPARED).is_file():
        hint = "name one of the runs or scenarios compared"
        refused = "is not the folder of a finished run but of a comparison"
        raise InputError([Problem(f"'{folder.as_posix()}'", refused, hint)])
    near = [p.parent.as_posix() for p in folder.parent.glob(f"*/{RECORD}") if p.parent != folder]
    hint = did_you_mean(folder.as_posix(), sorted(near))
    raise InputError([Problem(f"'{folder.as_posix()}'", "is not the folder of a finished run", hint)])


def run_again(scenario: Path, known: Mapping[str, Any] | None = None, intact: bool = True) -> str:
    """Return how to make a run again, from the scenario in its folder if that is intact.

    Parameters
    ----------
    known : the identity of the run, whose settings are said; None where its record cannot be read.
    """
    settings = []
    if known:
        settings = [f"--draws {known['draws']}", f"--seed {known['seed']}", f"--fidelity {known['fidelity']}"]
        settings += ["--by-segment"] if known["by_segment"] else []
    path = quote(scenario.as_posix()) if intact else "SCENARIO"
    return " ".join([f"run it again: mobank run {path}", *settings])


def numbers_of(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a run's identity that its numbers depend on."""
    versions = {name: number for name, number in known["versions"].items() if name in ("python", *COMPUTING)}
    return {**{name: known[name] for name in NUMBERS}, "versions": versions}


def fitted_to(scenario: Scenario) -> dict[str, Any] | None:
    """Return which posterior a scenario starts from and the figures that it was fitted to; None if from none."""
    fitted = scenario.fitted
    return {"name": fitted.name, "draws": fitted.digest, "figures": list(fitted.figures)} if fitted else None


def changed(run: FinishedRun) -> list[str]:
    """Return the files of a run that are gone or no longer as they were written."""
    return [name for name, digest in run.record["files"].items() if not is_whole(run.folder / name, digest)]


def refuse_changes(run: FinishedRun, lost: Sequence[str], again: str) -> None:
    """Refuse a run or comparison of which some files are no longer what was written.

    Parameters
    ----------
    lost : their names.
    again : how to make it again, as a hint.

    Raises
    ------
    InputError
        Naming them.
    """
    if lost:
        found = f"{', '.join(lost)} in '{run.folder.as_posix()}'"
        raise InputError([Problem(found, "changed or gone since the run", again)])


def finished(folder: Path) -> FinishedRun | None:
    """Return the finished run in a folder by its record; None if there is none that can be read."""
    record = find_record(folder / RECORD, RUN)
    return FinishedRun(folder, record) if record else None


def reusable(folder: Path, wanted: dict[str, Any]) -> FinishedRun | None:
    """Return the run in a folder if it is the one wanted (its identity) and every file is as it was written."""
    run = finished(folder)
    return run if run and run.record["identity"] == wanted and not changed(run) else None


def plan_of(run: FinishedRun, model: Model) -> Plan:
    """Return the plan of a finished run, read from its folder and from the posterior that it started from.

    Raises
    ------
    InputError
        If the model has another law than the run's, or the posterior is another or gone.
    """
    return load_plan(run.folder / SCENARIO, run.record["identity"], model)


def load_plan(path: Path, known: Mapping[str, Any], model: Model) -> Plan:
    """Return the plan of a resolved scenario with the settings that an identity says; raises as `plan_of`."""
    scenario = replace(load(path, model), name=known["scenario"])
    plan = Plan(model, scenario, known["draws"], known["seed"], known["fidelity"], known["by_segment"])
    if known["model"] != fingerprint(plan.model):
        raise InputError(
            [Problem("this run", "is of a model with another law", run_again(path, known), place=_whole(path))]
        )
    if scenario.fitted and scenario.fitted.digest != known["posterior"]:
        raise InputError([_fitted_again(scenario.fitted, known, path)])
    return plan


def _fitted_again(fitted: Fitted, known: Mapping[str, Any], path: Path) -> Problem:
    """Return that the posterior of a run is not there any more, though another of its name is."""
    found = f"the posterior {shown(fitted.name)} ({fitted.digest[:DIGITS]})"
    allowed = (
        f"is not the one that this run started from ({known['posterior'][:DIGITS]}): it has been fitted again since"
    )
    return Problem(found, allowed, run_again(path, known), "posterior", _whole(path))


def _whole(path: Path) -> Place:
    return Place(path.as_posix(), 0)
