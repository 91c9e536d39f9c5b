"""Batch jobs: the same bytes for any number of workers, however often interrupted; what is kept, exact or bounded."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mobank.batch.execute import execute
from mobank.batch.executors import Processes
from mobank.batch.job import Job
from mobank.batch.job_file import load_job
from mobank.batch.results import open_results
from mobank.batch.summaries import RELATIVE
from mobank.ensemble.plan import Plan
from mobank.ensemble.questions import answer
from mobank.ensemble.run import run
from mobank.ensemble.summary import summarise
from mobank.model.mobile_banking import MODEL

pytestmark = pytest.mark.slow  # whole runs, some through the command

ROOT = Path(__file__).resolve().parents[3]
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


@pytest.fixture(scope="module")
def as_a_run(small: tuple[Job, Path]) -> Plan:
    """Return the plan of an ordinary ensemble with the very replicates of the job."""
    job, _ = small
    return job.plan(job.cases[0])


@pytest.fixture(scope="module")
def ensemble(as_a_run: Plan):
    with run(as_a_run) as found:
        yield found


def test_paths_are_those_of_an_ordinary_run(small, ensemble):
    paths = pd.read_parquet(small[1] / "paths")
    assert list(paths.columns) == ["scenario", "point", "replicate", "draw", "month", "mau", "case"]
    assert (paths["draw"] == paths["replicate"] // 2).all()
    for t in (0, 36, 60):
        month = paths[paths["month"] == str(ensemble.plan.months[t])].sort_values("replicate")
        assert np.array_equal(month["mau"], ensemble.month("mau", t))


def test_replicates_of_one_draw_share_what_is_not_known_and_nothing_else(ensemble):
    start, end = ensemble.month("registered", 0).reshape(-1, 2), ensemble.month("mau", 60).reshape(-1, 2)
    assert np.array_equal(start[:, 0], start[:, 1])
    assert (end[:, 0] != end[:, 1]).all()


def test_means_and_quantiles_are_those_of_the_paths(small, ensemble):
    table = open_results(small[1]).quantities.to_pandas().set_index(["measure", "month"])
    whole = {s.measure: s for s in summarise(ensemble)}
    for measure in ("mau", "stickiness", "quick_ratio"):
        row = table.loc[(measure, "2025-12")]
        assert row["mean"] == pytest.approx(whole[measure].mean[36], rel=1e-12)
        for q in (5, 50, 95):
            values = np.sort(ensemble.month(measure, 36))
            exact = values[int(q / 100 * (values.size - 1))]
            assert row[f"p{q}"] == pytest.approx(exact, rel=RELATIVE)


def test_answers_are_exact_counts(small, ensemble):
    answers = open_results(small[1]).answers.to_pandas().set_index("ask")
    for found in answer(ensemble, ensemble.plan.scenario.asks):
        row = answers.loc[found.ask.name]
        assert row["chance"] == pytest.approx(found.chance, abs=1e-12)
        if found.reached:
            assert row["never"] == found.never
            months = [None if pd.isna(row[f"reached_{name}"]) else row[f"reached_{name}"] for name in ("p5", "p50")]
            assert months == [m and str(m) for m in (found.reached[0], found.reached[3])]
        if found.ask.rival:
            shares = (row["never"], row["rival_first"], row["together"])
            assert shares == (found.never, found.rival_first, found.together)


def test_nothing_of_the_machine_or_the_day_is_in_the_data_set(small):
    everything = b"".join(content(small[1]).values())
    assert os.uname().nodename.encode() + b":" not in everything
    assert small[1].parent.as_posix().encode() not in everything


def test_the_manifest_lists_every_file_with_its_digest(small):
    files = json.loads((small[1] / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert sorted([*files, "manifest.json"]) == sorted(content(small[1]))


# ------------ stopping

STOPPED = """
scenarios: [SCENARIOS/baseline.yaml]
fidelity: mean_field
draws: 12,000
asks:
  two: {measure: mau, at_least: 2亿, by: 2025-12}
"""


@pytest.mark.parametrize(
    ("stop", "least", "most"),
    [
        ("{ask: two, error: 0.7%}", 4000, 8000),  # √(0.25 / n) at a chance near one half: 5,100 draws
        ("{measure: mau, in: 2027-12, quantile: 50%, error: 0.4%}", 4000, 10000),
        ("{ask: two, error: 0.01%}", 12000, 12000),  # never reached: all that was allowed
    ],
)
def test_a_case_stops_when_the_error_asked_for_is_reached_whoever_computes_it(stop, least, most, tmp_path):
    job = load_job(write_job(tmp_path, f"{STOPPED}stop: {stop}\n"), MODEL)
    found = execute(job, tmp_path / "one", lambda: Processes(1)).folder
    replicates = open_results(found).cases["replicates"][0].as_py()
    assert least <= replicates <= most
    assert content(execute(job, tmp_path / "two", lambda: Processes(2)).folder) == content(found)
