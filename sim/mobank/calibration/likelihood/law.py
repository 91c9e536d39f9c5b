"""The law of the shocks: one Gaussian law of all blocks of both paths, whatever their length.

A block's total shock is the mean over its months of an autoregression (Ornstein and Uhlenbeck's process at months),
of a trend whose growth reverts to its mean, of a season whose size is not known, of campaigns that had been announced,
and of wiggle. Where all figures are
of Decembers the autoregression goes by calendar years instead (`yearly`), with the sizes as they are written; by months
it is matched to these: the means of two calendar years then have the same variance and the same correlation.

Where regions report by themselves, a region's shock is one that all have in common and one of its own, by the same
autoregression; so is wiggle. Trend, season and campaigns are the same in all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month
from mobank.calibration.likelihood.blocks import YEAR, ShockBlock
from mobank.dynamics import season
from mobank.dynamics.shocks import ShockSizes, by_month, common_and_own, drift
from mobank.dynamics.trend import TrendLaw
from mobank.scenario.scenario import Campaign, Shock


def shares(months: Sequence[range], first: Month) -> Floats:
    """Return how much of each of a season's factors is in a block, on average over its months, (n, 13)."""
    return np.stack([np.mean([season.weights(first + t) for t in own], axis=0) for own in months])


def seasonal(months: Sequence[range], first: Month) -> Floats:
    """Return the covariance of a season of unit size in blocks, (n, n)."""
    share = shares(months, first)
    return np.asarray(share @ season.UNIT @ share.T)


