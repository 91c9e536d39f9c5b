"""Shares of the variance by layer: closed forms, the errors they state, and the luck that replicates lend."""

from dataclasses import replace

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.base.streams import LAYERS, Streams
from mobank.ensemble import shapley as module
from mobank.ensemble.plan import Plan, run_block
from mobank.ensemble.run import run
from mobank.ensemble.shapley import circle_error, outputs, shapley_gains, shares, squares
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load

TOYS = {  # a function of three independent uniforms, and its Shapley effects in closed form
    "additive": (lambda x: 4 * x[0] + 2 * x[1] + 1 * x[2], [16 / 21, 4 / 21, 1 / 21]),
    "product": (lambda x: (x[0] - 0.5) * (x[1] - 0.5), [1 / 2, 1 / 2, 0]),
    "all three": (lambda x: (x[0] - 0.5) * (x[1] - 0.5) * (x[2] - 0.5), [1 / 3, 1 / 3, 1 / 3]),
    # Ishigami and Homma (1990), a = 7, b = 0.1: S1 = .3139, S2 = .4424, S13 = .2437
    "ishigami": (
        lambda x: np.sin(_turn(x[0])) + 7 * np.sin(_turn(x[1])) ** 2 + 0.1 * _turn(x[2]) ** 4 * np.sin(_turn(x[0])),
        [0.3139 + 0.2437 / 2, 0.4424, 0.2437 / 2],
    ),
}


def _turn(x):
    return np.pi * (2 * x - 1)


def estimate(function, seed, size, layers=3):
    """Return shares and errors as `mobank.ensemble.shapley` makes them, with uniforms in the place of a model."""
    own = np.array([Streams(seed).uniform("parameters", str(i), np.arange(size)) for i in range(layers)])
    neighbour = np.roll(own, -1, axis=1)
    corners = [*range(2 ** (layers - 1)), 2**layers - 1]
    values = {c: function([neighbour[i] if c >> i & 1 else own[i] for i in range(layers)]) for c in corners}
    variance = np.var(values[0], ddof=1)
    made = {bits: each / variance for bits, each in squares(values).items()} | {0: np.zeros(size)}
    gains = [shapley_gains(made, bit, layers) for bit in range(layers)]
    found = np.array([each.mean() for each in gains])
    errors = [circle_error(g - s * made[2**layers - 1]) for g, s in zip(gains, found, strict=True)]
    return found, np.array(errors)


@pytest.mark.parametrize("name", TOYS)
def test_shares_are_those_of_the_closed_form(name, seed):
    """Within 4 standard errors: a right program fails once in 5,000 tries for the twelve shares together."""
    function, wanted = TOYS[name]
    found, errors = estimate(function, seed, 20_000)
    assert np.all(np.abs(found - wanted) < 4 * errors + 1e-4)
    assert np.sum(found) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", ["additive", "ishigami"])
def test_the_error_that_is_stated_is_the_scatter_over_seeds(name):
    """Over 150 seeds a standard deviation is known to 6 %; a right program is 20 % off once in a thousand tries."""
    found, errors = zip(*(estimate(TOYS[name][0], seed, 1000) for seed in range(150)), strict=True)
    assert np.std(found, axis=0, ddof=1) == pytest.approx(np.mean(errors, axis=0), rel=0.2)


def test_with_two_layers_one_further_ensemble_is_enough(seed):
    found, errors = estimate(lambda x: x[0] + x[0] * x[1], seed, 20_000, layers=2)
    # x + x y with uniforms: first-order (3/2)^2 / 12 and (1/2)^2 / 12, together 1/144
    parts = np.array([9 / 48 + 1 / 288, 1 / 48 + 1 / 288])
    assert np.all(np.abs(found - parts / parts.sum()) < 4 * errors)


# ------------ in the model


@pytest.fixture(scope="module")
def year(request):
    """Return the baseline, one year long."""
    root = request.config.rootpath
    scenario = load(root / "scenarios" / "baseline.yaml", MODEL)
    return replace(scenario, until=scenario.start + 12, asks=())


def shares_of(plan):
    with run(plan) as ensemble:
        return shares(ensemble)


@pytest.fixture(scope="module")
def found(year):
    return shares_of(Plan(MODEL, year, draws=1000, seed=4))


def test_lent_luck_is_the_neighbours(year):
    plan, numbers = Plan(MODEL, year, draws=40, seed=9), np.arange(40)
    turned = np.roll(numbers, -1)
    own = run_block(plan, numbers)[0].observe("mau")
    lent = run_block(plan, numbers, Streams(9, lent=dict.fromkeys(LAYERS, turned)))[0].observe("mau")
    np.testing.assert_array_equal(lent, own[:, turned])
    start = run_block(plan, numbers, Streams(9, lent={"parameters": turned}))[0].observe("mau")
    np.testing.assert_array_equal(start[0], own[0, turned])
    assert not np.array_equal(start[-1], own[-1, turned])


def test_shares_sum_to_one_for_each_output_of_a_plan(found, year):
    assert [(each.measure, each.month) for each in found] == outputs(Plan(MODEL, year))
    for each in found:
        assert each.shapley.sum() == pytest.approx(1, abs=1e-9)
        assert each.replicates == 2000
        assert each.logarithm


def test_a_layer_of_which_nothing_is_drawn_has_no_share_at_all(found):
    events = LAYERS.index("events")
    assert all(each.shapley[events] == each.error[events] == each.first[events] == 0 for each in found)


