"""Years lived again: what a truth reports is solved back to its own luck, and checks say where a figure fell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.calibration.checks import identifiability, posterior_predictive
from mobank.calibration.checks.sbc import possible_truths
from mobank.calibration.likelihood import simulate_history
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.simulate_history import ACTIVE, LEVEL, Unbound
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).parents[2]
TARGET = load(ROOT / "calibration/banks/icbc_mobile.yaml", MODEL)
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL)


def told_exactly(history, free, truth):
    """Return the figures of one truth (D,) to the person, and its coordinates in the history that they make."""
    ends = live(free, truth[:, None]).year_ends[..., 0]
    known = {figure.name for figure in free.figures}
    figures = [f for f in history.target.reported if f.name in known]
    for y, year in enumerate(history.years):
        for row, figure in ((LEVEL, year.level), (ACTIVE, year.active)):
            if figure:
                figures.append(replace(figure[0], interval=Interval(ends[y, row], ends[y, row] * (1 + 1e-12), 0.0)))
    bound = History(history.model, replace(history.target, reported=tuple(figures)))
    z = np.array([truth[free.row[name]] if name in free.row else 0.0 for name in bound.names])
    correlation = np.clip(free.natural(truth[:, None])["shocks.correlation"], -0.99, 0.99)[0]
    for year in bound.years:  # where the level is solved for, the active path's coordinate is its normal as a whole
        if year.solved == (True, False):
            level, active = (f"innovation.{path}.{year.year}" for path in bound.paths)
            whole = correlation * truth[free.row[level]] + np.sqrt(1 - correlation**2) * truth[free.row[active]]
            z[bound.row[active]] = whole
    return bound, z[:, None]


@pytest.mark.parametrize("target", [TARGET, SMALL], ids=["eight_segments", "one_segment"])
def test_figures_that_a_truth_reports_are_solved_back_to_the_luck_that_made_them(target, seed):
    """The level's luck alone, or both paths' where active are reported; luck of years without a figure is given."""
    history = History(MODEL, target.scenario)
    free = Unbound(MODEL, target.scenario)
    truths = possible_truths(history, 5, seed)
    for truth in truths.T:
        bound, z = told_exactly(history, free, truth)
        normals = live(bound, z).innovations[..., 0]
        for y, year in enumerate(bound.years):
            given = [truth[free.row[f"innovation.{path}.{year.year}"]] for path in bound.paths]
            if all(year.solved):
                np.testing.assert_allclose(normals[y], given, atol=0.01)  # solved to a thousandth of what a year adds
            if not any(year.solved):
                np.testing.assert_allclose(normals[y], given)


def test_a_year_lived_without_figures_has_luck_of_its_own_each_time(seed):
    history = History(MODEL, SMALL.scenario)
    z = simulate_history.prior_draws(history, Streams(seed), 400)
    one, other = (simulate_history.again(history, z, Streams(s)) for s in (seed, seed + 1))
    assert np.isfinite(one).mean() > 0.95
    first = one[0, LEVEL]
    np.testing.assert_allclose(first, other[0, LEVEL])  # the first figure is where all begin
    assert (np.abs(one[-1, LEVEL] / other[-1, LEVEL] - 1.0) > 1e-4)[np.isfinite(one[-1, LEVEL])].mean() > 0.9


def test_the_checks_have_every_figure_its_change_and_the_active_share():
    history = History(MODEL, SMALL.scenario)
    z = simulate_history.prior_draws(history, Streams(3), 300)
    passage = live(history, z)
    kept = np.flatnonzero(passage.possible)
    found = posterior_predictive.check(
        history, live(history, z[:, kept]), simulate_history.again(history, z[:, kept], Streams(3))
    )
    kinds = [(check.kind, check.measure, check.month.year) for check in found]
    assert kinds == [
        ("figure", "registered", 2020),
        ("change", "registered", 2020),
        ("figure", "registered", 2021),
        ("change", "registered", 2021),
        ("figure", "mau", 2021),
        ("share", "mau", 2021),
        ("figure", "registered", 2022),
        ("change", "registered", 2022),
        ("figure", "mau", 2022),
        ("change", "mau", 2022),
        ("share", "mau", 2022),
    ]
    figure = next(check for check in found if check.kind == "figure" and check.month == Month.of(2022, 12))
    assert 515.5e6 < figure.reported < 516.5e6
    assert all(0.0 <= check.pit <= 1.0 for check in found)


def test_where_a_figure_fell_a_year_ahead_is_how_probable_less_luck_would_have_been(seed):
    history, free = History(MODEL, SMALL.scenario), Unbound(MODEL, SMALL.scenario)
    truth = possible_truths(history, 1, seed)[:, 0]
    bound, z = told_exactly(history, free, truth)
    passage = live(bound, np.repeat(z, 3, axis=1))
    again = simulate_history.again(bound, np.repeat(z, 3, axis=1), Streams(seed))
    last = [c for c in posterior_predictive.check(bound, passage, again) if c.kind == "figure" and c.month.year == 2022]
    luck = [truth[free.row[f"innovation.{path}.2022"]] for path in bound.paths]
    np.testing.assert_allclose([check.ahead for check in last], ndtr(luck), atol=1e-3)


# ------------ to which side a model leans


def figures(pits, measure="registered"):
    return [
        posterior_predictive.Check("figure", measure, Month.of(2000 + i, 12), 1.0, (1.0,) * 5, 0.5, pit)
        for i, pit in enumerate(pits)
    ]


@pytest.mark.parametrize(
    ("pits", "side", "run"),
    [
        ((0.9, 0.8, 0.7, 0.9, 0.95), "low", 5),  # chance of five on one side: 2/32
        ((0.1, 0.2, 0.3, 0.1, 0.05), "high", -5),
        ((0.1, 0.2, 0.7, 0.8, 0.9), "", 3),
        ((0.9, 0.8), "", 2),
    ],
)
def test_a_model_leans_only_if_luck_would_rarely_put_so_many_on_one_side(pits, side, run):
    found = posterior_predictive.lean(figures(pits), "registered")
    assert (found.side, found.run, found.of) == (side, run, len(pits))
    assert found.mean == pytest.approx(np.mean(pits))
    assert posterior_predictive.lean(figures(pits), "mau") is None


# ------------ what is known


def test_draws_from_the_priors_say_that_nothing_is_known(seed):
    history = History(MODEL, SMALL.scenario)
    z = simulate_history.prior_draws(history, Streams(seed), 4000)
    for each in identifiability.known(history, z):
        assert abs(each.contraction) < 5 * np.sqrt(2 / 4000), each.name  # one in a million each
        assert each.driven == "prior"
        np.testing.assert_allclose(each.posterior, each.prior, rtol=0.2, atol=0.03)


@pytest.mark.parametrize(
    ("sd", "mean", "driven"), [(0.3, 0.0, "data"), (0.7, 0.0, "partly"), (0.95, 0.0, "prior"), (0.95, 1.0, "partly")]
)
def test_what_drives_a_number_is_how_much_of_its_priors_variance_is_left(sd, mean, driven):
    history = History(MODEL, SMALL.scenario)
    z = simulate_history.prior_draws(history, Streams(5), 4000)
    row = history.row["reach_share"]
    z[row] = mean + sd * z[row]
    found = next(each for each in identifiability.known(history, z) if each.name == "reach_share")
    assert found.driven == driven
    assert identifiability.by_parameter(history, [found])["reach_share"] == driven


def test_numbers_that_move_together_are_told_as_a_pair():
    history = History(MODEL, SMALL.scenario)
    z = simulate_history.prior_draws(history, Streams(6), 4000)
    one, other = history.row["revive_rate"], history.row["lapse_rate"]
    z[one] = 0.8 * z[other] + 0.6 * z[one]
    (pair,) = identifiability.together(history, z)
    assert {pair.one, pair.other} == {"revive_rate", "lapse_rate"}
    assert pair.correlation == pytest.approx(0.8, abs=0.03)
