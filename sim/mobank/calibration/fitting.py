"""Fitting a target: the sampler's ensembles on all cores, or weighted draws from the priors."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.base.workers import processes, track_resources
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.impossible import too_few_possible
from mobank.calibration.posterior.posterior import FittedPosterior, lived, posterior_of
from mobank.calibration.sampler.diagnostics import diagnose
from mobank.calibration.sampler.ensembles import FULL, Effort, sample
from mobank.calibration.sampler.peak import prior_draws
from mobank.calibration.targets import Target
from mobank.model.grammar import Model

Told = Callable[[int, int], None]

ROWS = 4000  # draws kept of a fit
PRIOR_DRAWS = 150_000  # of the second engine
POLL_SECONDS = 0.2


def fit(
    target: Target,
    model: Model,
    work: Path,
    seed: int = 1,
    effort: Effort = FULL,
    workers: int = 1,
    rows: int = ROWS,
    told: Told = lambda done, total: None,
) -> FittedPosterior:
    """Return the posterior of a target, by ensembles that are each brought to it from laws that are known.

    Parameters
    ----------
    work : folder of the checkpoints, made if need be; whoever fits the same again goes on from there.
    told : is told (steps done, steps in all), approaching the posterior counted as steps.
    """
    history = target.history(model)
    work.mkdir(parents=True, exist_ok=True)
    chains = _sampled(history, seed, effort, work, workers, told)
    diagnoses = diagnose(chains, history.names)
    every = chains.reshape(-1, len(history.names))  # by ensemble, step, walker
    chosen = thinned(every.shape[0], rows, Streams(seed))
    z = np.ascontiguousarray(every[chosen].T)
    return posterior_of(target, model, z, seed, "emcee", diagnoses=diagnoses)


def weigh(
    target: Target, model: Model, seed: int = 1, draws: int = PRIOR_DRAWS, told: Told = lambda done, total: None
) -> tuple[Floats, Floats]:
    """Return draws from the priors, (D, N), and their weights (N,), which sum to one: the second engine.

    Impossible draws have weight 0.

    Raises
    ------
    RunError
        If all of them are impossible, with the reasons and how often each was met.
    """
    history, streams = target.history(model), Streams(seed)
    parts, logs, refused = [], [], Counter[str]()
    size = 5000
    for first in range(0, draws, size):
        z = prior_draws(history, streams, "weighted", np.arange(first, min(first + size, draws)))
        parts.append(z)
        pathway = lived(history, z)
        logs.append(pathway.log_density)
        refused.update(pathway.refused)
        told(min(first + size, draws), draws)
    log = np.concatenate(logs)
    if refused.total() == draws:
        raise too_few_possible(history, draws, refused)
    weight = np.exp(log - log.max())
    return np.concatenate(parts, axis=1), np.asarray(weight / weight.sum())


def thinned(count: int, rows: int, streams: Streams) -> NDArray[np.intp]:
    """Return the numbers of `rows` of `count` draws, one at random from each of so many equal stretches.

    At even distances, in step with the number of walkers, they would be those of a few walkers alone.
    """
    u = streams.uniform("parameters", "thinned", np.arange(rows))
    return ((np.arange(rows) + u) * (count / rows)).astype(np.intp)


# ------------ the ensembles


def settings_of(effort: Effort, rows: int) -> dict[str, Any]:
    """Return what a fit depends on beside its target and seed, for its record."""
    return {**asdict(effort), "rows": rows}


def _sampled(history: History, seed: int, effort: Effort, work: Path, workers: int, told: Told) -> Floats:
    """Return the kept steps of all ensembles, (E, T, W, D)."""
    total, sizes = effort.ensembles * effort.reported_steps, [len(group) for group in effort.groups]
    if workers == 1:
        before = np.cumsum([0, *sizes]) * effort.reported_steps
        found = []
        for group, first in zip(effort.groups, before, strict=False):
            progress = _of_group(told, int(first), len(group), total)
            found.append(sample(history, Streams(seed), group, effort, _checkpoint(work, group), progress))
        return np.concatenate(found)
    track_resources()
    done = multiprocessing.get_context("spawn").Array("q", len(sizes))
    with processes(workers, _share, done) as pool:
        waiting: list[Future[Floats]] = [
            pool.submit(_sample, replace(history), seed, g, effort, work)  # without what it has worked out
            for g in range(len(sizes))
        ]
        while not all(future.done() for future in waiting):
            wait(waiting, POLL_SECONDS)
            told(sum(size * int(steps) for size, steps in zip(sizes, done[:], strict=True)), total)
        return np.concatenate([future.result() for future in waiting])


def _of_group(told: Told, before: int, size: int, total: int) -> Callable[[int], None]:
    """Return what reports the steps of one group of ensembles among all."""
    return lambda steps: told(before + size * steps, total)


def _checkpoint(work: Path, group: Sequence[int]) -> Path:
    return work / f"ensembles-{'-'.join(map(str, group))}.npz"


_done: Any = None  # of a worker: how many steps each group of ensembles has done, shared with whoever asked


def _share(done: Any) -> None:
    global _done  # noqa: PLW0603 the only way to hand a shared array to a spawned worker
    _done = done


def _sample(history: History, seed: int, number: int, effort: Effort, work: Path) -> Floats:
    group = effort.groups[number]

    def told(steps: int) -> None:
        _done[number] = steps

    return sample(history, Streams(seed), group, effort, _checkpoint(work, group), told)
