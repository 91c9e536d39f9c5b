"""Odd texts from a file to everything that is made of it: the commands in process, with tiny scenarios."""

import csv
import html
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from mobank.base.cells import ENCODING, FORMULA, cell_of, read_table
from mobank.calibration.rounds import scoreboard
from tests.faults.counts import TIMES
from tests.faults.odd_texts import bare, file_names, odd_texts

ROOT = Path(__file__).resolve().parents[2]
FEW = ("--draws", "20", "--lang", "en")
TINY = "extends: baseline.yaml\nquestion: Tiny?\nuntil: 2023-03\nasks: off\n"
MEMBERS = 6
TEXTS = iter([*odd_texts(400)[::3]])
NAMES = ["v2[final]", "a**b", "=1+1", "-x", "a=b,c", "$5 & <b>", *file_names(200)[150:170]]
QUESTIONS = [
    "Is $5 m for seniors better than $10 m for all users?",
    "is $\\badcommand$ fine",
    "What [/b]?",
    "Does [mau] or [registered] grow :warning: by 5 [percent]? \\",
    '=HYPERLINK("http://example.com", "click")',
    "</title><script>alert(1)</script> {{ 7 * 7 }} 万户，🙂?",
]


def scenario(name: str, question: str, reason: str, source: str) -> dict[str, str]:
    """Write a small scenario with such texts, and return them."""
    said = {"name": name, "question": question, "chinese": f"{question}？", "reason": reason, "source": source}
    quoted = {key: json.dumps(text, ensure_ascii=False) for key, text in said.items()}
    lever = f"parameter: revive_rate, multiply: +20%, from: 2023-02, source: {quoted['source']}, evidence: test"
    Path("scenarios", f"{name}.yaml").write_text(
        f"extends: tiny.yaml\nquestion: {{en: {quoted['question']}, zh: {quoted['chinese']}}}\n"
        "asks:\n  more: {measure: mau, at_least: 1.75亿, by: 2023-02}\n"
        f"levers:\n  one: {{{lever}, reason: {quoted['reason']}}}\n",
        encoding="utf-8",
    )
    return said


@pytest.fixture
def drawing(mobank, tmp_path):
    """Return the command in a workspace of its own; it returns what was shown."""
    for name in ("scenarios", "calibration"):
        shutil.copytree(ROOT / name, tmp_path / name)
    Path("scenarios/tiny.yaml").write_text(TINY, encoding="utf-8")

    def run(*words: str) -> str:
        code, said, errors = mobank(*words)
        assert code == 0, errors
        assert "Warning" not in errors
        return said

    return run


@pytest.fixture
def planner(drawing, monkeypatch):
    """Return the same, with no picture drawn."""
    monkeypatch.setattr("mobank.report.run.pictures.draw_all", lambda *_: None)
    monkeypatch.setattr("mobank.report.compare.charts.draw_all", lambda *_: None)
    return drawing


def made(kind: str) -> Path:
    """Return the newest folder of results whose name begins like that."""
    found = [path for path in Path("outputs").iterdir() if path.name.startswith(kind) and path.is_dir()]
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def texts_of(workbook: Path) -> set[object]:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(workbook)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not any(isinstance(cell.value, str) and cell.value[:1] in tuple(FORMULA) for cell in cells)
    return {cell.value for cell in cells}


def members() -> list[Mapping[str, str]]:
    return [
        scenario(name, question, next(TEXTS), next(TEXTS)) for name, question in zip(NAMES, QUESTIONS, strict=False)
    ]


