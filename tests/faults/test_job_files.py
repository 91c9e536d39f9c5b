"""A job's folder and what is exported of it: F10, F21, F22, F25, F33 and F44 of the trials, by their names."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mobank.base.errors import InputError
from mobank.base.files import (
    is_crumb,
    write,
)
from mobank.batch.execute import execute
from mobank.batch.executors import Processes
from mobank.batch.job import Job
from mobank.batch.job_file import load_job
from mobank.batch.store import Store
from mobank.model.mobile_banking import MODEL
from tests.conftest import ROOT
from tests.faults.counts import TIMES
from tests.faults.disks import room_for, small_disk
from tests.faults.test_batch_faults import SHORT, content

JOB = """
scenarios: [short.yaml]
fidelity: mean_field
draws: 40
asks:
  more: {measure: mau, at_least: 1.8亿, by: 2023-12}
design:
  method: grid
  vary:
    levers.seniors.multiply: {values: [+0%, +20%, +60%]}
"""
SHORTER = SHORT.replace("BASELINE", f"{ROOT.as_posix()}/scenarios/baseline.yaml")
MINE = "these are my notes\n"


@pytest.fixture
def unraised(monkeypatch) -> list[object]:
    """Return what Python could not raise: what users see as "Exception ignored"."""
    seen: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    return seen


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("job")
    (folder / "short.yaml").write_text(SHORTER, encoding="utf-8")
    (folder / "job.yaml").write_text(JOB, encoding="utf-8")
    return load_job(folder / "job.yaml", MODEL)


@pytest.fixture(scope="module")
def quiet(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return execute(job, tmp_path_factory.mktemp("quiet"), lambda: Processes(1)).folder


@pytest.fixture
def done(quiet: Path, tmp_path: Path) -> Path:
    """Return a copy of the finished job."""
    return Path(shutil.copytree(quiet, tmp_path / "job"))


def no_workers() -> Processes:
    raise AssertionError("nothing is to be computed")


def finish(job: Job, folder: Path, executors: Callable[[], Processes] = no_workers):
    return execute(job, folder.parent, executors)


def test_f10_no_older_table_stays_beside_newer_ones(mobank, done, tmp_path):
    out = tmp_path / "out"
    words = ("results", "job", "--csv", "out")
    assert mobank(*words)[0] == 0
    assert sorted(content(out)) == ["answers.csv", "cases.csv", "quantiles.csv"]
    write(out / "notes.txt", MINE)
    code, said, _ = mobank(*words, "--where", "chance>2", "--where", "point=1")
    assert (code, said) == (2, "")
    code, said, _ = mobank(*words, "--where", "month=2023-12", "--where", "measure=mau")
    assert code == 0
    before = content(out)
    for nothing in ("scenario=nope", "ask=nope", "point>99"):
        code, said, errors = mobank(*words, "--where", nothing)
        assert (code, said, content(out)) == (2, "", before)
        assert f"'{nothing}' is met by no row" in errors
    assert "did you mean 'short'?" in mobank(*words, "--where", "scenario=shrot")[2]


def test_f10_a_table_without_rows_takes_its_older_export_away(quiet, tmp_path):
    from mobank.batch.export import write_csvs
    from mobank.batch.results import open_results

    results = open_results(quiet)
    write_csvs(results, tmp_path / "out")
    write(tmp_path / "out/notes.txt", MINE)
    few = replace(results, answers=results.answers.slice(0, 0))
    assert [p.name for p in write_csvs(few, tmp_path / "out")] == ["cases.csv", "quantiles.csv"]
    assert sorted(content(tmp_path / "out")) == ["cases.csv", "notes.txt", "quantiles.csv"]


def test_an_export_overwrites_nothing_of_others_without_force(mobank, done, tmp_path):
    for option, name in (("--csv", "answers.csv"), ("--report", "r.html"), ("--xlsx", "r.xlsx")):
        write(tmp_path / "out" / name, MINE)
        where = "out" if option == "--csv" else f"out/{name}"
        code, said, errors = mobank("results", "job", option, where)
        assert (code, said) == (2, "")
        assert f"'out/{name}' exists already; name another file, or overwrite it: --force" in errors
        assert (tmp_path / "out" / name).read_text(encoding="utf-8") == MINE
        assert mobank("results", "job", option, where, "--force")[0] == 0
        assert mobank("results", "job", option, where)[0] == 0, "what is ours is written again"
        assert MINE.encode() not in (tmp_path / "out" / name).read_bytes()
    assert [name for name in content(tmp_path / "out") if is_crumb(name)] == []


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"null", b'{"job": 3}', b"\xff"])
def test_f21_a_damaged_record_of_a_job_is_named(mobank, done, job, monkeypatch, text):
    (done / "job.json").write_bytes(text)
    code, said, errors = mobank("results", "job")
    assert (code, said) == (2, "")
    assert errors.startswith("job/job.json")
    assert "run the job again, in another folder (--out)" in errors
    with pytest.raises(InputError, match=r"job/job\.json"):
        finish(job, done)
    monkeypatch.chdir(ROOT)
    finish(job, done.parent / "another" / "job", lambda: Processes(1))  # as the message advises


@pytest.mark.parametrize("text", [b"", b"{}", b'{"files": {"paths/case=x/unit-zero.parquet": 1}}'])
def test_a_damaged_manifest_is_named_and_mended_by_the_command_that_it_names(mobank, done, quiet, job, text):
    (done / "manifest.json").write_bytes(text)
    code, _, errors = mobank("results", "job")
    assert code == 2
    assert errors.startswith("job/manifest.json")
    assert "give its mobank batch command again, which mends that" in errors
    assert finish(job, done, lambda: Processes(1)).computed == 0
    assert content(done) == content(quiet)
    assert mobank("results", "job")[0] == 0


def test_a_damaged_copy_of_a_scenario_is_mended_if_the_scenario_is_the_same(done, quiet, job):
    (done / "scenarios/short.yaml").write_bytes(b"question: [")
    finish(job, done)
    assert content(done) == content(quiet)


def test_a_driver_that_was_killed_before_its_record_was_written_begins_again(done, quiet, job):
    for path in done.iterdir():
        if path.name != "scenarios":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    finish(job, done, lambda: Processes(1))
    assert content(done) == content(quiet)
    shutil.rmtree(done)
    write(done / "scenarios/short.yaml", MINE)
    with pytest.raises(InputError, match="is there and holds no batch job"):
        finish(job, done)
    assert content(done) == {"scenarios/short.yaml": MINE.encode()}


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("summaries/case=*/*.parquet"))


def test_f22_a_copied_part_is_told_and_taken_away(mobank, done, quiet, job):
    part = parts(done)[0]
    for name in ("unit-000000 (1).parquet", "unit-1.parquet", "unit-000099.parquet", "notes.txt"):
        shutil.copy(part, part.with_name(name))
    outcome = finish(job, done)
    assert [Path(name).name for name in outcome.strangers] == sorted(
        ["unit-000000 (1).parquet", "unit-1.parquet", "unit-000099.parquet", "notes.txt"]
    )
    assert content(done) == content(quiet)


def test_f22_the_command_says_what_it_took_away(mobank, done, job, tmp_path):
    shutil.copy(parts(done)[0], parts(done)[0].with_name("unit-000000 (1).parquet"))
    for name in ("short.yaml", "job.yaml"):
        shutil.copy(Path(job.tree.place.file).parent / name, tmp_path)
    code, _, errors = mobank("batch", "job.yaml", "--out", ".", "--workers", "1")
    assert code == 0, errors
    assert "no parts of the job, taken away: summaries/case=" in errors


def test_f25_a_hidden_folder_beside_the_parts_is_left_and_another_is_named(done, job):
    beside = parts(done)[0].with_name(".ipynb_checkpoints")
    write(beside / "mine.txt", MINE)
    assert finish(job, done).computed == 0
    assert content(beside) == {"mine.txt": MINE.encode()}
    (beside.with_name("copy")).mkdir()
    with pytest.raises(InputError) as refused:
        finish(job, done)
    path = beside.with_name("copy").as_posix()
    assert str(refused.value).startswith(f"'{path}' is a folder among the job's parts; move it out of the job's folder")
    beside.with_name("copy").rename(done.parent / "copy")  # as the message advises
    finish(job, done)


def test_a_part_that_nobody_noted_counts_only_if_it_is_its_own_and_whole(done, job):
    (done / "manifest.json").unlink()
    store, good = Store(job, done.parent), [part.read_bytes() for part in parts(done)]
    assert len(store.done()[0]) == len(good) >= 2
    tried = 0
    for at in range(0, len(good[0]), max(1, len(good[0]) // (120 * TIMES))):
        for bad in (good[0][:at], good[0][:at] + bytes([good[0][at] ^ 5]) + good[0][at + 1 :]):
            parts(done)[0].write_bytes(bad) if len(parts(done)) == len(good) else None
            found, spoilt, _ = store.done()
            assert (len(found), spoilt) == (len(good) - 1, [])
            path = next(p for p in known_parts(job, done) if not p.exists())
            path.write_bytes(good[0])
            tried += 1
    print(f"parts: {tried} not adopted")
    assert tried >= 100
    parts(done)[0].write_bytes(good[1])  # another unit's, whole
    assert len(store.done()[0]) == len(good) - 1
    table = pq.read_table(io.BytesIO(good[0])).drop_columns(["mean"])
    pq.write_table(table, known_parts(job, done)[0])
    assert len(store.done()[0]) == len(good) - 1


def known_parts(job: Job, folder: Path) -> list[Path]:
    return sorted(
        folder / name for key in Store(job, folder.parent)._units() for name in Store(job, folder.parent)._names(*key)
    )


def run_on(disk: Path, words: tuple[str, ...], mobank) -> tuple[int, str]:
    before = content(disk)
    code, _, errors = mobank(*words)
    if code:
        assert content(disk) == before
        assert errors.count("could not be written: the disk is full") == 1, errors
        assert "nothing was run" not in errors
        assert "Traceback" not in errors
    return code, errors


@pytest.mark.parametrize(
    ("words", "old"),
    [
        (("results", "job", "--report", "disk/r.html"), ("r.html", '<meta name="generator" content="mobank">')),
        (("results", "job", "--csv", "disk/out"), ("out/answers.csv", "\ufeffcase,scenario,point")),
        (("results", "job", "--csv", "disk"), ("answers.csv", "\ufeffcase,scenario,point")),
        (("results", "job", "--xlsx", "disk/x.xlsx"), None),
        (("schema", "--out", "disk/s.json"), ("s.json", '{"title": "mobank: old"}')),
        (("schema", "--reference", "--out", "disk/s.md"), ("s.md", "# Keys of old")),
        (("new", "Why is it full?", "--out", "disk/n.yaml"), None),
    ],
    ids=["report", "csv", "csv_there", "xlsx", "schema", "reference", "new"],
)
@pytest.mark.parametrize("there", [False, True])
def test_f33_f44_a_full_disk_leaves_what_was_there(mobank, done, tmp_path, unraised, words, old, there):
    disk = tmp_path / "disk"
    with small_disk(disk, 4):
        if there and old:
            write(disk / old[0], old[1])
        code, _ = run_on(disk, words, mobank)
        assert code == 1
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        code, errors = run_on(disk, words, mobank)
        assert code == 0, errors
    assert unraised == []


@pytest.mark.parametrize("words", [("results", "job", "--report", "out/r.html"), ("schema", "--out", "out/s.json")])
def test_f44_a_page_is_whole_or_as_it_was_wherever_the_disk_fills_up(mobank, done, tmp_path, monkeypatch, words):
    out = tmp_path / "out"
    out.mkdir()
    assert mobank(*words)[0] == 0
    (path,) = out.iterdir()
    whole = path.read_bytes()
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        with room_for(size, monkeypatch):
            code, _, errors = mobank(*words)
        assert (code, content(out)) == (1, {path.name: whole})
        assert errors.endswith("could not be written: the disk is full; what was there is as it was\n")


def test_new_leaves_a_schema_of_others_and_says_so(mobank, tmp_path):
    write(tmp_path / "scenarios/scenario.schema.json", MINE)
    code, _, errors = mobank("new", "Why?")
    assert (code, sorted(content(tmp_path / "scenarios"))) == (2, ["scenario.schema.json"])
    assert "'scenarios/scenario.schema.json' exists already; move it away" in errors
    (tmp_path / "scenarios/scenario.schema.json").rename(tmp_path / "mine.json")  # as the message advises
    assert mobank("new", "Why?")[0] == 0
