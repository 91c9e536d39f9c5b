"""The driver: hands units to workers, notes what is done, goes on after a worker's death, and decides when to stop.

Nothing here can change a result: a unit is computed the same by whomever and whenever, and a stopping rule looks only
at fixed numbers of units of its own case.
"""

import errno
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path

from mobank.base.errors import InputError, MobankError, RunError
from mobank.base.signals import undisturbed
from mobank.batch.executors import ExecutorFactory
from mobank.batch.job import Case, Job, Stop, Task
from mobank.batch.job_records import UnitKey
from mobank.batch.store import Journal, Log, Store, cannot_write, summary_file
from mobank.batch.summaries import Key, joined
from mobank.batch.unit import UnitResult, produce, read_summaries
from mobank.ensemble.plan import ALL

MOST_DEATHS = 3  # of workers on one unit
FIRST_LOOK = 2  # units of a case before a stopping rule looks for the first time
LANDING = 1.5  # seconds that running units are given where the work ends before its end
AHEAD = 2  # units given out for each worker: one computed, one waiting


@dataclass
class JobState:
    """How far a job is; given to whoever watches after each change."""

    cases: int
    workers: int
    units: int = 0
    cases_done: int = 0
    units_done: int = 0
    computed: int = 0
    replicates: int = 0
    deaths: int = 0


@dataclass
class _Progress:
    """One case on its way: its units in all, how many are wanted so far and are missing of these, which are done."""

    case: Case
    bounds: list[tuple[int, int]]
    wanted: int
    missing: int = 0
    over: bool = False
    done: set[int] = field(default_factory=set)


