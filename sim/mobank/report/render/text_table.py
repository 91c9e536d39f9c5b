"""Tables of the terminal: laid out for any width, and no cell of them is ever cut.

A report makes a `TextTable`; the terminal has it laid out for its width. What does not fit stands closer, then the
columns of texts are wrapped, and where that is not enough each row becomes a few lines, "name: value".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

Look = Literal["", "bold", "dim"]
GAPS = (3, 2)  # columns between two columns of a table, as there is room
NARROWEST = 14  # columns to which a column of texts may be wrapped
INDENT = 2
NO_START = "，。、；：？！）》”…％%,.;:)"  # what no line begins with


class Piece(NamedTuple):
    """A stretch of a line in one look."""

    text: str
    look: Look = ""


Line = tuple[Piece, ...]


@dataclass(frozen=True)
class TextColumn:
    """The head of a column, and how its cells stand: to the right, dim, or wrapped where there is no room."""

    head: str
    right: bool = False
    dim: bool = False
    wrap: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table of texts; a cell may have several lines.

    Parameters
    ----------
    rows : of as many cells as there are columns, or of fewer; none at all is a blank line.
    title, caption : above and below the table; "" for none.
    dim : rows that are set in grey, by number.
    """

    columns: Sequence[TextColumn]
    rows: Sequence[Sequence[str]]
    title: str = ""
    caption: str = ""
    dim: frozenset[int] = frozenset()

    def spelled(self, spell: Callable[[str], str]) -> "TextTable":
        """Return the table with every text changed, as for a terminal that lacks some characters."""
        return replace(
            self,
            columns=[replace(column, head=spell(column.head)) for column in self.columns],
            rows=[[spell(cell) for cell in row] for row in self.rows],
            title=spell(self.title),
            caption=spell(self.caption),
        )


def table_of(*heads: str, left: int = 1) -> list[TextColumn]:
    """Return columns: the first `left` of texts, which wrap, the others of numbers, to the right."""
    return [TextColumn(head, right=i >= left, wrap=i < left) for i, head in enumerate(heads)]


def laid_out(table: TextTable, width: int, rule: str = "─") -> Iterator[Line]:
    """Yield the lines of a table, none wider than `width` columns.

    Parameters
    ----------
    rule : the character of the line below the heads.
    """
    yield from (((Piece(line, "bold"),)) for line in wrapped(table.title, width))
    fitted = _fitted(table, width)
    if fitted is None:
        yield from _as_list(table, width)
    else:
        yield from _as_table(table, *fitted, rule)
    yield from (((Piece(line, "dim"),)) for line in wrapped(table.caption, width))


def _fitted(table: TextTable, width: int) -> tuple[list[int], int] | None:
    """Return the widths of the columns and the gap between them; None where nothing but a list fits."""
    wanted = [_widest([column.head, *(row[i] for row in table.rows if i < len(row))])
              for i, column in enumerate(table.columns)]  # fmt: skip
    for gap in GAPS if _headed(table) else (1,):
        room = width - gap * (len(wanted) - 1) - 2
        if sum(wanted) <= room:
            return wanted, gap
    free = [i for i, column in enumerate(table.columns) if column.wrap]
    while sum(wanted) > room:
        widest = max(free, key=lambda i: wanted[i], default=None)
        if widest is None or wanted[widest] <= NARROWEST:
            return None
        wanted[widest] -= 1
    return wanted, gap


def _as_table(table: TextTable, widths: Sequence[int], gap: int, rule: str) -> Iterator[Line]:
    if _headed(table):
        yield ()
        heads = [wrapped(column.head, width) for column, width in zip(table.columns, widths, strict=True)]
        height = max(map(len, heads))
        lower = [[""] * (height - len(head)) + head for head in heads]
        yield from _row(table, lower, widths, gap, ["bold"] * len(widths))
        yield (Piece(f" {rule * (sum(widths) + gap * (len(widths) - 1))}"),)
    for number, row in enumerate(table.rows):
        cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=False)]
        looks: list[Look] = ["dim" if column.dim or number in table.dim else "" for column in table.columns]
        yield from _row(table, cells, widths, gap, looks)
    yield ()


def _headed(table: TextTable) -> bool:
    return any(column.head for column in table.columns)


def _row(
    table: TextTable, cells: Sequence[list[str]], widths: Sequence[int], gap: int, looks: Sequence[Look]
) -> Iterator[Line]:
    """Yield the lines of a row whose cells have been wrapped."""
    for number in range(max((len(cell) for cell in cells), default=0) or 1):
        pieces = [Piece(" ")]
        for i, cell in enumerate(cells):
            text = cell[number] if number < len(cell) else ""
            blank = " " * (widths[i] - columns_of(text))
            side = blank + text if table.columns[i].right else text + blank
            pieces += [Piece(" " * gap if i else ""), Piece(side, looks[i])]
        yield tuple(pieces)


def _as_list(table: TextTable, width: int) -> Iterator[Line]:
    """Yield a line a cell, with the name of its column; the first cell of a row is its heading."""
    heads = [", ".join(part for part in column.head.split("\n") if part) for column in table.columns]
    yield ()
    for row in table.rows:
        for i, cell in enumerate(row):
            text = " ".join(part for part in cell.split("\n") if part)
            if text.strip():
                said = f"{heads[i]}: {text.strip()}" if heads[i] else text.strip()
                indent = 0 if i == 0 else min(INDENT, width // 4)
                for line in wrapped(said, width - indent):
                    yield (Piece(" " * indent), Piece(line, "dim" if table.columns[i].dim else ""))
    yield ()


# ------------ texts in columns


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes; a Chinese character takes two."""
    from rich.cells import cell_len

    return cell_len(text)


def _widest(texts: Sequence[str]) -> int:
    return max((columns_of(line) for text in texts for line in text.split("\n")), default=0)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of so many columns at most: broken between words, and within a word that is too long."""
    return [line for part in text.split("\n") for line in _folded(part, max(width, 2))] if text else []


def _folded(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text without line breaks; leading blanks stay."""
    while columns_of(text) > width:
        most = _fits(text, width)
        first = len(text) - len(text.lstrip(" ")) + 1
        cut = next((n for n in range(most, first - 1, -1) if _may_break(text, n)), most)
        yield text[:cut].rstrip()
        text = text[cut:].lstrip(" ")
    yield text


def _may_break(text: str, n: int) -> bool:
    """Return whether a line may end before a character: at a blank, or beside a Chinese one that is no mark."""
    before, after = text[n - 1], text[n]
    return " " in (before, after) or (after not in NO_START and any(columns_of(each) > 1 for each in (before, after)))


def _fits(text: str, width: int) -> int:
    """Return how many characters of a text fit into so many columns; one at least."""
    return next((n - 1 for n in range(1, len(text) + 1) if columns_of(text[:n]) > width), len(text)) or 1
