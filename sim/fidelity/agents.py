"""One record per person, up to every customer of a national bank: one draw a person a month.

In law the same as the cohort where everybody meets everybody; replicates one after another, persons in parallel.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim import crowd, step
from sim.contacts import exposure_of
from sim.crowd import Crowd, Each, cuts_of
from sim.errors import InputError, Problem
from sim.ledger import Ledger
from sim.memory import free
from sim.schedule import Schedule
from sim.spec import Model
from sim.streams import Streams
from sim.trajectory import Trajectory

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Uints = NDArray[np.uint64]
Rows = NDArray[np.intp]

WHO = "who moves"  # the item of the one draw that decides which of competing flows takes a person


def run(
    model: Model, schedule: Schedule, start: Ints, mixing: Floats, streams: Streams, by_segment: bool = True
) -> Trajectory:
    """Return the trajectory of a block of replicates.

    Parameters
    ----------
    start : (K, S, R) persons in each state at the end of the start month.
    mixing : (S, S) row-stochastic, who meets whom.

    Raises
    ------
    InputError
        If so many people do not fit in memory.
    """
    occupancy = start.astype(np.int64)
    ledger = Ledger(model, occupancy, len(schedule.months), by_segment)
    chances = step.Chances(model, *occupancy.shape[1:])
    carried = np.zeros((len(model.intakes), *occupancy.shape[1:]))
    spare = {name: np.zeros(occupancy.shape[2]) for name in model.rationed}
    codes = Codes(model)
    refuse_too_many(occupancy, codes)

    with crowd.threads() as each:
        people = [codes.crowd(occupancy[:, :, r], each) for r in range(occupancy.shape[2])]
        for t, month in enumerate(schedule.months):
            values = schedule.at(t + 1, occupancy)
            odds = chances.update(values, exposure_of(model, mixing, occupancy, ledger.customers))
            places = {name: step.whole(values.capacity(model, name, left.size), left) for name, left in spare.items()}
            moves = ledger.blank(t)
            desk = Desk(codes, people, streams, month.ordinal, schedule)
            desk.draw(odds, {name: free < step.UNLIMITED for name, free in places.items()}, moves)
            step.ration(chances, moves, places, desk.wait, desk.serve)
            desk.close()
            come = step.whole(step.intake(model, values, ledger.customers), carried)
            codes.admit(people, come)
            moves[list(model.intakes)] = come
            ledger.enter(t, moves)

    return ledger.close(schedule.spent)


def refuse_too_many(occupancy: Ints, codes: "Codes") -> None:
    """Refuse a population (K, S, R) that does not fit in memory, before any is taken."""
    bits = codes.depth if codes.model.rationed else codes.plain_depth
    needed, left = int(occupancy.sum()) * bits // 8, free()
    if left is not None and needed > left:
        people = f"{int(occupancy.sum()):,} people, one record each,"
        found = f"need {needed / 2**30:.1f} GiB of memory, and {left / 2**30:.1f} GiB are free"
        raise InputError([Problem(people, found, "run the fidelity cohort, which counts them")])


class Codes:
    """The numbers that stand for states: state k is k + 1; who asks at a desk has a code of its own meanwhile."""

    def __init__(self, model: Model) -> None:
        self.model = model
        states = len(model.states)
        self.asking = {f: states + 1 + i for i, f in enumerate(f for flows in model.rationed.values() for f in flows)}
        self.plain_depth, self.depth = states.bit_length(), (states + len(self.asking)).bit_length()
        self.exits = [k for k, flows in enumerate(model.exits) if flows]
        self.levels = max((len(model.exits[k]) for k in self.exits), default=1)
        self.left = np.array([k + 1 for k in self.exits], np.uint64)

    def target(self, flow: int) -> int:
        """Return the code that a flow enters."""
        return int(self.model.enters[flow]) + 1

    def source(self, flow: int) -> int:
        """Return the code that a flow leaves."""
        return int(self.model.leaves[flow]) + 1

    def entered(self, asking: frozenset[int]) -> Uints:
        """Return the codes entered, (E, L), by exits in order; those of `asking` flows wait at their desk first."""
        out = np.repeat(self.left[:, None], self.levels, axis=1)
        for e, k in enumerate(self.exits):
            for j, f in enumerate(self.model.exits[k]):
                out[e, j] = self.asking[f] if f in asking else self.target(f)
        return out

    def cuts(self, odds: Floats) -> Uints:
        """Return the cumulative chances of exits, (S, E, L), from the chances of flows (F, S)."""
        out = np.zeros((odds.shape[1], len(self.exits), self.levels))
        for e, k in enumerate(self.exits):
            for j, f in enumerate(self.model.exits[k]):
                out[:, e, j] = odds[f]
        return cuts_of(out)

    def crowd(self, occupancy: Ints, each: Each) -> Crowd:
        """Return the people of one replicate, (K, S) in each state, who stand by segment and then by state."""
        people = Crowd(occupancy.shape[1], self.depth, each)
        for s in range(occupancy.shape[1]):
            for k in range(occupancy.shape[0]):
                people.enter(s, k + 1, int(occupancy[k, s]))
        return people

    def admit(self, people: Sequence[Crowd], come: Ints) -> None:
        """Let newcomers in, (intakes, S, R)."""
        for i, f in enumerate(self.model.intakes):
            for s, r in zip(*np.nonzero(come[i]), strict=True):
                people[r].enter(int(s), self.target(f), int(come[i, s, r]))


class Desk:
    """One month: who moves, who asks at a desk, who of them is served. The books are in flows, the people in codes."""

    def __init__(self, codes: Codes, people: Sequence[Crowd], streams: Streams, month: int, schedule: Schedule) -> None:
        self.codes, self.people, self.model = codes, people, codes.model
        self.streams, self.month, self.schedule = streams, month, schedule
        self.waiting: dict[int, set[int]] = {}  # flow -> replicates in which somebody stands at its desk

    def draw(self, odds: Floats, short: dict[str, NDArray[np.bool_]], moves: Ints) -> None:
        """Fill `moves` (F, S, R) with who leaves by the chances (F, S, R); who asks where places are counted waits."""
        keys = self._keys(WHO, np.arange(len(self.people)))
        moves[...] = 0
        for r, crowd_ in enumerate(self.people):
            asking = frozenset(f for name, flows in self.model.rationed.items() for f in flows if short[name][r])
            for f in asking:
                self.waiting.setdefault(f, set()).add(r)
            depth = self.codes.depth if asking else self.codes.plain_depth
            found = crowd_.advance(self.codes.left, self.codes.cuts(odds[:, :, r]), self.codes.entered(asking),
                                   keys[r], depth)  # fmt: skip
            for e, k in enumerate(self.codes.exits):
                for j, f in enumerate(self.model.exits[k]):
                    moves[f, :, r] = found[:, e, j]

    def wait(self, asked: int, other: int, askers: Ints, chance: Floats, rows: Rows) -> Ints:
        """Let some of the askers leave by the other flow while they wait; return how many, (S, B)."""
        flows = self.model.flows
        keys = self._keys(f"{flows[other].name} while waiting for {flows[asked].name}", rows)
        left = np.array([self.codes.asking[asked]], np.uint64)
        to = np.array([[self.codes.target(other)]], np.uint64)
        gone = [self.people[r].advance(left, cuts_of(chance[:, b, None, None]), to, keys[b])
                for b, r in enumerate(rows)]  # fmt: skip
        return np.stack([g[:, 0, 0] for g in gone], axis=1)

    def serve(self, resource: str, askers: Ints, places: Ints, rows: Rows) -> Ints:
        """Give the places to some of those who wait, each as likely as any other, (flows × S, B); the rest go back."""
        flows = self.model.rationed[resource]
        keys = self._keys(f"served by {resource}", rows)
        served = []
        for b, r in enumerate(rows):
            chosen = {self.codes.asking[f]: self.codes.target(f) for f in flows}
            rest = {self.codes.asking[f]: self.codes.source(f) for f in flows}
            served.append(self.people[r].allot(chosen, rest, int(places[b]), keys[b]).ravel())
            for f in flows:
                self.waiting[f].discard(int(r))
        return np.stack(served, axis=1)

    def close(self) -> None:
        """Serve everybody who still waits: where places were not short."""
        for f, replicates in self.waiting.items():
            for r in replicates:
                self.people[r].recode(self.codes.asking[f], self.codes.target(f))

    def _keys(self, item: str, rows: Rows) -> Uints:
        """Return the keys of one item by replicate and segment, (B, S)."""
        schedule = self.schedule
        return self.streams.table("moves", [item], schedule.replicates[rows], self.month, schedule.segments)
