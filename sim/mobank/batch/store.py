"""The data set of a job on disk: what it is of, which units are done, and who is at work on it.

`<out>/<job>/` holds nothing but what follows from the job: a folder under that name with a manifest is finished. Beside
it stand the log (times, machines, faults), the journal of finished units, and the lock of the driver at work.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from mobank.base.errors import InputError, Place, Problem, RunError
from mobank.base.files import CRUMB, file_digest, is_crumb, is_left_over, is_whole, reason_of, sync, write
from mobank.base.identity import COMPUTING, law_digest, versions
from mobank.base.locks import lock
from mobank.base.records import write_record
from mobank.batch.job import Job, JobOutline, Task, file_name
from mobank.batch.job_records import (
    JOB,
    JOB_RECORD,
    MANIFEST,
    MANIFEST_RECORD,
    UnitKey,
    find_manifest,
    journal_line,
    read_job,
    read_line,
)
from mobank.batch.unit import PATHS, SUMMARIES, UnitResult, is_as_made, unit_name
from mobank.model.fingerprint import fingerprint
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.tree import Node, Scalar, dump
from mobank.scenario.yaml_files import load, parse

SCENARIOS = "scenarios"
DEPENDS = {
    "posteriors": "the posterior of a scenario",
    "model": "the model",
    "law": "the code that computes",
    "versions": "the version of Python or of a library",
}
RESTORE = "restore it, or give the changed job another folder with --out"


class BusyError(RunError):
    """Another driver is at work on the job."""

    exit_code = 3


class Store:
    """The folder of one job; everything that is written to it goes through here or through `mobank.batch.unit`."""

    def __init__(self, job: Job, out: Path) -> None:
        self.job, self.folder = job, out / job.name
        self.log_file, self._lock = (out / name for name in (f"{job.name}.log", f".{job.name}.lock"))
        self._journal = _journal(job.name, out)

    # ------------ one driver at a time

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other drivers out; the system lets go of the lock when this process ends, however it ends.

        Raises
        ------
        BusyError
            If another driver has the lock.
        """
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            with self._lock.open("a+", encoding="utf-8", newline="\n") as file:
                if not lock(file):
                    file.seek(0)
                    who = file.read().strip() or "another process"
                    raise BusyError(
                        f"'{self.folder.as_posix()}'", f"is being worked on by {who}", "wait for it, or stop it first"
                    ) from None
                file.truncate(0)
                file.write(f"process {os.getpid()} on {socket.gethostname()}")
                file.flush()
                yield
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    # ------------ what it is of

    def identity(self) -> dict[str, Any]:
        """Return everything that the bytes of the data set depend on, the scenarios apart."""
        return {
            "job": dump(self.job.tree),
            "name": self.job.name,
            "question": {"en": self.job.question, "zh": self.job.question_zh},
            "scenarios": {name: sha256(dump(tree).encode()).hexdigest() for name, tree in self.job.trees.items()},
            "posteriors": {
                case.scenario.name: case.scenario.fitted.digest for case in self.job.cases if case.scenario.fitted
            },
            "model": fingerprint(self.job.model),
            "law": law_digest("jobs"),
            "versions": versions(COMPUTING),
        }

    def open(self) -> bool:
        """Begin the data set, or go on with one that was begun of the very same job; return if it was begun before.

        Raises
        ------
        InputError
            If the folder holds something else, or the job, a scenario or the code has changed since, with what differs.
        """
        if self._is_hardly_begun():
            for name, tree in self.job.trees.items():
                write(self._scenario(name), dump(tree))
            write_record(self.folder / JOB, self.identity(), JOB_RECORD)
            self._journal.unlink(missing_ok=True)
            return False
        problems = self.differences()
        if problems:
            raise InputError(problems)
        self._sweep(is_left_over)
        return True

    def _scenario(self, name: str) -> Path:
        return self.folder / SCENARIOS / f"{name}.yaml"

    def _is_hardly_begun(self) -> bool:
        """Return True if nothing is there, or what a driver of this job wrote before it was killed at its beginning."""
        if not self.folder.exists():
            return True
        ours = {self._scenario(name): dump(tree).encode() for name, tree in self.job.trees.items()}
        files = [path for path in self.folder.rglob("*") if not (path == self.folder / SCENARIOS and path.is_dir())]
        return all(is_crumb(path.name) or (path in ours and path.read_bytes() == ours[path]) for path in files)

    def _sweep(self, chosen: Callable[[str], bool]) -> None:
        """Take away what a worker was writing when it ended: nobody else will."""
        for path in self.folder.rglob(f".*{CRUMB}"):
            if chosen(path.name):
                path.unlink(missing_ok=True)

    def differences(self) -> list[Problem]:
        """Return what of the job, its scenarios and the code is not as it was when the data set was begun."""
        begun = read_job(self.folder)
        if begun is None:
            hint = "give another folder with --out"
            return [Problem(f"'{self.folder.as_posix()}'", "is there and holds no batch job", hint)]
        now, problems = self.identity(), []
        problems += self._changes(parse(begun["job"], self.folder / JOB), self.job.tree)
        for name in dict.fromkeys((*begun["scenarios"], *now["scenarios"])):
            if name not in begun["scenarios"] or name not in now["scenarios"]:
                allowed = "was" if name in begun["scenarios"] else "was not"
                problems.append(
                    Problem(f"the scenario '{name}'", f"{allowed} part of the job when this data set began", RESTORE)
                )
            else:
                problems += self._changes_of(name, begun["scenarios"][name], now["scenarios"][name])
        for key, what in DEPENDS.items():
            if begun[key] != now[key]:
                hint = "give another folder with --out; the two would not fit together"
                problems.append(Problem(what, f"has changed since '{self.folder.as_posix()}' was begun", hint))
        return problems

    def _changes_of(self, name: str, before: str, now: str) -> list[Problem]:
        """Return what of a scenario has changed, its digest before and now; a damaged copy of the same is mended."""
        path = self._scenario(name)
        if is_whole(path, before):
            return self._changes(load(path), self.job.trees[name])
        if before == now:
            write(path, dump(self.job.trees[name]))
            return []
        allowed = "is gone or not as it was written, and its scenario has changed"
        return [Problem(f"'{path.as_posix()}'", allowed, RESTORE)]

    def _changes(self, before: Members, now: Members) -> list[Problem]:
        was, is_now = dict(_leaves(before)), dict(_leaves(now))
        problems = []
        for key in dict.fromkeys((*was, *is_now)):
            (old, _), (new, place) = was.get(key, ("", None)), is_now.get(key, ("", now.place))
            if old != new:
                found = f"'{new}'" if key in is_now else "nothing"
                allowed = f"was '{old}'" if key in was else "was not there"
                where = place if place else Place(now.place.file, 0)
                since = f"{allowed} when '{self.folder.as_posix()}' was begun"
                problems.append(Problem(found, since, RESTORE, key, where))
        return problems

    # ------------ what is done

    def done(self) -> tuple[dict[UnitKey, dict[str, str]], list[str], list[str]]:
        """Return the finished units, each with the digests of its files, the files that are corrupt, and strangers.

        All are read. A unit that was finished but not noted before the driver was killed counts, if its files can be
        read and say so. A corrupt file, or one of no unit, is taken away; a corrupt unit is computed again.

        Raises
        ------
        InputError
            If folders stand among the parts, which readers of the data set would take for parts too.
        """
        found, corrupt, strangers = {}, [], []
        self._refuse_folders()
        for key, files in self._noted().items():
            bad = [name for name, digest in files.items() if not is_whole(self.folder / name, digest)]
            if bad:
                corrupt += bad
            else:
                found[key] = files
        units = self._units()
        for key in units:
            if key not in found and not set(self._names(*key)) & set(corrupt):
                adopted = self._adopted(key, units[key])
                found |= {key: adopted} if adopted else {}
        known = {name for files in found.values() for name in files}
        parts = {name for key in units for name in self._names(*key)}
        for path in self._among_parts():
            name = path.relative_to(self.folder).as_posix()
            if name not in known and not path.is_dir():
                strangers += [] if name in parts or is_crumb(path.name) else [name]
                path.unlink()
        return found, sorted(corrupt), sorted(strangers)

    def _units(self) -> dict[UnitKey, tuple[int, int]]:
        """Return all units of the job with the replicates of each."""
        return {(case.name, n): span for case in self.job.cases for n, span in enumerate(self.job.units(case))}

    def _among_parts(self) -> list[Path]:
        return [path for part in (PATHS, SUMMARIES) for path in sorted((self.folder / part).glob("case=*/*"))]

    def _refuse_folders(self) -> None:
        folders = [path for path in self._among_parts() if path.is_dir() and not path.name.startswith(".")]
        hint = "move it out of the job's folder"
        if problems := [Problem(f"'{path.as_posix()}'", "is a folder among the job's parts", hint) for path in folders]:
            raise InputError(problems)

    def _names(self, case: str, number: int) -> list[str]:
        """Return the names of a unit's files, in the order in which they are written."""
        parts = (PATHS, SUMMARIES) if self.job.keep.paths else (SUMMARIES,)
        return [f"{part}/case={case}/{file_name(number)}" for part in parts]

    def _adopted(self, key: UnitKey, span: tuple[int, int]) -> dict[str, str] | None:
        """Return the digests of a unit's files if all are there and just as the unit makes them."""
        names = self._names(*key)
        made = all(is_as_made(self.folder / name, name.partition("/")[0], unit_name(*key, *span)) for name in names)
        return {name: file_digest(self.folder / name) for name in names} if made else None

    def _noted(self) -> dict[UnitKey, dict[str, str]]:
        """Return the units that the manifest or the journal says are done; a line torn by a crash says nothing."""
        manifest, units, noted = self.manifest() or {}, self._units(), {}
        for key in units:
            names = self._names(*key)
            if set(names) <= manifest.keys():
                noted[key] = {name: manifest[name] for name in names}
        for line in self._journal.read_bytes().splitlines() if self._journal.exists() else ():
            entry = read_line(line)
            if entry and entry[0] in units and entry[1].keys() == set(self._names(*entry[0])):
                noted[entry[0]] = entry[1]
        return noted

    @contextmanager
    def journal(self) -> Iterator["Journal"]:
        """Give the journal to note finished units in, and to keep what is already done."""
        with self._journal.open("a", encoding="utf-8", newline="\n") as file:
            yield Journal(file)

    def reopen(self, units: Mapping[UnitKey, Mapping[str, str]]) -> None:
        """Take the manifest away, and keep in the journal what it said of these units."""
        write(self._journal, "".join(journal_line(case, number, files) for (case, number), files in units.items()))
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def manifest(self) -> dict[str, str] | None:
        """Return the digests of all files of a finished data set, or None if there is no manifest that can be read."""
        return find_manifest(self.folder)

    def finish(self, digests: Mapping[str, str]) -> None:
        """Write the manifest, last of all and once every name is durable, and take the journal away."""
        self._sweep(is_crumb)  # whoever still writes, anywhere, writes a second copy of what is finished
        files = dict(digests)
        for path in (self.folder / JOB, *(self.folder / SCENARIOS).glob("*.yaml")):
            files[path.relative_to(self.folder).as_posix()] = file_digest(path)
        for folder in {(self.folder / name).parent for name in files}:
            sync(folder)
        write_record(self.folder / MANIFEST, {"files": dict(sorted(files.items()))}, MANIFEST_RECORD)
        sync(self.folder)
        self._journal.unlink(missing_ok=True)


