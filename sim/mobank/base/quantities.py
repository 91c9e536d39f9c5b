"""Quantities as people write them, read into numbers; and numbers written back for labels.

A bank prints "5.16亿户", "超1.74亿户" or "516 m", a planner types "+12%", "20% a year" or "2022-12". All
of it is read here and nowhere else: rates become monthly in one function, dates become months in one class.
Digits stay decimal until the end, since only how many were printed tells what "5.16亿" leaves open.

Full-width digits and signs ("９％", "1，221万") are what a Chinese keyboard types; each has one meaning here,
so they are read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Literal, Self, overload

from mobank.base.errors import shown

Lang = Literal["zh", "en"]

STALE_SHARE = 0.02  # how often "over 1.74亿" still stands in print when the next step has been passed
MOST_DIGITS = 15  # more cannot be told apart in a float
MOST_SEED = 2**63 - 1  # that any command takes
MOST_COUNT_DIGITS = 19  # of a whole number, such as a seed, which is never made a float
PERCENT = 2  # a change without a unit that is at least so large is meant in percent
MOST_PLACES = 99  # before or after the decimal point
FIRST_YEAR, LAST_YEAR = 1900, 2199


class QuantityError(ValueError):
    """A text that is not the quantity it should be; fields as in `mobank.base.errors.Problem`."""

    def __init__(self, found: str, allowed: str, hint: str = "") -> None:
        self.found, self.allowed, self.hint = found, allowed, hint
        super().__init__(found, allowed, hint)

    def __str__(self) -> str:
        sentence = f"{self.found} {self.allowed}"
        return f"{sentence}; {self.hint}" if self.hint else sentence


# ------------ what is read into


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month; months are counted, so they can be compared, subtracted and moved.

    Examples
    --------
    >>> str(Month.of(2022, 12) + 1)
    '2023-01'
    >>> Month.of(2023, 1) - Month.of(2022, 12)
    1
    """

    ordinal: int

    @classmethod
    def of(cls, year: int, month: int) -> Self:
        """The month with this year and this number, 1 to 12."""
        if not 1 <= month <= 12:
            raise QuantityError(str(month), "is not a month", "months are 1 to 12")
        return cls(12 * year + month - 1)

    @property
    def year(self) -> int:
        """The calendar year."""
        return self.ordinal // 12

    @property
    def month(self) -> int:
        """The month of the year, 1 to 12."""
        return self.ordinal % 12 + 1

    def __add__(self, months: int) -> "Month":
        return Month(self.ordinal + months)

    @overload
    def __sub__(self, other: int) -> "Month": ...
    @overload
    def __sub__(self, other: "Month") -> int: ...
    def __sub__(self, other: "int | Month") -> "Month | int":
        if isinstance(other, Month):
            return self.ordinal - other.ordinal
        return Month(self.ordinal - other)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True)
class Interval:
    """The values that a printed figure allows, from `low` up to but not including `high`.

    `stale_share` is the weight of values at or above `high`: "over 1.74亿" may still stand in print when
    1.75亿 has been passed. It is 0 for a figure that names no threshold.
    """

    low: float
    high: float
    stale_share: float

    @property
    def middle(self) -> float:
        """The middle of the range."""
        return (self.low + self.high) / 2.0


@dataclass(frozen=True)
class _Figure:
    """A number as printed: its value, and the step of its last printed digit, both in whole units."""

    value: Decimal
    step: Decimal


# ------------ the words

