"""Errors of the figures themselves: rounding, noise, and a season of the measure.

What a figure says is what is counted, times an error. Errors are small, so what they do to the shocks that are solved
through the figures is linear in them, around the season with which the active are counted, as far as it is known before
(`mobank.calibration.likelihood.figure_season`); that is only where the slopes are taken.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month
from mobank.calibration.likelihood.blocks import ACTIVE, YEAR
from mobank.calibration.likelihood.law import seasonal
from mobank.dynamics import season
from mobank.scenario.scenario import Figure

ENOUGH = 2 * YEAR + 1  # monthly figures in a row that show a season
LEAST_FESTIVAL = 0.1  # by how much of it the Spring Festival has to move between months to be seen


@dataclass(frozen=True)
class FigureErrors:
    """The errors of a history's figures.

    Parameters
    ----------
    figures : those that fix shocks, and the first of the level; their numbers are those of the errors.
    first : month of that. measures : the level's and the active's. rounding : (f,) of each, log scale; 0 where the
        place in the interval is a coordinate.
    any : True if a figure may be in error. seasonal : True if the measure of the active has a season, the same in all
        regions. regions : names of their bands, "" for the whole bank.
    known : works out the season of each figure around which errors are linear; None for what its own months show.
    """

    figures: Sequence[Figure]
    first: Month
    measures: tuple[str, str]
    rounding: Floats
    any: bool
    seasonal: bool
    regions: tuple[str, ...] = ("",)
    known: Callable[[], Floats] | None = None

    @cached_property
    def _number(self) -> dict[str, int]:
        return {figure.name: i for i, figure in enumerate(self.figures)}

    def number(self, figure: Figure | None) -> int:
        """Return the number of a figure's error; −1 for none."""
        return self._number[figure.name] if figure else -1

    @cached_property
    def _at(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for i, figure in enumerate(self.figures):
            lane = 2 * self.regions.index(figure.band) + self.measures.index(figure.measure)
            found.setdefault(figure.month - self.first, self._none)[lane] = i
        return found

    @property
    def _none(self) -> list[int]:
        return [-1, -1] * len(self.regions)

    def at(self, month: int) -> list[int]:
        """Return the numbers of the errors of level and active in a month, region by region, −1 for none."""
        return self._at.get(month, self._none)

    def variance(self, noise: Mapping[str, Floats]) -> Floats:
        """Return the variance of each figure's error, (f, R), log scale, given the noise of measures, (R,) each."""
        own = [noise[figure.measure] ** 2 for figure in self.figures]
        return np.asarray(self.rounding[:, None] ** 2 + np.stack(own))

    @cached_property
    def pattern(self) -> Floats:
        """Covariance of the measure's season in the figures, of unit variance, (f, f); 0 for those of the level."""
        months = [range(f.month - self.first, f.month - self.first + 1) for f in self.figures]
        active = np.array([f.measure == self.measures[ACTIVE] for f in self.figures], float)
        return np.ascontiguousarray(seasonal(months, self.first) * np.outer(active, active))

    @cached_property
    def shifts(self) -> Floats:
        """The season of the figures of the active around which slopes are taken, log scale, (f,)."""
        return self.known() if self.known else self._shown

    @cached_property
    def _shown(self) -> Floats:
        """The season that the figures of the active show by themselves, log scale, (f,)."""
        found = np.zeros(len(self.figures))
        active = [f for f in self.figures if f.measure == self.measures[ACTIVE]]
        by_region = [[f for f in active if f.band == band] for band in self.regions]
        if not self.seasonal or not all(map(_shows_a_season, by_region)):
            return found
        inner = [own[YEAR // 2 : -(YEAR // 2)] for own in by_region]
        apart = np.concatenate([_from_the_year(own) for own in by_region])
        months = np.array([f.month.month for own in inner for f in own])
        festival = np.array([season.festival(f.month) for own in inner for f in own])
        by_festival = _slope(_within(apart, months), _within(festival, months))
        left = apart - by_festival * festival
        by_month = np.array([np.median(left[months == month]) for month in range(1, YEAR + 1)])
        for figure in active:
            of_month = by_month[figure.month.month - 1] - by_month.mean()
            found[self.number(figure)] = of_month + by_festival * season.festival(figure.month)
        return found

    def shift(self, figure: Figure) -> float:
        """Return the season of one figure around which errors are linear, log scale."""
        return float(self.shifts[self._number[figure.name]])


def _shows_a_season(figures: Sequence[Figure]) -> bool:
    """Return whether figures stand in every month for long enough."""
    return len(figures) >= ENOUGH and {b.month - a.month for a, b in pairwise(figures)} == {1}


def _from_the_year(figures: Sequence[Figure]) -> Floats:
    """Return how far monthly figures are from the mean of the year around them, log scale, without half a year."""
    log = np.log([f.interval.middle for f in figures])
    around = np.convolve(log, np.array([0.5, *[1.0] * (YEAR - 1), 0.5]) / YEAR, "valid")
    return np.asarray(log[YEAR // 2 : -(YEAR // 2)] - around)


def _within(values: Floats, months: Ints) -> Floats:
    """Return values less the mean of their calendar month."""
    return np.asarray(values - np.array([values[months == month].mean() for month in months]))


def _slope(values: Floats, by: Floats) -> float:
    """Return the slope of some values by others, a little towards 0; 0 where the others do not differ."""
    return float(values @ by / (by @ by + LEAST_FESTIVAL**2))
