"""What a batch job costs: `python -m tests.benchmarks.batch` writes docs/benchmarks_batch.md, in some minutes.

Each figure is measured on the overnight job's shape (60 months, 8 segments, 10,000 draws a case) with the ways of
running it taking turns; ratios are taken turn by turn. `--million` adds a million replicates, in some minutes
more. Mesa runs in an environment of its own, as in `tests/benchmarks/peers`.
"""

import argparse
import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from mobank.base.machine import keep_freed
from mobank.batch import unit
from mobank.batch.execute import execute
from mobank.batch.executors import ONE_THREAD, Dask, Processes
from mobank.batch.job import Job, Task
from mobank.batch.job_file import load_job
from mobank.ensemble.plan import run_block
from mobank.model.mobile_banking import MODEL
from tests.benchmarks.ours import BLOCK, common_replicates
from tests.benchmarks.peers import PeerUnavailableError, jobs, measure

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks_batch.md"
OVERNIGHT = ROOT / "scenarios" / "batches" / "overnight.yaml"
REPEATS = 3
TURNS = 3  # of the whole overnight job, which takes its time
A_BANK = 10_000  # persons of a replicate of the common job
BANKS, REPLICATES = 20, 100_000  # replicates of the common job: Mesa's and ours
JOB = """
scenarios: [{root}/scenarios/baseline.yaml, {root}/scenarios/win_back.yaml]
draws: {draws}
keep:
  measures: [registered, mau, stickiness]
  months: all
  paths: [mau]
"""


def job_of(folder: Path, draws: int) -> Job:
    path = folder / "overnight_shape.yaml"
    path.write_text(JOB.format(root=ROOT.as_posix(), draws=draws), encoding="utf-8")
    return load_job(path, MODEL)


def tasks_of(job: Job) -> list[Task]:
    return [
        Task(case, number, job.plan(case), job.keep, first, last)
        for case in job.cases
        for number, (first, last) in enumerate(job.units(case))
    ]


