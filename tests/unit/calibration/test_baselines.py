"""The methods that a forecast must beat, against closed forms and another way of computing them."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mobank.base.quantities import Month
from mobank.calibration.backtest import baselines as b

HORIZONS = (1, 2, 3, 5)
YEARS = np.arange(9.0)


def test_the_damped_trend_by_hand():
    """Growths .3, .1, .2 weigh .36, .6, 1; their changes −.2 and .1 have the standard deviation .3/√2."""
    found = b.damped_trend(np.array([1.0, 1.3, 1.4, 1.6]), (1, 3))
    trend = (0.36 * 0.3 + 0.6 * 0.1 + 0.2) / 1.96
    assert [f.mean for f in found] == pytest.approx([1.6 + 0.8 * trend, 1.6 + (0.8 + 0.64 + 0.512) * trend])
    assert [f.sd for f in found] == pytest.approx([0.15 * 1.2, 0.15 * 1.2 * 3**0.5])


def test_steps_are_those_of_the_last_months_as_far_back_as_they_are_kept():
    months = [Month.of(2019, 12), Month.of(2020, 12), Month.of(2021, 6), Month.of(2021, 7), Month.of(2021, 8)]
    assert b.even_steps(months) == (1, 3)
    assert b.even_steps(months[:2]) == (12, 2)
    assert b.even_steps(months[:3], 12) == (12, 1), "the last two are not a year apart"
    assert b.even_steps(months[:1]) == (12, 1)


def test_no_spread_is_below_two_in_a_hundred():
    steady = 0.1 * np.arange(6.0)
    assert b.damped_trend(steady, (1,))[0].sd == pytest.approx(0.024)
    assert b.drift(steady, (1,))[0].sd == pytest.approx(0.02 * 1.2**0.5)


def test_drift_goes_on_at_the_mean_growth():
    found = b.drift(np.array([0.0, 0.1, 0.4, 0.6]), (2,))[0]
    assert found.mean == pytest.approx(1.0)
    assert found.sd == pytest.approx(0.1 * (2 * (1 + 2 / 3)) ** 0.5)


@pytest.mark.parametrize(
    ("method", "rate_of_change"),
    [
        (b.bass, lambda n: (0.02 + 0.5 * n / 100.0) * (100.0 - n)),
        (b.logistic, lambda n: 0.6 * n * (1.0 - n / 100.0)),
        (b.gompertz, lambda n: 0.3 * n * np.log(100.0 / n)),
    ],
)
def test_a_curve_fitted_to_its_own_law_foretells_it(method, rate_of_change):
    solved = solve_ivp(lambda t, n: rate_of_change(n), (0, 14), [4.0], t_eval=np.arange(14), rtol=1e-10, atol=1e-10)
    truth = np.log(solved.y[0])
    found = method(truth[:9], HORIZONS)
    np.testing.assert_allclose([f.mean for f in found], truth[8 + np.array(HORIZONS)], atol=2e-3)
    np.testing.assert_allclose([f.sd for f in found], 0.02 * np.sqrt(HORIZONS))


@pytest.mark.slow
@pytest.mark.parametrize("method", [b.auto_ets, b.theta])
def test_statsforecast_gives_a_trend_with_a_spread_and_the_same_each_time(method):
    pytest.importorskip("statsforecast", reason="mobank[backtest] is not installed")
    series = 0.1 * np.arange(12.0) + 0.02 * np.cos(3.0 * np.arange(12.0))
    found, again = method(series, HORIZONS), method(series, HORIZONS)
    assert found == again
    assert [f.mean for f in found] == sorted(f.mean for f in found)
    assert all(f.sd >= b.SMALLEST_SD for f in found)


@pytest.mark.parametrize("method", [b.auto_ets, b.theta])
def test_what_the_figures_are_too_few_for_is_left_out(method):
    pytest.importorskip("statsforecast", reason="mobank[backtest] is not installed")
    assert list(method(np.array([0.0, 0.2, 0.3, 0.5]), HORIZONS)) == [None] * 4


def test_what_cannot_be_computed_here_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    methods, missing = b.available()
    assert list(methods) == ["log damped trend", "drift", "Bass", "logistic", "Gompertz"]
    assert missing == [f"{name} needs statsforecast: install mobank[backtest]" for name in ("AutoETS", "Theta")]
