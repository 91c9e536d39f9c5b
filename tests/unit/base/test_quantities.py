"""Quantities as people write them become numbers, intervals, factors and months; and labels read back."""

from __future__ import annotations

import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobank.base import quantities as q
from mobank.base.quantities import Interval, Month, QuantityError

PERSONS = "must be persons, such as 5.16亿户, 1,221万 or 516 m"
SCALE_WORDS = "allowed: 千, 万, 百万, 千万, 亿, 十亿, k, thousand, m, mn, million, bn, billion"
SEPARATORS = "thousands are set apart in threes by ',' and decimals by '.', as in 1,221.5"
FACTOR = "must be a factor, such as +12%, -8% or 1.2"
MONTH = "must be a month, such as 2022-12"
PERIOD = "must be a month or a year, such as 2022-12 or 2022"
MULTIPLE = "must be a multiple, such as 4 or 400%"

READ = [
    (q.read_persons, "5.16亿户", 516e6),
    (q.read_persons, "5.16亿人", 516e6),
    (q.read_persons, "1,221万户", 12.21e6),
    (q.read_persons, "１，２２１万　户", 12.21e6),
    (q.read_persons, "3千万", 30e6),
    (q.read_persons, "516m", 516e6),
    (q.read_persons, "516 M persons", 516e6),
    (q.read_persons, "5.2 million", 5.2e6),
    (q.read_persons, "2.4 bn", 2.4e9),
    (q.read_persons, "300k", 300e3),
    (q.read_persons, "516,000,000", 516e6),
    (q.read_persons, "5.16e8", 516e6),
    (q.read_persons, ".5", 0.5),
    (q.read_money, "3000万元", 30e6),
    (q.read_money, "3亿元", 300e6),
    (q.read_money, "¥5m", 5e6),
    (q.read_money, "￥5m", 5e6),
    (q.read_money, "人民币3亿元", 300e6),
    (q.read_money, "RMB 5m", 5e6),
    (q.read_money, "120 million yuan", 120e6),
    (q.read_share, "9%", 0.09),
    (q.read_share, "9 %", 0.09),
    (q.read_share, "９％", 0.09),
    (q.read_share, "0.09", 0.09),
    (q.read_share, "100%", 1.0),
    (q.read_rate, "3%", 0.03),
    (q.read_rate, "0.03", 0.03),
    (q.read_rate, "3% a month", 0.03),
    (q.read_rate, "3 % per month", 0.03),
    (q.read_rate, "3% monthly", 0.03),
    (q.read_rate, "3%/月", 0.03),
    (q.read_rate, "每月3%", 0.03),
    (q.read_rate, "每个月 3%", 0.03),
    (q.read_rate, "20% a year", 0.2 / 12),
    (q.read_rate, "每年20%", 0.2 / 12),
    (q.read_growth, "8%", 0.08),
    (q.read_growth, "2% a year", 0.02),
    (q.read_growth, "-1% a year", -0.01),
    (q.read_growth, "−1% a year", -0.01),  # the minus sign of a word processor
    (q.read_growth, "0.5% a month", 0.06),
    (q.read_factor, "+12%", 1.12),
    (q.read_factor, "-8%", 0.92),
    (q.read_factor, "＋12％", 1.12),
    (q.read_factor, "1.2", 1.2),
    (q.read_factor, "×1.2", 1.2),
    (q.read_factor, "x1.2", 1.2),
    (q.read_factor, "×120%", 1.2),
    (q.read_factor, "-100%", 0.0),
    (q.read_number, "0.4", 0.4),
    (q.read_number, "-1,000.5", -1000.5),
    (q.read_number, "2e-4", 0.0002),
    (q.read_count, "3", 3),
    (q.read_count, "10,000", 10_000),
    (q.read_months_duration, "6", 6.0),
    (q.read_months_duration, "6 months", 6.0),
    (q.read_months_duration, "1 month", 1.0),
    (q.read_months_duration, "18个月", 18.0),
    (q.read_months_duration, "2 years", 24.0),
    (q.read_months_duration, "2年", 24.0),
    (q.read_month, "2022-12", Month.of(2022, 12)),
    (q.read_month, "2022年12月", Month.of(2022, 12)),
    (q.read_month, "2023年1月", Month.of(2023, 1)),
    (q.read_month, "２０２２－１２", Month.of(2022, 12)),
    (q.read_period, "2022-12", (Month.of(2022, 12), 1)),
    (q.read_period, "2023年1月", (Month.of(2023, 1), 1)),
    (q.read_period, "2022", (Month.of(2022, 12), 12)),
    (q.read_period, "2022年", (Month.of(2022, 12), 12)),
    (q.read_period, "２０２２ 年", (Month.of(2022, 12), 12)),
    (q.read_multiple, "4", 4.0),
    (q.read_multiple, "400%", 4.0),
    (q.read_multiple, "×4", 4.0),
    (q.read_multiple, "0", 0.0),
]

