"""Odd layouts of one small table of truth, as people have them; each with the answers that only a person can give.

`TRUTH` says the figures in persons by measure, band and month. A layout writes them in its own way; what is read from
it must be these and no others, or be refused.
"""

import csv
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment

MONTHS = [(2022, m) for m in range(9, 13)] + [(2023, m) for m in range(1, 9)]
MEASURES = ("registered", "mau", "gross_adds")
ZH = {"registered": "注册用户", "mau": "月活用户", "gross_adds": "新增注册", "customers": "个人客户"}
BANDS = {"east": "东部", "west": "西部"}

Truth = dict[tuple[str, str, tuple[int, int]], int]


def whole(measure: str, i: int) -> int:
    """Return a figure of the bank, a multiple of 1,000 persons."""
    base = {"registered": 52_000_000, "mau": 17_000_000, "gross_adds": 700_000, "customers": 90_000_000}[measure]
    step = {"registered": 420_000, "mau": 160_000, "gross_adds": 3_000, "customers": 150_000}[measure]
    return base + step * i + 1_000 * ((7 * i) % 5)


def truth(bands: bool = False, measures: tuple[str, ...] = MEASURES) -> Truth:
    """Return the figures, of the bank or of its two bands, of which the east has a share of three fifths or so."""
    found: Truth = {}
    for measure in measures:
        for i, month in enumerate(MONTHS):
            value = whole(measure, i)
            east = 1_000 * ((3 * value) // 5_000)
            parts = {"east": east, "west": value - east} if bands else {"": value}
            found |= {(measure, band, month): part for band, part in parts.items()}
    return found


@dataclass
class Layout:
    """One way to write a table.

    Parameters
    ----------
    answers : replacements in the map, in order: what a person fills in.
    expected : what must be read, persons by measure, band and month. tolerance : of the ranges, persons.
    """

    write: Callable[[Path], Path]
    expected: Truth
    answers: list[tuple[str, str]] = field(default_factory=list)
    tolerance: float = 1.0


def book(fill: Callable[[Any], None], title: str = "经营数据") -> Callable[[Path], Path]:
    """Return a writer of a workbook of one sheet."""

    def write(folder: Path) -> Path:
        workbook = Workbook()
        sheet = workbook.active
        sheet.title = title
        fill(sheet)
        path = folder / "figures.xlsx"
        workbook.save(path)
        return path

    return write


def text(
    rows: list[list[Any]], name: str = "figures.csv", encoding: str = "utf-8", **how: Any
) -> Callable[[Path], Path]:
    """Return a writer of a text file."""

    def write(folder: Path) -> Path:
        path = folder / name
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, **how).writerows(rows)
        return path

    return write


def zh_month(month: tuple[int, int]) -> str:
    return f"{month[0]}年{month[1]}月"


def dashed(month: tuple[int, int]) -> str:
    return f"{month[0]}-{month[1]:02d}"


def english_month(month: tuple[int, int]) -> str:
    return dt.date(*month, 1).strftime("%b-%y")


