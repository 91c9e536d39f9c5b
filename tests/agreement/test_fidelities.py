"""Fidelity against fidelity: where the mean of the cohort is the mean field, and where and which way it is not.

Statistical tests allow 4 standard errors; a figure is compared at 4 months in at most 12 measures, so that a right
program would have failed one of the comparisons for one seed in 300.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from mobank.base.priors import Prior
from mobank.ensemble.plan import Plan, run_block
from mobank.fidelity import FIDELITIES
from mobank.model.grammar import Flow, Measure, Model, Parameter, Resource
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Provenance, Value
from tests.conftest import VILLAGE, rate

TOLERANCE = 4.0
MONTHS = (1, 6, 24, 60)


def value(number):
    return Value(Prior("fixed", number), str(number), Provenance(reason="a test"))


def both(scenario, replicates=150, model=MODEL):
    """Return the cohort's and the mean field's run of the same draws."""
    return [
        run_block(Plan(model, scenario, seed=5, fidelity=f), np.arange(replicates))[0] for f in ("cohort", "mean_field")
    ]


def test_without_imitation_the_mean_of_the_cohort_is_the_mean_field(baseline):
    """Every draw has its own parameters and shocks; what is compared is cohort less mean field of the same draw."""
    scenario = replace(baseline, parameters={**baseline.parameters, "imitation_rate": value(0.0)})
    cohort, field = both(scenario)
    for measure in (m.name for m in MODEL.measures if m.ratio is None):
        difference = cohort.observe(measure) - field.observe(measure)
        for month in MONTHS:
            error = difference[month].std(ddof=1) / math.sqrt(difference.shape[1])
            carried = 16.5  # 2 intakes of 8 segments: fractions of a person that the cohort keeps for the next month
            assert abs(difference[month].mean()) <= TOLERANCE * error + carried, (measure, month)
        assert np.abs(difference[60]).max() > 0.0 or measure == "customers"


def test_at_the_size_of_a_national_bank_imitation_bends_the_mean_by_less_than_one_can_see(baseline):
    cohort, field = both(baseline)
    for measure in ("registered", "mau"):
        ratio = cohort.observe(measure)[60] / field.observe(measure)[60] - 1.0
        assert abs(ratio.mean()) <= TOLERANCE * ratio.std(ddof=1) / math.sqrt(ratio.size)
        assert abs(ratio.mean()) < 1e-5
        assert ratio.std() > 0


# ------------ where the mean field is not the mean


COUNTER = Model(
    "counter",
    ("prospect", "user"),
    (rate("assist_rate"), Parameter("places", "persons a month", (0.0, 1e9), "", bank_wide=True)),
    (Flow("assist", "prospect", "user", lambda assist_rate: assist_rate, served_by="desk"),),
    (Measure("users", "", stock=("user",)),),
    (Resource("desk", "places"),),
)


def bend(drive, model, values, people, months, replicates=4_000):
    """Return by how much, and how surely, the cohort's mean falls short of the mean field, as shares of the people."""
    cohort = drive(model, values, (people, 0), "cohort", months, replicates).observe("users")[months] / people
    field = drive(model, values, (people, 0), "mean_field", months).observe("users")[months, 0] / people
    return field - cohort.mean(), cohort.std(ddof=1) / math.sqrt(replicates)


def test_where_people_imitate_the_mean_field_is_ahead_and_the_less_so_the_larger_the_bank(drive):
    """Whether the first few come early or late makes the rest early or late, and the late lose more (Jensen)."""
    values = {"innovation_rate": 0.004, "imitation_rate": 0.5}
    ahead = {people: bend(drive, VILLAGE, values, people, 8, 30_000) for people in (50, 500, 5_000)}
    for people in (50, 500):
        short, error = ahead[people]
        assert short > TOLERANCE * error
    assert ahead[50][0] > 3 * ahead[500][0] > 0
    assert abs(ahead[5_000][0]) < 0.001


def test_where_places_are_just_enough_the_mean_field_serves_more_than_the_cohort_and_the_less_so_the_larger(drive):
    """The mean of a minimum is below the minimum of the means: √(n·p·(1 − p) / 2π) people where it bends the most."""
    for people in (100, 10_000):
        chance = 1 - math.exp(-0.1)
        short, error = bend(drive, COUNTER, {"assist_rate": 0.1, "places": people * chance}, people, 1, 40_000)
        assert short > TOLERANCE * error
        # the capacity is whole in the cohort, so that up to half a place of it waits for the next month
        expected = math.sqrt(people * chance * (1 - chance) / (2 * math.pi)) / people
        assert abs(short - expected) < TOLERANCE * error + 0.5 / people


