"""Reported figures become series of consecutive years; what is wrong with a file is told with its line."""

from pathlib import Path

import pytest

from mobank.base.errors import InputError
from mobank.base.workspace import shipped
from mobank.calibration.backtest.series import HEADER, allowed_by, read

THIRTEEN = {
    ("ABC", "registered_users"): (2017, 6),
    ("BOC", "registered_users"): (2016, 8),
    ("Bank of America", "active_users_90d"): (2010, 14),
    ("CCB", "registered_users"): (2014, 6),
    ("CMB (both apps, 招商银行+掌上生活)", "monthly_active_users"): (2018, 7),
    ("CMB (招商银行App)", "registered_users"): (2017, 6),
    ("Cash App", "monthly_active_users"): (2017, 8),
    ("China mobile-payment users (CNNIC)", "survey_users"): (2012, 9),
    ("China online-payment users (CNNIC)", "survey_users"): (2010, 15),
    ("EU28 internet banking", "penetration_share"): (2007, 13),
    ("ICBC", "registered_users"): (2016, 7),
    ("PayPal", "active_users_12m"): (2010, 15),
    ("Wells Fargo", "active_users_90d"): (2016, 9),
}


def row(year, value, entity="A", metric="users", month="12-31", unit="persons", text="", qualifier="rounded"):
    return f"{entity},{metric},{year}-{month},{value},{unit},{text},{qualifier},a source,secondary"


