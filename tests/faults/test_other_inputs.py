"""Inputs that change under a name: another posterior, another law, another version of mobank; never used silently."""

import json
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mobank.base.identity import law_digest
from mobank.calibration.commands import calibrate, target_of
from mobank.calibration.sampler.ensembles import Effort
from mobank.cli.terminal import progress
from mobank.model import mobile_banking
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Flow
from mobank.model.mobile_banking import MODEL
from mobank.report.run.record import RUN
from tests.conftest import bare, rewrite
from tests.faults.conftest import TINY

ROOT = Path(__file__).resolve().parents[2]
NAME = "icbc_mobile"
POSTERIOR = Path("calibration/posteriors") / NAME
OTHER = Path("calibration/posteriors/icbc_mobile_article_secondary")
BASELINE = Path("scenarios/baseline.yaml")
JOB = "scenarios: [tiny.yaml]\nfidelity: mean_field\ndraws: 40\n"
FEW = ("--draws", "40", "--no-shares", "--lang", "en")
RELAUNCHED = replace(MODEL, flows=(*MODEL.flows, Flow("relaunch", "lapsed", "active", mobile_banking.reviving)))
ANOTHER_LAW = "the posterior 'icbc_mobile' was fitted to a model with another law"
AS_IT_WAS = "--draws 40 --seed 1 --fidelity cohort"
REMEDY = "fit again (mobank calibrate), or write posterior: off"
EARLIER = "this record has no digest of its content: an earlier version of mobank wrote it, or it is damaged"


@pytest.fixture
def planner(planner, monkeypatch):
    """Return the command where comparisons draw no picture either."""
    monkeypatch.setattr("mobank.report.compare.charts.draw_all", lambda *_: None)
    return planner


def runs(out: str = "outputs") -> list[Path]:
    return sorted(Path(out).glob("tiny-*"))


def run(planner) -> Path:
    """Run the small scenario and return the folder that it printed."""
    code, said, errors = planner("run", "scenarios/tiny.yaml", *FEW)
    assert code == 0, errors
    return next(path for path in runs() if f"{path.as_posix()}/" in said)


def fit_again() -> None:
    """Put another posterior under the name: the same draws in another order."""
    draws = POSTERIOR / "draws.parquet"
    table = pq.read_table(draws)
    pq.write_table(table.take(np.random.default_rng(0).permutation(table.num_rows)), draws)
    record = json.loads((POSTERIOR / "posterior.json").read_text(encoding="utf-8"))
    record["draws"] = sha256(draws.read_bytes()).hexdigest()
    (POSTERIOR / "posterior.json").write_text(json.dumps(record), encoding="utf-8")


def line_of(beginning: str) -> int:
    """Return the line of the baseline that begins so, from 1."""
    lines = BASELINE.read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, start=1) if line.startswith(beginning))


def refusals(planner, folder: Path, other: Path) -> list[str]:
    """Return what replay, export and compare say of a finished run; each refuses it."""
    said = []
    for words in (
        ("replay", folder.as_posix(), "--replicate", "0"),
        ("export", folder.as_posix(), "--xlsx"),
        ("compare", folder.as_posix(), other.as_posix()),
    ):
        code, _, errors = planner(*words)
        assert code == 2, errors
        said.append(errors)
    return said


# ------------ F1: fitted again under the same name


def test_a_posterior_fitted_again_under_its_name_is_another_run(planner):
    before, kept = run(planner), POSTERIOR.with_name("kept")
    shutil.copytree(POSTERIOR, kept)
    fit_again()
    after = run(planner)
    assert after != before
    assert (after / "paths.parquet").read_bytes() != (before / "paths.parquet").read_bytes()
    shutil.rmtree(POSTERIOR)
    kept.rename(POSTERIOR)
    assert run(planner) == before
    assert runs() == sorted([before, after])


def test_a_run_whose_posterior_was_fitted_again_is_refused_with_the_cause(planner):
    before = run(planner)
    draws = [json.loads((before / "run.json").read_text(encoding="utf-8"))["identity"]["posterior"]]
    fit_again()
    draws.append(json.loads((POSTERIOR / "posterior.json").read_text(encoding="utf-8"))["draws"])
    path = (before / "scenario.resolved.yaml").as_posix()
    wanted = (
        f"{path}  posterior: the posterior 'icbc_mobile' ({draws[1][:10]}) is not the one that this run started from "
        f"({draws[0][:10]}): it has been fitted again since; run it again: mobank run {path} {AS_IT_WAS}\n"
        "1 problem; nothing was run.\n"
    )
    assert [said for said in refusals(planner, before, BASELINE) if not said.endswith(wanted)] == []
    assert planner("run", path, *FEW)[0] == 0


