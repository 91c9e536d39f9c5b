"""The workbook of a run, read back with openpyxl: what is a number is a number, and every assumption is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from mobank.base.errors import InputError
from mobank.base.quantities import Month
from mobank.ensemble.plan import Plan
from mobank.ensemble.summary import QUANTILES
from mobank.model.mobile_banking import MODEL
from mobank.report.assumptions import assumptions
from mobank.report.compare import folder as compare_folder
from mobank.report.compare.comparison import ComparisonSettings, sides
from mobank.report.excel import export
from mobank.report.render import workbook
from mobank.report.render.workbook import Marked, Number, Sheet, write
from mobank.report.run import folder, record
from mobank.scenario.reader import load

pytestmark = pytest.mark.slow  # whole runs, some through the command

ROOT = Path(__file__).parents[3]
BANK = ROOT / "tests/data/broken/parents/bank.yaml"
QUESTION = '=HYPERLINK("http://example.com", "click")'
OWN = f"""extends: {BANK}
question: '{QUESTION}'
season: {{lapse_rate: {{by_month: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.2], reason: "=1+1"}}}}
levers:
  app: {{parameter: lapse_rate, multiply: {{low: -10%, high: -2%}}, from: 2023-06,
         cost: {{once: 1亿元, a_month: 100万元}}, evidence: test, reason: "@risky"}}
asks:
  more: {{measure: mau, at_least: 180万, by: 2024-12}}
  race: {{reaches_first: {{measure: mau, at_least: 180万}}, before: {{measure: registered, at_least: 560万}},
         by: 2025-06}}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("excel")
    (place / "own.yaml").write_text(OWN, encoding="utf-8")
    return folder.make(Plan(MODEL, load(place / "own.yaml", MODEL), 30, 5), place / "own", "en", "mobank run")


@pytest.fixture(scope="module")
def book(run, tmp_path_factory):
    path = export(run.folder, tmp_path_factory.mktemp("book") / "own.xlsx", MODEL, None)
    return openpyxl.load_workbook(path)


def rows(sheet):
    head, *below = sheet.iter_rows()
    return [dict(zip([cell.value for cell in head], row, strict=True)) for row in below]


def test_the_sheets_have_names_in_the_language_of_the_run_or_that_asked_for(run, book, tmp_path):
    assert book.sheetnames == ["assumptions", "quantiles", "asks", "data", "identity"]
    chinese = openpyxl.load_workbook(export(run.folder, tmp_path / "zh.xlsx", MODEL, "zh"))
    assert chinese.sheetnames == ["假设", "分位数", "提问", "数据", "运行身份"]
    for sheet in chinese:
        assert all(any("一" <= c <= "鿿" for c in cell.value) or "%" in cell.value for cell in sheet[1]), sheet.title


def test_heads_are_frozen_and_filtered_and_columns_are_as_wide_as_they_need(book):
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref.startswith("A1:")
        widths = [sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]]
        assert all(workbook.NARROWEST <= width <= workbook.WIDEST + 1 for width in widths)


def test_quantiles_are_those_of_the_summary_as_numbers_dates_and_percents(run, book):
    summary = pd.read_csv(run.folder / "summary.csv", encoding="utf-8-sig")
    found = rows(book["quantiles"])
    assert len(found) == len(summary)
    formats = {"mau": "#,##0", "stickiness": "0.0%", "quick_ratio": "0.000", "spend": "#,##0"}
    for row, (_, told) in zip(found, summary.iterrows(), strict=True):
        assert row["measure"].value == told["measure"]
        assert row["month"].is_date
        assert row["month"].value.strftime("%Y-%m") == told["month"]
        assert (row["month"].value + pd.Timedelta(days=1)).day == 1
        quantiles = {f"{100 * share:g} %": f"p{100 * share:g}" for share in QUANTILES}
        for name, column in {"mean": "mean", "± Monte Carlo": "mean_mc_error", **quantiles}.items():
            assert row[name].data_type == "n"
            assert row[name].value == pytest.approx(told[column], rel=1e-12)
        assert row["50 %"].number_format == formats.get(told["measure"], row["50 %"].number_format)


