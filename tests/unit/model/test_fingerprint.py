"""The fingerprint of a model: another law has another one, another way of writing the same law has not."""

from dataclasses import replace

import pytest

from mobank.model import mobile_banking
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Flow, Measure, Parameter
from mobank.model.mobile_banking import MODEL

SHIPPED = fingerprint(MODEL)


def with_flow(name, /, **changes):
    return replace(MODEL, flows=tuple(replace(f, **changes) if f.name == name else f for f in MODEL.flows))


def with_parameter(name, **changes):
    parameters = tuple(replace(p, **changes) if p.name == name else p for p in MODEL.parameters)
    return replace(MODEL, parameters=parameters)


def with_measure(name, **changes):
    return replace(MODEL, measures=tuple(replace(m, **changes) if m.name == name else m for m in MODEL.measures))


def faster(innovation_rate, imitation_rate, exposure):
    return innovation_rate + imitation_rate * exposure**1.001


def rewritten(exposure, imitation_rate, innovation_rate):
    return imitation_rate * exposure + innovation_rate


@pytest.mark.parametrize(
    "model",
    [
        replace(MODEL, flows=(*MODEL.flows, Flow("relaunch", "lapsed", "active", mobile_banking.reviving))),
        replace(MODEL, flows=MODEL.flows[:-1]),
        replace(MODEL, states=(*MODEL.states, "away")),
        replace(MODEL, exposed_to=("active",)),
        with_flow("adopt", hazard=faster),
        with_flow("adopt", target="active"),
        with_flow("settle", name="settling"),
        with_flow("assist", served_by=""),
        with_flow("fade", hazard=lambda fade_rate: 2.0 * fade_rate),
        with_flow("join", hazard=lambda reach_share, join_rate, customers: reach_share * join_rate * (customers + 1.0)),
        with_parameter("lapse_rate", sign=1),
        with_parameter("lapse_rate", moved_by="adoption"),
        with_parameter("desk_capacity", unit="number"),
        with_measure("mau", stock=("active",)),
        replace(MODEL, origin=replace(MODEL.origin, rest="lapsed")),
    ],
    ids=lambda model: "",
)
def test_another_law_has_another_fingerprint(model):
    assert fingerprint(model) != SHIPPED


@pytest.mark.parametrize(
    "model",
    [
        replace(MODEL, name="another name", meanings={}, meanings_zh={}),
        replace(MODEL, flows=MODEL.flows[::-1], states=MODEL.states[::-1], parameters=MODEL.parameters[::-1]),
        with_flow("adopt", hazard=rewritten),
        with_flow("fade", hazard=lambda fade_rate: fade_rate * (1.0 + 1e-14)),
        with_parameter("lapse_rate", meaning="stops", zh="流失", plausible=(0.001, 0.9)),
        with_measure("mau", meaning="active", zh="活跃"),
        replace(MODEL, measures=(*MODEL.measures, Measure("habit", "regular users", stock=("active",)))),
    ],
    ids=lambda model: "",
)
def test_another_way_of_writing_the_same_law_has_the_same(model):
    assert fingerprint(model) == SHIPPED


def test_a_model_without_a_start_and_without_people_who_meet_has_one_too():
    rate = Parameter("rate", "rate", (0.0, 1.0), "")
    model = replace(
        MODEL,
        states=("a", "b"),
        parameters=(rate,),
        flows=(Flow("go", "a", "b", lambda rate: rate),),
        measures=(Measure("of_b", "", stock=("b",)),),
        resources=(),
        exposed_to=(),
        shocks=(),
        origin=None,
    )
    assert len(fingerprint(model)) == 32
