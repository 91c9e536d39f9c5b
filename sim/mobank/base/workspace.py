"""Where files are found: the workspace of the person who types, and what the package carries.

Both have one shape: `scenarios/` and `calibration/`, side by side. What a person names is looked up as a path, then by
name in the workspace, then among what is shipped. What a file refers to is looked up in the same way, beginning beside
that file, and is read only below its workspace, below the workspace where the person stands, or among what is shipped:
a scenario may come from anywhere, so it must not be able to open any file.
"""

import difflib
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from mobank.base.errors import SHORT_LIST, InputError, Place, Problem, shown

PACKAGE = Path(__file__).parents[1]
MARKS = ("scenarios", "calibration")  # a folder with one of them is a workspace
ROUNDS = "rounds"  # of a workspace: forecasts kept until their figures come, and what was said of figures
LEAST_LETTERS = 4  # of a word in a name that is near enough by itself
MOVED = {  # where files of earlier versions lie now
    "calibration/data/backtest.yaml": "calibration/backtest/priors.yaml",
    "calibration/data/backtest_figures.csv": "calibration/backtest/figures.csv",
    "calibration/data/": "calibration/banks/",
}


@dataclass(frozen=True)
class Kind:
    """A kind of file that may be named without its path.

    Parameters
    ----------
    word : what one is called in a message.
    folders : where they lie in a workspace; the first in which a name is found counts.
    suffix : of their files, which a name may leave out.
    record : the file in it that makes a folder one of them; "" where they are files.
    """

    word: str
    folders: tuple[str, ...]
    suffix: str = ".yaml"
    record: str = ""

    def is_at(self, path: Path) -> bool:
        """Return whether one lies at a path."""
        return os.path.isfile(path / self.record)  # False, too, where a folder on the way may not be entered

    def names(self, root: Path) -> list[str]:
        """Return the names of those below a root, in order."""
        return sorted(name.removesuffix(self.suffix) for folder in self.folders for name in self.among(root / folder))

    def among(self, folder: Path) -> list[str]:
        """Return the file names of those in a folder; none where it cannot be read."""
        try:
            found = sorted(each.name for each in folder.iterdir())
        except OSError:
            return []
        return [name for name in found if name.endswith(self.suffix) and self.is_at(folder / name)]


SCENARIO = Kind("a scenario", ("scenarios", "scenarios/networks", "scenarios/products"))
JOB = Kind("a job", ("scenarios/batches",))
DESK = Kind("a desk study", ("scenarios/desks",))
TARGET = Kind("a target", ("calibration/banks", "calibration/banks/peers"))
EXTENDED = Kind("a file to extend", (*SCENARIO.folders, *TARGET.folders, "calibration/priors"))
OF_A_BANK = (SCENARIO, JOB, DESK)  # what is shipped of these is about the bank that comes along
PRIOR_TABLE = Kind("a table of priors", ("calibration/priors/tables",))
POSTERIOR = Kind("a posterior", ("calibration/posteriors",), "", "posterior.json")
SERIES = Kind("a file of series", ("calibration/backtest",), ".csv")
REDUCED_PRIORS = Kind("a file of priors", ("calibration/backtest",))


def shipped() -> Path:
    """Return the root of what the package carries: `mobank/shipped` where it is installed, else the checkout."""
    carried = PACKAGE / "shipped"
    return carried if carried.is_dir() else PACKAGE.parents[1]


def workspace(folder: Path = Path()) -> Path | None:
    """Return the nearest folder upward that holds `scenarios/` or `calibration/`; a Python package is neither."""
    start = Path(os.path.abspath(folder))
    found = next((up for up in (start, *start.parents) if any(_marks(up / name) for name in MARKS)), None)
    return found and _short(found)


def here() -> Path:
    """Return the workspace where the person stands, else the working folder."""
    return workspace() or Path()


def home(file: Path) -> Path:
    """Return the workspace that a file lies in, else its own folder."""
    return workspace(file.parent) or file.parent


