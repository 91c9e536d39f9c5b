"""What a piece of work will take, and whether the machine has it: said before the work begins.

Costs are stated per unit of work beside the code that does it, as processor seconds of the machine on which they were
measured; `tests/benchmarks/limits.py` holds them against what is measured now. Another machine may be several times
slower or faster, which a small piece of arithmetic measures; one machine's own speed wanders by `WANDERS`, so less than
that says nothing.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mobank.base.errors import InputError, Problem
from mobank.base.machine import free, free_on_disk
from mobank.base.quantities import Lang

PROBE = 5.0e-3  # processor seconds of `_arithmetic` on the machine where costs were measured
WANDERS = 1.7
LONG = 3600.0  # seconds; what takes longer is begun only where a person says so
MEGABYTE = 1e6
WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "time": "expected time", "memory": "memory", "disk": "disk", "meanwhile": ", and {} meanwhile",
        "here": " ({} free here)", "days": "days", "h": "h", "min": "min", "s": "s",
    },
    "zh": {
        "time": "预计用时", "memory": "内存", "disk": "磁盘", "meanwhile": "，过程中另需 {}", "here": "（本机可用 {}）",
        "days": "天", "h": "小时", "min": "分钟", "s": "秒",
    },
}  # fmt: skip


@dataclass(frozen=True)
class WorkCost:
    """What a piece of work will take.

    Parameters
    ----------
    seconds : by the clock, where nothing else is at work.
    memory : bytes of all its processes together at their peak.
    disk : bytes that stay. meanwhile : further bytes on disk until it is done.
    """

    seconds: float
    memory: float
    disk: float
    meanwhile: float = 0.0


def clock(processor: float, alone: float, workers: float) -> float:
    """Return seconds by the clock of work that workers share, and of what is done by one of them alone."""
    return (processor / max(workers, 1.0) + alone) * slowness()


@cache
def slowness() -> float:
    """Return how many times longer than where costs were measured this machine takes; 1 where it is about the same."""
    _arithmetic()
    ratio = min(_arithmetic() for _ in range(5)) / PROBE
    return ratio if max(ratio, 1 / ratio) > WANDERS else 1.0


def _arithmetic() -> float:
    import numpy as np

    numbers = (np.arange(200_000) * 0.618033988749895) % 1.0  # evenly spread over 0 to 1
    began = time.process_time()
    np.sort(numbers)
    np.log(numbers + 1.0).sum()
    np.exp(numbers).sum()
    return max(time.process_time() - began, 1e-6)


def refuse(cost: WorkCost, what: str, out: Path, key: str, hint: str, yes: bool) -> None:
    """Refuse work that takes more than the machine has, or long unless a person has said `yes`.

    Parameters
    ----------
    what : the work, in a few words. out : where it writes. key : the option of its size. hint : how to take less.

    Raises
    ------
    InputError
        With the figures.
    """
    problems = []
    for needed, have, of in (
        (cost.memory, free(), "memory"),
        (cost.disk + cost.meanwhile, free_on_disk(out), "disk"),
    ):
        if have is not None and needed > have:
            where = f" in '{out.as_posix()}'" if of == "disk" else ""
            allowed = f"would take {size(needed)} of {of}, and {size(have)} are free{where}"
            problems.append(Problem(what, allowed, hint, key))
    if not problems and cost.seconds > LONG and not yes:
        problems.append(Problem(what, f"would take about {duration(cost.seconds)}", "give --yes to begin it", key))
    if problems:
        raise InputError(problems)


def rows(cost: WorkCost, out: Path, lang: Lang) -> list[tuple[str, str]]:
    """Return a cost as lines of a table: what, how much."""
    words = WORDS[lang]
    meanwhile = words["meanwhile"].format(size(cost.meanwhile)) if cost.meanwhile >= MEGABYTE else ""
    return [
        (words["time"], duration(cost.seconds, lang)),
        (words["memory"], size(cost.memory) + _here(free(), words)),
        (words["disk"], size(cost.disk) + meanwhile + _here(free_on_disk(out), words)),
    ]


def text(lines: Sequence[tuple[str, str]]) -> str:
    """Return lines of a table as text."""
    return "\n".join(f"{name:<16}{value}" for name, value in lines)


def _here(have: int | None, words: Mapping[str, str]) -> str:
    return "" if have is None else words["here"].format(size(have))


def duration(seconds: float, lang: Lang = "en") -> str:
    """Return a time as a person says it.

    Examples
    --------
    >>> duration(90), duration(5400)
    ('90 s', '90.0 min')
    """
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.1f} {WORDS[lang][name]}"
    return f"{max(seconds, 1.0):.0f} {WORDS[lang]['s']}"


def size(count: float) -> str:
    """Return bytes as a person says them.

    Examples
    --------
    >>> size(58.4e9), size(1200)
    ('58.4 GB', '1 kB')
    """
    for unit, name in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count / 1e3:.0f} kB"
