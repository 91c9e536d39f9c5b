"""Shocks: what chance does to the whole bank or to a region of it, which no number of customers averages out.

Each path has one value a calendar year, an AR(1) from year to year, so that published year-end figures can be
solved for exactly; and a small wiggle within the year that sums to zero over its twelve months and does not carry
over. A posterior of monthly figures goes on by months instead, with a law that is matched to that of years, and a
wiggle of each month by itself. History and forecast use the same law. Where regions report by themselves, each has
paths of its own: what all have in common, and what is only of that region.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics import season
from mobank.dynamics.month import add_up
from mobank.dynamics.trend import Growth


@dataclass(frozen=True)
class ShockSizes:
    """Sizes of the shocks in each replicate, each (R,).

    Parameters
    ----------
    size : standard deviation of a year's innovation, log scale, by path.
    persistence : what is left of a shock a year later, 0 to 1, by path.
    tails : degrees of freedom of Student innovations, by path; 0 for normal ones. They are standardised.
    correlation : between the innovations of the first and each other path.
    wiggle : standard deviation within the year, log scale.
    drift, half_life_months : log change a year at the start, by path, and the months in which it halves.
    growth : of each path that has a trend.
    season : factors of each path's season, (13, R), where a fit has learnt them.
    monthly : True if shocks go on by months.
    spread : of a region's own shock as a multiple of what all have in common, (R,); None where there are no regions.
    regions : share of each region in the bank, by its band; empty where there are none.
    """

    size: dict[str, Floats]
    persistence: dict[str, Floats]
    tails: dict[str, float]
    correlation: Floats
    wiggle: Floats
    drift: dict[str, Floats]
    half_life_months: dict[str, float]
    growth: dict[str, Growth] = field(default_factory=dict)
    season: dict[str, Floats] = field(default_factory=dict)
    monthly: bool = False
    spread: Floats | None = None
    regions: Mapping[str, float] = field(default_factory=dict)

    def rows(self, rows: NDArray[np.intp]) -> "ShockSizes":
        """Return those of some replicates, which may come more than once."""
        size, persistence, drift = (
            {path: values[rows] for path, values in each.items()} for each in (self.size, self.persistence, self.drift)
        )
        return replace(
            self,
            size=size,
            persistence=persistence,
            drift=drift,
            correlation=self.correlation[rows],
            wiggle=self.wiggle[rows],
            growth={path: growth.rows(rows) for path, growth in self.growth.items()},
            season={path: factors[:, rows] for path, factors in self.season.items()},
            spread=None if self.spread is None else self.spread[rows],
        )


def common_and_own(spread: Floats | None, shares: Sequence[float], draws: int) -> tuple[Floats, Floats]:
    """Return what all regions have in common of a shock's variance, and what each has for itself, (R,) each.

    Both as a multiple of the variance of the bank's shock, which stays what it is: with shares w of the regions in the
    bank, common + own · Σ w² = 1.

    Parameters
    ----------
    spread : (R,) standard deviation of a region's own as a multiple of the common one's; None without regions.
    """
    if spread is None:
        return np.ones(draws), np.zeros(draws)
    common = 1.0 / (1.0 + spread**2 * float(np.square(shares).sum()))
    return common, np.asarray(spread**2 * common)


def by_month(keep: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Return what a path keeps from month to month, and the size of a month's innovation, matched to those of years.

    The means of two calendar years then have the variance and the correlation of the yearly autoregression: with φ of a
    month and c₀, c₁ the variance of a year's mean and its covariance with the next, per unit of the stationary
    variance, φ solves c₁ / c₀ = keep, and the stationary variance is size² / ((1 − keep²) c₀).

    Parameters
    ----------
    keep, size : (R,) of a year: what is left of a shock, and the standard deviation of an innovation.
    """
    low, high = np.zeros(keep.shape), np.ones(keep.shape)
    for _ in range(60):
        middle = 0.5 * (low + high)
        c0, c1 = _yearly_means(middle)
        above = c1 > keep * c0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    month = 0.5 * (low + high)
    c0, _ = _yearly_means(month)
    stationary = size / np.sqrt((1.0 - keep**2) * c0)
    return month, np.asarray(stationary * np.sqrt(1.0 - month**2))


def _yearly_means(month: Floats) -> tuple[Floats, Floats]:
    """Return variance of a calendar year's mean, and covariance with the next, of a path of unit variance."""
    apart, year = 1.0 - month, month**12
    c0 = (12.0 * (1.0 - month**2) - 2.0 * month * (1.0 - year)) / (144.0 * apart**2)
    return np.asarray(c0), np.asarray(month * (1.0 - year) ** 2 / (144.0 * apart**2))


def paths(
    sizes: ShockSizes,
    start: Month,
    months: int,
    streams: Streams,
    replicates: Ints,
    origin: Mapping[str, Floats] | None = None,
) -> dict[str, Floats]:
    """Return the log shock of each path relative to the start month, (T, R) for the T months that follow it.

    Where there are regions, that of each, (T, G, R).

    Parameters
    ----------
    origin : value of each path at the start, (R,) or (G, R), from which they go on; None: drawn like any other year.
    """
    if sizes.monthly and origin is not None:
        moved = _monthly(sizes, start, months, streams, replicates, origin)
    else:
        years = range(start.year, (start + months).year + 1)
        index = np.array([(start + t).year - start.year for t in range(1, months + 1)])
        by_year = _yearly(sizes, list(years), streams, replicates, origin)
        moved = {name: yearly[index] - yearly[0] for name, yearly in by_year.items()}
    calendar = [start + t for t in range(1, months + 1)]
    for name in moved:
        moved[name] = moved[name] + _wiggles(name, sizes, start, months, streams, replicates)
        of_all = [drift(sizes.drift[name], sizes.half_life_months[name], months)]
        if name in sizes.growth:
            of_all.append(sizes.growth[name].path(name, start, months, streams, replicates))
        if name in sizes.season:
            of_all.append(season.at(sizes.season[name], calendar))
        for each in of_all:
            moved[name] += each if sizes.spread is None else each[:, None]
    return moved


