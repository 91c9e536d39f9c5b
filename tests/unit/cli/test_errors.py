"""A user's mistake at the command line gets one clear message, exit code 2, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from mobank.model.grammar import CUSTOMERS, EXPOSURE
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).parents[3]
BANK = ROOT / "tests/data/broken/parents/bank.yaml"
LONGEST_CPU_SECONDS = 2.0


@pytest.fixture
def mobank(tmp_path):
    """Return a runner of the command in an empty folder; it returns exit code, output and errors."""

    def run(*words: str, cpu_seconds: float = LONGEST_CPU_SECONDS) -> tuple[int, str, str]:
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-m", "mobank", *words],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            check=False,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT / "sim"), "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
        )
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime < cpu_seconds
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def message(*lines: str) -> str:
    return "\n".join([*lines, f"{len(lines)} problem{'s' if len(lines) > 1 else ''}; nothing was run.", ""])


@pytest.mark.slow
def test_a_file_that_does_not_exist_gets_the_nearest_name(mobank, tmp_path):
    shutil.copy(BANK, tmp_path / "bank.yaml")
    told = message("'bnak.yaml' is neither a file nor the name of a scenario; did you mean 'bank.yaml'?")
    assert mobank("run", "bnak.yaml", "--out", "out") == (2, "", told)
    assert mobank("check", "bnak.yaml") == (2, "", told)
    assert [path.name for path in tmp_path.iterdir()] == ["bank.yaml"]


@pytest.mark.slow
def test_what_is_near_is_looked_for_beside_and_by_name_in_the_workspace_and_among_the_shipped(mobank, tmp_path):
    (tmp_path / "scenarios").mkdir()
    for name in ("baseline", "senior_edition", "win_back", "betterrelease"):
        shutil.copy(BANK, tmp_path / "scenarios" / f"{name}.yaml")
    for asked, told in [
        ("senior.yaml", "did you mean 'senior_edition'?"),
        ("scenarios/seniors.yaml", "did you mean 'senior_edition.yaml'?"),
        ("better-release", "did you mean 'betterrelease' or 'better_release' (shipped)?"),
        ("scenarios/x.yaml", "there: baseline.yaml, betterrelease.yaml, senior_edition.yaml, win_back.yaml"),
    ]:
        refused = message(f"'{asked}' is neither a file nor the name of a scenario; {told}")
        assert mobank("check", asked) == (2, "", refused)


def test_the_version_is_told_at_once(mobank):
    assert mobank("--version") == (0, f"mobank {version('mobank')}\n", "")


def test_describe_speaks_chinese_throughout_but_for_the_names_that_a_scenario_uses(mobank):
    code, out, _ = mobank("describe", "--lang", "zh", cpu_seconds=10.0)
    assert code == 0
    known = {*MODEL.states, *MODEL.parameter, *MODEL.measure, *MODEL.shocks, *(flow.name for flow in MODEL.flows)}
    known |= {EXPOSURE, CUSTOMERS, "unlimited"}
    assert set(re.findall(r"[A-Za-z_]+", out)) <= known
    assert known - {"unlimited"} - set(re.findall(r"[A-Za-z_]+", out)) == set()


def test_a_folder_a_pipe_and_an_empty_file_are_no_scenarios(mobank, tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "empty.yaml").touch()
    code, out, err = mobank("check", "folder", "pipe.yaml", "empty.yaml")
    assert (code, out) == (2, "")
    assert err == message(
        "empty.yaml:1  an empty file must be a mapping, one 'key: value' a line",
        "folder  this file is a folder, not a YAML file",
        "pipe.yaml  this file is a pipe or a device, not a YAML file",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a: " + b"x" * 50_000_000, "bad.yaml  this file has 50,000,003 bytes; at most 1,048,576 are read"),
        (b"a: " + b"[" * 50_000, "bad.yaml:1  nesting deeper than 20 levels is not read"),
        (b"question: a\0b\n", "bad.yaml:1  the unprintable character U+0000 is not allowed; delete it"),
    ],
    ids=["50 MB", "50,000 levels", "NUL"],
)
def test_files_that_would_crash_or_fill_the_memory_are_refused_at_once(mobank, tmp_path, content, told):
    (tmp_path / "bad.yaml").write_bytes(content)
    assert mobank("run", "bad.yaml", "--out", "out") == (2, "", message(told))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


@pytest.mark.slow
def test_a_heap_of_unknown_keys_is_refused_soon_and_shortly(mobank, tmp_path):
    (tmp_path / "bad.yaml").write_text("".join(f"key{i}: 1\n" for i in range(20_000)), encoding="utf-8")
    code, _, err = mobank("check", "bad.yaml")
    assert code == 2
    assert len(err.splitlines()) < 30


def test_a_problem_of_the_parent_is_told_once_for_all_its_children(mobank, tmp_path):
    (tmp_path / "parent.yaml").write_text("seed: 7\nseed: 8\n", encoding="utf-8")
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("extends: parent.yaml\n", encoding="utf-8")
    told = message("parent.yaml:2  seed: this key must stand only once; it first stands in line 1")
    assert mobank("check", "one.yaml", "two.yaml") == (2, "", told)


def test_check_without_files_looks_into_the_folder_scenarios(mobank, tmp_path):
    (tmp_path / "scenarios" / "deep").mkdir(parents=True)
    shutil.copy(BANK, tmp_path / "scenarios" / "bank.yaml")
    assert mobank("check") == (0, "1 file in scenarios/ checked: no problems.\n", "")


def test_check_without_files_where_no_scenario_lies_checks_what_is_shipped_and_says_so(mobank):
    where = ROOT / "scenarios"
    count = len(list(where.glob("*.yaml")))
    told = f"{count} files shipped in {where.as_posix()}/ checked: no problems.\n"
    assert mobank("check", cpu_seconds=10.0) == (0, told, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "value"),
    [("--draws", "0"), ("--fidelity", "cohrt"), ("--lang", "fr"), ("--drws", "5")],
)
def test_a_wrong_option_is_named(mobank, tmp_path, option, value):
    code, out, err = mobank("run", str(BANK), option, value, "--out", "out")
    assert (code, out) == (2, "")
    assert option in err  # the words are those of typer, and change with its version
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_bank_is_too_large_to_be_lived_one_by_one(mobank, tmp_path):
    told = message(
        "--fidelity processes: 7,200,000 customers × 2,000 draws × 36 months are 518,400,000,000 months of single "
        "lives; at most 2,000,000,000 are lived one by one; --fidelity cohort has the same law at any size"
    )
    code, out, err = mobank("run", str(BANK), "--fidelity", "processes", "--out", "out", cpu_seconds=15.0)
    assert (code, out, err) == (2, "", told)
    assert list(tmp_path.glob("out/*")) == []


@pytest.mark.slow
def test_a_folder_that_is_no_run_cannot_be_replayed(mobank, tmp_path):
    (tmp_path / "out").mkdir()
    told = message("'out' is not the folder of a finished run")
    assert mobank("replay", "out", "--replicate", "0", cpu_seconds=10.0) == (2, "", told)
