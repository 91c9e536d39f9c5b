"""Every fidelity of whole persons has the law of the cohort: means, variances, autocovariances and distributions.

The model is the real one, with a state and two flows more; parameters come from its declaration, so that a flow added
to it is covered here as it stands. Small banks, with an intake and a desk that is short of places
in most months. A comparison fails beyond 4.5 standard errors of the difference (false alarms 7 in a million) or below
a p-value of 1 in 100,000; of the some 2,000 comparisons of a fidelity at most one in 70 right programs would fail.
"""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.desk.day import play
from mobank.dynamics.changes import Change
from mobank.fidelity import FIDELITIES
from mobank.model.grammar import Flow, Measure, Model, Parameter, Resource
from mobank.model.mobile_banking import MODEL
from mobank.scenario.desk_study import capacity_of, load_study
from mobank.scenario.scenario import Cost, Trigger, When
from tests.agreement.test_fidelities import COUNTER, MORE, VILLAGE

ROOT = Path(__file__).parents[2]
TOLERANCE = 4.5
SMALLEST_P = 1e-5
MONTHS = 6
REFERENCE = 20_000  # replicates of the cohort: its own error hardly adds to the other's

whole_persons = pytest.mark.parametrize("fidelity", sorted(set(FIDELITIES) - {"cohort", "mean_field"}))


def lively(model):
    """Return values that make every flow of a model happen often, and a desk that is short; for two segments."""
    desks = {resource.capacity for resource in model.resources}
    return {
        p.name: 2.6
        if p.name in desks
        else np.array([0.35, 0.25]) * p.plausible[1]
        if not p.bank_wide
        else p.plausible[1]
        for p in model.parameters
    }


def start_of(model):
    """Return some in every state, twice as many in the first segment."""
    return np.repeat([[40, 20]], len(model.states), axis=0)


MIXING = [[0.8, 0.2], [0.5, 0.5]]


def followed(run):
    """Return what is compared, by name: each flow in each month, and each stock at its end, (M, R)."""
    flows = {f.name: run.moves[:, i].sum(axis=1) for i, f in enumerate(run.model.flows)}
    stocks = {m.name: run.observe(m.name)[1:] for m in run.model.measures if m.stock}
    parts = {f"{f.name} of the second segment": run.moves[:, i, 1] for i, f in enumerate(run.model.flows)}
    return {name: np.asarray(paths, float) for name, paths in (flows | stocks | parts).items()}


def surely_apart(one, other):
    """Return how many standard errors the means of two samples of statistics lie apart; each (…, replicates)."""
    error = np.sqrt(one.var(axis=-1, ddof=1) / one.shape[-1] + other.var(axis=-1, ddof=1) / other.shape[-1])
    apart = one.mean(axis=-1) - other.mean(axis=-1)
    return np.abs(np.divide(apart, error, out=np.where(np.abs(apart) > 1e-12, np.inf, 0.0), where=error > 0))


def assert_equal_in_law(found, reference):
    """Compare means, and all products of two months about the reference's means: variances and autocovariances."""
    for name, paths in reference.items():
        assert surely_apart(found[name], paths).max() < TOLERANCE, f"means of {name}"
        middle = paths.mean(axis=1, keepdims=True)
        mine, theirs = found[name] - middle, paths - middle
        for lag in range(MONTHS - 1):
            products = [d[: MONTHS - lag] * d[lag:] for d in (mine, theirs)]
            assert surely_apart(*products).max() < TOLERANCE, f"autocovariances of {name} at lag {lag}"


@whole_persons
def test_all_flows_and_stocks_have_the_moments_of_the_cohort(drive, fidelity):
    values, start = lively(MORE), start_of(MORE)
    reference = drive(MORE, values, start, "cohort", MONTHS, REFERENCE, mixing=MIXING)
    found = drive(MORE, values, start, fidelity, MONTHS, 300, mixing=MIXING)
    assert all(paths.max() > 0 for paths in followed(reference).values()), "every flow is seen to happen"
    helped = reference.observe("assisted")[1:]
    assert (helped > 2).mean() > 0.2, "the desk is short in many months (of 2.6 places)"
    assert (helped < 2).mean() > 0.1, "and in many it is not"
    assert_equal_in_law(followed(found), followed(reference))


