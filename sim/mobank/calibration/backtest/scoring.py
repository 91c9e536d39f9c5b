"""The score table of a backtest: by method and horizon, against the reference, with what chance alone would do.

The gain of the reduced model over a method is one minus the ratio of their mean CRPS on the cases that both forecast.
Its uncertainty is a bootstrap, once over entities and once over the calendar years of the figures forecast: cases of
one entity, and of one year, share their luck.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.calibration.backtest.backtest import HORIZONS, OURS, Case, Row
from mobank.calibration.backtest.baselines import REFERENCE
from mobank.calibration.backtest.scores import BANDS, binomial_sd

FEW = 10  # cases; below that a row says so
RESAMPLES = 2000


@dataclass(frozen=True)
class Score:
    """One line of the table; `horizon` 0 stands for all at 1 to 3 years together.

    `gain` of the reduced model over this method on common cases, with central 80 % of the two bootstraps.
    """

    method: str
    horizon: int
    cases: int
    entities: int
    crps: float
    interval_scores: tuple[float, ...]
    coverage: tuple[float, ...]
    gain: float
    by_entity: tuple[float, float]
    by_year: tuple[float, float]

    @property
    def few(self) -> bool:
        """True if the cases are too few to say much."""
        return self.cases < FEW

    def coverage_sd(self, content: int) -> float:
        """Return the standard deviation that the coverage of a perfect method would have, were cases independent."""
        return binomial_sd(content / 100.0, self.cases)


def score(rows: Sequence[Row], seed: int) -> list[Score]:
    """Return the scores of every method at each horizon, and together at 1 to 3 years."""
    methods = list(dict.fromkeys(row.method for row in rows))
    wanted = [*((horizon, (horizon,)) for horizon in HORIZONS), (0, (1, 2, 3))]
    ours = {row.case: row.crps for row in rows if row.method == OURS}
    return [
        _score(method, horizon, some, ours, seed)
        for method in methods
        for horizon, years in wanted
        if (some := [row for row in rows if row.method == method and row.horizon in years and row.case in ours])
    ]


def _score(method: str, horizon: int, rows: Sequence[Row], ours: Mapping[Case, float], seed: int) -> Score:
    pairs = np.array([(ours[row.case], row.crps) for row in rows])
    return Score(
        method,
        horizon,
        len(rows),
        len({row.entity for row in rows}),
        float(pairs[:, 1].mean()),
        tuple(float(np.mean([row.interval_scores[i] for row in rows])) for i in range(len(BANDS))),
        tuple(float(np.mean([row.covered(content) for row in rows])) for content in BANDS),
        _gain(pairs),
        _bootstrap(pairs, [row.entity for row in rows], f"{method} {horizon} entity", seed),
        _bootstrap(pairs, [row.target.year for row in rows], f"{method} {horizon} year", seed),
    )


def _gain(pairs: Floats) -> float:
    return float(1.0 - pairs[:, 0].sum() / pairs[:, 1].sum())


def _bootstrap(pairs: Floats, groups: Sequence[Hashable], name: str, seed: int) -> tuple[float, float]:
    """Return the 10 % and 90 % quantiles of the gain when whole groups are drawn with replacement."""
    names = sorted(set(groups), key=str)
    sums = np.array([pairs[[g == group for g in groups]].sum(axis=0) for group in names])
    picks = Streams(seed).uniform("parameters", f"bootstrap {name}", np.arange(RESAMPLES * len(names)))
    chosen = sums[(picks * len(names)).astype(int)].reshape(RESAMPLES, len(names), 2).sum(axis=1)
    low, high = np.quantile(1.0 - chosen[:, 0] / chosen[:, 1], (0.1, 0.9))
    return float(low), float(high)


def skill(rows: Sequence[Row], without: Collection[str] = ()) -> float:
    """Return the mean over horizons of the gain over the reference, some entities left out; −∞ if there is no case."""
    ours = {row.case: row.crps for row in rows if row.method == OURS and row.entity not in without}
    gains = []
    for horizon in HORIZONS:
        pairs = [
            (ours[row.case], row.crps)
            for row in rows
            if row.method == REFERENCE and row.horizon == horizon and row.case in ours
        ]
        if pairs:
            gains.append(_gain(np.array(pairs)))
    return float(np.mean(gains)) if gains else -inf
