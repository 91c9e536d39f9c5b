"""Workbooks (.xlsx, .xlsm) as sheets: what their cells show, and nothing run, followed or computed.

openpyxl reads values as they were stored. A macro is data that is not looked at, a link to another workbook is not
followed, and a formula is not computed: where a program stored no value beside it, the cell says so.
"""

import re
import sys
import warnings
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mobank.base.cells import text_of
from mobank.base.errors import InputError, Problem
from mobank.spreadsheets.grid import Box, Grid, GridCell, Spot, normal, refusal, refuse_too_many
from mobank.spreadsheets.number_formats import decimal_of, plain, shown
from mobank.spreadsheets.zip_guard import check_zip

NO_VALUE = "is a formula without a stored value"
_MISSING = ("#N/A",)  # written on purpose where there is none


def read_workbook(path: Path) -> list[Grid]:
    """Return the sheets of a workbook in their order, charts left out.

    Raises
    ------
    InputError
        If it cannot be read or must not be, or openpyxl is not installed.
    """
    sheets_xml = check_zip(path)
    values = _opened(path, data_only=True)
    formulas = _opened(path, data_only=False) if any(_has_formula(xml) for xml in sheets_xml.values()) else None
    refuse_too_many(path, sum(len(_cells(sheet)) for sheet in values.worksheets))
    return [_grid(path, sheet, formulas[sheet.title] if formulas else None) for sheet in values.worksheets]


def _has_formula(xml: bytes) -> bool:
    return re.search(rb"<(?:\w+:)?f[ >/]", xml) is not None


def _opened(path: Path, data_only: bool) -> Any:
    try:
        from openpyxl import load_workbook
    except ImportError:
        hint = f"install it: {sys.executable} -m pip install openpyxl"
        raise InputError([Problem("openpyxl", "is not installed", hint)]) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are not looked at
            return load_workbook(path, data_only=data_only, keep_links=False, keep_vba=False)
    except InputError:
        raise
    except Exception as error:  # of a damaged workbook openpyxl raises whatever its parts raise
        found = f"cannot be read as a workbook ({type(error).__name__}: {normal(str(error))[:80]})"
        raise refusal(path, "this file", found, "open it in a spreadsheet program and save it again") from None


def _cells(sheet: Any) -> dict[Spot, Any]:
    """Return the cells that a sheet has: asking row by row would make millions where one far cell is formatted."""
    cells: dict[Spot, Any] = sheet._cells  # noqa: SLF001
    return cells


def _grid(path: Path, sheet: Any, formulas: Any) -> Grid:
    cells = {spot: cell for spot, each in _cells(sheet).items() if (cell := _cell(each)) is not None}
    for spot in _without_value(sheet, formulas) if formulas is not None else ():
        cells[spot] = GridCell(fault=NO_VALUE)
    rows, columns = sheet.row_dimensions, sheet.column_dimensions
    hidden_columns = {
        number
        for each in columns.values()
        if each.hidden and each.min is not None
        for number in range(each.min, min(each.max or each.min, sheet.max_column) + 1)
    }
    return Grid(
        path.name, sheet.title, cells,
        tuple(Box(each.min_row, each.max_row, each.min_col, each.max_col) for each in sheet.merged_cells.ranges),
        frozenset(number for number, each in rows.items() if each.hidden), frozenset(hidden_columns),
        sheet.sheet_state != "visible",
    )  # fmt: skip


def _without_value(sheet: Any, formulas: Any) -> Iterator[Spot]:
    for spot, cell in _cells(formulas).items():
        stored = _cells(sheet).get(spot)
        if cell.data_type == "f" and (stored is None or stored.value is None):
            yield spot


def _cell(cell: Any) -> GridCell | None:
    """Return what a cell shows; None if it shows nothing."""
    value = cell.value
    note = normal(cell.comment.text) if cell.comment else ""
    indent = int(cell.alignment.indent or 0) if cell.has_style and cell.alignment else 0
    if value is None:
        return None
    if isinstance(value, bool):
        return GridCell(str(value).upper(), fault="is true or false, not a number", indent=indent, note=note)
    if isinstance(value, int | float):
        return _number(value, cell.number_format, indent, note)
    if isinstance(value, datetime | date):
        day = value.date() if isinstance(value, datetime) else value
        return GridCell(day.isoformat(), day=day, indent=indent, note=note)
    if isinstance(value, str):
        text = normal(text_of(value))
        if cell.data_type == "e" and text not in _MISSING:
            return GridCell(text, fault="is an error of the spreadsheet", note=note)
        return GridCell(text, indent=max(indent, _spaces(value)), note=note) if text else None
    return GridCell(normal(str(value)), fault="is a time, not a number", note=note)


def _spaces(text: str) -> int:
    return len(text) - len(text.lstrip(" \u3000\xa0\t"))


def _number(value: float, code: str, indent: int, note: str) -> GridCell:
    try:
        number = decimal_of(value)
        text = shown(number, code)
    except ArithmeticError:  # infinite, not a number, or too long
        return GridCell(str(value), fault="is not a number that is read", note=note)
    if text is None:
        allowed = f"has the format {code!r}, which is not read: give it the format 0 or 0.00"
        return GridCell(plain(number), plain(number), fault=allowed, indent=indent, note=note)
    return GridCell(normal(text), plain(number), indent=indent, note=note)