@whole_persons
def test_chances_that_differ_by_replicate_are_followed(drive, fidelity):
    """Capacity, rates and shocks are arrays over replicates; each third of the replicates has values of its own."""
    values = lively(MODEL) | {"desk_capacity": np.tile([[0.4, 3.0, math.inf]], 200)}
    shocks = {
        "adoption": np.tile([-0.5, 0.0, 0.5], (3, 200)),
        "engagement": np.tile([0.3, 0.0, -0.3], (3, 200)),
    }
    found = followed(drive(MODEL, values, start_of(MODEL), fidelity, 3, 600, shocks=shocks, mixing=MIXING))
    for third in range(3):
        alone = lively(MODEL) | {"desk_capacity": values["desk_capacity"][0, third]}
        paths = {name: np.repeat(path[:, third : third + 1], 8_000, axis=1) for name, path in shocks.items()}
        reference = drive(MODEL, alone, start_of(MODEL), "cohort", 3, 8_000, shocks=paths, mixing=MIXING)
        for name, mine in found.items():
            assert surely_apart(mine[:, third::3], followed(reference)[name]).max() < TOLERANCE, name


@whole_persons
def test_a_lever_and_a_policy_act_alike(drive, fidelity):
    """Campaigns share the calendar with whoever lives on it: one dated, one begun by what people do."""

    def changes(replicates):
        always = When(Month.of(2023, 1), Month.of(2030, 1))
        dated = When(Month.of(2023, 3), Month.of(2023, 3))
        ones = np.ones(replicates)
        return [
            Change("ease", "settle_rate", "multiply", 3 * ones, np.array([True, False]), dated, lasts_months=2),
            Change("win back", "revive_rate", "multiply", 3 * ones, np.array([True, True]), always, lasts_months=1,
                   trigger=Trigger("mau", 110.0), cost=Cost(once=5.0)),
        ]  # fmt: skip

    runs = [
        drive(MODEL, lively(MODEL), start_of(MODEL), f, MONTHS, n, changes=changes(n))
        for f, n in (("cohort", REFERENCE), (fidelity, 250))
    ]
    assert 0 < (runs[0].spent > 0).mean() < 0.5
    assert_equal_in_law(followed(runs[1]), followed(runs[0]))
    assert surely_apart(runs[1].spent, runs[0].spent).max() < TOLERANCE


# ------------ whole distributions, at several sizes


