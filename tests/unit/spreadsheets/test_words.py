"""Months, number formats, units and names of metrics, one by one."""

from decimal import Decimal

import pytest

from mobank.base.quantities import QuantityError
from mobank.spreadsheets.grid import Grid, GridCell, letters
from mobank.spreadsheets.number_formats import shown
from mobank.spreadsheets.periods import read_period_heading
from mobank.spreadsheets.printed_figures import printed
from mobank.spreadsheets.vocabulary import counts_no_persons, measure_called, unit_called, units_said

JANUARY = (
    "2023年1月|2023年01月末|2023/1|2023-01|2023/01/31|2023-01-31|202301|20230131|23-01|23年1月|Jan-23|Jan.2023|2023Jan|"
    "January2023|2023M01|01/31/2023|31/01/2023|31-Jan-2023|1/2023|２０２３年１月|二〇二三年一月|2023.01|2023 年 1 月|"
    "2023-01-31 00:00:00|2023-01-31T00:00:00"
)


@pytest.mark.parametrize("text", JANUARY.split("|"))
def test_every_spelling_of_a_month_is_that_month(text):
    period = read_period_heading(text)
    assert (period.year, period.month, period.months, period.fault) == (2023, 1, 1, "")


@pytest.mark.parametrize(
    ("text", "year", "month", "months"),
    [
        ("2023Q1", 2023, 3, 3),
        ("2023年一季度", 2023, 3, 3),
        ("1Q23", 2023, 3, 3),
        ("2023年上半年", 2023, 6, 6),
        ("2023年末", 2023, 12, 12),
        ("2023年度", 2023, 12, 12),
        ("2023", 2023, 12, 12),
        ("十二月", None, 12, 1),
    ],
)
def test_quarters_halves_years_and_months_alone(text, year, month, months):
    period = read_period_heading(text)
    assert (period.year, period.month, period.months, period.fault) == (year, month, months, "")


@pytest.mark.parametrize("text", ["01/02/2023", "10-05", "2023.1", "2023年1-6月", "1-6月", "本年累计"])
def test_what_could_be_two_months_or_is_several_is_known_for_that(text):
    assert read_period_heading(text).fault


@pytest.mark.parametrize(
    "text", ["2023年13月", "17,700", "注册用户", "2024E", "2024年1月(预测)", "0", "999999", "12345678"]
)
def test_what_is_no_month_is_none(text):
    assert read_period_heading(text) is None


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        ("17700.04", "#,##0.0", "17700.0"),
        ("176943128", "0!.0,", "17694.3"),
        ("176943128", '0!.0,"万"', "17694.3万"),
        ("176943128", r"0\.0000", "17694.3128"),
        ("437.88119999", "General", "437.8812"),
        ("0.1234", "0.0%", "12.3%"),
        ("0", '#,##0;-#,##0;"-"', "-"),
        ("0", '_(* #,##0_);_(* \\(#,##0\\);_(* "-"??_);_(@_)', "-"),
        ("12345", '_(* #,##0_);_(* \\(#,##0\\);_(* "-"??_);_(@_)', "12345"),
        ("-5", "#,##0;(#,##0)", "-(5)"),
        ("177000000", '[>=100000000]0.00,,"百万";0', "177.00百万"),
        ("5", '[>=100000000]0.00,,"百万";0', "5"),
        ("0.5", "#.##", "0.50"),
        ("12345678", "#,##0,", "12346"),
        ("12345678", "0,.0", "12345.7"),
        ("5", "000", "005"),
        ("3", '0"户"', "3户"),
        ("3", "@", "3"),
        ("1234", "¥#,##0", "¥1234"),
        ("12129460", "0.00E+00", "1.21E+7"),
        ("2.5", "0", "3"),
        ("1234567", "#,##0_ ;[Red]\\-#,##0\\ ", "1234567 "),
    ],
)
def test_a_number_is_shown_as_its_format_shows_it(number, code, text):
    assert shown(Decimal(number), code).rstrip() == text.rstrip()


@pytest.mark.parametrize("code", ["yyyy-mm", "# ?/?", "[h]:mm", "0.0.0"])
def test_a_format_that_is_not_read_shows_nothing(code):
    assert shown(Decimal("1.5"), code) is None


