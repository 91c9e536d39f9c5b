"""Asks are read as written, and answered by counting paths: against paths whose answers are known by hand."""

from __future__ import annotations

import csv
from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from mobank.base.cells import read_table
from mobank.base.quantities import Month
from mobank.ensemble.plan import Plan
from mobank.ensemble.questions import NEVER, Answer, answer, met, passage
from mobank.ensemble.run import run
from mobank.ensemble.summary import QUANTILES
from mobank.model.mobile_banking import MODEL
from mobank.report.questions import HEAD, asks_table
from mobank.report.run import folder
from mobank.report.wording import ask_in_words
from mobank.scenario.reader import load
from mobank.scenario.scenario import Ask, Condition

ROOT = Path(__file__).parents[3]
BANK = ROOT / "tests/data/broken/parents/bank.yaml"
START = Month.of(2022, 12)
INFINITE = float("inf")


class Fake:
    """Paths as given: by measure, (T + 1, R)."""

    def __init__(self, scenario, **paths):
        self.paths = {name: np.array(values, float) for name, values in paths.items()}
        months, replicates = next(iter(self.paths.values())).shape
        self.plan = Plan(MODEL, replace(scenario, until=START + (months - 1)), draws=replicates)

    def month(self, measure, t, segment="all"):
        assert segment == "all"
        return self.paths[measure][t]


def at_least(level, measure="mau"):
    return Condition(measure, level, INFINITE, (str(level),))


def only(paths, ask):
    (found,) = answer(paths, [ask])
    return found


@pytest.fixture
def asked(tmp_path):
    """Return a reader of the asks in some lines below `asks:`, with the small bank."""

    def read(text):
        path = tmp_path / "child.yaml"
        path.write_text(f"extends: {BANK}\nasks:\n{text}", encoding="utf-8")
        return load(path, MODEL).asks

    return read


# ------------ what is read


@pytest.mark.parametrize(
    ("text", "low", "high", "ever"),
    [
        ("{measure: mau, at_least: 200万, by: 2025-06}", 2e6, INFINITE, True),
        ("{measure: mau, at_most: 1.5 million, by: 2025-06}", -INFINITE, 1.5e6, True),
        ("{measure: mau, at_least: 170万, in: 2025年6月}", 1.7e6, INFINITE, False),
        ("{measure: mau, between: [180万, 220万], in: 2025-06}", 1.8e6, 2.2e6, False),
        ("{measure: stickiness, at_least: 35%, by: 2025-06}", 0.35, INFINITE, True),
        ("{measure: quick_ratio, at_most: 0.9, in: 2025-06}", -INFINITE, 0.9, False),
        ("{measure: lost, at_least: 10万, in: 2025-06}", 1e5, INFINITE, False),
        ("{measure: customers, at_least: 750万, by: 2025-06}", 7.5e6, INFINITE, True),
    ],
)
def test_an_ask_says_between_which_levels_a_measure_must_lie_and_when(asked, text, low, high, ever):
    (ask,) = asked(f"  goal: {text}\n")
    assert (ask.name, ask.month, ask.ever, ask.rival) == ("goal", Month.of(2025, 6), ever, None)
    assert (ask.condition.low, ask.condition.high) == (low, high)


def test_a_race_has_a_rival(asked):
    runners = "reaches_first: {measure: mau, at_least: 200万}, before: {measure: registered, at_least: 6 million}"
    (ask,) = asked(f"  race: {{{runners}, by: 2025-12}}\n")
    assert ask.condition == Condition("mau", 2e6, INFINITE, ("200万",))
    assert ask.rival == Condition("registered", 6e6, INFINITE, ("6 million",))
    assert ask.ever


def test_a_scenario_without_asks_has_none(baseline):
    assert replace(baseline, asks=()).asks == ()
    assert load(BANK, MODEL).asks == ()


def test_an_ask_of_the_parent_can_be_taken_away_or_moved(tmp_path):
    child = tmp_path / "child.yaml"
    parent = ROOT / "tests/data/broken/parents/asking.yaml"
    child.write_text(f"extends: {parent}\nasks: {{goal: off}}\n", encoding="utf-8")
    assert load(child, MODEL).asks == ()
    child.write_text(f"extends: {parent}\nasks: {{goal: {{by: off, in: 2025-01}}}}\n", encoding="utf-8")
    (ask,) = load(child, MODEL).asks
    assert (ask.ever, ask.month) == (False, Month.of(2025, 1))


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        ("{measure: mau, at_least: 200万, by: 2025-06}", "monthly active users at least 200万 by 2025-06",
         "不迟于2025-06：月活用户至少200万"),
        ("{measure: mau, at_most: 200万, in: 2025-06}", "monthly active users at most 200万 in 2025-06",
         "2025-06当月：月活用户至多200万"),
        ("{measure: mau, between: [180万, 2 m], in: 2025-06}", "monthly active users between 180万 and 2 m in 2025-06",
         "2025-06当月：月活用户在180万与2 m之间"),
        ("{reaches_first: {measure: mau, at_least: 2 m}, before: {measure: registered, at_least: 6 m}, by: 2025-06}",
         "monthly active users at least 2 m before registered users at least 6 m, by 2025-06",
         "不迟于2025-06：月活用户至少2 m先于注册用户至少6 m"),
    ],
)  # fmt: skip
def test_an_ask_is_said_in_both_languages(asked, text, en, zh):
    (ask,) = asked(f"  goal: {text}\n")
    assert (ask_in_words(ask, MODEL, "en"), ask_in_words(ask, MODEL, "zh")) == (en, zh)


