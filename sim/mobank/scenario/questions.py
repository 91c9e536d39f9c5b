"""How the asks of a scenario are read: questions of chance, each with a level that may be met and a month to meet it.

An ask whose answer is certain before anything is run is refused: a month outside the run, a level above all customers
that there could be, one that the reported start already meets.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mobank.base.errors import Problem, did_you_mean, shown
from mobank.base.quantities import Month, format_persons, read_number, read_persons, read_share
from mobank.model.grammar import Counted, Model
from mobank.scenario.cursor import Cursor, inherited
from mobank.scenario.keys.questions import RUNNERS, AskKeys, ConditionKeys, RaceKeys
from mobank.scenario.levers import Setting
from mobank.scenario.nouns import Fields, Noun, YamlKey
from mobank.scenario.scenario import Ask, Condition

LEVELS = ("at_least", "at_most", "between")
MOST_GROWTH = 0.05  # of all customers, a year: no level can be reached that lies above even that
LEAST = {True: 1e-4, False: 1e-7}  # of the customers: a stock, persons a month; a smaller level lacks its 万
RATIOS = (0.01, 100.0)


class _Wanted(NamedTuple):
    """What the levels of an ask must fit: the scenario, and the month in question."""

    setting: Setting
    month: Month | None
    ever: bool


def read_asks(named: Mapping[str, Cursor], setting: Setting) -> tuple[Ask, ...]:
    """Return the asks of a section in its order."""
    read = [_ask(name, here, setting) for name, here in named.items()]
    return tuple(ask for ask in read if ask)


def _ask(name: str, here: Cursor, setting: Setting) -> Ask | None:
    at = AskKeys.at(here, setting.model)
    if here.is_mapping and not at and not at.strange:
        here.problem("an ask", "must say what is asked", AskKeys.how())
    if not at:
        return None
    return (_race if any(key.name in at for key in RUNNERS) else _single)(name, here, at, setting)


def _single(name: str, here: Cursor, at: Fields, setting: Setting) -> Ask | None:
    given = _one_of(here, at, ("by", "in"), AskKeys.how())
    month = _month(at, AskKeys.by if given == "by" else AskKeys.in_, setting) if given else None
    if given == "by" and "between" in at:
        at["by"].problem("'by'", "cannot stand with between", "ask for one month: write in instead of by")
    condition = _condition(here, at, _Wanted(setting, month, given == "by"), AskKeys)
    if month is None or condition is None:
        return None
    return Ask(name, condition, month, given == "by", None, here.place)


def _race(name: str, here: Cursor, at: Fields, setting: Setting) -> Ask | None:
    own = [key.name for key in RaceKeys.keys]
    for stray in (key for key in at if key not in own):
        at[stray].problem(f"'{stray}'", "cannot stand beside reaches_first", RaceKeys.how())
    for key in own:
        if at.lacks(key):
            here.problem(f"'{key}'", "is missing", RaceKeys.how())
    month = _month(at, AskKeys.by, setting) if "by" in at else None
    wanted = _Wanted(setting, month, ever=True)
    first, rival = (_runner(at[key.name], wanted) if key.name in at else None for key in RUNNERS)
    if first and rival and _same(first, rival):
        at["before"].problem("this condition", "is that of reaches_first; nothing can be before itself")
        return None
    return Ask(name, first, month, True, rival, here.place) if first and rival and month else None


def _runner(here: Cursor, wanted: _Wanted) -> Condition | None:
    at = ConditionKeys.at(here, wanted.setting.model)
    return _condition(here, at, wanted, ConditionKeys) if here.is_mapping else None


# ------------ the month


def _month(at: Fields, key: YamlKey[Month], setting: Setting) -> Month | None:
    month, here = at.read(key), at[key.name]
    if month and setting.start and month <= setting.start:
        here.problem(str(month), f"is not after start ({setting.start})")
        return None
    if month and setting.until and month > setting.until:
        allowed = f"is after the end of the run, until {setting.until}"
        here.problem(str(month), allowed, "take an earlier month, or the ask away")
        return None
    return month


def _one_of(here: Cursor, at: Fields, names: Sequence[str], hint: str) -> str | None:
    """Return the one name of some that stands here; none or several are a problem."""
    given = [name for name in names if name in at]
    if len(given) == 1:
        return given[0]
    if given or at.lacks(*names):
        wanted = f"{', '.join(names[:-1])} and {names[-1]}"
        none = f"neither {' nor '.join(names)}" if len(names) == 2 else f"none of {wanted}"
        found = ("both " if len(given) == 2 else "") + " and ".join(given) or none
        allowed = f"came where one of {wanted} must stand" if given else "stands here"
        here.problem(found, allowed, inherited(here, at, given) or hint)
    return None


# ------------ the condition


def _condition(here: Cursor, at: Fields, wanted: _Wanted, noun: type[Noun]) -> Condition | None:
    model = wanted.setting.model
    if at.lacks("measure"):
        here.problem("'measure'", "is missing", did_you_mean("", model.measure))
    measure = _measure(at, model)
    given = _one_of(here, at, [name for name in LEVELS if name in noun.names()], noun.how())
    if measure is None or given is None:
        return None
    ends = (at[given],) if given != "between" else at.read(AskKeys.between) or ()
    levels = [level for cursor in ends if (level := _level(cursor, measure, wanted)) is not None]
    if len(levels) < (2 if given == "between" else 1):
        return None
    if levels[-1] < levels[0]:
        at[given].problem(ends[1].written, f"is below {ends[0].written}", "the lower level stands first")
        return None
    low = float("-inf") if given == "at_most" else levels[0]
    high = float("inf") if given == "at_least" else levels[-1]
    condition = Condition(measure, low, high, tuple(cursor.written for cursor in ends))
    return condition if not wanted.ever or _is_open(at[given], condition, wanted.setting) else None


def _measure(at: Fields, model: Model) -> str | None:
    """Return the measure that is asked about; one in print is refused, because its answer is not the bank's to move."""
    twins = {twin.name: name for name, twin in model.printed.items()}
    here = at.get("measure")
    if here is not None and here.is_scalar and here.written in twins:
        here.problem(shown(here.written), "is no measure to ask about: a question holds by today's definition",
                     f"ask about {twins[here.written]}; the run keeps {here.written} beside it")  # fmt: skip
        return None
    return at.read(ConditionKeys.measure)


