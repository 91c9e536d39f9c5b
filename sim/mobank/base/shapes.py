"""What a record must hold, declared once: its keys, and what may stand under each."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from mobank.base.errors import shown


class Wrong(NamedTuple):
    """Something that a record should not hold, or lacks: the dotted key, what came, what was allowed."""

    key: str
    found: str
    allowed: str


class Shape(Protocol):
    """What may stand somewhere in a record."""

    def wrong(self, value: Any, key: str = "") -> Iterator[Wrong]:
        """Yield all that is wrong with a value that stands under a key."""


@dataclass(frozen=True)
class Leaf:
    """A single value: in words, and what makes it one."""

    words: str
    holds: Callable[[Any], bool]

    def wrong(self, value: Any, key: str = "") -> Iterator[Wrong]:
        """Yield all that is wrong with a value that stands under a key."""
        if not self.holds(value):
            yield Wrong(key, _shown(value), f"must be {self.words}")


ANYTHING = Leaf("anything", lambda value: True)


@dataclass(frozen=True)
class RecordList:
    """A list, each item of one shape."""

    each: Shape

    def wrong(self, value: Any, key: str = "") -> Iterator[Wrong]:
        """Yield all that is wrong with a value that stands under a key."""
        if not isinstance(value, list):
            yield Wrong(key, _shown(value), "must be a list")
            return
        for number, item in enumerate(value, start=1):
            yield from self.each.wrong(item, f"{key}.{number}")


@dataclass(frozen=True)
class RecordRow:
    """A list of at least these items, in this order; what follows is free."""

    items: tuple[Shape, ...]

    def wrong(self, value: Any, key: str = "") -> Iterator[Wrong]:
        """Yield all that is wrong with a value that stands under a key."""
        if not isinstance(value, list) or len(value) < len(self.items):
            yield Wrong(key, _shown(value), f"must be a list of at least {len(self.items)}")
            return
        for number, (shape, item) in enumerate(zip(self.items, value, strict=False), start=1):
            yield from shape.wrong(item, f"{key}.{number}")


@dataclass(frozen=True)
class ByName:
    """A mapping of any names to one shape."""

    each: Shape

    def wrong(self, value: Any, key: str = "") -> Iterator[Wrong]:
        """Yield all that is wrong with a value that stands under a key."""
        if not isinstance(value, Mapping):
            yield Wrong(key, _shown(value), "must be a mapping")
            return
        for name, item in value.items():
            yield from self.each.wrong(item, f"{key}.{name}")


@dataclass(frozen=True)
class RecordFields:
    """A mapping of known keys, each with its shape; those of `optional` may be left out, `others` may stand beside."""

    needed: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict)
    others: Shape = ANYTHING

    def wrong(self, value: Any, key: str = "") -> Iterator[Wrong]:
        """Yield all that is wrong with a value that stands under a key."""
        if not isinstance(value, Mapping):
            yield Wrong(key, _shown(value), "must be a mapping")
            return
        known = {**self.needed, **self.optional}
        for name in dict.fromkeys((*known, *value)):
            below = f"{key}.{name}" if key else name
            if name in value:
                yield from known.get(name, self.others).wrong(value[name], below)
            elif name in self.needed:
                yield Wrong(below, "this key", "is missing")


@dataclass(frozen=True)
class OrNothing:
    """A shape, or null."""

    shape: Shape

    def wrong(self, value: Any, key: str = "") -> Iterator[Wrong]:
        """Yield all that is wrong with a value that stands under a key."""
        if value is not None:
            yield from self.shape.wrong(value, key)


def one_of(*words: str) -> Leaf:
    """Return the shape of one of some words."""
    return Leaf(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words)


def matching(words: str, pattern: str) -> Leaf:
    """Return the shape of a text that matches a pattern as a whole."""
    made = re.compile(pattern)
    return Leaf(words, lambda value: isinstance(value, str) and made.fullmatch(value) is not None)


def whole(least: int = 0) -> Leaf:
    """Return the shape of a whole number that is at least so large."""
    return Leaf(f"a whole number, {least} or more", lambda value: type(value) is int and value >= least)


TEXT = Leaf("a text", lambda value: isinstance(value, str))
NUMBER = Leaf("a number", lambda value: type(value) in (int, float))
FLAG = Leaf("true or false", lambda value: isinstance(value, bool))
DIGEST = matching("a digest of 64 hex digits", "[0-9a-f]{64}")
LAW = matching("a digest of 32 hex digits", "[0-9a-f]{32}")
MONTH = matching("a month such as 2022-12", r"\d{4}-(0[1-9]|1[0-2])")


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list | Mapping):
        return "a list" if isinstance(value, list) else "a mapping"
    return json.dumps(value)
