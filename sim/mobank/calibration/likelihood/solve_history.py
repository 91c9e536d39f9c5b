"""The model lives through the reported years, exactly through every figure, whatever the draw.

Year by year the shocks that take the model to the year's figures are solved by Newton's method: one unknown, or two
where the active are reported too. Their log density minus the log of the slope's determinant is what the figures say
of a draw (the change of variables from innovations to figures), so chance runs through the dynamics: an error in one
year moves all that follow (King et al. 2015, "Avoidable errors in the modelling of outbreaks of emerging pathogens").

Before the first figure the bank is taken to have grown steadily, as its flows would have it grow with that many
registered. Customers are the pool: they grow as reported, and at the draw's own rate where nothing is reported; what
their figures say about that rate is left to its prior, so that it is not counted twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mobank.base import kernels
from mobank.base.arrays import Flags, Floats, Rows
from mobank.calibration.likelihood.history import History, Year, value_at
from mobank.calibration.likelihood.innovations import ACTIVE, LEVEL, LOG_2PI, Innovations
from mobank.dynamics.contacts import active_share_met
from mobank.dynamics.draws import base_values, shock_sizes
from mobank.dynamics.initial_state import TILT_LIMIT, people_in, spread, sustained, tilted
from mobank.dynamics.month import TINY, Chances, Values, add_up, chance, intake
from mobank.model.grammar import CUSTOMERS, EXPOSURE
from mobank.scenario.scenario import Value

PASSES = 10  # of a year, at most, until it ends at its figures
CLOSE = 2e-3  # of what the year adds (log scale): a Newton step from here moves the shock by less than 1e-4 too far
FLAT = 1e-9  # a determinant from which no step can be told
SLOPE_STEP = 1e-4  # log scale, for slopes by differences
STEADY_ROUNDS = 4  # of the state before the first figure, whose exposure and growth depend on itself
LEAST_LEVEL = 0.95  # of the level a year before: no bank loses one in twenty registered in a year
LEAST_WIGGLE = 0.01  # of a single month about its year, log scale: no month is known better
ACTIVE_GUESS = 0.35  # of the registered, where the rounds begin


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
    log_density : (R,) of the solved innovations, per person of the figures; −inf where a figure cannot be reached.
    innovations, shocks : (Y, 2, R) of the level's and the active's path in each year: independent standard normals,
        and log scale.
    year_ends : level, active and everyone at the last month lived of each year, (Y, 3, R) persons.
    state : at the last figure.
    """

    log_density: Floats
    innovations: Floats
    shocks: Floats
    year_ends: Floats
    state: HistoryState

    @property
    def possible(self) -> Flags:
        """Which draws pass through every figure, (R,)."""
        return np.isfinite(self.log_density)


def live(history: History, z: Floats) -> Pathway:
    """Return what draws with coordinates z (D, R) make of the history."""
    with np.errstate(all="ignore"):  # what overflows on the way is impossible, and told so at the end
        return _live(history, z)


def _live(history: History, z: Floats) -> Pathway:
    draws, count = z.shape[1], len(history.years)
    normals, shocks, ends = (np.full((count, n, draws), np.nan) for n in (2, 2, 3))
    lives, before, state = Lives.of(history, z), np.zeros((2, draws)), None
    log, alive = -_log_factors(history, z), np.arange(draws)
    paces: list[Floats] = []
    for y, year in enumerate(history.years):
        law = lives.law if y else lives.law.stationary()
        pace = lives.pace(year, state)
        ahead = [np.nan_to_num(pace - paces[-1][alive])] if paces else []
        paces.append(_scattered(pace, alive, draws))
        found = solve(lives, law, year, state, before, history.luck(z[:, alive], year), *ahead)
        log[alive] += found.log_density + _between(lives, year, state, found.shocks)
        on = np.flatnonzero(np.isfinite(found.log_density))
        log[np.delete(alive, on)] = -np.inf
        alive, lives = alive[on], lives.columns(on)
        before, state = found.shocks[:, on], found.state.columns(on)
        normals[y][:, alive], shocks[y][:, alive] = found.normals[:, on], before
        ends[y][:, alive] = np.stack([*lives.level_and_active(state), add_up(state.customers)])
    assert state is not None
    everywhere = np.zeros(draws, np.intp)
    everywhere[alive] = np.arange(alive.size)  # the state of an impossible draw is that of another
    return Pathway(log, normals, shocks, ends, state.columns(everywhere) if alive.size else state)


