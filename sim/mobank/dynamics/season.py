"""A season that a fit has learnt: a factor for each calendar month, and one for the Spring Festival, which moves.

The festival's days are in January in one year and in February in the next. What they change on average is in the
factors of these two months; what a year's date changes beyond that is the festival's factor times how much more of it
a month holds than usual.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.lunar import festival_share
from mobank.base.quantities import Month

YEAR = 12
FACTORS = (*(str(month) for month in range(1, YEAR + 1)), "festival")  # their names
USUAL = range(2000, 2041)  # the years over which a calendar month's usual share of the festival is taken

# Covariance of the factors of a season of unit size: twelve that sum to zero, and the festival's
UNIT = np.zeros((YEAR + 1, YEAR + 1))
UNIT[:YEAR, :YEAR] = (np.eye(YEAR) - 1.0 / YEAR) * YEAR / (YEAR - 1.0)
UNIT[YEAR, YEAR] = 1.0


@cache
def festival(month: Month) -> float:
    """Return by how much more of the Spring Festival a month holds than that calendar month does on average."""
    return festival_share(month) - _usual(month.month)


@cache
def _usual(month: int) -> float:
    return sum(festival_share(Month.of(year, month)) for year in USUAL) / len(USUAL)


def weights(month: Month) -> Floats:
    """Return how much of each factor a month has, (13,)."""
    out = np.zeros(YEAR + 1)
    out[month.month - 1], out[YEAR] = 1.0, festival(month)
    return out


def at(factors: Floats, months: Sequence[Month]) -> Floats:
    """Return a season of factors (13, R) in some months, (T, R), log scale."""
    rows = [month.month - 1 for month in months]
    more = np.array([festival(month) for month in months])
    return np.asarray(factors[rows] + more[:, None] * factors[YEAR])
