"""Odd layouts of one table: each is read right to the last figure, or refused with the cell."""

import re
from pathlib import Path

import pytest

from mobank.base.errors import InputError
from mobank.base.quantities import Month
from mobank.model.mobile_banking import MODEL
from mobank.spreadsheets.commands import look, map_of, read, refuse_wrong
from mobank.spreadsheets.figure_map import read_map
from tests.unit.spreadsheets.layouts import LAYOUTS, Layout, text


def figures_of(path: Path, answers: list[tuple[str, str]]):
    """Return what is read of a file when its map has been completed as a person would."""
    text = look(path, MODEL, "zh").text
    for old, new in answers:
        assert old in text, text
        text = text.replace(old, new, 1 if old.startswith("for") else -1)
    for band, name in (("east", "东部"), ("west", "西部")):
        text = text.replace(f"{name}: {name}", f"{name}: {band}")
    text = text.replace(": TODO", ": what is counted")
    map_of(path).write_text(text, encoding="utf-8")
    found, _ = read(path, map_of(path), MODEL)
    refuse_wrong(found, MODEL)
    return found


def compare(found, expected, tolerance):
    """Hold every figure that was read against the truth, and find none missing and none too many."""
    got = {(e.figure.measure, e.figure.band, e.figure.month): e.figure.interval for e in found.figures}
    wanted = {(measure, band, Month.of(*month)): value for (measure, band, month), value in expected.items()}
    wrong = {
        key: (interval.low, wanted.get(key), interval.high)
        for key, interval in got.items()
        if key not in wanted
        or not interval.low <= wanted[key] <= interval.high
        or interval.high - interval.low > tolerance * (1 + 1e-9)
    }
    assert wrong == {}
    assert sorted(set(wanted) - set(got)) == []


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_read_to_the_last_figure(name, tmp_path):
    layout: Layout = LAYOUTS[name]
    path = layout.write(tmp_path)
    compare(figures_of(path, layout.answers), layout.expected, max(layout.tolerance, 1.0))


def test_there_are_thirty_layouts_and_more():
    assert len(LAYOUTS) >= 30


def test_every_figure_names_its_cell(tmp_path):
    found = figures_of(LAYOUTS["months under merged years"].write(tmp_path), [])
    first = found.figures[0].figure
    assert (first.measure, str(first.month), first.provenance.source) == (
        "registered",
        "2022-09",
        "figures.xlsx!经营数据!B4",
    )
    assert str(first.provenance.place) == first.provenance.source


