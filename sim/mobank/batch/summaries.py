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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import ceil, exp, isnan, log1p, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats, Ints
from mobank.ensemble.questions import Z_975, wilson

Kind = Literal["quantity", "ask", "passage", "race"]

RELATIVE = 0.0005  # a quantile's greatest relative error
_GROWTH = log1p(RELATIVE) - log1p(-RELATIVE)  # log of the factor from bucket to bucket
ZERO = -(2**31)  # the bucket of nothing at all
WIDEST = 1 << 16  # buckets from the lowest to the highest that are counted in one table
MOST_CELLS = 1 << 22  # of the table in which histograms are joined
AT_A_TIME = 32  # units whose summaries are in memory together
NEVER = -1  # the bucket of replicates that do not pass
NEITHER, FIRST, RIVAL, TOGETHER = range(4)  # buckets of a race


class Key(NamedTuple):
    """What is summarised: a measure in a month, or an ask."""

    kind: Kind
    name: str
    segment: str
    month: str


@dataclass(frozen=True)
class UnitSummary:
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
        return self.quantiles([share])[0]

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Return the quantile of each share."""
        if not self.count:
            return [float("nan")] * len(shares)
        ranks = [min(max(int(share * (self.count - 1) + 1e-9), 0), self.count - 1) for share in shares]
        places = np.searchsorted(np.cumsum(self.counts), ranks, side="right")
        return [value_of(int(bucket)) for bucket in self.buckets[places]]

    def quantile_error(self, share: float) -> float:
        """Return the relative Monte Carlo error of a quantile: half the width that one standard error of rank spans.

        Draws count as the sample, as though all replicates of a draw were one, which errs on the wide side.
        """
        if self.draws < 2:
            return float("inf")
        half = sqrt(share * (1 - share) / self.draws)
        low, middle, high = self.quantiles([max(share - half, 0.0), share, min(share + half, 1.0)])
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
    return 0.0 if bucket == ZERO else exp((bucket - 0.5) * _GROWTH) * sqrt(1 - RELATIVE**2)


def of_values(table: Floats, per_draw: int) -> list[UnitSummary]:
    """Return the summary of each row of a table, (M, R): a measure in some months, whole draws beside one another.

    NaN is undefined.

    Raises
    ------
    ValueError
        If a value is below 0: no measure is.
    """
    if (table < 0).any():
        raise ValueError(f"{np.nanmin(table):g} cannot be summarised; a measure is 0 or more")
    with np.errstate(divide="ignore"):
        place = np.log(table)  # -inf for 0
    place /= _GROWTH
    np.ceil(place, out=place)
    zeros, undefined = (table == 0).sum(axis=1), np.isnan(table).sum(axis=1)
    histograms = _histograms(place)
    moments = _moments(table, per_draw)
    found = []
    for row, (buckets, counts) in enumerate(histograms):
        if zeros[row]:
            buckets, counts = np.append(ZERO, buckets), np.append(zeros[row], counts)  # noqa: PLW2901
        found.append(UnitSummary(table.shape[1] - int(undefined[row]), *moments[row], buckets, counts))
    return found


def _histograms(place: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Yield of each row of bucket numbers, (M, R), the buckets filled and their counts; infinite ones are none."""
    known = np.isfinite(place)
    whole = bool(known.all())
    numbers = place if whole else place[known]
    low = int(numbers.min()) if numbers.size else 0
    width = int(numbers.max()) - low + 1 if numbers.size else 1
    if width > WIDEST:  # values that lie many powers of ten apart: a table of all buckets would be too large
        for one, defined in zip(place, known, strict=True):
            yield np.unique(one[defined].astype(np.int64), return_counts=True)
        return
    cells = place + (width * np.arange(len(place)) - low)[:, None]  # whole numbers far below 2⁵³: exact
    cells = (cells if whole else cells[known]).astype(np.int64)
    table = np.bincount(cells.ravel(), minlength=len(place) * width)
    filled = np.flatnonzero(table != 0)
    ends = np.searchsorted(filled, np.arange(len(place) + 1) * width)
    for one, (first, last) in enumerate(pairwise(ends)):
        buckets = filled[first:last]
        yield buckets - (one * width - low), table[buckets]


def of_codes(codes: Ints, yes: NDArray[np.bool_], per_draw: int) -> UnitSummary:
    """Return the summary of whole numbers, (R,), each a bucket of its own; mean and error are those of `yes`, (R,)."""
    buckets, counts = np.unique(codes, return_counts=True)
    return UnitSummary(codes.size, *_moments(yes[None].astype(float), per_draw)[0], buckets, counts)


