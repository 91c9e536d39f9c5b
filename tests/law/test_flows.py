"""Reported flows: their density beside that of the solved shocks is that of a plain normal law, written out here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from mobank.base.quantities import Month
from mobank.calibration.likelihood.flows import FlowFigures
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import Inputs, Solver, live
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import AS_MODEL
from tests.law.plain_history import figure, fixed, grown, normals, plain_density, value
from tests.law.test_regions import divided
from tests.law.test_regions import grown as regional

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL).scenario
DECEMBER = Month.of(2019, 12)
NOISE = {"mau": value("lognormal", 0.002, 0.4)}
LOST, ADDS, CLOSED = ("drop", "lapse"), ("adopt", "assist"), ("close",)
MONTHS = 15
STOCKS = grown(DECEMBER, range(MONTHS))


def history_of(flows, noise=NOISE):
    return History(MODEL, replace(SMALL, reported=(*STOCKS, *flows), noise=noise))


def agrees(flows, beside, noise=NOISE, count=8):
    """Compare the log density of some draws, flows among the figures, with that of plain NumPy.

    Parameters
    ----------
    beside : takes a plain history; as of `plain_density`.
    """
    history = history_of(flows, noise)
    z = normals(history, count, spread=0.5)
    found = live(history, z)
    kept = np.flatnonzero(found.possible)[:3]
    assert kept.size == 3
    for r in kept:
        assert found.log_density[r] == pytest.approx(plain_density(history, z[:, r], beside).log, abs=1e-6)
    return history


def swayed(plain, flows, last, months=1):
    """Return how many persons some flows moved in the months up to the last, by the log of each figure, (f,)."""
    columns = [i for i, flow in enumerate(MODEL.flows) if flow.name in flows]
    return plain.sways[last - months : last, columns].sum(axis=(0, 1))


def of_model(flows, reported, months):
    """Return what stands beside the shocks: flows of the model's own definition, each by itself."""

    def beside(plain):
        made = np.array([persons(plain.flows, flows, t, n) for t, n in months])
        values = np.array([f.interval.middle for f in reported])
        rounding = np.array([f.interval.high - f.interval.low for f in reported]) / np.sqrt(12.0) / values
        slopes = -np.stack([swayed(plain, flows, t, n) for t, n in months]) / made[:, None]
        return np.log(values / made), slopes, np.diag(0.03**2 + rounding**2), -np.log(values).sum()

    return beside


def persons(moved, flows, last, months=1):
    """Return how many persons some flows moved in the months up to the last."""
    columns = [i for i, flow in enumerate(MODEL.flows) if flow.name in flows]
    return moved[last - months : last, columns].sum()


def counts(measure, flows, months, factor=1.0, definition="", width=2e5):
    """Return figures of a flow, about what the model makes of it at the middle of the priors."""
    history = history_of(())
    moved = plain_density(history, np.zeros(len(history.names))).flows
    return [
        figure(measure, DECEMBER + t, factor * persons(moved, flows, t, n), width, months=n, definition=definition)
        for t, n in months
    ]


# ------------ figures of people in error


def test_the_density_of_flows_beside_figures_in_error_is_that_of_all_their_errors_weighed():
    """Three MAU figures with noise: Gauss and Hermite's sum over their true values, each met without error.

    What is left is of second order in the noise: .02 of a log unit at .2 %, as of the figures of people alone. Flows
    scored as if the figures had no error are off by more than half a unit.
    """
    months, noise = 3, 0.002
    people = tuple(f for f in STOCKS if f.month < DECEMBER + months)
    high, low = (counts("lost", LOST, [(t, 1)], by, AS_MODEL, 2.0) for t, by in ((1, 1.06), (2, 0.96)))
    flows = (*high, *low)

    def log_density(more, noise):
        history = History(MODEL, replace(SMALL, reported=(*people, *more), noise={"mau": fixed(noise)}))
        return live(history, np.zeros((len(history.names), 1))).log_density[0]

    exact = History(MODEL, replace(SMALL, reported=(*people, *flows), noise={"mau": fixed(1e-7)}))
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    errors = noise * np.stack([each.ravel() for each in np.meshgrid(*[nodes] * months)])
    weight = np.prod([each.ravel() for each in np.meshgrid(*[weights / weights.sum()] * months)], axis=0)
    z = np.zeros((len(exact.names), weight.size))
    inputs = Inputs.of(exact, z)
    wanted = [f.name for f in people if f.measure == "mau"]
    goals = {name: inputs.goals[name] * np.exp(-e) for name, e in zip(wanted, errors, strict=True)}
    solver = Solver(exact, replace(inputs, goals=inputs.goals | goals), z)
    solver.run()
    reference = logsumexp(solver.finish().log_density - errors.sum(axis=0), b=weight)
    joint = log_density(flows, noise)
    apart = log_density((), noise) + log_density(flows, 1e-7) - log_density((), 1e-7)
    assert joint == pytest.approx(reference, abs=0.03)
    assert abs(apart - reference) > 0.5


# ------------ another definition


