"""A good workbook damaged in a hundred ways: no traceback, and no figure that is read is another than the true one."""

import datetime as dt
import random
import shutil
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook

from mobank.base.errors import InputError
from mobank.base.quantities import Month
from mobank.model.mobile_banking import MODEL
from mobank.spreadsheets.commands import look, map_of, read, refuse_wrong
from tests.conftest import SEED
from tests.faults.counts import TIMES
from tests.unit.spreadsheets.layouts import BOTH, LAYOUTS, MONTHS

HEAD, FIRST, LAST = 2, 3, 8  # rows of the months, and of the first and last figures
REFUSED, SAME, FEWER = "refused", "same", "fewer"

Mutation = Callable[[Any, random.Random], Any]


def spot(chance: random.Random) -> tuple[int, int]:
    """Return a cell of a figure; not in the first months or the last, so that it has neighbours."""
    return chance.randint(FIRST, LAST), chance.randint(6, 11)


def value(change: Callable[[Any], Any], form: str | None = None) -> Mutation:
    """Return what changes the value of one cell."""

    def mutate(sheet: Any, chance: random.Random) -> None:
        cell = sheet.cell(*spot(chance))
        cell.value = change(cell.value)
        if form:
            cell.number_format = form

    return mutate


def head(change: Callable[[Any], Any]) -> Mutation:
    """Return what changes the heading of one month."""

    def mutate(sheet: Any, chance: random.Random) -> None:
        cell = sheet.cell(HEAD, chance.randint(6, 11))
        cell.value = change(cell.value)

    return mutate


def twice(sheet: Any, chance: random.Random) -> None:
    column = chance.randint(6, 11)
    sheet.cell(HEAD, column).value = sheet.cell(HEAD, column - 1).value


def merged(sheet: Any, chance: random.Random) -> None:
    row, column = spot(chance)
    sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + 1)


def label(change: Callable[[Any], Any], column: int) -> Mutation:
    def mutate(sheet: Any, chance: random.Random) -> None:
        cell = sheet.cell(chance.randint(FIRST, LAST), column)
        cell.value = change(cell.value)

    return mutate


def hide_row(sheet: Any, chance: random.Random) -> None:
    sheet.row_dimensions[chance.randint(FIRST, LAST)].hidden = True


def hide_column(sheet: Any, chance: random.Random) -> None:
    sheet.column_dimensions[sheet.cell(1, chance.randint(6, 11)).column_letter].hidden = True


def another_sheet(sheet: Any, chance: random.Random) -> None:
    sheet.parent.copy_worksheet(sheet).title = "旧版"


