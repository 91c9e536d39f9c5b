"""Start in balance: the unpublished part of a start, as the draw's own flows would have made it.

Banks publish how many are registered and how many are active; not who among them is new, lapsed or dormant, nor the
segments. A fan that starts from a guess begins with a kink while the guess relaxes. So the model itself lives through
the last reported year: it begins a year before the start, with the registered users reported then, in the
proportions that its flows sustain; and two shock paths are tilted, once and for all, until at the start it has the
reported number of registered and of active users. In other words: priors decide turnover and shape, figures levels.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mobank.base import kernels
from mobank.base.arrays import Flags, Floats
from mobank.dynamics.contacts import active_share_met, exposure_of
from mobank.dynamics.month import TINY, Chances, Values, add_up, expected_month, intake
from mobank.model.grammar import Model, Origin

YEAR = 12  # months between the two reported levels that the model passes through
ROUNDS = 30
TILT_LIMIT = 4.0  # log scale: beyond a factor of 55 the figures and the priors contradict each other
LEAST_ROOM = 0.02  # of the level: with less left to register, the reported pace has no plausible rate
CLOSE = 2e-3  # on the logit and log scales: a fifth of a month's growth, put right by scaling


@dataclass(frozen=True)
class ReportedStart:
    """What is reported, each (R,) but customers (S, R), persons: at the start, and the level a year before."""

    level: Floats
    level_before: Floats
    active: Floats
    customers: Floats


@dataclass(frozen=True)
class Lived:
    """What the last year was lived with, beside the values themselves.

    Parameters
    ----------
    mixing : (S, S) who meets whom.
    drift : log change a year of a path up to the start, (R,) by path: the users' states lag behind it.
    season : (12,) factors by calendar month, for the parameters that have them.
    month : calendar month of the start, 1 to 12.
    """

    mixing: Floats
    drift: Mapping[str, Floats]
    season: Mapping[str, Floats]
    month: int


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
    return {
        name: value * factor.get((model.parameter[name].moved_by, model.parameter[name].sign), 1.0)
        for name, value in base.items()
    }


def balance(model: Model, origin: Origin, base: Mapping[str, Floats], reported: ReportedStart, lived: Lived) -> Balance:
    """Return the start that the flows of each draw sustain; `base` is the value of each parameter, (S or 1, R)."""
    year = _Year(model, origin, base, reported, lived)
    target = _logit(reported.active / reported.level)
    added = reported.level - reported.level_before
    hopeless = (year.room() < LEAST_ROOM * reported.level) | (added <= 0.0)
    newton = Newton(np.stack([np.zeros(target.shape), year.first_guess()]))
    for _ in range(ROUNDS):
        level, active = year.live(*newton.at)
        short = np.log(np.maximum(added, 1.0) / np.maximum(level - reported.level_before, 1.0))
        missing = np.stack([target - _logit(active / level), short])
        close = (np.abs(missing) < CLOSE).all(axis=0)
        if (close | hopeless).all():
            break
        newton.step(np.where(close, 0.0, missing))  # who has arrived stays, whoever else is still on the way
    x, y = newton.at
    inside = (np.abs(newton.at) < TILT_LIMIT).all(axis=0)
    occupancy, fits = year.pinned()
    return Balance(occupancy, {origin.stock_path: y, origin.engaged_path: x}, close & inside & fits & ~hopeless)


def _logit(share: Floats) -> Floats:
    share = np.clip(share, 1e-9, 1.0 - 1e-9)
    return np.asarray(np.log(share / (1.0 - share)))


class Newton:
    """Two unknowns for each draw by itself, by Newton's steps with Broyden's update of the slopes.

    Parameters
    ----------
    at : (2, R) where it stands: tilts of the active and of the level path.

    References
    ----------
    Broyden (1965), "A class of methods for solving nonlinear simultaneous equations".
    """

    TYPICAL = ((1.6, 0.12), (0.33, 0.9))  # slopes at a national bank's start; only where the first step goes

    def __init__(self, at: Floats) -> None:
        self.at = at
        self.slopes = np.broadcast_to(np.array(self.TYPICAL)[:, :, None], (2, *at.shape)).copy()
        self.last: tuple[Floats, Floats] | None = None

    def step(self, missing: Floats) -> None:
        """Move to where nothing should be missing, given what is missing here, (2, R); 0, 0 stays in place."""
        if self.last is not None:
            moved, before = self.last
            gained = before - missing
            error = gained - np.stack([self.slopes[i, 0] * moved[0] + self.slopes[i, 1] * moved[1] for i in (0, 1)])
            self.slopes += error[:, None] * moved / np.maximum(moved[0] ** 2 + moved[1] ** 2, 1e-12)
        (a, b), (c, d) = self.slopes
        flat = a * d - b * c
        determinant = np.where(np.abs(flat) > 0.05, flat, 0.05)
        towards = np.stack([d * missing[0] - b * missing[1], a * missing[1] - c * missing[0]]) / determinant
        moved = np.clip(towards, -1.0, 1.0)
        self.last = moved, missing
        self.at = self.at + moved


class _Year:
    """The last reported year, lived by the model's expectations."""

    def __init__(
        self, model: Model, origin: Origin, base: Mapping[str, Floats], reported: ReportedStart, lived: Lived
    ) -> None:
        self.model, self.origin, self.base, self.reported, self.lived = model, origin, base, reported, lived
        still = np.zeros(reported.level.shape)
        self.level_drift, self.active_drift = (
            lived.drift.get(p, still) for p in (origin.stock_path, origin.engaged_path)
        )
        self.inside = model.indices(model.measure[origin.stock].stock)
        self.lively = model.indices(model.measure[origin.engaged].stock)
        self.rest, self.apart = model.states.index(origin.rest), model.states.index(origin.apart)
        self.growth = np.maximum(reported.level - reported.level_before, 0.0) / YEAR / reported.level_before
        self.customers_before = self._customers_before()
        self.reachable = base[origin.reach] * self.customers_before
        exposed = self.reachable * (reported.active / add_up(self.reachable))
        self.exposure_before = (
            active_share_met(lived.mixing, exposed, self.customers_before) if model.exposed_to else None
        )
        self.chances = Chances(model, *reported.customers.shape)
        self.occupancy = np.zeros((len(model.states), *reported.customers.shape))
        self._place(
            self.reachable * (reported.level_before / add_up(self.reachable)), np.ones((len(self.inside), 1, 1))
        )

    def _customers_before(self) -> Floats:
        """Return customers a year before the start, (S, R): those whose growth at the base values ends in today's."""
        values = Values(self.base, frozenset())
        grown = self.reported.customers
        for _ in range(YEAR):
            grown = grown + add_up(intake(self.model, values, grown))
        return np.asarray(self.reported.customers**2 / grown)

    def room(self) -> Floats:
        """Return how many more could register at the start, (R,) persons."""
        return np.asarray(add_up(self.base[self.origin.reach] * self.reported.customers) - self.reported.level)

    def first_guess(self) -> Floats:
        """Return the tilt of the level path, (R,), at which the steady state a year ago holds what was reported."""
        y = self._steady(np.zeros(self.growth.shape), np.zeros(self.growth.shape))
        return np.asarray(np.clip(y, -TILT_LIMIT, TILT_LIMIT))

    def live(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the level and the active at the start, (R,) each, after a year with tilts x and y (R,)."""
        self._steady(x, y)
        moves = np.zeros((len(self.model.flows), *self.reported.customers.shape))
        customers = self.customers_before
        for months_ago in range(YEAR - 1, -1, -1):
            exposure = exposure_of(self.model, self.lived.mixing, self.occupancy, customers)
            values = self._values(x, y, months_ago)
            expected_month(self.chances, self.occupancy, customers, values, exposure, moves)
            kernels.move(self.occupancy, moves, self.model.leaves, self.model.enters)
            customers = customers + add_up([moves[f] for f in self.model.intakes])
        return people_in(self.occupancy[self.inside]), people_in(self.occupancy[self.lively])

    def pinned(self) -> tuple[Floats, Flags]:
        """Return the occupancy with the reported figures met to the last person, and (R,) whether there is room."""
        idle = [k for k in self.inside if k not in self.lively]
        for states, persons in (
            (self.lively, self.reported.active),
            (idle, self.reported.level - self.reported.active),
        ):
            self.occupancy[states] *= persons / np.maximum(people_in(self.occupancy[states]), TINY)
        others = [k for k in range(len(self.model.states)) if k != self.rest]
        left = self.reported.customers - add_up([self.occupancy[k] for k in others])
        self.occupancy[self.rest] = np.maximum(left, 0.0)
        return self.occupancy, np.asarray((left > 0.0).all(axis=0))

    def _values(self, x: Floats, y: Floats, months_ago: int) -> Values:
        years = months_ago / 12.0
        tilt = {
            self.origin.stock_path: y - self.level_drift * years,
            self.origin.engaged_path: x - self.active_drift * years,
        }
        value = tilted(self.model, self.base, tilt)
        if months_ago < YEAR:  # the steady state a year ago stands for the mean of the seasons
            month = (self.lived.month - 1 - months_ago) % 12
            value |= {name: value[name] * factors[month] for name, factors in self.lived.season.items()}
        return Values(value, frozenset(value))

    def _place(self, registered: Floats, weights: Floats) -> None:
        """Put the registered of each segment (S, R) in their states by weight, and nobody in closed ones."""
        self.occupancy[:] = 0.0
        total = weights.sum(axis=0)
        for k, weight in zip(self.inside, weights, strict=True):
            self.occupancy[k] = registered * (weight / total)
        self.occupancy[self.rest] = np.maximum(self.reachable - registered, 0.0)
        self.occupancy[self.apart] = self.customers_before - self.reachable

    def _steady(self, x: Floats, y: Floats) -> Floats:
        """Put everybody where the flows of a year ago sustain them, and return the tilt that this asks for, (R,)."""
        odds = self.chances.update(self._values(x, y, YEAR), self.exposure_before)
        per_rest = sustained(self.model, self.origin, odds, self.growth)
        registered, tilt = spread(self.reachable, add_up(per_rest), self.reported.level_before)
        self._place(registered, np.maximum(per_rest, TINY))
        return y + tilt


def sustained(model: Model, origin: Origin, odds: Floats, growth: Floats) -> Floats:
    """Return who is registered, by state and per person of the rest, (states of the level, S, R), at a steady growth.

    With n the registered by state per unit of inflow v, P the chances between their states and g the growth a month
    (R,), a growing steady state has (1 + g) n = Pᵀ n + v: a small linear system for each segment.
    """
    inside, rest = model.indices(model.measure[origin.stock].stock), model.states.index(origin.rest)
    size = len(inside)
    system = np.zeros((*odds.shape[1:], size, size))
    system[...] = np.eye(size) * growth[:, None, None]
    inflow = np.zeros((*odds.shape[1:], size, 1))
    for f, (source, target) in enumerate(zip(model.leaves, model.enters, strict=True)):
        if source == rest and target in inside:
            inflow[..., inside.index(target), 0] += odds[f]
        if source in inside:
            i = inside.index(source)
            system[..., i, i] += odds[f]
            if target in inside:
                system[..., inside.index(target), i] -= odds[f]
    return np.moveaxis(np.linalg.solve(system, inflow)[..., 0], -1, 0)


def spread(reachable: Floats, ratio: Floats, level: Floats) -> tuple[Floats, Floats]:
    """Return registered by segment, (S, R), at odds ratio · e^t, and t (R,) such that they sum to the level (R,)."""
    t = np.zeros(level.shape)
    for _ in range(12):
        share = 1.0 - 1.0 / (1.0 + ratio * np.exp(t))
        now, slope = add_up(reachable * share), add_up(reachable * share * (1.0 - share))
        t = t + np.clip((level - now) / np.maximum(slope, 1e-9 * level), -2.0, 2.0)
    return np.asarray(reachable * (1.0 - 1.0 / (1.0 + ratio * np.exp(t)))), t


def people_in(occupancy: Floats) -> Floats:
    """Return persons over states and segments, (R,), added in order."""
    return np.asarray(add_up(add_up(occupancy)))
