"""The lines of a target's file, edited: entries put in, replaced, commented; all other lines stay as they are.

The tree of the file says where a mapping and its entries stand. An entry ends before the next line that is set in no
further than its key; comments and blank lines before that line belong to what follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mobank.base.errors import InputError, Place, Problem
from mobank.scenario.tree import Entry, Mapping, Scalar

STEP = 2  # by which a mapping is set in


@dataclass
class TargetLines:
    """A file as lines, with what is to be changed; numbers of lines count from 1 and stay those of the file.

    Parameters
    ----------
    inserted : lines by the line before which they go, each with how far they are set in; those of an inner mapping
        stand before those of an outer one that ends there, too.
    replaced : lines by the first and the last line that go.
    """

    file: str
    lines: list[str]
    inserted: dict[int, list[tuple[int, list[str]]]] = field(default_factory=dict)
    replaced: dict[tuple[int, int], list[str]] = field(default_factory=dict)

    def end(self, entry: Entry) -> int:
        """Return the last line of an entry."""
        first = entry.key_place.line
        indent = entry.key_place.column - 1
        last = first
        for number in range(first + 1, len(self.lines) + 1):
            line = self.lines[number - 1]
            bare = line.lstrip(" ")
            if not bare or bare.startswith("#"):
                continue
            if len(line) - len(bare) <= indent:
                break
            last = number
        return last

    def insert(self, before: int, indent: int, lines: Sequence[str]) -> None:
        """Put lines before a line, set in so far, after others of the same mapping that were put there."""
        written = [f"{' ' * indent}{line}" if line else "" for line in lines]
        self.inserted.setdefault(before, []).append((indent, written))

    def before(self, number: int) -> list[str]:
        """Return what is put before a line, inner mappings first."""
        ordered = sorted(self.inserted.get(number, []), key=lambda each: -each[0])
        return [line for _, lines in ordered for line in lines]

    def replace(self, entry: Entry, lines: Sequence[str]) -> None:
        """Put lines in the place of an entry."""
        self.replaced[entry.key_place.line, self.end(entry)] = list(lines)

    def above(self, line: int) -> int:
        """Return the first of the comment lines that stand right above a line, else the line itself."""
        while line > 1 and self.lines[line - 2].lstrip(" ").startswith("#"):
            line -= 1
        return line

    def indent(self, node: Mapping, otherwise: int) -> int:
        """Return how far the entries of a mapping are set in.

        Raises
        ------
        InputError
            If they stand on one line in braces.
        """
        first = next(iter(node.entries.values()), None)
        if first is None:
            return otherwise
        line = self.lines[first.key_place.line - 1]
        if line[: first.key_place.column - 1].strip(" "):
            allowed = "stands in braces, into which nothing is written"
            place = Place(self.file, node.place.line, node.place.column)
            raise InputError([Problem("a mapping", allowed, "write it as lines, a key a line", place=place)])
        return first.key_place.column - 1

    def text(self) -> str:
        """Return the file with all changes."""
        found: list[str] = []
        skip_to = 0
        for number, line in enumerate(self.lines, 1):
            found += self.before(number)
            if number <= skip_to:
                continue
            for (first, last), lines in self.replaced.items():
                if number == first:
                    found += lines
                    skip_to = last
            if number > skip_to:
                found.append(line)
        found += self.before(len(self.lines) + 1)
        return "\n".join(found).rstrip("\n") + "\n"


def below(node: Mapping, name: str) -> Mapping | None:
    """Return the mapping under a key; None where there is none, or nothing in it."""
    entry = node.entries.get(name)
    return entry.node if entry and isinstance(entry.node, Mapping) and entry.node.entries else None


class Additions(dict[str, "Additions"]):
    """What is put into a mapping: more of its mappings by key, and lines of its own, not set in."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def at(self, path: Sequence[str]) -> "Additions":
        """Return what is put where a path of keys leads to."""
        here = self
        for name in path:
            here = here.setdefault(name, Additions())
        return here

    def rendered(self, indent: int) -> list[str]:
        """Return all of it as lines, set in so far."""
        found = [f"{' ' * indent}{line}" for line in self.lines]
        for name, each in self.items():
            found += [f"{' ' * indent}{name}:", *each.rendered(indent + STEP)]
        return found


def put(lines: TargetLines, node: Mapping, additions: Additions, entry: Entry | None = None, indent: int = 0) -> None:
    """Put additions at the end of the mappings that they belong to; those that are missing are made.

    Parameters
    ----------
    node, entry : the mapping, and under which entry it stands; None for the file as a whole.
    indent : how far its members are set in, if it has none.
    """
    indent = lines.indent(node, indent)
    after = lines.end(entry) + 1 if entry else len(lines.lines) + 1
    lines.insert(after, indent, additions.lines)
    for name, each in additions.items():
        inner, there = below(node, name), node.entries.get(name)
        if inner is not None and there is not None:
            put(lines, inner, each, there, indent + STEP)
            continue
        written = [f"{name}:", *each.rendered(STEP)]
        if there is not None and _is_nothing(there):  # `reported:` or `reported: {}` with nothing in it
            lines.replace(there, [f"{' ' * indent}{line}" for line in written])
        else:
            lines.insert(after, indent, written if entry else ["", *written])


def _is_nothing(entry: Entry) -> bool:
    return (isinstance(entry.node, Mapping) and not entry.node.entries) or (
        isinstance(entry.node, Scalar) and not entry.node.text
    )
