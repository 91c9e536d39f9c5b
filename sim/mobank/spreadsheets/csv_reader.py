"""Text files with a figure a cell (CSV, TSV): UTF-8, UTF-16 with its mark, or GB18030; the separator is found."""

import csv
import io
import re
from pathlib import Path

from mobank.base.cells import text_of
from mobank.spreadsheets.grid import Grid, GridCell, Spot, normal, refusal, refuse_too_many

SEPARATORS = (",", "\t", ";", "|")
SAMPLE_LINES = 50
LONGEST_CELL = 1 << 20
_DECIMAL_COMMA = r"[+-]?[0-9]+,[0-9]+"


def read_csv(path: Path) -> Grid:
    """Return a text file as a sheet.

    Raises
    ------
    InputError
        If it is not text, or its quotes do not close.
    """
    text = _decoded(path)
    separator = _separator(path, text)
    cells: dict[Spot, GridCell] = {}
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row, values in enumerate(reader, 1):
            for column, value in enumerate(values, 1):
                if cell := _cell(value, separator):
                    cells[row, column] = cell
            refuse_too_many(path, len(cells))
    except csv.Error as error:
        hint = "a quote within a quoted text is written twice"
        raise refusal(path, f"line {reader.line_num}", f"is not read as CSV ({error})", hint) from None
    return Grid(path.name, "", cells)


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise refusal(path, "this file", "is neither UTF-8 nor GB18030 (GBK) text", "save it as CSV UTF-8")


def _separator(path: Path, text: str) -> str:
    """Return the separator that most lines have as often as one another; the name of the file settles a tie."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    lines = [line for line in text.splitlines()[:SAMPLE_LINES] if line.strip()]
    counts = {each: [re.sub(r'"[^"]*"', "", line).count(each) for line in lines] for each in SEPARATORS}
    return max(SEPARATORS, key=lambda each: (_agreement(counts[each]), -SEPARATORS.index(each)))


def _agreement(counts: list[int]) -> int:
    """Return in how many lines a separator stands as often as it does in most of them; 0 where it does not stand."""
    there = [count for count in counts if count]
    return max((there.count(count) for count in set(there)), default=0)


def _cell(value: str, separator: str) -> GridCell | None:
    text = normal(text_of(value))
    if not text:
        return None
    if separator == ";" and re.fullmatch(_DECIMAL_COMMA, text):
        fault = "may be a decimal or thousands set apart: write decimals with a point, or thousands without a comma"
        return GridCell(text, fault=fault)
    return GridCell(text, indent=len(value) - len(value.lstrip(" \u3000\xa0\t")))