def cpu() -> float:
    """Return processor seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def batch_command(folder: Path, *words: str) -> tuple[float, float]:
    """Return seconds by the clock and of all processors that a whole `mobank batch` of the overnight job takes."""
    out = Path(tempfile.mkdtemp(dir=folder))
    began, used = time.perf_counter(), cpu()
    command = [sys.executable, "-m", "mobank", "batch", str(OVERNIGHT), "--quiet", "--out", str(out), *words]
    subprocess.run(command, cwd=ROOT, check=True)
    seconds = time.perf_counter() - began, cpu() - used + forkserver_seconds(out)
    shutil.rmtree(out)
    return seconds


def forkserver_seconds(out: Path) -> float:
    """Return processor seconds of the workers, told by the log: they are children of the forkserver, not of us."""
    lines = (out / f"{OVERNIGHT.stem}.log").read_text(encoding="utf-8").splitlines()
    return sum(float(line.partition("  cpu ")[2].partition(" s")[0]) for line in lines if "  cpu " in line)


def pool_loop(tasks: Sequence[Task], workers: int) -> float:
    """Return the seconds of a plain `multiprocessing.Pool` loop that only simulates and keeps the measures."""
    began = time.perf_counter()
    with multiprocessing.get_context("forkserver").Pool(workers) as pool:
        pool.map(simulate_only, tasks, chunksize=1)
    return time.perf_counter() - began


def simulate_only(task: Task) -> int:
    """Run a unit and look at what would be kept, write nothing."""
    keep_freed()
    trajectory, tried = run_block(task.plan, np.arange(task.first, task.last))
    for name in task.keep.measures:
        trajectory.observe(name)
    return tried


class Here(Executor):
    """Computes a unit when it is given out, in this process, so that all that a job costs is seen from here."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """Return a future that is done."""
        future: Future[Any] = Future()
        future.set_result(work(*args, **named))
        return future


class One:
    """The seam to it."""

    died: tuple[type[BaseException], ...] = ()
    workers = 1

    def start(self) -> Executor:
        """Return the executor."""
        return Here()

    def close(self, now: bool = False) -> None:
        """Leave nothing behind."""


@contextmanager
def clocked(name: str) -> Iterator[list[float]]:
    """Give the processor seconds of each call that `mobank.batch.unit` makes of one of its functions."""
    work, found = getattr(unit, name), []

    def call(*args: Any) -> Any:
        began = time.process_time()
        result = work(*args)
        found.append(time.process_time() - began)
        return result

    setattr(unit, name, call)
    try:
        yield found
    finally:
        setattr(unit, name, work)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], words: str = "") -> str:
    lines = [head, ["---"] * len(head), *rows]
    return f"## {title}\n\n{words}" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def of_three(values: Sequence[float], unit: str, digits: int = 2) -> str:
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} – {max(values):.{digits}f}) {unit}"


def workers_section(folder: Path) -> str:
    """One worker and two in turn, and the plain pool loop beside two: the overnight job as it is shipped."""
    one, two, pool = [], [], []
    job = load_job(OVERNIGHT, MODEL)
    tasks = tasks_of(job)
    for _ in range(TURNS):
        one.append(batch_command(folder, "--workers", "1"))
        two.append(batch_command(folder, "--workers", "2"))
        pool.append(pool_loop(tasks, 2))
    rows = [
        ("one worker, whole command", of_three([w for w, _ in one], "s"), of_three([c for _, c in one], "s")),
        ("two workers, whole command", of_three([w for w, _ in two], "s"), of_three([c for _, c in two], "s")),
        ("plain `multiprocessing.Pool` of two, nothing written", of_three(pool, "s"), "–"),
        (
            "one ÷ two by the clock (wanted: at least 1.8)",
            of_three([a / b for (a, _), (b, _) in zip(one, two, strict=True)], "×"),
            "–",
        ),
        (
            "two ÷ one, processor time (wanted: at most 1.1)",
            "–",
            of_three([b / a for (_, a), (_, b) in zip(one, two, strict=True)], "×"),
        ),
        ("two workers ÷ plain pool", of_three([w / p for (w, _), p in zip(two, pool, strict=True)], "×"), "–"),
    ]
    title = f"Workers: the overnight job, {len(job.cases)} cases × {job.draws:,} draws"
    return table(title, ("what", "by the clock", "processor"), rows)


def overhead_section(folder: Path) -> str:
    """Return what of a job's processor time is not simulation: all in this process, the simulation clocked inside."""
    execute(job_of(folder, 2 * BLOCK), folder / "warm", One)  # loads what is loaded once
    found, units, files = [], 0, 0
    for _ in range(TURNS):
        out = Path(tempfile.mkdtemp(dir=folder))
        with clocked("run_block") as inside:
            began = time.process_time()
            job = load_job(OVERNIGHT, MODEL)
            execute(job, out, One)
            found.append((time.process_time() - began, sum(inside)))
        units, files = len(inside), sum(p.stat().st_size for p in out.rglob("unit-*.parquet"))
        shutil.rmtree(out)
    whole, simulated = ([turn[i] for turn in found] for i in (0, 1))
    rows = [
        ("simulation alone", of_three(simulated, "s")),
        ("the job from its file to its manifest", of_three(whole, "s")),
        (
            "overhead: the rest ÷ simulation (wanted: below 10 %)",
            of_three([100 * (w - s) / s for w, s in zip(whole, simulated, strict=True)], "%", 1),
        ),
        ("a unit of 2,000 replicates, its share of all", f"{median(whole) / units:.2f} s"),
        ("a unit's files", f"{files / units / 1e3:.0f} kB"),
    ]
    title = f"Overhead of the overnight job, {len(job.cases)} cases × {job.draws:,} draws, processor time"
    words = (
        "Reading the job, its digests, giving out, summaries, files, the journal, joining units and writing the "
        "tables; starting Python and loading libraries apart.\n\n"
    )
    return (
        table(title, ("what", "median (least – most)"), rows, words)
        + "\n"
        + on_paper(median(whole) / units, files / units)
    )


