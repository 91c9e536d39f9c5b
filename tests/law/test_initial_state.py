"""Start in balance: the reported figures are met to the person, and the run goes on as the bank was going."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from mobank.base.errors import RunError
from mobank.base.priors import Prior
from mobank.base.streams import Streams
from mobank.dynamics.draws import _attempt, draw
from mobank.dynamics.initial_state import Lived, ReportedStart, balance
from mobank.ensemble.plan import Plan, run_block
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Provenance, Value
from tests.conftest import switched_off

ZERO = Value(Prior("fixed", 0.0), "0", Provenance())
DRAWS = 300
REGISTERED, MAU, PERSONS = (5.155e8, 5.165e8), (1.74e8, 1.75e8), (7.195e8, 7.205e8)


def people(start, measure):
    return start[MODEL.indices(MODEL.measure[measure].stock)].sum(axis=(0, 1))


def position(scenario, streams, measure, month, numbers):
    """Return where in its interval a replicate's first draw takes a figure to be, whole persons, (R,)."""
    interval = scenario.figure(measure, month).interval
    u = streams.uniform("parameters", f"reported.{measure}.{month}", numbers, 0)
    return np.floor(interval.low + u * (interval.high - interval.low))


def without_shocks(scenario, drift=True):
    """Return a scenario in which no year is better than another, no month wiggles and chance moves no trend."""
    shocks = {
        name: without_chance(s) if drift else replace(s, size=ZERO, drift=None, trend=None)
        for name, s in scenario.shocks.items()
    }
    return replace(scenario, shocks=shocks, wiggle=ZERO)


def without_chance(shock):
    return replace(shock, size=ZERO, trend=shock.trend and replace(shock.trend, change=ZERO))


@pytest.fixture(scope="module")
def draws(baseline):
    return draw(MODEL, baseline, Streams(11), np.arange(DRAWS))


# ------------ the figures


@pytest.mark.parametrize(
    ("measure", "low", "high"), [("registered", *REGISTERED), ("mau", *MAU), ("customers", *PERSONS)]
)
def test_every_draw_starts_inside_the_reported_intervals(draws, measure, low, high):
    found = people(draws.start, measure)
    assert found.dtype == np.int64
    assert (draws.start >= 0).all()
    assert (found >= low).all()
    assert (found < high).all()
    assert found.max() - found.min() > 0.9 * (high - low), "the whole interval is used"


@pytest.mark.parametrize("measure", ["registered", "mau"])
def test_a_drawn_figure_is_met_to_the_person(draws, baseline, measure):
    numbers = np.arange(DRAWS)
    wanted = position(baseline, Streams(11), measure, baseline.start, numbers)
    met = people(draws.start, measure) == wanted
    again = DRAWS - met.sum()
    assert met.mean() > 0.8
    assert again <= draws.tried - DRAWS, "only a draw that was made anew may stand elsewhere"


def test_customers_are_met_to_one_person_and_out_of_reach_are_what_the_reach_share_leaves(draws, baseline):
    shares = [segment.share for segment in baseline.segments]
    by_segment = draws.start.sum(axis=0)
    everyone = by_segment.sum(axis=0)
    np.testing.assert_allclose(by_segment, np.outer(shares, everyone), rtol=0, atol=8.0)
    apart = draws.start[MODEL.states.index("unreachable")]
    np.testing.assert_allclose(apart, (1 - draws.base["reach_share"]) * by_segment, rtol=0, atol=8.0)
    closed = draws.start[MODEL.states.index("closed")].sum(axis=0)
    most = 12 * draws.base["close_rate"][0] * people(draws.start, "registered")
    assert (closed < most).all(), "those who deregistered in the year before the start, and nobody else"


# ------------ the pace


def test_the_first_month_goes_on_from_the_year_before(baseline):
    """Mean field, no shocks and no drift after the start; the year before added what was reported, less each month.

    So the first month adds less than that year's mean month, by about half a year of slowing down.
    """
    scenario, numbers = without_shocks(replace(baseline, until=baseline.start + 13), drift=False), np.arange(DRAWS)
    run, _ = run_block(Plan(MODEL, scenario, seed=11, fidelity="mean_field"), numbers)
    level = run.observe("registered")
    now, before = (position(scenario, Streams(11), "registered", baseline.start - ago, numbers) for ago in (0, 12))
    held = level[0] == now  # the first draw of the replicate was possible, so its figures are known
    assert held.mean() > 0.8
    mean_month = (now - before)[held] / 12.0
    first, thirteenth = np.diff(level, axis=0)[[0, 12]][:, held]
    slowing = np.median(thirteenth / first)
    assert 0.6 < slowing < 0.9
    assert np.median(first / mean_month) == pytest.approx(math.sqrt(slowing), rel=0.02)


