"""A forecast of the reduced model follows from its prior and the figures, and from nothing else.

Against closed forms, another way to the same integral, and data made by the model itself.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest, t

from mobank.base.errors import Place
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.backtest import forecaster, priors
from mobank.calibration.backtest.forecaster import Forecaster, Luck, advance, begin, log_registered, student_log_density
from mobank.calibration.backtest.reduced_models import SHAPES, adopting, adopting_alone, adopting_by_gompertz
from mobank.calibration.backtest.series import Series, SeriesFigure

BELIEFS = next(iter(priors.read()[0].values()))
EDGE = 1e-4


def series(values, unit="persons", width=EDGE):
    figures = tuple(
        SeriesFigure(Month.of(2000 + i, 12), v * (1 - width), v * (1 + width), "secondary", Place("here", i + 2))
        for i, v in enumerate(values)
    )
    return Series("A", "users", unit, figures)


GROWING = series([100e6, 130e6, 160e6, 185e6, 200e6, 210e6])
every_shape = pytest.mark.parametrize("shape", sorted(SHAPES))


def test_student_quantiles_and_densities_are_scipys_at_unit_variance():
    u = np.array([1e-9, 0.01, 0.3, 0.5, 0.77, 1 - 1e-9])
    np.testing.assert_allclose(forecaster.student_quantile(u), t.ppf(u, 4) / 2**0.5, rtol=1e-6, atol=1e-12)
    x = np.array([-3.0, 0.0, 0.4])
    np.testing.assert_allclose(student_log_density(x, 0.7), t.logpdf(x, 4, scale=0.7 / 2**0.5))


def test_the_hazards_are_those_of_bass_and_of_gompertz():
    """Who is not among x registers at a hazard h: dx/dt = h · (1 − x), which is Gompertz's rate · x · log(1/x)."""
    x = np.array([0.01, 0.3, 0.5, 0.99])
    grown = adopting_by_gompertz(0.0, 0.7, x) * (1 - x)
    np.testing.assert_allclose(grown, 0.7 * x * np.log(1 / x), rtol=1e-9)
    np.testing.assert_allclose(adopting_by_gompertz(0.02, 0.7, np.array([0.0, 1.0])), [0.02, 0.72], atol=1e-9)
    np.testing.assert_allclose(adopting(0.02, 0.7, 2.0, x), 0.02 + 0.7 * x * x)
    assert adopting_alone(0.02) == 0.02


@every_shape
def test_a_solved_shock_leads_to_the_level_that_was_asked_for(shape, seed):
    draws = begin(BELIEFS, shape, GROWING, Luck.of(Streams(seed), shape, 500))
    goal = log_registered(draws.people) + np.linspace(-0.3, 0.5, 500)
    shock, found = forecaster._solve(draws, goal, 12, np.full(500, 0.01))
    reached = log_registered(advance(draws, shock, 12))
    np.testing.assert_allclose(reached[found], goal[found], atol=0.0011)
    pool = np.log(draws.people[0, 0] + draws.people[1, 0])
    assert found[goal < pool - 0.1].mean() > 0.95  # within the pool there nearly always is one, and it is found


@every_shape
def test_nobody_is_lost_but_who_joins(shape, seed):
    draws = begin(BELIEFS, shape, GROWING, Luck.of(Streams(seed), shape, 100))
    after = advance(draws, np.linspace(-3, 3, 100), 12).sum(axis=0)[0]
    grown = draws.people.sum(axis=0)[0] * (1 + draws.values["join_rate"][0]) ** 12
    np.testing.assert_allclose(after, grown, rtol=1e-10)


@every_shape
def test_the_mean_weight_is_the_chance_of_the_figure(shape, seed):
    """Against plain Monte Carlo over the same prior: within 4 standard errors; false alarm 1 in 16,000 a shape."""
    count = 20000
    luck = Luck.of(Streams(seed), shape, count)
    draws = begin(BELIEFS, shape, GROWING, luck)
    figure = GROWING.figures[1]
    centre, size = forecaster._next_shock(draws, 12)
    shock = centre + size * Luck.of(Streams(seed + 1), shape, count).student("shock")
    goal = forecaster._reading(draws.noise, figure, luck)
    plain = np.exp(student_log_density(goal - log_registered(advance(draws, shock, 12)), draws.drift))
    forecaster.pass_through(draws, figure, 12, luck)
    ours = np.exp(draws.weight)
    error = np.hypot(ours.std(), plain.std()) / count**0.5
    assert abs(ours.mean() - plain.mean()) < 4 * error
    assert error < 0.06 * plain.mean()
    assert ours.max() < plain.max() * 2.1  # the weights are bounded by twice the density of the discrepancy


def test_draws_pass_through_every_figure(seed):
    told = Forecaster(GROWING, BELIEFS, Streams(seed), 300, 300)
    for figure in GROWING.figures[1:]:
        told.learn()
        for draws in told.draws.values():
            level = log_registered(draws.people) + draws.offset
            noise = np.abs(level - np.log(figure.middle)) / draws.noise
            assert np.quantile(noise, 0.9) < 3.0
    assert sum(told.shape_shares().values()) == pytest.approx(1.0)


def test_the_prior_knows_of_a_series_its_first_figure_alone(seed):
    other = replace(GROWING, figures=(GROWING.figures[0], *series([1, 900e6, 950e6]).figures[1:]))
    for shape in SHAPES:
        one, two = (begin(BELIEFS, shape, s, Luck.of(Streams(seed), shape, 50)) for s in (GROWING, other))
        np.testing.assert_array_equal(one.people, two.people)
        for name, value in one.values.items():
            np.testing.assert_array_equal(value, two.values[name])


