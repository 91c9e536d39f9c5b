"""Keys of YAML files, declared once: a noun is a class whose attributes are the keys of one mapping, in their order.

The reader takes values by key, ``at.read(LeverKeys.ramp_months)``; the schema, the template of a scenario and the
reference page are made from the same declarations.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, TypeVar

from mobank.model.grammar import Model
from mobank.scenario.cursor import AS_LINES, Cursor, Named
from mobank.scenario.kinds import Each, EachOf, Either, KeyKind, ListOf, Quantity, Raw, Words

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, eq=False)
class YamlKey(Generic[T_co]):
    """One key: what stands under it and what it means; its name is that of the attribute that it is declared as.

    A Python keyword has an underscore after it: `for_` is the key `for`.

    Parameters
    ----------
    name_zh : its name in Chinese.
    example : what to write, in YAML.
    default : what holds where it is left out; None where nothing does.
    en, zh : what it means, in one line.
    """

    kind: KeyKind[T_co]
    name_zh: str
    example: str = ""
    default: T_co | None = None
    required: bool = False
    en: str = ""
    zh: str = ""
    name: str = field(default="", init=False)

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name.rstrip("_"))

    def says(self, en: str, zh: str) -> "YamlKey[T_co]":
        """Return the key with what it means."""
        return replace(self, en=en, zh=zh)

    @property
    def sample(self) -> str:
        """What to write: its example, or how its kind is written."""
        return self.example or self.kind.written

    @property
    def line(self) -> str:
        """The key with what to write; "…" where no example can be given."""
        return f"{self.name}: {self.sample or '…'}"

    @property
    def how(self) -> str:
        """What to write, as a hint."""
        return f"write {self.line}" if self.sample else ""

    @property
    def otherwise(self) -> str:
        """The default as it is written; "" where it could not be written."""
        if isinstance(self.default, str):
            return self.default
        if isinstance(self.kind, Quantity) and isinstance(self.default, int | float):
            return f"{self.default:g}" if self.kind.allows(self.default) else ""
        return ""


Ways = tuple[tuple[YamlKey[Any], ...], ...]


class Fields(Named):
    """The keys of one mapping that stand in a file, to be read one by one."""

    def __init__(self, found: Named, model: Model | None) -> None:
        super().__init__(found, found.strange, found.hints)
        self.model = model

    def read(self, key: YamlKey[T]) -> T | None:
        """Return what a key says, its default where it is left out, None where there is a problem."""
        here = self.get(key.name)
        return key.default if here is None else key.kind.read(here, key.how, self.model)


class Noun:
    """The keys of one mapping; a subclass declares them, and its docstring says what it is, in English / 中文.

    Keys of a base class follow its own. `ways` are the keys that go together in one way of writing it, for hints;
    where it has none, the required keys.
    """

    keys: ClassVar[tuple[YamlKey[Any], ...]] = ()
    ways: ClassVar[Ways] = ()

    def __init_subclass__(cls, without: Iterable[YamlKey[Any]] = ()) -> None:
        own = {value.name: value for value in vars(cls).values() if isinstance(value, YamlKey)}
        inherited = {key.name: key for base in cls.__bases__ for key in getattr(base, "keys", ())}
        cls.keys = tuple(key for key in (own | (inherited | own)).values() if key not in without)
        if "ways" not in vars(cls):
            cls.ways = (tuple(key for key in cls.keys if key.required),)

    @classmethod
    def at(
        cls,
        here: Cursor | None,
        model: Model | None = None,
        *,
        beside: Sequence[str] = (),
        called: str = "key here",
        whole: bool = True,
    ) -> Fields:
        """Return the keys that stand here; unknown and missing ones are problems.

        Parameters
        ----------
        here : None where the mapping is left out.
        beside : other names that may stand here, called so in messages.
        whole : False where required keys may be left out.
        """
        if here is None:
            return Fields(Named({}), model)
        required = [key.name for key in cls.keys if key.required and whole]
        return Fields(here.fields((*beside, *cls.names()), required, cls.how(), called), model)

    @classmethod
    def checked(cls, here: Cursor, model: Model | None = None) -> Fields:
        """Return the keys that stand here, where another reader has reported what is wrong with them."""
        return Fields(here.named() if here.is_mapping else Named({}), model)

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of the keys in their order."""
        return [key.name for key in cls.keys]

    @classmethod
    def called(cls) -> str:
        """Return the noun, as in "lever"."""
        return " ".join(re.findall("[A-Z][a-z]+", cls.__name__.removesuffix("Keys"))).lower()

    @classmethod
    def meaning(cls) -> Words:
        """Return what it is, in one line."""
        return Words(*(cls.__doc__ or " / ").split(" / ", 1))

    @classmethod
    def how(cls) -> str:
        """Return the ways to write it, as a hint."""
        return f"write {cls.written()}" if any(cls.ways) else AS_LINES

    @classmethod
    def written(cls) -> str:
        """Return the ways to write it, with examples: "{low: 3%, high: 9%} or {value: 5%}"."""
        return alternatives(cls.forms())

    @classmethod
    def forms(cls) -> list[str]:
        """Return each way to write it, with examples."""
        return ["{" + ", ".join(key.line for key in way) + "}" for way in cls.ways]


def alternatives(ways: Iterable[str]) -> str:
    """Return some texts as one: "a, b or c"."""
    *others, last = ways
    return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True)
class Nested(Raw):
    """A mapping with the keys of a noun, and perhaps with names beside them."""

    noun: type[Noun]
    beside: Each | EachOf | None = None

    @property
    def written(self) -> str:
        """How the noun is written."""
        return self.noun.written()


def nouns_of(top: type[Noun]) -> list[type[Noun]]:
    """Return a noun and all whose mappings may stand somewhere below it, each once, in the order of the keys."""
    found: dict[type[Noun], None] = {}
    waiting = [top]
    while waiting:
        noun = waiting.pop(0)
        if noun not in found:
            found[noun] = None
            below = (nested for key in noun.keys for nested in _nested(key.kind))
            waiting = [*(each.noun for each in below), *waiting]
    return list(found)


def _nested(kind: KeyKind[Any]) -> Iterator[Nested]:
    """Yield the mappings of nouns that a kind may be, without those within them."""
    match kind.shape:
        case Nested(_, beside) as nested:
            yield nested
            yield from _nested(beside) if beside else ()
        case Either(kinds):
            yield from (nested for each in kinds for nested in _nested(each))
        case ListOf(item) | Each(item):
            yield from _nested(item)
        case EachOf(_, groups):
            yield from (nested for _, item in groups for nested in _nested(item))