def test_a_map_that_is_not_complete_is_refused_line_by_line(tmp_path):
    path = LAYOUTS["months down"].write(tmp_path)
    map_of(path).write_text(look(path, MODEL, "en").text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read(path, map_of(path), MODEL)
    assert [(p.key, p.found) for p in refused.value.problems] == [
        ("tables.figures.unit", "TODO"),
        ("definitions.注册用户", "TODO"),
        ("definitions.月活用户", "TODO"),
        ("definitions.新增注册", "TODO"),
    ]


SIDE_BY_SIDE = [
    ["指标", "2022年11月", "2022年12月", "", "指标", "2023年1月", "2023年2月"],
    ["注册用户", 5000, 5010, "", "月活用户", 1600, 1610],
    ["月活用户", 1590, 1595, "", "注册用户", 5020, 5030],
]
REFUSED = {
    "two tables beside each other": (
        SIDE_BY_SIDE,
        "figures.csv!E2  '月活用户' stands between months: two tables beside each other are not read; "
        "put one of them below the other, or on a sheet of its own",
    ),
    "two lines of months": (
        [["a", "b", "mau"], ["2023-01", "2024-05", 5000], ["2023-02", "2024-06", 5001]],
        "figures.csv!A2  '2023-01' is in one of two lines of months: head the right one 月份 or month, "
        "or delete the other",
    ),
    "thousands that are columns": (
        [["month", "registered", "mau"], ["2023-01", 17, 700, 8, "000"], ["2023-02", 17, 710, 8, "001"]],
        "figures.csv!D2  '8' stands in a line without a name: what it counts is not known",
    ),
    "two divisions": (
        [["month", "province", "channel", "mau"], ["2023-01", "a", "app", 500], ["2023-01", "a", "web", 600]],
        "figures.csv!C2  'channel' divides the figures beside 'province': one division is read; "
        "name one of the two under ignored: in the map",
    ),
    "sections of months": (
        [
            ["月份", "月活用户"],
            ["东部"],
            ["2023-01", 500],
            ["2023-02", 510],
            ["西部"],
            ["2023-01", 400],
            ["2023-02", 41],
        ],
        "figures.csv!B6  '400' is a second figure of mau for 2023-01: the first is figures.csv!B3; "
        "leave one of them out",
    ),
    "a column of numbers without a heading": (
        [["指标", "2023-01", "2023-02", ""], ["月活用户", 500, 510, 1010]],
        "figures.csv!D2  a line of numbers without a month is not read; "
        "give it a heading: a month, or a word that is named under ignored: in the map",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_apart_is_refused_with_its_cell(name, tmp_path):
    rows, message = REFUSED[name]
    path = text(rows)(tmp_path)
    with pytest.raises(InputError) as refused:
        figures_of(path, [("unit: TODO", "unit: persons")])
    assert str(refused.value).splitlines()[0] == message


ADVICE = {
    "a heading that is no month": (
        [["指标", "2023-01", "2023-02", "完成情况"], ["月活用户", 500, 510, 97]],
        "write the month as 2023-01, or name the heading under ignored: in the map",
        [("ignored: []", "ignored: [完成情况]")], 2,
    ),
    "a code beside the name of a region": (
        [["month", "省份", "机构号", "mau"], ["2023-01", "甲", 11, 500], ["2023-01", "乙", 12, 600]],
        "name one of the two under ignored: in the map", [("ignored: []", "ignored: [机构号]")], 2,
    ),
    "a text where a figure stands": (
        [["month", "mau"], ["2023-01", 500], ["2023-02", "待定"]],
        "empty it, or name the text under missing: in the map", [("missing: []", "missing: [待定]")], 1,
    ),
    "a mark that came later": (
        [["month", "mau"], ["2023-01", 500], ["2023-02", "510*"]],
        'write footnotes: {"*": {note: what it says}} in the map',
        [('footnotes:\n  "*": {note: TODO}', ""), ("missing: []", 'footnotes: {"*": {note: a guess}}\nmissing: []')], 2,
    ),
    "a metric that counts no people": (
        [["month", "mau", "amount"], ["2023-01", 500, "5亿元"], ["2023-02", 510, "6亿"]],
        "write measure: skip for this metric in the map", [("amount: {measure: lost", "amount: {measure: skip")], 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ADVICE)
def test_what_a_message_advises_is_accepted(name, tmp_path):
    rows, advice, followed, count = ADVICE[name]
    path = text(rows)(tmp_path)
    map_of(path).write_text(completed(look(path, MODEL, "en").text), encoding="utf-8")
    given = map_of(path).read_text(encoding="utf-8")
    for number, (old, new) in enumerate(followed):
        if number == 0 and not new:  # what the first look found is not in the map yet
            given = re.sub(r"# Marks[^\n]*\nfootnotes:\n[^\n]*\n", "", given)
            map_of(path).write_text(given, encoding="utf-8")
            continue
        found, _ = read(path, map_of(path), MODEL)
        assert any(problem.hint == advice for problem in found.problems), [*map(str, found.problems)]
        assert old in given
        map_of(path).write_text(given.replace(old, new), encoding="utf-8")
    found, _ = read(path, map_of(path), MODEL)
    refuse_wrong(found, MODEL)
    assert len(found.figures) == count


def completed(text: str) -> str:
    """Return a map with persons for its unit and a measure for what is not known by its name."""
    return text.replace("unit: TODO", "unit: persons").replace("measure: TODO", "measure: lost").replace("TODO", "all")


def test_the_map_in_the_documentation_is_read_without_a_problem(tmp_path):
    page = (Path(__file__).parents[3] / "docs/import.md").read_text(encoding="utf-8")
    (tmp_path / "a.map.yaml").write_text(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1], encoding="utf-8")
    decided = read_map(tmp_path / "a.map.yaml", MODEL)
    mau = decided.metrics["月活用户"]
    assert [mau.definition(Month.of(2021, month)) for month in (6, 7)] == ["bank_app", "both_apps"]
    assert decided.regions == {"东部": "east", "合计": "whole"}
