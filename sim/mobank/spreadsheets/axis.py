"""Where the months of a sheet stand: across or down, in which lines, and what each position of a line is called.

Everything is done as if months ran across: a sheet whose months run down is turned first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from mobank.spreadsheets.grid import Box, Grid, GridCell
from mobank.spreadsheets.periods import MONTH_OF_YEAR, WHOLE_YEAR, Period, period_of
from mobank.spreadsheets.vocabulary import is_missing, role_called

FEWEST_WEAK = 2  # digits alone that make a line of months
ENOUGH = 3  # periods that make a line of months beside a fuller one
HEADER_ROWS = 4  # above the months, in which their years may stand
CLOSE_ROWS = 2  # between a line of months and that of their years
OF_THE_BEST = 0.5  # a line with that share of the marks of the fullest one is a line of months, too


class MonthLine(NamedTuple):
    """A line of months.

    Attributes
    ----------
    row : where it stands. periods : by column; a fault says why one cannot be read.
    years : lines beside it that say the years of the months.
    rivals : other lines of months beside it, with no figures between: what was loaded when, perhaps.
    """

    row: int
    periods: Mapping[int, Period]
    years: tuple[int, ...] = ()
    rivals: tuple[int, ...] = ()


@dataclass(frozen=True)
class TableBlock:
    """A table as a rectangle: header from `box.top`, the axis, and what lies below it down to `box.bottom`."""

    grid: Grid
    axis: MonthLine
    box: Box


def blocks(grid: Grid, ignored: frozenset[str] = frozenset()) -> list[TableBlock]:
    """Return the tables of a sheet, in a grid that is turned where months run down; none where no months stand.

    Parameters
    ----------
    ignored : headings of lines that are no lines of months.
    """
    across, down = _marks(grid, ignored), _marks(grid.turn(), ignored)
    if not across and not down:
        return []
    if _fullness(down) > _fullness(across) or (_fullness(down) == _fullness(across) and _beside(grid, across)):
        grid, across = grid.turn(), down
    axes = [_of_rivals(grid, group) for group in _grouped(grid, _axes(grid, across))]
    return [TableBlock(grid, axis, box) for axis, box in zip(axes, _boxes(grid, axes), strict=True)]


def _fullness(lines: Mapping[int, Mapping[int, Period]]) -> tuple[int, int]:
    """Return how many months the fullest line has, and how many periods: months count before years."""
    months = [sum(p.months == MONTH_OF_YEAR for p in line.values()) for line in lines.values()]
    return max(months, default=0), max((len(line) for line in lines.values()), default=0)


def _beside(grid: Grid, lines: Mapping[int, Mapping[int, Period]]) -> bool:
    """Return whether what follows the marks stands to their right rather than below them."""
    spots = [(row, column) for row, line in lines.items() for column in line]
    right = sum(not grid.at(row, column + 1).empty and (row, column + 1) not in spots for row, column in spots)
    below = sum(not grid.at(row + 1, column).empty and (row + 1, column) not in spots for row, column in spots)
    return right > below


def _marks(grid: Grid, ignored: frozenset[str]) -> dict[int, dict[int, Period]]:
    """Return the periods by row and column, of rows that may be a line of them."""
    rows: dict[int, dict[int, Period]] = {}
    for row, cells in grid.rows.items():
        heading = next(iter(cells.values())).label
        line = {column: period_of(cell) or _bare_month(heading, cell) for column, cell in cells.items()}
        if found := {column: period for column, period in line.items() if period is not None}:
            rows[row] = found
    return {row: line for row, line in rows.items() if _may_be_axis(grid, row, line, ignored)}


def _bare_month(heading: str, cell: GridCell) -> Period | None:
    """Return the month of a number from 1 to 12 in a line that is headed as months."""
    if heading.casefold() not in ("月", "月份", "month") or not re.fullmatch("0?[1-9]|1[0-2]", cell.text):
        return None
    return Period(None, int(cell.text))


def _may_be_axis(grid: Grid, row: int, line: Mapping[int, Period], ignored: frozenset[str]) -> bool:
    headings = [cell.label for column, cell in grid.rows[row].items() if column < min(line) and cell.label]
    roles = {role_called(heading) for heading in headings}
    if headings and (role_called(headings[-1]) == "ignored" or headings[-1] in ignored):
        return False
    if any(not period.weak for period in line.values()):
        return any(period.whole or period.month for period in line.values())
    if roles & {"period", "year"}:
        return True
    right = [cell for column, cell in grid.rows[row].items() if column > min(line) and column not in line]
    others = [cell for cell in right if any(map(str.isdigit, cell.text))]
    return len(line) >= FEWEST_WEAK and not others and _in_step([line[column] for column in sorted(line)])


def _in_step(periods: Sequence[Period]) -> bool:
    """Return whether digits run as months or years do: each the next one after the last, up or down, or the same."""
    if not all(period.whole for period in periods):
        return False
    steps = {(after.last - before.last) // after.months for before, after in pairwise(periods)}
    return len({period.months for period in periods}) == 1 and (steps <= {0, 1} or steps <= {0, -1})


def _axes(grid: Grid, lines: Mapping[int, Mapping[int, Period]]) -> list[MonthLine]:
    most = max(len(line) for line in lines.values())
    full = [row for row, line in sorted(lines.items()) if len(line) >= min(ENOUGH, OF_THE_BEST * most)]
    years = [row for row in full if all(_is_year(period) for period in lines[row].values())]
    months = [row for row in full if row not in years]
    beside = {row for row in years if any(abs(row - month) <= CLOSE_ROWS for month in months)}
    return [_axis(grid, row, lines[row]) for row in full if row not in beside]


def _axis(grid: Grid, row: int, line: Mapping[int, Period]) -> MonthLine:
    near = [*range(row - 1, max(row - HEADER_ROWS, 0), -1), *range(row + 1, row + CLOSE_ROWS + 1)]
    years = tuple(each for each in near if _has_years(grid, each))
    if all(period.year is not None or period.fault for period in line.values()):
        return MonthLine(row, line, years)
    return MonthLine(row, _with_years(grid, row, line, years[0] if years else 0), years)


def _grouped(grid: Grid, axes: Sequence[MonthLine]) -> list[list[MonthLine]]:
    """Return lines of months with no figures between them together."""
    groups: list[list[MonthLine]] = []
    for axis in axes:
        if groups and not any(_filled(grid, groups[-1][-1], axis)):
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return groups


def _of_rivals(grid: Grid, group: Sequence[MonthLine]) -> MonthLine:
    """Return the line of a group that is headed as months, with the others as its rivals; else the first of them."""
    headed = [axis for axis in group if _heading(grid, axis) == "period"]
    chosen = headed[0] if len(headed) == 1 else group[0]
    others = tuple(axis.row for axis in group if axis is not chosen)
    if others and len(headed) != 1 and any(axis.periods != chosen.periods for axis in group):
        why = "is in one of two lines of months: head the right one 月份 or month, or delete the other"
        return chosen._replace(periods={c: replace(p, fault=why) for c, p in chosen.periods.items()}, rivals=others)
    return chosen._replace(rivals=others)


def _heading(grid: Grid, axis: MonthLine) -> str:
    """Return what a line of months is headed as."""
    labels = [cell.label for column, cell in grid.rows[axis.row].items() if column < min(axis.periods) and cell.label]
    return role_called(labels[-1]) if labels else ""


def _is_year(period: Period) -> bool:
    return period.months == WHOLE_YEAR and not period.end


def _has_years(grid: Grid, row: int) -> bool:
    """Return whether a line holds years, and nothing that could be figures."""
    cells = list(grid.rows.get(row, {}).values())
    found = [period for cell in cells if (period := period_of(cell)) is not None]
    numbers = [cell for cell in cells if cell.number and period_of(cell) is None]
    return bool(found) and not numbers and all(map(_is_year, found))


def _with_years(grid: Grid, row: int, line: Mapping[int, Period], year_row: int) -> dict[int, Period]:
    """Return months with the year that stands over them, merged or once at the left; else that of sheet or title."""
    dated, year, before = {}, None if year_row else _year_of_sheet(grid, row), 0
    if year_row:
        left = [period_of(grid.shown(year_row, column)) for column in range(grid.box.left, min(line))]
        year = next((period.year for period in reversed(left) if period and _is_year(period)), None)
    for column in range(min(line), max(line) + 1):
        over = period_of(grid.shown(year_row, column)) if year_row else None
        if over and _is_year(over) and over.year != year:
            year, before = over.year, 0
        period = line.get(column)
        if period is None:
            continue
        if period.year is not None or period.fault or period.month is None:
            dated[column] = period
        elif year is None:
            dated[column] = replace(period, fault="is a month without a year: write it as 2023-01")
        elif period.month < before:
            dated[column] = replace(period, fault=f"follows month {before} of {year}, with no year of its own")
        else:
            dated[column], before = replace(period, year=year), period.month
    return dated


def _year_of_sheet(grid: Grid, row: int) -> int | None:
    """Return the one year that the name of the sheet or the lines above say."""
    texts = [grid.sheet] + [cell.label for (r, _), cell in grid.cells.items() if r < row]
    years = {int(match) for text in texts for match in re.findall(r"(?<!\d)(20\d\d|19\d\d)(?!\d)", text)}
    return years.pop() if len(years) == 1 else None


def _boxes(grid: Grid, axes: Sequence[MonthLine]) -> list[Box]:
    """Return the rectangle of each table: it ends where the header of the next one begins."""
    top, bottom, left, right = grid.box
    tops = [top]
    for before, axis in pairwise(axes):
        tops.append(max(_filled(grid, before, axis), default=before.row) + 1)
    ends = [*(each - 1 for each in tops[1:]), bottom]
    return [Box(first, last, left, right) for first, last in zip(tops, ends, strict=True)]


def _filled(grid: Grid, before: MonthLine, axis: MonthLine) -> Iterator[int]:
    """Yield the rows with figures between two lines of months."""
    for (row, column), cell in grid.cells.items():
        if column in before.periods and before.row < row < axis.row and row not in axis.years and _counts(cell):
            yield row


def _counts(cell: GridCell) -> bool:
    """Return whether a cell holds a figure, or what stands where there is none."""
    period = period_of(cell)
    return (any(map(str.isdigit, cell.text)) and (period is None or period.weak)) or is_missing(cell.text)
