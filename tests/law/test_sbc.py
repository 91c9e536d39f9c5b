"""Fits to what known truths report: their ranks are uniform; and crowded ranks would be found."""

from pathlib import Path

import numpy as np
import pytest

from mobank.base.streams import Streams
from mobank.calibration.checks import sbc
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

SMALL = load(Path(__file__).parents[2] / "tests/data/targets/small.yaml", MODEL)


def test_the_ranks_of_twenty_truths_are_uniform(seed):
    """False alarms of a right program: one in a hundred, over all unknowns together."""
    found = sbc.ranks(SMALL, MODEL, fits=20, draws=3000, seed=seed)
    assert found.ranks.shape == (20, len(found.names))
    assert np.median(found.effective) > 15
    assert found.sound, sbc.rows(found)


def test_the_ranks_do_not_depend_on_how_many_fits_there_are(seed):
    few, more = (sbc.ranks(SMALL, MODEL, fits=fits, draws=1000, seed=seed).ranks for fits in (1, 2))
    np.testing.assert_array_equal(few[0], more[0])


@pytest.mark.parametrize("power", [0.2, 3.0], ids=["crowd_at_one", "crowd_at_zero"])
def test_ranks_that_crowd_are_found(seed, power):
    u = np.stack([Streams(seed).uniform("parameters", f"rank {i}", np.arange(200)) for i in range(5)], axis=1)
    names = tuple("abcde")
    assert sbc.Ranks(names, u, np.ones(200)).sound
    u[:, 3] = u[:, 3] ** power
    crowded = sbc.Ranks(names, u, np.ones(200))
    assert not crowded.sound
    assert int(crowded.p_values.argmin()) == 3
