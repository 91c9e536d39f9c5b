"""One record per person, up to every customer of a national bank: one draw a person a month.

In law the same as the cohort where everybody meets everybody. On a network each person is exposed to the own contacts:
hazards become a table by segment and by active contacts. Replicates one after another, persons in parallel.
"""

from collections.abc import Sequence

import numpy as np

from mobank.base import kernels
from mobank.base.arrays import Floats, Ints, Rows, Uints
from mobank.base.errors import InputError, Problem
from mobank.base.machine import free
from mobank.base.streams import Streams
from mobank.dynamics.contacts import Contacts, exposure_of
from mobank.dynamics.ledger import Ledger
from mobank.dynamics.month import TINY, UNLIMITED, Chances, Values, intake, ration, whole
from mobank.dynamics.schedule import Schedule
from mobank.dynamics.trajectory import Trajectory
from mobank.fidelity.people import population
from mobank.fidelity.people.exposure_counts import ExposureCounts
from mobank.fidelity.people.networks import Graph, build, bytes_needed, salted
from mobank.fidelity.people.population import Met, Population, cuts_of
from mobank.fidelity.people.thread_team import Each, ThreadTeam
from mobank.model.grammar import EXPOSURE, Model
from mobank.scenario.scenario import Network

WHO = "who moves"  # the item of the one draw that decides which of competing flows takes a person


def run(
    model: Model, schedule: Schedule, start: Ints, mixing: Floats | Contacts, streams: Streams, by_segment: bool = True
) -> Trajectory:
    """Return the trajectory of a block of replicates.

    Parameters
    ----------
    start : (K, S, R) persons in each state at the end of the start month.
    mixing : (S, S) row-stochastic, who meets whom; or that and a network.

    Raises
    ------
    InputError
        If so many people do not fit in memory.
    """
    contacts = mixing if isinstance(mixing, Contacts) else Contacts(mixing)
    occupancy = start.astype(np.int64)
    ledger = Ledger(model, occupancy, len(schedule.months), by_segment)
    carried = np.zeros((len(model.intakes), *occupancy.shape[1:]))
    spare = {name: np.zeros(occupancy.shape[2]) for name in model.rationed}
    codes = Codes(model)
    refuse_too_many(occupancy, codes, contacts.network)

    with population.threads() as team:
        people = [codes.settled(occupancy[:, :, r], team, _graph(contacts, streams, schedule, occupancy, r, team.each))
                  for r in range(occupancy.shape[2])]  # fmt: skip
        exposed = OnNetwork(codes, people) if contacts.network else WellMixed(codes, *occupancy.shape[1:])
        if contacts.witness:
            contacts.witness(0, people)
        for t, month in enumerate(schedule.months):
            values = schedule.at(t + 1, occupancy)
            average = exposure_of(model, contacts.mixing, occupancy, ledger.customers)
            places = {name: whole(values.capacity(model, name, left.size), left) for name, left in spare.items()}
            moves = ledger.blank(t)
            moves[...] = 0
            desk = AgentsDesk(codes, people, streams, month.ordinal, schedule)
            exposed.move(values, average, desk, places, moves)
            if model.intakes:
                come = whole(intake(model, values, ledger.customers), carried)
                codes.admit(people, come)
                moves[list(model.intakes)] = come
            if contacts.network and contacts.network.seeds and contacts.network.seeds.month == month:
                sow(contacts.network, codes, people, streams, schedule, moves)
            for crowd_ in people:
                crowd_.tell(codes.exposed)
            if contacts.witness:
                contacts.witness(t + 1, people)
            ledger.enter(t, moves)

    return ledger.close(schedule.spent)


def _graph(
    contacts: Contacts, streams: Streams, schedule: Schedule, occupancy: Ints, r: int, each: Each
) -> tuple[Graph, np.uint64] | None:
    """Return a replicate's network, and the key of who stands where in it."""
    if contacts.network is None:
        return None
    keys = [streams.keys("environment", item, schedule.replicates[r : r + 1])[0] for item in ("network", "who is who")]
    return build(contacts.network, occupancy[:, :, r].sum(axis=0), keys[0], each), keys[1]


def refuse_too_many(occupancy: Ints, codes: "Codes", network: Network | None) -> None:
    """Refuse a population (K, S, R) that does not fit in memory, before any is taken."""
    bits = codes.depth if codes.asking else codes.plain_depth
    people = int(occupancy.sum())
    needed = people * bits // 8 + (bytes_needed(network, people) if network else 0)
    left = free()
    if left is not None and needed > left:
        found = f"{people:,} people, one record each," + (" who know one another," if network else "")
        allowed = f"need {needed / 2**30:.1f} GiB of memory, and {left / 2**30:.1f} GiB are free"
        hint = "take a smaller bank or fewer contacts" if network else "run the fidelity cohort, which counts them"
        raise InputError([Problem(found, allowed, hint)])


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