def test_every_number_of_the_scenario_is_there_with_its_unit_and_where_it_comes_from(run, book):
    found = rows(book["assumptions"])
    scenario = record.plan_of(run, MODEL).scenario
    by_group = {group: [r for r in found if r["group"].value == group] for group in {r["group"].value for r in found}}
    assert {r["name"].value for r in by_group["parameters"]} == set(scenario.written)
    bands = len(scenario.bands) + sum(len(b.factors) + len(b.values) for b in scenario.bands)
    assert len(by_group["segments"]) == bands
    assert len(by_group["season"]) == 12
    assert len(by_group["levers"]) == sum(1 + bool(v.cost.once) + bool(v.cost.a_month) for v in scenario.levers)
    for row in found:
        assert row["source"].value or row["reason"].value, row["name"].value
        assert row["unit"].value
        if row["median"].value != "unlimited":
            assert row["5 %"].value <= row["median"].value <= row["95 %"].value
    (reach,) = [r for r in found if r["name"].value == "reach_share"]
    assert (reach["5 %"].value, reach["95 %"].value) == (pytest.approx(0.82), pytest.approx(0.97))
    assert reach["median"].number_format == "0.0%"
    assert [r["median"].value for r in by_group["levers"] if r["name"].value == "app"][1:] == [1e8, 1e6]
    resolved = (run.folder / "scenario.resolved.yaml").read_text(encoding="utf-8").splitlines()
    assert "reach_share" in resolved[reach["line of the scenario"].value - 1]


def test_the_numbers_of_a_network_are_assumptions_too():
    path = ROOT / "scenarios/networks/county_communities.yaml"
    scenario = load(path, MODEL)
    found = {(each.group, each.what): each for each in assumptions(scenario, MODEL, "en") if each.group == "network"}
    contacts = found["network", "contacts of a person, on average"]
    assert contacts.middle == scenario.network.contacts
    assert all(each.whence.reason or each.whence.source for each in found.values())


def test_what_is_assumed_of_print_is_there_with_its_reason(run, book):
    found = [row for row in rows(book["assumptions"]) if row["group"].value == "in print"]
    redefined = [row for row in found if row["name"].value == "redefinitions"]
    assert [row["median"].value for row in redefined[1:]] == [50, 0.5, 0.08, 0.06, 0.5, 0.35, 0.2, 0.8]
    assert (redefined[0]["as written"].value, redefined[0]["unit"].value) == ("7%", "per year")
    assert redefined[0]["5 %"].value < 0.07 < redefined[0]["95 %"].value
    assert len(found) - len(redefined) == 5
    labels = {row["measure"].value: row["meaning"].value for row in rows(book["quantiles"])}
    assert labels["mau_printed"] == "monthly active users, as printed"


def test_asks_hold_chances_as_percents_and_months_as_dates(run, book):
    told = pd.read_csv(run.folder / "asks.csv", encoding="utf-8-sig")
    more, race = rows(book["asks"])
    assert more["chance"].value == pytest.approx(told["chance"][0])
    assert more["chance"].number_format == "0.0%"
    assert more["month"].value == datetime(2024, 12, 31)
    assert more["50 % by"].is_date or more["50 % by"].value == "never"
    assert race["the other first"].value == pytest.approx(told["rival_first"][1])
    assert not race["50 % by"].value


def test_the_data_stand_with_their_source_and_what_is_not_verified_is_marked(run, book):
    found = rows(book["data"])
    scenario = record.plan_of(run, MODEL).scenario
    assert [r["as reported"].value for r in found] == [f.text for f in scenario.reported]
    for row, figure in zip(found, scenario.reported, strict=True):
        assert (row["from"].value, row["to below"].value) == (figure.interval.low, figure.interval.high)
        assert row["measure"].value == figure.of
        assert row["source"].value
        assert bool(row["evidence"].font.b) == (figure.provenance.evidence == "unverified")
    assert {r["the start rests on it"].value for r in found} >= {"yes"}


