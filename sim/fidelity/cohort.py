"""Whole persons at real size, by counts: exact in law, all replicates of a block at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim import kernels, step
from sim.contacts import exposure_of
from sim.schedule import Schedule
from sim.spec import Model
from sim.streams import Streams
from sim.trajectory import Trajectory

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.intp]


def run(model: Model, schedule: Schedule, start: Ints, mixing: Floats, streams: Streams) -> Trajectory:
    """Return the trajectory of a block of replicates.

    Parameters
    ----------
    start : (K, S, R) persons in each state at the end of the start month.
    mixing : (S, S) row-stochastic, who meets whom.

    References
    ----------
    The law is the discrete-time multi-state model with competing risks; counts are multinomial given the month's
    start (e.g. Bretó and Ionides 2011 on such Markov counting systems).
    """
    months, flows = len(schedule.months), [f.name for f in model.flows]
    occupancy = start.astype(np.int64)
    people = np.empty((months + 1, *occupancy.shape), np.int64)
    moved = np.zeros((months, len(flows), *occupancy.shape[1:]), np.int64)
    people[0] = occupancy
    chances = step.Chances(model, *occupancy.shape[1:])
    who = streams.who("moves", schedule.replicates)
    carried = np.zeros((len(model.intakes), *occupancy.shape[1:]))
    spare = {name: np.zeros(occupancy.shape[2]) for name in model.rationed}

    for t, month in enumerate(schedule.months):
        values = schedule.at(t + 1, occupancy)
        odds = chances.update(values, exposure_of(model, mixing, occupancy))
        lots = streams.lots("moves", flows, month.ordinal, schedule.segments)
        moves = moved[t]
        kernels.compete(occupancy, odds, model.leaves, lots, who, moves)
        desk = Desk(model, streams, month.ordinal, schedule)
        places = {name: step.whole(values.value[model.resource[name].capacity][0], spare[name]) for name in spare}
        step.ration(chances, moves, places, desk.wait, desk.serve)
        moves[list(model.intakes)] = step.whole(step.intake(model, values, step.add_up(occupancy)), carried)
        step.apply(model, occupancy, moves)
        people[t + 1] = occupancy

    step.check_books(model, people, moved)
    return Trajectory(model, people, moved, schedule.spent)


class Desk:
    """Who is served when places are short: keyed draws, made only for the replicates concerned."""

    def __init__(self, model: Model, streams: Streams, month: int, schedule: Schedule) -> None:
        self.model, self.streams, self.month, self.schedule = model, streams, month, schedule

    def wait(self, asked: int, other: int, askers: Ints, chance: Floats, rows: Rows) -> Ints:
        """Draw how many of the askers leave by the other flow while they wait, (S, B)."""
        flows = self.model.flows
        item = f"{flows[other].name} while waiting for {flows[asked].name}"
        keys = self._keys(item, rows, self.schedule.segments)
        gone = np.empty(askers.shape, np.int64)
        kernels.binomials(askers.ravel(), chance.ravel(), keys.T.ravel(), gone.ravel())
        return gone

    def serve(self, resource: str, askers: Ints, places: Ints, rows: Rows) -> Ints:
        """Draw who gets the places, by sequential hypergeometric draws over the groups, (groups, B)."""
        asked = [self.model.flows[f].name for f in self.model.rationed[resource]]
        groups = [f"{flow} of {segment}" for flow in asked for segment in self.schedule.segments]
        keys = self._keys(f"served by {resource}", rows, groups)
        served = np.zeros_like(askers)
        others, free = askers.sum(axis=0), np.minimum(places, askers.sum(axis=0))
        for i, group in enumerate(askers):
            others = others - group
            kernels.hypergeometrics(group, others, free, np.ascontiguousarray(keys[:, i]), served[i])
            free = free - served[i]
        return served

    def _keys(self, item: str, rows: Rows, groups: Sequence[str]) -> NDArray[np.uint64]:
        return self.streams.table("moves", [item], self.schedule.replicates[rows], self.month, groups)
