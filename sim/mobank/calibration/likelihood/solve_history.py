"""The model passes through the reported months, exactly through every figure, whatever the draw.

Stretch by stretch the shocks that take the model to its figures are solved by Newton's method. Their log density under
one Gaussian law (`mobank.calibration.likelihood.law`) minus the log of the slopes' determinant is what the figures say
of a draw (the change of variables from shocks to figures), so chance runs through the dynamics: an error in one month
moves all that follow (King et al. 2015, "Avoidable errors in the modelling of outbreaks of emerging pathogens").

Before the first figure the bank is taken to have grown steadily, as its flows would have it grow with that many
registered. Customers are the pool: they grow as reported, and at the draw's own rate where nothing is reported; what
their figures say about that rate is left to its prior, so that it is not counted twice.

A figure may be in error by its rounding, by noise and by a season of the measure. Such errors put something into the
shocks and flows that are solved through it, and take it out of the next ones; to first order that is a linear map, and
widens the law. It is taken around the season that the figures themselves show, so that what is left is small.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from mobank.base.arrays import Flags, Floats, Ints, Rows
from mobank.base.kernels import gaussian, passage
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL, Stretch
from mobank.calibration.likelihood.compiled_model import filler
from mobank.calibration.likelihood.flows import Residuals
from mobank.calibration.likelihood.history import History, value_at
from mobank.calibration.likelihood.retention import Months
from mobank.dynamics.draws import base_values, shock_sizes
from mobank.dynamics.month import Values, add_up, intake
from mobank.dynamics.shocks import ShockSizes
from mobank.model.exits import exits_of_idle
from mobank.scenario.scenario import Value

LOG_2PI = float(np.log(2.0 * np.pi))
LEAST_WIGGLE = 0.01  # of a figure beside another of the same month, log scale: no two counts agree better
REASONS = {
    passage.NO_WAY: "no shock leads to the figures",
    passage.NO_SLOPE: "the figures do not move with the shocks",
    passage.TOO_FAR: "the shock is beyond a factor of 55",
    passage.NO_STEADY: "no steady state",
    passage.TOO_MANY_OFF: "more written off than there are idle users who can leave",
    10: "fewer people than are registered",
    11: "no covariance",
}
SMALL_POOL, NO_COVARIANCE = 10, 11


@dataclass(frozen=True)
class HistoryState:
    """Where everybody is at the end of a month: occupancy (K, S, R) and customers (S, R), persons."""

    occupancy: Floats
    customers: Floats

    def columns(self, rows: Rows) -> "HistoryState":
        """Return the state of some draws, by their positions (B,)."""
        return HistoryState(np.take(self.occupancy, rows, -1), np.take(self.customers, rows, -1))


@dataclass(frozen=True)
class Pathway:
    """What some draws make of the history.

    Parameters
    ----------
    log_density : (R,) of the solved shocks, per person of the figures; −inf where a figure cannot be reached.
    innovations, shocks : (n, R) of each block: independent standard normals, and log scale.
    marks : level, active and everyone at each month at which a block ends, (M, 3, R) persons.
    state : at the last figure.
    retained : share of each cell of the retention, (c, R).
    why : (R,) 0, or the reason why a draw is impossible, a key of `REASONS`.
    """

    log_density: Floats
    innovations: Floats
    shocks: Floats
    marks: Floats
    state: HistoryState
    retained: Floats
    why: Ints

    @property
    def possible(self) -> Flags:
        """Which draws pass through every figure, (R,)."""
        return np.isfinite(self.log_density)

    @property
    def refused(self) -> dict[str, int]:
        """How many draws are impossible, by reason."""
        return {REASONS[int(why)]: count for why, count in sorted(Counter(self.why[self.why > 0]).items())}


@dataclass(frozen=True)
class Inputs:
    """What some draws put into the months.

    Parameters
    ----------
    base : value of each parameter, (S or 1, R). values : distinct ones, one below the other, (V, R).
    sizes : of the shocks. level, everyone : at the first figure, (R,) persons.
    growth : of everyone in each month, as a share, (T, R).
    goals : value of each figure, (R,) persons, by name; in the definition of the rest.
    written_off : persons in each month, (T, R); (0, R) where there is no clean-up.
    """

    history: History
    base: Mapping[str, Floats]
    values: Floats
    sizes: ShockSizes
    level: Floats
    everyone: Floats
    growth: Floats
    goals: Mapping[str, Floats]
    written_off: Floats

    @classmethod
    def of(cls, history: History, z: Floats) -> "Inputs":
        """Return those of draws with coordinates z (D, R)."""
        drawn = _Drawn(history, z)
        base, sizes = base_values(history.model, history.target, drawn), shock_sizes(history.target, drawn)
        wide = {f.name for f in history.wide}
        goals = {
            f.name: value_at(f, z[history.row[f.name]]) if f.name in wide else np.full(z.shape[1], f.interval.middle)
            for f in history.figures
        }
        for each in history.joined:
            goals[each.figure.name] = goals[each.figure.name] / each.prior.of_normal(z[history.row[each.factor]])
        level = goals[history.reported(history.origin.stock)[0].name]
        everyone, growth = _pool(history, base, goals, level, drawn)
        off = np.zeros((history.length if history.clean_ups else 0, z.shape[1]))
        for at, name in history.clean_ups.items():
            off[at - 1] = drawn(history.target.clean_ups[history.first + at], name)
        return cls(history, base, history.layout.stacked(base), sizes, level, everyone, growth, goals, off)


@dataclass(frozen=True)
class _Drawn:
    """What is drawn of a value, by its name: (R,)."""

    history: History
    z: Floats

    def __call__(self, value: Value, item: str) -> Floats:
        known = item in self.history.priors
        return (
            value.prior.of_normal(self.z[self.history.row[item]])
            if known
            else np.full(self.z.shape[1], value.prior.centre)
        )


def _pool(
    history: History, base: Mapping[str, Floats], goals: Mapping[str, Floats], level: Floats, drawn: _Drawn
) -> tuple[Floats, Floats]:
    """Return everyone at the first figure of the level, (R,), and by which share they grow in each month, (T, R)."""
    shares = np.array([segment.share for segment in history.target.segments])[:, None]
    ones = shares * np.ones_like(level)
    own = 1.0 + (
        add_up(add_up(intake(history.model, Values(base, frozenset()), ones))) if history.model.intakes else 0.0
    )
    months = history.length
    pool = history.target.pool
    if pool is not None:
        headroom = drawn(history.priors.get("pool.headroom", pool.headroom), "pool.headroom")
        return level * (1.0 + headroom), np.tile(own - 1.0, (months, 1))
    figures = history.reported(history.origin.total)
    log = np.tile(np.log(own * np.ones_like(level)), (months, 1))
    for a, b in pairwise(figures):
        rate = np.log(goals[b.name] / goals[a.name]) / (b.month - a.month)
        log[max(a.month - history.first, 0) : max(b.month - history.first, 0)] = rate
    anchor = next((f for f in figures if f.month >= history.first), figures[-1])
    ahead = anchor.month - history.first
    since = log[:ahead].sum(axis=0) if ahead >= 0 else ahead * np.log(own)
    return goals[anchor.name] * np.exp(-since), np.expm1(log)


# ------------ all stretches


@dataclass
class Solver:
    """Some draws on their way through the stretches; those that cannot go on are left behind.

    Parameters
    ----------
    shocks : (n, R) of the blocks, log scale. made : (n, R) independent normals that made them, errors left out.
    factors : (R, n, n) Cholesky factors of the shocks' covariance without errors.
    slopes : (n + f, z, R) change of each block's shock, and at the end of each flow's residual, with the log of figures
        `at` (n + f, z), −1 for none.
    residuals : of the reported flows, then of the reported retention. retained : (c, R) shares made of the latter.
    log : (R,) what is known so far of the log density. counted, moved : (T + 1, 2, R), (T, F, R) of all months.
    swayed : (T, F, z, R) change of `moved` with the log of the figures `sways` (T, z); no month where none is in error.
    """

    history: History
    inputs: Inputs
    z: Floats
    why: Ints = field(init=False)
    residuals: Residuals = field(init=False)
    retained: Floats = field(init=False)

    def __post_init__(self) -> None:
        history, draws, count = self.history, self.z.shape[1], len(self.history.blocks)
        model, origin = history.model, history.origin
        self.fill = filler(model, history.layout.groups)
        self.inside = np.array([np.isin(model.states, model.measure[m].stock) for m in history.measures], np.int64)
        self.within = np.flatnonzero(self.inside[LEVEL])
        self.rest, self.outside = model.states.index(origin.rest), model.states.index(origin.apart)
        reach = history.layout.values[origin.reach]
        self.reach = (history.layout.first[origin.reach] + reach.of).astype(np.int64)
        self.exits = exits_of_idle(model)
        self.exposed = np.isin(model.states, model.exposed_to).astype(np.int64)
        self.errors, law = history.errors, history.law
        self.error_sizes = (
            self.errors.variance({m: history.natural_of(f"noise.{m}", self.z) for m in history.measures}),
            history.natural_of(f"season.{origin.engaged}", self.z),
        )
        seasons = [history.natural_of(f"season.{history.paths[p]}", self.z) for p in law.seasons]
        self.numbers = law.numbers(self.inputs.sizes, seasons, history.scales_of(self.z))
        self.means = law.means(self.inputs.sizes)
        self.free = [i for stretch in history.stretches for i in stretch.free]
        lead = max(self.free, default=-1) + 1  # what has to be known of the law before a block without a figure
        self.factors = np.empty((lead, lead, draws))
        if lead:
            gaussian.leading(*self.numbers, self.factors)  # type: ignore[call-arg]
        self.why = np.zeros(draws, np.int64)
        self.shocks, self.made = self.means.copy(), np.zeros((lead, draws))
        self.log_slope, self.last = np.zeros(draws), {LEVEL: -1, ACTIVE: -1}
        widest = max((len(s.solved) for s in history.stretches), default=0)
        rows = count + len(history.flows.figures) + len(history.retention.cells)
        wide = (widest + 2) * max(history.flows.longest, history.retention.longest)
        self.at = np.full((rows, wide), -1, np.int64)
        self.slopes = np.zeros((rows, wide, draws))
        self.counted = np.full((history.length + 1, 2, draws), np.nan)
        self.moved = np.full((history.length, len(model.flows), draws) if history.flows.figures else (0, 0, 0), np.nan)
        erring = history.length if self.moved.size and self.errors.any else 0
        self.swayed = np.zeros((erring, len(model.flows), widest + 2, draws))
        self.sways = np.full((erring, widest + 2), -1, np.int64)
        segments = len(history.target.segments)
        self.occupancy = np.zeros((segments, len(model.states), draws))
        shares = np.array([segment.share for segment in history.target.segments])[:, None]
        self.customers = np.ascontiguousarray(shares * self.inputs.everyone)
        self.begun = self.occupancy, self.customers  # at the first figure, once it has been passed
        self.why[(self.why == 0) & ~(self.customers.sum(axis=0) > self.inputs.level)] = SMALL_POOL

    def run(self) -> None:
        """Go through all stretches, then see what the flows of the draws are beside those that are reported."""
        before: Stretch | None = None
        for stretch in self.history.stretches:
            alive = np.flatnonzero(self.why == 0)
            if not alive.size:
                break
            self._shocks_of(stretch, alive)
            self._guess(stretch, alive)
            self._cross(stretch, before, alive)
            self._normals_of(stretch, alive)
            before = stretch
        history, draws = self.history, self.why.size
        parts = [history.flows.residuals(history.row, self.z, self.moved)]
        self.retained = np.empty((0, draws))
        if history.retention.cells:
            months = self._months()
            self.retained, by_month = history.retention.made(months, self.errors.any)
            parts.append(history.retention.residuals(history.row, self.z, self.retained))
        self.residuals = Residuals.joined(parts, draws)
        if self.swayed.size:
            count = len(history.blocks)
            own = slice(count, count + len(history.flows.figures))
            history.flows.slopes(self.moved, self.swayed, self.sways, self.slopes[own], self.at[own])
        if history.retention.cells and self.errors.any:
            blocks, own = slice(len(history.blocks)), slice(len(self.at) - len(history.retention.cells), None)
            solved = self.slopes[blocks], self.at[blocks]
            history.retention.slopes(by_month, months.which[ACTIVE], solved, self.slopes[own], self.at[own])

    def _months(self) -> Months:
        """Return the months as they were solved."""
        history, layout, model, inputs = self.history, self.history.layout, self.history.model, self.inputs
        of = {(block.path, t): i for i, block in enumerate(history.blocks) for t in block.months}
        which = [[of[path, t] for t in range(1, history.length + 1)] for path in (LEVEL, ACTIVE)]
        return Months(
            self.fill, *self.begun, inputs.values, layout.path_of, layout.sign, layout.units, layout.args,
            layout.mixing, layout.row_of, model.leaves, model.enters, self.exposed, self.inside[LEVEL], inputs.growth,
            np.array(which, np.int64), self.shocks, inputs.written_off, self.exits,
        )  # fmt: skip

    def _shocks_of(self, stretch: Stretch, alive: Rows) -> None:
        """Give the blocks that no figure fixes their shocks, given what has been solved before."""
        for i in stretch.free:
            latent = self.z[self.history.row[self.history.innovation(self.history.blocks[i])], alive]
            self.made[i, alive] = latent
            self.shocks[i, alive] = self.means[i, alive] + self._given(i, alive) + self.factors[i, i, alive] * latent

    def _guess(self, stretch: Stretch, alive: Rows) -> None:
        """Begin with the shock that the path had before, as far as it was not expected."""
        for i in stretch.solved:
            before = self.last[self.history.blocks[i].path]
            if before >= 0:
                self.shocks[i, alive] += self.shocks[before, alive] - self.means[before, alive]

    def _normals_of(self, stretch: Stretch, alive: Rows) -> None:
        """Find the normals that made the shocks that have been solved, as far as others rest on them."""
        for i in stretch.solved:
            if i < len(self.made):
                apart = self.shocks[i, alive] - self.means[i, alive] - self._given(i, alive)
                self.made[i, alive] = apart / self.factors[i, i, alive]
        for i in (*stretch.free, *stretch.solved):
            self.last[self.history.blocks[i].path] = i

    def _given(self, i: int, alive: Rows) -> Floats:
        """Return what the blocks before say of a block's shock beyond what is expected, (B,)."""
        return np.asarray(np.einsum("jr,jr->r", self.factors[i, :i][:, alive], self.made[:i, alive]))

    def _cross(self, stretch: Stretch, before: Stretch | None, alive: Rows) -> None:
        history, layout, model = self.history, self.history.layout, self.history.model
        blocks = [history.blocks[i] for i in stretch.solved]
        figures = [b.figure for b in blocks if b.figure]
        first, months, draws = before is None, stretch.last - stretch.after, alive.size
        goals = np.array([self.inputs.goals[f.name][alive] for f in figures]).reshape(len(figures), draws)
        goals = goals * np.exp(-np.array([self.errors.shift(f) for f in figures]))[:, None]
        count = len(blocks)
        levels = {b.last: g for b, g in zip(blocks, goals, strict=True) if b.path == LEVEL}
        whole = (
            np.stack([levels.get(b.last, np.full(draws, np.nan)) for b in blocks]) if blocks else np.empty((0, draws))
        )
        known = np.array(stretch.known)
        shocks = np.ascontiguousarray(self.shocks[np.ix_(known, alive)])
        unknown = np.array([stretch.known.index(i) for i in stretch.solved], np.int64)
        nudged = int(self.errors.any and not first)
        inverse, across = np.zeros((draws, count, count)), np.zeros((draws, count, 2))
        log, how = np.zeros(draws), np.zeros(draws, np.int64)
        counted = np.zeros((months, 2, draws))
        moved = np.zeros((months, len(model.flows), draws) if self.moved.size else (0, 0, 0))
        swayed = np.zeros((months, len(model.flows), count + 2, draws) if self.swayed.size else (0, 0, 0, 0))
        occupancy = np.ascontiguousarray(self.occupancy[..., alive])
        customers = np.ascontiguousarray(self.customers[:, alive])
        span = slice(stretch.after, stretch.last)
        off = self.inputs.written_off[span, alive]
        passage.cross(
            self.fill, occupancy, customers, np.ascontiguousarray(self.inputs.level[None, alive]),
            np.ascontiguousarray(self.inputs.values[:, alive]), layout.path_of, layout.sign, layout.units, layout.args,
            layout.mixing, layout.row_of, model.leaves, model.enters, self.exposed, self.inside, self.reach,
            self.within, np.ascontiguousarray(self.inside[ACTIVE, self.within]), self.rest, self.outside,
            np.ascontiguousarray(self.inputs.growth[span, alive] if months else np.empty((0, draws))),
            np.array(stretch.which, np.int64)[:, : months if not first else 0].reshape(2, -1).copy(),
            np.array([w[0] for w in stretch.which] if first else [-1, -1], np.int64), shocks, unknown,
            np.array([b.last - stretch.after for b in blocks], np.int64), np.array([b.path for b in blocks], np.int64),
            np.ascontiguousarray(goals), np.ascontiguousarray(whole),
            np.ascontiguousarray(off if off.any() else off[:0]), self.exits, nudged, inverse, across, log, how, counted,
            moved, swayed,
        )  # fmt: skip
        self.why[alive] = how
        self.shocks[np.ix_(known, alive)] = shocks
        self.log_slope[alive] += log
        self.occupancy[..., alive], self.customers[:, alive] = occupancy, customers
        self.counted[stretch.after + 1 : stretch.last + 1, :, alive] = counted
        if first:
            self.begun = self.occupancy.copy(), self.customers.copy()
            for n in (LEVEL, ACTIVE):
                self.counted[0, n, alive] = add_up(add_up(np.moveaxis(occupancy[:, self.inside[n] > 0], 1, 0)))
        if self.moved.size:
            self.moved[span, :, alive] = moved
        self._slopes(stretch, inverse, across, swayed, alive)

    def _slopes(self, stretch: Stretch, inverse: Floats, across: Floats, swayed: Floats, alive: Rows) -> None:
        """Note how errors of the figures of a stretch, and of those with which it began, move its shocks and flows."""
        if not self.errors.any:
            return
        numbers = [self.errors.number(self.history.blocks[i].figure) for i in stretch.solved]
        numbers += self.errors.at(stretch.after)
        wide = len(numbers)
        back = -np.einsum("rij,rjn->rin", inverse, across)
        for k, i in enumerate(stretch.solved):
            self.at[i, :wide] = numbers
            self.slopes[i, :wide, alive] = np.concatenate([inverse[:, k], back[:, k]], axis=1)
        if swayed.size:
            span = slice(stretch.after, stretch.last)
            self.sways[span, :wide] = numbers
            self.swayed[span, :, :wide, alive] = swayed

    # ------------ the end

    def law_of(self, rows: Rows) -> tuple[Any, ...]:
        """Return what the compiled law takes of some draws, errors of the figures included."""
        keep, size, correlation, apart, scale, steps, patterns, weights = self.numbers
        variance, season = self.error_sizes
        own = [np.ascontiguousarray(np.take(each, rows, -1)) for each in (keep, size, correlation, scale, weights)]
        errors = [np.ascontiguousarray(np.take(each, rows, -1)) for each in (self.slopes, variance, season**2)]
        return (
            *own[:3],
            apart,
            own[3],
            steps,
            patterns,
            own[4],
            errors[0],
            self.at,
            errors[1],
            self.errors.pattern,
            errors[2],
            np.ascontiguousarray(np.take(self.residuals.spread, rows, -1)),
        )

    def unexpected(self, rows: Rows) -> Floats:
        """Return shocks, then flows, of some draws less what is expected around the figures' season, (n + f, B)."""
        apart = np.concatenate([self.shocks[:, rows] - self.means[:, rows], self.residuals.apart[:, rows]])
        if self.errors.any:
            shift = np.append(self.errors.shifts, 0.0)  # −1 points to nothing
            apart = apart + np.einsum("nzr,nz->nr", np.take(self.slopes, rows, -1), shift[self.at])
        return np.ascontiguousarray(apart)

    def finish(self) -> Pathway:
        """Return the pathway of the draws."""
        history = self.history
        alive = np.flatnonzero(self.why == 0)
        log = np.full(self.why.size, -np.inf)
        normals = np.full(self.shocks.shape, np.nan)
        if alive.size:
            normals[:, alive], log[alive] = self._density(alive)
        self.why[(self.why == 0) & ~np.isfinite(log)] = NO_COVARIANCE
        log[self.why > 0] = -np.inf
        shocks = np.where(np.isfinite(log), self.shocks, np.nan)
        everyone = (
            np.concatenate([np.ones((1, log.size)), 1.0 + self.inputs.growth]).cumprod(axis=0) * self.inputs.everyone
        )
        at = [mark.at for mark in history.marks]
        marks = np.concatenate([self.counted[at], everyone[at][:, None]], axis=1)
        marks[..., ~np.isfinite(log)] = np.nan
        alive = np.flatnonzero(np.isfinite(log))
        everywhere = np.zeros(log.size, np.intp)
        everywhere[alive] = np.arange(alive.size)  # the state of an impossible draw is that of another
        state = HistoryState(np.ascontiguousarray(np.moveaxis(self.occupancy, 0, 1)), self.customers)
        state = state.columns(alive).columns(everywhere) if alive.size else state
        return Pathway(log, np.where(np.isfinite(log), normals, np.nan), shocks, marks, state, self.retained, self.why)

    def _density(self, rows: Rows) -> tuple[Floats, Floats]:
        """Return the independent normals (n, B) of some draws, and their log density (B,)."""
        history, free = self.history, self.free
        apart, log = self.unexpected(rows), np.empty(rows.size)
        made = np.empty(apart.shape)
        gaussian.density(*self.law_of(rows), apart, made, log)  # type: ignore[call-arg]
        log += self.residuals.log[rows] - 0.5 * LOG_2PI * (len(made) - len(free))
        for i in free:  # a coordinate: what is said of it is its prior's
            latent = self.z[history.row[history.innovation(history.blocks[i])], rows]
            log += np.log(self.factors[i, i, rows]) + 0.5 * latent**2
        log -= self.log_slope[rows] + _log_factors(history, self.z[:, rows])
        log += _overlaps(history, {name: goal[rows] for name, goal in self.inputs.goals.items()})
        return made[: len(history.blocks)], log


