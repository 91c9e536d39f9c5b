"""Months, quarters and years as they stand in the headings of tables: 2023年1月, 2023/1, 202301, Jan-23, 2023Q1, 1月.

A heading is read as a whole or not at all. What could be two months (01/02/2023) or is a sum from January on
(2023年1-6月) is known for what it is, so that a message can say so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from mobank.base.quantities import FIRST_YEAR, LAST_YEAR, Month
from mobank.spreadsheets.grid import GridCell

LONGEST_HEADING = 24
MONTH_OF_YEAR, QUARTER, HALF, WHOLE_YEAR = 1, 3, 6, 12
_OLDEST_SHORT_YEAR = 13  # of a year of two digits: below, it could be a month or a day


@dataclass(frozen=True)
class Period:
    """What a heading says of time.

    Parameters
    ----------
    year, month : the last month of it; None where the heading does not say.
    months : how many months it is.
    weak : digits alone, which could be any number.
    end : it names the end of a year, so that a count of people is meant.
    fault : why it cannot be used; "" where it can.
    """

    year: int | None
    month: int | None
    months: int = MONTH_OF_YEAR
    weak: bool = False
    end: bool = False
    fault: str = ""

    @property
    def whole(self) -> bool:
        """Return whether both year and month are said."""
        return self.year is not None and self.month is not None and not self.fault

    @property
    def last(self) -> Month:
        """The last month of a period that is whole."""
        assert self.year is not None
        assert self.month is not None
        return Month.of(self.year, self.month)


def period_of(cell: GridCell) -> Period | None:
    """Return the period that a cell names; None where it names none."""
    if cell.day is not None:
        return Period(cell.day.year, cell.day.month)
    return read_period_heading(cell.label) if 0 < len(cell.label) <= LONGEST_HEADING else None


@lru_cache(maxsize=4096)
def read_period_heading(text: str) -> Period | None:
    """Return the period that a heading is; None where it is none.

    Examples
    --------
    >>> read_period_heading("2023年1月末").last, read_period_heading("Jan-23").last
    (Month(ordinal=24276), Month(ordinal=24276))
    >>> read_period_heading("注册用户") is None
    True
    """
    bare = _in_digits(text.casefold().strip().replace(" ", "")).strip("()[]'")
    bare = re.sub(r"(?<=\d)[t](?=\d\d:)", "-time-", bare)
    bare = re.sub(r"(-time-)?\d{1,2}:\d\d(:\d\d(\.\d+)?)?z?$", "", bare) if ":" in bare else bare
    for pattern, read in _FORMS:
        if match := re.fullmatch(pattern, bare):
            period = read(*match.groups())
            known = period is None or period.year is None or FIRST_YEAR <= period.year <= LAST_YEAR
            if period and known and (period.month is None or 1 <= period.month <= WHOLE_YEAR):
                return period
    return None


_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DIGITS = {each: str(i) for i, each in enumerate("〇一二三四五六七八九")} | {"零": "0"}
_END = r"(末|底|份|末数|底数|期末)?"


def _in_digits(text: str) -> str:
    """Return a text with 二〇二三年, 十二月 and 一季度 in digits."""

    def number(match: re.Match[str]) -> str:
        said = match[0]
        if "十" in said:
            tens, _, ones = said.partition("十")
            return str(10 * int(_DIGITS.get(tens, "1")) + int(_DIGITS.get(ones, "0")))
        return "".join(_DIGITS[each] for each in said)

    return re.sub(r"[〇零一二三四五六七八九十]+(?=年|月|季)", number, text)


def _named(name: str) -> int:
    return _NAMES.index(name[:3]) + 1


def _full_year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _short(year: str, month: str, *_: str) -> Period | None:
    return Period(2000 + int(year), int(month)) if int(year) >= _OLDEST_SHORT_YEAR else _unclear()


def _unclear() -> Period:
    return Period(None, None, fault="could be two different months: write it as 2023-01")


def _day_first_or_not(one: str, two: str, year: str) -> Period | None:
    first, second = int(one), int(two)
    if first > WHOLE_YEAR >= second or first == second:
        return Period(int(year), second)
    return Period(int(year), first) if second > WHOLE_YEAR >= first else _unclear()


def _month(year: str, month: str, *rest: str) -> Period:
    return Period(int(year), int(month), end=bool(rest and rest[-1] and rest[-1] in "末底期末"))


def _running(*_: str) -> Period:
    return Period(None, None, fault="is a sum of several months: give each month its own figure")


def _of_year(year: str, end: str | None = None, *_: str) -> Period:
    return Period(_full_year(year), WHOLE_YEAR, WHOLE_YEAR, weak=end is None, end=bool(end and end[0] in "末底"))


def _quarter(year: str, number: str, *_: str) -> Period:
    return Period(_full_year(year), QUARTER * int(number), QUARTER)


def _half(year: str, number: str, *_: str) -> Period:
    return Period(_full_year(year), WHOLE_YEAR if number in ("2", "下") else HALF, HALF)


_FORMS: tuple[tuple[str, Callable[..., Period | None]], ...] = (
    (rf"(\d{{4}})年(\d{{1,2}})月{_END}", _month),
    (r"(\d{4})年(\d{1,2})月\d{1,2}日?", _month),
    (r"(\d{4})[-/](\d{1,2})", _month),
    (r"(\d{4})\.(\d\d)", lambda y, m: Period(int(y), int(m), weak=True)),
    (r"(?:19|20|21)\d\d\.\d", lambda: Period(None, None, weak=True, fault="could be month 1 or 10: write 2023-01")),
    (r"(\d{4})[-/.](\d{1,2})[-/.]\d{1,2}", _month),
    (r"(\d{4})m(\d{1,2})", _month),
    (r"(\d{4})(\d\d)", lambda y, m: Period(int(y), int(m), weak=True)),
    (r"(\d{4})(\d\d)(?:[0-2]\d|3[01])", lambda y, m: Period(int(y), int(m), weak=True)),
    (rf"(\d\d)年(\d{{1,2}})月{_END}", lambda y, m, *_: Period(2000 + int(y), int(m))),
    (r"(\d\d)[-/](\d{1,2})月?", _short),
    (r"(\d{1,2})[-/](\d{4})", lambda m, y: Period(int(y), int(m))),
    (r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", _day_first_or_not),
    (rf"{_NAME}[-/,.']?(\d{{4}}|\d\d)", lambda name, y: Period(_full_year(y), _named(name))),
    (rf"(\d{{4}})[-/,.']?{_NAME}", lambda y, name: Period(int(y), _named(name))),
    (rf"\d{{1,2}}[-/.]?{_NAME}[-/,.]?(\d{{4}}|\d\d)", lambda name, y: Period(_full_year(y), _named(name))),
    (rf"{_NAME}\d{{1,2}},(\d{{4}})", lambda name, y: Period(int(y), _named(name))),
    (r"(?:\d{4}年?)?\d{1,2}月?[-~至到—–](?:\d{4}年?)?\d{1,2}月.*", _running),
    (r"(?:.*累计|ytd.*|.*ytd)", _running),
    (r"(\d{4}|\d\d)年?第?([1-4])季度?(末|底)?", _quarter),
    (r"(\d{4}|\d\d)年?[-/]?q([1-4])", _quarter),
    (r"q([1-4])[-/']?(\d{4}|\d\d)", lambda q, y: _quarter(y, q)),
    (r"([1-4])q[-/']?(\d{4}|\d\d)", lambda q, y: _quarter(y, q)),
    (r"(\d{4}|\d\d)年?[-/]?h([12])", _half),
    (r"(\d{4}|\d\d)年?([上下])半年(末|底)?", _half),
    (r"(\d{4})年?(?:年中|中期)", lambda y: _half(y, "1")),
    (r"(\d{4})(?:年)?(末|底|年末|年底)", lambda y, end: _of_year(y, end[-1])),
    (r"(\d{4})年(度)?", lambda y, _: Period(int(y), WHOLE_YEAR, WHOLE_YEAR)),
    (r"(?:fy|cy)'?(\d{4}|\d\d)", lambda y: Period(_full_year(y), WHOLE_YEAR, WHOLE_YEAR)),
    (r"(\d{4})", _of_year),
    (rf"(\d{{1,2}})月{_END}", lambda m, *_: Period(None, int(m))),
    (_NAME, lambda name: Period(None, _named(name))),
)