def test_the_identity_is_what_the_record_says(run, book):
    told = {r["what"].value: r["value"].value for r in rows(book["identity"])}
    known = run.record["identity"]
    assert told["identity.seed"] == 5
    assert told["identity.draws"] == 30
    assert told["identity.resolved"] == known["resolved"]
    assert told["identity.versions.numpy"] == known["versions"]["numpy"]


def test_no_text_becomes_a_formula_or_a_link(book):
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n", "d"}
    assert not any(sheet._hyperlinks for sheet in book)
    texts = {cell.value for cell in cells if cell.data_type == "s"}
    assert {f"'{QUESTION}", "'=1+1", "'@risky"} <= texts


def test_equal_runs_give_equal_bytes_and_a_second_export_changes_nothing(run, tmp_path):
    one = export(run.folder, tmp_path / "one.xlsx", MODEL, "en")
    content = one.read_bytes()
    two = export(run.folder, tmp_path / "two.xlsx", MODEL, "en")
    assert two.read_bytes() == content
    assert export(run.folder, one, MODEL, "en") == one
    assert one.read_bytes() == content
    with zipfile.ZipFile(one) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_odd_cells(tmp_path):
    cells = [Number(float("nan")), Number(float("inf"), "whole"), None, Month.of(2024, 2), Marked("x"), "é" * 40_000]
    write([Sheet("odd", list("abcdef"), [cells])], tmp_path / "odd.xlsx", "odd")
    read = next(openpyxl.load_workbook(tmp_path / "odd.xlsx")["odd"].iter_rows(min_row=2, values_only=True))
    assert read == (None, "unlimited", None, datetime(2024, 2, 29), "x", "é" * 32_767)


# ------------ a comparison


@pytest.fixture(scope="module")
def comparison(run):
    place = run.folder.parent
    (place / "other.yaml").write_text("extends: own.yaml\nlevers: {app: off}\n", encoding="utf-8")
    found = sides([run.folder, place / "other.yaml"], MODEL, ComparisonSettings())
    weights = {"own": 0.25, "other": 0.75}
    compare_folder.make(found, place / "compare", "en", "mobank compare", weights=weights)
    return place / "compare"


def test_the_workbook_of_a_comparison_has_what_differs_and_by_how_much_too(comparison, tmp_path):
    book = openpyxl.load_workbook(export(comparison, tmp_path / "both.xlsx", MODEL, None))
    assert book.sheetnames == ["what differs", "differences", "assumptions", "quantiles", "asks", "data", "identity"]
    (told,) = rows(book["what differs"])
    assert told["against the first"].value.startswith("without lever app: lapse_rate × 0.9 to 0.98")
    differences = pd.read_csv(comparison / "differences.csv", encoding="utf-8-sig")
    found = rows(book["differences"])
    columns = {
        "mean": "mean", "± Monte Carlo": "mean_mc_error", "5 %": "p5", "median": "p50", "95 %": "p95",
        "runs above": "share_above", "extra spend, yuan": "extra_spend_yuan",
        "extra MAU per yuan": "extra_mau_per_yuan", "± per yuan": "extra_mau_per_yuan_mc_error",
    }  # fmt: skip
    for head, column in columns.items():
        shown = [float("nan") if r[head].value is None else r[head].value for r in found]
        assert shown == pytest.approx(list(differences[column]), rel=1e-12, nan_ok=True), head
    for head in ("scenario", "reference", "measure"):
        assert [r[head].value for r in found] == list(differences[head])
    assert [f"{r['month'].value:%Y-%m}" for r in found] == list(differences["month"])
    assert all(r["month"].is_date and r["runs above"].number_format == "0.0%" for r in found)
    for sheet in ("assumptions", "quantiles", "data"):
        assert {r["scenario"].value for r in rows(book[sheet])} == {"own", "other"}
    asks = rows(book["asks"])
    assert [r["scenario"].value for r in asks] == ["own", "other", "weighted"] * 2
    assert asks[2]["chance"].value == pytest.approx(0.25 * asks[0]["chance"].value + 0.75 * asks[1]["chance"].value)
    assert asks[2]["50 % by"].value is None or asks[2]["50 % by"].value == ""
    answers = pd.read_csv(comparison / "asks.csv", encoding="utf-8-sig")
    columns = {
        "chance": "chance", "± Monte Carlo": "mc_error", "95 % interval from": "wilson_low",
        "95 % interval to": "wilson_high", "never": "never", "the other first": "rival_first",
        "both in one month": "together", "difference": "difference", "± difference": "difference_mc_error",
        "weight": "weight",
    }  # fmt: skip
    for head, column in columns.items():
        shown = [float("nan") if r[head].value is None else r[head].value for r in asks]
        assert shown == pytest.approx(list(answers[column]), rel=1e-12, nan_ok=True), head


