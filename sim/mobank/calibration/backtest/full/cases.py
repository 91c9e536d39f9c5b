"""Which forecasts are made: at which origins the model is fitted, to which figures, and for which months ahead.

A refit is one origin of one pair. There are two kinds. *Years*: the last common figure of each year is an origin, the
fit takes one figure a year, and the forecast is scored 1, 2, 3 and 5 years on, in the same calendar month. *Months*:
where figures come quarterly or monthly, the last common figure of every second quarter is an origin, the fit takes
all figures, and the forecast is scored 1, 3, 6 and 12 months on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from mobank.base.quantities import Month
from mobank.calibration.backtest.full.figures import JoinedFigure, JoinedSeries
from mobank.calibration.backtest.full.pairs import YEAR, PairedSeries
from mobank.scenario.contradictions import STRANGE_GROWTH

Kind = Literal["years", "months"]
AHEAD: dict[Kind, tuple[int, ...]] = {"years": (12, 24, 36, 60), "months": (1, 3, 6, 12)}  # months
HALF_YEAR = 6
FREQUENT = 3  # common figures within a year make a series that comes by quarters or months
POOL_GROWTH = 0.025  # a year, of a pool of customers that is assumed at one date


@dataclass(frozen=True)
class Refit:
    """One origin of one pair: what was known then, and how far ahead there are figures to score against.

    Parameters
    ----------
    level, active : figures up to the origin, by month, both ending at the origin.
    pool : persons who could register at the first figure and at the origin, where that is assumed; else empty.
    customers : reported figures of who could register.
    ahead : months from the origin to the figures forecast.
    """

    pair: PairedSeries
    kind: Kind
    origin: Month
    level: tuple[JoinedFigure, ...]
    active: tuple[JoinedFigure, ...]
    pool: Mapping[Month, float]
    customers: tuple[JoinedFigure, ...]
    ahead: tuple[int, ...]

    @property
    def name(self) -> str:
        """Entity, origin and kind in one text."""
        return f"{self.pair.entity}, {self.origin}, {self.kind}"


def refits(pair: PairedSeries) -> Iterator[Refit]:
    """Give the refits of a pair in order of time, yearly ones first."""
    by_kind: dict[Kind, list[Month]] = {"years": _last_of_each(pair.common, YEAR), "months": _frequent(pair)}
    for kind, origins in by_kind.items():
        for origin in origins:
            ahead = tuple(h for h in AHEAD[kind] if any(origin + h in series.by_month for series in _both(pair)))
            if ahead and pair.suffices(origin):
                yield _refit(pair, kind, origin, ahead)


def _both(pair: PairedSeries) -> tuple[JoinedSeries, JoinedSeries]:
    return pair.level, pair.active


def _refit(pair: PairedSeries, kind: Kind, origin: Month, ahead: tuple[int, ...]) -> Refit:
    level, active = (_steady(figures) for figures in pair.known(origin))
    if kind == "years":
        level, active = (_one_a_year(figures, pair.common) for figures in (level, active))
    customers = tuple(f for f in (pair.customers.figures if pair.customers else ()) if f.month <= origin)
    return Refit(
        pair,
        kind,
        origin,
        level,
        _within(active, level),
        _pool(pair, (level[0].month, origin)),
        () if pair.pool else customers,
        ahead,
    )


def _steady(figures: Sequence[JoinedFigure]) -> tuple[JoinedFigure, ...]:
    """Return the figures since the last change that the model's reader takes for a slip: thrice, or a third, in a year.

    A product that has just been launched grows so; its fit begins a figure later.
    """
    last = max((i for i, j in combinations(range(len(figures)), 2) if _slips(figures[i], figures[j])), default=-1)
    return tuple(figures[last + 1 :])


def _slips(before: JoinedFigure, after: JoinedFigure) -> bool:
    most = STRANGE_GROWTH ** max(1.0, (after.month - before.month) / YEAR)
    return bool(after.figure.low > before.figure.high * most or after.figure.high < before.figure.low / most)


def _within(active: Sequence[JoinedFigure], level: Sequence[JoinedFigure]) -> tuple[JoinedFigure, ...]:
    """Return the figures of who is active that a model of the registered can have.

    It begins at the first figure of the level, and nobody is active in it who is not registered.
    """
    most = {each.month: each.figure.high for each in level}
    return tuple(f for f in active if f.month >= level[0].month and f.figure.low <= most.get(f.month, f.figure.low))


def _last_of_each(months: Sequence[Month], length: int) -> list[Month]:
    """Return the last of some months in each stretch of so many months of the calendar."""
    return list({(month.year, (month.month - 1) // length): month for month in months}.values())


def _frequent(pair: PairedSeries) -> list[Month]:
    """Return the last common month of every half-year whose year before holds figures by quarters or months."""
    return [
        origin
        for origin in _last_of_each(pair.common, HALF_YEAR)
        if sum(origin - YEAR < month <= origin for month in pair.known_common(origin)) >= FREQUENT
    ]


def _one_a_year(figures: Sequence[JoinedFigure], common: Sequence[Month]) -> tuple[JoinedFigure, ...]:
    """Return the last figure of each year, one in a common month before others."""
    by_year = {}
    for figure in sorted(figures, key=lambda f: (f.month in common, f.month)):
        by_year[figure.month.year] = figure
    return tuple(by_year[year] for year in sorted(by_year))


def _pool(pair: PairedSeries, months: Sequence[Month]) -> dict[Month, float]:
    """Return the assumed pool in some months, grown from the nearest date for which it is assumed."""
    found: dict[Month, float] = {}
    if pair.pool is None:
        return found
    for month in months:
        nearest = min(pair.pool.figures, key=lambda figure: abs(figure.month - month))
        years = (month - nearest.month) / YEAR
        found[month] = float(nearest.figure.middle * (1.0 + POOL_GROWTH) ** years)
    return found
