"""A scenario file becomes what it says: the valid forms, each against values worked out by hand; and nothing else.

What is refused, and with which words, stands in `test_broken.py`.
"""

from __future__ import annotations

import dataclasses
import math
import re
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mobank.base.errors import InputError, Place
from mobank.base.priors import Z_95, Prior
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.draws import draw
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load
from mobank.scenario.scenario import FOREVER, Cost, Reporting, Scenario, Trigger, When
from mobank.scenario.yaml_files import load_extended

ROOT = Path(__file__).parents[3]
BANK = ROOT / "tests/data/broken/parents/bank.yaml"
BASELINE = load(ROOT / "scenarios/baseline.yaml", MODEL).resolved  # in one file, whatever it extends


@pytest.fixture
def extended(tmp_path):
    """Return a reader of a text that extends a small bank's scenario."""

    def read(text: str, parent: Path = BANK) -> Scenario:
        path = tmp_path / "child.yaml"
        path.write_text(f"extends: {parent}\n{text}", encoding="utf-8")
        return load(path, MODEL)

    return read


@pytest.fixture
def lever(extended):
    """Return a reader of the one lever `app`, given in braces."""

    def read(fields: str, evidence: str = "evidence: test") -> object:
        scenario = extended(f"levers: {{fee_waiver: off, app: {{{fields}, reason: made up, {evidence}}}}}\n")
        (only,) = scenario.levers
        return only

    return read


# ------------ extending


def test_every_scenario_of_the_project_can_be_read():
    files = sorted((ROOT / "scenarios").glob("*.yaml"))
    assert [load(path, MODEL).name for path in files] == [path.stem for path in files]


def test_a_child_changes_what_it_names_and_keeps_the_rest(extended):
    parent, child = load(BANK, MODEL), extended("until: 2024-12\nparameters:\n  lapse_rate: {value: 4%}\n")
    assert child.until == Month.of(2024, 12)
    assert child.months == 24
    assert child.parameters["lapse_rate"].prior == Prior("fixed", 0.04)
    assert child.parameters["resume_rate"] == parent.parameters["resume_rate"]
    assert [lever.name for lever in child.levers] == ["fee_waiver"]
    assert [Path(file).name for file in child.files] == ["child.yaml", "bank.yaml"]


@pytest.mark.parametrize("written", ["18 months", "18个月", "1.5 years"])
def test_the_end_may_be_so_many_months_after_the_start(extended, written):
    assert extended(f"until: {written}\n").until == Month.of(2024, 6)


def test_a_run_starts_where_nothing_else_is_said_in_the_last_month_that_is_reported(extended, tmp_path):
    parent = tmp_path / "parent.yaml"
    parent.write_text(BANK.read_text(encoding="utf-8").replace("start: 2022-12\n", ""), encoding="utf-8")
    assert extended("", parent).start == Month.of(2022, 12)
    earlier = {"mau": ("2021-12", "150万户"), "customers": ("2021-12", "700万户"), "registered": ("2020-12", "400万户")}
    figures = ", ".join(
        f"{measure}: {{{month}: {{figure: {figure}, source: s, evidence: article}}}}"
        for measure, (month, figure) in earlier.items()
    )
    assert extended(f"start: 2021-12\nreported: {{{figures}}}\n", parent).start == Month.of(2021, 12)


