"""A cursor over a located tree: typed readers that note a problem and go on, so that a file is told all at once.

One slip should make one message: a key that is misspelt is not also missing, and what was told of a value is not told
again of what follows from it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

from mobank.base.errors import InputError, Place, Problem, did_you_mean, shown
from mobank.base.quantities import QuantityError
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.tree import Node, Scalar, is_nothing
from mobank.scenario.tree import Sequence as ListNode
from mobank.scenario.yaml_text import structural_slip

T = TypeVar("T")

MOST_PROBLEMS = 200  # of one file
MOST_STRANGE_KEYS = 20  # told one by one
AS_LINES = "write it as 'name: value' lines"
WHEN_EMPTY = "write 'name: value' lines below it, or delete it"


@dataclass(frozen=True)
class Cursor:
    """One node of a file with the dotted key that leads to it; every reader returns None where there is a problem.

    Parameters
    ----------
    problems : shared by all cursors of a reading; what is wrong is appended to it.
    key_place : where the key stands; a problem with a mapping or a list as a whole is told there.
    """

    node: Node
    key: str
    problems: list[Problem]
    key_place: Place | None = None

    @property
    def place(self) -> Place:
        """Where a value stands, or the key of what has members."""
        return self.node.place if self.is_scalar or self.key_place is None else self.key_place

    @property
    def is_scalar(self) -> bool:
        """True if the node is a single value."""
        return isinstance(self.node, Scalar)

    @property
    def is_mapping(self) -> bool:
        """True if the node has named members."""
        return isinstance(self.node, Members)

    @property
    def written(self) -> str:
        """The text as it stands; … where it is not one text."""
        return self.node.text if isinstance(self.node, Scalar) else "…"

    def problem(self, found: str, allowed: str, hint: str = "") -> None:
        """Note that something is wrong here."""
        self._note(Problem(found, allowed, hint, self.key, self.place))

    def misshapen(self, wanted: str, hint: str = "") -> None:
        """Note that what stands here is not of the kind wanted."""
        slip = structural_slip(self.node.text) if isinstance(self.node, Scalar) else ""
        empty = isinstance(self.node, Scalar) and not self.node.text
        hint = WHEN_EMPTY if empty and hint == AS_LINES else hint
        self.problem(_kind(self.node), f"came where {wanted} must stand", slip or hint)

    def read(self, reader: Callable[[str], T], hint: str = "") -> T | None:
        """Return what a reader of `mobank.base.quantities` makes of the text here."""
        if not isinstance(self.node, Scalar):
            self.misshapen("one value", hint)
            return None
        try:
            return cast(T, _understood(reader, self.node.text))
        except QuantityError as error:
            self.problem(error.found, error.allowed, error.hint or hint)
            return None

    def text(self) -> str | None:
        """Return the text here, which must not be empty."""
        text = self.read(str.strip)
        if text == "" or is_nothing(self.node):
            self.problem("nothing", "came where a text must stand")
            return None
        return text

    def name(self, known: Iterable[str]) -> str | None:
        """Return the text here, spelled as what is known of that name: é may be typed as one sign or as two."""
        text = self.read(str.strip)
        return text if text is None else next((each for each in known if _composed(each) == _composed(text)), text)

    def choice(self, options: Iterable[str], kind: str = "one of the choices") -> str | None:
        """Return the text here if it is one of the options; otherwise it 'is not <kind>'."""
        text = self.name(allowed := list(options))
        if text is None or text in allowed:
            return text
        self.problem(shown(text), f"is not {kind}", did_you_mean(text, allowed))
        return None

    def items(self, count: int | None = None, hint: str = "write it as [a, b]") -> list["Cursor"] | None:
        """Return cursors on the members of the list here."""
        if not isinstance(self.node, ListNode):
            self.misshapen("a list", hint)
            return None
        if count is not None and len(self.node.items) != count:
            self.problem(f"a list of {len(self.node.items)}", f"must have {count} members", hint)
            return None
        return [Cursor(item, f"{self.key}.{i}", self.problems) for i, item in enumerate(self.node.items, 1)]

    def named(self, kind: str = "", allowed: Sequence[str] | None = None, hint: str = AS_LINES) -> "Named":
        """Return cursors by name; with `allowed`, other names are problems: '… is not a <kind>'."""
        if not isinstance(self.node, Members):
            self.misshapen("a mapping", hint)
            return Named({})
        members = {name: self._member(name) for name in self.node.entries}
        if allowed is None:
            return Named(members)
        strange = [name for name in members if name not in allowed]
        hints = {name: did_you_mean(name, allowed) for name in strange[:MOST_STRANGE_KEYS]}
        for name, near in hints.items():
            self._at_key(name, shown(name), f"is not a {kind}", near)
        if len(strange) > len(hints):
            name = strange[len(hints)]
            self._at_key(
                name, shown(name), f"and {len(strange) - len(hints) - 1} keys after it are not a {kind} either"
            )
        return Named({n: c for n, c in members.items() if n in allowed}, strange=tuple(strange), hints=hints)

    def fields(
        self, allowed: Sequence[str], required: Sequence[str] = (), hint: str = AS_LINES, called: str = "key here"
    ) -> "Named":
        """Return cursors on the known keys here; unknown and missing ones are problems."""
        found = self.named(called, allowed, hint)
        for name in required:
            if self.is_mapping and found.lacks(name):
                self.problem(f"'{name}'", "is missing")
        return found

    def new_names(self, kind: str, at_most: int, hint: str = AS_LINES) -> dict[str, "Cursor"]:
        """Return cursors by names that the file itself gives: words, so that they can be joined by dots."""
        members = self.named(hint=hint)
        if len(members) > at_most:
            self.problem(f"{len(members):,} {kind}s", f"are too many; at most {at_most} are read")
            return {}
        for name in members:
            if not is_name(name):
                allowed = f"cannot be the name of a {kind}"
                self._at_key(name, shown(name), allowed, "use letters, digits, '_' and '-'")
        return {name: cursor for name, cursor in members.items() if is_name(name)}

    def _member(self, name: str) -> "Cursor":
        assert isinstance(self.node, Members)
        entry = self.node.entries[name]
        return Cursor(entry.node, f"{self.key}.{name}" if self.key else name, self.problems, entry.key_place)

    def _at_key(self, name: str, found: str, allowed: str, hint: str = "") -> None:
        member = self._member(name)
        self._note(Problem(found, allowed, hint, member.key, member.key_place))

    def _note(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MOST_PROBLEMS:
            found = f"{MOST_PROBLEMS} problems and perhaps more"
            rest = Problem(found, "were found", "mend these first", place=problem.place)
            raise InputError([*self.problems, rest])


class Named(dict[str, Cursor]):
    """Cursors by name, and what else stood there: the strange keys, each with the hint that was given for it."""

    def __init__(
        self, found: Mapping[str, Cursor], strange: Sequence[str] = (), hints: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(found)
        self.strange, self.hints = strange, hints or {}

    def lacks(self, *names: str) -> bool:
        """True if none of the names stands here, not even misspelt."""
        meant = " ".join(self.hints.values())
        return not any(name in self or f"mean '{name}'" in meant for name in names)


def is_name(text: str) -> bool:
    """Return whether a text may be a name that a file gives: letters, digits, '_' and '-'."""
    return re.fullmatch(r"\w[\w -]*", _composed(text)) is not None


def inherited(here: Cursor, at: Mapping[str, Cursor], names: Iterable[str]) -> str:
    """Return how to take away the keys that came from the file extended, as a hint; "" if none did."""
    parents = [name for name in names if at[name].node.place.file != here.place.file]
    if not parents:
        return ""
    those = " and ".join(parents)
    off = ", ".join(f"{name}: off" for name in parents)
    return f"{those} stand{'' if len(parents) > 1 else 's'} in {at[parents[0]].place.file}: write {off} here"


@lru_cache(maxsize=4096)
def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=4096)
def _understood(reader: Callable[[str], Any], text: str) -> Any:
    """Return what a reader makes of a text; files that extend one another say the same again and again."""
    return reader(text)


def _kind(node: Node) -> str:
    if isinstance(node, Members):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    return shown(node.text) if node.text else "nothing"
