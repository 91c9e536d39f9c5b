"""What Windows lacks is asked for by no module that a planner's commands need, and a file reads the same there."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sim" / "mobank"

# Modules that only Unix has: without them every module is loaded, and then the commands are run.
WITHOUT = """
import os, pkgutil, sys
from importlib import import_module

HIDDEN = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "posix_ipc", "syslog")
ABSENT = ("fork", "forkpty", "pread", "pwrite", "preadv", "pwritev", "getuid", "geteuid", "getgid", "killpg", "getpgid",
          "setsid", "sched_getaffinity", "wait3", "wait4", "mkfifo", "chown", "fchmod")

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in HIDDEN:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Refuse())
import mobank
modules = [found.name for found in pkgutil.walk_packages(mobank.__path__, "mobank.") if "__main__" not in found.name]
for name in modules:
    import_module(name)
assert len(modules) > 200, len(modules)
for name in ABSENT:  # libraries have looked for theirs as they were loaded
    if hasattr(os, name):
        delattr(os, name)

from mobank.calibration.posterior import stored
from mobank.cli import main
from mobank.ensemble import paths
whole = stored._coordinates
stored._coordinates = lambda *given: whole(*given)[:, ::40]  # what is said of fewer draws is said sooner
paths.MOST_IN_MEMORY = 0  # the paths of all draws in a temporary file
for command in COMMANDS:
    sys.argv = ["mobank", *command.split()]
    try:
        main()
    except SystemExit as done:
        assert not done.code, (command, done.code)
assert not set(HIDDEN) & set(sys.modules), set(HIDDEN) & set(sys.modules)
print("all done")
"""
COMMANDS = (
    "check baseline",
    "run tiny --draws 40",
    "compare tiny other --draws 40",
    "posterior icbc_mobile",
    "describe",
)
TINY = "extends: baseline.yaml\nquestion: A tiny one?\nuntil: 2023-03\nasks: off\n"
PUSH = "  push: {from: 2023-02, parameter: innovation_rate, multiply: 1.5, evidence: assumption, reason: a test}\n"
OTHER = f"{TINY}levers:\n{PUSH}"


@pytest.mark.slow
def test_the_commands_of_a_planner_run_without_what_windows_lacks(tmp_path):
    """Modules and functions are taken away that only Unix has; no processes are started."""
    (tmp_path / "scenarios").mkdir()
    for name, text in (("tiny", TINY), ("other", OTHER)):
        (tmp_path / "scenarios" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "scenarios/baseline.yaml").write_bytes((ROOT / "scenarios/baseline.yaml").read_bytes())
    done = subprocess.run([sys.executable, "-c", f"COMMANDS = {COMMANDS!r}\n{WITHOUT}"], cwd=tmp_path, text=True,
                          capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("all done\n")


def _text_files():
    """Yield every call that opens, reads or writes a file as text, with the mode in which it does."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "open(" in text or "_text(" in text else ():
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "read_text" and isinstance(node.func, ast.Name):  # that of `base/tables.py`
                continue
            words = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            keys = {each.arg: each.value for each in node.keywords}
            if name in ("read_text", "write_text"):
                yield path, node, keys, words, name[0]
            elif name == "open":
                mode = next((word for word in words if set(word) <= set("rwaxbt+")), "r" if "encoding" in keys else "b")
                if "b" not in mode:
                    yield path, node, keys, words, mode


def test_no_text_depends_on_the_encoding_or_the_line_breaks_of_the_system():
    """Windows takes a code page for a text of no encoding, and two characters for the end of a line."""
    found = list(_text_files())
    assert len(found) > 20
    for path, node, keys, words, mode in found:
        where = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        assert "encoding" in keys or (mode == "r" and "ascii" in words), f"{where}: names no encoding"
        assert mode == "r" or "newline" in keys, f"{where}: leaves the line breaks to the system"