def on_paper(seconds: float, size: float) -> str:
    """Return what large jobs would take of 100 workers, from a unit's processor seconds and bytes."""
    rows = []
    for name, units in (("10⁹ replicates of one scenario", 10**9 // BLOCK), ("10⁵ cases × 2,000 draws", 10**5)):
        rows.append((name, f"{units:,}", f"{units * seconds / 100 / 3600:.1f} h", f"{units * size / 1e9:.0f} GB"))
    words = "The unit above, times the number of units; what the driver does alone is told in batch.md.\n\n"
    return table("On paper", ("job", "units", "on 100 workers", "on disk, one path kept"), rows, words)


def mesa_section() -> str:
    """Return the common job through the executor of batch jobs beside Mesa's `batch_run`, each with two processes."""
    found = []
    try:
        for _ in range(REPEATS):
            mine = common_run()
            theirs = measure("mesa", "--way", "batch_run", "--repeats", "1", "--agents", str(BANKS * A_BANK))
            found.append((mine / REPLICATES, theirs["wall_s"][0] / BANKS, theirs["version"]))
    except PeerUnavailableError as failure:
        return table("Mesa's batch_run", ("what", "measured"), [("not measured", str(failure))])
    rows = [
        ("ours: counts of persons, two processes", of_three([1e3 * m for m, _, _ in found], "ms", 3)),
        (
            f"Mesa {found[0][2]}: an object a person, `batch_run` with two processes",
            of_three([1e3 * t for _, t, _ in found], "ms", 0),
        ),
        ("Mesa ÷ ours", of_three([t / m for m, t, _ in found], "×", 0)),
    ]
    words = (
        f"A bank of {A_BANK:,} persons, {jobs.MONTHS} months, 4 states; {REPLICATES:,} of ours, {BANKS} of "
        "Mesa's, processes started and nothing written; both are held against the exact means. Ours has the law "
        "of the single persons and does not follow each.\n\n"
    )
    title = "Beside Mesa's `batch_run`: the common job, by the clock"
    return table(title, ("a replicate", "median (least – most)"), rows, words)


def common_run() -> float:
    """Return the seconds that our replicates of the common job take, the workers' start included."""
    began = time.perf_counter()
    seam = Processes(2)
    executor = seam.start()
    parts = [
        executor.submit(common_replicates, first, min(first + BLOCK, REPLICATES), A_BANK)
        for first in range(0, REPLICATES, BLOCK)
    ]
    path = np.sum([part.result() for part in parts], axis=0)
    seam.close()
    seconds = time.perf_counter() - began
    people = REPLICATES * A_BANK
    exact = jobs.mean_field({name: np.array([value]) for name, value in jobs.CHANCES.items()}, people)[0]
    error = float(np.abs(path - exact).max() / np.sqrt(people))
    if error > 8.0:
        raise SystemExit(f"our common job is {error:g} roots of the people from the exact means")
    return seconds


def dask_section() -> str:
    """Return what Dask's scheduler takes for a task that does nothing."""
    cluster = Dask("local", 2)
    executor = cluster.start()
    list(executor.map(int, range(50)))
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        for future in [executor.submit(int, n) for n in range(500)]:
            future.result()
        found.append((time.perf_counter() - began) / 500)
    cluster.close()
    return table(
        "Dask",
        ("what", "median (least – most)"),
        [("an empty task, there and back", of_three([1e3 * f for f in found], "ms"))],
    )


def million_section(folder: Path) -> str:
    """A million replicates of mean-field and cohort shape: peak memory of a worker, told by the log."""
    out = Path(tempfile.mkdtemp(dir=folder))
    job = job_of(folder, 500_000)
    began = time.perf_counter()
    execute(job, out, lambda: Processes(2))
    seconds = time.perf_counter() - began
    lines = (out / "overnight_shape.log").read_text(encoding="utf-8").splitlines()
    peak = max(float(line.partition("peak ")[2].partition(" MB")[0]) for line in lines if "peak " in line)
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        ("peak of a worker (wanted: below 700 MB)", f"{peak:.0f} MB"),
        ("peak of the driver", f"{mine:.0f} MB"),
        ("by the clock, two workers", f"{seconds:.0f} s"),
        ("on disk", f"{sum(p.stat().st_size for p in out.rglob('*.parquet')) / 1e9:.2f} GB"),
    ]
    shutil.rmtree(out)
    return table("1,000,000 replicates × 60 months", ("what", "measured"), rows)


def main() -> None:
    """Measure and write the page."""
    import os

    os.environ.update(ONE_THREAD)
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.batch", description=__doc__)
    parser.add_argument("--million", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [overhead_section(folder), workers_section(folder), mesa_section(), dask_section()]
        parts += [million_section(folder)] if asked.million else []
    head = (
        "# Monte Carlo jobs: what they cost\n\nMade by `python -m tests.benchmarks.batch --million`; do not edit. "
        "Medians of some turns, least and most in brackets.\n"
    )
    PAGE.write_text("\n".join([head, *parts]), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
