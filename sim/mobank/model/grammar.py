"""The grammar in which a model is declared: parameters, flows, resources, measures, and what they add up to.

A `Model` is checked and probed when it is built, so that a slip of the pen is an error that names the flow, long
before a run. A flow has one of three forms and no more: a hazard (per person per month), an intake (persons a
month from outside), a hazard rationed by a resource. Flows out of one state compete.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import Parameter as Argument
from inspect import signature
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Ints
from mobank.base.errors import ModelError, did_you_mean

Unit = Literal["rate", "share", "persons a month", "number"]
Counted = Literal["persons", "share", "ratio"]
Hazard = Callable[..., Any]

EXPOSURE = "exposure"  # active share among the people one meets, 0 to 1; a hazard may read it
CUSTOMERS = "customers"  # persons of the segment, whatever their state; an intake may read it


@dataclass(frozen=True)
class Parameter:
    """A named number of the model: what it means and what it may be, but not its value.

    Parameters
    ----------
    unit : "rate" (hazard per person per month), "share" (0 to 1), "persons a month" or "number" (an exponent).
    plausible : lowest and highest value that is taken without asking back, in the unit.
    meaning, zh : one line for tables and editors, in English and Chinese.
    moved_by : the shock path that multiplies it, "" for none.
    sign : +1 if the path raises it, −1 if it lowers it.
    bank_wide : one value for the whole bank rather than one a segment.
    unlimited : True if the value may be infinite.
    absent : the value that switches off every flow that reads it, None if there is none. A scenario may then leave the
        parameter out, and a posterior fitted before the parameter existed stays valid.
    """

    name: str
    unit: Unit
    plausible: tuple[float, float]
    meaning: str
    zh: str = ""
    moved_by: str = ""
    sign: int = 1
    bank_wide: bool = False
    unlimited: bool = False
    absent: float | None = None


@dataclass(frozen=True)
class Flow:
    """A way from one state to another, and the elementwise function that says how fast.

    `hazard` takes parameters by name, and `exposure` where it depends on who is active; it must work on scalars
    and arrays alike. An intake (`source` None) returns persons a month and may take `customers`.
    `served_by` names the resource whose capacity rations the flow.
    """

    name: str
    source: str | None
    target: str
    hazard: Hazard
    served_by: str = ""

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Names that the hazard takes, in its order."""
        return tuple(signature(self.hazard).parameters)


@dataclass(frozen=True)
class Resource:
    """Something scarce that serves people, with the bank-wide parameter that is its capacity (persons a month)."""

    name: str
    capacity: str


