"""Keys of a scenario's tree changed by a program: as a file that extends it would, with the key in every message."""

import numpy as np
import pytest

from mobank.base.errors import InputError, Place
from mobank.base.quantities import Month
from mobank.scenario.editing import edited
from mobank.scenario.tree import dump
from mobank.scenario.yaml_files import load_extended, parse
from tests.conftest import ROOT

HERE = Place("<with_>", 0)


@pytest.fixture
def tree():
    return load_extended(ROOT / "scenarios" / "better_release.yaml")[0]


def value_of(tree, key):
    for word in key.split("."):
        tree = tree.entries[word].node
    return tree


LEVER = "levers.release_keeps_regulars"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("-12%", "-12%"),
        (0.88, "0.88"),
        (np.float64(0.5), "0.5"),
        (2, "2"),
        (np.int64(3), "3"),
        (1e-7, "1e-07"),
        (Month.of(2024, 1), "2024-01"),
    ],
)
def test_a_value_is_written_as_a_file_would_write_it(tree, value, text):
    assert value_of(edited(tree, {f"{LEVER}.multiply": value}, HERE), f"{LEVER}.multiply").text == text


def test_nothing_but_the_key_changes_and_the_tree_given_is_left_alone(tree):
    before = dump(tree)
    after = edited(tree, {f"{LEVER}.ramp_months": "3"}, HERE)
    different = [pair for pair in zip(before.split("\n"), dump(after).split("\n"), strict=True) if pair[0] != pair[1]]
    assert len(different) == 1
    assert dump(tree) == before


def test_mappings_merge_lists_replace_and_off_removes(tree):
    after = edited(tree, {LEVER: {"for": ["over_60"]}, "asks": "off"}, HERE)
    assert [item.text for item in value_of(after, f"{LEVER}.for").items] == ["over_60"]
    assert "multiply" in value_of(after, LEVER).entries
    assert "asks" not in after.entries


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levers.release_keeps_regular.multiply": "-12%"},
         "<with_>  levers.release_keeps_regular.multiply: 'release_keeps_regular' is not there to be changed; did you "
         "mean 'release_keeps_regulars'?"),
        ({"until.of.it": "x"}, "<with_>  until.of.it: 'of' is not there to be changed"),
        ({"levers.other": "off"},
         "<with_>  levers.other: 'off' removes what is not there; allowed: release_keeps_regulars, "
         "release_keeps_newcomers"),
        ({f"{LEVER}.multiply": None},
         f"<with_>  {LEVER}.multiply: 'None' must be a text, a number, a month, a list or a mapping of these"),
        ({f"{LEVER}.multiply": True},
         f"<with_>  {LEVER}.multiply: 'True' must be a text, a number, a month, a list or a mapping of these"),
        ({f"{LEVER}.reason": "a\x07"},
         f"<with_>  {LEVER}.reason: the unprintable character U+0007 is not allowed; delete it"),
        ({f"{LEVER}.for": [{}, object]},
         f"<with_>  {LEVER}.for.2: \"<class 'object'>\" must be a text, a number, a month, a list or a mapping of "
         "these"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_is_told_with_its_key(tree, changes, message):
    with pytest.raises(InputError) as error:
        edited(tree, changes, HERE)
    assert str(error.value) == f"{message}\n1 problem; nothing was run."


def test_all_keys_that_cannot_be_changed_are_told_at_once(tree):
    with pytest.raises(InputError) as error:
        edited(tree, {"a.b": 1, "c.d": 2}, HERE)
    assert [problem.key for problem in error.value.problems] == ["a.b", "c.d"]


def test_what_is_written_can_be_read_again(tree):
    after = edited(tree, {"question": 'a: "b" # c', f"{LEVER}.reason": "off\n off"}, HERE)
    again = parse(dump(after), ROOT)
    assert value_of(again, "question").text == 'a: "b" # c'
    assert value_of(again, f"{LEVER}.reason").text == "off\n off"


def test_what_a_scenario_extends_cannot_be_changed(tree):
    with pytest.raises(InputError) as refusal:
        edited(tree, {"extends": "better_release"}, HERE)
    assert "'extends' cannot be changed" in str(refusal.value)