REFUSED = [
    (q.read_period, "2022-13", f"'2022-13' {PERIOD}; months are 01 to 12"),
    (q.read_period, "2022-1", f"'2022-1' {PERIOD}; write 2022-01"),
    (q.read_period, "1850", f"'1850' {PERIOD}; years are 1900 to 2199"),
    (q.read_period, "Q1 2022", f"'Q1 2022' {PERIOD}"),
    (q.read_multiple, "-4", f"'-4' {MULTIPLE}; it must not be negative"),
    (q.read_multiple, "4 m", f"'4 m' {MULTIPLE}; 'm' is not a unit here, allowed: %"),
    (q.read_persons, "", f"an empty value {PERSONS}"),
    (q.read_persons, "　", f"an empty value {PERSONS}"),
    (q.read_persons, "nan", f"'nan' {PERSONS}"),
    (q.read_persons, "inf", f"'inf' {PERSONS}"),
    (q.read_persons, "many", f"'many' {PERSONS}"),
    (q.read_persons, "²", f"'²' {PERSONS}"),
    (q.read_persons, "٣", f"'٣' {PERSONS}"),
    (q.read_persons, "1e999", f"'1e999' {PERSONS}; it is too large or too small to be meant"),
    (q.read_persons, "1e-999", f"'1e-999' {PERSONS}; it is too large or too small to be meant"),
    (q.read_persons, "5亿万", f"'5亿万' {PERSONS}; '亿万' is not a unit here, {SCALE_WORDS}"),
    (q.read_persons, "5 m k", f"'5 m k' {PERSONS}; 'm k' is not a unit here, {SCALE_WORDS}"),
    (q.read_persons, "5%", f"'5%' {PERSONS}; '%' is not a unit here, {SCALE_WORDS}"),
    (q.read_persons, "1,22万", f"'1,22万' {PERSONS}; {SEPARATORS}"),
    (q.read_persons, "1,2210万", f"'1,2210万' {PERSONS}; {SEPARATORS}"),
    (q.read_persons, "1 221万", f"'1 221万' {PERSONS}; {SEPARATORS}"),
    (q.read_persons, "5,16亿", f"'5,16亿' {PERSONS}; {SEPARATORS}"),
    (q.read_persons, "1.2.3", f"'1.2.3' {PERSONS}; {SEPARATORS}"),
    (q.read_persons, "1234567890123456", f"'1234567890123456' {PERSONS}; a number has at most 15 digits"),
    (q.read_persons, "-5", f"'-5' {PERSONS}; it must not be negative"),
    (q.read_money, "$5m", "'$5m' must be yuan, such as 3000万元 or ¥30 m"),
    (q.read_money, "-3元", "'-3元' must be yuan, such as 3000万元 or ¥30 m; it must not be negative"),
    (q.read_share, "9", "'9' must be a share from 0 to 1, such as 9% or 0.09; write 9%"),
    (q.read_share, "110%", "'110%' must be a share from 0 to 1, such as 9% or 0.09"),
    (q.read_share, "-1%", "'-1%' must be a share from 0 to 1, such as 9% or 0.09"),
    (
        q.read_rate,
        "3% a week",
        "'3% a week' must be a rate, such as 3% a month or 20% a year; '% a week' is not a unit here, allowed: %",
    ),
    (
        q.read_rate,
        "-3%",
        "'-3%' must be a rate, such as 3% a month or 20% a year; it must not be negative",
    ),
    (q.read_rate, "a month", "'a month' must be a rate, such as 3% a month or 20% a year"),
    (q.read_growth, "fast", "'fast' must be a growth, such as 2% a year or 0.5% a month"),
    (
        q.read_factor,
        "12%",
        f"'12%' {FACTOR}; write +12% or 1.12 to change it by that much, ×0.12 to keep that share",
    ),
    (
        q.read_factor,
        "120%",
        f"'120%' {FACTOR}; write +120% or 2.2 to change it by that much, ×1.2 to keep that share",
    ),
    (
        q.read_factor,
        "+0.2",
        f"'+0.2' {FACTOR}; write +20% or 1.2 to change it by that much, ×0.2 to keep that share",
    ),
    (
        q.read_factor,
        "×+12%",
        f"'×+12%' {FACTOR}; write +12% or 1.12 to change it by that much, ×0.12 to keep that share",
    ),
    (q.read_factor, "-0.08", f"'-0.08' {FACTOR}; write -8% or 0.92 to change it by that much"),
    (q.read_factor, "-1.2", f"'-1.2' {FACTOR}; it must not be negative"),
    (q.read_factor, "-120%", f"'-120%' {FACTOR}; it must not be negative"),
    (q.read_factor, "×", f"'×' {FACTOR}"),
    (q.read_number, "40%", "'40%' must be a number, such as 0.4; '%' is not a unit here"),
    (q.read_count, "3.5", "'3.5' must be a whole number, such as 3 or 10,000; 3.5 is not whole"),
    (q.read_count, "-1", "'-1' must be a whole number, such as 3 or 10,000; it must not be negative"),
    (
        q.read_months_duration,
        "6月",
        "'6月' must be a duration, such as 6 months or 2 years; "
        "'月' is not a unit here, allowed: month, months, 个月, year, years, 年",
    ),
    (
        q.read_months_duration,
        "-1",
        "'-1' must be a duration, such as 6 months or 2 years; it must not be negative",
    ),
    (q.read_month, "2022-12-31", f"'2022-12-31' {MONTH}; months are enough: 2022-12"),
    (q.read_month, "2022年12月31日", f"'2022年12月31日' {MONTH}; months are enough: 2022-12"),
    (q.read_month, "2022-1", f"'2022-1' {MONTH}; write 2022-01"),
    (q.read_month, "2022/12", f"'2022/12' {MONTH}; write 2022-12"),
    (q.read_month, "202212", f"'202212' {MONTH}; write 2022-12"),
    (q.read_month, "2022-13", f"'2022-13' {MONTH}; months are 01 to 12"),
    (q.read_month, "2022-13-01", f"'2022-13-01' {MONTH}"),
    (q.read_month, "1066-10", f"'1066-10' {MONTH}; years are 1900 to 2199"),
    (q.read_month, "Dec 2022", f"'Dec 2022' {MONTH}"),
    (
        q.read_interval,
        "0",
        "'0' must be a reported figure, such as 5.16亿户, 超1.74亿 or nearly 300 million; it must be more than zero",
    ),
    (
        q.read_interval,
        "over",
        "'over' must be a reported figure, such as 5.16亿户, 超1.74亿 or nearly 300 million",
    ),
]