@pytest.mark.parametrize(
    ("text", "unit", "figure", "low", "high"),
    [
        ("17,700", "万户", "17700万户", 176_995_000, 177_005_000),
        ("17700.0", "万户", "17700.0万户", 176_999_500, 177_000_500),
        ("1.77亿", "万户", "1.77亿户", 176_500_000, 177_500_000),
        ("约7.3亿", "", "约7.3亿户", 720_000_000, 740_000_000),
        ("5.2", "million", "5.2 million", 5_150_000, 5_250_000),
        ("4378812", "户", "4378812", 4_378_811.5, 4_378_812.5),
        ("437.881199999", "万户", "4378812", 4_378_811.5, 4_378_812.5),
        ("4378812.0", "户", "4378812", 4_378_811.5, 4_378_812.5),
        ("1.21E+7", "户", "1.21E+7", 12_050_000, 12_150_000),
    ],
)
def test_a_cell_with_its_unit_is_the_range_that_it_allows(text, unit, figure, low, high):
    read = printed(GridCell(text), unit, False, frozenset())
    assert (read.text, read.interval.low, read.interval.high) == (figure, pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("17700", "", "'17700' has no unit; write unit: in the map"),
        ("17.7", "户", "'17.7' is no whole number of persons; is 万, 亿 or million missing?"),
        ("12.3%", "万户", "'12.3%' counts no people; write measure: skip for this metric in the map"),
        ("5亿元", "万户", "'5亿元' counts no people; write measure: skip for this metric in the map"),
        ("5台", "万户", "'5台' counts no people; write measure: skip for this metric in the map"),
        ("5级", "万户", "'5级' has '级', which is not a unit of persons"),
        ("待定", "万户", "'待定' is no figure; empty it, or name the text under missing: in the map"),
        ("12 345", "户", "'12 345' is no figure; empty it, or name the text under missing: in the map"),
    ],
)
def test_a_cell_that_is_no_figure_says_why(text, unit, message):
    with pytest.raises(QuantityError) as refused:
        printed(GridCell(text), unit, False, frozenset())
    assert str(refused.value) == message


def test_signs_for_no_figure_are_none():
    assert [
        printed(GridCell(text), "户", False, frozenset({"未出"})) for text in ("—", "n/a", "暂无", "#N/A", "未出")
    ] == [None] * 5


def test_all_digits_of_a_cell_count_where_they_are_asked_for():
    cell = GridCell("17694.3", "176943128")
    assert printed(cell, "万户", True, frozenset()).text == "17694.3128万户"
    assert printed(cell, "万户", False, frozenset()).text == "17694.3万户"


@pytest.mark.parametrize(
    ("label", "measure"),
    [
        ("注册用户数", "registered"),
        ("个人手机银行客户", "registered"),
        ("期末注册用户数(万户)", "registered"),
        ("月活（MAU）", "mau"),
        ("MAU", "mau"),
        ("Monthly active users", "mau"),
        ("新增注册", "gross_adds"),
        ("gross_adds", "gross_adds"),
        ("个人客户数", "customers"),
        ("销户数", "closed"),
        ("流失用户", "lost"),
        ("对公注册用户", ""),
        ("累计新增", ""),
        ("月活目标", ""),
        ("活跃用户", ""),
        ("净增用户", ""),
    ],
)
def test_a_metric_is_guessed_from_its_whole_label_only(label, measure):
    assert measure_called(label) == measure


def test_units_are_found_in_titles_labels_and_cells():
    assert units_said("手机银行经营情况（单位：万户、%）")[:2] == ["万户", "%"]
    assert units_said("Registered users, in thousands") == ["thousands"]
    assert [unit_called(text) for text in ("万", "k", "million users", "persons", "亿元", "笔", "个人")] == [
        "万户",
        "thousand",
        "million",
        "户",
        None,
        None,
        None,
    ]
    assert [counts_no_persons(text) for text in ("亿元", "%", "笔", "万户")] == [True, True, True, False]


def test_cells_are_named_as_spreadsheets_name_them():
    assert [letters(n) for n in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]
    grid = Grid("a.xlsx", "表", {(4, 8): GridCell("1")})
    assert str(grid.place(4, 8)) == str(grid.turn().place(8, 4)) == "a.xlsx!表!H4"