def _log_factors(history: History, z: Floats) -> Floats:
    """Return the log of the factors of all figures joined, (R,): it turns a density per person of theirs."""
    logs = [np.log(each.prior.of_normal(z[history.row[each.factor]])) for each in history.joined]
    return np.asarray(sum(logs, np.zeros(z.shape[1])))


def _between(lives: "Lives", year: Year, state: HistoryState | None, shocks: Floats) -> Floats:
    """Return the log density, (R,), of figures that do not stand at the year's end.

    The year's shock moves all its months alike; a month by itself wiggles about that.
    """
    log = np.zeros(shocks.shape[1])
    spread = max(lives.history.target.wiggle.prior.centre, LEAST_WIGGLE)
    for known in year.between:
        path = lives.history.measures.index(known[0].measure)
        _, at = lives.year(Year(year.year, year.months, *((None, known) if path else (known, None))), state, shocks)
        goal = np.log(lives.goals[known[0].name])
        log -= 0.5 * ((goal - np.log(at[path])) / spread) ** 2 + np.log(spread) + 0.5 * LOG_2PI + goal
    return log


def _scattered(values: Floats, rows: Rows, size: int) -> Floats:
    """Return values at their positions among (size,), NaN elsewhere."""
    out = np.full(size, np.nan)
    out[rows] = values
    return out


