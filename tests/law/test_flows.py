"""Reported flows: their density given the solved shocks is that of a plain normal law, written out here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mobank.base.quantities import Month
from mobank.calibration.likelihood.flows import FlowFigures
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import AS_MODEL
from tests.law.plain_history import figure, grown, normals, plain_density, value

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL).scenario
DECEMBER = Month.of(2019, 12)
NOISE = {"mau": value("lognormal", 0.002, 0.4)}
LOST, ADDS, CLOSED = ("drop", "lapse"), ("adopt", "assist"), ("close",)
MONTHS = 15
STOCKS = grown(DECEMBER, range(MONTHS))


def gained(flows, count=8):
    """Return what flow figures add to the log density of some draws, with the history, coordinates and references."""
    history = History(MODEL, replace(SMALL, reported=(*STOCKS, *flows), noise=NOISE))
    plain = History(MODEL, replace(SMALL, reported=STOCKS, noise=NOISE))
    z = normals(history, count, spread=0.5)
    own = np.stack([z[history.row[name]] for name in plain.names])
    found, without = live(history, z), live(plain, own)
    np.testing.assert_array_equal(found.shocks, without.shocks)
    kept = np.flatnonzero(without.possible)[:3]
    assert kept.size == 3
    moved = [plain_density(plain, own[:, r]).flows for r in kept]  # (T, F) each
    return found.log_density[kept] - without.log_density[kept], history, z[:, kept], moved


def persons(moved, flows, last, months=1):
    """Return how many persons some flows moved in the months up to the last."""
    columns = [i for i, flow in enumerate(MODEL.flows) if flow.name in flows]
    return moved[last - months : last, columns].sum()


def counts(measure, flows, months, factor=1.0, definition="", width=2e5):
    """Return figures of a flow, about what the model makes of it at the middle of the priors."""
    history = History(MODEL, replace(SMALL, reported=STOCKS, noise=NOISE))
    moved = plain_density(history, np.zeros(len(history.names))).flows
    return [
        figure(measure, DECEMBER + t, factor * persons(moved, flows, t, n), width, months=n, definition=definition)
        for t, n in months
    ]


# ------------ another definition


@pytest.mark.parametrize("months", [[(t, 1) for t in range(1, 15)], [(3, 1), (4, 1), (9, 1)]], ids=["all", "some"])
def test_a_flow_of_another_definition_has_a_factor_and_a_slow_residual(months):
    """One factor for all, .1 of the log; a residual of size LN(.05, .7) that keeps up to .9 from month to month."""
    flows = counts("lost", LOST, months, 1.07, "ours")
    added, history, z, moved = gained(flows)
    assert {"flow.lost.size", "flow.lost.persistence"} <= set(history.names)
    at = np.array([t for t, _ in months])
    for r, each in enumerate(moved):
        size = 0.05 * np.exp(0.7 * z[history.row["flow.lost.size"], r])
        keep = 0.9 * stats.norm.cdf(z[history.row["flow.lost.persistence"], r])
        values = np.array([f.interval.middle for f in flows])
        expected = np.log([persons(each, LOST, t) for t in at])
        covariance = 0.1**2 + size**2 * keep ** np.abs(at[:, None] - at)
        covariance += np.diag((2e5 / np.sqrt(12.0) / values) ** 2)
        law = stats.multivariate_normal(expected, covariance)
        assert added[r] == pytest.approx(law.logpdf(np.log(values)) - np.log(values).sum(), abs=1e-5)


def test_many_months_of_another_definition_leave_the_level_of_the_flow_open():
    """A shift of all months by .1 costs half a log unit and little more, however many there are."""
    middle = counts("lost", LOST, [(t, 1) for t in range(1, 15)], 1.0, "ours")
    higher = [
        replace(f, interval=replace(f.interval, low=f.interval.low * np.exp(0.1), high=f.interval.high * np.exp(0.1)))
        for f in middle
    ]
    costs = []
    for flows in (middle, higher):
        history = History(MODEL, replace(SMALL, reported=(*STOCKS, *flows), noise=NOISE))
        z = np.zeros((len(history.names), 1))
        costs.append(live(history, z).log_density[0] + sum(np.log(f.interval.middle) for f in flows))
    assert 0.2 < costs[0] - costs[1] < 0.75


# ------------ the model's own definition


def test_a_flow_counted_as_the_model_counts_is_known_within_three_percent():
    flows = counts("lost", LOST, [(t, 1) for t in (2, 5, 6)], 1.02, AS_MODEL)
    added, history, _, moved = gained(flows)
    assert not any(name.startswith("flow.") for name in history.names)
    for r, each in enumerate(moved):
        expected = 0.0
        for f, t in zip(flows, (2, 5, 6), strict=True):
            spread = np.hypot(0.03, 2e5 / np.sqrt(12.0) / f.interval.middle)
            expected += stats.lognorm.logpdf(f.interval.middle, spread, scale=persons(each, LOST, t))
        assert added[r] == pytest.approx(expected, abs=1e-4)


def test_gross_adds_beside_the_level_say_how_many_closed():
    """The rise of the level is solved: what is left of the adds is closures, whose log is scored, with 1 / C."""
    flows = [
        replace(f, interval=replace(f.interval, low=f.interval.low + 5e4, high=f.interval.high + 5e4))
        for f in counts("gross_adds", ADDS, [(t, 1) for t in (3, 4)], 1.0, AS_MODEL, width=1e4)
    ]
    added, _, _, moved = gained(flows)
    level = {f.month - DECEMBER: f.interval.middle for f in STOCKS if f.measure == "registered"}
    for r, each in enumerate(moved):
        expected = 0.0
        for f, t in zip(flows, (3, 4), strict=True):
            closed = persons(each, CLOSED, t)
            left = f.interval.middle - (level[t] - level[t - 1])
            spread = np.hypot(0.3, 1e4 / np.sqrt(12.0) / closed)
            expected += stats.lognorm.logpdf(left, spread, scale=closed)
        assert added[r] == pytest.approx(expected, abs=1e-4)


def test_adds_below_the_rise_of_the_level_are_impossible():
    flows = [figure("gross_adds", DECEMBER + 3, 1e6, 1e4, months=1, definition=AS_MODEL)]
    history = History(MODEL, replace(SMALL, reported=(*STOCKS, *flows), noise=NOISE))
    assert not live(history, normals(history, 5)).possible.any()


# ------------ years


def test_the_sum_of_a_year_is_that_of_its_months():
    flows = counts("closed", CLOSED, [(12, 12)], 1.01, AS_MODEL, width=2.0)
    added, _, _, moved = gained(flows)
    for r, each in enumerate(moved):
        expected = stats.lognorm.logpdf(flows[0].interval.middle, 0.03, scale=persons(each, CLOSED, 12, 12))
        assert added[r] == pytest.approx(expected, abs=1e-4)


def test_a_year_is_left_out_where_months_of_it_are_reported_and_so_is_what_began_before_the_history():
    month = [figure("lost", DECEMBER + 4, 1e7, months=1)]
    year, other = figure("lost", DECEMBER + 12, 1e8, months=12), figure("closed", DECEMBER + 12, 1e6, months=12)
    early, late = figure("lost", DECEMBER, 1e7, months=1), figure("lost", DECEMBER + 15, 1e7, months=1)
    reported = (*STOCKS, *month, year, other, early, late)
    history = History(MODEL, replace(SMALL, reported=reported, noise=NOISE))
    assert [f.name for f in history.flows.figures] == [other.name, month[0].name]
    alone = FlowFigures.of(MODEL, "registered", (year,), DECEMBER, DECEMBER + 14)
    assert [f.name for f in alone.figures] == [year.name]


def test_flows_are_no_figures_that_a_draw_passes_through():
    flows = counts("lost", LOST, [(3, 1)], 1.0, "ours")
    history = History(MODEL, replace(SMALL, reported=(*STOCKS, *flows), noise=NOISE))
    plain = History(MODEL, replace(SMALL, reported=STOCKS, noise=NOISE))
    assert history.figures == plain.figures
    assert history.blocks == plain.blocks
    assert set(history.names) - set(plain.names) == {"flow.lost.size", "flow.lost.persistence"}