def in_package(path: Path) -> bool:
    """Return whether a path lies inside what an installed package carries, where nothing may be written."""
    return is_below(path, PACKAGE / "shipped")


def at_hand(kind: Kind, shipped_only: bool = False) -> tuple[Path, list[Path]]:
    """Return the files of a kind in its first folder, and that folder: of the workspace, else of what is shipped."""
    roots = [shipped()] if shipped_only else [here(), shipped()]
    for folder in (root / kind.folders[0] for root in roots):
        if names := kind.among(folder):
            return folder, [folder / name for name in names]
    return shipped() / kind.folders[0], []


# ------------ what a person names


def seek(given: str | Path, kind: Kind, shipped_only: bool = False) -> Path | None:
    """Return what a person names: a path, else a name in the workspace, else among the shipped; None if none is it."""
    beside = None if shipped_only else Path()
    return _find(str(given), kind, beside, _roots(shipped_only), lambda path: True)


def locate(given: str | Path, kind: Kind, shipped_only: bool = False) -> Path:
    """Return what a person names, as `seek`; what is there but of another kind is for its reader to refuse.

    Raises
    ------
    InputError
        If nothing is there, with the nearest names of the workspace and of the shipped; if what is shipped is meant by
        name in a workspace with a bank of its own: nobody gets another bank's forecast without a word.
    """
    found = seek(given, kind, shipped_only)
    if found is None and not shipped_only and os.path.exists(given):
        return Path(given)
    if found is None:
        raise InputError([_nothing_there(str(given), kind, shipped_only)])
    by_name = _find(str(given), kind, Path(), (), lambda path: True) is None
    if not shipped_only and kind in OF_A_BANK and by_name and not is_below(found, here()) and own_banks():
        raise InputError([_of_another_bank(str(given), kind, own_banks())])
    return found


def own_or(default: str, kind: Kind) -> Path:
    """Return the only target or posterior of the workspace, where a person names none; the shipped one where none is.

    Raises
    ------
    InputError
        If there are several.
    """
    own = kind.names(here()) if own_banks() else []
    if len(own) > 1:
        raise InputError([Problem("nothing named", f"must be one of {', '.join(own)}")])
    return Path(own[0] if own else default)


def own_banks() -> list[str]:
    """Return the names of the banks of the workspace where the person stands; none where that is what is shipped."""
    return [] if is_below(here(), shipped()) else TARGET.names(here())


def _of_another_bank(text: str, kind: Kind, own: Sequence[str]) -> Problem:
    allowed = f"is shipped, and not about the bank of this workspace ({', '.join(own[:SHORT_LIST])})"
    there = ", ".join(kind.names(here())[:SHORT_LIST])
    hint = f"there: {there}; or repeat with --shipped" if there else "repeat with --shipped"
    return Problem(shown(text), allowed, hint)


def _nothing_there(text: str, kind: Kind, shipped_only: bool) -> Problem:
    if shipped_only:
        hint = nearest(text, kind, None, _roots(shipped_only))
        return Problem(shown(text), f"is not the name of {kind.word} that is shipped", hint)
    what = "a folder" if kind.record else "a file"
    hint = nearest(text, kind, Path(), _roots(shipped_only))
    return Problem(shown(text), f"is neither {what} nor the name of {kind.word}", hint)


def locate_all(given: Sequence[str | Path], kind: Kind, shipped_only: bool = False) -> list[Path]:
    """Return several things that a person names, as `locate`; raises with all that are not there."""
    found: list[Path] = []
    problems: list[Problem] = []
    for each in given:
        try:
            found.append(locate(each, kind, shipped_only))
        except InputError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise InputError(problems)
    return found


# ------------ what a file refers to


