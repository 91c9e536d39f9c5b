"""Yearly shocks: the law of the paths, seen from the start month, against AR(1) by hand.

Moments allow 4.5 standard errors (7 in a million a comparison; 1 in 500 for the file).
"""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.shocks import ShockSizes, drift, paths, standardised

START = Month.of(2022, 12)
REPLICATES = 40_000
TOLERANCE = 4.5


def sizes(
    replicates=REPLICATES,
    size=(0.2, 0.07),
    persistence=(0.6, 0.6),
    tails=0.0,
    correlation=0.0,
    wiggle=0.0,
    a_year=0.0,
    half_life=36.0,
):
    """Return the sizes of two paths, the same in each replicate."""
    names = ("adoption", "engagement")
    every = np.ones(replicates)
    return ShockSizes(
        size={name: s * every for name, s in zip(names, size, strict=True)},
        persistence={name: p * every for name, p in zip(names, persistence, strict=True)},
        tails=dict.fromkeys(names, tails),
        correlation=correlation * every,
        wiggle=wiggle * every,
        drift=dict.fromkeys(names, a_year * every),
        half_life_months=dict.fromkeys(names, half_life),
    )


def drawn(seed, months=72, start=START, **how):
    return paths(sizes(**how), start, months, Streams(seed), np.arange(REPLICATES))


def yearly(path):
    """Return one value a calendar year, (Y, R), of a path that starts in January."""
    by_month = path.reshape(-1, 12, path.shape[1])
    assert (by_month == by_month[:, :1]).all(), "without a wiggle a year has one value"
    return by_month[:, 0]


def near(found, exact, variance_of_product):
    assert abs(found - exact) < TOLERANCE * math.sqrt(variance_of_product / REPLICATES)


@pytest.mark.parametrize("tails", [0.0, 8.0])
def test_paths_have_the_covariances_of_a_stationary_ar1_seen_from_its_first_year(seed, tails):
    """Of v_y with variance s²/(1 − φ²), x_y = v_y − v_0 has Cov(x_j, x_k) that times φ^(k−j) − φ^j − φ^k + 1."""
    keep, size = 0.6, 0.2
    x = yearly(drawn(seed, tails=tails)["adoption"])
    stationary = size**2 / (1 - keep**2)
    for j in range(1, 7):
        assert abs(x[j - 1].mean()) < TOLERANCE * x[j - 1].std() / math.sqrt(REPLICATES)
        for k in range(j, 7):
            exact = stationary * (keep ** (k - j) - keep**j - keep**k + 1)
            product = x[j - 1] * x[k - 1]
            near(product.mean(), exact, product.var())


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_shock_fades_from_year_to_year_by_its_persistence(seed, keep):
    """Differences of a year on year path have lag-one covariance −s²·(1 − φ)/(1 + φ)."""
    x = yearly(drawn(seed, persistence=(keep, keep))["engagement"])
    one, next_one = x[3] - x[2], x[4] - x[3]
    product = one * next_one
    near(product.mean(), -(0.07**2) * (1 - keep) / (1 + keep), product.var())
    near((one**2).mean(), 0.07**2 * 2 / (1 + keep), (one**2).var())


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.3, 0.9])
def test_the_two_paths_have_the_stated_correlation(seed, correlation):
    found = drawn(seed, correlation=correlation)
    one, other = yearly(found["adoption"]), yearly(found["engagement"])
    for year in range(6):
        r = np.corrcoef(one[year], other[year])[0, 1]
        assert abs(math.atanh(r) - math.atanh(correlation)) < TOLERANCE / math.sqrt(REPLICATES - 3)


def test_correlation_leaves_the_first_path_and_both_sizes_alone(seed):
    alone, together = drawn(seed), drawn(seed, correlation=0.8)
    np.testing.assert_array_equal(alone["adoption"], together["adoption"])
    spread = [yearly(found["engagement"])[5].std() for found in (alone, together)]
    assert abs(spread[1] / spread[0] - 1) < TOLERANCE * math.sqrt(1 / REPLICATES)


def test_sizes_and_persistence_of_each_replicate_are_its_own(seed):
    mixed = sizes(replicates=REPLICATES)
    mixed.size["adoption"][::2] = 0.0
    x = paths(mixed, START, 12, Streams(seed), np.arange(REPLICATES))["adoption"]
    assert not x[:, ::2].any()
    assert x[:, 1::2].all()


# ------------ relative to the start


def test_a_path_is_zero_at_its_start(seed):
    """A start in May: the rest of the year still has the value of the year of the start, to which all is relative."""
    found = drawn(seed, months=24, start=Month.of(2022, 5))
    for path in found.values():
        assert not path[:7].any()
        assert path[7:].all()