def count_done(job: JobOutline, out: Path) -> int:
    """Return how many units are said to be done; their files are not read."""
    noted, journal = set(find_manifest(out / job.name) or ()), _journal(job.name, out)
    for line in journal.read_bytes().splitlines() if journal.exists() else ():
        noted |= (read_line(line) or (None, {}))[1].keys()
    return sum(name.startswith(f"{SUMMARIES}/") for name in noted)


def _journal(name: str, out: Path) -> Path:
    return out / f".{name}.journal"


class Journal:
    """Notes finished units, each on a line of its own.

    The lines outlive this process, not a power cut: a finished unit that is not noted is recognised by its files.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def note(self, task: Task, receipt: UnitResult) -> None:
        """Note a unit as done."""
        self._file.write(journal_line(task.case.name, task.number, receipt.files))
        self._file.flush()


def summary_file(folder: Path, case: str, number: int) -> Path:
    """Return where the summary of a unit stands."""
    return folder / SUMMARIES / f"case={case}" / file_name(number)


def cannot_write(folder: Path, error: OSError) -> RunError:
    """Return what to raise when the disk refuses: finished units stay."""
    hint = "what is finished is kept; mend that and give the same command again"
    return RunError(f"'{folder.as_posix()}'", f"could not be written: {reason_of(error)}", hint)


def _leaves(node: Node, key: str = "") -> Iterator[tuple[str, tuple[str, Place]]]:
    """Return each text of a tree by its dotted key, with where it stands."""
    if isinstance(node, Scalar):
        yield key, (node.text, node.place)
        return
    below = (
        [(name, entry.node) for name, entry in node.entries.items()]
        if isinstance(node, Members)
        else [(str(i), item) for i, item in enumerate(node.items, 1)]
    )
    for name, each in below:
        yield from _leaves(each, f"{key}.{name}" if key else name)


class Log:
    """The log of a job: a line an event, with the time; nothing of it is part of the data set."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, text: str) -> None:
        """Write a line; a log that cannot be written stops nothing."""
        try:
            with self._path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}  {text}\n")
        except OSError:
            return