# ------------ what is answered


def test_first_passage_counts_a_level_that_was_reached_and_lost_again(baseline):
    paths = Fake(baseline, mau=[[1, 1, 1, 3], [3, 1, 1, 1], [1, 1, 1, 1], [1, 3, 1, 1]])
    np.testing.assert_array_equal(passage(paths, at_least(3), 3), [1, 3, NEVER, 0])
    np.testing.assert_array_equal(passage(paths, at_least(3), 2), [1, NEVER, NEVER, 0])
    once = only(paths, Ask("goal", at_least(3), START + 2, ever=True))
    assert once.held.tolist() == [True, False, False, True]
    assert (once.chance, once.never) == (0.5, 0.25)
    then = only(paths, Ask("goal", at_least(3), START + 3, ever=False))
    assert then.held.tolist() == [False, True, False, False]
    assert np.isnan(then.never)
    assert then.reached == ()


def test_the_quantiles_of_the_month_are_over_all_replicates_those_included_that_never_arrive(baseline):
    steps = np.where(np.arange(5)[:, None] >= [0, 1, 1, 2, 2, 3, 3, 4, 9, 9], 3, 1)  # (T + 1, R): arrival by column
    found = only(Fake(baseline, mau=steps), Ask("goal", at_least(3), START + 2, ever=True))
    assert (found.chance, found.never) == (0.5, 0.2)
    wanted = {0.05: 0, 0.1: 0, 0.25: 1, 0.5: 2, 0.75: 4, 0.9: None, 0.95: None}
    assert found.reached == tuple(None if wanted[q] is None else START + wanted[q] for q in QUANTILES)


def test_a_race_is_won_by_coming_in_an_earlier_month(baseline):
    mau = [[1, 1, 1, 1, 1], [3, 1, 3, 1, 1], [3, 1, 3, 1, 1], [3, 1, 3, 1, 3]]
    registered = [[5, 5, 5, 5, 5], [5, 7, 7, 5, 5], [7, 7, 7, 5, 5], [7, 7, 7, 5, 5]]
    race = Ask("race", at_least(3), START + 2, ever=True, rival=at_least(7, "registered"))
    found = only(Fake(baseline, mau=mau, registered=registered), race)
    assert found.held.tolist() == [True, False, False, False, False]
    assert (found.chance, found.rival_first, found.together, found.never) == (0.2, 0.2, 0.2, 0.4)


def test_levels_are_included_and_what_is_undefined_is_not_met():
    within = Condition("mau", 2.0, 3.0, ("2", "3"))
    values = np.array([1.9, 2.0, 2.5, 3.0, 3.1, np.nan])
    assert met(within, values).tolist() == [False, True, True, True, False, False]
    assert met(replace(within, low=-INFINITE), values).tolist() == [True, True, True, True, False, False]


@pytest.mark.parametrize(("hits", "of"), [(0, 40), (40, 40), (13, 40), (670, 1000)])
def test_the_errors_are_the_binomial_one_and_wilsons_interval(hits, of):
    ask = Ask("goal", at_least(1), START + 1, ever=True)
    found = Answer(ask, np.arange(of) < hits)
    assert found.standard_error == pytest.approx(sqrt(hits / of * (1 - hits / of) / of))
    oracle = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    assert found.interval == pytest.approx((oracle.low, oracle.high), abs=1e-12)


@pytest.fixture(scope="module")
def eventful(tmp_path_factory):
    path = tmp_path_factory.mktemp("asked") / "asked.yaml"
    path.write_text(
        f"extends: {ROOT / 'scenarios/baseline.yaml'}\nasks:\n"
        "  two_hundred_million: off\n  active_2027: off\n  registered_2027: off\n"
        "  two: {measure: mau, at_least: 2亿, by: 2025-12}\n"
        "  later: {measure: mau, at_least: 2亿, in: 2025-12}\n"
        "  sticky: {measure: quick_ratio, at_least: 1.01, in: 2024-06}\n",
        encoding="utf-8",
    )
    return load(path, MODEL)


def test_a_run_answers_as_its_whole_paths_do(eventful):
    with run(Plan(MODEL, eventful, draws=300, seed=5)) as whole:
        once, then, ratio = answer(whole, eventful.asks)
        mau, quick = whole.path("mau"), whole.path("quick_ratio")
    np.testing.assert_array_equal(once.held, (mau[:37] >= 2e8).any(axis=0))
    np.testing.assert_array_equal(then.held, mau[36] >= 2e8)
    np.testing.assert_array_equal(ratio.held, quick[18] >= 1.01)
    assert once.never == np.mean(~(mau >= 2e8).any(axis=0))
    assert then.chance < once.chance < 1 - once.never


@pytest.mark.slow
def test_the_folder_holds_the_answers_and_the_table_shows_them(eventful, tmp_path):
    made = folder.make(Plan(MODEL, eventful, draws=40, seed=5), tmp_path / "one", "en", "mobank run")
    assert "asks.csv" in made.record["files"]
    assert (made.folder / "asks.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = read_table(made.folder / "asks.csv")
    assert tuple(rows[0]) == HEAD
    assert [row["ask"] for row in rows] == ["two", "later", "sticky"]
    with (made.folder / "asks.csv").open(encoding="utf-8-sig") as file:
        assert next(csv.reader(file))[2] == "问题"
    for lang, head in (("en", "asked"), ("zh", "所问")):
        table = asks_table(rows, lang)
        assert table.columns[0].head == head
        chances = [f"{100 * float(row['chance']):.1f} %" for row in rows]
        assert [each[1] for each in table.rows] == chances