def live(history: History, z: Floats) -> Pathway:
    """Return what draws with coordinates z (D, R) make of the history."""
    return solved(history, z).finish()


def solved(history: History, z: Floats) -> Solver:
    """Return draws with coordinates z (D, R) that have passed through all stretches of the history."""
    with np.errstate(all="ignore"):  # what overflows on the way is impossible, and said so at the end
        solver = Solver(history, Inputs.of(history, z), z)
        solver.run()
        return solver


def _log_factors(history: History, z: Floats) -> Floats:
    """Return the log of the factors of all figures joined, (R,): it turns a density per person of theirs."""
    logs = [np.log(each.prior.of_normal(z[history.row[each.factor]])) for each in history.joined]
    return np.asarray(sum(logs, np.zeros(z.shape[1])))


def _overlaps(history: History, goals: Mapping[str, Floats]) -> Floats:
    """Return the log density, (R,), of figures that stand beside one of the measure's own definition."""
    spread = max(history.target.wiggle.prior.centre, LEAST_WIGGLE)
    log = np.zeros(next(iter(goals.values())).size)
    for each in history.overlapping:
        own = next(f for f in history.reported(each.figure.measure) if f.month == each.figure.month)
        apart = np.log(goals[each.figure.name] / goals[own.name])
        log -= 0.5 * (apart / spread) ** 2 + np.log(spread) + 0.5 * LOG_2PI + np.log(goals[each.figure.name])
    return log
