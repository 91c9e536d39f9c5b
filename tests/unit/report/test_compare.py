"""Comparing: what is refused, what differs in words, numbers worked out again from the paths, and the chart."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from mobank.base.cells import read_table, write_table
from mobank.base.errors import InputError
from mobank.base.quantities import Month
from mobank.ensemble.plan import Plan
from mobank.ensemble.run import run
from mobank.model.mobile_banking import MODEL
from mobank.report import tables
from mobank.report.compare import charts as compare_charts
from mobank.report.compare import folder as compare_folder
from mobank.report.compare import tables as compare_tables
from mobank.report.compare.comparison import ComparisonSettings, _per_yuan, differences, sides, year_ends
from mobank.report.compare.weights import read_weights
from mobank.report.render.text_table import laid_out
from mobank.report.run import folder
from mobank.report.run.record import RUN, FinishedRun
from mobank.report.run.stored_paths import Written
from mobank.report.wording import differs
from mobank.scenario.reader import load
from tests.conftest import rewrite

pytestmark = pytest.mark.slow  # whole runs, some through the command

ROOT = Path(__file__).parents[3]
BANK = ROOT / "tests/data/broken/parents/bank.yaml"
START = Month.of(2022, 12)
FEW = ComparisonSettings(draws=40, seed=5)


FIGURE = "{figure: 90万户, source: s, evidence: article}"


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Return a writer of files that extend the small bank, in an empty folder where the test then stands."""
    monkeypatch.chdir(tmp_path)

    def write(text="", name="child", parent=BANK):
        Path(f"{name}.yaml").write_text(f"extends: {parent}\n{text}", encoding="utf-8")
        return Path(f"{name}.yaml")

    return write


def made(path, where, draws=40, seed=5, fidelity="cohort"):
    return folder.make(Plan(MODEL, load(path, MODEL), draws, seed, fidelity), where, "en", "mobank run").folder


def refusal(given, settings=FEW):
    with pytest.raises(InputError) as error:
        sides(given, MODEL, settings)
    return str(error.value)


def message(*lines):
    return "\n".join([*lines, f"{len(lines)} problem{'s' if len(lines) > 1 else ''}; nothing was run."])


def sentences(child, text, lang="en", parent=""):
    one = child(parent, "parent")
    return differs(load(one, MODEL), load(child(text, "other", one.resolve()), MODEL), lang)


# ------------ what is refused


def test_one_scenario_and_nine_cannot_be_compared(child):
    one = child()
    assert refusal([one]) == message("1 scenario cannot be compared; name two or more")
    assert refusal([one] * 9) == message("9 scenarios are too many to tell apart; at most 8")


def test_the_same_scenario_twice_is_refused(child):
    one, two = child(), child(name="twin")
    assert refusal([one, two]) == message("twin.yaml  this scenario is the same as child; name another")
    assert refusal([one, one]) == message("child.yaml  this scenario is the same as child.yaml; name another")


EARLY = (
    "start: 2021-12\nreported: {registered: {2020-12: {figure: 410万户, source: s, evidence: article}},"
    " mau: {2021-12: {figure: 159万户, source: s, evidence: article}},"
    " customers: {2021-12: {figure: 704万户, source: s, evidence: article}}}\n"
)


def test_forecasts_from_different_starts_are_compared_in_the_months_that_they_share(child, tmp_path):
    one, two = child(), child(f"{EARLY}until: 2024-06\n", "early")
    found = compare_folder.make(sides([one, two], MODEL, FEW), tmp_path / "apart", "en", "mobank compare")
    months = [each.month for each in found.differences if each.measure == "mau"]
    assert months == [Month.of(2023, 12), Month.of(2024, 6)]
    later, earlier = (run(side.plan) for side in found.sides)
    more = earlier.month("mau", 24) - later.month("mau", 12)
    assert next(e.mean for e in found.differences if e.measure == "mau") == more.mean()
    assert any("2021-12" in sentence for sentence in found.differs["early"])
    assert "begun apart, so that no luck cancels" in compare_tables.footnotes(
        compare_folder.read(tmp_path / "apart"), "en"
    )


def test_forecasts_that_share_no_month_are_refused(child):
    told = "early.yaml  2021-12 to 2022-12 share no month with child (2022-12 to 2025-12); runs are compared"
    assert refusal([child(), child(f"{EARLY}until: 2022-12\nlevers: {{fee_waiver: off}}\n", "early")]).startswith(told)


def test_spend_of_different_starts_is_added_up_from_each_start(child, tmp_path):
    lever = "{parameter: revive_rate, multiply: 1.1, from: 2022-01, cost: {a_month: 100}, reason: r, evidence: test}"
    two = child(f"{EARLY}levers: {{app: {lever}}}\n", "early")
    found = compare_folder.make(sides([child(), two], MODEL, FEW), tmp_path / "apart", "en", "mobank compare")
    spent = {each.month: each.spend for each in found.differences if each.measure == "mau"}
    assert spent[Month.of(2023, 12)] == 24 * 100
    assert spent[Month.of(2025, 12)] == 48 * 100


