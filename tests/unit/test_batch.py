"""Batch jobs: the same bytes for any number of workers, however often interrupted; what is kept, exact or bounded."""

from pathlib import Path

import pytest

from sim.batch.executors import Processes
from sim.batch.job import Job
from sim.batch.job_file import load_job
from sim.batch.run import execute
from sim.model import MODEL

ROOT = Path(__file__).resolve().parents[2]
SMOKE = ROOT / "scenarios" / "batches" / "smoke.yaml"


def write_job(folder: Path, text: str, name: str = "job.yaml") -> Path:
    path = folder / name
    path.write_text(text.replace("SCENARIOS", (ROOT / "scenarios").as_posix()), encoding="utf-8")
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


SMALL = """
scenarios: [SCENARIOS/win_back.yaml]
draws: 2100
replicates_per_draw: 2
asks:
  two: {measure: mau, at_least: 2亿, by: 2025-12}
  still: {measure: mau, at_least: 1.9亿, in: 2025-12}
  race: {reaches_first: {measure: mau, at_least: 2亿}, before: {measure: registered, at_least: 6亿}, by: 2027-12}
keep: {measures: [mau, stickiness, quick_ratio], months: [2025-12], paths: [mau]}
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, Path]:
    """Return a job of three units, done by one worker."""
    where = tmp_path_factory.mktemp("small")
    job = load_job(write_job(where, SMALL), MODEL)
    return job, execute(job, where / "out", lambda: Processes(1)).folder


def test_units_are_cut_between_draws(small: tuple[Job, Path]):
    job, _ = small
    assert job.units(job.cases[0]) == [(0, 2000), (2000, 4000), (4000, 4200)]


@pytest.mark.parametrize("workers", [2, 4])
def test_every_file_is_equal_byte_for_byte_for_any_number_of_workers(small, workers, tmp_path):
    job, folder = small
    assert content(execute(job, tmp_path, lambda: Processes(workers)).folder) == content(folder)


def test_a_finished_job_is_not_computed_again(small):
    job, folder = small
    assert execute(job, folder.parent, lambda: Processes(1)).computed == 0
