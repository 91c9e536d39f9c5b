"""`make` on a machine that lacks something says in one line what to install, and makes nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def python_that_fails(where: Path, word: str) -> Path:
    """Return a stand-in for Python that fails on any program with a word in it and is real otherwise."""
    script = where / "python3"
    script.write_text(f'#!/bin/sh\ncase "$*" in *{word}*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return script


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "version_info",
            "mobank needs Python 3.11 or newer as '{python}': install it, or run make PYTHON=/path/to/python3.11",
        ),
        ("ensurepip", "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)"),
    ],
)
def test_an_old_python_or_a_missing_venv_gets_one_line(word: str, said: str, tmp_path: Path):
    python = python_that_fails(tmp_path, word)
    command = ["make", "install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # no make within make
    done = subprocess.run(command, cwd=ROOT, env=outside, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == said.format(python=python) + "\n"
    assert not (tmp_path / "venv").exists()
