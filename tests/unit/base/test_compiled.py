"""Where compiled code is kept: in a folder of the user's, under a key that changes with all that it depends on."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numba
import pytest

from mobank.base import compiled as module
from mobank.base.compiled import COMPILING, INSTALLATION, UNKEPT, compiled, compiled_folder, key

ROOT = Path(__file__).parents[3]
PROGRAM = """
from mobank.base.compiled import compiled

@compiled("int64(int64)")
def twice(n):
    return 2 * n

assert twice(21) == 42
"""


def forget():
    for remembered in (module.compiled_folder, module.key, module._folder_of, module._say):
        remembered.cache_clear()


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """Begin as a new process would, with a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    forget()
    yield tmp_path / "cache" / "mobank" / "compiled"
    forget()


@pytest.fixture
def package(monkeypatch, tmp_path):
    """Put a package of three small files in the place of ours; two of them hold compiled code."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "draws.py").write_text("from numba import njit\n", encoding="utf-8")
    (folder / "month.py").write_text("import numba\n", encoding="utf-8")
    (folder / "page.py").write_text('"""A page that says: from numba import njit."""\n', encoding="utf-8")
    monkeypatch.setattr(module, "PACKAGE", folder)
    return folder


def twice():
    """Compile a small function as one of the package `mobank.base`; return it."""

    def function(n):
        return 2 * n

    function.__module__ = "mobank.base.arrays"
    return compiled("int64(int64)")(function)


def files(folder):
    return sorted(path.suffix for path in folder.rglob("*") if path.suffix in (".nbi", ".nbc"))


def changed(path):
    path.write_text(path.read_text(encoding="utf-8") + "# another line\n", encoding="utf-8")
    forget()


def test_it_is_kept_in_the_cache_folder_of_the_user(fresh):
    assert twice()(21) == 42
    assert compiled_folder() == fresh / key()
    assert files(fresh / key() / "mobank.base") == [".nbc", ".nbi"]


def test_a_second_process_takes_what_a_first_has_compiled(fresh):
    twice()
    forget()
    assert sum(twice().stats.cache_hits.values()) == 1


def test_the_first_run_says_once_that_it_compiles_and_a_later_one_says_nothing(fresh, capsys):
    twice()
    twice()
    assert capsys.readouterr().err == f"{COMPILING}\n"
    forget()
    twice()
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_processes_that_begin_at_once_all_work_and_one_of_them_says_that_it_compiles(fresh, tmp_path):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "loops.py").write_text(PROGRAM, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "sim")}
    command = [sys.executable, "-c", "import room.loops"]
    running = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) for _ in range(3)
    ]
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sorted(said) == ["", "", f"{COMPILING}\n"]


def test_functions_of_a_user_stay_where_they_were(fresh, monkeypatch):
    twice()
    assert numba.config.CACHE_DIR == ""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(fresh / "theirs"))
    forget()
    twice()
    assert compiled_folder() == fresh / "theirs" / "mobank" / "compiled" / key()
    assert str(fresh / "theirs") == numba.config.CACHE_DIR


# ------------ the key


@pytest.mark.parametrize("name", ["draws.py", "month.py"])
def test_a_change_in_any_file_of_compiled_code_changes_the_key(fresh, package, name):
    before = key()
    changed(package / name)
    assert key() != before


def test_a_change_in_another_file_leaves_the_key(fresh, package):
    before = key()
    changed(package / "page.py")
    assert key() == before


def test_the_key_names_the_version_and_covers_those_of_the_compiler(fresh, monkeypatch):
    before = key()
    assert before.rpartition("-")[0] == module.version("mobank")
    monkeypatch.setattr(numba, "__version__", "99")
    forget()
    assert key() != before


def test_a_new_key_removes_the_older_one_of_the_installation(fresh, package):
    before = compiled_folder()
    changed(package / "draws.py")
    now = compiled_folder()
    assert now != before
    assert list(fresh.iterdir()) == [now]


def test_the_cache_of_an_installation_that_is_no_more_is_removed(fresh, package, tmp_path, monkeypatch):
    before = compiled_folder()
    monkeypatch.setattr(module, "PACKAGE", shutil.copytree(package, tmp_path / "moved"))
    shutil.rmtree(package)
    forget()
    assert compiled_folder() != before
    assert not before.exists()


def test_the_cache_of_another_installation_and_what_is_not_ours_stay(fresh, package):
    other, note = fresh / "0.1.0-0123456789abcdef", fresh / "notes"
    for folder in (other, note):
        folder.mkdir(parents=True)
    theirs = f"{package.parent}\n{sys.prefix}\n{module._processor()}"
    (other / INSTALLATION).write_text(theirs, encoding="utf-8")
    fresh.chmod(0o700)
    assert compiled_folder().parent == fresh
    assert other.is_dir()
    assert note.is_dir()


# ------------ where nothing can be written, or what is there is damaged


@pytest.mark.parametrize("home", ["nowhere", "/proc/self", "/dev/null"])
def test_without_a_home_that_can_be_written_it_is_kept_in_a_temporary_folder(fresh, monkeypatch, tmp_path, home):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / home))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert twice()(21) == 42
    assert compiled_folder() == tmp_path / f"mobank-{os.getuid()}-compiled" / key()
    assert compiled_folder().parent.stat().st_mode & 0o777 == 0o700


def test_where_nothing_can_be_written_it_works_and_says_what_to_do(fresh, monkeypatch, capsys):
    monkeypatch.setattr(module, "_places", lambda: iter([Path("/proc/self/mobank"), Path("/dev/null/mobank")]))
    assert twice()(21) == 42
    assert compiled_folder() is None
    assert capsys.readouterr().err == f"{COMPILING}; {UNKEPT}\n"


def test_a_folder_that_others_can_write_is_not_trusted(fresh, monkeypatch, tmp_path):
    """What is kept is run: whoever can write it could run anything as this user."""
    fresh.mkdir(parents=True)
    fresh.chmod(0o777)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert compiled_folder().parent == tmp_path / ".cache" / "mobank" / "compiled"


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_torn_file_is_removed_and_the_next_process_writes_it_anew(fresh, suffix):
    twice()
    torn = next(path for path in fresh.rglob(f"*{suffix}"))
    torn.write_bytes(torn.read_bytes()[:20])
    forget()
    assert twice()(21) == 42
    assert not torn.exists()
    forget()
    twice()
    forget()
    assert sum(twice().stats.cache_hits.values()) == 1


def test_a_folder_that_is_removed_meanwhile_stops_nobody(fresh):
    twice()
    shutil.rmtree(fresh)
    assert twice()(21) == 42


# ------------ an installation that cannot be written, and no home


@pytest.mark.slow
def test_a_read_only_installation_without_a_home_runs(fresh, tmp_path):
    """As in a hardened container; what is compiled is lent, so that the test does not take a minute."""
    forget()
    os.environ.pop("XDG_CACHE_HOME")
    temporary = tmp_path / "tmp"
    lent = compiled_folder()
    shutil.copytree(lent, temporary / f"mobank-{os.getuid()}-compiled" / lent.name)
    (temporary / f"mobank-{os.getuid()}-compiled").chmod(0o700)
    scenario = tmp_path / "tiny.yaml"
    baseline = (ROOT / "scenarios" / "baseline.yaml").as_posix()
    scenario.write_text(f"extends: {baseline}\nquestion: Tiny?\nuntil: 2023-03\nasks: off\n", encoding="utf-8")
    words = f"{sys.executable} -m mobank run {scenario} --draws 10 --no-shares --out {tmp_path / 'out'}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"mount --bind . . && mount -o remount,ro,bind . || exit 77; {words}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "HOME": str(tmp_path / "nowhere"),
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(ROOT / "sim"),
        },
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"a read-only folder cannot be made here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert COMPILING not in done.stderr
    assert next((tmp_path / "out").glob("*/run.json")).is_file()
