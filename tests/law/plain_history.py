"""The history of a target in plain NumPy, one draw at a time: what the compiled likelihood has to agree with.

Written from the formulas, month by month with the functions that the fidelities use; slow, and meant to be read.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq

from mobank.base.priors import Prior
from mobank.base.quantities import Interval
from mobank.base.streams import Streams
from mobank.calibration.likelihood.inputs import Inputs
from mobank.dynamics import season
from mobank.dynamics.contacts import active_share_met, exposure_of
from mobank.dynamics.initial_state import spread, sustained, tilted
from mobank.dynamics.month import Chances, Values, add_up, expected_month
from mobank.scenario.scenario import Figure, Provenance, Trend, Value

LEVEL, ACTIVE = 0, 1
STEPS = np.array([-2.0, -1.0, 1.0, 2.0])
SLOPE = np.array([1.0, -8.0, 8.0, -1.0]) / 12.0  # of Richardson's extrapolation: exact to the fourth power of a step
STEP = 1e-3
NUDGE = 1e-5
ROUNDS = 4


# ------------ targets


def value(kind, centre, spread=0.0):
    return Value(Prior(kind, centre, spread), f"{centre}", Provenance())


def fixed(number):
    return value("fixed", number)


def figure(measure, month, persons, width=2.0, months=0, definition=""):
    interval = Interval(persons - width / 2, persons + width / 2, 0.0)
    return Figure(measure, month, f"{persons:.0f}", interval, Provenance(), definition=definition, months=months)


def trend(mean=0.04, mean_sd=0.02, start=0.04, start_sd=0.04, change=0.025, half_life=36.0):
    return Trend(value("normal", mean, mean_sd), value("normal", start, start_sd), fixed(change), half_life)


def grown(first, ends, seed=3, active_ends=None, season_of_active=None):
    """Return figures of a bank that grows by about 1.1 % a month, with chance in it, and of its customers.

    Parameters
    ----------
    ends, active_ends : months after the first at which registered and active are reported.
    season_of_active : (12,) log factors by calendar month with which the active are counted.
    """
    z = Streams(seed).normal("environment", "figures", np.arange(3 * (max(ends) + 1))).reshape(3, -1)
    level = 3.61e8 * np.exp(np.append(0.0, np.cumsum(0.011 * np.exp(0.2 * z[0, 1:]))))
    active = 0.34 * level * np.exp(np.append(0.0, np.cumsum(0.002 * z[1, 1:])) + 0.002 * z[2])
    if season_of_active is not None:
        active = active * np.exp([season_of_active[(first + t).month - 1] for t in range(active.size)])
    active_ends = ends if active_ends is None else active_ends
    return (
        *(figure("registered", first + t, level[t], 1e4) for t in ends),
        *(figure("mau", first + t, active[t], 1e4) for t in active_ends),
        figure("customers", first, 6.5e8, 1e6),
        figure("customers", first + max(ends), 7.2e8, 1e6),
    )


def normals(history, count, item="z", spread=1.0):
    """Return coordinates (D, R) of draws, keyed by name."""
    return spread * np.stack([Streams(4).normal("parameters", f"{item}.{n}", np.arange(count)) for n in history.names])


# ------------ months


@dataclass
class Plain:
    """A history with one draw, z (D,); what is moved around it stands in columns."""

    history: object
    z: np.ndarray
    inputs: Inputs = field(init=False)

    def __post_init__(self):
        self.inputs = Inputs.of(self.history, self.z[:, None])
        self.model = self.history.model
        self.origin = self.model.origin
        self.inside, self.lively = (self.model.indices(self.model.measure[m].stock) for m in self.history.measures)
        self.rest = self.model.states.index(self.origin.rest)
        self.mixing = self.history.target.mixing
        self.region = np.array(self.history.region_of)
        self.regions = [np.flatnonzero(self.region == g) for g in range(len(self.history.regions))]

    def values(self, shock):
        """Return the parameters of a month under log shocks (2 G, C): those of its region in each segment."""
        own = {path: shock[2 * self.region + p] for p, path in enumerate(self.history.paths)}
        found = tilted(self.model, self.inputs.base, own)
        return Values(found, frozenset(found))

    def steady(self, shock, rounds=ROUNDS):
        """Return occupancy (K, S, C) and customers (S, C) at the first figure of the level."""
        count = shock.shape[1]
        customers = np.repeat(self.inputs.customers, count, axis=1)
        level, values = np.repeat(self.inputs.level, count, axis=1), self.values(shock)
        able = np.broadcast_to(values.value[self.origin.reach], customers.shape) * customers
        active, registered = np.zeros(able.shape), np.zeros(able.shape)
        for g, own in enumerate(self.regions):
            active[own] = 0.35 * able[own] * (level[g] / able[own].sum(axis=0))
        growth, parts = np.full(level.shape, 0.01), np.zeros((len(self.inside), *able.shape))
        chances = Chances(self.model, *customers.shape)
        for _ in range(rounds):
            odds = chances.update(values, active_share_met(self.mixing, active, customers))
            for g, own in enumerate(self.regions):
                per_rest = sustained(self.model, self.origin, odds[:, own], growth[g])
                registered[own], _ = spread(able[own], add_up(per_rest), level[g])
                parts[:, own] = registered[own] * per_rest / add_up(per_rest)
                net = np.zeros(count)
                for f, (source, target) in enumerate(zip(self.model.leaves, self.model.enters, strict=True)):
                    if source == self.rest and target in self.inside:
                        net += (odds[f, own] * (able[own] - registered[own])).sum(axis=0)
                    if source in self.inside and target not in self.inside:
                        net -= (odds[f, own] * parts[self.inside.index(source), own]).sum(axis=0)
                growth[g] = np.clip(net / level[g], 0.0, 0.05)
            active = sum(parts[self.inside.index(k)] for k in self.lively)
        occupancy = np.zeros((len(self.model.states), *customers.shape))
        for k, part in zip(self.inside, parts, strict=True):
            occupancy[k] = part
        occupancy[self.rest] = able - registered
        occupancy[self.model.states.index(self.origin.apart)] = customers - able
        return occupancy, customers

    def moves(self, occupancy, customers, t, shock):
        """Return what each flow moves in a month, (F, S, C); t counts months from the first figure."""
        values = self.values(shock)
        moves = np.zeros((len(self.model.flows), *customers.shape))
        exposure = exposure_of(self.model, self.mixing, occupancy, customers)
        expected_month(Chances(self.model, *customers.shape), occupancy, customers, values, exposure, moves)
        intakes = list(self.model.intakes)
        moves[intakes] *= self.inputs.growth[t, 0] * customers.sum(axis=0) / moves[intakes].sum(axis=(0, 1))
        return moves

    def month(self, state, t, shock):
        """Return the state a month later and what each flow moved in each region, (G F, C); t as of `moves`."""
        occupancy, customers = self.written_off(state[0], t), state[1]
        moves, intakes = self.moves(occupancy, customers, t, shock), list(self.model.intakes)
        then = occupancy.copy()
        for f, (source, target) in enumerate(zip(self.model.leaves, self.model.enters, strict=True)):
            then[target] += moves[f]
            if source >= 0:
                then[source] -= moves[f]
        moved = np.concatenate([moves[:, own].sum(axis=1) for own in self.regions])
        return (then, customers + moves[intakes].sum(axis=0)), moved

    def written_off(self, occupancy, t):
        """Return occupancy with those gone who are written off in month t: dormant ones of all segments alike."""
        dormant, closed = (self.model.states.index(name) for name in ("dormant", "closed"))
        then = occupancy.copy()
        if self.inputs.written_off.size:
            gone = occupancy[dormant] * self.inputs.written_off[t, 0] / occupancy[dormant].sum(axis=0)
            then[dormant] -= gone
            then[closed] += gone
        return then

    def counted(self, state):
        """Return level and active of each region, (2 G, C)."""
        both = (self.inside, self.lively)
        return np.stack([state[0][np.ix_(states, own)].sum(axis=(0, 1)) for own in self.regions for states in both])

    def nudged(self, state, lane, by):
        """Return the state with one measure of a region larger by a factor e^by: idle make up for active, rest for all.

        `lane` is twice the region's number, and one more for the active.
        """
        occupancy, own = state[0].copy(), self.regions[lane // 2]
        idle = np.ix_([k for k in self.inside if k not in self.lively], own)
        level, active = self.counted(state)[2 * (lane // 2) : 2 * (lane // 2) + 2]
        if lane % 2 == LEVEL:
            more = np.expm1(by) * level
            occupancy[idle] *= 1.0 + more / (level - active)
            occupancy[self.rest, own] *= 1.0 - more / state[0][self.rest, own].sum(axis=0)
        else:
            more = np.expm1(by) * active
            occupancy[idle] *= 1.0 - more / (level - active)
            occupancy[np.ix_(self.lively, own)] *= np.exp(by)
        return occupancy, state[1]

    # ------------ through the figures

    def through(self, after, last, state, shocks, asked):
        """Return log level and active at (block end, lane) asked for, the end state and the flows, (T, G F, C).

        Parameters
        ----------
        state : None for the steady state. shocks : by block, (C,). asked : list of (month, lane).
        """
        blocks = self.history.blocks
        of = {(b.lane, t): shocks[i] for i, b in enumerate(blocks) for t in b.months}
        lanes = range(2 * len(self.regions))
        if state is None:
            state = self.steady(np.stack([of[lane, 0] for lane in lanes]))
        known, flows = {0: self.counted(state)} if after == 0 else {}, []
        for t in range(after, last):
            state, moved = self.month(state, t, np.stack([of[lane, t + 1] for lane in lanes]))
            flows.append(moved)
            known[t + 1] = self.counted(state)
        return np.log([known[month][lane] for month, lane in asked]), state, flows

    def run(self, means, factors):
        """Solve all shocks; fill `shocks` (n,), `log_slope`, `slopes` (n, f), `state`, `flows` (T, G F) and `sways`.

        The sways are the change of the persons of each flow with the log of each figure, (T, G F, f).
        """
        history, blocks = self.history, self.history.blocks
        self.shocks = means.copy()
        self.slopes = np.zeros((len(blocks), len(history.errors.figures)))
        flows = len(self.regions) * len(self.model.flows)
        self.sways = np.zeros((history.length, flows, len(history.errors.figures)))
        self.log_slope, self.flows, state = 0.0, [], None
        made = np.zeros(len(blocks))
        last = dict.fromkeys(b.lane for b in blocks)
        for stretch in history.stretches:
            for i in stretch.free:
                made[i] = self.z[history.row[history.innovation(blocks[i])]]
                self.shocks[i] = means[i] + factors[i, : i + 1] @ made[: i + 1]
            for i in stretch.solved:
                before = last[blocks[i].lane]
                self.shocks[i] += 0.0 if before is None else self.shocks[before] - means[before]
            state = self._cross(stretch, state)
            for i in stretch.solved:
                if i < len(factors):
                    made[i] = (self.shocks[i] - means[i] - factors[i, :i] @ made[:i]) / factors[i, i]
            for i in (*stretch.free, *stretch.solved):
                last[blocks[i].lane] = i
        self.state, self.flows = state, np.array(self.flows)

    def goal(self, fig):
        """Return the value that the model is to have, persons: what is reported, its season taken out."""
        errors = self.history.errors
        return self.inputs.goals[fig.name][0] * np.exp(-errors.shift(fig) if errors.any else 0.0)

    def _cross(self, stretch, state):
        blocks, solved = self.history.blocks, list(stretch.solved)
        asked = [(blocks[i].last, blocks[i].lane) for i in solved]
        goals = np.log([self.goal(blocks[i].figure) for i in solved])

        def ends(start, shocks, number=0):
            """Return log figures, (k, C), or with 2 what flows move, (T, G F, C), given shocks (n, C)."""
            wide = start and tuple(np.repeat(part, shocks.shape[1], axis=-1) for part in start)
            found = self.through(stretch.after, stretch.last, wide, shocks, asked)[number]
            return np.array(found).reshape(-1, self.sways.shape[1], shocks.shape[1]) if number else found

        def jacobian(number=0):
            tried = np.repeat(self.shocks[:, None], 4 * len(solved), axis=1)
            for j, i in enumerate(solved):
                tried[i, 4 * j : 4 * j + 4] += STEP * STEPS
            found = ends(state, tried, number)
            return found.reshape(*found.shape[:-1], len(solved), 4) @ SLOPE / STEP

        if solved:
            for _ in range(100):
                away = goals - ends(state, self.shocks[:, None])[:, 0]
                move = np.clip(np.linalg.solve(jacobian(), away), -0.7, 0.7)
                self.shocks[solved] += move
                if np.abs(away).max() < 1e-13 or np.abs(move).max() < 1e-14:
                    break
            slope = jacobian()
            self.log_slope += np.linalg.slogdet(slope)[1] + goals.sum()
            self._note_errors(
                stretch, state, np.linalg.inv(slope), lambda start, number: ends(start, self.shocks[:, None], number)
            )
            self.sways[stretch.after : stretch.last] += jacobian(2) @ self.slopes[solved]
        _, end, flows = self.through(stretch.after, stretch.last, state, self.shocks[:, None], [])
        self.flows += [moved[:, 0] for moved in flows]
        return end

    def _note_errors(self, stretch, state, inverse, ends):
        """Note how errors of the figures that end a stretch, and of those with which it began, move its shocks."""
        errors, solved = self.history.errors, list(stretch.solved)
        numbers = [errors.number(self.history.blocks[i].figure) for i in solved]
        self.slopes[np.ix_(solved, numbers)] = inverse
        for lane, number in enumerate(errors.at(stretch.after) if state else ()):
            if number >= 0:
                nudged = [self.nudged(state, lane, by) for by in (NUDGE, -NUDGE)]
                up, down = (ends(each, 0)[:, 0] for each in nudged)
                self.slopes[solved, number] -= inverse @ (up - down) / (2 * NUDGE)
                up, down = (ends(each, 2)[..., 0] for each in nudged)
                self.sways[stretch.after : stretch.last, :, number] += (up - down) / (2 * NUDGE)


# ------------ the law


def matched(keep, size):
    """Return what a path keeps a month and the sd of its innovation, given those of a year (CALIBRATION R1.2)."""
    months = np.arange(12)

    def ratio(phi):
        one = phi ** np.abs(months[:, None] - months)
        two = phi ** (12 + months[:, None] - months)
        return two.sum() / one.sum()

    phi = brentq(lambda p: ratio(p) - keep, 1e-9, 1 - 1e-9, xtol=1e-15)
    c0 = (phi ** np.abs(months[:, None] - months)).sum() / 144.0
    return phi, size / np.sqrt((1 - keep**2) * c0) * np.sqrt(1 - phi**2)


def stepwise(keep, size, correlation, scale, joint):
    """Return the covariance of two autoregressions, (2, N, 2, N), by their recursion over N steps.

    Parameters
    ----------
    keep, size : (2,). scale : (2, N) of each step's variance.
    joint : True where the stationary law is that of both together; False where each begins with an innovation of its
        own, enlarged, the two of which are correlated like all others.
    """
    steps = scale.shape[1]
    spread = np.outer(size, size) * np.array([[1.0, correlation], [correlation, 1.0]])
    stationary = spread / (1 - np.outer(keep, keep))
    if not joint:
        stationary[0, 1] = stationary[1, 0] = spread[0, 1] / np.sqrt((1 - keep[0] ** 2) * (1 - keep[1] ** 2))
    root = np.sqrt(scale)
    weights = np.zeros((2, steps, 2, steps))  # of path and step, how much of each innovation of path and step
    for p in range(2):
        for t in range(steps):
            weights[p, t, p, : t + 1] = keep[p] ** (t - np.arange(t + 1)) * root[p, : t + 1]
    out = np.zeros((2, steps, 2, steps))
    for s in range(steps):
        own = stationary if s == 0 else spread
        out += np.einsum("ptq,qr,usr->ptus", weights[:, :, :, s], own, weights[:, :, :, s])
    return out


@dataclass
class PlainLaw:
    """The law of the shocks of a plain history: means (n,), covariance (n, n) without errors of the figures."""

    plain: Plain

    def __post_init__(self):
        history, inputs = self.plain.history, self.plain.inputs
        blocks, sizes, z = history.blocks, inputs.sizes, self.plain.z[:, None]
        first, count = history.first, len(blocks)
        keep = np.array([sizes.persistence[p][0] for p in history.paths])
        size = np.array([sizes.size[p][0] for p in history.paths])
        years = sorted({(first + t).year for b in blocks for t in b.months})
        scales = history.scales_of(z)[..., 0]
        if history.yearly:
            scale = scales
            weights = {i: {(first + b.last).year - years[0]: 1.0} for i, b in enumerate(blocks)}
        else:
            keep, size = np.array([matched(k, s) for k, s in zip(keep, size, strict=True)]).T
            scale = scales[:, [(first + t).year - years[0] for t in range(-11, history.length + 1)]]
            weights = {i: {t + 11: 1.0 / len(b.months) for t in b.months} for i, b in enumerate(blocks)}
        steps = stepwise(keep, size, sizes.correlation[0], scale, joint=not history.yearly)
        in_common = self._in_common(sizes, blocks)
        self.covariance = np.zeros((count, count))
        for i, one in enumerate(blocks):
            for j, other in enumerate(blocks):
                self.covariance[i, j] = sum(
                    a * b * steps[one.path, s, other.path, t]
                    for s, a in weights[i].items()
                    for t, b in weights[j].items()
                )
        self.covariance *= in_common
        self.mean = np.zeros(count)
        self._drift(sizes, blocks)
        self._trends(blocks)
        self._seasons(blocks, z)
        self._campaigns(blocks)
        if not history.yearly:
            self._wiggle(blocks, in_common)

    def _in_common(self, sizes, blocks):
        """Return how much of a shock's covariance is between the regions of blocks, and within one, (n, n)."""
        history = self.plain.history
        if sizes.spread is None:
            return np.ones((len(blocks), len(blocks)))
        known = {f.band: f.interval.middle for f in history.reported("registered") if f.month == history.first}
        shares = np.array([known[band] for band in history.regions]) / sum(known.values())
        kappa = sizes.spread[0]
        common = 1.0 / (1.0 + kappa**2 * (shares @ shares))
        same = np.equal.outer([b.region for b in blocks], [b.region for b in blocks])
        return common * (1.0 + kappa**2 * same)

    def _wiggle(self, blocks, in_common):
        """Add a month's wiggle: white from month to month, common and own as the shocks are."""
        wiggle = self.plain.history.target.wiggle.prior.centre
        for i, one in enumerate(blocks):
            for j, other in enumerate(blocks):
                if one.path == other.path:
                    both = len(set(one.months) & set(other.months)) / len(one.months) / len(other.months)
                    self.covariance[i, j] += wiggle**2 * both * in_common[i, j]

    def _drift(self, sizes, blocks):
        history = self.plain.history
        for i, block in enumerate(blocks):
            a_year = sizes.drift[history.paths[block.path]][0]
            self.mean[i] += a_year * np.mean([(t - history.length) / 12.0 for t in block.months])

    def _trends(self, blocks):
        history = self.plain.history
        since = {LEVEL: 0, ACTIVE: history.active_since}
        for path, name in enumerate(history.paths):
            own = history.target.shocks[name].trend
            if own is None:
                continue
            months = range(-11, history.length + 1)
            later = [t for t in months if t > since[path]]
            keep = 0.5 ** (1.0 / own.half_life_months)
            step = own.change.prior.centre / np.sqrt(sum(keep ** (2 * k) for k in range(12)))
            growth = {t: np.zeros(2 + len(later)) for t in months}
            for t in months:
                if t <= since[path]:
                    growth[t][:2] = 1.0
                else:
                    growth[t] = keep * growth[t - 1]
                    growth[t][0] += 1.0 - keep
                    growth[t][2 + later.index(t)] += 1.0
            level = {since[path]: np.zeros(2 + len(later))}
            for t in later:
                level[t] = level[t - 1] + growth[t] / 12.0
            for t in reversed([t for t in months if t < since[path]]):
                level[t] = level[t + 1] - growth[t] / 12.0
            rows = np.zeros((len(blocks), 2 + len(later)))
            for i, block in enumerate(blocks):
                if block.path == path:
                    rows[i] = np.mean([level[t] for t in block.months], axis=0)
            variance = [own.mean.prior.spread**2, own.start.prior.spread**2, *[step**2] * len(later)]
            self.mean += rows[:, 0] * own.mean.prior.centre + rows[:, 1] * own.start.prior.centre
            self.covariance += rows @ np.diag(variance) @ rows.T

    def _seasons(self, blocks, z):
        history = self.plain.history
        for path, name in enumerate(history.paths):
            if name in history.target.seasons:
                size = history.natural_of(f"season.{name}", z)[0]
                rows = np.zeros((len(blocks), 13))
                for i, block in enumerate(blocks):
                    if block.path == path:
                        rows[i] = np.mean([season.weights(history.first + t) for t in block.months], axis=0)
                self.covariance += size**2 * rows @ SEASON @ rows.T

    def _campaigns(self, blocks):
        history = self.plain.history
        for own in history.target.campaigns:
            ran = range(own.first - history.first, own.last - history.first + 1)
            share = np.array(
                [len(set(ran) & set(b.months)) / len(b.months) * (history.paths[b.path] == own.path) for b in blocks]
            )
            self.mean += own.effect.prior.centre * share
            self.covariance += own.effect.prior.spread**2 * np.outer(share, share)


