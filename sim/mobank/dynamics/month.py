"""One month of any model: hazards become chances, capacity becomes places.

What is written here once is what every fidelity shares; a fidelity adds who is drawn and who is served.
Working arrays put the flow F or state K first, then segment S and replicate R last: what all replicates
share is then one number against a contiguous row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mobank.base import kernels
from mobank.base.arrays import Floats, Ints, People
from mobank.model.grammar import CUSTOMERS, EXPOSURE, Model

TINY = 1e-300  # keeps 0 / 0 at 0
UNLIMITED = np.int64(2**62)  # places that nobody can use up


@dataclass(frozen=True)
class Values:
    """The value of each parameter in one month, each (S or 1, R or 1), and which of them are new this month."""

    value: Mapping[str, Floats]
    changed: frozenset[str]

    def capacity(self, model: Model, resource: str, replicates: int) -> Floats:
        """Return the capacity of a resource this month in each replicate, (R,) persons."""
        return np.broadcast_to(self.value[model.resource[resource].capacity][0], (replicates,))


def add_up(arrays: People | Sequence[People]) -> People:
    """Return the sum over the first axis, added in order so that no bit depends on the shape of the rest."""
    total: People = arrays[0] + (arrays[1] if len(arrays) > 1 else 0)
    for array in arrays[2:]:
        total += array
    return total


def chance(hazard: Floats) -> Floats:
    """Return 1 − e^(−hazard), the one place where a rate per month becomes a chance."""
    out = np.empty(hazard.shape)
    kernels.chances(np.ascontiguousarray(hazard).ravel(), out.ravel())
    return out


@dataclass
class Chances:
    """The chance of each flow this month, (F, S, R), recomputed only where something that it reads has changed."""

    model: Model
    segments: int
    replicates: int
    of: Floats = field(init=False)
    hazard: dict[int, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Set aside the table."""
        self.of = np.zeros((len(self.model.flows), self.segments, self.replicates))

    def update(self, values: Values, exposure: Floats | None) -> Floats:
        """Return the chances of the month; the array is reused, not to be kept."""
        new = values.changed if exposure is None else values.changed | {EXPOSURE}
        for flows in self.model.exits:
            moved = [f for f in flows if f not in self.hazard or not new.isdisjoint(self.model.flows[f].reads)]
            for f in moved:
                self.hazard[f] = self._evaluate(f, values, exposure)
            if moved:
                self._compete(flows)
        return self.of

    def _evaluate(self, f: int, values: Values, exposure: Floats | None) -> Floats:
        flow = self.model.flows[f]
        read = {name: exposure if name == EXPOSURE else values.value[name] for name in flow.reads}
        return np.asarray(flow.hazard(**read), float)

    def _compete(self, flows: tuple[int, ...]) -> None:
        """Pr(flow f) = h_f / H · (1 − e^(−H)), H the sum over the flows that leave one state."""
        if len(flows) == 1:
            self.of[flows[0]] = chance(self.hazard[flows[0]])
            return
        total = self.hazard[flows[0]]
        for f in flows[1:]:
            total = total + self.hazard[f]
        per_hazard = chance(total) / np.maximum(total, TINY)
        for f in flows:
            np.multiply(self.hazard[f], per_hazard, out=self.of[f])

    def while_waiting(self, asked: int) -> dict[int, Floats]:
        """Return, for who asked to be served, the chance of each other flow in what is left of the month, (S, R).

        People ask at some moment of the month; had they not, the other flows would have taken (in all) as many as
        they take without the desk. The difference is what those who wait still face, so that a closed desk
        gives the very law of no desk, and more demand for help never lowers the number who leave.
        """
        others = [f for f in self.model.exits[int(self.model.leaves[asked])] if f != asked]
        if not others:
            return {}
        total = self.hazard[others[0]]
        for f in others[1:]:
            total = total + self.hazard[f]
        per_hazard = chance(total) / np.maximum(total, TINY)
        ask = self.of[asked]
        return {
            f: np.clip(
                np.divide(self.hazard[f] * per_hazard - self.of[f], ask, out=np.zeros(ask.shape), where=ask > 0),
                0.0,
                1.0,
            )
            for f in others
        }


