"""Does the fitted model make histories like the one reported? Each figure, each year's change, each active share.

Two questions, two answers. *A year ahead*: given all figures up to a year, where in the model's forecast did the next
one fall? *From the first figure*: where does it fall among histories lived again with the luck of every year new? The
answer is a probability (PIT): 0.5 is the middle, 0.95 says that the model would have said less nineteen times out of
twenty. One PIT says little; that most lie on one side says that the model leans, and to which side. Both answers come
from draws that know all the figures, so they flatter the model a little; a backtest does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.quantities import Month
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import Pathway

Kind = Literal["figure", "change", "share"]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LEAN = 0.1  # chance of so many on one side, if the model leaned to none, below which it is said to lean


@dataclass(frozen=True)
class Check:
    """Where something reported falls in what the model makes of it.

    Parameters
    ----------
    kind : a "figure" (persons), its "change" on the year before (fraction), or the active "share" of the level.
    reported : the middle of what was reported, as the draws that pass through the figures have it.
    expected : quantiles (`QUANTILES`) over histories lived again from the first figure.
    pit : share of those that lie below. ahead : the same a year ahead, None where the year before is not known.
    band : of the region that it is of; "" for the whole bank.
    """

    kind: Kind
    measure: str
    month: Month
    reported: float
    expected: tuple[float, ...]
    pit: float
    ahead: float | None = None
    band: str = ""


def check(history: History, passage: Pathway, lived_again: Floats) -> list[Check]:
    """Return a check of every figure after the first, of its change on the year before, and of each active share.

    Parameters
    ----------
    passage : of draws through the figures. lived_again : of the same draws, (M, 2 G + 1, R).
    """
    ahead = _ahead(history, passage)
    ends, again = passage.marks, lived_again
    found: list[Check] = []
    before = {2 * g + LEVEL: 0 for g in range(len(history.regions))}  # the mark of the last figure of each lane; the
    # level's first is a start
    for y, mark in enumerate(history.marks):
        own = history.own(mark)
        for lane, figure in enumerate(own):
            if figure is None:
                continue
            of, pit = (figure.measure, mark.month, figure.band), ahead[lane, mark.at]
            found.append(_check("figure", of, ends[y, lane], again[y, lane], pit))
            if lane in before:
                last = before[lane]
                change, anew = ends[y, lane] / ends[last, lane] - 1.0, again[y, lane] / again[last, lane] - 1.0
                found.append(_check("change", of, change, anew, pit))
            before[lane] = y
        for g, band in enumerate(history.regions):
            level, active = 2 * g + LEVEL, 2 * g + ACTIVE
            if own[level] and own[active]:
                share, anew = ends[y, active] / ends[y, level], again[y, active] / again[y, level]
                found.append(_check("share", (history.origin.engaged, mark.month, band), share, anew, None))
    return found


@dataclass(frozen=True)
class Lean:
    """To which side forecasts of a measure fell a year ahead.

    Parameters
    ----------
    above : how many figures were above the model's median. of : how many there are.
    mean : of their PITs. chance : of so many or more on one side, if each side were as likely.
    run : how many of the last figures lay on one side in a row, positive if above.
    band : of the region that they are of; "" for the whole bank.
    """

    measure: str
    above: int
    of: int
    mean: float
    chance: float
    run: int
    band: str = ""

    @property
    def side(self) -> Literal["low", "high", ""]:
        """How the model tends to forecast; "" if the figures lie on both sides as luck has it."""
        if self.chance >= LEAN:
            return ""
        return "low" if 2 * self.above > self.of else "high"


def lean(checks: Sequence[Check], measure: str, band: str = "") -> Lean | None:
    """Return to which side the year-ahead forecasts of a measure fell, if there are any."""
    own = [c for c in checks if c.kind == "figure" and (c.measure, c.band) == (measure, band)]
    pits = [c.ahead for c in own if c.ahead is not None]
    if not pits:
        return None
    above = sum(pit > 0.5 for pit in pits)
    most = max(above, len(pits) - above)
    tail = sum(comb(len(pits), k) for k in range(most, len(pits) + 1)) / 2.0 ** len(pits)
    last = pits[-1] > 0.5
    run = next((k for k, pit in enumerate(reversed(pits)) if (pit > 0.5) is not last), len(pits))
    chance = min(1.0, 2.0 * tail)
    return Lean(measure, above, len(pits), float(np.mean(pits)), chance, run if last else -run, band)


# ------------ the parts


def _ahead(history: History, passage: Pathway) -> dict[tuple[int, int], float]:
    """Return where each block's figure fell, by lane and last month, given all before: how probable less was."""
    from scipy.special import ndtr

    pits = ndtr(passage.innovations).mean(axis=-1)
    return {(block.lane, block.last): float(pit) for block, pit in zip(history.blocks, pits, strict=True)}


def _check(kind: Kind, of: tuple[str, Month, str], reported: Floats, again: Floats, ahead: float | None) -> Check:
    measure, month, band = of
    kept = again[np.isfinite(again)]
    middle = float(np.median(reported))
    below = float((kept < middle).mean() + 0.5 * (kept == middle).mean())
    expected = tuple(float(q) for q in np.quantile(kept, QUANTILES))
    return Check(kind, measure, month, middle, expected, below, None if ahead is None else float(ahead), band)
