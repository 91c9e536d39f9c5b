"""The sampler: emcee's ensembles of walkers, seeded by named streams, kept on disk step by step.

Each ensemble starts from prior draws of its own and never looks at another, so that those that agree have found the
same posterior. Two of them step side by side, because the likelihood costs less the more sets of parameters it is
given at once. Luck is keyed by the pair and by stretch of steps: an interrupted run goes on from its last checkpoint
to the same draws.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from calibration.history import History
from calibration.lives import live
from sim.streams import Streams, digest

if TYPE_CHECKING:
    from emcee.moves import RedBlueMove

Floats = NDArray[np.float64]

SIDE_BY_SIDE = 2  # ensembles
STRETCH = 25  # steps between checkpoints
MOVES = ((0.7, "DEMove"), (0.1, "DESnookerMove"), (0.2, "StretchMove"))
SEEDS = 2**32


@dataclass(frozen=True)
class Effort:
    """How much is sampled: ensembles of walkers, each taking steps, the first `burn` of which are not kept.

    `walkers` is a multiple of 4, since moves divide an ensemble into two or four parts.
    """

    ensembles: int = 4
    walkers: int = 512
    burn: int = 110
    steps: int = 210

    @property
    def kept(self) -> int:
        """Steps kept of each walker."""
        return self.steps - self.burn

    @property
    def groups(self) -> list[Sequence[int]]:
        """Return which ensembles step side by side; it depends on no machine."""
        numbers = range(self.ensembles)
        return [numbers[first : first + SIDE_BY_SIDE] for first in numbers[::SIDE_BY_SIDE]]


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
    ensembles: Sequence[int],
    effort: Effort,
    checkpoint: Path,
    told: Callable[[int], None] = lambda steps: None,
) -> Floats:
    """Return the kept steps of some ensembles, which step side by side, (E, T, W, D).

    Parameters
    ----------
    ensembles : their numbers.
    checkpoint : a file (.npz) of what is done; read if it is there, written after every stretch, aside and renamed.
    told : is told how many steps each of them has done.
    """
    import emcee

    count, size = len(ensembles), len(history.names)
    moves = [(_side_by_side(getattr(emcee.moves, name), count), weight) for weight, name in MOVES]
    sampler = emcee.EnsembleSampler(
        count * effort.walkers, size, lambda z: log_posterior(history, z), vectorize=True, moves=moves
    )
    chain, log = _read(checkpoint, effort, (count * effort.walkers, size))
    done = chain.shape[0]
    if done:
        at = chain[-1]
    else:
        at = np.concatenate([first_walkers(history, streams, e, effort.walkers) for e in ensembles])
        log = log_posterior(history, at)
    parts = [chain]
    while done < effort.steps:
        steps = min(STRETCH - done % STRETCH, effort.steps - done)
        seed = digest("stretch", streams.seed, *ensembles, done) % SEEDS
        state = emcee.State(at, log_prob=log, random_state=np.random.RandomState(seed).get_state())
        sampler.reset()
        end = sampler.run_mcmc(state, steps, skip_initial_state_check=True)
        parts.append(sampler.get_chain())
        at, log, done = end.coords, end.log_prob, done + steps
        _write(checkpoint, np.concatenate(parts), log)
        told(done)
    kept = np.concatenate(parts)[effort.burn :]
    return np.moveaxis(kept.reshape(effort.kept, count, effort.walkers, size), 1, 0)


def _side_by_side(kind: "type[RedBlueMove]", count: int) -> "RedBlueMove":
    """Return a move of emcee that takes so many ensembles, one after the other in its walkers, as if each were alone.

    emcee deals walkers out to the parts of a move by turns; each part then holds equally many of each ensemble.
    """

    class SideBySide(kind):  # type: ignore[misc]
        def get_proposal(
            self, moved: Floats, others: Sequence[Floats], random: np.random.RandomState
        ) -> tuple[Floats, Floats]:
            own = zip(np.split(moved, count), *(np.split(other, count) for other in others), strict=True)
            found = [super(SideBySide, self).get_proposal(one, rest, random) for one, *rest in own]
            return np.concatenate([q for q, _ in found]), np.concatenate([factors for _, factors in found])

    return SideBySide(randomize_split=False)


def _read(path: Path, effort: Effort, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    empty = np.empty((0, *shape)), np.empty(shape[0])
    try:
        with np.load(path) as found:
            chain, log = found["chain"], found["log"]
    except (OSError, ValueError, KeyError, BadZipFile):  # none yet, or half a file of a machine that went down
        return empty
    return (chain, log) if chain.shape[1:] == shape and chain.shape[0] <= effort.steps else empty


def _write(path: Path, chain: Floats, log: Floats) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with aside.open("wb") as file:
        np.savez(file, chain=chain, log=log)
    aside.replace(path)
