"""What a job will take, told before it runs: units, time, memory and disk, from one unit computed on trial."""

import time
from dataclasses import dataclass
from pathlib import Path

from mobank.base.quantities import Lang
from mobank.batch.job import Job, Task
from mobank.batch.store import Store
from mobank.batch.unit import compute, peak_mb, serialise


@dataclass(frozen=True)
class Forecast:
    """What a job will take.

    Parameters
    ----------
    cases, units, replicates : in all; with a stopping rule, at most.
    done : units that are done already.
    size : replicates of a unit. seconds : processor time of the trial unit, file included.
    bytes_a_unit : on disk. peak_mb : peak memory of this process, which computed the trial unit as a worker does.
    """

    cases: int
    units: int
    replicates: int
    done: int
    size: int
    seconds: float
    bytes_a_unit: int
    peak_mb: float
    workers: int
    at_most: bool

    @property
    def hours(self) -> float:
        """Expected hours with all workers busy."""
        return (self.units - self.done) * self.seconds / self.workers / 3600


def foresee(job: Job, out: Path, workers: int) -> Forecast:
    """Return what is left of a job will take, by computing its first unit twice, the second time on the clock."""
    case = job.cases[0]
    first, last = job.units(case)[0]
    task = Task(case, 0, job.plan(case), job.keep, first, last)
    compute(task)  # what is compiled and loaded once is not counted
    began = time.process_time()
    tables = compute(task)
    files = [serialise(table) for table in tables.values()]
    seconds = time.process_time() - began
    # all cases have as many draws; scenarios of more months or segments than the first take longer in proportion
    weight = sum(c.scenario.months * len(c.scenario.segments) for c in job.cases)
    share = weight / (len(job.cases) * case.scenario.months * len(case.scenario.segments))
    store = Store(job, out)
    units = sum(len(job.units(each)) for each in job.cases)
    return Forecast(
        len(job.cases),
        units,
        len(job.cases) * job.replicates,
        store.count_done(),
        last - first,
        seconds * share,
        int(sum(file.size for file in files) * share),
        peak_mb(),
        workers,
        job.stop is not None,
    )


WORDS = {
    "en": {
        "cases": "cases", "units": "units", "of": "of {:,} replicates each", "at_most": " at most",
        "done": "done already", "replicates": "replicates", "time": "expected time",
        "with": "with {} workers ({:.2f} s of one processor a unit, measured)", "memory": "memory",
        "a_worker": "{:,.0f} MB a worker", "disk": "disk", "a_unit": "({:,.0f} kB a unit)",
    },
    "zh": {
        "cases": "情景×设计点", "units": "工作单元", "of": "每单元 {:,} 次模拟", "at_most": "（上限）",
        "done": "已完成", "replicates": "模拟总次数", "time": "预计用时",
        "with": "{} 个进程（实测每单元单核 {:.2f} 秒）",
        "memory": "内存", "a_worker": "每进程 {:,.0f} MB", "disk": "磁盘", "a_unit": "（每单元 {:,.0f} kB）",
    },
}  # fmt: skip


def told(forecast: Forecast, lang: Lang) -> str:
    """Return a forecast as lines of text."""
    words = WORDS[lang]
    left = forecast.units - forecast.done
    limit = words["at_most"] if forecast.at_most else ""
    lines = [
        (words["cases"], f"{forecast.cases:,}"),
        (words["units"], f"{forecast.units:,}{limit}, {words['of'].format(forecast.size)}"),
        (words["done"], f"{forecast.done:,}"),
        (words["replicates"], f"{forecast.replicates:,}{limit}"),
        (
            words["time"],
            f"{_duration(forecast.hours)}{limit} {words['with'].format(forecast.workers, forecast.seconds)}",
        ),
        (words["memory"], words["a_worker"].format(forecast.peak_mb)),
        (
            words["disk"],
            f"{_size(left * forecast.bytes_a_unit)}{limit} {words['a_unit'].format(forecast.bytes_a_unit / 1e3)}",
        ),
    ]
    return "\n".join(f"{name:<16}{value}" for name, value in lines)


def _duration(hours: float) -> str:
    seconds = hours * 3600
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"


def _size(count: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1e3:.0f} kB"
