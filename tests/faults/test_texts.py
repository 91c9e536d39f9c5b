"""Any printable text comes through each writer as it was written: terminal, charts, pages, cells, names of folders."""

import csv
import io
import os
import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mobank.api.table import Table, html_table
from mobank.base.cells import ENCODING, FORMULA, cell_of, digits, read_csv, read_table, text_of, write_csv, write_table
from mobank.base.files import CRUMB, folder_aside
from mobank.base.owner import own_name
from mobank.calibration.rounds import scoreboard
from mobank.cli import terminal
from mobank.cli.output import any_output
from mobank.report.render import page
from mobank.report.render.charts import draw_foot, new_page, save, styled
from mobank.report.render.fan import Fan
from mobank.report.render.fan_layout import FULL
from mobank.report.render.svg import draw
from mobank.report.render.text_table import TextColumn, TextTable, laid_out
from mobank.report.render.workbook import Marked, Number, Sheet
from mobank.report.render.workbook import write as write_workbook
from tests.faults.counts import TIMES
from tests.faults.odd_texts import COUNT, bare, file_names, odd_texts
from tests.unit.report.test_svg import SVG, normal

TEXTS = odd_texts()
PACKAGE = Path(__file__).resolve().parents[2] / "sim" / "mobank"


def counted(writer: str, count: int) -> None:
    """Print how many texts a writer was tried with; there are never fewer than 200."""
    print(f"{writer}: {count} texts")
    assert count >= 200


def test_there_are_enough_texts_of_every_kind():
    assert len(set(TEXTS)) == COUNT
    assert all(text.isprintable() for text in TEXTS)
    assert sum(text[0] in FORMULA for text in TEXTS) > 10


# ------------ the terminal


@pytest.mark.parametrize("show", [terminal.heading, terminal.paragraph, terminal.say, terminal.progress])
def test_the_terminal_shows_a_text_as_it_is_written(capsys, show):
    for text in TEXTS:
        if show is terminal.progress:
            with show(text):
                said = capsys.readouterr().err.removesuffix(" …\n")
        else:
            show(text)
            said = capsys.readouterr().out
        assert bare(said) == bare(text)
    counted(f"terminal, {show.__name__}", len(TEXTS))


def test_a_bar_shows_a_text_as_it_is_written():
    for text in TEXTS:
        bar = terminal.progress_bar("{task.fields[said]}")
        bar.add_task(text, said=text)
        task = bar.tasks[0]
        assert [bar.columns[i].render(task).plain for i in (0, 3)] == [text, text]
    counted("terminal, bar", len(TEXTS))


def letters(*texts: str) -> Counter[str]:
    return Counter(bare("".join(texts)))


@pytest.mark.parametrize("width", [20, 21, 33, 47, 64, 80, 132, 300])
def test_no_cell_of_a_table_is_cut_or_changed(width):
    """What stands on the lines is what stands in the cells, letter by letter; a list repeats the heads of columns."""
    columns = [TextColumn("who", wrap=True), TextColumn("number\nm persons", right=True), TextColumn("why", wrap=True)]
    forms = Counter()
    for first, second in zip(TEXTS, TEXTS[::-1], strict=True):
        shown = TextTable(columns, [(first, "3,270", second), (second, "515.8")], first, second)
        lines = ["".join(text for text, _ in line) for line in laid_out(shown, width)]
        assert all(terminal_width(line) <= width for line in lines)
        cells = (first, first, second, second, second, "3,270", "515.8")
        as_table = any(bare(line) and not bare(line).strip("─") for line in lines)
        forms["table" if as_table else "list"] += 1
        if as_table:
            rule = next(line for line in lines if bare(line) and not bare(line).strip("─"))
            assert letters(*lines) == letters(*cells, *(column.head for column in columns), rule)
        else:
            heads = "who:number,mpersons:why:who:number,mpersons:"
            assert letters(*lines) == letters(*cells, heads)
    print(f"tables at {width} columns: {dict(forms)}")
    assert sum(forms.values()) == COUNT
    assert width < 60 or set(forms) == {"table"}
    assert width > 20 or set(forms) == {"list"}


def terminal_width(line: str) -> int:
    from rich.cells import cell_len

    return cell_len(line)


def test_a_table_that_does_not_fit_stands_closer_then_wraps_then_becomes_a_list():
    words = TextColumn("asked", wrap=True), TextColumn("chance", right=True), TextColumn("half by", right=True)
    shown = TextTable(words, [("are there more than 500 million users", "69.5 %", "2024-06")])
    forms = {n: ["".join(text for text, _ in line).rstrip() for line in laid_out(shown, n)] for n in (60, 56, 40, 30)}
    assert forms[60][3:-1] == [" are there more than 500 million users   69.5 %   2024-06"]
    assert forms[56][3:-1] == [" are there more than 500 million users  69.5 %  2024-06"]
    assert forms[40][3:-1] == [" are there more than    69.5 %  2024-06", " 500 million users"]
    assert forms[30][1:3] == ["asked: are there more than 500", "million users"]
    assert forms[30][3:-1] == ["  chance: 69.5 %", "  half by: 2024-06"]