def test_a_file_about_another_bank_takes_nothing_of_one_but_the_neutral_priors_that_the_message_names(tmp_path):
    own = "question: q\nsubject: {zh: 某行, en: A bank}\n"
    (tmp_path / "parent.yaml").write_text("subject: {zh: 他行, en: Another}\nextends: bank\n", encoding="utf-8")
    (tmp_path / "child.yaml").write_text(f"extends: parent.yaml\n{own}", encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        load_extended(tmp_path / "child.yaml")
    (problem,) = refusal.value.problems
    assert (problem.key, problem.place.line) == ("extends", 1)
    assert "extends: bank" in problem.hint
    for advised in ("bank", "open"):
        (tmp_path / "child.yaml").write_text(f"extends: {advised}\n{own}", encoding="utf-8")
        assert len(load_extended(tmp_path / "child.yaml")[1]) == 2
    (tmp_path / "child.yaml").write_text("extends: parent.yaml\nsubject: Another\n", encoding="utf-8")
    assert load_extended(tmp_path / "child.yaml")  # one name of the same


def test_a_list_of_the_child_replaces_that_of_the_parent(extended, tmp_path):
    (tmp_path / "old.yaml").write_text(
        f"extends: {BANK}\nlevers: {{fee_waiver: {{for: [old, county]}}}}\n", encoding="utf-8"
    )
    (lever,) = extended("levers: {fee_waiver: {for: [young]}}\n", tmp_path / "old.yaml").levers
    assert lever.touches == ("young",)


def test_off_removes_a_lever_the_drift_and_the_end_of_a_lever(extended):
    assert extended("levers: {fee_waiver: off}\n").levers == ()
    assert extended("levers: off\n").levers == ()
    assert extended("drift: off\n").shocks["engagement"].drift is None
    (endless,) = extended("levers: {fee_waiver: {until: off}}\n").levers
    assert endless.lasts_months == FOREVER


def test_shocks_turned_off_have_no_size(extended):
    scenario = extended("shocks: off\n")
    assert {shock.size.prior for shock in scenario.shocks.values()} == {Prior("fixed", 0.0)}
    assert scenario.correlation.prior == scenario.wiggle.prior == Prior("fixed", 0.0)


# ------------ customers


def test_segments_are_the_bands_crossed_with_products_of_their_shares(extended):
    scenario = extended("")
    assert [segment.name for segment in scenario.segments] == ["young.city", "young.county", "old.city", "old.county"]
    np.testing.assert_allclose([s.share for s in scenario.segments], [0.52, 0.28, 0.13, 0.07], rtol=1e-12)


def test_customers_who_are_not_divided_are_one_segment(extended):
    scenario = extended("segments: off\nmixing: off\n")
    assert [(segment.name, segment.share) for segment in scenario.segments] == [("all", 1.0)]
    assert scenario.mixing.tolist() == [[1.0]]


def test_bands_have_values_and_factors_of_their_own(extended):
    young, old, *_ = extended(
        "segments:\n  age:\n    young: {values: {lapse_rate: 7%}}\n"
        "    old: {factors: {resume_rate: {low: 0.5, high: 0.8}}}\n"
    ).bands
    assert young.values["lapse_rate"].prior == Prior("fixed", 0.07)
    assert young.factors == {}
    assert old.factors["imitation_rate"].prior == Prior("fixed", 0.5)
    assert old.factors["resume_rate"].prior == Prior.between("lognormal", 0.5, 0.8)


def test_mixing_is_as_written_in_one_dimension_and_in_proportion_in_the_others(extended):
    mixing = extended("").mixing
    by_hand = [
        [0.85 * 0.65, 0.85 * 0.35, 0.15 * 0.65, 0.15 * 0.35],
        [0.85 * 0.65, 0.85 * 0.35, 0.15 * 0.65, 0.15 * 0.35],
        [0.55 * 0.65, 0.55 * 0.35, 0.45 * 0.65, 0.45 * 0.35],
        [0.55 * 0.65, 0.55 * 0.35, 0.45 * 0.65, 0.45 * 0.35],
    ]
    np.testing.assert_allclose(mixing, by_hand, rtol=1e-12)


def test_whoever_a_mixing_row_leaves_out_is_not_met(extended):
    scenario = extended("mixing: {age: {old: {young: off, old: 100%}}}\n")
    np.testing.assert_allclose(scenario.mixing[2], [0, 0, 0.65, 0.35], rtol=1e-12)


# ------------ values


def test_low_and_high_of_a_rate_are_the_central_90_percent_of_a_lognormal(extended):
    prior = extended("").parameters["imitation_rate"].prior
    assert prior.kind == "lognormal"
    assert prior.centre == pytest.approx(math.sqrt(0.01 * 0.10))
    assert prior.spread == pytest.approx(math.log(10) / (2 * Z_95))


def test_low_and_high_of_a_share_are_the_central_90_percent_of_a_logitnormal(extended):
    prior = extended("").parameters["reach_share"].prior
    odds = math.sqrt(0.82 / 0.18 * 0.97 / 0.03)
    assert prior.kind == "logitnormal"
    assert prior.centre == pytest.approx(odds / (1 + odds))
    assert prior.central() == pytest.approx((0.82, 0.97))


def test_median_and_sigma_mean_and_sd(extended):
    scenario = extended("parameters: {lapse_rate: {value: off, median: 5%, sigma: 0.3}}\n")
    assert scenario.parameters["lapse_rate"].prior == Prior("lognormal", 0.05, 0.3)
    assert scenario.shocks["engagement"].drift.prior == Prior("normal", 0.05, 0.04)
    assert scenario.shocks["engagement"].half_life_months == 36.0


@pytest.mark.parametrize(
    ("written", "meant"),
    [("3%", 0.03), ("0.03", 0.03), ("３％", 0.03), ("36% a year", 0.03), ("每月3%", 0.03), ('"3% a month"', 0.03)],
)
def test_rates_as_people_write_them(extended, written, meant):
    scenario = extended(f"parameters: {{lapse_rate: {{value: {written}}}}}\n")
    assert scenario.parameters["lapse_rate"].prior == Prior("fixed", meant)


@pytest.mark.parametrize(
    ("written", "meant"), [("10万", 1e5), ("100k", 1e5), ('"1,221万户"', 12.21e6), ("unlimited", math.inf)]
)
def test_capacities_as_people_write_them(extended, written, meant):
    scenario = extended(f"parameters: {{desk_capacity: {{value: {written}}}}}\n")
    assert scenario.parameters["desk_capacity"].prior.centre == meant


def test_a_value_remembers_its_text_its_source_and_its_line(extended):
    value = extended("parameters:\n  lapse_rate: {value: 4%, source: a survey, evidence: test, note: of 2021}\n")
    value = value.parameters["lapse_rate"]
    assert value.text == "4%"
    whence = value.provenance
    assert (whence.source, whence.reason, whence.evidence) == ("a survey", "made up", "test")
    assert (whence.place.file.endswith("child.yaml"), whence.place.line) == (True, 3)
    assert extended("").parameters["imitation_rate"].text == "low 1%, high 10%"


def test_a_season_is_scaled_to_a_geometric_mean_of_one(extended):
    factors = [1.5, 1.2, 1, 1, 1, 1, 1, 1, 1, 1, 0.9, "+10%"]
    season = extended(
        f"season: {{resume_rate: {{by_month: [{', '.join(map(str, factors))}], reason: made up}}}}\n"
    ).season
    mean = (1.5 * 1.2 * 0.9 * 1.1) ** (1 / 12)
    np.testing.assert_allclose(season["resume_rate"], [f / mean for f in [1.5, 1.2, *[1] * 8, 0.9, 1.1]], rtol=1e-12)
    assert math.prod(season["resume_rate"]) == pytest.approx(1.0)


def test_shocks_correlation_and_wiggle(extended):
    scenario = extended("shocks: {adoption: {tails: 5}}\n")
    adoption, engagement = scenario.shocks["adoption"], scenario.shocks["engagement"]
    assert (adoption.size.prior, adoption.persistence.prior) == (Prior("fixed", 0.2), Prior("fixed", 0.5))
    assert (adoption.tails, engagement.tails) == (5.0, 0.0)
    assert engagement.persistence.prior == Prior.between("logitnormal", 0.3, 0.8)
    assert engagement.size.provenance.reason == "made up"
    assert (scenario.correlation.prior.centre, scenario.wiggle.prior.centre) == (0.3, 0.02)


def test_reported_figures_are_intervals_found_by_measure_and_month(extended):
    scenario = extended("")
    registered, mau = (scenario.figure(measure, Month.of(2022, 12)) for measure in ("registered", "mau"))
    assert (registered.interval.low, registered.interval.high) == (5.155e6, 5.165e6)
    assert (mau.interval.low, mau.interval.high, mau.interval.stale_share) == (1.74e6, 1.75e6, 0.02)
    assert scenario.figure("mau", Month.of(2021, 12)) is None


# ------------ levers and events


def test_a_lever_of_every_operation(lever):
    multiply = lever("parameter: lapse_rate, multiply: -20%, from: 2023-06")
    assert (multiply.operation, multiply.amount.prior) == ("multiply", Prior("fixed", 0.8))
    range_of_values = lever("parameter: lapse_rate, set: {low: 3%, high: 6%}, from: 2023-06")
    assert (range_of_values.operation, range_of_values.amount.prior) == ("set", Prior.between("lognormal", 0.03, 0.06))
    add = lever("parameter: lapse_rate, add: -1%, from: 2023-06")
    assert (add.operation, add.amount.prior) == ("add", Prior("fixed", -0.01))
    unsure = lever("parameter: lapse_rate, add: {mean: −0.5%, sd: 0.2%}, from: 2023-06")
    assert unsure.amount.prior == Prior("normal", -0.005, 0.002)
    fewer = lever("parameter: desk_capacity, add: -3万, from: 2023-06")
    assert fewer.amount.prior == Prior("fixed", -3e4)


def test_a_share_is_set(lever):
    found = lever("parameter: reach_share, set: {low: 85%, high: 95%}, from: 2024-01")
    assert found.amount.prior == Prior.between("logitnormal", 0.85, 0.95)


def test_dates_of_a_lever(lever):
    dated = lever("parameter: lapse_rate, multiply: 0.9, from: 2023-06, until: 2024-05")
    assert (dated.begins, dated.lasts_months) == (When(Month.of(2023, 6), Month.of(2023, 6)), 12)
    chinese = lever("parameter: lapse_rate, multiply: 0.9, from: 2023年6月, lasts_months: 12")
    assert (chinese.begins, chinese.lasts_months) == (dated.begins, 12)
    between = lever("parameter: lapse_rate, multiply: 0.9, from: {between: [2023-06, 2023-09]}, lasts_months: 3")
    assert (between.begins, between.lasts_months) == (When(Month.of(2023, 6), Month.of(2023, 9)), 3)
    endless = lever("parameter: lapse_rate, multiply: 0.9, from: 2023-06")
    assert endless.lasts_months == FOREVER


def test_a_ramp_and_a_half_life_go_together(lever):
    found = lever("parameter: lapse_rate, multiply: 0.9, from: 2023-06, ramp_months: 3, half_life_months: 2 years")
    assert (found.ramp_months, found.half_life_months) == (3.0, 24.0)
    assert lever("parameter: lapse_rate, multiply: 0.9, from: 2023-06, ramp_months: 0").ramp_months == 0.0


def test_bands_of_one_dimension_are_joined_and_of_several_crossed(extended):
    text = "levers:\n" + "".join(
        f"  {name}: {{parameter: lapse_rate, multiply: 0.9, from: 2023-06, for: {bands}, reason: r, evidence: test}}\n"
        for name, bands in {"one": "old", "both": "[young, old]", "cross": "[old, county]"}.items()
    )
    scenario = extended(text)
    touched = {lever.name: scenario.touched(lever).tolist() for lever in scenario.levers}
    assert touched == {
        "fee_waiver": [True, True, True, True],
        "one": [False, False, True, True],
        "both": [True, True, True, True],
        "cross": [False, False, False, True],
    }


def test_a_policy_with_its_condition_budget_and_cost(lever):
    found = lever(
        "parameter: resume_rate, multiply: 1.3, lasts_months: 6, cost: {once: 300万元, a_month: ¥0.5m}, when: "
        "{measure: mau, below: 170万, for_months: 2, at_most: 3, budget_a_year: 1000万元}"
    )
    assert found.trigger == Trigger("mau", 1.7e6, True, 2, 3, 1e7)
    assert found.cost == Cost(3e6, 5e5)
    assert found.lasts_months == 6
    assert found.begins.first == Month.of(2022, 12)
    assert found.begins.last > Month.of(2100, 1)


def test_a_policy_watches_in_the_window_that_it_names(lever):
    found = lever(
        "parameter: resume_rate, multiply: 1.3, lasts_months: 6, from: 2023-06, until: 2024-05, "
        "when: {measure: registered, above: 600万}"
    )
    assert found.begins == When(Month.of(2023, 6), Month.of(2024, 5))
    assert found.trigger == Trigger("registered", 6e6, False)


def test_an_event_befalls_and_comes_again(extended):
    *_, outage = extended(
        "events:\n  outage:\n    parameter: resume_rate\n    multiply: 0.5\n    lasts_months: 1\n"
        "    from: {mean_gap_months: 18, after: 2022-12}\n    reason: made up\n"
    ).levers
    assert not outage.chosen
    assert outage.begins == When(Month.of(2023, 1), Month.of(2023, 1), 18.0)
    assert outage.provenance.reason == "made up"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("multiply: 0.9, from: 2023-06", "multiply: 0.8, from: 2023-08"),
        ("set: 4%, from: 2023-06, for: old", "multiply: 0.8, from: 2023-06, for: young"),
        ("set: 4%, from: 2023-06, for: [old, city]", "add: -1%, from: 2023-06, for: [young, county]"),
        ("set: 4%, from: 2023-06, until: 2023-12", "multiply: 0.8, from: 2024-01"),
        ("set: 4%, from: 2023-06, lasts_months: 3", "set: 5%, from: {between: [2023-09, 2023-12]}, lasts_months: 2"),
        ("set: 4%, from: {between: [2023-01, 2023-03]}, lasts_months: 2", "add: 1%, from: 2023-05"),
        ("multiply: 0.9, from: {mean_gap_months: 9, after: 2022-12}, lasts_months: 2", "multiply: 0.8, from: 2023-06"),
        ("set: 4%, lasts_months: 3, until: 2023-12, when: {measure: mau, below: 170万}", "add: 1%, from: 2024-03"),
    ],
)
def test_changes_that_both_multiply_or_never_meet_go_together(extended, one, other):
    scenario = extended(
        f"levers:\n  a: {{parameter: lapse_rate, {one}, reason: r, evidence: test}}\n"
        f"  b: {{parameter: lapse_rate, {other}, reason: r, evidence: test}}\n"
    )
    assert [each.name for each in scenario.levers] == ["fee_waiver", "a", "b"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("set: 4%, from: 2023-06, until: 2023-12", "multiply: 0.8, from: 2023-12"),
        ("set: 4%, from: 2023-06, lasts_months: 3", "set: 5%, from: {between: [2023-08, 2023-12]}, lasts_months: 2"),
        ("set: 4%, from: {between: [2023-01, 2023-03]}, lasts_months: 2", "add: 1%, from: 2023-04"),
        ("set: 4%, lasts_months: 3, until: 2023-12, when: {measure: mau, below: 170万}", "add: 1%, from: 2024-02"),
    ],
)
def test_changes_that_may_meet_in_a_single_month_do_not(extended, one, other):
    with pytest.raises(InputError, match="only changes that both multiply may overlap"):
        extended(
            f"levers:\n  a: {{parameter: lapse_rate, {one}, reason: r, evidence: test}}\n"
            f"  b: {{parameter: lapse_rate, {other}, reason: r, evidence: test}}\n"
        )


