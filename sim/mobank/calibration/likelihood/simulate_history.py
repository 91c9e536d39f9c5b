"""The reported years lived again without looking at what was reported after the first figure.

What a draw makes of the years by itself, luck and all, is what the figures are held against: in predictive checks with
the posterior's draws, in simulation-based calibration with the prior's.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History, Year
from mobank.calibration.likelihood.solve_history import Pathway, live

LEVEL, ACTIVE = 0, 1  # the first two of what is lived, in this order


@dataclass(frozen=True)
class Unbound(History):
    """The same years with no figure but the first of the level: every year's luck is a coordinate of the draw."""

    @cached_property
    def years(self) -> list[Year]:
        """The calendar years that are lived."""
        return [Year(year.year, year.months) for year in History(self.model, self.target).years]


def again(history: History, z: Floats, streams: Streams) -> Floats:
    """Return level, active and everyone at each year's end, (Y, 3, R), with the luck of every year drawn anew.

    Parameters
    ----------
    z : (D, R) coordinates of draws in `history`; what is known of the years is taken over, their luck is not.
    """
    free = Unbound(history.model, history.target)
    replicates = np.arange(z.shape[1])
    fresh = {name for name in free.names if name.startswith("innovation.")}
    rows = [
        streams.normal("environment", f"again.{name}", replicates) if name in fresh else z[history.row[name]]
        for name in free.names
    ]
    return live(free, np.stack(rows)).year_ends


def before(history: History, streams: Streams, draws: int) -> tuple[Unbound, Floats, Pathway]:
    """Return the same years unbound, the coordinates (D, R) of draws from the priors in them, and what they lived."""
    free = Unbound(history.model, history.target)
    z = prior_draws(free, streams, draws)
    return free, z, live(free, z)


def prior_draws(history: History, streams: Streams, draws: int) -> Floats:
    """Return coordinates of draws from the priors, (D, R): standard normals, keyed by the coordinate's name."""
    replicates = np.arange(draws)
    return np.stack([streams.normal("parameters", f"prior.{name}", replicates) for name in history.names])
