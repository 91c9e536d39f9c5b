"""A job's tables for other programs: CSV files that Excel reads as UTF-8, or one workbook with a sheet a table."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from mobank.base.cells import ENCODING, digits, write_csv
from mobank.base.files import begins_with, set_aside
from mobank.base.quantities import Lang, read_month
from mobank.batch.results import Results, quantile_columns
from mobank.batch.tables import FIXED
from mobank.batch.terminal import WORDS
from mobank.model.grammar import Model
from mobank.report.render.workbook import Cell, Number, Sheet, Style, write

SHARES = ("chance", "chance_mc_error", "low_95", "high_95", "never", "rival_first", "together")
TABLES = ("cases", "answers", "quantiles")
OURS = ",".join(FIXED).encode(ENCODING)  # how the CSV of a job begins, by which an older export is known
WHOLE = ("point", "draws", "replicates", "units")


def named_tables(results: Results) -> Mapping[str, pa.Table]:
    """Return the tables by the names of their files and sheets; one without rows is left out."""
    tables = dict(zip(TABLES, (results.cases, results.answers, results.quantities), strict=True))
    return {name: table for name, table in tables.items() if table.num_rows}


def write_csvs(results: Results, folder: Path, force: bool = False) -> list[Path]:
    """Write each table as a CSV into a folder, all or none; numbers have ten digits.

    An older export there is replaced as a whole; other files of those names only by `force`.

    Raises
    ------
    InputError
        If the folder cannot be written, or files of other origin stand there.
    RunError
        If the disk is full or fails.
    """
    files = {f"{name}.csv": table for name, table in named_tables(results).items()}
    with set_aside(folder, [f"{name}.csv" for name in TABLES], begins_with(OURS), force, "--csv") as hidden:
        for name, table in files.items():
            _write_csv(table, hidden / name)
    return [folder / name for name in files]


def _write_csv(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding=ENCODING, newline="") as file:
        write_csv(file, [table.column_names])
        for batch in table.to_batches():
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            write_csv(file, ([digits(each) if isinstance(each, float) else each for each in row] for row in rows))


def write_workbook(results: Results, path: Path, model: Model, lang: Lang, force: bool = False) -> None:
    """Write the tables as the sheets of an Excel workbook; `workbook.write` says what it refuses."""
    words = WORDS[lang]
    sheets = [
        Sheet(words[name], table.column_names, list(_rows(table, model)))
        for name, table in named_tables(results).items()
    ]
    write(sheets, path, results.folder.resolve().name, force)


def _rows(table: pa.Table, model: Model) -> Iterator[list[Cell]]:
    of_measure = {"mean", "mean_mc_error", *quantile_columns(table)}
    for row in table.to_pylist():
        style: Style = "number"
        if "measure" in row:
            kind = model.counted_in(row["measure"])
            style = "whole" if kind == "persons" else "percent" if kind == "share" else "number"
        yield [_cell(name, value, style if name in of_measure else None) for name, value in row.items()]


def _cell(name: str, value: Any, style: Style | None) -> Cell:
    if value is None:
        return None
    if name == "month":
        return read_month(value)
    if isinstance(value, str):
        return value
    return Number(float(value), style or ("percent" if name in SHARES else "whole" if name in WHOLE else "number"))
