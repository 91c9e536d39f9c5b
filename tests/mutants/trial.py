"""One trial: tests in a process that loads one module changed, forked from one that has the libraries loaded.

Nothing is written into the tree: the changed text is what the import finds. Where compiled loops are concerned they are
interpreted instead, since their cache knows the text on the disk alone, and to compile anew takes a minute.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.mutants.changes import ROOT
from tests.mutants.reach import KEPT, Watch

COMPILED = ("sim/mobank/base/kernels/",)  # files whose functions are compiled as they stand
FAILED = 1  # pytest's code where a test fails; every other, a broken import for example, is noticed as well
NOTHING_RAN = 5


def load_libraries() -> None:
    """Load what every trial needs, so that it is there when a process is forked."""
    import hypothesis  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import numba  # noqa: F401
    import numpy  # noqa: F401
    import openpyxl  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import rich.progress  # noqa: F401
    import scipy.linalg
    import scipy.optimize
    import scipy.stats  # noqa: F401
    import simpy  # noqa: F401
    import typer  # noqa: F401
    import xlsxwriter  # noqa: F401
    import yaml  # noqa: F401


class _Changed(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> Any:
        lines = self.text.splitlines(keepends=True)
        linecache.cache[self.path] = (len(self.text), None, lines, self.path)  # for who reads a function's source
        return compile(self.text, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, path: Path, text: str) -> None:
        parts = path.relative_to(ROOT / "sim").with_suffix("").parts
        self.name, self.path, self.text = ".".join(parts), path, text

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=_Changed(name, str(self.path), self.text))


class _Chosen:
    """A plugin that keeps some tests of the files, the quickest first."""

    def __init__(self, tests: dict[str, float]) -> None:
        self.tests = tests

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        spent: dict[str, float] = {}
        for name, seconds in self.tests.items():
            spent[name.partition("::")[0]] = spent.get(name.partition("::")[0], 0.0) + seconds
        keep = [item for item in items if item.nodeid in self.tests]
        keep.sort(key=lambda item: (spent[item.nodeid.partition("::")[0]], item.nodeid.partition("::")[0],
                                    self.tests[item.nodeid]))  # fmt: skip
        items[:] = keep


def in_child(action: Callable[[], int], limit: float, log: Path, interpreted: bool) -> tuple[str, float]:
    """Run something in a forked process; return how it ended ("0", "1", … or "time") and the seconds it took."""
    began = time.monotonic()
    child = os.fork()
    if not child:
        code = 70
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            sys.path[:0] = [str(ROOT / "sim")]
            if interpreted:
                import numba

                numba.config.DISABLE_JIT = True
            code = action()
        finally:
            os._exit(code)
    ended = "time"
    try:
        while time.monotonic() - began < 6 * limit:  # other work may share the processors
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                ended = "time" if code in (-signal.SIGXCPU, -signal.SIGKILL) else str(code)
                break
            time.sleep(0.02)
    finally:
        with suppress(ProcessLookupError, PermissionError):  # the child's own group: what its tests have started
            os.killpg(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
        shutil.rmtree(KEPT / "tmp", ignore_errors=True)
    return ended, time.monotonic() - began


def _pytest(words: Sequence[str], plugins: Sequence[object]) -> int:
    where = KEPT / "tmp" / str(os.getpid())
    where.parent.mkdir(exist_ok=True)
    options = ["-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={where}"]
    return int(pytest.main([*options, f"--rootdir={ROOT}", *words], plugins=list(plugins)))


def watch(path: Path, out: Path, interpreted: bool, limit: float) -> tuple[str, float]:
    """Run a test file and write down what its tests call."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)

    def action() -> int:
        watching = Watch(out)
        watching.start()
        return _pytest([str(path)], [watching])

    return in_child(action, limit, KEPT / "last.log", interpreted)


def attempt(path: Path, text: str, tests: dict[str, float], interpreted: bool, limit: float) -> tuple[str, float]:
    """Run tests with one file of the package changed; return how that ended and the seconds it took."""

    def action() -> int:
        sys.meta_path.insert(0, _Finder(path, text))
        files = sorted({str(ROOT / name.partition("::")[0]) for name in tests})
        return _pytest(["-x", *files], [_Chosen(tests)])

    return in_child(action, limit, KEPT / "last.log", interpreted)
