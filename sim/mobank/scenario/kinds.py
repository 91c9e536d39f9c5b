"""What may stand under a key of a YAML file: a kind reads it, and holds what a schema and a reference say of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from mobank.base.quantities import (
    Month,
    read_growth,
    read_interval,
    read_money,
    read_month,
    read_month_or_later,
    read_share,
)
from mobank.model.grammar import Model
from mobank.scenario.cursor import AS_LINES, Cursor, Named

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
N = TypeVar("N", bound=float)
C = TypeVar("C", bound=str)


class Words(NamedTuple):
    """A few words in English and in Chinese."""

    en: str
    zh: str


class Option(NamedTuple):
    """A name of the model that may stand somewhere, and what it means."""

    name: str
    en: str = ""
    zh: str = ""


Options = Callable[[Model], Sequence[Option]]
NOTHING = Words("", "")
MOST_YUAN = 10**13  # what a country of such banks spends in decades: beyond it, a digit is wrong


class KeyKind(ABC, Generic[T_co]):
    """What may stand under a key; `read` returns what it says, None where there is a problem."""

    @abstractmethod
    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> T_co | None:
        """Return what stands here.

        Parameters
        ----------
        how : what to write instead of something wrong, as a hint.
        model : whose names may stand here; only kinds of names need it.
        """

    @property
    def shape(self) -> "KeyKind[Any]":
        """The kind that shows how it may look: itself, unless it is read from others."""
        return self

    @property
    def span(self) -> "Words":
        """The range of a number in words, with what is counted; nothing where there is none."""
        return NOTHING

    @property
    def written(self) -> str:
        """How it is written in one line; "" where only an example of its key can say."""
        return ""


class Raw(KeyKind[Cursor]):
    """A kind that is read part by part: its reader gets the cursor."""

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> Cursor:
        """Return the cursor."""
        return here


# ------------ one value


@dataclass(frozen=True)
class NumberInUnit(Raw):
    """A number in a unit that depends on what it stands for; its reader knows which."""


@dataclass(frozen=True)
class Text(KeyKind[str]):
    """A text that is not empty."""

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> str | None:
        """Return the text."""
        return here.text()


@dataclass(frozen=True)
class NameGiven(Raw):
    """A name that the file itself gives elsewhere, such as a segment; its reader knows which there are."""

    of: Words


@dataclass(frozen=True)
class Reading(KeyKind[T]):
    """What a reader of `mobank.base.quantities` makes of a text.

    Parameters
    ----------
    unit : what is counted, or what it is. as_number : whether an editor may take what is written for a number.
    """

    reader: Callable[[str], T]
    unit: Words
    as_number: bool = field(default=True, kw_only=True)

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> T | None:
        """Return what the text says."""
        return here.read(self.reader, "" if here.is_scalar else how)  # what is refused of a text names its own example


@dataclass(frozen=True)
class Quantity(Reading[N]):
    """A number in a range.

    Parameters
    ----------
    excludes : which ends of the range do not belong to it. hint : what to do about a number outside of it.
    """

    low: float = -inf
    high: float = inf
    excludes: Literal["", "low", "both"] = ""
    hint: str = ""

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> N | None:
        """Return the number, if it lies in the range."""
        number = super().read(here, how)
        if number is None or self.allows(number):
            return number
        here.problem(here.written, f"must be {self.span.en}", self.hint)
        return None

    def allows(self, number: float) -> bool:
        """Return True if a number lies in the range."""
        inside = self.low <= number <= self.high
        return inside and not (self.excludes and number == self.low) and (self.excludes != "both" or number < self.high)

    @property
    def span(self) -> Words:
        """The range in words, with what is counted; without ends, what is counted alone."""
        low, high = self._end(self.low), self._end(self.high)
        if self.low == -inf:
            return self.unit
        if self.high == inf:
            return Words(f"at least {low} {self.unit.en}".rstrip(), f"不小于 {low} {self.unit.zh}".rstrip())
        if not self.excludes:
            return Words(f"{low} to {high} {self.unit.en}".rstrip(), f"{low} 至 {high} {self.unit.zh}".rstrip())
        most, most_zh = ("below", "小于") if self.excludes == "both" else ("at most", "不大于")
        return Words(
            f"above {low} and {most} {high} {self.unit.en}".rstrip(),
            f"大于 {low} 且{most_zh} {high} {self.unit.zh}".rstrip(),
        )

    def _end(self, number: float) -> str:
        if self.reader in (read_share, read_growth):
            return f"{100 * number:g}%"
        return f"{number:,}" if isinstance(number, int) else f"{number:,g}"


@dataclass(frozen=True)
class OneOf(KeyKind[C]):
    """One of a few words."""

    options: Sequence[C]
    called: str

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> C | None:
        """Return the word, if it is one of them."""
        chosen = here.choice(self.options, self.called)
        return next((option for option in self.options if option == chosen), None)


@dataclass(frozen=True)
class ModelName(KeyKind[str]):
    """A name that the model gives: of a parameter, a measure, a flow."""

    options: Options
    called: str

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> str | None:
        """Return the name, if the model has it."""
        allowed = names(self.options, model)
        name = here.choice(allowed, self.called)
        return name if name in allowed else None


MONTHS = Words("months", "个月")
PERSONS = Words("persons", "人")
TEXT = Text()
NUMBER = NumberInUnit()
MONTH: KeyKind[Month] = Reading(read_month, Words("a month", "月份"), as_number=False)
MONTH_OR_LATER: KeyKind[Month | int] = Reading(
    read_month_or_later, Words("a month, or a number of months", "月份，或若干个月"), as_number=False
)
MONEY = Quantity(read_money, Words("yuan", "元"), 0, MOST_YUAN)
REPORTED = Reading(read_interval, Words("a figure as printed", "公布的数字原文"))


# ------------ several


@dataclass(frozen=True)
class ListOf(KeyKind[tuple[T, ...]]):
    """A list, all members of one kind; `count` is how many there must be, None for any number."""

    item: KeyKind[T]
    count: int | None = None

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> tuple[T, ...] | None:
        """Return what the members say, None where one is wrong."""
        members = here.items(self.count, how)
        found = [self.item.read(member, how, model) for member in members or ()]
        return None if members is None else _whole(found)


def _whole(found: Sequence[T | None]) -> tuple[T, ...] | None:
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(found) else None


@dataclass(frozen=True)
class Either(Raw):
    """One of several kinds, as what stands there shows."""

    kinds: tuple[KeyKind[Any], ...]

    @classmethod
    def of(cls, *kinds: KeyKind[Any]) -> "Either":
        """Return the kind that is one of these."""
        return cls(kinds)


@dataclass(frozen=True)
class Each(KeyKind[dict[str, Cursor]]):
    """A mapping with names that the file itself chooses."""

    item: KeyKind[Any]
    called: str
    at_most: int = 1_000

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> dict[str, Cursor]:
        """Return cursors by name."""
        below = self.item.written
        return here.new_names(self.called, self.at_most, f"write a name below it, then {below}" if below else AS_LINES)


@dataclass(frozen=True)
class EachOf(KeyKind[Named]):
    """A mapping with names of the model: groups of names, each with what may stand under one."""

    called: str
    groups: tuple[tuple[Options, KeyKind[Any]], ...]

    @classmethod
    def one(cls, called: str, options: Options, item: KeyKind[Any]) -> "EachOf":
        """Return a mapping with names of one group."""
        return cls(called, ((options, item),))

    def names(self, model: Model | None) -> list[str]:
        """Return the names that may stand there."""
        return [name for options, _ in self.groups for name in names(options, model)]

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> Named:
        """Return cursors by name."""
        return here.named(self.called, self.names(model))


def names(options: Options, model: Model | None) -> list[str]:
    """Return the names of some options in a model."""
    if model is None:
        raise TypeError("a name of the model is read with a model")
    return [option.name for option in options(model)]
