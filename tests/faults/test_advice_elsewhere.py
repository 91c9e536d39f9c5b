"""Advice of jobs, desk studies, posteriors and commands helps too; and no advice in the source is forgotten."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mobank.base.errors import InputError, Problem
from mobank.batch.job_file import load_job
from mobank.model.mobile_banking import MODEL
from mobank.scenario.desk_study import load_study
from mobank.scenario.fitted_with import facts
from mobank.scenario.posterior_record import POSTERIOR_RECORD
from mobank.scenario.reader import load
from tests.conftest import ROOT, rewrite
from tests.faults.advice import NotFollowedError, Read, helps

SCENARIOS = "../../../../scenarios"
BY_A_PERSON = {  # what is advised is plain, but needs a choice that only a person makes
    "write levers.<name>.multiply, parameters.<name> or levers.<name> (on, off)": "which parameter is varied",
    "it has multiply": "what is varied of the lever",
    "1.5 is not whole": "how many draws",
    "9.5 is not whole": "how many staff",
    "a list writes out its points": "which points",
    "write points: [{levers.<name>.multiply: +10%}]": "which points",
    "point 2 of the design (levers.win_back.multiply 500)": "another value",
    "patterns are relative to the job file": "which files",
    "name it in keep.months": "which months are kept",
    "name it in asks of the job or of the scenario": "what is asked",
}


def in_folder(folder: Path, load_file: Callable[[Path], object]) -> Read:
    """Return what says of a text that stands for a file in a folder what is wrong with it."""

    def read(text: str) -> tuple[Problem, ...]:
        (folder / "mine.yaml").write_text(text, encoding="utf-8")
        try:
            load_file(folder / "mine.yaml")
        except InputError as error:
            return error.problems
        return ()

    return read


@pytest.mark.parametrize("kind", ["jobs", "desks"])
def test_a_broken_job_or_study_is_mended_by_what_its_message_advises(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "tests/data/broken", tmp_path / "broken")
    (tmp_path / "broken/scenarios").mkdir()  # which makes it a workspace
    folder, followed = tmp_path / "broken" / kind, 0
    read = in_folder(folder, load_study if kind == "desks" else lambda path: load_job(path, MODEL))
    for path in sorted((ROOT / "tests/data/broken" / kind).glob("*.yaml")):
        text = path.read_text(encoding="utf-8").replace(SCENARIOS, (ROOT / "scenarios").as_posix())
        for problem in [each for each in read(text) if each.hint]:
            try:
                assert helps(text, folder / "mine.yaml", problem, read), (path.stem, problem)
                followed += 1
            except NotFollowedError:
                assert problem.hint in BY_A_PERSON, str(problem)
    assert followed >= {"jobs": 15, "desks": 5}[kind]


CHANGES = [
    ("parameters: {lapse_rate: {low: 2%, high: 5%, reason: mine}}", "change it by a lever, "),
    ("drift: {engagement: {growth: {mean: 1%, sd: 1%}, reason: mine}}", ""),
    ("shocks: {adoption: {tails: 4}}", ""),
    ("segments: {place: {city: {share: 60%}, county: {share: 40%}}}", ""),
    ("reported: {registered: {2020-12: off}}", None),
    (
        "reported: {registered: {2021-12: {figure: 4.7亿户, definition: mobile_bank_customers, source: s, "
        "evidence: article}}}",
        "",
    ),
]
ALIKE = "let the target say the same and fit again (mobank calibrate)"


@pytest.mark.parametrize(("change", "first"), CHANGES)
def test_what_is_advised_where_a_scenario_does_not_fit_its_posterior_helps(planner, change, first):
    path = Path("scenarios/mine.yaml")
    path.write_text(f"extends: baseline.yaml\n{change}\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        load(path, MODEL)
    wanted = f"keep it, or {ALIKE}" if first is None else f"{first}{ALIKE}, or write posterior: off"
    assert {problem.hint for problem in error.value.problems} == {wanted}
    path.write_text(f"extends: baseline.yaml\nposterior: off\n{change}\n", encoding="utf-8")
    alone = load(path, MODEL)
    rewrite(Path("calibration/posteriors/icbc_mobile/posterior.json"), POSTERIOR_RECORD, {"fitted_with": facts(alone)})
    path.write_text(f"extends: baseline.yaml\n{change}\n", encoding="utf-8")
    assert load(path, MODEL).fitted is not None


# ------------ commands


def test_advice_of_commands_helps(planner):
    """Options and names that messages give are given."""
    small = (ROOT / "tests/data/broken/parents/bank.yaml").read_text(encoding="utf-8")
    Path("scenarios/one.yaml").write_text(f"subject: Another bank\n{small}", encoding="utf-8")
    few = ("--draws", "20", "--lang", "en")
    code, _, errors = planner("compare", "scenarios/tiny.yaml", "scenarios/one.yaml", *few)
    wanted = "repeat with --different-subjects (different_subjects=True) if that is meant"
    assert (code, wanted in errors) == (2, True)
    assert planner("compare", "scenarios/tiny.yaml", "scenarios/one.yaml", *few, "--different-subjects")[0] == 0

    code, _, errors = planner("backtest", "--only")
    assert (code, errors.splitlines()[0]) == (2, "--only says which figures join those of --full; add --full")
    code, _, errors = planner("backtest", "--full", "--only")
    assert (code, errors.splitlines()[0]) == (
        2,
        "--only: no file is given, and --only leaves the shipped ones out; add --data FILE.csv",
    )
    code, _, errors = planner("calibrate", "--as", "break")
    assert (code, errors.splitlines()[0]) == (2, "--as break says what a new figure is; it stands beside --update")
    code, _, errors = planner("calibrate", "icbc_mobile", "--update", "icbc_mobile")
    assert (code, "is new to the posterior; add one under reported:" in errors) == (2, True)


def test_a_bank_of_ones_own_and_what_is_shipped_are_told_apart_as_advised(mobank, tmp_path):
    assert mobank("new-bank", "mybank", "--name", "Mine", "--customers", "5000万", "--as-of", "2023-12")[0] == 0
    code, _, errors = mobank("check", "better_release")
    assert code == 2
    assert "; or repeat with --shipped" in errors or "; repeat with --shipped" in errors
    assert mobank("check", "better_release", "--shipped")[0] == 0


def test_a_season_in_a_target_is_left_out_as_advised(planner):
    season = "season: {resume_rate: {by_month: [1, 1.3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], reason: r}}\n"
    Path("calibration/banks/mine.yaml").write_text(f"extends: icbc_mobile.yaml\n{season}", encoding="utf-8")
    code, _, errors = planner("calibrate", "mine", "--workers", "1")
    assert (code, "leave it out of the target" in errors) == (2, True)
    Path("calibration/banks/mine.yaml").write_text("extends: icbc_mobile.yaml\n", encoding="utf-8")
    from mobank.calibration.targets import load as load_target

    assert load_target(Path("calibration/banks/mine.yaml"), MODEL).figures


def test_a_fault_that_was_there_before_is_said_once(planner):
    """What a posterior that a file names does not fit is said where it stands, with what helps, and not again."""
    bank = Path("calibration/banks/icbc_mobile.yaml")
    bank.write_text(bank.read_text(encoding="utf-8").replace("5.16亿户", "5.2亿户"), encoding="utf-8")
    path = Path("scenarios/mine.yaml")
    of_bank = "extends: icbc_mobile\nquestion: Q?\nposterior: icbc_mobile\nuntil: 2023-06\n"
    for text in ("extends: baseline.yaml\nuntil: 2023-06\nasks: off\n", of_bank):
        path.write_text(text, encoding="utf-8")
        code, _, errors = planner("check", path.as_posix())
        wanted = "reported.registered.2022-12: '5.2亿户' is not the figure that posterior 'icbc_mobile' was fitted with"
        assert (code, wanted in errors, errors.splitlines()[1:]) == (2, True, ["1 problem; nothing was run."])
