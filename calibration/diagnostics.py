"""Has the sampler found the posterior? R̂ over independent ensembles, and how many independent draws each is worth.

The walkers of one ensemble lean on one another, so an ensemble counts as one chain for R̂; its effective draws are
those of its walkers' paths. Both by arviz-stats, after Vehtari et al. (2021), "Rank-normalization, folding, and
localization: an improved R̂ for assessing convergence of MCMC".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_R_HAT = 1.01
LEAST_EFFECTIVE = 400.0  # of each ensemble
LEAST_ENSEMBLES = 4


@dataclass(frozen=True)
class Diagnosis:
    """How well one coordinate was sampled.

    Parameters
    ----------
    r_hat : rank-normalised split R̂ over the ensembles.
    effective : draws that the least effective ensemble is worth, the smaller of bulk and tail.
    """

    name: str
    r_hat: float
    effective: float

    @property
    def sound(self) -> bool:
        """True if it meets both limits."""
        return self.r_hat <= MOST_R_HAT and self.effective >= LEAST_EFFECTIVE


def diagnose(chains: Floats, names: Sequence[str]) -> list[Diagnosis]:
    """Return a diagnosis for each coordinate.

    Parameters
    ----------
    chains : (E, T, W, D): ensembles, kept steps, walkers, coordinates.
    names : of the coordinates, (D,).
    """
    stats: Any = import_module("arviz_stats.base").array_stats  # has no types

    ensembles, steps, walkers, _ = chains.shape
    together = chains.reshape(ensembles, steps * walkers, -1)  # by time, so that halves are early and late
    found = []
    for d, name in enumerate(names):
        r_hat = float(stats.rhat(together[:, :, d]))
        paths = [chains[e, :, :, d].T for e in range(ensembles)]
        bulk = [float(stats.ess(path, method="bulk")) for path in paths]
        tail = [float(stats.ess(path, method="tail", prob=(0.05, 0.95))) for path in paths]
        found.append(Diagnosis(name, r_hat, min(*bulk, *tail)))
    return found


def effective_of(weights: Floats) -> float:
    """Return how many independent draws weighted ones, (R,), are worth: (Σw)² / Σw² (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())
