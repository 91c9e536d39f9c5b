"""Files for users: whole or not there, sets at once, nothing of others overwritten, whatever disk and shared folder do.

A disk fills up at any byte in two ways: a file object that raises at its n-th byte, and a small file system where one
can be mounted. Faults of the trials stand here by their names.
"""

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mobank.base import owner
from mobank.base.errors import InputError, RunError
from mobank.base.files import (
    CRUMB,
    begins_with,
    clear_leftovers,
    folder_aside,
    hidden_twin,
    is_crumb,
    is_left_over,
    set_aside,
    write,
    write_for_user,
)
from mobank.batch.execute import execute
from mobank.batch.executors import Processes
from mobank.batch.job import Job
from mobank.batch.job_file import load_job
from mobank.batch.store import Store
from mobank.model.mobile_banking import MODEL
from tests.conftest import ROOT
from tests.faults.test_batch_faults import content

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
SHORT = f"""
extends: {ROOT.as_posix()}/scenarios/baseline.yaml
question: A short one?
until: 2023-12
asks: off
levers:
  seniors:
    parameter: revive_rate
    multiply: +20%
    for: [over_60]
    from: 2023-02
    evidence: assumption
    reason: a test
"""
TINY = "extends: baseline.yaml\nquestion: A tiny one?\nuntil: 2023-03\nasks: off\n"
FEW = ("--draws", "10", "--no-shares", "--lang", "en")
MINE = "these are my notes\n"
ours = begins_with(b"ours")


# ------------ a disk that fills up


class FullRaw(io.FileIO):
    """A file that takes so many bytes, with all others of its kind, and no more."""

    left = 0

    def write(self, data) -> int:  # type: ignore[override]
        room, size = FullRaw.left, len(memoryview(data).cast("B"))
        if room <= 0 and size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = super().write(memoryview(data).cast("B")[:room])
        FullRaw.left -= taken
        return taken