def intake(model: Model, values: Values, customers: Floats) -> Floats:
    """Return persons who come from outside this month, (intakes, S, R), not yet whole."""
    come = np.empty((len(model.intakes), *customers.shape))
    for i, f in enumerate(model.intakes):
        flow = model.flows[f]
        come[i] = flow.hazard(**{n: customers if n == CUSTOMERS else values.value[n] for n in flow.reads})
    return come


def whole(amount: Floats, carried: Floats) -> Ints:
    """Return whole persons of an amount, keeping the fraction in `carried` for the next month.

    Truncating each month would lose half a person a month; the sum of what is returned never differs from the sum
    of the amounts by one. An infinite amount comes back as `UNLIMITED` and carries nothing.
    """
    unlimited = np.isinf(amount)
    due = np.where(unlimited, 0.0, amount) + carried
    persons = np.floor(due)
    carried[...] = due - persons
    return np.where(unlimited, UNLIMITED, persons.astype(np.int64))


Wait = Callable[[int, int, People, Floats, NDArray[np.intp]], People]
Serve = Callable[[str, People, People, NDArray[np.intp]], People]


def ration(chances: Chances, moves: People, places: Mapping[str, People], wait: Wait, serve: Serve) -> None:
    """Cut the moves of rationed flows to the places there are, only for the replicates where that binds.

    Those who asked first face the other flows of their state for what is left of the month (`wait`); the places go
    to those still waiting, of all flows and segments alike (`serve`); the rest stay and may ask again.

    Parameters
    ----------
    moves : (F, S, R) persons; changed in place.
    places : for each resource, persons who can be served this month, (R,).
    wait : (asked flow, other flow, askers (S, B), chance (S, B), rows (B,)) -> persons who leave by the other flow.
    serve : (resource, askers (flows × S, B), places (B,), rows (B,)) -> persons served, shaped as askers.
    """
    model = chances.model
    for resource, flows in model.rationed.items():
        if places[resource].min() >= UNLIMITED:
            continue
        asked = add_up(np.concatenate([moves[f] for f in flows]))
        rows = np.flatnonzero(asked > places[resource])
        if not rows.size:
            continue
        waiting = []
        for f in flows:
            still = moves[f][:, rows]
            left = np.ones(still.shape)  # chance of having left by none of the others so far
            for other, q in chances.while_waiting(f).items():
                gone = wait(f, other, still, np.minimum(q[:, rows] / left, 1.0), rows)
                moves[other][:, rows] += gone
                still = still - gone
                left = np.maximum(left - q[:, rows], TINY)
            waiting.append(still)
        served = serve(resource, np.concatenate(waiting), places[resource][rows], rows)
        for f, part in zip(flows, np.split(served, len(flows)), strict=True):
            moves[f][:, rows] = part


def expected_month(
    chances: Chances, occupancy: Floats, customers: Floats, values: Values, exposure: Floats | None, moves: Floats
) -> None:
    """Fill `moves` (F, S, R) with the expected moves of one month out of `occupancy` (K, S, R), capacity included."""
    model, odds = chances.model, chances.update(values, exposure)
    kernels.expect(occupancy, odds, model.leaves, moves)
    places = {name: values.capacity(model, name, chances.replicates) for name in model.rationed}
    ration(chances, moves, places, _expected_wait, _expected_serve)
    if model.intakes:
        moves[list(model.intakes)] = intake(model, values, customers)


def _expected_wait(asked: int, other: int, askers: Floats, chance: Floats, rows: NDArray[np.intp]) -> Floats:
    return np.asarray(askers * chance)


def _expected_serve(resource: str, askers: Floats, places: Floats, rows: NDArray[np.intp]) -> Floats:
    share = np.minimum(1.0, places / np.maximum(add_up(askers), TINY))
    return np.asarray(askers * share)
