"""The scoreboard: how probable each new figure was to the draws that did not know it yet.

One line a figure and posterior, in a CSV that stands among the rounds and is never cleared: a forecaster is judged by
what it said before. So each line bears a check of itself and all above it, by which a change, a line taken out and
a cut are seen. The log score is that of the figure's interval: log of the chance that the draws gave it.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from io import StringIO
from pathlib import Path

from mobank.base.cells import ENCODING, digits, text_of, write_csv
from mobank.base.errors import InputError, Place, Problem
from mobank.base.files import failed, write

NAME = "scoreboard.csv"


@dataclass(frozen=True)
class ScoreEntry:
    """What the draws of a posterior said of a figure that came after.

    Parameters
    ----------
    posterior : which posterior, and `digest` of its draws.
    measure, month, figure, evidence, source : the figure, as written.
    log_score : log of the chance of the figure's interval.
    pit : share of the draws below the figure's middle.
    low, median, high : central 90 % of what the draws forecast, persons.
    """

    posterior: str
    digest: str
    measure: str
    month: str
    figure: str
    evidence: str
    source: str
    log_score: float
    pit: float
    low: float
    median: float
    high: float

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What is scored once."""
        return self.posterior, self.digest, self.measure, self.month, self.figure


CHECK = "check"
HEADER = (*(field.name for field in fields(ScoreEntry)), CHECK)
SIX = 6  # digits of a number
_NUMBERS = ("log_score", "pit", "low", "median", "high")
_END = "end"
DIGITS = 12  # of a check
ASIDE = "put the file aside"


def read(path: Path) -> list[ScoreEntry]:
    """Return the entries of a scoreboard, oldest first; none if there is no file.

    Raises
    ------
    InputError
        If the file is no scoreboard, or not as it was written: it is never overwritten then.
    """
    if not path.exists():
        return []
    try:
        cells = csv.reader(StringIO(path.read_bytes().decode(ENCODING), newline=""), strict=True)
        rows = [[text_of(cell) for cell in row] for row in cells]
    except OSError as error:
        raise _refused("this file", f"cannot be read ({error.strerror or error})", path) from None
    except UnicodeDecodeError:
        raise _refused("this file", "is not UTF-8: it is damaged", path) from None
    except csv.Error as error:
        raise _refused("this file", f"is no table ({error}): it is damaged", path) from None
    if not rows or tuple(rows[0]) != HEADER:
        raise _refused("the first line" if rows else "an empty file", f"must be {','.join(HEADER)}", path, 1)
    entries = [_entry(row, path, number) for number, row in enumerate(rows[1:], start=2)]
    for number, (row, check) in enumerate(zip(rows[1:], _checks(rows[1:]), strict=True), start=2):
        if row[-1] != check:
            cut = row[-1] == _checks([*rows[1:number], row])[number - 2]
            allowed = "must be followed by another: the file was cut" if cut else "is not as it was written"
            raise _refused("this line", allowed, path, number)
    if not entries:
        raise _refused("a file without entries", "was cut: mobank writes none", path)
    return entries


def add(path: Path, new: Sequence[ScoreEntry], known: Sequence[ScoreEntry]) -> list[ScoreEntry]:
    """Write a scoreboard with more entries and return all; what was scored before stays.

    Parameters
    ----------
    known : what `read` returned of it.

    Raises
    ------
    RunError
        If it cannot be written; what was there is as it was.
    """
    entries = list(known)
    for each in new:
        if all(each.key != other.key for other in entries):
            entries.append(each)
    if len(entries) > len(known):
        try:
            write(path, written(entries))
        except OSError as error:
            raise failed(path, error) from None
    return entries


def written(entries: Sequence[ScoreEntry]) -> bytes:
    """Return the file of some entries: numbers with six digits, each line with a check of all up to it."""
    out = StringIO()
    rows = [_cells(entry) for entry in entries]
    write_csv(out, [HEADER, *([*row, check] for row, check in zip(rows, _checks(rows), strict=True))], "\n")
    return out.getvalue().encode(ENCODING)


def _cells(entry: ScoreEntry) -> list[str]:
    return [digits(value, SIX) if name in _NUMBERS else value for name, value in asdict(entry).items()]


def _checks(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the check of each line: of its cells and those above it, and that it is the last one."""
    above, found = sha256(), []
    for number, row in enumerate(rows, start=1):
        above.update(json.dumps(list(row[: len(HEADER) - 1])).encode())
        own = above.copy()
        own.update(_END.encode() if number == len(rows) else b"")
        found.append(own.hexdigest()[:DIGITS])
    return found


def _entry(row: Sequence[str], path: Path, line: int) -> ScoreEntry:
    allowed = f"must have {len(HEADER)} columns, of which {', '.join(_NUMBERS)} are numbers"
    if len(row) != len(HEADER):
        raise _refused(f"{len(row)} columns", allowed, path, line)
    texts = dict(zip(HEADER[:-1], row, strict=False))
    try:
        numbers = {name: float(texts[name]) for name in _NUMBERS}
    except ValueError:
        raise _refused("this line", allowed, path, line) from None
    return ScoreEntry(**{name: text for name, text in texts.items() if name not in _NUMBERS}, **numbers)  # type: ignore[arg-type]


def _refused(found: str, allowed: str, path: Path, line: int = 0) -> InputError:
    return InputError([Problem(found, allowed, ASIDE, place=Place(str(path), line))])
