"""What a table says: each figure with its month, its metric, its region and its unit, and where each of these stands.

A line of months gives every figure its month. All other texts of the table divide the figures: labels beside the rows,
lines of texts along the months, headings of sections, and what stands above the table. What each of them means is
asked of `mobank.spreadsheets.roles`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mobank.base.errors import Problem, shown
from mobank.spreadsheets.axis import TableBlock, blocks
from mobank.spreadsheets.found import FoundFigure, FoundTable, Remark
from mobank.spreadsheets.grid import Grid, GridCell, Spot
from mobank.spreadsheets.periods import MONTH_OF_YEAR, Period, period_of
from mobank.spreadsheets.roles import Dimension, Roles, roles_of, units_of_all
from mobank.spreadsheets.vocabulary import (
    is_missing,
    is_no_period,
    measure_called,
    role_called,
    units_said,
)

MOST_TEXTS = 0.5  # of the cells of a line of figures
LABELLED = 0.5  # of the lines of figures, that a column of labels has at least


@dataclass
class _Lines:
    """The lines of one block.

    Parameters
    ----------
    periods : columns with figures. labels : columns of texts beside them. data : rows with figures.
    along : rows of texts along the months. years : rows of years, by label columns that hold the year of a row.
    """

    periods: dict[int, Period]
    labels: list[int] = field(default_factory=list)
    data: list[int] = field(default_factory=list)
    along: list[int] = field(default_factory=list)
    year_labels: dict[int, int] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def find_tables(grids: Sequence[Grid], ignored: frozenset[str] = frozenset()) -> list[FoundTable]:
    """Return the tables of a file in their order.

    Parameters
    ----------
    ignored : headings and labels whose lines are left out.
    """
    found = []
    for grid in grids:
        for number, block in enumerate(blocks(grid, ignored), 1):
            name = grid.sheet or grid.file.rpartition(".")[0]
            found.append(_Table(block, ignored).found(f"{name} ({number})" if number > 1 else name))
    return [table for table in found if table.figures or table.problems]


class _Table:
    """One block, taken apart."""

    def __init__(self, block: TableBlock, ignored: frozenset[str]) -> None:
        self.grid, self.axis, self.box, self.ignored = block.grid, block.axis, block.box, ignored
        self.lines = _Lines({c: p for c, p in block.axis.periods.items() if self.label_of_column(c) not in ignored})

    def found(self, name: str) -> FoundTable:
        """Return what the block says."""
        lines = self.lines
        for row in self.axis.rivals:
            self.remark("unused", row, min(self.axis.periods), self.label_of_row(row))
        self.sort_rows()
        self.sort_columns()
        self.drop_sums()
        self.refuse_faulty()
        sections, captions, notes = self.other_texts()
        spots = dict(self.spots())
        dimensions = [
            *(self.down(column) for column in lines.labels),
            *(self.along(row) for row in lines.along),
            *([sections] if sections.distinct else []),
        ]
        roles = roles_of(dimensions, spots, [self.grid.sheet, *captions, name])
        roles.sections = sections
        for each in roles.unused:
            lines.remarks.append(Remark("unused", str(each.place), each.heading or each.distinct[0]))
        if self.grid.values_only:
            self.remark("values_only", self.box.top, self.box.left, "")
        figures = tuple(self.figures(spots, roles))
        return FoundTable(
            name, self.grid, self.box, figures, units_of_all([*captions, *notes]), tuple(notes), tuple(lines.remarks),
            (*lines.problems, *roles.problems),
        )  # fmt: skip

    # ------------ which line is what

    def rows(self) -> Iterator[int]:
        """Yield the rows of the block but those of the months and their years."""
        for row in range(self.box.top, self.box.bottom + 1):
            if row not in (self.axis.row, *self.axis.years, *self.axis.rivals):
                yield row

    def sort_rows(self) -> None:
        """Find the rows with figures, and those with texts along the months."""
        for row in self.rows():
            cells = [cell for column in self.lines.periods if not (cell := self.grid.at(row, column)).empty]
            label = self.label_of_row(row)
            if not cells or label in self.ignored or role_called(label) in ("ignored", "note", "year", "period"):
                if cells and label in self.ignored:
                    self.remark("ignored_line", row, self.first_label(row), label)
                continue
            texts = sum(not _may_be_figure(cell) for cell in cells)
            if role_called(label) == "region" or (texts > MOST_TEXTS * len(cells) and not measure_called(label)):
                if len(cells) > 1 or any((row, c) in self.grid.covered for c in self.lines.periods):
                    self.lines.along.append(row)
            else:
                self.lines.data.append(row)

    def sort_columns(self) -> None:
        """Find the columns of labels; note those with numbers under no month."""
        rows = [*self.lines.data, *self.lines.along]
        for column in range(self.box.left, self.box.right + 1):
            if column in self.axis.periods:
                continue
            cells = [cell for row in rows if not (cell := self.grid.shown(row, column)).empty]
            texts = [cell for cell in cells if not _may_be_figure(cell) and not units_line(cell.text)]
            heading = self.label_of_column(column)
            role = role_called(heading)
            if heading in self.ignored:
                self.remark("ignored_line", self.axis.row, column, heading)
            elif cells and role == "year" and self.take_years(column):
                continue
            elif texts and self.is_between_months(column):
                self.between(column, texts)
            elif role == "region" or (texts and (len(texts) > 1 or len(texts) >= LABELLED * len(rows))):
                self.lines.labels.append(column)
            elif any(cell.number or _may_be_figure(cell) for cell in cells if not is_missing(cell.text)):
                self.beside(column, heading)

    def is_between_months(self, column: int) -> bool:
        """Return whether months stand on both sides of a column."""
        return min(self.axis.periods) < column < max(self.axis.periods)

    def between(self, column: int, texts: Sequence[GridCell]) -> None:
        """Refuse labels between months, of a table that stands beside another, unless they are the same ones again."""
        for other in self.lines.labels:
            if all(
                self.grid.shown(row, column).label in ("", self.grid.shown(row, other).label) for row in self.lines.data
            ):
                return
        row = next(row for row in self.rows() if self.grid.shown(row, column) in texts)
        allowed = "stands between months: two tables beside each other are not read"
        hint = "put one of them below the other, or on a sheet of its own"
        self.lines.problems.append(Problem(shown(texts[0].text), allowed, hint, place=self.grid.place(row, column)))

    def beside(self, column: int, heading: str) -> None:
        """Note a column of numbers that has no month: a sum, a change or a number of the row; else it is refused."""
        if is_no_period(heading) or role_called(heading) in ("ignored", "note"):
            self.remark("no_period", self.axis.row, column, heading)
            return
        found = shown(heading) if heading else "a line of numbers without a month"
        allowed = "is no month that is read" if heading else "is not read"
        hint = "write the month as 2023-01, or name the heading under ignored: in the map"
        hint = hint if heading else "give it a heading: a month, or a word that is named under ignored: in the map"
        row = self.axis.row if heading else next(r for r in self.lines.data if not self.grid.at(r, column).empty)
        self.lines.problems.append(Problem(found, allowed, hint, place=self.grid.place(row, column)))

    def take_years(self, column: int) -> bool:
        """Take a column for the years of months without one; return whether it is that."""
        years = {row: period_of(self.grid.shown(row, column)) for row in self.lines.data}
        found = {row: period.year for row, period in years.items() if period and period.year}
        if len(found) < len(years) or not all(p.year is None and p.month for p in self.lines.periods.values()):
            return False
        self.lines.year_labels = found
        self.lines.periods = {c: Period(None, p.month) for c, p in self.lines.periods.items()}
        return True

    def drop_sums(self) -> None:
        """Leave out quarters and years that stand beside their own months."""
        whole = {c: p for c, p in self.lines.periods.items() if p.whole}
        months = {p.last for p in whole.values() if p.months == MONTH_OF_YEAR}
        for column, period in whole.items():
            if period.months > MONTH_OF_YEAR and any(period.last - back in months for back in range(period.months)):
                self.remark("sum", self.axis.row, column, self.grid.shown(self.axis.row, column).text)
                del self.lines.periods[column]

    def refuse_faulty(self) -> None:
        """Refuse headings of figures that are no month."""
        for column, period in list(self.lines.periods.items()):
            if period.whole or self.lines.year_labels:
                continue
            if any(not self.grid.at(row, column).empty for row in self.lines.data):
                cell = self.grid.shown(self.axis.row, column)
                place = self.grid.place(self.axis.row, column)
                self.lines.problems.append(Problem(shown(cell.text), period.fault or "is no month", place=place))
            del self.lines.periods[column]

    # ------------ texts

    def label_of_row(self, row: int) -> str:
        """Return the last text before the months of a row, which names it best."""
        first = min(self.axis.periods)
        texts = [self.grid.shown(row, column).label for column in range(self.box.left, first)]
        return next(filter(None, reversed(texts)), "")

    def first_label(self, row: int) -> int:
        """Return the column of the first text of a row."""
        return next(
            (c for c in range(self.box.left, self.box.right + 1) if not self.grid.at(row, c).empty), self.box.left
        )

    def label_of_column(self, column: int) -> str:
        """Return the heading of a column: in the line of months, else the next one above it."""
        rows = range(self.axis.row, self.box.top - 1, -1)
        return next(filter(None, (self.grid.shown(row, column).label for row in rows)), "")

    def down(self, column: int) -> Dimension:
        """Return a column of labels; one that is left blank is that of the row above, if another label stands there."""
        texts: dict[int, str] = {}
        indents: dict[int, int] = {}
        last = ""
        for row in self.lines.data:
            cell = self.grid.shown(row, column)
            beside = any(not self.grid.shown(row, other).empty for other in self.lines.labels if other != column)
            last = cell.label or (last if beside else "")
            texts[row], indents[row] = last, cell.indent
        first = next((row for row in self.lines.data if texts[row]), self.axis.row)
        return Dimension(self.label_of_column(column), True, texts, self.grid.place(first, column), indents)

    def along(self, row: int) -> Dimension:
        """Return a row of texts along the months; one that is left blank is that before it."""
        texts: dict[int, str] = {}
        last = ""
        for column in sorted(self.lines.periods):
            last = self.grid.shown(row, column).label or (last if row < self.axis.row and not self.grid.turned else "")
            texts[column] = last
        first = min(self.lines.periods, default=self.box.left)
        return Dimension(self.label_of_row(row), False, texts, self.grid.place(row, first))

    def other_texts(self) -> tuple[Dimension, list[str], list[str]]:
        """Return the headings of sections by row of figures, the texts above the table, and those below it."""
        first, last = (min(self.lines.data), max(self.lines.data)) if self.lines.data else (self.box.top, self.box.top)
        used = {self.axis.row, *self.axis.years, *self.axis.rivals, *self.lines.data, *self.lines.along}
        captions: list[str] = []
        notes: list[str] = []
        headings: dict[int, str] = {}
        for (row, column), cell in sorted(self.grid.cells.items()):
            if not self.box.top <= row <= self.box.bottom or cell.number or not cell.text:
                continue
            if row not in used and self.axis.row < row <= last and not self.grid.turned:
                headings.setdefault(row, cell.label)
            elif row not in used and row > last and row > self.axis.row:
                notes.append(cell.text)
            elif (column not in self.lines.labels and column not in self.axis.periods) or row not in used:
                after = column > max(self.axis.periods, default=column) and self.grid.turned
                (notes if after else captions).append(cell.text)
        sections: dict[int, str] = {}
        for row in self.lines.data:
            over = [each for each in headings if each < row]
            sections[row] = headings[max(over)] if over else ""
        return (
            Dimension("", True, sections, self.grid.place(min(headings, default=first), self.box.left)),
            captions,
            notes,
        )

    # ------------ figures

    def spots(self) -> Iterator[tuple[Spot, Period]]:
        """Yield the cells of figures that hold anything, each with its period."""
        for row in self.lines.data:
            for column, period in self.lines.periods.items():
                if not self.grid.at(row, column).empty:
                    year = self.lines.year_labels.get(row)
                    yield (row, column), replace(period, year=year) if year else period
                elif (row, column) in self.grid.covered:
                    self.refuse_merged(row, column)

    def refuse_merged(self, row: int, column: int) -> None:
        """Refuse a figure that is merged over several months or rows."""
        first = self.grid.covered[row, column]
        cell = self.grid.at(*first)
        if cell.number and first[0] in self.lines.data:
            hint = "give each month its own cell"
            problem = Problem(
                shown(cell.text), "stands in several cells that are merged", hint, place=self.grid.place(*first)
            )
            if problem not in self.lines.problems:
                self.lines.problems.append(problem)

    def figures(self, spots: Mapping[Spot, Period], roles: Roles) -> Iterator[FoundFigure]:
        """Yield every figure with what is said of it; note rows that nothing is said of."""
        for spot, period in spots.items():
            metric = roles.metric_of(*spot)
            if not metric:
                allowed = "stands in a line without a name: what it counts is not known"
                self.lines.problems.append(
                    Problem(shown(self.grid.at(*spot).text), allowed, place=self.grid.place(*spot))
                )
                continue
            yield FoundFigure(
                self.grid,
                spot,
                period,
                metric,
                roles.region_of(*spot),
                roles.unit_of(*spot),
                roles.definition_of(*spot),
            )

    def remark(self, kind: str, row: int, column: int, text: str) -> None:
        """Note something that is not read."""
        self.lines.remarks.append(Remark(kind, str(self.grid.place(row, column)), text))


def units_line(text: str) -> bool:
    """Return whether a text says a unit and nothing else, as 单位：万户 does."""
    return bool(units_said(text)) and text.casefold().lstrip("(（[ ").startswith(("单位", "unit", "计量单位"))


def _may_be_figure(cell: GridCell) -> bool:
    """Return whether a cell holds a figure, or what stands in its place: a sign for none, or a fault."""
    digits = sum(character.isdigit() for character in cell.text)
    return bool(
        cell.number or cell.fault or is_missing(cell.text) or (digits and 2 * digits >= len(cell.text.strip("*†")))
    )
