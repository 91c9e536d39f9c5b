"""The reported months in the model: every draw passes exactly through every figure, with the right density."""

from dataclasses import replace

import numpy as np
import pytest

from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.calibration.likelihood.history import History, value_at
from mobank.calibration.likelihood.simulate_history import Unbound
from mobank.calibration.likelihood.solve_history import live
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Segment
from tests.law.plain_history import Plain, figure, fixed, normals

DECEMBER = [Month.of(year, 12) for year in range(2016, 2023)]
LEVEL, ACTIVE = 0, 1


@pytest.fixture(scope="module")
def one_class(baseline):
    """Return the baseline's target with customers who are all alike, which is eight times as quick."""
    return replace(baseline, bands=(), segments=(Segment((), 1.0),), mixing=np.ones((1, 1)))


@pytest.fixture(scope="module")
def history(baseline):
    return History(MODEL, baseline)


def still(target):
    """Return the target without trend or drift: its shocks are expected to be 0."""
    return replace(target, shocks={n: replace(s, drift=None, trend=None) for n, s in target.shocks.items()})


def between(target, months):
    """Return a target whose only figures of level and active are in some months; the values are of no account."""
    first, *_ = [f for f in target.reported if f.measure == "registered" and f.month == months[0]]
    later = [figure(m, month, 1e8) for month in months[1:] for m in ("registered", "mau")]
    return replace(target, reported=(first, *later, *(f for f in target.reported if f.measure == "customers")))


# ------------ through the figures


def test_every_draw_lies_in_every_interval_and_meets_its_own_figures_to_the_digit(history):
    z = normals(history, 40)
    passage = live(history, z)
    assert passage.possible.mean() > 0.9
    ends, on = passage.marks, passage.possible
    for y, mark in enumerate(history.marks):
        for row, known in enumerate(mark.figures):
            if known:
                wanted = value_at(known, z[history.row[known.name]])
                np.testing.assert_allclose(ends[y, row, on], wanted[on], rtol=1e-12)
    years = [mark.month for mark in history.marks]
    for found in history.reported("customers"):
        wanted = value_at(found, z[history.row[found.name]])
        np.testing.assert_allclose(ends[years.index(found.month), 2, on], wanted[on], rtol=1e-12)