def test_where_places_are_far_too_few_or_plenty_the_two_agree(drive):
    for places in (2.0, 90.0):
        short, error = bend(drive, COUNTER, {"assist_rate": 0.1, "places": places}, 100, 3)
        assert abs(short) < TOLERANCE * error + 1e-12


# ------------ one more state, two more flows


MORE = replace(
    MODEL,
    states=(*MODEL.states, "advocate"),
    parameters=(
        *MODEL.parameters,
        Parameter("devote_rate", "rate", (0.0, 0.5), "a regular user recommends the app", moved_by="engagement"),
        Parameter("cool_rate", "rate", (0.0, 0.5), "an advocate is a regular user again"),
    ),
    flows=(
        *MODEL.flows,
        Flow("devote", "active", "advocate", lambda devote_rate: devote_rate),
        Flow("cool", "advocate", "active", lambda cool_rate: cool_rate),
    ),
    measures=tuple(
        replace(m, stock=(*m.stock, "advocate")) if m.name in ("registered", "mau", "customers") else m
        for m in MODEL.measures
    ),
    exposed_to=(*MODEL.exposed_to, "advocate"),
)


def test_a_new_state_and_two_flows_run_in_every_fidelity_with_no_other_change(baseline, fidelity):
    """A declaration, and a line a parameter in the scenario; start, shocks and books follow by themselves."""
    parameters = {**baseline.parameters, "devote_rate": value(0.05), "cool_rate": value(0.1)}
    scenario = replace(baseline, parameters=parameters, until=baseline.start + 12)
    plan = Plan(MORE, scenario, seed=5, fidelity=fidelity, by_segment=True)
    run, _ = run_block(plan, np.arange(20))
    advocate = MORE.states.index("advocate")
    flows = [flow.name for flow in plan.model.flows]
    assert (run.occupancy[:, advocate].sum(axis=1) > 1e7).all(), "the start in balance already holds some"
    for name in ("devote", "cool"):
        assert (run.moves[:, flows.index(name)].sum(axis=1) > 1e5).all()
    assert (np.abs(run.observe("mau")[0] / 1.745e8 - 1) < 0.003).all()
    assert run.observe("stickiness").shape == (13, 20)


def test_every_fidelity_of_the_new_model_agrees(baseline):
    parameters = {**baseline.parameters, "devote_rate": value(0.05), "cool_rate": value(0.1)}
    scenario = replace(baseline, parameters=parameters | {"imitation_rate": value(0.0)}, until=baseline.start + 12)
    at_bank_size = set(FIDELITIES) - {"agents", "processes"}
    runs = {f: run_block(Plan(MORE, scenario, seed=5, fidelity=f), np.arange(100))[0] for f in at_bank_size}
    field = runs.pop("mean_field")
    for run in runs.values():
        difference = run.observe("mau")[12] - field.observe("mau")[12]
        assert abs(difference.mean()) < TOLERANCE * difference.std(ddof=1) / 10


def test_a_model_with_one_flow_more_is_another_model(baseline):
    """So that the test before this one is about something: advocates keep people active, and MAU is higher for it."""
    parameters = {**baseline.parameters, "devote_rate": value(0.05), "cool_rate": value(0.1)}
    scenario = replace(baseline, parameters=parameters, until=baseline.start + 12)
    more, _ = run_block(Plan(MORE, scenario, seed=5, fidelity="mean_field"), np.arange(5))
    plain, _ = run_block(Plan(MODEL, baseline, seed=5, fidelity="mean_field"), np.arange(5))
    assert (np.abs(more.observe("mau")[12] / plain.observe("mau")[12] - 1) > 1e-6).all()


@pytest.mark.parametrize("name", sorted(FIDELITIES))
def test_every_fidelity_has_one_signature(name):
    import inspect

    expected = ["model", "schedule", "start", "mixing", "streams", "by_segment"]
    assert list(inspect.signature(FIDELITIES[name]).parameters) == expected