def test_different_banks_are_compared_only_where_that_is_asked_for(child, tmp_path):
    one, two = child(name="one"), child("subject: {en: Another bank, zh: 他行}\ndrift: off\n", "two")
    told = (
        "two.yaml  subject: 'Another bank' is not what one is about (not said); repeat with --different-subjects "
        "(different_subjects=True) if that is meant"
    )
    assert refusal([one, two]) == message(told)
    found = compare_folder.make(
        sides([one, two], MODEL, replace(FEW, different_subjects=True)), tmp_path / "x", "en", "c"
    )
    assert len(found.differences) > 0
    there = compare_folder.read(tmp_path / "x")
    assert compare_tables.footnotes(there, "en") == (
        "Different banks or products: one = , two = Another bank.\n40 runs of each, seed 5; intervals are the central "
        "90 %. Products overlap, so nothing is subtracted or added here: see products.html; differences and what is "
        "asked of all are in the CSV files."
    )
    for lang in ("en", "zh"):
        registered, mau = compare_tables.tables(there, lang)
        assert {row[0] for row in mau.rows} == {"one", "two", ""}, "levels of each, and no difference"
        assert len(registered.rows) == 2 * len({row[1] for row in mau.rows})


def test_different_banks_get_a_page_that_says_what_is_known_what_is_assumed_and_whence_growth_comes(
    child, tmp_path, monkeypatch
):
    monkeypatch.setattr("mobank.report.compare.charts.draw_all", lambda *_: None)
    ask = "asks: {many: {measure: mau, at_least: 170万, in: 2023-12}}\n"
    one = child(f"subject: {{en: One & one, zh: 一}}\n{ask}", "one")
    two = child("subject: {en: Two, zh: 二}\n", "two")
    settings = replace(FEW, different_subjects=True)
    compare_folder.make(sides([one, two], MODEL, settings), tmp_path / "x", "en", "c")
    page = (tmp_path / "x/products.html").read_text(encoding="utf-8")
    for said in ("2 products side by side", "One &amp; one (one)", "Two (two)", "Products overlap",
                 "monthly active users at least 170万 in 2023-12", "Which figures say so"):  # fmt: skip
        assert said in page, said
    asked = page.partition("What was asked of each")[2].partition("<h2>")[0]
    assert ("One &amp; one" in asked, "Two" in asked) == (True, False), "each is asked what its own scenario asks"
    compare_folder.make(sides([child(name="a"), child("drift: off\n", "b")], MODEL, FEW), tmp_path / "y", "en", "c")
    assert not (tmp_path / "y/products.html").exists()


def test_runs_of_other_luck_are_refused_with_every_difference(child):
    child(name="one"), child("drift: off\n", "two")
    (
        made(Path("one.yaml"), Path("first")),
        made(Path("two.yaml"), Path("second"), draws=30, seed=6, fidelity="mean_field"),
    )
    told = message(
        "second  draws 30 is not that of one (40); replicates are paired one by one",
        "second  fidelity mean_field is not that of one (cohort); fidelities have luck of their own",
        "second  seed 6 is not that of one (5); luck is paired by seed",
    )
    assert sorted(refusal([Path("first"), Path("second")], ComparisonSettings()).splitlines()) == sorted(
        told.splitlines()
    )


def test_options_that_contradict_a_finished_run_are_refused(child):
    child(name="one"), child("drift: off\n", "two")
    made(Path("one.yaml"), Path("first"))
    way_out = "leave the option out, or name the run's scenario to run it anew"
    told = message(
        f"--draws: 30 is not that of the finished run first (40); {way_out}",
        f"--seed: 9 is not that of the finished run first (5); {way_out}",
        f"--fidelity: mean_field is not that of the finished run first (cohort); {way_out}",
    )
    assert refusal([Path("first"), Path("two.yaml")], ComparisonSettings(30, 9, "mean_field")) == told
    assert sides([Path("first"), Path("two.yaml")], MODEL, ComparisonSettings(40, 5, "cohort"))


def test_a_scenario_takes_what_is_left_open_from_the_finished_run(child):
    child(name="one"), child("drift: off\n", "two")
    made(Path("one.yaml"), Path("first"), fidelity="mean_field")
    for given in ([Path("first"), Path("two.yaml")], [Path("two.yaml"), Path("first")]):
        found = sides(given, MODEL, ComparisonSettings())
        assert [(s.plan.draws, s.plan.seed, s.plan.fidelity) for s in found] == [(40, 5, "mean_field")] * 2
    assert [s.label for s in found] == ["two", "one"]


def test_a_run_of_other_code_is_refused(child):
    child(name="one"), child("drift: off\n", "two")
    path = made(Path("one.yaml"), Path("first")) / "run.json"
    identity = json.loads(path.read_text(encoding="utf-8"))["identity"]
    rewrite(path, RUN, {"identity": identity | {"law": "0" * 32}})
    told = "this run was made by another version of mobank than the rest; name its scenario, to run it anew"
    assert refusal([Path("first"), Path("two.yaml")], ComparisonSettings()) == message(f"first  {told}")
    assert refusal([Path("two.yaml"), Path("first")], ComparisonSettings()) == message(f"first  {told}")