def test_a_history_that_the_model_made_is_passed_through_with_the_shocks_that_made_it(one_class):
    """Figures are made month by month in plain NumPy, with known yearly shocks; they come back."""
    shocks = np.array([[0.0, 0.0], [-0.3, 0.05], [0.1, -0.1], [0.2, 0.1], [-0.1, 0.0], [0.3, 0.08], [0.05, -0.06]])
    sure = replace(
        one_class,
        reported=tuple(
            replace(f, interval=Interval(f.interval.low, f.interval.low + 1.0, 0.0)) for f in one_class.reported
        ),
    )
    plain = Plain(History(MODEL, sure), np.zeros(len(History(MODEL, sure).names)))
    state = plain.steady(shocks[0][:, None])
    values = [plain.counted(state)[:, 0]]
    for t in range(72):
        state, _ = plain.month(state, t, shocks[1 + t // 12][:, None])
        if t % 12 == 11:
            values.append(plain.counted(state)[:, 0])
    first, *later = [figure("registered", m, v) for m, v in zip(DECEMBER, np.array(values)[:, 0], strict=True)]
    active = [figure("mau", m, v) for m, v in zip(DECEMBER, np.array(values)[:, 1], strict=True)][1:]
    customers = tuple(f for f in sure.reported if f.measure == "customers")
    history = History(MODEL, still(replace(sure, reported=(first, *later, *active, *customers))))
    passage = live(history, np.zeros((len(history.names), 1)))
    for block, found in zip(history.blocks, passage.shocks[:, 0], strict=True):
        assert found == pytest.approx(shocks[1 + (block.last - 1) // 12, block.path], abs=1e-7)
    np.testing.assert_allclose(passage.state.occupancy, state[0], rtol=1e-6, atol=1.0)


def test_a_year_is_that_of_the_mean_field(one_class, drive):
    """From the state at the first figure, with the draw's own values: the same months by another road."""
    free = Unbound(MODEL, still(between(one_class, DECEMBER[:2])))
    z = np.zeros((len(free.names), 1))
    plain = Plain(free, z[:, 0])
    start, _ = plain.steady(np.zeros((2, 1)))
    growth = plain.inputs.growth[:, 0]
    assert np.ptp(growth) < 1e-15, "customers grow evenly from one figure to the next"
    values = {name: float(v[0, 0]) for name, v in plain.inputs.base.items()} | {"join_rate": growth[0]}
    run = drive(MODEL, values, start[:, :, 0], "mean_field", months=12)
    np.testing.assert_allclose(live(free, z).state.occupancy[:, 0, 0], run.occupancy[-1, :, 0, 0], rtol=1e-9)


def test_the_years_before_are_steady(one_class):
    """The active share stays put in the month after the first figure: within 1 % in nine prior draws of ten."""
    free = Unbound(MODEL, still(between(one_class, (DECEMBER[0], DECEMBER[0] + 1))))
    z = normals(free, 30, "steady")
    z[[i for i, name in enumerate(free.names) if name.startswith("innovation.")]] = 0.0
    marks = live(free, z).marks
    assert marks.shape[0] == 2
    change = np.abs(marks[1, ACTIVE] / marks[1, LEVEL] / (marks[0, ACTIVE] / marks[0, LEVEL]) - 1.0)
    assert np.median(change) < 0.002
    assert np.quantile(change, 0.9) < 0.01, "four rounds come as near as that; they stop short where growth is fast"


# ------------ the density


@pytest.mark.parametrize("solved", [(True, False), (False, True), (True, True)], ids=["level", "active", "both"])
@pytest.mark.parametrize("tails", [0.0, 5.0], ids=["normal", "Student"])
def test_the_density_of_a_years_figures_is_that_of_brute_force(one_class, solved, tails):
    """40,000 years made up, counted near the figures: within 4 standard errors and 3 % for the width of what is near.

    What no figure fixes, the other path or how large the year is, is averaged over 4,000 draws.
    """
    plain = still(between(one_class, DECEMBER[:2]))
    shocks = {name: replace(s, tails=tails) for name, s in plain.shocks.items()}
    free = Unbound(MODEL, replace(plain, shocks=shocks, correlation=fixed(0.5)))
    own = np.zeros((len(free.names), 40_000))
    own[free.row["innovation.adoption.2016-12"]], own[free.row["innovation.engagement.2016-12"]] = -0.4, 0.3
    middle = own[:, :1].copy()
    middle[free.row["innovation.adoption.2017-12"]] = -0.8
    goal = live(free, middle).marks[-1, :2, 0]
    of_the_year = [n for n in free.names if n.endswith(("2017-12", "2017")) and n.startswith(("innovation", "scale"))]
    for name in of_the_year:
        own[free.row[name]] = Streams(8).normal("environment", name, np.arange(40_000))
    end = live(free, own).marks[-1]
    near, volume = np.ones(40_000, bool), 1.0
    for row, width in ((LEVEL, 1.5e6), (ACTIVE, 2e6)):
        if solved[row]:
            near &= np.abs(end[row] - goal[row]) < width / 2
            volume *= width
    expected, error = near.mean() / volume, np.sqrt(near.mean() / 40_000) / volume

    known = [figure(m, DECEMBER[1], v) for m, v, on in zip(("registered", "mau"), goal, solved, strict=True) if on]
    rest = [f for f in free.target.reported if f.month != DECEMBER[1] or f.measure == "customers"]
    bound = History(MODEL, replace(free.target, reported=(*rest, *known)))
    z = np.zeros((len(bound.names), 4000))
    for name in bound.names:
        if name in free.row:
            z[bound.row[name]] = middle[free.row[name], 0]
        if name in of_the_year:
            z[bound.row[name]] = Streams(9).normal("environment", name, np.arange(4000))
    density = np.exp(live(bound, z).log_density)
    own_error = density.std() / np.sqrt(4000)
    assert abs(density.mean() - expected) < 4 * np.hypot(error, own_error) + 0.03 * expected


def test_the_normals_found_are_those_that_made_the_shocks(one_class):
    free = Unbound(MODEL, one_class)
    z = normals(free, 20)
    found = live(free, z)
    rows = [free.row[free.innovation(block)] for block in free.blocks]
    on = found.possible
    assert on.mean() > 0.9
    np.testing.assert_allclose(found.innovations[:, on], z[rows][:, on], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.log_density[on], 0.0, atol=1e-9)


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


def test_a_figure_that_no_shock_can_reach_makes_a_draw_impossible(one_class):
    low = replace(one_class, parameters={**one_class.parameters, "reach_share": fixed(0.7)})
    history = History(MODEL, low)
    assert not live(history, normals(history, 20)).possible.any()