INTERVALS = [
    ("5.16亿", 515.5e6, 516.5e6, 0.0),
    ("5.16亿户", 515.5e6, 516.5e6, 0.0),
    ("516m", 515.5e6, 516.5e6, 0.0),
    ("300 million", 299.5e6, 300.5e6, 0.0),
    ("103.0 million", 102.95e6, 103.05e6, 0.0),
    ("160000000", 159_999_999.5, 160_000_000.5, 0.0),
    ("123456", 123455.5, 123456.5, 0.0),
    ("57%", 0.565, 0.575, 0.0),
    ("超1.74亿户", 174e6, 175e6, 0.02),
    ("超过 1.74亿", 174e6, 175e6, 0.02),
    ("over 1.74亿", 174e6, 175e6, 0.02),
    ("more than 174 million", 174e6, 175e6, 0.02),
    ("Exceeded 469 million", 469e6, 470e6, 0.02),
    ("超1,221万户", 12.21e6, 12.22e6, 0.02),
    ("近2亿", 190e6, 200e6, 0.0),
    ("nearly 300 million", 290e6, 300e6, 0.0),
    ("nearly 50 million", 49e6, 50e6, 0.0),
    ("近1.74亿", 173e6, 174e6, 0.0),
    ("约1.7亿", 160e6, 180e6, 0.0),
    ("approximately 1.7亿", 160e6, 180e6, 0.0),
    ("约3亿", 200e6, 400e6, 0.0),
    ("about 300 million", 290e6, 310e6, 0.0),
]