def test_a_comparison_is_not_a_run_and_says_so(child):
    child(name="one")
    Path("both").mkdir()
    Path("both/compare.json").write_text("{}", encoding="utf-8")
    told = "'both' is not the folder of a finished run but of a comparison; name one of the runs or scenarios compared"
    assert refusal([Path("one.yaml"), Path("both")]) == message(told)


def test_the_problems_of_all_files_are_told_at_once(child):
    child("drift: of\n", "one"), child("strat: 2022-12\n", "two")
    Path("empty").mkdir()
    assert refusal([Path("one.yaml"), Path("two.yaml"), Path("empty"), Path("gone.yaml")]) == message(
        "'empty' is not the folder of a finished run",
        "gone.yaml  this file does not exist; did you mean 'one.yaml'?",
        "one.yaml:2  drift: 'of' came where a mapping must stand; write it as 'name: value' lines",
        "two.yaml:2  strat: 'strat' is not a key here; did you mean 'start'?",
    )


def test_two_scenarios_of_one_name_are_told_apart_by_their_paths(child):
    Path("a").mkdir()
    one, two = child(), child("drift: off\n", "a/child")
    assert [s.label for s in sides([one, two], MODEL, FEW)] == ["child.yaml", "a/child.yaml"]


# ------------ what differs, in words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("levers: {app: {parameter: revive_rate, multiply: 1.2, for: old, from: 2024-01, until: 2024-12, "
         "evidence: test, reason: r}}",
         "lever app (new): revive_rate × 1.2 for old, 2024-01 to 2024-12"),
        ("levers: {app: {parameter: revive_rate, multiply: 1.2, from: 2024-01, lasts_months: 1, evidence: test, "
         "reason: r}}",
         "lever app (new): revive_rate × 1.2, in 2024-01 only"),
        ("levers: {app: {parameter: lapse_rate, add: -1%, for: [old, county], from: 2024-01, half_life_months: 9, "
         "evidence: test, reason: r}}",
         "lever app (new): lapse_rate − 1% for old and county, from 2024-01 on, fading with a half-life of 9 months"),
        ("levers: {app: {parameter: lapse_rate, set: {low: 2%, high: 4%}, from: {between: [2024-01, 2024-06]}, "
         "ramp_months: 3, cost: {once: 2亿元, a_month: 1000万元}, evidence: test, reason: r}}",
         "lever app (new): lapse_rate = 2% to 4%, beginning between 2024-01 and 2024-06, in full after 3 months, "
         "costs ¥200 m once and ¥10 m a month"),
        ("levers: {app: {parameter: revive_rate, multiply: {low: +20%, high: +80%}, lasts_months: 6, cost: {a_month: "
         "1000万元}, when: {measure: mau, below: 170万, for_months: 2, at_most: 3, budget_a_year: 1亿元}, "
         "from: 2023-06, until: 2024-05, evidence: test, reason: r}}",
         "lever app (new): revive_rate × 1.2 to 1.8, whenever mau is below 1.7 m for 2 months, watched 2023-06 to "
         "2024-05, at most 3 times, at most ¥100 m a year, for 6 months, costs ¥10 m a month"),
        ("events: {outage: {parameter: lapse_rate, multiply: 1.1, from: {mean_gap_months: 24, after: 2022-12}, "
         "lasts_months: 1, reason: r}}",
         "event outage (new): lapse_rate × 1.1, again and again after 2022-12, every 24 months on average, "
         "for 1 month"),
        ("levers: {fee_waiver: off}",
         "without lever fee_waiver: innovation_rate × 1.2, 2023-07 to 2024-06"),
        ("levers: {fee_waiver: {multiply: 1.3}}",
         "lever fee_waiver: innovation_rate × 1.3, 2023-07 to 2024-06, instead of innovation_rate × 1.2, "
         "2023-07 to 2024-06"),
        ("parameters: {reach_share: {low: 85%}}", "prior of reach_share from 82% to 97% to 85% to 97%"),
        ("parameters: {lapse_rate: {value: 4%, reason: r}}", "prior of lapse_rate from 5% to 4%"),
        ("until: 2024-12", "end of the run from 2025-12 to 2024-12"),
        ("reported: {mau: {2022-12: {figure: 180万户}}}", "reported mau 2022-12 from 超174万户 to 180万户"),
        ("segments: {age: {old: {factors: {imitation_rate: 0.6}}}}",
         "factor of imitation_rate for old from 0.5 to 0.6"),
        ("segments: {place: off}", "segments by place from city and county to none"),
        ("mixing: {age: {old: {young: 65%, old: 35%}}}",
         ["contacts of old with young from 55% to 65%", "contacts of old with old from 45% to 35%"]),
        ("drift: {adoption: {growth: {mean: 4%, sd: 2%}, start: 3%, change: 2.5%, reason: r}}",
         "drift of adoption from none to growth of mean 4%, sd 2%, 3% above that at first, 2.5% more or less a year, "
         "half-life 36 months"),
        (f"reported: {{lost: {{2022: {FIGURE}, 2022-12: {{figure: 8万户, source: s, evidence: article}}}}}}",
         ["reported lost 2022-12: 8万户 (new)", "reported lost 2022: 90万户 (new)"]),
        ("noise: {mau: {value: 1%, reason: r}}", "noise of mau: 1% (new)"),
        ("campaigns: {may: {path: adoption, between: [2022-05, 2022-06], announced: 2022-01, effect: 9%, reason: r}}",
         "campaign may on adoption from none to 9%, 2022-05 to 2022-06"),
        ("clean_ups: {2022-06: {registered: {low: 3万, high: 8万}, reason: r}}",
         "dormant written off in 2022-06: 3万 to 8万 (new)"),
        ("drift: off", "drift of engagement from mean 5%, sd 4%, half-life 36 months to none"),
        ("shocks: {adoption: {size: 30%, tails: 4}}",
         ["size of adoption shocks from 20% to 30%", "tails of adoption shocks from normal to 4 degrees of freedom"]),
        ("shocks: {wiggle: {value: 3%}}", "wiggle within a year from 2% to 3%"),
        ("reporting: {redefinitions: {a_year: 10%, known_from_years: 20, reason: r}}",
         "in print alone: redefinitions of active users from 7% a year (known from 50 years), 50% of mean 8%, sd 6% "
         "and 50% of mean 35%, sd 20%, 80% upward to 10% a year (known from 20 years), 50% of mean 8%, sd 6% and 50% "
         "of mean 35%, sd 20%, 80% upward"),
        ("reporting: {clean_ups: {a_year: 0%, reason: r}}",
         "in print alone: clean-ups of dormant registrations from 2% a year, 100% of mean 3%, sd 3%, 0% upward to "
         "none"),
        ("reporting: {redefinitions: {reason: the same numbers for another reason}}", "nothing that a run depends on"),
        ("question: The same in other words?", "nothing that a run depends on"),
        ("levers: {fee_waiver: {reason: another, note: the same effect}}", "nothing that a run depends on"),
    ],
)  # fmt: skip
def test_what_differs_is_told_in_words(child, text, told):
    assert sentences(child, f"{text}\n") == ([told] if isinstance(told, str) else told)


