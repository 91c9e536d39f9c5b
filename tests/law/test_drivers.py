"""What drives an answer: closed forms of the split, and scenarios in which one kind must come out on top."""

from dataclasses import replace

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.base.streams import LAYERS, Streams
from mobank.dynamics.draws import draw
from mobank.dynamics.shocks import paths
from mobank.ensemble.drivers import (
    KINDS,
    Drivers,
    Input,
    _by_kind,
    _varies,
    _years,
    asked,
    determined,
    drivers,
    regression_shares,
)
from mobank.ensemble.plan import Plan
from mobank.ensemble.run import run
from mobank.ensemble.shapley import ShapleyShares, shares
from mobank.model.mobile_banking import MODEL
from mobank.scenario.posterior import determined_by
from mobank.scenario.reader import load
from mobank.scenario.scenario import Ask, Condition, Fitted

SIZE = 20_000


def normals(count, seed):
    return np.array([Streams(seed).normal("parameters", str(i), np.arange(SIZE)) for i in range(count)])


def test_independent_groups_get_the_variance_they_make(seed):
    """Errors of a share of a half are about .005."""
    z = normals(5, seed)
    output = 2 * z[0] + z[1] + z[2] + 0.5 * z[3] + 3 * z[4]
    found = regression_shares({"prior": [0, 1], "lever": [2], "data": [3]}, [4], z, output)
    assert found == pytest.approx({"prior": 5 / 6.25, "lever": 1 / 6.25, "data": 0.25 / 6.25}, abs=0.02)
    assert sum(found.values()) == pytest.approx(1)


def test_correlated_groups_share_what_they_have_in_common(seed):
    """Of y = x1 + x2 with correlation r each gets a half; of y = x1 the other gets r²/2 (Grömping 2007)."""
    z = normals(2, seed)
    x = np.array([z[0], 0.6 * z[0] + 0.8 * z[1]])
    groups = {"prior": [0], "data": [1]}
    assert regression_shares(groups, [], x, x[0] + x[1])["data"] == pytest.approx(0.5, abs=0.02)
    assert regression_shares(groups, [], x, x[0].copy())["data"] == pytest.approx(0.18, abs=0.02)


def test_only_the_order_of_an_input_counts(seed):
    z = normals(2, seed)
    bent = np.array([np.exp(3 * z[0]), z[1] ** 3])
    groups = {"prior": [0], "lever": [1]}
    assert regression_shares(groups, [], bent, z[0] + z[1]) == regression_shares(groups, [], z, z[0] + z[1])


def test_kinds_of_parameters_divide_the_share_of_their_layer_and_chance_and_levers_keep_theirs(seed):
    """Errors of the split are about .003. What came by chance or date is held against, and gets nothing of it."""
    z = normals(6, seed)
    names = [("data", "figure"), ("partly", "origin"), ("prior", "parameter"), ("lever", "amount"), ("chance", "years"),
             ("lever", "date")]  # fmt: skip
    inputs = [Input(kind, what, f"input {i}", "", z[i]) for i, (kind, what) in enumerate(names)]
    layers = dict(zip(LAYERS, (0.4, 0.25, 0.2, 0.15), strict=True))
    assert list(layers) == ["parameters", "environment", "events", "moves"]
    none = np.zeros(4)
    found = ShapleyShares("mau", Month.of(2024, 6), True, np.array(list(layers.values())), none, none, none, SIZE)
    output = 3 * z[0] + 2 * z[1] + z[2] + z[3] + 2 * z[4] + z[5]
    share = dict(zip(KINDS, _by_kind(found, inputs, z, output), strict=True))
    expected = {"data": 0.4 * 9 / 15, "partly": 0.4 * 4 / 15, "prior": 0.4 / 15, "lever": 0.2 + 0.4 / 15,
                "chance": 0.25 + 0.15}  # fmt: skip
    assert share == pytest.approx(expected, abs=0.01)


def test_kinds_without_a_share_are_not_named_and_the_largest_comes_first():
    none = np.zeros(0)
    assert Drivers("mau", Month.of(2024, 6), np.array([0.1, 0.0, 0.6, 0.0, 0.3]), (), none, none).order == [
        "prior",
        "chance",
        "data",
    ]


@pytest.mark.parametrize(
    ("values", "varies"), [([1.0, 2.0], True), ([2.0, 2.0], False), ([1.0, np.nan], False), ([1.0, np.inf], False)]
)
def test_what_is_the_same_in_all_replicates_drives_nothing(values, varies):
    assert _varies(np.array(values)) is varies


# ------------ in the model


