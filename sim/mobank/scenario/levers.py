"""How the levers and events of a scenario are read, and which of them may not meet.

A change that could do nothing, or nothing sensible, is refused here: one outside the months of the scenario, one that
takes a rate below zero, one that multiplies what has no limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isinf

from mobank.base.errors import Problem, did_you_mean, shown
from mobank.base.quantities import (
    Month,
    format_persons,
    read_count,
    read_money,
    read_month,
    read_months_duration,
    read_persons,
)
from mobank.model.grammar import Model, Parameter
from mobank.scenario.cursor import Cursor, Named, inherited
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
    LEVER_EVIDENCE,
    SCALES,
    WHENCE,
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
SHAPE = {"ramp_months": 0.0, "half_life_months": 0.1}  # with the least that each may be
FIELDS = ("parameter", *OPERATIONS, "for", "from", "until", "lasts_months", *SHAPE, *WHENCE)
CHOSEN_FIELDS = ("when", "cost")
LONGEST_MONTHS = 1200
MOST_LEVERS = 200

A_LEVER = "parameter: …, multiply: …, from: … and reason: … below it"
DATES = "write 2024-01, {between: [2024-01, 2024-06]} or {mean_gap_months: 18, after: 2022-12}"
TRIGGERS = "write {measure: mau, below: 1.7亿, for_months: 2}"
COSTS = "write {once: 3000万元, a_month: 50万元}"


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


def read_levers(section: Cursor | None, chosen: bool, setting: Setting) -> list[Lever]:
    """Return the levers (chosen) or the events of a section."""
    kind = "lever" if chosen else "event"
    named = section.new_names(kind, MOST_LEVERS, f"write a name below it, then {A_LEVER}") if section else {}
    found = [_lever(name, here, chosen, setting) for name, here in named.items()]
    return [lever for lever in found if lever]


def _lever(name: str, here: Cursor, chosen: bool, setting: Setting) -> Lever | None:
    if not chosen:
        _refuse_choice(here)
    at = here.fields((*FIELDS, *CHOSEN_FIELDS), ("parameter",), f"write {A_LEVER}")
    if not here.is_mapping:
        return None
    whence = read_whence(at, here, LEVER_EVIDENCE, required=True, tagged=chosen)
    parameter = _parameter(at["parameter"], setting.model) if "parameter" in at else None
    amount = _amount(here, at, parameter)
    touches = _target(at["for"], parameter, setting.bands) if "for" in at else ()
    cost = _cost(at["cost"]) if "cost" in at else Cost()
    trigger = _trigger(at["when"], setting, costs=cost != Cost()) if "when" in at else None
    begins = _policy_window(at, setting) if "when" in at else _beginning(at, here)
    lasts = _lasting(at, here, begins, comes_again="when" in at or bool(begins and begins.mean_gap_months))
    ramp, half_life = (_duration(at[each], least) if each in at else 0.0 for each, least in SHAPE.items())
    if parameter is None or amount is None or begins is None or lasts is None or ramp is None or half_life is None:
        return None
    lever = Lever(name, chosen, parameter.name, amount[0], amount[1], touches, begins, lasts, ramp, half_life, trigger,
                  cost, whence)  # fmt: skip
    _check_months(here, at, lever, setting)
    _check_effect(at[lever.operation], lever, setting)
    return lever


def _refuse_choice(here: Cursor) -> None:
    """Note what only a lever has: an event befalls, it is not decided upon or paid for."""
    for name, cursor in here.named().items() if here.is_mapping else ():
        if name in CHOSEN_FIELDS:
            cursor.problem(f"'{name}'", "is not a key of an event", "events befall; what is chosen stands in levers")


def _parameter(here: Cursor, model: Model) -> Parameter | None:
    name = here.choice(list(model.parameter), "a parameter")
    return model.parameter.get(name) if name else None


# ------------ what it does


def _amount(here: Cursor, at: Named, parameter: Parameter | None) -> tuple[Operation, Value] | None:
    given = [operation for operation in OPERATIONS if operation in at]
    if len(given) != 1:
        if given or at.lacks(*OPERATIONS):
            here.problem(_both(given) or "no change", "came where one of multiply, set and add must stand",
                         inherited(here, at, given))  # fmt: skip
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
    name = here.read(str.strip)
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


def _beginning(at: Named, here: Cursor) -> When | None:
    if "from" not in at:
        if at.lacks("from"):
            here.problem("'from'", "is missing", "write from: 2024-01")
        return None
    cursor = at["from"]
    if cursor.is_scalar:
        month = cursor.read(read_month, DATES)
        return When(month, month) if month else None
    span = cursor.fields(("between", "mean_gap_months", "after"), hint=DATES)
    if set(span) == {"between"}:
        return _between(span["between"])
    if set(span) == {"mean_gap_months", "after"}:
        return _again(span["mean_gap_months"], span["after"])
    if cursor.is_mapping and not span.strange:
        cursor.problem(f"{{{', '.join(span)}}}", "is not a date", DATES)
    return None


def _between(here: Cursor) -> When | None:
    months = here.items(2, "write [2024-01, 2024-06]: the first and the last month in which it may begin")
    ends = [month for cursor in months or () if (month := cursor.read(read_month))]
    if len(ends) < 2:
        return None
    if ends[1] < ends[0]:
        here.problem(f"{ends[1]}", f"is before {ends[0]}", "the earlier month stands first")
        return None
    return When(ends[0], ends[1])


def _again(gap: Cursor, after: Cursor) -> When | None:
    months, last = _duration(gap, least=1), after.read(read_month)
    return When(last + 1, last + 1, months) if months and last else None


def _policy_window(at: Named, setting: Setting) -> When | None:
    """Return the months in which a policy watches; without dates, all of them."""
    first = (
        at["from"].read(read_month, "write 2024-01; from then on the policy watches") if "from" in at else setting.start
    )
    last = at["until"].read(read_month) if "until" in at else None
    if first is None or (last is None and "until" in at):
        return None
    if last and last < first:
        at["until"].problem(str(last), f"is before from ({first})" if "from" in at else f"is before start ({first})")
        return None
    return When(first, last or first + LONGEST_MONTHS)  # longer than any scenario


def _lasting(at: Named, here: Cursor, begins: When | None, comes_again: bool) -> int | None:
    """Return the months in force; a change without an end goes on for ever."""
    ends = [name for name in ("until", "lasts_months") if name in at]
    if "until" in at and "when" not in at and comes_again:
        at["until"].problem("'until'", "cannot end what comes again", "say with lasts_months how long each time lasts")
    elif len(ends) == 2 and "when" not in at:
        hint = inherited(here, at, ends) or "keep one of them"
        at["lasts_months"].problem("lasts_months and until", "both say when it ends", hint)
    if "lasts_months" in at:
        return _months_in_force(at["lasts_months"])
    if comes_again:
        if at.lacks("lasts_months") and ("when" in at or "until" not in at):
            here.problem("'lasts_months'", "is missing", "what comes again must have an end each time")
        return None
    return _until(at["until"], begins) if "until" in at else FOREVER


def _months_in_force(here: Cursor) -> int | None:
    months = here.read(read_count)
    if months is not None and not 1 <= months <= LONGEST_MONTHS:
        here.problem(here.written, f"must be 1 to {LONGEST_MONTHS:,} months", "leave it out for what never ends")
        return None
    return months


def _until(here: Cursor, begins: When | None) -> int | None:
    until = here.read(read_month)
    if until is None or begins is None:
        return None
    if begins.last != begins.first:
        here.problem(str(until), "cannot end what has no certain beginning", "say with lasts_months how long it lasts")
        return None
    if until < begins.first:
        here.problem(str(until), f"is before from ({begins.first})")
        return None
    return until - begins.first + 1


def _duration(here: Cursor, least: float) -> float | None:
    months = here.read(read_months_duration)
    if months is not None and not least <= months <= LONGEST_MONTHS:
        here.problem(here.written, f"must be {least:g} to {LONGEST_MONTHS:,} months")
        return None
    return months


def _check_months(here: Cursor, at: Named, lever: Lever, setting: Setting) -> None:
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
    names = ("measure", "below", "above", "for_months", "at_most", "budget_a_year")
    at = here.fields(names, required=("measure",), hint=TRIGGERS)
    stocks = [m.name for m in setting.model.measures if m.stock]
    measure = at["measure"].choice(stocks, "a measure that a policy can watch") if "measure" in at else None
    level = _level(here, at, setting)
    months = _at_least_once(at["for_months"]) if "for_months" in at else 1
    times = _at_least_once(at["at_most"]) if "at_most" in at else FOREVER
    budget = at["budget_a_year"].read(read_money) if "budget_a_year" in at else float("inf")
    if "budget_a_year" in at and not costs:
        at["budget_a_year"].problem(
            "a budget", "limits nothing: this lever has no cost", COSTS.replace("write", "write cost:")
        )
    if measure is None or level is None or months is None or times is None or budget is None:
        return None
    return Trigger(measure, level, "below" in at, months, times, budget)


def _level(here: Cursor, at: Named, setting: Setting) -> float | None:
    given = [name for name in ("below", "above") if name in at]
    if len(given) != 1:
        if here.is_mapping and (given or at.lacks("below", "above")):
            here.problem(_both(given) or "no level", "came where one of below and above must stand",
                         inherited(here, at, given) or TRIGGERS)  # fmt: skip
        return None
    cursor = at[given[0]]
    level, persons = cursor.read(read_persons), setting.persons
    if level is not None and persons is not None and not persons / 1e4 <= level <= persons:
        allowed = f"is not a level to watch: the bank has {format_persons(persons, 'zh')} customers"
        cursor.problem(cursor.written, allowed, "is 万, 亿 or million missing?")
    return level


def _at_least_once(here: Cursor) -> int | None:
    count = here.read(read_count)
    if count == 0:
        here.problem("0", "is not at least 1")
        return None
    return count


def _cost(here: Cursor) -> Cost:
    at = here.fields(("once", "a_month"), hint=COSTS)
    if here.is_mapping and not at and not at.strange:
        here.problem("a cost", "must say how much", COSTS)
    once, a_month = (at[name].read(read_money) if name in at else 0.0 for name in ("once", "a_month"))
    return Cost(once or 0.0, a_month or 0.0)


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
