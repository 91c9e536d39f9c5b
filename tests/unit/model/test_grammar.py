"""The grammar refuses a wrong model when it is built, and each message is compared whole."""

from dataclasses import replace

import numpy as np
import pytest

from mobank.base.errors import ModelError
from mobank.model.exits import exits_of_idle
from mobank.model.grammar import Flow, Measure, Model, Parameter, Resource
from mobank.model.mobile_banking import MODEL

RATE = Parameter("go_rate", "rate", (0.0, 1.0), "")
GO = Flow("go", "a", "b", lambda go_rate: go_rate)
IN_B = Measure("in_b", "", stock=("b",))
PLACES = Parameter("places", "persons a month", (0.0, 1e6), "", bank_wide=True)


def build(**parts):
    return Model(
        **({"name": "m", "states": ("a", "b"), "parameters": (RATE,), "flows": (GO,), "measures": (IN_B,)} | parts)
    )


def rate(**fields):
    return {"parameters": (replace(RATE, **fields),)}


def hazard(function, **parts):
    return {"flows": (Flow("go", "a", "b", function),)} | parts


def desk(**parts):
    return {
        "flows": (replace(GO, served_by="desk"),),
        "parameters": (RATE, PLACES),
        "resources": (Resource("desk", "places"),),
    } | parts


def mean_of(go_rate):
    return go_rate * 0.0 + np.mean(go_rate)


def sum_of(go_rate):
    return np.sum(go_rate)


def any_of(*rates):
    return 0.1


def any_named(**rates):
    return 0.1


