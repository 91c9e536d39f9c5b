"""What is asked of a run, answered: how many of its replicates meet a condition, and when they first do.

Answers are counted over whole paths, a month at a time, because quantiles by month cannot tell a first passage: the
runs that stand above a level in one month are not those that have stood above it before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from mobank.base.arrays import Flags, Floats, Int32s
from mobank.base.quantities import Month
from mobank.ensemble.paths import Paths
from mobank.ensemble.summary import QUANTILES
from mobank.scenario.scenario import Ask, Condition

NEVER = int(np.iinfo(np.int32).max)  # later than any month
Z_975 = 1.959963984540054  # the standard normal's 97.5 % quantile: 95 % lie within


@dataclass(frozen=True)
class Answer:
    """The answer to one ask.

    Parameters
    ----------
    held : (R,) which replicates say yes; those of two scenarios with the same luck can be paired.
    never : share of replicates that do not meet the condition up to the end of the run; of a race, that meet neither
        condition up to its month; NaN where one month is asked for.
    reached : first passage only: for each of `QUANTILES`, the month by which that share of all replicates has met the
        condition, None if so many never do within the run.
    rival_first, together : a race only: share of replicates in which the rival wins, or both come in one month.
    """

    ask: Ask
    held: Flags
    never: float = float("nan")
    reached: tuple[Month | None, ...] = ()
    rival_first: float = float("nan")
    together: float = float("nan")

    @property
    def chance(self) -> float:
        """Share of replicates that say yes."""
        return float(self.held.mean())

    @property
    def standard_error(self) -> float:
        """Monte Carlo standard error of the chance, √(p(1 − p)/R); it is 0 where all replicates agree."""
        return sqrt(self.chance * (1 - self.chance) / self.held.size)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the chance, which is never empty, not even where all replicates agree."""
        return wilson(self.chance, self.held.size)


def wilson(chance: float, sample: float) -> tuple[float, float]:
    """Return the 95 % interval of a chance that was met in this share of a sample.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.
    """
    n, p, z = sample, chance, Z_975
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def answer(paths: Paths, asks: Sequence[Ask]) -> list[Answer]:
    """Return the answers to some asks, each with its month within the run."""
    return [_answer(paths, ask) for ask in asks]


def _answer(paths: Paths, ask: Ask) -> Answer:
    last = ask.month - paths.plan.scenario.start
    if ask.rival:
        return _race(ask, passage(paths, ask.condition, last), passage(paths, ask.rival, last))
    if not ask.ever:
        return Answer(ask, met(ask.condition, paths.month(ask.condition.measure, last)))
    months = passage(paths, ask.condition, len(paths.plan.months) - 1)
    reached = tuple(_quantile(months, q, paths.plan.months) for q in QUANTILES)
    return Answer(ask, months <= last, float(np.mean(months == NEVER)), reached)


def _race(ask: Ask, first: Int32s, rival: Int32s) -> Answer:
    together, never = (first == rival) & (first < NEVER), (first == rival) & (first == NEVER)
    return Answer(ask, first < rival, float(never.mean()), (), float(np.mean(rival < first)), float(together.mean()))


def met(condition: Condition, values: Floats) -> Flags:
    """Return where a condition is met, the shape of values; nowhere where the measure is undefined."""
    return np.asarray((values >= condition.low) & (values <= condition.high))


def passage(paths: Paths, condition: Condition, last: int) -> Int32s:
    """Return in which month after the start each replicate first meets a condition, up to `last`, (R,); else NEVER."""
    first = np.full(paths.plan.draws, NEVER, np.int32)
    for t in range(last + 1):
        now = met(condition, paths.month(condition.measure, t))
        first[now & (first == NEVER)] = t
    return first


def passage_in(values: Floats, condition: Condition) -> Int32s:
    """Return the same of a table of all months, (T + 1, R), where it is in memory as a whole."""
    table = met(condition, values)
    return np.where(table.any(axis=0), table.argmax(axis=0), NEVER).astype(np.int32)


def _quantile(months: Int32s, share: float, calendar: Sequence[Month]) -> Month | None:
    """Return the first month by which at least this share of replicates has arrived."""
    at = int(np.sort(months)[max(0, ceil(share * months.size - 1e-9) - 1)])
    return None if at == NEVER else calendar[at]
