"""Persons as fractions that follow expectations: quick, and not the mean where people imitate or queue."""

import numpy as np
from numpy.typing import NDArray

from sim import step
from sim.contacts import exposure_of
from sim.schedule import Schedule
from sim.spec import Model
from sim.streams import Streams
from sim.trajectory import Trajectory

Floats = NDArray[np.float64]


def run(model: Model, schedule: Schedule, start: Floats, mixing: Floats, streams: Streams) -> Trajectory:
    """Return the trajectory of a block of draws; `start` (K, S, R) persons, `streams` is not used: nothing is drawn.

    The parameters, shocks and dates of each draw are kept, so the spread over draws is that of all layers of
    chance but who moves, which at a bank's size is the least of them.
    """
    months = len(schedule.months)
    occupancy = start.astype(np.float64)
    people = np.empty((months + 1, *occupancy.shape))
    moved = np.zeros((months, len(model.flows), *occupancy.shape[1:]))
    people[0] = occupancy
    chances = step.Chances(model, *occupancy.shape[1:])

    for t in range(months):
        values = schedule.at(t + 1, occupancy)
        exposure = exposure_of(model, mixing, occupancy)
        step.expected_month(chances, occupancy, values, exposure, moved[t])
        step.apply(model, occupancy, moved[t])
        people[t + 1] = occupancy

    step.check_books(model, people, moved)
    return Trajectory(model, people, moved, schedule.spent)
