"""The sampler: emcee's ensembles of walkers, seeded by named streams, kept on disk step by step.

Each ensemble is a run of its own from prior draws, so that those that agree have found the same posterior. Luck is
keyed by ensemble and by stretch of steps: an interrupted run goes on from its last checkpoint to the same draws.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from calibration.history import History
from calibration.lives import live
from sim.streams import Streams, digest

Floats = NDArray[np.float64]

STRETCH = 40  # steps between checkpoints
MOVES = ((0.7, "DEMove"), (0.1, "DESnookerMove"), (0.2, "StretchMove"))
SEEDS = 2**32


@dataclass(frozen=True)
class Effort:
    """How much is sampled: ensembles of walkers, each taking steps, the first `burn` of which are not kept."""

    ensembles: int = 4
    walkers: int = 256
    burn: int = 120
    steps: int = 480

    @property
    def kept(self) -> int:
        """Steps kept of each walker."""
        return self.steps - self.burn


def prior_draws(history: History, streams: Streams, item: str, numbers: NDArray[np.int64]) -> Floats:
    """Return coordinates of prior draws, (D, R), keyed by the coordinate's name and the draw's number."""
    return np.stack([streams.normal("parameters", f"{item}.{name}", numbers) for name in history.names])


def log_posterior(history: History, walkers: Floats) -> Floats:
    """Return the log density of walkers (W, D), up to a constant, (W,); −inf where a figure cannot be reached."""
    return np.asarray(live(history, np.ascontiguousarray(walkers.T)).log_density - 0.5 * (walkers**2).sum(axis=1))


def first_walkers(history: History, streams: Streams, ensemble: int, walkers: int) -> Floats:
    """Return prior draws that can reach the figures, (W, D)."""
    found: list[Floats] = []
    for attempt in range(50):
        numbers = np.arange(walkers) + attempt * walkers
        z = prior_draws(history, streams, f"walker of ensemble {ensemble}", numbers)
        found.append(z[:, live(history, z).possible])
        if sum(z.shape[1] for z in found) >= walkers:
            break
    return np.concatenate(found, axis=1)[:, :walkers].T


def sample(
    history: History,
    streams: Streams,
    ensemble: int,
    effort: Effort,
    checkpoint: Path,
    told: Callable[[int], None] = lambda steps: None,
) -> Floats:
    """Return the kept steps of one ensemble, (T, W, D).

    Parameters
    ----------
    checkpoint : a file (.npz) of what is done; read if it is there, written after every stretch, aside and renamed.
    told : is told how many steps are done.
    """
    import emcee

    moves = [(getattr(emcee.moves, name)(), weight) for weight, name in MOVES]
    sampler = emcee.EnsembleSampler(
        effort.walkers, len(history.names), lambda z: log_posterior(history, z), vectorize=True, moves=moves
    )
    chain, logs = _read(checkpoint, effort, len(history.names))
    done = chain.shape[0]
    at = chain[-1] if done else first_walkers(history, streams, ensemble, effort.walkers)
    log = logs if done else log_posterior(history, at)
    parts = [chain]
    while done < effort.steps:
        steps = min(STRETCH - done % STRETCH, effort.steps - done)
        seed = digest("stretch", streams.seed, ensemble, done) % SEEDS
        state = emcee.State(at, log_prob=log, random_state=np.random.RandomState(seed).get_state())
        sampler.reset()
        end = sampler.run_mcmc(state, steps, skip_initial_state_check=True)
        parts.append(sampler.get_chain())
        at, log, done = end.coords, end.log_prob, done + steps
        _write(checkpoint, np.concatenate(parts), log)
        told(done)
    return np.concatenate(parts)[effort.burn :]


def _read(path: Path, effort: Effort, size: int) -> tuple[Floats, Floats]:
    empty = np.empty((0, effort.walkers, size)), np.empty(effort.walkers)
    try:
        with np.load(path) as found:
            chain, log = found["chain"], found["log"]
    except (OSError, ValueError, KeyError, BadZipFile):  # none yet, or half a file of a machine that went down
        return empty
    fits = chain.ndim == 3 and chain.shape[1:] == empty[0].shape[1:] and chain.shape[0] <= effort.steps
    return (chain, log) if fits else empty


def _write(path: Path, chain: Floats, log: Floats) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with aside.open("wb") as file:
        np.savez(file, chain=chain, log=log)
    aside.replace(path)
