"""Yearly shocks: the luck of the whole bank in a year, which no number of customers averages out.

Each path has one value a calendar year, an AR(1) from year to year, so that published year-end figures can be
solved for exactly; and a small wiggle within the year that sums to zero over its twelve months and does not carry
over. History and forecast use the same blocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.month import add_up


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
    """

    size: dict[str, Floats]
    persistence: dict[str, Floats]
    tails: dict[str, float]
    correlation: Floats
    wiggle: Floats
    drift: dict[str, Floats]
    half_life_months: dict[str, float]


def paths(
    sizes: ShockSizes,
    start: Month,
    months: int,
    streams: Streams,
    replicates: Ints,
    origin: Mapping[str, Floats] | None = None,
) -> dict[str, Floats]:
    """Return the log shock of each path relative to the start month, (T, R) for the T months that follow it.

    Parameters
    ----------
    origin : value of each path in the year of the start, (R,), from which they go on; None: drawn like any other year.
    """
    years = range(start.year, (start + months).year + 1)
    index = np.array([(start + t).year - start.year for t in range(1, months + 1)])
    by_year = _yearly(sizes, list(years), streams, replicates, origin)
    return {
        name: yearly[index]
        - yearly[0]
        + _wiggles(name, sizes.wiggle, start, months, streams, replicates)
        + drift(sizes.drift[name], sizes.half_life_months[name], months)
        for name, yearly in by_year.items()
    }


def drift(a_year: Floats, half_life_months: float, months: int) -> Floats:
    """Return the log change t months on of a drift that starts at `a_year` a year and fades, (T, R)."""
    elapsed = np.arange(1, months + 1)[:, None]
    full = half_life_months / np.log(2.0) / 12.0  # years of the initial drift that the whole fading path is worth
    return np.asarray(a_year * full * (1.0 - 2.0 ** (-elapsed / half_life_months)))


def _yearly(
    sizes: ShockSizes, years: list[int], streams: Streams, replicates: Ints, origin: Mapping[str, Floats] | None
) -> dict[str, Floats]:
    """Return AR(1) values, (Y, R); the first year's are as given, else drawn from the stationary law."""
    first, out = next(iter(sizes.size)), {}
    for name, size in sizes.size.items():
        keep = sizes.persistence[name]
        value, values = np.zeros(replicates.size), []
        for year in years:
            z = streams.normal("environment", name, replicates, year)
            if name != first:
                common = streams.normal("environment", first, replicates, year)
                z = sizes.correlation * common + np.sqrt(1.0 - sizes.correlation**2) * z
            innovation = size * standardised(z, sizes.tails[name])
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


def _wiggles(name: str, size: Floats, start: Month, months: int, streams: Streams, replicates: Ints) -> Floats:
    """Return the wiggle within the year, (T, R); over a calendar year it sums to zero."""
    if not np.any(size):
        return np.zeros((months, replicates.size))
    first = Month.of((start + 1).year, 1)
    last = Month.of((start + months).year, 12)
    z = np.stack(
        [
            streams.normal("environment", f"{name} within the year", replicates, (first + i).ordinal)
            for i in range(last - first + 1)
        ]
    )
    year = z.reshape(-1, 12, replicates.size)
    mean = add_up(np.moveaxis(year, 1, 0)) / 12.0  # in order: a sum by NumPy rounds otherwise for one replicate alone
    centred = (year - mean[:, None]).reshape(z.shape)
    skip = (start + 1) - first
    return np.asarray(size * np.sqrt(12.0 / 11.0) * centred[skip : skip + months])
