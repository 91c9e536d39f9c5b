"""R̂ and effective draws of chains whose answer is known: independent, slow, or stuck apart."""

import numpy as np
import pytest

from mobank.base.streams import Streams
from mobank.calibration.sampler.diagnostics import LEAST_EFFECTIVE, MOST_R_HAT, diagnose, effective_of

ENSEMBLES, STEPS, WALKERS = 4, 500, 20


@pytest.fixture
def normals(seed):
    """Return independent standard normals, (E, T, W, 2)."""
    numbers = np.arange(ENSEMBLES * STEPS * WALKERS * 2)
    return Streams(seed).normal("parameters", "chains", numbers).reshape(ENSEMBLES, STEPS, WALKERS, 2)


def test_independent_draws_are_worth_themselves(normals):
    for found in diagnose(normals, ("a", "b")):
        assert found.sound
        assert found.r_hat < 1.005
        assert found.effective == pytest.approx(STEPS * WALKERS, rel=0.15)  # the smallest of eight estimates


def test_a_slow_walk_is_worth_what_its_autocorrelation_leaves(normals):
    keep = 0.8
    walk = np.empty_like(normals)
    walk[:, 0] = normals[:, 0]
    for t in range(1, STEPS):
        walk[:, t] = keep * walk[:, t - 1] + np.sqrt(1 - keep**2) * normals[:, t]
    (found, _) = diagnose(walk, ("a", "b"))
    assert found.effective == pytest.approx(STEPS * WALKERS * (1 - keep) / (1 + keep), rel=0.25)


def test_an_ensemble_that_found_something_else_is_not_sound(normals):
    normals[0, :, :, 1] += 0.5  # by half a standard deviation
    fine, apart = diagnose(normals, ("fine", "apart"))
    assert (fine.name, fine.sound, apart.name, apart.sound) == ("fine", True, "apart", False)
    assert apart.effective > LEAST_EFFECTIVE  # each is well sampled by itself: only R̂ sees it


def test_ensembles_that_move_together_are_not_sound(normals):
    """They agree with one another at every step, and have not arrived: R̂ alone would let them pass."""
    normals[..., 1] += np.linspace(-0.2, 0.2, STEPS)[:, None]
    fine, moving = diagnose(normals, ("fine", "moving"))
    assert fine.sound
    assert moving.r_hat <= MOST_R_HAT
    assert moving.trend == pytest.approx(0.2, abs=0.02)
    assert not moving.sound


def test_weighted_draws_are_worth_less_the_more_one_outweighs_the_rest():
    assert effective_of(np.ones(50)) == pytest.approx(50)
    assert effective_of(np.array([1.0, 0.0, 0.0])) == pytest.approx(1)
    assert effective_of(np.array([0.5, 0.25, 0.25])) == pytest.approx(1 / (0.25 + 2 * 0.0625))
