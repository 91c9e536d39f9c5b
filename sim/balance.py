"""Start in balance: the unpublished part of a start, as the draw's own flows would hold it.

Banks publish how many are registered and how many are active; not who among them is new, lapsed or dormant, nor the
segments. A fan that starts from a guess begins with a kink while the guess relaxes. So two shock paths are tilted,
once and for all, until the model by itself (1) adds registered users at the reported pace and (2) holds the reported
number of active ones, with every segment and state in the proportions that its flows sustain at that growth. In
other words: rates keep their prior products (turnover), figures decide their ratios (level).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.contacts import exposure_of
from sim.spec import Model, Origin
from sim.step import Chances, Values, add_up, apply, expected_month

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HISTORY_MONTHS = 24  # of drift before the start; where it begins, states are in balance with its slope left out
ROUNDS = 9
TILT_LIMIT = 4.0  # log scale: beyond a factor of 55 the figures and the priors contradict each other
CLOSE = 1e-4  # of the logit of the active share; the rest is put right by scaling, far below what one can see


@dataclass(frozen=True)
class Reported:
    """What is reported at the start, each (R,) but customers (S, R), persons.

    `growth_a_month` is the net growth of the level measure, as a fraction of it.
    """

    level: Floats
    growth_a_month: Floats
    active: Floats
    customers: Floats


@dataclass(frozen=True)
class Balance:
    """A start that the flows sustain.

    Parameters
    ----------
    occupancy : (K, S, R) persons, fractional.
    tilt : log tilt of each shock path that makes it so, (R,).
    feasible : (R,) False where no tilt does: the draw contradicts the figures.
    """

    occupancy: Floats
    tilt: Mapping[str, Floats]
    feasible: Flags


def tilted(model: Model, base: Mapping[str, Floats], tilt: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the base values with each shock path displaced by its tilt (R,), sign by sign."""
    factor = {(path, sign): np.exp(sign * by) for path, by in tilt.items() for sign in (1, -1)}
    return {name: value * factor.get((model.parameter[name].moved_by, model.parameter[name].sign), 1.0)
            for name, value in base.items()}  # fmt: skip


def balance(
    model: Model, origin: Origin, base: Mapping[str, Floats], reported: Reported, mixing: Floats,
    drift: Mapping[str, Floats],
) -> Balance:  # fmt: skip
    """Return the start that the flows of each draw sustain.

    Parameters
    ----------
    base : value of each parameter, each (S or 1, R).
    drift : log change a year of a path up to the start, (R,) by path: the users' states lag behind it.
    """
    solver = _Solver(model, origin, base, reported, mixing, drift)
    target = _logit(reported.active / reported.level)
    x, step, reached = np.zeros(target.shape), np.zeros(target.shape), np.empty(0)
    slope = np.full(target.shape, 2.0)  # rates into activity × e^x and out of it × e^−x: twice x on the logit scale
    for _ in range(ROUNDS):
        last = reached
        reached = _logit(solver.settle(x))
        missing = target - reached
        if np.all(np.abs(missing) < CLOSE):
            break
        if last.size:
            moved = np.abs(step) > 1e-9
            slope = np.where(moved, np.clip((reached - last) / np.where(moved, step, 1.0), 0.2, 4.0), slope)
        step = np.clip(missing / slope, -1.0, 1.0)
        x = np.clip(x + step, -TILT_LIMIT, TILT_LIMIT)
    occupancy = solver.pinned()
    feasible = (np.abs(target - reached) < CLOSE) & (solver.rest_left > 0) & np.isfinite(solver.y)
    feasible &= np.abs(solver.y) < TILT_LIMIT * 2
    return Balance(occupancy, {origin.level_path: solver.y, origin.active_path: x}, feasible)


def _logit(share: Floats) -> Floats:
    share = np.clip(share, 1e-9, 1.0 - 1e-9)
    return np.asarray(np.log(share / (1.0 - share)))


