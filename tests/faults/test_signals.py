"""Ctrl-C and SIGTERM end any command and its processes within seconds, without a traceback; it says what comes next."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

LONGEST = 5.0  # seconds from the signal to the end of every process


def group(leader: int) -> list[int]:
    """Return the processes of a group that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def ended(process: subprocess.Popen[str], *numbers: int) -> tuple[float, str]:
    """Send signals to a process and all that it has started; return the seconds to the end of all, and what was said.

    To the whole group, as a terminal sends Ctrl-C and a scheduler SIGTERM.
    """
    began = time.monotonic()
    for number in numbers:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        time.sleep(0.1)
    _, said = process.communicate(timeout=60)
    while group(process.pid) and time.monotonic() < began + 30:
        time.sleep(0.05)
    return time.monotonic() - began, said


def started(folder: Path, program: str, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Return a process in which a program of Python begins the command; it has printed a line when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


BEGINS = """
import sys
from mobank.cli import main
class Look:  # asked where each module is: the first that a command loads is looked for when requests are answered
    def find_spec(self, name, *rest):
        if name == "mobank.cli.app":
            print("begins", flush=True)
sys.meta_path.insert(0, Look())
sys.argv[0] = "mobank"
main()
"""
ANEW, ON = "starts over", "goes on"
WORDS = [  # which signal after how many seconds, and whether what it compiles is in no cache
    ("check", signal.SIGTERM, 0.0, False, ANEW),
    ("check", signal.SIGINT, 0.2, False, ANEW),
    ("run baseline --draws 60000", signal.SIGTERM, 2.5, False, ANEW),
    ("run baseline", signal.SIGINT, 3.0, True, ANEW),
    ("compare baseline win_back --draws 20000", signal.SIGTERM, 2.5, False, ANEW),
    ("desk remote_service", signal.SIGINT, 2.5, False, ANEW),
    ("batch smoke --workers 2", signal.SIGINT, 4.0, True, ON),
    ("batch overnight --workers 2", signal.SIGTERM, 6.0, False, ON),
    ("backtest --full --workers 2", signal.SIGINT, 6.0, False, ON),
    ("sbc --workers 2", signal.SIGTERM, 6.0, False, ANEW),
]


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are counted in /proc")
@pytest.mark.parametrize(("words", "number", "after", "cold", "then"), WORDS, ids=[words for words, *_ in WORDS])
def test_any_command_ends_within_seconds_and_says_what_comes_next(tmp_path, words, number, after, cold, then):
    """Asked twice; while it begins, compiles, computes, or starts its workers."""
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")} if cold else {}
    process = started(tmp_path, BEGINS, *words.split(), **environment)
    time.sleep(after)
    assert process.poll() is None, process.communicate()
    took, said = ended(process, number, number)
    assert took < LONGEST
    assert process.returncode == (143 if number == signal.SIGTERM else 130)
    assert said.splitlines()[-1] == f"stopped; nothing was left half-written; the same command again {then}"
    assert not {"Traceback", "Exception", "Error", "leaked"} & set(re.findall(r"\w+", said))


SWALLOWED = """
import signal, time
import mobank.cli, mobank.cli.app
def command():
    print("begins", flush=True)
    try:
        time.sleep(60)
    except SystemExit:
        pass  # as in a callback of C, which lets no exception through
    {then}
mobank.cli.app.command = command
mobank.cli.main()
"""
SAID = "stopped; nothing was left half-written; the same command again starts over\n"


def test_what_fails_because_the_request_was_swallowed_is_no_failure_of_its_own(tmp_path):
    process = started(tmp_path, SWALLOWED.format(then="raise RuntimeError('no compiled object yet')"))
    _, said = ended(process, signal.SIGINT)
    assert (process.returncode, said) == (130, SAID)


def test_who_works_on_though_asked_to_end_is_ended(tmp_path):
    process = started(tmp_path, SWALLOWED.format(then="time.sleep(60)"))
    took, said = ended(process, signal.SIGTERM, signal.SIGINT)
    assert took < LONGEST
    assert (process.returncode, said) == (143, SAID)


LEFT_BEHIND = """
import multiprocessing, os
from mobank.base.workers import track_resources
track_resources()
shared = multiprocessing.get_context("spawn").Array("q", 4)
print(os.environ.get("PYTHONWARNINGS"), flush=True)
os._exit(3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps nothing that would have to be cleared up")
@pytest.mark.parametrize("said", [{}, {"PYTHONWARNINGS": "default"}], ids=["alone", "with warnings"])
def test_what_clears_up_after_a_process_that_was_ended_says_nothing(said):
    """Its words would stand among ours, after the command has ended; what the user says of warnings is kept."""
    others = {name: text for name, text in os.environ.items() if name != "PYTHONWARNINGS"}
    done = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND], env=others | said, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, f"{said.get('PYTHONWARNINGS')}\n", "")


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are counted in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_fit_and_its_processes_end_within_seconds(tmp_path, number):
    """While both ensembles are sampled."""
    command = [sys.executable, "-m", "mobank", "calibrate", "icbc_mobile", "--effort", "short", "--workers", "2"]
    fit = subprocess.Popen([*command, "--out", str(tmp_path / "out")], cwd=tmp_path, stderr=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    work = tmp_path / "outputs/.calibration"
    deadline = time.monotonic() + 240
    while not any(work.glob("*/ensembles-*.npz")) and time.monotonic() < deadline and fit.poll() is None:
        time.sleep(0.1)  # the first stretch is done, so both are at work on the second
    assert fit.poll() is None, fit.stderr.read()
    took, said = ended(fit, number)
    assert took < LONGEST
    assert fit.returncode == (143 if number == signal.SIGTERM else 130)
    assert "Traceback" not in said
    assert "stopped" in said
    assert any(work.glob("*/ensembles-*.npz"))  # where the next fit goes on
