"""The reported years lived by the model: every draw passes exactly through every figure, with the right density."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from mobank.base.priors import Prior
from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History, Year, value_at
from mobank.calibration.likelihood.innovations import Innovations, log_slope, normal_of
from mobank.calibration.likelihood.solve_history import Lives, live, solve
from mobank.dynamics.shocks import standardised
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Figure, Provenance, Segment, Value

DECEMBER = [Month.of(year, 12) for year in range(2016, 2023)]
STEP = 1e-4


def figure(measure, month, value, width=2.0):
    return Figure(measure, month, f"{value:.0f}", Interval(value - width / 2, value + width / 2, 0.0), Provenance())


def normals(history, count, item="z", spread=1.0):
    return spread * np.stack([Streams(4).normal("parameters", f"{item}.{n}", np.arange(count)) for n in history.names])


def fixed(number):
    return Value(Prior("fixed", number), f"{number}", Provenance())


@pytest.fixture(scope="module")
def one_class(baseline):
    """Return the baseline's target with customers who are all alike, which is eight times as quick."""
    return replace(baseline, bands=(), segments=(Segment((), 1.0),), mixing=np.ones((1, 1)))


@pytest.fixture(scope="module")
def history(baseline):
    return History(MODEL, baseline)


# ------------ through the figures


def test_every_draw_lies_in_every_interval_and_meets_its_own_figures_to_the_digit(history):
    z = normals(history, 40)
    passage = live(history, z)
    assert passage.possible.mean() > 0.9
    ends, on = passage.year_ends, passage.possible
    for y, year in enumerate(history.years):
        for row, known in ((0, year.level), (1, year.active)):
            if known:
                wanted = value_at(known[0], z[history.row[known[0].name]])
                np.testing.assert_allclose(ends[y, row, on], wanted[on], rtol=1e-12)
    for found in history.reported("customers"):
        wanted = value_at(found, z[history.row[found.name]])
        np.testing.assert_allclose(ends[found.month.year - 2016, 2, on], wanted[on], rtol=1e-12)


def made_up(target, z, shocks):
    """Return figures of level and active at each year's end, (Y, 2), that the model makes with known yearly shocks."""
    history = History(MODEL, target)
    lives, state, found = Lives.of(history, z), None, []
    for year, shock in zip(history.years, shocks, strict=True):
        state, _ = lives.year(Year(year.year, year.months), state, shock[:, None])
        found.append([float(part[0]) for part in lives.level_and_active(state)])
    return np.array(found), state


def test_a_history_that_the_model_made_is_lived_again_with_the_shocks_that_made_it(one_class):
    shocks = np.array([[0.0, 0.0], [-0.3, 0.05], [0.1, -0.1], [0.2, 0.1], [-0.1, 0.0], [0.3, 0.08], [0.05, -0.06]])
    sure = replace(
        one_class,
        reported=tuple(
            replace(f, interval=Interval(f.interval.low, f.interval.low + 1.0, 0.0)) for f in one_class.reported
        ),
    )
    z = np.zeros((len(History(MODEL, sure).names), 1))
    values, state = made_up(sure, z, shocks)
    first, *later = [figure("registered", m, v) for m, v in zip(DECEMBER, values[:, 0], strict=True)]
    active = [figure("mau", m, v) for m, v in zip(DECEMBER, values[:, 1], strict=True)][1:]
    customers = tuple(f for f in sure.reported if f.measure == "customers")
    history = History(MODEL, replace(sure, reported=(first, *later, *active, *customers)))
    passage = live(history, np.zeros((len(history.names), 1)))
    np.testing.assert_allclose(passage.shocks[:, :, 0], shocks, atol=1e-4)
    np.testing.assert_allclose(passage.state.occupancy, state.occupancy, rtol=1e-4, atol=1.0)


def test_a_year_is_that_of_the_mean_field(one_class, drive):
    """From the state at the first figure, with the draw's own values: the same months by another road."""
    history = History(MODEL, one_class)
    z = np.zeros((len(history.names), 1))
    lives, still = replace(Lives.of(history, z), drift=np.zeros((2, 1))), np.zeros((2, 1))
    start, _ = lives.year(Year(2022, 0), None, still)
    one, _ = lives.year(Year(2022, 12), start, still)
    rate = lives.growth[60, 0] - 1.0  # as everyone grew in 2022
    values = {name: float(v[0, 0]) for name, v in lives.base.items()} | {"join_rate": rate}
    run = drive(MODEL, values, start.occupancy[:, :, 0], "mean_field", months=12)
    np.testing.assert_allclose(one.occupancy[:, 0, 0], run.occupancy[-1, :, 0, 0], rtol=1e-9)


def test_the_years_before_are_steady(one_class):
    """The active share stays put in the month after the first figure: within 1 % in nine prior draws of ten."""
    history = History(MODEL, one_class)
    z = normals(history, 30, "steady")
    lives, still = Lives.of(history, z), np.zeros((2, 30))
    now, _ = lives.year(Year(2016, 0), None, still)
    then, _ = lives.year(Year(2016, 1), None, still)
    (level, active), (level_then, active_then) = lives.level_and_active(now), lives.level_and_active(then)
    change = np.abs(active_then / level_then / (active / level) - 1.0)
    assert np.median(change) < 0.002
    assert np.quantile(change, 0.9) < 0.01, "four rounds come as near as that; they stop short where growth is fast"


