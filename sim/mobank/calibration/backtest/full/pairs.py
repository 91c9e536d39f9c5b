"""Entities that report who is registered beside who is active, and which of their metrics are paired.

An entity often reports several counts of active users. The one that is closest to a month's is paired, by the order of
`ACTIVE`; app downloads in use and counts by third parties never are. Who is registered is looked for by the order of
`LEVELS`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from mobank.base.quantities import Month
from mobank.calibration.backtest.full.figures import JoinedFigure, JoinedSeries, Name
from mobank.calibration.backtest.series import LeftOut
from mobank.calibration.neutral_priors.spreads import ACTIVE, LEVELS, NEVER
from mobank.scenario.contradictions import MOST_FALL

CUSTOMERS = "personal_customers"  # as reported
POOL = "pool"  # assumed at one date
YEAR = 12
LEAST_COMMON = 2  # months in which both are reported, where nobody reports who could register
LEAST_LEVELS = 3  # figures of the level with which one such month is enough where it is known who could register


@dataclass(frozen=True)
class PairedSeries:
    """Two series of one entity: who is registered (or whatever stands for it) and who is active.

    Parameters
    ----------
    group : entities that may not inform each other's priors; pooled scores count it once.
    pool, customers : how many could register: assumed at a date, or reported; None where nothing is said of it.
    """

    entity: str
    group: str
    level: JoinedSeries
    active: JoinedSeries
    pool: JoinedSeries | None = None
    customers: JoinedSeries | None = None

    @cached_property
    def common(self) -> tuple[Month, ...]:
        """The months in which both are reported, in order."""
        return tuple(sorted(self.level.by_month.keys() & self.active.by_month.keys()))

    def known(self, origin: Month) -> tuple[tuple[JoinedFigure, ...], tuple[JoinedFigure, ...]]:
        """Return the figures of both up to an origin that are counted as they are at the origin."""
        return self.level.known(origin, falls), self.active.known(origin)

    def known_common(self, origin: Month) -> list[Month]:
        """Return the common months of these figures."""
        begins = max(figures[0].month for figures in self.known(origin))
        return [month for month in self.common if begins <= month <= origin]

    def suffices(self, origin: Month) -> bool:
        """Return whether what is known at an origin is enough for a fit."""
        common = len(self.known_common(origin))
        known_pool = self.pool or any(f.month <= origin for f in (self.customers.figures if self.customers else ()))
        levels = len(self.known(origin)[0])
        return common >= LEAST_COMMON or bool(common and known_pool and levels >= LEAST_LEVELS)


def falls(before: JoinedFigure, after: JoinedFigure) -> bool:
    """Return whether a count of the registered falls as none does that is not cleaned up or counted anew."""
    years = max(1.0, (after.month - before.month) / YEAR)
    return bool(after.figure.high < before.figure.low * (1.0 - MOST_FALL) ** years)


def pairs(
    series: Mapping[Name, JoinedSeries], group_of: Callable[[str], str]
) -> tuple[list[PairedSeries], list[LeftOut]]:
    """Return the pairs by entity, and the entities that report both but never enough of both at once."""
    found: list[PairedSeries] = []
    out: list[LeftOut] = []
    for entity in sorted({entity for entity, _ in series}):
        own = {metric: each for (name, metric), each in series.items() if name == entity}
        candidates = [
            PairedSeries(entity, group_of(entity), own[level], own[active], own.get(POOL), own.get(CUSTOMERS))
            for active in _ranked(own, ACTIVE, str.startswith)
            for level in _ranked(own, LEVELS, str.__contains__)
            if level != active
        ]
        best = next((pair for pair in candidates if any(map(pair.suffices, pair.common))), None)
        if best:
            found.append(best)
        elif candidates:
            closest = max(candidates, key=lambda pair: len(pair.common))
            months = len(closest.common)
            reason = f"{closest.level.metric} beside {closest.active.metric} in {months or 'no'} month"
            reason += f"{'' if months == 1 else 's'}; {LEAST_COMMON} under one definition are needed"
            out.append(LeftOut(entity, closest.active.metric, reason))
    return found, out


def _ranked(metrics: Iterable[str], order: tuple[str, ...], fits: Callable[[str, str], bool]) -> list[str]:
    """Return the metrics that fit a word of an order, by the first word that they fit, then by name."""
    allowed = [metric for metric in metrics if not metric.startswith(NEVER)]
    ranked = [(next((i for i, word in enumerate(order) if fits(metric, word)), None), metric) for metric in allowed]
    return [metric for rank, metric in sorted((r, m) for r, m in ranked if r is not None)]
