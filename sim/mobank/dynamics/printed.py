"""A measure as it will be printed: by definitions that may change, cleaned up now and then, and rounded.

A forecast by today's definition is not what next year's annual report will say. A bank redefines its active users (all
apps instead of one, another window), writes off dormant registrations, and prints "over 1.74亿". None of it moves a
customer, so paths by today's definition stay as they are, and the printed ones are made from them afterwards:

    log printed = log counted + sum of the jumps so far, then rounded as the last figure was.

Jumps come as a Poisson process. Its rate, one a draw of what is not known, is gamma distributed where it is known from
so many years of one bank, so the chance of a jump within h years is 1 − (n/(n + h))^(n·rate).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isinf
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month, is_threshold
from mobank.base.streams import Streams
from mobank.model.grammar import Model
from mobank.scenario.scenario import Breaks, Figure, Reporting, Scenario

HORIZONS = (1, 3, 5)  # years for which the chance of a jump is reported


@dataclass(frozen=True)
class Rounding:
    """The steps in which a measure is printed, as its last figure shows them.

    Parameters
    ----------
    step : persons between two figures that can be printed. at : one of them.
    over : True if a figure names what has been passed ("超"), False if the nearest step is printed.
    stale_share : chance of a month that such a figure is one step behind.
    """

    step: float = 1.0
    at: float = 0.0
    over: bool = False
    stale_share: float = 0.0

    @classmethod
    def of(cls, figure: Figure | None) -> Self:
        """Return the steps of a figure; whole persons where there is none."""
        if figure is None:
            return cls()
        span, over = figure.interval, is_threshold(figure.text)
        at = span.low if over else span.middle
        return cls(span.high - span.low, at, over, span.stale_share if over else 0.0)

    def print(self, values: Floats, behind: Floats) -> Floats:
        """Return values as they are printed, their shape; `behind` are uniforms that say which are stale."""
        steps = (values - self.at) / self.step
        whole = np.floor(steps) - (behind < self.stale_share) if self.over else np.floor(steps + 0.5)
        return np.asarray(np.maximum(np.rint(self.at + self.step * whole), 0.0))


@dataclass(frozen=True)
class Printing:
    """How one measure gets into print from a start on."""

    measure: str
    start: Month
    breaks: Breaks
    rounding: Rounding

    @classmethod
    def of(cls, model: Model, scenario: Scenario, measure: str) -> Self:
        """Return how a measure of the model's start gets into print, by its last figure up to the start."""
        breaks = breaks_of(model, scenario.reporting)[measure]
        known = [f for f in scenario.reported if f.of == measure and f.month <= scenario.start]
        last = max(known, key=lambda figure: figure.month, default=None)
        return cls(measure, scenario.start, breaks, Rounding.of(last))

    def paths(self, counted: Floats, streams: Streams, replicates: Ints, draws: Ints) -> Floats:
        """Return the printed paths of counted ones, (T + 1, R); the start month stays as it is.

        Parameters
        ----------
        replicates : (R,) their numbers in the run. draws : (R,) numbers of their draws of what is not known.
        """
        jumps = self.jumps(len(counted) - 1, streams, replicates, draws)
        months = range(1, len(counted))
        behind = np.ones_like(jumps)
        if self.rounding.stale_share:
            named = f"{self.measure}.printed.stale"
            behind[1:] = [streams.uniform("environment", named, replicates, (self.start + t).ordinal) for t in months]
        printed = self.rounding.print(counted * np.exp(jumps), behind)
        printed[0] = counted[0]
        return printed

    def jumps(self, months: int, streams: Streams, replicates: Ints, draws: Ints) -> Floats:
        """Return the sum of all jumps from the start to each month, log scale, (T + 1, R)."""
        a_year = self._rate(streams, draws)
        out = np.zeros((months + 1, replicates.size))
        still, when, number = np.flatnonzero(a_year > 0), np.zeros(replicates.size), 0
        while still.size:
            gap = -np.log(streams.uniform("environment", f"{self.measure}.printed.gap", replicates[still], number))
            when[still] += 12.0 * gap / a_year[still]
            still = still[when[still] <= months]
            at = np.ceil(when[still]).astype(np.int64)
            out[at, still] += self._sizes(streams, replicates[still], number)
            number += 1
        return np.cumsum(out, axis=0)

    def _rate(self, streams: Streams, draws: Ints) -> Floats:
        """Return jumps a year, (R,)."""
        return rate_quantiles(self.breaks, streams.uniform("parameters", f"{self.measure}.printed.rate", draws))

    def _sizes(self, streams: Streams, replicates: Ints, number: int) -> Floats:
        """Return the size of each replicate's jump of a number, log scale, (R,)."""
        kind, sign = (
            streams.uniform("environment", f"{self.measure}.printed.{what}", replicates, number)
            for what in ("kind", "sign")
        )
        z = streams.normal("environment", f"{self.measure}.printed.size", replicates, number)
        share, mean, sd = np.array(self.breaks.sizes).T
        at = np.minimum(np.searchsorted(np.cumsum(share), kind), share.size - 1)
        return np.asarray(np.where(sign < self.breaks.upward, 1.0, -1.0) * np.abs(mean[at] + sd[at] * z))


def breaks_of(model: Model, reporting: Reporting) -> dict[str, Breaks]:
    """Return what may break in each measure of the model's start that is printed; nothing of a model without one."""
    origin = model.origin
    return {origin.stock: reporting.clean_ups, origin.engaged: reporting.redefinitions} if origin else {}


def rate_quantiles(breaks: Breaks, shares: ArrayLike) -> Floats:
    """Return quantiles of the jumps a year, the shape of shares."""
    from scipy.special import gammaincinv

    mean, years = breaks.a_year, breaks.known_from_years
    if isinf(years) or not mean:
        return np.full(np.shape(shares), mean)
    return np.asarray(gammaincinv(mean * years, shares) / years)


def chance_within(breaks: Breaks, years: float) -> float:
    """Return the chance of a jump within some years."""
    mean, known = breaks.a_year, breaks.known_from_years
    if isinf(known):
        return 1.0 - exp(-mean * years)
    return float(1.0 - (known / (known + years)) ** (mean * known))


def chances(breaks: Breaks, horizons: Sequence[float] = HORIZONS) -> list[float]:
    """Return the chance of a jump within each of some numbers of years."""
    return [chance_within(breaks, years) for years in horizons]
