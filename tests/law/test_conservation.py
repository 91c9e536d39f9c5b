"""Nobody is lost and nobody comes from nowhere: random models keep the books, and doctored books are refused whole."""

import inspect

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mobank.base.errors import RunError
from mobank.base.streams import Streams
from mobank.dynamics.ledger import Laws, Ledger
from mobank.fidelity import FIDELITIES
from mobank.model.grammar import Flow, Measure, Model, Parameter, Resource

EXPOSURE = "exposure"


def hazard(names):
    """Return a hazard that adds its rates, times one plus the exposure if it reads it."""

    def evaluate(**given):
        total = sum(value for name, value in given.items() if name != EXPOSURE)
        return total * (1.0 + given[EXPOSURE]) if EXPOSURE in given else total * 1.0

    evaluate.__signature__ = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    )
    return evaluate


@st.composite
def banks(draw):
    """Return (model, values, start): 2 to 5 states, up to 7 flows, perhaps an intake and a desk, 1 to 3 segments."""
    states = tuple("abcde"[: draw(st.integers(2, 5))])
    pairs = [(i, j) for i in states for j in states if i != j]
    ways = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=7))
    rate = st.one_of(st.just(0.0), st.floats(1e-7, 4.0))
    parameters, flows, values = [], [], {}
    rationed = draw(st.integers(-1, len(ways) - 1))
    for i, (source, target) in enumerate(ways):
        name = f"rate_{i}"
        parameters.append(Parameter(name, "rate", (0.0, 5.0), ""))
        values[name] = draw(rate)
        reads = (name, EXPOSURE) if draw(st.booleans()) else (name,)
        flows.append(Flow(f"flow_{i}", source, target, hazard(reads), "desk" if i == rationed else ""))
    resources = ()
    if rationed >= 0:
        parameters.append(Parameter("places", "persons a month", (0.0, 1e6), "", bank_wide=True, unlimited=True))
        values["places"] = draw(st.sampled_from([0.0, 0.4, 3.0, 60.5, np.inf]))
        resources = (Resource("desk", "places"),)
    if draw(st.booleans()):
        parameters.append(Parameter("growth_rate", "rate", (0.0, 1.0), ""))
        values["growth_rate"] = draw(st.floats(0.0, 0.3))
        grow = Flow("come", None, draw(st.sampled_from(states)), lambda growth_rate, customers: growth_rate * customers)
        flows.insert(draw(st.integers(0, len(flows))), grow)
    inside = draw(st.lists(st.sampled_from(states), min_size=1, unique=True))
    model = Model(
        "random",
        states,
        tuple(parameters),
        tuple(flows),
        (Measure("inside", "", stock=tuple(inside)),),
        resources,
        exposed_to=(states[0],),
    )
    segments = draw(st.integers(1, 3))
    person = st.one_of(st.integers(0, 3), st.integers(0, 2_000), st.integers(0, 90_000_000))
    start = draw(
        st.lists(st.lists(person, min_size=segments, max_size=segments), min_size=len(states), max_size=len(states))
    )
    return model, values, np.array(start)


@pytest.mark.parametrize("fidelity", sorted(FIDELITIES))
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(bank=banks())
def test_a_random_model_keeps_its_people_and_its_books(drive, fidelity, bank):
    model, values, start = bank
    start = start % 50 if fidelity == "processes" else start  # each of them takes a while to live
    run = drive(model, values, start, fidelity, months=5, replicates=3, streams=Streams(9))
    people, moves = run.occupancy, run.moves
    slack = 0 if fidelity != "mean_field" else 1e-9 * max(people.sum(axis=1).max(), 1.0)
    assert people.dtype == (np.float64 if fidelity == "mean_field" else np.int64)
    assert people.min() >= -slack
    assert moves.min() >= -slack
    np.testing.assert_array_equal(people[0], np.repeat(start[:, :, None], 3, axis=2))
    for t in range(5):
        for k, state in enumerate(model.states):
            leaving = sum((moves[t, f] for f, flow in enumerate(model.flows) if flow.source == state), np.zeros(1))
            entering = sum((moves[t, f] for f, flow in enumerate(model.flows) if flow.target == state), np.zeros(1))
            assert (leaving <= people[t, k] + slack).all(), "at most one move a month"
            assert np.abs(people[t + 1, k] - people[t, k] + leaving - entering).max() <= slack
    come = sum((moves[:, f] for f, flow in enumerate(model.flows) if flow.source is None), np.zeros(1))
    assert np.abs(np.diff(people.sum(axis=1), axis=0) - come).max() <= slack
    stock = set(model.measures[0].stock)
    change = np.diff(run.observe("inside"), axis=0)
    for f, flow in enumerate(model.flows):
        change = change - ((flow.target in stock) - (flow.source in stock)) * moves[:, f].sum(axis=1)
    assert np.abs(change).max() <= 10 * slack
    served = sum((moves[:, f].sum(axis=1) for f, flow in enumerate(model.flows) if flow.served_by), np.zeros(1))
    assert (np.cumsum(served, axis=0) <= values.get("places", 0.0) * np.arange(1, 6)[:, None] + slack).all()


