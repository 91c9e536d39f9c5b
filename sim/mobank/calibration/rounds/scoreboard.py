"""The scoreboard: how probable each new figure was to the draws that did not know it yet.

One line a figure and posterior, in a CSV that stands beside the posteriors and is never cleared: a forecaster is judged
by what it said before. The log score is that of the figure's interval: log of the chance that the draws gave it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from io import StringIO
from pathlib import Path

from mobank.base.cells import ENCODING, digits, read_csv, write_csv
from mobank.base.errors import InputError, Place, Problem, RunError

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


HEADER = tuple(field.name for field in fields(ScoreEntry))
SIX = 6  # digits of a number
_NUMBERS = ("log_score", "pit", "low", "median", "high")


def read(path: Path) -> list[ScoreEntry]:
    """Return the entries of a scoreboard, oldest first; none if there is no file.

    Raises
    ------
    InputError
        If the file is no scoreboard: it is never overwritten then.
    """
    if not path.exists():
        return []
    with path.open(encoding=ENCODING, newline="") as file:
        rows = list(read_csv(file))
    if not rows or tuple(rows[0]) != HEADER:
        found = "the first line" if rows else "an empty file"
        raise InputError(
            [Problem(found, f"must be {','.join(HEADER)}", "put the file aside", place=Place(str(path), 1))]
        )
    return [_entry(row, Place(str(path), number)) for number, row in enumerate(rows[1:], start=2)]


def add(path: Path, entry: ScoreEntry) -> list[ScoreEntry]:
    """Write a scoreboard with one more entry, aside and then renamed, and return all; what was scored before stays."""
    known = read(path)
    if any(each.key == entry.key for each in known):
        return known
    entries = [*known, entry]
    aside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(written(entries), encoding=ENCODING)
        aside.replace(path)
    except OSError as error:
        raise RunError(str(path), "cannot be written", error.strerror or "") from None
    return entries


def written(entries: Sequence[ScoreEntry]) -> str:
    """Return the file of some entries: numbers with six digits."""
    out = StringIO()
    rows = map(asdict, entries)
    told = [[digits(row[name], SIX) if name in _NUMBERS else row[name] for name in HEADER] for row in rows]
    write_csv(out, [HEADER, *told], "\n")
    return out.getvalue()


def _entry(row: Sequence[str], place: Place) -> ScoreEntry:
    allowed = f"must have {len(HEADER)} columns, of which {', '.join(_NUMBERS)} are numbers"
    if len(row) != len(HEADER):
        raise InputError([Problem(f"{len(row)} columns", allowed, place=place)])
    texts = dict(zip(HEADER, row, strict=True))
    try:
        numbers = {name: float(texts[name]) for name in _NUMBERS}
    except ValueError:
        raise InputError([Problem("this line", allowed, place=place)]) from None
    return ScoreEntry(**{name: texts[name] for name in HEADER if name not in _NUMBERS}, **numbers)  # type: ignore[arg-type]
