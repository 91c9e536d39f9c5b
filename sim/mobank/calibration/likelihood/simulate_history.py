"""The reported months passed through again without looking at what was reported after the first figure.

What a draw makes of the months by itself, chance and all, is what the figures are held against: in predictive checks
with the posterior's draws, in simulation-based calibration with the prior's.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL, YEAR, ShockBlock, Stretch, stretches
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.law import Law
from mobank.calibration.likelihood.solve_history import Pathway, live


@dataclass(frozen=True)
class Unbound(History):
    """The same months with no figure but the first of the level: chance in every block is a coordinate of the draw.

    Parameters
    ----------
    ahead : months after the last figure that come on top of them; whole years where a calendar year is one block.
    """

    ahead: int = 0

    @cached_property
    def last(self) -> Month:
        """The last month that is simulated."""
        return self._bound.last + self.ahead

    @cached_property
    def law(self) -> Law:
        """The law of the blocks' shocks; a drift is that at the last figure, and fades from there."""
        return replace(super().law, ahead=self.ahead)

    @cached_property
    def _solved(self) -> tuple[list[ShockBlock], list[Stretch]]:
        known = [replace(block, figure=None) for block in self._bound.blocks]
        step = YEAR if self.yearly else 1
        later = [
            ShockBlock(path, after, after + step, region=region)
            for region in range(len(self.regions))
            for path in (LEVEL, ACTIVE)
            for after in range(self._bound.length, self.length, step)
        ]
        return stretches([*known, *later], self.length)

    @cached_property
    def yearly(self) -> bool:
        """True if a calendar year is one block."""
        return self._bound.yearly

    @cached_property
    def _bound(self) -> History:
        return History(self.model, self.target, self.others)


def again(history: History, z: Floats, streams: Streams) -> Floats:
    """Return level and active of each region, and everyone, at each mark, with chance in every block drawn anew.

    The shape is (M, 2 G + 1, R), persons.

    Parameters
    ----------
    z : (D, R) coordinates of draws in `history`; what is known of the months is taken over, chance in them is not.
    """
    free = Unbound(history.model, history.target, history.others)
    replicates = np.arange(z.shape[1])
    rows = [
        streams.normal("environment", f"again.{name}", replicates)
        if name.startswith("innovation.") or name not in history.row
        else z[history.row[name]]
        for name in free.names
    ]
    return live(free, np.stack(rows)).marks


def before(history: History, streams: Streams, draws: int) -> tuple[Unbound, Floats, Pathway]:
    """Return the same months unbound, the coordinates (D, R) of draws from the priors in them, and what they made."""
    free = Unbound(history.model, history.target, history.others)
    z = prior_draws(free, streams, draws)
    return free, z, live(free, z)


def prior_draws(history: History, streams: Streams, draws: int) -> Floats:
    """Return coordinates of draws from the priors, (D, R): standard normals, keyed by the coordinate's name."""
    replicates = np.arange(draws)
    return np.stack([streams.normal("parameters", f"prior.{name}", replicates) for name in history.names])
