"""The reduced models of growth that forecast a reported series: prospect → registered → closed, one segment.

========  ====================  ==============================================================================
adopt     prospect → registered innovation_rate + imitation_rate × g(exposure)
close     registered → closed   close_rate
join      (outside) → prospect  intake, persons a month: join_rate × customers
========  ====================  ==============================================================================

Exposure is the registered share of all customers. The three growth shapes differ in g alone: exposure to a power
(Bass 1969, with the exponent of Easingwood, Mahajan, Muller 1983), the hazard of Gompertz growth, or none.
"""

from typing import Any

import numpy as np

from mobank.model.grammar import Flow, Measure, Model, Parameter

Value = Any  # a float, or an array of any one shape
EDGE = 1e-12  # keeps the logarithm of an exposure, and one minus it, off zero


def adopting(innovation_rate: Value, imitation_rate: Value, imitation_power: Value, exposure: Value) -> Value:
    """Bass (1969) with imitation by a power of exposure."""
    return innovation_rate + imitation_rate * exposure**imitation_power


def adopting_by_gompertz(innovation_rate: Value, imitation_rate: Value, exposure: Value) -> Value:
    """The hazard under which the registered share x follows dx/dt = rate · x · log(1/x), Gompertz's law."""
    x = np.clip(exposure, EDGE, 1.0 - EDGE)
    return innovation_rate + imitation_rate * x * np.log(x) / (x - 1.0)


def adopting_alone(innovation_rate: Value) -> Value:
    """The same hazard whoever is registered."""
    return innovation_rate


def closing(close_rate: Value) -> Value:
    """A registered user deregisters."""
    return close_rate


def joining(join_rate: Value, customers: Value) -> Value:
    """New customers, all of whom can be reached."""
    return join_rate * customers


PARAMETERS = (
    Parameter("innovation_rate", "rate", (0.0, 0.2), "registers unprompted", "自发注册率", "adoption"),
    Parameter("imitation_rate", "rate", (0.0, 0.5), "registers through others", "口碑注册率", "adoption"),
    Parameter("imitation_power", "number", (0.1, 5.0), "exposure counts to this power", "口碑指数"),
    Parameter("close_rate", "rate", (0.0, 0.05), "deregisters", "注销率", "adoption", -1),
    Parameter("join_rate", "rate", (0.0, 0.02), "new customers per customer", "客户净增率"),
)


def _model(name: str, hazard: Any) -> Model:
    flows = (
        Flow("adopt", "prospect", "registered", hazard),
        Flow("close", "registered", "closed", closing),
        Flow("join", None, "prospect", joining),
    )
    return Model(
        name=name,
        states=("prospect", "registered", "closed"),
        exposed_to=("registered",),
        shocks=("adoption",),
        parameters=tuple(p for p in PARAMETERS if any(p.name in flow.reads for flow in flows)),
        flows=flows,
        measures=(Measure("registered", "registered users", "注册用户", stock=("registered",)),),
    )


SHAPES = {
    "bass": _model("growth by imitation", adopting),
    "gompertz": _model("growth by Gompertz's law", adopting_by_gompertz),
    "constant": _model("growth without imitation", adopting_alone),
}