class WellMixed:
    """A month in which everybody of a segment has the same exposure: the chances of all replicates at once."""

    def __init__(self, codes: Codes, segments: int, replicates: int) -> None:
        self.codes, self.chances = codes, Chances(codes.model, segments, replicates)

    def move(
        self, values: Values, average: Floats | None, desk: "AgentsDesk", places: dict[str, Ints], moves: Ints
    ) -> None:  # fmt: skip
        """Fill `moves` (F, S, R)."""
        odds = self.chances.update(values, average)
        exits = self.codes.exits
        for r in range(moves.shape[2]):
            desk.draw(r, exits, self.codes.cumulative(exits, odds[:, :, r]), [], places, moves)
        ration(self.chances, moves, places, desk.wait, desk.serve)
        desk.close()


class OnNetwork:
    """A month in which each person has the exposure of the own contacts: chances as a table by active contacts.

    The table's last column is for newcomers, who know nobody by name yet: theirs is the exposure of their segment.
    """

    def __init__(self, codes: Codes, people: Sequence[Population]) -> None:
        self.codes, self.people = codes, people
        self.seen = [crowd_.ties.exposures if crowd_.ties else np.zeros(0) for crowd_ in people]
        self.chances = [Chances(codes.model, c.segments, s.size + 1)
                        for c, s in zip(people, self.seen, strict=True)]  # fmt: skip

    def move(
        self, values: Values, average: Floats | None, desk: "AgentsDesk", places: dict[str, Ints], moves: Ints
    ) -> None:  # fmt: skip
        """Fill `moves` (F, S, R)."""
        apart = [k for k in self.codes.exits if k not in self.codes.by_contacts]
        for r, table in enumerate(self.chances):
            one = {n: v[:, r : r + 1] if v.shape[1] > 1 else v for n, v in values.value.items()}
            seen = np.tile(self.seen[r], (moves.shape[1], 1))
            newcomers = average[:, r : r + 1] if average is not None else np.zeros((moves.shape[1], 1))
            odds = table.update(Values(one, values.changed), np.concatenate([seen, newcomers], axis=1))
            met = [self._met(k, odds, desk.asking(r, places)) for k in self.codes.by_contacts]
            desk.draw(r, apart, self.codes.cumulative(apart, odds[:, :, 0]), met, places, moves)
            desk.table = {}
            only = {name: free_[r : r + 1] for name, free_ in places.items()}
            desk.alone = (r, table)
            ration(table, moves[:, :, r : r + 1], only, desk.wait, desk.serve)
        desk.close()

    def _met(self, state: int, odds: Floats, asking: frozenset[int]) -> Met:
        """Return the exit of a state whose chances (F, S, Q) depend on contacts."""
        flows = self.codes.model.exits[state]
        cumulative = np.zeros((odds.shape[1], odds.shape[2], self.codes.levels))
        for j in range(self.codes.levels):
            if j < len(flows):
                cumulative[:, :, j] = odds[flows[j]]
        cumulative = np.cumsum(cumulative, axis=-1)
        bound = np.minimum(cumulative[:, :, -1].max(axis=1), 1.0 - 2.0**-40)
        shares = cumulative / np.maximum(bound, TINY)[:, None, None]
        return Met(state + 1, self.codes.entered([state], asking)[0], bound, shares)


