"""Workbooks that open in Excel without a warning: numbers are numbers, months are dates, and text stays text.

Whoever has a table makes a `Sheet` of it; this is the only place that knows XlsxWriter, which is the extra `excel`.
Equal sheets give equal bytes.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from mobank.base.cells import cell_of
from mobank.base.errors import InputError, Problem, RunError
from mobank.base.files import write_for_user
from mobank.base.quantities import Month
from mobank.report.render.labels import columns

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Style = Literal["whole", "percent", "fine_percent", "number", "fine", "month"]
FORMATS: dict[Style, str] = {
    "whole": "#,##0",
    "percent": "0.0%",
    "fine_percent": "0.000%",
    "number": "0.000",
    "fine": "0.00000",
    "month": "yyyy-mm",
}
SUFFIX = ".xlsx"
MADE = datetime(2000, 1, 1)  # in every workbook alike: equal content shall give equal bytes
MOST_ROWS = 1_048_576
LONGEST = 32_767  # characters of a cell
NARROWEST, WIDEST = 9, 60  # characters of a column
LOOKED_AT = 500  # rows, for the width of a column


class Number(NamedTuple):
    """A number and how it is shown; NaN is an empty cell, an infinite number is written out."""

    value: float
    style: Style = "number"


class Marked(NamedTuple):
    """A text that a reader must not overlook."""

    text: str


Cell = str | Number | Month | Marked | None


@dataclass(frozen=True)
class Sheet:
    """A table: its name (31 characters at most), the heads of its columns, its rows of as many cells each."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def write(sheets: Sequence[Sheet], path: Path, title: str, force: bool = False) -> None:
    """Write a workbook as a whole; nothing is overwritten but an equal one, unless by `force`.

    Raises
    ------
    InputError
        If XlsxWriter is not installed, or the path cannot be or is another file already.
    RunError
        If Excel holds fewer rows, or the disk is full or fails.
    """
    check_path(path)
    for sheet in sheets:
        if len(sheet.rows) >= MOST_ROWS:
            raise RunError(f"'{sheet.name}' has {len(sheet.rows):,} rows", f"but Excel holds {MOST_ROWS - 1:,}")
    data = _made(sheets, title)
    write_for_user(path, data, lambda there: there.read_bytes() == data, force)


def check_path(path: Path) -> None:
    """Refuse at once what would fail at the end: no XlsxWriter, another suffix, no folder to write to."""
    try:
        import xlsxwriter  # noqa: F401 it is only asked whether it is there
    except ImportError:
        hint = f"install it: {sys.executable} -m pip install XlsxWriter"
        raise InputError([Problem("XlsxWriter", "is not installed", hint)]) from None
    if path.suffix != SUFFIX:
        hint = f"did you mean '{path.with_suffix(SUFFIX).as_posix()}'?"
        raise InputError([Problem(f"'{path.as_posix()}'", f"must end with {SUFFIX}", hint)])
    if path.is_dir():
        raise InputError([Problem(f"'{path.as_posix()}'", "is a folder", "name a file")])
    if not path.parent.is_dir():
        raise InputError([Problem(f"'{path.parent.as_posix()}'", "is not a folder", "make it, or name another")])


def _made(sheets: Sequence[Sheet], title: str) -> bytes:
    """Return the file of a workbook; it is made in memory, so that no disk can fill up in the middle of it."""
    import xlsxwriter

    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "created": MADE})
    formats = {style: book.add_format({"num_format": code, "valign": "top"}) for style, code in FORMATS.items()}
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    marked = book.add_format({"text_wrap": True, "valign": "top", "bold": True, "font_color": "#9c3c00"})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#e7edf2"})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        _lay_out(page, sheet)
        for column, text in enumerate(sheet.heads):
            page.write_string(0, column, cell_of(text)[:LONGEST], head)
        for row, cells in enumerate(sheet.rows, start=1):
            for column, cell in enumerate(cells):
                _put(page, row, column, cell, formats, wrapped, marked)
    book.close()
    return file.getvalue()


def _lay_out(page: "Worksheet", sheet: Sheet) -> None:
    """Freeze and filter the heads, set widths; a digest of digits alone is no number stored as text by mistake."""
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.heads) - 1)
    page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    for column, text in enumerate(sheet.heads):
        shown = [_shown(row[column]) for row in sheet.rows[:LOOKED_AT]]
        widest = max(map(columns, [text, *shown]))
        page.set_column(column, column, min(max(widest + 2, NARROWEST), WIDEST))


def _shown(cell: Cell) -> str:
    if isinstance(cell, Number):
        return f"{cell.value:,.0f}" if cell.style == "whole" else "0000.000%"
    return cell.text if isinstance(cell, Marked) else str(cell or "")


def _put(
    page: "Worksheet",
    row: int,
    column: int,
    cell: Cell,
    formats: "dict[Style, Format]",
    wrapped: "Format",
    marked: "Format",
) -> None:
    if cell is None or (isinstance(cell, Number) and isnan(cell.value)):
        return
    if isinstance(cell, Month):
        page.write_datetime(row, column, _last_day(cell), formats["month"])
    elif isinstance(cell, Number) and isfinite(cell.value):
        page.write_number(row, column, cell.value, formats[cell.style])
    else:
        text = "unlimited" if isinstance(cell, Number) else cell.text if isinstance(cell, Marked) else cell
        page.write_string(row, column, cell_of(text)[:LONGEST], marked if isinstance(cell, Marked) else wrapped)


def _last_day(month: Month) -> datetime:
    """Return the last day of a month: what is counted stands at a month's end."""
    after = month + 1
    return datetime(after.year, after.month, 1) - timedelta(days=1)