def write(path: Path, *rows: str, header: str = ",".join(HEADER)) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def refusal(*paths: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(paths)
    return str(caught.value)


def test_the_shipped_file_holds_the_thirteen_series():
    series, out = read([shipped() / "calibration/backtest/figures.csv"])
    assert {(s.entity, s.metric): (s.figures[0].month.year, len(s.figures)) for s in series} == THIRTEEN
    assert out == []


def test_the_last_figure_of_a_year_counts_and_derived_ones_do_not(tmp_path):
    rows = [row(2010 + i, 100 + i) for i in range(6)]
    rows += [row(2012, 55, month="06-30"), row(2015, 999, month="12-31", metric="other", text="DERIVED 9/3")]
    series, out = read([write(tmp_path / "a.csv", *rows)])
    assert [figure.middle for figure in series[0].figures] == [100, 101, 102, 103, 104, 105]
    assert [(o.metric, o.reason) for o in out] == [("other", "0 consecutive years of figures above zero; 6 are needed")]


def test_the_longest_run_without_a_gap_or_a_zero_counts(tmp_path):
    years = {2000: 5, 2001: 6, 2003: 7, 2004: 0, 2005: 8, 2006: 9, 2007: 9, 2008: 9, 2009: 9, 2010: 9}
    series, _ = read([write(tmp_path / "a.csv", *(row(year, value) for year, value in years.items()))])
    assert [figure.month.year for figure in series[0].figures] == [2005, 2006, 2007, 2008, 2009, 2010]


@pytest.mark.parametrize(
    ("value", "text", "qualifier", "low", "high"),
    [
        (400e6, "more than 400 million", "over", 400e6, 401e6),
        (36e6, "36 million", "over", 36e6, 37e6),
        (253e6, "253 million customers (ICBC Mobile)", "rounded", 252.5e6, 253.5e6),
        (14395e3, "14395 thousand", "exact", 14394.5e3, 14395.5e3),
        (0.36, "36%", "rounded", 0.355, 0.365),
        (0.36, "as charted", "rounded", 0.355, 0.365),
        (200e6, "as charted", "rounded", 199.5e6, 200.5e6),
        (300e6, "nearly 300 million", "approx", 290e6, 300e6),
    ],
)
def test_what_a_printed_figure_allows(value, text, qualifier, low, high):
    assert allowed_by(value, text, qualifier) == pytest.approx((low, high))


def test_a_wrong_header_is_told_once(tmp_path):
    path = write(tmp_path / "a.csv", row(2020, 1), header="entity,metric,period_end,value")
    assert refusal(path) == (
        f"{path.as_posix()}:1  the header lacks 'unit', 'value_text', 'qualifier', 'source', 'evidence'; "
        f"it must have {','.join(HEADER)}, in any order\n"
        "1 problem; nothing was run."
    )


def test_every_problem_of_a_file_is_told_with_its_line(tmp_path):
    rows = [
        row(2020, "a lot"),
        row("20x", 5),
        row(2021, 1.5, unit="share"),
        row(2022, 5, qualifier="round"),
        "A,users,2023-12-31,5",
        row(2024, 7, unit="persons"),
        row(2024, 9, unit="cars"),
    ]
    path = write(tmp_path / "a.csv", *rows)
    at = path.as_posix()
    assert refusal(path) == "\n".join(
        [
            f"{at}:2  value: 'a lot' must be a number, such as 516000000",
            f"{at}:3  period_end: '20x-12-31' must be a date, such as 2022-12-31",
            f"{at}:4  value: '1.5' must be a share from 0 to 1",
            f"{at}:5  qualifier: 'round' is not a known qualifier; did you mean 'rounded'?",
            f"{at}:6  4 columns must be 9",
            f"{at}:8  A, users: 'cars' is not the unit of the same series on line 7 ('persons')",
            f"{at}:8  A, users: two figures of 2024-12 contradict each other, here and on line 7; "
            "keep the one that was reported last",
            "7 problems; nothing was run.",
        ]
    )


def test_a_file_that_is_not_there(tmp_path):
    path = tmp_path / "none.csv"
    assert refusal(path) == f"{path.as_posix()}  this file does not exist\n1 problem; nothing was run."


def test_five_years_are_refused_plainly(tmp_path):
    path = write(tmp_path / "a.csv", *(row(2015 + i, 100 + i) for i in range(5)))
    assert refusal(path) == (
        f"{path.as_posix()} have no series of 6 consecutive years; the longest has 5; "
        "a forecast is scored from the fifth figure on\n1 problem; nothing was run."
    )


@pytest.mark.parametrize(
    ("value", "text", "unit"),
    [
        (20600000, "206 million", "persons"),
        (0.63, "36%", "share"),
        (176e6, "超1.74亿户", "persons"),
        (516, "5.16亿", "persons"),
    ],
)
def test_a_value_is_held_against_its_own_text(tmp_path, value, text, unit):
    path = write(tmp_path / "a.csv", row(2020, value, text=text, unit=unit))
    assert refusal(path) == (
        f"{path.as_posix()}:2  value: '{value}' is not what its text says, '{text}'; mend the one that is wrong\n"
        "1 problem; nothing was run."
    )


def test_a_text_with_words_of_its_own_is_not_held_against_the_value(tmp_path):
    texts = ("206 million customers (two apps)", "as charted", "206.4 million", "")
    path = write(tmp_path / "a.csv", *(row(2010 + i, 206_400_000, text=texts[i % 4]) for i in range(6)))
    assert len(read([path])[0][0].figures) == 6


@pytest.mark.parametrize("day", ["2021-W52-5", "20211231", "2021-12-31T00:00", "2021/12/31", "2021-12", "2021-02-30"])
def test_f52_a_date_has_the_form_that_is_named(tmp_path, day):
    path = write(tmp_path / "a.csv", row(2021, 5).replace("2021-12-31", day))
    assert f"period_end: '{day}' must be a date, such as 2022-12-31" in refusal(path)


@pytest.mark.parametrize("value", ["nan", "inf", "1_000", "５", "0x10", "1,000", ""])
def test_a_value_is_digits(tmp_path, value):
    path = write(tmp_path / "a.csv", row(2021, f'"{value}"'))
    assert f"value: '{value}' must be a number, such as 516000000" in refusal(path)


def test_what_a_person_should_know_of_a_file_is_said(tmp_path):
    path = tmp_path / "a.csv"
    lines = [",".join(["note", *reversed(HEADER)])]
    lines += [",".join(["工行", *reversed(row(2010 + i, 100 + i).split(","))]) for i in range(6)]
    path.write_bytes("\n".join(lines).encode("gbk"))
    said = []
    assert len(read([path], said.append)[0][0].figures) == 6
    at = path.as_posix()
    assert said == [
        f"{at}:2  byte 0xb9 is not UTF-8; the file is read as GB18030 (GBK)",
        f"{at}:1  'note' is not read; columns of other names are passed over",
    ]


def test_f37_line_breaks_of_word_and_excel_stand_in_cells(tmp_path):
    rows = [row(2010 + i, 100 + i).replace("a source", f"a\u2028source\x0bof\x85{i}") for i in range(6)]
    rows[3] = row(2013, "x")
    path = write(tmp_path / "a.csv", *rows)
    assert f"{path.as_posix()}:5  value: 'x' must be" in refusal(path)
    assert len(read([write(path, *rows[:3], row(2013, 103), *rows[4:])])[0][0].figures) == 6