# ------------ the density


def brute_density(law, before, lives, year, state, goals, count=40_000):
    """Return the share of made-up years that end near some figures, per person, and its standard error."""
    z = np.stack([Streams(8).normal("environment", f"path {p}", np.arange(count)) for p in (0, 1)])
    rows = np.zeros(count, np.intp)
    many = law.columns(rows)
    shocks = many.shocks(before[:, rows], z, (False, False))
    end, _ = lives.columns(rows).year(year, state.columns(rows), shocks)
    near, volume = np.ones(count, bool), 1.0
    for row, (goal, width) in goals.items():
        near &= np.abs(lives.columns(rows).level_and_active(end)[row] - goal) < width / 2
        volume *= width
    share = near.mean()
    return share / volume, np.sqrt(share / count) / volume


@pytest.mark.parametrize("solved", [(True, False), (False, True), (True, True)], ids=["level", "active", "both"])
@pytest.mark.parametrize("tails", [0.0, 5.0], ids=["normal", "Student"])
def test_the_density_of_a_years_figures_is_that_of_brute_force(one_class, solved, tails):
    """40,000 years made up, counted near the figures: within 4 standard errors and 3 % for the width of what is near.

    Where one path is free, its luck is integrated over by 201 even quantiles.
    """
    shocks = {name: replace(s, tails=tails) for name, s in one_class.shocks.items()}
    target = replace(one_class, shocks=shocks, correlation=fixed(0.5))
    history = History(MODEL, target)
    lives = Lives.of(history, np.zeros((len(history.names), 1)))
    before = np.array([[-0.1], [0.03]])
    state, _ = lives.year(Year(2016, 0), None, before)
    plain, _ = lives.year(Year(2017, 12), state, np.array([[-0.3], [0.06]]))
    goal = [float(part[0]) for part in lives.level_and_active(plain)]
    known = [figure(m, DECEMBER[1], v) for m, v in zip(("registered", "mau"), goal, strict=True)]
    year = Year(2017, 12, (known[0], 12) if solved[0] else None, (known[1], 12) if solved[1] else None)
    quantiles = 201
    rows = np.zeros(quantiles, np.intp)
    many = replace(lives.columns(rows), goals={f.name: np.full(quantiles, v) for f, v in zip(known, goal, strict=True)})
    free = ndtri((np.arange(quantiles) + 0.5) / quantiles)
    found = solve(many, many.law, year, state.columns(rows), before[:, rows], np.stack([free, free]))
    density = np.exp(found.log_density).mean()
    width = {row: (goal[row], size) for row, size in ((0, 1.5e6), (1, 2e6)) if solved[row]}
    expected, error = brute_density(lives.law, before, lives, Year(2017, 12), state, width)
    assert abs(density - expected) < 4 * error + 0.03 * expected


def test_the_normals_found_are_those_that_made_the_shocks(one_class):
    z = np.array([[0.3, -1.2, 2.0], [1.1, 0.4, -0.7]])
    law = Innovations(np.full((2, 3), 0.4), np.full((2, 3), 0.2), (4.0, 0.0), np.full(3, 0.5))
    before = np.full((2, 3), 0.1)
    made, log = law.density(before, law.shocks(before, z, (False, False)), (False, False))
    np.testing.assert_allclose(made, z, rtol=1e-9)
    np.testing.assert_array_equal(log, 0.0)


@pytest.mark.parametrize("tails", [3.0, 8.0])
def test_students_quantiles_go_both_ways_and_their_slope_is_the_difference(tails):
    z = np.linspace(-4.0, 4.0, 17)
    e = standardised(z, tails)
    np.testing.assert_allclose(normal_of(e, tails), z, atol=1e-9)
    slope = (normal_of(e + STEP, tails) - normal_of(e - STEP, tails)) / (2 * STEP)
    np.testing.assert_allclose(np.exp(log_slope(e, normal_of(e, tails), tails)), slope, rtol=1e-4)


def test_a_figure_lies_evenly_in_its_interval_and_seldom_beyond(baseline):
    over = next(f for f in baseline.reported if (f.measure, str(f.month)) == ("mau", "2022-12"))
    z = Streams(3).normal("parameters", "figure", np.arange(20_000))
    value = value_at(over, z)
    stale = over.interval.stale_share
    beyond = (value >= over.interval.high).mean()
    assert abs(beyond - stale) < 4 * np.sqrt(stale / 20_000)
    inside = value[value < over.interval.high]
    assert inside.min() >= over.interval.low
    share = (inside < over.interval.low + 0.3 * (over.interval.high - over.interval.low)).mean()
    assert abs(share - 0.3) < 4 * np.sqrt(0.21 / inside.size)


def test_a_figure_that_no_luck_can_reach_makes_a_draw_impossible(one_class):
    low = replace(one_class, parameters={**one_class.parameters, "reach_share": fixed(0.7)})
    history = History(MODEL, low)
    assert not live(history, normals(history, 20)).possible.any()
