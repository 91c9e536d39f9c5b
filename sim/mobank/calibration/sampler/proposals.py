"""How walkers move: a fresh look about what the other walkers know, and moves along the lines between them.

Moves of emcee, and one more. Imported where sampling begins: emcee takes a while to load. It wants twice as many
walkers as there are unknowns, since moves along lines between few walkers stay in a part of the space; steps in the
shape of the peak do not, so fewer will do (`live_dangerously`).
"""

from collections.abc import Sequence

import numpy as np
from emcee import State
from emcee.moves import DEMove, DESnookerMove, RedBlueMove

from mobank.base.arrays import Floats
from mobank.base.streams import digest

SHORTEST = 0.25  # of a step about the others' mean: up to 1, which forgets where the walker stood
SEEDS = 2**32
PEAK_SHARE = 0.3  # of the shape of a step: a few hundred walkers say it badly in dozens of directions


class AutoregressiveMove(RedBlueMove):  # type: ignore[misc]
    """Steps ρ·(z − m) + √(1 − ρ²)·ξ about the mean of the other walkers, in the shape of their spread and of the peak.

    The nearer the posterior is to a normal law the more steps are accepted, also in many dimensions; a step along a
    line between walkers must shrink with their root. With lines alone the ensembles of ICBC's fit were still 0.4
    posterior standard deviations from where they had to go when R̂ found nothing to say against them.

    Parameters
    ----------
    peak : (D, D), whose product with standard normals is spread as the density is about its peak.

    References
    ----------
    Cotter, Roberts, Stuart, White (2013), "MCMC methods for functions: modifying old algorithms to make them faster"
    (the step); Boehl (2022), "Ensemble MCMC sampling for robust Bayesian inference" (mean and spread of others).
    """

    def __init__(self, peak: Floats) -> None:
        super().__init__(live_dangerously=True)
        self.covariance = peak @ peak.T

    def get_proposal(
        self, moved: Floats, others: Sequence[Floats], random: np.random.RandomState
    ) -> tuple[Floats, Floats]:
        """Return where walkers (n, D) might go, and log q(back) − log q(forth), (n,)."""
        known = np.concatenate(others)
        mean = known.mean(axis=0)
        shape = np.linalg.cholesky((1.0 - PEAK_SHARE) * np.cov(known.T) + PEAK_SHARE * self.covariance)
        step = SHORTEST ** random.uniform(size=(moved.shape[0], 1))
        here = np.linalg.solve(shape, (moved - mean).T).T
        there = np.sqrt(1.0 - step**2) * here + step * random.normal(size=moved.shape)
        return mean + there @ shape.T, 0.5 * ((there**2).sum(axis=1) - (here**2).sum(axis=1))


class SideBySide(RedBlueMove):  # type: ignore[misc]
    """Moves several ensembles, one after the other, each by a move of its own as if it were alone.

    emcee deals walkers out to the parts of a move by turns; each part then holds equally many of each ensemble.
    """

    def __init__(self, moves: Sequence[RedBlueMove]) -> None:
        super().__init__(randomize_split=False, live_dangerously=True)
        self.moves, self.nsplits = moves, moves[0].nsplits

    def setup(self, coords: Floats) -> None:
        """Let each move look at the walkers, (W, D), before a step."""
        for move in self.moves:
            move.setup(coords)

    def get_proposal(
        self, moved: Floats, others: Sequence[Floats], random: np.random.RandomState
    ) -> tuple[Floats, Floats]:
        """Return where walkers (n, D) might go, and log q(back) − log q(forth), (n,)."""
        count = len(self.moves)
        own = zip(self.moves, np.split(moved, count), *(np.split(other, count) for other in others), strict=True)
        found = [move.get_proposal(one, rest, random) for move, one, *rest in own]
        return np.concatenate([q for q, _ in found]), np.concatenate([factors for _, factors in found])


def side_by_side(peaks: Floats) -> list[tuple[RedBlueMove, float]]:
    """Return moves of as many ensembles as there are peaks (E, D, D), and how often each is made."""
    return [
        (SideBySide([AutoregressiveMove(peak) for peak in peaks]), 0.7),
        (SideBySide([DEMove() for _ in peaks]), 0.2),
        (SideBySide([DESnookerMove() for _ in peaks]), 0.1),
    ]


def moves_of(peak: Floats) -> list[tuple[RedBlueMove, float]]:
    """Return moves of one ensemble in which several walkers may stand at one place, where snooker has no line."""
    return [(AutoregressiveMove(peak), 0.75), (DEMove(live_dangerously=True), 0.25)]


def state_of(at: Floats, log: Floats | None, *key: str | int) -> State:
    """Return where walkers (W, D) stand, with their log densities (W,) if known, and the chance of what they do next.

    emcee takes its chance from a generator of its own; the key says which.
    """
    return State(at, log_prob=log, random_state=np.random.RandomState(digest(*key) % SEEDS).get_state())
