"""What closed rounds prove together, and how little that is where they overlap.

Rounds opened month by month share most of their months: twelve months ahead, the errors of two neighbours are moved
by eleven months in common. So beside the number of forecasts stands how many independent ones they are worth, and means
are compared by a bootstrap of blocks of months as long as the horizon (Künsch 1989).

The worth is that of a coverage: n² / Σ r_ij, where r_ij is the correlation of "inside the band" between two forecasts
whose errors are normal with correlation ρ = shared months / √(months of the one · months of the other).

References
----------
Künsch (1989), "The jackknife and the bootstrap for general stationary observations".
Hansen, Hodrick (1980), "Forward exchange rates as optimal predictors of future spot rates" (overlapping forecasts).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.backtest.scores import BANDS
from mobank.calibration.backtest.scoring import RESAMPLES
from mobank.calibration.rounds.nouns import Round, RoundScore

HORIZONS = ((1, 1), (2, 3), (4, 6), (7, 12), (13, 24), (25, 36), (37, inf))  # months ahead, first and last
CONTENT = 80  # per cent of the band by which the worth of a coverage is counted
LEAST_BLOCKS = 4  # that a bootstrap draws from; fewer say nothing of the spread
SEED = 1
NODES = 64  # of the quadrature


@dataclass(frozen=True)
class RoundCase:
    """The score of one figure, with the round that it belongs to."""

    round: Round
    score: RoundScore

    @property
    def origin(self) -> Month:
        """The month from which it was forecast."""
        return self.round.start


def cases_of(opened: Round, scores: Sequence[RoundScore]) -> list[RoundCase]:
    """Return the scores of a round as cases."""
    return [RoundCase(opened, score) for score in scores]


@dataclass(frozen=True)
class LossRatio:
    """Mean loss of the printed forecast over that of another on the cases that both have.

    Parameters
    ----------
    ratio : below 1 where the printed forecast is the better one; NaN without cases.
    span : central 80 % of the bootstrap; NaN where there are too few months for it.
    """

    cases: int
    ratio: float
    span: tuple[float, float]


@dataclass(frozen=True)
class Standing:
    """How the forecasts of one measure fared at some months ahead.

    Parameters
    ----------
    regions : True for the regions together, False for the whole bank. ahead : first and last month of the horizon.
    worth : independent forecasts that the coverage is worth.
    crps, log_score, coverage, mean_pit : means of the printed forecast, coverage by `BANDS`.
    today_crps, today_cases : of the forecast by today's definition, where nothing was redefined.
    """

    scenario: str
    measure: str
    regions: bool
    ahead: tuple[int, float]
    cases: int
    rounds: int
    worth: float
    crps: float
    log_score: float
    coverage: tuple[float, ...]
    mean_pit: float
    today_crps: float
    today_cases: int
    trend: LossRatio
    rival: LossRatio


def standings(cases: Sequence[RoundCase]) -> list[Standing]:
    """Return how all cases fared, by scenario, measure and months ahead."""
    return [_standing(*group) for group in _groups(cases)]


def _groups(cases: Sequence[RoundCase]) -> Iterator[tuple[tuple[int, float], bool, list[RoundCase]]]:
    names = dict.fromkeys((each.round.scenario, each.score.measure, bool(each.score.band)) for each in cases)
    for name in names:
        own = [c for c in cases if (c.round.scenario, c.score.measure, bool(c.score.band)) == name]
        for first, last in HORIZONS:
            if some := [each for each in own if first <= each.score.ahead <= last]:
                yield (int(first), last), name[2], some


def _standing(ahead: tuple[int, float], regions: bool, cases: Sequence[RoundCase]) -> Standing:
    first = cases[0]
    printed = [each.score.printed for each in cases]
    pits = np.array([each.pit for each in printed])
    today = [each.score.today.crps for each in cases if each.score.today]
    trend = [(c, c.score.printed.crps, c.score.trend.crps) for c in cases if c.score.trend]
    rival = [(c, c.score.rival.own, c.score.rival.pinball) for c in cases if c.score.rival]
    name = f"{first.round.bank} {first.round.scenario} {first.score.measure} {regions} {ahead[0]}"
    return Standing(
        first.round.scenario, first.score.measure, regions, ahead, len(cases),
        len({each.round.name for each in cases}), worth([(each.origin, each.score.month) for each in cases]),
        float(np.mean([each.crps for each in printed])), float(np.mean([each.log_score for each in printed])),
        tuple(float(np.mean((low <= pits) & (pits <= high))) for low, high in BANDS.values()), float(pits.mean()),
        float(np.mean(today)) if today else float("nan"), len(today),
        compare(trend, f"{name} trend"), compare(rival, f"{name} rival"),
    )  # fmt: skip


# ------------ how much overlapping forecasts are worth


def worth(spans: Sequence[tuple[Month, Month]], content: float = CONTENT / 100.0) -> float:
    """Return how many independent forecasts some are worth by whether their figures lie in a central band.

    Parameters
    ----------
    spans : of each forecast the month from which and the month for which it was made. content : of the band.

    Examples
    --------
    Of 36 rounds, opened month by month and read twelve months ahead:

    >>> months = [Month.of(2020, 1) + t for t in range(36)]
    >>> round(worth([(month, month + 12) for month in months]), 1)
    6.5
    """
    start, end = (np.array([span[side].ordinal for span in spans], float) for side in (0, 1))
    shared = np.minimum(end[:, None], end) - np.maximum(start[:, None], start)
    length = end - start
    correlation = np.maximum(shared, 0.0) / np.sqrt(length[:, None] * length)
    levels, at = np.unique(np.round(correlation, 9), return_inverse=True)
    together = np.array([inside_together(float(level), content) for level in levels])[at]
    return float(len(spans) ** 2 / together.sum())


def inside_together(correlation: float, content: float) -> float:
    """Return the correlation of "inside its central band" between two normals that have a correlation."""
    from scipy.special import ndtr, ndtri

    if correlation >= 1.0:
        return 1.0
    edge = float(ndtri(0.5 + content / 2.0))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    x = edge * nodes
    rest = sqrt(1.0 - correlation**2)
    given = ndtr((edge - correlation * x) / rest) - ndtr((-edge - correlation * x) / rest)
    both = float(np.sum(edge * weights * np.exp(-0.5 * x**2) / sqrt(2.0 * np.pi) * given))
    return (both - content**2) / (content * (1.0 - content))


def compare(losses: Sequence[tuple[RoundCase, float, float]], name: str) -> LossRatio:
    """Return the ratio of two mean losses with the span of a block bootstrap.

    Parameters
    ----------
    losses : of each case the loss of the printed forecast and that of the other. name : of the random stream.
    """
    if not losses:
        return LossRatio(0, float("nan"), (float("nan"), float("nan")))
    by_month: dict[Month, Floats] = {}
    for case, own, other in losses:
        month = case.score.month
        by_month[month] = by_month.get(month, np.zeros(2)) + np.array([own, other])
    months = sorted(by_month)
    longest = max(case.score.month - case.origin for case, _, _ in losses)
    length = max(sum(first <= month < first + longest for month in months) for first in months)
    sums = np.array([by_month[month] for month in months])
    total = sums.sum(axis=0)
    return LossRatio(len(losses), float(total[0] / total[1]), _bootstrap(sums, length, name))


def _bootstrap(sums: Floats, length: int, name: str) -> tuple[float, float]:
    """Return the 10 % and 90 % quantiles of the ratio of sums, (M, 2) by month, blocks of months being drawn."""
    months = len(sums)
    if months < LEAST_BLOCKS * length:
        return float("nan"), float("nan")
    starts, blocks = months - length + 1, -(-months // length)
    picks = Streams(SEED).uniform("parameters", f"rounds {name}", np.arange(RESAMPLES * blocks))
    cumulated = np.concatenate([np.zeros((1, 2)), np.cumsum(sums, axis=0)])
    block = cumulated[length:] - cumulated[:starts]
    drawn = block[(picks * starts).astype(int)].reshape(RESAMPLES, blocks, 2).sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.1, 0.9))
    return float(low), float(high)
