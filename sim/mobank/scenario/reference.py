"""The reference page of YAML files: every key with what may stand under it, made from the declarations."""

from collections.abc import Iterable, Iterator
from typing import Any

from mobank.scenario.kinds import (
    Each,
    EachOf,
    Either,
    KeyKind,
    ListOf,
    ModelName,
    NameGiven,
    OneOf,
    Quantity,
    Reading,
    Text,
)
from mobank.scenario.nouns import Nested, Noun, YamlKey, alternatives, nouns_of

HEADER = ("key", "键", "what stands there", "left out", "example", "meaning", "含义")


def reference(top: type[Noun]) -> str:
    """Return the page, in Markdown, of all keys of the files of a noun."""
    meaning, nouns = top.meaning(), nouns_of(top)
    lines = [f"# Keys of {_lowered(meaning.en)} · {meaning.zh.rstrip('。')}的键", "", *_opening(top)]
    for noun in nouns:
        if (shared := _shared(noun)) and shared not in nouns:
            nouns.append(shared)
        lines += ["", f"## {noun.called()}", "", f"{noun.meaning().en} {noun.meaning().zh}", "", *_table(noun)]
    return "\n".join(lines) + "\n"


def _shared(noun: type[Noun]) -> type[Noun] | None:
    """Return the noun, if there is one, all of whose keys may stand beside those that another has for itself."""
    bases = [base for base in noun.__mro__[1:] if issubclass(base, Noun) and base.keys]
    return next((base for base in bases if set(base.keys) <= set(noun.keys)), None)


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _opening(top: type[Noun]) -> Iterator[str]:
    yield "Made from the declarations of the keys by `mobank schema --reference`. **Bold** keys must always be given;"
    yield "others may be needed with what stands beside them, as their meaning says."
    if "extends" in top.names():
        yield "A file that extends another gives what differs; `key: off` takes away what stands there."
    yield ""
    yield "由键的声明自动生成（`mobank schema --reference`）。**粗体**的键必须给出；其他键是否必需，见其含义。"


def _table(noun: type[Noun]) -> Iterator[str]:
    yield _row(HEADER)
    yield _row("---" for _ in HEADER)
    shared = _shared(noun)
    yield from (_row(_cells(key)) for key in noun.keys if not shared or key not in shared.keys)
    if shared:
        yield _row(["…", "…", f"and the keys of {_link(shared)}", "", "", shared.meaning().en, shared.meaning().zh])


def _cells(key: YamlKey[Any]) -> tuple[str, ...]:
    name = f"**{key.name}**" if key.required else key.name
    return name, key.name_zh, _words(key.kind), _code(key.otherwise), _code(key.example), key.en, key.zh


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _words(kind: KeyKind[Any]) -> str:
    """Return what may stand under a key: "number, 1 to 1,200 months"."""
    span = kind.span.en
    return f"{_looks(kind.shape)}, {span}" if span else _looks(kind.shape)


def _looks(kind: KeyKind[Any]) -> str:
    match kind:
        case OneOf(options):
            return alternatives(map(_code, options))
        case Either(kinds):
            return " or ".join(map(_words, kinds))
        case NameGiven(of) | Reading(unit=of) if not isinstance(kind, Quantity):
            return of.en
        case ListOf() | Each() | EachOf() | Nested() as several:
            return _several(several)
    return kind.called if isinstance(kind, ModelName) else "text" if isinstance(kind, Text) else "number"


def _several(kind: ListOf[Any] | Each | EachOf | Nested) -> str:
    match kind:
        case ListOf(item, count):
            return f"list of {count}: {_words(item)}" if count else f"list: {_words(item)}"
        case Each(item, called):
            return f"each {called}: {_words(item)}"
        case EachOf(called, groups):
            return f"each {called}: {alternatives(dict.fromkeys(_words(item) for _, item in groups))}"
        case Nested(noun, beside):
            return f"{_link(noun)} and {_several(beside)}" if beside else _link(noun)


def _link(noun: type[Noun]) -> str:
    return f"[{noun.called()}](#{noun.called().replace(' ', '-')})"
