"""Text files with a figure a cell (CSV, TSV) as a sheet; `mobank.base.tables` reads them."""

import re
from pathlib import Path

from mobank.base.tables import read_text
from mobank.spreadsheets.grid import Grid, GridCell, Spot, normal, refuse_too_many

_DECIMAL_COMMA = r"[+-]?[0-9]+,[0-9]+"


def read_csv(path: Path) -> Grid:
    """Return a text file as a sheet.

    Raises
    ------
    InputError
        If it is not text, or its quotes do not close.
    """
    table = read_text(path, path.name)
    cells: dict[Spot, GridCell] = {}
    for row, (_, values) in enumerate(table.rows(), 1):
        for column, value in enumerate(values, 1):
            if cell := _cell(value, table.separator):
                cells[row, column] = cell
        refuse_too_many(path, len(cells))
    return Grid(path.name, "", cells, guessed=table.guessed)


def _cell(value: str, separator: str) -> GridCell | None:
    text = normal(value)
    if not text:
        return None
    if separator == ";" and re.fullmatch(_DECIMAL_COMMA, text):
        fault = "may be a decimal or thousands set apart: write decimals with a point, or thousands without a comma"
        return GridCell(text, fault=fault)
    return GridCell(text, indent=len(value) - len(value.lstrip(" \u3000\xa0\t")))
