"""How walkers move: a fresh look about what the other walkers know, and moves along the lines between them.

Moves of emcee, and one more. Imported where sampling begins: emcee takes a while to load.
"""

from collections.abc import Sequence

import numpy as np
from emcee.moves import DEMove, DESnookerMove, RedBlueMove, StretchMove

from mobank.base.arrays import Floats

SHORTEST = 0.25  # of a step about the others' mean: up to 1, which forgets where the walker stood
PRIOR_SHARE = 0.05  # of the shape of a step: few walkers in many dimensions tell it badly


class AutoregressiveMove(RedBlueMove):  # type: ignore[misc]
    """Steps ρ·(z − m) + √(1 − ρ²)·ξ about the mean of the other walkers, in the shape of their spread.

    The nearer the posterior is to a normal law the more steps are accepted, also in many dimensions; a step along a
    line between walkers must shrink with their root. With lines alone the ensembles of ICBC's fit were still 0.4
    posterior standard deviations from where they had to go when R̂ found nothing to say against them.

    Coordinates have standard normal priors.

    References
    ----------
    Cotter, Roberts, Stuart, White (2013), "MCMC methods for functions: modifying old algorithms to make them faster"
    (the step); Boehl (2022), "Ensemble MCMC sampling for robust Bayesian inference" (mean and spread of others).
    """

    def get_proposal(
        self, moved: Floats, others: Sequence[Floats], random: np.random.RandomState
    ) -> tuple[Floats, Floats]:
        """Return where walkers (n, D) might go, and log q(back) − log q(forth), (n,)."""
        known = np.concatenate(others)
        size = known.shape[1]
        mean = known.mean(axis=0)
        shape = np.linalg.cholesky((1.0 - PRIOR_SHARE) * np.cov(known.T) + PRIOR_SHARE * np.eye(size))
        step = SHORTEST ** random.uniform(size=(moved.shape[0], 1))
        here = np.linalg.solve(shape, (moved - mean).T).T
        there = np.sqrt(1.0 - step**2) * here + step * random.normal(size=moved.shape)
        return mean + there @ shape.T, 0.5 * ((there**2).sum(axis=1) - (here**2).sum(axis=1))


MIX = ((0.6, AutoregressiveMove), (0.2, DEMove), (0.1, DESnookerMove), (0.1, StretchMove))


def side_by_side(count: int) -> list[tuple[RedBlueMove, float]]:
    """Return moves and their shares that take so many ensembles, one after the other, as if each were alone.

    emcee deals walkers out to the parts of a move by turns; each part then holds equally many of each ensemble.
    """
    return [(_apart(kind, count), share) for share, kind in MIX]


def _apart(kind: type[RedBlueMove], count: int) -> RedBlueMove:
    class SideBySide(kind):  # type: ignore[misc]
        def get_proposal(
            self, moved: Floats, others: Sequence[Floats], random: np.random.RandomState
        ) -> tuple[Floats, Floats]:
            own = zip(np.split(moved, count), *(np.split(other, count) for other in others), strict=True)
            found = [super(SideBySide, self).get_proposal(one, rest, random) for one, *rest in own]
            return np.concatenate([q for q, _ in found]), np.concatenate([factors for _, factors in found])

    return SideBySide(randomize_split=False)
