"""Figures of several files joined: rows of one entity and metric are one series, whichever file they stand in.

A figure that stands in two files is one figure. Of two that contradict each other the better known one is taken, and
what the other said is kept as a note. A redefinition is noted in the text of the figure that follows it, `BREAK` and
what has changed; figures one after the other that carry the same note speak of one redefinition.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mobank.base.errors import InputError, Problem
from mobank.base.quantities import Month, QuantityError, read_interval
from mobank.calibration.backtest import series
from mobank.calibration.backtest.series import EVIDENCE, FigureRow, Series, SeriesFigure, other_units

BREAK, CONFLICT = "BREAK", "CONFLICT"
SHARE = "share"  # a unit in which nothing can be counted
INFERRED = "approx"
SAME = 1e-6  # part of a figure by which its range, written and read, may differ


@dataclass(frozen=True)
class JoinedFigure:
    """A figure with what is noted of it.

    Parameters
    ----------
    printed : a text that reads as the range of values which the figure allows.
    broken : what is said of a redefinition between the figure before and this one; "" where there was none.
    conflict : what contradicts it, in words; "" where nothing does.
    """

    figure: SeriesFigure
    printed: str
    source: str
    broken: str = ""
    conflict: str = ""

    @property
    def month(self) -> Month:
        """When it was counted."""
        return self.figure.month


@dataclass(frozen=True)
class JoinedSeries:
    """The figures of one entity and metric by month, zeros left out."""

    entity: str
    metric: str
    unit: str
    figures: tuple[JoinedFigure, ...]

    @cached_property
    def by_month(self) -> Mapping[Month, JoinedFigure]:
        """The figures by month."""
        return {figure.month: figure for figure in self.figures}

    def known(
        self, origin: Month, anew: Callable[[JoinedFigure, JoinedFigure], bool] = lambda before, after: False
    ) -> tuple[JoinedFigure, ...]:
        """Return the figures up to an origin that share the definition of the last of them.

        Parameters
        ----------
        anew : says of two figures, one after the other, whether the later begins a series of its own, noted or not.
        """
        found = [figure for figure in self.figures if figure.month <= origin]
        for i in range(len(found) - 1, 0, -1):
            before, after = found[i - 1], found[i]
            if (after.broken and after.broken != before.broken) or anew(before, after):
                return tuple(found[i:])
        return tuple(found)

    def broken_between(self, origin: Month, target: Month) -> bool:
        """Return whether a figure after the origin, up to the target, is noted as redefined."""
        return any(figure.broken for figure in self.figures if origin < figure.month <= target)

    def series(self, figures: Sequence[JoinedFigure]) -> Series:
        """Return some of the figures as a series that a simpler method can forecast."""
        return Series(self.entity, self.metric, self.unit, tuple(figure.figure for figure in figures))


Name = tuple[str, str]  # entity and metric


def rows_of(paths: Sequence[Path], say: Callable[[str], None] = lambda remark: None) -> list[FigureRow]:
    """Return the rows of some files in their order.

    Parameters
    ----------
    say : gets what a person should know of how the files were read.

    Raises
    ------
    InputError
        With every problem of all files; two units in one series are one of them.
    """
    problems: list[Problem] = []
    rows = series.rows_of(paths, problems, say)
    for own in _by_name(rows).values():
        problems += other_units(own)
    if problems:
        raise InputError(problems)
    return rows


def joined(rows: Sequence[FigureRow]) -> dict[Name, JoinedSeries]:
    """Return the series of some rows by entity and metric; shares, which count nobody, are left out."""
    found = {}
    for (entity, metric), own in _by_name(rows).items():
        by_month: dict[Month, list[FigureRow]] = {}
        for row in own:
            if row.unit != SHARE and row.figure.middle > 0:
                by_month.setdefault(row.figure.month, []).append(row)
        figures = tuple(_one(by_month[month]) for month in sorted(by_month))
        if figures:
            found[entity, metric] = JoinedSeries(entity, metric, own[0].unit, figures)
    return found


def _by_name(rows: Sequence[FigureRow]) -> dict[Name, list[FigureRow]]:
    found: dict[Name, list[FigureRow]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return dict(sorted(found.items()))


def _one(rows: Sequence[FigureRow]) -> JoinedFigure:
    """Return the figure of a month: printed before inferred before computed, then by evidence, then later listed."""
    best = max(enumerate(rows), key=lambda item: (*_worth(item[1]), item[0]))[1]
    broken = next((note for row in rows if (note := _note(row.text))), "")
    contradicting = [row for row in rows if _apart(row.figure, best.figure)]
    said = [f"{row.text or f'{row.figure.middle:.10g}'} ({_where(row)}) not taken" for row in contradicting]
    conflict = "; ".join([*(row.text for row in rows if CONFLICT in row.text), *dict.fromkeys(said)])
    return JoinedFigure(best.figure, printed(best), best.source, broken, conflict)


def _worth(row: FigureRow) -> tuple[bool, bool, int]:
    return not row.derived, row.qualifier != INFERRED, -EVIDENCE.index(row.figure.evidence)


def _apart(one: SeriesFigure, other: SeriesFigure) -> bool:
    return one.low > other.high or other.low > one.high


def _where(row: FigureRow) -> str:
    return f"{Path(row.figure.place.file).name}:{row.figure.place.line}"


def _note(text: str) -> str:
    return text[text.index(BREAK) :] if BREAK in text else ""


# ------------ figures as targets write them


def printed(row: FigureRow) -> str:
    """Return a text that reads as the range that a row's figure allows: its own where that is so."""
    figure, over = row.figure, row.qualifier == "over"
    value, step = figure.low if over else figure.middle, figure.high - figure.low
    spelled = [row.text, *_spellings(value, step, "over " if over else "")]
    return next((text for text in spelled if _reads(text, figure)), spelled[-1])


def _spellings(value: float, step: float, before: str) -> Iterator[str]:
    """Give ways to write a value whose last digit is worth a step, the plain number of persons last."""
    for word, unit in (("million", 1e6), ("亿", 1e8)):
        digits = next((n for n in range(9) if abs(step * 10**n - unit) < 1e-6 * unit), None)
        if digits is not None:
            yield f"{before}{value / unit:.{digits}f} {word}"
    yield f"{before}{value:.0f} persons"


def _reads(text: str, figure: SeriesFigure) -> bool:
    try:
        read = read_interval(text)
    except QuantityError:
        return False
    return abs(read.low - figure.low) + abs(read.high - figure.high) < SAME * figure.high
