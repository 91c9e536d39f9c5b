"""The data set of a job on disk: what it is of, which units are done, and who is at work on it.

`<out>/<job>/` holds nothing but what follows from the job: a folder under that name with a manifest is finished. Beside
it stand the log (times, machines, faults), the journal of finished units, and the lock of the driver at work.
"""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from mobank.base.errors import InputError, Place, Problem, RunError
from mobank.base.identity import COMPUTING, law_digest, of_an_earlier_version, versions
from mobank.batch.job import Job, Task, file_name, number_of
from mobank.batch.unit import CRUMB, PATHS, SUMMARIES, UnitResult, sync, write_bytes
from mobank.model.fingerprint import fingerprint
from mobank.report.render.files import file_digest
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.tree import Node, Scalar, dump
from mobank.scenario.yaml_files import load

JOB, MANIFEST, SCENARIOS = "job.json", "manifest.json", "scenarios"
DEPENDS = {
    "posteriors": "the posterior of a scenario",
    "model": "the model",
    "law": "the code that computes",
    "versions": "the version of Python or of a library",
}
RESTORE = "restore it, or give the changed job another folder with --out"

UnitKey = tuple[str, int]  # case and number


class BusyError(RunError):
    """Another driver is at work on the job."""

    exit_code = 3


class Store:
    """The folder of one job; everything that is written to it goes through here or through `mobank.batch.unit`."""

    def __init__(self, job: Job, out: Path) -> None:
        self.job, self.folder = job, out / job.name
        self.log_file, self._journal, self._lock = (
            out / name for name in (f"{job.name}.log", f".{job.name}.journal", f".{job.name}.lock")
        )

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
            with self._lock.open("a+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
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
            "scenarios": list(self.job.trees),
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
        if not self.folder.exists() or not any(self.folder.iterdir()):
            for name, tree in self.job.trees.items():
                write_bytes(dump(tree).encode(), self.folder / SCENARIOS / f"{name}.yaml")
            write_bytes(_json(self.identity()), self.folder / JOB)
            self._journal.unlink(missing_ok=True)
            return False
        problems = self.differences()
        if problems:
            raise InputError(problems)
        self._sweep()
        return True

    def _sweep(self) -> None:
        """Take away what a worker was writing when it died: nobody else will."""
        for crumb in self.folder.rglob(f".*{CRUMB}"):
            crumb.unlink(missing_ok=True)

    def differences(self) -> list[Problem]:
        """Return what of the job, its scenarios and the code is not as it was when the data set was begun."""
        begun = read_job(self.folder)
        if begun is None:
            hint = "give another folder with --out"
            return [Problem(f"'{self.folder.as_posix()}'", "is there and holds no batch job", hint)]
        now, problems = self.identity(), []
        problems += self._changes(self._tree_of(begun["job"]), self.job.tree)
        for name in dict.fromkeys((*begun["scenarios"], *now["scenarios"])):
            if name not in begun["scenarios"] or name not in now["scenarios"]:
                allowed = "was" if name in begun["scenarios"] else "was not"
                problems.append(
                    Problem(f"the scenario '{name}'", f"{allowed} part of the job when this data set began", RESTORE)
                )
            else:
                problems += self._changes(load(self.folder / SCENARIOS / f"{name}.yaml"), self.job.trees[name])
        for key, what in DEPENDS.items():
            if begun[key] != now[key]:
                hint = "give another folder with --out; the two would not fit together"
                problems.append(Problem(what, f"has changed since '{self.folder.as_posix()}' was begun", hint))
        return problems

    def _tree_of(self, text: str) -> Members:
        """Return the tree of a job's canonical YAML."""
        path = self.folder.parent / f".{self.job.name}.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            return load(path)
        finally:
            path.unlink()

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

    def done(self) -> tuple[dict[UnitKey, dict[str, str]], list[str]]:
        """Return the finished units, each with the digests of its files, and the files that are spoilt; all are read.

        A unit that was finished but not noted before the driver was killed counts, if its files can be read. A spoilt
        file, or one that belongs to no unit, is taken away, so that its unit is computed again.
        """
        found, spoilt = {}, []
        for key, files in self._noted().items():
            bad = [name for name, digest in files.items() if not self._whole(name, digest)]
            if bad:
                spoilt += bad
            else:
                found[key] = files
        for path in sorted((self.folder / SUMMARIES).glob("case=*/unit-*.parquet")):
            key = path.parent.name.removeprefix("case="), number_of(path.name)
            if key not in found and not set(self._names(*key)) & set(spoilt):
                adopted = self._adopted(key)
                found |= {key: adopted} if adopted else {}
        known = {name for files in found.values() for name in files}
        for part in (PATHS, SUMMARIES):
            for path in (self.folder / part).glob("case=*/*"):
                if path.relative_to(self.folder).as_posix() not in known:
                    path.unlink()
        return found, sorted(spoilt)

    def _names(self, case: str, number: int) -> list[str]:
        """Return the names of a unit's files, in the order in which they are written."""
        parts = (PATHS, SUMMARIES) if self.job.keep.paths else (SUMMARIES,)
        return [f"{part}/case={case}/{file_name(number)}" for part in parts]

    def _adopted(self, key: UnitKey) -> dict[str, str] | None:
        """Return the digests of a unit's files if all are there and every page of them is as its checksum says."""
        names = self._names(*key)
        try:
            for name in names:
                with pq.ParquetFile(self.folder / name, page_checksum_verification=True) as file:
                    file.read()
            return {name: file_digest(self.folder / name) for name in names}
        except (OSError, pa.ArrowException):
            return None

    def count_done(self) -> int:
        """Return how many units are said to be done; their files are not read."""
        return len(self._noted())

    def _noted(self) -> dict[UnitKey, dict[str, str]]:
        """Return the units that the manifest or the journal says are done; a line torn by a crash says nothing."""
        noted: dict[UnitKey, dict[str, str]] = {}
        manifest = self.manifest()
        for name, digest in (manifest or {}).items():
            part, _, rest = name.partition("/case=")
            if part in (PATHS, SUMMARIES):
                case, _, file = rest.partition("/")
                noted.setdefault((case, number_of(file)), {})[name] = digest
        if self._journal.exists():
            for line in self._journal.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    noted[entry["case"], entry["unit"]] = entry["files"]
                except (ValueError, KeyError, TypeError):
                    continue
        return noted

    def _whole(self, name: str, digest: str) -> bool:
        try:
            return file_digest(self.folder / name) == digest
        except OSError:
            return False

    @contextmanager
    def journal(self) -> Iterator["Journal"]:
        """Give the journal to note finished units in, and to keep what is already done."""
        with self._journal.open("a", encoding="utf-8") as file:
            yield Journal(file)

    def reopen(self, units: Mapping[UnitKey, Mapping[str, str]]) -> None:
        """Take the manifest away, and keep in the journal what it said of these units."""
        text = "".join(_entry(case, number, files) for (case, number), files in units.items())
        write_bytes(text.encode(), self._journal)
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def manifest(self) -> dict[str, str] | None:
        """Return the digests of all files of a finished data set, or None if it is not finished."""
        return read_manifest(self.folder)

    def finish(self, digests: Mapping[str, str]) -> None:
        """Write the manifest, last of all and once every name is durable, and take the journal away."""
        self._sweep()
        files = dict(digests)
        for path in (self.folder / JOB, *(self.folder / SCENARIOS).glob("*.yaml")):
            files[path.relative_to(self.folder).as_posix()] = file_digest(path)
        for folder in {(self.folder / name).parent for name in files}:
            sync(folder)
        write_bytes(_json({"files": dict(sorted(files.items()))}), self.folder / MANIFEST)
        sync(self.folder)
        self._journal.unlink(missing_ok=True)


class Journal:
    """Notes finished units, each on a line of its own.

    The lines outlive this process, not a power cut: a finished unit that is not noted is recognised by its files.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def note(self, task: Task, receipt: UnitResult) -> None:
        """Note a unit as done."""
        self._file.write(_entry(task.case.name, task.number, receipt.files))
        self._file.flush()


def _entry(case: str, number: int, files: Mapping[str, str]) -> str:
    return json.dumps({"case": case, "unit": number, "files": dict(files)}, ensure_ascii=False) + "\n"


def read_job(folder: Path) -> dict[str, Any] | None:
    """Return what a data set is of, or None if it is of no batch job.

    Raises
    ------
    InputError
        If an earlier version has begun it, whose record does not identify what it depends on.
    """
    try:
        job = json.loads((folder / JOB).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(job, dict) or not {"job", "scenarios"} <= job.keys():
        return None
    if not DEPENDS.keys() <= job.keys():
        raise InputError([of_an_earlier_version(folder, "run the job again, in another folder (--out)")])
    return job


def read_manifest(folder: Path) -> dict[str, str] | None:
    """Return the digests by file of a finished data set, or None if it is not finished."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return files if isinstance(files, dict) else None


def summary_file(folder: Path, case: str, number: int) -> Path:
    """Return where the summary of a unit stands."""
    return folder / SUMMARIES / f"case={case}" / file_name(number)


def cannot_write(folder: Path, error: OSError) -> RunError:
    """Return what to raise when the disk refuses: finished units stay."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    reason = "the disk is full" if full else (error.strerror or str(error))
    hint = "what is finished is kept; mend that and give the same command again"
    return RunError(f"'{folder.as_posix()}'", f"could not be written: {reason}", hint)


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


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
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}  {text}\n")
        except OSError:
            return
