"""Compiled loops: how they are compiled, and where the result is kept between runs.

numba keeps a compiled function beside its source, looks for changes in that one file only, and fails where it can
write neither there nor in a home. So the result is kept in the user's cache folder instead, under a key that covers
all compiled sources together, the versions of what compiles them, the processor and the installation. Where no folder
can be written, nothing is kept and each process compiles for itself.
"""

import os
import pickle
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any, TypeVar

import llvmlite
import numba
import numpy as np
from llvmlite import binding

from mobank.base.cache import make, places

Compiled = TypeVar("Compiled", bound=Callable[..., Any])

_njit: Any = numba.njit
_settings: Any = numba.config
_one_at_a_time = RLock()

PACKAGE = Path(__file__).parents[1]
SOURCE = re.compile(rb"^(?:from|import) numba\b", re.MULTILINE)
KEY = re.compile(r".+-[0-9a-f]{16}")  # version and digest: the folders that we may remove
INSTALLATION = "installation"  # the file in such a folder that says whose it is
DAMAGED = (OSError, EOFError, pickle.UnpicklingError)  # a folder that is full, gone meanwhile, or holds a torn file
COMPILING = "mobank compiles its loops for this machine: a minute or two, once after an install"
UNKEPT = "set NUMBA_CACHE_DIR to a folder that can be written, and they are kept"


def compiled(signature: Any, inline: str = "never") -> Callable[[Compiled], Compiled]:
    """Return a decorator that compiles a function for a numba signature, or takes it from the cache.

    Compiled functions leave the interpreter's lock alone and divide as NumPy does, without a check for zero.
    """

    def decorate(function: Compiled) -> Compiled:
        made: Compiled = _made(function, signature, {"inline": inline, "nogil": True, "error_model": "numpy"})
        return made

    return decorate


def _made(function: Any, signature: Any, options: dict[str, Any]) -> Any:
    folder = _folder_of(function.__module__.rpartition(".")[0])
    if folder:
        try:
            with _kept_in(folder):
                return _njit(signature, cache=True, **options)(function)
        except DAMAGED:
            shutil.rmtree(folder, ignore_errors=True)  # the next process writes it again
    return _njit(signature, **options)(function)


@contextmanager
def _kept_in(folder: Path | None) -> Iterator[None]:
    """Let numba keep what is compiled meanwhile in a folder, if any; a user's own functions stay where they are."""
    with _one_at_a_time:
        before = _settings.CACHE_DIR
        _settings.CACHE_DIR = str(folder) if folder else before
        try:
            yield
        finally:
            _settings.CACHE_DIR = before


@cache
def _folder_of(package: str) -> Path | None:
    """Return where the functions of a package are kept, or None; say so if they must be compiled first."""
    above = compiled_folder()
    if not above:
        _say(f"{COMPILING}; {UNKEPT}")
        return None
    folder = above / package
    try:
        folder.mkdir()  # of processes that begin at once, one makes it and says so
    except FileExistsError:
        return folder
    except OSError:
        return None
    _say(COMPILING)
    return folder


def from_text(
    name: str, text: str, function: str, uses: Mapping[str, Callable[..., Any]], signature: Any
) -> Callable[..., Any]:
    """Return a compiled function of a text that we have made; it is kept under a name that says all that it depends on.

    Parameters
    ----------
    function : its name in the text. uses : functions of numbers that it calls, by name: they are compiled into it.

    Raises
    ------
    ValueError
        If one of them is not a function of numbers that can be compiled.
    """
    path = _text_beside(name, text)
    module = ModuleType(f"mobank_made_{path.parent.name if path else name}")
    sys.modules[module.__name__] = module  # where numba looks for it when it reads what it kept
    space = module.__dict__
    space.update({used: _njit(of, error_model="numpy") for used, of in uses.items()})
    exec(compile(text, path.as_posix() if path else "<made>", "exec"), space)
    options = {"cache": path is not None, "nogil": True, "error_model": "numpy"}
    try:
        with _kept_in(path.parent if path else None):
            made: Callable[..., Any] = _njit(signature, **options)(space[function])
    except numba.core.errors.NumbaError as error:
        raise ValueError(str(error)) from None
    return made