@dataclass(frozen=True)
class Law:
    """What of the law is the same in every draw of a history; times are months from the first figure of the level.

    Parameters
    ----------
    blocks : in the order in which they are solved. first, length : month of the first figure, and months to the last.
    yearly : True if a calendar year is one block. names : of the two paths. shocks : what is thought of each.
    since : month of the first figure of each path's measure, where the growth of its trend begins.
    unknown : which paths have a season that is not known. wiggle : of a month, log scale.
    campaigns : what had been announced; how far each moved its path is integrated over.
    ahead : how many of the months lie after the last figure, where a drift fades as it does in a forecast.
    regions : (G,) share of each region at the first figure; one where the bank is counted as a whole.
    """

    blocks: Sequence[ShockBlock]
    first: Month
    length: int
    yearly: bool
    names: tuple[str, str]
    shocks: tuple[Shock, Shock]
    since: tuple[int, int]
    unknown: tuple[bool, bool]
    wiggle: float
    campaigns: Sequence[Campaign] = ()
    ahead: int = 0
    regions: Sequence[float] = (1.0,)

    @cached_property
    def paths(self) -> Ints:
        """The path of each block, (n,)."""
        return np.array([block.path for block in self.blocks])

    @cached_property
    def steps(self) -> Ints:
        """Path, first and last step, region of each block, (n, 4): calendar years, or months from a year before."""
        if self.yearly:
            year = [(self.first + block.last).year - self.first.year for block in self.blocks]
            return np.array([[b.path, t, t, b.region] for b, t in zip(self.blocks, year, strict=True)], np.int64)
        return np.array(
            [[b.path, b.after + YEAR, b.last + YEAR - 1, b.region] for b in self.blocks], np.int64
        )  # step 0 is the month that ends eleven months before the first figure

    @cached_property
    def years_of_steps(self) -> list[int]:
        """The calendar year of each step."""
        first = self.first
        if self.yearly:
            return list(range(first.year, (first + self.length).year + 1))
        return [(first + t).year for t in range(1 - YEAR, self.length + 1)]

    @cached_property
    def trends(self) -> dict[int, TrendLaw]:
        """The growth of each path that has a trend, from the first figure of its measure on."""
        return {p: TrendLaw(s.trend, self.since[p], self.length) for p, s in enumerate(self.shocks) if s.trend}

    def of_path(self, path: int) -> list[int]:
        """Return the numbers of a path's blocks."""
        return [i for i, block in enumerate(self.blocks) if block.path == path]

    def shares(self, path: int) -> Floats:
        """Return how much of each factor of a path's season is in each block, (n, 13); 0 for those of the other."""
        own, found = self.of_path(path), np.zeros((len(self.blocks), len(season.FACTORS)))
        found[own] = shares([self.blocks[i].months for i in own], self.first)
        return found

    @cached_property
    def during(self) -> Floats:
        """Share of each block's months in which each campaign ran, (c, n); 0 for blocks of the other path."""
        ran = [
            [
                np.mean([each.first <= self.first + t <= each.last for t in block.months])
                if self.names[block.path] == each.path
                else 0.0
                for block in self.blocks
            ]
            for each in self.campaigns
        ]
        return np.array(ran).reshape(len(self.campaigns), len(self.blocks))

    @cached_property
    def seasons(self) -> list[int]:
        """The paths whose season is not known."""
        return [p for p, unknown in enumerate(self.unknown) if unknown]

    @cached_property
    def patterns(self) -> Floats:
        """What is in the covariance beside the autoregression, (P, n, n).

        What is always there, each season, and of several regions their wiggle, common and own.
        """
        blocks, count = self.blocks, len(self.blocks)
        steady = np.zeros((count, count))
        for path, trend in self.trends.items():
            own = self.of_path(path)
            rows = trend.means([blocks[i].months for i in own])
            steady[np.ix_(own, own)] += rows @ np.diag(trend.variance) @ rows.T
        for each, share in zip(self.campaigns, self.during, strict=True):
            steady += each.effect.prior.spread**2 * np.outer(share, share)
        if self._wiggles_at_once:
            steady += np.diag([self.wiggle**2 / len(block.months) for block in blocks])
        found = [steady]
        for path in self.seasons:
            own = self.of_path(path)
            pattern = np.zeros((count, count))
            pattern[np.ix_(own, own)] = seasonal([blocks[i].months for i in own], self.first)
            found.append(pattern)
        return np.stack([*found, *self._wiggles])

    @property
    def _wiggles_at_once(self) -> bool:
        """True if nothing of a draw is in the wiggle; within a calendar year it sums to zero."""
        return not self.yearly and len(self.regions) == 1

    @property
    def _wiggles(self) -> list[Floats]:
        """Covariance of the wiggle of blocks, were it common to all regions, and were it each region's own."""
        if self.yearly or self._wiggles_at_once:
            return []
        alike = np.array([[one.path == other.path for other in self.blocks] for one in self.blocks])
        within = np.array([[one.region == other.region for other in self.blocks] for one in self.blocks])
        every = np.arange(1 - YEAR, self.length + 1)
        share = np.array([np.isin(every, block.months) / len(block.months) for block in self.blocks])
        common = self.wiggle**2 * (share @ share.T) * alike
        return [common, common * within]

    @cached_property
    def mean(self) -> Floats:
        """Expected shock of each block from trends and campaigns, (n,)."""
        mean = np.array([each.effect.prior.centre for each in self.campaigns]) @ self.during
        for path, trend in self.trends.items():
            own = self.of_path(path)
            mean[own] += trend.means([self.blocks[i].months for i in own]) @ trend.mean
        return mean

    @cached_property
    def from_last(self) -> Floats:
        """Years of the drift at the last figure that each block is apart from there, (n,); it is straight before."""
        last, found = self.length - self.ahead, []
        for block in self.blocks:
            half_life = self.shocks[block.path].half_life_months
            fading = np.append(0.0, drift(np.ones(1), half_life, self.ahead))
            found.append(np.mean([min(t - last, 0) / YEAR + fading[max(t - last, 0)] for t in block.months]))
        return np.array(found)

    def means(self, sizes: ShockSizes) -> Floats:
        """Return the expected shock of each block in each draw, (n, R)."""
        drift = np.stack([sizes.drift[path] for path in self.names])
        return np.asarray(self.mean[:, None] + self.from_last[:, None] * drift[self.paths])

    def autoregression(self, sizes: ShockSizes) -> tuple[Floats, Floats]:
        """Return what a path keeps of itself at a step, and the size of an innovation, (2, R) each."""
        own = [(sizes.persistence[path], sizes.size[path]) for path in self.names]
        steps = own if self.yearly else [by_month(keep, size) for keep, size in own]
        keep, size = (np.stack(each) for each in zip(*steps, strict=True))
        return np.ascontiguousarray(keep), np.ascontiguousarray(size)

    def numbers(self, sizes: ShockSizes, seasons: Sequence[Floats], scales: Floats) -> tuple[Any, ...]:
        """Return what the compiled law takes of each draw (see `mobank.base.kernels.gaussian.density`).

        Parameters
        ----------
        seasons : size of each season that is not known, (R,). scales : (2, years, R) of each calendar year's variance.
        """
        keep, size = self.autoregression(sizes)
        shared = np.stack(common_and_own(sizes.spread, self.regions, sizes.correlation.size))
        weights = np.stack([np.ones(sizes.correlation.size), *(each**2 for each in seasons)])
        if not self.yearly and not self._wiggles_at_once:
            weights = np.concatenate([weights, shared])
        years = np.array(self.years_of_steps) - self.years_of_steps[0]
        scale = np.ascontiguousarray(scales[:, years])
        return keep, size, sizes.correlation, int(self.yearly), shared, scale, self.steps, self.patterns, weights