def test_the_workbook_of_a_comparison_is_in_the_language_asked_for(comparison, tmp_path):
    book = openpyxl.load_workbook(export(comparison, tmp_path / "zh.xlsx", MODEL, "zh"))
    (told,) = rows(book["差别"])
    assert told["与第一个情景相比"].value.startswith("取消举措 app")


def test_a_comparison_that_was_changed_is_refused(comparison, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(comparison, "both")
    Path("both/1-own.resolved.yaml").unlink()
    told = "1-own.resolved.yaml in 'both' changed or gone since the run; compare its scenarios again"
    assert refusal(Path("both"), None, MODEL, None) == message(told)


# ------------ what is refused


def refusal(*given):
    with pytest.raises(InputError) as error:
        export(*given)
    return str(error.value)


def message(line):
    return f"{line}\n1 problem; nothing was run."


def test_a_folder_without_a_run_a_wrong_suffix_and_a_place_that_is_none_are_refused(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.xlsx").mkdir()
    for given, told in [
        ((Path("empty"), None), "'empty' is not the folder of a finished run"),
        ((run.folder, Path("own.xls")), "'own.xls' must end with .xlsx; did you mean 'own.xlsx'?"),
        ((run.folder, Path("folder.xlsx")), "'folder.xlsx' is a folder; name a file"),
        ((run.folder, Path("no/own.xlsx")), "'no' is not a folder; make it, or name another"),
    ]:
        assert refusal(*given, MODEL, None) == message(told)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "folder.xlsx"]


def test_another_file_is_never_overwritten(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.xlsx").write_text("mine")
    told = "'mine.xlsx' exists already; name another file, or overwrite it: --force"
    assert refusal(run.folder, Path("mine.xlsx"), MODEL, None) == message(told)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("mine.xlsx", "mine")]


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs a place that nobody can write to")
def test_a_place_that_cannot_be_written_is_told(run):
    told = refusal(run.folder, Path("/proc/own.xlsx"), MODEL, None)
    assert told.startswith("'/proc/own.xlsx' cannot be written (")
    assert told.endswith(")\n1 problem; nothing was run.")


def test_a_run_that_was_changed_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run.folder, "own")
    with Path("own/summary.csv").open("a") as file:
        file.write("mine")
    Path("own/asks.csv").unlink()
    told = (
        "asks.csv, summary.csv in 'own' changed or gone since the run; "
        "run it again: mobank run own/scenario.resolved.yaml --draws 30 --seed 5 --fidelity cohort"
    )
    assert refusal(Path("own"), None, MODEL, None) == message(told)
    assert not Path("own.xlsx").exists()


def test_without_xlsxwriter_one_line_says_how_to_install_it(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    told = f"XlsxWriter is not installed; install it: {sys.executable} -m pip install XlsxWriter"
    assert refusal(run.folder, tmp_path / "own.xlsx", MODEL, None) == message(told)


def test_the_command_writes_beside_the_run_and_asks_for_a_format(run):
    def mobank(*words):
        return subprocess.run(
            [sys.executable, "-m", "mobank", "export", *words],
            capture_output=True,
            encoding="utf-8",
            check=False,
            cwd=run.folder.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT / "sim")},
        )

    done = mobank("own", "--xlsx")
    assert (done.returncode, done.stdout, done.stderr) == (0, "own.xlsx\n", "")
    assert openpyxl.load_workbook(run.folder.parent / "own.xlsx").sheetnames[0] == "assumptions"
    wrong = mobank("own")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == message("export: a format is missing; write --xlsx") + "\n"
