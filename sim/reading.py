"""A cursor over a located tree: typed readers that note a problem and go on, so that a file is told all at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sim.errors import Place, Problem, did_you_mean, shown
from sim.located import Mapping, Node, Scalar, structural_slip
from sim.located import Sequence as ListNode
from sim.quantities import QuantityError

T = TypeVar("T")


@dataclass(frozen=True)
class Cursor:
    """One node of a file with the dotted key that leads to it; every reader returns None where there is a problem.

    Parameters
    ----------
    problems : shared by all cursors of a reading; what is wrong is appended to it.
    """

    node: Node
    key: str
    problems: list[Problem]

    @property
    def place(self) -> Place:
        """Where the node stands."""
        return self.node.place

    @property
    def is_scalar(self) -> bool:
        """True if the node is a single value."""
        return isinstance(self.node, Scalar)

    @property
    def is_mapping(self) -> bool:
        """True if the node has named members."""
        return isinstance(self.node, Mapping)

    def problem(self, found: str, allowed: str, hint: str = "") -> None:
        """Note that something is wrong here."""
        self.problems.append(Problem(found, allowed, hint, self.key, self.place))

    def read(self, reader: Callable[[str], T]) -> T | None:
        """Return what a reader of `sim.quantities` makes of the text here."""
        if not isinstance(self.node, Scalar):
            self.problem(_kind(self.node), "came where one value must stand")
            return None
        try:
            return reader(self.node.text)
        except QuantityError as error:
            self.problem(error.found, error.allowed, error.hint)
            return None

    def text(self) -> str | None:
        """Return the text here, which must not be empty."""
        text = self.read(str.strip)
        if text == "":
            self.problem("nothing", "came where a text must stand")
        return text or None

    def choice(self, options: Iterable[str]) -> str | None:
        """Return the text here if it is one of the options."""
        text = self.read(str.strip)
        if text is None or text in (allowed := list(options)):
            return text
        self.problem(shown(text), "is not one of the choices", did_you_mean(text, allowed))
        return None

    def items(self, count: int | None = None) -> list["Cursor"] | None:
        """Return cursors on the members of the list here."""
        if not isinstance(self.node, ListNode):
            self.problem(_kind(self.node), "came where a list must stand", "write it as [a, b]")
            return None
        if count is not None and len(self.node.items) != count:
            self.problem(f"a list of {len(self.node.items)}", f"must have {count} members")
            return None
        return [Cursor(item, f"{self.key}[{i}]", self.problems) for i, item in enumerate(self.node.items)]

    def named(self, kind: str = "", allowed: Sequence[str] | None = None) -> dict[str, "Cursor"]:
        """Return cursors by name; with `allowed`, other names are problems: '… is not a <kind>'."""
        if not isinstance(self.node, Mapping):
            slip = structural_slip(self.node.text) if isinstance(self.node, Scalar) else ""
            hint = slip or "write it as 'name: value' lines"
            self.problem(_kind(self.node), "came where a mapping must stand", hint)
            return {}
        found = {}
        for name, entry in self.node.entries.items():
            key = f"{self.key}.{name}" if self.key else name
            if allowed is not None and name not in allowed:
                hint = did_you_mean(name, allowed)
                self.problems.append(Problem(shown(name), f"is not a {kind}", hint, key, entry.key_place))
            else:
                found[name] = Cursor(entry.node, key, self.problems)
        return found

    def fields(self, allowed: Sequence[str], required: Sequence[str] = ()) -> dict[str, "Cursor"]:
        """Return cursors on the known keys here; unknown and missing ones are problems."""
        found = self.named("key here", allowed)
        if isinstance(self.node, Mapping):
            for name in required:
                if name not in self.node.entries:
                    self.problem(f"'{name}'", "is missing")
        return found


def _kind(node: Node) -> str:
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    return shown(node.text) if node.text else "nothing"
