"""One trial: tests in a forked process in which one function of the package is another.

The process that forks has the package and its libraries loaded, so that a trial costs little more than its tests: the
code of the changed function is put in place of the old. What stands outside functions is loaded anew, changed. Nothing
is written into the tree. Compiled loops are interpreted where they are changed: to compile anew takes a minute.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import pkgutil
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from tests.mutants.changes import ROOT
from tests.mutants.reach import KEPT, Watch

COMPILED = ("sim/mobank/base/kernels/",)  # files whose functions are compiled as they stand
TIME, LATE = "time", "late"  # more processor time than allowed; or the machine had none to give, which says nothing
PATIENCE = 20  # times the processor time allowed that a trial may take where other work shares the processors
NOTHING_RAN, BROKEN = 5, 70  # exit codes: pytest's where no test ran; ours where the trial itself failed


def load_all(interpreted: bool) -> None:
    """Load the package and what its tests need, so that it is there when a process is forked."""
    import numba

    numba.config.DISABLE_JIT = interpreted
    sys.path[:0] = [str(ROOT / "sim")]
    import mobank

    for name in (
        "hypothesis",
        "matplotlib.figure",
        "openpyxl",
        "pandas",
        "scipy.optimize",
        "scipy.stats",
        "xlsxwriter",
    ):
        importlib.import_module(name)
    for found in pkgutil.walk_packages(mobank.__path__, "mobank."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def _replace(path: Path, text: str, function: str) -> bool:
    """Put the code of a changed function in place of the old; False if it is no function that stands by itself."""
    name = ".".join(path.relative_to(ROOT / "sim").with_suffix("").parts)
    found: Any = importlib.import_module(name)
    parts = function.split(".")
    for depth, part in enumerate(parts, start=1):
        found = vars(found).get(part)
        for inner in ("__func__", "fget", "func", "__wrapped__"):
            found = getattr(found, inner, found)
        if isinstance(found, FunctionType):
            wanted = ".".join(parts[:depth])
            codes = [compile(text, str(path), "exec", dont_inherit=True)]
            while codes:
                code = codes.pop()
                if code.co_qualname == wanted and code.co_freevars == found.__code__.co_freevars:
                    found.__code__ = code
                    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
                    return True
                codes += [each for each in code.co_consts if isinstance(each, CodeType)]
            return False
        if not isinstance(found, type):
            return False
    return False


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


def in_child(action: Callable[[], int], limit: float, log: Path) -> tuple[str, float]:
    """Run something in a forked process; return how it ended (exit code, `TIME` or `LATE`) and the seconds it took."""
    began = time.monotonic()
    child = os.fork()
    if not child:
        code = BROKEN
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            code = action()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    ended = LATE
    try:
        while time.monotonic() - began < PATIENCE * limit:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                if code == BROKEN:
                    raise RuntimeError(log.read_text(encoding="utf-8"))
                ended = TIME if code in (-signal.SIGXCPU, -signal.SIGKILL) else str(code)
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


def watch(path: Path, out: Path, limit: float) -> tuple[str, float]:
    """Run a test file and write down what its tests call; a file that takes too long, as far as it came."""
    out.parent.mkdir(parents=True, exist_ok=True)
    begun = out.with_suffix(".part")
    begun.unlink(missing_ok=True)

    def action() -> int:
        watching = Watch(begun)
        watching.start()
        return _pytest([str(path)], [watching])

    ended = in_child(action, limit, KEPT / "last.log")
    if begun.exists():
        begun.replace(out)
    return ended


def attempt(path: Path, text: str, function: str, tests: dict[str, float], limit: float) -> tuple[str, float]:
    """Run tests with one function of the package changed; return how that ended and the seconds it took."""

    def action() -> int:
        if not _replace(path, text, function):
            sys.meta_path.insert(0, _Finder(path, text))
            for name in [each for each in sys.modules if each.partition(".")[0] == "mobank"]:
                del sys.modules[name]
        files = sorted({str(ROOT / name.partition("::")[0]) for name in tests})
        return _pytest(["-x", *files], [_Chosen(tests)])

    return in_child(action, limit, KEPT / "last.log")