class Driver:
    """Computes what is missing of a job, and passes on each case that is done, with its units, in the job's order."""

    def __init__(
        self,
        job: Job,
        store: Store,
        executors: ExecutorFactory,
        told: Callable[[JobState], None],
        passed: Callable[[Case, int], None],
        log: Log,
    ) -> None:
        self.job, self.store, self.executors, self.told, self.passed, self.log = (
            job,
            store,
            executors,
            told,
            passed,
            log,
        )
        self.units: dict[UnitKey, Mapping[str, str]] = {}
        self._queue: deque[tuple[Case, int]] = deque()
        self._flying: dict[Future[UnitResult], Task] = {}
        self._deaths: Counter[str] = Counter()
        self._cases = {case.name: self._begin(case) for case in job.cases}
        self._to_pass = deque(self._cases.values())
        self.state = JobState(len(job.cases), executors.workers)

    def _begin(self, case: Case) -> _Progress:
        bounds = self.job.units(case)
        return _Progress(case, bounds, min(FIRST_LOOK, len(bounds)) if self.job.stop else len(bounds))

    def run(self, done: Mapping[UnitKey, Mapping[str, str]]) -> dict[str, int]:
        """Compute all units that are not done yet; return how many units each case has in the end.

        Raises
        ------
        RunError
            If the disk is full, a unit fails, or workers die on it again and again. Finished units stay.
        """
        for (case, number), files in done.items():
            if case in self._cases and number < len(self._cases[case].bounds):
                self._cases[case].done.add(number)
                self.units[case, number] = files
        for progress in self._cases.values():
            self._ask_for(progress, range(progress.wanted))
            self._look(progress)
        self.told(self.state)
        with self.store.journal() as journal:
            try:
                self._work(journal)
            except Exception:
                self._land(journal)
                raise
            except BaseException:  # a request to end
                self._land(journal, LANDING)
                raise
            finally:
                self.executors.close(now=bool(self._flying))
        while self._pass_on():
            pass
        return {name: progress.wanted for name, progress in self._cases.items()}

    def _ask_for(self, progress: _Progress, numbers: range) -> None:
        missing = [n for n in numbers if n not in progress.done]
        self._queue.extend((progress.case, n) for n in missing)
        progress.missing += len(missing)
        self.state.units_done += len(numbers) - len(missing)
        self.state.units += len(numbers)

    # ------------ the loop

    def _work(self, journal: Journal) -> None:
        executor: Executor | None = None
        while self._queue or self._flying:
            executor = executor or self.executors.start()
            broken = not self._give_out(executor)
            self._pass_on()
            finished, _ = wait(self._flying, return_when=ALL_COMPLETED if broken else FIRST_COMPLETED)
            for future in finished:
                with undisturbed():  # a signal waits until what a worker has written is recorded
                    broken |= self._take_in(future, journal)
            if broken:  # nothing more comes from this executor: each of its futures says so
                wait(self._flying)
                for future in list(self._flying):
                    self._take_in(future, journal)
                executor = None
            self.told(self.state)

    def _pass_on(self) -> bool:
        """Pass on the next case if it is done; return whether it is."""
        if not self._to_pass or not self._to_pass[0].over:
            return False
        progress = self._to_pass.popleft()
        self.passed(progress.case, progress.wanted)
        return True

    def _give_out(self, executor: Executor) -> bool:
        """Keep the workers busy; return False if the executor takes no more, since its workers died.

        A unit on which workers have died twice is computed alone, so that it is known whose fault it is.
        """
        while self._queue and len(self._flying) < AHEAD * self.state.workers:
            case, number = self._queue[0]
            task = self._task(case, number)
            doubtful = self._deaths[task.name] == MOST_DEATHS - 1
            if doubtful and self._flying:
                return True
            try:
                with undisturbed():  # else a unit may be given out that nobody waits for
                    self._flying[executor.submit(produce, task, self.store.folder.absolute())] = task
            except BrokenExecutor:
                return False
            self._queue.popleft()
            if doubtful:
                return True
        return True

    def _task(self, case: Case, number: int) -> Task:
        first, last = self._cases[case.name].bounds[number]
        return Task(_anywhere(case), number, self.job.plan(_anywhere(case)), self.job.keep, first, last)

    def _take_in(self, future: Future[UnitResult], journal: Journal) -> bool:
        """Note a finished unit; return True if the executor is broken."""
        task = self._flying.pop(future)
        try:
            receipt = future.result()
        except BrokenExecutor:
            self._died(task, "a worker died")
            return True
        except self.executors.died:
            self._died(task, "a worker died")
        except MemoryError:
            self._died(task, "a worker ran out of memory")
        except OSError as error:
            if error.errno == errno.ENOMEM:
                self._died(task, "a worker ran out of memory")
                return False
            self.log(f"unit {task.name}  failed: {error}")
            raise cannot_write(self.store.folder, error) from error
        except MobankError as error:
            said = "; ".join(map(str, error.problems)) if isinstance(error, InputError) else str(error)
            self.log(f"unit {task.name}  failed: {said}")
            raise RunError(f"unit {task.name}", f"failed: {said}") from error
        except Exception:
            self.log(f"unit {task.name}  failed: {traceback.format_exc()}")
            raise
        else:
            self._note(task, receipt, journal)
        return False

    def _note(self, task: Task, receipt: UnitResult, journal: Journal) -> None:
        missing = [name for name in receipt.files if not (self.store.folder / name).is_file()]
        if missing:
            hint = "driver and workers must see the same folder: give --out on a shared disk"
            raise RunError(f"'{missing[0]}'", "was written by a worker but is not here", hint)
        journal.note(task, receipt)
        self.log(
            f"unit {task.name}  {receipt.replicates} replicates  {receipt.wall:.2f} s  cpu {receipt.cpu:.2f} s  "
            f"peak {receipt.peak_mb:.0f} MB  {receipt.worker}"
        )
        progress = self._cases[task.case.name]
        progress.done.add(task.number)
        progress.missing -= 1
        self.state.units_done += 1
        self.units[task.case.name, task.number] = receipt.files
        self.state.computed += 1
        self.state.replicates += receipt.replicates
        self._look(progress)

    def _died(self, task: Task, how: str) -> None:
        """Put a unit back whose worker may have died of it, unless that has happened too often."""
        self.log(f"unit {task.name}  {how}; given out again")
        self._deaths[task.name] += 1
        self.state.deaths += 1
        if self._deaths[task.name] >= MOST_DEATHS:
            hint = "does it need more memory than there is? Fewer workers leave more to each; what is finished is kept"
            raise RunError(how, f"{MOST_DEATHS} times on unit {task.name}", hint)
        self._queue.appendleft((task.case, task.number))

    def _land(self, journal: Journal, within: float | None = None) -> None:
        """Note running units that are done within so many seconds, else all of them, and give nothing more out."""
        for future in list(self._flying):
            if future.cancel():
                del self._flying[future]
        done, _ = wait(self._flying, timeout=within)
        for future, task in list(self._flying.items()):
            if future not in done:
                continue
            with undisturbed():
                if future.exception() is None:
                    self._note(task, future.result(), journal)
                del self._flying[future]

    # ------------ when a case is done

    def _look(self, progress: _Progress) -> None:
        """Where all units wanted are done, decide if more are; the decision depends on those units alone."""
        while not progress.missing:
            more = self._more(progress) if self.job.stop else 0
            if not more:
                self.state.cases_done += 1
                progress.over = True
                return
            before, progress.wanted = progress.wanted, min(progress.wanted + more, len(progress.bounds))
            self._ask_for(progress, range(before, progress.wanted))

    def _more(self, progress: _Progress) -> int:
        """Return how many more units the stopping rule wants: as the error foretells, at most as many again."""
        if progress.wanted == len(progress.bounds) or self.job.stop is None:
            return 0
        error = error_of(self.job.stop, self.store.folder, progress.case, progress.wanted)
        if error <= self.job.stop.error:
            return 0
        foretold = ceil(progress.wanted * min((error / self.job.stop.error) ** 2, 2.0)) - progress.wanted
        return max(foretold, 1)


def _anywhere(case: Case) -> Case:
    """Return a case that can be computed wherever the shared disk is, from whatever folder."""
    fitted = case.scenario.fitted
    if fitted is None:
        return case
    folder = str(Path(fitted.folder).absolute())
    return replace(case, scenario=replace(case.scenario, fitted=replace(fitted, folder=folder)))


def error_of(stop: Stop, folder: Path, case: Case, units: int) -> float:
    """Return the Monte Carlo error that a stopping rule asks for, after so many units of a case."""
    if stop.ask:
        ask = next(a for a in case.scenario.asks if a.name == stop.ask)
        key = Key("ask", ask.name, ALL, str(ask.month))
    else:
        key = Key("quantity", stop.measure, ALL, str(stop.month))
    parts = [read_summaries(summary_file(folder, case.name, number))[key] for number in range(units)]
    found = joined(parts)
    return found.chance_error if stop.ask else found.quantile_error(stop.quantile)
