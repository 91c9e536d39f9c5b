"""What a batch job costs: `python -m tests.benchmarks.batch` prints the tables of docs/batch.md.

Each figure is measured on the overnight job's shape (one scenario, 60 months, 8 segments, 10,000 draws a case) with the
ways of running it taking turns; ratios are taken turn by turn. `--million` adds a million replicates, in some minutes.
"""

import argparse
import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from sim.batch.executors import ONE_THREAD, Dask, Processes
from sim.batch.job import Job, Task
from sim.batch.job_file import load_job
from sim.batch.run import execute
from sim.batch.unit import produce
from sim.ensemble import run_block
from sim.memory import keep_freed
from sim.model import MODEL

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 3
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
    return [Task(case, number, job.plan(case), job.keep, first, last)
            for case in job.cases for number, (first, last) in enumerate(job.units(case))]  # fmt: skip


def cpu() -> float:
    """Return processor seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def batch_command(folder: Path, draws: int, *words: str) -> tuple[float, float]:
    """Return seconds by the clock and of all processors that a whole `mobank batch` takes."""
    path = folder / "overnight_shape.yaml"
    path.write_text(JOB.format(root=ROOT.as_posix(), draws=draws), encoding="utf-8")
    out = Path(tempfile.mkdtemp(dir=folder))
    began, used = time.perf_counter(), cpu()
    command = [sys.executable, "-m", "sim", "batch", str(path), "--quiet", "--out", str(out), *words]
    subprocess.run(command, cwd=ROOT, check=True)
    seconds = time.perf_counter() - began, cpu() - used + forkserver_seconds(out)
    shutil.rmtree(out)
    return seconds


def forkserver_seconds(out: Path) -> float:
    """Return processor seconds of the workers, told by the log: they are children of the forkserver, not of us."""
    lines = (out / "overnight_shape.log").read_text(encoding="utf-8").splitlines()
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
    for measure in task.keep.measures:
        trajectory.observe(measure)
    return tried


def timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return f"### {title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def of_three(values: Sequence[float], unit: str, digits: int = 2) -> str:
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} – {max(values):.{digits}f}) {unit}"


def workers_section(folder: Path, draws: int) -> str:
    """One worker and two in turn, and the plain pool loop beside two."""
    one, two, pool = [], [], []
    tasks = tasks_of(job_of(folder, draws))
    for _ in range(REPEATS):
        one.append(batch_command(folder, draws, "--workers", "1"))
        two.append(batch_command(folder, draws, "--workers", "2"))
        pool.append(pool_loop(tasks, 2))
    rows = [
        ("one worker, whole command", of_three([w for w, _ in one], "s"), of_three([c for _, c in one], "s")),
        ("two workers, whole command", of_three([w for w, _ in two], "s"), of_three([c for _, c in two], "s")),
        ("plain `multiprocessing.Pool` of two, nothing written", of_three(pool, "s"), "–"),
        ("one ÷ two by the clock (wanted: at least 1.8)",
         of_three([a / b for (a, _), (b, _) in zip(one, two, strict=True)], "×"), "–"),
        ("two ÷ one, processor time (wanted: at most 1.1)", "–",
         of_three([b / a for (_, a), (_, b) in zip(one, two, strict=True)], "×")),
        ("two workers ÷ plain pool", of_three([w / p for (w, _), p in zip(two, pool, strict=True)], "×"), "–"),
    ]  # fmt: skip
    return table(f"Workers: 2 cases × {draws:,} draws", ("what", "by the clock", "processor"), rows)


def overhead_section(folder: Path, draws: int) -> str:
    """Return what of a job's processor time is not simulation, measured in this process unit by unit, in turns."""
    from sim.batch.tables import write_all

    job = job_of(folder, draws)
    tasks = tasks_of(job)
    units = {case.name: len(job.units(case)) for case in job.cases}
    simulate_only(tasks[0])
    out = Path(tempfile.mkdtemp(dir=folder))
    plain, whole, finishing = [], [], []
    for _ in range(REPEATS):
        turns = [(timed(lambda t=t: run_block(t.plan, np.arange(t.first, t.last))), timed(lambda t=t: produce(t, out)))
                 for t in tasks]  # fmt: skip
        plain.append(sum(alone for alone, _ in turns))
        whole.append(sum(all_of_it for _, all_of_it in turns))
        finishing.append(timed(lambda: write_all(job, out, units)))
    files = sum(p.stat().st_size for p in out.rglob("unit-*.parquet"))
    extra = [(w + f - p) / p for p, w, f in zip(plain, whole, finishing, strict=True)]
    rows = [
        ("simulation alone", of_three(plain, "s")),
        ("with summaries, files and their digests", of_three(whole, "s")),
        ("joining units and writing the tables", of_three(finishing, "s")),
        ("overhead (wanted: below 10 %)", of_three([100 * e for e in extra], "%", 1)),
        ("a unit of 2,000 replicates", f"{median(whole) / len(tasks):.2f} s, {files / len(tasks) / 1e3:.0f} kB"),
    ]
    title = f"Overhead of {len(job.cases)} cases of {draws:,} draws, processor time"
    return table(title, ("what", "median (least – most)"), rows)


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
    return table("Dask", ("what", "median (least – most)"),
                 [("an empty task, there and back", of_three([1e3 * f for f in found], "ms"))])  # fmt: skip


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
    rows = [("peak of a worker (wanted: below 700 MB)", f"{peak:.0f} MB"), ("peak of the driver", f"{mine:.0f} MB"),
            ("by the clock, two workers", f"{seconds:.0f} s"),
            ("on disk", f"{sum(p.stat().st_size for p in out.rglob('*.parquet')) / 1e9:.2f} GB")]  # fmt: skip
    shutil.rmtree(out)
    return table("1,000,000 replicates × 60 months", ("what", "measured"), rows)


def main() -> None:
    """Measure and print."""
    import os

    os.environ.update(ONE_THREAD)
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.batch", description=__doc__)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--million", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(overhead_section(folder, asked.draws))
        print(workers_section(folder, asked.draws))
        print(dask_section())
        if asked.million:
            print(million_section(folder))


if __name__ == "__main__":
    main()
