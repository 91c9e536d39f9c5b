"""The model passes through the reported months, exactly through every figure, whatever the draw.

Stretch by stretch the shocks that take the model to its figures are solved by Newton's method. Their log density under
one Gaussian law (`mobank.calibration.likelihood.law`) minus the log of the slopes' determinant is what the figures say
of a draw (the change of variables from shocks to figures), so chance runs through the dynamics: an error in one month
moves all that follow (King et al. 2015, "Avoidable errors in the modelling of outbreaks of emerging pathogens").

Before the first figure the bank is taken to have grown steadily, as its flows would have it grow with that many
registered. Where regions report by themselves, each grew steadily, and each passes through its own figures; all meet
one another as they were active a month ago.

A figure may be in error by its rounding, by noise and by a season of the measure. Such errors put something into the
shocks and flows that are solved through it, and take it out of the next ones; to first order that is a linear map, and
widens the law. It is taken around the season that the figures themselves show, so that what is left is small.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mobank.base.arrays import Flags, Floats, Ints, Rows
from mobank.base.kernels import gaussian, passage
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL, ShockBlock, Stretch
from mobank.calibration.likelihood.compiled_model import filler
from mobank.calibration.likelihood.entries import Entries
from mobank.calibration.likelihood.flows import Residuals
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.inputs import Inputs
from mobank.calibration.likelihood.retention import Months
from mobank.dynamics.month import add_up
from mobank.model.exits import exits_of_idle

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
NO_LANES = np.empty(0, np.int64)


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
    normals : (n + f, R) independent standard normals that make the blocks' shocks, then the residuals of flows and of
        retention. shocks : (n, R) of each block, log scale.
    marks : level and active of each region, and everyone, at each month at which a block ends, (M, 2 G + 1, R) persons.
    state : at the last figure.
    retained : share of each cell of the retention, (c, R).
    why : (R,) 0, or the reason why a draw is impossible, a key of `REASONS`.
    """

    log_density: Floats
    normals: Floats
    shocks: Floats
    marks: Floats
    state: HistoryState
    retained: Floats
    why: Ints

    @property
    def innovations(self) -> Floats:
        """The normals that make the shocks, (n, R)."""
        return self.normals[: len(self.shocks)]

    @property
    def whole(self) -> Floats:
        """Level, active and everyone of the whole bank at these months, (M, 3, R) persons."""
        return of_the_whole(self.marks)

    @property
    def possible(self) -> Flags:
        """Which draws pass through every figure, (R,)."""
        return np.isfinite(self.log_density)

    @property
    def refused(self) -> dict[str, int]:
        """How many draws are impossible, by reason."""
        return {REASONS[int(why)]: count for why, count in sorted(Counter(self.why[self.why > 0]).items())}


def of_the_whole(marks: Floats) -> Floats:
    """Return level, active and everyone of the whole bank, (M, 3, R), given those of its regions, (M, 2 G + 1, R)."""
    level, active = (add_up(list(np.moveaxis(marks[:, path:-1:2], 1, 0))) for path in (LEVEL, ACTIVE))
    return np.stack([level, active, marks[:, -1]], axis=1)


# ------------ all stretches