def _level(here: Cursor, measure: str, wanted: _Wanted) -> float | None:
    counted = wanted.setting.model.counted_in(measure)
    level = here.read(READERS[counted])
    if level is None:
        return None
    fits = {"persons": _is_a_number_of_persons, "share": _is_a_share, "ratio": _is_a_ratio}[counted]
    return level if fits(here, level, measure, wanted) else None


READERS: Mapping[Counted, Callable[[str], float]] = {
    "persons": read_persons,
    "share": read_share,
    "ratio": read_number,
}


def _is_a_number_of_persons(here: Cursor, level: float, measure: str, wanted: _Wanted) -> bool:
    setting, month = wanted.setting, wanted.month or wanted.setting.until
    if setting.persons is None or setting.start is None or month is None:
        return True
    most = setting.persons * (1 + MOST_GROWTH) ** ((month - setting.start) / 12)
    if level > most:
        there = f"is above all customers that there could be by {month}, {format_persons(most, 'zh')}"
        hint = f"{format_persons(setting.persons, 'zh')} at the start, with {100 * MOST_GROWTH:g}% growth a year"
        here.problem(here.written, there, hint)
        return False
    if level < setting.persons * LEAST[bool(setting.model.measure[measure].stock)]:
        allowed = f"is not a level of {measure}: the bank has {format_persons(setting.persons, 'zh')} customers"
        here.problem(here.written, allowed, "is 万, 亿 or million missing?")
        return False
    return True


def _is_a_share(here: Cursor, level: float, measure: str, _: _Wanted) -> bool:
    if not 0 < level < 1:
        here.problem(here.written, f"is not a level of {measure}: its answer is certain", "write 35%")
    return 0 < level < 1


def _is_a_ratio(here: Cursor, level: float, measure: str, _: _Wanted) -> bool:
    low, high = RATIOS
    if not low <= level <= high:
        here.problem(here.written, f"is outside the plausible range of {measure}, {low:g} to {high:g}")
    return low <= level <= high


def _is_open(here: Cursor, condition: Condition, setting: Setting) -> bool:
    """Note a condition that the figure reported for the start meets already."""
    of_the_start = [f for f in setting.reported if f.month == setting.start and f.months <= 1 and not f.band]
    for figure in (f for f in of_the_start if f.measure == condition.measure):
        if condition.low <= figure.interval.low and figure.interval.high <= condition.high:
            found = f"{condition.measure} {here.key.rpartition('.')[2].replace('_', ' ')} {here.written}"
            allowed = f"is met at the start already ({figure.month}: {figure.text})"
            here.problem(found, allowed, "ask for a later month alone: write in instead of by")
            return False
    return True


# ------------ what is asked twice


def _same(one: Condition, other: Condition) -> bool:
    return (one.measure, one.low, one.high) == (other.measure, other.low, other.high)


def meaning(ask: Ask) -> tuple[object, ...]:
    """Return what an ask is about, whatever it is called: two asks with equal meaning have the same answer."""
    parts = [(c.measure, c.low, c.high) for c in (ask.condition, ask.rival) if c]
    return (ask.month, ask.ever, *parts)


def note_twins(problems: list[Problem], asks: Sequence[Ask]) -> None:
    """Note an ask that asks the same as one before it."""
    first: dict[tuple[object, ...], Ask] = {}
    for ask in asks:
        other = first.setdefault(meaning(ask), ask)
        if other is not ask:
            allowed = f"asks the same as '{other.name}' ({other.place})"
            problems.append(Problem(f"'{ask.name}'", allowed, "take one of them away", f"asks.{ask.name}", ask.place))
