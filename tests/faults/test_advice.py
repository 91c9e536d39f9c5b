"""Whatever a message advises helps: each broken file is mended as its message says, by `advice.py`, and read again.

A test at the end lists every piece of advice in the source: what no test here follows is named with the reason.
"""

import shutil
from functools import cache
from pathlib import Path

import pytest

from mobank.base.errors import InputError, Problem
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load
from mobank.scenario.tree import dump
from mobank.scenario.yaml_files import parse
from tests.conftest import ROOT
from tests.faults.advice import NotFollowedError, helps, of_scenario, set_to

BROKEN = Path("tests/data/broken")
EXPLAINED = {  # what a message adds so that a person understands, and what to do follows from what was allowed
    "720万 at the start, with 5% growth a year": "how high the level may be",
    "a campaign that is named afterwards takes the best months out of chance": "why it is no campaign",
    "it is the chance that the figure was already passed when it was printed": "what the number means",
    "a run starts from reported figures": "why figures are needed",
    "a start needs a bank that grows": "why the figures are refused",
    "what is left of 100% are ties nearby": "what the shares are of",
    "nobody has more than 100, and most have few": "why there are no more",
    "a season multiplies rates": "why a share has none",
}
BY_A_PERSON = {  # only a person knows the answer
    "flows__year_and_its_months": "which of thirteen figures is wrong",
    "retention__out_of_order": "which of two shares or measures is the other",
    "shares__mixing_row_missing": "who meets whom",
    "pool__of_nothing": "the posterior is to be fitted first, as in tests/unit/scenario/test_learnt.py",
    "pool__without_a_posterior": "the posterior is to be fitted first, as in tests/unit/scenario/test_learnt.py",
}


@cache
def advised() -> tuple[tuple[str, int, Problem], ...]:
    """Return the problems with advice of all broken files that are text: file, which problem of it, and the problem."""
    found = []
    for path in sorted((ROOT / BROKEN).glob("*.yaml")):
        name = (BROKEN / path.name).as_posix()
        try:
            problems = of_scenario(Path(name), MODEL)(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        here = [problem for problem in problems if problem.hint and problem.place and problem.place.file == name]
        found += [(path.stem, number, problem) for number, problem in enumerate(here)]
    return tuple(found)


@pytest.fixture(autouse=True)
def root(monkeypatch):
    monkeypatch.chdir(ROOT)


STEMS = sorted(path.stem for path in (ROOT / BROKEN).glob("*.yaml"))


@pytest.mark.parametrize("stem", STEMS)
def test_a_broken_file_is_mended_by_what_its_message_advises(stem):
    path = BROKEN / f"{stem}.yaml"
    for _, _, problem in (each for each in advised() if each[0] == stem):
        try:
            assert helps(path.read_text(encoding="utf-8"), path, problem, of_scenario(path, MODEL)), problem
        except NotFollowedError:
            assert problem.hint in EXPLAINED or stem in BY_A_PERSON or problem.hint.startswith("what this file"), (
                problem
            )


def test_most_advice_is_followed():
    hints = [problem.hint for stem, _, problem in advised() if stem not in BY_A_PERSON]
    print(f"advice followed: {len([hint for hint in hints if hint not in EXPLAINED])} of {len(hints)}")
    assert len([hint for hint in hints if hint not in EXPLAINED]) >= 250
    assert set(EXPLAINED) <= set(hints)


@pytest.mark.parametrize(("stem", "codec"), [("encoding__gbk", "gb18030"), ("encoding__not_text", "latin-1")])
def test_a_file_of_another_code_page_is_read_once_it_is_saved_as_utf_8(tmp_path, stem, codec):
    path = tmp_path / "mine.yaml"
    path.write_bytes((BROKEN / f"{stem}.yaml").read_bytes())
    with pytest.raises(InputError, match="save it as UTF-8"):
        load(path, MODEL)
    path.write_text(path.read_bytes().decode(codec), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load(path, MODEL)
    assert "UTF-8" not in str(error.value)


@pytest.mark.parametrize(
    ("stem", "taken"),
    [
        ("asks__month_beyond_a_shorter_run", ["asks", "goal"]),
        ("extends__segments_taken_away_that_others_name", ["mixing", "age"]),
    ],
)
def test_what_a_file_changes_fits_once_what_does_not_is_taken_away(stem, taken):
    path = BROKEN / f"{stem}.yaml"
    text = path.read_text(encoding="utf-8")
    (problem,) = [each for each in of_scenario(path, MODEL)(text) if each.key == "extends"]
    assert problem.hint == "write in this file too what stands there, or take it away here with 'off'"
    mended = dump(set_to(parse(text, path), taken, "off"))
    assert of_scenario(path, MODEL)(mended) == ()


def test_a_study_and_a_circle_are_mended_in_their_own_files(tmp_path, monkeypatch):
    shutil.copytree(ROOT / BROKEN, tmp_path / "broken")
    monkeypatch.chdir(tmp_path / "broken")
    for stem, other, edit in (
        ("desk__broken_study", "desks/half_a_person.yaml", ("9.5", "9")),
        ("extends__broken_parent", "parents/broken.yaml", ("seed: 8", "")),
        ("extends__circle", "parents/circle.yaml", ("extends: ../extends__circle.yaml", "")),
    ):
        path, file = Path(f"{stem}.yaml"), Path(other)
        before = of_scenario(path, MODEL)(path.read_text(encoding="utf-8"))
        text = file.read_text(encoding="utf-8")
        assert edit[0] in text
        file.write_text(text.replace(*edit), encoding="utf-8")
        after = of_scenario(path, MODEL)(path.read_text(encoding="utf-8"))
        wrong = [problem for problem in before if problem.hint]
        assert wrong
        assert not {(each.key, each.found) for each in wrong} & {(each.key, each.found) for each in after}
