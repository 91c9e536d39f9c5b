"""What mobank asks of the machine."""

import os
import subprocess
import sys

import pytest

from mobank.base import machine

LOADED_AFTER = """
import os, sys
import mobank.cli as cli
assert "numpy" not in sys.modules
cli._code_of(cli._run)
print(*(os.environ.get(name, "-") for name in sys.argv[2:]))
"""


@pytest.mark.parametrize(("said", "expected"), [({}, "1 1 1 -"), ({"OPENBLAS_NUM_THREADS": "2"}, "2 1 1 -")])
def test_the_command_has_blas_use_one_thread_unless_the_user_says_how_many(said, expected):
    """It says so before BLAS is loaded, of matrices alone: loops that we compile share the processors as before."""
    others = {name: text for name, text in os.environ.items() if not name.endswith("_THREADS")}
    names = [*machine.BLAS, "NUMBA_NUM_THREADS"]
    done = subprocess.run(
        [sys.executable, "-c", LOADED_AFTER, "--version", *names], env=others | said, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == [expected], done.stderr
