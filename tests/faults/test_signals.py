"""Ctrl-C and SIGTERM end a fit and its processes within seconds, without a traceback, and the next fit goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LONGEST = 5.0  # seconds from the signal to the end of every process
ROOT = Path(__file__).parents[2]


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


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are counted in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_fit_and_its_processes_end_within_seconds(tmp_path, number):
    """To the whole group, as a terminal sends Ctrl-C and a scheduler SIGTERM; while both ensembles are sampled."""
    command = [sys.executable, "-m", "mobank", "calibrate", "icbc_mobile", "--effort", "short", "--workers", "2"]
    fit = subprocess.Popen([*command, "--out", str(tmp_path / "out")], cwd=tmp_path, stderr=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    work = tmp_path / "outputs/.calibration"
    deadline = time.monotonic() + 240
    while not any(work.glob("*/ensembles-*.npz")) and time.monotonic() < deadline and fit.poll() is None:
        time.sleep(0.1)  # the first stretch is done, so both are at work on the second
    assert fit.poll() is None, fit.stderr.read()
    os.killpg(fit.pid, number)
    began = time.monotonic()
    _, said = fit.communicate(timeout=60)
    while group(fit.pid) and time.monotonic() < began + 30:
        time.sleep(0.05)
    took = time.monotonic() - began
    assert took < LONGEST
    assert fit.returncode == (143 if number == signal.SIGTERM else 130)
    assert "Traceback" not in said
    assert "stopped" in said
    assert any(work.glob("*/ensembles-*.npz"))  # where the next fit goes on
