"""A start from a posterior: whole persons inside the reported figures, shocks that go on, and fans without a kink."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.errors import InputError
from mobank.base.priors import Prior
from mobank.base.streams import Streams
from mobank.dynamics.draws import draw
from mobank.dynamics.posterior_draws import column
from mobank.dynamics.shocks import paths
from mobank.ensemble.plan import Plan, run_block
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load
from mobank.scenario.scenario import Provenance, Value

ROOT = Path(__file__).parents[2]
DRAWS = 400
ZERO = Value(Prior("fixed", 0.0), "0", Provenance())
STARTS = {"registered": (5.155e8, 5.165e8), "mau": (1.74e8, 1.76e8), "customers": (7.195e8, 7.205e8)}


def people(start, measure):
    return start[MODEL.indices(MODEL.measure[measure].stock)].sum(axis=(0, 1))


@pytest.fixture(scope="module")
def draws(fitted):
    return draw(MODEL, fitted, Streams(11), np.arange(DRAWS))


@pytest.mark.parametrize("measure", STARTS)
def test_every_draw_starts_in_whole_persons_inside_the_reported_figures(draws, measure):
    """Single precision is kept, so a figure's edge may be missed by some dozens of persons; MAU may be stale."""
    low, high = STARTS[measure]
    found = people(draws.start, measure)
    assert found.dtype == np.int64
    assert (draws.start >= 0).all()
    share_inside = ((found >= low - 100) & (found < high + 100)).mean()
    assert share_inside > (0.97 if measure == "mau" else 0.999)


def test_a_replicate_takes_one_row_whole(draws, fitted):
    row = np.floor(Streams(11).uniform("parameters", "posterior", np.arange(DRAWS)) * fitted.fitted.rows).astype(int)
    np.testing.assert_array_equal(draws.base["reach_share"][0], column(fitted.fitted, "reach_share")[row])
    np.testing.assert_array_equal(draws.origin["adoption"], column(fitted.fitted, "shock.adoption")[row])
    state = column(fitted.fitted, "state.active.under_60.city.frequent")[row]
    active = MODEL.states.index("active")
    np.testing.assert_allclose(draws.start[active, 0], state, atol=1.0)


def test_two_scenarios_that_share_a_posterior_pair(draws, fitted):
    other = load(ROOT / "scenarios/senior_edition.yaml", MODEL)
    again = draw(MODEL, other, Streams(11), np.arange(DRAWS))
    np.testing.assert_array_equal(again.start, draws.start)
    np.testing.assert_array_equal(again.base["lapse_rate"], draws.base["lapse_rate"])


def test_redrawing_parameters_redraws_the_row_and_nothing_else(draws, fitted):
    streams = Streams(11, redrawn={"parameters": 12})
    again = draw(MODEL, fitted, streams, np.arange(DRAWS))
    assert (again.base["lapse_rate"] != draws.base["lapse_rate"]).mean() > 0.95
    same, other = (
        paths(draws.sizes, fitted.start, 24, s, np.arange(DRAWS), draws.origin)["adoption"]
        for s in (Streams(11), streams)
    )
    np.testing.assert_array_equal(same, other)


def test_shocks_go_on_from_the_origins(draws, fitted):
    """Without new chance, a path is what is left of the last year's, year by year."""
    none = {what: {n: v * 0.0 for n, v in getattr(draws.sizes, what).items()} for what in ("size", "drift")}
    still = replace(draws.sizes, wiggle=draws.sizes.wiggle * 0.0, growth={}, **none)
    for name, path in paths(still, fitted.start, 24, Streams(11), np.arange(DRAWS), draws.origin).items():
        total, keep = path + draws.tilt[name], draws.sizes.persistence[name]
        np.testing.assert_allclose(total[0], keep * draws.origin[name], atol=1e-12)
        np.testing.assert_allclose(total[12], keep**2 * draws.origin[name], atol=1e-12)


@pytest.mark.parametrize(("name", "band"), [("youth_edition", "under_30"), ("new_citizen_edition", "new_citizen")])
def test_customers_who_are_divided_further_start_as_their_part_of_the_whole(draws, name, band):
    scenario = load(ROOT / f"scenarios/{name}.yaml", MODEL)
    finer = draw(MODEL, scenario, Streams(11), np.arange(DRAWS))
    shares = {b.name: b.share for b in scenario.bands}
    part = 0.2 / 0.802 if band == "under_30" else shares[band]
    mine = [i for i, s in enumerate(scenario.segments) if band in s.bands]
    whole = draws.start[:, :4] if band == "under_30" else draws.start  # the first four segments are under 60
    np.testing.assert_allclose(finer.start[:, mine].sum(axis=1), part * whole.sum(axis=1), atol=12.0)


