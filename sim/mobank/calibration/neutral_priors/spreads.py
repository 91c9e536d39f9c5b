"""How much the growth of a class of entities changes from year to year: all that figures say to neutral priors.

Means of growth are not pooled: a product grows less as it matures, so that a mean of other products' years is a
statement about their age. A change of growth has little of that, and its spread scales shocks and trend.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal, NamedTuple

import numpy as np

from mobank.base.quantities import Month
from mobank.calibration.backtest.series import FigureRow

Of = Literal["active", "registered"]
SPREADS: tuple[Of, ...] = ("active", "registered")

# How the name of a metric begins that counts active users, and a word in it if it counts those registered. Where an
# entity reports several, the first of these with enough years is taken.
ACTIVE = (
    "monthly_active_users",
    "monthly_active_customers",
    "monthly_transacting_users",
    "quarterly_",
    "active_users_90d",
    "active_users_180d",
    "active_users_12m",
    "active_users",
    "active_",
)
LEVELS = ("registered", "total", "funded", "accounts")
NEVER = ("active_apps", "third_party_")  # beginnings: not people, or not the entity's own count
BREAK = "BREAK"  # in the text of a figure whose definition is not that of the figure before
NORMAL_MAD = 1.4826  # a normal's standard deviation in units of its median absolute deviation


class Used(NamedTuple):
    """The figures of one series that went into a spread, and their first and last month."""

    entity: str
    metric: str
    first: Month
    last: Month


@dataclass(frozen=True)
class Spread:
    """A spread over a class of entities.

    Parameters
    ----------
    changes : how many changes from one year to the next it is made from; of a group's k series each counts as 1/k.
    size : standard deviation of a change, log a year, by the median absolute deviation; 0 where there is none.
    used : the series, by name.
    """

    changes: float
    size: float
    used: tuple[Used, ...]

    def beside(self, reference: float, weight: float) -> float:
        """Return the factor to a reference, which weighs as much as `weight` changes: 1 where no figure is known.

        One change is spent on where the middle lies, so that a single one says nothing.
        """
        known = max(self.changes - 1.0, 0.0)
        return sqrt((weight + known * (self.size / reference) ** 2) / (weight + known))


def spread(rows: Iterable[FigureRow], of: Of, groups: Mapping[str, str]) -> Spread:
    """Return the spread of the changes of yearly log growth, or of the changes of yearly log additions.

    Parameters
    ----------
    rows : figures of one class; those computed and those of metrics that do not fit are passed over. Of two of one
        month and series the later row counts.
    of : whether the growth of active users is looked at, or the net additions to registered users.
    groups : the group of each entity.
    """
    by_entity: dict[str, dict[str, list[FigureRow]]] = {}
    for row in rows:
        if not row.derived:
            by_entity.setdefault(row.entity, {}).setdefault(row.metric, []).append(row)
    used: list[Used] = []
    found: list[tuple[str, list[float]]] = []
    for entity, series in sorted(by_entity.items()):
        for metric in ranked(series, of):
            years = _yearly(series[metric])
            moved = _changes(years, [row.figure.month for row in series[metric] if BREAK in row.text], of)
            if moved:
                months = [row.figure.month for row in years.values()]
                used.append(Used(entity, metric, min(months), max(months)))
                found.append((groups[entity], moved))
                break
    together = Counter(group for group, _ in found)
    values = np.array([value for _, moved in found for value in moved])
    weights = np.array([1.0 / together[group] for group, moved in found for _ in moved])
    return Spread(float(weights.sum()), _spread(values, weights), tuple(used))


def ranked(metrics: Iterable[str], of: Of) -> list[str]:
    """Return the metrics that count active users, or those registered, the one to be preferred first."""
    places = [(place, metric) for metric in metrics if (place := _place(metric, of)) is not None]
    return [metric for _, metric in sorted(places)]


def median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted median of some values: with equal weights, the median."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order]) / weights.sum()
    middle = int(np.searchsorted(below, 0.5 - 1e-9))
    after = min(middle + (abs(below[middle] - 0.5) < 1e-9), len(values) - 1)
    return float((values[order][middle] + values[order][after]) / 2)


# ------------ the parts


def _place(metric: str, of: Of) -> int | None:
    if metric.startswith(NEVER):
        return None
    active = next((n for n, start in enumerate(ACTIVE) if metric.startswith(start)), None)
    if of == "active" or active is not None:
        return active if of == "active" else None
    return next((n for n, word in enumerate(LEVELS) if word in metric), None)


def _spread(values: np.ndarray, weights: np.ndarray) -> float:
    if not len(values):
        return 0.0
    return NORMAL_MAD * median(np.abs(values - median(values, weights)), weights)


def _yearly(rows: Sequence[FigureRow]) -> dict[int, FigureRow]:
    """Return one figure a year, of the calendar month with the most pairs of years; the later month of equals."""
    known = {row.figure.month: row for row in rows if row.figure.middle > 0}
    pairs = Counter(month.month for month in known if month + 12 in known)
    if not pairs:
        return {}
    best = max(pairs, key=lambda month: (pairs[month], month))
    return {month.year: row for month, row in sorted(known.items()) if month.month == best}


def _changes(years: Mapping[int, FigureRow], breaks: Sequence[Month], of: Of) -> list[float]:
    """Return the changes from one year to the next; none of a year in which the definition broke."""
    pairs = {
        year: (years[year - 1].figure.middle, row.figure.middle)
        for year, row in years.items()
        if year - 1 in years and not any(row.figure.month - 12 < month <= row.figure.month for month in breaks)
    }
    if of == "active":
        moved = {year: log(now / before) for year, (before, now) in pairs.items()}
    else:  # people added, where they are
        moved = {year: log(now - before) for year, (before, now) in pairs.items() if now > before}
    return [value - moved[year - 1] for year, value in moved.items() if year - 1 in moved]
