"""Where walkers begin: the search is held against a law whose answer is known, then against a bank's own density."""

from types import SimpleNamespace

import numpy as np
import pytest

from mobank.base.streams import Streams
from mobank.calibration.sampler import start
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

SIZE = 12


@pytest.fixture
def known(monkeypatch):
    """A normal law of 12 unknowns and 30 normals, narrower than the prior by up to 1,000; its mean and covariance."""
    random = np.random.default_rng(5)
    slopes = random.normal(size=(30, SIZE)) * np.geomspace(0.1, 100.0, SIZE)
    wanted = slopes @ random.normal(size=SIZE) + 0.5 * random.normal(size=30)

    def live(history, z):
        normals = slopes @ z - wanted[:, None]
        possible = z[0] > -2.5  # no draw below can be
        log = np.where(possible, -0.5 * (normals**2).sum(axis=0), -np.inf)
        return SimpleNamespace(log_density=log, normals=normals, possible=possible, refused={})

    monkeypatch.setattr(start, "live", live)
    covariance = np.linalg.inv(slopes.T @ slopes + np.eye(SIZE))
    return covariance @ slopes.T @ wanted, covariance


def test_a_search_finds_mean_and_covariance_of_a_normal_law(known):
    mean, covariance = known
    peak = start.search(None, np.full(SIZE, 0.7))
    width = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((peak.at - mean) / width, 0.0, atol=1e-3)
    np.testing.assert_allclose(
        peak.shape @ peak.shape.T / np.outer(width, width), covariance / np.outer(width, width), atol=1e-6
    )


def test_walkers_are_taken_by_weight_from_the_priors_and_about_the_peak_and_all_are_possible(known):
    """Means within 4 standard errors of 400 walkers, the first coordinate, whose law is cut, left out."""
    mean, covariance = known
    bank = SimpleNamespace(names=[f"n{i}" for i in range(SIZE)])
    walkers, shape = start.first_walkers(bank, Streams(3), 0, 400)
    np.testing.assert_allclose(shape @ shape.T, covariance, rtol=0, atol=1e-6 * np.diag(covariance).max())
    assert np.isfinite(start.log_posterior(None, walkers)).all()
    units = np.linalg.solve(np.linalg.cholesky(covariance), (walkers - mean).T)[1:]
    np.testing.assert_allclose(units.mean(axis=1), 0.0, atol=4.0 * np.sqrt(1.5 / 400))
    assert (units.var(axis=1) < 2.0).all()
    assert (units.var(axis=1) > 0.6).all()


def test_where_figures_say_little_walkers_come_from_the_priors(monkeypatch):
    """Of a law with two equal peaks, 6 apart, a search finds one; walkers are about both."""

    def live(history, z):
        log = np.logaddexp(-0.5 * ((z[0] - 3.0) / 0.3) ** 2, -0.5 * ((z[0] + 3.0) / 0.3) ** 2) + 0.5 * z[0] ** 2
        side = np.where(z[0] > 0.0, z[0] - 3.0, z[0] + 3.0) / 0.3
        return SimpleNamespace(log_density=log, normals=side[None], possible=np.isfinite(log), refused={})

    monkeypatch.setattr(start, "live", live)
    walkers, _ = start.first_walkers(SimpleNamespace(names=["a", "b"]), Streams(3), 0, 4000)
    share = (walkers[:, 0] > 0.0).mean()
    assert 0.02 < share < 0.98


def test_two_searches_of_icbcs_posterior_end_at_the_same_place(request):
    history = load(request.config.rootpath / "calibration/banks/icbc_mobile.yaml", MODEL).history(MODEL)
    first, other = (
        start.search(history, 0.3 * start.prior_draws(history, Streams(seed), "begin", np.arange(1))[:, 0])
        for seed in (1, 2)
    )
    width = np.sqrt((first.shape**2).sum(axis=1))
    assert np.abs((first.at - other.at) / width).max() < 0.5
    there = start.log_posterior(history, np.stack([first.at, other.at]))
    assert abs(there[0] - there[1]) < 0.2
    around = first.at + 0.3 * np.concatenate([first.shape.T, -first.shape.T])
    assert (start.log_posterior(history, around) < there[0] + 0.05).all()