# ------------ F4: another's files under a name


def test_another_posteriors_files_under_a_name_are_refused_by_every_command(planner):
    for file in OTHER.iterdir():
        shutil.copy(file, POSTERIOR / file.name)
    problem = (
        "posterior: 'icbc_mobile' is the name of a folder that holds the posterior 'icbc_mobile_article_secondary'; "
        "write posterior: icbc_mobile_article_secondary, or, if it is to be renamed, name 'icbc_mobile' in "
        "calibration/posteriors/icbc_mobile/posterior.json too\n1 problem; nothing was run.\n"
    )
    for words in (("check", "scenarios/tiny.yaml"), ("run", "scenarios/tiny.yaml"), ("posterior", NAME)):
        code, _, errors = planner(*words)
        assert code == 2
        assert errors.endswith(problem), errors
    line = line_of("posterior:")
    assert planner("check", "scenarios/tiny.yaml")[2].startswith(f"scenarios/baseline.yaml:{line}  ")


def test_both_ways_out_of_another_name_work(planner):
    shutil.rmtree(POSTERIOR)
    shutil.copytree(OTHER, POSTERIOR)
    Path("scenarios/tiny.yaml").write_text(f"{TINY}posterior: {OTHER.name}\n", encoding="utf-8")
    assert planner("check", "scenarios/tiny.yaml")[0] == 0
    Path("scenarios/tiny.yaml").write_text(TINY, encoding="utf-8")
    record = POSTERIOR / "posterior.json"
    record.write_text(record.read_text(encoding="utf-8").replace(OTHER.name, NAME), encoding="utf-8")
    assert planner("check", "scenarios/tiny.yaml")[0] == 0


def test_a_run_says_which_posterior_and_which_figures_it_rests_on(planner):
    code, said, _ = planner("run", "scenarios/tiny.yaml", *FEW)
    assert code == 0
    (folder,) = runs()
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    figures = record["posterior"]["figures"]
    assert (record["posterior"]["name"], len(figures)) == (NAME, 15)
    assert figures[0] == "registered.2016-12"
    assert record["posterior"]["draws"] == record["identity"]["posterior"]
    in_words = "registered 2016-12 to 2022-12 (7), mau 2021-12 to 2022-12 (2), customers 2016-12 to 2022-12 (6)"
    short = record["identity"]["posterior"][:10]
    unwrapped = " ".join(said.split())
    assert f"Starts from the posterior icbc_mobile ({short}), fitted to 15 figures: {in_words}." in unwrapped
    assert in_words in (folder / "report.html").read_text(encoding="utf-8")


# ------------ G10: another law


def test_a_posterior_of_another_law_is_refused_with_file_and_line(planner, monkeypatch):
    monkeypatch.setattr(mobile_banking, "MODEL", RELAUNCHED)
    line = line_of("posterior:")
    code, said, errors = planner("check", BASELINE.as_posix())
    assert (code, said) == (2, "")
    assert errors == (
        f"scenarios/baseline.yaml:{line}  posterior: {ANOTHER_LAW}; {REMEDY}\n1 problem; nothing was run.\n"
    )
    code, _, errors = planner("posterior", NAME)
    assert code == 2
    assert errors.endswith(f"posterior.json  posterior: {ANOTHER_LAW}; {REMEDY}\n1 problem; nothing was run.\n")


def test_a_posterior_that_does_not_say_its_law_is_refused(planner):
    record = json.loads((POSTERIOR / "posterior.json").read_text(encoding="utf-8"))
    del record["model"]
    (POSTERIOR / "posterior.json").write_text(json.dumps(record), encoding="utf-8")
    code, _, errors = planner("check", BASELINE.as_posix())
    assert code == 2
    assert errors == (
        f"{(POSTERIOR / 'posterior.json').as_posix()}  model: this key is missing; {REMEDY}\n"
        "1 problem; nothing was run.\n"
    )


def test_both_ways_out_of_another_law_work(planner, monkeypatch):
    monkeypatch.setattr(mobile_banking, "MODEL", RELAUNCHED)
    Path("scenarios/tiny.yaml").write_text(f"{TINY}posterior: off\n", encoding="utf-8")
    assert planner("check", "scenarios/tiny.yaml")[0] == 0
    target = target_of(Path("calibration/banks/icbc_mobile.yaml"), RELAUNCHED)
    calibrate(target, RELAUNCHED, POSTERIOR.parent, Path("work"), 1, Effort(2, 64, 0, 40), 1, progress)
    assert json.loads((POSTERIOR / "posterior.json").read_text(encoding="utf-8"))["model"] == fingerprint(
        bare(RELAUNCHED)
    )
    assert planner("check", BASELINE.as_posix())[0] == 0


