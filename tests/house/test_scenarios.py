"""The scenarios that are shipped: each asks its question first in two languages, and says whence and for how much."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.ensemble.plan import Plan
from mobank.ensemble.run import run
from mobank.model.mobile_banking import MODEL
from mobank.scenario.keys.values import LEVER_EVIDENCE
from mobank.scenario.reader import load
from mobank.scenario.yaml_files import load as tree_of

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "scenarios").glob("*.yaml"))
PRODUCTS = sorted((ROOT / "scenarios/products").glob("*.yaml"))
OF_THE_ARTICLE = {
    "better_release", "senior_edition", "county_push", "new_citizen_edition", "youth_edition", "smart_marketing",
    "pension_zone", "family_custody", "pessimistic", "win_back", "optimistic",
}  # fmt: skip
BUNDLED = ("better_release", "senior_edition", "county_push", "smart_marketing", "pension_zone", "family_custody")

every = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
each_with_products = pytest.mark.parametrize("path", [*FILES, *PRODUCTS], ids=lambda path: path.stem)


def is_chinese(text: str) -> bool:
    return any("一" <= character <= "鿿" for character in text)


def test_there_is_one_for_each_lever_family_of_the_article():
    assert {path.stem for path in FILES} >= OF_THE_ARTICLE | {"baseline"}


@each_with_products
def test_it_opens_with_its_question_in_chinese_and_then_in_english(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert is_chinese(comment[0])
    assert "？" in comment[0]
    english = " ".join(comment[1:])
    assert not is_chinese(english.replace("亿元", "").replace("亿", "").replace("兴农通", ""))
    assert "?" in english


@each_with_products
def test_its_question_stands_in_both_languages(path):
    scenario = load(path, MODEL)
    assert is_chinese(scenario.question_zh)
    assert scenario.question != scenario.question_zh
    assert scenario.question[0].isascii()


@every
def test_every_lever_and_event_says_why_its_size_and_how_well_that_is_known(path):
    for lever in load(path, MODEL).levers:
        assert lever.provenance.evidence in LEVER_EVIDENCE, lever.name
        assert len(lever.provenance.source or lever.provenance.reason) > 40, lever.name


@every
def test_every_effect_is_a_prior_and_no_single_number_unless_it_befalls(path):
    for lever in load(path, MODEL).levers:
        assert lever.amount.prior.kind != "fixed" or not lever.chosen, lever.name


@every
def test_what_is_chosen_states_what_it_costs(path):
    """One lever of a measure may carry the cost of all; a file with levers of its own has at least one that does."""
    own = entries(path, "levers")
    levers = [lever for lever in load(path, MODEL).levers if lever.name in own]
    assert not levers or any(lever.cost.once or lever.cost.a_month for lever in levers)
    for lever in levers:
        if not (lever.cost.once or lever.cost.a_month):
            assert len(levers) > 1


def entries(path, section):
    """Return the levers (or events) that a file itself writes."""
    found = tree_of(path).entries.get(section)
    return found.node.entries if found else {}


@every
def test_its_asks_answer_its_question_and_those_of_the_baseline(path, baseline):
    asks = {ask.name: ask for ask in load(path, MODEL).asks}
    inherited = {ask.name for ask in baseline.asks}
    assert set(asks) >= inherited
    assert any(name not in inherited for name in asks) or path.stem == "baseline"
    first = asks["two_hundred_million"]
    assert (first.condition.measure, first.condition.low, str(first.month), first.ever) == ("mau", 2e8, "2025-12", True)


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios/networks").glob("*.yaml")), ids=lambda path: path.stem)
def test_those_of_a_small_bank_take_away_what_only_the_whole_bank_is_asked(path, baseline):
    names = {ask.name for ask in load(path, MODEL).asks}
    assert names
    assert names.isdisjoint(ask.name for ask in baseline.asks)


@every
def test_it_runs(path):
    scenario = load(path, MODEL)
    with run(Plan(MODEL, replace(scenario, until=scenario.start + 24), draws=4, seed=1)) as ensemble:
        assert (ensemble.path("mau") > 1e8).all()


@pytest.mark.parametrize("path", PRODUCTS, ids=lambda path: path.stem)
def test_another_product_starts_from_its_own_posterior_within_its_own_figures(path):
    """What is forecast a month ahead lies near what was reported, and no product outgrows the bank's customers."""
    scenario = load(path, MODEL)
    assert scenario.fitted is not None
    assert scenario.fitted.name == f"icbc_{path.stem}"
    reported = scenario.figure("mau", scenario.start).interval.middle
    with run(Plan(MODEL, scenario, draws=200, seed=1, fidelity="mean_field")) as ensemble:
        mau, registered = ensemble.path("mau"), ensemble.path("registered")
    assert np.median(mau[1]) == pytest.approx(reported, rel=0.05)
    assert (mau <= registered).all()
    assert np.quantile(registered[-1], 0.95) < 7.2e8


def test_the_bundle_repeats_each_lever_word_for_word():
    bundle = load(ROOT / "scenarios/optimistic.yaml", MODEL)
    whole = {lever.name: unplaced(lever) for lever in bundle.levers}
    parts = [load(ROOT / f"scenarios/{name}.yaml", MODEL) for name in BUNDLED]
    assert whole == {lever.name: unplaced(lever) for part in parts for lever in part.levers}
    np.testing.assert_array_equal(bundle.mixing, parts[-1].mixing)


def unplaced(lever):
    """Return a lever without the lines that it stands in."""
    provenance = replace(lever.provenance, place=None)
    amount = replace(lever.amount, provenance=replace(lever.amount.provenance, place=None))
    return replace(lever, provenance=provenance, amount=amount)


@pytest.mark.parametrize("start", ["posterior", "priors"])
@pytest.mark.parametrize("name", ["new_citizen_edition", "youth_edition"])
def test_dividing_the_customers_further_changes_nothing_by_itself(name, start, fitted, tmp_path):
    """So that what differs from the baseline comes from the levers; in expectation, since luck is by segment."""
    (tmp_path / "idle.yaml").write_text(f"extends: {ROOT}/scenarios/{name}.yaml\nlevers: off\n", encoding="utf-8")
    idle, baseline = load(tmp_path / "idle.yaml", MODEL), fitted
    assert len(idle.segments) > len(baseline.segments)
    if start == "priors":
        idle, baseline = replace(idle, fitted=None), replace(baseline, fitted=None)
    with (
        run(Plan(MODEL, baseline, draws=8, seed=1, fidelity="mean_field")) as one,
        run(Plan(MODEL, idle, draws=8, seed=1, fidelity="mean_field")) as other,
    ):
        np.testing.assert_allclose(other.path("mau"), one.path("mau"), rtol=1e-6)
        np.testing.assert_allclose(other.path("registered"), one.path("registered"), rtol=1e-6)


def test_the_shape_that_is_timed_can_be_read():
    assert load(ROOT / "tests/benchmarks/bench.yaml", MODEL).until.year == 2032
