"""Two engines, one posterior: emcee's ensembles and weighted draws from the priors; what is interrupted goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.priors import Prior
from mobank.base.streams import Streams
from mobank.calibration.fitting import fit, thinned, weigh
from mobank.calibration.likelihood.history import History
from mobank.calibration.posterior.stored import Stored, read
from mobank.calibration.posterior.update import weigh_anew
from mobank.calibration.sampler.diagnostics import effective_of, resampled
from mobank.calibration.sampler.ensembles import APPROACH, STRETCH, Effort, sample
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from mobank.scenario.posterior import Found
from mobank.scenario.scenario import Provenance, Segment, Value

ROOT = Path(__file__).parents[2]
UNKNOWN = ("reach_share", "innovation_rate", "imitation_rate", "lapse_rate")
EFFORT = Effort(ensembles=1, walkers=256, burn=90, steps=240)


def sure(value):
    return replace(value, prior=Prior("fixed", value.prior.centre))


STILL = {
    name: Value(Prior("fixed", number), f"{number}", Provenance())
    for name, number in (("size", 0.07), ("persistence", 0.5))
}


def until(year):
    """Return ICBC's registered users to a year, customers all alike and half a dozen unknowns: quick to weigh."""
    target = load(ROOT / "calibration/banks/icbc_mobile.yaml", MODEL)
    known = target.scenario
    early = tuple(f for f in known.reported if f.measure != "mau" and f.month.year <= year)
    plain = replace(
        known,
        reported=early,
        bands=(),
        segments=(Segment((), 1.0),),
        mixing=np.ones((1, 1)),
        parameters={n: v if n in UNKNOWN else sure(v) for n, v in known.parameters.items()},
        shocks={**known.shocks, "engagement": replace(known.shocks["engagement"], drift=None, **STILL)},
        correlation=sure(known.correlation),
    )
    return replace(target, scenario=plain)


@pytest.fixture(scope="module")
def small():
    return until(2018)


def test_the_two_engines_agree_on_every_unknown(small, tmp_path):
    """Means within 0.1 posterior sd and 3 Monte Carlo standard errors, both engines' errors together."""
    posterior = fit(small, MODEL, tmp_path, seed=5, effort=EFFORT, rows=2000)
    z, weights = weigh(small, MODEL, seed=5, draws=20_000)
    worth = effective_of(weights)
    assert worth > 300
    for d, diagnosis in enumerate(posterior.diagnoses):
        mean = (z[d] * weights).sum()
        sd = np.sqrt(((z[d] - mean) ** 2 * weights).sum())
        error = sd * np.sqrt(1.0 / worth + 1.0 / (EFFORT.ensembles * diagnosis.effective))
        assert abs(posterior.z[d].mean() - mean) < 0.1 * sd + 3.0 * error, diagnosis.name


def test_the_draws_kept_are_those_of_all_walkers_and_all_steps():
    """Of 512 walkers 4,000 draws at even distances would be of 20: the distance is 76.8."""
    walkers, steps, rows = 512, 600, 4000
    chosen = thinned(walkers * steps, rows, Streams(1))
    assert (np.diff(chosen) >= 0).all()
    assert chosen.max() < walkers * steps
    assert np.unique(chosen % walkers).size > 0.99 * walkers
    assert np.unique(chosen // walkers).size == steps


def test_an_update_by_one_figure_is_a_refit_with_it(small):
    """Means within 0.1 posterior sd and 3 standard errors of the fit to all figures."""
    z, weights = weigh(small, MODEL, seed=5, draws=20_000)
    rows = resampled(weights, 2000, Streams(5), "test")
    old = Stored(Found("small", Path(), {"last": "2018-12"}), small, np.ascontiguousarray(z[:, rows]), ())
    more = until(2019)
    posterior, worth = weigh_anew(old, more, MODEL, seed=6, rows=2000)
    again, weights = weigh(more, MODEL, seed=7, draws=20_000)
    known = 1.0 / effective_of(weights) + 1.0 / min(worth, 650.0)  # the old draws were worth some 650 before
    for d, name in enumerate(posterior.names):
        mean = (again[d] * weights).sum()
        sd = np.sqrt(((again[d] - mean) ** 2 * weights).sum())
        assert abs(posterior.z[d].mean() - mean) < 0.1 * sd + 3.0 * sd * np.sqrt(known), name


class StopError(Exception):
    """Somebody pulls the plug."""


def test_a_fit_that_was_interrupted_goes_on_to_the_very_same_draws(small, tmp_path):
    history, effort = History(MODEL, small.scenario), Effort(2, 64, 0, 90)
    whole = sample(history, Streams(2), [0, 1], effort, tmp_path / "whole.npz")

    def stop(steps):
        if steps == APPROACH + 2 * STRETCH:
            raise StopError

    with pytest.raises(StopError):
        sample(history, Streams(2), [0, 1], effort, tmp_path / "parts.npz", stop)
    told = []
    again = sample(history, Streams(2), [0, 1], effort, tmp_path / "parts.npz", told.append)
    np.testing.assert_array_equal(again, whole)
    assert told == [APPROACH + 3 * STRETCH, effort.reported_steps], "no more than a stretch of steps is done twice"


def test_half_a_checkpoint_is_no_checkpoint(small, tmp_path):
    history, effort = History(MODEL, small.scenario), Effort(2, 64, 0, 20)
    whole = sample(history, Streams(2), [0, 1], effort, tmp_path / "whole.npz")
    (tmp_path / "half.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:1000])
    np.testing.assert_array_equal(sample(history, Streams(2), [0, 1], effort, tmp_path / "half.npz"), whole)


def test_refitting_by_the_other_engine_finds_the_posterior_that_is_shipped():
    """Means of all 44 coordinates within 4 standard errors: a right pair fails once in 350 seeds.

    The shipped draws are taken as worth 250: their four ensembles differ by more than one ensemble's own draws say.
    """
    stored = read("icbc_mobile", MODEL)
    z, weights = weigh(stored.target, MODEL, seed=9, draws=60_000)
    worth = effective_of(weights)
    assert worth > 20
    mean = (z * weights).sum(axis=1)
    sd = np.sqrt((z - mean[:, None]) ** 2 @ weights)
    off = (stored.z.mean(axis=1) - mean) / (sd * np.sqrt(1.0 / worth + 1.0 / 250.0))
    assert np.abs(off).max() < 4.0
    assert np.sqrt((off**2).mean()) < 1.5