def test_a_finished_run_of_another_law_is_refused_with_the_cause(planner, monkeypatch):
    Path("scenarios/tiny.yaml").write_text(f"{TINY}posterior: off\n", encoding="utf-8")
    folder = run(planner)
    monkeypatch.setattr(mobile_banking, "MODEL", RELAUNCHED)
    path = (folder / "scenario.resolved.yaml").as_posix()
    wanted = (
        f"{path}  this run is of a model with another law; run it again: mobank run {path} {AS_IT_WAS}\n"
        "1 problem; nothing was run.\n"
    )
    assert [s for s in refusals(planner, folder, Path("scenarios/tiny.yaml")) if not s.endswith(wanted)] == []
    assert planner("run", path, *FEW)[0] == 0
    assert run(planner) != folder


# ------------ the code


def test_a_replay_whose_numbers_differ_names_the_code_or_the_library(planner):
    folder = run(planner)
    table = pq.read_table(folder / "paths.parquet")
    pq.write_table(
        table.set_column(
            table.column_names.index("value"),
            "value",
            pq.read_table(folder / "paths.parquet")["value"].combine_chunks().take(np.arange(table.num_rows)[::-1]),
        ),
        folder / "paths.parquet",
    )
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    record["files"]["paths.parquet"] = sha256((folder / "paths.parquet").read_bytes()).hexdigest()
    versions = record["identity"]["versions"]
    for known, cause in (
        ({}, "the files differ"),
        ({"law": "0" * 32}, "the code that computes has changed since"),
        ({"versions": versions | {"numpy": "1.0"}}, f"the run was made with numpy 1.0 (now {versions['numpy']})"),
    ):
        changed = record | {"identity": record["identity"] | known}
        rewrite(folder / "run.json", RUN, changed)
        code, _, errors = planner("replay", folder.as_posix(), "--replicate", "0")
        assert code == 1
        assert errors.endswith(f"differ from paths.parquet; {cause}\n"), errors


# ------------ earlier versions


def of_earlier(path: Path) -> None:
    """Make a record that of a version that wrote neither number nor digest."""
    record = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: value for key, value in record.items() if key not in ("format", "digest")}
    path.write_text(json.dumps(kept), encoding="utf-8")


def test_a_run_of_an_earlier_version_is_refused_and_never_given_back(planner):
    folder = run(planner)
    of_earlier(folder / "run.json")
    path = f"{folder.as_posix()}/scenario.resolved.yaml"
    wanted = f"{folder.as_posix()}/run.json  {EARLIER}; run it again: mobank run {path}\n1 problem; nothing was run.\n"
    assert refusals(planner, folder, BASELINE) == [wanted] * 3
    code, _, errors = planner("run", "scenarios/tiny.yaml", *FEW)
    assert code == 0
    assert f"it is now {folder.as_posix()}.changed-1" in errors


def test_a_comparison_of_an_earlier_version_is_refused(planner):
    words = ("compare", "scenarios/tiny.yaml", BASELINE.as_posix(), "--draws", "40", "--lang", "en")
    code, _, errors = planner(*words)
    assert code == 0, errors
    (folder,) = Path("outputs").glob("compare-*")
    of_earlier(folder / "compare.json")
    code, _, errors = planner("export", folder.as_posix(), "--xlsx")
    assert code == 2
    wanted = f"{folder.as_posix()}/compare.json  {EARLIER}; compare its scenarios again\n1 problem; nothing was run.\n"
    assert errors == wanted
    code, _, errors = planner(*words)
    assert code == 0
    assert f"it is now {folder.as_posix()}.changed-1" in errors


def test_a_job_of_an_earlier_version_is_refused_where_it_is_resumed_and_where_it_is_read(planner):
    Path("job.yaml").write_text(JOB.replace("tiny", "scenarios/tiny"), encoding="utf-8")
    code, _, errors = planner("batch", "job.yaml", "--workers", "1", "--out", "jobs")
    assert code == 0, errors
    of_earlier(Path("jobs/job/job.json"))
    wanted = f"{EARLIER}; run the job again, in another folder (--out)\n1 problem; nothing was run.\n"
    for words in (("batch", "job.yaml", "--workers", "1", "--out", "jobs"), ("results", "jobs/job")):
        code, _, errors = planner(*words)
        assert (code, errors.endswith(wanted)) == (2, True), errors


def test_the_law_of_a_job_and_of_a_run_are_recorded(planner):
    record = json.loads((run(planner) / "run.json").read_text(encoding="utf-8"))
    assert record["identity"]["law"] == law_digest()
    assert record["identity"]["model"] == fingerprint(bare(MODEL))
