"""The folder of a run: named by scenario and digest, written aside, made durable, then renamed.

A folder under its final name is complete; a kill or a full disk leaves at most a hidden one, which the next run
clears away. Every file but `run.json` is a function of the run's identity, byte for byte.
"""

import errno
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b, sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mobank
from mobank.base.errors import InputError, Problem, RunError, did_you_mean
from mobank.base.quantities import Lang
from mobank.ensemble.drivers import Drivers, drivers
from mobank.ensemble.ensemble import Ensemble, Plan, run, summarise
from mobank.ensemble.questions import answer
from mobank.ensemble.shapley import FEWEST, ShapleyShares
from mobank.ensemble.shapley import shares as shares_of
from mobank.fidelity import BYTES_A_LIFE
from mobank.model.grammar import Model
from mobank.report.questions import write_asks
from mobank.report.run import page
from mobank.report.run.bands import use_by_band
from mobank.report.run.spread import write_drivers, write_shares
from mobank.report.tables import write_paths, write_summary
from mobank.scenario.reader import load

RECORD = "run.json"
COMPARED = "compare.json"  # the record of a comparison
SCENARIO = "scenario.resolved.yaml"
PATHS = "paths.parquet"
SUMMARY = "summary.csv"
ASKS = "asks.csv"
SHARES = "shares.csv"
DRIVERS = "drivers.csv"
BY_NAME = ("mobank", "numpy", "scipy", "numba", "llvmlite", "simpy", "PyYAML", "pyarrow", "matplotlib", "pillow",
           "jinja2")  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and the record in it."""

    folder: Path
    record: dict[str, Any]


def identity(plan: Plan, lang: str, shares: bool = True) -> dict[str, Any]:
    """Return everything that the bytes of a run depend on; `shares` tells whether the spread is taken apart."""
    return {
        "scenario": plan.scenario.name,
        "resolved": sha256(plan.scenario.resolved.encode()).hexdigest(),
        "seed": plan.seed,
        "draws": plan.draws,
        "fidelity": plan.fidelity,
        "by_segment": plan.by_segment,
        "shares": shares,
        "lang": lang,
        "code": code_digest(),
        "versions": {"python": sys.version.split()[0], **{name: version(name) for name in BY_NAME}},
    }


@cache
def code_digest() -> str:
    """Return a digest of mobank's own source, so that a folder is never reused across a change of the code."""
    digest = blake2b(digest_size=16)
    root = Path(mobank.__file__).parent
    for path in sorted(path for kind in ("*.py", "*.j2", "*.css") for path in root.rglob(kind)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def git_commit() -> str:
    """Return the commit that mobank's source is checked out at; "" where it is no checkout.

    It tells people where to look; what a run depends on is the digest of the code, changed or not.
    """
    root = Path(mobank.__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True,
                              check=False, timeout=5)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def name_of(plan: Plan, lang: str, shares: bool = True) -> str:
    """Return the folder's name: scenario and the first ten digits of the identity's digest."""
    text = json.dumps(identity(plan, lang, shares), sort_keys=True)
    return f"{plan.scenario.name}-{sha256(text.encode()).hexdigest()[:10]}"


def read(folder: Path) -> Run:
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
    return Run(folder, record)


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


def changed(run: Run) -> list[str]:
    """Return the files of a run that are gone or no longer as they were written."""
    return [name for name, digest in run.record["files"].items()
            if not (run.folder / name).is_file() or file_digest(run.folder / name) != digest]  # fmt: skip


def refuse_changes(run: Run) -> None:
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


def reusable(folder: Path, wanted: dict[str, Any]) -> Run | None:
    """Return the run in a folder if it is the one wanted (its identity) and every file is as it was written."""
    record = _record(folder)
    if record is None or record["identity"] != wanted:
        return None
    run = Run(folder, record)
    return None if changed(run) else run


def put_aside(folder: Path) -> Path:
    """Rename a folder that somebody has changed, so that nothing of it is lost, and return its new name."""
    number = next(n for n in range(1, 10**6) if not folder.with_name(f"{folder.name}.changed-{n}").exists())
    return folder.rename(folder.with_name(f"{folder.name}.changed-{number}"))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def aside(final: Path) -> Iterator[Path]:
    """Give a hidden folder to write in; on success it is made durable and takes the final name, else it goes.

    Raises
    ------
    RunError
        If the disk is full or the place cannot be written.
    """
    clear_leftovers(final)
    hidden = final.parent / f".{final.name}.{os.getpid()}.tmp"
    try:
        hidden.mkdir(parents=True)
        yield hidden
        for path in sorted(hidden.rglob("*")):
            _sync(path)
        _sync(hidden)
        if final.exists() and _equal(final, hidden):
            return  # somebody else made the same meanwhile
        if final.exists():
            put_aside(final)
        hidden.rename(final)
        _sync(final.parent)
    except OSError as error:
        raise _cannot_write(final, error) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _equal(one: Path, other: Path) -> bool:
    """Return True if two folders hold the same files, records apart."""
    names = [{p.name for p in folder.iterdir()} for folder in (one, other)]
    return names[0] == names[1] and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names[0] if not name.endswith(".json")
    )