# ------------ charts


def test_no_text_of_a_chart_is_taken_for_mathematics(tmp_path):
    with styled("en"):
        for start in range(0, COUNT, 40):
            picture, axes = new_page(TEXTS[start], "en", 0.35)
            drawn = [axes.annotate(text, (0.1, i / 40)) for i, text in enumerate(TEXTS[start : start + 40])]
            draw_foot(picture, TEXTS[start : start + 3])
            assert not any(each.get_parse_math() for each in picture.findobj(type(drawn[0])))
            picture.canvas.draw()
    counted("charts", COUNT)


def test_f11_and_f12_dollar_signs_are_drawn(tmp_path):
    for text in ("Is $5 m better than $10 m?", "is $\\badcommand$ fine"):
        drawn = [glyphs(each, tmp_path) for each in (text, text.replace("$", "S").replace("\\", "S"))]
        assert drawn[0] == drawn[1] > 10


def glyphs(text: str, folder: Path) -> int:
    """Return how many glyphs a foot is drawn with."""
    with styled("en"):
        picture, _ = new_page("question", "en", 0.35)
        draw_foot(picture, [text])
    return save(picture, folder, "a")[0].read_text(encoding="utf-8").count("<use ")


def test_a_picture_of_ours_holds_its_texts():
    for text in TEXTS:
        root = ET.fromstring(draw(Fan(text, "en", "persons", normal(12), asked=text), FULL))
        assert root.findtext(f"{SVG}title") == text
        assert text in ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]
    counted("pictures in pages", COUNT)


# ------------ pages