@pytest.mark.parametrize("measure", ["registered", "mau"])
@pytest.mark.parametrize("drift", [True, False], ids=["drifting", "no drift"])
def test_no_fan_begins_with_a_kink(baseline, measure, drift):
    """The median's growth slows down in months 2 to 6 as months 7 to 18, followed backwards, say that it should.

    Median over 12,000 draws of the mean field's growth, the shocks' noise taken away. A bank that fills up slows down
    by less and less, so the change of growth is followed backwards on the log scale; a start that has to relax first
    changes by more at once. Batches of 3,000 scatter by at most .054 of the change, so 12,000 by .027: three of those.
    """
    scenario = without_shocks(replace(baseline, until=baseline.start + 18), drift)
    run, _ = run_block(Plan(MODEL, scenario, seed=11, fidelity="mean_field"), np.arange(12_000))
    path = run.observe(measure)
    change = -np.diff(np.median(path[1:] / path[:-1], axis=1))  # months 2 to 18: month 1 has none before it
    months = np.arange(2, 19)
    assert (change > 0).all()
    trend = np.exp(np.polyval(np.polyfit(months[5:], np.log(change[5:]), 1), months))
    np.testing.assert_array_less(change[:5], 1.08 * trend[:5])
    np.testing.assert_array_less(0.9 * trend[:5], change[:5])


# ------------ the split, solved a second time


RATES = {
    "reach_share": 0.9, "join_rate": 0.002, "innovation_rate": 0.012, "imitation_rate": 0.0, "assist_rate": 0.003,
    "desk_capacity": math.inf, "settle_rate": 0.3, "drop_rate": 0.2, "lapse_rate": 0.06, "resume_rate": 0.1,
    "fade_rate": 0.15, "revive_rate": 0.007, "close_rate": 0.001,
}  # fmt: skip
LEVEL, BEFORE, ACTIVE, CUSTOMERS = 5.16e8, 4.695e8, 1.745e8, 7.2e8


def compete(*hazards):
    total = sum(hazards)
    return [h / total * (1 - math.exp(-total)) for h in hazards]


def monthly(x, y, factor):
    """Return (chance to register, chances between new, active, lapsed, dormant, chance to close) at tilts x and y."""
    rates = {name: value * factor.get(name, 1.0) for name, value in RATES.items()}
    settle, drop = compete(rates["settle_rate"], rates["drop_rate"] * math.exp(-x))
    (lapse,) = compete(rates["lapse_rate"] * math.exp(-x))
    resume, fade = compete(rates["resume_rate"] * math.exp(x), rates["fade_rate"])
    revive, close = compete(rates["revive_rate"] * math.exp(x), rates["close_rate"])
    register = sum(compete(*(rates[n] * math.exp(y) for n in ("innovation_rate", "assist_rate"))))
    between = np.array(
        [
            [1 - settle - drop, settle, drop, 0],
            [0, 1 - lapse, lapse, 0],
            [0, resume, 1 - resume - fade, fade],
            [0, revive, 0, 1 - revive - close],
        ]
    )
    return register, between, close


def year_by_hand(x, y, drift, season):
    """Return (prospects, registered by state, closed) at the end of a year that began with BEFORE registered.

    It begins where growth in proportion holds: n = (new, …) with (1 + g)·n = Pᵀ·n + inflow to new, without a season.
    Its months are January to December; a drift leads from a year ago to the tilts, which are those of December.
    """

    def chances(months_ago, factor):
        engaged, adopting = (drift.get(path, 0.0) * months_ago / 12 for path in ("engagement", "adoption"))
        return monthly(x - engaged, y - adopting, factor)

    _, between, _ = chances(12, {})
    growth = (LEVEL - BEFORE) / 12 / BEFORE
    shape = np.linalg.solve((1 + growth) * np.eye(4) - between.T, [1.0, 0, 0, 0])
    everyone = CUSTOMERS / (1 + RATES["join_rate"]) ** 12
    n, closed = BEFORE * shape / shape.sum(), 0.0
    prospects = RATES["reach_share"] * everyone - BEFORE
    for month in range(12):
        register, between, close = chances(11 - month, {name: factors[month] for name, factors in season.items()})
        come, gone = register * prospects, close * n[3]
        prospects += RATES["reach_share"] * RATES["join_rate"] * everyone - come
        n = between.T @ n + [come, 0, 0, 0]
        closed, everyone = closed + gone, everyone * (1 + RATES["join_rate"])
    return prospects, n, closed


