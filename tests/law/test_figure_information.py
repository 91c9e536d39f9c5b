"""Which figure informs what: draws weighed without a figure are those of a fit that never had it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.checks.figure_information import Informs, _density, _freed, informs, narrowed_by, without
from mobank.calibration.fitting import weigh
from mobank.calibration.likelihood.history import value_at
from mobank.calibration.sampler.diagnostics import effective_of, resampled
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).parents[2]
DRAWS = 30_000


def fitted(target, seed):
    z, weights = weigh(target, MODEL, seed=seed, draws=DRAWS)
    return z, weights


@pytest.fixture(scope="module")
def target():
    return load(ROOT / "tests/data/targets/small.yaml", MODEL)


@pytest.fixture(scope="module")
def draws(target):
    z, weights = fitted(target, 5)
    return np.ascontiguousarray(z[:, resampled(weights, 3000, Streams(5), "test")]), effective_of(weights)


def figure_of(history, measure, year):
    return next(f for f in history.figures if (f.measure, f.month) == (measure, Month.of(year, 12)))


@pytest.mark.parametrize(("measure", "year"), [("registered", 2020), ("mau", 2021)])
def test_draws_without_a_figure_are_those_of_a_fit_that_never_had_it(target, draws, measure, year):
    """Means and log variances within 4 standard errors; 19 unknowns, so a right program fails with .5 %."""
    (z, worth), history = draws, target.history(MODEL)
    figure = figure_of(history, measure, year)
    weights = without(history, z, figure)
    known = 1.0 / min(worth, effective_of(weights))
    fewer = tuple(f for f in target.scenario.reported if f.name != figure.name)
    never = replace(target, scenario=replace(target.scenario, reported=fewer))
    other, own = fitted(never, 6)
    names, error = never.history(MODEL).row, known + 1.0 / effective_of(own)
    assert 1.0 / error > 50
    for name in history.priors:
        x, y = z[history.row[name]], other[names[name]]
        mean, again = np.average(x, weights=weights), np.average(y, weights=own)
        spread, wanted = np.average((x - mean) ** 2, weights=weights), np.average((y - again) ** 2, weights=own)
        assert abs(mean - again) < 4.0 * np.sqrt(wanted * error), name
        assert abs(np.log(spread / wanted)) < 4.0 * np.sqrt(2.0 * error), name


def test_the_integral_over_a_figure_is_that_of_a_fine_grid(target, draws):
    history, z = target.history(MODEL), draws[0][:, :200]
    figure = figure_of(history, "mau", 2022)
    start = np.log(value_at(figure, z[history.row[figure.name]]))
    grid = np.linspace(-0.3, 0.3, 301)[:, None]
    density = _density(_freed(history, figure), figure, z, start + grid)
    most = density.max(axis=0)
    log = most + np.log(np.exp(density - most).sum(axis=0)) - density[150]
    fine = np.exp(log - log.max())
    np.testing.assert_allclose(without(history, z, figure), fine / fine.sum(), rtol=0.01)


def test_every_figure_that_fixes_a_shock_is_looked_at_and_the_strongest_named_first(target, draws):
    history = target.history(MODEL)
    found = informs(history, draws[0], draws=400)
    assert [each.figure for each in found] == [f for mark in history.marks for f in reversed(mark.figures) if f]
    assert all(set(each.contraction) == set(history.priors) for each in found)
    figure = found[0].figure
    made = [Informs(figure, 100.0, {"a": c}, {"a": 0.05}) for c in (0.04, 0.3, 0.2)]
    assert [each.contraction["a"] for each in narrowed_by(made, "a")] == [0.3, 0.2]