class Reader(HTMLParser):
    """Collect tags with their attributes, and texts."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.texts += [value for name, value in attrs if name in ("alt", "aria-label") and value]

    def handle_data(self, data):
        self.texts.append(data)


def document(text: str) -> str:
    column = page.Column(text, "wide")
    parts = [
        page.table([column, column], [[text, page.tag(text)], [page.mark(text), page.code(text)]], "", text),
        page.cards([page.Card(text, text, text)]),
        page.text(text, page.below(text, text)),
        page.facts([(text, text)]),
        page.bar(0.5, text),
        page.subheading(text),
        page.figure("<svg></svg>", "a", text),
    ]
    return page.page(text, [page.Section(text, parts)], "en", above=text, below=text)


def test_a_page_shows_a_text_as_it_is_written_and_no_text_becomes_an_element():
    plain = Reader(document("plain"))
    places = sum(each.strip() == "plain" for each in plain.texts)
    assert places >= 20
    for text in TEXTS:
        read = Reader(document(text))
        assert read.tags == plain.tags
        assert sum(each.strip() == text.strip() for each in read.texts) == places
    counted("pages", len(TEXTS))


def test_a_notebook_shows_a_text_as_it_is_written():
    for text in TEXTS:
        shown = html_table([text], [[text]]) + Table((text,), ((text,),))._repr_html_()
        read = Reader(shown)
        assert [each for each in read.texts if each.strip()] == [text] * 4
        assert {tag for tag, *_ in read.tags} == {"div", "table", "thead", "tbody", "tr", "th", "td"}
        assert ("div", "class") in read.tags
    counted("notebooks", len(TEXTS))


# ------------ cells


def test_f8_no_cell_of_a_csv_is_a_formula_and_our_reader_gives_the_text_back(tmp_path):
    path = tmp_path / "a.csv"
    write_table([{"text": text, "more": f"{text}\n{text}", text: "x"} for text in TEXTS[:1]], path)
    for text in TEXTS:
        write_table([{"text": text, "more": f"{text}\r\n\t{text}", text or "none": "x"}], path)
        assert read_table(path) == [{"text": text, "more": f"{text}\r\n\t{text}", text: "x"}]
        with path.open(encoding=ENCODING, newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not any(cell[:1] and cell[0] in FORMULA for cell in cells)
        assert cells[3] == (f"'{text}" if text.lstrip("'")[:1] in tuple(FORMULA) else text)
    counted("CSV", len(TEXTS))


@pytest.mark.parametrize("first", FORMULA)
def test_a_text_that_begins_like_a_formula_gets_one_apostrophe_which_the_reader_takes_off(first):
    assert cell_of(f"{first}1") == f"'{first}1"
    assert text_of(f"'{first}1") == f"{first}1"
    assert text_of(cell_of(f"'{first}1")) == f"'{first}1"
    assert text_of(f"'a{first}") == f"'a{first}"


def test_numbers_of_a_csv_are_numbers():
    values = np.random.default_rng(1).normal(0, 1e6, 200)
    file = io.StringIO()
    write_csv(file, [[digits(value), value, -3, digits(float("nan")), None] for value in values])
    rows = list(csv.reader(io.StringIO(file.getvalue())))
    assert [float(row[0]) for row in rows] == pytest.approx(list(values), rel=1e-9)
    assert [float(row[1]) for row in rows] == list(values)
    assert {tuple(row[2:]) for row in rows} == {("-3", "", "")}


def test_a_workbook_holds_texts_as_texts_and_numbers_as_numbers(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    rows = [[text, Marked(text), Number(-1.5)] for text in TEXTS]
    write_workbook([Sheet("texts", ["=head", "@head", "n"], rows)], tmp_path / "a.xlsx", "=title")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["texts"]
    found = list(sheet.iter_rows(values_only=True))
    assert found[0] == ("'=head", "'@head", "n")
    assert [row[0] for row in found[1:]] == [row[1] for row in found[1:]] == [cell_of(text) for text in TEXTS]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}
    assert {row[2] for row in found[1:]} == {-1.5}
    counted("workbook", len(TEXTS))


def test_a_scoreboard_gives_its_texts_back(tmp_path):
    entry = scoreboard.ScoreEntry("a", "d", "mau", "2023-12", "1.9亿", "article", "", -1.5, 0.2, 1.0, 2.0, 3.0)
    entries = [replace(entry, posterior=text, figure=text, source=f"{text}, p. 3") for text in TEXTS]
    path = tmp_path / scoreboard.NAME
    path.write_bytes(scoreboard.written(entries))
    assert scoreboard.read(path) == entries
    with path.open(encoding=ENCODING, newline="") as file:
        assert [row[7] for row in csv.reader(file)][1:] == ["-1.5"] * COUNT
    counted("scoreboard", len(TEXTS))


def test_a_series_that_we_wrote_is_read_with_its_names(tmp_path):
    from mobank.calibration.backtest.series import HEADER, rows_of

    last = ("2022-12-31", "516000000", "persons", "", "rounded", "x", "article")
    path, problems, remarks = tmp_path / "a.csv", [], []
    with path.open("w", encoding=ENCODING, newline="") as file:
        write_csv(file, [HEADER, *((text, "registered", *last) for text in TEXTS)])
    assert [row.entity for row in rows_of([path], problems, remarks.append)] == TEXTS
    assert not problems
    assert not remarks
    counted("series", len(TEXTS))


def test_a_csv_of_another_line_end_quotes_every_line_break():
    for end in ("\n", "\r\n"):
        file = io.StringIO(newline="")
        write_csv(file, [["a\rb", 'c"d', "e\nf"], ["g"]], end)
        assert list(read_csv(io.StringIO(file.getvalue(), newline=""))) == [["a\rb", 'c"d', "e\nf"], ["g"]]


# ------------ one door


DOORS = {  # what only the writer of a syntax may name, and where it stands
    r"\brich\.(console|table|progress|box|markup)": {"cli/terminal.py"},
    r"\bConsole\(|\[/?bold\]|\[/?dim\]": {"cli/terminal.py"},
    r"\bcsv\.(writer|DictWriter)|\bEXCEL": {"base/cells.py"},
    r"\bcsv\.(reader|DictReader)": {"base/cells.py", "calibration/rounds/scoreboard.py"},  # of what we wrote
    r"\bwrite_string\(": {"report/render/workbook.py"},
    r"from html import escape|html\.escape": {"report/render/svg.py", "api/table.py"},
    r"parse_math": {"report/render/charts.py"},
    r"style\.context": {"report/render/charts.py"},
}


@pytest.mark.parametrize("syntax", DOORS)
def test_each_syntax_has_one_door(syntax):
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")
             if re.search(syntax, path.read_text(encoding="utf-8"))}  # fmt: skip
    assert found <= DOORS[syntax]


# ------------ names


def test_f18_a_name_is_no_pattern(tmp_path):
    """Whatever a folder is called, its own leftovers are cleared and nobody else's."""
    names = file_names(210 * TIMES)
    gone = f"{own_name().partition('-')[0]}-{2**22 + 1}-1-1{CRUMB}"  # of a process number above all that there are
    for name in names:
        (tmp_path / f".{name}.{gone}").mkdir()
    for number, name in enumerate(names):
        with folder_aside(tmp_path / name) as folder:
            (folder / "a").write_text(name, encoding="utf-8")
        left = {path.name for path in tmp_path.iterdir() if path.name.endswith(gone)}
        assert left == {f".{other}.{gone}" for other in names[number + 1 :]}
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    counted("names of folders", len(names))
    assert os.listdir(tmp_path / names[-1]) == ["a"]


def test_output_is_given_back_after_the_command(capsys):
    import sys

    before = sys.stdout, sys.stderr
    with any_output():
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr) == before