@dataclass(frozen=True)
class Lives:
    """Some draws of a target, and how the model lives with them.

    Parameters
    ----------
    base : the distinct values of each parameter, (C, R) for the classes of segments in the history's layout.
    drift : log change a year of the two paths, (2, R).
    level : at the first figure, (R,) persons.
    everyone : customers at the first figure, (R,) persons.
    growth : factor of everyone in each month after it, (T, R).
    goals : value of each figure, (R,) persons, by its coordinate's name; in the definition of the rest.
    """

    history: History
    base: Mapping[str, Floats]
    law: Innovations
    drift: Floats
    level: Floats
    everyone: Floats
    growth: Floats
    goals: Mapping[str, Floats]

    @classmethod
    def of(cls, history: History, z: Floats) -> "Lives":
        """Return the lives of draws with coordinates z (D, R)."""

        def drawn(value: Value, item: str) -> Floats:
            known = item in history.priors
            return value.prior.of_normal(z[history.row[item]]) if known else np.full(z.shape[1], value.prior.centre)

        base, sizes = base_values(history.model, history.target, drawn), shock_sizes(history.target, drawn)
        fixed = {f.name: value_at(f, z[history.row[f.name]]) for f in history.figures}
        for each in history.joined:
            fixed[each.figure.name] /= each.prior.of_normal(z[history.row[each.factor]])
        everyone, growth = _pool(history, base, fixed)
        distinct = {name: value[history.layout.values[name].first[: value.shape[0]]] for name, value in base.items()}
        drift = np.stack([sizes.drift[path] for path in history.paths])
        level = fixed[history.reported(history.origin.stock)[0].name]
        return cls(history, distinct, Innovations.of(sizes, history.paths), drift, level, everyone, growth, fixed)

    def columns(self, rows: Rows) -> "Lives":
        """Return the lives of some draws, by their positions (B,), each as often as it is named."""
        return Lives(
            self.history, {name: np.take(value, rows, -1) for name, value in self.base.items()}, self.law.columns(rows),
            self.drift[:, rows], self.level[rows], self.everyone[rows], np.take(self.growth, rows, -1),
            {figure: value[rows] for figure, value in self.goals.items()},
        )  # fmt: skip

    def level_and_active(self, state: HistoryState) -> tuple[Floats, Floats]:
        """Return registered and active persons, (R,) each."""
        return tuple(people_in(state.occupancy[self.states(name)]) for name in self.history.measures)  # type: ignore[return-value]

    def states(self, measure: str) -> list[int]:
        """Return the states that a measure counts."""
        return self.history.model.indices(self.history.model.measure[measure].stock)

    def year(
        self, year: Year, state: HistoryState | None, shocks: Floats, rows: Rows | None = None
    ) -> tuple[HistoryState, Floats]:
        """Return the state at the end of a year, and level and active, (2, B), where its figures stand.

        Parameters
        ----------
        shocks : (2, B). rows : (B,) the draw that each column belongs to; None: each to its own.
        """
        model, layout = self.history.model, self.history.layout
        rows = np.arange(shocks.shape[1]) if rows is None else rows
        values = self._begin_and_end(year, shocks, rows)
        end = {name: value[:, rows.size :] for name, value in values.items()}
        now = self.columns(rows).steady(end) if state is None else state.columns(rows)
        ends = (-1, 2, rows.size)
        odds, (idle, bend) = self._odds(values, 2 * rows.size), self._bent(values, 2 * rows.size)
        come, growth = self._coming(year, end, now.customers, rows)
        figures = {path: figure[1] for path, figure in ((LEVEL, year.level), (ACTIVE, year.active)) if figure}
        when, at = np.array([figures.get(path, -1) for path in (LEVEL, ACTIVE)]), np.full((2, rows.size), np.nan)
        along = np.arange(1, year.months + 1) / max(year.months, 1)
        kernels.live(
            now.occupancy, now.customers, odds.reshape(ends), idle.reshape(ends), bend.reshape(ends), layout.units,
            layout.meets, layout.mixing, come, growth, along, layout.row_of, model.leaves, model.enters,
            layout.exposed, layout.counted, when, at,
        )  # fmt: skip
        return now, at

    def _begin_and_end(self, year: Year, shocks: Floats, rows: Rows) -> dict[str, Floats]:
        """Return the parameters' distinct values as a year begins and, beside them, as it ends, each (C, 2 B)."""
        since, drift = year.year - self.history.last.year, np.take(self.drift, rows, -1)
        total = np.concatenate([shocks + drift * (since - year.months / 12.0), shocks + drift * since], axis=1)
        both = np.concatenate([rows, rows])
        base = {name: np.take(value, both, -1) for name, value in self.base.items()}
        return tilted(self.history.model, base, dict(zip(self.history.paths, total, strict=True)))

    def _odds(self, values: Mapping[str, Floats], columns: int) -> Floats:
        """Return the chances of the flows without exposure, one row (2 B) for each class of segments."""
        layout = self.history.layout
        odds = np.empty((sum(group.rows for group in layout.plain), columns))
        row = 0
        for group in layout.plain:
            hazards = group.hazards(self.history.model, values)
            total = add_up(hazards) if len(hazards) > 1 else hazards[0]
            per_hazard = chance(total) / np.maximum(total, TINY)
            for hazard in hazards:
                np.multiply(hazard, per_hazard, out=odds[row : row + group.classes.count])
                row += group.classes.count
        return odds

    def _bent(self, values: Mapping[str, Floats], columns: int) -> tuple[Floats, Floats]:
        """Return hazards without exposure, and what exposure to everyone adds, a row (2 B) for each flow and class."""
        layout, row = self.history.layout, 0
        idle, bend = (np.empty((layout.units[-1], columns)) for _ in range(2))
        for group in layout.bent:
            for rows, exposure in ((idle, 0.0), (bend, 1.0)):
                mine = rows[row : row + group.rows].reshape(group.classes.count, len(group.flows), columns)
                for i, hazard in enumerate(group.hazards(self.history.model, values, **{EXPOSURE: exposure})):
                    mine[:, i] = hazard
            row += group.rows
        bend -= idle
        return idle, bend

    def _coming(self, year: Year, values: Mapping[str, Floats], customers: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return who comes in a month, per customer and class (G, B), and the factor (T, B) that makes everyone grow.

        Exact where segments grow alike; where they do not, all are scaled by what the year's beginning asks for.
        """
        intakes = self.history.layout.intakes
        own = np.empty((len(intakes.flows), intakes.classes.count, rows.size))
        if not intakes.flows:
            return own.reshape(0, rows.size), np.ones((year.months, rows.size))
        for i, each in enumerate(intakes.hazards(self.history.model, values, **{CUSTOMERS: 1.0})):
            own[i] = each
        rate = add_up(own)
        rate = rate[0] if rate.shape[0] == 1 else add_up(rate[intakes.classes.of] * customers) / add_up(customers)
        since = max(12 * year.year - 1 - self.history.first.ordinal, 0)  # months from the first figure to its beginning
        growth = np.take(self.growth[since : since + year.months], rows, -1) - 1.0
        return own.reshape(-1, rows.size), growth / np.maximum(rate, TINY)

    def steady(self, distinct: Mapping[str, Floats]) -> HistoryState:
        """Return the state at the first figure of a bank that has grown steadily with these distinct values."""
        of = {name: classes.of for name, classes in self.history.layout.values.items()}
        value = {name: given if given.shape[0] == 1 else given[of[name]] for name, given in distinct.items()}
        values = Values(value, frozenset())
        model, origin = self.history.model, self.history.origin
        shares = np.array([segment.share for segment in self.history.target.segments])[:, None]
        customers = shares * self.everyone
        reachable = value[origin.reach] * customers
        inside, lively = self.states(origin.stock), self.states(origin.engaged)
        chances, growth, active = (
            Chances(model, *customers.shape),
            np.full(self.level.shape, 0.01),
            np.array(ACTIVE_GUESS),
        )
        registered = reachable * (self.level / add_up(reachable))
        for _ in range(STEADY_ROUNDS):
            exposure = active_share_met(self.history.target.mixing, registered * active, customers)
            odds = chances.update(values, exposure if model.exposed_to else None)
            per_rest = np.maximum(sustained(model, origin, odds, growth), TINY)
            registered, _ = spread(reachable, add_up(per_rest), self.level)
            parts = registered * per_rest / add_up(per_rest)
            active = add_up([parts[inside.index(k)] for k in lively]) / registered
            growth = np.clip(self._grown(odds, parts, reachable - registered) / self.level, 0.0, 0.05)
        occupancy = np.zeros((len(model.states), *customers.shape))
        occupancy[inside] = parts
        occupancy[model.states.index(origin.rest)] = reachable - registered
        occupancy[model.states.index(origin.apart)] = customers - reachable
        return HistoryState(occupancy, customers)

    def _grown(self, odds: Floats, parts: Floats, rest: Floats) -> Floats:
        """Return how much the level grows in a month, (R,) persons, with `parts` in its states and `rest` outside."""
        model, inside = self.history.model, self.states(self.history.origin.stock)
        source = model.states.index(self.history.origin.rest)
        crossed = np.zeros(rest.shape)
        for f, sign in enumerate(model.crossings(self.history.origin.stock)):
            leaves = int(model.leaves[f])
            if sign > 0 and leaves == source:
                crossed += odds[f] * rest
            elif sign < 0:
                crossed -= odds[f] * parts[inside.index(leaves)]
        return add_up(crossed)

    def pace(self, year: Year, state: HistoryState | None) -> Floats:
        """Return the log of how many register in a year, of those who could, (R,); NaN where that is not known."""
        if state is None or year.level is None:
            return np.full(self.level.shape, np.nan)
        added = self.goals[year.level[0].name] - self.level_and_active(state)[LEVEL]
        rest = add_up(state.occupancy[self.history.model.states.index(self.history.origin.rest)])
        return np.asarray(np.log(added / rest * 12.0 / max(year.level[1], 1)))

    def pinned(self, state: HistoryState, year: Year, rows: Rows) -> HistoryState:
        """Return the state of some draws with the year-end's figures met to the digit; the rest makes up for it."""
        origin, occupancy = self.history.origin, state.occupancy.copy()
        lively, inside = self.states(origin.engaged), self.states(origin.stock)
        idle = [k for k in inside if k not in lively]
        level, active = self.level_and_active(state)
        if year.active and year.active[1] == year.months:
            active_wanted = self.goals[year.active[0].name][rows]
        else:
            active_wanted = active
        level_wanted = self.goals[year.level[0].name][rows] if year.level and year.level[1] == year.months else level
        before = add_up(occupancy[inside])
        occupancy[lively] *= active_wanted / active
        occupancy[idle] *= (level_wanted - active_wanted) / (level - active)
        occupancy[self.history.model.states.index(origin.rest)] -= add_up(occupancy[inside]) - before
        return HistoryState(occupancy, state.customers)


def _pool(history: History, base: Mapping[str, Floats], fixed: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Return everyone at the first figure of the level, (R,), and the factor of each month after it, (T, R)."""
    shares = np.array([segment.share for segment in history.target.segments])[:, None]
    ones = shares * np.ones_like(next(iter(fixed.values())))
    own = 1.0 + add_up(add_up(intake(history.model, Values(base, frozenset()), ones)))
    figures = history.reported(history.origin.total)
    months = history.last - history.first
    log = np.tile(np.log(own), (months, 1))
    for a, b in pairwise(figures):
        rate = np.log(fixed[b.name] / fixed[a.name]) / (b.month - a.month)
        log[max(a.month - history.first, 0) : max(b.month - history.first, 0)] = rate
    anchor = next((f for f in figures if f.month >= history.first), figures[-1])
    ahead = anchor.month - history.first
    since = log[:ahead].sum(axis=0) if ahead >= 0 else ahead * np.log(own)
    return fixed[anchor.name] * np.exp(-since), np.exp(log)


# ------------ a year's shocks, solved


@dataclass(frozen=True)
class Solution:
    """A year that ends at its figures: its shocks and the normals that made them (2, R), density (R,) and state."""

    shocks: Floats
    normals: Floats
    log_density: Floats
    state: HistoryState


def solve(
    lives: Lives,
    law: Innovations,
    year: Year,
    state: HistoryState | None,
    before: Floats,
    luck: Floats,
    ahead: Floats | float = 0.0,
) -> Solution:
    """Return the year in which each draw comes to its figures.

    Parameters
    ----------
    state : at the end of the year before; None for the first year.
    before, luck : (2, R) shocks of the year before, and the normals of what no figure fixes.
    ahead : (R,) by how much the level's shock may differ from that of the year before; only where Newton begins.
    """
    shocks = law.shocks(before, luck, year.solved)
    if year.level:
        shocks[LEVEL] += np.clip(ahead, -1.0, 1.0)
    unknown = [path for path in (LEVEL, ACTIVE) if year.solved[path]]
    if not unknown:
        end, _ = lives.year(year, state, shocks)
        normals, log = law.density(before, shocks, year.solved)
        return Solution(shocks, normals, log, end)
    steepness, end = np.full(shocks.shape[1], np.nan), _nowhere(lives, shocks.shape[1])
    left = np.arange(shocks.shape[1])
    goal = np.stack([lives.goals[f[0].name] if f else steepness for f in (year.level, year.active)])
    floor = None if state is None else LEAST_LEVEL * lives.level_and_active(state)[LEVEL]
    for _ in range(PASSES):
        step, steep, far, reached = _newton(lives, year, state, shocks, unknown, left, goal, floor)
        there = far < CLOSE
        shocks[np.array(unknown)[:, None], left] += np.where(there, step, np.clip(step, -1.0, 1.0))
        done = left[there]
        steepness[done] = steep[there]
        pinned = lives.pinned(reached, year, done)
        end.occupancy[..., done], end.customers[:, done] = pinned.occupancy, pinned.customers
        left = left[~there & np.isfinite(far)]
        if not left.size:
            break
    inside = (np.abs(shocks) < TILT_LIMIT).all(axis=0)
    normals, log = law.density(before, shocks, year.solved)
    return Solution(shocks, normals, np.where(inside, log - steepness, np.nan), end)


def _newton(
    lives: Lives, year: Year, state: HistoryState | None, shocks: Floats, unknown: list[int], rows: Rows, goal: Floats,
    floor: Floats | None,
) -> tuple[Floats, Floats, Floats, HistoryState]:  # fmt: skip
    """Return Newton's step (n, B), log |d figures / d shocks| (B,), how far off it is (B,), and the state to come.

    The state is that after the step, as far as the slopes tell, of those who are close.

    Solved are the logarithm of the level, less a floor so that it is nearly linear in the shock, and the log odds of
    being active.
    """
    size, count = rows.size, len(unknown)
    copies = np.tile(rows, count + 1)
    shifted = np.take(shocks, copies, -1)
    for i, path in enumerate(unknown, start=1):
        shifted[path, i * size : (i + 1) * size] += SLOPE_STEP
    end, at = lives.year(year, state, shifted, copies)
    floor = None if floor is None else floor[rows]
    scaled, log_size = _scaled(at.reshape(2, count + 1, size), floor, unknown)
    wanted, _ = _scaled(goal[:, None, rows], floor, unknown)
    missing = wanted[:, 0] - scaled[:, 0]
    slopes = (scaled[:, 1:] - scaled[:, :1]) / SLOPE_STEP
    determinant, step = _solved(slopes, missing)
    good = np.isfinite(slopes).all(axis=(0, 1)) & (np.abs(determinant) > FLAT)
    far = np.where(good, np.abs(missing).max(axis=0), np.nan)
    there = np.flatnonzero(far < CLOSE)
    people = end.occupancy.reshape(*end.occupancy.shape[:2], count + 1, size)
    reached = np.take(people[:, :, 0], there, -1)
    for i, by in enumerate(step[:, there] / SLOPE_STEP, start=1):
        reached += by * (np.take(people[:, :, i], there, -1) - np.take(people[:, :, 0], there, -1))
    ahead = HistoryState(reached, np.take(end.customers, there, -1))
    return np.where(good, step, 0.0), np.log(np.abs(determinant)) + log_size[0], far, ahead


def _solved(slopes: Floats, missing: Floats) -> tuple[Floats, Floats]:
    """Return determinants (B,) of slopes (figure, unknown, B), one or two of each, and the steps (unknown, B)."""
    if slopes.shape[0] == 1:
        return slopes[0, 0], missing / slopes[0]
    (a, b), (c, d) = slopes
    determinant = a * d - b * c
    return determinant, np.stack([d * missing[0] - b * missing[1], a * missing[1] - c * missing[0]]) / determinant


def _scaled(at: Floats, floor: Floats | None, unknown: list[int]) -> tuple[Floats, Floats]:
    """Return figures (2, n, B) on the scales that are solved on, and log |d figures / d scaled| (n, B)."""
    level, active = at
    found, log_size = [], np.zeros(level.shape)
    if LEVEL in unknown and floor is not None:
        found.append(np.log(level - floor))
        log_size += np.log(level - floor)
    if ACTIVE in unknown:
        share = active / level if LEVEL in unknown else np.zeros(active.shape)
        found.append(np.log(active / (level - active)) if LEVEL in unknown else np.log(active))
        log_size += np.log(active) + np.log1p(-share)
    return np.stack(found), log_size


def _nowhere(lives: Lives, draws: int) -> HistoryState:
    model, segments = lives.history.model, len(lives.history.target.segments)
    return HistoryState(np.zeros((len(model.states), segments, draws)), np.zeros((segments, draws)))