def test_any_text_goes_through_run_compare_export_and_results(planner):
    found, commands = members(), 0
    for said in found:
        file = f"scenarios/{said['name']}.yaml"
        for _ in range(2):  # computed, then read back
            shown = planner("run", file, *FEW)
            assert bare(said["question"]) in bare(shown)
        run = made(f"{said['name']}-")
        assert f"{run.as_posix()}/" in shown
        page = html.unescape((run / "report.html").read_text(encoding="utf-8"))
        assert all(said[key] in page for key in ("question", "reason", "source", "name"))
        planner("export", run.as_posix(), "--xlsx")
        assert {cell_of(said["reason"]), cell_of(said["source"])} <= texts_of(run.with_name(f"{run.name}.xlsx"))

        shown = planner("compare", "scenarios/tiny.yaml", file, *FEW)
        assert f"{said['name']}, against tiny" in shown
        compared = made("compare-")
        assert {row["scenario"] for row in read_table(compared / "differences.csv")} == {said["name"]}
        assert {row["scenario"] for row in read_table(compared / "summary.csv")} == {said["name"], "tiny"}
        planner("export", compared.as_posix(), "--xlsx")
        assert cell_of(said["name"]) in texts_of(compared.with_name(f"{compared.name}.xlsx"))
        planner("compare", "scenarios/tiny.yaml", file, *FEW, "--weights", f"tiny=40%,{said['name']}=60%")
        planner("resolve", file)
        planner("check", file)
        commands += 8

    names = [said["name"] for said in found]
    listed = json.dumps([f"{name}.yaml" for name in names], ensure_ascii=False)
    Path("scenarios/job.yaml").write_text(
        f"question: {json.dumps(QUESTIONS[3])}\nscenarios: {listed}\ndraws: 20\nfidelity: mean_field\n",
        encoding="utf-8",
    )
    planner("batch", "scenarios/job.yaml", "--workers", "1")
    shown = planner(
        "results", "outputs/job" if Path("outputs/job").exists() else made("job").as_posix(), "--lang", "en"
    )
    assert bare(QUESTIONS[3]) in bare(shown)
    assert all(bare(name) in bare(shown) for name in names)
    job = made("job").as_posix()
    planner("results", job, "--csv", "tables", "--xlsx", "job.xlsx", "--report", "job.html")
    assert {row["scenario"] for row in read_table(Path("tables/answers.csv"))} == set(names)
    assert {cell_of(name) for name in names} <= texts_of(Path("job.xlsx"))
    page = html.unescape(Path("job.html").read_text(encoding="utf-8"))
    assert all(text in page for text in (QUESTIONS[3], *names))
    for name in names:
        shown = planner("results", job, "--where", f"scenario={name}", "--lang", "en")
        assert bare(name) in bare(shown)
        assert not any(bare(other) in bare(shown) for other in names if other not in (name, "-x", "=1+1"))
    print(f"end to end: {commands + 3 + len(names)} commands")
    assert commands + 3 + len(names) >= 20


def test_new_writes_any_question_and_reads_it_back(planner):
    from mobank.model.mobile_banking import MODEL
    from mobank.scenario.reader import load

    tried = 0
    for number, text in enumerate(odd_texts(60 * TIMES)[::3]):
        planner("new", f"Is it {text}", "--out", f"scenarios/q{number}.yaml", "--extends", "tiny")
        loaded = load(Path(f"scenarios/q{number}.yaml"), MODEL)
        assert loaded.question == " ".join(f"Is it {text}".split())
        tried += 1
    print(f"new: {tried} questions")
    assert tried >= 20


