"""Whole persons at real size, by counts: exact in law, all replicates of a block at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mobank.base import kernels
from mobank.base.arrays import Floats, Ints, Rows
from mobank.base.streams import Streams
from mobank.dynamics.contacts import exposure_of
from mobank.dynamics.ledger import Ledger
from mobank.dynamics.month import Chances, intake, ration, whole
from mobank.dynamics.schedule import Schedule
from mobank.dynamics.trajectory import Trajectory
from mobank.model.grammar import Model


def run(
    model: Model, schedule: Schedule, start: Ints, mixing: Floats, streams: Streams, by_segment: bool = True
) -> Trajectory:
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
    flows, occupancy = [f.name for f in model.flows], start.astype(np.int64)
    ledger = Ledger(model, occupancy, len(schedule.months), by_segment)
    chances = Chances(model, *occupancy.shape[1:])
    who = streams.who("moves", schedule.replicates)
    carried = np.zeros((len(model.intakes), *occupancy.shape[1:]))
    spare = {name: np.zeros(occupancy.shape[2]) for name in model.rationed}

    for t, month in enumerate(schedule.months):
        values = schedule.at(t + 1, occupancy)
        odds = chances.update(values, exposure_of(model, mixing, occupancy, ledger.customers))
        lots = streams.lots("moves", flows, month.ordinal, schedule.segments)
        moves = ledger.blank(t)
        kernels.compete(occupancy, odds, model.leaves, lots, who, moves)
        desk = CohortDesk(model, streams, month.ordinal, schedule)
        places = {name: whole(values.capacity(model, name, left.size), left) for name, left in spare.items()}
        ration(chances, moves, places, desk.wait, desk.serve)
        moves[list(model.intakes)] = whole(intake(model, values, ledger.customers), carried)
        ledger.enter(t, moves)

    return ledger.close(schedule.spent)


class CohortDesk:
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
        askers = np.ascontiguousarray(askers)
        served = np.zeros(askers.shape, np.int64)
        others, free = askers.sum(axis=0), np.minimum(places, askers.sum(axis=0))
        for i, group in enumerate(askers):
            others = others - group
            kernels.hypergeometrics(group, others, free, np.ascontiguousarray(keys[:, i]), served[i])
            free = free - served[i]
        return served

    def _keys(self, item: str, rows: Rows, groups: Sequence[str]) -> NDArray[np.uint64]:
        return self.streams.table("moves", [item], self.schedule.replicates[rows], self.month, groups)
