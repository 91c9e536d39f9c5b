"""Keys are declared once: named by their attribute, read in their range, with hints made of their examples."""

import pytest

from mobank.base.quantities import read_count, read_number, read_share
from mobank.model.mobile_banking import MODEL
from mobank.scenario import yaml_files
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.changes import EventKeys, LeverKeys, TriggerKeys
from mobank.scenario.keys.values import ValueKeys
from mobank.scenario.kinds import MONTHS, NOTHING, ListOf, OneOf, Quantity


@pytest.fixture
def under(tmp_path, monkeypatch):
    """Return a maker of a cursor on what stands under a key of a file."""
    monkeypatch.chdir(tmp_path)

    def at(key: str, text: str) -> Cursor:
        (tmp_path / "a.yaml").write_text(f"{key}: {text}\n", encoding="utf-8")
        return Cursor(yaml_files.load((tmp_path / "a.yaml").relative_to(tmp_path)), "", []).named()[key]

    return at


def reported(here):
    return [str(problem) for problem in here.problems]


# ------------ what is declared


def test_a_key_is_named_by_its_attribute_and_python_keywords_lose_their_underscore():
    assert (LeverKeys.lasts_months.name, LeverKeys.for_.name, LeverKeys.from_.name) == ("lasts_months", "for", "from")


def test_an_event_has_the_keys_of_a_lever_but_for_what_is_chosen():
    assert set(LeverKeys.names()) - set(EventKeys.names()) == {"when", "cost"}
    assert EventKeys.ramp_months is LeverKeys.ramp_months


def test_a_hint_is_made_of_the_examples_of_the_keys_that_go_together():
    assert TriggerKeys.how() == "write {measure: mau, below: 1.7亿, for_months: 2}"
    assert ValueKeys.how() == "write {value: 3%}, {low: 3%, high: 9%}, {median: 5%, sigma: 0.4} or {mean: 5%, sd: 4%}"


# ------------ what is read


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (Quantity(read_count, MONTHS, 1, 1200), "0", "0 must be 1 to 1,200 months"),
        (
            Quantity(read_count, MONTHS, 1, 1200, hint="or leave it"),
            "1,201",
            "1,201 must be 1 to 1,200 months; or leave it",
        ),
        (Quantity(read_number, NOTHING, 0, 2, "low"), "0", "0 must be above 0 and at most 2"),
        (Quantity(read_share, NOTHING, 0, 1, "both"), "100%", "100% must be above 0% and below 100%"),
        (Quantity(read_share, NOTHING, 0, 0.1), "11%", "11% must be 0% to 10%"),
        (Quantity(read_count, NOTHING, 1), "0", "0 must be at least 1"),
        (Quantity(read_number, NOTHING), "x", "'x' must be a number, such as 0.4"),
        (OneOf(("calls", "visits"), "a channel"), "call", "'call' is not a channel; did you mean 'calls'?"),
        (ListOf(Quantity(read_share, NOTHING), 2), "[1%]", "a list of 1 must have 2 members"),
    ],
)
def test_what_is_out_of_range_is_refused_in_one_sentence(under, kind, text, told):
    here = under("key", text)
    assert kind.read(here) is None
    assert [problem.partition("key: ")[2] for problem in reported(here)] == [told]


@pytest.mark.parametrize("text", ["1", "1200", "1,200"])
def test_the_ends_of_a_range_belong_to_it(under, text):
    here = under("key", text)
    assert Quantity(read_count, MONTHS, 1, 1200).read(here) == int(text.replace(",", ""))
    assert reported(here) == []


def test_a_list_with_a_wrong_member_is_none_and_each_wrong_member_is_reported(under):
    here = under("key", "[10%, x, 20%, y]")
    assert ListOf(Quantity(read_share, NOTHING)).read(here) is None
    assert len(reported(here)) == 2


def test_a_key_left_out_has_its_default_and_one_that_is_wrong_has_none(under):
    here = under("app", "{parameter: revive_rate, ramp_months: often}")
    at = LeverKeys.at(here, MODEL)
    assert at.read(LeverKeys.parameter) == "revive_rate"
    assert at.read(LeverKeys.half_life_months) == 0.0
    assert at.read(LeverKeys.ramp_months) is None
    assert reported(here) == ["a.yaml:1  app.ramp_months: 'often' must be a duration, such as 6 months or 2 years"]


def test_a_required_key_that_is_missing_is_reported_unless_not_the_whole_is_asked_for(under):
    here = under("app", "{add: 1%}")
    LeverKeys.at(here, MODEL, whole=False)
    assert reported(here) == []
    LeverKeys.at(here, MODEL)
    assert reported(here) == ["a.yaml:1  app: 'parameter' is missing"]
