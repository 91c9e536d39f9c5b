"""Tables that other people wrote as text (CSV): the one reader of what a person brings, whatever it is brought for.

A line ends where an editor and a spreadsheet end it, with LF or CRLF, or with CR where the file has no LF; every other
character that some program calls a line break, CR within a cell and U+2028 among them, is text of its cell. So the line
that a message names is the line that a person sees.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mobank.base.cells import text_of
from mobank.base.errors import SHOWN_CHARACTERS, InputError, Place, Problem, folded, shown

MOST_BYTES = 64 << 20
SEPARATORS = (",", "\t", ";", "|")
SAMPLE_LINES = 50
SAMPLE_LETTERS = 10_000
CODE_PAGES = {"gb18030": "GB18030 (GBK)", "big5": "Big5", "cp1252": "Windows-1252"}  # what may be meant, in this order
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
LIKELY = 0.9  # part of the letters that are common Chinese ones where a text is taken for GB18030
AS_UTF_8 = "save it as CSV UTF-8"
_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"')
_MIB = 1 << 20


class CsvRow(NamedTuple):
    """The cells of a row, as they are written, and the line where it begins."""

    line: int
    cells: tuple[str, ...]


class NamedRow(NamedTuple):
    """The texts of a row by column, without spaces around them, and where it stands."""

    place: Place
    texts: Mapping[str, str]


class GuessedPage(NamedTuple):
    """The code page that a file is taken to be in, and the first byte that is not UTF-8."""

    name: str
    byte: str
    place: Place


@dataclass(frozen=True)
class CsvText:
    """A file of values that a character sets apart.

    Parameters
    ----------
    file : as messages name it. text : without a byte order mark.
    guessed : its code page, where that is neither UTF-8 nor said by a mark.
    """

    file: str
    text: str
    separator: str
    guessed: GuessedPage | None = None

    def rows(self) -> Iterator[CsvRow]:
        """Give the rows in their order, empty ones too; an apostrophe before what looks like a formula is taken off.

        Raises
        ------
        InputError
            Where a quote begins a cell that does not end with one.
        """
        end = _line_end(self.text)
        unquoted = re.compile(rf"[^{re.escape(self.separator)}{end}]*+")
        at, line, begun = 0, 1, 1
        cells: list[str] = []
        while at < len(self.text) or cells:
            if self.text.startswith('"', at):
                cell, at = self._quoted(at, line, end)
            else:
                cell, at = self._unquoted(at, unquoted, end)
            line += cell.count(end)
            cells.append(text_of(cell))
            if self.text.startswith(self.separator, at):
                at += 1
                continue
            yield CsvRow(begun, tuple(cells))
            at, line, cells = at + 1, line + 1, []
            begun = line

    def _unquoted(self, at: int, pattern: re.Pattern[str], end: str) -> tuple[str, int]:
        match = pattern.match(self.text, at)
        cell = match[0] if match else ""
        at += len(cell)
        return cell.removesuffix("\r") if self.text.startswith(end, at) else cell, at

    def _quoted(self, at: int, line: int, end: str) -> tuple[str, int]:
        """Return the text of a cell in quotes and where it ends."""
        match = _QUOTED.match(self.text, at)
        after = match.end() if match else len(self.text)
        if match and self.text.startswith("\r" + end, after):
            after += 1
        if match and (after == len(self.text) or self.text[after] in (self.separator, end)):
            return match[1].replace('""', '"'), after
        beginning = re.split(r"[\r\n]", self.text[at : at + SHOWN_CHARACTERS + 1], maxsplit=1)[0]
        allowed = "has a quote that does not end the cell" if match else "has a quote that is never closed"
        hint = "close it where the cell ends, and write a quote within a text twice"
        raise InputError([Problem(f"the cell {shown(beginning)}", allowed, hint, place=Place(self.file, line))])


def check_size(path: Path, file: str) -> None:
    """Refuse a file that is missing, no plain file, empty or too large.

    Parameters
    ----------
    file : as messages name it.

    Raises
    ------
    InputError
        If it is.
    """
    try:
        if not path.is_file():
            raise _refusal(file, "is a folder or a device" if path.exists() else "does not exist")
        size = path.stat().st_size
    except OSError as error:
        raise _refusal(file, f"cannot be read ({error.strerror})") from None
    if size > MOST_BYTES:
        raise _refusal(file, f"has {size / _MIB:,.0f} MiB; at most {MOST_BYTES // _MIB} MiB are read")
    if not size:
        raise _refusal(file, "is empty")


def read_text(path: Path, file: str) -> CsvText:
    """Return a file of values: UTF-8, UTF-16 with its mark, or what is likely to be GB18030.

    Parameters
    ----------
    file : as messages name it.

    Raises
    ------
    InputError
        If it cannot be read, or is no such text; with the line and what code page it may be.
    """
    check_size(path, file)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refusal(file, f"cannot be read ({error.strerror})") from None
    text, guessed = _decoded(data, file)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError([Problem("a zero byte", "stands in no text", _unmarked(data), place=Place(file, line))])
    return CsvText(file, text, _separator(path, text), guessed)


def named_rows(
    table: CsvText, names: Sequence[str], problems: list[Problem], remarks: list[Problem]
) -> Iterator[NamedRow]:
    """Give the rows of a table whose first row names its columns, in any order and case; empty rows are passed over.

    Parameters
    ----------
    names : of the columns that there must be; others are passed over, with a remark.
    problems, remarks : to which those of the table are added.
    """
    if table.guessed:
        hint = f"the file is read as {table.guessed.name}"
        remarks.append(Problem(table.guessed.byte, "is not UTF-8", hint, place=table.guessed.place))
    try:
        rows = (row for row in table.rows() if any(cell.strip() for cell in row.cells))
        head = next(rows, CsvRow(1, ()))
        columns = _columns(head, Place(table.file, head.line), names, problems, remarks)
        for row in rows if columns else ():
            place = Place(table.file, row.line)
            if len(row.cells) < len(head.cells) or any(cell.strip() for cell in row.cells[len(head.cells) :]):
                problems.append(Problem(f"{len(row.cells)} columns", f"must be {len(head.cells)}", place=place))
            else:
                yield NamedRow(place, {name: row.cells[column].strip() for name, column in columns.items()})
    except InputError as error:
        problems += error.problems


def _columns(
    head: CsvRow, place: Place, names: Sequence[str], problems: list[Problem], remarks: list[Problem]
) -> dict[str, int]:
    """Return which column has which name; none, and a problem, where one is missing or stands twice."""
    before = len(problems)
    there = [folded(cell.strip()) for cell in head.cells]
    others = [cell.strip() for cell, word in zip(head.cells, there, strict=True) if cell.strip() and word not in names]
    twice = [name for name in names if there.count(name) > 1]
    problems += [Problem(shown(name), "names two columns", "keep the one that is meant", place=place) for name in twice]
    missing = [name for name in names if name not in there]
    near = {name: _near(name, others) for name in missing}
    for name in missing:
        if near[name]:
            hint = f"write '{name}' for {shown(near[name])}"
            problems.append(Problem(f"the header lacks '{name}'", "", hint, place=place))
    if lacking := [name for name in missing if not near[name]]:
        found = f"the header lacks {', '.join(map(repr, lacking))}"
        hint = f"it must have {','.join(names)}, in any order"
        problems.append(Problem(found, "", hint, place=place))
    if len(problems) > before:
        return {}
    if others:
        allowed = "is not read" if len(others) == 1 else "are not read"
        remarks.append(
            Problem(", ".join(map(shown, others)), allowed, "columns of other names are passed over", place=place)
        )
    return {name: there.index(name) for name in names}


def _near(name: str, others: Sequence[str]) -> str:
    words = {folded(each): each for each in others}
    found = difflib.get_close_matches(name, words, n=1)
    return words[found[0]] if found else ""


# ------------ code pages


def _decoded(data: bytes, file: str) -> tuple[str, GuessedPage | None]:
    """Return a text, and its code page where that was guessed."""
    marked = data[:2] in UTF_16_MARKS
    try:
        return data.decode("utf-16" if marked else "utf-8-sig"), None
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-16", errors="ignore") if marked else ""
        breaks = before.count("\n") if marked else data.count(b"\n", 0, error.start)
        found, place = f"byte 0x{data[error.start]:02x}", Place(file, breaks + 1)
    if marked:
        raise InputError([Problem(found, "is not UTF-16, which the file's mark says", AS_UTF_8, place=place)])
    read = {name: text for codec, name in CODE_PAGES.items() if (text := _read_as(data, codec))}
    chinese = CODE_PAGES["gb18030"]
    if chinese in read and _is_chinese(read[chinese]):
        return read[chinese], GuessedPage(chinese, found, place)
    hint = f"it may be {' or '.join(read)}: {AS_UTF_8}" if read else AS_UTF_8
    raise InputError([Problem(found, "is not UTF-8", hint, place=place)])


def _read_as(data: bytes, codec: str) -> str:
    """Return a text in a code page; "" where it is none, or has what nobody types."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return ""
    return text if all(each.isprintable() or each.isspace() for each in text) else ""


