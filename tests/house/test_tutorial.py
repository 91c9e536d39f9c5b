"""The tutorial: five commands that run, output that is what comes out, and claims that the numbers bear out."""

import csv
from pathlib import Path

import pytest

from tests.house.refresh_docs import MOBANK, PAGES, ROOT, Step, alike, files, missing, parts, refreshed, run, steps

pytestmark = pytest.mark.slow  # whole runs, some through the command

TUTORIAL = ROOT / "docs" / "tutorial.md"
CHINESE = ROOT / "docs" / "tutorial.zh.md"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tutorial")


@pytest.fixture(scope="module")
def done(place: Path) -> list[Step]:
    return run(TUTORIAL, place)


def test_the_question_is_answered_in_five_commands_from_the_makefile_on():
    commands = [step.command for step in steps(TUTORIAL)]
    assert len(commands) <= 5
    assert commands[0] == "make install"
    assert all(command.startswith(f"{MOBANK} ") for command in commands[1:])
    assert TUTORIAL in PAGES


def test_every_output_shown_is_what_the_command_prints(done: list[Step]):
    assert [(step.command, lines) for step in done if (lines := missing(step)) is not None] == []
    assert sum(bool(step.shown) for step in done) == len(done) - 1  # all but the first


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def comparison(place: Path, first: str) -> Path:
    found = [p for p in (place / "outputs").glob("compare-*/") if (p / f"1-{first}.resolved.yaml").exists()]
    assert len(found) == 1
    return found[0]


def test_what_the_tutorial_says_of_the_levers_is_true_of_the_numbers(done: list[Step], place: Path):
    asks = rows(comparison(place, "baseline"), "asks.csv")
    more = {r["scenario"]: float(r["difference"]) for r in asks if r["ask"] == "two_hundred_million"}
    errors = {r["scenario"]: float(r["difference_mc_error"]) for r in asks if r["ask"] == "two_hundred_million"}
    best, second = sorted(more, key=more.__getitem__)[:-3:-1]
    assert best == "better_release"
    assert more[best] - more[second] > 2 * errors[best]
    assert more["pessimistic"] < -2 * errors["pessimistic"]


def test_what_the_tutorial_says_of_an_earlier_start_is_true_of_the_numbers(done: list[Step], place: Path):
    found = rows(comparison(place, "better_release"), "differences.csv")
    mau = {r["month"]: float(r["mean"]) for r in found if r["measure"] == "mau"}
    assert mau["2023-12"] > 0
    assert mau["2025-12"] < 0.5 * mau["2023-12"]


def test_the_chinese_tutorial_has_the_same_commands_in_chinese():
    told = [step.command.replace(" --lang zh", "") for step in steps(CHINESE)]
    assert told == [step.command for step in steps(TUTORIAL)]
    assert files(CHINESE) == files(TUTORIAL)


# ------------ the comparison itself


def test_numbers_may_differ_by_one_of_their_last_digit_and_words_not_at_all():
    assert alike("baseline   53.0 %  ± 2.5 %", "baseline 53.1 %   ± 2.4 %")
    assert not alike("baseline 53.0 %", "baseline 53.2 %")
    assert not alike("baseline 53.0 %", "other 53.0 %")
    assert not alike("by 2025-08", "by 2025-10")


def test_lines_left_out_may_be_any_but_those_shown_stand_in_their_order():
    step = Step("x", "one 1\n…\nthree 3\n", "zero\none 1\ntwo 2\nthree 3\n")
    assert parts(step.shown) == [["one 1"], ["three 3"]]
    assert missing(step) is None
    assert missing(Step("x", "three 3\n…\none 1\n", step.printed)) == ["one 1"]
    assert missing(Step("x", "one 1\nthree 3\n", step.printed)) == ["one 1", "three 3"]
    assert refreshed(Step("x", "…\ntwo 9\nthree 9\n", step.printed)) == "…\ntwo 2\nthree 3\n"