@contextmanager
def room_for(size: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let so many bytes be written through `Path.open`, and no more."""
    real = io.open

    def opened(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, **more):
        if not set(mode) & set("wxa"):
            return real(file, mode, buffering, encoding, errors, newline, **more)
        raw = FullRaw(file, mode.replace("b", "").replace("t", ""))
        buffered = io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    FullRaw.left = size
    with monkeypatch.context() as patch:
        patch.setattr(io, "open", opened)
        yield


@contextmanager
def small_disk(where: Path, kilobytes: int) -> Iterator[None]:
    """Mount a disk of so many kilobytes."""
    where.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(where)]
    if os.name == "nt" or os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(["umount", str(where)], check=False)


@pytest.fixture
def unraised(monkeypatch) -> list[object]:
    """Return what Python could not raise: what users see as "Exception ignored"."""
    seen: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    return seen


def test_a_file_is_whole_or_as_it_was_wherever_the_disk_fills_up(tmp_path, monkeypatch):
    path, new = tmp_path / "a.txt", "new" * 100
    write(path, "old")
    for size in range(0, 300, 7):
        with room_for(size, monkeypatch), pytest.raises(OSError, match="No space"):
            write(path, new)
        assert content(tmp_path) == {"a.txt": b"old"}
    with room_for(300, monkeypatch):
        write(path, new)
    assert content(tmp_path) == {"a.txt": new.encode()}


def test_a_set_is_whole_or_as_it_was_wherever_the_disk_fills_up(tmp_path, monkeypatch):
    new = {"a.csv": b"ours, new" * 9, "b.csv": b"ours, too" * 9}

    def fill(folder: Path) -> None:
        with set_aside(folder, ["a.csv", "b.csv", "c.csv"], ours, force=False) as hidden:
            for name, data in new.items():
                with (hidden / name).open("wb") as file:
                    file.write(data)

    old = {"a.csv": b"ours, old", "c.csv": b"ours, older", "notes.txt": b"mine"}
    for folder, before in ((tmp_path / "new", {}), (tmp_path / "old", old)):
        for name, data in before.items():
            write(folder / name, data)
        for size in range(0, 160, 9):
            with room_for(size, monkeypatch), pytest.raises(RunError, match="could not be written: the disk is full"):
                fill(folder)
            assert content(folder) == before
        fill(folder)
        assert content(folder) == new | ({"notes.txt": b"mine"} if before else {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "old"]


def test_what_a_message_says_of_a_full_disk_is_true(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    for left in ("nothing was left half-written", "what was there is as it was"):
        before = content(tmp_path)
        with room_for(2, monkeypatch), pytest.raises(RunError) as refused:
            write_for_user(path, "ours, new", ours)
        assert str(refused.value) == f"'{path}' could not be written: the disk is full; {left}"
        assert content(tmp_path) == before
        write(path, "ours")
    monkeypatch.setattr("mobank.base.files.sync_all", lambda folder: os.pwrite(-1, b"", 0))
    with pytest.raises(RunError, match="what was there is as it was"), folder_aside(tmp_path) as hidden:
        write(hidden / "a.txt", "new")
    assert content(tmp_path) == {"a.txt": b"ours"}


# ------------ what belongs to others


def test_a_file_of_others_is_overwritten_by_force_alone(tmp_path):
    path = tmp_path / "a.txt"
    write(path, MINE)
    with pytest.raises(InputError) as refused:
        write_for_user(path, "ours", ours, key="--out")
    told = f"--out: '{path}' exists already; name another file, or overwrite it: --force"
    assert str(refused.value) == f"{told}\n1 problem; nothing was run."
    assert content(tmp_path) == {"a.txt": MINE.encode()}
    write_for_user(path, "ours", ours, force=True)
    write_for_user(path, "ours, new", ours)
    assert content(tmp_path) == {"a.txt": b"ours, new"}


def test_a_set_is_not_written_over_files_of_others_and_all_are_named(tmp_path):
    for name in ("a.csv", "c.csv"):
        write(tmp_path / name, MINE)
    with pytest.raises(InputError) as refused, set_aside(tmp_path, ["a.csv", "b.csv", "c.csv"], ours, force=False):
        pass
    assert [p.found for p in refused.value.problems] == [f"'{tmp_path}/{name}'" for name in ("a.csv", "c.csv")]
    assert content(tmp_path) == dict.fromkeys(("a.csv", "c.csv"), MINE.encode())


@pytest.mark.parametrize("place", ["folder", "no/a.txt", "protected", "pipe"])
def test_a_place_for_no_file_is_a_mistake_of_whoever_names_it(tmp_path, place):
    (tmp_path / "folder").mkdir()
    write(tmp_path / "protected", "ours")
    (tmp_path / "protected").chmod(0o444)
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.rglob("*"))
    if place == "protected" and os.access(tmp_path / place, os.W_OK):
        pytest.skip("root may write everything")
    with pytest.raises(InputError) as refused:
        write_for_user(tmp_path / place, "ours, new", ours)
    assert f"'{tmp_path / place}'" in str(refused.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_leads_to_the_file_that_is_meant(tmp_path):
    write(tmp_path / "real" / "a.txt", "ours")
    (tmp_path / "a.txt").symlink_to(tmp_path / "real" / "a.txt")
    write_for_user(tmp_path / "a.txt", "ours, new", ours)
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text(encoding="utf-8") == "ours, new"


def test_a_folder_that_cannot_take_its_name_gives_the_old_one_back(tmp_path, monkeypatch):
    final = tmp_path / "run"
    write(final / "a.txt", "old")
    rename, asked = Path.rename, []

    def refuse_second(path: Path, target: Path) -> Path:
        asked.append(path.name)
        if len(asked) == 2:
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_second)
    with (
        pytest.raises(RunError, match="Input/output error; what was there is as it was"),
        folder_aside(final) as hidden,
    ):
        write(hidden / "a.txt", "new")
    assert content(tmp_path) == {"run/a.txt": b"old"}


# ------------ leftovers and shared folders: F6, F18


def of(machine: str, process: int, began: int) -> str:
    return f".run.{machine}-{process}-{began}-1{CRUMB}"


def test_nothing_is_taken_for_left_over_that_may_be_written_somewhere(tmp_path):
    machine, gone = owner._machine(), subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here, began = os.getpid(), owner._began(os.getpid())
    alive = {
        of(machine, here, began): "this process",
        of("0" * 12, gone.pid, 5): "another machine, container or boot",
        f".run.{here}{CRUMB}": "an earlier version, which did not say where",
        f".run.gone.{gone.pid}{CRUMB}": "whoever",
        ".run.tmp": "whoever",
        "run.tmp": "a file of a person",
    }
    left = {
        of(machine, gone.pid, 5): "a process that is gone",
        of(machine, here, began + 1): "its number is used again",
    }
    for name in (*alive, *left):
        assert is_left_over(name) == (name in left), {**alive, **left}[name]
        (tmp_path / name).mkdir()
    other = tmp_path / of(machine, gone.pid, 5).replace(".run.", ".run.2.")
    other.mkdir()
    clear_leftovers(tmp_path / "run")
    assert {p.name for p in tmp_path.iterdir()} == {*alive, other.name}


def test_two_writers_of_one_process_do_not_meet(tmp_path):
    names = {hidden_twin(tmp_path / "run").name for _ in range(100)}
    assert len(names) == 100
    assert all(is_crumb(name) and not is_left_over(name) for name in names)
    assert len(hidden_twin(tmp_path / ("名" * 80)).name.encode()) < 255


@pytest.mark.skipif(sys.platform != "linux", reason="spaces of process numbers are Linux's")
def test_f6_a_process_in_another_container_does_not_delete_what_is_written_here(tmp_path):
    words = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c"]
    if subprocess.run([*words, ""], capture_output=True, check=False).returncode:
        pytest.skip("no space of process numbers may be made here")
    program = (
        f"from pathlib import Path; from mobank.base.files import *; clear_leftovers(Path({str(tmp_path / 'run')!r}))"
    )
    with folder_aside(tmp_path / "run") as hidden:
        write(hidden / "a.txt", "a")
        subprocess.run([*words, program], check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "sim")})
        assert hidden.is_dir()
    assert content(tmp_path) == {"run/a.txt": b"a"}


@pytest.mark.parametrize("name", ["a**b", "a[b]", "a?b", "*", "a{b,c}", ".a", "a b", "名", "[!a]"])
def test_f18_a_name_is_never_a_pattern(tmp_path, name):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = f"{owner._machine()}-{dead.pid}-1-1{CRUMB}"
    for each in (name, "axb", "ab", "b"):
        (tmp_path / f".{each}.{left}").mkdir()
    with folder_aside(tmp_path / name) as hidden:
        write(hidden / "a.txt", "a")
    assert {p.name for p in tmp_path.iterdir()} == {name, *(f".{each}.{left}" for each in {"axb", "ab", "b"} - {name})}


# ------------ a job: F10, F21, F22, F25, F33, F44


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("job")
    (folder / "short.yaml").write_text(SHORT, encoding="utf-8")
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
    for at in range(0, len(good[0]), max(1, len(good[0]) // 120)):
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


# ------------ runs and posteriors: F26, F30, F32, F34


@pytest.fixture
def planner(mobank, tmp_path, monkeypatch):
    """Return the command in a workspace of its own with a small scenario, no picture drawn."""
    for name in ("scenarios", "calibration"):
        shutil.copytree(ROOT / name, tmp_path / name)
    Path("scenarios/tiny.yaml").write_text(TINY, encoding="utf-8")
    monkeypatch.setattr("mobank.report.run.pictures.draw_all", lambda *_: None)
    return mobank


def test_f26_an_edited_record_of_a_run_is_refused_by_all_who_read_it(planner):
    assert planner("run", "scenarios/tiny.yaml", *FEW)[0] == 0
    (folder,) = Path("outputs").glob("tiny-*")
    good = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    edits = [{"draws": "ten"}, {"fidelity": "foo"}, {"draws": 5}, {"draws": 20}, {"seed": None}]
    changed = [good | {"identity": good["identity"] | edit} for edit in edits]
    changed.append(good | {"identity": {k: v for k, v in good["identity"].items() if k != "draws"}})
    for content_ in changed:
        (folder / "run.json").write_text(json.dumps(content_), encoding="utf-8")
        for words in (
            ("replay", folder.as_posix(), "--replicate", "0"),
            ("compare", folder.as_posix(), "scenarios/baseline.yaml"),
            ("export", folder.as_posix(), "--xlsx"),
        ):
            code, _, errors = planner(*words)
            assert code == 2, errors
            assert f"{folder.as_posix()}/run.json  " in errors
    advice = errors.partition("run it again: mobank ")[2].splitlines()[0]
    assert planner(*advice.split(), *FEW)[0] == 0


POSTERIOR = Path("calibration/posteriors/icbc_mobile")
USES = (("check", "scenarios/tiny.yaml"), ("run", "scenarios/tiny.yaml", *FEW), ("posterior", "icbc_mobile"))
UPDATE = ("calibrate", "icbc_mobile", "--update", "icbc_mobile")


def test_f30_draws_that_are_gone_cut_or_of_another_are_refused_alike_by_all(planner):
    draws = POSTERIOR / "draws.parquet"
    good = draws.read_bytes()
    other = (POSTERIOR.with_name("icbc_mobile_article_secondary") / "draws.parquet").read_bytes()
    for data in (None, good[:5000], other, b""):
        draws.unlink() if data is None else draws.write_bytes(data)
        for words in (*USES, UPDATE):
            code, said, errors = planner(*words)
            assert (code, said) == (2, ""), errors
            assert "calibration/posteriors/icbc_mobile/draws.parquet" in errors
    draws.write_bytes(good)
    assert planner(*USES[0])[0] == planner(*USES[1])[0] == 0


@pytest.mark.parametrize("text", ["{", "", "{}", "[]", '{"last": 3}'])
def test_f32_an_unreadable_record_of_a_posterior_is_named(planner, text):
    (POSTERIOR / "posterior.json").write_text(text, encoding="utf-8")
    for words in (*USES, UPDATE):
        code, said, errors = planner(*words)
        assert (code, said) == (2, ""), errors
        assert "calibration/posteriors/icbc_mobile/posterior.json" in errors
        assert "did you mean" not in errors


def test_f34_a_damaged_scoreboard_is_refused_before_anything_is_written(planner):
    write(Path("calibration/posteriors/scoreboard.csv"), "garbage\n")
    before = content(Path("calibration"))
    code, said, errors = planner(*UPDATE)
    assert (code, said) == (2, "")
    assert "calibration/posteriors/scoreboard.csv:1  the first line must be" in errors
    assert content(Path("calibration")) == before
