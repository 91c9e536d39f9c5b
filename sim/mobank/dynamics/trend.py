"""Growth that comes back to its mean: what a path adds month by month, whatever moved it last.

g_t − ḡ = φ (g_(t−1) − ḡ) + innovation, T_t = T_(t−1) + g_t / 12. At the first figure of the path's measure T is 0 and
g is ḡ + start; nothing depends on where a forecast begins, so that a figure more changes no prior (what is thought of
the next figure is what the density with it says over the density without it). Before the first figure g stays as it is
there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.scenario.scenario import Trend

YEAR = 12


def monthly(trend: Trend) -> tuple[float, float]:
    """Return φ of a month, and the standard deviation of a month's innovation, such that a year's is `change`."""
    keep = 0.5 ** (1.0 / trend.half_life_months)
    return keep, trend.change.prior.centre * float(np.sqrt((1.0 - keep**2) / (1.0 - keep ** (2 * YEAR))))


@dataclass(frozen=True)
class Growth:
    """The growth of a path in each replicate at the start, from which it goes on.

    Parameters
    ----------
    mean, now : (R,) in the long run, and at the start, log a year.
    keep, step : what is left of their distance a month later, and the standard deviation of what chance adds in one.
    """

    mean: Floats
    now: Floats
    keep: float
    step: float

    def rows(self, rows: NDArray[np.intp]) -> "Growth":
        """Return the growth of some replicates."""
        return Growth(self.mean[rows], self.now[rows], self.keep, self.step)

    def expected(self, months: int) -> Floats:
        """Return what it adds up to in some months where chance adds nothing, (R,), log scale."""
        left = float(np.sum(self.keep ** np.arange(1, months + 1)))
        return np.asarray((months * self.mean + left * (self.now - self.mean)) / YEAR)

    def path(self, name: str, start: Month, months: int, streams: Streams, replicates: Ints) -> Floats:
        """Return the log change of a path that it adds up to in each month after the start, (T, R)."""
        out, growth, level = np.empty((months, replicates.size)), self.now, np.zeros(replicates.size)
        for t in range(months):
            z = streams.normal("environment", f"growth of {name}", replicates, (start + t + 1).ordinal)
            growth = self.mean + self.keep * (growth - self.mean) + self.step * z
            level = level + growth / YEAR
            out[t] = level
        return out


@dataclass(frozen=True)
class TrendLaw:
    """The trend of a path through a history, as a linear map of what is not known.

    Unknown are ḡ, start, and the innovation of each month after the first figure, in this order (B,).

    Parameters
    ----------
    since : month of the path's first figure, where T is 0. last : the last month of the history.
    """

    trend: Trend
    since: int
    last: int

    @property
    def mean(self) -> Floats:
        """Expected unknowns, (B,)."""
        return np.array([self.trend.mean.prior.centre, self.trend.start.prior.centre, *self._still])

    @property
    def variance(self) -> Floats:
        """Variance of each unknown, (B,)."""
        _, step = monthly(self.trend)
        own = [self.trend.mean.prior.spread**2, self.trend.start.prior.spread**2]
        return np.array([*own, *(step**2 for _ in self._still)])

    @property
    def _still(self) -> list[float]:
        return [0.0] * (self.last - self.since)

    def growth(self, month: int) -> Floats:
        """Return the growth a year in a month as weights of the unknowns, (B,)."""
        keep, _ = monthly(self.trend)
        ahead = max(month - self.since, 0)
        out = np.zeros(2 + self.last - self.since)
        out[0], out[1] = 1.0, keep**ahead
        out[2 : 2 + ahead] = keep ** np.arange(ahead - 1, -1, -1)
        return out

    def level(self, month: int) -> Floats:
        """Return T at the end of a month as weights of the unknowns, (B,)."""
        if month <= self.since:
            return np.asarray((month - self.since) / YEAR * self.growth(self.since))
        return np.asarray(sum(self.growth(t) for t in range(self.since + 1, month + 1)) / YEAR)

    def means(self, blocks: Sequence[range]) -> Floats:
        """Return the mean of T over the months of blocks as weights of the unknowns, (n, B)."""
        every = range(min(b.start for b in blocks), max(b.stop for b in blocks))
        known = {month: self.level(month) for month in every}
        return np.stack([np.mean([known[m] for m in block], axis=0) for block in blocks])
