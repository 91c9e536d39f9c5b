"""How the shock paths of a scenario are read: good and bad years, what is common to them, and where they lead.

A path leads somewhere in one of two ways: by a slope at the last figure, which fades from there on, or by a growth that
comes back to its mean. One path has one of them; `drift: off` takes both away.
"""

from collections.abc import Mapping
from typing import NamedTuple

from mobank.base.priors import Prior
from mobank.scenario.cursor import Cursor, inherited
from mobank.scenario.keys.scenario import DRIFT, HALF_LIFE_MONTHS, CorrelationKeys, DriftKeys, ShockKeys
from mobank.scenario.keys.values import ValueKeys
from mobank.scenario.nouns import Fields, alternatives
from mobank.scenario.scenario import Provenance, Shock, Trend, Value
from mobank.scenario.values import read_whence

NONE = Value(Prior("fixed", 0.0), "0", Provenance())
OF_A_TREND = tuple(key.name for key in DriftKeys.of_a_trend)
OF_A_SLOPE = tuple(key.name for way in ValueKeys.ways for key in way)


class Drift(NamedTuple):
    """Where a path leads: a slope that fades, a trend, or nowhere."""

    slope: Value | None = None
    trend: Trend | None = None
    half_life_months: float = HALF_LIFE_MONTHS


class Shocks(NamedTuple):
    """The shock paths by name, and what is common to them."""

    paths: dict[str, Shock]
    correlation: Value
    wiggle: Value


def read_shocks(section: Cursor | None, drifts: Mapping[str, Cursor], names: tuple[str, ...]) -> Shocks:
    """Return the shocks of a file.

    Parameters
    ----------
    drifts : what stands under `drift`, by path. names : the paths of the model.
    """
    at = CorrelationKeys.at(section, beside=names)
    leads = {name: _drift(here) for name, here in drifts.items()}
    found = {}
    for name in names:
        size, persistence, tails = _shock(at[name]) if name in at else (NONE, NONE, 0.0)
        slope, trend, half_life_months = leads.get(name, Drift())
        found[name] = Shock(size, persistence, tails, slope, half_life_months, trend)
    return Shocks(found, at.read(CorrelationKeys.correlation) or NONE, at.read(CorrelationKeys.wiggle) or NONE)


def _shock(here: Cursor) -> tuple[Value, Value, float]:
    at = ShockKeys.at(here)
    block = read_whence(at, here, ShockKeys.evidence, required=True)
    size, persistence = (_sourced(at.read(key) or NONE, block) for key in (ShockKeys.size, ShockKeys.persistence))
    return size, persistence, at.read(ShockKeys.tails) or 0.0


def _drift(here: Cursor) -> Drift:
    given = here.named() if here.is_mapping else {}
    trend, slope = ([name for name in names if name in given] for names in (OF_A_TREND, OF_A_SLOPE))
    if trend and slope:
        both = [" and ".join(names) for names in (slope, trend)]
        allowed = "are two ways to write it: a slope, or a growth that comes back to its mean"
        hint = inherited(here, given, [*slope, *trend]) or f"keep {alternatives(both)}"
        here.problem(" beside ".join(both), allowed, hint)
        return Drift()
    if trend:
        return _trend(here)
    value = DRIFT.read(here)
    half_life_months = DriftKeys.checked(here).read(DriftKeys.half_life_months)
    return Drift(value, None, half_life_months) if value and half_life_months else Drift()


def _trend(here: Cursor) -> Drift:
    at = DriftKeys.at(here)
    block = read_whence(at, here, DriftKeys.evidence, required=True)
    for key in DriftKeys.of_a_trend:
        if at.lacks(key.name):
            here.problem(f"'{key.name}'", "is missing", key.how)
    mean, start, change = at.read(DriftKeys.growth), at.read(DriftKeys.start), _change(at, block)
    half_life_months = at.read(DriftKeys.half_life_months)
    if mean is None or start is None or change is None or half_life_months is None:
        return Drift()
    trend = Trend(_sourced(mean, block), _sourced(start, block), change, half_life_months)
    return Drift(None, trend, half_life_months)


def _change(at: Fields, block: Provenance) -> Value | None:
    number = at.read(DriftKeys.change)
    return None if number is None else Value(Prior("fixed", number), at["change"].written, block)


def _sourced(value: Value, block: Provenance) -> Value:
    own = value.provenance
    return value if own.source or own.reason else Value(value.prior, value.text, block)
