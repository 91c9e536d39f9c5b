"""Who knows whom, person by person: a network built from its description, compact, seeded, in parallel.

People are numbered by segment. A person's contacts stand side by side in one array of ids, so a hundred million
people with eight contacts each take less than 6 GB.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobank.base import kernels
from mobank.base.arrays import Floats, Ints
from mobank.fidelity.people import graph_kernels
from mobank.fidelity.people.thread_team import Each
from mobank.scenario.scenario import MOST_CONTACTS, Network

PIECE = 1 << 20  # people whom one thread ties at a time
PART = 1 << 14  # people of a part of a ring: so many counts of contacts fit in the cache nearest to a processor
MILLION = 1_000_000


@dataclass(frozen=True)
class Graph:
    """A network: contacts of person i are ``contacts[offsets[i] : offsets[i] + degree[i]]``.

    Parameters
    ----------
    starts : (S + 1,) id of the first person of each segment, and the number of people.
    communities : how many there are; 1 where people do not live in communities.
    """

    starts: Ints
    offsets: Ints
    contacts: NDArray[np.uint32]
    degree: NDArray[np.uint8]
    communities: int

    @property
    def people(self) -> int:
        """How many have a place in it."""
        return int(self.starts[-1])

    def community(self, ids: NDArray[Any]) -> Ints:
        """Return the community of people, by id."""
        ids = np.asarray(ids, np.int64)
        s = np.searchsorted(self.starts, ids, side="right") - 1
        sizes = np.diff(self.starts)
        return (ids - self.starts[s]) * self.communities // np.maximum(sizes[s], 1)


def bytes_needed(network: Network, people: int) -> int:
    """Return what a network of so many people takes, and their counts of active contacts."""
    return people * (4 * _room(network) + 8 + 1 + 1 + 2)  # ids, where they begin, how many, how many active, news


def build(network: Network, sizes: Ints, key: np.uint64, each: Each) -> Graph:
    """Return a network of (S,) people in each segment; `key` is its luck, `each` runs a job for each of some things."""
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    people = int(starts[-1])
    classes = _hands(network, starts) if network.kind == "scale_free" else None
    if classes is None:
        offsets = np.arange(people + 1, dtype=np.int64) * _room(network, people)
    else:
        offsets = np.concatenate([[0], np.cumsum(np.repeat(classes[:, 2], classes[:, 1]))]).astype(np.int64)
    homes = max(1, round(people / network.community)) if network.kind == "communities" else 1
    graph = Graph(starts, offsets, np.empty(int(offsets[-1]), np.uint32), np.zeros(people, np.uint8), homes)
    pieces = [(low, min(low + PIECE, people)) for low in range(0, people, PIECE)]
    if network.kind == "everybody":
        each(lambda p: graph_kernels.everybody(p[0], p[1], people, offsets, graph.contacts, graph.degree), pieces)
    elif classes is not None:
        each(
            lambda p: graph_kernels.join_hands(p[0], p[1], classes, key, offsets, graph.contacts, graph.degree), pieces
        )
    elif people:
        _tie(network, graph, key, each, pieces)
    return graph


def _tie(network: Network, graph: Graph, key: np.uint64, each: Each, pieces: Sequence[tuple[int, int]]) -> None:
    """Tie near ones, then those of the own segment, then anybody."""
    offsets, contacts, degree = graph.offsets, graph.contacts, graph.degree
    near, own, far = _ties(network)

    def pair(first: int, size: int, share: int, luck: np.uint64) -> None:
        among = size * share // MILLION
        each(lambda p: graph_kernels.pair(p[0], p[1], first, size, among, luck, offsets, contacts, degree), pieces)

    def gather(together: int, share: int, luck: np.uint64) -> None:
        each(
            lambda c: graph_kernels.gather(
                c[0], c[1], together, starts, ranks, network.household, share, luck, offsets, contacts, degree
            ),
            homes,
        )

    if network.kind == "small_world":
        reach, luck = ceil(near / 2), salted(key, 1)
        last = round((near / 2 - reach + 1) * MILLION)
        ranks, starts = _members(graph.starts, max(1, graph.people // PART))
        begins = np.concatenate([[0], np.cumsum(ranks[:, -1])])
        each(
            lambda c: graph_kernels.ring(
                c[0], c[1], begins, starts, ranks, reach, last, luck, offsets, contacts, degree
            ),
            _some(ranks.shape[0]),
        )
    else:
        ranks, starts = _members(graph.starts, graph.communities)
        homes = _some(graph.communities)
        gather(1, 0, salted(key, 10))
        for i, share in enumerate(_layers(near), start=11):
            gather(0, share, salted(key, i))
    for i, share in enumerate(_layers(own)):
        for s, (first, size) in enumerate(zip(graph.starts[:-1], np.diff(graph.starts), strict=True)):
            pair(int(first), int(size), share, salted(key, 1000 + 1000 * i + s))
    for i, share in enumerate(_layers(far)):
        pair(0, graph.people, share, salted(key, 500 + i))


def salted(key: np.uint64, salt: int) -> np.uint64:
    """Return a key for one of several uses of a key."""
    out = np.empty((1, 1), np.uint64)
    kernels.pair_keys(np.array([key], np.uint64), np.array([salt], np.uint64) * kernels.GAMMA, out)
    return np.uint64(out[0, 0])


def _ties(network: Network) -> tuple[float, float, float]:
    """Return ties of a person outside the household: near ones, of the own segment, anywhere."""
    free = network.contacts - (network.household - 1)
    own, far = free * network.homophily, free * network.far
    return free - own - far, own, far


def _layers(ties: float) -> Iterator[int]:
    """Return how many in a million get each tie: all of them for whole ties, and some for the rest."""
    whole, rest = divmod(round(ties * MILLION), MILLION)
    yield from [MILLION] * whole
    if rest:
        yield rest


def _room(network: Network, people: int = 0) -> int:
    """Return how many contacts a person may have."""
    if network.kind == "everybody":
        return max(people - 1, 0)
    if network.kind == "scale_free":
        return ceil(network.contacts)
    near, own, far = _ties(network)
    beside = 2 * ceil(near / 2) if network.kind == "small_world" else ceil(near)
    return network.household - 1 + beside + ceil(own) + ceil(far)


def _some(parts: int) -> list[tuple[int, int]]:
    """Return how parts are handed out: from, up to."""
    step = max(1, parts // 64)
    return [(c, min(c + step, parts)) for c in range(0, parts, step)]


def _members(firsts: Ints, parts: int) -> tuple[Ints, Ints]:
    """Return how many of each part stand in the segments before (C, S + 1), and where its members begin (C, S).

    People are in one of `parts` by their id, of every segment as many in each; `firsts` as `Graph.starts`.
    """
    sizes = np.diff(firsts)
    c = np.arange(parts + 1, dtype=np.int64)[:, None]
    begins = -(-c * sizes // parts)  # ceil: the first whose part is c
    ranks = np.zeros((parts, sizes.size + 1), np.int64)
    np.cumsum(np.diff(begins, axis=0), axis=1, out=ranks[:, 1:])
    return ranks, np.ascontiguousarray(begins[:-1] + firsts[:-1])


def power_law(mean: float, exponent: float) -> Floats:
    """Return the shares of people with 1, 2, … contacts: (d + shift)^(−exponent), the shift giving the mean."""
    d = np.arange(1.0, MOST_CONTACTS + 1)
    low, high = -1.0 + 1e-9, 1e4
    for _ in range(200):
        shift = (low + high) / 2
        shares = (d + shift) ** -exponent
        shares /= shares.sum()
        low, high = (shift, high) if (shares * d).sum() < mean else (low, shift)
    return np.asarray(shares)


def _hands(network: Network, starts: Ints) -> Ints:
    """Return classes of people with as many hands: id of the first, people, hands of each, hands before, (C, 4)."""
    cumulative = np.cumsum(power_law(network.contacts, network.exponent))
    rows: list[tuple[int, int, int, int]] = []
    hands = 0
    for first, size in zip(starts[:-1], np.diff(starts), strict=True):
        upto = np.rint(cumulative / cumulative[-1] * size).astype(np.int64)
        for d, (a, b) in enumerate(zip(np.concatenate([[0], upto[:-1]]), upto, strict=True), start=1):
            if b > a:
                rows.append((int(first + a), int(b - a), d, hands))
                hands += int(b - a) * d
    return np.array(rows, np.int64).reshape(-1, 4)
