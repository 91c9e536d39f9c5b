"""Ranks and the band that uniform ones stay in: its chance by another road, and ranks that crowd."""

import numpy as np
import pytest

from mobank.base.streams import Streams
from mobank.calibration.checks.uniformity import p_value

DRAWS = 9


def uniform(count, fits, seed):
    """Return ranks (count, fits) of truths among `DRAWS` draws."""
    u = Streams(seed).uniform("parameters", "ranks", np.arange(count * fits))
    return np.minimum((u * (DRAWS + 1)).astype(int), DRAWS).reshape(count, fits)


def test_by_hand_where_there_is_one_rank():
    """Among 9 draws the outermost two ranks leave a band that the others stay in, and the middle leaves the widest."""
    found = [p_value(np.array([rank]), DRAWS) for rank in range(DRAWS + 1)]
    assert found[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert found[5:] == pytest.approx(found[4::-1])


def test_uniform_ranks_leave_a_band_with_its_chance(seed):
    """Ranks are whole, so p values are: P(p ≤ limit) is at most the limit, and near it; 4 standard errors."""
    found = np.array([p_value(ranks, DRAWS) for ranks in uniform(600, 60, seed)])
    for limit in (0.5, 0.1):
        error = np.sqrt(limit * (1 - limit) / found.size)
        assert 0.6 * limit - 4 * error < (found <= limit).mean() < limit + 4 * error


def test_a_p_value_is_the_share_of_uniform_ranks_that_reach_as_far(seed):
    """The smallest pointwise chance of 4,000 sets of uniform ranks, counted: within 4 standard errors."""
    from scipy.stats import binom

    def least(ranks):
        ends = np.array([(ranks <= k).sum(axis=-1) for k in range(DRAWS)])
        chance = (np.arange(DRAWS) + 1)[:, None] / (DRAWS + 1)
        fits = ranks.shape[-1]
        return np.minimum(binom.cdf(ends, fits, chance), binom.sf(ends - 1, fits, chance)).min(axis=0)

    sets = uniform(4000, 40, seed)
    reached = least(sets)
    for one in sets[:5]:
        counted = (reached <= least(one[None])[0] * (1 + 1e-9)).mean()
        assert p_value(one, DRAWS) == pytest.approx(counted, abs=4 * np.sqrt(0.25 / 4000))


@pytest.mark.parametrize("power", [0.6, 1.6], ids=["crowd_above", "crowd_below"])
def test_ranks_that_crowd_are_found(seed, power):
    u = Streams(seed).uniform("parameters", "crowded", np.arange(200)) ** power
    assert p_value((u * 64).astype(int), 63) < 1e-3


def test_ranks_that_crowd_at_both_ends_are_found(seed):
    z = 1.5 * Streams(seed).normal("parameters", "too sure", np.arange(200))
    from scipy.special import ndtr

    assert p_value((ndtr(z) * 64).astype(int), 63) < 1e-3
