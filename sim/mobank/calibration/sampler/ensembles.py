"""The sampler: emcee's ensembles of walkers, seeded by named streams, kept on disk step by step.

Each ensemble starts from prior draws of its own and never looks at another. That they agree is not enough, since all
come from the same side: a fit counts if they have stopped moving, too (`mobank.calibration.sampler.diagnostics`). Two
of them step side by side, because the likelihood costs less the more sets of parameters it is given at once. Luck is
keyed by the pair and by stretch of steps: an interrupted run goes on from its last checkpoint to the same draws.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.files import write
from mobank.base.records import sealed_bytes, unsealed_bytes
from mobank.base.streams import Streams, digest
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.impossible import too_few_possible
from mobank.calibration.likelihood.solve_history import live

SIDE_BY_SIDE = 2  # ensembles
STRETCH = 25  # steps between checkpoints
TRIES = 8  # prior draws for each first walker
LEAST_ATTEMPTS, MOST_ATTEMPTS = 2, 50  # to find as many possible draws: where none is among so many, and in any case
SEEDS = 2**32


@dataclass(frozen=True)
class Effort:
    """How much is sampled: ensembles of walkers, each taking steps, the first `burn` of which are not kept.

    `walkers` is a multiple of 4, since moves divide an ensemble into two or four parts.
    """

    ensembles: int = 4
    walkers: int = 512
    burn: int = 145
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


FULL = Effort()
SHORT = Effort(ensembles=2, walkers=256, burn=80, steps=210)  # for backtests, checks, and a first look
EFFORTS = {"full": FULL, "short": SHORT}


def prior_draws(history: History, streams: Streams, item: str, numbers: NDArray[np.int64]) -> Floats:
    """Return coordinates of prior draws, (D, R), keyed by the coordinate's name and the draw's number."""
    return np.stack([streams.normal("parameters", f"{item}.{name}", numbers) for name in history.names])


def log_posterior(history: History, walkers: Floats) -> Floats:
    """Return the log density of walkers (W, D), up to a constant, (W,); −inf where a figure cannot be reached."""
    return np.asarray(live(history, np.ascontiguousarray(walkers.T)).log_density - 0.5 * (walkers**2).sum(axis=1))


def first_walkers(history: History, streams: Streams, ensemble: int, walkers: int) -> Floats:
    """Return some of `TRIES` times as many prior draws, the more probable a draw the sooner, (W, D).

    Drawn by weight without replacement, which the largest of log weight + a Gumbel number are (Yellott 1977).

    Raises
    ------
    RunError
        If too few prior draws pass through the figures, with the reasons and how often each was met.
    """
    found: list[Floats] = []
    ranks: list[Floats] = []
    refused: Counter[str] = Counter()
    for attempt in range(MOST_ATTEMPTS):
        numbers = np.arange(walkers * TRIES) + attempt * walkers * TRIES
        z = prior_draws(history, streams, f"walker of ensemble {ensemble}", numbers)
        lived = live(history, z)
        luck = streams.uniform("parameters", f"first walkers of ensemble {ensemble}", numbers)
        found.append(z[:, lived.possible])
        ranks.append((lived.log_density - np.log(-np.log(luck)))[lived.possible])
        refused.update(lived.refused)
        possible = sum(z.shape[1] for z in found)
        if possible >= walkers:
            break
        if attempt + 1 == (MOST_ATTEMPTS if possible else LEAST_ATTEMPTS):
            raise too_few_possible(history, (attempt + 1) * numbers.size, refused)
    best = np.argsort(-np.concatenate(ranks), kind="stable")[:walkers]
    return np.concatenate(found, axis=1)[:, np.sort(best)].T


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

    from mobank.calibration.sampler.proposals import side_by_side

    count, size = len(ensembles), len(history.names)
    sampler = emcee.EnsembleSampler(
        count * effort.walkers, size, lambda z: log_posterior(history, z), vectorize=True, moves=side_by_side(count)
    )
    found = _read(checkpoint, effort, (count * effort.walkers, size))
    if found:
        done, at, log, kept = found
    else:
        at = np.concatenate([first_walkers(history, streams, e, effort.walkers) for e in ensembles])
        done, log, kept = 0, log_posterior(history, at), np.empty((0, *at.shape))
    parts = [kept]
    while done < effort.steps:
        steps = min(STRETCH - done % STRETCH, effort.steps - done)
        seed = digest("stretch", streams.seed, *ensembles, done) % SEEDS
        state = emcee.State(at, log_prob=log, random_state=np.random.RandomState(seed).get_state())
        sampler.reset()
        end = sampler.run_mcmc(state, steps, skip_initial_state_check=True)
        parts.append(sampler.get_chain(discard=min(steps, max(0, effort.burn - done))))
        at, log, done = end.coords, end.log_prob, done + steps
        _write(checkpoint, done, at, log, np.concatenate(parts))
        told(done)
    kept = np.concatenate(parts)
    return np.moveaxis(kept.reshape(effort.kept, count, effort.walkers, size), 1, 0)


def _read(path: Path, effort: Effort, shape: tuple[int, int]) -> tuple[int, Floats, Floats, Floats] | None:
    """Return steps done, where walkers (W, D) stand, their log densities, and the steps kept, (T, W, D)."""
    data = unsealed_bytes(path)
    if data is None:  # none yet, or a damaged one
        return None
    with np.load(BytesIO(data)) as found:
        done, at, log, kept = int(found["done"]), found["at"], found["log"], found["kept"]
    fits = at.shape == shape and done <= effort.steps and kept.shape[0] == max(0, done - effort.burn)
    return (done, at, log, kept) if fits else None


def _write(path: Path, done: int, at: Floats, log: Floats, kept: Floats) -> None:
    data = BytesIO()
    np.savez(data, done=done, at=at, log=log, kept=kept)
    write(path, sealed_bytes(data.getvalue()))