MUTATIONS: dict[str, tuple[Mutation, tuple[str, ...]]] = {
    "ten times": (value(lambda v: 10 * v), (REFUSED,)),
    "a tenth": (value(lambda v: v / 10), (REFUSED,)),
    "ten thousand times": (value(lambda v: 10_000 * v), (REFUSED,)),
    "a ten-thousandth": (value(lambda v: v / 10_000), (REFUSED,)),
    "less than nothing": (value(lambda v: -v), (REFUSED,)),
    "zero": (value(lambda v: 0), (REFUSED,)),
    "a word": (value(lambda v: "待定"), (REFUSED,)),
    "no figure": (value(lambda v: None), (FEWER,)),
    "a dash": (value(lambda v: "—"), (FEWER,)),
    "true": (value(lambda v: True), (REFUSED,)),
    "a date": (value(lambda v: dt.datetime(2023, 1, 5)), (REFUSED,)),
    "a formula without a value": (value(lambda v: "=SUM(A1:A3)"), (REFUSED,)),
    "an error": (value(lambda v: "#REF!"), (REFUSED,)),
    "no value on purpose": (value(lambda v: "#N/A"), (FEWER,)),
    "text of digits": (value(str), (SAME,)),
    "text with commas": (value(lambda v: f"{v:,}"), (SAME,)),
    "text in full-width digits": (value(lambda v: str(v).translate({48 + i: 0xFF10 + i for i in range(10)})), (SAME,)),
    "a comma too many": (value(lambda v: f"{v // 100},{v % 100:02d}"), (REFUSED,)),
    "a point for a comma": (value(lambda v: f"{v // 1_000_000}.{v // 1000 % 1000:03d}.{v % 1000:03d}"), (REFUSED,)),
    "a mark": (value(lambda v: f"{v}*"), (REFUSED,)),
    "a share": (value(lambda v: 0.123, "0.0%"), (REFUSED,)),
    "money": (value(lambda v: v, "¥#,##0"), (REFUSED,)),
    "a strange format": (value(lambda v: v, "# ?/?"), (REFUSED,)),
    "shown in 万": (value(lambda v: v, '0!.0,"万"'), (SAME,)),
    "shown in millions": (value(lambda v: v, '#,##0.000,,"百万"'), (SAME,)),
    "shown with its unit": (value(lambda v: v, '#,##0"户"'), (SAME,)),
    "two numbers": (value(lambda v: f"{v}/{v}"), (REFUSED,)),
    "a unit of its own": (value(lambda v: f"{v / 10_000:.1f}万"), (SAME,)),
    "a strange unit": (value(lambda v: f"{v}台"), (REFUSED,)),
    "a month twice": (twice, (REFUSED,)),
    "a month that is none": (head(lambda v: "2023年13月"), (REFUSED,)),
    "a month without a year": (head(lambda v: "3月"), (REFUSED,)),
    "a month that could be two": (head(lambda v: "01/02/2023"), (REFUSED,)),
    "no month": (head(lambda v: None), (REFUSED,)),
    "a forecast": (head(lambda v: f"{v}(预测)"), (REFUSED,)),
    "a sum of months": (head(lambda v: "2023年1-6月"), (REFUSED,)),
    "a month in another spelling": (head(lambda v: v.replace("年", "-").replace("月", "")), (SAME,)),
    "figures merged over months": (merged, (REFUSED, FEWER)),
    "another metric": (label(lambda v: "对公注册用户", 1), (REFUSED,)),
    "another region": (label(lambda v: "海外", 2), (REFUSED,)),
    "a region with a space": (label(lambda v: f" {v} ", 2), (SAME,)),
    "no region": (label(lambda v: None, 2), (REFUSED,)),
    "a hidden row": (hide_row, (REFUSED,)),
    "a hidden column": (hide_column, (REFUSED,)),
    "another sheet": (another_sheet, (REFUSED,)),
    "no unit": (lambda sheet, chance: setattr(sheet["A1"], "value", None), (SAME,)),
    "another unit of persons": (lambda sheet, chance: setattr(sheet["A1"], "value", "单位：万户"), (REFUSED,)),
    "another unit": (lambda sheet, chance: setattr(sheet["A1"], "value", "单位：亿元"), (REFUSED,)),
    "an empty column": (lambda sheet, chance: sheet.insert_cols(chance.randint(5, 10)), (SAME,)),
    "an empty row": (lambda sheet, chance: sheet.insert_rows(chance.randint(4, 8)), (SAME,)),
    "a row less": (lambda sheet, chance: sheet.delete_rows(chance.randint(FIRST, LAST)), (FEWER,)),
}  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Return a good workbook, and beside it the map that reads it."""
    folder = tmp_path_factory.mktemp("good")
    path = LAYOUTS["regions in rows"].write(folder)
    text = look(path, MODEL, "zh").text.replace("东部: 东部", "东部: east").replace("西部: 西部", "西部: west")
    map_of(path).write_text(text.replace("TODO", "某口径"), encoding="utf-8")
    return path


def outcome(path):
    """Return what comes of reading a workbook: refused, or the figures, every one of them held against the truth."""
    try:
        found, _ = read(path, map_of(path), MODEL)
        refuse_wrong(found, MODEL)
    except InputError as error:
        return REFUSED if all(p.place and p.place.file == path.name for p in error.problems) else str(error)
    truth = {(measure, band, Month.of(*month)): value for (measure, band, month), value in BOTH.items()}
    for each in found.figures:
        interval = each.figure.interval
        assert interval.low <= truth[each.key[:3]] <= interval.high, each
    if len(found.figures) == len(truth):
        return SAME
    assert found.remarks, "figures are missing, and nothing is said of it"
    return FEWER


CASES = [(name, number) for number in range(2 * TIMES) for name in MUTATIONS]


@pytest.mark.parametrize(("name", "number"), CASES, ids=[f"{name} {number}" for name, number in CASES])
def test_a_damaged_workbook_is_refused_or_read_right(name, number, good, tmp_path):
    path = tmp_path / good.name
    shutil.copy(map_of(good), map_of(path))
    book = load_workbook(good)
    mutate, may = MUTATIONS[name]
    mutate(book.active, random.Random(f"{SEED} {name} {number}"))
    book.save(path)
    assert outcome(path) in may


def test_bytes_that_are_damaged_are_refused_or_read_right(good, tmp_path):
    path = tmp_path / good.name
    shutil.copy(map_of(good), map_of(path))
    whole, chance, seen = good.read_bytes(), random.Random(SEED), Counter()
    for number in range(60 * TIMES):
        data = bytearray(whole)
        if number % 3:
            for _ in range(number % 5 + 1):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        else:
            del data[chance.randrange(len(data)) :]
        path.write_bytes(bytes(data))
        seen[outcome(path)] += 1
    print(f"damaged bytes: {dict(seen)}")
    assert seen[REFUSED] >= 20 * TIMES
    assert seen[FEWER] == 0


def test_there_are_a_hundred_mutations():
    assert len(CASES) >= 100
    assert len(MONTHS) == 12
