"""Scenarios, jobs, targets and desk studies read from texts: the same readers, the same messages."""

from pathlib import Path

import pytest

from mobank.base.errors import InputError
from mobank.batch.job_file import load_job, load_job_text
from mobank.calibration.targets import load as load_target
from mobank.calibration.targets import load_text as load_target_text
from mobank.calibration.targets import require_enough
from mobank.model.mobile_banking import MODEL
from mobank.scenario.desk_study import load_study, load_study_text
from mobank.scenario.fitted_with import facts
from mobank.scenario.reader import Chain, load, read_chain
from mobank.scenario.yaml_text import MOST_BYTES
from tests.conftest import ROOT

SCENARIOS = ROOT / "scenarios"


def load_text(text, beside=Path(), name="text"):
    return read_chain(Chain.of_text(text, beside / f"<{name}>"), name, MODEL)


DRAFT = "extends: baseline.yaml\nquestion: What if?\n"


@pytest.mark.parametrize("name", ["baseline", "better_release", "staffed_desk"])
def test_a_text_says_what_its_file_says(name):
    path = SCENARIOS / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    read, filed = load_text(text, beside=SCENARIOS, name=name), load(path, MODEL)
    assert read.resolved == filed.resolved
    assert read.name == filed.name
    assert [lever.amount.prior for lever in read.levers] == [lever.amount.prior for lever in filed.levers]
    assert read.files[1:] == filed.files[1:]


def test_what_a_text_extends_is_looked_up_beside_it():
    assert load_text(DRAFT, beside=SCENARIOS).question == "What if?"
    with pytest.raises(InputError, match=r"<text>:1 {2}extends: 'base.yaml' does not exist"):
        load_text(DRAFT.replace("baseline", "base"), beside=SCENARIOS)


def test_a_problem_of_a_text_is_told_with_its_name_its_line_and_its_key(monkeypatch):
    monkeypatch.chdir(SCENARIOS)
    with pytest.raises(InputError) as error:
        load_text(f"{DRAFT}until: soon\n", name="draft")
    assert str(error.value) == (
        "<draft>:3  until: 'soon' must be a month, such as 2022-12, or a duration, such as 36 months\n"
        "1 problem; nothing was run."
    )


def test_a_text_that_spoils_what_it_extends_is_blamed_at_its_extends(monkeypatch):
    monkeypatch.chdir(SCENARIOS)
    with pytest.raises(InputError) as error:
        load_text("extends: baseline.yaml\nquestion: Shorter?\nuntil: 2024-12\n")
    last = [problem for problem in error.value.problems if problem.key == "extends"]
    assert [str(problem.place) for problem in last] == ["<text>:1"]


@pytest.mark.parametrize("text", ["a: \ud83d\n", "a: 1\n" + "#" * MOST_BYTES, "- a\n", ""])
def test_a_text_is_held_to_what_a_file_is_held_to(text):
    with pytest.raises(InputError) as error:
        load_text(text)
    assert all(problem.place.file == "<text>" for problem in error.value.problems)


def test_a_job_may_be_a_text():
    path = SCENARIOS / "batches" / "smoke.yaml"
    job = load_job_text(path.read_text(encoding="utf-8"), MODEL, beside=path.parent, name="smoke")
    assert job.name == "smoke"
    assert [case.name for case in job.cases] == [case.name for case in load_job(path, MODEL).cases]
    with pytest.raises(InputError, match=r"<text>:2 {2}draws: 'none' must be a whole number"):
        load_job_text("scenarios: [../baseline.yaml]\ndraws: none\n", MODEL, beside=path.parent)


def test_a_desk_study_may_be_a_text():
    path = SCENARIOS / "desks" / "remote_service.yaml"
    study = load_study_text(path.read_text(encoding="utf-8"), path.parent, "remote_service")
    assert study.resolved == load_study(path).resolved
    assert study.name == "remote_service"


def test_a_target_may_be_a_text():
    path = ROOT / "calibration" / "banks" / "icbc_mobile.yaml"
    target = load_target_text(path.read_text(encoding="utf-8"), MODEL, path.parent, "icbc_mobile")
    assert (target.name, facts(target.scenario)) == ("icbc_mobile", facts(load_target(path, MODEL).scenario))
    one = "reported:\n  registered:\n    2022-12: {figure: 5亿, source: a, evidence: article}\n"
    few = load_target_text(one, MODEL)
    with pytest.raises(InputError) as error:
        require_enough(few, MODEL)
    assert "<text>:1" in [str(problem.place) for problem in error.value.problems]