def _cannot_write(final: Path, error: OSError) -> RunError:
    reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else (error.strerror or str(error))
    return RunError(f"'{final.as_posix()}'", f"could not be written: {reason}", "nothing was left half-written")


def clear_leftovers(final: Path) -> None:
    """Remove hidden folders of this name whose process is gone."""
    for path in final.parent.glob(f".{final.name}.*.tmp"):
        owner = path.name.split(".")[-2]
        if not (owner.isdigit() and _alive(int(owner))):
            shutil.rmtree(path, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives and is somebody else's
        return True
    return True


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make(
    plan: Plan,
    final: Path,
    lang: Lang,
    command: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    shares: bool = True,
) -> Run:
    """Run a plan and write its folder; paths in the making take disk space inside it and go with it.

    With `shares`, the spread is taken apart by layers of chance, which takes several times the run's replicates.
    """
    from mobank.report.run.pictures import draw_all  # matplotlib takes half a second to load, which only pictures need

    began = time.monotonic()
    with aside(final) as folder, run(plan, progress, folder) as ensemble:
        summaries, answers = summarise(ensemble), answer(ensemble, plan.scenario.asks)
        (folder / SCENARIO).write_text(plan.scenario.resolved, encoding="utf-8")
        write_paths(ensemble, folder / PATHS)
        write_summary(summaries, plan, folder / SUMMARY)
        if answers:
            write_asks(answers, plan.model, folder / ASKS)
        known = identity(plan, lang, shares)
        found, drove = _spread(ensemble, folder) if shares else (None, [])
        uses = [] if plan.fidelity in BYTES_A_LIFE else use_by_band(plan)  # lives cost too much to be lived twice
        draw_all(plan, summaries, found or [], uses, folder, lang)
        pictures = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.svg"))}
        told = page.Told(plan, lang, summaries, answers, found, drove, uses, pictures, known, ensemble.tried)
        page.write(told, folder / page.NAME)
        record = {
            "question": plan.scenario.question,
            "identity": known,
            "files": {p.name: file_digest(p) for p in sorted(folder.iterdir())},
            "draws_tried": ensemble.tried,
            "scenario_files": list(plan.scenario.files),
            "command": command,
            "git_commit": git_commit(),
            "machine": f"{platform.system()} {platform.machine()} {platform.release()}",
            "workers": plan.workers,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "wall_seconds": round(time.monotonic() - began, 2),
        }
        (folder / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return Run(final, record)


def _spread(ensemble: Ensemble, folder: Path) -> tuple[list[ShapleyShares], list[Drivers]]:
    """Return what the spread comes from, and write it; nothing where the run is too small to tell."""
    if ensemble.plan.draws < FEWEST:
        return [], []
    found = shares_of(ensemble)
    drove = drivers(ensemble, found)
    if found:
        write_shares(found, folder / SHARES)
    if drove:
        write_drivers(drove, ensemble.plan.model, folder / DRIVERS)
    return found, drove


def plan_of(run: Run, model: Model) -> Plan:
    """Return the plan of a finished run, read from its folder alone."""
    return load_plan(run.folder / SCENARIO, run.record["identity"], model)


def load_plan(path: Path, known: Mapping[str, Any], model: Model) -> Plan:
    """Return the plan of a resolved scenario with the settings that an identity says."""
    scenario = replace(load(path, model), name=known["scenario"])
    return Plan(model, scenario, known["draws"], known["seed"], known["fidelity"], known["by_segment"])