def test_f8_a_backtest_writes_no_formula_and_shows_every_entity(planner):
    """The entity of a file of series, as a spreadsheet would have it, comes through the tables and the terminal."""
    lines = (ROOT / "calibration/backtest/figures.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)
    rows = list(csv.reader(line for line in lines if line.startswith(("ABC", "CCB"))))
    names = {"ABC": "=1+1", "CCB": "[/b] @x"}
    with Path("d.csv").open("w", encoding=ENCODING, newline="") as file:
        csv.writer(file).writerows([lines[0].strip().split(","), *([names[row[0]], *row[1:]] for row in rows)])
    planner("backtest", "--data", "d.csv", "--draws", "100", "--workers", "1", "--lang", "en")
    folder = made("backtest-")
    for name in ("forecasts.csv", "pit.csv", "left_out.csv"):
        with (folder / name).open(encoding=ENCODING, newline="") as file:
            assert not any(cell[:1] in tuple("=+@\t\r") for row in csv.reader(file) for cell in row)
    assert {row["entity"] for row in read_table(folder / "forecasts.csv")} <= set(names.values())
    assert "=1+1" in {row["entity"] for row in read_table(folder / "forecasts.csv")}


def test_a_desk_study_shows_its_texts(drawing):
    text = (ROOT / "scenarios/desks/remote_service.yaml").read_text(encoding="utf-8")
    name, question, reason = "=1+1 [b]", "What [/b] of $5 and $6 :smiley:?", "@risky [x] <b> {0}"
    question_line = next(line for line in text.splitlines() if line.startswith("  en: "))
    text = text.replace(question_line, f"  en: {json.dumps(question)}")
    text = re.sub('(?<=handling_minutes: {value: 9, reason: )"[^"]*"', json.dumps(reason), text)
    Path("scenarios/desks", f"{name}.yaml").write_text(text, encoding="utf-8")
    shown = drawing("desk", f"scenarios/desks/{name}.yaml", "--days", "1", "--lang", "en")
    assert bare(question) in bare(shown)
    folder = made(f"desk-{name}-")
    assert f"{folder.as_posix()}/" in shown
    assert reason in (folder / "desk.resolved.yaml").read_text(encoding="utf-8")
    assert all(float(row["staff"]) > 0 for row in read_table(folder / "staffing.csv"))


def test_an_update_keeps_the_source_of_a_figure_as_it_is_written(planner):
    name, source = "=far [b]", "=1+1 [/b] $x$ <b> :smiley:"
    mau, level = (f"source: {json.dumps(text)}, evidence: article" for text in (source, f"@{source}"))
    Path("calibration/banks", f"{name}.yaml").write_text(
        "extends: icbc_mobile\nreported:\n"
        f"  mau: {{2023-12: {{figure: 超1.80亿户, definition: mobile_side, {mau}}}}}\n"
        f"  registered: {{2023-12: {{figure: 5.45亿户, definition: mobile_bank_customers, {level}}}}}\n",
        encoding="utf-8",
    )
    shown = planner("calibrate", f"calibration/banks/{name}.yaml", "--update", "icbc_mobile")
    assert name in shown
    board = Path("rounds/scoreboard.csv")
    assert {entry.source for entry in scoreboard.read(board)} == {source, f"@{source}"}
    with board.open(encoding=ENCODING, newline="") as file:
        assert not any(cell[:1] in tuple("=+@") for row in csv.reader(file) for cell in row)


def test_f17_scenarios_whose_names_differ_in_brackets_are_told_apart(planner):
    scenario("v2", "Two?", "because", "a source")
    scenario("v2[final]", "Two, final?", "because of it", "a source")
    shown = planner("compare", "scenarios/tiny.yaml", "scenarios/v2.yaml", "scenarios/v2[final].yaml", *FEW)
    assert "v2, against tiny" in shown
    assert "v2[final], against tiny" in shown


def test_f28_a_run_is_exported_from_within_its_folder(planner, monkeypatch):
    planner("run", "scenarios/tiny.yaml", *FEW, "--no-shares")
    run = made("tiny-").resolve()
    monkeypatch.chdir(run)
    assert planner("export", ".", "--xlsx").strip() == f"{run}.xlsx"
    assert Path(f"{run}.xlsx").is_file()


def test_f11_and_f12_charts_are_drawn_whatever_the_question(drawing):
    scenario("_$a$", "is $\\badcommand$ or $5 _fine_ 🙂?", "because", "a source")
    drawing("run", "scenarios/_$a$.yaml", *FEW)
    assert {"mau.svg", "growth.png"} <= {path.name for path in made("_$a$-").iterdir()}
    drawing("compare", "scenarios/_$a$.yaml", "scenarios/tiny.yaml", *FEW)
    assert "mau-difference.svg" in {path.name for path in made("compare-").iterdir()}


def test_g8_what_to_install_is_said_whole(planner, monkeypatch):
    """Square brackets of ours are no markup either."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    lines = (ROOT / "calibration/backtest/figures.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)
    Path("d.csv").write_text("".join(line for line in lines if line.startswith(("entity", "ABC"))), encoding="utf-8")
    shown = planner("backtest", "--data", "d.csv", "--draws", "100", "--workers", "1", "--lang", "en")
    assert "AutoETS needs statsforecast: install mobank[backtest]" in shown
    assert "reported_figures.csv" not in planner("backtest", "--help")
