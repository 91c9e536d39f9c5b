"""How the levers and events of a scenario are read, and which of them may not meet.

A change that could do nothing, or nothing sensible, is refused here: one outside the months of the scenario, one that
takes a rate below zero, one that multiplies what has no limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isinf

from mobank.base.errors import Problem, did_you_mean, shown
from mobank.base.quantities import Month, format_persons, read_month
from mobank.model.grammar import Model, Parameter
from mobank.scenario.cursor import Cursor, inherited
from mobank.scenario.keys.changes import LONGEST_MONTHS, CostKeys, DateKeys, EventKeys, LeverKeys, TriggerKeys
from mobank.scenario.nouns import Fields, alternatives
from mobank.scenario.scenario import (
    FOREVER,
    Band,
    Cost,
    Figure,
    Lever,
    Operation,
    Segment,
    Trigger,
    Value,
    When,
    touched,
)
from mobank.scenario.segments import medians
from mobank.scenario.values import (
    SCALES,
    check_plausible,
    median_of,
    read_value,
    read_whence,
    signed,
    three_digits,
    written,
    written_span,
)

OPERATIONS: tuple[Operation, ...] = ("multiply", "set", "add")
ONLY_OF_A_LEVER = [name for name in LeverKeys.names() if name not in EventKeys.names()]
DATES = f"write {alternatives((LeverKeys.from_.example, *DateKeys.forms()))}"


@dataclass(frozen=True)
class Setting:
    """What of a scenario a lever must fit: its months, its segments and the values that it changes."""

    model: Model
    start: Month | None
    until: Month | None
    bands: Sequence[Band]
    segments: Sequence[Segment]
    parameters: Mapping[str, Value]
    reported: Sequence[Figure]

    @property
    def persons(self) -> float | None:
        """Customers at the start, if they are reported."""
        origin = self.model.origin
        known = [f for f in self.reported if origin and (f.measure, f.month) == (origin.total, self.start)]
        return known[0].interval.high if known else None


def read_levers(named: Mapping[str, Cursor], chosen: bool, setting: Setting) -> list[Lever]:
    """Return the levers (chosen) or the events of a section."""
    found = [_lever(name, here, chosen, setting) for name, here in named.items()]
    return [lever for lever in found if lever]


def _lever(name: str, here: Cursor, chosen: bool, setting: Setting) -> Lever | None:
    if not chosen:
        _refuse_choice(here)
    at = LeverKeys.at(here, setting.model)
    if not here.is_mapping:
        return None
    whence = read_whence(at, here, LeverKeys.evidence, required=True, tagged=chosen)
    known = at.read(LeverKeys.parameter)
    parameter = setting.model.parameter[known] if known else None
    amount = _amount(here, at, parameter)
    touches = _target(at["for"], parameter, setting.bands) if "for" in at else ()
    cost = _cost(at["cost"]) if "cost" in at else Cost()
    trigger = _trigger(at["when"], setting, costs=cost != Cost()) if "when" in at else None
    begins = _policy_window(at, setting) if "when" in at else _beginning(at, here)
    lasts = _lasting(at, here, begins, comes_again="when" in at or bool(begins and begins.mean_gap_months))
    ramp, half_life = at.read(LeverKeys.ramp_months), at.read(LeverKeys.half_life_months)
    if parameter is None or amount is None or begins is None or lasts is None or ramp is None or half_life is None:
        return None
    lever = Lever(
        name,
        chosen,
        parameter.name,
        *amount,
        touches,
        begins,
        lasts,
        ramp,
        half_life,
        trigger,
        cost,
        whence,
    )
    _check_months(here, at, lever, setting)
    _check_effect(at[lever.operation], lever, setting)
    return lever


def _refuse_choice(here: Cursor) -> None:
    """Note what only a lever has: an event befalls, it is not decided upon or paid for."""
    for name, cursor in here.named().items() if here.is_mapping else ():
        if name in ONLY_OF_A_LEVER:
            cursor.problem(f"'{name}'", "is not a key of an event", "events befall; what is chosen stands in levers")


# ------------ what it does


def _amount(here: Cursor, at: Fields, parameter: Parameter | None) -> tuple[Operation, Value] | None:
    given = [operation for operation in OPERATIONS if operation in at]
    if len(given) != 1:
        if given or at.lacks(*OPERATIONS):
            allowed = "came where one of multiply, set and add must stand"
            here.problem(_both(given) or "no change", allowed, inherited(here, at, given))
        return None
    operation = given[0]
    if parameter is None:
        return None
    if parameter.unit == "share" and operation != "set":
        at[operation].problem(f"'{parameter.name}'", f"is a share, and {operation} could take it past 100%", "use set")
        return None
    unit = SCALES[parameter.unit]
    added = unit._replace(reader=signed(unit.reader), kind="normal")
    value = read_value(at[operation], {"multiply": SCALES["factor"], "set": unit, "add": added}[operation], False)
    if value and operation == "set" and not check_plausible(at[operation], parameter, value):
        return None
    return (operation, value) if value else None


def _both(names: Sequence[str]) -> str:
    return ("both " if len(names) == 2 else "") + " and ".join(names)


def _target(here: Cursor, parameter: Parameter | None, bands: Sequence[Band]) -> tuple[str, ...]:
    if parameter and parameter.bank_wide:
        here.problem(f"'{parameter.name}'", "is one number for the whole bank", "leave 'for' out")
        return ()
    names = [band.name for band in bands]
    members = [here] if here.is_scalar else here.items() or []
    if not members and not here.is_mapping:
        here.problem("an empty list", "touches nobody", "name segments, or leave 'for' out for everybody")
    found = [_band(member, names) for member in members]
    return tuple(name for name in found if name)


def _band(here: Cursor, names: Sequence[str]) -> str | None:
    name = here.name(names)
    if name is None or name in names:
        return name
    parts = name.split(".")
    hint = did_you_mean(name, names) if names else "this scenario has no segments"
    if len(parts) > 1 and all(part in names for part in parts):
        hint = f"write [{', '.join(parts)}]: where both meet"
    here.problem(shown(name), "is not a segment", hint)
    return None


def _check_effect(here: Cursor, lever: Lever, setting: Setting) -> None:
    """Note a change that takes a median out of its plausible range, or that changes nothing."""
    if lever.parameter not in setting.parameters or not setting.segments:
        return
    parameter, base = setting.model.parameter[lever.parameter], setting.parameters[lever.parameter]
    ends = lever.amount.prior.central()
    if isinf(median_of(base)) or isinf(ends[0]):
        _check_unlimited(here, lever, isinf(median_of(base)))
    elif lever.operation != "set":
        now = medians(parameter.name, setting.parameters, setting.bands, setting.segments)
        now = now[touched(setting.bands, setting.segments, lever.touches)]
        made = [m * end if lever.operation == "multiply" else m + end for m in now for end in ends]
        wrong = [m for m in made if not parameter.plausible[0] <= m <= parameter.plausible[1]]
        if wrong:
            span = written_span(parameter.plausible, parameter.unit)
            found = (
                f"{lever.operation} {lever.amount.text} makes {written(three_digits(wrong[0]), parameter.unit)}, which"
            )
            here.problem(found, f"is outside the plausible range of {parameter.name}, {span}")


def _check_unlimited(here: Cursor, lever: Lever, from_unlimited: bool) -> None:
    if lever.operation == "add" and not from_unlimited:
        here.problem(lever.amount.text, "cannot be added", "use set")
    elif lever.operation != "set":
        hint = f"give parameters.{lever.parameter} a number first, or use set"
        here.problem(f"{lever.operation} {lever.amount.text}", f"changes nothing: {lever.parameter} is unlimited", hint)
    elif lever.ramp_months or lever.half_life_months:
        slow = "ramp_months" if lever.ramp_months else "half_life_months"
        here.problem(lever.amount.text, f"cannot come by {slow}: there is no way between unlimited and a number")


# ------------ when it does it


def _beginning(at: Fields, here: Cursor) -> When | None:
    if "from" not in at:
        if at.lacks("from"):
            here.problem("'from'", "is missing", LeverKeys.from_.how)
        return None
    cursor = at["from"]
    if cursor.is_scalar:
        month = cursor.read(read_month, DATES)
        return When(month, month) if month else None
    span = DateKeys.at(cursor)
    if set(span) == {"between"}:
        return _between(span)
    if set(span) == {"mean_gap_months", "after"}:
        return _again(span)
    if cursor.is_mapping and not span.strange:
        cursor.problem(f"{{{', '.join(span)}}}", "is not a date", DATES)
    return None


def _between(span: Fields) -> When | None:
    months = span.read(DateKeys.between)
    if months is None:
        return None
    first, last = months
    if last < first:
        span["between"].problem(f"{last}", f"is before {first}", "the earlier month stands first")
        return None
    return When(first, last)


def _again(span: Fields) -> When | None:
    months, last = span.read(DateKeys.mean_gap_months), span.read(DateKeys.after)
    return When(last + 1, last + 1, months) if months and last else None


def _policy_window(at: Fields, setting: Setting) -> When | None:
    """Return the months in which a policy watches; without dates, all of them."""
    watches = f"{LeverKeys.from_.how}; from then on the policy watches"
    first = at["from"].read(read_month, watches) if "from" in at else setting.start
    last = at.read(LeverKeys.until)
    if first is None or (last is None and "until" in at):
        return None
    if last and last < first:
        at["until"].problem(str(last), f"is before from ({first})" if "from" in at else f"is before start ({first})")
        return None
    return When(first, last or first + LONGEST_MONTHS)  # longer than any scenario


def _lasting(at: Fields, here: Cursor, begins: When | None, comes_again: bool) -> int | None:
    """Return the months in force; a change without an end goes on for ever."""
    ends = [name for name in ("until", "lasts_months") if name in at]
    if "until" in at and "when" not in at and comes_again:
        at["until"].problem("'until'", "cannot end what comes again", "say with lasts_months how long each time lasts")
    elif len(ends) == 2 and "when" not in at:
        hint = inherited(here, at, ends) or "keep one of them"
        at["lasts_months"].problem("lasts_months and until", "both say when it ends", hint)
    if "lasts_months" in at:
        return at.read(LeverKeys.lasts_months)
    if comes_again:
        if at.lacks("lasts_months") and ("when" in at or "until" not in at):
            here.problem("'lasts_months'", "is missing", "what comes again must have an end each time")
        return None
    return _until(at, begins) if "until" in at else LeverKeys.lasts_months.default


def _until(at: Fields, begins: When | None) -> int | None:
    until, here = at.read(LeverKeys.until), at["until"]
    if until is None or begins is None:
        return None
    if begins.last != begins.first:
        here.problem(str(until), "cannot end what has no certain beginning", "say with lasts_months how long it lasts")
        return None
    if until < begins.first:
        here.problem(str(until), f"is before from ({begins.first})")
        return None
    return until - begins.first + 1


def _check_months(here: Cursor, at: Fields, lever: Lever, setting: Setting) -> None:
    """Note a change that is over before the first month of the run, or begins after the last."""
    if setting.start is None or setting.until is None:
        return
    dated = next((at[name] for name in ("from", "until", "when") if name in at), here)
    last = lever.begins.last.ordinal if lever.trigger else _last_month(lever)
    if lever.begins.first > setting.until:
        dated.problem(str(lever.begins.first), f"is after the scenario ends (until {setting.until})")
    elif last <= setting.start.ordinal:
        dated.problem(
            f"the last month, {Month(last)},", f"is not after start ({setting.start})", "nothing of it would be seen"
        )
    elif "when" not in at and lever.begins.first <= setting.start:
        dated.problem(
            str(lever.begins.first),
            f"is not after start ({setting.start}): the reported figures already contain what was in force then",
            f"begin in {setting.start + 1} or later",
        )


def _last_month(lever: Lever) -> int:
    """Return the ordinal of the last month in which a change may be in force."""
    return FOREVER if lever.begins.mean_gap_months else lever.begins.last.ordinal + lever.lasts_months - 1


# ------------ what sets it off, what it costs


def _trigger(here: Cursor, setting: Setting, costs: bool) -> Trigger | None:
    at = TriggerKeys.at(here, setting.model)
    measure, level = at.read(TriggerKeys.measure), _level(here, at, setting)
    months, times = at.read(TriggerKeys.for_months), at.read(TriggerKeys.at_most)
    budget = at.read(TriggerKeys.budget_a_year)
    if "budget_a_year" in at and not costs:
        hint = f"write cost: {CostKeys.written()}"
        at["budget_a_year"].problem("a budget", "limits nothing: this lever has no cost", hint)
    if measure is None or level is None or months is None or times is None or budget is None:
        return None
    return Trigger(measure, level, "below" in at, months, times, budget)


def _level(here: Cursor, at: Fields, setting: Setting) -> float | None:
    given = [key for key in (TriggerKeys.below, TriggerKeys.above) if key.name in at]
    if len(given) != 1:
        names = [key.name for key in given]
        if here.is_mapping and (given or at.lacks("below", "above")):
            hint = inherited(here, at, names) or TriggerKeys.how()
            here.problem(_both(names) or "no level", "came where one of below and above must stand", hint)
        return None
    level, cursor, persons = at.read(given[0]), at[given[0].name], setting.persons
    if level is not None and persons is not None and not persons / 1e4 <= level <= persons:
        allowed = f"is not a level to watch: the bank has {format_persons(persons, 'zh')} customers"
        cursor.problem(cursor.written, allowed, "is 万, 亿 or million missing?")
    return level


def _cost(here: Cursor) -> Cost:
    at = CostKeys.at(here)
    if here.is_mapping and not at and not at.strange:
        here.problem("a cost", "must say how much", CostKeys.how())
    return Cost(at.read(CostKeys.once) or 0.0, at.read(CostKeys.a_month) or 0.0)


# ------------ what may not meet


def note_namesakes(problems: list[Problem], levers: Sequence[Lever]) -> None:
    """Note an event with the name of a lever: what luck decides of them is keyed by the name."""
    chosen = {lever.name: lever for lever in levers if lever.chosen}
    for event in levers:
        if not event.chosen and event.name in chosen:
            found = f"{shown(event.name)}"
            first = f"is also the name of a lever ({chosen[event.name].provenance.place})"
            problems.append(Problem(found, first, "give one another name", _key(event), event.provenance.place))


def note_collisions(
    problems: list[Problem],
    levers: Sequence[Lever],
    bands: Sequence[Band],
    segments: Sequence[Segment],
    until: Month | None,
) -> None:
    """Note two changes that may meet on one parameter, segment and month, unless both multiply."""
    told: set[str] = set()
    reach = {_key(lever): touched(bands, segments, lever.touches) for lever in levers}
    for one, other in combinations(levers, 2):
        both_multiply = one.operation == other.operation == "multiply"
        if one.parameter != other.parameter or both_multiply or _key(other) in told:
            continue
        first, last = max(one.begins.first, other.begins.first), min(map(_last_month, (one, other)))
        meet = reach[_key(one)] & reach[_key(other)]
        if first.ordinal <= last and meet.any():
            told.add(_key(other))
            where = _where([segment.name for segment, met in zip(segments, meet, strict=True) if met], len(segments))
            months = "on" if until is None or last >= until.ordinal else f"to {Month(last)}"
            allowed = f"meets {one.operation} of '{one.name}' ({one.provenance.place}){where} from {first} {months}"
            hint = "only changes that both multiply may overlap"
            found = f"{other.operation} of {other.parameter}"
            problems.append(Problem(found, allowed, hint, _key(other), other.provenance.place))


def _where(segments: Sequence[str], of_all: int) -> str:
    if len(segments) == of_all:
        return ""
    return f" in {segments[0]}" + (f" and {len(segments) - 1} more segments" if len(segments) > 1 else "")


def _key(lever: Lever) -> str:
    return f"{'levers' if lever.chosen else 'events'}.{lever.name}"
