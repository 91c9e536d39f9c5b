"""A small frozen table: what a program asks for in rows, and hands on to pandas, polars, duckdb or a notebook."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from mobank.api.inputs import choice, month_of
from mobank.base.quantities import Month

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Cell: TypeAlias = str | float | Month
MOST_SHOWN = 20  # rows in a notebook or terminal


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of equal columns, with units and the digest of what they come from.

    Columns called `month` hold a `Month`, which is written as "2025-12". In `to_pandas` and for other libraries a month
    is the date of its first day, and a number that is not defined is missing.

    Examples
    --------
    >>> import mobank as mb
    >>> table = mb.Table(("measure", "month", "value"), (("mau", mb.Month.of(2025, 12), 2e8),))
    >>> table.where(month="2025-12").column("value")
    (200000000.0,)
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    attrs: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return the cells of a column, from top to bottom."""
        at = self._at(name)
        return tuple(row[at] for row in self.rows)

    def where(self, **cells: Cell) -> "Table":
        """Return the rows that have these cells: ``where(measure="mau", month="2025-12")``."""
        wanted = {self._at(name): month_of(cell) if name == "month" else cell for name, cell in cells.items()}  # type: ignore[arg-type]
        rows = tuple(row for row in self.rows if all(row[at] == cell for at, cell in wanted.items()))
        return Table(self.columns, rows, self.attrs)

    def select(self, *names: str) -> "Table":
        """Return the table with some of its columns."""
        at = [self._at(name) for name in names]
        return Table(names, tuple(tuple(row[i] for i in at) for row in self.rows), self.attrs)

    def _at(self, name: str) -> int:
        return self.columns.index(choice(name, "column", self.columns))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        return iter(self.rows)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the table as a pandas data frame, units and digest in its `attrs`."""
        return as_pandas(self.to_arrow(), self.attrs)

    def to_arrow(self) -> "pa.Table":
        """Return the table as an Arrow table, units and digest in the metadata of its schema."""
        import pyarrow as pa

        columns = {name: arrow_column(self.column(name)) for name in self.columns}
        return pa.table(columns).replace_schema_metadata(dict(self.attrs))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the table by the Arrow PyCapsule interface, which polars, duckdb and pandas read."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        shown = [list(self.columns), *([_written(cell) for cell in row] for row in self.rows[:MOST_SHOWN])]
        widths = [max(len(line[i]) for line in shown) for i in range(len(self.columns))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in shown]
        return "\n".join([*lines, *_rest(len(self))])

    def _repr_html_(self) -> str:
        body = html_table(self.columns, [[_written(cell) for cell in row] for row in self.rows[:MOST_SHOWN]])
        return as_written(body, *(element("p", line) for line in _rest(len(self))))


def element(name: str, text: str) -> str:
    """Return an HTML element that holds a text, which is escaped here."""
    return f"<{name}>{escape(text)}</{name}>"


def as_written(*parts: str) -> str:
    """Return pieces of HTML in which a notebook takes no text for mathematics: a dollar sign is one."""
    return "".join(['<div class="mathjax_ignore tex2jax_ignore">', *parts, "</div>"])


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an HTML table of texts, which are escaped here."""
    lines = ["<table><thead><tr>", *(element("th", name) for name in head), "</tr></thead><tbody>"]
    lines += ["<tr>" + "".join(element("td", cell) for cell in row) + "</tr>" for row in rows]
    return "".join([*lines, "</tbody></table>"])


def table_of(rows: Sequence[Mapping[str, str]], attrs: Mapping[str, str]) -> Table:
    """Return the rows of a CSV that mobank writes as a table: months, numbers where every cell is one, else texts."""
    names = tuple(rows[0]) if rows else ()
    columns = [_typed(name, [row[name] for row in rows]) for name in names]
    return Table(names, tuple(zip(*columns, strict=True)), attrs)


def _typed(name: str, cells: Sequence[str]) -> Sequence[Cell]:
    if name == "month":
        return [month_of(cell) for cell in cells]
    try:
        return [float(cell or "nan") for cell in cells]
    except ValueError:
        return cells


def arrow_column(cells: Sequence[Cell]) -> Any:
    """Return the Arrow array of a column: numbers, dates or texts."""
    import pyarrow as pa

    if cells and isinstance(cells[0], Month):
        return pa.array([first_day(cell) for cell in cells if isinstance(cell, Month)], pa.date32())
    return pa.array(cells, from_pandas=True)


def first_day(month: Month) -> Any:
    """Return the date that stands for a month elsewhere."""
    from datetime import date

    return date(month.year, month.month, 1)


def as_pandas(table: "pa.Table", attrs: Mapping[str, str]) -> "pd.DataFrame":
    """Return an Arrow table as a pandas data frame."""
    frame = table.to_pandas(date_as_object=False)
    frame.attrs = dict(attrs)
    return frame


def _written(cell: Cell) -> str:
    return f"{cell:,.6g}" if isinstance(cell, float) and abs(cell) < 1e6 else (
        f"{cell:,.0f}" if isinstance(cell, float) else str(cell)
    )  # fmt: skip


def _rest(rows: int) -> list[str]:
    return [f"… {rows - MOST_SHOWN:,} more rows"] if rows > MOST_SHOWN else []
