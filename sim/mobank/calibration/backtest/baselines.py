"""What a forecast must beat: trends, growth curves by least squares, and two of statsforecast's methods.

Each takes the log figures of consecutive years and some horizons in years, and gives a normal on the log scale for
each, or None for what the figures are too few for. The curves are fitted to all figures so far and start from the
last one: their growth is what they forecast, and their spread is that of the yearly growths about the curve's, times
the square root of the horizon.

References
----------
Gardner, McKenzie (1985), "Forecasting trends in time series" (damped trends).
Bass (1969), "A new product growth for model consumer durables"; Srinivasan, Mason (1986), "Nonlinear least squares
estimation of new product diffusion models".
Meade, Islam (2006), "Modelling and forecasting the diffusion of innovation" (logistic and Gompertz curves).
Hyndman et al. (2002), AutoETS; Assimakopoulos, Nikolopoulos (2000), Theta.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.quantities import Month
from mobank.calibration.backtest.scores import NormalForecast
from mobank.scenario.scenario import YEAR

Baseline = Callable[[Floats, Sequence[int]], Sequence[NormalForecast | None]]

DAMPING = 0.8
MEMORY = 0.6  # weight of a yearly growth relative to the next
SMALLEST_SD = 0.02  # of a year
UNKNOWN_SD = 0.10  # of a year, where figures are too few to show their own
FAR = 50.0  # a ceiling is at most so many times the last figure
NINTH_DECILE = 1.2815515655446004  # of the standard normal
NOT_HERE = "needs statsforecast: install mobank[backtest]"


def persistence(log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast | None]:
    """Return the last figure, its spread that of the yearly growths about none."""
    growth = np.diff(log_figures)
    if not growth.size:
        return [None] * len(horizons)
    sd = max(float(np.sqrt(np.mean(growth**2))), SMALLEST_SD)
    return [NormalForecast(float(log_figures[-1]), sd * sqrt(h)) for h in horizons]


def spread(changes: Floats) -> float:
    """Return the standard deviation of some changes, none below `SMALLEST_SD`; of fewer than two, `UNKNOWN_SD`."""
    return max(float(np.std(changes, ddof=1)), SMALLEST_SD) if changes.size > 1 else UNKNOWN_SD


def damped_trend(log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast | None]:
    """Return log y + b Σ 0.8^j, b the mean growth with weights 0.6^k from the newest."""
    growth = np.diff(log_figures)
    if not growth.size:
        return [None] * len(horizons)
    weights = MEMORY ** np.arange(growth.size)[::-1]
    trend = float(np.sum(weights * growth) / np.sum(weights))
    sd = spread(np.diff(growth) / sqrt(2.0))
    ahead = {h: sum(DAMPING**j for j in range(1, h + 1)) for h in horizons}
    return [NormalForecast(float(log_figures[-1]) + trend * ahead[h], sd * 1.2 * sqrt(h)) for h in horizons]


def drift(log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast | None]:
    """Return a random walk whose drift is the mean growth, its uncertainty included."""
    growth = np.diff(log_figures)
    if not growth.size:
        return [None] * len(horizons)
    sd = spread(growth)
    last, mean = float(log_figures[-1]), float(growth.mean())
    return [NormalForecast(last + h * mean, sd * sqrt(h * (1.0 + h / growth.size))) for h in horizons]


def bass_curve(years: Floats, start: float, ceiling: float, innovation: float, imitation: float) -> Floats:
    """Return the solution of N' = (p + q N / m) (m − N) with N(0) = start."""
    share = start / ceiling
    decay = (1.0 - share) / (innovation + imitation * share) * np.exp(-(innovation + imitation) * years)
    return np.asarray(ceiling * (1.0 - innovation * decay) / (1.0 + imitation * decay))


def logistic_curve(years: Floats, start: float, ceiling: float, rate: float) -> Floats:
    """Return the solution of N' = r N (1 − N / m) with N(0) = start."""
    return np.asarray(ceiling / (1.0 + (ceiling / start - 1.0) * np.exp(-rate * years)))


def gompertz_curve(years: Floats, start: float, ceiling: float, rate: float) -> Floats:
    """Return the solution of N' = r N log(m / N) with N(0) = start."""
    return np.asarray(ceiling * (start / ceiling) ** np.exp(-rate * years))


def bass(log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast]:
    """Return the forecast of Bass's curve by non-linear least squares."""
    return _by_curve(bass_curve, ((0.03, 0.3), (0.3, 0.01), (0.001, 1.0)), log_figures, horizons)


