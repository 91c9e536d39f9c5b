"""Retention: shares of a month's registrations as plain NumPy carries them, and their density beside the shocks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.calibration.checks import score
from mobank.calibration.checks.turnover import months
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.simulate_history import Unbound, prior_draws
from mobank.calibration.likelihood.solve_history import live, solved
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import AS_MODEL, Cohort, Provenance, RetainedShare
from tests.law.plain_history import ACTIVE, Plain, PlainLaw, fixed, grown, normals, plain_density, value
from tests.law.test_regions import divided
from tests.law.test_regions import grown as regional
from tests.law.test_score import MONTHLY, until

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL).scenario
DECEMBER = Month.of(2019, 12)
NOISE = {"mau": value("lognormal", 0.002, 0.4)}
MONTHS = 15
STOCKS = grown(DECEMBER, range(MONTHS))
ENTERED, WIDTH = 2, 0.002
AGES = (1, 3, 6, 12)


def cohort(measure, shares, entered=ENTERED, definition=AS_MODEL):
    """Return a cohort that entered some months after the first figure, with shares by age."""
    given = [RetainedShare(k, f"{s:.1%}", Interval(s - WIDTH / 2, s + WIDTH / 2, 0.0)) for k, s in shares.items()]
    return Cohort(measure, DECEMBER + entered, tuple(given), Provenance(), definition=definition)


def history_of(*cohorts, **changes):
    return History(MODEL, replace(SMALL, reported=STOCKS, noise=NOISE, retention=cohorts, **changes))


def retained(plain, measure, entered, ages):
    """Return the shares of those who registered in a month that a measure counts at some ages: (ages,), plain NumPy.

    Each segment's registrations of the month, by the state into which they led, then month by month by the chances of
    the bank's own customers in the same state and segment.
    """
    history = plain.history
    of = {(b.lane, t): plain.shocks[i] for i, b in enumerate(history.blocks) for t in b.months}
    lanes = range(2 * len(history.regions))
    state = plain.steady(np.array([[of[lane, 0]] for lane in lanes]))
    crossing = MODEL.crossings("registered")
    own, found = None, {}
    for t in range(entered + max(ages)):
        shock = np.array([[of[lane, t + 1]] for lane in lanes])
        before = state[0]
        occupancy = plain.written_off(before, t)
        moves = plain.moves(occupancy, state[1], t, shock)
        if own is not None:
            dormant, closed = MODEL.states.index("dormant"), MODEL.states.index("closed")
            left = occupancy[dormant].sum() / before[dormant].sum()
            own[closed] += (1.0 - left) * own[dormant]
            own[dormant] *= left
            then = own.copy()
            for f, (source, target) in enumerate(zip(MODEL.leaves, MODEL.enters, strict=True)):
                if source >= 0:
                    gone = own[source] * moves[f, :, 0] / occupancy[source, :, 0]
                    then[source] -= gone
                    then[target] += gone
            own = then
        if t + 1 == entered:
            own = np.zeros(occupancy.shape[:2])
            for f, sign in enumerate(crossing):
                if sign > 0:
                    own[MODEL.enters[f]] += moves[f, :, 0]
            registered = own.sum()
        if own is not None and t + 1 - entered in ages:
            found[t + 1 - entered] = own[list(MODEL.indices(MODEL.measure[measure].stock))].sum() / registered
        state, _ = plain.month(state, t, shock)
    return np.clip([found[age] for age in ages], 1e-3, 1 - 1e-3)


def log_odds(share):
    return np.log(share / (1 - share))


def slopes_of(plain, measure, entered, ages):
    """Return the change of the log odds of shares with the log of each figure, (ages, f): by way of the shocks."""
    found = np.zeros((len(ages), plain.slopes.shape[1]))
    for i, block in enumerate(plain.history.blocks):
        if block.path != ACTIVE or block.last <= entered:
            continue
        shocks, ends = plain.shocks, []
        for by in (1e-4, -1e-4):
            plain.shocks = shocks + by * (np.arange(len(shocks)) == i)
            ends.append(log_odds(retained(plain, measure, entered, ages)))
        plain.shocks = shocks
        found += np.outer((ends[0] - ends[1]) / 2e-4, plain.slopes[i])
    return found


def passed(history, z):
    """Return a plain history that has gone through its figures."""
    plain = Plain(history, z)
    law = PlainLaw(plain)
    plain.run(law.mean, np.linalg.cholesky(law.covariance))
    return plain


# ------------ the shares


@pytest.mark.parametrize("measure", ["registered", "mau", "dormant_users"])
def test_a_cohort_goes_through_the_months_with_the_chances_that_they_had(measure):
    history = history_of(cohort(measure, dict.fromkeys(AGES, 0.5)))
    z = normals(history, 3, spread=0.5)
    found = live(history, z).retained
    for r in range(3):
        np.testing.assert_allclose(found[:, r], retained(passed(history, z[:, r]), measure, ENTERED, AGES), rtol=1e-6)


def test_those_who_are_written_off_are_written_off_among_the_cohort_too():
    off = {DECEMBER + 9: fixed(4e6)}
    history = history_of(cohort("registered", {6: 0.9, 8: 0.9}), clean_ups=off)
    without = history_of(cohort("registered", {6: 0.9, 8: 0.9}))
    z = np.zeros((len(history.names), 1))
    found = live(history, z).retained[:, 0]
    np.testing.assert_allclose(found, retained(passed(history, z[:, 0]), "registered", ENTERED, (6, 8)), rtol=1e-6)
    assert found[1] < live(without, z).retained[1, 0] - 1e-4


def test_several_cohorts_are_each_what_it_is_alone():
    both = history_of(cohort("mau", {1: 0.6, 6: 0.4}), cohort("mau", {2: 0.5}, entered=5))
    z = normals(both, 2, spread=0.5)
    together = live(both, z).retained
    for cells, entered, ages in ((slice(0, 2), ENTERED, (1, 6)), (slice(2, 3), 5, (2,))):
        alone = live(history_of(cohort("mau", dict.fromkeys(ages, 0.5), entered=entered)), z).retained
        np.testing.assert_allclose(together[cells], alone, rtol=1e-9)


def test_cohorts_of_months_that_are_not_passed_through_are_left_out():
    history = history_of(cohort("mau", {1: 0.6}, entered=0), cohort("mau", {2: 0.6, 12: 0.4}, entered=5))
    assert [cell.name for cell in history.retention.cells] == [f"retention.mau.{DECEMBER + 5}.2"]


# ------------ the density


@pytest.mark.parametrize("definition", [AS_MODEL, "ours"])
def test_the_density_of_two_cohorts_is_that_of_slow_residuals_in_log_odds(definition):
    """Independent from cohort to cohort, .9 from one month of age to the next; .03 of the log odds for the model's own.

    In another definition a factor of .2 is common to all, and the size of the residual is LN(.05, .7). An error of a
    figure moves the shocks of its month and the next, and with them the shares.
    """
    ages_of = {ENTERED: (1, 3, 6), 4: (2, 6)}
    middle = history_of(*(cohort("mau", dict.fromkeys(own, 0.5), entered) for entered, own in ages_of.items()))
    made = iter(live(middle, np.zeros((len(middle.names), 1))).retained[:, 0] + 0.01)
    given = [(entered, {age: next(made) for age in own}) for entered, own in ages_of.items()]
    history = history_of(*(cohort("mau", shares, entered, definition) for entered, shares in given))
    assert ("retention.mau.size" in history.names) == (definition == "ours")
    values = np.array([share for _, shares in given for share in shares.values()])
    ages, of = (np.array(each) for each in zip(*[(k, n) for n, shares in given for k in shares], strict=True))

    def beside(plain):
        made = np.concatenate([retained(plain, "mau", entered, tuple(shares)) for entered, shares in given])
        size, factor = 0.03, 0.0
        if definition == "ours":
            size, factor = 0.05 * np.exp(0.7 * plain.z[history.row["retention.mau.size"]]), 0.2
        own = size**2 * np.where(of[:, None] == of, 0.9 ** np.abs(ages[:, None] - ages), 0.0) + factor**2
        own += np.diag((WIDTH / np.sqrt(12.0) / values / (1 - values)) ** 2)
        slopes = -np.concatenate([slopes_of(plain, "mau", entered, tuple(shares)) for entered, shares in given])
        return log_odds(values) - log_odds(made), slopes, own, -np.log(values * (1 - values)).sum()

    z = normals(history, 6, spread=0.5)
    found = live(history, z)
    kept = np.flatnonzero(found.possible)[:3]
    assert kept.size == 3
    for r in kept:
        assert found.log_density[r] == pytest.approx(plain_density(history, z[:, r], beside).log, abs=1e-6)


def test_retention_of_the_whole_bank_goes_through_the_months_of_each_region():
    """Two regions: the shares of both together, and what an error of either region's figures does to them."""
    target = replace(
        divided(SMALL), reported=regional(range(6)), noise=NOISE, retention=(cohort("mau", {1: 0.6, 3: 0.5}),)
    )
    history = History(MODEL, target)
    z = normals(history, 1, spread=0.3)
    solver = solved(history, z)
    plain = passed(history, z[:, 0])
    np.testing.assert_allclose(solver.retained[:, 0], retained(plain, "mau", ENTERED, (1, 3)), rtol=1e-6)
    found = np.zeros((2, plain.slopes.shape[1]))
    for i, numbers in enumerate(solver.at[-2:]):
        for k, number in enumerate(numbers):
            found[i, number] += solver.slopes[i - 2, k, 0] if number >= 0 else 0.0
    wanted = -slopes_of(plain, "mau", ENTERED, (1, 3))
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 * np.abs(wanted).max())


