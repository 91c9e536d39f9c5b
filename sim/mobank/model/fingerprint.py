"""The fingerprint of a model: a digest of the law by which people move.

A posterior or a run is of one law. What it needs from a model is not how the model is written but what it does, so the
hazards are probed on a fixed grid and rounded; names, ends of flows and what the start holds are taken as they are.
Order, meanings, plausible ranges and measures that no start rests on change nobody's way and are left out; so are the
flows that are switched off, by the fingerprint being that of the model without them (`Model.without`).
"""

import json
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

from mobank.base.arrays import Floats
from mobank.model.grammar import CUSTOMERS, EXPOSURE, Flow, Measure, Model, Parameter

POINTS = 24
DIGITS = 10  # of a hazard: an other processor's last bit is no other law
GOLDEN = 0.6180339887498949
RANGES = {
    "rate": (0.001, 1.5),
    "share": (0.02, 0.98),
    "persons a month": (1.0, 1e9),
    "number": (0.1, 3.0),
    EXPOSURE: (0.01, 0.99),
    CUSTOMERS: (1.0, 1e9),
}


@lru_cache(maxsize=8)
def fingerprint(model: Model) -> str:
    """Return the digest of a model's law, 32 hexadecimal digits."""
    law = {
        "states": sorted(model.states),
        "exposed_to": sorted(model.exposed_to),
        "shocks": sorted(model.shocks),
        "parameters": {p.name: _parameter(p) for p in model.parameters},
        "resources": {r.name: r.capacity for r in model.resources},
        "flows": {f.name: [f.source, f.target, f.served_by, _probed(model, f)] for f in model.flows},
        "origin": _origin(model),
    }
    return blake2b(json.dumps(law, sort_keys=True).encode(), digest_size=16).hexdigest()


def _parameter(parameter: Parameter) -> list[Any]:
    moved = [parameter.moved_by, parameter.sign] if parameter.moved_by else []
    return [parameter.unit, parameter.bank_wide, *moved]


def _origin(model: Model) -> list[Any]:
    """Return what a start holds: the measures by the states that they count, the paths, and who is out of reach."""
    origin = model.origin
    if origin is None:
        return []
    counted = [_counted(model.measure[name]) for name in (origin.stock, origin.engaged, origin.total)]
    return [*counted, origin.stock_path, origin.engaged_path, origin.rest, origin.apart, origin.reach]


def _counted(measure: Measure) -> list[Any]:
    return [measure.name, *sorted(measure.stock)]


def _probed(model: Model, flow: Flow) -> list[str]:
    """Return a hazard at points of the grid, as text."""
    values = {name: _grid(model, name, i) for i, name in enumerate(sorted(flow.reads))}
    found = np.broadcast_to(np.asarray(flow.hazard(**values), float), (POINTS,))
    return [*values, *(f"{value:.{DIGITS}g}" for value in found)]


def _grid(model: Model, name: str, turn: int) -> Floats:
    """Return values of an argument, (POINTS,): spread evenly on the log scale, each argument in an order of its own."""
    low, high = RANGES[name] if name in (EXPOSURE, CUSTOMERS) else RANGES[model.parameter[name].unit]
    return np.asarray(low * (high / low) ** ((np.arange(POINTS) + 1.0) * (turn + 1) * GOLDEN % 1.0))
