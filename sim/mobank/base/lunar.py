"""The Spring Festival, which moves between January and February: its date and its share of a month, computed.

A Chinese month begins on the day, in Beijing, of a new moon. Month 11 holds the winter solstice; where thirteen months
lie between two such, the first in which the sun enters no new twelfth of its circle is a leap month and has no number
of its own. The festival is the first day of month 1.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from math import floor, radians, sin

from mobank.base.quantities import Month

FESTIVAL_DAYS = 7  # from New Year's Eve on: the public holiday, near enough (its rules have changed by a day or two)
BEIJING = 8 / 24  # of a day ahead of universal time
DAY_ZERO = 1721424.5  # Julian date at the beginning of day 0 of `date.toordinal`
EPOCH, LUNATION = 2451550.09766, 29.530588861  # Julian date of the first new moon of 2000, days between two on average
DAYS_A_CENTURY, LUNATIONS_A_CENTURY = 36525.0, 1236.85

# Corrections of a new moon, days: amplitude, and multiples of the anomalies of sun and moon and of the moon's argument
# of latitude. What is left out adds up to less than three minutes; of the years checked, 2027 is the closest: its new
# moon is four minutes before midnight.
NEW_MOON_TERMS = (
    (-0.40720, 0, 1, 0), (0.17241, 1, 0, 0), (0.01608, 0, 2, 0), (0.01039, 0, 0, 2), (0.00739, -1, 1, 0),
    (-0.00514, 1, 1, 0), (0.00208, 2, 0, 0), (-0.00111, 0, 1, -2), (-0.00057, 0, 1, 2), (0.00056, 1, 2, 0),
    (-0.00042, 0, 3, 0), (0.00042, 1, 0, 2), (0.00038, 1, 0, -2), (-0.00024, -1, 2, 0),
)  # fmt: skip


@cache
def spring_festival(year: int) -> date:
    """Return the first day of the Chinese year that begins in a calendar year.

    Examples
    --------
    >>> spring_festival(2024)
    datetime.date(2024, 2, 10)

    References
    ----------
    Meeus (1998), Astronomical Algorithms, chapters 25 (the sun to .01°) and 49 (new moons); Espenak and Meeus (2006)
    for the difference of clock and dynamical time; GB/T 33661-2017 for the rules of the calendar. Checked against
    the dates of 2000 to 2040.
    """
    months = _months(year)
    leap = _leap_month(months)
    return months[3] if leap in (1, 2) else months[2]


def festival_share(month: Month) -> float:
    """Return the share of the festival's seven days, New Year's Eve first, that fall into a month.

    The shares of a year add up to 1, all of it in January and February; less a twelfth they add up to 0.

    Examples
    --------
    >>> festival_share(Month.of(2022, 1)), festival_share(Month.of(2022, 2)), festival_share(Month.of(2022, 3))
    (0.14285714285714285, 0.8571428571428571, 0.0)
    """
    eve = spring_festival(month.year) - timedelta(days=1)
    days = (eve + timedelta(days=n) for n in range(FESTIVAL_DAYS))
    return sum(day.month == month.month for day in days) / FESTIVAL_DAYS


# ------------ the calendar


def _months(year: int) -> list[date]:
    """Return the first days of the months from that of one winter solstice to that of the next, ends included."""
    first, last = _month_of_solstice(year - 1), _month_of_solstice(year)
    return [_beijing_day(_new_moon(k)) for k in range(first, last + 1)]


def _month_of_solstice(year: int) -> int:
    """Return the number, from the first of 2000, of the new moon that begins the month with the winter solstice."""
    solstice = next(day for day in _from(date(year, 12, 19)) if _twelfth(day + timedelta(days=1)) == 9)
    k = floor((solstice.toordinal() + DAY_ZERO - EPOCH) / LUNATION) + 1
    return next(each for each in range(k, k - 3, -1) if _beijing_day(_new_moon(each)) <= solstice)


def _leap_month(months: Sequence[date]) -> int | None:
    """Return which of the months after the first has no number of its own; None in a year of twelve."""
    if len(months) == 13:  # the first of the next year counted
        return None
    same = (n for n, (day, after) in enumerate(pairwise(months)) if n and _twelfth(day) == _twelfth(after))
    return next(same, None)


def _twelfth(day: date) -> int:
    """Return in which twelfth of its circle the sun is as a day begins in Beijing; the winter solstice begins 9."""
    return floor(_sun(_dynamical(day.toordinal() + DAY_ZERO - BEIJING)) / 30)


def _from(day: date) -> Sequence[date]:
    return [day + timedelta(days=n) for n in range(7)]


# ------------ the sky, by dynamical Julian date


def _new_moon(k: int) -> float:
    """Return the dynamical Julian date of the k-th new moon from that of 6 January 2000."""
    t = k / LUNATIONS_A_CENTURY
    sun = 2.5534 + 29.10535670 * k - 0.0000014 * t**2
    moon = 201.5643 + 385.81693528 * k + 0.0107582 * t**2
    latitude = 160.7108 + 390.67050284 * k - 0.0016118 * t**2
    eccentricity = 1 - 0.002516 * t - 0.0000074 * t**2  # of the earth's path, against that of 2000
    shift = sum(
        size * eccentricity ** abs(s) * sin(radians(s * sun + m * moon + f * latitude))
        for size, s, m, f in NEW_MOON_TERMS
    )
    return EPOCH + LUNATION * k + 0.00015437 * t**2 + shift


def _sun(julian: float) -> float:
    """Return the apparent longitude of the sun, degrees from 0 to 360."""
    t = (julian - 2451545.0) / DAYS_A_CENTURY
    anomaly = radians(357.52911 + 35999.05029 * t - 0.0001537 * t**2)
    centre = (1.914602 - 0.004817 * t) * sin(anomaly) + 0.019993 * sin(2 * anomaly) + 0.000289 * sin(3 * anomaly)
    nutation = -0.00569 - 0.00478 * sin(radians(125.04 - 1934.136 * t))
    return (280.46646 + 36000.76983 * t + 0.0003032 * t**2 + centre + nutation) % 360.0


def _beijing_day(julian: float) -> date:
    """Return the day in Beijing of a dynamical Julian date."""
    return date.fromordinal(floor(julian - _ahead(julian) + BEIJING - DAY_ZERO))


def _dynamical(universal: float) -> float:
    return universal + _ahead(universal)


def _ahead(julian: float) -> float:
    """Return by how much dynamical time is ahead of universal time, days: about a minute."""
    t = (julian - 2451545.0) / (DAYS_A_CENTURY / 100)
    return (62.92 + 0.32217 * t + 0.005589 * t**2) / 86400
