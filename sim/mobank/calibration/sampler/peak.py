"""Where the log posterior has its peak, and what shape: a search from the most probable of some prior draws.

With months of exact figures the posterior fills a tiny part of the prior's volume, in dozens of directions, which
walkers are long in finding. Each ensemble has a search of its own, from draws of its own.

The log density is −½|normals|² and slow terms, where the normals make the shocks, the residuals and the unknowns; so
their slopes give its curvature well enough (Gauss and Newton's method, damped after Levenberg 1944 and Marquardt 1963).
Steps of several lengths and dampings are looked at together, since the likelihood costs less the more sets it is given.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.impossible import too_few_possible
from mobank.calibration.likelihood.solve_history import live

LOOKED_AT = 256  # draws from the priors, of which the most probable is where a search begins
ENOUGH, MOST_TRIED = 8, 8192  # draws that pass through the figures, of how many: else priors and figures contradict
FIRST = 0.05  # prior standard deviations: width of the density, before anything is known of it
NEAR = 0.02  # of its width: distance of slopes
DAMPING = (0.0, 0.03, 0.3, 3.0, 30.0, 300.0)  # of the median curvature
LENGTHS = (1.6, 1.0, 0.5, 0.2)  # of the step that the curvature says
MOST_STEPS = 60
ARRIVED = 0.1  # log density that a last step gains


@dataclass(frozen=True)
class Peak:
    """Where a search ended.

    Parameters
    ----------
    at : (D,) coordinates. shape : (D, D), whose product with standard normals is spread as the density is, about.
    """

    at: Floats
    shape: Floats


def prior_draws(history: History, streams: Streams, item: str, numbers: NDArray[np.int64]) -> Floats:
    """Return coordinates of prior draws, (D, R), keyed by the coordinate's name and the draw's number (R,)."""
    return np.stack([streams.normal("parameters", f"{item}.{name}", numbers) for name in history.names])


def log_posterior(history: History, walkers: Floats) -> Floats:
    """Return the log density of walkers (W, D), up to a constant, (W,); −inf where a figure cannot be reached."""
    return _look(history, walkers)[0]


def best_of_prior(history: History, streams: Streams, item: str) -> Floats:
    """Return the most probable of some prior draws, (D,)."""
    best, most, found, refused = np.empty(0), -np.inf, 0, Counter[str]()
    for first in range(0, MOST_TRIED, LOOKED_AT):
        z = prior_draws(history, streams, item, np.arange(first, first + LOOKED_AT))
        pathway = live(history, z)
        log = pathway.log_density - 0.5 * (z**2).sum(axis=0)
        found += int(pathway.possible.sum())
        refused.update(pathway.refused)
        if log.max() > most:
            best, most = z[:, np.argmax(log)], log.max()
        if found >= ENOUGH:
            return best
    raise too_few_possible(history, MOST_TRIED, refused)


def search(history: History, at: Floats) -> Peak:
    """Return where the log density, climbed from `at` (D,), is greatest nearby."""
    shape = FIRST * np.eye(at.size)
    for _ in range(MOST_STEPS):
        log, slope, curvature = _slopes(history, at, shape)
        roots, axes = np.linalg.eigh(curvature)
        along = axes.T @ slope
        damped = roots + np.array(DAMPING)[:, None] * np.median(roots)
        steps = ((along / damped) @ axes.T @ shape.T)[:, None] * np.array(LENGTHS)[:, None]
        steps = steps.reshape(-1, at.size)
        there = log_posterior(history, at + steps)
        best = np.argmax(there)
        gained = there[best] - log
        shape = shape @ (axes / np.sqrt(roots))
        if gained > 0.0:
            at = at + steps[best]
        if gained < ARRIVED:
            break
    return Peak(at, shape)


def _slopes(history: History, at: Floats, shape: Floats) -> tuple[float, Floats, Floats]:
    """Return the log density at a set of parameters, its slopes (D,) and about its curvature (D, D), along `shape`.

    One side alone is looked at where the other is impossible.
    """
    steps = NEAR * shape.T
    log, normals = _look(history, np.concatenate([at[None], at + steps, at - steps]))
    possible = np.isfinite(log)
    log, normals = np.where(possible, log, log[0]), np.where(possible, normals, normals[:, :1])
    (up, down), (above, below) = np.split(log[1:], 2), np.split(normals[:, 1:], 2, axis=1)
    sides = NEAR * np.maximum(possible[1:].reshape(2, -1).sum(axis=0), 1)
    slopes = (above - below) / sides
    return float(log[0]), (up - down) / sides, slopes.T @ slopes + shape.T @ shape


def _look(history: History, walkers: Floats) -> tuple[Floats, Floats]:
    """Return log densities of walkers (W, D), (W,), and what normals make their shocks and residuals, (n, W)."""
    pathway = live(history, np.ascontiguousarray(walkers.T))
    return np.asarray(pathway.log_density - 0.5 * (walkers**2).sum(axis=1)), pathway.normals
