"""`mobank new`: a scenario to start from, which passes the check and explains every field of a lever."""

import json
import shutil
from pathlib import Path

import pytest

from mobank.model.mobile_banking import MODEL
from mobank.scenario.keys.changes import LeverKeys
from mobank.scenario.reader import load
from mobank.scenario.schema import schema
from mobank.scenario.template import HEADER, file_name, template

ROOT = Path(__file__).parents[3]
SHIPPED = ("scenarios/baseline.yaml", "calibration/banks/icbc_mobile.yaml")
BANK = ROOT / "tests/data/broken/parents/bank.yaml"
QUESTION = "What if: seniors #come 'back'?"


@pytest.fixture(autouse=True)
def bank(mobank):
    """Put the baseline into the folder where the command runs."""
    for file in SHIPPED:
        Path(file).parent.mkdir(parents=True)
        shutil.copy(ROOT / file, file)


def refused(told):
    return 2, "", f"{told}\n1 problem; nothing was run.\n"


@pytest.mark.parametrize(
    ("question", "name"),
    [
        (QUESTION, "what_if_seniors_come_back.yaml"),
        ("长者版更好用，月活会多多少？", "长者版更好用_月活会多多少.yaml"),
        ("?", "scenario.yaml"),
        ("off", "off.yaml"),
        ("../../etc/passwd", "etc_passwd.yaml"),
        ("x " * 100, "x_x_x_x_x_x_x_x_x_x_x_x_x_x_x_x_x_x_x_x.yaml"),
    ],
)
def test_a_question_becomes_a_scenario_that_passes_the_check_and_is_named_by_it(mobank, question, name):
    path = f"scenarios/{name}"
    assert mobank("new", question) == (0, f"{path}\nnext: mobank check {path}\n", "")
    assert mobank("check", path) == (0, "1 file checked: no problems.\n", "")
    scenario = load(Path(path), MODEL)
    assert scenario.question == scenario.question_zh == " ".join(question.split())
    assert [lever.name for lever in scenario.levers] == ["my_lever", "my_event"]
    assert scenario.levers[0].begins.first > scenario.start


def test_it_opens_with_the_question_in_both_languages_and_the_line_that_editors_read(mobank):
    mobank("new", QUESTION, "--out", "mine.yaml", "--extends", "scenarios/baseline.yaml")
    lines = Path("mine.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[:3] == [f"# 问题：{QUESTION}", f"# Question: {QUESTION}", f"{HEADER}scenario.schema.json"]
    assert lines[4].startswith("extends: scenarios/baseline.yaml")
    assert json.loads(Path("scenario.schema.json").read_text(encoding="utf-8")) == schema(MODEL)


def test_every_field_of_a_lever_is_there_and_explained_in_both_languages(baseline):
    lines = [line.strip() for line in template(QUESTION, "baseline.yaml", baseline).splitlines()]
    lever = lines[lines.index("levers:") : lines.index("events:")]
    for key in LeverKeys.keys:
        (at,) = [i for i, line in enumerate(lever) if line.removeprefix("# ").startswith(f"{key.name}: ")]
        assert lever[at - 2 : at] == [f"# {key.zh}", f"# {key.en}"]


def test_a_file_that_exists_is_left_alone(mobank):
    Path("mine.yaml").write_text("question: mine\n", encoding="utf-8")
    told = "--out: 'mine.yaml' exists already; name another file"
    assert mobank("new", QUESTION, "--out", "mine.yaml") == refused(told)
    assert Path("mine.yaml").read_text(encoding="utf-8") == "question: mine\n"
    assert not Path("scenario.schema.json").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([" "], "QUESTION: '' is not a question; write what you want to know"),
        (["a\0b"], r"QUESTION: 'a\x00b' is not a question; write what you want to know"),
        (["q", "--out", "mine.txt"], "--out: 'mine.txt' must end with .yaml"),
        (["q", "--out", "no/q.yaml"], "--out: 'no/q.yaml' cannot be written (No such file or directory)"),
        (
            ["q", "--extends", "scenarios/base.yaml"],
            "'scenarios/base.yaml' is neither a file nor the name of a scenario; did you mean 'baseline.yaml'?",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(mobank, words, told):
    assert mobank("new", *words) == refused(told)
    assert {str(path) for path in Path().rglob("*.*")} == set(SHIPPED)


def test_another_parent_gives_its_own_months_bands_and_free_names(mobank, tmp_path):
    parent = tmp_path / "short.yaml"
    parent.write_text(
        f"extends: {BANK}\nuntil: 2023-03\nsegments: off\nmixing: off\n"
        "levers:\n  fee_waiver: off\n"
        "  my_lever: {parameter: drop_rate, multiply: 0.9, from: 2023-01, reason: r, evidence: test}\n",
        encoding="utf-8",
    )
    assert mobank("new", "q", "--extends", "short.yaml", "--out", "scenarios/q.yaml")[0] == 0
    scenario = load(Path("scenarios/q.yaml"), MODEL)
    assert [lever.name for lever in scenario.levers] == ["my_lever", "my_lever_2", "my_event"]
    assert str(scenario.levers[1].begins.first) == "2023-03"
    assert scenario.levers[1].touches == ()


def test_a_long_question_has_a_short_name():
    assert file_name("word " * 30) == "word_word_word_word_word_word_word_word.yaml"
