"""What can go wrong, as fields first and a sentence composed from them.

A person who made a mistake in a file must read where it is, what came, what was allowed and the nearest right
answer; a program must be able to read the same four without taking a sentence apart. So each error is made of
fields, and only its `str` is a sentence.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN_CHARACTERS = 60
SHORT_LIST = 24


@dataclass(frozen=True)
class Place:
    """Where something stands: a file, a line and a column, both counted from 1; or a cell of a table.

    Line 0 means the file as a whole; column 0 means that the column is not known.

    Examples
    --------
    >>> print(Place("bank.yaml", 3), Place("figures.xlsx", 0, cell="Sheet1!H4"))
    bank.yaml:3 figures.xlsx!Sheet1!H4
    """

    file: str
    line: int
    column: int = 0
    cell: str = ""

    def __str__(self) -> str:
        if self.cell:
            return f"{self.file}!{self.cell}"
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input: what came, what was allowed, and the nearest right answer.

    Attributes
    ----------
    found
        What came; the sentence begins with it.
    allowed
        What was allowed, as the rest of that sentence: "must be ...", "is not a parameter".
    hint
        What to write instead, or nothing.
    key
        The dotted path of keys that leads to it, such as `levers.fee_waiver.from`, or nothing.
    place
        Where it stands, if it stands in a file.
    """

    found: str
    allowed: str
    hint: str = ""
    key: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        sentence = _sentence(self.found, self.allowed, self.hint)
        keyed = f"{self.key}: {sentence}" if self.key else sentence
        return f"{self.place}  {keyed}" if self.place else keyed


class MobankError(Exception):
    """Anything that mobank refuses or fails at; `exit_code` is what the command then returns."""

    exit_code = 1


class InputError(MobankError):
    """An input with one or more problems, all told at once; nothing was run."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems, key=_file_and_line))
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        tally = f"{count} problem{'' if count == 1 else 's'}; nothing was run."
        return "\n".join([*map(str, self.problems), tally])


class RunError(MobankError):
    """A run that could not be finished: a law that did not hold, a full disk, a worker that died."""

    def __init__(self, found: str, allowed: str = "", hint: str = "") -> None:
        self.found, self.allowed, self.hint = found, allowed, hint
        super().__init__(found, allowed, hint)

    def __str__(self) -> str:
        return _sentence(self.found, self.allowed, self.hint)


class ModelError(MobankError):
    """A model that was declared wrongly; `name` is the flow, parameter or measure at fault."""

    def __init__(self, name: str, found: str, allowed: str, hint: str = "") -> None:
        self.name, self.found, self.allowed, self.hint = name, found, allowed, hint
        super().__init__(name, found, allowed, hint)

    def __str__(self) -> str:
        return f"{self.name}: {_sentence(self.found, self.allowed, self.hint)}"


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """The nearest allowed word as a hint, or the list of all of them if it is short, or nothing.

    Case, full-width letters, hyphens, spaces and underscores make no difference to what is near.

    Examples
    --------
    >>> did_you_mean("assist_rat", ["assist_rate", "lapse_rate"])
    "did you mean 'assist_rate'?"
    >>> did_you_mean("colour", ["from", "until"])
    'allowed: from, until'
    """
    words = list(allowed)
    spelled = {folded(each): each for each in reversed(words)}
    near = difflib.get_close_matches(folded(word), spelled, n=1)
    if near:
        return f"did you mean '{spelled[near[0]]}'?"
    return f"allowed: {', '.join(words)}" if 0 < len(words) <= SHORT_LIST else ""


def shown(text: str) -> str:
    """A text in quotes as a message shows it: odd characters escaped, a long one cut short."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…")


def _sentence(found: str, allowed: str, hint: str) -> str:
    statement = " ".join(part for part in (found, allowed) if part)
    return f"{statement}; {hint}" if hint else statement


def _file_and_line(problem: Problem) -> tuple[str, int]:
    return (problem.place.file, problem.place.line) if problem.place else ("", 0)


def folded(word: str) -> str:
    """A word as names are compared: small half-width letters, one underscore for a hyphen or a space."""
    return unicodedata.normalize("NFKC", word).casefold().replace("-", "_").replace(" ", "_")