def last_day(month: tuple[int, int]) -> dt.date:
    year, number = month
    return dt.date(year + number // 12, number % 12 + 1, 1) - dt.timedelta(days=1)


def across(sheet: Any, known: Truth, head: Callable[[tuple[int, int]], Any] = zh_month, *, unit: int = 10_000,
           title: str = "单位：万户", names: dict[str, str] = ZH, corner: str = "指标", form: str = "#,##0.0",
           measures: tuple[str, ...] = MEASURES) -> None:  # fmt: skip
    """Write metrics down and months across."""
    if title:
        sheet.append([title])
    sheet.append([corner, *(head(month) for month in MONTHS)])
    for measure in measures:
        sheet.append([names[measure], *(known[measure, "", month] / unit for month in MONTHS)])
        for cell in sheet[sheet.max_row][1:]:
            cell.number_format = form


def down(known: Truth, head: Callable[[tuple[int, int]], Any] = dashed, unit: int = 1) -> list[list[Any]]:
    """Return rows with months down and metrics across."""
    rows: list[list[Any]] = [["月份", *(ZH[measure] for measure in MEASURES)]]
    return rows + [[head(m), *(_number(known[measure, "", m] / unit) for measure in MEASURES)] for m in MONTHS]


def long(known: Truth, order: tuple[str, ...] = ("month", "region", "metric", "value")) -> list[list[Any]]:
    """Return one row a figure."""
    rows: list[list[Any]] = [list(order)]
    for (measure, band, month), value in known.items():
        said = {"month": dashed(month), "region": band or "全行", "metric": measure, "value": value}
        rows.append([said[name] for name in order])
    return rows


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value


PERSONS = [("unit: TODO", "unit: persons")]
BOTH = truth(bands=True)
BANK = truth()


def _merged_years(sheet: Any) -> None:
    sheet.append(["单位：万户"])
    sheet.append(["", *(f"{month[0]}年" if month in ((2022, 9), (2023, 1)) else None for month in MONTHS)])
    sheet.merge_cells(start_row=2, end_row=2, start_column=2, end_column=5)
    sheet.merge_cells(start_row=2, end_row=2, start_column=6, end_column=13)
    sheet.append(["指标", *(f"{month[1]}月" for month in MONTHS)])
    for measure in MEASURES:
        sheet.append([ZH[measure], *(BANK[measure, "", month] / 10_000 for month in MONTHS)])


def _unmerged_years(sheet: Any) -> None:
    _merged_years(sheet)
    for box in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(box))


def _unit_column(sheet: Any) -> None:
    sheet.append(["指标", "单位", *(zh_month(month) for month in MONTHS)])
    units = {"registered": (10_000, "万户"), "mau": (100_000_000, "亿户"), "gross_adds": (1, "户")}
    for measure in MEASURES:
        power, unit = units[measure]
        sheet.append([ZH[measure], unit, *(BANK[measure, "", month] / power for month in MONTHS)])
        for cell in sheet[sheet.max_row][2:]:
            cell.number_format = "0.00000" if unit == "亿户" else "0.0" if unit == "万户" else "0"


def _unit_in_label(sheet: Any) -> None:
    names = {"registered": "注册用户（万户）", "mau": "月活用户数(万户)", "gross_adds": "新增注册（户）"}
    sheet.append(["", *(zh_month(month) for month in MONTHS)])
    for measure in MEASURES:
        power = 1 if measure == "gross_adds" else 10_000
        sheet.append([names[measure], *(BANK[measure, "", month] / power for month in MONTHS)])


def _hidden_format(sheet: Any) -> None:
    """Whole persons shown in 万 by a format, as is usual in China."""
    sheet.append(["指标", *(zh_month(month) for month in MONTHS)])
    for measure in MEASURES:
        sheet.append([ZH[measure], *(BANK[measure, "", month] for month in MONTHS)])
        for cell in sheet[sheet.max_row][1:]:
            cell.number_format = '0!.0,"万"'


def _regions_in_rows(sheet: Any, blank: bool = False) -> None:
    sheet.append(["单位：户"])
    sheet.append(["指标", "地区", *(zh_month(month) for month in MONTHS)])
    for measure in MEASURES:
        for band, name in BANDS.items():
            label = None if blank and band == "west" else ZH[measure]
            sheet.append([label, name, *(BOTH[measure, band, month] for month in MONTHS)])


def _hierarchy(sheet: Any, indent: bool = False) -> None:
    sheet.append(["单位：户"])
    sheet.append(["项目", *(zh_month(month) for month in MONTHS)])
    for measure in MEASURES:
        sheet.append([ZH[measure], *(BANK[measure, "", month] for month in MONTHS)])
        for band, name in BANDS.items():
            sheet.append([name if indent else f"其中：{name}", *(BOTH[measure, band, month] for month in MONTHS)])
            if indent:
                sheet.cell(sheet.max_row, 1).alignment = Alignment(indent=1)


