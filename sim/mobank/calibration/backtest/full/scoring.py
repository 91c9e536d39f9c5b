"""The score table of the full backtest: by side, fan, horizon and method, with what chance alone would do.

A method is compared with the model on the cases that both forecast. Within a group of entities their mean CRPS are
divided, over groups the ratios have a geometric mean: so no group decides alone because its figures are wild. Its
uncertainty is a bootstrap over groups, whose cases have years and shocks in common.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.calibration.backtest.full.methods import MODEL, best_width
from mobank.calibration.backtest.full.pairs import YEAR
from mobank.calibration.backtest.full.rows import FANS, SIDES, Case, Fan, FullRow
from mobank.calibration.backtest.scores import BANDS, binomial_sd
from mobank.calibration.backtest.scoring import FEW, RESAMPLES


@dataclass(frozen=True)
class Horizon:
    """Horizons scored together, by their name: months ahead of one kind of refit."""

    name: str
    kind: str
    months: tuple[int, ...]


HORIZONS = (
    *(Horizon(f"{years} y", "years", (YEAR * years,)) for years in (1, 2, 3, 5)),
    Horizon("1-3 y", "years", (YEAR, 2 * YEAR, 3 * YEAR)),
    *(Horizon(f"{months} m", "months", (months,)) for months in (1, 3, 6, 12)),
    Horizon("1-12 m", "months", (1, 3, 6, 12)),
)


@dataclass(frozen=True)
class FullScore:
    """One line of the table.

    Parameters
    ----------
    crps, interval_scores, coverage, mean_pit, above : means over the method's cases; `above` its median.
    common : cases that the model has forecast, too.
    ratio : of the model's CRPS to this method's on these, geometric mean over groups, with the central 80 % of the
        bootstrap over groups; NaN where there is none.
    width : factor of all spreads that would have been best.
    """

    side: str
    fan: Fan
    horizon: str
    method: str
    cases: int
    entities: int
    groups: int
    crps: float
    interval_scores: tuple[float, ...]
    coverage: tuple[float, ...]
    mean_pit: float
    above: float
    common: int
    ratio: float
    ratio_span: tuple[float, float]
    width: float

    @property
    def few(self) -> bool:
        """True if the cases, or those that the model has forecast too, are too few to say much."""
        return min(self.cases, self.common) < FEW

    def coverage_sd(self, content: int) -> float:
        """Return the standard deviation of a perfect method's coverage, were cases independent."""
        return binomial_sd(content / 100.0, self.cases)


def full_scores(rows: Sequence[FullRow], seed: int) -> list[FullScore]:
    """Return the scores of every side, fan, horizon and method that has a case."""
    methods = list(dict.fromkeys(row.method for row in rows))
    found = []
    for side in SIDES:
        for fan in FANS:
            own = [row for row in rows if (row.side, row.fan) == (side, fan)]
            for horizon in HORIZONS:
                some = [row for row in own if row.refit.kind == horizon.kind and row.months in horizon.months]
                by_method = {name: [row for row in some if row.method == name] for name in methods}
                model = {row.case: row for row in by_method.get(MODEL, [])}
                found += [_score(horizon, cases, model, seed) for cases in by_method.values() if cases]
    return found


def _score(horizon: Horizon, rows: Sequence[FullRow], model: Mapping[Case, FullRow], seed: int) -> FullScore:
    first = rows[0]
    pits = np.array([row.pit for row in rows])
    pairs = [(row.group, model[row.case].crps, row.crps) for row in rows if row.case in model]
    ratios = _by_group(pairs)
    name = f"{first.side} {first.fan} {horizon.name} {first.method}"
    return FullScore(
        first.side,
        first.fan,
        horizon.name,
        first.method,
        len(rows),
        len({row.refit.pair.entity for row in rows}),
        len({row.group for row in rows}),
        float(np.mean([row.crps for row in rows])),
        tuple(float(x) for x in np.mean([row.interval_scores for row in rows], axis=0)),
        tuple(float(np.mean((low <= pits) & (pits <= high))) for low, high in BANDS.values()),
        float(pits.mean()),
        float((pits > 0.5).mean()),
        len(pairs),
        float(np.exp(ratios.mean())) if ratios.size else float("nan"),
        _bootstrap(ratios, name, seed),
        best_width([(row.forecast, row.truth) for row in rows]),
    )


def _by_group(pairs: Sequence[tuple[str, float, float]]) -> Floats:
    """Return the log ratio of two methods' mean CRPS by group, (G,), the groups by name."""
    groups = sorted({group for group, _, _ in pairs})
    sums = [np.sum([pair[1:] for pair in pairs if pair[0] == group], axis=0) for group in groups]
    return np.array([np.log(own / other) for own, other in sums])


def _bootstrap(ratios: Floats, name: str, seed: int) -> tuple[float, float]:
    """Return the 10 % and 90 % quantiles of the geometric mean when groups are drawn with replacement."""
    if not ratios.size:
        return float("nan"), float("nan")
    picks = Streams(seed).uniform("parameters", f"bootstrap {name}", np.arange(RESAMPLES * ratios.size))
    chosen = ratios[(picks * ratios.size).astype(int)].reshape(RESAMPLES, ratios.size)
    low, high = np.quantile(np.exp(chosen.mean(axis=1)), (0.1, 0.9))
    return float(low), float(high)
