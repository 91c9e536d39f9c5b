"""Where walkers begin: the search is held against a law whose answer is known, then against a bank's own density."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from mobank.base.streams import Streams
from mobank.calibration.sampler import peak, tempering
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

    monkeypatch.setattr(peak, "live", live)
    covariance = np.linalg.inv(slopes.T @ slopes + np.eye(SIZE))
    return covariance @ slopes.T @ wanted, covariance


def test_a_search_finds_mean_and_covariance_of_a_normal_law(known):
    mean, covariance = known
    found = peak.search(None, np.full(SIZE, 0.7))
    width = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((found.at - mean) / width, 0.0, atol=1e-3)
    np.testing.assert_allclose(
        found.shape @ found.shape.T / np.outer(width, width), covariance / np.outer(width, width), atol=1e-6
    )


def test_walkers_are_brought_to_a_law_that_is_narrower_than_the_priors(known):
    """Means and variances of 400 walkers within 4 standard errors, the first coordinate, whose law is cut, left out.

    Moves bring walkers that stand at one place apart; they are taken as worth a half of what they are.
    """
    mean, covariance = known
    bank = SimpleNamespace(names=[f"n{i}" for i in range(SIZE)])
    for ensemble in (0, 1):
        walkers, shape = tempering.first_walkers(bank, Streams(3), ensemble, 400)
        np.testing.assert_allclose(shape @ shape.T, covariance, rtol=0, atol=1e-6 * np.diag(covariance).max())
        assert np.isfinite(peak.log_posterior(None, walkers)).all()
        units = np.linalg.solve(np.linalg.cholesky(covariance), (walkers - mean).T)[1:]
        np.testing.assert_allclose(units.mean(axis=1), 0.0, atol=4.0 * np.sqrt(1.0 / 200))
        np.testing.assert_allclose(units.var(axis=1), 1.0, atol=4.0 * np.sqrt(2.0 / 200))


def test_two_peaks_have_walkers_as_they_are_probable(monkeypatch):
    """Of a law with two equal peaks, 6 apart, a search finds one; half the walkers are about each (4 standard errors).

    One standard error of a share is that of 4,000 / 20 independent walkers: so much the weights of the first law leave.
    """

    def live(history, z):
        log = np.logaddexp(-0.5 * ((z[0] - 3.0) / 0.3) ** 2, -0.5 * ((z[0] + 3.0) / 0.3) ** 2) + 0.5 * z[0] ** 2
        side = np.where(z[0] > 0.0, z[0] - 3.0, z[0] + 3.0) / 0.3
        return SimpleNamespace(log_density=log, normals=side[None], possible=np.isfinite(log), refused={})

    monkeypatch.setattr(peak, "live", live)
    walkers, _ = tempering.first_walkers(SimpleNamespace(names=["a", "b"]), Streams(3), 0, 4000)
    assert abs((walkers[:, 0] > 0.0).mean() - 0.5) < 4.0 * np.sqrt(0.25 / 200)


def test_what_a_peak_does_not_show_is_found(monkeypatch):
    """A plain behind a peak: far lower, but wide; there the other unknowns have another spread, too.

    Its share is known, and held within 4 standard errors of 6 ensembles whose shares are independent.
    """
    size, height, narrow = 8, -2.5, 0.2

    def live(history, z):
        there = -0.5 * ((z[0] - 2.5) / 0.3) ** 2 - 0.5 * ((z[1:] / narrow) ** 2).sum(axis=0) + 0.5 * z[0] ** 2
        plain = np.where(z[0] < 1.0, height - 0.5 * (((z[1:] - 0.2) / narrow) ** 2).sum(axis=0), -np.inf)
        normals = np.concatenate([(z[:1] - 2.5) / 0.3, z[1:] / narrow])
        return SimpleNamespace(
            log_density=np.logaddexp(there, plain), normals=normals, possible=np.isfinite(there), refused={}
        )

    monkeypatch.setattr(peak, "live", live)
    bank = SimpleNamespace(names=[f"n{i}" for i in range(size)])
    shares = np.array([(tempering.first_walkers(bank, Streams(3), e, 400)[0][:, 0] < 1.0).mean() for e in range(6)])
    pulled = np.exp(height - 0.5 * (size - 1) * 0.2**2 / (1.0 + narrow**2)) * stats.norm.cdf(1.0) * np.sqrt(2.0 * np.pi)
    above = np.sqrt(2.0 * np.pi) * 0.3
    truth = pulled / (pulled + above)
    assert 0.1 < truth < 0.5
    assert abs(shares.mean() - truth) < 4.0 * shares.std(ddof=1) / np.sqrt(6)
    assert shares.std(ddof=1) < 0.12


def test_the_density_of_where_they_set_out_is_that_of_the_draws(request):
    """Known densities have the mean ratio one to it, over its draws, within 4 standard errors."""
    history = load(request.config.rootpath / "calibration/banks/icbc_mobile.yaml", MODEL).history(MODEL)
    found = peak.search(history, peak.best_of_prior(history, Streams(1), "begin"))
    law = tempering.FirstLaw(history, found)
    at = law.draws(Streams(3), "draws", 20_000)
    log, size = law.log_density(at), at.shape[1]
    apart = np.linalg.solve(found.shape, (at - found.at).T)
    about = stats.multivariate_t(df=tempering.TAILS, shape=np.eye(size)).logpdf(apart.T) - law.volume
    normal = stats.multivariate_normal(found.at, found.shape @ found.shape.T)
    one = normal.logpdf(at) - stats.norm.logpdf(at[:, 7], found.at[7], law.axes[1][7]) + stats.norm.logpdf(at[:, 7])
    for known in (stats.norm.logpdf(at).sum(axis=1), about, one):
        ratio = np.exp(known - log)
        assert abs(ratio.mean() - 1.0) < 4.0 * ratio.std() / np.sqrt(ratio.size)


def test_two_searches_of_icbcs_posterior_end_at_the_same_place(request):
    history = load(request.config.rootpath / "calibration/banks/icbc_mobile.yaml", MODEL).history(MODEL)
    first, other = (
        peak.search(history, 0.3 * peak.prior_draws(history, Streams(seed), "begin", np.arange(1))[:, 0])
        for seed in (1, 2)
    )
    width = np.sqrt((first.shape**2).sum(axis=1))
    assert np.abs((first.at - other.at) / width).max() < 0.5
    there = peak.log_posterior(history, np.stack([first.at, other.at]))
    assert abs(there[0] - there[1]) < 0.2
    around = first.at + 0.3 * np.concatenate([first.shape.T, -first.shape.T])
    assert (peak.log_posterior(history, around) < there[0] + 0.05).all()


@pytest.mark.parametrize("target", ["icbc_mobile", "peers/boc"])
def test_far_outside_nothing_is_possible_and_nothing_is_warned_of(request, target):
    history = load(request.config.rootpath / f"calibration/banks/{target}.yaml", MODEL).history(MODEL)
    at = 40.0 * peak.prior_draws(history, Streams(2), "far", np.arange(200)).T
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log = peak.log_posterior(history, at)
    assert (log < -1e4).all()
    assert not np.isnan(log).any()
