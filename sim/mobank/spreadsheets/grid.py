"""A sheet as a person sees it: cells by row and column with the text that is shown, merged and hidden ones known.

Every reader of a kind of file makes a `Grid`; what is found in it knows its cell, so that a message can name it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from mobank.base.errors import InputError, Place, Problem
from mobank.base.tables import GuessedPage

MOST_CELLS = 1_000_000  # of one file, those that hold something
LONGEST_LABEL = 80

Spot = tuple[int, int]  # row and column, from 1


class Box(NamedTuple):
    """A rectangle of cells: first and last row, first and last column."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class GridCell:
    """What stands in one cell.

    Parameters
    ----------
    text : what is shown. number : a number in full, as decimal digits; "" where the cell holds none.
    day : a real date. fault : why its content cannot be used; "" where it can.
    indent : how far it is set in. note : the comment on the cell.
    """

    text: str = ""
    number: str = ""
    day: date | None = None
    fault: str = ""
    indent: int = 0
    note: str = ""

    @property
    def empty(self) -> bool:
        """Return whether nothing is shown, and nothing is wrong."""
        return not self.text and not self.fault

    @cached_property
    def label(self) -> str:
        """The text as a name is compared: half-width, single spaces, not too long."""
        return normal(self.text)[:LONGEST_LABEL].strip()


EMPTY = GridCell()


@dataclass(frozen=True)
class Grid:
    """One sheet, or a text file.

    Parameters
    ----------
    file : as it is named in messages. sheet : "" for a text file.
    merged : rectangles whose first cell holds what all of them show.
    turned : rows and columns are exchanged; addresses stay those of the file.
    values_only : neither how a number is shown is known, nor whether an empty cell is a formula without a value.
    guessed : the code page that a text file is taken to be in, where that is not sure.
    """

    file: str
    sheet: str
    cells: Mapping[Spot, GridCell]
    merged: tuple[Box, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    hidden: bool = False
    turned: bool = False
    values_only: bool = False
    guessed: GuessedPage | None = None

    @cached_property
    def box(self) -> Box:
        """The rectangle of all cells that hold something; empty where none does."""
        rows, columns = {row for row, _ in self.cells}, {column for _, column in self.cells}
        return Box(min(rows), max(rows), min(columns), max(columns)) if rows else Box(1, 0, 1, 0)

    @cached_property
    def covered(self) -> Mapping[Spot, Spot]:
        """The first cell of the merged rectangle by each cell that it covers, within the box."""
        top, bottom, left, right = self.box
        return {
            (row, column): (box.top, box.left)
            for box in self.merged
            for row in range(max(box.top, top), min(box.bottom, bottom) + 1)
            for column in range(max(box.left, left), min(box.right, right) + 1)
            if (row, column) != (box.top, box.left)
        }

    @cached_property
    def rows(self) -> Mapping[int, Mapping[int, GridCell]]:
        """The cells of each row by column, in order."""
        found: dict[int, dict[int, GridCell]] = {}
        for (row, column), cell in sorted(self.cells.items(), key=lambda each: each[0]):
            found.setdefault(row, {})[column] = cell
        return found

    def at(self, row: int, column: int) -> GridCell:
        """Return what a cell itself holds."""
        return self.cells.get((row, column), EMPTY)

    def shown(self, row: int, column: int) -> GridCell:
        """Return what a cell shows: if it is merged with others, what the first of them holds."""
        return self.at(*self.covered.get((row, column), (row, column)))

    def is_hidden(self, row: int, column: int) -> bool:
        """Return whether a cell is not shown."""
        return self.hidden or row in self.hidden_rows or column in self.hidden_columns

    def address(self, row: int, column: int) -> str:
        """Return a cell as it is named in its sheet: "H4"."""
        return f"{letters(row)}{column}" if self.turned else f"{letters(column)}{row}"

    def area(self, box: Box) -> str:
        """Return a rectangle as it is named: "A2:AL5"."""
        return f"{self.address(box.top, box.left)}:{self.address(box.bottom, box.right)}"

    def place(self, row: int, column: int) -> Place:
        """Return where a cell stands, for a message."""
        address = self.address(row, column)
        return Place(self.file, 0, cell=f"{self.sheet}!{address}" if self.sheet else address)

    def turn(self) -> "Grid":
        """Return the sheet with rows and columns exchanged."""
        cells = {(column, row): cell for (row, column), cell in self.cells.items()}
        merged = tuple(Box(box.left, box.right, box.top, box.bottom) for box in self.merged)
        return replace(
            self, cells=cells, merged=merged, hidden_rows=self.hidden_columns, hidden_columns=self.hidden_rows,
            turned=not self.turned,
        )  # fmt: skip


def letters(column: int) -> str:
    """Return the name of a column, from 1.

    Examples
    --------
    >>> letters(1), letters(26), letters(27), letters(703)
    ('A', 'Z', 'AA', 'AAA')
    """
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def normal(text: str) -> str:
    """Return a text in half-width characters, with single spaces and nothing that cannot be printed."""
    folded = unicodedata.normalize("NFKC", text)
    spaced = "".join(each if each.isprintable() else " " for each in folded)
    return re.sub(r"\s+", " ", spaced).strip()


def refusal(path: Path, found: str, allowed: str, hint: str = "", cell: str = "") -> InputError:
    """Return that a file cannot be read as a table."""
    return InputError([Problem(found, allowed, hint, place=Place(path.name, 0, cell=cell))])


def refuse_too_many(path: Path, count: int) -> None:
    """Refuse a file with more cells than a table of figures has.

    Raises
    ------
    InputError
        If there are.
    """
    if count > MOST_CELLS:
        allowed = f"are more than a table of figures has; at most {MOST_CELLS:,} are read"
        raise refusal(path, f"{count:,} cells", allowed, "copy the figures into a workbook of their own")
