"""Figures of another definition are a factor times the model's: they teach the fit the factor, and are never growth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.priors import Prior
from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.calibration.checks.fit_summary import find
from mobank.calibration.fitting import weigh
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.sampler.peak import prior_draws
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Figure, Provenance

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL)
DECEMBER, OCTOBER = Month.of(2020, 12), Month.of(2020, 10)
EVEN = Prior("lognormal", 0.6, 0.5)


def reported(measure, month, value, definition=""):
    interval = Interval(value * 0.995, value * 1.005, 0.0)
    return Figure(measure, month, f"{value:.0f}", interval, Provenance(), definition=definition)


def joined(figure, prior):
    return replace(SMALL, apart=(figure,), breaks={figure.definition: prior})


def drawn(target, count):
    return prior_draws(target.history(MODEL), Streams(3), "draw", np.arange(count))


@pytest.mark.parametrize("month", [DECEMBER, OCTOBER], ids=["year-end", "within"])
def test_with_a_factor_that_is_known_it_is_the_figure_over_the_factor(month):
    """Density per person of what was reported, so less the log of the factor."""
    factor = 0.6
    apart = joined(reported("mau", month, 0.9e8, "app"), Prior("lognormal", factor, 1e-9))
    whole = (*SMALL.figures, reported("mau", month, 0.9e8 / factor))
    plain = replace(SMALL, scenario=replace(SMALL.scenario, reported=whole))
    z, known = drawn(apart, 40), plain.history(MODEL)
    found = live(apart.history(MODEL), z)
    same = live(known, np.stack([z[apart.history(MODEL).row[name]] for name in known.names]))
    np.testing.assert_array_equal(found.possible, same.possible)
    on = same.possible
    assert on.mean() > 0.8
    np.testing.assert_allclose(found.log_density[on], same.log_density[on] - np.log(factor), atol=1e-6)
    np.testing.assert_allclose(found.shocks[..., on], same.shocks[..., on], atol=1e-7)


@pytest.fixture(scope="module")
def truth():
    """Return the active at the end of 2020 as the fit without other definitions has it."""
    z, weights = weigh(SMALL, MODEL, seed=5, draws=6000)
    history = SMALL.history(MODEL)
    y = [mark.month.year for mark in history.marks].index(2020)
    ends = np.nan_to_num(np.log(live(history, z).marks[y, 1]))
    return ends, weights


@pytest.mark.parametrize("month", [DECEMBER, OCTOBER], ids=["year-end", "within"])
def test_the_factor_is_learnt_and_the_level_stays_where_it_was(truth, month):
    """An app that counts half of the active: believed .6 give or take half, found .5; the level moves by < .5 sd."""
    ends, weights = truth
    mean = (ends * weights).sum()
    sd = np.sqrt(((ends - mean) ** 2 * weights).sum())
    apart = joined(reported("mau", month, 0.5 * float(np.exp(mean)), "app"), EVEN)
    history = apart.history(MODEL)
    z, now = weigh(apart, MODEL, seed=6, draws=12_000)
    log_factor = np.log(EVEN.of_normal(z[history.row["factor.app"]]))
    found = (log_factor * now).sum()
    spread = np.sqrt(((log_factor - found) ** 2 * now).sum())
    assert abs(found - np.log(0.5)) < 0.5 * sd + 0.02
    assert spread < 0.5 * EVEN.spread
    y = [mark.month.year for mark in history.marks].index(2020)
    then = np.nan_to_num(np.log(live(history, z).marks[y, 1]))
    assert abs((then * now).sum() - mean) < 0.5 * sd


def test_earlier_labels_of_the_bank_are_told_as_factors():
    earlier = load(ROOT / "calibration/banks/icbc_mobile_earlier_labels.yaml", MODEL)
    assert earlier.scenario.reported == load(ROOT / "calibration/banks/icbc_mobile.yaml", MODEL).scenario.reported
    history = earlier.history(MODEL)
    assert set(history.factors) == {"factor.mobile_bank_app", "factor.online_finance"}
    z = drawn(earlier, 200)
    z = z[:, live(history, z).possible]
    found = find(earlier, MODEL, z, Streams(8))
    assert not any(check.month.year < 2021 for check in found.checks if check.measure == "mau")
    app, finance = sorted(found.factors, key=lambda factor: factor.figure.month)
    assert (app.figure.definition, finance.figure.definition) == ("mobile_bank_app", "online_finance")
    for factor, name in ((app, "factor.mobile_bank_app"), (finance, "factor.online_finance")):
        factors = history.factors[name].of_normal(z[history.row[name]])
        assert factor.implied[1] == pytest.approx(np.median(factors))
        assert factor.inside


def test_a_figure_from_before_the_years_that_are_lived_fits_nothing():
    apart = joined(reported("mau", Month.of(2015, 10), 0.5e8, "app"), EVEN)
    assert apart.history(MODEL).names == SMALL.history(MODEL).names
    assert not apart.history(MODEL).factors
