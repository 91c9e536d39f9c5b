"""Scores of forecasts, against another library's."""

import numpy as np
import pytest
import scoringrules as sr
from scipy.stats import norm

from mobank.calibration.backtest.scores import (
    LEVELS,
    EnsembleForecast,
    NormalForecast,
    binomial_sd,
    interval_score,
    pinball,
)

DRAWS = norm.ppf((np.arange(101) + 0.5) / 101) ** 3  # skewed, with ties to nobody


@pytest.mark.parametrize("truth", [-3.0, 0.0, 0.2, 11.0])
def test_the_crps_of_draws_is_that_of_scoringrules(truth):
    assert EnsembleForecast(DRAWS).crps(truth) == pytest.approx(float(sr.crps_ensemble(truth, DRAWS, estimator="nrg")))


@pytest.mark.parametrize("truth", [-3.0, 1.0, 1.3, 11.0])
def test_the_crps_of_a_normal_is_that_of_scoringrules(truth):
    assert NormalForecast(1.0, 0.3).crps(truth) == pytest.approx(float(sr.crps_normal(truth, 1.0, 0.3)))


@pytest.mark.parametrize("truth", [-3.0, 0.0, 0.2, 11.0])
def test_the_log_score_of_draws_is_that_of_scoringrules(truth):
    share, (low, high) = 0.9 * DRAWS.size**-0.2, np.quantile(DRAWS, (0.25, 0.75))
    centres = DRAWS.mean() + np.sqrt(1.0 - share**2) * (DRAWS - DRAWS.mean())
    width = share * (high - low) / 1.34  # less than the standard deviation: the draws have long tails
    expected = -float(sr.logs_ensemble(truth, centres, bw=np.float64(width)))
    assert EnsembleForecast(DRAWS).log_score(truth) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("truth", [0.4, 1.0, 1.3, 1.6])
def test_the_log_score_of_a_normal_is_its_log_density_and_that_of_its_quantiles_is_near_it(truth):
    exact = NormalForecast(1.0, 0.3).log_score(truth)
    assert exact == pytest.approx(float(norm.logpdf(truth, 1.0, 0.3)))
    quantiles = norm.ppf((np.arange(200) + 0.5) / 200, 1.0, 0.3)
    assert EnsembleForecast(quantiles).log_score(truth) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("truth", [0.0, 1.0, 2.5])
def test_the_pinball_loss_is_that_of_scoringrules_and_over_all_levels_half_the_crps(truth):
    assert pinball(1.5, truth, 0.9) == pytest.approx(float(sr.quantile_score(truth, 1.5, 0.9)))
    normal, levels = NormalForecast(1.0, 0.3), (np.arange(4000) + 0.5) / 4000
    losses = [pinball(normal.quantile(level), truth, level) for level in levels]
    assert 2.0 * np.mean(losses) == pytest.approx(normal.crps(truth), rel=1e-3)


@pytest.mark.parametrize("truth", [0.0, 1.0, 2.5])
def test_the_interval_score_is_that_of_scoringrules(truth):
    assert interval_score(0.5, 2.0, truth, 0.8) == pytest.approx(float(sr.interval_score(truth, 0.5, 2.0, 0.2)))


def test_quantiles_and_pit_undo_each_other():
    for forecast in (NormalForecast(1.0, 0.3), EnsembleForecast(DRAWS)):
        found = [forecast.pit(forecast.quantile(level)) for level in LEVELS]
        np.testing.assert_allclose(found, LEVELS, atol=0.01)


def test_a_truth_that_equals_draws_counts_half_of_them():
    assert EnsembleForecast(np.array([1.0, 2.0, 2.0, 3.0])).pit(2.0) == 0.5


def test_the_spread_of_a_coverage():
    assert binomial_sd(0.8, 100) == pytest.approx(0.04)