_POWERS = {"千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "k": 3, "thousand": 3}
_POWERS |= {"m": 6, "mn": 6, "million": 6, "bn": 9, "billion": 9}
_SCALES = {"": Decimal(1)} | {word: Decimal(10) ** power for word, power in _POWERS.items()}
_SHARES = {"": Decimal(1), "%": Decimal("0.01")}
_PLAIN = {"": Decimal(1)}
_MONTHS = dict.fromkeys(("", "month", "months", "个月"), Decimal(1))
_MONTHS |= dict.fromkeys(("year", "years", "年"), Decimal(12))

# Patterns stay strings, so that they are compiled when first used and `mobank --help` does not wait for them.
_NUMBER = r"[+-]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?"
_NOUN = r" ?(?:户|人|名|persons?|people|customers|users)$"
_CURRENCY = r"^(?:¥|rmb|cny|人民币) ?| ?(?:元|yuan|rmb|cny)$"
_A_MONTH = r"^每个?月 ?|(?: (?:a|per|each|every) month| ?/ ?month| monthly| ?每个?月| ?/ ?月)$"
_A_YEAR = r"^每年 ?|(?: (?:a|per|each|every) year| ?/ ?year| yearly| annually| ?每年| ?/ ?年)$"
_TIMES = r"^[x×*] ?"
_MORE = r"^(?:超过|超|逾|突破|over|more than|exceeding|exceeded|above|>) ?"
_NEARLY = r"^(?:接近|将近|近|nearly|almost|close to|just under) ?"
_ABOUT = r"^(?:大约|约|approximately|about|around|~|≈) ?"
_RANGE = r"(.*[0-9].*?) ?(?:至|到|\bto\b|—|–) ?(.*[0-9].*)"
_YEAR_ALONE = r"([0-9]{4}) ?年?"
_A_DURATION = r"[0-9.,]{1,6} ?(?:months?|years?|个月)|[0-9]{1,3} ?年"  # of four digits, a year is meant
_A_DATE = r"([0-9]{4})(?:-([0-9][0-9])|年 ?([0-9]{1,2}) ?月)"
_LIKE_A_DATE = r"([0-9]{4})[-/. 年]?([0-9]{1,2})(?:([-/. 月])[^a-z]*)?"

# Full-width forms stand at a fixed distance from ASCII (Unicode block FF00), so that no table is needed.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0xFFE5: ord("¥"), 0x2212: ord("-")}
_SEPARATORS = "thousands are set apart in threes by ',' and decimals by '.', as in 1,221.5"


@dataclass(frozen=True)
class _Phrase:
    """What is left to read of a text, with what a message says when it cannot be read."""

    text: str
    allowed: str
    rest: str

    @classmethod
    def of(cls, text: str, allowed: str) -> Self:
        """The text in half-width small letters, spaces single."""
        rest = " ".join(text.translate(_HALF_WIDTH).casefold().split())
        if not rest:
            raise QuantityError("an empty value", allowed)
        return cls(text, allowed, rest)

    def without(self, words: str) -> "_Phrase":
        """The same without the words that match, or itself if none do."""
        return replace(self, rest=re.sub(words, "", self.rest, count=1))

    def error(self, hint: str = "") -> QuantityError:
        """What to raise about this text."""
        return QuantityError(shown(self.text), self.allowed, hint)


# ------------ reading


def read_number(text: str) -> float:
    """The plain number that a text such as "0.4" or "1,000" stands for."""
    return float(_figure(_Phrase.of(text, "must be a number, such as 0.4"), _PLAIN).value)


def read_count(text: str) -> int:
    """The whole number, zero or more, that a text such as "3" or "10,000" stands for."""
    phrase = _Phrase.of(text, "must be a whole number, such as 3 or 10,000")
    value = _not_negative(phrase, _figure(phrase, _PLAIN, MOST_COUNT_DIGITS).value)
    if value != int(value):
        raise phrase.error(f"{_plain(value)} is not whole")
    return int(value)


def read_persons(text: str) -> float:
    """The number of persons in "5.16亿户", "1,221万户", "516m", "5.2 million" or "516,000,000"."""
    phrase = _Phrase.of(text, "must be persons, such as 5.16亿户, 1,221万 or 516 m")
    return float(_not_negative(phrase, _figure(phrase.without(_NOUN), _SCALES).value))


def read_money(text: str) -> float:
    """The yuan in "3000万元", "3亿元", "¥5m" or "120 million yuan"."""
    phrase = _Phrase.of(text, "must be yuan, such as 3000万元 or ¥30 m")
    bare = phrase.without(_CURRENCY).without(_CURRENCY)
    return float(_not_negative(phrase, _figure(bare, _SCALES).value))


def read_share(text: str) -> float:
    """The share, 0 to 1, in "9%" or "0.09"."""
    phrase = _Phrase.of(text, "must be a share from 0 to 1, such as 9% or 0.09")
    value = _figure(phrase, _SHARES).value
    if not 0 <= value <= 1:
        raise phrase.error(f"write {_plain(value)}%" if 1 < value <= 100 and "%" not in phrase.rest else "")
    return float(value)


def read_share_interval(text: str) -> Interval:
    """The shares, above 0 and below 1, that may stand behind "62%", "9.1%" or "0.62", rounded to its last digit."""
    phrase = _Phrase.of(text, "must be a share above 0% and below 100%, such as 62% or 9.1%")
    figure = _figure(phrase, _SHARES)
    if not 0 < figure.value < 1:
        raise phrase.error(
            f"write {_plain(figure.value)}%" if 1 <= figure.value < 100 and "%" not in phrase.rest else ""
        )
    low, high = figure.value - figure.step / 2, figure.value + figure.step / 2
    return Interval(float(max(low, Decimal(0))), float(min(high, Decimal(1))), 0.0)


def read_rate(text: str) -> float:
    """The hazard per person per month in "3%", "3% a month", "每月3%" or "20% a year" (a twelfth of it)."""
    phrase = _Phrase.of(text, "must be a rate, such as 3% a month or 20% a year")
    share, months = _share_and_months(phrase, unsaid=1)
    return float(_not_negative(phrase, share) / months)


def read_growth(text: str) -> float:
    """The growth as a fraction per year in "8%", "-1% a year" or "0.5% a month" (twelve times it)."""
    phrase = _Phrase.of(text, "must be a growth, such as 2% a year or 0.5% a month")
    share, months = _share_and_months(phrase, unsaid=12)
    return float(share * 12 / months)


def read_factor(text: str) -> float:
    """The factor in "+12%" (1.12), "-8%" (0.92), "1.2" or "×1.2".

    A bare "12%" could mean 1.12 or 0.12 and a bare "+0.2" could be meant to be added: both are refused.
    """
    phrase = _Phrase.of(text, "must be a factor, such as +12%, -8% or 1.2")
    bare = phrase.without(_TIMES)
    value = _figure(bare, _SHARES).value
    signed, percent, times = bare.rest[0] in "+-", bare.rest.endswith("%"), bare != phrase
    if signed if times else signed != percent:
        raise phrase.error(_how_to_write_a_change(value if percent or abs(value) < PERCENT else value / 100))
    return float(_not_negative(phrase, 1 + value if signed else value))


def read_multiple(text: str) -> float:
    """The multiple in "4", "400%" or "×4", of something that is known."""
    phrase = _Phrase.of(text, "must be a multiple, such as 4 or 400%")
    return float(_not_negative(phrase, _figure(phrase.without(_TIMES), _SHARES).value))


def read_month(text: str) -> Month:
    """The month in "2022-12" or "2022年12月"."""
    return _month(_Phrase.of(text, "must be a month, such as 2022-12"))


def read_period(text: str) -> tuple[Month, int]:
    """The last month and how many months it is: of "2022-12" one, of the calendar year "2022" or "2022年" twelve."""
    phrase = _Phrase.of(text, "must be a month or a year, such as 2022-12 or 2022")
    if match := re.fullmatch(_YEAR_ALONE, phrase.rest):
        return _known_month(phrase, int(match[1]), 12), 12
    return _month(phrase), 1


def read_month_or_later(text: str) -> Month | int:
    """The month in "2022-12", or how many months later in "36 months", "3 years" or "36个月"."""
    phrase = _Phrase.of(text, "must be a month, such as 2022-12, or a duration, such as 36 months")
    if not re.fullmatch(_A_DURATION, phrase.rest):
        return _month(phrase)
    months = _not_negative(phrase, _figure(phrase, _MONTHS).value)
    if months != int(months) or not months:
        raise phrase.error("it must be a whole number of months")
    return int(months)


def read_months_duration(text: str) -> float:
    """The duration in months of "6", "6 months", "18个月", "2 years" or "2年"."""
    phrase = _Phrase.of(text, "must be a duration, such as 6 months or 2 years")
    return float(_not_negative(phrase, _figure(phrase, _MONTHS).value))


def read_interval(text: str) -> Interval:
    """The values that a printed figure allows: "5.16亿" is [5.155, 5.165)亿.

    - "5.16亿户", "516m", "57%", "123456": half a printed step to either side.
    - "超1.74亿", "over 174 million": from the threshold to the next printed step, and with a weight of
      `STALE_SHARE` beyond it.
    - "近2亿", "nearly 300 million": [1.9, 2)亿 and [290, 300) m. Who says *nearly* rounds up, so the
      width is one step of the second digit, or of the last digit that is not zero where more digits are given
      ("近1.74亿" is [1.73, 1.74)亿).
    - "约1.7亿": [1.6, 1.8)亿, that width to either side, but never less than a printed step.
    - "3,600万至3,900万", "36 m to 39 m": from the one to the other, each with its unit: what is assumed, or computed.

    "300 million" is printed in steps of a million, "300000000" in steps of one person.
    """
    phrase = _Phrase.of(text, "must be a reported figure, such as 5.16亿户, 超1.74亿 or nearly 300 million")
    if ends := re.fullmatch(_RANGE, phrase.without(_NOUN).rest):
        return _between(phrase, *(replace(phrase, rest=end.strip()).without(_NOUN) for end in ends.groups()))
    bare, around = _wording(phrase.without(_NOUN))
    figure = _figure(bare, _SCALES | _SHARES)
    if figure.value <= 0:
        raise phrase.error("it must be more than zero")
    return around(figure)


def is_threshold(text: str) -> bool:
    """Whether a printed figure names what has been passed, as "超1.74亿" does, and not about where it lies."""
    return re.match(_MORE, _Phrase.of(text, "").rest) is not None


# ------------ writing back


def format_persons(value: float, lang: Lang) -> str:
    """Persons as a label: "5.16亿" in Chinese, "516 m" in English, with 3 or 4 digits."""
    return _label(value, lang)


def format_money(value: float, lang: Lang) -> str:
    """Yuan as a label: "3000万元" in Chinese, "¥30 m" in English, with 3 or 4 digits."""
    if lang == "zh":
        return f"{_label(value, lang)}元"
    return f"{'-' if value < 0 else ''}¥{_label(abs(value), lang)}"


def format_share(value: float) -> str:
    """A share as a label: "9.3%", with 3 or 4 digits."""
    return f"{_plain(100 * _short(value))}%"


def format_factor(value: float) -> str:
    """A factor as a label: "× 1.2", with 3 or 4 digits."""
    return f"× {_plain(_short(value))}"


def person_unit(largest_value: float, lang: Lang) -> tuple[float, str]:
    """What to divide by, and what to write, on a chart axis that reaches this many persons."""
    for unit, label in _AXES[lang]:
        if abs(largest_value) >= unit:
            return unit, label
    return 1.0, "户" if lang == "zh" else "persons"


_AXES: Mapping[Lang, tuple[tuple[float, str], ...]] = {
    "zh": ((1e8, "亿户"), (1e4, "万户")),
    "en": ((1e6, "m persons"), (1e3, "k persons")),
}
_LABELS: Mapping[Lang, tuple[tuple[int, str], ...]] = {
    "zh": ((8, "亿"), (4, "万")),
    "en": ((9, " bn"), (6, " m"), (3, " k")),
}


# ------------ the parts


def _figure(phrase: _Phrase, scales: Mapping[str, Decimal], most: int = MOST_DIGITS) -> _Figure:
    match = re.match(_NUMBER, phrase.rest)
    if not match:
        raise phrase.error()
    scale = scales[_unit(phrase, phrase.rest[match.end() :].strip(), scales)]
    number = Decimal(match[0].replace(",", ""))
    if len(number.as_tuple().digits) > most:
        raise phrase.error(f"a number has at most {most} digits")
    if number and abs(number.adjusted()) > MOST_PLACES:
        raise phrase.error("it is too large or too small to be meant")
    return _Figure(number * scale, Decimal(1).scaleb(_last_place(number)) * scale)


def _unit(phrase: _Phrase, unit: str, scales: Mapping[str, Decimal]) -> str:
    if unit in scales:
        return unit
    if unit[0] in ".,0123456789":
        raise phrase.error(_SEPARATORS)
    known = ", ".join(filter(None, scales))
    raise phrase.error(f"{shown(unit)} is not a unit here{known and ', allowed: '}{known}")


def _share_and_months(phrase: _Phrase, unsaid: int) -> tuple[Decimal, int]:
    for words, months in ((_A_MONTH, 1), (_A_YEAR, 12)):
        if re.search(words, phrase.rest):
            return _figure(phrase.without(words), _SHARES).value, months
    return _figure(phrase, _SHARES).value, unsaid


def _not_negative(phrase: _Phrase, value: Decimal) -> Decimal:
    if value < 0:
        raise phrase.error("it must not be negative")
    return value


def _how_to_write_a_change(value: Decimal) -> str:
    if value <= -1:
        return "it must not be negative"
    sign = "+" if value >= 0 else ""
    change = f"write {sign}{_plain(100 * value)}% or {_plain(1 + value)} to change it by that much"
    return f"{change}, ×{_plain(value)} to keep that share" if value > 0 else change


def _month(phrase: _Phrase) -> Month:
    match = re.fullmatch(_A_DATE, phrase.rest)
    if not match:
        raise phrase.error(_how_to_write_a_date(phrase.rest))
    year, month = int(match[1]), int(match[2] or match[3])
    if not 1 <= month <= 12:
        raise phrase.error("months are 01 to 12")
    return _known_month(phrase, year, month)


def _known_month(phrase: _Phrase, year: int, month: int) -> Month:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise phrase.error(f"years are {FIRST_YEAR} to {LAST_YEAR}")
    return Month.of(year, month)


def _how_to_write_a_date(text: str) -> str:
    match = re.fullmatch(_LIKE_A_DATE, text)
    if not match or not 1 <= int(match[2]) <= 12:
        return ""
    month = f"{match[1]}-{int(match[2]):02d}"
    return f"months are enough: {month}" if match[3] else f"write {month}"


def _wording(phrase: _Phrase) -> tuple[_Phrase, Callable[[_Figure], Interval]]:
    for words, around in ((_MORE, _above), (_NEARLY, _below), (_ABOUT, _widely)):
        if re.match(words, phrase.rest):
            return phrase.without(words), around
    return phrase, _rounded


def _between(phrase: _Phrase, first: _Phrase, second: _Phrase) -> Interval:
    if re.fullmatch(_NUMBER, first.rest) and not re.fullmatch(_NUMBER, second.rest):
        raise phrase.error("give both ends their unit: 3,600万至3,900万")
    low, high = (float(_not_negative(phrase, _figure(end, _SCALES | _SHARES).value)) for end in (first, second))
    if not 0 < low < high:
        raise phrase.error("the first must be more than zero, and less than the second")
    return Interval(low, high, 0.0)


def _rounded(figure: _Figure) -> Interval:
    return _interval(figure.value - figure.step / 2, figure.value + figure.step / 2)


def _above(figure: _Figure) -> Interval:
    return _interval(figure.value, figure.value + figure.step, STALE_SHARE)


def _below(figure: _Figure) -> Interval:
    return _interval(figure.value - _round_step(figure.value), figure.value)


def _widely(figure: _Figure) -> Interval:
    width = max(figure.step, _round_step(figure.value))
    return _interval(figure.value - width, figure.value + width)


def _interval(low: Decimal, high: Decimal, stale_share: float = 0.0) -> Interval:
    return Interval(float(low), float(high), stale_share)


def _round_step(value: Decimal) -> Decimal:
    return Decimal(1).scaleb(min(value.adjusted() - 1, _last_place(value.normalize())))


def _last_place(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


def _label(value: float, lang: Lang) -> str:
    short = _short(value)
    for power, unit in _LABELS[lang]:
        if abs(short) >= 10**power:
            return f"{_plain(short.scaleb(-power))}{unit}"
    return _plain(short)


def _short(value: float) -> Decimal:
    exact = Decimal(repr(float(value)))
    return Context(prec=4 if exact.as_tuple().digits[0] == 1 else 3).plus(exact)


def _plain(number: Decimal) -> str:
    return f"{number.normalize() + 0:f}"