def test_a_forecast_does_not_know_the_figures_after_its_origin(seed):
    found = []
    for values in ([100e6, 130e6, 160e6, 185e6, 1e6, 2e6], [100e6, 130e6, 160e6, 185e6, 900e6, 950e6]):
        told = Forecaster(series(values), BELIEFS, Streams(seed), 200, 200)
        for _ in range(3):
            told.learn()
        found.append(told.forecast([12, 12]))
    np.testing.assert_array_equal(*found)


def test_a_share_never_outgrows_one_by_more_than_the_noise(seed):
    told = Forecaster(series([0.5, 0.7, 0.85, 0.93, 0.96, 0.97], "share"), BELIEFS, Streams(seed), 500, 500)
    for _ in range(4):
        told.learn()
    for draws in told.draws.values():
        assert draws.people.sum(axis=0).max() <= 1.0 + 4 * BELIEFS.noise[0] * 10
    assert np.quantile(told.forecast([12] * 5)[-1], 0.5) < 0.0


def test_steep_declines_and_flat_series_can_be_passed_through(seed):
    for values in ([1e6, 8e5, 4e5, 1e5, 2e4, 4e3], [0.99] * 6, [3, 30, 400, 9000, 2e5, 5e6]):
        told = Forecaster(series(values, "share" if values[0] < 1 else "persons"), BELIEFS, Streams(seed), 200, 200)
        for _ in values[1:]:
            told.learn()
        assert np.isfinite(told.forecast([12] * 5)).all()


def still(shape, seed, count, **changed):
    """Return draws in which nothing happens by chance but what is changed."""
    draws = begin(BELIEFS, shape, GROWING, Luck.of(Streams(seed), shape, count))
    none = np.zeros(count)
    return replace(draws, **({"size": none, "drift": none, "noise": none, "offset": none + 0.3} | changed))


@every_shape
def test_without_chance_a_forecast_is_the_expected_level_and_a_printed_figure_lies_evenly_about_it(shape, seed):
    """Mean of 4,000 uniform positions: within 4 standard errors."""
    draws, luck = still(shape, seed, 4000), Luck.of(Streams(seed), "ahead", 4000)
    spans = (5, 7, 12)
    expected = np.stack([log_registered(advance(draws, np.zeros(4000), months)) for months in (5, 12, 24)]) + 0.3
    exact = replace(GROWING.figures[0], low=100e6, high=100e6)
    np.testing.assert_allclose(forecaster.forecast(draws, exact, spans, luck), expected, rtol=1e-9)
    coarse = replace(GROWING.figures[0], low=90e6, high=110e6)
    apart = forecaster.forecast(draws, coarse, spans, luck) - expected
    assert 0.099 < np.abs(apart).max() <= 0.1
    assert (np.abs(apart.mean(axis=1)) < 4 * 0.2 / 12**0.5 / 4000**0.5).all()


def test_a_level_moves_with_the_root_of_the_months_and_noise_does_not_add_up(seed):
    """Quartiles of 20,000 draws, each within 5 % (five standard errors)."""
    one = np.ones(20_000)
    wide = t.ppf(0.75, 4) / 2**0.5
    for changed, spans, expected in (
        ({"drift": 0.05 * one}, (3, 12), (0.05 * 0.5 * wide, None)),
        ({"drift": 0.05 * one}, (12,), (0.05 * wide,)),
        ({"noise": 0.02 * one}, (3, 12), (0.02 * wide, 0.02 * wide)),
    ):
        draws, luck = still("constant", seed, 20_000, **changed), Luck.of(Streams(seed), "ahead", 20_000)
        calm = forecaster.forecast(still("constant", seed, 20_000), GROWING.figures[0], spans, luck)
        apart = forecaster.forecast(draws, GROWING.figures[0], spans, luck) - calm
        for row, quartile in zip(apart, expected, strict=True):
            if quartile:
                assert np.quantile(row, (0.25, 0.75)) == pytest.approx((-quartile, quartile), rel=0.05)
            else:
                assert row.std() == pytest.approx(0.05 * (15 / 12) ** 0.5, rel=0.06)


def test_shocks_begin_with_their_stationary_law_and_keep_to_it_over_any_span(seed):
    persistence, size = np.array([0.36, 0.81]), np.array([0.1, 0.2])
    draws = replace(still("constant", seed, 2), persistence=persistence, size=size)
    centre, first = forecaster._next_shock(draws, 12)
    assert centre.tolist() == [0, 0]
    assert first == pytest.approx(size / (1 - persistence**2) ** 0.5)
    ahead = replace(draws, shock=np.array([1.0, -2.0]))
    assert forecaster._next_shock(ahead, 6)[0] == pytest.approx([0.6, -1.8])
    assert forecaster._next_shock(ahead, 24)[0] == pytest.approx([0.36**2, -2 * 0.81**2])


def test_forecasts_of_what_the_model_itself_made_are_calibrated(seed):
    """PITs of 60 made series' fifth figures are uniform: Kolmogorov-Smirnov, false alarm 1 in 200."""
    pits = []
    for i in range(60):
        shape = sorted(SHAPES)[i % 3]
        luck = Luck.of(Streams(seed + i), "made", 1)
        draws = begin(BELIEFS, shape, GROWING, luck)
        figure = GROWING.figures[0]
        made = np.exp(forecaster.forecast(draws, figure, [12] * 4, luck)[:, 0])
        told = Forecaster(series([figure.middle, *made]), BELIEFS, Streams(seed), 400, 400)
        for _ in range(3):
            told.learn()
        pits.append(float(np.mean(told.forecast([12])[0] < np.log(made[3]))))
    assert kstest(pits, "uniform").pvalue > 0.005