# ------------ doctored books


TWO = Model(
    "two",
    ("in", "out"),
    (Parameter("go_rate", "rate", (0.0, 1.0), ""), Parameter("come_rate", "persons a month", (0.0, 9.0), "")),
    (Flow("go", "in", "out", lambda go_rate: go_rate), Flow("come", None, "in", lambda come_rate: come_rate)),
    (Measure("inside", "", stock=("in",)),),
)


def books(kind=np.int64):
    """Return right books of 4 months, 2 segments and 3 replicates: 5 go and 2 come in each segment and month."""
    moves = np.zeros((4, 2, 2, 3), kind)
    moves[:, 0], moves[:, 1] = 5, 2
    people = np.zeros((5, 2, 2, 3), kind)
    people[:, 0] = (100 - 3 * np.arange(5)).reshape(5, 1, 1)
    people[:, 1] = (7 + 5 * np.arange(5)).reshape(5, 1, 1)
    return people, moves


def check_books(people, moves):
    Laws(TWO, people[0]).check(people, moves)


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_right_books_are_taken(kind):
    check_books(*books(kind))


def refused(people, moves):
    with pytest.raises(RunError) as refusal:
        check_books(people, moves)
    return str(refusal.value)


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_a_negative_number_of_people_is_refused(kind):
    people, moves = books(kind)
    people[3:, 0, 1, 2] -= 150  # and nobody is lost over it: they are all out
    people[3:, 1, 1, 2] += 150
    moves[2, 0, 1, 2] += 150
    assert refused(people, moves) == (
        "a negative number of people in month 3 of replicate 2 of the block; nothing was written"
    )


@pytest.mark.parametrize("kind", [np.int64, np.float64])
@pytest.mark.parametrize("extra", [1, -1])
def test_people_lost_or_come_from_nowhere_are_refused(kind, extra):
    people, moves = books(kind)
    people[2:, 1, 0, 1] += extra
    assert refused(people, moves) == (
        "people lost or come from nowhere in month 2 of replicate 1 of the block; nothing was written"
    )


def test_people_who_change_their_segment_are_refused():
    people, moves = books()
    people[4, 1, 0, 0] += 1
    people[4, 1, 1, 0] -= 1
    assert refused(people, moves) == (
        "people lost or come from nowhere in month 4 of replicate 0 of the block; nothing was written"
    )


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_a_measure_that_changes_by_other_than_its_flows_is_refused(kind):
    people, moves = books(kind)
    moves[0, 0, 1, 2] += 1  # six are said to have gone where five did
    assert refused(people, moves) == (
        "inside changed by other than the flows across its edge in month 1 of replicate 2 of the block; "
        "nothing was written"
    )


def test_numbers_that_are_none_are_refused():
    people, moves = books(np.float64)
    people[1, 0, 0, 0] = np.nan
    assert refused(people, moves).startswith("a negative number of people in month 1 of replicate 0")


def test_a_billionth_of_the_people_is_rounding_and_not_a_loss():
    people, moves = books(np.float64)
    people[2:, 1, 0, 1] += 1e-8
    check_books(people, moves)


def test_a_millionth_of_the_people_is_a_loss():
    people, moves = books(np.float64)
    people[2:, 1, 0, 1] += 1e-6 * people[0].sum(axis=(0, 1)).max()
    assert refused(people, moves).startswith("people lost or come from nowhere in month 2 of replicate 1")


def test_a_negative_state_of_one_segment_does_not_hide_in_the_sum_over_segments():
    ledger = Ledger(TWO, np.array([[[9], [100]], [[0], [0]]]), months=1, by_segment=False)
    moves = ledger.blank(0)
    moves[:] = np.array([[[10], [0]], [[0], [0]]])
    with pytest.raises(RunError) as refusal:
        ledger.enter(0, moves)
    said = str(refusal.value)
    assert said == "a negative number of people in month 1 of replicate 0 of the block; nothing was written"
