"""Persons as fractions that follow expectations: quick, and not the mean where people imitate or queue."""

import numpy as np
from numpy.typing import NDArray

from sim import step
from sim.contacts import exposure_of
from sim.ledger import Ledger
from sim.schedule import Schedule
from sim.spec import Model
from sim.streams import Streams
from sim.trajectory import Trajectory

Floats = NDArray[np.float64]


def run(
    model: Model, schedule: Schedule, start: Floats, mixing: Floats, streams: Streams, by_segment: bool = True
) -> Trajectory:
    """Return the trajectory of a block of draws; `start` (K, S, R) persons, `streams` is not used: nothing is drawn.

    The parameters, shocks and dates of each draw are kept, so the spread over draws is that of all layers of
    chance but who moves, which at a bank's size is the least of them.
    """
    occupancy = start.astype(np.float64)
    ledger = Ledger(model, occupancy, len(schedule.months), by_segment)
    chances = step.Chances(model, *occupancy.shape[1:])

    for t in range(len(schedule.months)):
        values = schedule.at(t + 1, occupancy)
        exposure = exposure_of(model, mixing, occupancy, ledger.customers)
        moves = ledger.blank(t)
        step.expected_month(chances, occupancy, ledger.customers, values, exposure, moves)
        ledger.enter(t, moves)

    return ledger.close(schedule.spent)