def _normal(item: str, sizes: ShockSizes, streams: Streams, replicates: Ints, when: int) -> Floats:
    """Return a date's standard normals, (R,); of each region, (G, R), such that the bank's mean of them is one."""
    common = streams.normal("environment", item, replicates, when)
    if sizes.spread is None:
        return common
    shared, own = common_and_own(sizes.spread, list(sizes.regions.values()), replicates.size)
    each = [streams.normal("environment", f"{item} in {band}", replicates, when) for band in sizes.regions]
    return np.asarray(np.sqrt(shared) * common + np.sqrt(own) * np.stack(each))


def _monthly(
    sizes: ShockSizes, start: Month, months: int, streams: Streams, replicates: Ints, origin: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Return what the paths have moved since the start in each month, by an autoregression of months (see `paths`)."""
    first, out = next(iter(sizes.size)), {}
    for name in sizes.size:
        keep, size = by_month(sizes.persistence[name], sizes.size[name])
        value, values = origin[name], []
        for t in range(1, months + 1):
            month = start + t
            z = _normal(f"{name} by month", sizes, streams, replicates, month.ordinal)
            if name != first:
                common = _normal(f"{first} by month", sizes, streams, replicates, month.ordinal)
                z = sizes.correlation * common + np.sqrt(1.0 - sizes.correlation**2) * z
            if sizes.tails[name]:
                z = z * np.sqrt(_scale(name, sizes.tails[name], streams, replicates, month.year))
            value = keep * value + size * z
            values.append(value - origin[name])
        out[name] = np.stack(values)
    return out


def _scale(name: str, tails: float, streams: Streams, replicates: Ints, year: int) -> Floats:
    """Return by how much the variance of a calendar year's innovations is larger than on average, (R,)."""
    from scipy.special import chdtri, ndtr

    z = streams.normal("environment", f"scale of {name}", replicates, year)
    return np.asarray((tails - 2.0) / chdtri(tails, ndtr(-z)))


def drift(a_year: Floats, half_life_months: float, months: int) -> Floats:
    """Return the log change t months on of a drift that starts at `a_year` a year and fades, (T, R)."""
    elapsed = np.arange(1, months + 1)[:, None]
    full = half_life_months / np.log(2.0) / 12.0  # years of the initial drift that the whole fading path is worth
    return np.asarray(a_year * full * (1.0 - 2.0 ** (-elapsed / half_life_months)))


def _yearly(
    sizes: ShockSizes, years: list[int], streams: Streams, replicates: Ints, origin: Mapping[str, Floats] | None
) -> dict[str, Floats]:
    """Return AR(1) values, (Y, R) or (Y, G, R); the first year's are as given, else of the stationary law."""
    first, out = next(iter(sizes.size)), {}
    for name, size in sizes.size.items():
        keep = sizes.persistence[name]
        value, values = np.zeros(replicates.size), []
        for year in years:
            z = _normal(name, sizes, streams, replicates, year)
            if name != first:
                common = _normal(first, sizes, streams, replicates, year)
                z = sizes.correlation * common + np.sqrt(1.0 - sizes.correlation**2) * z
            if sizes.tails[name] and sizes.spread is not None:  # one scale for all regions, as a fit has it
                z = z * np.sqrt(_scale(name, sizes.tails[name], streams, replicates, year))
            else:
                z = standardised(z, sizes.tails[name])
            innovation = size * z
            if year != years[0]:
                value = keep * value + innovation
            else:
                value = innovation / np.sqrt(1.0 - keep**2) if origin is None else origin[name]
            values.append(value)
        out[name] = np.stack(values)
    return out


def standardised(z: Floats, tails: float) -> Floats:
    """Return Student quantiles of unit variance that belong to standard normal ones; z itself for tails = 0."""
    if not tails:
        return z
    from scipy.special import ndtr, stdtrit

    lower = stdtrit(tails, ndtr(-np.abs(z)))  # by the lower tail, where a chance near 0 keeps its digits
    return np.asarray(-np.sign(z) * lower * np.sqrt((tails - 2.0) / tails))


def _wiggles(name: str, sizes: ShockSizes, start: Month, months: int, streams: Streams, replicates: Ints) -> Floats:
    """Return the wiggle of each month, (T, R) or (T, G, R); by years, it sums to zero over a calendar year."""
    size = sizes.wiggle
    if not np.any(size):
        return np.zeros((months, replicates.size) if sizes.spread is None else (months, 1, replicates.size))
    first = Month.of((start + 1).year, 1)
    last = Month.of((start + months).year, 12)
    z = np.stack(
        [
            _normal(f"{name} within the year", sizes, streams, replicates, (first + i).ordinal)
            for i in range(last - first + 1)
        ]
    )
    if sizes.monthly:
        skip = (start + 1) - first
        return np.asarray(size * z[skip : skip + months])
    year = z.reshape(-1, 12, *z.shape[1:])
    mean = add_up(np.moveaxis(year, 1, 0)) / 12.0  # in order: a sum by NumPy rounds otherwise for one replicate alone
    centred = (year - mean[:, None]).reshape(z.shape)
    skip = (start + 1) - first
    return np.asarray(size * np.sqrt(12.0 / 11.0) * centred[skip : skip + months])
