"""Series of yearly figures, read from files with the header of `figures.csv`, and what was left out, why."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from mobank.base.errors import InputError, Place, Problem, did_you_mean, shown
from mobank.base.quantities import Interval, Month, QuantityError, read_interval
from mobank.base.tables import named_rows, read_text

HEADER = ("entity", "metric", "period_end", "value", "unit", "value_text", "qualifier", "source", "evidence")
QUALIFIERS = ("rounded", "over", "exact", "approx")
EVIDENCE = ("article", "secondary", "unverified")
FEWEST = 6  # consecutive years that make a series
DIGITS = 3  # a figure whose printed steps are not told is taken to have at least so many digits
SAME = 1e-9  # part of a value by which its text, read as binary numbers, may miss it
DERIVED = "DERIVED"  # in the text of a figure that was computed, not reported
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"


@dataclass(frozen=True)
class SeriesFigure:
    """One reported figure: its month, what it allows, how it is known, and where it stands.

    `low` and `high` are persons (or a share); the truth that forecasts are scored against is the middle.
    """

    month: Month
    low: float
    high: float
    evidence: str
    place: Place

    @property
    def middle(self) -> float:
        """The middle of what the figure allows."""
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class FigureRow:
    """One line of a file of figures: what it is about, the figure, and what stands beside it.

    Parameters
    ----------
    text : the figure as reported, with what is noted of it.
    """

    entity: str
    metric: str
    unit: str
    figure: SeriesFigure
    text: str
    source: str
    qualifier: str

    @property
    def name(self) -> tuple[str, str]:
        """Entity and metric: rows that share them are one series, whichever file they stand in."""
        return self.entity, self.metric

    @property
    def derived(self) -> bool:
        """True if the figure was computed, not reported."""
        return DERIVED in self.text


@dataclass(frozen=True)
class Series:
    """The figures of one entity and metric in consecutive years, the last one of each year."""

    entity: str
    metric: str
    unit: str
    figures: tuple[SeriesFigure, ...]

    @property
    def is_share(self) -> bool:
        """True if the figures are shares, which nothing lets grow beyond one."""
        return self.unit == "share"


@dataclass(frozen=True)
class LeftOut:
    """A series that is not scored, and the reason in words."""

    entity: str
    metric: str
    reason: str


def read(paths: Sequence[Path], say: Callable[[str], None] = lambda remark: None) -> tuple[list[Series], list[LeftOut]]:
    """Return the series of some files, by name, and those left out.

    Parameters
    ----------
    say : gets what a person should know of how the files were read.

    Raises
    ------
    InputError
        Every problem of all files at once; also if no series is left.
    """
    problems: list[Problem] = []
    by_name: dict[tuple[str, str], list[FigureRow]] = {}
    for row in rows_of(paths, problems, say):
        by_name.setdefault(row.name, []).append(row)
    kept: list[Series] = []
    out: list[LeftOut] = []
    for (entity, metric), rows in sorted(by_name.items()):
        problems += _contradictions(rows)
        run = longest_run([row.figure for row in rows if not row.derived])
        if len(run) >= FEWEST:
            kept.append(Series(entity, metric, rows[0].unit, run))
        else:
            years = f"{len(run)} consecutive year{'' if len(run) == 1 else 's'}"
            out.append(LeftOut(entity, metric, f"{years} of figures above zero; {FEWEST} are needed"))
    if problems:
        raise InputError(problems)
    if not kept:
        names = ", ".join(path.as_posix() for path in paths)
        most = max((int(each.reason.split()[0]) for each in out), default=0)
        allowed = f"have no series of {FEWEST} consecutive years; the longest has {most}"
        raise InputError([Problem(names, allowed, "a forecast is scored from the fifth figure on")])
    return kept, out


def longest_run(figures: Iterable[SeriesFigure]) -> tuple[SeriesFigure, ...]:
    """Return the longest run of consecutive years with a figure above zero, the last of each; the later of equals."""
    by_year: dict[int, SeriesFigure] = {}
    for figure in sorted(figures, key=lambda f: f.month):
        by_year[figure.month.year] = figure
    best: list[SeriesFigure] = []
    run: list[SeriesFigure] = []
    for year, figure in sorted(by_year.items()):
        if figure.middle <= 0:
            run = []
            continue
        run = [*run, figure] if run and run[-1].month.year == year - 1 else [figure]
        best = run if len(run) >= len(best) else best
    return tuple(best)


def rows_of(paths: Iterable[Path], problems: list[Problem], say: Callable[[str], None]) -> list[FigureRow]:
    """Return the rows of some files in their order; what is wrong with them is added to the problems.

    Parameters
    ----------
    say : gets what a person should know of how the files were read.
    """
    remarks: list[Problem] = []
    rows = [row for path in paths for row in _rows(path, problems, remarks)]
    for remark in remarks:
        say(str(remark))
    return rows


def _rows(path: Path, problems: list[Problem], remarks: list[Problem]) -> Iterator[FigureRow]:
    try:
        table = read_text(path, path.as_posix())
    except InputError as error:
        problems += error.problems
        return
    for place, cells in named_rows(table, HEADER, problems, remarks):
        figure = _figure(cells, place, problems)
        if figure:
            yield FigureRow(
                cells["entity"], cells["metric"], cells["unit"], figure,
                cells["value_text"], cells["source"], cells["qualifier"],
            )  # fmt: skip


def _figure(cells: Mapping[str, str], place: Place, problems: list[Problem]) -> SeriesFigure | None:
    before = len(problems)
    unnamed = [name for name in ("entity", "metric", "unit") if not cells[name]]
    problems.extend(Problem("an empty value", "must be a name", key=name, place=place) for name in unnamed)
    choices: dict[str, tuple[str, ...]] = {"qualifier": QUALIFIERS, "evidence": EVIDENCE}
    for name, words in choices.items():
        if cells[name] not in words:
            hint = did_you_mean(cells[name], words)
            problems.append(Problem(shown(cells[name]), f"is not a known {name}", hint, name, place))
    month = value = None
    try:
        day = date.fromisoformat(cells["period_end"] if re.fullmatch(_DAY, cells["period_end"]) else "")
        month = Month.of(day.year, day.month)
    except ValueError:
        problems.append(
            Problem(shown(cells["period_end"]), "must be a date, such as 2022-12-31", "", "period_end", place)
        )
    if re.fullmatch(_NUMBER, cells["value"]):
        value = float(cells["value"])
    else:
        problems.append(Problem(shown(cells["value"]), "must be a number, such as 516000000", "", "value", place))
    highest = 1.0 if cells["unit"] == "share" else 1e12
    if value is not None and not 0 <= value <= highest:
        allowed = "must be a share from 0 to 1" if highest == 1.0 else "must be from 0 to 10¹²"
        problems.append(Problem(shown(cells["value"]), allowed, "", "value", place))
    elif value is not None and _contradicts(value, cells["value_text"]):
        allowed = f"is not what its text says, {shown(cells['value_text'])}"
        problems.append(Problem(shown(cells["value"]), allowed, "mend the one that is wrong", "value", place))
    if len(problems) > before or month is None or value is None:
        return None
    low, high = allowed_by(value, cells["value_text"], cells["qualifier"])
    return SeriesFigure(month, low, high, cells["evidence"], place)


def _contradicts(value: float, text: str) -> bool:
    """Return whether a text reads as a figure, and as another one than the value."""
    try:
        return not _holds(read_interval(text), value)
    except QuantityError:
        return False


def _holds(read: Interval, value: float) -> bool:
    return read.low <= value * (1 + SAME) and value * (1 - SAME) <= read.high


def allowed_by(value: float, text: str, qualifier: str) -> tuple[float, float]:
    """Return what a printed figure allows: [x, next printed step) if "over", else half a step to either side.

    The step is that of the text as reported where this can be read and tells the same number, else that of the
    value's last digit that is not zero, at most the third.
    """
    if value == 0:
        return 0.0, 0.0
    step = 10.0 ** (len(f"{value:.0f}") - DIGITS) if value >= 1 else 0.01
    digits = f"{value:.0f}" if value >= 1 else ""
    if digits:
        step = min(step, 10.0 ** (len(digits) - len(digits.rstrip("0"))))
    try:
        read = read_interval(text)
        if _holds(read, value):
            step = read.high - read.low
            if qualifier == "approx":
                return read.low, read.high
    except QuantityError:
        pass
    step = min(step, value)
    return (value, value + step) if qualifier == "over" else (value - step / 2, value + step / 2)


def _contradictions(rows: Sequence[FigureRow]) -> list[Problem]:
    """Return the problems of one series: two units, or two figures of one month that allow nothing in common."""
    problems = other_units(rows)
    figures = sorted((row.figure for row in rows), key=lambda f: f.month)
    for one, other in pairwise(figures):
        if one.month == other.month and (one.low > other.high or other.low > one.high):
            found = f"two figures of {one.month}"
            allowed = f"contradict each other, here and on line {one.place.line}"
            hint = "keep the one that was reported last"
            problems.append(Problem(found, allowed, hint, ", ".join(rows[0].name), other.place))
    return problems


def other_units(rows: Sequence[FigureRow]) -> list[Problem]:
    """Return a problem for each row of a series whose unit is not that of its first row."""
    first = rows[0]
    allowed = f"is not the unit of the same series on line {first.figure.place.line} ({shown(first.unit)})"
    return [
        Problem(shown(row.unit), allowed, "", ", ".join(row.name), row.figure.place)
        for row in rows
        if row.unit != first.unit
    ]
