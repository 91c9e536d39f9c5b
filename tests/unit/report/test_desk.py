"""A desk study from its file to a table and a chart, and as the source of a scenario's capacity."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from mobank.base.errors import InputError
from mobank.base.streams import Streams
from mobank.desk.day import play
from mobank.desk.erlang import needed_by, set_ups_a_month, steady_of
from mobank.model.mobile_banking import MODEL
from mobank.report.desk import answer as report
from mobank.report.desk.charts import trade_off
from mobank.report.render.fonts import chinese_font
from mobank.scenario.desk_study import capacity_of, load_study, told_of
from mobank.scenario.keys.desk import StudyKeys
from mobank.scenario.reader import load as load_scenario
from mobank.scenario.schema import schema
from mobank.scenario.tree import dump
from mobank.scenario.yaml_files import load

ROOT = Path(__file__).parents[3]
BROKEN = Path("tests/data/broken/desks")
WHOLE = ROOT / BROKEN / "whole.yaml"
SHIPPED = sorted((ROOT / "scenarios/desks").glob("*.yaml"))
REFUSED = sorted(path.relative_to(ROOT) for path in (ROOT / BROKEN).glob("*.yaml") if path != WHOLE)


@pytest.fixture(scope="module")
def study():
    return load_study(WHOLE)


# ------------ the file


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_a_broken_study_is_refused_with_the_message_beside_it(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError) as refusal:
        load_study(path)
    assert f"{refusal.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_study_asks_in_two_languages_and_says_whence_each_number_is(path):
    study = load_study(path)
    assert study.question != study.question_zh
    assert all(len(value.provenance.source or value.provenance.reason) > 15 for value in study.numbers.values())
    assert all(value.provenance.evidence for value in study.numbers.values())


@pytest.mark.parametrize("path", [*SHIPPED, WHOLE], ids=lambda path: path.stem)
def test_the_schema_takes_every_right_study(path):
    tree = load(path)
    plain = {name: as_plain(entry.node) for name, entry in tree.entries.items()}
    assert list(Draft202012Validator(schema(MODEL, StudyKeys)).iter_errors(plain)) == []
    assert list(Draft202012Validator(schema(MODEL, StudyKeys)).iter_errors(plain | {"staf": 3})) != []


def as_plain(node):
    entries = getattr(node, "entries", None)
    return {name: as_plain(entry.node) for name, entry in entries.items()} if entries else node.text


def test_the_schema_names_and_explains_every_number_and_the_command_prints_it(mobank):
    properties = schema(MODEL, StudyKeys)["properties"]
    assert list(properties) == StudyKeys.names()
    assert properties["staff"]["description"] == (
        "每时在岗坐席数。1 至 100,000\nStaff at the desk at any open hour. 1 to 100,000"
    )
    assert json.loads(mobank("schema", "--desk")[1]) == schema(MODEL, StudyKeys)


def test_patience_may_be_unlimited(tmp_path):
    (tmp_path / "patient.yaml").write_text(
        f"extends: {WHOLE}\npatience_minutes: {{value: unlimited, reason: nobody leaves}}\nstaff: {{value: 11}}\n",
        encoding="utf-8",
    )
    study = load_study(tmp_path / "patient.yaml")
    assert math.isinf(study.number("patience_minutes"))
    assert steady_of(study).gives_up == 0.0
    assert "patience ∞ minutes" in told_of(study, "en")


# ------------ the answer


def test_set_ups_a_month_are_contacts_answered_times_those_that_end_well(study):
    assert capacity_of(study) == round(500 * 22 * steady_of(study).answered * 0.8)
    assert 7_000 < capacity_of(study) < 8_000
    assert steady_of(study, needed_by(study)).within >= 0.8 > steady_of(study, needed_by(study) - 1).within


def test_days_played_are_paired_between_numbers_of_staff_and_agree_with_the_long_run(study):
    few, many = (play(study, staff, 12, Streams(3)) for staff in (9, 12))
    assert few.offered.tolist() == many.offered.tolist()
    assert (few.within <= many.within).all()
    assert few.within.mean() < many.within.mean()
    for days in (few, many):
        steady = steady_of(study, days.staff)
        error = days.gives_up.std(ddof=1) / math.sqrt(12)
        assert abs(days.gives_up.mean() - steady.gives_up) < 4 * error + 0.01  # a day begins with an empty desk
        assert days.set_ups.mean() * 22 == pytest.approx(set_ups_a_month(study, steady.answered), rel=0.05)


def test_shares_of_a_day_are_of_its_contacts_however_few(tmp_path):
    """Three contacts a day on average and one on the staff: some days have none, some one, and shares are of these."""
    text = f"extends: {WHOLE}\noffered_a_day: {{value: 3, reason: made up}}\n"
    (tmp_path / "few.yaml").write_text(text, encoding="utf-8")
    days = play(load_study(tmp_path / "few.yaml"), 1, 60, Streams(3))
    assert {0, 1} <= set(days.offered)
    for figures in (days.waits, days.gives_up, days.within):
        counts = figures * days.offered
        np.testing.assert_allclose(counts, np.rint(counts), atol=1e-12)
        assert (figures[days.offered == 0] == 0).all()
    assert (days.within[days.offered == 1] == 1).all(), "who comes alone is answered at once"
    assert days.waits.max() > 0


@pytest.mark.slow
def test_a_study_writes_its_folder_and_says_what_it_takes(mobank):
    code, out, err = mobank("desk", str(WHOLE), "--days", "2", "--lang", "en")
    assert (code, err) == (0, "whole …\n")
    study = load_study(WHOLE)
    assert f"80 % answered in 60 s takes {needed_by(study)} staff; planned are 10." in out
    assert f"desk_capacity of a scenario that names this study: {capacity_of(study):,} a month." in out
    (folder,) = Path("outputs").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        "desk.json",
        "desk.resolved.yaml",
        "staffing.csv",
        "staffing.png",
        "staffing.svg",
    }
    rows = list(csv.DictReader((folder / "staffing.csv").read_text(encoding="utf-8-sig").splitlines()))
    plan = next(row for row in rows if row["staff"] == "10")
    assert float(plan["set_ups_a_month"]) == pytest.approx(capacity_of(study), rel=1e-4)
    assert [row["staff"] for row in rows if row["played_waits"]] == sorted({"10", str(needed_by(study))})
    assert dump(load(folder / "desk.resolved.yaml")) == study.resolved
    record = json.loads((folder / "desk.json").read_text(encoding="utf-8"))
    assert record["needed"] == needed_by(study)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}
    assert mobank("desk", str(WHOLE), "--days", "2", "--lang", "en")[1] == out
    assert before == {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}
    assert list(Path("outputs").iterdir()) == [folder]


def test_it_speaks_chinese(mobank):
    _, out, _ = mobank("desk", str(WHOLE), "--days", "1", "--lang", "zh")
    assert "60 秒内接通 80 % 需要" in out


def test_a_wrong_study_leaves_nothing_behind(mobank):
    path = ROOT / BROKEN / "misspelt.yaml"
    told = f"{path}:2  staf: 'staf' is not a key here; did you mean 'staff'?\n1 problem; nothing was run.\n"
    assert mobank("desk", str(path)) == (2, "", told)
    assert list(Path().iterdir()) == []


def test_what_would_take_hours_is_not_begun_unless_a_person_says_so(mobank, tmp_path):
    path = tmp_path / "huge.yaml"
    path.write_text(f"extends: {WHOLE}\noffered_a_day: {{value: 400万}}\nstaff: {{value: 90000}}\n", encoding="utf-8")
    code, out, err = mobank("desk", str(path), "--days", "200")
    assert (code, out) == (2, "")
    asked = r"--days: 200 days of 4,000,000 calls would take about [\d.]+ (h|days); give --yes to begin it\n"
    assert re.fullmatch(asked + r"1 problem; nothing was run\.\n", err)
    assert [each.name for each in tmp_path.iterdir()] == ["huge.yaml"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_chart_marks_plan_and_need_and_shows_what_was_played(study, lang):
    if lang == "zh" and chinese_font() is None:
        pytest.skip("no Chinese font is installed")
    found = report.answer(study, 2, 1)
    picture = trade_off(study, found.levels, found.played, found.needed, report.title(study), lang)
    texts = [text.get_text() for axes in picture.axes for text in axes.texts]
    for number in (10, found.needed):
        assert sum(str(number) in text for text in texts) == 2
    dots = {round(float(line.get_xdata()[0])) for line in picture.axes[0].lines if line.get_gid() == "played"}
    assert dots == {10, found.needed}
    (target,) = [line for line in picture.axes[0].lines if line.get_gid() == "target"]
    assert set(target.get_ydata()) == {80.0}


# ------------ in a scenario

BANK = ROOT / "tests/data/broken/parents/bank.yaml"


def scenario(tmp_path, text, name="scenario.yaml"):
    path = tmp_path / name
    path.write_text(f"extends: {BANK}\nquestion: What?\n{text}", encoding="utf-8")
    return path


def test_a_capacity_may_come_from_a_study_and_what_the_parent_says_gives_way(tmp_path, study):
    path = scenario(tmp_path, f"parameters:\n  desk_capacity: {{desk: {WHOLE}, reason: our own desk}}\n")
    found = load_scenario(path, MODEL)
    value = found.parameters["desk_capacity"]
    assert value.prior.centre == capacity_of(study)
    assert value.provenance.reason == f"{told_of(study, 'en')}; our own desk"
    assert found.files[-1] == str(WHOLE)


def test_what_was_run_can_be_run_again_without_the_study(tmp_path, study):
    found = load_scenario(scenario(tmp_path, f"parameters:\n  desk_capacity: {{desk: {WHOLE}}}\n"), MODEL)
    (tmp_path / "again.yaml").write_text(found.resolved, encoding="utf-8")
    again = load_scenario(tmp_path / "again.yaml", MODEL)
    assert again.parameters["desk_capacity"].prior == found.parameters["desk_capacity"].prior
    assert again.resolved == found.resolved


def test_a_study_is_looked_for_beside_the_file_that_names_it_and_a_child_may_name_another_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what lies in no workspace may refer to what the working folder holds
    (tmp_path / "desks").mkdir()
    (tmp_path / "desks/own.yaml").write_text(f"extends: {WHOLE}\nstaff: {{value: 5}}\n", encoding="utf-8")
    parent = scenario(tmp_path, "parameters:\n  desk_capacity: {desk: desks/own.yaml}\n", "parent.yaml")
    small = load_scenario(parent, MODEL).parameters["desk_capacity"].prior.centre
    assert small == capacity_of(load_study(tmp_path / "desks/own.yaml"))
    (tmp_path / "below").mkdir()
    child = tmp_path / "below/child.yaml"
    child.write_text("extends: ../parent.yaml\nquestion: What?\n", encoding="utf-8")
    assert load_scenario(child, MODEL).parameters["desk_capacity"].prior.centre == small
    child.write_text("extends: ../parent.yaml\nparameters:\n  desk_capacity: {value: 7万}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'value' stands beside 'desk' .*; write desk: off here"):
        load_scenario(child, MODEL)
    child.write_text(
        "extends: ../parent.yaml\nparameters:\n  desk_capacity: {value: 7万, desk: off}\n", encoding="utf-8"
    )
    assert load_scenario(child, MODEL).parameters["desk_capacity"].prior.centre == 70_000


def test_a_lever_may_set_the_capacity_to_that_of_a_study(tmp_path, study):
    lever = f"{{parameter: desk_capacity, set: {{desk: {WHOLE}}}, from: 2023-07, reason: r, evidence: assumption}}"
    found = load_scenario(scenario(tmp_path, f"levers:\n  staff: {lever}\n"), MODEL)
    (amount,) = [lever.amount for lever in found.levers if lever.name == "staff"]
    assert amount.prior.centre == capacity_of(study)


def test_resolve_shows_the_number_the_study_and_its_file(mobank, tmp_path, study):
    path = scenario(tmp_path, f"parameters:\n  desk_capacity: {{desk: {WHOLE}}}\n")
    code, out, _ = mobank("resolve", str(path))
    assert code == 0
    line = next(line for line in out.splitlines() if f"value: {capacity_of(study):,}" in line)
    assert line.endswith(f"# {WHOLE}")
    assert "desk study whole.yaml: 10 staff" in out


# ------------ its page

PAGE = (ROOT / "docs/desk.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)


def test_the_study_of_the_page_is_understood_and_so_is_its_scenario(tmp_path):
    (tmp_path / "desks").mkdir()
    (tmp_path / "desks/remote_service.yaml").write_text(BLOCKS[0], encoding="utf-8")
    page = load_study(tmp_path / "desks/remote_service.yaml")
    assert steady_of(page).within > 0.5
    found = load_scenario(scenario(tmp_path, BLOCKS[1]), MODEL)
    (event,) = [lever for lever in found.levers if lever.name == "one_remote_desk"]
    assert event.amount.prior.centre == capacity_of(page)


def test_the_long_run_of_the_page_is_that_of_the_shipped_study():
    study = load_study(ROOT / "scenarios/desks/remote_service.yaml")
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if ", long run |" in line]
    assert [int(row[1]) for row in rows] == [study.number("staff"), needed_by(study)]
    for row in rows:
        level = steady_of(study, int(row[1]))
        told = [
            f"{100 * level.within:.1f} %",
            f"{100 * level.gives_up:.1f} %",
            f"{60 * level.mean_wait:.1f} s",
            f"{set_ups_a_month(study, level.answered):,.0f}",
        ]
        assert [cell.strip() for cell in row[2:]] == told
