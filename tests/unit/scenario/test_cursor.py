"""The cursor notes every problem with file, line and key, and one slip makes one message."""

import pytest

from mobank.base.errors import InputError
from mobank.base.quantities import read_month, read_share
from mobank.scenario import yaml_files
from mobank.scenario.cursor import MOST_PROBLEMS, Cursor, inherited


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Return a maker of a cursor on the tree of a text, or of one text that extends another."""
    monkeypatch.chdir(tmp_path)

    def at(text: str, parent: str = "") -> Cursor:
        (tmp_path / "parent.yaml").write_text(parent, encoding="utf-8")
        head = "extends: parent.yaml\n" if parent else ""
        (tmp_path / "a.yaml").write_text(head + text, encoding="utf-8")
        path = (tmp_path / "a.yaml").relative_to(tmp_path)
        return Cursor(yaml_files.load_extended(path)[0], "", [])

    return at


def told(cursor: Cursor) -> list[str]:
    return [str(problem) for problem in cursor.problems]


def test_a_value_is_told_where_it_stands_and_a_mapping_where_its_key_stands(read):
    top = read("start:\n  2022\nlevers:\n  app:\n    from: 2023-01\n")
    at = top.fields(("start", "levers"))
    at["start"].problem("it", "is odd")
    at["levers"].named()["app"].problem("it", "is odd")
    assert told(top) == ["a.yaml:2  start: it is odd", "a.yaml:4  levers.app: it is odd"]


def test_what_a_reader_refuses_is_told_with_its_hint_or_else_with_the_one_given(read):
    top = read("a: 2022-13\nb: 2022\nc: [1]\n")
    at = top.named()
    assert [at[name].read(read_month, "write it so") for name in "abc"] == [None, None, None]
    assert told(top) == [
        "a.yaml:1  a: '2022-13' must be a month, such as 2022-12; months are 01 to 12",
        "a.yaml:2  b: '2022' must be a month, such as 2022-12; write it so",
        "a.yaml:3  c: a list came where one value must stand; write it so",
    ]


def test_an_unknown_key_is_told_and_a_missing_one_that_it_seems_to_mean_is_not(read):
    top = read("mesure: mau\n")
    at = top.fields(("measure", "below"), required=("measure", "below"))
    assert told(top) == [
        "a.yaml:1  mesure: 'mesure' is not a key here; did you mean 'measure'?",
        "a.yaml:1  'below' is missing",
    ]
    assert not at.lacks("measure")
    assert at.lacks("below")
    assert not at.lacks("below", "measure")


def test_what_is_no_mapping_is_told_once_and_nothing_is_missing_from_it(read):
    top = read("when: mau\nlevers:\ncost: [3]\n")
    at = top.named()
    assert at["when"].fields(("measure",), required=("measure",), hint="write {measure: mau}") == {}
    assert at["levers"].fields(("app",), required=("app",)) == {}
    assert at["cost"].named() == {}
    assert told(top) == [
        "a.yaml:1  when: 'mau' came where a mapping must stand; write {measure: mau}",
        "a.yaml:2  levers: nothing came where a mapping must stand; write 'name: value' lines below it, or delete it",
        "a.yaml:3  cost: a list came where a mapping must stand; write it as 'name: value' lines",
    ]


def test_a_full_width_colon_where_a_mapping_should_stand_is_pointed_out(read):
    top = read("levers:\n  from：2023-01\n")
    assert top.named()["levers"].named() == {}
    assert told(top) == [
        "a.yaml:2  levers: 'from：2023-01' came where a mapping must stand; "
        "a full-width colon '：' was used; YAML needs ':' followed by a space"
    ]


def test_items_of_a_list_are_counted_from_one(read):
    top = read("a: [10%, x]\nb: 10%\nc: [1, 2, 3]\n")
    at = top.named()
    assert [item.read(read_share) for item in at["a"].items() or []] == [0.1, None]
    assert at["b"].items() is None
    assert at["c"].items(2, "write [a, b]") is None
    assert told(top) == [
        "a.yaml:1  a.2: 'x' must be a share from 0 to 1, such as 9% or 0.09",
        "a.yaml:2  b: '10%' came where a list must stand; write it as [a, b]",
        "a.yaml:3  c: a list of 3 must have 2 members; write [a, b]",
    ]


def test_texts_and_choices(read):
    top = read('a: " "\nb: tests\nc: test\nd:\n')
    at = top.named()
    assert at["a"].text() is None
    assert at["b"].choice(("test", "analogue"), "a kind of evidence") is None
    assert at["c"].choice(("test", "analogue")) == "test"
    assert at["d"].text() is None
    assert told(top) == [
        "a.yaml:1  a: nothing came where a text must stand",
        "a.yaml:2  b: 'tests' is not a kind of evidence; did you mean 'test'?",
        "a.yaml:4  d: nothing came where a text must stand",
    ]


@pytest.mark.parametrize("name", ["fee_waiver", "减免手续费", "wave-2", "below 5k"])
def test_names_are_words_of_any_script(read, name):
    top = read(f"{name}: 1\n")
    assert list(top.new_names("lever", 10)) == [name]
    assert top.problems == []


@pytest.mark.parametrize("name", ["a.b", "a/b", "-a", "'a:b'", "(a)"])
def test_names_that_could_not_be_joined_by_dots_are_refused(read, name):
    top = read(f"{name}: 1\n")
    assert top.new_names("lever", 10) == {}
    bare = name.strip("'")
    assert told(top) == [f"a.yaml:1  {bare}: '{bare}' cannot be the name of a lever; use letters, digits, '_' and '-'"]


def test_more_names_than_anyone_writes_are_refused_before_they_are_read(read):
    top = read("levers: {a: 1, b: 2, c: 3}\n").named()["levers"]
    assert top.new_names("lever", 2) == {}
    assert told(top) == ["a.yaml:1  levers: 3 levers are too many; at most 2 are read"]


def test_a_heap_of_unknown_keys_is_told_in_twenty_one_lines(read):
    top = read("".join(f"key{i}: 1\n" for i in range(500)))
    top.fields(("start",))
    assert len(told(top)) == 21
    assert told(top)[-1] == "a.yaml:21  key20: 'key20' and 479 keys after it are not a key here either"


def test_a_heap_of_problems_ends_the_reading(read):
    top = read("".join(f"key{i}: x\n" for i in range(1000)))
    with pytest.raises(InputError) as refusal:
        all(cursor.read(read_share) is None for cursor in top.named().values())
    lines = str(refusal.value).splitlines()
    assert lines[MOST_PROBLEMS] == f"a.yaml:200  {MOST_PROBLEMS} problems and perhaps more were found; mend these first"
    assert len(lines) == MOST_PROBLEMS + 2


def test_keys_inherited_from_the_file_extended_are_named_with_the_way_to_remove_them(read):
    top = read("rate: {value: 3%}\n", parent="rate: {low: 1%, high: 2%}\n")
    rate = top.named()["rate"]
    at = rate.named()
    assert inherited(rate, at, at) == "low and high stand in parent.yaml: write low: off, high: off here"
    assert inherited(rate, at, ["high"]) == "high stands in parent.yaml: write high: off here"
    assert inherited(rate, at, ["value"]) == ""