def test_who_moves_hardly_matters_among_half_a_billion_people(found):
    moves = LAYERS.index("moves")
    assert all(0 < each.shapley[moves] < 1e-4 for each in found)


def test_errors_at_the_default_draws_are_at_most_a_hundredth_and_a_half(found):
    """Twice as many draws as here divide them by the root of two."""
    assert all(each.error.max() / np.sqrt(2) < 0.015 for each in found)


def test_the_total_index_is_that_of_luck_drawn_anew(found, year):
    """Against pick-and-freeze with fresh seeds; within 4 standard errors of both, which are about .04."""
    plan, numbers, environment = Plan(MODEL, year, seed=4), np.arange(1500), LAYERS.index("environment")
    own, other = (
        np.log(run_block(plan, numbers, streams)[0].observe("mau")[-1])
        for streams in (Streams(4), Streams(4, {"environment": 77}))
    )
    squared = (own - other) ** 2 / 2
    total, error = squared.mean() / own.var(), squared.std() / own.var() / np.sqrt(1500)
    assert abs(found[-1].total[environment] - total) < 4 * 1.4 * error


def test_shares_do_not_depend_on_the_number_of_workers(found, year):
    again = shares_of(Plan(MODEL, year, draws=1000, seed=4, workers=3))
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.shapley, other.shapley)
        np.testing.assert_array_equal(one.error, other.error)


def test_an_uncertain_date_of_a_great_event_has_its_share(request):
    """The competitor of the pessimistic scenario, ten times as strong and in force from one of two half-years."""
    scenario = load(request.config.rootpath / "scenarios" / "pessimistic.yaml", MODEL)
    event = next(lever for lever in scenario.levers if lever.begins.first != lever.begins.last)
    amount = replace(event.amount, prior=replace(event.amount.prior, centre=4.0, spread=0.0))
    when = replace(event.begins, first=Month.of(2023, 1), last=Month.of(2024, 6))
    strong = replace(event, parameter="lapse_rate", operation="multiply", amount=amount, begins=when, ramp_months=0)
    plan = Plan(MODEL, replace(scenario, until=Month.of(2023, 12), levers=(strong,), asks=()), draws=400)
    last = shares_of(plan)[-1]
    assert last.shapley[LAYERS.index("events")] > 0.3
    assert last.first[LAYERS.index("events")] > 0.3
    assert last.shapley.sum() == pytest.approx(1, abs=1e-9)


def test_who_moves_matters_in_a_bank_of_a_few_hundred(year):
    """The moves' part of the variance goes with one over the number of people."""

    def small(figure):
        interval = replace(figure.interval, low=figure.interval.low * 2e-6, high=figure.interval.high * 2e-6)
        return replace(figure, interval=interval)

    few = replace(year, reported=tuple(small(figure) for figure in year.reported), fitted=None)
    last = shares_of(Plan(MODEL, few, draws=400))[-1]
    assert last.shapley[LAYERS.index("moves")] > module.SLIGHT
    assert last.shapley.sum() == pytest.approx(1, abs=1e-9)


def test_too_few_draws_are_refused(year):
    with run(Plan(MODEL, year, draws=199)) as few, pytest.raises(ValueError, match="199 draws are too few for shares"):
        shares(few)


def test_the_square_of_all_layers_is_of_a_replicate_and_of_the_next(seed):
    """The other sets are differences of two corners; with two layers each is one of two pairs, averaged."""
    v = np.random.default_rng(seed).normal(5.0, 1.0, (3, 6))
    found = squares({0: v[0], 1: v[1], 3: v[2]})
    assert set(found) == {1, 2, 3}
    np.testing.assert_allclose(found[1], (v[0] - v[1]) ** 2 / 2)
    np.testing.assert_allclose(found[2], (v[1] - v[2]) ** 2 / 2)
    apart = (v[0] - v[0].mean()) ** 2 * 6 / 5
    np.testing.assert_allclose(found[3], [(apart[k] + apart[(k + 1) % 6]) / 2 for k in range(6)])
    assert found[3].mean() == pytest.approx(v[0].var(ddof=1))


def test_the_error_of_a_mean_in_a_circle_counts_both_neighbours(seed):
    """Of sums of two neighbours of unit variance: the mean's variance is 4/n, within 4 standard errors of 40,000."""
    e = np.random.default_rng(seed).normal(0.0, 1.0, 40_000)
    assert circle_error(e + np.roll(e, 1)) == pytest.approx(2 / 200, rel=0.05)
    assert circle_error(e - np.roll(e, 1)) < 0.3 / 200


def test_a_layer_drawn_anew_matters_by_the_share_of_the_variance_that_it_makes(seed):
    """Correlation r between what was and what comes anew: a share 1 − r, within 4 standard errors of 20,000."""
    one, two = np.random.default_rng(seed).normal(0.0, 1.0, (2, 20_000))
    for r in (0.0, 0.6, 1.0):
        other = r * one + (1 - r * r) ** 0.5 * two
        found = module._matters(np.array([one]), np.array([other]))
        assert found == pytest.approx(1 - r, abs=0.03)
        assert module._matters(np.exp([one]), np.exp([other])) == pytest.approx(found, rel=1e-9)
    assert module._matters(np.ones((1, 5)), np.ones((1, 5))) == 0
