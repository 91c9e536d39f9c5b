"""What a workbook or a text may hold that must do no harm: bombs, entities, links, macros, formulas, rubbish."""

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from mobank.base.errors import InputError
from mobank.model.mobile_banking import MODEL
from mobank.spreadsheets import zip_guard
from mobank.spreadsheets.commands import look, map_of, read
from mobank.spreadsheets.reader import read_sheets
from tests.unit.spreadsheets.layouts import LAYOUTS

SHEET = "xl/worksheets/sheet1.xml"


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        read_sheets(path)
    return str(refused.value).splitlines()[0]


def rewritten(folder: Path, change, extra=()) -> Path:
    """Return a good workbook with one part changed, and others added."""
    good = LAYOUTS["metrics down, months across"].write(folder)
    path = folder / "changed.xlsx"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = old.read(part)
            new.writestr(part.filename, change(data) if part.filename == SHEET else data)
        for name, data in extra:
            new.writestr(name, data)
    return path


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = rewritten(tmp_path, lambda data: data, [("xl/media/zeros.bin", bytes(80 << 20))])
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: pytest.fail("a part was unpacked"))
    assert refusal(path) == (
        "changed.xlsx  this file unpacks to 80 MiB; at most 64 MiB are read; "
        "copy the figures into a workbook of their own"
    )


def test_a_part_that_unpacks_to_two_hundred_times_its_size_is_refused(tmp_path):
    path = rewritten(tmp_path, lambda data: data, [("xl/media/zeros.bin", bytes(3 << 20))])
    assert "'xl/media/zeros.bin' in it unpacks to" in refusal(path)
    assert "times its size; at most 200; save it again in a spreadsheet program" in refusal(path)


def test_a_part_that_lies_about_its_size_is_refused(tmp_path):
    path = rewritten(tmp_path, lambda data: data)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(SHEET).file_size
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (size // 2).to_bytes(4, "little")))
    assert refusal(path).startswith("changed.xlsx  this file is no workbook, or damaged")


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(tmp_path, declared, encoding):
    def change(data: bytes) -> bytes:
        text = data.decode().removeprefix('<?xml version="1.0"?>')
        return f'<?xml version="1.0" encoding="{encoding}"?>{declared}{text}'.encode(encoding)

    assert refusal(rewritten(tmp_path, change)) == (
        f"changed.xlsx  '{SHEET}' in it declares a document type, as no spreadsheet program writes it"
    )


def test_links_to_other_workbooks_are_not_followed_and_macros_not_run(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n", encoding="utf-8")
    book = Workbook()
    book.active.append(["月份", "注册用户（户）"])
    for month in range(1, 5):
        book.active.append([f"2023-{month:02d}", f"='[secret.csv]Sheet1'!A{month}"])
    path = tmp_path / "linked.xlsm"
    book.save(path)
    sheet = read_sheets(path)[0]
    assert [sheet.at(row, 2).fault for row in range(2, 6)] == ["is a formula without a stored value"] * 4


def test_formulas_are_read_as_they_were_stored_and_refused_where_they_were_not(tmp_path):
    book = Workbook()
    book.active.append(["月份", "注册用户（户）"])
    for month in range(1, 5):
        book.active.append([f"2023-{month:02d}", 5_000_000 + month])
    book.active["B3"] = "=1000*5000"
    path = tmp_path / "figures.xlsx"
    book.save(path)
    map_of(path).write_text(look(path, MODEL, "en").text.replace("TODO", "all"), encoding="utf-8")
    found, _ = read(path, map_of(path), MODEL)
    assert [str(problem) for problem in found.problems] == [
        "figures.xlsx!Sheet!B3  this cell is a formula without a stored value; "
        "open the workbook in a spreadsheet program and save it"
    ]
    assert [each.figure.text for each in found.figures] == ["5000001", "5000003", "5000004"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.xlsx", b"", "a.xlsx  this file is empty"),
        (
            "a.xlsx",
            b"rubbish",
            "a.xlsx  this file is no workbook, or damaged (File is not a zip file); open it in a "
            "spreadsheet program and save it again",
        ),
        (
            "a.xlsx",
            b"\xd0\xcf\x11\xe0rest",
            "a.xlsx  this file is locked by a password, or of an older format; "
            "open it in a spreadsheet program and save it again",
        ),
        (
            "a.csv",
            b"\xff\xff\xff\x00",
            "a.csv:1  byte 0xff is not UTF-8; save it as CSV UTF-8",
        ),
        (
            "a.csv",
            b'month,"mau\n2023-01,1\n',
            "a.csv:1  the cell '\"mau' has a quote that is never closed; "
            "close it where the cell ends, and write a quote within a text twice",
        ),
        ("a.csv", b"\n\n", "a.csv  this file holds no cell with anything in it"),
        (
            "a.pdf",
            b"x",
            "a.pdf  this file is no table that is read; allowed: .xlsx, .xlsm, .csv, .tsv, .txt, .xls, .xlsb, .ods",
        ),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    assert refusal(path) == message


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path):
    assert refusal(tmp_path / "a.xlsx") == "a.xlsx  this file does not exist"
    (tmp_path / "b.csv").mkdir()
    assert refusal(tmp_path / "b.csv") == "b.csv  this file is a folder or a device"


def test_a_table_without_months_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("region,mau\neast,1000\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no table of months that is found"):
        look(path, MODEL, "en")


def test_far_cells_cost_nothing(tmp_path):
    """One formatted cell in the last row and column of a sheet must not make a million empty ones."""
    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "月份", 5
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert len(read_sheets(path)[0].cells) == 2


def test_too_many_parts_and_cells_are_refused(tmp_path, monkeypatch):
    path = LAYOUTS["months down"].write(tmp_path)
    monkeypatch.setattr("mobank.spreadsheets.grid.MOST_CELLS", 20)
    assert refusal(path).startswith("figures.csv  24 cells are more than a table of figures has; at most 20 are read")
    monkeypatch.setattr(zip_guard, "MOST_PARTS", 3)
    assert "parts are too many" in refusal(LAYOUTS["real dates"].write(tmp_path))


def test_a_decimal_comma_is_not_taken_for_thousands(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("month;注册用户（万户）\n2023-01;5200,125\n2023-02;5210,250\n", encoding="utf-8")
    map_of(path).write_text(look(path, MODEL, "en").text.replace("TODO", "all"), encoding="utf-8")
    found, _ = read(path, map_of(path), MODEL)
    assert [problem.place.cell for problem in found.problems] == ["B2", "B3"]
    assert "may be a decimal or thousands set apart" in str(found.problems[0])


def test_the_apostrophe_before_what_looks_like_a_formula_is_taken_off(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("month,'=mau,'plain,'-x\n2023-01,1,2,3\n", encoding="utf-8")
    sheet = read_sheets(path)[0]
    assert [sheet.at(1, column).text for column in range(1, 5)] == ["month", "=mau", "'plain", "-x"]


def test_a_zip_of_other_things_is_refused(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "hello")
    path = tmp_path / "a.xlsx"
    path.write_bytes(stream.getvalue())
    assert refusal(path).startswith("a.xlsx  this file cannot be read as a workbook (")
