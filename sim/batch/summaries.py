"""What a unit's replicates say together, in a form that can be joined with other units' and loses nothing that counts.

Counts of whole things (an ask that holds, the month of a first passage) are exact. A measure's distribution is a
histogram in buckets that grow by a constant factor, so any quantile comes out within `RELATIVE` of the exact order
statistic, whatever the number of replicates; the counts are integers, so joining them is exact and in any order the
same. Means and squares are joined by the rule of Chan et al., in the order of the units.

References
----------
Masson, C., Rim, J. E. and Lee, H. K. (2019). DDSketch: a fast and fully-mergeable quantile sketch with relative-error
guarantees. PVLDB 12, 2195-2205.
Chan, T. F., Golub, G. H. and LeVeque, R. J. (1983). Algorithms for computing the sample variance. The American
Statistician 37, 242-247.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, isnan, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.asks import Z_975, wilson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["quantity", "ask", "passage", "race"]

RELATIVE = 0.0005  # a quantile's greatest relative error
_GROWTH = np.log1p(RELATIVE) - np.log1p(-RELATIVE)  # log of the factor from bucket to bucket
ZERO = -(2**31)  # the bucket of nothing at all
NEVER = -1  # the bucket of replicates that do not pass
NEITHER, FIRST, RIVAL, TOGETHER = range(4)  # buckets of a race


class Key(NamedTuple):
    """What is summarised: a measure in a month, or an ask."""

    kind: Kind
    name: str
    segment: str
    month: str


@dataclass(frozen=True)
class Summary:
    """How some replicates are distributed.

    Parameters
    ----------
    count : replicates in which it is defined. draws : draws among them.
    mean : mean of the draws' means. squares : sum of squared deviations of the draws' means from it.
    buckets, counts : (B,) bucket numbers in rising order, and how many replicates lie in each.
    """

    count: int
    draws: int
    mean: float
    squares: float
    buckets: Ints
    counts: Ints

    @property
    def standard_error(self) -> float:
        """Monte Carlo error of the mean: replicates of one draw are not independent, draws are."""
        return sqrt(self.squares / (self.draws * (self.draws - 1))) if self.draws > 1 else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean as a chance; replicates of one draw count for as much as they tell."""
        agree = self.standard_error == 0 or isnan(self.standard_error)
        sample = self.draws if agree else self.mean * (1 - self.mean) / self.standard_error**2
        return wilson(self.mean, sample)

    @property
    def chance_error(self) -> float:
        """Monte Carlo error of the mean as a chance, above 0 even where all replicates agree."""
        low, high = self.interval
        return (high - low) / (2 * Z_975)

    def quantile(self, share: float) -> float:
        """Return the order statistic below which this share lies, within `RELATIVE` of it; NaN if there is none."""
        if not self.count:
            return float("nan")
        rank = min(max(int(share * (self.count - 1) + 1e-9), 0), self.count - 1)
        return value_of(int(self.buckets[np.searchsorted(np.cumsum(self.counts), rank, side="right")]))

    def quantile_error(self, share: float) -> float:
        """Return the relative Monte Carlo error of a quantile: half the width that one standard error of rank spans.

        Draws count as the sample, as though all replicates of a draw were one, which errs on the wide side.
        """
        if self.draws < 2:
            return float("inf")
        half = sqrt(share * (1 - share) / self.draws)
        low, high = self.quantile(max(share - half, 0.0)), self.quantile(min(share + half, 1.0))
        middle = self.quantile(share)
        return (high - low) / 2 / middle if middle else float("inf")

    def bucket(self, number: int) -> int:
        """Return how many replicates lie in a bucket."""
        found = np.flatnonzero(self.buckets == number)
        return int(self.counts[found[0]]) if found.size else 0

    def passed_by(self, share: float) -> int | None:
        """Return the month after the start by which this share of replicates has passed; None if so many never do."""
        passed = self.buckets != NEVER
        reached = np.cumsum(self.counts[passed]) >= ceil(share * self.count - 1e-9)
        return int(self.buckets[passed][np.argmax(reached)]) if reached.any() else None