@dataclass(frozen=True)
class Scope:
    """Where the references of a file are looked up by name, in this order; below these folders alone they are read.

    Parameters
    ----------
    roots : the workspace of the file that a person named, that where the person stands, and what is shipped.
    """

    roots: tuple[Path, ...]

    def find(self, text: str, beside: Path, kind: Kind, but: Collection[Path] = ()) -> Path | None:
        """Return what a file in the folder `beside` refers to; None if it is nowhere that may be read.

        Parameters
        ----------
        but : files that are not meant.
        """
        others = {os.path.realpath(path) for path in but}
        return _find(
            text, kind, beside, self.roots, lambda path: self.allows(path) and os.path.realpath(path) not in others
        )

    def matching(self, pattern: str, beside: Path, kind: Kind) -> list[Path]:
        """Return the files that a pattern with `*` matches, in order: beside a file, else in the first such root.

        A file of just that name is meant before others; brackets and question marks stand for themselves.
        """
        there = self.find(pattern, beside, kind)
        if there is not None:
            return [there]
        pattern = re.sub(r"[\[?]", r"[\g<0>]", pattern)
        for folder, name in ((beside, pattern), *_by_name(pattern, kind, self.roots)):
            try:
                found = sorted(filter(self.allows, folder.glob(name)))
            except (ValueError, NotImplementedError):  # no pattern, or an absolute one
                return []
            if found:
                return [shortest(path) for path in found]
        return []

    def allows(self, path: Path) -> bool:
        """Return whether a path may be read, links followed."""
        return any(is_below(path, root) for root in self.roots)

    def refusal(self, text: str, key: str, place: Place | None) -> Problem:
        """Return the problem of a path that may not be read; it shows nothing of what lies there."""
        allowed = f"lies outside the workspace ({os.path.abspath(self.roots[0])}) and is not read"
        return Problem(shown(text), allowed, "copy it into the workspace", key, place)

    def nearest(self, text: str, beside: Path, kind: Kind) -> str:
        """Return what may have been meant by a reference that was not found, as a hint."""
        return nearest(text, kind, beside, self.roots)

    def spelled(self, path: Path, kind: Kind) -> str:
        """Return how a file may name a path wherever the file lies: by name, else from a root; "" if none may read it.

        Only what is found by its name is spelled by it, since another of that name may come first.
        """
        named = _find(path.name.removesuffix(kind.suffix), kind, None, self.roots, self.allows)
        if named and os.path.realpath(named) == os.path.realpath(path):
            return path.name.removesuffix(kind.suffix)
        root = next((root for root in self.roots if is_below(path, root)), None)
        text = "" if root is None else Path(os.path.relpath(os.path.realpath(path), os.path.realpath(root))).as_posix()
        return text if "/" in text or not text else f"./{text}"


def scope(file: Path | None = None) -> Scope:
    """Return the scope of the file that a person named, or of the person alone."""
    places = [] if file is None else dict.fromkeys((os.path.abspath(file), os.path.realpath(file)))
    return Scope(tuple(dict.fromkeys([*(home(Path(place)) for place in places), *_roots(False)])))


def shortest(path: Path) -> Path:
    """Return the path without 'folder/..', unless that would lead elsewhere because the folder is a link."""
    short = os.path.normpath(path)
    return Path(short) if os.path.realpath(short) == os.path.realpath(path) else path