@pytest.mark.parametrize(("read", "text", "value"), READ)
def test_a_quantity_is_read_as_people_write_it(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(("read", "text", "message"), REFUSED)
def test_a_text_that_is_not_the_quantity_is_refused_with_what_came_and_what_was_allowed(read, text, message):
    with pytest.raises(QuantityError) as refusal:
        read(text)
    assert str(refusal.value) == message


def test_a_refusal_carries_its_fields_and_survives_pickling():
    with pytest.raises(QuantityError) as refusal:
        q.read_share("9")
    error = pickle.loads(pickle.dumps(refusal.value))
    assert (error.found, error.allowed, error.hint) == (
        "'9'",
        "must be a share from 0 to 1, such as 9% or 0.09",
        "write 9%",
    )


@pytest.mark.parametrize(("text", "low", "high", "stale_share"), INTERVALS)
def test_a_printed_figure_is_the_interval_that_its_digits_allow(text, low, high, stale_share):
    assert q.read_interval(text) == Interval(low, high, stale_share)


@pytest.mark.slow
@given(st.text(max_size=20) | st.from_regex(r"[超近约×+-]?[0-9.,]{1,9}[亿万%mk年月]{0,2}", fullmatch=True))
def test_any_text_is_read_or_refused_and_never_breaks_a_reader(text):
    readers = (q.read_persons, q.read_share, q.read_rate, q.read_growth, q.read_factor, q.read_money)
    others = (q.read_number, q.read_count, q.read_month, q.read_months_duration, q.read_interval)
    for read in readers + others:
        with suppress(QuantityError):
            assert read(text) is not None


@given(st.integers(1, 99_999), st.integers(0, 2), st.sampled_from(["亿户", "万", " m", " bn persons"]))
def test_a_figure_lies_in_its_own_interval_and_its_neighbours_do_not(digits, decimals, unit):
    one, following = (
        f"{number // 10**decimals}.{number % 10**decimals:0{decimals}d}{unit}" if decimals else f"{number}{unit}"
        for number in (digits, digits + 1)
    )
    interval = q.read_interval(one)
    assert interval.low <= q.read_persons(one) < interval.high <= q.read_persons(following)


@given(st.integers(1, 9_999), st.sampled_from(["亿", "万户", " million"]))
def test_a_hedged_figure_is_never_narrower_than_its_wording_says(digits, unit):
    plain = q.read_interval(f"{digits}{unit}")
    about, above = q.read_interval(f"约{digits}{unit}"), q.read_interval(f"超{digits}{unit}")
    below = q.read_interval(f"近{digits}{unit}")
    assert about.low < plain.low < plain.high < about.high
    assert above.low == below.high == q.read_persons(f"{digits}{unit}")


# ------------ months


@given(st.integers(1900, 2199), st.integers(1, 12))
def test_a_month_reads_back_as_written(year, month):
    written = Month.of(year, month)
    assert (written.year, written.month) == (year, month)
    assert q.read_month(str(written)) == written
    assert q.read_month(f"{year}年{month}月") == written


@given(st.integers(22_800, 26_000), st.integers(-500, 500))
def test_months_are_moved_and_subtracted_as_whole_numbers(ordinal, months):
    start = Month(ordinal)
    assert (start + months) - start == months
    assert (start + months) - months == start
    assert (start < start + months) == (months > 0)


def test_december_is_followed_by_january():
    assert str(Month.of(2022, 12) + 1) == "2023-01"


@pytest.mark.parametrize("month", [0, 13])
def test_there_are_twelve_months(month):
    with pytest.raises(QuantityError) as refusal:
        Month.of(2022, month)
    assert str(refusal.value) == f"{month} is not a month; months are 1 to 12"


# ------------ labels


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (516e6, "5.16亿", "516 m"),
        (174e6, "1.74亿", "174 m"),
        (12.21e6, "1221万", "12.21 m"),
        (1_411.75e6, "14.12亿", "1.412 bn"),
        (99_999_000, "1亿", "100 m"),
        (45_678, "4.57万", "45.7 k"),
        (300, "300", "300"),
        (0.0, "0", "0"),
        (-0.0, "0", "0"),
        (-1.2e6, "-120万", "-1.2 m"),
    ],
)
def test_persons_are_labelled_with_three_or_four_digits(value, zh, en):
    assert (q.format_persons(value, "zh"), q.format_persons(value, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [(30e6, "3000万元", "¥30 m"), (3e8, "3亿元", "¥300 m"), (-5e6, "-500万元", "-¥5 m"), (0.0, "0元", "¥0")],
)
def test_money_is_labelled_in_yuan(value, zh, en):
    assert (q.format_money(value, "zh"), q.format_money(value, "en")) == (zh, en)


def test_shares_and_factors_are_labelled_without_needless_digits():
    assert [q.format_share(share) for share in (0.093, 1, 0, 0.0004)] == ["9.3%", "100%", "0%", "0.04%"]
    assert [q.format_factor(factor) for factor in (1.2, 0.92, 1)] == ["× 1.2", "× 0.92", "× 1"]


@pytest.mark.parametrize(
    ("largest", "zh", "en"),
    [
        (516e6, (1e8, "亿户"), (1e6, "m persons")),
        (12e6, (1e4, "万户"), (1e6, "m persons")),
        (5e3, (1.0, "户"), (1e3, "k persons")),
        (20, (1.0, "户"), (1.0, "persons")),
        (-2e8, (1e8, "亿户"), (1e6, "m persons")),
    ],
)
def test_an_axis_takes_the_unit_of_its_largest_value(largest, zh, en):
    assert (q.person_unit(largest, "zh"), q.person_unit(largest, "en")) == (zh, en)


@given(st.floats(1e-6, 1e12), st.sampled_from(["zh", "en"]))
def test_a_label_of_persons_or_money_reads_back_to_half_a_percent(value, lang):
    assert q.read_persons(q.format_persons(value, lang)) == pytest.approx(value, rel=0.005)
    assert q.read_money(q.format_money(value, lang)) == pytest.approx(value, rel=0.005)


@given(st.floats(1e-6, 1))
def test_a_label_of_a_share_or_factor_reads_back_to_half_a_percent(value):
    assert q.read_share(q.format_share(value)) == pytest.approx(value, rel=0.005)
    assert q.read_factor(q.format_factor(value)) == pytest.approx(value, rel=0.005)
