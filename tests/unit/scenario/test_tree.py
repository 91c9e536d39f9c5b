"""YAML becomes a tree with places; the unneeded is refused; `extends` merges; the tree is written back."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mobank.base.errors import InputError, Place
from mobank.scenario import yaml_files, yaml_text
from mobank.scenario.tree import Entry, Mapping, Node, Scalar, Sequence, dump, merge

HERE = Place("here", 1)


@pytest.fixture(params=["libyaml", "python"])
def parser(request, monkeypatch):
    """Each of PyYAML's two parsers; the second is all that there is where libyaml is not installed."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes texts or bytes to files of a folder in which we then are, so that messages show short paths."""
    monkeypatch.chdir(tmp_path)

    def write(text: str | bytes, name: str = "x.yaml") -> Path:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path(name)

    return write


def texts(node: Node) -> object:
    """The tree as plain dictionaries, lists and texts."""
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [texts(item) for item in node.items]
        case Mapping():
            return {name: texts(entry.node) for name, entry in node.entries.items()}


def tree(value: object) -> Node:
    """The reverse of `texts`."""
    match value:
        case dict():
            return Mapping({name: Entry(HERE, tree(each)) for name, each in value.items()}, HERE)
        case list():
            return Sequence(tuple(map(tree, value)), HERE)
    return Scalar(str(value), HERE, quoted=False)


def refusal(path: Path, read=yaml_files.load) -> str:
    with pytest.raises(InputError) as caught:
        read(path)
    return str(caught.value).removesuffix("\n1 problem; nothing was run.")


# ------------ reading


def test_every_key_and_value_knows_its_line_and_column(write, parser):
    root = yaml_files.load(write("# 情景\nlevers:\n  减免: {factor: +12%}\n  months: [1, '2']\n"))
    levers = root.entries["levers"]
    factor = levers.node.entries["减免"].node.entries["factor"]
    months = levers.node.entries["months"].node
    assert (levers.key_place, levers.node.place) == (Place("x.yaml", 2, 1), Place("x.yaml", 3, 3))
    assert (factor.key_place, factor.node.place) == (Place("x.yaml", 3, 8), Place("x.yaml", 3, 16))
    assert months.items == (
        Scalar("1", Place("x.yaml", 4, 12), quoted=False),
        Scalar("2", Place("x.yaml", 4, 15), quoted=True),
    )


def test_scalars_stay_the_texts_that_were_written(write, parser):
    text = "a: no\nb: 12:30:45\nc: 0x1F\nd: 2022-12-31\ne: ~\nf:\ng: ''\nh: 1_000\ni: +12%\nj: 5.16亿户\n"
    assert texts(yaml_files.load(write(text))) == {
        **{"a": "no", "b": "12:30:45", "c": "0x1F", "d": "2022-12-31", "e": "~", "f": "", "g": ""},
        **{"h": "1_000", "i": "+12%", "j": "5.16亿户"},
    }


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfa: 1\nb: 2\n", b"a: 1\r\nb: 2\r\n", b"a: 1\rb: 2\r", b"a: 1\nb: 2"])
def test_a_byte_order_mark_and_any_line_ending_are_tolerated(write, parser, text):
    root = yaml_files.load(write(text))
    assert texts(root) == {"a": "1", "b": "2"}
    assert root.entries["b"].key_place == Place("x.yaml", 2, 1)


def test_full_width_punctuation_in_a_value_is_text(write):
    text = "a: 一：二，三\nb: “新”\nc:\n  第一：再\nd: ['一，二', \"三：四\"]\n"
    assert texts(yaml_files.load(write(text))) == {
        "a": "一：二，三",
        "b": "“新”",
        "c": "第一：再",
        "d": ["一，二", "三：四"],
    }