# ------------ written back


def without_places(value: object) -> object:
    """Return the same with every place forgotten: what is left decides all that a run computes."""
    if isinstance(value, Place):
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value), {f.name: without_places(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: without_places(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(map(without_places, value))
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml")))
def test_the_resolved_text_is_a_scenario_with_the_same_content_and_the_same_luck(name, tmp_path, seed):
    scenario = load(ROOT / f"scenarios/{name}.yaml", MODEL)
    path = tmp_path / f"{name}.yaml"
    path.write_text(scenario.resolved, encoding="utf-8")
    again = load(path, MODEL)
    assert again.resolved == scenario.resolved
    assert without_places(dataclasses.replace(again, files=())) == without_places(
        dataclasses.replace(scenario, files=())
    )
    one, other = (draw(MODEL, each, Streams(seed), np.arange(3)) for each in (scenario, again))
    assert all(np.array_equal(one.base[parameter], other.base[parameter]) for parameter in one.base)
    assert np.array_equal(one.start, other.start)


# ------------ whatever is typed

CHANGES = """
levers:
  app: {parameter: lapse_rate, multiply: {low: 0.8, high: 1}, from: 2023-06, until: 2024-05, reason: r, evidence: test}
  desk: {parameter: desk_capacity, set: 20万, from: 2024-01, cost: {once: 3亿元, a_month: 9}, reason: r, evidence: test}
  back:
    parameter: revive_rate
    multiply: +30%
    for: [over_60, county]
    when: {measure: mau, below: 1.7亿, for_months: 2, at_most: 2, budget_a_year: 1亿元}
    lasts_months: 6
    ramp_months: 3
    half_life_months: 12
    cost: {a_month: 100万元}
    reason: r
    evidence: analogue
events:
  outage: {parameter: resume_rate, add: -1%, from: {mean_gap_months: 18, after: 2022-12}, lasts_months: 1, source: s}
  scandal: {parameter: drop_rate, multiply: 1.2, from: {between: [2024-01, 2024-06]}, lasts_months: 3, source: s}
season:
  drop_rate: {by_month: [1, 1.1, 1, 1, 1, 1, 1, 1, 1, 1, -5%, 0.9], reason: r}
"""
LINES = [
    line for line in (BASELINE.replace("posterior: icbc_mobile", "") + CHANGES).split("\n") if not line.startswith("#")
]
TOKEN = r"[^\s{}\[\],:\"]+"
TOKENS = sorted(set(re.findall(TOKEN, "\n".join(LINES))))
SIGNS = [
    " ",
    "  ",
    ":",
    ": ",
    "：",
    "-",
    "%",
    "{",
    "}",
    "[",
    "]",
    ",",
    "，",
    '"',
    "'",
    "#",
    "\t",
    "&",
    "*",
    "|",
    ">",
    "\n",
]
WORDS = [
    "off",
    "~",
    "null",
    "unlimited",
    "0",
    "-1",
    "1e99",
    "1e-99",
    "1e999",
    ".nan",
    "inf",
    "亿",
    "2022-13",
    "2199-12",
]
SPOT = st.floats(0, 1, exclude_max=True)
TYPED = st.one_of(st.sampled_from(SIGNS), st.characters(max_codepoint=0x2FFF))
SAID = st.one_of(st.sampled_from(WORDS), st.sampled_from(TOKENS))
HOW = st.sampled_from(["drop", "double", "swap", "move", "type", "cut", "value", "word", "word", "word", "word"])
SLIP = st.tuples(HOW, SPOT, SPOT, TYPED, SAID)


def slipped(lines: list[str], how: str, spot: float, other: float, typed: str, said: str) -> list[str]:
    """Return the lines with one slip of a person at a keyboard."""
    i, j = int(spot * len(lines)), int(other * len(lines))
    line = lines[i]
    at = int(other * (len(line) + 1))
    words = list(re.finditer(TOKEN, line)) or [re.match("", line)]
    word = words[int(other * len(words))]
    new = {
        "drop": [],
        "double": [line, line],
        "swap": [lines[j]],
        "move": [" " * (j % 7) + line.lstrip()],
        "type": [line[:at] + typed + line[at:]],
        "cut": [line[:at] + line[at + 1 :]],
        "value": [f"{line.partition(':')[0]}: {said}"],
        "word": [line[: word.start()] + said + line[word.end() :]],
    }[how]
    return [*lines[:i], *new, *lines[i + 1 :]]


def refusal_of(path: Path) -> InputError | None:
    try:
        assert isinstance(load(path, MODEL), Scenario)
    except InputError as refusal:
        return refusal
    return None


def test_the_text_that_is_mutated_is_valid(tmp_path):
    path = tmp_path / "typed.yaml"
    path.write_text("\n".join(LINES), encoding="utf-8")
    assert refusal_of(path) is None


@pytest.mark.slow
@settings(
    max_examples=250, deadline=2000, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(SLIP, min_size=1, max_size=4))
def test_whatever_is_typed_gives_a_scenario_or_a_message_soon(tmp_path, slips):
    lines = LINES
    for slip in slips:
        lines = slipped(lines or [""], *slip)
    path = tmp_path / "typed.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    began = time.process_time()
    refusal = refusal_of(path)
    assert time.process_time() - began < 2.0
    if refusal:
        assert refusal.problems
        assert all(problem.place and problem.place.line for problem in refusal.problems)
        assert len(str(refusal)) < 20_000


# ------------ what is printed


def test_what_a_file_does_not_say_of_print_is_the_default(extended):
    assert extended("question: nothing of it").reporting == Reporting()
    found = extended(
        "reporting:\n"
        "  redefinitions: {large: {mean: 20%, sd: 5%}, large_share: 30%, reason: r}\n"
        "  clean_ups: {size: {mean: 5%, sd: 1%}, source: s}\n"
    ).reporting
    sizes = ((pytest.approx(0.7), 0.08, 0.06), (0.3, 0.2, 0.05))
    assert dataclasses.replace(
        found.redefinitions, provenance=Reporting.redefinitions.provenance
    ) == dataclasses.replace(Reporting.redefinitions, sizes=sizes)
    assert dataclasses.replace(found.clean_ups, provenance=Reporting.clean_ups.provenance) == dataclasses.replace(
        Reporting.clean_ups, sizes=((1.0, 0.05, 0.01),)
    )
    assert (found.redefinitions.provenance.reason, found.clean_ups.provenance.source) == ("r", "s")
