"""What a scenario, a study or a job refers to: found by path or name, and never read outside the workspace."""

import shutil
from pathlib import Path

import pytest

from mobank.base.errors import InputError
from mobank.base.workspace import shipped
from mobank.batch.job_file import load_job
from mobank.model.mobile_banking import MODEL
from mobank.scenario.desk_study import load_study
from mobank.scenario.posterior_record import POSTERIOR_RECORD
from mobank.scenario.reader import load
from tests.conftest import rewrite

ROOT = Path(__file__).parents[3]
STUDY = ROOT / "scenarios/desks/remote_service.yaml"
SECRET = "password: hunter2\n"


@pytest.fixture
def stand(monkeypatch, tmp_path):
    """Stand in a workspace beside a file outside it; return a writer of its scenarios."""
    (tmp_path / "secret.yaml").write_text(SECRET, encoding="utf-8")
    (tmp_path / "w/scenarios").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "w")

    def write(text: str, path: str = "scenarios/x.yaml") -> Path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
        return Path(path)

    return write


def problems(reader, path, *rest):
    with pytest.raises(InputError) as refusal:
        reader(path, *rest)
    assert "hunter2" not in str(refusal.value)
    assert "password" not in str(refusal.value)
    return [str(problem) for problem in refusal.value.problems]


def outside(text, tmp_path):
    return f"'{text}' lies outside the workspace ({tmp_path}/w) and is not read; copy it into the workspace"


def test_a_scenario_extends_by_name_and_takes_the_shipped_posterior(stand):
    mine = load(stand("extends: baseline\nquestion: Mine?\n"), MODEL)
    assert mine.files[1:] == (str(ROOT / "scenarios/baseline.yaml"), str(ROOT / "calibration/banks/icbc_mobile.yaml"))
    assert mine.fitted.folder == str(ROOT / "calibration/posteriors/icbc_mobile")


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("text", ["../../secret.yaml", "/etc/passwd", "link.yaml"])
def test_what_is_extended_outside_the_workspace_is_refused_whether_it_is_there_or_not(stand, tmp_path, text, there):
    Path("scenarios/link.yaml").symlink_to(tmp_path / "secret.yaml")
    if not there:
        (tmp_path / "secret.yaml").unlink()
    message = f"scenarios/x.yaml:1  extends: {outside(text, tmp_path)}"
    assert problems(load, stand(f"extends: {text}\n"), MODEL) == [message]


def test_a_person_may_name_a_file_anywhere(stand, tmp_path):
    (tmp_path / "mine.yaml").write_text("extends: baseline\nquestion: Mine?\n", encoding="utf-8")
    assert load(tmp_path / "mine.yaml", MODEL).question == "Mine?"


DESK = "extends: baseline\nparameters:\n  desk_capacity: {{desk: {}}}\nposterior: off\n"


def test_a_desk_is_found_by_name_and_refused_outside(stand, tmp_path):
    assert load(stand(DESK.format("remote_service")), MODEL).parameters["desk_capacity"].prior.centre > 0
    shutil.copy(STUDY, Path("scenarios/mine.yaml"))
    assert load(stand(DESK.format("mine")), MODEL).files[-1] == "scenarios/mine.yaml"
    message = f"scenarios/x.yaml:3  parameters.desk_capacity.desk: {outside('../../secret.yaml', tmp_path)}"
    assert problems(load, stand(DESK.format("../../secret.yaml")), MODEL) == [message]


def test_a_study_extends_studies_alone_by_name(stand):
    assert load_study(stand("extends: remote_service\nstaff: {value: 10, reason: few}\n")).number("staff") == 10
    assert "'baseline' does not exist" in problems(load_study, stand("extends: baseline\n"))[0]


def test_a_job_names_scenarios_by_name_and_none_outside(stand, tmp_path):
    job = load_job(stand("scenarios: [win_back]\ndraws: 10\n", "scenarios/batches/job.yaml"), MODEL)
    assert [case.name for case in job.cases] == ["win_back"]
    path = stand("scenarios: [../../../secret.yaml]\ndraws: 10\n", "scenarios/batches/job.yaml")
    message = f"scenarios/batches/job.yaml:1  scenarios.1: {outside('../../../secret.yaml', tmp_path)}"
    assert problems(load_job, path, MODEL) == [message]
    path = stand("scenarios: ../../../sec*.yaml\ndraws: 10\n", "scenarios/batches/job.yaml")
    assert "matches no file" in problems(load_job, path, MODEL)[0]


# ------------ posteriors


@pytest.fixture
def posterior(stand):
    """Put a posterior of one's own into a folder of the workspace."""
    folder = Path("elsewhere/icbc_mobile")
    shutil.copytree(ROOT / "calibration/posteriors/icbc_mobile", folder)
    rewrite(folder / "posterior.json", POSTERIOR_RECORD, {"rows": 17})
    return folder


