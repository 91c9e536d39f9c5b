"""Two engines, one posterior: emcee's ensembles and weighted draws from the priors; what is interrupted goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.diagnostics import effective_of
from calibration.fit import fit, weigh
from calibration.history import History
from calibration.sampler import Effort, sample
from calibration.stored import read
from calibration.targets import load
from sim.model import MODEL
from sim.scenario import Segment
from sim.streams import Streams

ROOT = Path(__file__).parents[2]
EFFORT = Effort(ensembles=2, walkers=128, burn=60, steps=180)


@pytest.fixture(scope="module")
def small():
    """Return ICBC's target to 2018 with customers who are all alike: two shocks solved, so weights are worth much."""
    target = load(ROOT / "calibration/data/icbc_mobile.yaml", MODEL)
    early = tuple(f for f in target.scenario.reported if f.measure != "mau" and f.month.year < 2019)
    plain = replace(target.scenario, reported=early, bands=(), segments=(Segment((), 1.0),), mixing=np.ones((1, 1)))
    return replace(target, scenario=plain)


def test_the_two_engines_agree_on_every_unknown(small, tmp_path):
    """Means within 0.1 posterior sd and 3 Monte Carlo standard errors, both engines' errors together."""
    posterior = fit(small, MODEL, tmp_path, seed=5, effort=EFFORT, rows=2000)
    z, weights = weigh(small, MODEL, seed=5, draws=12_000)
    worth = effective_of(weights)
    assert worth > 300
    for d, diagnosis in enumerate(posterior.diagnoses):
        mean = (z[d] * weights).sum()
        sd = np.sqrt(((z[d] - mean) ** 2 * weights).sum())
        error = sd * np.sqrt(1.0 / worth + 1.0 / (EFFORT.ensembles * diagnosis.effective))
        assert abs(posterior.z[d].mean() - mean) < 0.1 * sd + 3.0 * error, diagnosis.name


class Stop(Exception):
    """Somebody pulls the plug."""


def test_a_fit_that_was_interrupted_goes_on_to_the_very_same_draws(small, tmp_path):
    history, effort = History(MODEL, small.scenario), Effort(1, 96, 0, 90)
    whole = sample(history, Streams(2), 0, effort, tmp_path / "whole.npz")

    def stop(steps):
        if steps == 40:
            raise Stop

    with pytest.raises(Stop):
        sample(history, Streams(2), 0, effort, tmp_path / "parts.npz", stop)
    told = []
    again = sample(history, Streams(2), 0, effort, tmp_path / "parts.npz", told.append)
    np.testing.assert_array_equal(again, whole)
    assert told == [80, 90], "no more than a stretch of steps is done twice"


def test_half_a_checkpoint_is_no_checkpoint(small, tmp_path):
    history, effort = History(MODEL, small.scenario), Effort(1, 96, 0, 20)
    whole = sample(history, Streams(2), 0, effort, tmp_path / "whole.npz")
    (tmp_path / "half.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:1000])
    np.testing.assert_array_equal(sample(history, Streams(2), 0, effort, tmp_path / "half.npz"), whole)


def test_refitting_finds_the_posterior_that_is_shipped(tmp_path):
    """A short run from the priors against the shipped draws: means within 0.25 sd, which is 4 standard errors.

    96 walkers keep 50 steps: worth some 250 draws at best, and the shipped ones many more.
    """
    stored = read("icbc_mobile", MODEL)
    again = fit(stored.target, MODEL, tmp_path, seed=9, effort=Effort(1, 96, 110, 160), rows=2000)
    off = np.abs(again.z.mean(axis=1) - stored.z.mean(axis=1)) / stored.z.std(axis=1)
    assert np.median(off) < 0.15
    assert off.max() < 0.6
