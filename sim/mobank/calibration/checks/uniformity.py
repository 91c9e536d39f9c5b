"""Are ranks uniform? By their empirical distribution and one band around it that holds at all points together.

The band of Säilynoja, Bürkner and Vehtari (2022, "Graphical test for discrete uniformity and its applications in
goodness-of-fit evaluation and multiple sample comparison") is where the pointwise chance of each count is above a limit
such that uniform ranks stay inside everywhere with a wanted chance. That chance needs no simulation: counts along the
points are a Markov chain, and its law inside a band is summed exactly.
"""

import numpy as np

from mobank.base.arrays import Floats, Ints


def p_value(ranks: Ints, draws: int) -> float:
    """Return the chance that uniform ranks leave, somewhere, a band as wide as these reach.

    Parameters
    ----------
    ranks : (N,) of truths among `draws` draws, 0 to `draws`.
    """
    count, values = ranks.size, draws + 1
    ends = np.cumsum(np.bincount(ranks, minlength=values))[:-1]
    tails = [_tails(count, (k + 1) / values) for k in range(values - 1)]
    least = min(tail[end] for tail, end in zip(tails, ends, strict=True))
    return float(1.0 - _inside(tails, least * (1.0 + 1e-9), count))


def _tails(count: int, chance: float) -> Floats:
    """Return for each count 0 to N the smaller of the chances of no more and of no less, by the binomial law."""
    from scipy.special import bdtr, bdtrc

    counts = np.arange(count + 1)
    less = np.append(1.0, bdtrc(counts[:-1], count, chance))  # P(C ≥ c)
    return np.asarray(np.minimum(bdtr(counts, count, chance), less))


def _inside(tails: list[Floats], limit: float, count: int) -> float:
    """Return the chance that the counts of uniform ranks have tails above a limit at every point."""
    from scipy.special import gammaln

    values = len(tails) + 1
    at, law = np.array([0]), np.array([1.0])
    for k, tail in enumerate(tails):
        to = np.flatnonzero(tail > limit)
        left, more = (count - at)[:, None], to[None, :] - at[:, None]
        chance = 1.0 / (values - k)  # of a rank that is no smaller than k to be k
        new = np.clip(more, 0, left)
        log = gammaln(left + 1) - gammaln(new + 1) - gammaln(left - new + 1)
        log = log + new * np.log(chance) + (left - new) * np.log1p(-chance)
        law = law @ np.where(more >= 0, np.exp(log), 0.0)
        at = to
    return float(law.sum())
