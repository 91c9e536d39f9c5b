"""YAML as a tree that knows the file, line and column of every key and value; merged and written; knows no bank."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from mobank.base.errors import InputError, Place, Problem, did_you_mean

REMOVE = "off"
NOTHING = ("~", "null", "Null", "NULL")  # what YAML calls an empty value, unless it stands in quotes


@dataclass(frozen=True)
class Scalar:
    """A text that no one has read as a number or a date yet; `quoted` if it stood in quotes or as a block."""

    text: str
    place: Place
    quoted: bool


@dataclass(frozen=True)
class Sequence:
    """A list of nodes."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True)
class Entry:
    """What stands under a key of a mapping, and where the key stands."""

    key_place: Place
    node: "Node"


@dataclass(frozen=True)
class Mapping:
    """Entries by key, in the order of the file."""

    entries: dict[str, Entry]
    place: Place


Node: TypeAlias = Scalar | Sequence | Mapping


def merge(parent: Mapping, child: Mapping, free: Collection[str] = ()) -> Mapping:
    """The child over the parent: mappings merge by key, lists and scalars replace, `name: off` removes.

    Parameters
    ----------
    free : keys of the whole that may be off where there is nothing to remove.

    Raises
    ------
    InputError
        If the child removes what the parent does not have.
    """
    problems: list[Problem] = []
    asked = {key: entry for key, entry in child.entries.items()
             if key in parent.entries or key not in free or not removes(entry.node)}  # fmt: skip
    merged = _merged(parent, replace(child, entries=asked), "", problems)
    if problems:
        raise InputError(problems)
    return merged


def dump(node: Node) -> str:
    """The tree as canonical YAML: block style, in order, quoted only where it would read differently."""
    return "\n".join(_lines(node)) + "\n"


# ------------ merging


def _merged(parent: Mapping, child: Mapping, path: str, problems: list[Problem]) -> Mapping:
    entries = dict(parent.entries)
    for name, entry in child.entries.items():
        key = f"{path}.{name}" if path else name
        below = parent.entries.get(name)
        if not removes(entry.node):
            entries[name] = replace(entry, node=_over(below, entry.node, key, problems))
        elif below:
            del entries[name]
        else:
            hint = did_you_mean(name, parent.entries)
            problems.append(Problem("'off'", "removes what is not there", hint, key, entry.key_place))
    return replace(child, entries=entries)


def _over(below: Entry | None, child: Node, path: str, problems: list[Problem]) -> Node:
    if not isinstance(child, Mapping):
        return child
    parent = below.node if below else None
    base = parent if isinstance(parent, Mapping) else replace(child, entries={})
    return _merged(base, child, path, problems)


def removes(node: Node) -> bool:
    """Whether a node is `off` without quotes, which takes away what stands under its key."""
    return isinstance(node, Scalar) and node.text == REMOVE and not node.quoted


def is_nothing(node: Node) -> bool:
    """Whether a node is what YAML calls an empty value."""
    return isinstance(node, Scalar) and node.text in NOTHING and not node.quoted


# ------------ writing


def _lines(node: Node) -> list[str]:
    match node:
        case Scalar():
            return [_written(node.text, meant_as_text=node.quoted)]
        case Mapping() if node.entries:
            return [line for name, entry in node.entries.items() for line in _entry_lines(name, entry.node)]
        case Sequence() if node.items:
            return [line for item in node.items for line in _item_lines(item)]
    return ["{}" if isinstance(node, Mapping) else "[]"]


def _entry_lines(name: str, node: Node) -> list[str]:
    head, below = f"{_written(name)}:", _lines(node)
    if _is_one_line(node):
        return [f"{head} {below[0]}"]
    return [head, *(f"  {line}" for line in below)]


def _is_one_line(node: Node) -> bool:
    return isinstance(node, Scalar) or not (node.items if isinstance(node, Sequence) else node.entries)


def _item_lines(item: Node) -> list[str]:
    first, *others = _lines(item)
    return [f"- {first}", *(f"  {line}" for line in others)]


_ESCAPES = str.maketrans({'"': r"\"", "\\": r"\\", "\n": r"\n", "\t": r"\t"})
_PLAIN = r"(?!\.\.\.)(?:[^\s,?:\[\]{}#&*!|>'\"%@`-]|-[^\s-])(?:[^\n\t]*\S)?"


@lru_cache(maxsize=4096)  # what many scenarios extend is written once for each of them
def _written(text: str, meant_as_text: bool = False) -> str:
    """The text as a YAML scalar; no other character needs an escape, because none that does is ever read."""
    plain = re.fullmatch(_PLAIN, text) and not re.search(r":(?:\s|$)| #", text)
    if plain and not (meant_as_text and text in (REMOVE, *NOTHING)):
        return text
    return f'"{text.translate(_ESCAPES)}"'
