"""Texts and numbers in the cells of spreadsheets: the one place that knows what Excel makes of a text.

A text that begins with one of `FORMULA` is taken for a formula, or for what continues the line before, by programs
that open a CSV. Such a text gets one apostrophe, in CSV files and in workbooks alike; so does one that begins with
apostrophes before such a character, so that what our readers take off is always what our writers put there. Numbers
are numbers: they are never marked, negative ones included.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import TextIO

ENCODING = "utf-8-sig"  # without its mark Excel takes UTF-8 for the local encoding and spoils Chinese
FORMULA = "=+-@\t\r"
TEN = 10  # digits of a number in a CSV
_MARKED = re.compile(rf"'+[{re.escape(FORMULA)}]")
_QUOTED = re.compile(r'[,"\r\n]')
_TO_MARK = re.compile(rf"'*[{re.escape(FORMULA)}]")


class Digits(str):
    """A number as it is written: the only text that stands in a cell as it is, a minus sign at its head included."""

    __slots__ = ()


def digits(value: float, most: int = TEN) -> Digits:
    """Return a number with so many digits at most; NaN is an empty cell.

    Examples
    --------
    >>> digits(-0.25)
    '-0.25'
    >>> digits(float("nan"))
    ''
    """
    return Digits("" if isnan(value) else f"{value:.{most}g}")


def cell_of(text: str) -> str:
    """Return a text as it is written into a cell: one apostrophe before what would be read as a formula.

    Examples
    --------
    >>> cell_of("=1+1"), cell_of("about -5"), cell_of(digits(-5))
    ("'=1+1", 'about -5', '-5')
    """
    return f"'{text}" if _TO_MARK.match(text) and not isinstance(text, Digits) else str(text)


def text_of(cell: str) -> str:
    """Return the text that `cell_of` was given; other apostrophes stay.

    Examples
    --------
    >>> text_of("'=1+1"), text_of("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if _MARKED.match(cell) else cell


def write_csv(file: TextIO, rows: Iterable[Sequence[object]], end: str = "\r\n") -> None:
    """Write rows as CSV: texts as `cell_of` has them, None as nothing, other values as they are.

    A cell with a line break of any kind is quoted. The file is open in `ENCODING` with `newline=""`.
    """
    for row in rows:
        file.write(",".join(map(_field, row)) + end)


def _field(value: object) -> str:
    written = cell_of(value) if isinstance(value, str) else "" if value is None else str(value)
    return '"{}"'.format(written.replace('"', '""')) if _QUOTED.search(written) else written


def read_csv(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the rows of a CSV that `write_csv` wrote, texts as they were given."""
    return ([text_of(each) for each in row] for row in csv.reader(lines))


def write_table(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Write rows of equal columns, by the names of these, as a CSV that Excel reads as UTF-8."""
    with path.open("w", encoding=ENCODING, newline="") as file:
        head = list(rows[0])
        write_csv(file, [head, *([row.get(name) for name in head] for row in rows)])


def read_table(path: Path) -> list[dict[str, str]]:
    """Return what `write_table` wrote."""
    with path.open(encoding=ENCODING, newline="") as file:
        head, *rows = read_csv(file)
    return [dict(zip(head, row, strict=True)) for row in rows]
