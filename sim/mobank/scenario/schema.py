"""The JSON Schema of YAML files, made from the declarations of their keys, which helps people in their editors.

The readers decide what a file means. The schema is lenient where a file extends another, since what is missing may
stand there: it never refuses what the readers take, and finds unknown keys and wrong types.
"""

from collections.abc import Mapping
from typing import Any

from mobank.model.grammar import Model
from mobank.scenario.keys.scenario import ScenarioKeys
from mobank.scenario.kinds import Each, EachOf, Either, KeyKind, ListOf, ModelName, OneOf, Options, Reading
from mobank.scenario.nouns import Nested, Noun, YamlKey

Fragment = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "scenario.schema.json"
OFF: Fragment = {"type": "string", "pattern": "^off$"}  # a `const` would be offered as "off" in quotes, another thing
QUANTITY: Fragment = {"type": ["string", "number"]}
TEXT: Fragment = {"type": "string"}


def schema(model: Model, top: type[Noun] = ScenarioKeys) -> Fragment:
    """Return the JSON Schema (draft 2020-12) of the files of a noun, ready for `json.dumps`."""
    made = _Schema(model)
    meaning, required = top.meaning(), {"required": [key.name for key in top.keys if key.required]}
    lenient = {"if": {"required": ["extends"]}, "else": required}
    own = made.noun(top) | (lenient if "extends" in top.names() else required)
    return {"$schema": DRAFT, "title": f"mobank: {meaning.en} / {meaning.zh}", **own, "$defs": made.nouns}


class _Schema:
    """Translates kinds into fragments, and collects those of the nouns that they refer to, by name."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.nouns: dict[str, Fragment] = {}

    def noun(self, noun: type[Noun]) -> Fragment:
        return _named({key.name: self.key(key) for key in noun.keys})

    def key(self, key: YamlKey[Any]) -> Fragment:
        span = key.kind.span
        shown: Fragment = {"examples": [key.sample]} if key.sample and key.sample[0] not in "[{" else {}
        shown |= {"default": key.otherwise} if key.otherwise else {}
        return _off(self.kind(key.kind)) | _described(f"{key.en} {span.en}".strip(), f"{key.zh}{span.zh}") | shown

    def kind(self, kind: KeyKind[Any]) -> Fragment:
        """Return what may stand under a key."""
        match kind.shape:
            case OneOf(options):
                return {"enum": list(options)}
            case ModelName(options):
                return self.choice(options)
            case Either(kinds):
                return {"anyOf": [self.kind(each) for each in kinds]}
            case Reading(as_number=False):
                return TEXT
            case ListOf() | Each() | EachOf() | Nested() as several:
                return self.several(several)
        return QUANTITY

    def several(self, kind: ListOf[Any] | Each | EachOf | Nested) -> Fragment:
        """Return a list or a mapping."""
        match kind:
            case ListOf(item, count):
                ends = {"minItems": count, "maxItems": count} if count else {}
                return {"type": "array", "items": self.kind(item), **ends}
            case Each(item):
                return _each(_off(self.kind(item)))
            case EachOf():
                return _named(self.members(kind))
            case Nested():
                return self.nested(kind)

    def choice(self, options: Options) -> Fragment:
        """Return a choice of names of the model; VS Code shows each one's own description."""
        known = options(self.model)
        words = [f"{option.zh} / {option.en}" for option in known if option.en]
        return {"enum": [option.name for option in known]} | ({"enumDescriptions": words} if words else {})

    def members(self, kind: EachOf) -> Mapping[str, Fragment]:
        return {
            option.name: _off(self.kind(item)) | (_described(option.en, option.zh) if option.en else {})
            for options, item in kind.groups
            for option in options(self.model)
        }

    def nested(self, kind: Nested) -> Fragment:
        match kind.beside:
            case Each(item):
                return self.noun(kind.noun) | {"additionalProperties": _off(self.kind(item))}
            case EachOf():
                return _named({**self.members(kind.beside), **self.noun(kind.noun)["properties"]})
        name = kind.noun.called()
        if name not in self.nouns:
            self.nouns[name] = {}
            self.nouns[name] |= self.noun(kind.noun)
        return {"$ref": f"#/$defs/{name}"}


def _described(en: str, zh: str) -> Fragment:
    return {"description": f"{zh}\n{en}"}


def _named(properties: Mapping[str, Fragment]) -> Fragment:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _each(shape: Fragment) -> Fragment:
    return {"type": "object", "additionalProperties": shape}


def _off(shape: Fragment) -> Fragment:
    """Return the shape, or `off`, unless a text may stand there anyway."""
    alternatives = shape.get("anyOf", [shape])
    takes_text = any("string" in each.get("type", ()) for each in alternatives)
    return shape if takes_text else {"anyOf": [*alternatives, OFF]}