def test_what_differs_is_told_in_chinese_too(child):
    text = "levers: {app: {parameter: revive_rate, multiply: 1.2, for: old, from: 2024-01, until: 2024-12, reason: r, "
    assert sentences(child, f"{text}evidence: test}}}}\n", "zh") == [
        "新增举措 app：revive_rate × 1.2（old），2024-01至2024-12"
    ]


def test_another_way_to_draw_the_start_is_a_difference_and_no_pairing_is_claimed(fitted):
    (told,) = differs(fitted, replace(fitted, fitted=None), "en")
    assert "not the same luck" in told
    assert "from posterior icbc_mobile" in told
    assert told.endswith("to priors and the last figures")


def test_every_scenario_of_the_project_differs_from_the_baseline_in_words(fitted):
    for path in sorted((ROOT / "scenarios").glob("*.yaml")):
        told = differs(fitted, load(path, MODEL), "en")
        assert (told == ["nothing that a run depends on"]) == (path.stem == "baseline"), path


# ------------ numbers


ASKS = (
    "asks:\n  more: {measure: mau, at_least: 180万, by: 2024-12}\n"
    "  race: {reaches_first: {measure: mau, at_least: 180万}, before: {measure: registered, at_least: 560万},"
    " by: 2025-06}\n"
)
LEVER = (
    "levers: {app: {parameter: lapse_rate, multiply: 0.9, from: 2023-06, cost: {once: 1亿元}, evidence: test,"
    " reason: r}}\n"
)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Return the folder of a comparison of a finished run with a scenario, that run's folder, and what was found."""
    place = tmp_path_factory.mktemp("compared")
    for name, text in (("one", ASKS), ("two", LEVER)):
        (place / f"{name}.yaml").write_text(f"extends: {BANK}\n{text}", encoding="utf-8")
    first = made(place / "one.yaml", place / "first")
    second = made(place / "two.yaml", place / "second")
    found = sides([first, place / "two.yaml"], MODEL, ComparisonSettings())
    comparison = compare_folder.make(found, place / "compare", "en", "mobank compare")
    return place / "compare", (first, second), comparison


def paths(run):
    return pd.read_parquet(run / "paths.parquet").pivot_table("value", "replicate", ["measure", "month"])


def test_the_differences_are_those_of_the_two_runs_replicate_by_replicate(compared):
    where, (first, second), _ = compared
    more = paths(second) - paths(first)
    table = pd.read_csv(where / "differences.csv", encoding="utf-8-sig").set_index(["measure", "month"])
    assert set(table["scenario"]) == {"two"}
    assert set(table["reference"]) == {"one"}
    assert {month for _, month in table.index} == {"2023-12", "2024-12", "2025-12"}
    assert {measure for measure, _ in table.index} == {m.name for m in MODEL.measures}
    for key, row in table.iterrows():
        assert row["mean"] == pytest.approx(more[key].mean(), rel=1e-9, abs=1e-12)
        assert row["mean_mc_error"] == pytest.approx(more[key].std() / np.sqrt(40), rel=1e-9)
        for name, share in (("p5", 0.05), ("p50", 0.5), ("p95", 0.95)):
            assert row[name] == pytest.approx(more[key].quantile(share), rel=1e-9, abs=1e-12)
        assert row["share_above"] == (more[key] > 0).mean()
        assert row["extra_spend_yuan"] == 1e8
    of_mau = table.loc["mau"]
    assert of_mau["extra_mau_per_yuan"].tolist() == pytest.approx((of_mau["mean"] / 1e8).tolist())
    assert of_mau["extra_mau_per_yuan_mc_error"].tolist() == pytest.approx((of_mau["mean_mc_error"] / 1e8).tolist())
    assert (
        table.drop("mau", level="measure")[["extra_mau_per_yuan", "extra_mau_per_yuan_mc_error"]].isna().all(axis=None)
    )


