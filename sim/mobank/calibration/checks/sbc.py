"""Simulation-based calibration: are the draws right, whatever the truth?

A truth is drawn from the priors, lives the target's years with luck of its own, and reports figures as the bank does,
in intervals of the same width. The fit to those figures must put the truth anywhere in its draws, as often low as high:
its rank is uniform (Talts et al. 2018, "Validating Bayesian inference algorithms with simulation-based calibration").
A likelihood with a wrong slope, a shock counted twice or a prior read wrongly shows as ranks that crowd.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.machine import ONE_THREAD
from mobank.base.quantities import Interval
from mobank.base.streams import Streams
from mobank.calibration.fitting import weigh
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.simulate_history import Unbound, prior_draws
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.sampler.diagnostics import effective_of
from mobank.calibration.targets import Target
from mobank.model.grammar import Model
from mobank.scenario.scenario import Figure

ALPHA = 0.01  # false alarms of a right program, over all parameters together
BAND = 0.05  # of the ranks, at each end


@dataclass(frozen=True)
class Ranks:
    """Where the truths lay.

    Parameters
    ----------
    names : of the unknowns, (P,). ranks : (F, P) share of a fit's draws below its truth.
    effective : (F,) how many independent draws each fit was worth.
    """

    names: tuple[str, ...]
    ranks: Floats
    effective: Floats

    @property
    def p_values(self) -> Floats:
        """Of uniform ranks, (P,), by Kolmogorov and Smirnov."""
        from scipy import stats

        return np.array([stats.kstest(column, "uniform").pvalue for column in self.ranks.T])

    @property
    def threshold(self) -> float:
        """The smallest p value must be above this."""
        return ALPHA / len(self.names)

    @property
    def sound(self) -> bool:
        """True if no parameter's ranks crowd."""
        return bool(self.p_values.min() > self.threshold)


def ranks(
    target: Target,
    model: Model,
    fits: int,
    draws: int,
    seed: int = 1,
    workers: int = 1,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Ranks:
    """Return the ranks of truths in fits to what they report, by weighted draws from the priors.

    Parameters
    ----------
    draws : from the priors, of each fit. workers : processes; the ranks do not depend on them.
    told : is told (fits done, fits in all).
    """
    history = History(model, target.scenario)
    truths = possible_truths(history, fits, seed)
    jobs = [(target, model, truths[:, k], draws, seed + 1 + k) for k in range(fits)]
    found = []
    for rank in _in_turn(jobs, workers):
        found.append(rank)
        told(len(found), fits)
    return Ranks(
        tuple(history.priors), np.stack([r for r, _ in found]), np.array([effective for _, effective in found])
    )


Job = tuple[Target, Model, Floats, int, int]


def _in_turn(jobs: Sequence[Job], workers: int) -> Iterator[tuple[Floats, float]]:
    if workers == 1:
        yield from map(_rank, jobs)
        return
    os.environ.update(ONE_THREAD)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_rank, jobs)


def _rank(job: Job) -> tuple[Floats, float]:
    """Return where one truth lay in the fit to what it reports, (P,), and how many draws the fit was worth."""
    target, model, truth, draws, seed = job
    history, free = History(model, target.scenario), Unbound(model, target.scenario)
    reported = tuple(_reported(history, free, truth))
    own = replace(target, apart=(), scenario=replace(target.scenario, reported=reported))
    z, weights = weigh(own, model, seed, draws)
    rows = [history.row[name] for name in history.priors]
    true = np.array([truth[free.row[name]] for name in history.priors])
    return ((z[rows] < true[:, None]) * weights).sum(axis=1) / weights.sum(), effective_of(weights)


def possible_truths(history: History, count: int, seed: int) -> Floats:
    """Return coordinates (D, count) in `Unbound` of draws from the priors that the years do not break."""
    free, streams = Unbound(history.model, history.target), Streams(seed)
    z = prior_draws(free, streams, 2 * count + 20)
    ends = live(free, z).marks
    good = np.flatnonzero(np.isfinite(ends).all(axis=(0, 1)) & (ends[:, LEVEL] > ends[:, ACTIVE]).all(axis=0))
    return z[:, good[:count]]


def _reported(history: History, free: Unbound, truth: Floats) -> list[Figure]:
    """Return what a truth reports: in each month in which the bank did, the interval of the bank's width around it."""
    ends = live(free, truth[:, None]).marks[..., 0]
    first = history.reported(history.origin.stock)[0]
    found = [first, *history.reported(history.origin.total)]
    for y, mark in enumerate(history.marks):
        for row, figure in ((LEVEL, mark.level), (ACTIVE, mark.active)):
            if figure:
                width = figure.interval.high - figure.interval.low
                low = float(np.floor(ends[y, row] / width) * width)
                found.append(replace(figure, interval=Interval(low, low + width, 0.0)))
    return found


def rows(found: Ranks) -> Sequence[tuple[str, float, float, float]]:
    """Return for each unknown the mean rank, the share of ranks in the outer tenth, and the p value."""
    outer = (np.abs(found.ranks - 0.5) > 0.5 - BAND).mean(axis=0)
    return list(
        zip(found.names, found.ranks.mean(axis=0).tolist(), outer.tolist(), found.p_values.tolist(), strict=True)
    )