def test_nesting_of_twenty_levels_is_read(write):
    root = yaml_files.load(write("a: " + "[" * 19 + "]" * 19))
    assert texts(root)["a"] == [[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]


# ------------ refusing: the text

BROKEN = [
    ("", "x.yaml:1  an empty file must be a mapping, one 'key: value' a line"),
    ("# nothing\n", "x.yaml:1  an empty file must be a mapping, one 'key: value' a line"),
    ("---\n", "x.yaml:2  an empty file must be a mapping, one 'key: value' a line"),
    ("- a\n", "x.yaml:1  a list must be a mapping, one 'key: value' a line"),
    ("a\n", "x.yaml:1  'a' must be a mapping, one 'key: value' a line"),
    (
        "a:5\n",
        "x.yaml:1  'a:5' must be a mapping, one 'key: value' a line; YAML needs a space after ':'",
    ),
    (
        "单位：5\n",
        "x.yaml:1  '单位：5' must be a mapping, one 'key: value' a line; "
        "a full-width colon '：' was used; YAML needs ':' followed by a space",
    ),
    ("{: 5}\n", "x.yaml:1  a text must not begin with ':'; put it in quotes"),
    (": 5\n", "x.yaml:1  an empty key must be a word"),
    ("'': 5\n", "x.yaml:1  an empty key must be a word"),
    ("a: 1\n' b': 5\n", "x.yaml:2  the key ' b' must not begin or end with a space"),
    ("k" * 101 + ": 1\n", "x.yaml:1  a key of 101 characters must have at most 100"),
    ("? {a: 1}\n: 1\n", "x.yaml:1  a key that is a list or a mapping must be a word"),
    ("a: ! 5\n", "x.yaml:1  a: the tag '!' is not read; delete it"),
    ("a: &x\n", "x.yaml:1  a: the anchor '&x' is not read; delete it"),
    ("*x : 5\n", "x.yaml:1  the alias '*x' is not read; write the value out"),
    ("a: 1\n...\n---\nb: 2\n", "x.yaml:3  a second document must be a file of its own"),
    ('a: "\\0"\n', "x.yaml:1  a: the unprintable character U+0000 is not allowed; delete it"),
    ("a: 1\nb: \x7f\n", "x.yaml:2  the unprintable character U+007F is not allowed; delete it"),
    ("a: 1\nb: x\u2028c: y\n", "x.yaml:2  the unprintable character U+2028 is not allowed; delete it"),
    ("a: {b：1}\n", "x.yaml:1  a: 'b：1' holds a full-width '：' inside [ ] or { }; FLOW"),
    (
        "a:\n　b: 1\n",
        "x.yaml:2  the key '\\u3000b' must not begin or end with a space; indent with ordinary spaces",
    ),
]

NOT_YAML = [
    ("a:\n  b: 1\n c: 2\n", "x.yaml:3  an indentation of 1 space must be 0 or 2"),
    ("a:\n    b: 1\n  c: 2\n", "x.yaml:3  an indentation of 2 spaces must be 0 or 4"),
    ("a:\n  - b: 1\n     c: 2\n", "x.yaml:3  an indentation of 5 spaces must be 0 or 2 or 4"),
    ("a: 1\n\n# why\n  b: 2\n", "x.yaml:4  an indentation of 2 spaces must be 0"),
    ("a: 1\n- b\n", "x.yaml:2  an item of a list must not stand among keys; indent the list below its key"),
    ("a:\n  - b\n  c: 1\n", "x.yaml:3  a line without '-' must not stand among the items of a list"),
    (
        "-a\nb: 1\n",
        "x.yaml:2  this line does not fit below the line above; write 'key: value' or '- item'",
    ),
    (
        "a: 1\n...\nb: 2\n",
        "x.yaml:3  this line does not fit below the line above; write 'key: value' or '- item'",
    ),
    ("a: b: c\n", "x.yaml:1  what follows the value is not read; put the whole value in quotes"),
    ('a: "b" c\n', "x.yaml:1  what follows the value is not read; put the whole value in quotes"),
    ("a: 'it's'\n", "x.yaml:1  what follows the value is not read; put the whole value in quotes"),
    (
        "a: [1,\n  2\nb: 3\n",
        "x.yaml:1  the list that opens here must have ',' between items and end with ']'",
    ),
    (
        "a: {b: 1 c: 2}\n",
        "x.yaml:1  the mapping that opens here must have ',' between pairs and end with '}'",
    ),
    ("a: [1,\n\n", "x.yaml:1  the file must not end inside an open [ or {"),
    ("a: [1,\n {", "x.yaml:2  the file must not end inside an open [ or {"),
    ('a: "b\nc: d\n', "x.yaml:1  the quote that opens here is never closed"),
    ('a: "b\\q"\n', "x.yaml:1  a backslash in double quotes must begin an escape of YAML; use single quotes"),
    (
        'a: "\\u12"\n',
        "x.yaml:1  a backslash in double quotes must begin an escape of YAML; use single quotes",
    ),
    ("a: 1\nb\n", "x.yaml:2  this line is not 'key: value' or '- item'"),
    ("a: |x\n", "x.yaml:1  a text after '|' or '>' must begin on the next line"),
    ("a: %5\n", "x.yaml:1  a text must not begin with '%'; put it in quotes"),
    ("a: @b\n", "x.yaml:1  a text must not begin with '@'; put it in quotes"),
    ("a: * 5\n", "x.yaml:1  a text must not begin with '*'; put it in quotes"),
    ("a: & b\n", "x.yaml:1  a text must not begin with '&'; put it in quotes"),
    ("a: !<b\n", "x.yaml:1  a text must not begin with '!'; put it in quotes"),
    ("a: 1]\nb: }\n", "x.yaml:2  a text must not begin with '}'; put it in quotes"),
    ("a: ?\n", "x.yaml:1  a text must not begin with '?'; put it in quotes"),
    (
        "%YAML 2.0\n---\na: 1\n",
        "x.yaml:1  this line is not the YAML that is read here; write 'key: value' or '- item'",
    ),
    ("a: 1\nfrom：2023-01\n", "x.yaml:2  this line is not 'key: value'; COLON"),
    ("a:\n  - from：2023-01\n    until: 2024-01\n", "x.yaml:2  this line is not 'key: value'; COLON"),
    ("a:\n  b:5\n  c: 1\n", "x.yaml:2  this line is not 'key: value'; YAML needs a space after ':'"),
    (
        "a:　5\nb: 1\n",
        "x.yaml:1  this line is not 'key: value'; a full-width space was used; YAML needs an ordinary space after ':'",
    ),
    (
        "a:\n－ b\nc: 1\n",
        "x.yaml:2  this line is not 'key: value'; a full-width dash '－' was used; YAML needs '-' followed by a space",
    ),
    (
        "a: “b: c”\n",
        "x.yaml:1  this line is not 'key: value'; full-width quotes were used; YAML needs \" or '",
    ),
    (
        "a: ［b: c］\n",
        "x.yaml:1  this line is not 'key: value'; full-width brackets were used; YAML needs [ ] or { }",
    ),
]

ABBREVIATIONS = {
    "COLON": "a full-width colon '：' was used; YAML needs ':' followed by a space",
    "FLOW": "use ',' and ': ', or put the text in quotes",
}


@pytest.mark.parametrize(("text", "message"), BROKEN + NOT_YAML)
def test_a_broken_text_is_refused_in_our_words_by_either_parser(write, parser, text, message):
    for short, long in ABBREVIATIONS.items():
        message = message.replace(short, long)
    assert refusal(write(text)) == message


def test_all_problems_of_a_file_are_told_at_once_up_to_where_it_cannot_be_read(write, parser):
    assert refusal(write("a: 1\na: &x 2\nb: !!int 3\nc: [4\n")) == (
        "x.yaml:2  a: the anchor '&x' is not read; delete it\n"
        "x.yaml:2  a: this key must stand only once; it first stands in line 1\n"
        "x.yaml:3  b: the tag '!!int' is not read; delete it\n"
        "x.yaml:4  the list that opens here must have ',' between items and end with ']'\n"
        "4 problems; nothing was run."
    )


def test_an_error_elsewhere_is_not_blamed_on_full_width_quotes_above_it(write):
    assert refusal(write("a: “新”\n  b: 1\n")) == "x.yaml:2  an indentation of 2 spaces must be 0"


@pytest.mark.parametrize("opening", ["[", "{a: ", "[\n", "- ", "? ", "[{a: "])
def test_nesting_of_fifty_thousand_levels_is_refused_quickly(write, parser, opening):
    path = write("a:\n " + opening * 50_000)
    start = time.perf_counter()
    message = refusal(path)
    assert time.perf_counter() - start < 2
    assert message.endswith("  nesting deeper than 20 levels is not read")


def test_blocks_nested_too_deep_are_refused(write):
    path = write("".join(" " * level + "a:\n" for level in range(1_000)))
    assert refusal(path) == "x.yaml:21  nesting deeper than 20 levels is not read"


def test_a_file_of_more_than_a_hundred_thousand_values_is_refused(write):
    message = "x.yaml:1  a file of more than 40,000 keys and values is not read"
    assert refusal(write("a: [" + "1," * 200_000 + "]")) == message


def test_a_file_of_fifty_megabytes_is_refused_unread(write, monkeypatch):
    path = write("a: 1\n")
    os.truncate(path, 50_000_000)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("it was read"))
    assert refusal(path) == "x.yaml  this file has 50,000,000 bytes; at most 1,048,576 are read"


