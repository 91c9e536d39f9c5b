"""The first people of a network, whom the bank reaches itself."""

from collections.abc import Sequence

import numpy as np

from mobank.base import kernels
from mobank.base.arrays import Ints, Uints
from mobank.base.streams import Streams
from mobank.dynamics.schedule import Schedule
from mobank.fidelity.agents.codes import Codes
from mobank.fidelity.people import Population, salted
from mobank.scenario.scenario import Network


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