@pytest.fixture(scope="module")
def scenario(request):
    """Return release 9.0, a year and a half long, from the priors alone."""
    found = load(request.config.rootpath / "scenarios" / "better_release.yaml", MODEL)
    return replace(found, until=Month.of(2024, 6), asks=(), fitted=None)


def drivers_of(scenario, draws=800):
    with run(Plan(MODEL, scenario, draws=draws, seed=2)) as ensemble:
        return drivers(ensemble, shares(ensemble))


def ask(measure, month):
    return Ask("asked", Condition(measure, 1.0, float("inf"), ("1",)), month, ever=True)


def test_without_asks_the_headline_at_the_end_is_explained_and_with_asks_they_are(scenario):
    end = scenario.until
    assert asked(Plan(MODEL, scenario)) == [("registered", end), ("mau", end)]
    asks = (ask("stickiness", end), ask("mau", end), ask("mau", end))
    assert asked(Plan(MODEL, replace(scenario, asks=asks))) == [("stickiness", end), ("mau", end)]


def test_shares_sum_to_one_and_the_draws_that_matter_come_in_order(scenario):
    for found in drivers_of(scenario):
        assert found.share.sum() == pytest.approx(1)
        assert (found.share >= 0).all()
        assert list(found.index) == sorted(found.index, reverse=True)
        assert {each.kind for each in found.inputs} <= set(KINDS)


def test_a_lever_of_wholly_uncertain_size_drives_the_answer_and_is_named(scenario):
    lever = next(each for each in scenario.levers if each.parameter == "lapse_rate")
    wild = replace(lever, amount=replace(lever.amount, prior=replace(lever.amount.prior, kind="lognormal", spread=1.0)))
    last = drivers_of(replace(scenario, levers=(wild,)))[-1]
    assert last.order[0] == "lever"
    assert (last.inputs[0].what, last.inputs[0].name) == ("amount", wild.name)


def test_without_shocks_nothing_is_left_to_the_years(scenario):
    def none(value):
        return replace(value, prior=replace(value.prior, kind="fixed", centre=0.0))

    still = {
        name: replace(
            shock, size=none(shock.size), trend=shock.trend and replace(shock.trend, change=none(shock.trend.change))
        )
        for name, shock in scenario.shocks.items()
    }
    wiggle = replace(scenario.wiggle, prior=replace(scenario.wiggle.prior, kind="fixed", centre=0.0))
    quiet, replicates, streams = replace(scenario, shocks=still, wiggle=wiggle), np.arange(50), Streams(2)
    draws = draw(MODEL, quiet, streams, replicates)
    led = paths(draws.sizes, quiet.start, quiet.months, streams, replicates, draws.origin)
    assert min(np.std(values[11]) for values in led.values()) > 0.01, "a drift leads the paths"
    for years in _years(Plan(MODEL, quiet), draws, streams, replicates, quiet.start + 12):
        np.testing.assert_allclose(years.values, 0.0, atol=1e-12)
    for found in drivers_of(replace(scenario, shocks=still, wiggle=wiggle), draws=400):
        assert found.share[KINDS.index("chance")] < 1e-4
        assert found.order[0] in ("prior", "partly")


def test_a_figure_with_a_wide_range_counts_as_data(scenario):
    def widened(figure):
        if (figure.measure, figure.month) != ("mau", scenario.start):
            return figure
        return replace(figure, interval=replace(figure.interval, low=1.2e8, high=2.4e8))

    wide = replace(scenario, reported=tuple(widened(figure) for figure in scenario.reported), until=scenario.start + 3)
    found = drivers_of(replace(wide, asks=(ask("mau", wide.until),), levers=()), draws=400)[0]
    assert found.order[0] == "data"
    assert (found.inputs[0].what, found.inputs[0].name) == ("figure", "mau")


def test_a_posterior_says_what_the_figures_have_determined(scenario):
    """Its record tells, draw by draw; without a posterior figures move no prior."""
    assert determined(scenario, "lapse_rate") == "prior"
    fitted = Fitted("x", "x", "x", 1, determined={"lapse_rate": "data", "shocks.adoption.size": "partly"})
    known = replace(scenario, fitted=fitted)
    assert [determined(known, name) for name in ("lapse_rate", "shocks.adoption.size", "fade_rate")] == [
        "data",
        "partly",
        "prior",
    ]


@pytest.mark.parametrize(
    ("contraction", "shift", "kind"),
    [
        (0.75, 0, "data"),
        (0.9, 2, "data"),
        (0.5, 0, "partly"),
        (0.1, 0.2, "prior"),
        (-0.2, 0, "prior"),
        (0.1, -0.6, "partly"),
    ],
)
def test_a_draw_is_determined_by_what_the_figures_did_to_its_prior(contraction, shift, kind):
    assert determined_by(contraction, shift) == kind