# ------------ what it says of turnover


@pytest.mark.slow
def test_a_triangle_narrows_the_turnover_time_and_the_density_has_no_slope_at_the_truth(seed):
    """Two years of months: the information of 60 banks' scores, with the priors', says how well turnover is known.

    With the triangle its log is known to less than four fifths of the standard deviation without (.19 and .29 once).
    """
    known = {}
    target = until(MONTHLY, 24)
    entries, ages = (1, 4, 7, 10), (1, 2, 3, 4, 6, 9, 12)
    first = target.figures[0].month
    cohorts = tuple(
        replace(
            cohort("mau", dict.fromkeys(ages, 0.5)), month=first + entered, provenance=Provenance(evidence="article")
        )
        for entered in entries
    )
    with_triangle = replace(target, scenario=replace(target.scenario, retention=cohorts))
    for name, each in (("stocks", target), ("retention", with_triangle)):
        free = Unbound(MODEL, each.scenario)
        at = 0.4 * prior_draws(free, Streams(seed), 1)[:, 0]
        jobs = score.truth(each, free, at, 60, seed)
        assert jobs.possible.all()
        slopes = score.gradients((jobs, range(60)))
        apart = slopes.mean(axis=0) / np.maximum(slopes.std(axis=0, ddof=1) / np.sqrt(60), score.FLAT)
        assert np.abs(apart).max() < score.LIMIT
        names = score.names_of(History(MODEL, each.scenario), free)
        z = np.repeat(at[:, None], 2 * len(names), axis=1)
        for i, own in enumerate(names):
            z[free.row[own], 2 * i : 2 * i + 2] += (0.01, -0.01)
        log = np.log(months(free, z, live(free, z).state))
        change = (log[::2] - log[1::2]) / 0.02
        known[name] = np.sqrt(change @ np.linalg.solve(np.eye(len(names)) + np.cov(slopes.T), change))
    assert known["retention"] < 0.8 * known["stocks"]
