"""The points of a design: which values each axis takes, as texts of the scenario's grammar.

A grid crosses lists of values; Latin hypercube and scrambled Sobol' points fill ranges evenly; a list is written out.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from math import exp, isfinite, log
from pathlib import Path
from typing import Any, overload

from mobank.base.errors import did_you_mean, shown
from mobank.base.quantities import read_count, read_month, read_months_duration
from mobank.base.streams import Streams
from mobank.batch.job import OFF, ON, Axis, Design, Method
from mobank.batch.keys import MOST_POINTS, NUMBER_OF_POINTS, DesignKeys, RangeKeys, ValuesKeys
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.changes import LeverKeys
from mobank.scenario.levers import OPERATIONS
from mobank.scenario.nouns import Fields
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.values import SCALES, signed

MOST_AXES, LONGEST_LIST = 20, 1000
DURATIONS = tuple(key.name for key in (LeverKeys.lasts_months, LeverKeys.ramp_months, LeverKeys.half_life_months))
WHOLE = (LeverKeys.lasts_months.name,)  # months that are counted, not measured
OF_A_LEVER = (*OPERATIONS, LeverKeys.from_.name, *DURATIONS)
A_LIST = "write points: [{levers.<name>.multiply: +10%}]"
AN_AXIS = "write levers.<name>.multiply, parameters.<name> or levers.<name> (on, off)"

Reader = Callable[[str], float]


def read_design(
    section: Cursor | None, trees: Mapping[str, tuple[Members, tuple[Path, ...]]], model: Model, seed: int
) -> Design:
    """Return the design of a job; problems are noted at the line of the job file."""
    if section is None:
        return Design()
    at = DesignKeys.at(section)
    method = at.read(DesignKeys.method)
    if method is None:
        return Design()
    if method == "list":
        return _listed(section, at, trees, model)
    if "vary" not in at:
        section.problem("'vary'", "is missing", "say what is varied")
        return Design()
    members = at["vary"].named()
    if len(members) > MOST_AXES:
        at["vary"].problem(f"{len(members)} axes", f"are too many; at most {MOST_AXES} are varied")
        return Design()
    axes = {name: axis for name, here in members.items() if (axis := _axis(name, here, trees, model))}
    if not axes:
        return Design()
    cursors = [(axis, members[name]) for name, axis in axes.items()]
    return _grid(section, at, cursors) if method == "grid" else _spread(method, section, at, cursors, seed)


def number_of(axis: Axis, text: str) -> float | str:
    """Return a value as a number in its own unit; a month, on and off stay texts."""
    return text.strip() if axis.unit in ("month", "on or off") else reader_of(axis)(text)


def reader_of(axis: Axis) -> Reader:
    """Return what reads a value of an axis into a number."""
    if axis.unit == "months":
        return read_count if axis.name.endswith(WHOLE) else read_months_duration
    reader = SCALES[axis.unit].reader
    return signed(reader) if axis.name.endswith(".add") else reader


# ------------ an axis


def _axis(name: str, here: Cursor, trees: Mapping[str, tuple[Members, tuple[Path, ...]]], model: Model) -> Axis | None:
    """Return the axis of a dotted name that every scenario of the job has, or note what is wrong with it."""
    section, *rest = name.split(".")
    if section == "parameters" and len(rest) == 1:
        if rest[0] in model.parameter:
            return Axis(name, model.parameter[rest[0]].unit, here.place)
        here.problem(shown(rest[0]), "is not a parameter", did_you_mean(rest[0], list(model.parameter)))
        return None
    if section not in ("levers", "events") or len(rest) not in (1, 2):
        here.problem(shown(name), "is not something that a design varies", AN_AXIS)
        return None
    found = [_of_lever(name, here, scenario, tree, model) for scenario, (tree, _) in trees.items()]
    return found[0] if found and None not in found else None


def _of_lever(name: str, here: Cursor, scenario: str, tree: Members, model: Model) -> Axis | None:
    section, lever, *field = name.split(".")
    known = _below(tree, section)
    if lever not in known:
        hint = did_you_mean(lever, known) or f"{scenario} has no {section}"
        here.problem(shown(lever), f"is not one of the {section} of {scenario}", hint)
        return None
    if not field:
        return Axis(name, "on or off", here.place)
    if field[0] not in OF_A_LEVER:
        near = did_you_mean(field[0], OF_A_LEVER)
        here.problem(shown(field[0]), "is not something of a lever that a design varies", near)
        return None
    own = _below(_node(tree, section), lever)
    operation = next((o for o in OPERATIONS if o in own), "")
    if field[0] in OPERATIONS and field[0] != operation:
        here.problem(shown(field[0]), f"is not what {lever} does in {scenario}", f"it has {operation}")
        return None
    return Axis(name, _unit(field[0], own, model), here.place)


def _unit(field: str, own: Mapping[str, object], model: Model) -> str:
    if field in ("from", *DURATIONS):
        return "month" if field == "from" else "months"
    if field == "multiply":
        return "factor"
    parameter = getattr(getattr(own["parameter"], "node", None), "text", "")
    return model.parameter[parameter].unit


def _node(tree: Members, key: str) -> Members:
    entry = tree.entries.get(key)
    return entry.node if entry and isinstance(entry.node, Members) else Members({}, tree.place)


def _below(tree: Members, key: str) -> Mapping[str, object]:
    return _node(tree, key).entries


# ------------ its values


def _grid(section: Cursor, at: Fields, axes: Sequence[tuple[Axis, Cursor]]) -> Design:
    if "points" in at:
        at["points"].problem("'points'", "is not a key of a grid: it has as many as its values make")
    lists = [_values(axis, here) for axis, here in axes]
    count = 1
    for values in lists:
        count *= len(values)
    if count > MOST_POINTS:
        section.problem(f"a grid of {count:,} points", f"is too large; at most {MOST_POINTS:,} are run")
        return Design()
    return Design(tuple(axis for axis, _ in axes), tuple(product(*lists)))


def _values(axis: Axis, here: Cursor) -> list[str]:
    at = ValuesKeys.at(here)
    members = at.read(ValuesKeys.values) or ()
    if "values" in at and len(members) > LONGEST_LIST:
        at["values"].problem(f"{len(members):,} values", f"are too many; at most {LONGEST_LIST:,}")
        return []
    return [text for member in members if (text := _text(axis, member))]


def _text(axis: Axis, here: Cursor) -> str | None:
    """Return a value as it is written, if it can be read."""
    if axis.unit == "on or off":
        return here.choice((ON, OFF), "on or off")
    if axis.unit == "month":
        return here.written if here.read(read_month) else None
    return here.written if here.read(reader_of(axis)) is not None else None


def _spread(method: Method, section: Cursor, at: Fields, axes: Sequence[tuple[Axis, Cursor]], seed: int) -> Design:
    if "points" not in at:
        section.problem("'points'", "is missing", DesignKeys.how())
        return Design()
    points = NUMBER_OF_POINTS.read(at["points"], DesignKeys.points.how)
    ranges = [_range(axis, here) for axis, here in axes]
    if points is None or None in ranges:
        return Design()
    if method == "sobol" and points & (points - 1):
        below, above = 1 << points.bit_length() - 1, 1 << points.bit_length()
        near = below if points - below < above - points else above
        allowed = "is not a power of 2, so Sobol' points would lose their balance"
        at["points"].problem(at["points"].written, allowed, f"write {near:,}")
        return Design()
    known = [(axis, ends) for (axis, _), ends in zip(axes, ranges, strict=True) if ends]

    def rows() -> list[tuple[str, ...]]:
        unit = Streams(seed).spread(method, points, len(axes))
        return [tuple(_at(axis, ends, float(u)) for (axis, ends), u in zip(known, row, strict=True)) for row in unit]

    return Design(tuple(axis for axis, _ in axes), _SpreadPoints(points, rows))


class _SpreadPoints(Sequence[tuple[str, ...]]):
    """Points that fill ranges, made when one is asked for: who only counts them need not wait for that."""

    def __init__(self, count: int, make: Callable[[], list[tuple[str, ...]]]) -> None:
        self._count, self._make = count, cache(make)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[tuple[str, ...]]: ...
    def __getitem__(self, number: int | slice) -> Any:
        return self._make()[number]


def _range(axis: Axis, here: Cursor) -> tuple[float, float, bool] | None:
    """Return the ends of an axis and if it is spread evenly in the log."""
    if axis.unit in ("month", "on or off"):
        here.problem(shown(axis.name), f"is {axis.unit} and has no range", "use method: grid")
        return None
    at = RangeKeys.at(here)
    if not {"low", "high"} <= set(at):
        return None
    ends = [at[name].read(reader_of(axis)) for name in ("low", "high")]
    scale = at.read(RangeKeys.scale)
    low, high = ends
    if low is None or high is None or scale is None:
        return None
    if not (isfinite(low) and isfinite(high)):
        here.problem("unlimited", "cannot be an end of a range")
    elif low >= high:
        at["high"].problem(at["high"].written, f"is not above low ({at['low'].written})")
    elif scale == "log" and low <= 0:
        at["low"].problem(at["low"].written, "cannot be an end of a range in the log", "an end must be above 0")
    else:
        return low, high, scale == "log"
    return None


def _at(axis: Axis, ends: tuple[float, float, bool], u: float) -> str:
    """Return the value that lies a share u of the way between the ends, ten digits of it."""
    low, high, in_log = ends
    if axis.name.endswith(WHOLE):
        return str(int(low + u * (high - low + 1)))
    value = exp(log(low) + u * (log(high) - log(low))) if in_log else low + u * (high - low)
    return f"{value:.10g}"


# ------------ a list


def _listed(section: Cursor, at: Fields, trees: Mapping[str, tuple[Members, tuple[Path, ...]]], model: Model) -> Design:
    """Return the points that are written out; each names the same axes."""
    if "vary" in at:
        at["vary"].problem("'vary'", "is not a key of a list", "a list writes out its points")
    if "points" not in at:
        section.problem("'points'", "is missing", A_LIST)
        return Design()
    members = at["points"].items(hint=A_LIST) or []
    if len(members) > LONGEST_LIST:
        at["points"].problem(f"{len(members):,} points", f"are too many; at most {LONGEST_LIST:,} are written out")
        return Design()
    axes: dict[str, Axis] = {}
    rows: list[tuple[str, ...]] = []
    for member in members:
        row = member.named()
        if not rows and not axes:
            axes = {name: axis for name, here in row.items() if (axis := _axis(name, here, trees, model))}
        if set(row) != set(axes):
            if axes:
                member.problem(f"{{{', '.join(row)}}}", f"names other axes than the first point: {', '.join(axes)}")
            continue
        texts = [_text(axis, row[name]) for name, axis in axes.items()]
        rows.append(tuple(text for text in texts if text))
    return Design(tuple(axes.values()), tuple(rows)) if axes else Design()