def test_no_shocks_at_all_leave_everything_at_its_start(seed):
    found = drawn(seed, size=(0.0, 0.0))
    assert not found["adoption"].any()
    assert not found["engagement"].any()


def test_a_calendar_month_has_one_value_whatever_the_length_of_the_run(seed):
    short, long = drawn(seed, months=18, wiggle=0.02), drawn(seed, months=60, wiggle=0.02)
    np.testing.assert_array_equal(short["adoption"], long["adoption"][:18])


# ------------ within the year


def test_the_wiggle_sums_to_zero_over_each_calendar_year(seed):
    found = drawn(seed, size=(0.0, 0.0), wiggle=0.02)
    for path in found.values():
        assert np.abs(path.reshape(6, 12, -1).sum(axis=1)).max() < 1e-14
        assert path.all()


def test_the_wiggle_of_each_month_has_the_stated_standard_deviation(seed):
    found = drawn(seed, size=(0.0, 0.0), wiggle=0.02, months=24)
    for path in found.values():
        error = math.sqrt(0.5 / REPLICATES)
        assert (np.abs(path.std(axis=1) / 0.02 - 1) < TOLERANCE * error).all()
        r = np.corrcoef(path)
        within, across = r[0, 1:12], r[0, 12:]
        assert (np.abs(within + 1 / 11) < TOLERANCE / math.sqrt(REPLICATES)).all()  # twelve that sum to zero
        assert (np.abs(across) < TOLERANCE / math.sqrt(REPLICATES)).all()  # nothing is carried over
    both = np.corrcoef(found["adoption"][3], found["engagement"][3])[0, 1]
    assert abs(both) < TOLERANCE / math.sqrt(REPLICATES)


def test_a_wiggle_leaves_the_values_of_the_years_as_they_were(seed):
    plain, wiggling = drawn(seed)["adoption"], drawn(seed, wiggle=0.02)["adoption"]
    by_year = (wiggling - plain).reshape(6, 12, -1).sum(axis=1)
    assert np.abs(by_year).max() < 1e-13


# ------------ tails


@pytest.mark.parametrize("degrees", [2.5, 4.0, 30.0])
def test_student_innovations_are_quantiles_of_unit_variance(degrees):
    z = np.linspace(-7, 7, 141)
    lower = stats.t.ppf(stats.norm.cdf(-np.abs(z)), degrees) / stats.t.std(degrees)  # the upper tail loses digits
    expected = -np.sign(z) * lower
    np.testing.assert_allclose(standardised(z, degrees), expected, rtol=1e-9)
    if degrees > 3:
        second = integrate.quad(lambda x: float(standardised(np.array(x), degrees)) ** 2 * stats.norm.pdf(x), -8, 8)[0]
        assert second == pytest.approx(1.0, abs=0.002)


def test_tails_of_zero_degrees_stand_for_the_normal_law():
    z = np.linspace(-7, 7, 15)
    np.testing.assert_array_equal(standardised(z, 0.0), z)


def test_student_innovations_are_finite_for_the_largest_normal_draw():
    """8.21 is the inverse distribution at 1 − 2⁻⁵³, beyond which a uniform does not go."""
    assert np.isfinite(standardised(np.array([-8.2095, 8.2095]), 4.0)).all()


# ------------ drift


@pytest.mark.parametrize(("a_year", "half_life"), [(0.05, 36.0), (0.08, 12.0), (-0.03, 120.0)])
def test_drift_is_the_integral_of_a_growth_that_halves_every_half_life(a_year, half_life):
    found = drift(np.array([a_year]), half_life, 96)[:, 0]
    for t in (1, 12, 36, 96):
        exact = integrate.quad(lambda s: a_year / 12 * 2 ** (-s / half_life), 0, t)[0]
        assert found[t - 1] == pytest.approx(exact, rel=1e-12)


def test_the_monthly_step_of_a_drift_halves_after_its_half_life():
    step = np.diff(drift(np.array([0.05]), 24.0, 96)[:, 0], prepend=0.0)
    np.testing.assert_allclose(step[24:], step[:-24] / 2, rtol=1e-12)
    assert step[0] == pytest.approx(0.05 / 12, rel=0.02)


def test_a_path_is_its_shock_plus_its_drift(seed):
    still, drifting = drawn(seed)["adoption"], drawn(seed, a_year=0.05)["adoption"]
    expected = np.broadcast_to(drift(np.full(REPLICATES, 0.05), 36.0, 72), still.shape)
    np.testing.assert_allclose(drifting - still, expected, rtol=0, atol=1e-14)
