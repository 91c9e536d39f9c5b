"""The model as a scenario runs it: without the flows that it leaves switched off.

A flow that is off is not there at all, so it costs nothing and every path is, bit for bit, that of a model which never
had it.
"""

from mobank.model.grammar import Model, Parameter
from mobank.scenario.scenario import Scenario, Value


def effective(model: Model, scenario: Scenario) -> Model:
    """Return the model without the flows that a scenario leaves switched off from its start to its end.

    A question about a measure that only such a flow makes keeps it.
    """
    model = model.whole or model
    written = {lever.parameter for lever in scenario.levers} | {name for band in scenario.bands for name in band.values}
    off = frozenset(
        p.name for p in model.parameters if p.name not in written and is_off(p, scenario.parameters[p.name])
    )
    reduced = model.without(off)
    asked = {condition.measure for ask in scenario.asks for condition in (ask.condition, ask.rival) if condition}
    return reduced if asked <= reduced.measure.keys() else model


def is_off(parameter: Parameter, value: Value) -> bool:
    """Return True if a parameter has, for certain and for everybody, the value that switches its flows off."""
    return value.prior.kind == "fixed" and value.prior.centre == parameter.absent
