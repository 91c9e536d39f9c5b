"""A crowd: one record per person as bit planes, in blocks that threads share, with verbs in terms of codes.

A Crowd is the people of one replicate, sorted by segment. It knows no hazard and no calendar: it is told who may leave
which code with what chance, and says how many did. No result depends on the number of threads.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mobank.base import kernels
from mobank.base.arrays import Floats, Ints, Uints
from mobank.base.machine import cores
from mobank.fidelity.people import bitplanes, graph_kernels, monthly_kernel, network_kernels
from mobank.fidelity.people.exposure_counts import ExposureCounts
from mobank.fidelity.people.thread_team import ThreadTeam, team

BLOCK_GROUPS = 64  # groups of a block, a quarter of a million persons: what one thread does at a time
SPARE = 4  # a new block has room for one in so many of those who are there, if no more come at once
FEW_GROUPS = 64  # a crowd of fewer is done sooner than it is handed out
WHOLE = 2.0**bitplanes.CHANCE_BITS

_workers: ContextVar[int] = ContextVar("workers", default=0)


@contextmanager
def workers(count: int) -> Iterator[None]:
    """Let crowds use so many threads meanwhile; 0 for all there are. No result depends on it."""
    token = _workers.set(count)
    try:
        yield
    finally:
        _workers.reset(token)


@contextmanager
def threads() -> Iterator[ThreadTeam]:
    """Give as many threads as crowds may use."""
    with team(_workers.get() or cores(), monthly_kernel.serve) as them:
        yield them


def cuts_of(cumulative: Floats) -> Uints:
    """Return cumulative chances (..., L) as multiples of 2⁻⁴⁰; certainty becomes 1 − 2⁻⁴⁰."""
    return np.asarray(np.minimum(np.rint(cumulative * WHOLE), WHOLE - 1.0).astype(np.uint64))


@dataclass
class Block:
    """Up to a quarter of a million people of one segment; `first` is the number of its first group in the segment."""

    segment: int
    first: int
    words: Uints
    stride: int
    people: int = 0

    def __post_init__(self) -> None:
        """Look up where the planes are: asking each month takes longer than a small block's people."""
        self.address = self.words.ctypes.data

    @property
    def groups(self) -> int:
        """Groups in use."""
        return -(-self.people // bitplanes.GROUP)

    @property
    def told(self) -> tuple[int, int, int, int, int]:
        """What `monthly_kernel.advance` is told of it."""
        return self.address, self.stride, self.groups, self.first, self.segment

    def at(self, keys: Uints) -> Uints:
        """Return what a kernel is told of it: groups in use, number of the first, key of its segment (S,)."""
        return np.array([self.groups, self.first, keys[self.segment]], np.uint64)


@dataclass(frozen=True)
class Met:
    """An exit whose chances depend on a person's own contacts.

    Parameters
    ----------
    code : that people leave. to : (L,) codes that they enter.
    bound : (S,) the highest chance of leaving. shares : (S, Q, L) cumulative chances divided by it, by rows of
        `Ties.exposures`; the last for people without a place in the network.
    """

    code: int
    to: Uints
    bound: Floats
    shares: Floats


@dataclass
class Population:
    """The people of one replicate.

    Parameters
    ----------
    segments : how many.
    depth : planes in all: codes are below 2 to this power.
    team : goes through the blocks; see `threads`.
    """

    segments: int
    depth: int
    team: ThreadTeam
    ties: ExposureCounts | None = None
    blocks: list[list[Block]] = field(init=False)
    _table: Uints | None = field(init=False, default=None)  # what `monthly_kernel.advance` is told of all blocks

    def __post_init__(self) -> None:
        self.blocks = [[] for _ in range(self.segments)]

    def enter(self, segment: int, code: int, people: int) -> None:
        """Add people of one code to a segment, behind those who are there."""
        self._table, mine = None, self.blocks[segment]
        while people > 0:
            if not mine or mine[-1].people == mine[-1].stride * bitplanes.LANES:
                mine.append(self._block(segment, people))
            block = mine[-1]
            stop = min(block.people + people, block.stride * bitplanes.LANES)
            bitplanes.enter(block.words, block.stride, self.depth, block.people, stop, code)
            people -= stop - block.people
            block.people = stop

    def _block(self, segment: int, people: int) -> Block:
        before = self.blocks[segment]
        first = before[-1].first + before[-1].stride // bitplanes.WORDS if before else 0
        room = sum(b.stride for b in before) // bitplanes.WORDS // SPARE  # else each month's newcomers were a block
        groups = min(max(-(-people // bitplanes.GROUP), room), BLOCK_GROUPS)
        stride = groups * bitplanes.WORDS
        return Block(segment, first, np.zeros(self.depth * stride, np.uint64), stride)

    def settle(self, segment: int, codes: Sequence[int], people: Ints, key: np.uint64) -> None:
        """Put people of some codes (so many of each) into an empty segment in random order."""
        total, upto = int(people.sum()), np.cumsum(people)
        self._table, names = None, np.array(codes, np.uint8)
        while (done := sum(b.people for b in self.blocks[segment])) < total:
            block = self._block(segment, total - done)
            block.people = min(total - done, block.stride * bitplanes.LANES)
            order = np.empty(block.people, np.uint64)
            graph_kernels.permuted(done, total, key, order)
            bitplanes.paint(block.words, block.stride, self.depth, names[np.searchsorted(upto, order, side="right")])
            self.blocks[segment].append(block)

    def advance(
        self, codes: Uints, cuts: Uints, to: Uints, keys: Uints, depth: int | None = None, met: Sequence[Met] = ()
    ) -> tuple[Ints, Ints]:
        """Let people leave codes (E,) by chance `cuts` (S, E, L) to codes (E, L); return how many, (S, E, L).

        `keys` (S,) is the luck; `depth` the planes that may be in use, all of them if not given. Those whose chances
        depend on their own contacts are in `met`, and not in `codes`; how many of them, (S, M, L), comes second.
        """
        used = self.depth if depth is None else depth
        blocks = [b for mine in self.blocks for b in mine]
        if self._table is None:
            self._table = np.array([b.told for b in blocks], np.uint64).reshape(-1, 5)
        told = self._table
        moved = np.zeros((self.segments, *to.shape), np.uint64)
        month = used, keys, codes, cuts, to, moved
        if not met:
            movable = np.asarray(cuts[..., -1].any(axis=1))
            table = told if movable.all() else told[movable[told[:, 4].astype(np.intp)]]
            if self._many:
                self.team.wake()
            monthly_kernel.lead(self.team.board, table, *month)
            return moved.view(np.int64), np.zeros((self.segments, 0, to.shape[1]), np.int64)

        def alone(i: int) -> Ints:  # the marks are made before anybody of the block moves
            block, by_contacts = blocks[i], np.zeros((len(met), to.shape[1]), np.int64)
            marks = [self._decide(block, m, used, keys) for m in met]
            monthly_kernel.advance(told[i : i + 1], np.zeros(1, np.uint64), *month)
            for n, (m, mark) in enumerate(zip(met, marks, strict=True)):
                for j in range(to.shape[1]):
                    change = m.code ^ int(m.to[j])
                    if change:
                        by_contacts[n, j] = network_kernels.move_marked(
                            block.words, block.stride, used, block.groups, change, mark, j
                        )
            return by_contacts

        moved_met = np.zeros((self.segments, len(met), to.shape[1]), np.int64)
        for block, by_contacts in zip(blocks, self._each(alone, range(len(blocks))), strict=True):
            moved_met[block.segment] += by_contacts
        return moved.view(np.int64), moved_met

    def _decide(self, block: Block, met: Met, depth: int, keys: Uints) -> Uints:
        """Return who leaves by their contacts, (L × stride,) words."""
        if not self.ties or met.bound[block.segment] <= 0:
            return np.zeros(met.to.size * block.stride, np.uint64)
        marks = np.empty(met.to.size * block.stride, np.uint64)
        low, placed = self._placed(block)
        mine = slice(low, low + placed)
        network_kernels.decide(
            block.words,
            block.stride,
            depth,
            block.at(_keys(keys, met.code)),
            met.code,
            float(met.bound[block.segment]),
            met.shares[block.segment],
            self.ties.graph.degree[mine],
            self.ties.active[mine],
            marks,
        )
        return marks

    def _placed(self, block: Block) -> tuple[int, int]:
        """Return the id of the first person of a block, and how many of it have a place in the network."""
        assert self.ties is not None
        starts = self.ties.graph.starts
        low = int(starts[block.segment]) + block.first * bitplanes.GROUP
        return low, max(0, min(block.people, int(starts[block.segment + 1]) - low))

    def tell(self, codes: Uints) -> None:
        """Let everybody see who among their contacts holds any of some codes now."""
        if self.ties is None:
            return
        blocks = [b for mine in self.blocks for b in mine if self._placed(b)[1]]

        def look(block: Block) -> Uints:
            now = np.empty(block.stride, np.uint64)
            network_kernels.look(block.words, block.stride, self.depth, block.groups, codes, now)
            return now

        self.ties.tell([self._placed(b) for b in blocks], self._each(look, blocks), self._each)

    def holders(self, code: int) -> tuple[Ints, Ints]:
        """Return the segments and positions in them, (n,) each, of all who hold a code and have a place."""
        found: list[tuple[Ints, Ints]] = []
        for mine in self.blocks:
            for b in mine:
                here = np.empty(b.groups * bitplanes.GROUP, np.uint32)
                n = int(bitplanes.ids(b.words, b.stride, self.depth, b.groups, code, 0, here))
                _, placed = self._placed(b)
                at = here[:n][here[:n] < placed].astype(np.int64) + b.first * bitplanes.GROUP
                found.append((np.full(at.size, b.segment), at))
        return (
            (np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found]))
            if found
            else (np.zeros(0, np.int64), np.zeros(0, np.int64))
        )

    def give(self, segments: Ints, positions: Ints, change: int) -> None:
        """Change the code of some people (the one they have ^ the one they get)."""
        for mine in self.blocks:
            for b in mine:
                inside = positions[segments == b.segment] - b.first * bitplanes.GROUP
                inside = inside[(inside >= 0) & (inside < b.people)]
                bitplanes.change_some(b.words, b.stride, self.depth, change, inside.astype(np.uint64))

    def _each(self, job: Callable[[Any], Any], things: Sequence[Any]) -> list[Any]:
        """Do a job for each thing, on several threads where it is worth their while."""
        return self.team.each(job, things) if self._many else list(map(job, things))

    @property
    def _many(self) -> bool:
        """Whether people are so many that helpers are worth their while."""
        return sum(b.groups for mine in self.blocks for b in mine) >= FEW_GROUPS

    def recode(self, code: int, new: int) -> None:
        """Give everybody of a code another one."""
        self.allot({code: new}, {code: new}, None, np.zeros(self.segments, np.uint64))

    def allot(self, chosen: dict[int, int], rest: dict[int, int], places: int | None, keys: Uints) -> Ints:
        """Give `places` people of some codes the code `chosen`, the others `rest`; return how many, (codes, S).

        Every choice of so many people is as likely as any other: hypergeometric over blocks, then person by person.
        `places` None serves all. `keys` (S,) is the luck.
        """
        groups = [(i, code, b) for i, code in enumerate(chosen) for mine in self.blocks for b in mine]

        def askers(group: tuple[int, int, Block]) -> int:
            _, code, b = group
            return int(bitplanes.count(b.words, b.stride, self.depth, b.groups, code))

        asked = np.array(self._each(askers, groups), np.int64)
        served = asked if places is None else _shared(asked, places, groups, keys)

        def serve(job: tuple[tuple[int, int, Block], int, int]) -> None:
            (_, code, b), wanted, among = job
            if among:
                bitplanes.choose(
                    b.words,
                    b.stride,
                    self.depth,
                    b.at(_keys(keys, code)),
                    code,
                    chosen[code],
                    rest[code],
                    wanted,
                    among,
                )

        self._each(serve, list(zip(groups, served, asked, strict=True)))
        out = np.zeros((len(chosen), self.segments), np.int64)
        for (i, _, block), count in zip(groups, served, strict=True):
            out[i, block.segment] += count
        return out


def _keys(keys: Uints, salt: int | Uints) -> Uints:
    """Return new keys from keys (n,) and a number or numbers (n,) that tell uses of one key apart."""
    out = np.empty((1, keys.size), np.uint64)
    kernels.pair_keys(keys ^ (np.asarray(salt, np.uint64) * kernels.GAMMA), np.zeros(1, np.uint64), out)
    return np.asarray(out[0])


def _shared(asked: Ints, places: int, groups: Sequence[tuple[int, int, Block]], keys: Uints) -> Ints:
    """Return how many places each group of askers gets, (groups,), drawn without replacement."""
    served, here = np.zeros(asked.size, np.int64), np.empty(1, np.int64)
    others, free = int(asked.sum()), min(places, int(asked.sum()))
    own = np.array([keys[b.segment] for _, _, b in groups], np.uint64)
    salts = np.array([(b.first << 8) + code + (1 << 40) for _, code, b in groups], np.uint64)
    luck = _keys(own, salts)
    for i in np.flatnonzero(asked):
        others -= int(asked[i])
        kernels.hypergeometrics(asked[i : i + 1], np.array([others]), np.array([free]), luck[i : i + 1], here)
        served[i] = here[0]
        free -= int(here[0])
    return served
