"""Every forecast by every method, scored against what was then reported, under both fans.

*By today's definition*: cases in which nothing was redefined between origin and target. *As printed*: all cases; the
model's draws are then moved by what may become of a count when it is printed. The other methods forecast a printed
series as it comes, so they have one forecast for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, log
from typing import Literal

from mobank.base.quantities import Month
from mobank.calibration.backtest.baselines import REFERENCE, Baseline
from mobank.calibration.backtest.full.cases import Refit
from mobank.calibration.backtest.full.figures import JoinedFigure, JoinedSeries
from mobank.calibration.backtest.full.jobs import ACTIVE, LEVEL, Forecasts
from mobank.calibration.backtest.full.methods import MODEL, REDUCED, RESCALED, best_width, by_simple_methods, widened
from mobank.calibration.backtest.full.pairs import YEAR
from mobank.calibration.backtest.full.printed_law import Printed
from mobank.calibration.backtest.scores import BANDS, LEVELS, EnsembleForecast, Forecast, interval_score

Fan = Literal["today", "printed"]
Case = tuple[str, str, Month, int]  # entity, kind of refit, origin and months ahead
FANS: tuple[Fan, ...] = ("today", "printed")
SIDES = (ACTIVE, LEVEL)
LONGEST_RESCALED = 3 * YEAR  # horizons that say how wide a trend should have been


@dataclass(frozen=True)
class FullRow:
    """One forecast by one method under one fan, and how it fared; logs throughout.

    Parameters
    ----------
    side : `ACTIVE` or `LEVEL`. months : from origin to target. known : figures of this side that were known.
    broken : whether a redefinition is noted between origin and target. conflict : what contradicts the figure forecast.
    unverified : figures that were not checked against a document, the one forecast included.
    """

    refit: Refit
    side: str
    fan: Fan
    method: str
    months: int
    known: int
    unverified: int
    broken: bool
    conflict: str
    forecast: Forecast
    truth: float

    @property
    def target(self) -> Month:
        """The month forecast."""
        return self.refit.origin + self.months

    @property
    def series(self) -> JoinedSeries:
        """The series of its side."""
        return series_of(self.refit, self.side)

    @property
    def group(self) -> str:
        """The group of entities that counts once."""
        return self.refit.pair.group

    @property
    def case(self) -> Case:
        """What was forecast, from where, by which kind of refit."""
        return self.refit.pair.entity, self.refit.kind, self.refit.origin, self.months

    @cached_property
    def crps(self) -> float:
        """CRPS of the forecast."""
        return self.forecast.crps(self.truth)

    @cached_property
    def pit(self) -> float:
        """Chance that the forecast gave to less than the truth."""
        return self.forecast.pit(self.truth)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Quantiles of the forecast at `LEVELS`."""
        return tuple(self.forecast.quantile(level) for level in LEVELS)

    @property
    def interval_scores(self) -> tuple[float, ...]:
        """Interval scores of the central bands."""
        return tuple(
            interval_score(self.forecast.quantile(low), self.forecast.quantile(high), self.truth, content / 100.0)
            for content, (low, high) in BANDS.items()
        )


@dataclass(frozen=True)
class ScoredFigure:
    """A figure that was forecast, with what the row says of it."""

    side: str
    months: int
    figure: JoinedFigure
    known: tuple[JoinedFigure, ...]
    broken: bool


def full_rows(
    refits: Sequence[Refit],
    forecasts: Sequence[Forecasts],
    methods: Mapping[str, Baseline],
    printed: Mapping[str, Printed],
) -> list[FullRow]:
    """Return the rows of all methods, in the order of the refits.

    Parameters
    ----------
    printed : by side, what becomes of the log draws of a count some years on when it is printed.
    """
    rows: list[FullRow] = []
    for refit, found in zip(refits, forecasts, strict=True):
        for side in SIDES:
            simple = by_simple_methods(refit, _known(refit, side), methods)
            for target in targets(refit, side):
                rows += _rows(refit, target, found, simple, printed[side])
    return [*rows, *_rescaled(rows)]


def targets(refit: Refit, side: str) -> list[ScoredFigure]:
    """Return the figures of one side that a refit forecasts."""
    series = series_of(refit, side)
    return [
        ScoredFigure(
            side,
            months,
            series.by_month[refit.origin + months],
            _known(refit, side),
            series.broken_between(refit.origin, refit.origin + months),
        )
        for months in refit.ahead
        if refit.origin + months in series.by_month
    ]


def series_of(refit: Refit, side: str) -> JoinedSeries:
    """Return the series of one side of a refit's pair."""
    return refit.pair.active if side == ACTIVE else refit.pair.level


def _known(refit: Refit, side: str) -> tuple[JoinedFigure, ...]:
    return refit.active if side == ACTIVE else refit.level


def _rows(
    refit: Refit,
    target: ScoredFigure,
    found: Forecasts,
    simple: Mapping[tuple[str, int], Forecast],
    printed: Printed,
) -> list[FullRow]:
    side, months = target.side, target.months
    at = refit.ahead.index(months)
    rows = []
    for fan in FANS[target.broken :]:  # across a redefinition the printed fan alone
        own: dict[str, Forecast] = {}
        if side in found.model:
            draws = found.model[side][at]
            own[MODEL] = EnsembleForecast(draws if fan == "today" else printed(draws, months / YEAR))
        if side in found.reduced:
            own[REDUCED] = EnsembleForecast(found.reduced[side][at])
        own |= {name: forecast for (name, ahead), forecast in simple.items() if ahead == months}
        rows += [_row(refit, target, fan, name, forecast) for name, forecast in own.items()]
    return rows


def _row(refit: Refit, target: ScoredFigure, fan: Fan, method: str, forecast: Forecast) -> FullRow:
    evidence = [f.figure.evidence for f in (*target.known, target.figure)]
    return FullRow(
        refit,
        target.side,
        fan,
        method,
        target.months,
        len(target.known),
        evidence.count("unverified"),
        target.broken,
        target.figure.conflict,
        forecast,
        log(target.figure.figure.middle),
    )


def _rescaled(rows: Sequence[FullRow]) -> list[FullRow]:
    """Return the rows of the damped trend with its spread times what would have been best on the other groups."""
    trend = [row for row in rows if row.method == REFERENCE]
    found = []
    factors: dict[tuple[str, str, str], float] = {}
    for row in trend:
        key = (row.side, row.refit.kind, row.group)
        if key not in factors:
            factors[key] = best_width(
                [
                    (other.forecast, other.truth)
                    for other in trend
                    if (other.side, other.refit.kind) == key[:2]
                    and other.group != row.group
                    and other.fan == "today"
                    and other.months <= LONGEST_RESCALED
                ]
            )
        if isfinite(factors[key]):  # there is a case of another group
            found.append(replace(row, method=RESCALED, forecast=widened(row.forecast, factors[key])))
    return found
