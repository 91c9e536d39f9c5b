"""How one value of a scenario is read: a number or a prior, where it comes from, and whether it is plausible."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isinf
from typing import NamedTuple

from mobank.base.errors import shown
from mobank.base.priors import Kind as Family
from mobank.base.priors import Prior
from mobank.base.quantities import (
    QuantityError,
    read_factor,
    read_growth,
    read_multiple,
    read_number,
    read_persons,
    read_rate,
    read_share,
)
from mobank.model.grammar import Model, Parameter
from mobank.scenario.cursor import Cursor, Named, inherited
from mobank.scenario.keys.values import WIDEST_SIGMA, AnySourceKeys, FixedKeys, ValueKeys
from mobank.scenario.kinds import NOTHING, NUMBER, Either, KeyKind, OneOf, Words
from mobank.scenario.nouns import Fields, Nested, YamlKey, alternatives
from mobank.scenario.scenario import Provenance, Value

UNLIMITED = "unlimited"
LEAST_NOISE, TOO_EXACT = 0.0005, "no monthly count is known better than 0.05%"
FORMS = tuple(tuple(key.name for key in way) for way in ValueKeys.ways)


class Scale(NamedTuple):
    """How numbers of one kind are written, what prior they have, what they are called and plausibly are.

    Attributes
    ----------
    too_low : what to say of a number below the plausible range.
    """

    reader: Callable[[str], float]
    kind: Family
    unit: str
    name: str = ""
    plausible: tuple[float, float] = (float("-inf"), float("inf"))
    too_low: str = ""


def read_capacity(text: str) -> float:
    """Return persons a month; "unlimited" is infinite."""
    return inf if text.strip() == UNLIMITED else read_persons(text)


def signed(reader: Callable[[str], float]) -> Callable[[str], float]:
    """Return a reader of what `reader` reads, or the same with a minus before it."""

    def read(text: str) -> float:
        bare = text.strip()
        if not bare or bare[0] not in "-－−":
            return reader(text)
        try:
            return -reader(bare[1:])
        except QuantityError as error:
            raise QuantityError(shown(text), error.allowed, error.hint) from None

    return read


SCALES: Mapping[str, Scale] = {
    "rate": Scale(read_rate, "lognormal", "rate"),
    "share": Scale(read_share, "logitnormal", "share"),
    "persons a month": Scale(read_capacity, "lognormal", "persons a month"),
    "factor": Scale(read_factor, "lognormal", "factor", "a factor", (0.01, 100.0)),
    "growth": Scale(read_growth, "normal", "growth", "a drift", (-0.5, 0.5)),
    "correlation": Scale(read_number, "normal", "number", "a correlation", (-0.99, 0.99)),
    "size": Scale(read_share, "lognormal", "share", "the size of a shock", (0.0, 1.0)),
    "wiggle": Scale(read_share, "lognormal", "share", "the wiggle within a year", (0.0, 0.3)),
    "persistence": Scale(read_share, "logitnormal", "share", "persistence", (0.0, 0.97)),
    "headroom": Scale(read_multiple, "lognormal", "factor", "a headroom", (0.001, 1000.0)),
    "noise": Scale(read_share, "lognormal", "share", "the noise of a count", (LEAST_NOISE, 0.3), TOO_EXACT),
    "season": Scale(read_share, "lognormal", "share", "the size of a season", (0.0, 1.0)),
    "effect": Scale(signed(read_share), "normal", "share", "the effect of a campaign", (-1.0, 1.0)),
    "persons": Scale(read_persons, "lognormal", "count", "a clean-up", (1.0, 1e10)),
}


@dataclass(frozen=True)
class ValueOf(KeyKind[Value]):
    """A number or prior on a scale; `sourced` is True if a source or a reason must stand there."""

    scale: Scale
    sourced: bool = False
    noun: type[ValueKeys] = ValueKeys

    @property
    def shape(self) -> Either:
        """A number, or a mapping with the keys of a value."""
        return Either.of(NUMBER, Nested(self.noun))

    @property
    def span(self) -> Words:
        """The plausible range."""
        return plausible_words(self.scale)

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> Value | None:
        """Return the value."""
        return read_value(here, self.scale, self.sourced, self.noun)


@dataclass(frozen=True)
class FixedValue(KeyKind[Value]):
    """One number with its source, in a plausible range and without a spread; "unlimited" where its scale reads that."""

    scale: Scale

    @property
    def shape(self) -> Either:
        """A number, or a mapping of the number with its source."""
        return Either.of(NUMBER, Nested(FixedKeys))

    @property
    def span(self) -> Words:
        """The plausible range."""
        return plausible_words(self.scale)

    def read(self, here: Cursor, how: str = "", model: Model | None = None) -> Value | None:
        """Return the number; its name in messages is its key."""
        scale = self.scale._replace(name=here.key.rpartition(".")[2])
        if not here.is_mapping:
            return read_value(here, scale, required=True)
        at = FixedKeys.at(here)
        if "value" not in at:
            return None
        whence = read_whence(at, here, FixedKeys.evidence, required=True)
        if at["value"].written.strip() == UNLIMITED:
            scale = scale._replace(plausible=(0.0, inf))
        number = read_value(at["value"], scale, required=False)
        return Value(number.prior, number.text, whence) if number else None


def read_whence(
    at: Fields, here: Cursor, evidence: YamlKey[str], required: bool = False, tagged: bool = False
) -> Provenance:
    """Return where a number comes from.

    Parameters
    ----------
    evidence : the key of its tag, which knows the tags that fit.
    required : a source or a reason must stand here. tagged : a tag must.
    """
    source, reason = at.read(AnySourceKeys.source), at.read(AnySourceKeys.reason)
    tag = at.read(evidence)
    if required and here.is_mapping and at.lacks("source", "reason"):
        here.problem("a source or a reason", "is missing", "say where this comes from: source: … or reason: …")
    if tagged and here.is_mapping and at.lacks(evidence.name):
        here.problem(f"'{evidence.name}'", "is missing", _tags(evidence))
    return Provenance(source or "", reason or "", tag or "", here.place)


def _tags(evidence: YamlKey[str]) -> str:
    return f"allowed: {', '.join(evidence.kind.options)}" if isinstance(evidence.kind, OneOf) else ""


def read_value(here: Cursor, scale: Scale, required: bool, noun: type[ValueKeys] = ValueKeys) -> Value | None:
    """Return a number or prior: 3%, or {value}, {low, high}, {median, sigma}, {mean, sd}, with its source.

    Parameters
    ----------
    required : True if a source or a reason must stand here.
    noun : what may stand in the mapping; others read what is not of a value.
    """
    if here.is_scalar:
        return _bare_number(here, scale, required)
    if not here.is_mapping:
        here.misshapen("a value", _how(scale))
        return None
    at = noun.at(here)
    whence = read_whence(at, here, ValueKeys.evidence, required)
    given = Named({name: cursor for name, cursor in at.items() if name in sum(FORMS, ())}, at.strange)
    prior = read_prior(here, given, scale)
    text = ", ".join(f"{name} {cursor.written}" for name, cursor in given.items())
    value = Value(prior, text.removeprefix("value "), whence) if prior else None
    return value if value and _is_plausible(here, value, scale) else None


def _bare_number(here: Cursor, scale: Scale, required: bool) -> Value | None:
    number = here.read(scale.reader)
    if number is None:
        return None
    if required:
        text = here.written
        here.problem(f"{text} without a source or a reason", "is not traceable", f"write {{value: {text}, reason: …}}")
    value = Value(Prior("fixed", number), here.written, Provenance(place=here.place))
    return value if _is_plausible(here, value, scale) else None


def read_prior(here: Cursor, at: Named, scale: Scale) -> Prior | None:
    """Return the prior that the fields `at` of a mapping say."""
    form = next((form for form in _forms(scale) if set(form) == set(at)), None)
    if form is None:
        if not at.strange:
            given = [name for names in FORMS for name in names if name in at]
            here.problem(f"{{{', '.join(given)}}}", "is not a value", _away(here, at) or _how(scale))
        return None
    readers = {"sigma": read_number, "sd": signed(scale.reader)}
    read = {name: at[name].read(readers.get(name, scale.reader)) for name in form}
    numbers = [number for number in read.values() if number is not None]
    if len(numbers) < len(form):
        return None
    if form == ("value",):
        return Prior("fixed", numbers[0])
    build = _between if form == ("low", "high") else _around
    return build(at, form, scale, numbers[0], numbers[1])


def _forms(scale: Scale) -> list[tuple[str, ...]]:
    return [FORMS[0], FORMS[1], FORMS[3] if scale.kind == "normal" else FORMS[2]]


def _how(scale: Scale) -> str:
    return f"write {alternatives('{' + ', '.join(f'{name}: …' for name in form) + '}' for form in _forms(scale))}"


def _away(here: Cursor, at: Named) -> str:
    """Return a hint to take away what came from the file extended, if the rest is a whole form."""
    own = {name for name, cursor in at.items() if cursor.node.place.file == here.place.file}
    return inherited(here, at, at) if any(own == set(form) for form in FORMS) else ""


def _between(at: Named, form: tuple[str, ...], scale: Scale, low: float, high: float) -> Prior | None:
    outside = {name: number for name, number in zip(form, (low, high), strict=True) if not _inside(scale.kind, number)}
    for name, number in outside.items():
        at[name].problem(at[name].written, "cannot be an end of a range", f"an end must {_limits(scale, number)}")
    if outside:
        return None
    if low >= high:
        at["high"].problem(at["high"].written, f"is not above low ({at['low'].written})")
        return None
    return Prior.between(scale.kind, low, high)


def _around(at: Named, form: tuple[str, ...], scale: Scale, centre: float, spread: float) -> Prior | None:
    middle, width = at[form[0]], at[form[1]]
    if not _inside(scale.kind, centre):
        middle.problem(middle.written, f"cannot be a {form[0]} with a spread", f"it must {_limits(scale, centre)}")
        return None
    if not 0 < spread < float("inf") or (form[1] == "sigma" and spread > WIDEST_SIGMA):
        widest = f" and at most {WIDEST_SIGMA}" if form[1] == "sigma" else ""
        width.problem(width.written, "is not a spread", f"{form[1]} must be above 0{widest}")
        return None
    return Prior(scale.kind, centre, spread)


def _limits(scale: Scale, number: float) -> str:
    if isinf(number):
        return "not be unlimited"
    return "be above 0" + (" and below 100%" if scale.kind == "logitnormal" else "")


def _inside(kind: Family, number: float) -> bool:
    if kind == "logitnormal":
        return 0 < number < 1
    return not isinf(number) and (kind != "lognormal" or number > 0)


def check_plausible(here: Cursor, parameter: Parameter, value: Value) -> bool:
    """Note a value whose central 90 % leaves the parameter's plausible range; return if it does not."""
    if parameter.unlimited and isinf(value.prior.centre):
        return True
    return _is_plausible(
        here, value, SCALES[parameter.unit]._replace(name=parameter.name, plausible=parameter.plausible)
    )


