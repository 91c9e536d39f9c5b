"""Quantiles and means by month."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats
from mobank.ensemble.paths import Paths

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True)
class Summary:
    """Quantiles and mean of one measure by month.

    Parameters
    ----------
    quantiles : (Q, T + 1) at `QUANTILES`; NaN where the measure is undefined.
    mean, standard_error : (T + 1,), the latter the Monte Carlo error of the mean.
    """

    measure: str
    segment: str
    quantiles: Floats
    mean: Floats
    standard_error: Floats


def summarise(paths: Paths, columns: Sequence[tuple[str, str]] | None = None) -> list[Summary]:
    """Return one summary a column (measure, segment), a month at a time; of all columns kept if none are named."""
    return [_summary(paths, measure, segment) for measure, segment in columns or paths.plan.columns]


def _summary(paths: Paths, measure: str, segment: str) -> Summary:
    months = range(len(paths.plan.months))
    quantiles, mean, error = (
        np.empty((len(QUANTILES), len(months))),
        np.empty(len(months)),
        np.empty(len(months)),
    )
    for t in months:
        values = paths.month(measure, t, segment)
        known = values[~np.isnan(values)]
        quantiles[:, t] = np.quantile(known, QUANTILES) if known.size else np.nan
        mean[t] = known.mean() if known.size else np.nan
        error[t] = known.std(ddof=1) / np.sqrt(known.size) if known.size > 1 else np.nan
    return Summary(measure, segment, quantiles, mean, error)
