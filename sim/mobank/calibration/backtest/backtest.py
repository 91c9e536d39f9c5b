"""Forecasts from every origin of a series, scored: what was known then against what was reported later.

Everything is on the log scale; the truth is the middle of what a figure allows. A case is an origin (at least four
figures known) and a horizon; all methods meet the same cases.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from math import log

import numpy as np

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.backtest.baselines import Baseline
from mobank.calibration.backtest.forecaster import Forecaster
from mobank.calibration.backtest.priors import OTHERS, ReducedPriors
from mobank.calibration.backtest.scores import BANDS, LEVELS, EnsembleForecast, Forecast, interval_score
from mobank.calibration.backtest.series import Series, SeriesFigure

HORIZONS = (1, 2, 3, 5)  # years
KNOWN = 4  # figures before the first forecast
OURS = "reduced model"
DECEMBER = 12
Case = tuple[str, str, Month, int]  # entity, metric, origin and horizon


@dataclass(frozen=True)
class BacktestSettings:
    """How a backtest is computed: seed, draws of each growth shape, draws of a forecast, threads."""

    seed: int = 1
    draws: int = 5000
    ahead: int = 4000
    workers: int = 1


@dataclass(frozen=True)
class Row:
    """One forecast by one method and how it fared; logs throughout.

    `quantiles` at `LEVELS`; `interval_scores` of the central bands `BANDS`; `unverified` counts the figures that
    it rests on, the truth included, which were not checked against a document.
    """

    entity: str
    metric: str
    unit: str
    method: str
    origin: Month
    target: Month
    horizon: int
    known: int
    unverified: int
    truth: float
    quantiles: tuple[float, ...]
    crps: float
    pit: float
    interval_scores: tuple[float, ...]

    @property
    def of_december(self) -> bool:
        """True if the origin and the figure forecast are both of December, so that the horizon is in whole years."""
        return self.origin.month == DECEMBER and self.target.month == DECEMBER

    @property
    def case(self) -> Case:
        """What was forecast, from where."""
        return self.entity, self.metric, self.origin, self.horizon

    def covered(self, content: int) -> bool:
        """True if the truth lies within the central band of this content in percent."""
        low, high = BANDS[content]
        return low <= self.pit <= high


def backtest(
    series: Sequence[Series],
    beliefs: Mapping[str, ReducedPriors],
    settings: BacktestSettings,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Row]:
    """Return the rows of the reduced model for every series, origin and horizon, in the order of the series.

    Parameters
    ----------
    beliefs : the configuration by entity; `OTHERS` stands for all that are not named.
    progress : is told how many series are done.
    """
    rows: list[Row] = []

    def one(each: Series) -> list[Row]:
        return by_model(each, beliefs.get(each.entity, beliefs[OTHERS]), settings)

    with ThreadPoolExecutor(settings.workers) as pool:
        for done, found in enumerate(pool.map(one, series), 1):
            rows += found
            progress(done)
    return rows


def by_model(series: Series, beliefs: ReducedPriors, settings: BacktestSettings) -> list[Row]:
    """Return the rows of the reduced model, which is brought along the series once."""
    figures = series.figures
    rows: list[Row] = []
    months = [later.month - earlier.month for earlier, later in pairwise(figures)]
    forecaster = Forecaster(series, beliefs, Streams(settings.seed), settings.draws, settings.ahead)
    for known in range(2, len(figures)):
        forecaster.learn()
        if known < KNOWN:
            continue
        ahead = forecaster.forecast(months[known - 1 : known - 1 + max(HORIZONS)])
        rows.extend(
            _scored(series, OURS, known, horizon, EnsembleForecast(ahead[horizon - 1]))
            for horizon in HORIZONS
            if known - 1 + horizon < len(figures)
        )
    return rows


def by_baselines(series: Series, baselines: Mapping[str, Baseline]) -> Iterator[Row]:
    """Give the rows of the baselines; a method gives none where it says that the figures are too few for it.

    Not for threads: Theta draws from NumPy's global luck, which it seeds itself.
    """
    figures = series.figures
    logs = np.log([figure.middle for figure in figures])
    for name, baseline in baselines.items():
        for known in range(KNOWN, len(figures)):
            horizons = [h for h in HORIZONS if known - 1 + h < len(figures)]
            for horizon, found in zip(horizons, baseline(logs[:known], horizons), strict=True):
                if found is not None:
                    yield _scored(series, name, known, horizon, found)


def _scored(series: Series, method: str, known: int, horizon: int, forecast: Forecast) -> Row:
    origin, target = series.figures[known - 1], series.figures[known - 1 + horizon]
    truth = log(target.middle)
    bands = {content: (forecast.quantile(low), forecast.quantile(high)) for content, (low, high) in BANDS.items()}
    return Row(
        series.entity, series.metric, series.unit, method, origin.month, target.month, horizon, known,
        _unverified((*series.figures[:known], target)), truth,
        tuple(forecast.quantile(level) for level in LEVELS), forecast.crps(truth), forecast.pit(truth),
        tuple(interval_score(low, high, truth, content / 100.0) for content, (low, high) in bands.items()),
    )  # fmt: skip


def _unverified(figures: Sequence[SeriesFigure]) -> int:
    return sum(figure.evidence == "unverified" for figure in figures)
