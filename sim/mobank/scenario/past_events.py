"""How a scenario says what happened in months that have been reported: announced campaigns, clean-ups of the dormant.

A campaign counts only if it was announced before it began. Picked out afterwards, the best months would be campaigns
and the rest of chance would look smaller than it is.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from mobank.base.errors import shown
from mobank.base.quantities import Month, QuantityError, read_month
from mobank.model.exits import exits_of_idle
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.model_names import level
from mobank.scenario.keys.past_events import WRITTEN_OFF, CampaignKeys, DatedCleanUpKeys
from mobank.scenario.scenario import Campaign, Provenance, Value
from mobank.scenario.values import read_whence

AFTERWARDS = "a campaign that is named afterwards takes the best months out of chance"
SAY_WHEN = f"say when it was announced ({CampaignKeys.announced.line}): {AFTERWARDS}"
AHEAD = "what is still to come is a lever or an event"


def read_campaigns(named: Mapping[str, Cursor], start: Month | None, model: Model) -> tuple[Campaign, ...]:
    """Return the campaigns of a section, by their first months; one that begins after `start` is noted."""
    found = [campaign for name, here in named.items() if (campaign := _campaign(name, here, start, model))]
    return tuple(sorted(found, key=lambda each: (each.first, each.last, each.name)))


def _campaign(name: str, here: Cursor, start: Month | None, model: Model) -> Campaign | None:
    at = CampaignKeys.at(here, model, whole=False)
    effect = at.read(CampaignKeys.effect)
    whence = read_whence(at, here, CampaignKeys.evidence, required=not _own(effect))
    for key in CampaignKeys.keys:
        if key.required and here.is_mapping and at.lacks(key.name):
            here.problem(f"'{key.name}'", "is missing", SAY_WHEN if key is CampaignKeys.announced else key.how)
    path, months, announced = at.read(CampaignKeys.path), at.read(CampaignKeys.between), at.read(CampaignKeys.announced)
    if path is None or months is None or announced is None or effect is None:
        return None
    first, last = months
    if last < first:
        at["between"].problem(str(last), f"is before {first}", "the earlier month stands first")
    elif announced > first:
        at["announced"].problem(str(announced), f"is after the first month ({first})", AFTERWARDS)
    elif start and first > start:
        at["between"].problem(str(first), f"is after the last month that has been reported ({start})", AHEAD)
    return Campaign(name, path, first, last, announced, _sourced(effect, whence))


def read_clean_ups(named: Mapping[str, Cursor], start: Month | None, model: Model) -> dict[Month, Value]:
    """Return how many were written off, by month in order of time; what cannot have been is noted."""
    found: dict[Month, Value] = {}
    for written, here in named.items():
        month, value = _month(written, here), _written_off(here, model)
        if month is None or value is None:
            continue
        if month in found:
            here.problem(shown(written), "is the same month as another clean-up")
        elif not exits_of_idle(model).size:
            count = model.origin.stock if model.origin else "users"
            here.problem("a clean-up", f"needs a flow by which idle {count} leave, and '{model.name}' has none")
        elif start and month > start:
            hint = "what may still come stands under reporting"
            here.problem(str(month), f"is after the last month that has been reported ({start})", hint)
        else:
            found[month] = value
    return dict(sorted(found.items()))


def written_months(named: Mapping[str, Cursor]) -> tuple[Month, ...]:
    """Return the months of a section that are months: what is wrong with the others is noted as it is read."""
    found = []
    for written in named:
        with suppress(QuantityError):
            found.append(read_month(written))
    return tuple(found)


def _month(written: str, here: Cursor) -> Month | None:
    try:
        return read_month(written)
    except QuantityError as error:
        here.problem(error.found, error.allowed, error.hint)
        return None


def _written_off(here: Cursor, model: Model) -> Value | None:
    names = [option.name for option in level(model)]
    how = "".join(f"{name}: {{low: 300万, high: 800万}}" for name in names)
    if not here.is_mapping:
        here.misshapen("a mapping", f"write {{{how}, reason: …}}")
        return None
    at = DatedCleanUpKeys.at(here, model, beside=names)
    for name in names:
        if at.lacks(name):
            here.problem(f"'{name}'", "is missing", f"say how many persons: {how}")
    given = [WRITTEN_OFF.read(at[name]) for name in names if name in at]
    whence = read_whence(at, here, DatedCleanUpKeys.evidence, required=not any(_own(value) for value in given))
    return _sourced(given[0], whence) if given and given[0] else None


def _own(value: Value | None) -> bool:
    return bool(value and (value.provenance.source or value.provenance.reason))


def _sourced(value: Value, block: Provenance) -> Value:
    return value if _own(value) else replace(value, provenance=block)