def value_of(bucket: int) -> float:
    """Return the value that stands for a bucket: within `RELATIVE` of every value in it."""
    return 0.0 if bucket == ZERO else float(np.exp((bucket - 0.5) * _GROWTH) * np.sqrt(1 - RELATIVE**2))


def of_values(values: Floats, per_draw: int) -> Summary:
    """Return the summary of a measure in some replicates, (R,), whole draws beside one another; NaN is undefined.

    Raises
    ------
    ValueError
        If a value is below 0: no measure is.
    """
    known = values[~np.isnan(values)]
    if known.size and known.min() < 0:
        raise ValueError(f"{known.min():g} cannot be summarised; a measure is 0 or more")
    positive = known[known > 0]
    buckets, counts = _histogram(np.ceil(np.log(positive) / _GROWTH).astype(np.int64))
    if positive.size < known.size:
        buckets, counts = np.append(ZERO, buckets), np.append(known.size - positive.size, counts)
    return Summary(known.size, *_moments(values, per_draw), buckets, counts)


def of_codes(codes: Ints, yes: NDArray[np.bool_], per_draw: int) -> Summary:
    """Return the summary of whole numbers, (R,), each a bucket of its own; mean and error are those of `yes`, (R,)."""
    buckets, counts = _histogram(codes)
    return Summary(codes.size, *_moments(yes.astype(float), per_draw), buckets, counts)


def _histogram(numbers: Ints) -> tuple[Ints, Ints]:
    if not numbers.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    low = int(numbers.min())
    counts = np.bincount(numbers - low)
    filled = np.flatnonzero(counts)
    return filled + low, counts[filled]


def _moments(values: Floats, per_draw: int) -> tuple[int, float, float]:
    """Return draws, mean and sum of squared deviations of the draws' means; draws without a value do not count."""
    means = values
    if per_draw > 1:
        table = values.reshape(-1, per_draw)
        known = ~np.isnan(table)
        number = known.sum(axis=1)
        means = np.divide(np.where(known, table, 0.0).sum(axis=1), number,
                          out=np.full(number.size, np.nan), where=number > 0)  # fmt: skip
    means = means[~np.isnan(means)]
    if not means.size:
        return 0, float("nan"), 0.0
    mean = float(means.mean())
    return means.size, mean, float(np.square(means - mean).sum())


def join(parts: Iterable[Mapping[Key, Summary]]) -> dict[Key, Summary]:
    """Return the summaries of some units together, given in the order of the units."""
    found: dict[Key, Summary] = {}
    for part in parts:
        for key, summary in part.items():
            found[key] = joined(found[key], summary) if key in found else summary
    return found


def joined(one: Summary, other: Summary) -> Summary:
    """Return two summaries as one."""
    buckets, where = np.unique(np.concatenate([one.buckets, other.buckets]), return_inverse=True)
    counts = np.zeros(buckets.size, np.int64)
    np.add.at(counts, where, np.concatenate([one.counts, other.counts]))
    draws, squares = one.draws + other.draws, one.squares + other.squares
    if isnan(one.mean) or isnan(other.mean):
        mean = other.mean if isnan(one.mean) else one.mean
    else:
        apart = other.mean - one.mean
        mean = one.mean + apart * other.draws / draws
        squares += apart * apart * one.draws * other.draws / draws
    return Summary(one.count + other.count, draws, mean, squares, buckets, counts)


def codes_of_race(first: NDArray[np.int32], rival: NDArray[np.int32], never: int) -> Ints:
    """Return how each race ends, (R,): from the months in which either side arrives, `never` a month after all."""
    together = np.where(first == never, NEITHER, TOGETHER)
    return np.where(first == rival, together, np.where(first < rival, FIRST, RIVAL)).astype(np.int64)
