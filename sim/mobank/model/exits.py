"""By which ways idle people leave a model's level: where dormant registrations go that are written off."""

import numpy as np

from mobank.base.arrays import Ints
from mobank.model.grammar import Model


def exits_of_idle(model: Model) -> Ints:
    """Return the states of the level that are not active and have a flow out of it, each with its target, (E, 2).

    Where a state has several such flows, the first of them counts.
    """
    if model.origin is None:
        return np.empty((0, 2), np.int64)
    active = model.indices(model.measure[model.origin.engaged].stock)
    out = [f for f, crossing in enumerate(model.crossings(model.origin.stock)) if crossing < 0]
    found = {int(model.leaves[f]): int(model.enters[f]) for f in reversed(out) if model.leaves[f] not in active}
    return np.array(sorted(found.items()), np.int64).reshape(-1, 2)
