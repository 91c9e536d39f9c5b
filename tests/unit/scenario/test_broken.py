"""Each broken file of tests/data/broken is refused with exactly the message that stands beside it.

`<kind>__<slug>.yaml` is the file, `<kind>__<slug>.txt` its complete message, with the path from the root. The file is
read as the command reads it; of each kind, one is also given to the command itself.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mobank.base.errors import InputError
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load

ROOT = Path(__file__).parents[3]
BROKEN = Path("tests/data/broken")
LEAST_OF_A_KIND = 3
LONGEST_CPU_SECONDS = 2.0
KINDS = {
    "asks", "campaigns", "clean_ups", "colliding_levers", "dates", "desk", "duplicate_key", "encoding", "extends",
    "figures", "flows", "full_width", "missing", "negative_people", "network",
    "no_source", "noise", "not_a_number", "out_of_range", "pool", "priors", "reporting", "retention", "season",
    "shares", "spread",
    "trend", "unknown_key", "unknown_parameter", "unknown_segment", "wrong_indent", "wrong_type", "yaml_tricks",
}  # fmt: skip


def kind(path: Path) -> str:
    return path.name.partition("__")[0]


FILES = sorted(path.relative_to(ROOT) for path in (ROOT / BROKEN).glob("*.yaml"))
ONE_OF_EACH_KIND = {kind(path): path for path in reversed(FILES)}


def expected(path: Path) -> str:
    return (ROOT / path).with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_the_message_beside_it(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError) as refusal:
        load(path, MODEL)
    assert f"{refusal.value}\n" == expected(path)


def test_every_kind_has_at_least_three_broken_files():
    counts = Counter(map(kind, FILES))
    assert set(counts) == KINDS
    assert {each for each in KINDS if counts[each] < LEAST_OF_A_KIND} == set()


def test_every_message_belongs_to_a_file():
    assert {path.stem for path in (ROOT / BROKEN).glob("*.txt")} == {path.stem for path in FILES}


def command(*words: str) -> tuple[int, str, str, float]:
    """Run the command; return its exit code, output, errors and seconds of processor time."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "mobank", *words], capture_output=True, encoding="utf-8", cwd=ROOT, check=False
    )
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return done.returncode, done.stdout, done.stderr, seconds


@pytest.mark.slow
@pytest.mark.parametrize("path", ONE_OF_EACH_KIND.values(), ids=kind)
def test_the_command_run_says_the_same_at_once_and_writes_nothing(path, tmp_path):
    code, out, err, seconds = command("run", str(path), "--out", str(tmp_path / "out"))
    assert (code, out, err) == (2, "", expected(path))
    assert seconds < LONGEST_CPU_SECONDS
    assert list(tmp_path.iterdir()) == []


def test_the_command_check_tells_the_problems_of_all_files_at_once():
    told = [line for path in ONE_OF_EACH_KIND.values() for line in expected(path).splitlines()[:-1]]
    told = sorted(told, key=lambda line: (line.partition(":")[0], int(line.split(":")[1].partition(" ")[0])))
    code, out, err, seconds = command("check", *map(str, ONE_OF_EACH_KIND.values()))
    assert (code, out) == (2, "")
    assert err.splitlines() == [*told, f"{len(told)} problems; nothing was run."]
    assert seconds < LONGEST_CPU_SECONDS
