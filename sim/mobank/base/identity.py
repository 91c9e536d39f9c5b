"""What a result depends on besides its inputs: the code and the libraries that made it.

Numbers depend on the *law*: the code that computes them, without its comments, docstrings, formatting and words (see
`mobank.base.source`). Pages depend on the *report*: the code that draws them, and every word that they may show. So a
comment blocks no resume, and a changed word redraws pages but not numbers. Neither digest depends on where the
package lies.
"""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from mobank.base.cache import cache_folder
from mobank.base.records import RecordKind, find_record, write_record
from mobank.base.shapes import TEXT, RecordFields
from mobank.base.source import law_and_words, parse, text_positions
from mobank.base.workspace import PACKAGE

Law = Literal["runs", "jobs", "fits", "refits"]

RUNS = ("base", "model", "desk", "scenario", "dynamics", "fidelity", "ensemble")
LAWS: Mapping[Law, Sequence[str]] = {
    "runs": RUNS,
    "jobs": (
        *RUNS,
        *(
            f"batch/{name}.py"
            for name in ("cases", "design", "driver", "job", "job_file", "keys", "summaries", "tables", "unit")
        ),
    ),
    "fits": (*RUNS, "calibration"),
    "refits": (  # of the full backtest: how its forecasts come about, not how they are scored
        *RUNS,
        *(f"calibration/{name}" for name in ("likelihood", "sampler", "posterior", "fitting.py", "targets.py")),
        *(f"calibration/backtest/{name}.py" for name in ("forecaster", "reduced_models", "full/jobs")),
    ),
}
REPORT = ("report", "base/messages")
NO_LAW = ("base/messages", "calibration/report")
NO_CODE = (".pyc", ".md")
CACHE, MOST_KEPT = "digests", 32  # files of some hundred bytes, one a state of the code
DIGESTS = RecordKind(2, RecordFields(dict.fromkeys((*LAWS, "report"), TEXT)))

COMPUTING = ("numpy", "scipy", "numba", "llvmlite", "simpy", "PyYAML", "pyarrow")  # libraries that numbers depend on
DRAWING = ("mobank", "matplotlib", "pillow", "jinja2")  # and those that pages depend on beside


def law_digest(law: Law = "runs") -> str:
    """Return the digest of the code that decides the numbers of runs, of batch jobs, of fits or of refits."""
    return _digests(PACKAGE)[law]


def report_digest() -> str:
    """Return the digest of the code that draws pages, and of every word that they may show."""
    return _digests(PACKAGE)["report"]


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the version of Python and of some packages, by name."""
    return {"python": sys.version.split()[0], **{name: version(name) for name in names}}


def git_commit() -> str:
    """Return the commit that mobank's source is checked out at; "" where it is no checkout.

    It shows people where to look; what a run depends on is the digest of the code, changed or not.
    """
    root = PACKAGE.parents[1]
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


# ------------ the digests of the code


def digests(package: Path) -> dict[str, str]:
    """Return the digest of each law and of the report of a package's source, by name."""
    laws = dict.fromkeys(part for parts in LAWS.values() for part in parts)
    trees = {
        name: parse(path.read_text(encoding="utf-8"))
        for name, path in _files(package, laws)
        if path.suffix == ".py" and not _within(name, NO_LAW)
    }
    classes = text_positions(trees.values())
    split = {name: law_and_words(tree, classes) for name, tree in trees.items()}
    found: dict[str, str] = {
        law: _of((name, split[name][0].encode()) for name in split if _within(name, parts))
        for law, parts in LAWS.items()
    }
    words = ((name, split[name][1].encode()) for name in split if _within(name, RUNS))
    pages = ((name, _page(path)) for name, path in _files(package, REPORT))
    return {**found, "report": _of([*pages, *words])}


@cache
def _digests(package: Path) -> Mapping[str, str]:
    """Return `digests`, kept between processes: to take the source apart takes a second, to read it some milliseconds.

    The file is named by the digest of every byte that it depends on, so that it is never out of date.
    """
    folder = cache_folder(CACHE)
    if folder is None:
        return digests(package)
    path = folder / f"{_bytes_digest(package)}.json"
    found = find_record(path, DIGESTS)
    if found is None:
        found = digests(package)
        _keep(path, found)
    return {name: found[name] for name in DIGESTS.shape.needed}


def _keep(path: Path, found: Mapping[str, str]) -> None:
    """Write a file of the cache as a whole, and keep the latest few; one that cannot be written costs time alone."""
    try:
        write_record(path, found, DIGESTS)
        for old in sorted(path.parent.iterdir(), key=lambda each: each.stat().st_mtime)[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _bytes_digest(package: Path) -> str:
    digest = blake2b(sys.version.encode(), digest_size=16)  # syntax trees are those of a version of Python
    for name, path in _files(package, ("",)):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(package: Path, parts: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """Yield the files of some folders or modules of a package, by name, each once; what it carries is no code."""
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package).as_posix()
        if path.is_file() and path.suffix not in NO_CODE and not _within(name, ("shipped",)) and _within(name, parts):
            yield name, path


def _within(name: str, parts: Iterable[str]) -> bool:
    return any(part in ("", name) or name.startswith(f"{part}/") for part in parts)


def _page(path: Path) -> bytes:
    """Return what a file of the report says: a module without docstrings and comments, any other file as it is."""
    return ast.dump(parse(path.read_text(encoding="utf-8"))).encode() if path.suffix == ".py" else path.read_bytes()


def _of(parts: Iterable[tuple[str, bytes]]) -> str:
    digest = blake2b(digest_size=16)
    for name, content in parts:
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()