@dataclass(frozen=True)
class Measure:
    """What is reported each month: people in some states, people moved by some flows, or a ratio of measures.

    Exactly one of `stock`, `flows` and `ratio` is given; a ratio is a pair (sum of measures, sum of measures).
    """

    name: str
    meaning: str
    zh: str = ""
    stock: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    ratio: tuple[tuple[str, ...], tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Origin:
    """Which measures a start is given by, and how the unpublished rest is found (see `mobank.dynamics.initial_state`).

    Parameters
    ----------
    stock, stock_path : measure whose reported growth is held at the start, and the shock path tilted to hold it.
    engaged, engaged_path : measure within `stock` whose reported value is held, and its path.
    rest : state of those who are not registered but reachable.
    apart : state of customers who are out of reach, counted and never moving.
    reach : parameter with the share of customers who are not apart.
    total : measure that counts all customers.
    """

    stock: str
    stock_path: str
    engaged: str
    engaged_path: str
    rest: str
    apart: str
    reach: str
    total: str


@dataclass(frozen=True)
class Model:
    """States, parameters, flows and measures; checked and probed when built.

    Parameters
    ----------
    states : names, in the order of axis K.
    exposed_to : the states whose share among one's contacts is the exposure.
    shocks : names of the yearly shock paths.
    meanings, meanings_zh : of each state, one line for tables, in English and Chinese.
    whole : the model that this one was reduced from; None where it is whole itself.

    Raises
    ------
    ModelError
        Naming the flow, parameter or measure at fault.
    """

    name: str
    states: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    flows: tuple[Flow, ...]
    measures: tuple[Measure, ...]
    resources: tuple[Resource, ...] = ()
    exposed_to: tuple[str, ...] = ()
    shocks: tuple[str, ...] = ()
    origin: Origin | None = None
    meanings: dict[str, str] = field(default_factory=dict, hash=False)
    name_zh: str = ""
    meanings_zh: dict[str, str] = field(default_factory=dict, hash=False)
    whole: "Model | None" = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        _check_names(self)
        _check_parameters(self)
        _check_flows(self)
        _check_measures(self)
        _check_origin(self)
        for flow in self.flows:
            _probe(self, flow)

    @cached_property
    def parameter(self) -> dict[str, Parameter]:
        """Parameters by name."""
        return {p.name: p for p in self.parameters}

    @cached_property
    def measure(self) -> dict[str, Measure]:
        """Measures by name."""
        return {m.name: m for m in self.measures}

    @cached_property
    def printed(self) -> dict[str, Measure]:
        """What a start's measures will be in print (see `mobank.dynamics.printed`), by the name of each measure."""
        names = (self.origin.stock, self.origin.engaged) if self.origin else ()
        return {name: _in_print(self.measure[name]) for name in names}

    @cached_property
    def described(self) -> dict[str, Measure]:
        """Measures by name, those in print with them."""
        return self.measure | {twin.name: twin for twin in self.printed.values()}

    @cached_property
    def resource(self) -> dict[str, Resource]:
        """Resources by name."""
        return {r.name: r for r in self.resources}

    @cached_property
    def leaves(self) -> Ints:
        """Index of the state that each flow leaves, (F,); −1 for an intake."""
        return np.array([-1 if f.source is None else self.states.index(f.source) for f in self.flows], np.int64)

    @cached_property
    def enters(self) -> Ints:
        """Index of the state that each flow enters, (F,)."""
        return np.array([self.states.index(f.target) for f in self.flows], np.int64)

    @cached_property
    def exits(self) -> tuple[tuple[int, ...], ...]:
        """For each state, the indices of the flows that leave it and compete."""
        return tuple(tuple(int(f) for f in np.flatnonzero(self.leaves == k)) for k in range(len(self.states)))

    @cached_property
    def intakes(self) -> tuple[int, ...]:
        """Indices of the intakes."""
        return tuple(int(f) for f in np.flatnonzero(self.leaves < 0))

    @cached_property
    def exposed(self) -> tuple[int, ...]:
        """Indices of the states that one is exposed to."""
        return tuple(self.indices(self.exposed_to))

    @cached_property
    def rationed(self) -> dict[str, tuple[int, ...]]:
        """For each resource, the indices of the flows that it serves."""
        served = {r.name: tuple(i for i, f in enumerate(self.flows) if f.served_by == r.name) for r in self.resources}
        return {name: flows for name, flows in served.items() if flows}

    def indices(self, states: Iterable[str]) -> list[int]:
        """Return the positions of states on axis K."""
        return [self.states.index(s) for s in states]

    @cached_property
    def contagious(self) -> tuple[str, ...]:
        """Parameters that act through exposure alone: without anybody to imitate their value makes no difference."""
        found = set()
        for flow in (f for f in self.flows if EXPOSURE in f.reads):
            base = {n: 0.0 if n == EXPOSURE else self.parameter[n].plausible[0] for n in flow.reads}
            for name in (n for n in flow.reads if n != EXPOSURE):
                more = base | {name: self.parameter[name].plausible[1]}
                if flow.hazard(**base) == flow.hazard(**more):
                    found.add(name)
        return tuple(p.name for p in self.parameters if p.name in found)

    def without(self, off: frozenset[str]) -> "Model":
        """Return the model as if some parameters had never been declared.

        The flows that read one of them go, and with these whatever nothing else reads or counts.
        """
        if off not in self._reduced:
            self._reduced[off] = _without(self, off)
        return self._reduced[off]

    @cached_property
    def _reduced(self) -> "dict[frozenset[str], Model]":
        return {frozenset(): self}

    def counted_in(self, measure: str) -> Counted:
        """Return what a measure is counted in: persons; a share where stock is divided by stock; else a ratio."""
        ratio = self.described[measure].ratio
        if ratio is None:
            return "persons"
        return "share" if all(self.measure[name].stock for names in ratio for name in names) else "ratio"

    def crossings(self, measure: str) -> Ints:
        """Return how each flow changes a stock measure, (F,): +1 into it, −1 out of it, 0 within or elsewhere."""
        inside = np.zeros(len(self.states) + 1, np.int64)  # the last place stands for outside: −1 finds it
        inside[self.indices(self.measure[measure].stock)] = 1
        return np.asarray(inside[self.enters] - inside[self.leaves])


def _in_print(measure: Measure) -> Measure:
    zh = measure.zh and f"{measure.zh}（披露值）"
    return replace(measure, name=f"{measure.name}_printed", meaning=f"{measure.meaning}, as printed", zh=zh)


def _without(model: Model, off: frozenset[str]) -> Model:
    flows = tuple(f for f in model.flows if not off & set(f.reads))
    names = {f.name for f in flows}
    read = {name for f in flows for name in f.reads} | {r.capacity for r in model.resources}
    read |= {model.origin.reach} if model.origin else set()
    measures = [replace(m, flows=tuple(name for name in m.flows if name in names)) for m in model.measures]
    kept = {m.name for m in measures if m.stock or m.flows or m.ratio}
    measures = [m for m in measures if m.name in kept and {n for part in m.ratio or () for n in part} <= kept]
    return replace(
        model,
        flows=flows,
        measures=tuple(measures),
        parameters=tuple(p for p in model.parameters if p.name in read),
        whole=model,
    )


def _check_names(model: Model) -> None:
    kinds = {
        "state": model.states,
        "parameter": [p.name for p in model.parameters],
        "flow": [f.name for f in model.flows],
        "measure": [m.name for m in model.measures],
        "resource": [r.name for r in model.resources],
    }
    for kind, names in kinds.items():
        for name in names:
            if list(names).count(name) > 1:
                raise ModelError(name, f"{kind} '{name}'", "is declared twice", "")
    for state in model.exposed_to:
        _known(model, "exposed_to", "state", state)


def _known(model: Model, where: str, kind: str, name: str) -> None:
    allowed = {
        "state": list(model.states),
        "parameter": list(model.parameter),
        "measure": list(model.measure),
        "resource": list(model.resource),
        "shock": list(model.shocks),
        "flow": [f.name for f in model.flows],
    }[kind]
    if name not in allowed:
        raise ModelError(where, f"'{name}'", f"is not a {kind} of the model", did_you_mean(name, allowed))


def _check_parameters(model: Model) -> None:
    for p in model.parameters:
        low, high = p.plausible
        if not 0 <= low < high or (p.unit == "share" and high > 1):
            raise ModelError(p.name, f"plausible range {low} to {high}", f"is no range of a {p.unit}", "")
        if p.moved_by:
            _known(model, p.name, "shock", p.moved_by)
        if p.sign not in (-1, 1):
            raise ModelError(p.name, f"sign {p.sign}", "is neither +1 nor -1", "")
        if p.moved_by and p.unit == "share":
            raise ModelError(p.name, "a share", "cannot be multiplied by a shock: it could pass 1", "")
    read = {name for f in model.flows for name in f.reads} | {r.capacity for r in model.resources}
    read |= {model.origin.reach} if model.origin else set()
    for p in model.parameters:
        if p.name not in read:
            raise ModelError(p.name, "this parameter", "is read by no flow and no resource", "")


def _check_flows(model: Model) -> None:
    for flow in model.flows:
        for state in (flow.source, flow.target):
            if state is not None:
                _known(model, flow.name, "state", state)
        if flow.source == flow.target:
            raise ModelError(flow.name, f"'{flow.source}'", "is both the source and the target", "")
        if flow.served_by:
            _known(model, flow.name, "resource", flow.served_by)
        if flow.served_by and flow.source is None:
            raise ModelError(flow.name, "an intake", "cannot be rationed", "ration the flow that leaves the state")
        _check_arguments(model, flow)
    for resource in model.resources:
        _known(model, resource.name, "parameter", resource.capacity)
        if not model.parameter[resource.capacity].bank_wide:
            raise ModelError(resource.name, f"'{resource.capacity}'", "is not bank-wide", "a capacity is shared")
    for state, flows in zip(model.states, model.exits, strict=True):
        rationed = [model.flows[f].name for f in flows if model.flows[f].served_by]
        if len(rationed) > 1:
            raise ModelError(rationed[1], f"'{state}'", f"is already left by the rationed flow '{rationed[0]}'", "")


def _check_arguments(model: Model, flow: Flow) -> None:
    special = CUSTOMERS if flow.source is None else EXPOSURE
    for argument in signature(flow.hazard).parameters.values():
        if argument.kind not in (Argument.POSITIONAL_OR_KEYWORD, Argument.KEYWORD_ONLY):
            raise ModelError(flow.name, f"'*{argument.name}'", "is not one named parameter", "")
        if argument.name != special:
            _known(model, flow.name, "parameter", argument.name)
    if special == EXPOSURE and EXPOSURE in flow.reads and not model.exposed_to:
        raise ModelError(flow.name, "'exposure'", "is read, but the model says not to whom one is exposed", "")


def _check_measures(model: Model) -> None:
    for measure in model.measures:
        if sum((bool(measure.stock), bool(measure.flows), measure.ratio is not None)) != 1:
            raise ModelError(measure.name, "a measure", "is one of stock, flows and ratio", "")
        for state in measure.stock:
            _known(model, measure.name, "state", state)
        for flow in measure.flows:
            _known(model, measure.name, "flow", flow)
        for name in (*measure.ratio[0], *measure.ratio[1]) if measure.ratio else ():
            _known(model, measure.name, "measure", name)
            if model.measure[name].ratio is not None:
                raise ModelError(measure.name, f"'{name}'", "is itself a ratio", "")


def _check_origin(model: Model) -> None:
    origin = model.origin
    if origin is None:
        return
    for name in (origin.stock, origin.engaged, origin.total):
        _known(model, "origin", "measure", name)
        if not model.measure[name].stock:
            raise ModelError("origin", f"'{name}'", "counts no people in states")
    for state in (origin.rest, origin.apart):
        _known(model, "origin", "state", state)
    for path in (origin.stock_path, origin.engaged_path):
        _known(model, "origin", "shock", path)
    _known(model, "origin", "parameter", origin.reach)
    for name, twin in model.printed.items():
        if twin.name in model.measure:
            raise ModelError("origin", f"'{twin.name}'", f"is the name of '{name}' in print", "")
    if not set(model.measure[origin.engaged].stock) < set(model.measure[origin.stock].stock):
        raise ModelError("origin", f"'{origin.engaged}'", f"is not a part of '{origin.stock}'")


def _probe_values(model: Model, flow: Flow, shape: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """Return plausible values of what a flow reads, all different and none of them chosen by chance."""
    values: dict[str, NDArray[Any]] = {}
    for i, name in enumerate(flow.reads):
        low, high = {EXPOSURE: (0.01, 0.99), CUSTOMERS: (1.0, 1e9)}.get(name) or model.parameter[name].plausible
        turn = (np.arange(shape[0] * shape[1]) + 1.0) * (i + 1) * 0.6180339887498949 % 1.0
        values[name] = (low + (high - low) * turn).reshape(shape)
    return values


def _probe(model: Model, flow: Flow) -> None:
    """Run a hazard on plausible values: it must be elementwise, finite, never negative, and use what it reads."""
    values = _probe_values(model, flow, (5, 7))
    try:
        found = np.asarray(flow.hazard(**values), float)
    except Exception as error:
        raise ModelError(flow.name, f"{type(error).__name__}: {error}", "came from its hazard on arrays", "") from error
    if flow.reads and found.shape != (5, 7):
        raise ModelError(flow.name, f"shape {found.shape} from arrays of (5, 7)", "is not elementwise", "")
    found = np.broadcast_to(found, (5, 7))
    for at in np.ndindex(5, 7):
        alone = float(flow.hazard(**{name: value[at] for name, value in values.items()}))
        if not np.isclose(alone, found[at], rtol=1e-12):
            raise ModelError(flow.name, "its hazard", "is not elementwise: one person's value depends on others'", "")
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise ModelError(flow.name, "its hazard", "is negative or not finite within plausible ranges", "")
    for name in flow.reads:
        moved = values | {name: values[name] * 1.01}
        if np.array_equal(np.broadcast_to(np.asarray(flow.hazard(**moved), float), (5, 7)), found):
            raise ModelError(flow.name, f"'{name}'", "is taken by the hazard but changes nothing", "")
        absent = model.parameter[name].absent if name in model.parameter else None
        if absent is not None and np.any(flow.hazard(**(values | {name: np.full((5, 7), absent)}))):
            raise ModelError(flow.name, f"'{name}' at {absent:g}", "does not switch the flow off", "")
