"""Files for users: whole or not there, sets at once, nothing of others overwritten, whatever disk and folder do."""

import errno
import os
import subprocess
import sys
from pathlib import Path

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
from tests.conftest import ROOT
from tests.faults.disks import room_for
from tests.faults.test_batch_faults import content

MINE = "these are my notes\n"
ours = begins_with(b"ours")


# ------------ a disk that fills up


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