class _Solver:
    """Runs the model's expectations up to the start, in a frame that grows with the level measure."""

    def __init__(
        self, model: Model, origin: Origin, base: Mapping[str, Floats], reported: Reported, mixing: Floats,
        drift: Mapping[str, Floats],
    ) -> None:  # fmt: skip
        self.model, self.origin, self.base, self.reported, self.mixing = model, origin, base, reported, mixing
        self.drift = drift.get(origin.active_path, np.zeros(reported.level.shape))
        self.inside = model.indices(model.measure[origin.level].stock)
        self.lively = model.indices(model.measure[origin.active].stock)
        self.rest, self.apart = model.states.index(origin.rest), model.states.index(origin.apart)
        self.signs = model.crossings(origin.level)
        self.reachable = base[origin.reach] * reported.customers
        self.y = np.zeros(reported.level.shape)
        self.occupancy = np.zeros((len(model.states), *reported.customers.shape))
        self.rest_left = np.ones(reported.level.shape)

    def settle(self, x: Floats) -> Floats:
        """Return the active share at the start for a tilt x (R,), leaving occupancy and the other tilt behind."""
        chances = Chances(self.model, *self.reported.customers.shape)
        moves = np.zeros((len(self.model.flows), *self.reported.customers.shape))
        self._steady(chances, self._values(x, HISTORY_MONTHS))
        for months_ago in range(HISTORY_MONTHS - 1, -1, -1):
            values = self._values(x, months_ago)
            expected_month(chances, self.occupancy, values, exposure_of(self.model, self.mixing, self.occupancy), moves)
            self._aim(moves)
            moves[list(self.model.intakes)] = 0.0  # the frame grows with the bank
            apply(self.model, self.occupancy, moves)
            self._rescale(self.inside, self.reported.level)
            self._refill()
        return np.asarray(_people(self.occupancy[self.lively]) / self.reported.level)

    def pinned(self) -> Floats:
        """Return the occupancy with the reported figures met to the last person."""
        self._rescale(self.lively, self.reported.active)
        self._rescale([k for k in self.inside if k not in self.lively], self.reported.level - self.reported.active)
        self._refill()
        return self.occupancy

    def _values(self, x: Floats, months_ago: int) -> Values:
        tilt = {self.origin.level_path: self.y, self.origin.active_path: x - self.drift * (months_ago / 12.0)}
        value = tilted(self.model, self.base, tilt)
        return Values(value, frozenset(value))

    def _aim(self, moves: Floats) -> None:
        """Turn the level path towards the reported growth: gross inflow = net growth + those who leave."""
        come = sum(_people(moves[f][None]) for f in np.flatnonzero(self.signs > 0))
        gone = sum((_people(moves[f][None]) for f in np.flatnonzero(self.signs < 0)), np.zeros(self.y.shape))
        needed = self.reported.level * self.reported.growth_a_month + gone
        with np.errstate(divide="ignore", invalid="ignore"):
            self.y = self.y + np.clip(np.nan_to_num(np.log(needed / come), nan=1.0), -1.0, 1.0)

    def _rescale(self, states: list[int], persons: Floats) -> None:
        now = _people(self.occupancy[states])
        self.occupancy[states] *= persons / np.maximum(now, 1e-300)

    def _refill(self) -> None:
        """Put whoever is reachable and not registered in the rest state; nobody has deregistered before the start."""
        outside = [k for k in range(len(self.model.states)) if k not in self.inside]
        self.occupancy[outside] = 0.0
        left = self.reachable - add_up(self.occupancy[self.inside])
        self.rest_left = (left / self.reachable).min(axis=0)
        self.occupancy[self.rest] = np.maximum(left, 1e-3 * self.reachable)
        self.occupancy[self.apart] = self.reported.customers - self.reachable

    def _steady(self, chances: Chances, values: Values) -> None:
        """Solve for the states that grow in proportion at the values of one month (a small linear system a segment).

        With n the registered by state per unit of inflow v and P the chances between their states, a growing
        steady state has (1 + g) n = Pᵀ n + v.
        """
        if not self.occupancy.any():
            self.occupancy[self.inside] = self.reachable * 0.5 / len(self.inside)
            self._refill()
        odds = chances.update(values, exposure_of(self.model, self.mixing, self.occupancy))
        size = len(self.inside)
        system = np.zeros((*self.reported.customers.shape, size, size))
        system[...] = np.eye(size) * self.reported.growth_a_month[:, None, None]
        inflow = np.zeros((*self.reported.customers.shape, size, 1))
        for f, (source, target) in enumerate(zip(self.model.leaves, self.model.enters, strict=True)):
            if source == self.rest and target in self.inside:
                inflow[..., self.inside.index(target), 0] += odds[f]
            if source in self.inside:
                i = self.inside.index(source)
                system[..., i, i] += odds[f]
                if target in self.inside:
                    system[..., self.inside.index(target), i] -= odds[f]
        stay = np.linalg.solve(system, inflow)[..., 0]  # registered by state per person of the rest
        ratio = stay.sum(axis=-1)
        registered = self._spread(ratio)
        share = stay / np.maximum(ratio, 1e-300)[..., None]
        for i, k in enumerate(self.inside):
            self.occupancy[k] = registered * share[..., i]
        self._refill()

    def _spread(self, ratio: Floats) -> Floats:
        """Return registered by segment, (S, R): odds ratio · e^y in each, y such that they sum to the level."""
        y = np.zeros(self.y.shape)
        for _ in range(30):
            odds = ratio * np.exp(y)
            share = odds / (1.0 + odds)
            now = add_up(self.reachable * share)
            slope = add_up(self.reachable * share * (1.0 - share))
            y = y + np.clip((self.reported.level - now) / np.maximum(slope, 1e-9), -2.0, 2.0)
        self.y = self.y + y
        odds = ratio * np.exp(y)
        return np.asarray(self.reachable * odds / (1.0 + odds))


def _people(occupancy: Floats) -> Floats:
    """Return persons over states and segments, (R,), added in order."""
    return add_up(add_up(occupancy))
