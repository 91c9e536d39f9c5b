"""A job from start to end: begun or taken up again, computed, its tables written, its manifest last."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mobank.base.files import is_whole
from mobank.batch.driver import Driver, JobState
from mobank.batch.executors import ExecutorFactory
from mobank.batch.job import Job
from mobank.batch.job_records import UnitKey
from mobank.batch.store import Log, Store, cannot_write
from mobank.batch.tables import TABLES, Tables


@dataclass(frozen=True)
class Outcome:
    """What came of a job: where it is, how many units it has, how many were computed now.

    Parameters
    ----------
    corrupt : files that were damaged, whose units were computed again.
    strangers : files that belonged to no unit and were taken away.
    """

    folder: Path
    units: int
    computed: int
    corrupt: tuple[str, ...]
    strangers: tuple[str, ...]


def execute(
    job: Job, out: Path, executors: Callable[[], ExecutorFactory], told: Callable[[JobState], None] = lambda state: None
) -> Outcome:
    """Compute what is missing of a job and finish its data set; a finished one is verified file by file.

    Raises
    ------
    InputError
        If the folder is of something else, or the job has changed since it was begun.
    RunError
        If another driver is at work on it, the disk is full, or workers die again and again. Finished units stay.
    """
    store = Store(job, out)
    log = Log(store.log_file)
    with store.locked():
        try:
            resumed = store.open()
            done, corrupt, strangers = store.done()
            finished = store.manifest()
            if finished is not None and not corrupt and _tables_whole(store, finished):
                return Outcome(store.folder, len(done), 0, (), tuple(strangers))
            store.reopen(done)
            log(f"{'resumed' if resumed else 'begun'}: {len(job.cases)} cases, {len(done)} units done before")
            for name in corrupt:
                log(f"{name} was damaged; its unit is computed again")
            for name in strangers:
                log(f"{name} was no part of the job; it was taken away")
            outcome = _finish(job, store, executors(), told, log, done)
            return replace(outcome, corrupt=tuple(corrupt), strangers=tuple(strangers))
        except OSError as error:
            raise cannot_write(store.folder, error) from error


def _finish(
    job: Job,
    store: Store,
    executors: ExecutorFactory,
    told: Callable[[JobState], None],
    log: Log,
    done: dict[UnitKey, dict[str, str]],
) -> Outcome:
    tables = Tables(job, store.folder)
    driver = Driver(job, store, executors, told, tables.add, log)
    try:
        units = driver.run(done)
    except BaseException as error:
        log(f"stopped: {error or type(error).__name__}")
        raise
    wanted = {key: files for key, files in driver.units.items() if key[1] < units[key[0]]}
    digests = {name: digest for files in wanted.values() for name, digest in files.items()}
    store.finish({**digests, **tables.write()})
    log(f"finished: {len(wanted)} units, {driver.state.computed} computed now, {driver.state.deaths} workers lost")
    return Outcome(store.folder, len(wanted), driver.state.computed, (), ())


def _tables_whole(store: Store, manifest: dict[str, str]) -> bool:
    return all(is_whole(store.folder / name, manifest.get(name)) for name in TABLES)
