"""One unit computed in this process: its paths and summaries against the arrays of the same replicates."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from mobank.batch.job import Task
from mobank.batch.job_file import load_job
from mobank.batch.summaries import Key
from mobank.batch.unit import compute, produce, read_summaries, serialise
from mobank.ensemble.plan import ALL
from mobank.ensemble.questions import answer
from mobank.ensemble.run import run
from mobank.model.mobile_banking import MODEL

BANK = Path(__file__).parents[2] / "data/broken/parents/bank.yaml"
JOB = f"""
scenarios: [{BANK}]
draws: 12
replicates_per_draw: 2
fidelity: cohort
asks:
  more: {{measure: mau, at_least: 180万, by: 2024-12}}
  then: {{measure: mau, at_least: 180万, in: 2024-12}}
  race: {{reaches_first: {{measure: mau, at_least: 180万}}, before: {{measure: registered, at_least: 560万}},
         by: 2025-06}}
keep: {{measures: [mau, quick_ratio], months: [2023-03, 2025-12], segments: yes, paths: [registered, mau]}}
"""


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    """Return a task of the last 16 of 24 replicates and its tables, and the whole run in one piece."""
    path = tmp_path_factory.mktemp("unit") / "job.yaml"
    path.write_text(JOB, encoding="utf-8")
    job = load_job(path, MODEL)
    case = job.cases[0]
    task = Task(case, 3, job.plan(case), job.keep, 8, 24)
    with run(job.plan(case)) as whole:
        yield task, compute(task), whole


def test_paths_have_a_row_a_segment_month_and_replicate_with_the_values_of_that_replicate(unit):
    task, tables, whole = unit
    table, months = tables["paths"].to_pandas(), whole.plan.months
    segments = (ALL, *(segment.name for segment in task.plan.scenario.segments))
    assert len(table) == len(segments) * len(months) * 16
    rows = list(itertools.product(segments, map(str, months), range(8, 24)))
    assert list(zip(table["segment"], table["month"], table["replicate"], strict=True)) == rows
    assert table["draw"].tolist() == [replicate // 2 for *_, replicate in rows]
    for measure in ("registered", "mau"):
        expected = [whole.month(measure, t)[8:] for t in range(len(months))]
        np.testing.assert_array_equal(table[measure][: 16 * len(months)], np.concatenate(expected))
        by_segment = table[measure].to_numpy().reshape(len(segments), -1)
        np.testing.assert_array_equal(by_segment[1:].sum(axis=0), by_segment[0])


def test_summaries_are_of_the_replicates_of_the_unit_and_read_back_as_they_were(unit, tmp_path):
    task, tables, whole = unit
    path = tmp_path / "unit.parquet"
    path.write_bytes(serialise(tables["summaries"]))
    found = read_summaries(path)
    assert {key.month for key in found if key.kind == "quantity"} == {"2023-03", "2025-12"}
    for measure, month in itertools.product(("mau", "quick_ratio"), ("2023-03", "2025-12")):
        values = whole.month(measure, [str(m) for m in whole.plan.months].index(month))[8:]
        summary = found[Key("quantity", measure, ALL, month)]
        of_draws = values.reshape(8, 2).mean(axis=1)
        assert (summary.count, summary.draws) == (16, 8)
        assert summary.mean == pytest.approx(values.mean(), rel=1e-12)
        assert summary.standard_error == pytest.approx(of_draws.std(ddof=1) / 8**0.5, rel=1e-9)
        assert summary.quantile(0.5) == pytest.approx(np.sort(values)[7], rel=6e-4)
    for given in answer(whole, task.plan.scenario.asks):
        summary = found[Key("ask", given.ask.name, ALL, str(given.ask.month))]
        assert summary.mean == given.held[8:].mean()


def test_what_a_unit_cost_is_of_this_unit(unit, tmp_path):
    task, _, _ = unit
    done = produce(task, tmp_path)
    assert done.replicates == 16
    assert 0 < done.wall < 60
    assert 0 < done.cpu < 60
    assert {name.partition("/")[0] for name in done.files} == {"paths", "summaries"}
    assert all((tmp_path / name).is_file() for name in done.files)
