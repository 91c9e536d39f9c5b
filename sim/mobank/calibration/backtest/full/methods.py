"""Simpler forecasts of the same figures, from what was known at the same origin, and how wide they should have been.

A trend or a random walk takes steps of the calendar: years for yearly refits; for the others the spacing of the last
two figures, if the figures before them keep it.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mobank.base.quantities import Month
from mobank.calibration.backtest.baselines import (
    BY_STATSFORECAST,
    REFERENCE,
    Baseline,
    available,
    damped_trend,
    drift,
    even_steps,
    persistence,
)
from mobank.calibration.backtest.full.cases import Refit
from mobank.calibration.backtest.full.figures import JoinedFigure
from mobank.calibration.backtest.full.pairs import YEAR
from mobank.calibration.backtest.scores import EnsembleForecast, Forecast, NormalForecast

MODEL, REDUCED = "model", "reduced model"
RESCALED = "damped trend, rescaled"
LEAST_SMOOTHED = 4  # figures, for the methods of statsforecast
NARROWEST, WIDEST = 0.2, 5.0  # factors of a spread that are tried


def simple_methods() -> tuple[dict[str, Baseline], list[str]]:
    """Return the methods by name, and a line for each that cannot be computed here."""
    found, missing = available()
    others = {name: found[name] for name in BY_STATSFORECAST if name in found}
    return {"persistence": persistence, REFERENCE: damped_trend, "drift": drift} | others, missing


def by_simple_methods(
    refit: Refit, figures: Sequence[JoinedFigure], methods: Mapping[str, Baseline]
) -> dict[tuple[str, int], Forecast]:
    """Return the forecasts of the log figure by method and months ahead, where a method can say anything."""
    if not figures:
        return {}
    step, run = _regular(refit, figures)
    steps = [months // step for months in refit.ahead if months % step == 0]
    logs = np.log([each.figure.middle for each in run])
    found: dict[tuple[str, int], Forecast] = {}
    for name, method in methods.items():
        if steps and (name not in BY_STATSFORECAST or logs.size >= LEAST_SMOOTHED):
            for ahead, forecast in zip(steps, method(logs, steps), strict=True):
                if forecast is not None:
                    found[name, ahead * step] = forecast
    return found


def _regular(refit: Refit, figures: Sequence[JoinedFigure]) -> tuple[int, list[JoinedFigure]]:
    """Return a step in months and the last figures that follow each other in it."""
    if refit.kind == "years":
        step, kept = even_steps([Month.of(each.month.year, YEAR) for each in figures], YEAR)
    else:
        step, kept = even_steps([each.month for each in figures])
    return step, list(figures[len(figures) - kept :])


# ------------ widths


def widened(forecast: Forecast, factor: float) -> Forecast:
    """Return a forecast with its spread about the median times a factor."""
    if isinstance(forecast, NormalForecast):
        return NormalForecast(forecast.mean, forecast.sd * factor)
    middle = forecast.quantile(0.5)
    return EnsembleForecast(middle + factor * (forecast.draws - middle))


def best_width(cases: Sequence[tuple[Forecast, float]]) -> float:
    """Return the common factor of all spreads that would have given the least mean CRPS; NaN without cases.

    Parameters
    ----------
    cases : forecasts and the log figures that were then reported.
    """
    if not cases:
        return float("nan")
    from scipy.optimize import minimize_scalar

    scores = [_crps_by_width(forecast, truth) for forecast, truth in cases]

    def loss(log_factor: float) -> float:
        factor = float(np.exp(log_factor))
        return sum(score(factor) for score in scores) / len(scores)

    found = minimize_scalar(loss, bounds=(np.log(NARROWEST), np.log(WIDEST)), method="bounded")
    return float(np.exp(found.x))


def _crps_by_width(forecast: Forecast, truth: float) -> Callable[[float], float]:
    """Return the CRPS of `widened(forecast, factor)` as a function of the factor.

    Of draws x about their median m it is mean |c (x − m) − (y − m)| − c S, S half the mean distance of two draws; the
    mean needs no pass through the draws once they lie in order with their sums.
    """
    if isinstance(forecast, NormalForecast):
        return lambda factor: NormalForecast(forecast.mean, forecast.sd * factor).crps(truth)
    middle = forecast.quantile(0.5)
    x = np.sort(forecast.draws) - middle
    sums, n, off = np.concatenate([[0.0], np.cumsum(x)]), x.size, truth - middle
    half_distance = float(np.sum((2.0 * np.arange(1, n + 1) - n - 1.0) * x)) / n**2

    def crps(factor: float) -> float:
        below = int(np.searchsorted(x, off / factor))
        distance = factor * (sums[-1] - 2.0 * sums[below]) + off * (2 * below - n)
        return float(distance / n - factor * half_distance)

    return crps
