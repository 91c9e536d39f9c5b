"""Errors of figures: what rounding, noise and a season of the measure put into the shocks, and into the last state."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.likelihood.at_origin import at_origin
from mobank.calibration.likelihood.figure_season import figure_season
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import live, solved
from mobank.calibration.targets import load
from mobank.dynamics import season
from mobank.model.mobile_banking import MODEL
from tests.law.plain_history import Plain, PlainLaw, error_covariance, fixed, grown, normals, value

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL).scenario
DECEMBER = Month.of(2019, 12)
NOISE = {"mau": fixed(0.002), "registered": fixed(0.0005)}
TOLERANCE = 4.0


def level_and_active(history, state):
    """Return registered and active persons in a state, (R,) each."""
    model = history.model
    return tuple(state.occupancy[model.indices(model.measure[m].stock)].sum(axis=(0, 1)) for m in history.measures)


def history_of(reported, **changes):
    return History(MODEL, replace(SMALL, reported=reported, **changes))


def slopes(solver, draw=0):
    """Return the change of each block's shock with the log of each figure, (n, f)."""
    found = np.zeros((len(solver.at), len(solver.history.errors.figures)))
    for i, numbers in enumerate(solver.at):
        for k, number in enumerate(numbers):
            if number >= 0:
                found[i, number] += solver.slopes[i, k, draw]
    return found


def moved(history, number, by):
    """Return the history with one figure moved by a factor e^by."""
    name = history.errors.figures[number].name
    figures = []
    for f in history.target.reported:
        interval = f.interval
        if f.name == name:
            interval = replace(interval, low=interval.low * np.exp(by), high=interval.high * np.exp(by))
        figures.append(replace(f, interval=interval))
    return replace(history, target=replace(history.target, reported=tuple(figures)))


# ------------ what an error of a figure does to the shocks


@pytest.mark.parametrize("measure", ["mau", "registered"])
def test_an_error_of_a_figure_goes_into_its_shock_and_out_of_the_next(measure):
    """Solved anew with a figure moved by a ten-thousandth: as the slopes have it in its month, and nearly in the next.

    There they are off by up to a twentieth: they move the active and the idle in proportion, where a shock moves those
    who are on the way. After that less than a fiftieth is left (10.35, −8.94, then −.12, −.10 … in CALIBRATION R1.5).
    """
    history = history_of(grown(DECEMBER, range(9)), noise=NOISE)
    z = normals(history, 1)
    solver = solved(history, z)
    linear = slopes(solver)
    number = next(i for i, f in enumerate(history.errors.figures) if (f.measure, f.month) == (measure, DECEMBER + 4))
    e = 1e-4
    up, down = (live(moved(history, number, by), z).shocks[:, 0] for by in (e, -e))
    exact = (up - down) / (2 * e)
    path = history.measures.index(measure)
    own = {b.last: i for i, b in enumerate(history.blocks) if b.path == path}
    size = exact[own[4]]
    assert size > 5.0
    assert linear[own[4], number] == pytest.approx(size, rel=1e-4)
    assert linear[own[5], number] == pytest.approx(exact[own[5]], abs=0.05 * size)
    assert -1.2 < exact[own[5]] / size < -0.7
    before = [own[t] for t in range(4)]
    np.testing.assert_allclose(exact[before], 0.0, atol=1e-6)
    assert (np.abs(exact[[own[t] for t in (6, 7, 8)]]) < 0.02 * size).all()
    assert not linear[[own[t] for t in (6, 7, 8)], number].any()


def test_what_is_left_out_of_the_slopes_is_small_against_what_is_in_them():
    """All figures, of both paths: less than a twentieth of a shock's own slope is left out or wrong."""
    history = history_of(grown(DECEMBER, range(7)), noise=NOISE)
    z = normals(history, 1)
    linear = slopes(solved(history, z))
    exact = np.zeros(linear.shape)
    for number in range(linear.shape[1]):
        up, down = (live(moved(history, number, by), z).shocks[:, 0] for by in (1e-4, -1e-4))
        exact[:, number] = (up - down) / 2e-4
    solved_shocks = [i for i, b in enumerate(history.blocks) if b.last > 0]
    assert len(solved_shocks) == 12
    exact, linear = exact[solved_shocks], linear[solved_shocks]
    assert (np.abs(exact - linear).max(axis=1) < 0.05 * np.abs(exact).max(axis=1)).all()


def test_rounding_is_an_error_and_noise_is_on_top():
    history = history_of(grown(DECEMBER, range(4)), noise=NOISE)
    z = np.zeros((len(history.names), 2))
    found = history.errors.variance({m: history.natural_of(f"noise.{m}", z) for m in history.measures})
    for figure, variance in zip(history.errors.figures, found[:, 0], strict=True):
        width = (figure.interval.high - figure.interval.low) / figure.interval.middle
        assert variance == pytest.approx(NOISE[figure.measure].prior.centre ** 2 + width**2 / 12.0, rel=1e-12)


# ------------ the last figure


