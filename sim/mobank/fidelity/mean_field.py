"""Persons as fractions that follow expectations: quick, and not the mean where people imitate or queue."""

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.dynamics.contacts import exposure_of
from mobank.dynamics.ledger import Ledger
from mobank.dynamics.month import Chances, expected_month
from mobank.dynamics.schedule import Schedule
from mobank.dynamics.trajectory import Trajectory
from mobank.model.grammar import Model


def run(
    model: Model, schedule: Schedule, start: Floats, mixing: Floats, streams: Streams, by_segment: bool = True
) -> Trajectory:
    """Return the trajectory of a block of draws; `start` (K, S, R) persons, `streams` is not used: nothing is drawn.

    The parameters, shocks and dates of each draw are kept, so the spread over draws is that of all layers of
    chance but who moves, which at a bank's size is the least of them.
    """
    occupancy = start.astype(np.float64)
    ledger = Ledger(model, occupancy, len(schedule.months), by_segment)
    chances = Chances(model, *occupancy.shape[1:])

    for t in range(len(schedule.months)):
        values = schedule.at(t + 1, occupancy)
        exposure = exposure_of(model, mixing, occupancy, ledger.customers)
        moves = ledger.blank(t)
        expected_month(chances, occupancy, ledger.customers, values, exposure, moves)
        ledger.enter(t, moves)

    return ledger.close(schedule.spent)