def _is_plausible(here: Cursor, value: Value, scale: Scale) -> bool:
    (low, high), unit = scale.plausible, scale.unit
    typed = (value.prior.centre,) if value.text.startswith(("median", "mean")) else ()
    wrong = [end for end in (*typed, *value.prior.central()) if not low <= end <= high]
    if not wrong:
        return True
    found = three_digits(wrong[0]) if wrong[0] not in typed and typed else wrong[0]
    in_percent = unit not in ("persons a month", "factor", "number", "count") and "%" not in value.text
    meant = " to ".join(f"{plain(end)}%" for end in dict.fromkeys(wrong))
    hint = f"did you mean {meant}?" if in_percent and all(low <= end / 100 <= high for end in wrong) else ""
    allowed = f"is outside the plausible range of {scale.name}, {written_span(scale.plausible, unit)}"
    here.problem(written(found, unit), allowed, hint or (scale.too_low if wrong[0] < low else ""))
    return False


def median_of(value: Value) -> float:
    """Return the median of a value."""
    return value.prior.centre


def three_digits(number: float) -> float:
    """Return a number that was computed, as exact as a message should have it."""
    return float(f"{number:.3g}")


def plain(number: float) -> str:
    """Return a number with at most six digits."""
    return f"{number:.6g}"


def written(number: float, unit: str) -> str:
    """Return a number in the way that its unit is written in a scenario."""
    if unit == "persons a month":
        return f"{number:,.0f} a month"
    if unit == "count":
        return f"{number:,.0f}"
    if unit in ("factor", "number"):
        return f"{'× ' if unit == 'factor' else ''}{plain(number)}"
    return f"{plain(100 * number)}%" + {"rate": " a month", "growth": " a year"}.get(unit, "")


def plausible_words(scale: Scale) -> Words:
    """Return the plausible range of a scale in both languages; nothing where it has none."""
    if isinf(scale.plausible[0]):
        return NOTHING
    low, high = (written(end, scale.unit).removesuffix(" a year").removeprefix("× ") for end in scale.plausible)
    return Words(f"{low} to {high}", f"{low} 至 {high}")


def written_span(span: tuple[float, float], unit: str) -> str:
    """Return a range in the way that its unit is written in a scenario."""
    low = written(span[0], unit).removesuffix(" a month").removesuffix(" a year")
    return f"{low} to {written(span[1], unit)}"
