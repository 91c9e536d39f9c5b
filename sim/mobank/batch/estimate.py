"""What a job will take, said before it runs: units, time, memory and disk, from what a unit of each scenario has."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mobank.base import limits
from mobank.base.limits import WorkCost, clock
from mobank.base.machine import cores
from mobank.base.quantities import Lang
from mobank.batch.job import JobOutline, months_kept, segments_kept
from mobank.batch.store import count_done
from mobank.ensemble import cost
from mobank.scenario.scenario import Scenario

# processor seconds
BEGINS = 4.0  # the command and its workers: Python, libraries, the job
A_CASE = 0.015  # its scenario read with the values of its point
A_VALUE = 0.1e-6  # summarised, or kept in a path
JOINED = 0.3e-3  # a row of a summary read and joined; the driver does it while workers compute
# bytes of memory
DRIVER, A_WORKER, A_CASE_HELD = 200e6, 75e6, 100e3
# bytes on disk
A_FILE, A_SUMMARY = 2800.0, 300.0  # of one unit: a file, in it a measure of a segment in a month
A_PATH_VALUE: Mapping[str, float] = {"mean_field": 7.6}  # of other fidelities, which count whole persons:
A_PATH_COUNT = 3.5
A_ROW, A_SCENARIO, TABLES = 45.0, 13e3, 15e3  # of a table at the end; the copy of a scenario; the rest


@dataclass(frozen=True)
class Forecast:
    """What is left of a job will take.

    Parameters
    ----------
    cases, units, replicates : in all; with a stopping rule, at most. done : units that are done already.
    size : most replicates of a unit. processor : seconds of one processor for what is left.
    """

    cases: int
    units: int
    done: int
    replicates: int
    size: int
    workers: int
    processor: float
    cost: WorkCost
    at_most: bool


def foresee(job: JobOutline, out: Path, workers: int) -> Forecast:
    """Return what is left of a job will take with so many workers."""
    units, size, processor, joining, disk, block = 0, 0, 0.0, 0.0, TABLES, 0.0
    for scenario in job.scenarios.values():
        plan = job.plan_of(scenario)
        a_unit = job.size_of(plan)
        rows, path_values = _kept(job, scenario)
        files = 2 if job.keep.paths else 1
        of_a_case = -(-plan.draws // a_unit)
        units += job.points * of_a_case
        size, block = max(size, a_unit), max(block, cost.block_bytes(plan))
        values = (rows + path_values) * plan.draws
        processor += job.points * (cost.seconds(plan, plan.draws) + values * A_VALUE)
        joining += job.points * (A_CASE + rows * of_a_case * JOINED)
        on_path = A_PATH_VALUE.get(job.fidelity, A_PATH_COUNT)
        parts = of_a_case * (files * A_FILE + rows * A_SUMMARY)
        disk += A_SCENARIO + job.points * (path_values * plan.draws * on_path + parts + rows * A_ROW)
    done, cases = count_done(job, out), job.points * len(job.scenarios)
    left = max(units - done, 0) / units
    busy = min(workers, max(units - done, 1))
    shared, alone = left * processor, BEGINS + joining
    return Forecast(
        cases,
        units,
        done,
        cases * job.replicates,
        size,
        workers,
        shared,
        WorkCost(
            seconds=clock(shared, alone, min(busy, cores())),
            memory=DRIVER + cases * A_CASE_HELD + busy * (A_WORKER + block),
            disk=left * disk,
        ),
        job.stop is not None,
    )


def _kept(job: JobOutline, scenario: Scenario) -> tuple[int, int]:
    """Return how many rows of a summary are kept of a case, and how many numbers of a replicate's paths."""
    parts = 1 + len(segments_kept(job.keep, scenario))
    rows = len(months_kept(job.keep, scenario)) * len(job.keep.measures) * parts
    return rows, len(job.keep.paths) * (scenario.months + 1) * parts


WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "cases": "cases", "units": "units", "of": "of {:,} replicates each", "at_most": " at most",
        "done": "done already", "replicates": "replicates", "with": " with {} workers, {} of one processor",
    },
    "zh": {
        "cases": "情景×设计点", "units": "工作单元", "of": "每单元 {:,} 次模拟", "at_most": "（上限）",
        "done": "已完成", "replicates": "模拟总次数", "with": "（{} 个进程；单核共 {}）",
    },
}  # fmt: skip


def in_words(forecast: Forecast, out: Path, lang: Lang) -> str:
    """Return a forecast as lines of text."""
    words = WORDS[lang]
    limit = words["at_most"] if forecast.at_most else ""
    (time, how_long), *rest = limits.rows(forecast.cost, out, lang)
    processor = limits.duration(forecast.processor, lang)
    lines = [
        (words["cases"], f"{forecast.cases:,}"),
        (words["units"], f"{forecast.units:,}{limit}, {words['of'].format(forecast.size)}"),
        (words["done"], f"{forecast.done:,}"),
        (words["replicates"], f"{forecast.replicates:,}{limit}"),
        (time, f"{how_long}{limit}{words['with'].format(forecast.workers, processor)}"),
        *rest,
    ]
    return limits.text(lines)


def refuse(job: JobOutline, forecast: Forecast, out: Path, yes: bool) -> None:
    """Refuse a job that takes more than the machine has, or long unless a person has said `yes`.

    Raises
    ------
    InputError
        With the figures.
    """
    what = f"{forecast.cases:,} case{'s' if forecast.cases != 1 else ''} of {job.replicates:,} replicates"
    limits.refuse(forecast.cost, what, out, job.name, "take fewer draws or points, or keep less", yes)