@pytest.mark.parametrize("months", [[(t, 1) for t in range(1, 15)], [(3, 1), (4, 1), (9, 1)]], ids=["all", "some"])
def test_a_flow_of_another_definition_has_a_factor_and_a_slow_residual(months):
    """One factor for all, .1 of the log; a residual of size LN(.05, .7) that keeps up to .9 from month to month.

    And .03 of each month by itself, as where the definition is the model's.
    """
    flows = counts("lost", LOST, months, 1.07, "ours")
    at = np.array([t for t, _ in months])

    def beside(plain):
        row, z = plain.history.row, plain.z
        size, keep = (
            0.05 * np.exp(0.7 * z[row["flow.lost.size"]]),
            0.9 * stats.norm.cdf(z[row["flow.lost.persistence"]]),
        )
        residuals, slopes, _, log = of_model(LOST, flows, months)(plain)
        values = np.array([f.interval.middle for f in flows])
        covariance = 0.1**2 + size**2 * keep ** np.abs(at[:, None] - at)
        return residuals, slopes, covariance + np.diag(0.03**2 + (2e5 / np.sqrt(12.0) / values) ** 2), log

    history = agrees(flows, beside)
    assert {"flow.lost.size", "flow.lost.persistence"} <= set(history.names)


def test_many_months_of_another_definition_leave_the_level_of_the_flow_open():
    """A shift of all months by .1 costs half a log unit and little more, however many there are."""
    middle = counts("lost", LOST, [(t, 1) for t in range(1, 15)], 1.0, "ours")
    higher = [
        replace(f, interval=replace(f.interval, low=f.interval.low * np.exp(0.1), high=f.interval.high * np.exp(0.1)))
        for f in middle
    ]
    costs = []
    for flows in (middle, higher):
        history = history_of(flows)
        z = np.zeros((len(history.names), 1))
        costs.append(live(history, z).log_density[0] + sum(np.log(f.interval.middle) for f in flows))
    assert 0.2 < costs[0] - costs[1] < 0.75


# ------------ the model's own definition


def test_a_flow_counted_as_the_model_counts_is_known_within_three_percent():
    months = [(2, 1), (5, 1), (6, 1)]
    flows = counts("lost", LOST, months, 1.02, AS_MODEL)
    history = agrees(flows, of_model(LOST, flows, months))
    assert not any(name.startswith("flow.") for name in history.names)


def test_gross_adds_beside_the_level_say_how_many_closed():
    """The rise of the level is solved: what is left of the adds is closures, whose log is scored, with 1 / C."""
    months = (3, 4)
    flows = [
        replace(f, interval=replace(f.interval, low=f.interval.low + 5e4, high=f.interval.high + 5e4))
        for f in counts("gross_adds", ADDS, [(t, 1) for t in months], 1.0, AS_MODEL, width=1e4)
    ]
    level = {f.month - DECEMBER: f.interval.middle for f in STOCKS if f.measure == "registered"}

    def beside(plain):
        closed = np.array([persons(plain.flows, CLOSED, t) for t in months])
        left = np.array([f.interval.middle - (level[t] - level[t - 1]) for f, t in zip(flows, months, strict=True)])
        out = np.stack([swayed(plain, CLOSED, t) for t in months])
        rise = np.stack([swayed(plain, ADDS, t) for t in months]) - out
        own = 0.3**2 + (1e4 / np.sqrt(12.0) / closed) ** 2
        slopes = -rise / left[:, None] - out / closed[:, None]
        return np.log(left / closed), slopes, np.diag(own), -np.log(left).sum()

    agrees(flows, beside)


def test_adds_below_the_rise_of_the_level_are_impossible():
    flows = [figure("gross_adds", DECEMBER + 3, 1e6, 1e4, months=1, definition=AS_MODEL)]
    history = history_of(flows)
    assert not live(history, normals(history, 5)).possible.any()


def test_flows_of_regions_are_those_of_their_own_months():
    """Two regions share columns of slopes within a month; an error of a figure moves flows of its own region alone."""
    every, rows = regional(range(5)), [i for i, flow in enumerate(MODEL.flows) if flow.name in LOST]
    target = replace(divided(SMALL), reported=every, noise=NOISE)
    bare = History(MODEL, target)
    moved = plain_density(bare, np.zeros(len(bare.names))).flows
    months = [(g, t) for t in (2, 3) for g in (0, 1)]
    own = [[g * len(MODEL.flows) + row for row in rows] for g, _ in months]
    flows = [
        replace(
            figure("lost", DECEMBER + t, 1.03 * moved[t - 1, at].sum(), 2e4, months=1, definition=AS_MODEL), band=band
        )
        for (g, t), at, band in zip(months, own, ("east", "west") * 2, strict=True)
    ]

    def beside(plain):
        made = np.array([plain.flows[t - 1, at].sum() for (_, t), at in zip(months, own, strict=True)])
        values = np.array([f.interval.middle for f in flows])
        swayed = np.stack([plain.sways[t - 1, at].sum(axis=0) for (_, t), at in zip(months, own, strict=True)])
        spread = np.diag(0.03**2 + (2e4 / np.sqrt(12.0) / values) ** 2)
        return np.log(values / made), -swayed / made[:, None], spread, -np.log(values).sum()

    history = History(MODEL, replace(target, reported=(*every, *flows)))
    assert [f.band for f in history.flows.figures] == ["east", "west", "east", "west"]
    z = normals(history, 6, spread=0.3)
    found = live(history, z)
    kept = np.flatnonzero(found.possible)[:2]
    assert kept.size == 2
    for r in kept:
        assert found.log_density[r] == pytest.approx(plain_density(history, z[:, r], beside).log, abs=1e-6)


# ------------ years


def test_the_sum_of_a_year_is_that_of_its_months():
    flows = counts("closed", CLOSED, [(12, 12)], 1.01, AS_MODEL, width=2.0)
    agrees(flows, of_model(CLOSED, flows, [(12, 12)]))


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
    history = history_of(flows)
    plain = history_of(())
    assert history.figures == plain.figures
    assert history.blocks == plain.blocks
    assert set(history.names) - set(plain.names) == {"flow.lost.size", "flow.lost.persistence"}
