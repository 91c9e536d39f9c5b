"""The small numbers that stand for states in the records of people, and what follows from them for a month."""

from collections.abc import Sequence

import numpy as np

from mobank.base.arrays import Floats, Ints, Rows, Uints
from mobank.fidelity.people import ExposureCounts, Graph, Population, ThreadTeam, salted
from mobank.model.grammar import EXPOSURE, Model


class Codes:
    """The numbers that stand for states: state k is k + 1; who asks at a desk has a code of its own meanwhile."""

    def __init__(self, model: Model) -> None:
        self.model = model
        states = len(model.states)
        self.asking = {f: states + 1 + i for i, f in enumerate(f for flows in model.rationed.values() for f in flows)}
        self.plain_depth, self.depth = states.bit_length(), (states + len(self.asking)).bit_length()
        self.exits = [k for k, flows in enumerate(model.exits) if flows]
        self.levels = max((len(model.exits[k]) for k in self.exits), default=1)
        self.exposed = np.array([k + 1 for k in model.exposed], np.uint64)
        self._flows: dict[tuple[int, ...], Rows] = {}  # of exits, by level
        self._entered: dict[tuple[tuple[int, ...], frozenset[int]], Uints] = {}
        self.by_contacts = [k for k in self.exits if any(EXPOSURE in model.flows[f].reads for f in model.exits[k])]

    def target(self, flow: int) -> int:
        """Return the code that a flow enters."""
        return int(self.model.enters[flow]) + 1

    def source(self, flow: int) -> int:
        """Return the code that a flow leaves."""
        return int(self.model.leaves[flow]) + 1

    def entered(self, exits: Sequence[int], asking: frozenset[int]) -> Uints:
        """Return the codes entered, (E, L), by exits in order; those of `asking` flows wait at their desk first."""
        if (tuple(exits), asking) in self._entered:
            return self._entered[tuple(exits), asking]
        out = np.repeat(np.array([[k + 1] for k in exits], np.uint64).reshape(-1, 1), self.levels, axis=1)
        for e, k in enumerate(exits):
            for j, f in enumerate(self.model.exits[k]):
                out[e, j] = self.asking[f] if f in asking else self.target(f)
        self._entered[tuple(exits), asking] = out
        return out

    def cumulative(self, exits: Sequence[int], odds: Floats) -> Floats:
        """Return the cumulative chances of exits, (S, E, L), from the chances of flows (F, S)."""
        if tuple(exits) not in self._flows:
            none = odds.shape[0]
            rows = [[*self.model.exits[k], *[none] * (self.levels - len(self.model.exits[k]))] for k in exits]
            self._flows[tuple(exits)] = np.array(rows, np.intp).reshape(-1, self.levels)
        padded = np.zeros((odds.shape[0] + 1, odds.shape[1]))
        padded[:-1] = odds
        return np.ascontiguousarray(padded.T[:, self._flows[tuple(exits)]]).cumsum(axis=-1)

    def settled(self, occupancy: Ints, team: ThreadTeam, network: tuple[Graph, np.uint64] | None) -> Population:
        """Return the people of one replicate, (K, S) in each state.

        They stand by segment and then by state; in a network, where it matters who stands where, by segment alone.
        """
        people = Population(occupancy.shape[1], self.depth, team, ExposureCounts(network[0]) if network else None)
        for s in range(occupancy.shape[1]):
            if network:
                states = range(1, occupancy.shape[0] + 1)
                people.settle(s, states, occupancy[:, s], salted(network[1], s))
            else:
                for k in range(occupancy.shape[0]):
                    people.enter(s, k + 1, int(occupancy[k, s]))
        people.tell(self.exposed)
        return people

    def admit(self, people: Sequence[Population], come: Ints) -> None:
        """Let newcomers in, (intakes, S, R)."""
        for i, f in enumerate(self.model.intakes):
            for s, r in zip(*np.nonzero(come[i]), strict=True):
                people[r].enter(int(s), self.target(f), int(come[i, s, r]))
