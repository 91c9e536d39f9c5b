"""What a finished job says: filtered, written out, scored; and the command with its exit codes."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mobank.base.errors import InputError
from mobank.batch.execute import execute
from mobank.batch.executors import Processes
from mobank.batch.export import write_csvs, write_workbook
from mobank.batch.job_file import load_job
from mobank.batch.page import write_page
from mobank.batch.results import open_results, quantile_columns
from mobank.batch.sensitivity import effects, heat, outputs
from mobank.batch.summaries import RELATIVE
from mobank.model.mobile_banking import MODEL

pytestmark = pytest.mark.slow  # whole runs, some through the command

ROOT = Path(__file__).resolve().parents[3]
JOB = f"""
question: {{en: Which matters?, zh: 哪个要紧？}}
scenarios: [{ROOT.as_posix()}/scenarios/batches/four_levers.yaml]
fidelity: mean_field
draws: 40
asks:
  two: {{measure: mau, at_least: 2亿, by: 2025-12}}
design:
  method: sobol
  points: 64
  vary:
    levers.smoother_release.multiply: {{low: -15%, high: +0%}}
    levers.county_agents.multiply: {{low: +0%, high: +100%}}
    levers.smart_win_back.multiply: {{low: +0%, high: +30%}}
keep: {{months: [2025-12, 2027-12], paths: [mau]}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("results")
    (where / "which.yaml").write_text(JOB, encoding="utf-8")
    return execute(load_job(where / "which.yaml", MODEL), where, lambda: Processes(2)).folder


@pytest.fixture(scope="module")
def results(folder: Path):
    return open_results(folder)


def command(*words: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, "-m", "mobank", *words]
    return subprocess.run(program, cwd=cwd, capture_output=True, text=True, check=False)


def test_every_row_carries_the_values_of_its_case(results):
    cases = results.cases.to_pandas()
    assert len(cases) == 64
    for table in (results.quantities.to_pandas(), results.answers.to_pandas()):
        joined = table.merge(cases, on="case", suffixes=("", "_case"))
        for axis in results.axes:
            assert (joined[axis] == joined[f"{axis}_case"]).all()
    assert len(results.quantities) == 64 * 2 * 2


def test_rows_are_filtered_by_any_column(results):
    axis = "levers.smoother_release.multiply"
    few = results.where([f"{axis}<0.9", "measure=mau", "ask=two"])
    assert 0 < few.cases.num_rows < 64
    assert few.quantities.num_rows == 2 * few.cases.num_rows == 2 * few.answers.num_rows
    late = few.where(["month>=2026-01"])
    assert set(late.quantities["month"].to_pylist()) == {"2027-12"}
    assert late.answers.num_rows == 0  # what is asked lies before


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("mau", "--where: 'mau' is not a condition; write scenario=baseline or month>=2025-12"),
        ("mesure=mau", "--where: 'mesure' is not a column; did you mean 'measure'?"),
        ("chance>half", "--where: 'half' is not a number, as chance is; write 1.1 for +10 %"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(results, condition, message):
    with pytest.raises(InputError) as refusal:
        results.where([condition])
    assert str(refusal.value) == f"{message}\n1 problem; nothing was run."


def test_csv_holds_the_tables(results, tmp_path):
    files = write_csvs(results, tmp_path / "csv")
    assert [f.name for f in files] == ["cases.csv", "answers.csv", "quantiles.csv"]
    with (tmp_path / "csv" / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == results.answers.num_rows
    for name, table in (("cases", results.cases), ("answers", results.answers), ("quantiles", results.quantities)):
        found = pd.read_csv(tmp_path / "csv" / f"{name}.csv", encoding="utf-8-sig")
        pd.testing.assert_frame_equal(found, table.to_pandas(), check_dtype=False, rtol=1e-9)
    assert "不迟于2025-12：月活用户至少2亿" in {row["问题"] for row in rows}


def test_a_workbook_holds_numbers_as_numbers(results, tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    write_workbook(results, tmp_path / "x.xlsx", MODEL, "zh")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames == ["情景与设计点", "提问", "分位数"]
    head, row = ([cell.value for cell in each] for each in list(book["提问"].rows)[:2])
    shown = dict(zip(head, row, strict=True))
    for name in ("chance", "chance_mc_error", "low_95", "high_95", "never", *results.axes):
        assert shown[name] == pytest.approx(results.answers[name][0].as_py()), name


def test_the_levers_that_matter_are_found(results):
    """MAU is nearly additive in three small levers: the indices are those of a regression on the same points."""
    mau = next(o for o in outputs(results) if (o.kind, o.name) == ("measure", "mau"))
    found = {effect.axis: effect for effect in effects(results.axes, mau)}
    x = mau.inputs - mau.inputs.mean(axis=1, keepdims=True)
    slopes = np.linalg.lstsq(x.T, mau.values - mau.values.mean(), rcond=None)[0]
    shares = slopes**2 * x.var(axis=1) / mau.values.var()
    assert shares.sum() == pytest.approx(1, abs=0.02)
    for axis, share in zip(results.axes, shares, strict=True):
        assert abs(found[axis].first - share) < 4 * found[axis].error + 0.02
    assert next(iter(found)) == results.axes[int(np.argmax(shares))]


def test_a_heat_map_holds_the_means_of_its_cells(results):
    mau = next(o for o in outputs(results) if (o.kind, o.name) == ("measure", "mau"))
    across, down = results.axes[:2]
    found = heat(results.axes, mau, across, down)
    assert found.means.shape == (6, 6)
    table = results.quantities.to_pandas().query("measure == 'mau' and month == '2027-12'")
    for r, (low, high) in enumerate(found.rows):
        for c, (left, right) in enumerate(found.columns):
            inside = table[table[across].between(left, right) & table[down].between(low, high)]["mean"]
            assert found.means[r, c] == pytest.approx(inside.mean(), rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_tells_chances_what_matters_and_a_map_without_the_network(results, lang):
    page = write_page(results, MODEL, lang)
    assert page == write_page(results, MODEL, lang)
    assert "http" not in page.replace("http-equiv", "")
    for word in {"en": ("Which matters?", "What matters", "explains alone"), "zh": ("哪个要紧？", "哪一项最要紧")}[
        lang
    ]:
        assert word in page
    assert page.count("background:rgb(") == len(list(outputs(results))) * 36


def test_other_programs_read_the_same_files(folder, results):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    asked = f"""
        select "case", avg(mau) as mean from read_parquet('{folder}/paths/*/*.parquet', hive_partitioning = true)
        where month = '2027-12' group by "case" order by "case"
    """
    theirs = duckdb.sql(asked).fetchall()
    paths = pd.read_parquet(folder / "paths")
    ours = paths[paths["month"] == "2027-12"].groupby("case", observed=True)["mau"].mean()
    assert [case for case, _ in theirs] == list(ours.index)
    assert [mean for _, mean in theirs] == pytest.approx(list(ours))
    table = results.where(["measure=mau", "month=2027-12"]).quantities
    assert table["mean"].to_pylist() == pytest.approx(list(ours))
    values = paths[paths["month"] == "2027-12"].groupby("case", observed=True)["mau"]
    assert table["mean_mc_error"].to_pylist() == pytest.approx(list(values.std() / 40**0.5))
    for name in quantile_columns(table):
        exact = values.quantile(float(name[1:]) / 100, interpolation="lower")
        assert table[name].to_pylist() == pytest.approx(list(exact), rel=RELATIVE * 1.001), name
    assert set(table["replicates"].to_pylist()) == {40}


def test_the_command_shows_what_was_found(folder):
    done = command("results", str(folder), "--lang", "en", "--where", "measure=mau")
    assert done.returncode == 0, done.stderr
    assert "64 cases, 2,560 replicates" in done.stdout
    assert "explains alone" in done.stdout


def test_a_folder_that_is_no_job_or_not_finished_or_changed_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="is not the folder of a batch job"):
        open_results(tmp_path)
    copy = tmp_path / "which"
    shutil.copytree(folder, copy)
    (copy / "answers.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"answers.parquet in .* changed or gone since the job; give its mobank batch"):
        open_results(copy)
    (copy / "manifest.json").unlink()
    with pytest.raises(InputError, match="is a job that is not finished; finish it"):
        open_results(copy)


def test_a_wrong_job_gets_exit_code_2_and_writes_nothing(tmp_path):
    (tmp_path / "job.yaml").write_text("draws: 10\n", encoding="utf-8")
    done = command("batch", "job.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "job.yaml:1  'scenarios' is missing\n1 problem; nothing was run.\n"
    assert [p.name for p in tmp_path.iterdir()] == ["job.yaml"]


def test_a_plan_computes_nothing(tmp_path):
    done = command("batch", str(ROOT / "scenarios/batches/smoke.yaml"), "--plan", "--lang", "en", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line.split()[0] in ("cases", "units"))
    assert lines == {"cases": "6", "units": "6, of 500 replicates each"}
    assert list(tmp_path.iterdir()) == []
