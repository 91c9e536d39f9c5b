"""How the levers and events of a scenario are read, and which of them may not meet."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from sim.errors import Problem, did_you_mean, shown
from sim.quantities import Month, read_count, read_money, read_month, read_months_duration, read_persons
from sim.reading import Cursor
from sim.scenario import FOREVER, Band, Cost, Lever, Operation, Segment, Trigger, Value, When, touched
from sim.scenario_values import (
    LEVER_EVIDENCE,
    SCALES,
    WHENCE,
    Scale,
    check_plausible,
    read_value,
    read_whence,
)
from sim.spec import Model, Parameter

OPERATIONS: tuple[Operation, ...] = ("multiply", "set", "add")
LONGEST_WATCH_MONTHS = 1200  # a policy without an end watches for ever


def read_levers(
    section: Cursor | None, chosen: bool, model: Model, bands: Sequence[Band], start: Month | None
) -> list[Lever]:
    """Return the levers (chosen) or the events of a section."""
    found = [
        _lever(name, here, chosen, model, bands, start) for name, here in (section.named() if section else {}).items()
    ]
    return [lever for lever in found if lever]


def _lever(
    name: str, here: Cursor, chosen: bool, model: Model, bands: Sequence[Band], start: Month | None
) -> Lever | None:
    fields = ("parameter", *OPERATIONS, "for", "from", "until", "lasts_months", "ramp_months", "half_life_months",
              *(("when", "cost") if chosen else ()), *WHENCE)  # fmt: skip
    at = here.fields(fields, required=("parameter", "evidence") if chosen else ("parameter",))
    whence = read_whence(at, here, LEVER_EVIDENCE, required=True)
    parameter = _parameter(at["parameter"], model) if "parameter" in at else None
    amount = _amount(here, at, parameter)
    touches = _target(at.get("for"), parameter, bands)
    trigger = _trigger(at["when"], model) if "when" in at else None
    begins = _when(at, here, start, trigger is not None)
    lasts = _lasting(at, here, begins, trigger is not None)
    shape = {
        n: at[n].read(read_months_duration) or 0.0 if n in at else 0.0 for n in ("ramp_months", "half_life_months")
    }
    cost = _cost(at["cost"]) if "cost" in at else Cost()
    if parameter is None or amount is None or begins is None or lasts is None:
        return None
    operation, value = amount
    return Lever(name, chosen, parameter.name, operation, value, touches, begins, lasts, shape["ramp_months"],
                 shape["half_life_months"], trigger, cost, whence)  # fmt: skip


def _parameter(here: Cursor, model: Model) -> Parameter | None:
    name = here.read(str.strip)
    if name is None or name in model.parameter:
        return model.parameter[name] if name else None
    here.problem(shown(name), "is not a parameter", did_you_mean(name, list(model.parameter)))
    return None


def _amount(here: Cursor, at: Mapping[str, Cursor], parameter: Parameter | None) -> tuple[Operation, Value] | None:
    given = [operation for operation in OPERATIONS if operation in at]
    if len(given) != 1:
        here.problem(" and ".join(given) or "no change", "came where one of multiply, set and add must stand")
        return None
    operation = given[0]
    if parameter is None:
        return None
    if parameter.unit == "share" and operation != "set":
        at[operation].problem(f"'{parameter.name}'", f"is a share, and {operation} could take it past 100%", "use set")
        return None
    unit = SCALES[parameter.unit]
    scale = {"multiply": SCALES["factor"], "set": unit, "add": Scale(unit.reader, "normal")}[operation]
    value = read_value(at[operation], scale, required=False)
    if value and operation == "set":
        check_plausible(at[operation], parameter, value)
    if value and operation == "multiply" and not all(0.01 <= end <= 100 for end in value.prior.central()):
        at[operation].problem(value.text, "is outside the plausible factors, 0.01 to 100")
    return (operation, value) if value else None


def _target(here: Cursor | None, parameter: Parameter | None, bands: Sequence[Band]) -> tuple[str, ...]:
    if here is None:
        return ()
    if parameter and parameter.bank_wide:
        here.problem(f"'{parameter.name}'", "is one number for the whole bank", "leave 'for' out")
    names = [band.name for band in bands]
    members = [here] if here.is_scalar else here.items() or []
    found = []
    for member in members:
        name = member.read(str.strip)
        if name is not None and name not in names:
            member.problem(shown(name), "is not a segment", did_you_mean(name, names))
        elif name:
            found.append(name)
    return tuple(found)


def _when(at: Mapping[str, Cursor], here: Cursor, start: Month | None, triggered: bool) -> When | None:
    if "from" not in at:
        if not triggered:
            here.problem("'from'", "is missing", "write from: 2024-01")
            return None
        first = start or Month.of(1900, 1)
        last = at["until"].read(read_month) if "until" in at else first + LONGEST_WATCH_MONTHS
        return When(first, last) if last else None
    cursor = at["from"]
    if cursor.is_scalar:
        month = cursor.read(read_month)
        end = at["until"].read(read_month) if triggered and "until" in at else None
        last_month = month + LONGEST_WATCH_MONTHS if month and triggered else month
        return When(month, end or last_month) if month and last_month else None
    span = cursor.fields(("between", "mean_gap_months", "after"))
    if "between" in span and len(span) == 1:
        ends = [m for c in span["between"].items(2) or () if (m := c.read(read_month))]
        if len(ends) == 2 and ends[0] <= ends[1]:
            return When(ends[0], ends[1])
        if len(ends) == 2:
            span["between"].problem(f"{ends[1]}", f"is before {ends[0]}", "the earlier month stands first")
        return None
    if set(span) == {"mean_gap_months", "after"}:
        gap, after = span["mean_gap_months"].read(read_months_duration), span["after"].read(read_month)
        if gap is not None and gap < 1:
            span["mean_gap_months"].problem(f"{gap:g}", "is not at least 1 month")
            return None
        return When(after + 1, after + 1, gap) if gap and after else None
    cursor.problem("{" + ", ".join(span) + "}", "is no date",
                   "write 2024-01, {between: [2024-01, 2024-06]} or {mean_gap_months: 18, after: 2022-12}")  # fmt: skip
    return None


def _lasting(at: Mapping[str, Cursor], here: Cursor, begins: When | None, triggered: bool) -> int | None:
    """Return the months in force; a lever without an end goes on for ever."""
    if "lasts_months" in at:
        if "until" in at and not triggered:
            at["lasts_months"].problem("lasts_months", "and until both say when it ends", "keep one of them")
        months = at["lasts_months"].read(read_count)
        if months is not None and months < 1:
            at["lasts_months"].problem(f"{months}", "is not at least 1 month")
        return months
    if triggered or (begins and begins.mean_gap_months):
        here.problem("'lasts_months'", "is missing", "a campaign that comes again must have an end")
        return None
    until = at["until"].read(read_month) if "until" in at else None
    if until is None or begins is None:
        return FOREVER
    if until < begins.last:
        at["until"].problem(str(until), f"is before from ({begins.last})")
        return None
    if begins.last != begins.first:
        at["until"].problem(str(until), "cannot end a lever whose date is not known", "use lasts_months")
        return None
    return until - begins.first + 1


def _trigger(here: Cursor, model: Model) -> Trigger | None:
    at = here.fields(("measure", "below", "above", "for_months", "at_most", "budget_a_year"), required=("measure",))
    stocks = [m.name for m in model.measures if m.stock]
    measure = at["measure"].choice(stocks) if "measure" in at else None
    if ("below" in at) == ("above" in at):
        here.problem("below and above" if "below" in at else "no level", "came where one of below and above must stand")
        return None
    level = at["below" if "below" in at else "above"].read(read_persons)
    months = at["for_months"].read(read_count) if "for_months" in at else 1
    times = at["at_most"].read(read_count) if "at_most" in at else FOREVER
    budget = at["budget_a_year"].read(read_money) if "budget_a_year" in at else float("inf")
    if measure is None or level is None or months is None or times is None or budget is None:
        return None
    return Trigger(measure, level, "below" in at, max(months, 1), times, budget)


def _cost(here: Cursor) -> Cost:
    at = here.fields(("once", "a_month"))
    return Cost(*(at[n].read(read_money) or 0.0 if n in at else 0.0 for n in ("once", "a_month")))


def note_collisions(
    problems: list[Problem], levers: Sequence[Lever], bands: Sequence[Band], segments: Sequence[Segment]
) -> None:
    """Note two changes that may meet on one parameter, segment and month, unless both multiply."""
    for one, other in combinations(levers, 2):
        if one.parameter != other.parameter or (one.operation, other.operation) == ("multiply", "multiply"):
            continue
        first, last = max(one.begins.first, other.begins.first), min(one.latest, other.latest)
        meet = touched(bands, segments, one.touches) & touched(bands, segments, other.touches)
        if first.ordinal <= last and meet.any():
            until = "on" if last >= FOREVER else f"to {Month(last)}"
            segment = segments[int(np.flatnonzero(meet)[0])].name
            meets = f"meets {one.operation} of '{one.name}' in {segment} from {first} {until}"
            key = f"{'levers' if other.chosen else 'events'}.{other.name}"
            hint = "only changes that both multiply may overlap"
            problems.append(Problem(f"{other.operation} {other.parameter}", meets, hint, key, other.provenance.place))
