"""Histories simulated again: what a truth reports is solved back to its own shocks; checks say where a figure fell."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtr

from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.calibration.checks import identifiability, posterior_predictive
from mobank.calibration.likelihood import simulate_history
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.simulate_history import Unbound
from mobank.calibration.likelihood.solve_history import live, solved
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).parents[2]
TARGET = load(ROOT / "calibration/banks/icbc_mobile.yaml", MODEL)
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL)


def possible_truths(history, count, seed):
    """Return coordinates in `Unbound` of draws from the priors that the months do not break, (D, count)."""
    free = Unbound(history.model, history.target)
    z = simulate_history.prior_draws(free, Streams(seed), 2 * count + 20)
    marks = live(free, z).marks
    good = np.isfinite(marks).all(axis=(0, 1)) & (marks[:, LEVEL] > marks[:, ACTIVE]).all(axis=0)
    return z[:, np.flatnonzero(good)[:count]]


def reported_exactly(history, free, truth):
    """Return the figures of one truth (D,) to the person, and its coordinates in the history that they make."""
    found = live(free, truth[:, None])
    known = {figure.name for figure in free.figures}
    figures = [f for f in history.target.reported if f.name in known]
    for y, mark in enumerate(history.marks):
        for row, figure in enumerate(mark.figures):
            if figure:
                end = found.marks[y, row, 0]
                figures.append(replace(figure, interval=Interval(end, end * (1 + 1e-12), 0.0)))
    bound = History(history.model, replace(history.target, reported=tuple(figures)))
    z = np.array([truth[free.row[name]] if name in free.row else 0.0 for name in bound.names])
    solver = solved(bound, z[:, None])  # what is known of the law before figures are passed through
    shocks = shocks_in(free, found, bound)
    lead = solver.factors.shape[0]
    normals = np.linalg.solve(solver.factors[..., 0], (shocks - solver.means[:, 0])[:lead])
    for i in solver.free:  # blocks without a figure come before those with one, so their normals are others
        z[bound.row[bound.innovation(bound.blocks[i])]] = normals[i]
    return bound, z[:, None], shocks


def shocks_in(free, found, bound):
    """Return the shocks (n,) of a truth in the order of another history's blocks."""
    places = [(block.path, block.last) for block in free.blocks]
    return np.array([found.shocks[places.index((block.path, block.last)), 0] for block in bound.blocks])


@pytest.mark.parametrize("target", [TARGET, SMALL], ids=["eight_segments", "one_segment"])
def test_figures_that_a_truth_reports_are_solved_back_to_the_shocks_that_made_them(target, seed):
    """Those of the level alone, or of both paths where active are reported; where no figure is they are given."""
    history = History(MODEL, target.scenario)
    free = Unbound(MODEL, target.scenario)
    truths = possible_truths(history, 5, seed)
    for truth in truths.T:
        bound, z, shocks = reported_exactly(history, free, truth)
        assert sum(block.figure is not None for block in bound.blocks) == len(bound.blocks) - len(solved(bound, z).free)
        np.testing.assert_allclose(live(bound, z).shocks[:, 0], shocks, rtol=0, atol=1e-8)


def test_months_simulated_without_figures_have_chance_of_their_own_each_time(seed):
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


def test_where_a_figure_fell_a_year_ahead_is_how_probable_less_would_have_been(seed):
    history, free = History(MODEL, SMALL.scenario), Unbound(MODEL, SMALL.scenario)
    truth = possible_truths(history, 1, seed)[:, 0]
    bound, z, _ = reported_exactly(history, free, truth)
    passage = live(bound, np.repeat(z, 3, axis=1))
    again = simulate_history.again(bound, np.repeat(z, 3, axis=1), Streams(seed))
    last = [c for c in posterior_predictive.check(bound, passage, again) if c.kind == "figure" and c.month.year == 2022]
    chance = [truth[free.row[f"innovation.{path}.2022-12"]] for path in bound.paths]
    np.testing.assert_allclose([check.ahead for check in last], ndtr(chance), atol=1e-7)


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


def test_numbers_that_move_against_each_other_are_a_pair_too():
    history = History(MODEL, SMALL.scenario)
    z = simulate_history.prior_draws(history, Streams(6), 4000)
    one, other, third = (history.row[name] for name in ("revive_rate", "lapse_rate", "fade_rate"))
    z[one] = 0.6 * z[one] - 0.8 * z[other]
    z[third] = 0.9 * z[third] + np.sqrt(1 - 0.9**2) * z[other]  # .44 with the other, -.35 with the first
    close, far = identifiability.together(history, z)
    assert {close.one, close.other} == {"revive_rate", "lapse_rate"}
    assert close.correlation == pytest.approx(-0.8, abs=0.03)
    assert far.correlation == pytest.approx(0.436, abs=0.05)


def test_growth_is_that_of_the_last_of_several_years():
    """Levels that are 100 + months since the first figure, times a factor of each draw that no growth knows."""
    history = History(MODEL, TARGET.scenario)
    at = np.array([mark.at for mark in history.marks], float)
    assert at[-1] - at[0] > 24
    factor = np.exp(0.1 * Streams(6).normal("parameters", "factor", np.arange(4000)))

    def whole(step):
        level = (100 + step * at)[:, None] * factor
        return np.stack([level, 0.3 * level, 2 * level], axis=1)

    found = identifiability.outcomes(history, SimpleNamespace(whole=whole(1.0)), whole(2.0))
    level, active, growth = found
    last = history.length
    low, middle, high = (float(np.quantile(factor, q)) for q in (0.05, 0.5, 0.95))
    assert level.posterior == pytest.approx(((100 + last) * low, (100 + last) * middle, (100 + last) * high), rel=1e-9)
    assert active.prior == pytest.approx([0.3 * value for value in level.prior])
    assert level.moved == pytest.approx(np.log((100 + last) / (100 + 2 * last)) / np.log(factor).std(), rel=1e-6)
    assert growth.posterior == pytest.approx([(100 + last) / (100 + last - 12) - 1] * 3)
    assert growth.prior == pytest.approx([(100 + 2 * last) / (100 + 2 * last - 24) - 1] * 3)