def is_below(path: Path, root: Path) -> bool:
    """Return whether a path lies below a folder, links followed."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


# ------------ looking up


def _roots(shipped_only: bool) -> tuple[Path, ...]:
    return (shipped(),) if shipped_only else (here(), shipped())


def _find(
    text: str, kind: Kind, beside: Path | None, roots: Sequence[Path], allows: Callable[[Path], bool]
) -> Path | None:
    """Return the first place with what a text names; as an earlier version spelled it comes last."""
    for spelling in dict.fromkeys([text, _moved(text)]):
        allowed = (path for path in _candidates(spelling, kind, beside, roots) if allows(path / kind.record))
        if found := next((path for path in allowed if kind.is_at(path) or _holds_its_place(kind, path)), None):
            if spelling != text:
                _say_moved(text, spelling)
            return found
    return None


def _holds_its_place(kind: Kind, path: Path) -> bool:
    """Return whether a folder stands where one of a kind should, though its record is missing: no other is meant."""
    return bool(kind.record) and os.path.isdir(path) and PurePath(path.parent).match(kind.folders[0])


def _candidates(text: str, kind: Kind, beside: Path | None, roots: Sequence[Path]) -> Iterator[Path]:
    spellings = [text] if text.endswith(kind.suffix) else [text, text + kind.suffix]
    if beside is not None:
        yield from (shortest(beside / each) for each in spellings)
    for folder, name in _by_name(spellings[-1], kind, roots):
        yield folder / name


def _by_name(text: str, kind: Kind, roots: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the folders where a name is looked up, and how it is called there.

    `baseline`, `scenarios/baseline.yaml` and `../baseline.yaml` all name the baseline, since it lies in `scenarios/`;
    `old/baseline.yaml` does not, but where a root has a folder `old/`.
    """
    parts = [part for part in PurePath(text).parts if part != "."]
    named = [part for part in parts if part != ".."]
    if not named or PurePath(text).is_absolute():
        return
    above = tuple(named[:-1])
    for root in roots:
        if named == parts and "/" in text:
            yield root, "/".join(named)
        for folder in kind.folders:
            if not above or PurePath(folder).parts[-len(above) :] == above:
                yield root / folder, named[-1]


def _moved(text: str) -> str:
    """Return how a path of an earlier version is spelled now; the same text if it is none."""
    spellings = (re.sub(rf"(^|/){re.escape(old)}", rf"\1{new}", text) for old, new in MOVED.items())
    return next((spelling for spelling in spellings if spelling != text), text)


@cache
def _say_moved(text: str, spelling: str) -> None:
    """Print the new spelling of a path on stderr, once."""
    print(f"'{text}' is now '{spelling}', which is read; please write that", file=sys.stderr)


# ------------ what may have been meant


def nearest(text: str, kind: Kind, beside: Path | None, roots: Sequence[Path]) -> str:
    """Return the nearest file beside and the nearest names below the roots as a hint, or all that there are if few."""
    word = PurePath(text).name.removesuffix(kind.suffix).casefold()
    files = [] if beside is None else _beside(text, kind, beside, roots)
    places = [("", {PurePath(name).name.removesuffix(kind.suffix): name for name in files})]
    for root in roots:
        mark = " (shipped)" if root == shipped() and len(roots) > 1 else ""
        places.append((mark, {name: name for name in kind.names(root)}))
    for near in (_by_whole_name, _by_word):
        meant: dict[str, str] = {}
        for mark, names in places:
            if name := near(word, names):
                meant.setdefault(name, shown(names[name]) + mark)
        if meant:
            return f"did you mean {' or '.join(meant.values())}?"
    known = files or sorted({name for _, names in places for name in names})
    return f"there: {', '.join(known)}" if 0 < len(known) <= SHORT_LIST else ""


def _beside(text: str, kind: Kind, beside: Path, roots: Sequence[Path]) -> list[str]:
    """Return how those in the folder that a text names are named: with the folder where a name alone means another."""
    above, found = PurePath(text).parent, []
    for name in kind.among(beside / above):
        by_name = _find(name, kind, beside, roots, lambda path: True)
        same = by_name and os.path.realpath(by_name) == os.path.realpath(beside / above / name)
        found.append(name if same else (above / name).as_posix())
    return found


def _by_whole_name(word: str, names: Iterable[str]) -> str:
    return _closest(word, {name.casefold(): name for name in names})


def _by_word(word: str, names: Iterable[str]) -> str:
    words = {part: name for name in names for part in name.casefold().split("_") if len(part) >= LEAST_LETTERS}
    return _closest(word, words)


def _closest(word: str, known: dict[str, str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return known[near[0]] if near else ""


# ------------ paths


def _marks(folder: Path) -> bool:
    return os.path.isdir(folder) and not os.path.exists(folder / "__init__.py")


def _short(folder: Path) -> Path:
    """Return an absolute folder as seen from the working folder, if that lies in it or above it."""
    working = Path.cwd()
    related = folder.is_relative_to(working) or working.is_relative_to(folder)
    return Path(os.path.relpath(folder, working)) if related else folder
