"""Quantiles of a forecast in a person's own table: a line a month, a column a quantile; or turned.

    月份      指标     p10     p50     p90            month    mau p10   mau p50   mau p90
    2024-01  月活用户  1.70亿  1.75亿  1.81亿          2024-01  170 m     175 m     181 m

A quantile is named by its share (p10, 10%, 10分位, median). The measure stands in a column of its own, before the
share, in the name of the sheet, or above the table; a region in a column of its own. What is not understood is refused
with its cell: a forecast is never read in part.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mobank.base.errors import InputError, Place, Problem, did_you_mean, shown
from mobank.base.quantities import Month, QuantityError
from mobank.spreadsheets.grid import Grid, Spot, refusal
from mobank.spreadsheets.periods import period_of
from mobank.spreadsheets.printed_figures import printed
from mobank.spreadsheets.reader import read_sheets
from mobank.spreadsheets.vocabulary import is_total, measure_called, role_called, unit_called, units_said

_SHARE = re.compile(
    r"(?P<of>.*?)[\s_:：(（-]*(?:"
    r"p\s?(?P<p>\d{1,2}(?:\.\d)?)|q\s?0?(?P<q>\.\d{1,3})|(?P<percent>\d{1,2}(?:\.\d)?)\s?(?:%(?:分位数?)?|分位数?|百分位数?"
    r"|th percentile)|(?P<middle>median|中位数))[)）]?",
    re.IGNORECASE,
)
EXAMPLE = "name quantiles p10, p50 and p90 (or 10%, 50%, 90%) in one line, and give each month a line"


@dataclass(frozen=True)
class QuantileRow:
    """The quantiles of one measure in one month.

    Parameters
    ----------
    region : as it is labelled; "" for the whole. levels : shares, ascending. values : persons. place : of the month.
    """

    measure: str
    region: str
    month: Month
    levels: tuple[float, ...]
    values: tuple[float, ...]
    place: Place


def read_quantiles(path: Path, measures: Sequence[str]) -> list[QuantileRow]:
    """Return the quantiles that a workbook or a CSV holds.

    Parameters
    ----------
    measures : those that are forecast, by their names in the model.

    Raises
    ------
    InputError
        With every cell that is not understood, or if no line of quantiles is found.
    """
    found: list[QuantileRow] = []
    problems: list[Problem] = []
    for grid in read_sheets(path):
        if table := _found(grid):
            rows = _QuantileReader(*table, measures)
            found += rows.read()
            problems += rows.problems
    seen: dict[tuple[str, str, Month], Place] = {}
    for row in found:
        key = row.measure, row.region, row.month
        if key in seen:
            found_text = f"{row.measure} {row.region} {row.month}".replace("  ", " ")
            problems.append(Problem(found_text, f"stands twice: first at {seen[key]}", "delete one", place=row.place))
        seen.setdefault(key, row.place)
    if problems:
        raise InputError(problems)
    if not found:
        raise refusal(path, "this file", "holds no table of quantiles that is found", EXAMPLE)
    return found


def share_called(heading: str) -> tuple[str, float] | None:
    """Return what a heading says before a quantile, and its level; None where it names no quantile.

    Examples
    --------
    >>> share_called("p10"), share_called("月活 90%"), share_called("中位数"), share_called("change")
    (('', 0.1), ('月活', 0.9), ('', 0.5), None)
    """
    match = _SHARE.fullmatch(heading.strip())
    if match is None:
        return None
    level = 0.5 if match["middle"] else float(match["q"]) if match["q"] else float(match["p"] or match["percent"]) / 100
    return (match["of"].strip(), round(level, 4)) if 0.0 < level < 1.0 else None


def _found(grid: Grid) -> tuple[Grid, int, Mapping[int, tuple[str, float]]] | None:
    """Return a sheet, turned where its quantiles run down, the row that names them, and them by column."""
    for each in (grid, grid.turn()):
        for row, cells in each.rows.items():
            shares = {column: share for column, cell in cells.items() if (share := share_called(cell.label))}
            if len(shares) > 1:
                return each, row, shares
    return None


class _QuantileReader:
    """One table, read line by line."""

    def __init__(self, grid: Grid, head: int, shares: Mapping[int, tuple[str, float]], measures: Sequence[str]) -> None:
        self.grid, self.head, self.shares, self.measures = grid, head, shares, measures
        self.problems: list[Problem] = []
        above = [
            cell.text
            for (row, column), cell in sorted(grid.cells.items(), key=lambda each: each[0])
            if row < head or (row == head and column not in shares)
        ]
        self.unit = next((unit for text in above for unit in units_said(text) if unit_called(unit) is not None), "")
        names = [measure_called(text) for text in (grid.sheet, *above)]
        self.measure = next((name for name in names if name in measures), "")
        self.labels = [column for column in range(grid.box.left, grid.box.right + 1) if column not in shares]

    def read(self) -> list[QuantileRow]:
        """Return the rows; what is wrong is among the problems."""
        return [each for row in range(self.head + 1, self.grid.box.bottom + 1) for each in self.line(row)]

    def line(self, row: int) -> Iterator[QuantileRow]:
        """Yield the quantiles of a line, one row a measure; nothing of a line without any."""
        if all(self.grid.at(row, column).empty for column in self.shares):
            return
        months = [column for column in self.labels if (p := period_of(self.grid.shown(row, column))) and p.whole]
        if not months:
            self.refuse(row, min(self.shares), "stands in a line without a month", "write the month as 2024-01")
            return
        period = period_of(self.grid.shown(row, months[0]))
        assert period is not None
        region = self.region(row)
        for own in dict.fromkeys(of for of, _ in self.shares.values()):
            measure = self.measure_of(row, own)
            columns = {level: column for column, (of, level) in self.shares.items() if of == own}
            values = {level: self.value(row, column) for level, column in sorted(columns.items())}
            if not measure or any(value is None for value in values.values()):
                continue
            numbers = [value for value in values.values() if value is not None]
            if any(lower > upper for lower, upper in pairwise(numbers)):
                self.refuse(row, columns[min(columns)], "is more than a higher quantile of its month", "")
                continue
            place = self.grid.place(row, months[0])
            yield QuantileRow(measure, region, period.last, tuple(values), tuple(numbers), place)

    def measure_of(self, row: int, own: str) -> str:
        """Return the measure of quantiles: said in their heading, in the line, or of the table; "" if it is unclear."""
        labels = [self.grid.shown(row, column).label for column in self.labels]
        named = [name for label in ([own] if own else labels) if (name := self.called(label))]
        measure = named[0] if named else "" if own else self.measure
        if not measure:
            column = next(c for c, (of, _) in self.shares.items() if of == own)
            hint = did_you_mean(own, self.measures) if own else "add a column that says so: "
            hint += "" if own else " or ".join(self.measures)
            allowed = "is of a measure that is not forecast" if own else "is of a measure that is not said"
            self.refuse(self.head if own else row, column, allowed, hint)
        return measure

    def called(self, label: str) -> str:
        """Return the measure that a label calls, if it is one that is forecast; else ""."""
        name = label if label in self.measures else measure_called(label)
        return name if name in self.measures else ""

    def region(self, row: int) -> str:
        """Return what stands in the column of regions; "" where there is none, and for the whole bank."""
        for column in self.labels:
            if role_called(self.grid.shown(self.head, column).label) == "region":
                label = self.grid.shown(row, column).label
                return "" if is_total(label) else label
        return ""

    def value(self, row: int, column: int) -> float | None:
        """Return the persons in a cell; None if it is no count."""
        cell = self.grid.at(row, column)
        unit = next((u for u in units_said(self.grid.shown(self.head, column).label)), "") or self.unit
        try:
            said = None if cell.empty else printed(cell, unit_called(unit) or "", True, frozenset())
        except QuantityError as error:
            unsaid = "write the unit in the cell, such as 170万户, or above the table: 单位：万户"
            hint = unsaid if error.hint.startswith("write unit") else "" if "the map" in error.hint else error.hint
            self.refuse(row, column, error.allowed, hint)
            return None
        if said is None:
            self.refuse(row, column, "is no figure: give all quantiles of a month, or none", "")
            return None
        return said.interval.middle

    def refuse(self, row: int, column: int, allowed: str, hint: str) -> None:
        """Keep a problem of a cell, once."""
        spot: Spot = row, column
        text = self.grid.shown(*spot).text
        found = shown(text) if text else "an empty cell"
        problem = Problem(found, allowed, hint, place=self.grid.place(*spot))
        if problem not in self.problems:
            self.problems.append(problem)