def test_a_lever_of_the_first_month_has_its_price_in_every_month_from_the_first(child):
    """Worked by hand, for a run that ends in March; the price's error is that of the mean, as all spend alike."""
    paid = "{parameter: revive_rate, multiply: 1.5, from: 2023-01, cost: {once: 3000, a_month: 100}, reason: r,"
    one, two = child("until: 2024-03\n"), child(f"until: 2024-03\nlevers: {{app: {paid} evidence: test}}}}\n", "two")
    plans = [Plan(MODEL, load(path, MODEL), 40, 5, "mean_field") for path in (one, two)]
    assert [str(month) for month in year_ends(plans)] == ["2023-12", "2024-03"]
    first = Month.of(2023, 1)
    with run(plans[0]) as plain, run(plans[1]) as costly:
        found = [e for e in differences(plain, costly, "two", [first, *year_ends(plans)]) if e.measure == "mau"]
        more = [costly.month("mau", t) - plain.month("mau", t) for t in (1, 12, 15)]
    assert [each.spend for each in found] == [3100, 4200, 4500]
    for each, values in zip(found, more, strict=True):
        assert each.mean == pytest.approx(values.mean())
        assert each.per_yuan == pytest.approx(values.mean() / each.spend)
        assert each.per_yuan_error == pytest.approx(values.std(ddof=1) / 40**0.5 / each.spend)
        assert each.above == 1


def test_where_spend_varies_the_error_of_the_price_is_that_of_a_ratio():
    """The delta method against the scatter of 2,000 made comparisons: within 5 %, three times what chance leaves."""
    generator = np.random.default_rng(3)
    spend = generator.gamma(4.0, 2.0, (2000, 400))
    more = 0.3 * spend + generator.normal(1.0, 0.5, spend.shape)
    ratios = more.mean(axis=1) / spend.mean(axis=1)
    claimed = [_per_yuan(*pair)[1] for pair in zip(more[:200], spend[:200], strict=True)]
    assert np.mean(claimed) == pytest.approx(ratios.std(), rel=0.05)
    assert np.isnan(_per_yuan(more[0], 0 * spend[0])).all()


def test_asks_are_answered_for_every_side_though_only_one_file_asks_them(compared):
    where, (first, second), _ = compared
    rows = pd.read_csv(where / "asks.csv", encoding="utf-8-sig")
    assert rows["scenario"].tolist() == ["one", "two", "one", "two"]
    held = [(paths(run)["mau"].loc[:, :"2024-12"] >= 1.8e6).any(axis=1) for run in (first, second)]
    assert rows["chance"].tolist()[:2] == [pytest.approx(h.mean()) for h in held]
    more = held[1].astype(float) - held[0]
    assert rows["difference"][1] == pytest.approx(more.mean())
    assert rows["difference_mc_error"][1] == pytest.approx(more.std() / np.sqrt(40))


def test_the_record_says_what_was_compared_and_what_differs(compared):
    where, _, comparison = compared
    record = json.loads((where / "compare.json").read_text(encoding="utf-8"))
    assert [each["label"] for each in record["compared"]] == ["one", "two"]
    assert record["differs"] == {"two": list(comparison.differs["two"])}
    charts = {
        f"{name}{what}.{kind}"
        for name in ("mau", "registered")
        for what in ("", "-difference")
        for kind in ("png", "svg")
    }
    scenarios = {"1-one.resolved.yaml", "2-two.resolved.yaml"}
    assert set(record["files"]) == {"asks.csv", "differences.csv", "summary.csv"} | charts | scenarios
    assert {p.name for p in where.iterdir()} == {*record["files"], "compare.json"}


@pytest.mark.parametrize("rows", [1 << 20, 100], ids=["one row group a measure", "a few months a row group"])
def test_the_paths_of_a_finished_run_are_read_back_as_they_were_whatever_was_kept(child, tmp_path, monkeypatch, rows):
    monkeypatch.setattr(tables, "ROWS", rows)
    plan = Plan(MODEL, load(child(LEVER), MODEL), 25, 5, by_segment=True)
    finished = folder.make(plan, tmp_path / "one", "en", "mobank run")
    with run(plan) as whole:
        back = Written(finished, plan)
        for measure, t in itertools.product(("registered", "mau", "lost", "quick_ratio", "spend"), (0, 1, 5, 36)):
            np.testing.assert_array_equal(back.month(measure, t), whole.month(measure, t), err_msg=f"{measure} {t}")


def test_runs_are_compared_up_to_the_earliest_end(child):
    long, short = (Plan(MODEL, replace(load(child(), MODEL), until=START + t)) for t in (30, 20))
    assert [str(month) for month in year_ends([long, short])] == ["2023-12", "2024-08"]


