"""What is found in a table: figures with all that the table says of them, and what of it is not read."""

from dataclasses import dataclass

from mobank.base.errors import Problem
from mobank.spreadsheets.grid import Box, Grid, GridCell, Spot
from mobank.spreadsheets.periods import Period
from mobank.spreadsheets.vocabulary import unit_called


@dataclass(frozen=True)
class FoundFigure:
    """One cell with a figure, and what the table says of it.

    Parameters
    ----------
    unit : said of it alone; "" where what is said of the whole table holds.
    """

    grid: Grid
    spot: Spot
    period: Period
    metric: str
    region: str
    unit: str
    definition: str

    @property
    def cell(self) -> GridCell:
        """The cell itself."""
        return self.grid.at(*self.spot)

    @property
    def hidden(self) -> bool:
        """Whether the cell is not shown."""
        return self.grid.is_hidden(*self.spot)


@dataclass(frozen=True)
class Remark:
    """Something in a table that is not read: what it is, by a word of `wording`, where, and its text."""

    kind: str
    where: str
    text: str = ""


@dataclass(frozen=True)
class FoundTable:
    """One table of a file.

    Parameters
    ----------
    name : that of its sheet, with a number from the second table of a sheet on.
    units : that its titles say, of persons or not. notes : texts below it.
    """

    name: str
    grid: Grid
    box: Box
    figures: tuple[FoundFigure, ...]
    units: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def area(self) -> str:
        """The rectangle as it is named."""
        return self.grid.area(self.box)

    @property
    def unit(self) -> str:
        """The unit of figures that have none of their own; "" where none of persons is said, or two."""
        persons = [unit for unit in self.units if unit_called(unit) is not None]
        return persons[0] if len(persons) == 1 else ""

    @property
    def across(self) -> bool:
        """Whether months run across."""
        return not self.grid.turned