def _moments(table: Floats, per_draw: int) -> list[tuple[int, float, float]]:
    """Return of each row draws, mean and sum of squared deviations of the draws' means; undefined ones do not count."""
    means = table
    if per_draw > 1:
        drawn = table.reshape(len(table), -1, per_draw)
        known = ~np.isnan(drawn)
        number = known.sum(axis=2)
        means = np.divide(
            np.where(known, drawn, 0.0).sum(axis=2), number, out=np.full(number.shape, np.nan), where=number > 0
        )
    middle = means.mean(axis=1)
    squares = np.square(means - middle[:, None]).sum(axis=1)
    found = [(means.shape[1], float(m), float(s)) for m, s in zip(middle, squares, strict=True)]
    for row in np.flatnonzero(np.isnan(middle)):
        some = means[row][~np.isnan(means[row])]
        mean = float(some.mean()) if some.size else float("nan")
        found[row] = (some.size, mean, float(np.square(some - mean).sum()))
    return found


def join(parts: Iterable[Mapping[Key, UnitSummary]]) -> dict[Key, UnitSummary]:
    """Return the summaries of some units together, given in the order of the units, some at a time in memory."""
    found: dict[Key, UnitSummary] = {}
    rest = iter(parts)
    while some := list(islice(rest, AT_A_TIME)):
        some = [found, *some] if found else some
        found = dict(zip(some[0], _joined([[part[key] for part in some] for key in some[0]]), strict=True))
    return found


def joined(parts: Sequence[UnitSummary]) -> UnitSummary:
    """Return some summaries as one."""
    return _joined([parts])[0]


def _joined(columns: Sequence[Sequence[UnitSummary]]) -> list[UnitSummary]:
    """Return one summary for each of some lists of summaries, (keys)(units)."""
    if len(columns[0]) == 1:
        return [parts[0] for parts in columns]
    counts = [sum(part.count for part in parts) for parts in columns]
    return [
        UnitSummary(count, *_moments_joined(parts), *histogram)
        for count, parts, histogram in zip(counts, columns, _histograms_joined(columns), strict=True)
    ]


def _moments_joined(parts: Sequence[UnitSummary]) -> tuple[int, float, float]:
    draws, mean, squares = 0, float("nan"), 0.0
    for part in parts:
        if part.draws:
            apart = part.mean - mean if draws else 0.0
            squares += part.squares + apart * apart * draws * part.draws / (draws + part.draws)
            mean = mean + apart * part.draws / (draws + part.draws) if draws else part.mean
            draws += part.draws
    return draws, mean, squares


def _histograms_joined(columns: Sequence[Sequence[UnitSummary]]) -> Iterator[tuple[Ints, Ints]]:
    """Yield the buckets filled and their counts of each list of summaries; all lists are counted in one table."""
    sizes = [sum(part.buckets.size for part in parts) for parts in columns]
    column = np.repeat(np.arange(len(columns)), sizes)
    buckets, counts = (
        np.concatenate([getattr(part, name) for parts in columns for part in parts]) for name in ("buckets", "counts")
    )
    zero = buckets == ZERO  # far below all others
    zeros = np.bincount(column[zero], weights=counts[zero], minlength=len(columns)).astype(np.int64)
    column, buckets, counts = column[~zero], buckets[~zero], counts[~zero]
    low, high = np.full(len(columns), np.iinfo(np.int64).max), np.full(len(columns), np.iinfo(np.int64).min)
    np.minimum.at(low, column, buckets)
    np.maximum.at(high, column, buckets)
    starts = np.cumsum([0, *np.where(low <= high, high - low + 1, 0)])
    if starts[-1] > MOST_CELLS and len(columns) > 1:
        half = len(columns) // 2
        yield from _histograms_joined(columns[:half])
        yield from _histograms_joined(columns[half:])
        return
    cells = np.bincount((starts[:-1] - low)[column] + buckets, weights=counts)  # whole numbers far below 2⁵³: exact
    filled = np.flatnonzero(cells)
    sums = cells[filled].astype(np.int64)
    ends = np.searchsorted(filled, starts)
    for one, (first, last) in enumerate(pairwise(ends)):
        numbers, inside = filled[first:last] + (low[one] - starts[one]), sums[first:last]
        if zeros[one]:
            numbers, inside = np.append(ZERO, numbers), np.append(zeros[one], inside)
        yield numbers, inside


def codes_of_race(first: NDArray[np.int32], rival: NDArray[np.int32], never: int) -> Ints:
    """Return how each race ends, (R,): from the months in which either side arrives, `never` a month after all."""
    together = np.where(first == never, NEITHER, TOGETHER)
    return np.where(first == rival, together, np.where(first < rival, FIRST, RIVAL)).astype(np.int64)