def test_the_same_is_found_whether_runs_are_finished_or_not(compared, tmp_path):
    where, (first, second), _ = compared
    found = sides([first, second], MODEL, ComparisonSettings())
    again = compare_folder.make(found, tmp_path / "again", "en", "mobank compare")
    assert (tmp_path / "again/differences.csv").read_bytes() == (where / "differences.csv").read_bytes()
    assert len(again.answers) == 2


def test_the_order_of_the_folder_name_matters_and_workers_do_not(compared):
    found = compared[2].sides
    name = compare_folder.name_of(found, "en", {})
    assert compare_folder.name_of(found[::-1], "en", {}) != name
    assert compare_folder.name_of(found, "en", {"one": 0.4, "two": 0.6}) != name
    busy = tuple(replace(side, plan=replace(side.plan, workers=4)) for side in found)
    assert compare_folder.name_of(busy, "en", {}) == name


def test_the_folder_holds_each_scenario_whole_and_its_quantiles(compared):
    where, (first, second), comparison = compared
    plans = compare_folder.plans_of(compare_folder.read(where), MODEL)
    assert {n: p.scenario.resolved for n, p in plans.items()} == {
        side.label: side.plan.scenario.resolved for side in comparison.sides
    }
    rows = pd.read_csv(where / "summary.csv", encoding="utf-8-sig")
    for label, run_folder in (("one", first), ("two", second)):
        own = rows[rows["scenario"] == label].drop(columns="scenario").reset_index(drop=True)
        pd.testing.assert_frame_equal(own, pd.read_csv(run_folder / "summary.csv", encoding="utf-8-sig"))


# ------------ a folder that is there already


def test_an_equal_comparison_is_reused_and_a_changed_or_another_one_is_not(compared, tmp_path):
    where, (first, _), comparison = compared
    whole = tmp_path / "copy"
    shutil.copytree(where, whole)
    asked = compare_folder.wanted(comparison.sides, "en", {})
    assert compare_folder.reusable(whole, asked)
    for other in (
        compare_folder.wanted(comparison.sides, "zh", {}),
        compare_folder.wanted(comparison.sides, "en", {"one": 0.5, "two": 0.5}),
        compare_folder.wanted(comparison.sides[::-1], "en", {}),
    ):
        assert not compare_folder.reusable(whole, other)
    with (whole / "asks.csv").open("a") as file:
        file.write("mine")
    assert not compare_folder.reusable(whole, asked)
    assert not compare_folder.reusable(first, asked)
    assert not compare_folder.reusable(tmp_path / "nowhere", asked)


def test_a_run_that_somebody_changed_is_not_compared(child):
    child(name="one"), child("drift: off\n", "two")
    made(Path("one.yaml"), Path("first"))
    with Path("first/paths.parquet").open("ab") as file:
        file.write(b"mine")
    again = "run it again: mobank run first/scenario.resolved.yaml --draws 40 --seed 5 --fidelity cohort"
    told = message(f"paths.parquet in 'first' changed or gone since the run; {again}")
    assert refusal([Path("first"), Path("two.yaml")]) == told


# ------------ weights


def test_weights_are_shares_in_the_order_of_the_scenarios(compared):
    found = compared[2].sides
    assert list(read_weights("two=60%, one=0.4", found).items()) == [("one", 0.4), ("two", 0.6)]
    assert read_weights("one＝1，two＝0", found) == {"one": 1.0, "two": 0.0}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one=0.5,two=0.4", "weights that sum to 90% must sum to 100%"),
        ("one=0.5,three=0.5", "'three' is not compared here; allowed: one, two"),
        ("one=0.5,tow=0.5", "'tow' is not compared here; did you mean 'two'?"),
        ("one=1", "'two' has no weight; write two=0 if it cannot come about"),
        ("one=0.5,two=0.25,two=0.25", "'two' has two weights"),
        (
            "one=-0.5,two=1.5",
            [
                "'-0.5' must be a share from 0 to 1, such as 9% or 0.09",
                "'1.5' must be a share from 0 to 1, such as 9% or 0.09; write 1.5%",
            ],
        ),
        ("half", "'half' is not a scenario with its weight; write one=0.5,two=0.5"),
        ("", "'' is not a scenario with its weight; write one=0.5,two=0.5"),
        ("one=half,two=0.5", "'half' must be a share from 0 to 1, such as 9% or 0.09"),
    ],
)
def test_weights_that_are_none_are_refused(compared, text, told):
    with pytest.raises(InputError) as error:
        read_weights(text, compared[2].sides)
    lines = [told] if isinstance(told, str) else told
    assert str(error.value) == message(*(f"--weights: {line}" for line in lines))


def test_weights_without_anything_asked_are_refused(child):
    found = sides([child(name="one"), child("drift: off\n", "two")], MODEL, FEW)
    with pytest.raises(InputError) as error:
        read_weights("one=0.5,two=0.5", found)
    told = "--weights: weights have nothing to weigh; write asks in one of the scenarios"
    assert str(error.value) == message(told)


