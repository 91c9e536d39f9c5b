"""Job files: each broken one is refused with exactly the message beside it; designs fill their ranges evenly."""

import re
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mobank.base.errors import InputError
from mobank.batch.job import Job
from mobank.batch.job_file import load_job
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).resolve().parents[3]
BROKEN = Path("tests/data/broken/jobs")
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / BROKEN).glob("*.yaml"))
SHIPPED = sorted((ROOT / "scenarios" / "batches").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_job_is_refused_with_the_message_beside_it(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError) as refusal:
        load_job(path, MODEL)
    assert f"{refusal.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_message_belongs_to_a_job():
    assert {p.stem for p in (ROOT / BROKEN).glob("*.txt")} == {p.stem for p in FILES}


def jobs_shipped() -> list[Path]:
    return [p for p in SHIPPED if "\nscenarios:" in p.read_text(encoding="utf-8")]


@cache
def shipped(path: Path) -> Job:
    return load_job(path, MODEL)


@pytest.mark.slow
@pytest.mark.parametrize("path", jobs_shipped(), ids=lambda path: path.stem)
def test_a_shipped_job_can_be_read_and_opens_with_its_question_in_two_languages(path):
    job = shipped(path)
    assert job.question != job.question_zh
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    assert "？" in first
    assert "Question" in second


@pytest.mark.slow
def test_three_jobs_are_shipped_of_the_sizes_promised():
    jobs = {path.stem: shipped(path) for path in jobs_shipped()}
    assert set(jobs) == {"smoke", "overnight", "levers"}
    assert (jobs["overnight"].draws, len(jobs["overnight"].cases)) == (10_000, len(list(ROOT.glob("scenarios/*.yaml"))))
    assert (jobs["levers"].draws, len(jobs["levers"].cases)) == (1000, 512)


BANK = f"""
extends: {ROOT.as_posix()}/tests/data/broken/parents/bank.yaml
question: A bank of its own?
levers:
  win_back:
    parameter: revive_rate
    multiply: +20%
    when: {{measure: mau, below: 160万}}
    lasts_months: 6
    evidence: assumption
    reason: a test
  reminders: {{parameter: lapse_rate, multiply: -5%, from: 2023-03, evidence: assumption, reason: a test}}
"""


def job_of(folder: Path, design: str) -> Job:
    (folder / "bank.yaml").write_text(BANK, "utf-8")
    path = folder / "job.yaml"
    path.write_text(f"scenarios: [bank.yaml]\ndraws: 10\ndesign:\n{design}", "utf-8")
    return load_job(path, MODEL)


AXES = """
  vary:
    levers.win_back.multiply: {low: +10%, high: +50%}
    parameters.lapse_rate: {low: 2%, high: 8%, scale: log}
    levers.win_back.lasts_months: {low: 3, high: 6}
"""


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol"])
def test_points_fill_each_range_evenly(tmp_path, method):
    """Every sixteenth of each axis holds one of sixteen points; whole months come equally often."""
    job = job_of(tmp_path, f"  method: {method}\n  points: 16{AXES}")
    columns = {axis.name: [case.settings[axis.name] for case in job.cases] for axis in job.axes}
    factors, rates = columns["levers.win_back.multiply"], np.log(columns["parameters.lapse_rate"])
    assert sorted(np.floor((np.array(factors) - 1.1) / 0.4 * 16)) == list(range(16))
    assert sorted(np.floor((rates - np.log(0.02)) / np.log(4) * 16)) == list(range(16))
    assert sorted(columns["levers.win_back.lasts_months"]) == sorted([3, 4, 5, 6] * 4)


def test_a_case_runs_with_the_values_of_its_point_and_says_where_they_come_from(tmp_path):
    job = job_of(tmp_path, f"  method: sobol\n  points: 4{AXES}")
    case = job.cases[2]
    lever = next(lever for lever in case.scenario.levers if lever.name == "win_back")
    assert case.name == "bank-3"
    assert lever.amount.prior.centre == case.settings["levers.win_back.multiply"]
    assert lever.amount.provenance.source == "design of job.yaml, point 3"
    assert lever.lasts_months == case.settings["levers.win_back.lasts_months"]
    rate = case.scenario.parameters["lapse_rate"]
    assert (rate.prior.kind, rate.prior.centre) == ("fixed", case.settings["parameters.lapse_rate"])


def test_a_grid_crosses_numbers_months_and_levers_left_out(tmp_path):
    job = job_of(
        tmp_path,
        """
  method: grid
  vary:
    levers.reminders.from: {values: [2023-03, 2024-01]}
    levers.win_back: {values: [on, off]}
""",
    )
    assert [tuple(case.settings.values()) for case in job.cases] == [
        ("2023-03", "on"),
        ("2023-03", "off"),
        ("2024-01", "on"),
        ("2024-01", "off"),
    ]
    levers = [{lever.name: str(lever.begins.first) for lever in case.scenario.levers} for case in job.cases]
    assert ["win_back" in each for each in levers] == [True, False, True, False]
    assert [each["reminders"] for each in levers] == ["2023-03", "2023-03", "2024-01", "2024-01"]


def test_a_list_is_run_as_written(tmp_path):
    job = job_of(
        tmp_path,
        """
  method: list
  points:
    - {levers.win_back.multiply: +30%, levers.win_back.lasts_months: 4}
    - {levers.win_back.lasts_months: 8, levers.win_back.multiply: 1.1}
""",
    )
    assert [tuple(case.settings.values()) for case in job.cases] == [(1.3, 4), (1.1, 8)]


def test_points_do_not_depend_on_the_seed_of_another_job(tmp_path):
    design = f"  method: sobol\n  points: 4{AXES}"
    first = [case.settings for case in job_of(tmp_path, design).cases]
    assert [case.settings for case in job_of(tmp_path, design).cases] == first
    path = tmp_path / "job.yaml"
    path.write_text(path.read_text("utf-8") + "seed: 2\n", "utf-8")
    assert [case.settings for case in load_job(path, MODEL).cases] != first


def test_the_examples_of_the_page_are_understood(tmp_path):
    page = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    shutil.copytree(ROOT / "calibration" / "banks", tmp_path / "calibration" / "banks")
    whole, design = re.findall(r"```yaml\n(.*?)```", page, flags=re.S)
    path = tmp_path / "scenarios" / "batches" / "example.yaml"
    path.write_text(whole.replace("points: 512", "points: 8"), encoding="utf-8")
    assert len(load_job(path, MODEL).cases) == 8
    path.write_text(f"scenarios: [../better_release.yaml]\ndraws: 10\n{design}", encoding="utf-8")
    assert len(load_job(path, MODEL).cases) == 4
