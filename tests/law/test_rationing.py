"""The service desk: what rationing does to who registers, from no places at all to no limit.

The law in one line: of n people with hazards o of going alone and a of asking for help, and c places a month,
n·(1 − e^(−o)) + min(c, n·e^(−o)·(1 − e^(−a))) register. Statistical tests allow 4 standard errors (false alarms 6
in 100,000 a comparison, 1 in 150 for the file) or fail below a p-value of 1 in 10,000.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from mobank.dynamics.month import whole
from mobank.model.grammar import Flow, Measure, Model, Parameter, Resource
from mobank.model.mobile_banking import MODEL
from tests.conftest import switched_off

TOLERANCE = 4.0


def rate(name):
    return Parameter(name, "rate", (0.0, 20.0), "")


CAPACITY = Parameter("capacity", "persons a month", (0.0, 1e9), "", bank_wide=True, unlimited=True)
ADOPT = Flow("adopt", "prospect", "user", lambda adopt_rate: adopt_rate)
ASSIST = Flow("assist", "prospect", "user", lambda assist_rate: assist_rate, served_by="desk")
MOVE = Flow("move", "prospect", "gone", lambda move_rate: move_rate)
BACK = Flow("back", "gone", "user", lambda back_rate: back_rate, served_by="desk")


def desk(*flows):
    """Return a model of these flows with one desk, and its measures."""
    read = [rate(name) for flow in flows for name in flow.reads]
    states = tuple(dict.fromkeys(s for flow in flows for s in (flow.source, flow.target)))
    return Model(
        "desk",
        states,
        (*read, CAPACITY),
        flows,
        (Measure("users", "", stock=("user",)),),
        (Resource("desk", "capacity"),),
    )


TWO = desk(ADOPT, ASSIST)
THREE = desk(ADOPT, MOVE, ASSIST)  # people also move away while they wait
ALONE = desk(ASSIST)
SHARED = desk(ASSIST, BACK)  # one desk for the askers of two states


def without_desk(model):
    """Return a model in which nobody can ask for help."""
    flows = tuple(flow for flow in model.flows if not flow.served_by)
    read = {name for flow in flows for name in flow.reads}
    return replace(model, flows=flows, resources=(), parameters=tuple(p for p in model.parameters if p.name in read))


def by_law(people, adopt, ask, places):
    return people * (1 - math.exp(-adopt)) + min(places, people * math.exp(-adopt) * (1 - math.exp(-ask)))


# ------------ more demand for help


ASKING = [0.0, 0.0005, 0.002, 0.01, 0.02, 0.0204, 0.0206, 0.021, 0.05, 0.1, 0.3, 1.0, 4.0, 15.0]


@pytest.mark.parametrize("adopt", [0.03, 3.0])
@pytest.mark.parametrize("places", [0.0, 3.7, 200.0, 1e5, math.inf])
def test_expected_gross_adds_follow_the_law_and_never_fall_with_demand(drive, places, adopt):
    adds = []
    for ask in ASKING:
        values = {"adopt_rate": adopt, "assist_rate": ask, "capacity": places}
        adds.append(drive(TWO, values, (10_000, 0), "mean_field", months=1).observe("users")[1, 0])
        assert adds[-1] == pytest.approx(by_law(10_000, adopt, ask, places), rel=1e-12)
    assert (np.diff(adds) >= -1e-8).all()


def test_expected_gross_adds_of_a_third_way_out_follow_the_law_too(drive):
    """The others who leave, leave as if there were no desk; the places come on top, as far as they go."""
    for ask in ASKING:
        values = {"adopt_rate": 0.03, "move_rate": 0.05, "assist_rate": ask, "capacity": 200.0}
        moves = drive(THREE, values, (10_000, 0, 0), "mean_field", months=1).moves[0, :, 0, 0]
        queue = 10_000 * math.exp(-0.08) * (1 - math.exp(-ask))
        if 10_000 * ask / (ask + 0.08) * (1 - math.exp(-ask - 0.08)) <= 200.0:
            expected = [10_000 * h / (ask + 0.08) * (1 - math.exp(-ask - 0.08)) for h in (0.03, 0.05, ask)]
        else:
            expected = [*(10_000 * h / 0.08 * (1 - math.exp(-0.08)) for h in (0.03, 0.05)), min(200.0, queue)]
        np.testing.assert_allclose(moves, expected, rtol=1e-11, atol=1e-9)


def real(assist, capacity, innovation=0.01):
    return {
        "reach_share": 0.9, "join_rate": 0.002, "innovation_rate": innovation, "imitation_rate": 0.04,
        "assist_rate": assist, "desk_capacity": capacity, "settle_rate": 0.3, "drop_rate": 0.2, "lapse_rate": 0.06,
        "resume_rate": 0.1, "fade_rate": 0.15, "revive_rate": 0.007, "close_rate": 0.001,
    }  # fmt: skip


REAL_START = np.array([[3e5, 5e3, 4e4, 2e4, 6e4, 0, 5e4], [1e5, 1e3, 1e4, 9e3, 2e4, 0, 9e4]]).T


@pytest.mark.parametrize("capacity", [0.0, 500.0, 3_000.0, 9_000.0, math.inf])
def test_gross_adds_of_the_real_model_never_fall_with_demand_over_two_years(drive, capacity):
    so_far = [
        np.cumsum(drive(MODEL, real(ask, capacity), REAL_START, "mean_field", 24).observe("gross_adds")[1:, 0])
        for ask in np.linspace(0.0, 0.2, 41)
    ]
    assert (np.diff(so_far, axis=0) >= -1e-6).all()


def test_cohort_gross_adds_follow_the_law_and_never_fall_with_demand(drive):
    """Near where the capacity binds, the mean of a minimum is below the minimum of means; the grid leaves that out."""
    replicates, means = 2_000, []
    for ask in (0.0, 0.002, 0.01, 0.06, 0.3, 2.0):
        values = {"adopt_rate": 0.03, "assist_rate": ask, "capacity": 200.0}
        users = drive(TWO, values, (10_000, 0), "cohort", 1, replicates).observe("users")[1]
        error = users.std(ddof=1) / math.sqrt(replicates)
        assert abs(users.mean() - by_law(10_000, 0.03, ask, 200)) < TOLERANCE * error
        means.append(users.mean() + TOLERANCE * error)
        assert means[-1] >= users.mean() - TOLERANCE * error
    assert (np.diff(means) > -TOLERANCE * error).all()


# ------------ no places, no limit


@pytest.mark.parametrize("model", [TWO, THREE], ids=["two ways out", "three ways out"])
def test_a_closed_desk_is_no_desk_in_expectation(drive, model):
    start = np.eye(len(model.states))[0] * 1e6
    values = {"adopt_rate": 0.03, "assist_rate": 0.4, "move_rate": 0.07, "capacity": 0.0}
    read = [p.name for p in model.parameters]
    closed = drive(model, {n: values[n] for n in read}, start, "mean_field", 24)
    none = without_desk(model)
    plain = drive(none, {p.name: values[p.name] for p in none.parameters}, start, "mean_field", 24)
    np.testing.assert_allclose(closed.occupancy, plain.occupancy, rtol=1e-11, atol=1e-6)
    assert not closed.moves[:, -1].any()


def test_a_closed_desk_is_no_desk_in_law(drive):
    replicates, people = 40_000, 400
    values = {"adopt_rate": 0.03, "move_rate": 0.05, "assist_rate": 0.4, "capacity": 0.0}
    moves = drive(THREE, values, (people, 0, 0), "cohort", 1, replicates).moves[0, :, 0]
    assert not moves[2].any()
    for flow, hazard in ((0, 0.03), (1, 0.05)):
        law = stats.binom(people, hazard / 0.08 * (1 - math.exp(-0.08)))
        seen = np.bincount(np.minimum(moves[flow], 30), minlength=31)
        expected = np.append(law.pmf(np.arange(30)), law.sf(29)) * replicates
        few = expected < 10
        pairs = [*zip(seen[~few], expected[~few], strict=True), (seen[few].sum(), expected[few].sum())]
        assert stats.chisquare(*np.array(pairs).T).pvalue > 1e-4
    p = [h / 0.08 * (1 - math.exp(-0.08)) for h in (0.03, 0.05)]
    error = people * math.sqrt(p[0] * (1 - p[0]) * p[1] * (1 - p[1]) / replicates)
    assert abs(np.cov(moves[0], moves[1])[0, 1] + people * p[0] * p[1]) < TOLERANCE * error


@pytest.mark.parametrize("places", [math.inf, 1e9, 1e15])
def test_no_limit_is_the_same_luck_as_flows_that_nobody_rations(drive, fidelity, places):
    values = real(0.05, places)
    free = replace(
        MODEL,
        flows=tuple(replace(flow, served_by="") for flow in MODEL.flows),
        parameters=tuple(p for p in MODEL.parameters if p.name != "desk_capacity"),
        resources=(),
    )
    without = {name: value for name, value in values.items() if name != "desk_capacity"}
    rationed = drive(MODEL, values, REAL_START, fidelity, 36, 20)
    np.testing.assert_array_equal(rationed.occupancy, drive(free, without, REAL_START, fidelity, 36, 20).occupancy)


def test_a_parameter_given_once_for_all_replicates_is_a_capacity_too(drive, fidelity):
    """`Values` allows arrays of (S or 1, R or 1)."""
    from mobank.base.quantities import Month
    from mobank.base.streams import Streams
    from mobank.dynamics.schedule import Schedule
    from mobank.fidelity import FIDELITIES

    base = {name: np.full((1, 1), value) for name, value in (switched_off(MODEL) | real(0.05, 500.0)).items()}
    schedule = Schedule(MODEL, Month.of(2022, 12), 3, base, np.arange(4), ["a", "b"])
    start = np.repeat(REAL_START[:, :, None], 4, axis=2).astype(float if fidelity == "mean_field" else np.int64)
    run = FIDELITIES[fidelity](MODEL, schedule, start, np.full((2, 2), 0.5), Streams(0))
    assert (np.abs(run.observe("assisted")[1:] - 500.0) < 1e-6).all()


# ------------ fractions of a place


@pytest.mark.parametrize("amount", [0.4, 1 / 3, 0.999, 7.25, 123_456.789])
def test_whole_persons_never_drift_from_the_sum_of_fractions(amount):
    carried, persons = np.zeros(3), np.zeros(3)
    for month in range(1, 1_001):
        came = whole(np.full(3, amount), carried)
        persons += came
        assert (np.abs(persons - amount * month) < 1.0).all()
        assert ((carried >= 0) & (carried < 1)).all()


def test_whole_persons_of_changing_amounts_never_drift(seed):
    amounts = np.random.default_rng(seed).exponential(0.7, (1_000, 5))
    carried, so_far = np.zeros(5), np.zeros(5)
    for amount in amounts:
        so_far += whole(amount, carried)
    assert (np.abs(so_far - amounts.sum(axis=0)) < 1.0).all()


def test_an_infinite_amount_is_more_than_anyone_and_keeps_what_was_carried():
    carried = np.array([0.5, 0.5])
    assert whole(np.array([math.inf, 0.75]), carried).tolist() == [2**62, 1]
    assert carried.tolist() == [0.5, 0.25]


def test_four_tenths_of_a_place_a_month_serve_four_hundred_in_a_thousand_months(drive, fidelity):
    users = drive(ALONE, {"assist_rate": 3.0, "capacity": 0.4}, (10_000, 0), fidelity, 1_000).observe("users")[:, 0]
    assert (np.abs(users - 0.4 * np.arange(1_001)) < (1.0 if fidelity == "cohort" else 1e-6)).all()


# ------------ who gets the places


def test_places_go_to_the_askers_of_all_segments_alike(drive):
    """All ask (e^−40 do not), so that places are a hypergeometric draw from the segments."""
    sizes, places, replicates = (60, 100, 240), 90, 30_000
    values = {"assist_rate": 40.0, "capacity": places}
    moves = drive(ALONE, values, [sizes, (0, 0, 0)], "cohort", 1, replicates).moves[0, 0]
    assert (moves.sum(axis=0) == places).all()
    law = stats.multivariate_hypergeom(sizes, places)
    error = np.sqrt(np.diag(law.cov()) / replicates)
    assert (np.abs(moves.mean(axis=1) - law.mean()) < TOLERANCE * error).all()
    variance = np.diag(law.cov())
    spread = np.sqrt((np.outer(variance, variance) + law.cov() ** 2) / replicates)
    assert (np.abs(np.cov(moves) - law.cov()) < TOLERANCE * spread).all()
    for mine, size in zip(moves, sizes, strict=True):
        alone = stats.hypergeom(sum(sizes), size, places)
        expected = alone.pmf(np.arange(places + 1)) * replicates
        few, seen = expected < 10, np.bincount(mine, minlength=places + 1)
        pairs = [*zip(seen[~few], expected[~few], strict=True), (seen[few].sum(), expected[few].sum())]
        assert stats.chisquare(*np.array(pairs).T).pvalue > 1e-4


def test_one_desk_serves_the_askers_of_two_states_and_two_segments_alike(drive, fidelity):
    values = {"assist_rate": [40.0, 40.0], "back_rate": [40.0, 40.0], "capacity": 100.0}
    start = {"prospect": (300, 100), "user": (0, 0), "gone": (500, 1_100)}
    replicates = 5_000 if fidelity == "cohort" else 1
    run = drive(SHARED, values, [start[s] for s in SHARED.states], fidelity, 1, replicates)
    served = run.moves[0]
    np.testing.assert_allclose(served.sum(axis=(0, 1)), 100.0)
    share = np.array([[300, 100], [500, 1_100]]) / 2_000
    error = np.sqrt(100 * share * (1 - share) / replicates) if fidelity == "cohort" else 1e-12
    assert (np.abs(served.mean(axis=2) - 100 * share) < TOLERANCE * error).all()


def test_mean_field_shares_the_places_in_proportion_to_who_asks(drive):
    values = {"assist_rate": [0.2, 1.0], "capacity": 50.0}
    served = drive(ALONE, values, [(4_000, 1_000), (0, 0)], "mean_field", 1).moves[0, 0, :, 0]
    ask = np.array([4_000 * (1 - math.exp(-0.2)), 1_000 * (1 - math.exp(-1.0))])
    np.testing.assert_allclose(served, 50.0 * ask / ask.sum(), rtol=1e-12)


def test_those_turned_away_face_the_other_hazards_and_may_ask_again(drive, fidelity):
    """With 50 places for hundreds who ask, as many go alone as if there were no desk; the rest are there next month."""
    values, replicates = (
        {"adopt_rate": 0.05, "assist_rate": 0.5, "capacity": 50.0},
        4_000 if fidelity == "cohort" else 1,
    )
    run = drive(TWO, values, (3_000, 0), fidelity, 3, replicates)
    here = 3_000.0
    for t in range(3):
        alone, helped = here * (1 - math.exp(-0.05)), 50.0
        found = run.moves[t, :, 0].mean(axis=1)
        error = math.sqrt(alone / replicates) if fidelity == "cohort" else 1e-9
        assert abs(found[0] - alone) < TOLERANCE * error
        assert found[1] == pytest.approx(helped, rel=1e-12)
        here -= alone + helped


def test_only_replicates_in_which_places_are_short_are_rationed(drive, fidelity):
    """Three replicates, one of them with a tenth of the places."""
    values = {"adopt_rate": 0.03, "assist_rate": 0.2, "capacity": np.array([[1e6, 10.0, 1e6]])}
    run = drive(TWO, values, (10_000, 0), fidelity, 6, 3)
    free = drive(TWO, values | {"capacity": math.inf}, (10_000, 0), fidelity, 6, 3)
    np.testing.assert_array_equal(run.moves[..., [0, 2]], free.moves[..., [0, 2]])
    assert (run.observe("users")[6, 1]) < 0.5 * free.observe("users")[6, 1]
    assert (np.abs(run.moves[:, 1, 0, 1] - 10.0) < 1e-9).all()
