"""A new figure that lies far out: has the bank changed, or has what it counts?

Two things explain a figure: the draws as they run on, or a jump on top of them, such as a redefinition (see
`mobank.dynamics.printed`). By Bayes' theorem, with λ the chance of a jump since the last figure:

    P(jump | figure) = λ·p(figure | jump) / (λ·p(figure | jump) + (1 − λ)·p(figure | none)).

This comes before any refit: draws that are weighed by a figure of another definition learn growth that never was.
"""

from dataclasses import dataclass
from math import log

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.printed import Printing, Rounding, chance_within
from mobank.scenario.scenario import Breaks, Figure

COPIES = 8  # of each forecast, each with jumps of its own: those with one are few
SILVERMAN, NARROWEST = 0.9, 1e-9  # of a kernel's width, and the least of it, log scale
FURTHER = 5.0  # spreads of the forecasts
IN_DOUBT = 0.3  # chance of a jump from which on a person must say what the figure is


@dataclass(frozen=True)
class BreakOdds:
    """How probable it is that a figure counts something else than those before it.

    Parameters
    ----------
    before : chance of a jump since the last figure, before this one was known.
    none, broken : chance of the figure's range among runs without a jump and with one.
    low, median, high : central 90 % of what the runs say will be printed, persons, rounding left out.
    """

    before: float
    none: float
    broken: float
    low: float
    median: float
    high: float

    @property
    def chance(self) -> float:
        """Chance of the figure's range in print, with a jump or without."""
        return self.before * self.broken + (1.0 - self.before) * self.none

    @property
    def after(self) -> float:
        """Chance of a jump now that the figure is known."""
        return self.before * self.broken / self.chance

    @property
    def in_doubt(self) -> bool:
        """True if a person must say whether it is a jump."""
        return self.after > IN_DOUBT

    @property
    def log_score(self) -> float:
        """Log of the chance of the figure's range in print."""
        return log(self.chance)


def break_odds(paths: Floats, last: Month, figure: Figure, breaks: Breaks, streams: Streams) -> BreakOdds:
    """Return the odds of a figure.

    Parameters
    ----------
    paths : (N,) the measure in the figure's month as the draws run on, persons. last : month from which they run.
    """
    numbers = np.arange(COPIES * paths.size)
    jumps = Printing(figure.measure, last, breaks, Rounding()).jumps(figure.month - last, streams, numbers, numbers)
    broken, printed = (jumps != 0).any(axis=0), np.tile(paths, COPIES) * np.exp(jumps[-1])
    before = chance_within(breaks, (figure.month - last) / 12)
    quantiles = (float(q) for q in np.quantile(printed, (0.05, 0.5, 0.95)))
    return BreakOdds(before, share_inside(paths, figure), share_inside(printed[broken], figure), *quantiles)


def share_inside(paths: Floats, figure: Figure) -> float:
    """Return the chance of a figure's range, given forecasts of it (N,) persons: their smoothed distribution.

    On the log scale, by normal kernels of Silverman's width, so that a count of one person has a chance too; one part
    in N + 1 has five times the forecasts' spread, so that no chance is none.
    """
    from scipy.special import ndtr

    if not paths.size:
        return 0.5  # nothing is known
    log, size = np.log(np.maximum(paths, 1.0)), paths.size
    quarter, middle, three = np.quantile(log, (0.25, 0.5, 0.75))
    spread = max(float(log.std()), NARROWEST)
    width = max(SILVERMAN * min(spread, (three - quarter) / 1.34) * size**-0.2, NARROWEST)
    low, high = (np.log(max(bound, 1.0)) for bound in (figure.interval.low, figure.interval.high))

    def inside(centre: Floats, scale: float) -> float:
        ends = np.sort(np.abs(np.stack([(low - centre) / scale, (high - centre) / scale])), axis=0)
        across = (low < centre) & (centre < high)  # differences of tails, where digits are left
        return float(np.mean(np.where(across, 1.0 - ndtr(-ends[0]) - ndtr(-ends[1]), ndtr(-ends[0]) - ndtr(-ends[1]))))

    return (size * inside(log, width) + inside(np.array([middle]), FURTHER * spread)) / (size + 1.0)