def _sections(sheet: Any) -> None:
    sheet.append(["手机银行经营数据（单位：户）"])
    sheet.append(["指标", *(zh_month(month) for month in MONTHS)])
    for band, name in BANDS.items():
        sheet.append([name])
        for measure in MEASURES:
            sheet.append([ZH[measure], *(BOTH[measure, band, month] for month in MONTHS)])


def _regions_over_months(sheet: Any) -> None:
    sheet.append(["单位：户"])
    sheet.append([None, "东部", *([None] * (len(MONTHS) - 1)), "西部"])
    sheet.merge_cells(start_row=2, end_row=2, start_column=2, end_column=13)
    sheet.merge_cells(start_row=2, end_row=2, start_column=14, end_column=25)
    sheet.append(["指标", *(zh_month(month) for month in MONTHS), *(zh_month(month) for month in MONTHS)])
    for measure in MEASURES:
        sheet.append([ZH[measure], *(BOTH[measure, band, month] for band in BANDS for month in MONTHS)])


def _metrics_over_regions_down(sheet: Any) -> None:
    sheet.append(["单位：户"])
    sheet.append([None, *(ZH[measure] if band == "east" else None for measure in MEASURES for band in BANDS)])
    for i in range(3):
        sheet.merge_cells(start_row=2, end_row=2, start_column=2 + 2 * i, end_column=3 + 2 * i)
    sheet.append(["月份", *(name for _ in MEASURES for name in BANDS.values())])
    for month in MONTHS:
        sheet.append([last_day(month), *(BOTH[measure, band, month] for measure in MEASURES for band in BANDS)])


def _totals(sheet: Any) -> None:
    """Sums and changes beside the months, a total of the regions, notes below."""
    sheet.append(["单位：户"])
    sheet.append(["指标", "地区", *(zh_month(month) for month in MONTHS), "合计", "同比", "备注"])
    for measure in MEASURES:
        rows = {name: [BOTH[measure, band, month] for month in MONTHS] for band, name in BANDS.items()}
        rows["合计"] = [BANK[measure, "", month] for month in MONTHS]
        for name, values in rows.items():
            sheet.append([ZH[measure], name, *values, sum(values), 0.123, "内部"])
    sheet.append([])
    sheet.append(["注：数据来自行内系统。"])


def _quarters_beside(sheet: Any) -> None:
    heads: list[Any] = []
    for month in MONTHS:
        heads.append(zh_month(month))
        if month[1] % 3 == 0:
            heads.append(f"{month[0]}年{month[1] // 3}季度")
    sheet.append(["单位：户"])
    sheet.append(["指标", *heads])
    for measure in MEASURES:
        values: list[int] = []
        for month in MONTHS:
            values.append(BANK[measure, "", month])
            if month[1] % 3 == 0:
                values.append(3 * BANK[measure, "", month])
        sheet.append([ZH[measure], *values])


def _two_stacked(sheet: Any) -> None:
    sheet.append(["单位：户"])
    for year in (2022, 2023):
        own = [month for month in MONTHS if month[0] == year]
        sheet.append([f"{year}年数据"])
        sheet.append(["指标", *(zh_month(month) for month in own)])
        for measure in MEASURES:
            sheet.append([ZH[measure], *(BANK[measure, "", month] for month in own)])
        sheet.append([])


def _year_by_month(sheet: Any) -> None:
    sheet.append(["月活用户（万户）"])
    sheet.append(["年份", *(f"{number}月" for number in range(1, 13))])
    for year in (2022, 2023):
        sheet.append(
            [year, *(BANK["mau", "", (year, m)] / 10_000 if (year, m) in MONTHS else None for m in range(1, 13))]
        )


def _sheets(names: dict[str, str], by: str) -> Callable[[Path], Path]:
    """Return a writer of a workbook with a region or a metric a sheet."""

    def write(folder: Path) -> Path:
        workbook = Workbook()
        workbook.remove(workbook.active)
        for key, name in names.items():
            sheet = workbook.create_sheet(name)
            sheet.append(["单位：户"])
            sheet.append(["", *(zh_month(month) for month in MONTHS)])
            for inner, label in (ZH if by == "region" else BANDS).items():
                if (key if by == "metric" else inner) not in MEASURES:
                    continue
                measure, band = (inner, key) if by == "region" else (key, inner)
                sheet.append([label, *(BOTH[measure, band, month] for month in MONTHS)])
        path = folder / "figures.xlsx"
        workbook.save(path)
        return path

    return write