def test_the_weighted_chance_is_that_of_the_mixture_with_its_error_paired(compared):
    _, (first, second), comparison = compared
    weights = {"one": 0.3, "two": 0.7}
    one, two, both = rows = compare_folder.answer_rows(comparison, weights)[:3]
    assert [row["scenario"] for row in rows] == ["one", "two", "(weighted)"]
    held = [(paths(run)["mau"].loc[:, :"2024-12"] >= 1.8e6).any(axis=1).astype(float) for run in (first, second)]
    mixed = 0.3 * held[0] + 0.7 * held[1]
    assert float(both["chance"]) == pytest.approx(mixed.mean())
    assert float(both["mc_error"]) == pytest.approx(mixed.std() / np.sqrt(40))
    assert float(both["difference"]) == pytest.approx((mixed - held[0]).mean())
    assert (one["weight"], two["weight"], both["weight"]) == ("0.3", "0.7", "")
    assert float(both["never"]) == pytest.approx(0.3 * float(one["never"]) + 0.7 * float(two["never"]))
    assert both["wilson_low"] == both["p50_month"] == ""


# ------------ what is shown


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_tables_fit_eighty_columns_and_show_mean_error_band_and_price(compared, lang):
    where, _, comparison = compared
    text = shown(compare_tables.tables(compare_folder.read(where), lang))
    assert "…" not in text.replace(" … ", "")
    last = next(d for d in comparison.differences if (d.measure, str(d.month)) == ("mau", "2025-12"))
    assert f"{last.per_yuan:+.3g}" in text


def test_each_cell_of_the_tables_is_of_its_own_column():
    def moved(measure, mean, error, low, high, price=""):
        return {"measure": measure, "month": "2023-12", "mean": mean, "mean_mc_error": error, "p5": low, "p95": high,
                "p50": "0", "extra_mau_per_yuan": price}  # fmt: skip

    rows = [moved("registered", "3e6", "1.3e5", "-1e6", "8e6"),
            moved("mau", "-2e6", "2.6e5", "-6e6", "5e5", "0.0123456")]  # fmt: skip
    found = compare_tables.difference_table(rows, "month", "en")
    assert [column.head for column in found.columns] == ["month", "mean", "± MC", "90 %", "MAU/¥"]
    assert found.rows == [
        ("registered, m persons",),
        ("  2023-12", "+3.00", "± 0.13", "-1.00 … +8.00", "–"),
        (),
        ("active (MAU), m persons",),
        ("  2023-12", "-2.00", "± 0.26", "-6.00 … +0.50", "+0.0123"),
    ]
    asked = {
        "scenario": "one", "question": "Q?", "chance": "0.25", "mc_error": "0.013", "wilson_low": "0.2",
        "wilson_high": "0.3", "p5_month": "2023-01", "p50_month": "2024-06", "p95_month": "never", "never": "0.125",
        "difference": "0.06", "difference_mc_error": "0.03",
    }  # fmt: skip
    sure = {"scenario": "two", "chance": "1", "mc_error": "0", "wilson_low": "0.96", "wilson_high": "1", "never": "0"}
    found = compare_tables.answer_table([asked, asked | sure], "en")
    heads = ["scenario", "chance", "± MC", "difference", "± MC", "half by", "never"]
    assert [column.head for column in found.columns] == heads
    assert found.rows == [
        ("one", "25.0 %", "± 1.3 %", "", "", "2024-06", "12.5 %"),
        ("two", "100.0 %", "≥ 96.0 %", "+6.0", "± 3.0", "2024-06", "0.0 %"),
    ]


def test_many_sides_are_told_in_one_table_with_what_the_reference_asks(compared, tmp_path):
    """The folder of two sides, told as four: the second is there under three names."""
    found = compare_folder.read(compared[0])
    first, second = found.record["compared"]
    others = [second | {"label": name} for name in ("two", "three", "four")]
    differences, asks = (read_table(found.folder / name) for name in ("differences.csv", "asks.csv"))
    write_table([r | {"scenario": o["label"]} for o in others for r in differences], tmp_path / "differences.csv")
    repeated = [
        own | {"scenario": name}
        for question in (asks[:2], asks[2:])
        for name, own in (("one", question[0]), *((o["label"], question[1]) for o in others))
    ]
    write_table(repeated, tmp_path / "asks.csv")
    differs = {o["label"]: found.record["differs"]["two"] for o in others}
    many = FinishedRun(tmp_path, found.record | {"compared": [first | {"asks": 1}, *others], "differs": differs})
    text = shown(compare_tables.tables(many, "en"))
    assert "Difference in 2025-12, against one" in text
    assert text.count("MAU/¥") == 1
    assert "2023-12" not in text
    assert text.count("half by") == text.count("monthly active users at least 180万 by 2024-12") == 1
    assert "1 more asked by the other scenarios: see asks.csv." in compare_tables.footnotes(many, "en")
    none = FinishedRun(tmp_path, many.record | {"compared": [first | {"asks": 0}, *others]})
    assert shown(compare_tables.tables(none, "en")).count("half by") == 2


def shown(tables):
    return "\n".join("".join(text for text, _ in line) for table in tables for line in laid_out(table, 80))


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({}, "No probability over the scenarios together is given: that takes weights (--weights one=…,two=…)."),
        (
            {"one": 0.25, "two": 0.75},
            "Weighted: 25 % one, 75 % two; how likely each scenario is held to be is your judgement.",
        ),
    ],
)
def test_without_weights_it_is_said_that_there_is_no_probability_over_scenarios(compared, weights, told):
    found = compare_folder.read(compared[0])
    weighed = FinishedRun(found.folder, found.record | {"weights": weights})
    assert told in compare_tables.footnotes(weighed, "en").splitlines()


