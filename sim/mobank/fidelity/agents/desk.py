"""Who moves in a month, who asks where places are counted, and who of them is served."""

from collections.abc import Sequence

import numpy as np

from mobank.base.arrays import Floats, Ints, Rows, Uints
from mobank.base.streams import Streams
from mobank.dynamics.month import TINY, UNLIMITED, Chances
from mobank.dynamics.schedule import Schedule
from mobank.fidelity.agents.codes import Codes
from mobank.fidelity.people import Met, Population, cuts_of

WHO = "who moves"  # the item of the one draw that decides which of competing flows takes a person


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
        found = self.people[r].advance(
            left, cuts_of(cumulative), self.codes.entered(exits, asking), self.keys[r], depth, met
        )
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
