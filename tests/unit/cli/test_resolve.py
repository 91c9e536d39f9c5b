"""`mobank resolve`: the effective scenario as YAML, every value with the file and line that it came from."""

import re
from pathlib import Path

import pytest

from mobank.cli import main
from mobank.report.resolved import annotated
from mobank.scenario.tree import Mapping, Scalar, dump
from mobank.scenario.yaml_files import load, load_extended

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "scenarios").glob("*.yaml"))

PARENT = """\
question: What?
levers:
  app:
    parameter: lapse_rate
    for: [old, county]
    multiply: {low: -15%, high: -3%}
  desk: {parameter: assist_rate}
season: {}
"""
CHILD = """\
extends: parent.yaml
question: 问题：多少？
levers:
  desk: off
  app:
    multiply: {low: -9%}
    reason: "why: so # much"
"""
RESOLVED = """\
# child.yaml extends parent.yaml
question: 问题：多少？        # child.yaml:2
levers:
  app:
    parameter: lapse_rate     # parent.yaml:4
    for:
      - old                   # parent.yaml:5
      - county                # parent.yaml:5
    multiply:
      low: -9%                # child.yaml:6
      high: -3%               # parent.yaml:6
    reason: "why: so # much"  # child.yaml:7
season: {}                    # parent.yaml:8
"""


def text_of(tree, files):
    return "".join(f"{line}{comment}\n" for line, comment in annotated(tree, files))


@pytest.fixture
def family(tmp_path, monkeypatch):
    """Stand in a folder with a child and its parent."""
    monkeypatch.chdir(tmp_path)
    Path("parent.yaml").write_text(PARENT, encoding="utf-8")
    Path("child.yaml").write_text(CHILD, encoding="utf-8")


def test_each_value_stands_beside_the_file_and_line_that_it_came_from(family):
    """The comments stand below one another in a terminal, where Chinese takes two columns a character."""
    assert text_of(*load_extended(Path("child.yaml"))) == RESOLVED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_printed_is_yaml_with_the_same_content(path, tmp_path):
    tree, files = load_extended(path)
    (tmp_path / "again.yaml").write_text(text_of(tree, files), encoding="utf-8")
    assert dump(load(tmp_path / "again.yaml")) == dump(tree)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_line_that_is_named_holds_the_value(path):
    tree, files = load_extended(path)
    lines = {str(file): file.read_text(encoding="utf-8").splitlines() for file in files}
    told = [(line, comment) for line, comment in annotated(tree, files) if line and comment]
    assert len(told) > 100
    for line, comment in told:
        file, _, number = comment.removeprefix("# ").rpartition(":")
        value = re.sub(r"^ *(?:- )?(?:[\w-]+: )?", "", line).strip()
        assert value.strip('"').replace('\\"', '"') in lines[file][int(number) - 1].replace('\\"', '"')


def test_a_long_line_pushes_only_its_own_comment():
    place = next(iter(load(FILES[0]).entries.values())).key_place
    tree = Mapping({}, place)
    for name, text in (("short", "a"), ("long", "b" * 200)):
        tree.entries[name] = type(next(iter(load(FILES[0]).entries.values())))(place, Scalar(text, place, False))
    short, long = [line for line, comment in annotated(tree, [Path("x.yaml")])][1:]
    assert short == "short: a  "
    assert long == f"long: {'b' * 200}  "


def test_the_command_prints_it(family, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["mobank", "resolve", "child.yaml"])
    with pytest.raises(SystemExit) as done:
        main()
    out = capsys.readouterr().out
    assert done.value.code == 0
    assert out == text_of(*load_extended(Path("child.yaml")))


def test_a_file_that_cannot_be_read_is_refused(family, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["mobank", "resolve", "chld.yaml"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    told = "'chld.yaml' is neither a file nor the name of a scenario; did you mean 'child.yaml'?"
    told = f"{told}\n1 problem; nothing was run.\n"
    assert capsys.readouterr() == ("", told)
