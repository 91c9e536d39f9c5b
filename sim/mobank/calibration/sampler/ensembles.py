"""The sampler: emcee's ensembles of walkers, seeded by named streams, kept on disk step by step.

Each ensemble is brought to the posterior by itself (`mobank.calibration.sampler.tempering`) and never looks at another.
That they agree is not enough, since all may come from the same side: a fit counts if they have stopped moving, too
(`mobank.calibration.sampler.diagnostics`). Two of them step side by side, because the likelihood costs less the more
sets of parameters it is given at once. Chance is keyed by the pair and by stretch of steps: an interrupted run goes on
from its last checkpoint to the same draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.files import write
from mobank.base.records import sealed_bytes, unsealed_bytes
from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History
from mobank.calibration.sampler.peak import log_posterior
from mobank.calibration.sampler.tempering import first_walkers

SIDE_BY_SIDE = 2  # ensembles
STRETCH = 25  # steps between checkpoints
APPROACH = 160  # steps that approaching the posterior counts for in a progress bar


@dataclass(frozen=True)
class Effort:
    """How much is sampled: ensembles of walkers, each taking steps, the first `burn` of which are not kept.

    `walkers` is a multiple of 4, since moves divide an ensemble into two or four parts.
    """

    ensembles: int = 4
    walkers: int = 320
    burn: int = 25
    steps: int = 100

    @property
    def kept(self) -> int:
        """Steps kept of each walker."""
        return self.steps - self.burn

    @property
    def reported_steps(self) -> int:
        """How many steps of each ensemble a progress bar counts, approaching the posterior included."""
        return APPROACH + self.steps

    @property
    def groups(self) -> list[Sequence[int]]:
        """Return which ensembles step side by side; it depends on no machine."""
        numbers = range(self.ensembles)
        return [numbers[first : first + SIDE_BY_SIDE] for first in numbers[::SIDE_BY_SIDE]]


FULL = Effort()
SHORT = Effort(ensembles=2, walkers=256, burn=20, steps=80)  # for backtests, checks, and a first look
EFFORTS = {"full": FULL, "short": SHORT}


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
    told : called with the steps each of them has done, of `Effort.reported_steps`.
    """
    import emcee

    from mobank.calibration.sampler.proposals import side_by_side, state_of

    count, size = len(ensembles), len(history.names)
    now = Stage.read(checkpoint, effort, count, size) or Stage.first(history, streams, ensembles, effort, told)
    sampler = emcee.EnsembleSampler(
        count * effort.walkers, size, lambda z: log_posterior(history, z), vectorize=True, moves=side_by_side(now.peaks)
    )
    while now.done < effort.steps:
        steps = min(STRETCH - now.done % STRETCH, effort.steps - now.done)
        state = state_of(now.at, now.log, "stretch", streams.seed, *ensembles, now.done)
        sampler.reset()
        end = sampler.run_mcmc(state, steps, skip_initial_state_check=True)
        more = sampler.get_chain(discard=min(steps, max(0, effort.burn - now.done)))
        now = Stage(now.done + steps, end.coords, end.log_prob, np.concatenate([now.kept, more]), now.peaks)
        now.write(checkpoint)
        told(APPROACH + now.done)
    return np.moveaxis(now.kept.reshape(effort.kept, count, effort.walkers, size), 1, 0)


@dataclass(frozen=True)
class Stage:
    """How far some ensembles have come.

    Parameters
    ----------
    done : steps. at : where the W walkers of all E of them stand, (E W, D). log : their log densities, (E W,).
    kept : of the steps done, (T, E W, D). peaks : shapes of the peaks about which they began, (E, D, D).
    """

    done: int
    at: Floats
    log: Floats
    kept: Floats
    peaks: Floats

    @classmethod
    def first(
        cls, history: History, streams: Streams, ensembles: Sequence[int], effort: Effort, told: Callable[[int], None]
    ) -> "Stage":
        """Return where they begin."""
        begun = [
            first_walkers(history, streams, ensemble, effort.walkers, _approach(told, before, len(ensembles)))
            for before, ensemble in enumerate(ensembles)
        ]
        at = np.concatenate([walkers for walkers, _ in begun])
        return cls(0, at, log_posterior(history, at), np.empty((0, *at.shape)), np.stack([peak for _, peak in begun]))

    @classmethod
    def read(cls, path: Path, effort: Effort, ensembles: int, size: int) -> "Stage | None":
        """Return what a checkpoint holds; None where there is none, a damaged one, or one of another fit."""
        data = unsealed_bytes(path)
        if data is None:
            return None
        with np.load(BytesIO(data)) as found:
            if set(found) != set(cls.__annotations__):
                return None
            now = cls(int(found["done"]), found["at"], found["log"], found["kept"], found["peaks"])
        fits = now.at.shape == (ensembles * effort.walkers, size) and now.done <= effort.steps
        return now if fits and len(now.kept) == max(0, now.done - effort.burn) else None

    def write(self, path: Path) -> None:
        """Write a checkpoint, aside and renamed."""
        data = BytesIO()
        np.savez(data, **vars(self))
        write(path, sealed_bytes(data.getvalue()))


def _approach(told: Callable[[int], None], before: int, ensembles: int) -> Callable[[float], None]:
    """Return what reports the progress of one ensemble towards the posterior, after so many others, as steps."""
    return lambda share: told(int(APPROACH * (before + share) / ensembles))