@dataclass
class Solver:
    """Some draws on their way through the stretches; those that cannot go on are left behind.

    Parameters
    ----------
    shocks : (n, R) of the blocks, log scale. made : (n, R) independent normals that made them, errors left out.
    factors : (R, n, n) Cholesky factors of the shocks' covariance without errors.
    slopes : (n + f, z, R) change of each block's shock, and at the end of each residual, with the log of figures `at`
        (n + f, z), −1 for none.
    residuals : of the reported flows, then of the reported retention. retained : (c, R) shares made of the latter.
    log : (R,) what is known so far of the log density. counted, moved : (T + 1, 2 G, R), (T, G F, R) of all months.
    swayed : (T, G F, z, R) change of `moved` with the log of the figures `sways` (T, z); no month where none is in
        error.
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
        self.region, self.lanes = np.array(history.region_of, np.int64), 2 * len(history.regions)
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
        self.log_slope, self.last = np.zeros(draws), np.full(self.lanes, -1)
        self.entries = [Entries(draws) for _ in history.regions]
        widest = max((self._within(stretch) for stretch in history.stretches), default=0)
        every = max((len(stretch.solved) for stretch in history.stretches), default=0) + self.lanes
        rows = count + len(history.flows.figures) + len(history.retention.cells)
        longest = max(history.flows.longest, history.retention.longest)
        wide = every * longest if rows > count else widest + self.lanes
        self.at = np.full((rows, wide), -1, np.int64)
        self.slopes = np.zeros((rows, wide, draws))
        self.counted = np.full((history.length + 1, self.lanes, draws), np.nan)
        flows = len(history.regions) * len(model.flows)
        self.moved = np.full((history.length, flows, draws) if history.flows.figures else (0, 0, 0), np.nan)
        erring = history.length if self.moved.size and self.errors.any else 0
        self.swayed = np.zeros((erring, flows, every, draws))
        self.sways = np.full((erring, every), -1, np.int64)
        segments = len(history.target.segments)
        self.occupancy = np.zeros((segments, len(model.states), draws))
        self.customers = np.ascontiguousarray(self.inputs.customers)
        self.begun = self.occupancy, self.customers  # at the first figure, once it has been passed
        for g, level in enumerate(self.inputs.level):
            self.why[(self.why == 0) & ~(self.customers[self.region == g].sum(axis=0) > level)] = SMALL_POOL

    def _within(self, stretch: Stretch) -> int:
        """Return how many figures of a stretch move one of its shocks, at most."""
        own = [self.history.blocks[i].region for i in stretch.solved]
        return max(map(own.count, own), default=0) if stretch.regions_apart else len(own)

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
        self._compare()

    def _compare(self) -> None:
        """Find how far reported flows and retention are from those made, and how errors of figures move that."""
        history, count = self.history, len(self.history.blocks)
        parts, self.retained = [history.flows.residuals(history.row, self.z, self.moved)], np.empty((0, self.why.size))
        own = slice(count, count + len(history.flows.figures))
        if self.swayed.size:
            history.flows.slopes(self.moved, self.swayed, self.sways, self.slopes[own], self.at[own])
        if history.retention.cells:
            months, own = self._months(), slice(own.stop, None)
            self.retained, by_month = history.retention.made(months, self.errors.any)
            parts.append(history.retention.residuals(history.row, self.z, self.retained))
            if self.errors.any:
                solved = self.slopes[:count], self.at[:count]
                history.retention.slopes(by_month, months.which, solved, self.slopes[own], self.at[own])
        self.residuals = Residuals.joined(parts, self.why.size)

    def _months(self) -> Months:
        """Return the months as they were solved."""
        history, layout, model, inputs = self.history, self.history.layout, self.history.model, self.inputs
        of = {(block.lane, t): i for i, block in enumerate(history.blocks) for t in block.months}
        which = [[of[lane, t] for t in range(1, history.length + 1)] for lane in range(self.lanes)]
        return Months(
            self.fill, *self.begun, inputs.values, layout.path_of, layout.sign, layout.units, layout.args,
            layout.mixing, layout.row_of, model.leaves, model.enters, self.exposed, self.inside[LEVEL], self.region,
            inputs.growth, np.array(which, np.int64), self.shocks, inputs.written_off, self.exits,
        )  # fmt: skip

    def _shocks_of(self, stretch: Stretch, alive: Rows) -> None:
        """Give the blocks that no figure fixes their shocks, given what has been solved before."""
        for i in stretch.free:
            latent = self.z[self.history.row[self.history.innovation(self.history.blocks[i])], alive]
            self.made[i, alive] = latent
            self.shocks[i, alive] = self.means[i, alive] + self._given(i, alive) + self.factors[i, i, alive] * latent

    def _guess(self, stretch: Stretch, alive: Rows) -> None:
        """Begin with the shock that the path had before, as far as not expected; for the level, as entries say."""
        for i in stretch.solved:
            block = self.history.blocks[i]
            before, entries = self.last[block.lane], self.entries[block.region]
            if block.path == LEVEL and block.after == stretch.after and before == entries.block:
                gain = self._goal(block, alive) - self.counted[block.after, block.lane, alive]
                self.shocks[i, alive] = self.shocks[before, alive] + entries.step(gain, len(block.months), alive)
            elif before >= 0:
                self.shocks[i, alive] += self.shocks[before, alive] - self.means[before, alive]

    def _keep_entries(self, stretch: Stretch, inverse: Floats, alive: Rows) -> None:
        for k, i in enumerate(stretch.solved):
            block = self.history.blocks[i]
            if block.path == LEVEL and (block.after, block.last) == (stretch.after, stretch.last):
                began, ended = (self.counted[at, block.lane, alive] for at in (block.after, block.last))
                self.entries[block.region].keep(i, ended / inverse[:, k, k], ended - began, len(block.months), alive)

    def _goal(self, block: ShockBlock, alive: Rows) -> Floats:
        """Return what the model has to count at the end of a block with a figure, (B,) persons."""
        assert block.figure is not None
        return np.asarray(self.inputs.goals[block.figure.name][alive] * np.exp(-self.errors.shift(block.figure)))

    def _normals_of(self, stretch: Stretch, alive: Rows) -> None:
        """Find the normals that made the shocks that have been solved, as far as others rest on them."""
        for i in stretch.solved:
            if i < len(self.made):
                apart = self.shocks[i, alive] - self.means[i, alive] - self._given(i, alive)
                self.made[i, alive] = apart / self.factors[i, i, alive]
        for i in (*stretch.free, *stretch.solved):
            self.last[self.history.blocks[i].lane] = i

    def _given(self, i: int, alive: Rows) -> Floats:
        """Return what the blocks before say of a block's shock beyond what is expected, (B,)."""
        return np.asarray(np.einsum("jr,jr->r", self.factors[i, :i][:, alive], self.made[:i, alive]))

    def _cross(self, stretch: Stretch, before: Stretch | None, alive: Rows) -> None:
        history, layout, model = self.history, self.history.layout, self.history.model
        blocks = [history.blocks[i] for i in stretch.solved]
        first, months, draws = before is None, stretch.last - stretch.after, alive.size
        span, count = slice(stretch.after, stretch.last), len(blocks)
        goals = np.array([self._goal(b, alive) for b in blocks]).reshape(count, draws)
        off = self.inputs.written_off[span, alive]
        levels = {(b.region, b.last): g for b, g in zip(blocks, goals, strict=True) if b.path == LEVEL}
        none = np.full(draws, np.nan)
        whole = np.stack([levels.get((b.region, b.last), none) for b in blocks]) if blocks else np.empty((0, draws))
        known = np.array(stretch.known)
        shocks = np.ascontiguousarray(self.shocks[np.ix_(known, alive)])
        unknown = np.array([stretch.known.index(i) for i in stretch.solved], np.int64)
        apart = stretch.regions_apart and not first
        column = np.array([b.path for b in blocks] if apart else range(count), np.int64)
        nudges, alone = self._nudges(apart and not off.any()) if self.errors.any and not first else (NO_LANES, NO_LANES)
        inverse, across = np.zeros((draws, count, count)), np.zeros((draws, count, self.lanes))
        log, how = np.zeros(draws), np.zeros(draws, np.int64)
        counted = np.zeros((months, self.lanes, draws))
        moved = np.zeros((months, self.moved.shape[1], draws) if self.moved.size else (0, 0, 0))
        shape = (months, self.moved.shape[1], count + self.lanes, draws)
        swayed = np.zeros(shape if self.swayed.size else (0, 0, 0, 0))
        occupancy = np.ascontiguousarray(self.occupancy[..., alive])
        customers = np.ascontiguousarray(self.customers[:, alive])
        passage.cross(
            self.fill, occupancy, customers, np.ascontiguousarray(self.inputs.level[:, alive]),
            np.ascontiguousarray(self.inputs.values[:, alive]), layout.path_of, layout.sign, layout.units, layout.args,
            layout.mixing, layout.row_of, model.leaves, model.enters, self.exposed, self.inside, self.reach,
            self.within, np.ascontiguousarray(self.inside[ACTIVE, self.within]), self.rest, self.outside, self.region,
            np.ascontiguousarray(self.inputs.growth[span, alive] if months else np.empty((0, draws))),
            np.array(stretch.which, np.int64)[:, : months if not first else 0].reshape(self.lanes, -1).copy(),
            np.array([w[0] if first else -1 for w in stretch.which], np.int64), shocks, unknown,
            np.array([b.last - stretch.after for b in blocks], np.int64), np.array([b.lane for b in blocks], np.int64),
            column, int(not apart), np.ascontiguousarray(goals), np.ascontiguousarray(whole),
            np.ascontiguousarray(off if off.any() else off[:0]), self.exits, nudges, alone, inverse, across, log, how,
            counted, moved, swayed,
        )  # fmt: skip
        self.why[alive] = how
        self.shocks[np.ix_(known, alive)] = shocks
        self.log_slope[alive] += log
        self.occupancy[..., alive], self.customers[:, alive] = occupancy, customers
        self.counted[stretch.after + 1 : stretch.last + 1, :, alive] = counted
        if first:
            self.begun = self.occupancy.copy(), self.customers.copy()
            for lane in range(self.lanes):
                own = occupancy[self.region == lane // 2][:, self.inside[lane % 2] > 0]
                self.counted[0, lane, alive] = add_up(add_up(np.moveaxis(own, 1, 0)))
        if self.moved.size:
            self.moved[span, :, alive] = moved
        self._slopes(stretch, inverse, across, swayed, alive)
        self._keep_entries(stretch, inverse, alive)

    def _nudges(self, apart: bool) -> tuple[Ints, Ints]:
        """Return the column that level and active of each region are moved in, and 1 for those alone in theirs.

        Whom people meet ties the regions: who is active in one at the beginning moves what is solved in all.
        """
        lanes = np.arange(self.lanes)
        if not apart:
            return lanes, np.ones(self.lanes, np.int64)
        active = lanes % 2 == ACTIVE
        return np.where(active, 1 + lanes // 2, 0), active.astype(np.int64)

    def _slopes(self, stretch: Stretch, inverse: Floats, across: Floats, swayed: Floats, alive: Rows) -> None:
        """Note how errors of the figures of a stretch, and of those with which it began, move its shocks and flows."""
        if not self.errors.any:
            return
        blocks = [self.history.blocks[i] for i in stretch.solved]
        numbers = np.array([self.errors.number(b.figure) for b in blocks])
        started = self.errors.at(stretch.after)
        back = -np.einsum("rij,rjn->rin", inverse, across)
        for k, i in enumerate(stretch.solved):
            own = [j for j, b in enumerate(blocks) if b.region == blocks[k].region or not stretch.regions_apart]
            wide = len(own) + self.lanes
            self.at[i, :wide] = [*numbers[own], *started]
            self.slopes[i, :wide, alive] = np.concatenate([inverse[:, k, own], back[:, k]], axis=1)
        if swayed.size:
            span, wide = slice(stretch.after, stretch.last), len(blocks) + self.lanes
            self.sways[span, :wide] = [*numbers, *started]
            self.swayed[span, :, :wide, alive] = swayed

    # ------------ the end

    def law_of(self, rows: Rows) -> tuple[Any, ...]:
        """Return what the compiled law takes of some draws, errors of the figures included."""
        keep, size, correlation, apart, shared, scale, steps, patterns, weights = self.numbers
        variance, season = self.error_sizes
        each_draws = (keep, size, correlation, shared, scale, weights)
        own = [np.ascontiguousarray(np.take(each, rows, -1)) for each in each_draws]
        errors = [np.ascontiguousarray(np.take(each, rows, -1)) for each in (self.slopes, variance, season**2)]
        return (
            *own[:3],
            apart,
            own[3],
            own[4],
            steps,
            patterns,
            own[5],
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
        normals = np.full((len(self.slopes), self.why.size), np.nan)
        if alive.size:
            normals[:, alive], log[alive] = self._density(alive)
        self.why[(self.why == 0) & ~np.isfinite(log)] = NO_COVARIANCE
        log[self.why > 0] = -np.inf
        shocks = np.where(np.isfinite(log), self.shocks, np.nan)
        grown = np.concatenate([np.ones((1, log.size)), 1.0 + np.where(np.isfinite(log), self.inputs.growth, 0.0)])
        everyone = grown.cumprod(axis=0) * self.inputs.everyone
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
        """Return the independent normals (n + f, B) of some draws, and their log density (B,)."""
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
        return made, log


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
        own = next(f for f in history.reported(each.figure.measure, each.figure.band) if f.month == each.figure.month)
        apart = np.log(goals[each.figure.name] / goals[own.name])
        log -= 0.5 * (apart / spread) ** 2 + np.log(spread) + 0.5 * LOG_2PI + np.log(goals[each.figure.name])
    return log