def _footnoted(sheet: Any) -> None:
    across(sheet, BANK, unit=10_000)
    sheet["D3"] = "5284.4*"
    sheet["E4"] = "—"
    sheet["F4"] = "n/a"
    sheet.append(["*口径复核"])


def _without(*gone: tuple[str, str, tuple[int, int]]) -> Truth:
    return {key: value for key, value in BANK.items() if key not in gone}


def _hidden(sheet: Any) -> None:
    across(sheet, BANK)
    sheet.column_dimensions["C"].hidden = True


FOOT = {**_without(("mau", "", MONTHS[3]), ("mau", "", MONTHS[4]))}
SHOWN_IN_WAN = 1_000.0  # 万户 with one decimal
AS_TYPED = 10_000.0  # 万户 without a format, which drops a zero at the end
MONTH_MATRIX = {key: value for key, value in BANK.items() if key[0] == "mau"}


def _cells(change: Callable[[Any], Any]) -> list[list[Any]]:
    """Return the table with months down, each number written as `change` writes it."""
    return [[change(cell) if isinstance(cell, int) else cell for cell in row] for row in down(BANK)]


LAYOUTS: dict[str, Layout] = {
    "metrics down, months across": Layout(book(lambda s: across(s, BANK)), BANK, tolerance=SHOWN_IN_WAN),
    "real dates": Layout(book(lambda s: across(s, BANK, last_day)), BANK, tolerance=SHOWN_IN_WAN),
    "months as 2023/1": Layout(
        book(lambda s: across(s, BANK, lambda m: f"{m[0]}/{m[1]}")), BANK, tolerance=SHOWN_IN_WAN
    ),
    "months as numbers 202301": Layout(
        book(lambda s: across(s, BANK, lambda m: 100 * m[0] + m[1])), BANK, tolerance=SHOWN_IN_WAN
    ),
    "months as 23-01": Layout(
        book(lambda s: across(s, BANK, lambda m: f"{m[0] - 2000}-{m[1]:02d}")), BANK, tolerance=SHOWN_IN_WAN
    ),
    "months in English": Layout(
        book(lambda s: across(s, BANK, english_month, names={m: m for m in MEASURES}, title="Unit: 10 thousand",
                              corner="Metric", unit=1_000)),
        BANK, [("unit: TODO", "unit: thousand")], tolerance=100.0,
    ),
    "full-width digits": Layout(
        book(lambda s: across(s, BANK, lambda m: zh_month(m).translate({48 + i: 0xFF10 + i for i in range(10)}))),
        BANK, tolerance=SHOWN_IN_WAN,
    ),
    "months under merged years": Layout(book(_merged_years), BANK, tolerance=AS_TYPED),
    "months under years that are not merged": Layout(book(_unmerged_years), BANK, tolerance=AS_TYPED),
    "the year in the name of the sheet": Layout(
        book(lambda s: [s.append(["单位：户"]), s.append(["指标", *(f"{m}月" for m in range(1, 9))]),
             *(s.append([ZH[k], *(BANK[k, "", (2023, m)] for m in range(1, 9))]) for k in MEASURES)], "2023年"),
        {k: v for k, v in BANK.items() if k[2][0] == 2023},
    ),
    "a unit a row": Layout(book(_unit_column), BANK, tolerance=SHOWN_IN_WAN),
    "units in the labels": Layout(book(_unit_in_label), BANK, tolerance=AS_TYPED),
    "persons shown in 万 by the format": Layout(book(_hidden_format), BANK, tolerance=SHOWN_IN_WAN),
    "regions in rows": Layout(book(_regions_in_rows), BOTH),
    "regions in rows, metrics once": Layout(book(lambda s: _regions_in_rows(s, blank=True)), BOTH),
    "regions below their metric": Layout(book(_hierarchy), BOTH | BANK),
    "regions set in below their metric": Layout(book(lambda s: _hierarchy(s, indent=True)), BOTH | BANK),
    "regions as headings of sections": Layout(book(_sections), BOTH),
    "regions over months": Layout(book(_regions_over_months), BOTH),
    "metrics over regions, months down": Layout(book(_metrics_over_regions_down), BOTH),
    "sums, changes, totals and notes": Layout(book(_totals), BOTH | BANK),
    "quarters beside their months": Layout(book(_quarters_beside), BANK),
    "two tables in one sheet": Layout(book(_two_stacked), BANK, [("unit: TODO", "unit: 户")]),
    "years down, months across": Layout(book(_year_by_month), MONTH_MATRIX, tolerance=AS_TYPED),
    "a region a sheet": Layout(
        _sheets(BANDS, "region"), BOTH, [("for: TODO", "for: east"), ("for: TODO", "for: west")]
    ),
    "a metric a sheet": Layout(_sheets({m: ZH[m] for m in MEASURES}, "metric"), BOTH),
    "footnotes and dashes": Layout(book(_footnoted), FOOT, tolerance=SHOWN_IN_WAN),
    "a hidden column that is read": Layout(
        book(_hidden), BANK, [("hidden: TODO", "hidden: read")], tolerance=SHOWN_IN_WAN
    ),
    "a hidden column that is not": Layout(
        book(_hidden), {k: v for k, v in BANK.items() if k[2] != MONTHS[1]}, [("hidden: TODO", "hidden: skip")],
        tolerance=SHOWN_IN_WAN,
    ),
    "all digits of the cells": Layout(
        book(lambda s: across(s, BANK, form="0")), BANK,
        [(f"measure: {m}, ", f"measure: {m}, digits: exact, ") for m in MEASURES], tolerance=AS_TYPED,
    ),
    "months down": Layout(text(down(BANK)), BANK, PERSONS),
    "regions in the labels": Layout(
        text([["month", *(f"{m}_{band}" for m in MEASURES for band in BANDS)],
              *([dashed(when), *(BOTH[m, band, when] for m in MEASURES for band in BANDS)] for when in MONTHS)]),
        BOTH, PERSONS,
    ),
    "a date of loading beside the month": Layout(
        text([["batch", *row] if i == 0 else [f"2024-05-{i:02d}", *row] for i, row in enumerate(down(BANK))]),
        BANK, PERSONS,
    ),
    "GB18030": Layout(text(down(BANK, zh_month), encoding="gb18030"), BANK, PERSONS),
    "UTF-8 with its mark, semicolons": Layout(text(down(BANK), encoding="utf-8-sig", delimiter=";"), BANK, PERSONS),
    "UTF-16, tabs": Layout(text(down(BANK), "figures.txt", "utf-16", delimiter="\t"), BANK, PERSONS),
    "thousands set apart": Layout(
        text(_cells(lambda c: f"{c:,}")), BANK, PERSONS
    ),
    "units in the cells": Layout(
        text(_cells(lambda c: f"{c / 1e8:.5f}亿")), BANK,
        tolerance=SHOWN_IN_WAN,
    ),
    "one row a figure": Layout(text(long(BOTH)), BOTH, PERSONS),
    "one row a figure, the value first": Layout(
        text(long(BOTH, ("value", "metric", "month", "region"))), BOTH, PERSONS
    ),
    "one row a figure, of the bank": Layout(text(long(BANK)), BANK, PERSONS),
    "year and month in two columns": Layout(
        text([["年", "月", *down(BANK)[0][1:]], *([*when, *(BANK[m, "", when] for m in MEASURES)] for when in MONTHS)]),
        BANK, PERSONS,
    ),
    "a formula's guard before a label": Layout(
        text([[f"'{c}" if str(c).startswith("-") else c for c in row] for row in down(BANK)]), BANK, PERSONS
    ),
}  # fmt: skip