def test_a_posterior_is_named_by_its_path_and_the_effective_scenario_can_be_read_from_another_folder(stand, posterior):
    for text in ("../elsewhere/icbc_mobile", "elsewhere/icbc_mobile", posterior.resolve()):
        mine = load(stand(f"extends: baseline\nquestion: Mine?\nposterior: {text}\n"), MODEL)
        assert (mine.fitted.rows, mine.fitted.name) == (17, "icbc_mobile")
        assert "\nposterior: elsewhere/icbc_mobile\n" in mine.resolved
        again = load(stand(mine.resolved, "outputs/run/scenario.resolved.yaml"), MODEL)
        assert (again.fitted.rows, again.resolved) == (17, mine.resolved)


def test_a_posterior_of_the_workspace_comes_before_the_shipped_one_of_its_name(stand, posterior):
    shutil.copytree(posterior, "calibration/posteriors/icbc_mobile")
    assert load(stand("extends: baseline\nquestion: Mine?\n"), MODEL).fitted.rows == 17
    assert load(ROOT / "scenarios/baseline.yaml", MODEL).fitted.rows > 17


def test_a_posterior_that_is_not_there_and_one_outside_are_refused(stand, tmp_path):
    message = "scenarios/x.yaml:2  posterior: 'icbc_mobil' is not a posterior; did you mean 'icbc_mobile' (shipped)?"
    assert problems(load, stand("extends: baseline\nposterior: icbc_mobil\n"), MODEL) == [message]
    message = f"scenarios/x.yaml:2  posterior: {outside('../../p', tmp_path)}"
    assert problems(load, stand("extends: baseline\nposterior: ../../p\n"), MODEL) == [message]


def test_a_record_that_is_a_link_out_of_the_workspace_is_not_read(stand, posterior, tmp_path):
    shutil.move(posterior / "posterior.json", tmp_path / "posterior.json")
    (posterior / "posterior.json").symlink_to(tmp_path / "posterior.json")
    text = "extends: baseline\nposterior: ../elsewhere/icbc_mobile\n"
    assert "is not a posterior" in problems(load, stand(text), MODEL)[0]


# ------------ names that more than one file has, and what is switched off


def test_a_file_with_a_shipped_name_may_extend_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "scenarios/win_back.yaml"
    own.parent.mkdir()
    own.write_text("extends: win_back\nquestion: Mine?\n", encoding="utf-8")
    assert [lever.name for lever in load(own, MODEL).levers] == [
        lever.name for lever in load(shipped() / "scenarios/win_back.yaml", MODEL).levers
    ]
    own.write_text("extends: win_back.yaml\nquestion: Mine?\n", encoding="utf-8")
    with pytest.raises(InputError, match="leads in a circle"):
        load(own, MODEL)


@pytest.mark.parametrize("parent", ["icbc_mobile", "baseline"])
def test_a_posterior_may_be_off_whether_a_parent_has_one_or_not(tmp_path, monkeypatch, parent):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "prior.yaml"
    path.write_text(
        f"extends: {parent}\nquestion: A?\nstart: 2022-12\nuntil: 2027-12\nposterior: off\n", encoding="utf-8"
    )
    scenario = load(path, MODEL)
    assert scenario.fitted is None
    again = tmp_path / "again.yaml"
    again.write_text(scenario.resolved, encoding="utf-8")
    assert load(again, MODEL).resolved == scenario.resolved


def test_a_folder_of_a_posterior_without_its_record_is_not_passed_over_for_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calibration/posteriors/icbc_mobile").mkdir(parents=True)
    path = tmp_path / "own.yaml"
    path.write_text("extends: baseline\nquestion: A?\nposterior: icbc_mobile\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"icbc_mobile/posterior\.json  this record cannot be read \(No such file"):
        load(path, MODEL)


def test_draws_of_another_posterior_are_refused_when_the_scenario_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "calibration/posteriors/icbc_mobile"
    shutil.copytree(shipped() / "calibration/posteriors/icbc_mobile", own)
    path = tmp_path / "own.yaml"
    path.write_text("extends: baseline\nquestion: A?\nposterior: icbc_mobile\n", encoding="utf-8")
    assert load(path, MODEL).fitted
    shutil.copy(shipped() / "calibration/posteriors/icbc_mobile_article_secondary/draws.parquet", own)
    with pytest.raises(InputError, match="are not those that its record names"):
        load(path, MODEL)
    (own / "draws.parquet").unlink()
    with pytest.raises(InputError, match="are gone"):
        load(path, MODEL)


def test_off_in_quotes_is_the_name_of_a_posterior(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own.yaml"
    path.write_text('extends: baseline\nquestion: A?\nposterior: "off"\n', encoding="utf-8")
    with pytest.raises(InputError, match="'off' is not a posterior"):
        load(path, MODEL)