WRONG = {
    # names
    "a: state 'a' is declared twice": {"states": ("a", "b", "a")},
    "go_rate: parameter 'go_rate' is declared twice": {"parameters": (RATE, RATE)},
    "go: flow 'go' is declared twice": {"flows": (GO, GO)},
    "in_b: measure 'in_b' is declared twice": {"measures": (IN_B, IN_B)},
    "desk: resource 'desk' is declared twice": desk(resources=(Resource("desk", "places"),) * 2),
    "exposed_to: 'bb' is not a state of the model; did you mean 'b'?": {"exposed_to": ("bb",)},
    # parameters
    "go_rate: plausible range 0.5 to 0.5 is no range of a rate": rate(plausible=(0.5, 0.5)),
    "go_rate: plausible range -0.1 to 0.5 is no range of a rate": rate(plausible=(-0.1, 0.5)),
    "go_rate: plausible range 0.1 to 1.2 is no range of a share": rate(unit="share", plausible=(0.1, 1.2)),
    "go_rate: 'engagment' is not a shock of the model; did you mean 'engagement'?":
        rate(moved_by="engagment") | {"shocks": ("adoption", "engagement")},
    "go_rate: sign 0 is neither +1 nor -1": rate(sign=0),
    "go_rate: a share cannot be multiplied by a shock: it could pass 1":
        rate(unit="share", moved_by="engagement") | {"shocks": ("engagement",)},
    "stop_rate: this parameter is read by no flow and no resource":
        {"parameters": (RATE, replace(RATE, name="stop_rate"))},
    # flows
    "go: 'aa' is not a state of the model; did you mean 'a'?": {"flows": (replace(GO, source="aa"),)},
    "go: 'z' is not a state of the model; allowed: a, b": {"flows": (replace(GO, target="z"),)},
    "go: 'a' is both the source and the target": {"flows": (replace(GO, target="a"),)},
    "go: 'dsk' is not a resource of the model; did you mean 'desk'?":
        desk(flows=(replace(GO, served_by="dsk"),)),
    "go: an intake cannot be rationed; ration the flow that leaves the state":
        desk(flows=(replace(GO, source=None, served_by="desk"),)),
    "desk: 'place' is not a parameter of the model; did you mean 'places'?":
        desk(resources=(Resource("desk", "place"),), flows=(replace(GO, served_by="desk"),
             Flow("more", "b", "a", lambda places: places))),
    "desk: 'places' is not bank-wide; a capacity is shared": desk(parameters=(RATE, replace(PLACES, bank_wide=False))),
    "leave: 'a' is already left by the rationed flow 'go'":
        desk(flows=(replace(GO, served_by="desk"), replace(GO, name="leave", served_by="desk"))),
    "go: '*rates' is not one named parameter": hazard(any_of, parameters=()),
    "go: 'g_rate' is not a parameter of the model; did you mean 'go_rate'?":
        {"flows": (Flow("go", "b", "a", lambda g_rate: g_rate), replace(GO, name="come"))},
    "go: 'exposure' is read, but the model says not to whom one is exposed":
        hazard(lambda go_rate, exposure: go_rate * exposure),
    "go: 'customers' is not a parameter of the model; allowed: go_rate":
        hazard(lambda go_rate, customers: go_rate * customers),
    # measures
    "in_b: a measure is one of stock, flows and ratio": {"measures": (Measure("in_b", ""),)},
    "both: a measure is one of stock, flows and ratio":
        {"measures": (Measure("both", "", stock=("b",), flows=("go",)),)},
    "in_c: 'c' is not a state of the model; allowed: a, b": {"measures": (Measure("in_c", "", stock=("c",)),)},
    "gone: 'goo' is not a flow of the model; did you mean 'go'?": {"measures": (Measure("gone", "", flows=("goo",)),)},
    "share: 'in_a' is not a measure of the model; did you mean 'in_b'?":
        {"measures": (IN_B, Measure("share", "", ratio=(("in_b",), ("in_a",))))},
    "odd: 'share' is itself a ratio":
        {"measures": (IN_B, Measure("share", "", ratio=(("in_b",), ("in_b",))),
                      Measure("odd", "", ratio=(("share",), ("in_b",))))},
    # the probe
    "go: ZeroDivisionError: division by zero came from its hazard on arrays": hazard(lambda go_rate: 1 / 0),
    "go: shape () from arrays of (5, 7) is not elementwise": hazard(sum_of),
    "go: its hazard is not elementwise: one person's value depends on others'": hazard(mean_of),
    "go: its hazard is negative or not finite within plausible ranges": hazard(lambda go_rate: go_rate - 0.9),
    "go: 'go_rate' is taken by the hazard but changes nothing": hazard(lambda go_rate: 0.0 * go_rate + 0.1),
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_model_is_refused_with_the_whole_message(message):
    with pytest.raises(ModelError) as refusal:
        build(**WRONG[message])
    assert str(refusal.value) == message
    assert refusal.value.name == message.partition(":")[0]


def test_named_leftovers_are_no_parameters_either():
    with pytest.raises(ModelError, match=r"^go: '\*rates' is not one named parameter$"):
        build(**hazard(any_named, parameters=()))


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_infinite_hazard_is_refused():
    with pytest.raises(ModelError) as refusal:
        build(**hazard(lambda go_rate: go_rate / (go_rate * 0.0)))
    assert str(refusal.value) == "go: its hazard is negative or not finite within plausible ranges"


def test_the_right_model_of_these_tests_is_taken():
    """Each wrong model differs from it, or from the one with a desk, in the one thing that is refused."""
    assert build().states == ("a", "b")
    assert build(**desk()).rationed == {"desk": (0,)}


# ------------ what is derived


def test_the_way_of_each_flow_is_derived_from_its_states():
    index = {flow.name: f for f, flow in enumerate(MODEL.flows)}
    for flow in MODEL.flows:
        f = index[flow.name]
        assert MODEL.states[MODEL.enters[f]] == flow.target
        assert MODEL.leaves[f] == (-1 if flow.source is None else MODEL.states.index(flow.source))
    assert MODEL.intakes == (index["join"], index["bypass"])
    for state, exits in zip(MODEL.states, MODEL.exits, strict=True):
        assert [MODEL.flows[f].name for f in exits] == [flow.name for flow in MODEL.flows if flow.source == state]
    assert MODEL.exits[MODEL.states.index("closed")] == ()
    assert MODEL.rationed == {"desk": (index["assist"],)}


@pytest.mark.parametrize(
    ("measure", "into", "out_of"),
    [
        ("registered", {"adopt", "assist"}, {"close"}),
        ("mau", {"adopt", "assist", "resume", "revive"}, {"drop", "lapse"}),
        ("dormant_users", {"fade"}, {"revive", "close"}),
        ("customers", {"join", "bypass"}, set()),
    ],
)
def test_the_flows_across_the_edge_of_a_measure_are_derived(measure, into, out_of):
    signs = MODEL.crossings(measure)
    names = np.array([flow.name for flow in MODEL.flows])
    stock = set(MODEL.measure[measure].stock)
    inside = {flow.name: (flow.source in stock, flow.target in stock) for flow in MODEL.flows}
    assert set(names[signs == 1]) == {name for name, ends in inside.items() if ends == (False, True)} >= into
    assert set(names[signs == -1]) == {name for name, ends in inside.items() if ends == (True, False)} >= out_of
    assert set(np.unique(signs)) <= {-1, 0, 1}


def test_a_flow_knows_what_its_hazard_reads():
    assert MODEL.flows[0].reads == ("innovation_rate", "imitation_rate", "exposure")


def test_every_name_that_the_real_origin_uses_is_declared():
    origin = MODEL.origin
    assert {origin.stock, origin.engaged, origin.total} <= set(MODEL.measure)
    assert {origin.stock_path, origin.engaged_path} == set(MODEL.shocks)
    assert {origin.rest, origin.apart} <= set(MODEL.states)
    assert origin.reach in MODEL.parameter


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rest": "prospct"}, "origin: 'prospct' is not a state of the model; did you mean 'prospect'?"),
        ({"stock": "registred"}, "origin: 'registred' is not a measure of the model; did you mean 'registered'?"),
        ({"engaged": "stickiness"}, "origin: 'stickiness' counts no people in states"),
        ({"engaged": "customers"}, "origin: 'customers' is not a part of 'registered'"),
        ({"stock_path": "adoptions"}, "origin: 'adoptions' is not a shock of the model; did you mean 'adoption'?"),
        ({"reach": "reach"}, "origin: 'reach' is not a parameter of the model; did you mean 'reach_share'?"),
    ],
)
def test_an_origin_that_names_what_is_not_there_is_refused(change, message):
    from dataclasses import replace

    from mobank.model.mobile_banking import MODEL

    with pytest.raises(ModelError) as error:
        replace(MODEL, origin=replace(MODEL.origin, **change))
    assert str(error.value) == message


def test_a_stock_over_stocks_is_a_share_and_anything_with_a_flow_in_it_a_ratio():
    measures = (
        Measure("in", "", stock=("b",)),
        Measure("gone", "", flows=("go",)),
        Measure("part", "", ratio=(("in",), ("in",))),
        Measure("pace", "", ratio=(("gone",), ("in",))),
        Measure("mixed", "", ratio=(("in", "gone"), ("gone",))),
    )
    model = build(measures=measures)
    kinds = {measure.name: model.counted_in(measure.name) for measure in measures}
    assert kinds == {"in": "persons", "gone": "persons", "part": "share", "pace": "ratio", "mixed": "ratio"}


def test_who_is_idle_leaves_the_registered_by_closing_alone():
    assert [(MODEL.states[a], MODEL.states[b]) for a, b in exits_of_idle(MODEL)] == [("dormant", "closed")]
    assert exits_of_idle(build()).shape == (0, 2)