def test_the_error_of_the_last_figure_and_the_shock_are_drawn_together():
    """One draw 6,000 times: errors and shocks at the last figure against the exact conditional normal law.

    cov(x, e) = −k_x K⁻¹ D ν² (CALIBRATION R1.5): a high figure is a good month or an error, not both.
    """
    draws = 6000
    still = {n: replace(s, drift=None, trend=None) for n, s in SMALL.shocks.items()}
    history = history_of(grown(DECEMBER, range(7)), noise=NOISE, shocks=still)
    z = normals(history, 1)
    solver = solved(history, np.repeat(z, draws, axis=1))
    state = solver.finish().state
    found = at_origin(solver, state, Streams(6), "origin")
    level, active = level_and_active(history, found.state)
    before = level_and_active(history, state)
    errors = np.log(np.stack([before[0] / level, before[1] / active]))
    shocks = np.stack([found.columns[f"shock.{path}"] for path in history.paths])

    plain = Plain(history, z[:, 0])
    law, d, own = PlainLaw(plain), slopes(solver), error_covariance(plain)
    total = law.covariance + d @ own @ d.T
    last = [i for i, b in enumerate(history.blocks) if b.last == 6]
    numbers = history.errors.at(6)
    wiggle = history.target.wiggle.prior.centre
    joint_shock = law.covariance[last] - wiggle**2 * np.eye(len(total))[last]  # a month's shock less its wiggle
    own_shock = joint_shock[:, last]
    joint_error = (own @ d.T)[numbers]
    joint = np.concatenate([joint_shock, joint_error])
    prior = np.zeros((4, 4))
    prior[:2, :2], prior[2:, 2:] = own_shock, own[np.ix_(numbers, numbers)]
    gain = np.linalg.solve(total, joint.T).T
    mean = gain @ (solver.shocks[:, 0] - law.mean)
    left = prior - gain @ joint.T
    made = np.concatenate([shocks, errors])
    deviation = np.sqrt(np.diag(left))
    assert (np.abs(made.mean(axis=1) - mean) < TOLERANCE * deviation / np.sqrt(draws)).all()
    error = np.sqrt((np.outer(deviation**2, deviation**2) + left**2) / draws)
    assert (np.abs(np.cov(made) - left) < TOLERANCE * error).all()
    correlation = left[1, 3] / deviation[1] / deviation[3]
    assert correlation < -0.3, "a month that was good leaves less to an error"


def test_who_is_taken_out_of_the_last_figure_is_made_up_for_by_the_idle_and_the_rest():
    history = history_of(grown(DECEMBER, range(7)), noise=NOISE)
    solver = solved(history, normals(history, 50))
    passage = solver.finish()
    found = at_origin(solver, passage.state, Streams(6), "origin").state
    np.testing.assert_allclose(found.occupancy.sum(axis=0), passage.state.occupancy.sum(axis=0), rtol=1e-9)
    assert (found.occupancy >= 0.0).all()
    new, active = (MODEL.states.index(name) for name in ("new", "active"))
    np.testing.assert_allclose(
        found.occupancy[new] / found.occupancy[active],
        passage.state.occupancy[new] / passage.state.occupancy[active],
        rtol=1e-9,
    )


# ------------ a season of the measure


def test_a_february_that_is_counted_higher_is_found_as_a_season_of_the_measure():
    """Active users are counted 8 % higher each February; four years of months find it to 1.5 %, and no other month."""
    factors = np.zeros(12)
    factors[1] = 0.08
    reported = grown(DECEMBER, range(49), season_of_active=factors)
    history = history_of(
        reported,
        noise={"mau": fixed(0.002)},
        seasons={name: value("lognormal", 0.05, 0.7) for name in ("engagement", "mau")},
    )
    draws = 300
    solver = solved(history, np.repeat(normals(history, 1, spread=0.0), draws, axis=1))
    passage = solver.finish()
    assert passage.possible.all()
    columns = at_origin(solver, passage.state, Streams(6), "origin").columns
    found = np.stack([columns[f"season.mau.{factor}"] for factor in season.FACTORS[:12]])
    expected = factors - factors.mean()
    away = found.mean(axis=1) - expected
    assert np.abs(away).max() < 0.015
    assert found[1].std() < 0.015
    np.testing.assert_allclose(found.sum(axis=0), 0.0, atol=1e-6)
    paths = np.stack([columns[f"season.engagement.{factor}"] for factor in season.FACTORS[:12]])
    assert np.abs(paths.mean(axis=1)).max() < 0.08


def test_without_a_season_of_the_measure_the_same_figures_are_far_less_probable():
    """More than 20 log units: shocks of nearly a unit up and down each year are not what they are thought to be."""
    factors = np.zeros(12)
    factors[1] = 0.08
    reported = grown(DECEMBER, range(37), season_of_active=factors)
    logs = []
    for seasons in ({}, {"mau": fixed(0.03)}):
        history = history_of(reported, noise={"mau": fixed(0.005)}, seasons=seasons)
        logs.append(live(history, np.zeros((len(history.names), 1))).log_density[0])
    assert logs[1] > logs[0] + 20.0


def test_errors_are_linear_around_the_season_that_the_figures_have():
    """Fifteen months show no season by themselves; solved again around what is expected of it, that stays as it is."""
    factors = np.zeros(12)
    factors[1] = 0.08
    history = history_of(
        grown(DECEMBER, range(15), season_of_active=factors),
        noise={"mau": fixed(0.002)},
        seasons={"mau": value("lognormal", 0.05, 0.7)},
    )
    assert not history.errors.shifts.any()
    found = replace(history, season=figure_season)
    again = figure_season(found.around(found.errors.shifts))
    np.testing.assert_allclose(again, found.errors.shifts, atol=2e-4)
    (february,) = [
        shift
        for f, shift in zip(found.errors.figures, found.errors.shifts, strict=True)
        if f.measure == "mau" and f.month == DECEMBER + 14
    ]
    assert february == pytest.approx(0.08 * 11 / 12, abs=0.02)
    levels = [f.measure == "registered" for f in found.errors.figures]
    assert not found.errors.shifts[levels].any()
