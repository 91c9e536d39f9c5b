"""Job files: each broken one is refused with exactly the message beside it; designs fill their ranges evenly."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim.batch.job import Job
from sim.batch.job_file import load_job
from sim.errors import InputError
from sim.model import MODEL

ROOT = Path(__file__).resolve().parents[2]
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


@pytest.mark.parametrize("path", jobs_shipped(), ids=lambda path: path.stem)
def test_a_shipped_job_can_be_read_and_opens_with_its_question_in_two_languages(path):
    job = shipped(path)
    assert job.question != job.question_zh
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    assert "？" in first
    assert "Question" in second


def test_three_jobs_are_shipped_of_the_sizes_promised():
    jobs = {path.stem: shipped(path) for path in jobs_shipped()}
    assert set(jobs) == {"smoke", "overnight", "levers"}
    assert (jobs["overnight"].draws, len(jobs["overnight"].cases)) == (10_000, len(list(ROOT.glob("scenarios/*.yaml"))))
    assert (jobs["levers"].draws, len(jobs["levers"].cases)) == (1000, 512)


def job_of(folder: Path, design: str, scenario: str = "win_back") -> Job:
    path = folder / "job.yaml"
    path.write_text(f"scenarios: [{ROOT.as_posix()}/scenarios/{scenario}.yaml]\ndraws: 10\ndesign:\n{design}", "utf-8")
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
    assert case.name == "win_back-3"
    assert lever.amount.prior.centre == case.settings["levers.win_back.multiply"]
    assert lever.amount.provenance.source == "design of job.yaml, point 3"
    assert lever.lasts_months == case.settings["levers.win_back.lasts_months"]
    rate = case.scenario.parameters["lapse_rate"]
    assert (rate.prior.kind, rate.prior.centre) == ("fixed", case.settings["parameters.lapse_rate"])


def test_a_grid_crosses_numbers_months_and_levers_left_out(tmp_path):
    job = job_of(tmp_path, """
  method: grid
  vary:
    levers.reach_the_lapsed.from: {values: [2023-03, 2024-01]}
    levers.reach_the_dormant: {values: [on, off]}
""", "smart_marketing")  # fmt: skip
    assert [tuple(case.settings.values()) for case in job.cases] == [
        ("2023-03", "on"), ("2023-03", "off"), ("2024-01", "on"), ("2024-01", "off")
    ]  # fmt: skip
    assert [len(case.scenario.levers) for case in job.cases] == [2, 1, 2, 1]
    assert [str(case.scenario.levers[0].begins.first) for case in job.cases] == ["2023-03"] * 2 + ["2024-01"] * 2


def test_a_list_is_run_as_written(tmp_path):
    job = job_of(tmp_path, """
  method: list
  points:
    - {levers.win_back.multiply: +30%, levers.win_back.lasts_months: 4}
    - {levers.win_back.lasts_months: 8, levers.win_back.multiply: 1.1}
""")  # fmt: skip
    assert [tuple(case.settings.values()) for case in job.cases] == [(1.3, 4), (1.1, 8)]


def test_points_do_not_depend_on_the_seed_of_another_job(tmp_path):
    design = f"  method: sobol\n  points: 4{AXES}"
    first = [case.settings for case in job_of(tmp_path, design).cases]
    assert [case.settings for case in job_of(tmp_path, design).cases] == first
    path = tmp_path / "job.yaml"
    path.write_text(path.read_text("utf-8") + "seed: 2\n", "utf-8")
    assert [case.settings for case in load_job(path, MODEL).cases] != first