class AgentsDesk:
    """One month: who moves, who asks at a desk, who of them is served. The books are in flows, the people in codes."""

    def __init__(
        self, codes: Codes, people: Sequence[Population], streams: Streams, month: int, schedule: Schedule
    ) -> None:
        self.codes, self.people, self.model = codes, people, codes.model
        self.streams, self.month, self.schedule = streams, month, schedule
        self.waiting: dict[int, set[int]] = {}  # flow -> replicates in which somebody stands at its desk
        self.keys = self._keys(WHO, np.arange(len(people)))
        self.alone: tuple[int, Chances] | None = None  # the replicate whose chances are a table by contacts
        self.table: dict[int, Floats] = {}

    def asking(self, r: int, places: dict[str, Ints]) -> frozenset[int]:
        """Return the flows whose places are counted in a replicate."""
        rationed = self.model.rationed.items()
        return frozenset(f for name, flows in rationed for f in flows if places[name][r] < UNLIMITED)

    def draw(
        self, r: int, exits: Sequence[int], cumulative: Floats, met: Sequence[Met], places: dict[str, Ints], moves: Ints
    ) -> None:
        """Fill `moves` (F, S, R) of a replicate with who leaves by cumulative chances (S, E, L) or by their contacts.

        Who asks where places are counted waits at the desk.
        """
        asking = self.asking(r, places)
        for f in asking:
            self.waiting.setdefault(f, set()).add(r)
        depth = self.codes.depth if asking else self.codes.plain_depth
        left = np.array([k + 1 for k in exits], np.uint64)
        found = self.people[r].advance(left, cuts_of(cumulative), self.codes.entered(exits, asking), self.keys[r],
                                       depth, met)  # fmt: skip
        for states, moved in zip((exits, [m.code - 1 for m in met]), found, strict=True):
            for e, k in enumerate(states):
                for j, f in enumerate(self.model.exits[k]):
                    moves[f, :, r] = moved[:, e, j]

    def wait(self, asked: int, other: int, askers: Ints, chance: Floats, rows: Rows) -> Ints:
        """Let some of the askers leave by the other flow while they wait; return how many, (S, B)."""
        rows = np.array([self.alone[0]]) if self.alone else rows
        flows = self.model.flows
        keys = self._keys(f"{flows[other].name} while waiting for {flows[asked].name}", rows)
        code, to = self.codes.asking[asked], np.full((1, 1), self.codes.target(other), np.uint64)
        gone = []
        for b, r in enumerate(rows):
            if self.alone and code - 1 >= 0 and self.codes.source(asked) - 1 in self.codes.by_contacts:
                p = self._by_contacts(asked, other)
                bound = np.minimum(p.max(axis=1), 1.0 - 2.0**-40)
                met = Met(code, to[0], bound, (p / np.maximum(bound, TINY)[:, None])[:, :, None])
                none = np.zeros(0, np.uint64), np.zeros((p.shape[0], 0, 1), np.uint64), np.zeros((0, 1), np.uint64)
                gone.append(self.people[r].advance(*none, keys[b], None, [met])[1][:, 0, 0])
            else:
                left = np.array([code], np.uint64)
                gone.append(self.people[r].advance(left, cuts_of(chance[:, b, None, None]), to, keys[b])[0][:, 0, 0])
        return np.stack(gone, axis=1)

    def _by_contacts(self, asked: int, other: int) -> Floats:
        """Return the chance (S, Q) to leave by the other flow for who has left by none of those before it."""
        assert self.alone is not None
        q = self.alone[1].while_waiting(asked)[other]
        left = self.table.get(asked, np.ones(q.shape))
        self.table[asked] = np.maximum(left - q, TINY)
        return np.minimum(q / left, 1.0)

    def serve(self, resource: str, askers: Ints, places: Ints, rows: Rows) -> Ints:
        """Give the places to some of those who wait, each as likely as any other, (flows × S, B); the rest go back."""
        rows = np.array([self.alone[0]]) if self.alone else rows
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


def sow(
    network: Network, codes: Codes, people: Sequence[Population], streams: Streams, schedule: Schedule, moves: Ints
) -> None:
    """Let the bank reach the first people of the network: they take the seeds' flow, on top of the month's moves.

    Fewer are reached where fewer are left; who comes first has a keyed number where the order says no more.
    """
    seeds = network.seeds
    assert seeds is not None
    f = [flow.name for flow in codes.model.flows].index(seeds.flow)
    luck = streams.keys("events", "seeds", schedule.replicates)
    for r, crowd_ in enumerate(people):
        assert crowd_.ties is not None
        graph = crowd_.ties.graph
        segments, positions = crowd_.holders(codes.source(f))
        ids = graph.starts[segments] + positions
        rank = np.argsort(_hashed(ids, luck[r]), kind="stable")
        if seeds.first == "most_connected":
            rank = rank[np.argsort(-graph.degree[ids[rank]].astype(np.int64), kind="stable")]
        elif seeds.first == "communities":
            rank = rank[np.argsort(_hashed(graph.community(ids[rank]), salted(luck[r], 1)), kind="stable")]
        taken = rank[: seeds.people]
        crowd_.give(segments[taken], positions[taken], codes.source(f) ^ codes.target(f))
        moves[f, :, r] += np.bincount(segments[taken], minlength=moves.shape[1])


def _hashed(numbers: Ints, key: np.uint64) -> Uints:
    """Return a keyed number for each number, (n,)."""
    out = np.empty((1, numbers.size), np.uint64)
    kernels.pair_keys(numbers.astype(np.uint64) * kernels.GAMMA, np.array([key], np.uint64), out)
    return np.asarray(out[0])