PIECES = [
    "a",
    "b: ",
    ": ",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    " ",
    "'",
    '"',
    "|",
    "&x ",
    "*x",
]
PIECES += ["!t ", "#", " #", "? ", "：", "“", "-8%", "\\", "%", "@", "---", "...", "<<: ", "\t", "\x00", "　"]


def test_random_pieces_of_yaml_are_read_or_refused_and_never_break_a_parser(write, parser):
    luck = random.Random(7)
    for _ in range(500):
        path = write("".join(luck.choices(PIECES, k=luck.randrange(1, 14))))
        with suppress(InputError):
            assert isinstance(yaml_files.load(path), Mapping)


# ------------ refusing: the file


def test_a_missing_file_is_refused_with_the_nearest_one(write):
    write("a: 1\n", "baseline.yaml")
    assert refusal(Path("basline.yaml")) == "basline.yaml  this file does not exist; did you mean 'baseline.yaml'?"


def test_a_missing_folder_is_refused_without_a_guess(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refusal(Path("no/x.yaml")) == "no/x.yaml  this file does not exist"


def test_a_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").mkdir()
    assert refusal(Path("x.yaml")) == "x.yaml  this file is a folder, not a YAML file"


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("x.yaml")
    assert refusal(Path("x.yaml")) == "x.yaml  this file is a pipe or a device, not a YAML file"


def test_a_device_is_refused():
    assert refusal(Path("/dev/zero")) == "/dev/zero  this file is a pipe or a device, not a YAML file"


def test_a_file_below_a_file_is_refused(write):
    path = write("a: 1\n")
    assert refusal(path / "y.yaml") == "x.yaml/y.yaml  this file cannot be read (Not a directory)"


def test_a_file_that_may_not_be_read_is_refused(write, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", deny)
    assert refusal(write("a: 1\n")) == "x.yaml  this file cannot be read (Permission denied)"


# ------------ extends


def test_a_child_is_merged_over_its_parents_and_the_chain_is_told(write):
    write("seed: 1\nlevers:\n  a: {factor: '1', from: '2'}\n  b: {factor: '3'}\nlist: [1, 2]\n", "root.yaml")
    write("extends: ../root.yaml\nlevers:\n  b: off\n  c: {factor: '4'}\n", "deep/middle.yaml")
    child = write("levers:\n  a: {factor: '5'}\nlist: [3]\nextends: deep/middle.yaml\n")
    root, chain = yaml_files.load_extended(child)
    assert texts(root) == {
        "seed": "1",
        "levers": {"a": {"factor": "5", "from": "2"}, "c": {"factor": "4"}},
        "list": ["3"],
    }
    assert chain == (Path("x.yaml"), Path("deep/middle.yaml"), Path("root.yaml"))
    factor, since = root.entries["levers"].node.entries["a"].node.entries.values()
    assert (str(factor.key_place), str(since.key_place)) == ("x.yaml:2", "root.yaml:3")


def test_a_file_without_extends_is_its_own_chain(write):
    root, chain = yaml_files.load_extended(write("a: 1\n"))
    assert (texts(root), chain) == ({"a": "1"}, (Path("x.yaml"),))


def test_an_absolute_path_can_be_extended(write, tmp_path):
    write("a: 1\n", "root.yaml")
    root, chain = yaml_files.load_extended(write(f"extends: {tmp_path}/root.yaml\n"))
    assert (texts(root), chain) == ({"a": "1"}, (Path("x.yaml"), tmp_path / "root.yaml"))


def test_a_folder_that_is_a_link_is_followed_before_its_dots(write, tmp_path):
    write("a: wrong\n", "root.yaml")
    write("a: right\n", "elsewhere/root.yaml")
    Path("elsewhere/deep").mkdir()
    Path("link").symlink_to(tmp_path / "elsewhere/deep")
    root, chain = yaml_files.load_extended(write("extends: link/../root.yaml\n"))
    assert (texts(root), chain[1]) == ({"a": "right"}, Path("link/../root.yaml"))


def test_ten_parents_are_read_and_an_eleventh_is_refused(write):
    write("a: 1\n", "0.yaml")
    for level in range(1, 12):
        write(f"extends: {level - 1}.yaml\n", f"{level}.yaml")
    root, chain = yaml_files.load_extended(Path("10.yaml"))
    assert (texts(root), len(chain)) == ({"a": "1"}, 11)
    assert refusal(Path("11.yaml"), yaml_files.load_extended) == (
        "1.yaml:1  extends: '0.yaml' is one too many; at most 10 files may be extended in a row"
    )


@pytest.mark.parametrize("text", ["extends:\n", "extends: {a: b.yaml}\n", "extends: [b.yaml]\n"])
def test_extends_is_one_path(write, text):
    message = "x.yaml:1  extends: it must be the path of a YAML file, relative to this one"
    assert refusal(write(text), yaml_files.load_extended) == message


def test_a_file_that_extends_itself_is_refused(write):
    message = "x.yaml:1  extends: './x.yaml' leads in a circle; x.yaml -> x.yaml"
    assert refusal(write("extends: ./x.yaml\n"), yaml_files.load_extended) == message


def test_off_in_quotes_is_a_text_and_removes_nothing(write):
    write("a: 1\n", "root.yaml")
    root, _ = yaml_files.load_extended(write("extends: root.yaml\na: 'off'\n"))
    assert texts(root) == {"a": "off"}


def test_a_mapping_replaces_a_scalar_and_a_scalar_a_mapping():
    parent, child = tree({"a": "1", "b": {"c": "2"}}), tree({"a": {"d": "3"}, "b": "4"})
    assert texts(merge(parent, child)) == {"a": {"d": "3"}, "b": "4"}


def test_removing_what_is_not_there_is_refused_also_in_what_is_new():
    with pytest.raises(InputError) as caught:
        merge(tree({"summer": "1"}), tree({"sumer": "off", "new": {"a": "off"}}))
    assert str(caught.value) == (
        "here:1  sumer: 'off' removes what is not there; did you mean 'summer'?\n"
        "here:1  new.a: 'off' removes what is not there\n"
        "2 problems; nothing was run."
    )


# ------------ writing

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20).filter(
    lambda text: not any(yaml_text._unprintable_characters(text, ""))
)
ODD_TEXTS = st.sampled_from(
    [
        "",
        "-",
        "--- a",
        "...",
        "- a",
        "a: b",
        "a:",
        "a #b",
        "#",
        "off",
        "~",
        " a ",
        "-8%",
        "a\nb\n",
        "\ta",
        "'",
        '"',
        "\\",
    ]
)
KEYS = TEXTS.filter(lambda text: text and text == text.strip() and text != "<<")
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        TEXTS | ODD_TEXTS,
        lambda nodes: st.lists(nodes, max_size=3) | st.dictionaries(KEYS, nodes, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=300)
@given(TREES)
def test_a_written_tree_reads_back_the_same_in_the_same_order(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    path.write_text(dump(tree(value)), encoding="utf-8")
    again = texts(yaml_files.load(path))
    assert again == value
    assert list(again) == list(value)


def test_a_tree_is_written_in_block_style_with_quotes_only_where_they_are_needed(write):
    text = """\
name: 减免手续费：一年
levers:
  a:
    factor: +12%
    until: "off"
list:
  - 1
  - - 2
    - "- 3"
  - b: "c: d"
    e: "Q"
empty: ""
none: {}
nothing: []
""".replace("Q", r"\"\\\n\t")
    root = yaml_files.load(write(text))
    assert dump(root) == text


def test_writing_keeps_the_difference_between_off_and_its_quoted_text(write):
    root = yaml_files.load(write("a: off\nb: 'off'\nc: 'on'\n"))
    assert dump(root) == 'a: off\nb: "off"\nc: on\n'


# ------------ hints


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("  from：2023-01", "a full-width colon '：' was used; YAML needs ':' followed by a space"),
        ("- from:2023-01", "YAML needs a space after ':'"),
        ("from: 2023-01  # 自：一月", ""),
        ("# 自：一月", ""),
        ("plain text", ""),
    ],
)
def test_a_slip_of_the_keyboard_is_named(text, hint):
    assert yaml_text.structural_slip(text) == hint
