"""What people see of those whom they know: counts of active contacts, kept up to date by those who move."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats, Ints, Uint32s, Uints
from mobank.fidelity.people import network_kernels
from mobank.fidelity.people.networks import Graph
from mobank.fidelity.people.thread_team import Each

Places = tuple[int, int]  # the id of the first person of a block, and how many of it have a place in the network

NEWS_A_PERSON = 0.5  # room for news at once: two bytes a person
LEAST_NEWS = 1 << 20


@dataclass
class ExposureCounts:
    """How many active contacts people have.

    Parameters
    ----------
    active : (N,) active contacts now.
    was : who of each block, by the id of its first person, was active when last told.
    """

    graph: Graph
    active: NDArray[np.uint8] = field(init=False)
    was: dict[int, Uints] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.active = np.zeros(self.graph.people, np.uint8)

    @property
    def exposures(self) -> Floats:
        """Active share of the contacts: a of d of them in row d·(d + 1)/2 + a; 0 for who knows nobody."""
        most = int(self.graph.degree.max(initial=0))
        d = np.repeat(np.arange(most + 1), np.arange(1, most + 2))
        a = np.arange(d.size) - d * (d + 1) // 2
        return np.asarray(a / np.maximum(d, 1))

    def tell(self, blocks: Sequence[Places], now: Sequence[Uints], each: Each) -> None:
        """Let people hear which of their contacts are active now, as marked in `now`, and were not, or were.

        Nobody else is recounted. `each` does a job for each of some things, in parallel.
        """
        graph, ranges = self.graph, (self.graph.people >> network_kernels.RANGE_BITS) + 1
        table = np.zeros((len(blocks), 2 * ranges), np.int64)
        nothing = np.empty(0, np.uint32)

        def sort(i: int, at: Ints, news: Uint32s) -> None:
            (low, placed), here = blocks[i], now[i]
            was = self.was.get(low)
            network_kernels.sort(
                np.zeros_like(here) if was is None else was,
                here,
                low,
                placed,
                graph.offsets,
                graph.contacts,
                graph.degree,
                at,
                news,
            )

        each(lambda i: sort(i, table[i], nothing), range(len(blocks)))
        for some in _rounds(table.sum(axis=1), max(LEAST_NEWS, int(graph.people * NEWS_A_PERSON))):
            self._pass_on(some, table[some.start : some.stop], sort, each)
        self.was = {first: here for (first, _), here in zip(blocks, now, strict=True)}

    def _pass_on(self, some: range, counts: Ints, sort: Callable[[int, Ints, Uint32s], None], each: Each) -> None:
        """Sort the news of some blocks by ranges, so much for each (blocks, 2 × ranges), and tell it range by range."""
        ends = np.cumsum(counts.T).reshape(counts.T.shape)
        starts = np.ascontiguousarray(ends.T - counts)
        bounds = np.concatenate([[0], ends[:, -1]])
        news = np.empty(int(bounds[-1]), np.uint32)

        def hear(r: int) -> None:
            low, middle, high = bounds[2 * r : 2 * r + 3]
            network_kernels.tell(news, low, middle, high, self.active)

        each(lambda i: sort(i, starts[i - some.start], news), some)
        each(hear, range(counts.shape[1] // 2))


def _rounds(news: Ints, most: int) -> Iterator[range]:
    """Return which blocks tell their news (blocks,) together: at most so much at once, but always a block's."""
    first, so_far = 0, 0
    for i, n in enumerate(news):
        if so_far and so_far + n > most:
            yield range(first, i)
            first, so_far = i, 0
        so_far += int(n)
    if so_far:
        yield range(first, len(news))