def logistic(log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast]:
    """Return the forecast of a logistic curve."""
    return _by_curve(logistic_curve, ((0.3,), (1.0,)), log_figures, horizons)


def gompertz(log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast]:
    """Return the forecast of Gompertz's curve."""
    return _by_curve(gompertz_curve, ((0.1,), (0.5,)), log_figures, horizons)


def _by_curve(
    curve: Callable[..., Floats], starts: tuple[tuple[float, ...], ...], log_figures: Floats, horizons: Sequence[int]
) -> Sequence[NormalForecast]:
    """Fit start, ceiling and rates of a curve to log figures, from several starts; the fit of least squares counts."""
    from scipy.optimize import least_squares

    time = np.arange(log_figures.size, dtype=float)
    top = float(log_figures.max())
    low = np.log([1e-6] * len(starts[0]))
    bounds = (
        np.concatenate([[log_figures[0] - 1.0, top + 1e-4], low]),
        np.concatenate([[top + 1e-5, top + np.log(FAR)], np.full(low.size, np.log(5.0))]),
    )

    def fitted(found: Floats, at: Floats) -> Floats:
        return np.log(np.maximum(curve(at, *np.exp(found)), 1e-300))

    fits: list[Any] = []
    for rates in starts:
        for ceiling in (1.2, 4.0):
            guess = np.concatenate([[log_figures[0]], [top + np.log(ceiling)], np.log(rates)])
            fits.append(least_squares(lambda found: fitted(found, time) - log_figures, guess, bounds=bounds))
    best = min(fits, key=lambda fit: fit.cost).x
    growth = np.diff(log_figures) - np.diff(fitted(best, time))
    sd = max(float(np.sqrt(np.mean(growth**2))), SMALLEST_SD)
    now, *then = fitted(best, time[-1] + np.array([0, *horizons]))
    return [NormalForecast(float(log_figures[-1] + y - now), sd * sqrt(h)) for y, h in zip(then, horizons, strict=True)]


def _by_statsforecast(model: Any, log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast | None]:
    nothing: list[NormalForecast | None] = [None] * len(horizons)
    try:
        with np.errstate(all="ignore"):  # a spread that it cannot tell comes out as no number
            found = model.forecast(log_figures, h=max(horizons), level=[80])
    except NotImplementedError:  # how AutoETS refuses a tiny data set
        return nothing
    mean, low, high = (np.asarray(found[name], float)[np.array(horizons) - 1] for name in ("mean", "lo-80", "hi-80"))
    sds = np.maximum((high - low) / (2.0 * NINTH_DECILE), SMALLEST_SD)
    if not np.isfinite([mean, sds]).all():
        return nothing
    return [NormalForecast(float(m), float(sd)) for m, sd in zip(mean, sds, strict=True)]


def auto_ets(log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast | None]:
    """Return the forecast of the exponential smoothing model that AIC chooses."""
    from statsforecast.models import AutoETS

    return _by_statsforecast(AutoETS(season_length=1), log_figures, horizons)


def theta(log_figures: Floats, horizons: Sequence[int]) -> Sequence[NormalForecast | None]:
    """Return the forecast of the standard Theta method, whose spread needs five figures."""
    if log_figures.size < 5:
        return [None] * len(horizons)
    from statsforecast.models import Theta

    return _by_statsforecast(Theta(season_length=1), log_figures, horizons)


def even_steps(months: Sequence[Month], step: int = 0) -> tuple[int, int]:
    """Return a step in months, and how many of some months, in order, keep it to the last one.

    Parameters
    ----------
    step : 0 for the distance of the last two months; a year where there is but one.
    """
    gaps = [later - earlier for earlier, later in pairwise(months)]
    step = step or (gaps[-1] if gaps else YEAR)
    return step, 1 + next((i for i, gap in enumerate(reversed(gaps)) if gap != step), len(gaps))


REFERENCE = "log damped trend"
BASELINES: dict[str, Baseline] = {
    REFERENCE: damped_trend,
    "drift": drift,
    "Bass": bass,
    "logistic": logistic,
    "Gompertz": gompertz,
}
BY_STATSFORECAST: dict[str, Baseline] = {"AutoETS": auto_ets, "Theta": theta}


def available() -> tuple[dict[str, Baseline], list[str]]:
    """Return the baselines that can be computed here, and a line for each that cannot."""
    from importlib.util import find_spec

    if find_spec("statsforecast") is None:
        return BASELINES, [f"{name} {NOT_HERE}" for name in BY_STATSFORECAST]
    return BASELINES | BY_STATSFORECAST, []
