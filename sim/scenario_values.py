"""How one value of a scenario is read: a number or a prior, where it comes from, and whether it is plausible."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sim.located import Scalar
from sim.priors import Kind, Prior
from sim.quantities import read_factor, read_growth, read_number, read_persons, read_rate, read_share
from sim.reading import Cursor
from sim.scenario import Provenance, Value
from sim.spec import Parameter, Unit

FIGURE_EVIDENCE = ("article", "secondary", "unverified")
LEVER_EVIDENCE = ("test", "analogue", "assumption")
WHENCE = ("source", "reason", "evidence", "note")


class Scale(NamedTuple):
    """How numbers of one unit are written and what kind of prior they have."""

    reader: Callable[[str], float]
    kind: Kind


def read_capacity(text: str) -> float:
    """Return persons a month; "unlimited" is infinite."""
    return float("inf") if text.strip() == "unlimited" else read_persons(text)


SCALES: Mapping[Unit | str, Scale] = {
    "rate": Scale(read_rate, "lognormal"),
    "share": Scale(read_share, "logitnormal"),
    "persons a month": Scale(read_capacity, "lognormal"),
    "factor": Scale(read_factor, "lognormal"),
    "number": Scale(read_number, "lognormal"),
    "growth": Scale(read_growth, "normal"),
    "correlation": Scale(read_number, "normal"),
}


def read_whence(at: Mapping[str, Cursor], here: Cursor, tags: Sequence[str], required: bool) -> Provenance:
    """Return where a number comes from; with `required`, a source or a reason must stand here."""
    texts = {name: at[name].text() or "" if name in at else "" for name in ("source", "reason")}
    evidence = at["evidence"].choice(tags) or "" if "evidence" in at else ""
    if required and "source" not in at and "reason" not in at:
        here.problem("no source and no reason", "stand here", "say where the number comes from: source: … or reason: …")
    return Provenance(texts["source"], texts["reason"], evidence, here.place)


def read_value(here: Cursor, scale: Scale, required: bool) -> Value | None:
    """Return a number or prior: 3%, or {value}, {low, high}, {median, sigma}, {mean, sd}, with its source."""
    if here.is_scalar:
        number = here.read(scale.reader)
        if number is None:
            return None
        text = text_of(here)
        if required:
            hint = f"write {{value: {text}, reason: …}} or {{…, source: …}}"
            here.problem(f"{text} without a source or a reason", "is not traceable", hint)
        return Value(Prior("fixed", number), text, Provenance(place=here.place))
    at = here.fields(("value", "low", "high", "median", "sigma", "mean", "sd", *WHENCE))
    whence = read_whence(at, here, FIGURE_EVIDENCE + LEVER_EVIDENCE, required)
    prior = read_prior(here, at, scale)
    text = ", ".join(f"{name} {text_of(at[name])}" for name in at if name not in WHENCE)
    return Value(prior, text.removeprefix("value "), whence) if prior else None


def read_prior(here: Cursor, at: Mapping[str, Cursor], scale: Scale) -> Prior | None:
    """Return the prior that the fields `at` of a mapping say."""
    given = {name for name in at if name not in WHENCE}
    forms = ({"mean", "sd"},) if scale.kind == "normal" else ({"low", "high"}, {"median", "sigma"})
    if given not in ({"value"}, {"low", "high"}, *forms):
        if here.is_mapping:
            names = " or ".join("{" + ", ".join(sorted(form)) + "}" for form in ({"value"}, *forms))
            here.problem("{" + ", ".join(sorted(given)) + "}", "is no value", f"write {names}")
        return None
    number = {name: at[name].read(read_number if name in ("sigma",) else scale.reader) for name in given}
    if any(v is None for v in number.values()):
        return None
    known = {name: float(v) for name, v in number.items() if v is not None}
    if "value" in known:
        return Prior("fixed", known["value"])
    if "low" in known:
        return _between(at, scale.kind, known["low"], known["high"])
    centre, spread = (known["mean"], known["sd"]) if "mean" in known else (known["median"], known["sigma"])
    if spread <= 0 or spread > 5 or (scale.kind != "normal" and not _inside(scale.kind, centre)):
        at["sd" if "sd" in at else "sigma"].problem(f"{spread:g}", "is not a spread between 0 and 5 around the centre")
        return None
    return Prior(scale.kind, centre, spread)


def _between(at: Mapping[str, Cursor], kind: Kind, low: float, high: float) -> Prior | None:
    if low >= high:
        at["high"].problem(text_of(at["high"]), f"is not above low ({text_of(at['low'])})")
    elif not (_inside(kind, low) and _inside(kind, high)):
        name = "high" if _inside(kind, low) else "low"
        at[name].problem(
            text_of(at[name]), f"cannot be an end of a {kind} prior", "both ends lie above 0, shares below 1"
        )
    else:
        return Prior.between(kind, low, high)
    return None


def check_plausible(here: Cursor, parameter: Parameter, value: Value) -> None:
    """Note a value whose central 90 % leaves the parameter's plausible range."""
    low, high = parameter.plausible
    ends = value.prior.central()
    if parameter.unlimited and ends[0] == float("inf"):
        return
    wrong = [end for end in dict.fromkeys(ends) if not low <= end <= high]
    if wrong:
        hint = f"did you mean {plain(wrong[0])}%?" if parameter.unit != "persons a month" and (
            low <= wrong[0] / 100 <= high) and "%" not in value.text else ""  # fmt: skip
        here.problem(
            written(wrong[0], parameter.unit),
            f"is outside the plausible range of {parameter.name}, "
            f"{written(low, parameter.unit)} to {written(high, parameter.unit)}",
            hint,
        )


def _inside(kind: Kind, number: float) -> bool:
    if kind == "logitnormal":
        return 0 < number < 1
    return kind != "lognormal" or number > 0


def median_of(value: Value) -> float:
    """Return the median of a value."""
    return value.prior.centre + (value.prior.spread / 2 if value.prior.kind == "uniform" else 0.0)


def text_of(here: Cursor) -> str:
    """Return the text as written; … where it is not one text."""
    return here.node.text if isinstance(here.node, Scalar) else "…"


def plain(number: float) -> str:
    """Return a number with at most six digits."""
    return f"{number:.6g}"


def written(number: float, unit: str) -> str:
    """Return a number in the way that its unit is written in a scenario."""
    if unit == "persons a month":
        return f"{number:,.0f} a month"
    return f"{plain(100 * number)}%" + (" a month" if unit == "rate" else "")