DRIFT = {"adoption": 0.3, "engagement": -0.2}
SEASON = {"lapse_rate": [0.5, 3.0] + [1.0] * 8 + [1.5, 0.3], "innovation_rate": [3.0] + [1.0] * 10 + [0.2]}


@pytest.mark.parametrize(
    ("drift", "season"),
    [({}, {}), (DRIFT, {}), ({}, SEASON), (DRIFT, SEASON)],
    ids=["plain", "drift", "season", "both"],
)
def test_the_start_of_one_segment_is_the_end_of_a_year_worked_by_hand(drift, season):
    """One segment, nobody imitated: two tilts such that the year ends with the registered and the active."""

    def missing(tilts):
        n = year_by_hand(*tilts, drift, season)[1]
        return [n.sum() / LEVEL - 1, n[:2].sum() / ACTIVE - 1]

    x, y = optimize.fsolve(missing, [0.0, 0.5], xtol=1e-12)
    assert np.abs(missing((x, y))).max() < 1e-9
    prospects, n, closed = year_by_hand(x, y, drift, season)

    base = {name: np.full((1, 1), value) for name, value in (switched_off(MODEL) | RATES).items()}
    reported = ReportedStart(*(np.array([v]) for v in (LEVEL, BEFORE, ACTIVE)), np.array([[CUSTOMERS]]))
    lived = Lived(
        np.ones((1, 1)),
        {path: np.array([value]) for path, value in drift.items()},
        {name: np.array(factors) for name, factors in season.items()},
        12,
    )
    found = balance(MODEL, MODEL.origin, base, reported, lived)
    assert found.feasible.all()
    assert found.tilt["engagement"][0] == pytest.approx(x, abs=0.005)
    assert found.tilt["adoption"][0] == pytest.approx(y, abs=0.005)
    expected = [prospects, *n, closed, CUSTOMERS * (1 - RATES["reach_share"])]
    np.testing.assert_allclose(found.occupancy[:, 0, 0], expected, rtol=0.005)
    assert people(found.occupancy, "registered")[0] == pytest.approx(LEVEL, rel=1e-12)
    assert people(found.occupancy, "mau")[0] == pytest.approx(ACTIVE, rel=1e-12)


# ------------ figures that contradict each other


def test_a_bank_with_more_registered_than_it_can_reach_is_refused(baseline):
    small = {**baseline.parameters, "reach_share": Value(Prior("fixed", 0.7), "70%", Provenance())}
    with pytest.raises(RunError) as refusal:
        draw(MODEL, replace(baseline, parameters=small), Streams(11), np.arange(3))
    assert str(refusal.value) == (
        "200 draws of one replicate could not hold the reported start; "
        "the priors contradict the figures: look at reach_share and the rates"
    )


def test_a_replicate_that_cannot_hold_the_start_is_drawn_anew_and_counted(baseline):
    wide = Value(Prior.between("logitnormal", 0.6, 0.9), "60% to 90%", Provenance())
    scenario = replace(baseline, parameters={**baseline.parameters, "reach_share": wide})
    found = draw(MODEL, scenario, Streams(11), np.arange(60))
    assert found.tried > 68
    assert (found.base["reach_share"] * 7.205e8 > 5.155e8).all()
    assert (people(found.start, "registered") >= REGISTERED[0]).all()
    once = _attempt(MODEL, MODEL.origin, scenario, Streams(11), np.arange(60), found.sizes, 0)[1].feasible
    again = np.flatnonzero(~once)
    base, alone = _attempt(MODEL, MODEL.origin, scenario, Streams(11), again, found.sizes.rows(again), 1)
    here = again[alone.feasible]
    assert here.size > 3
    for path, tilt in alone.tilt.items():
        np.testing.assert_array_equal(found.tilt[path][here], tilt[alone.feasible])
        assert (tilt != 0).all()
    for name, values in base.items():
        np.testing.assert_array_equal(found.base[name][:, here], values[:, alone.feasible])
    whole = people(alone.occupancy[..., alone.feasible], "registered")
    np.testing.assert_allclose(people(found.start[..., here], "registered"), whole, atol=1)
