"""What becomes of a forecast by today's definition when it is printed, by the law that runs have."""

from collections.abc import Callable, Mapping

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.backtest.full.jobs import ACTIVE, LEVEL
from mobank.dynamics.printed import Printing, Rounding
from mobank.scenario.scenario import Breaks, Reporting

Printed = Callable[[Floats, float], Floats]  # draws of a log figure (N,) and years ahead, to the log figure as printed

COPIES = 8  # of each draw, so that what is rare is there often enough
START = Month.of(2000, 1)  # jumps depend on how many months ahead, and not on which


def printed_laws(seed: int) -> Mapping[str, Printed]:
    """Return the law of each side; figures are not rounded, for each is scored at the middle of its range."""
    reporting, streams = Reporting(), Streams(seed)
    return {
        ACTIVE: lambda draws, years: _moved(draws, years, ACTIVE, reporting.redefinitions, streams),
        LEVEL: lambda draws, years: _moved(draws, years, LEVEL, reporting.clean_ups, streams),
    }


def _moved(draws: Floats, years: float, side: str, breaks: Breaks, streams: Streams) -> Floats:
    """Return draws, each copied, with the jumps of some years added, (COPIES × N,)."""
    numbers = np.arange(COPIES * draws.size)
    jumps = Printing(side, START, breaks, Rounding()).jumps(round(12 * years), streams, numbers, numbers)
    return np.asarray(np.tile(draws, COPIES) + jumps[-1])
