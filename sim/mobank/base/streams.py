"""Named random streams: the only place where luck is made.

A draw is a function of *names*: seed, layer, item (a flow, a parameter, an event), segment, month, replicate. None
of them is a position in a sequence, so the number of workers, the order of blocks and what else a scenario
contains leave a draw as it was, and two scenarios meet the same luck wherever they share names. Names are digested
and keys mixed, never added: sums of small numbers collide, mixed ones do so with chance 2⁻⁶⁴ a pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

import numpy as np

from mobank.base import kernels
from mobank.base.arrays import Floats, Ints, Uints

Layer = Literal["parameters", "environment", "events", "moves"]
LAYERS: tuple[Layer, ...] = ("parameters", "environment", "events", "moves")
NO_MONTH = -1


@lru_cache(maxsize=4096)
def digest(*names: str | int) -> int:
    """Return 64 bits that stand for a sequence of names, the same on every machine and in every run."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Streams:
    """The luck of one run.

    Parameters
    ----------
    seed : the run's seed; two runs with one seed share all their luck.
    redrawn : seeds by layer that replace the run's, to redraw one layer of chance and keep the others
        (pick-and-freeze; Sobol' 1993).
    lent : by layer, (R,) whose luck each replicate of the run has instead of its own.
    """

    seed: int
    redrawn: Mapping[Layer, int] = field(default_factory=dict)
    lent: Mapping[Layer, Ints] = field(default_factory=dict)

    def who(self, layer: Layer, replicates: Ints) -> Uints:
        """Return the replicates' half of the keys, (R,); `replicates` (R,) are their numbers in the run."""
        root = np.uint64(digest("replicate", layer, self.redrawn.get(layer, self.seed)))
        replicates = self.lent[layer][replicates] if layer in self.lent else replicates
        out = np.empty((replicates.size, 1), np.uint64)
        kernels.pair_keys(np.array([root]), replicates.astype(np.uint64) * kernels.GAMMA, out)
        return out[:, 0]

    def lots(self, layer: Layer, items: Sequence[str], month: int = NO_MONTH, segments: Sequence[str] = ("",)) -> Uints:
        """Return the other half, (len(items), len(segments)): what is drawn, for whom and when."""
        seed = self.redrawn.get(layer, self.seed)
        names = np.array([[digest(layer, seed, item, s) for s in segments] for item in items], np.uint64)
        out = np.empty((1, names.size), np.uint64)
        kernels.pair_keys(names.ravel(), np.array([digest("month", month)], np.uint64), out)
        return out.reshape(names.shape)

    def keys(self, layer: Layer, item: str, replicates: Ints, month: int = NO_MONTH) -> Uints:
        """Return the key of each replicate's draw of one item, (R,)."""
        return self.table(layer, [item], replicates, month)[:, 0]

    def table(
        self,
        layer: Layer,
        items: Sequence[str],
        replicates: Ints,
        month: int = NO_MONTH,
        segments: Sequence[str] = ("",),
    ) -> Uints:
        """Return keys (R, items × segments), the segments of an item side by side."""
        lots = self.lots(layer, items, month, segments).ravel()
        out = np.empty((replicates.size, lots.size), np.uint64)
        kernels.pair_keys(lots, self.who(layer, replicates), out)
        return out

    def uniform(self, layer: Layer, item: str, replicates: Ints, month: int = NO_MONTH) -> Floats:
        """Return one uniform in (0, 1) a replicate, (R,)."""
        out = np.empty(replicates.size)
        kernels.uniforms(np.ascontiguousarray(self.keys(layer, item, replicates, month)), out)
        return out

    def spread(self, method: str, points: int, axes: int) -> Floats:
        """Return points that fill the unit cube evenly, (points, axes): "latin_hypercube" or scrambled "sobol".

        References
        ----------
        Owen, A. B. (1998). Scrambling Sobol' and Niederreiter-Xing points. Journal of Complexity 14, 466-489.
        """
        from scipy.stats import qmc

        maker = {"latin_hypercube": qmc.LatinHypercube, "sobol": qmc.Sobol}[method]
        return np.asarray(maker(axes, rng=digest("design", method, self.seed)).random(points))

    def normal(self, layer: Layer, item: str, replicates: Ints, month: int = NO_MONTH) -> Floats:
        """Return one standard normal a replicate, (R,), by the inverse distribution."""
        from scipy.special import ndtri

        return np.asarray(ndtri(self.uniform(layer, item, replicates, month)))
