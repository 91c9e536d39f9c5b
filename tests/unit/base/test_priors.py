"""Priors: low to high is the central 90 %, the centre is the median, on the scale that suits the number."""

import numpy as np
import pytest
from scipy import stats

from mobank.base.priors import Prior, logit

NORMAL = stats.norm
BETWEEN = [("lognormal", 0.03, 0.09), ("lognormal", 1e6, 4e6), ("logitnormal", 0.82, 0.97), ("normal", -0.2, 0.6)]


@pytest.mark.parametrize(("kind", "low", "high"), BETWEEN)
def test_low_and_high_are_the_ends_of_the_central_90_percent(kind, low, high):
    prior = Prior.between(kind, low, high)
    ends = prior.of_normal(NORMAL.ppf([0.05, 0.95]))
    np.testing.assert_allclose(ends, [low, high], rtol=1e-9)
    np.testing.assert_allclose(prior.central(), [low, high], rtol=1e-9)


@pytest.mark.parametrize(("kind", "low", "high"), BETWEEN)
def test_the_centre_is_the_median(kind, low, high):
    prior = Prior.between(kind, low, high)
    middle = (low + high) / 2
    if kind == "lognormal":
        middle = np.sqrt(low * high)
    elif kind == "logitnormal":
        middle = 1 / (1 + np.exp(-(logit(low) + logit(high)) / 2))
    assert prior.of_normal(np.zeros(1))[0] == pytest.approx(middle, rel=1e-12)
    assert prior.centre == pytest.approx(middle, rel=1e-12)


def test_quantiles_are_those_of_the_named_distribution():
    u = np.array([0.001, 0.2, 0.5, 0.93, 0.9999])
    z = NORMAL.ppf(u)
    np.testing.assert_allclose(
        Prior("lognormal", 0.05, 0.4).of_normal(z), stats.lognorm.ppf(u, 0.4, scale=0.05), rtol=1e-9
    )
    np.testing.assert_allclose(Prior("normal", 0.05, 0.04).of_normal(z), stats.norm.ppf(u, 0.05, 0.04), rtol=1e-9)
    share = Prior("logitnormal", 0.9, 0.5).of_normal(z)
    np.testing.assert_allclose(np.log(share / (1 - share)), np.log(9.0) + 0.5 * z, rtol=1e-9)
    assert ((share > 0) & (share < 1)).all()


def test_a_fixed_value_is_itself_whatever_is_drawn():
    fixed = Prior("fixed", 0.3)
    assert fixed.of_normal(np.array([-3.0, 0.0, 3.0])).tolist() == [0.3, 0.3, 0.3]
    assert fixed.central() == (0.3, 0.3)
