"""A file of tables as sheets, by what its name ends with."""

from pathlib import Path

from mobank.base.errors import did_you_mean
from mobank.base.tables import check_size
from mobank.spreadsheets.calamine_reader import read_other_workbook
from mobank.spreadsheets.csv_reader import read_csv
from mobank.spreadsheets.grid import Grid, refusal
from mobank.spreadsheets.xlsx_reader import read_workbook

WORKBOOKS, TEXTS, OTHERS = (".xlsx", ".xlsm"), (".csv", ".tsv", ".txt"), (".xls", ".xlsb", ".ods")


def read_sheets(path: Path) -> list[Grid]:
    """Return the sheets of a file that hold anything.

    Raises
    ------
    InputError
        If it cannot be read, or holds nothing.
    """
    suffix = path.suffix.lower()
    known = (*WORKBOOKS, *TEXTS, *OTHERS)
    if suffix not in known:
        hint = did_you_mean(suffix, known)
        raise refusal(path, "this file", "is no table that is read", hint)
    check_size(path, path.name)
    if suffix in TEXTS:
        grids = [read_csv(path)]
    else:
        grids = read_workbook(path) if suffix in WORKBOOKS else read_other_workbook(path)
    filled = [grid for grid in grids if grid.cells]
    if not filled:
        raise refusal(path, "this file", "holds no cell with anything in it")
    return filled