def test_no_fan_of_a_posterior_begins_with_a_kink(fitted):
    """Mean field without new luck: the median's growth in months 1 to 3 is that of the year before the start.

    What a shock of the last year loses in January is part of the model's years, so the fan of MAU may begin a little
    above or below; a start that had to relax first would differ by more.
    """
    calm = {name: replace(s, size=ZERO) for name, s in fitted.shocks.items()}
    run, _ = run_block(
        Plan(MODEL, replace(fitted, shocks=calm, wiggle=ZERO, until=fitted.start + 24), seed=11, fidelity="mean_field"),
        np.arange(2000),
    )
    for measure in ("registered", "mau"):
        growth = np.diff(np.log(np.median(run.observe(measure), axis=1)))
        change = np.abs(np.diff(growth[:12]))
        assert change.max() < 0.12 * growth[:12].mean(), "no month's growth leaps from the month before"
        assert abs(growth[:3].mean() - growth[:12].mean()) < 0.25 * growth[:12].mean()


def test_draws_that_are_not_those_of_the_record_are_refused(fitted):
    other = replace(fitted, fitted=replace(fitted.fitted, digest="0" * 64))
    with pytest.raises(InputError, match="is not as the posterior's record says"):
        draw(MODEL, other, Streams(1), np.arange(2))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            "parameters: {lapse_rate: {low: 2%, high: 5%, reason: mine}}",
            "lapse_rate: 'low 2%, high 5%' is not what posterior 'icbc_mobile' was fitted with (low 3%, high 10%)",
        ),
        ("start: 2021-12", "start: 2021-12 is not the month that posterior 'icbc_mobile' ends with (2022-12)"),
        (
            "drift: {engagement: {growth: {mean: 1%, sd: 1%}, reason: mine}}",
            "drift.engagement.growth: 'mean 1%, sd 1%' is not what posterior 'icbc_mobile' was fitted with",
        ),
        ("posterior: icbc_mobil", "posterior: 'icbc_mobil' is not a posterior; did you mean 'icbc_mobile'?"),
        ("season: {resume_rate: {by_month: [1,1,1,1,1,1,1,1,1,1,1,1.2], reason: mine}}", "resume_rate: this season"),
        ("shocks: {adoption: {tails: 4}}", "shocks.adoption.tails: 4 degrees of freedom is not what posterior"),
        ("segments: {place: {city: {share: 60%}, county: {share: 40%}}}", "segments.place: this dimension divides"),
    ],
)
def test_what_a_posterior_was_fitted_with_cannot_be_changed_under_it(tmp_path, changes, told):
    path = tmp_path / "mine.yaml"
    path.write_text(f"extends: {ROOT}/scenarios/baseline.yaml\n{changes}\n", encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        load(path, MODEL)
    assert told in str(refusal.value)
    assert "off" in str(refusal.value) or "did you mean" in str(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [
        "drift: off",
        "mixing: {age: {over_60: {under_60: 60%, over_60: 40%}}}",
        "posterior: off\nparameters: {lapse_rate: {low: 2%, high: 5%, reason: mine}}",
    ],
)
def test_what_may_be_changed_can_be(tmp_path, changes):
    path = tmp_path / "mine.yaml"
    path.write_text(f"extends: {ROOT}/scenarios/baseline.yaml\n{changes}\n", encoding="utf-8")
    assert (load(path, MODEL).fitted is None) == changes.startswith("posterior: off")


def test_without_a_trend_the_paths_stay_where_it_has_brought_them(draws, fitted):
    """Taken away from the last figure on: what it has added up to there stays in the values."""
    still = replace(fitted, shocks={name: replace(s, drift=None, trend=None) for name, s in fitted.shocks.items()})
    again = draw(MODEL, still, Streams(11), np.arange(DRAWS))
    for name, values in draws.base.items():
        np.testing.assert_array_equal(again.base[name], values)
    assert not again.sizes.growth
    row = np.floor(Streams(11).uniform("parameters", "posterior", np.arange(DRAWS)) * fitted.fitted.rows).astype(int)
    level = column(fitted.fitted, "trend.engagement.level")[row]
    plain = column(fitted.fitted, "resume_rate")[row]
    occasional = [i for i, s in enumerate(fitted.segments) if "occasional" in s.bands]
    np.testing.assert_allclose(draws.base["resume_rate"][occasional[0]], 0.7 * plain * np.exp(level), rtol=1e-12)


def test_the_fan_of_mau_is_as_wide_as_comparable_banks_scatter(fitted):
    """Sd of log MAU within .06 to .10, .12 to .16 and .16 to .21 at 1, 3 and 5 years; narrower without the trend."""
    numbers = np.arange(4000)
    still = replace(fitted, shocks={name: replace(s, drift=None, trend=None) for name, s in fitted.shocks.items()})
    with_trend, without = (
        np.log(run_block(Plan(MODEL, s, seed=1, fidelity="mean_field"), numbers)[0].observe("mau"))
        for s in (fitted, still)
    )
    for year, low, high in ((1, 0.06, 0.10), (3, 0.12, 0.16), (5, 0.16, 0.21)):
        assert low < with_trend[12 * year].std() < high
        assert without[12 * year].std() < with_trend[12 * year].std()