def quantiles(ends):
    t = np.linspace(0, 1, 13)
    return [np.array([1.74e8 + t * (end * f - 1.74e8) for f in (0.9, 1, 1.1)]) for end in ends]


def chart(ends, lang="en"):
    labels = ["baseline", *(f"scenario_{i}" for i in range(1, len(ends)))]
    months = [START + t for t in range(13)]
    return compare_charts.beside(quantiles(ends), labels, months, title="MAU", lang=lang, draws=2000)


def test_the_reference_is_grey_with_its_band_and_the_others_are_coloured():
    picture = chart([2.0e8, 2.2e8, 1.9e8])
    lines = [picture.findobj(lambda a, i=i: a.get_gid() == f"median {i}")[0] for i in range(3)]
    assert [line.get_color() for line in lines] == [compare_charts.REFERENCE, *compare_charts.COLOURS[:2]]
    assert [line.get_ydata()[-1] for line in lines] == [2.0e8, 2.2e8, 1.9e8]
    (band,) = picture.findobj(lambda a: a.get_gid() == "band")
    edges = band.get_paths()[0].vertices
    assert edges[edges[:, 0] == START.ordinal + 12, 1].min() == pytest.approx(1.8e8)
    bar = picture.findobj(lambda a: a.get_gid() == "bar 1")[0]
    assert bar.get_ydata().tolist() == [pytest.approx(1.98e8), pytest.approx(2.42e8)]


def test_the_chart_of_differences_draws_mean_band_and_the_reference_at_zero():
    ends = [3e6, -8e6]
    t = np.linspace(0, 1, 13)
    more = [np.array([t * (end + f) for f in (-1e6, 0, 1e6)]) for end in ends]
    months = [START + k for k in range(13)]
    picture = compare_charts.apart(more, ["base", "up", "down"], months, title="MAU", lang="en", draws=2000)
    lines = [picture.findobj(lambda a, i=i: a.get_gid() == f"median {i}")[0] for i in (1, 2)]
    assert [line.get_ydata()[-1] for line in lines] == ends
    assert [line.get_color() for line in lines] == list(compare_charts.COLOURS[:2])
    (band,) = picture.findobj(lambda a: a.get_gid() == "band 2")
    edges = band.get_paths()[0].vertices
    assert edges[edges[:, 0] == START.ordinal + 12, 1].min() == pytest.approx(-9e6)
    (zero,) = picture.findobj(lambda a: a.get_gid() == "reference")
    assert set(zero.get_ydata()) == {0}
    texts = {text.get_text() for text in picture.findobj(Text)}
    assert {"+3.00 m  up", "−8.00 m  down", "MAU: difference to base"} <= texts


@pytest.mark.parametrize("ends", [[2e8, 2.001e8, 1.999e8, 2.002e8, 2e8, 2e8, 2e8, 2e8], [2e8, 1.2e8]])
def test_labels_do_not_meet_though_medians_do(ends):
    picture = chart(ends)
    picture.canvas.draw()
    drawn = [t for t in picture.findobj(Text) if t.get_text().strip() and t.get_visible()]
    boxes = [(t.get_text(), t.get_window_extent()) for t in drawn]
    assert [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.overlaps(y)] == []
    page = picture.bbox
    assert all(page.x0 <= x.x0 and x.x1 <= page.x1 and page.y0 <= x.y0 and x.y1 <= page.y1 for _, x in boxes)


# ------------ the command


def test_the_command_compares_and_refuses_as_said(child, tmp_path):
    child(LEVER, "two"), child(ASKS, "one")

    def mobank(*words):
        return subprocess.run(
            [sys.executable, "-m", "mobank", "compare", *words],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT / "sim"), "COLUMNS": "100", "NO_COLOR": "1"},
            check=False,
        )

    done = mobank("one.yaml", "two.yaml", "--draws", "30", "--out", "out", "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "two, against one" in done.stdout
    assert "lever app (new): lapse_rate × 0.9, from 2023-06 on, costs ¥100 m once" in done.stdout
    assert "monthly active users at least 180万 by 2024-12" in done.stdout
    (made_here,) = (tmp_path / "out").iterdir()
    assert made_here.name.startswith("compare-")
    record = (made_here / "compare.json").read_bytes()
    weighed = mobank("one.yaml", "two.yaml", "--draws", "30", "--out", "out", "--lang", "en", "--weights", "one=1")
    assert weighed.stderr == message("--weights: 'two' has no weight; write two=0 if it cannot come about") + "\n"
    again = mobank("one.yaml", "two.yaml", "--draws", "30", "--out", "out", "--lang", "en")
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, "")
    assert (made_here / "compare.json").read_bytes() == record
    wrong = mobank("one.yaml", "--out", "elsewhere")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "1 scenario cannot be compared; name two or more\n1 problem; nothing was run.\n"
    assert not (tmp_path / "elsewhere").exists()