def _text_beside(name: str, text: str) -> Path | None:
    """Return a file with a text of code that we have made, beside what is compiled; None where nothing can be kept."""
    above = compiled_folder()
    if above is None:
        return None
    path = above / f"{name}_{blake2b(text.encode(), digest_size=6).hexdigest()}" / "made.py"
    if not path.is_file():
        try:
            path.parent.mkdir(exist_ok=True)
            handle, aside = tempfile.mkstemp(dir=path.parent)  # of this process alone, in a folder that others share
            with open(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.replace(aside, path)
        except OSError:
            return None
    return path


@cache
def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@cache
def compiled_folder() -> Path | None:
    """Return the folder under the key of this installation, made if need be; None where nothing can be written."""
    for place in _places():
        folder = place / key()
        try:
            _make(folder)
        except OSError:
            continue
        else:
            return folder
    return None


def _places() -> Iterator[Path]:
    """Yield the folders of ours in which compiled code may be kept, the best first."""
    if _settings.CACHE_DIR:
        yield Path(_settings.CACHE_DIR, "mobank", "compiled")
    yield from places("compiled")


def _make(folder: Path) -> None:
    """Make the folder of a key, whole or not at all, and remove those of the same installation as it was before.

    Raises
    ------
    OSError
        If it cannot be written, or somebody else could: what is compiled there is run here.
    """
    make(folder.parent)
    if not folder.is_dir():
        begun = Path(tempfile.mkdtemp(dir=folder.parent))
        try:
            (begun / INSTALLATION).write_text(_installation(), encoding="utf-8", newline="\n")
            begun.rename(folder)
        except OSError:
            shutil.rmtree(begun, ignore_errors=True)
            if not folder.is_dir():  # else another process was quicker
                raise
        else:
            _remove_older(folder)
    tempfile.TemporaryFile(dir=folder).close()


def _remove_older(folder: Path) -> None:
    """Remove the folders of this installation under other keys, and of installations that no longer exist."""
    for other in folder.parent.iterdir():
        if other != folder and KEY.fullmatch(other.name) and _is_over(other):
            shutil.rmtree(other, ignore_errors=True)


def _is_over(folder: Path) -> bool:
    try:
        installation = (folder / INSTALLATION).read_text(encoding="utf-8")
    except OSError:
        return True  # one removed while a process was writing to it
    package, prefix, processor = installation.split("\n")
    gone = not (os.path.isdir(package) and os.path.isdir(prefix)) and processor == _processor()
    return gone or installation == _installation()


@cache
def key() -> str:
    """Return the name of a cache: the version, for people, and a digest of all that compiled code depends on."""
    digest = blake2b(digest_size=8)
    for part in (_installation(), sys.version, numba.__version__, llvmlite.__version__, np.__version__):
        digest.update(part.encode() + b"\0")
    for path, text in sources():
        digest.update(path.encode() + b"\0" + text)
    try:
        return f"{version('mobank')}-{digest.hexdigest()}"
    except PackageNotFoundError:  # a source folder on PYTHONPATH
        return f"source-{digest.hexdigest()}"


def sources() -> Iterator[tuple[str, bytes]]:
    """Yield the files of the package that hold compiled code, by name, each with its text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_bytes()
        if SOURCE.search(text):
            yield path.relative_to(PACKAGE).as_posix(), text


def _installation() -> str:
    """Return what distinguishes installations that share a cache: the package, the interpreter, the processor."""
    return f"{PACKAGE}\n{sys.prefix}\n{_processor()}"


@cache
def _processor() -> str:
    features = _settings.CPU_FEATURES or binding.get_host_cpu_features().flatten()
    return f"{_settings.CPU_NAME or binding.get_host_cpu_name()} {features}"
