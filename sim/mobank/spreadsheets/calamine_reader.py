"""Older and other workbooks (.xls, .xlsb, .ods), by the optional python-calamine: values, without how they are shown.

What it does not say: number formats (a figure is taken with all its digits), hidden rows, and whether an empty cell is
a formula without a stored value.
"""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mobank.base.errors import InputError, Problem
from mobank.spreadsheets.grid import Box, Grid, GridCell, Spot, normal, refusal, refuse_too_many
from mobank.spreadsheets.number_formats import decimal_of, plain, shown
from mobank.spreadsheets.zip_guard import check_zip

PACKED = (".xlsb", ".ods")  # ZIP files


def read_other_workbook(path: Path) -> list[Grid]:
    """Return the sheets of a workbook.

    Raises
    ------
    InputError
        If it cannot be read, or python-calamine is not installed.
    """
    try:
        from python_calamine import CalamineWorkbook
    except ImportError:
        hint = f"save it as .xlsx, or install it: {sys.executable} -m pip install python-calamine"
        raise InputError([Problem(f"python-calamine, which reads {path.suffix},", "is not installed", hint)]) from None
    if path.suffix.lower() in PACKED:
        check_zip(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
        read = [(name, sheet.to_python(skip_empty_area=False), _merged(sheet)) for name, sheet in sheets]
        hidden = {each.name for each in book.sheets_metadata if not str(each.visible).endswith("Visible")}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # of a damaged workbook it raises its own errors, or panics, which is no Exception
        allowed = f"cannot be read as a workbook ({normal(str(error))[:80]})"
        raise refusal(path, "this file", allowed, "open it in a spreadsheet program and save it as .xlsx") from None
    refuse_too_many(path, sum(len(row) for _, rows, _ in read for row in rows))
    return [
        Grid(path.name, name, _cells(rows), merged, hidden=name in hidden, values_only=True)
        for name, rows, merged in read
    ]


def _merged(sheet: Any) -> tuple[Box, ...]:
    ranges = sheet.merged_cell_ranges or ()
    return tuple(Box(top + 1, bottom + 1, left + 1, right + 1) for (top, left), (bottom, right) in ranges)


def _cells(rows: list[list[Any]]) -> dict[Spot, GridCell]:
    return {
        (row, column): cell
        for row, values in enumerate(rows, 1)
        for column, value in enumerate(values, 1)
        if (cell := _cell(value))
    }


def _cell(value: Any) -> GridCell | None:
    if isinstance(value, bool):
        return GridCell(str(value).upper(), fault="is true or false, not a number")
    if isinstance(value, int | float):
        number = decimal_of(int(value) if value == int(value) else value)
        return GridCell(shown(number, "General") or "", plain(number))
    if isinstance(value, datetime | date):
        day = value.date() if isinstance(value, datetime) else value
        return GridCell(day.isoformat(), day=day)
    text = normal(str(value))
    return GridCell(text) if text else None