def _is_chinese(text: str) -> bool:
    """Return whether letters beyond ASCII are common ones of Chinese; accents of the West are read as rare ones."""
    letters = [each for each in text if each > "\x7f"][:SAMPLE_LETTERS]
    common = sum(bool(each.encode("gb2312", errors="ignore")) for each in letters)
    return common >= LIKELY * len(letters)


def _unmarked(data: bytes) -> str:
    utf_16 = any(_read_as(data, codec) for codec in ("utf-16-le", "utf-16-be"))
    return f"it may be UTF-16 without its mark: {AS_UTF_8}" if utf_16 else AS_UTF_8


# ------------ separators


def _separator(path: Path, text: str) -> str:
    """Return the separator that most lines have as often as one another; the name of the file settles a tie."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    lines = [line for line in text.split(_line_end(text), SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
    counts = {each: [re.sub(r'"[^"]*"', "", line).count(each) for line in lines] for each in SEPARATORS}
    return max(SEPARATORS, key=lambda each: (_agreement(counts[each]), -SEPARATORS.index(each)))


def _agreement(counts: Sequence[int]) -> int:
    """Return in how many lines a separator stands as often as it does in most of them; 0 where it does not stand."""
    there = [count for count in counts if count]
    return max((there.count(count) for count in set(there)), default=0)


def _line_end(text: str) -> str:
    return "\n" if "\n" in text or "\r" not in text else "\r"


def _refusal(file: str, allowed: str) -> InputError:
    return InputError([Problem("this file", allowed, place=Place(file, 0))])
