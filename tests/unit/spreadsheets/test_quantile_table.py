"""Quantiles from a person's table: read in her layout, or refused with the cell."""

import pytest

from mobank.base.errors import InputError
from mobank.spreadsheets.quantile_table import read_quantiles, share_called

MEASURES = ("registered", "mau")
LONG = (
    "单位：万户,,,,\n月份,指标,p10,p50,p90\n"
    '2024年1月,月活用户,17000,"17,500",18100\n2024年2月,注册用户,52000,53000,54000\n'
)
WIDE = "month,mau p10,mau p50,mau p90,registered 10%,registered median,registered 90%\n" \
       "2024-01,170m,175m,181m,520m,530m,540m\n"  # fmt: skip
TURNED = "月活用户（万户）,2024-01,2024-02\n10分位,17000,17100\n中位数,17500,17600\n90分位,18100,18300\n"
REGIONS = "地区,月份,指标,10%,50%,90%\n东部,2024-01,mau,100万,110万,120万\n全行,2024-01,mau,170万,180万,190万\n"


def read(tmp_path, text, name="r.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    rows = read_quantiles(path, MEASURES)
    return [(r.measure, r.region, str(r.month), r.levels, r.values) for r in rows]


def test_a_line_a_month_with_the_measure_in_a_column_and_the_unit_above(tmp_path):
    assert read(tmp_path, LONG) == [
        ("mau", "", "2024-01", (0.1, 0.5, 0.9), (1.7e8, 1.75e8, 1.81e8)),
        ("registered", "", "2024-02", (0.1, 0.5, 0.9), (5.2e8, 5.3e8, 5.4e8)),
    ]


def test_the_measure_before_each_quantile(tmp_path):
    assert [(row[0], row[3], row[4]) for row in read(tmp_path, WIDE)] == [
        ("mau", (0.1, 0.5, 0.9), (1.7e8, 1.75e8, 1.81e8)),
        ("registered", (0.1, 0.5, 0.9), (5.2e8, 5.3e8, 5.4e8)),
    ]


def test_months_across_and_quantiles_down(tmp_path):
    assert [(row[2], row[4]) for row in read(tmp_path, TURNED)] == [
        ("2024-01", (1.7e8, 1.75e8, 1.81e8)),
        ("2024-02", (1.71e8, 1.76e8, 1.83e8)),
    ]


def test_regions_in_a_column_and_the_whole_bank_by_its_name(tmp_path):
    assert [(row[1], row[4][1]) for row in read(tmp_path, REGIONS)] == [("东部", 1.1e6), ("", 1.8e6)]


def test_a_workbook_whose_sheet_names_the_measure(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "月活用户"
    for row in (["单位：万户"], ["月份", "p5", "p50", "p95"], ["2024-01", 17000, 17500, 18100]):
        book.active.append(row)
    book.save(tmp_path / "r.xlsx")
    [row] = read_quantiles(tmp_path / "r.xlsx", MEASURES)
    assert (row.measure, row.levels, row.values) == ("mau", (0.05, 0.5, 0.95), (1.7e8, 1.75e8, 1.81e8))
    assert str(row.place) == "r.xlsx!月活用户!A3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LONG.replace("18100", "17100"), "r.csv!C3  '17000' is more than a higher quantile of its month"),
        (LONG.replace("18100", "—"), "r.csv!E3  '—' is no figure: give all quantiles of a month, or none"),
        (LONG.replace("18100", ""), "r.csv!E3  an empty cell is no figure: give all quantiles of a month, or none"),
        (LONG.replace("单位：万户", ""), "r.csv!C3  '17000' has no unit; write the unit in the cell, such as 170万户"),
        (LONG.replace("2024年1月", "一月左右"), "r.csv!C3  '17000' stands in a line without a month; write the month"),
        (LONG.replace("月活用户", "客户满意度"), "r.csv!C3  '17000' is of a measure that is not said; add a column"),
        (WIDE.replace("mau", "dau"), "r.csv!B1  'dau p10' is of a measure that is not forecast; did you mean 'mau'?"),
        (LONG.replace("2024年2月,注册用户", "2024-01,月活"), "r.csv!A4  mau 2024-01 stands twice: first at r.csv!A3;"),
        ("month,low,high\n2024-01,1m,2m\n", "r.csv  this file holds no table of quantiles that is found; name quant"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_cell(tmp_path, text, said):
    with pytest.raises(InputError) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(said), str(refused.value)


@pytest.mark.parametrize("heading", ["p0", "change 5 %pt", "2024", "mean", "100%", "p105", ""])
def test_what_names_no_quantile(heading):
    assert share_called(heading) is None


@pytest.mark.parametrize(
    ("heading", "of", "level"),
    [("P10", "", 0.1), ("q0.9", "", 0.9), ("97.5%", "", 0.975), ("90 % ", "", 0.9),
     ("注册用户 90分位数", "注册用户", 0.9), ("MAU (p50)", "MAU", 0.5), ("mau_median", "mau", 0.5)],
)  # fmt: skip
def test_what_names_one(heading, of, level):
    assert share_called(heading) == (of, level)
