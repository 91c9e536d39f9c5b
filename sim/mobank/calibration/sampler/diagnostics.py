"""Has the sampler found the posterior? R̂ over ensembles, what each is worth, and whether all have stopped moving.

The walkers of one ensemble lean on one another, so an ensemble counts as one chain for R̂; its effective draws are
those of its walkers' paths. Both by arviz-stats, after Vehtari et al. (2021), "Rank-normalization, folding, and
localization: an improved R̂ for assessing convergence of MCMC".
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.machine import cores
from mobank.base.streams import Streams

MOST_R_HAT = 1.01
LEAST_EFFECTIVE = 400.0  # of each ensemble
MOST_TREND = 0.15  # posterior standard deviations


@dataclass(frozen=True)
class Diagnosis:
    """How well one coordinate was sampled.

    Parameters
    ----------
    r_hat : rank-normalised split R̂ over the ensembles.
    effective : draws that the least effective ensemble is worth, the smaller of bulk and tail.
    trend : mean of the later half of the steps less that of the earlier, all ensembles together, in posterior standard
        deviations. Ensembles that are on their way from the priors together look alike: R̂ does not see it.
    """

    name: str
    r_hat: float
    effective: float
    trend: float

    @property
    def sound(self) -> bool:
        """True if it meets all limits."""
        settled = abs(self.trend) <= MOST_TREND
        return self.r_hat <= MOST_R_HAT and self.effective >= LEAST_EFFECTIVE and settled


def diagnose(chains: Floats, names: Sequence[str]) -> list[Diagnosis]:
    """Return a diagnosis for each coordinate.

    Parameters
    ----------
    chains : (E, T, W, D): ensembles, kept steps, walkers, coordinates.
    names : of the coordinates, (D,).
    """
    by_name = np.ascontiguousarray(np.moveaxis(chains, -1, 0))
    with ThreadPoolExecutor(cores()) as pool:  # sorting and transforms let other threads run
        return list(pool.map(_diagnosis, names, by_name))


def _diagnosis(name: str, chains: Floats) -> Diagnosis:
    """Return the diagnosis of one coordinate, chains (E, T, W)."""
    stats: Any = import_module("arviz_stats.base").array_stats  # has no types

    together = chains.reshape(chains.shape[0], -1)  # by time, so that halves are early and late
    bulk = [float(stats.ess(paths.T, method="bulk")) for paths in chains]
    tail = [float(stats.ess(paths.T, method="tail", prob=(0.05, 0.95))) for paths in chains]
    late = chains.shape[1] // 2
    trend = (chains[:, late:].mean() - chains[:, :late].mean()) / chains.std()
    return Diagnosis(name, float(stats.rhat(together)), min(*bulk, *tail), float(trend))


def effective_of(weights: Floats) -> float:
    """Return how many independent draws weighted ones, (R,), are worth: (Σw)² / Σw² (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def resampled(weights: Floats, rows: int, streams: Streams, item: str) -> NDArray[np.intp]:
    """Return the numbers of `rows` draws that stand for weighted ones (systematic resampling; Kitagawa 1996)."""
    u = (np.arange(rows) + streams.uniform("parameters", item, np.arange(1))) / rows
    return np.minimum(np.searchsorted(np.cumsum(weights), u), weights.size - 1)
