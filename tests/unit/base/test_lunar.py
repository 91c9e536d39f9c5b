"""The Spring Festival: known dates, the years that are hard, and shares of a month that add up."""

import doctest
from datetime import date, timedelta

import pytest

from mobank.base import lunar
from mobank.base.lunar import FESTIVAL_DAYS, festival_share, spring_festival
from mobank.base.quantities import Month

# First days of the Chinese year as calendars print them.
PRINTED = (
    "2000-02-05 2001-01-24 2002-02-12 2003-02-01 2004-01-22 2005-02-09 2006-01-29 2007-02-18 2008-02-07 2009-01-26 "
    "2010-02-14 2011-02-03 2012-01-23 2013-02-10 2014-01-31 2015-02-19 2016-02-08 2017-01-28 2018-02-16 2019-02-05 "
    "2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13 "
    "2030-02-03 2031-01-23 2032-02-11 2033-01-31 2034-02-19 2035-02-08 2036-01-28 2037-02-15 2038-02-04 2039-01-24 "
    "2040-02-12"
)
KNOWN = PRINTED.split()


@pytest.mark.parametrize("known", KNOWN)
def test_the_first_day_of_the_chinese_year_is_that_of_the_calendars(known):
    assert spring_festival(int(known[:4])) == date.fromisoformat(known)


def test_the_dates_checked_are_all_years_from_2000_to_2040():
    assert [int(known[:4]) for known in KNOWN] == list(range(2000, 2041))


def test_after_a_leap_month_eleven_the_year_begins_a_month_later():
    """The leap month of 2033 follows the eleventh: counted without it, the year would begin on 20 January 2034."""
    assert spring_festival(2034) - spring_festival(2033) == timedelta(days=384)


def test_shares_of_a_year_add_up_to_one_and_lie_in_january_and_february():
    for year in range(2000, 2041):
        shares = [festival_share(Month.of(year, month)) for month in range(1, 13)]
        assert sum(shares) == pytest.approx(1.0, abs=1e-15)
        assert max(shares[2:]) == 0.0


@pytest.mark.parametrize(
    ("year", "january"),
    [(2023, 7), (2024, 0), (2022, 1), (2006, 4), (2017, 5), (2014, 2), (2011, 0)],
)
def test_the_share_counts_the_week_from_new_years_eve(year, january):
    """By hand: in 2006 the Eve is 28 January, so four of seven days are January's; in 2011 it is 2 February."""
    assert festival_share(Month.of(year, 1)) * FESTIVAL_DAYS == pytest.approx(january)
    assert festival_share(Month.of(year, 2)) * FESTIVAL_DAYS == pytest.approx(FESTIVAL_DAYS - january)


def test_the_examples_are_true():
    assert doctest.testmod(lunar).failed == 0
