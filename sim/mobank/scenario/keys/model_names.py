"""Names of the model that stand in a scenario: what may be chosen, and how it is called in messages."""

from collections.abc import Iterable

from mobank.model.grammar import Measure, Model, Parameter
from mobank.scenario.kinds import Option
from mobank.scenario.values import plain


def parameters(model: Model) -> list[Option]:
    """Return all parameters."""
    return _options(model.parameters)


def measures(model: Model) -> list[Option]:
    """Return all measures."""
    return _options(model.measures)


def stocks(model: Model) -> list[Option]:
    """Return the measures that count people in states: those that are reported, and that a policy can watch."""
    return _options(measure for measure in model.measures if measure.stock)


def level(model: Model) -> list[Option]:
    """Return the count that a history follows: that of all who have registered."""
    return _options(measure for measure in model.measures if model.origin and measure.name == model.origin.stock)


def of_registered(model: Model) -> list[Option]:
    """Return the measures that count people who have registered, whose share is a retention."""
    registered = set(model.measure[model.origin.stock].stock) if model.origin else set()
    return _options(m for m in model.measures if m.stock and set(m.stock) <= registered)


def flow_measures(model: Model) -> list[Option]:
    """Return the measures that add up people moved by flows: those that are reported of a month or a year."""
    return _options(measure for measure in model.measures if measure.flows)


def flows(model: Model) -> list[Option]:
    """Return the flows between states."""
    return [Option(flow.name) for flow in model.flows if flow.source is not None]


def shock_paths(model: Model) -> list[Option]:
    """Return the yearly shock paths."""
    return [Option(name) for name in model.shocks]


def rates_of_segments(model: Model) -> list[Option]:
    """Return the rates that may differ between segments."""
    return _options(p for p in model.parameters if not p.bank_wide and p.unit == "rate")


def of_segments(model: Model) -> list[Option]:
    """Return the parameters that may differ between segments."""
    return _options(p for p in model.parameters if not p.bank_wide)


def with_season(model: Model) -> list[Option]:
    """Return the parameters that may have a season: all but shares."""
    return _options(p for p in model.parameters if p.unit != "share")


def numbers_of_segments(model: Model) -> list[Option]:
    """Return the parameters that may differ between segments, with their plausible ranges."""
    return [_ranged(p) for p in model.parameters if not p.bank_wide]


def capacities(model: Model) -> list[Option]:
    """Return the parameters that are the capacity of a resource, with their plausible ranges."""
    return [_ranged(p) for p in model.parameters if p.name in _capacities(model)]


def other_numbers(model: Model) -> list[Option]:
    """Return the parameters that are no capacity, with their plausible ranges."""
    return [_ranged(p) for p in model.parameters if p.name not in _capacities(model)]


def _capacities(model: Model) -> set[str]:
    return {resource.capacity for resource in model.resources}


def _options(known: Iterable[Parameter | Measure]) -> list[Option]:
    return [Option(each.name, each.meaning, each.zh) for each in known]


def _ranged(parameter: Parameter) -> Option:
    low, high = (plain(end if parameter.unit == "persons a month" else 100 * end) for end in parameter.plausible)
    unit, zh = {"rate": ("% a month", "%／月"), "share": ("%", "%")}.get(parameter.unit, (" a month", "户／月"))
    return Option(
        parameter.name,
        f"{parameter.meaning}; plausible: {low} to {high}{unit}",
        f"{parameter.zh}；合理范围 {low} 至 {high}{zh}",
    )