def homogeneous(one, other):
    """Return the p-value of two samples of counts coming from one distribution (chi-square, rare values pooled)."""
    values, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    table = np.stack(
        [np.bincount(place[: one.size], minlength=values.size), np.bincount(place[one.size :], minlength=values.size)]
    )
    expected = table.sum(axis=0) * one.size / (one.size + other.size)
    pools = np.minimum(np.cumsum(expected) // 8, max(expected.sum() // 8 - 1, 0)).astype(int)  # at least 8 or so each
    pooled = np.stack([np.bincount(pools, weights=row) for row in table])
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    return 1.0 if pooled.shape[1] < 2 else stats.chi2_contingency(pooled).pvalue


def test_the_chi_square_finds_a_distribution_that_is_a_little_different(seed):
    luck = np.random.default_rng(seed)
    assert homogeneous(luck.binomial(65, 0.3, 2_000), luck.binomial(65, 0.3, 20_000)) > 0.01
    assert homogeneous(luck.binomial(65, 0.3, 2_000), luck.poisson(65 * 0.3, 20_000)) < SMALLEST_P


SIZES = [(1, 2_000), (2, 2_000), (63, 300), (65, 300), (500, 40)]


@whole_persons
@pytest.mark.parametrize(("people", "replicates"), SIZES)
def test_imitation_has_the_distribution_of_the_cohort_at_every_size(drive, fidelity, people, replicates):
    values = {"innovation_rate": 0.08, "imitation_rate": 0.9}
    users = [
        drive(VILLAGE, values, (people, 0), f, 3, n).observe("users")
        for f, n in (("cohort", REFERENCE), (fidelity, replicates))
    ]
    for month in (1, 3):
        assert homogeneous(users[1][month], users[0][month]) > SMALLEST_P


THREE_WAYS = Model(
    "three ways out, one of them by the desk",
    ("prospect", "user", "gone"),
    (
        *(Parameter(f"{name}_rate", "rate", (0.0, 5.0), "") for name in ("adopt", "move", "assist")),
        Parameter("places", "persons a month", (0.0, 1e9), "", bank_wide=True),
    ),
    (
        Flow("adopt", "prospect", "user", lambda adopt_rate: adopt_rate),
        Flow("assist", "prospect", "user", lambda assist_rate: assist_rate, served_by="desk"),
        Flow("move", "prospect", "gone", lambda move_rate: move_rate),
        Flow("back", "gone", "user", lambda assist_rate: 0.5 * assist_rate, served_by="desk"),
    ),
    (Measure("users", "", stock=("user",)),),
    (Resource("desk", "places"),),
)


@whole_persons
@pytest.mark.parametrize(("people", "replicates"), SIZES)
def test_each_flow_at_a_short_desk_has_the_distribution_of_the_cohort_at_every_size(
    drive, fidelity, people, replicates
):
    """Two states ask, of two segments; who is turned away faces the other ways for what is left of the month."""
    values = {"adopt_rate": 0.2, "move_rate": 0.3, "assist_rate": [0.8, 0.4], "places": 0.22 * people + 0.3}
    start = [(people, people // 2), (0, 0), (people // 3, people)]
    runs = [drive(THREE_WAYS, values, start, f, 2, n).moves for f, n in (("cohort", REFERENCE), (fidelity, replicates))]
    for month, flow, segment in np.ndindex(2, 4, 2):
        assert homogeneous(*(m[month, flow, segment] for m in reversed(runs))) > SMALLEST_P, (month, flow, segment)
    together = [m[1, 0].sum(axis=0) * 10_000 + m[1, 1, 0] * 100 + m[1, 3, 1] for m in runs]  # what goes with what
    if people <= 2:
        assert homogeneous(together[1], together[0]) > SMALLEST_P


# ------------ where the mean field is not the mean


@whole_persons
def test_where_places_are_just_enough_fewer_are_served_than_the_mean_field_says(drive, fidelity):
    people, replicates = 100, 400
    places = people * (1 - math.exp(-0.1))
    served = drive(COUNTER, {"assist_rate": 0.1, "places": places}, (people, 0), fidelity, 1, replicates)
    short = places - served.observe("users")[1].mean()
    assert short > TOLERANCE * served.observe("users")[1].std(ddof=1) / math.sqrt(replicates)


# ------------ where the places come from a staffed desk


@pytest.fixture(scope="module")
def one_clerk(tmp_path_factory):
    """Return the study of one clerk who is asked for as often as he could just manage if all came in turn."""
    path = tmp_path_factory.mktemp("desks") / "one_clerk.yaml"
    path.write_text(
        f"extends: {ROOT}/tests/data/broken/desks/whole.yaml\nstaff: {{value: 1}}\noffered_a_day: {{value: 50}}\n",
        encoding="utf-8",
    )
    return load_study(path)


@pytest.mark.parametrize("fidelity", sorted(FIDELITIES))
def test_a_staffed_desk_serves_fewer_than_its_hours_would_since_people_do_not_come_in_turn(drive, fidelity, one_clerk):
    hours = one_clerk.number("hours_a_day") * 60 / one_clerk.number("handling_minutes")
    in_turn = one_clerk.number("days_a_month") * hours * one_clerk.number("set_up_share")
    served = [
        drive(COUNTER, {"assist_rate": 3.0, "places": places}, (1_000, 0), fidelity, 1, 3).observe("users")[1]
        for places in (capacity_of(one_clerk), in_turn)
    ]
    assert (served[0] < 0.8 * served[1]).all()
    assert (np.abs(served[0] - capacity_of(one_clerk)) < 1e-6).all()


@whole_persons
def test_a_desk_that_has_good_and_bad_months_serves_fewer_than_its_mean(drive, fidelity, one_clerk):
    """Places lost in a bad month are not made up for in a good one, in which fewer ask: Jensen again."""
    replicates, days = 40, int(one_clerk.number("days_a_month"))
    months = play(one_clerk, 1, replicates * days, Streams(5)).set_ups.reshape(replicates, days).sum(axis=1)
    assert months.std() > 5
    people = round(months.mean() / 0.98)  # nearly all of them ask
    values = {"assist_rate": -math.log(0.02), "places": months[None]}
    served = drive(COUNTER, values, (people, 0), fidelity, 1, replicates).observe("users")[1]
    steady = drive(COUNTER, values | {"places": months.mean()}, (people, 0), fidelity, 1, replicates).observe("users")[
        1
    ]
    lost = steady - served
    assert lost.mean() > 3 * lost.std(ddof=1) / math.sqrt(replicates)
    assert lost.mean() < months.std()