SEASON = np.zeros((13, 13))  # twelve factors that sum to zero, of unit variance, and the Spring Festival's
SEASON[:12, :12] = 12.0 / 11.0 * (np.eye(12) - 1.0 / 12.0)
SEASON[12, 12] = 1.0


def error_covariance(plain):
    """Return the covariance of the figures' errors, log scale, (f, f)."""
    history, z = plain.history, plain.z[:, None]
    errors = history.errors
    size = [history.natural_of(f"noise.{f.measure}", z)[0] for f in errors.figures]
    found = np.diag(np.square(size) + errors.rounding**2)
    if errors.seasonal:
        own = np.stack([(f.measure == "mau") * season.weights(f.month) for f in errors.figures])
        found += history.natural_of("season.mau", z)[0] ** 2 * own @ SEASON @ own.T
    return found


def plain_density(history, z, beside=None):
    """Return a plain history that has gone through its figures, with its log density as `log`.

    Parameters
    ----------
    beside : takes the plain history and returns residuals of flows (m,), their slopes with the log of the figures of
        people (m, f), their covariance without these figures' errors (m, m), and the log of their slope with the
        flows. None leaves flows out.
    """
    plain = Plain(history, z)
    law = PlainLaw(plain)
    plain.run(law.mean, np.linalg.cholesky(law.covariance))
    residuals, sways, own, log = beside(plain) if beside else (np.zeros(0), np.zeros((0, plain.slopes.shape[1])), 0, 0)
    count = len(history.blocks)
    covariance = np.zeros((count + len(residuals), count + len(residuals)))
    covariance[:count, :count], covariance[count:, count:] = law.covariance, own
    apart = np.concatenate([plain.shocks - law.mean, residuals])
    if history.errors.any:
        slopes = np.concatenate([plain.slopes, sways])
        covariance += slopes @ error_covariance(plain) @ slopes.T
        apart = apart + slopes @ history.errors.shifts
    root = np.linalg.cholesky(covariance)
    normal = np.linalg.solve(root, apart)
    plain.log = -0.5 * normal @ normal - np.log(np.diag(root)).sum() - 0.5 * np.log(2 * np.pi) * len(apart) + log
    free = [i for i, b in enumerate(history.blocks) if b.figure is None]
    alone = np.linalg.cholesky(law.covariance)
    for i in free:
        latent = z[history.row[history.innovation(history.blocks[i])]]
        plain.log += np.log(alone[i, i]) + 0.5 * latent**2 + 0.5 * np.log(2 * np.pi)
    plain.log -= plain.log_slope
    return plain


def same_slopes(solver, r, plain):
    """Check that errors of the figures move the shocks of draw r as the reference finds."""
    slopes = np.zeros(plain.slopes.shape)
    for i, numbers in enumerate(solver.at):
        for k, number in enumerate(numbers):
            slopes[i, number] += solver.slopes[i, k, r] if number >= 0 else 0.0
    if solver.history.errors.any:
        np.testing.assert_allclose(slopes, plain.slopes, rtol=0, atol=1e-6 * np.abs(plain.slopes).max())
