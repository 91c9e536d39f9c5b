"""Which test calls which function, measured once a test file; kept outside git beside the results.

The functions called by fixtures count for every test of a file, as a later test may look at what an earlier one made.
"""

import ast
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.changes import PACKAGE, ROOT

KEPT = ROOT / ".mutants"
ROOMS_TESTED = ("base", "model", "dynamics", "fidelity", "ensemble", "report", "batch", "calibration", "api")
FOLDERS = (
    *(f"unit/{room}" for room in ROOMS_TESTED),
    "law",
    "agreement",
)  # what runs in one process and looks at numbers
LONGEST = 20  # seconds of processor time that one test may take, watched as it is


@cache
def functions(path: str) -> list[tuple[int, int, str]]:
    """Return first line, last line and qualified name of each function of a file, the outer ones first."""
    found: list[tuple[int, int, str]] = []

    def walk(node: ast.AST, above: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            name = above
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                name = (*above, child.name)
                first = min([child.lineno, *(each.lineno for each in child.decorator_list)])
                if isinstance(child, ast.FunctionDef):
                    found.append((first, child.end_lineno or first, ".".join(name)))
            walk(child, name)

    walk(ast.parse(Path(path).read_text(encoding="utf-8")), ())
    return found


def called(path: str, line: int) -> str:
    """Return the function, `file:name`, that code beginning at a line belongs to."""
    names = [name for first, last, name in functions(path) if first <= line <= last]
    return f"{Path(path).relative_to(ROOT).as_posix()}:{names[-1] if names else ''}"


class _TooLongError(Exception):
    """A test that takes too long to be of use here."""


class Watch:
    """A plugin that writes down, for each test that passes, how long it took and which functions it called."""

    def __init__(self, out: Path) -> None:
        self.out, self.prefix = out, str(PACKAGE) + os.sep
        self.seen: dict[int, Any] = {}
        self.shared: set[str] = set()

    def _trace(self, frame: Any, event: str, arg: Any) -> None:
        code = frame.f_code
        if id(code) not in self.seen:
            self.seen[id(code)] = code

    def _taken(self) -> set[str]:
        codes, self.seen = self.seen.values(), {}
        return {called(c.co_filename, c.co_firstlineno) for c in codes if c.co_filename.startswith(self.prefix)}

    def pytest_collection_finish(self) -> None:
        """What a file calls as it is loaded is every test's."""
        self._share(self._taken())

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """What fixtures call is every test's."""
        with _limit():
            yield
        self._share(self._taken())

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[Any]:
        """What a test calls is its own."""
        began = time.process_time()
        with _limit():
            done = yield
        own = self._taken()
        if done.excinfo is None:
            seconds = round(time.process_time() - began, 3)
            self._write({"test": item.nodeid, "seconds": seconds, "calls": sorted(own)})

    def _share(self, calls: set[str]) -> None:
        if new := calls - self.shared:
            self.shared |= new
            self._write({"shared": sorted(new)})

    def _write(self, line: dict[str, Any]) -> None:
        with self.out.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(line) + "\n")

    def start(self) -> None:
        """Watch every call from now on, in threads too."""
        sys.settrace(self._trace)
        threading.settrace(self._trace)


class _limit:  # noqa: N801 used as a function
    def __enter__(self) -> None:
        signal.signal(signal.SIGVTALRM, self._stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _stop(self, *_: object) -> None:
        raise _TooLongError


def test_files(folders: Iterable[str]) -> list[Path]:
    """Return the files of tests that run within one process."""
    return [path for folder in folders for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))]


def record_of(path: Path, interpreted: bool) -> Path:
    """Return where it is kept what a test file calls, with kernels compiled or interpreted."""
    name = path.relative_to(ROOT / "tests").with_suffix("").as_posix().replace("/", "-")
    return KEPT / ("interpreted" if interpreted else "compiled") / f"{name}.jsonl"


@cache
def reach(interpreted: bool) -> dict[str, tuple[float, frozenset[str]]]:
    """Return seconds and functions of each test that was watched, by its name."""
    found: dict[str, tuple[float, frozenset[str]]] = {}
    for path in sorted((KEPT / ("interpreted" if interpreted else "compiled")).glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        shared = {name for line in lines for name in line.get("shared", ())}
        for line in lines:
            if "test" in line:
                found[line["test"]] = line["seconds"], frozenset(shared | set(line["calls"]))
    return found
