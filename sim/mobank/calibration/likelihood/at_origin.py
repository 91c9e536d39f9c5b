"""Where a draw stands at the last figure: what of shocks, trends, seasons and errors the solved shocks leave open.

All of it is jointly Gaussian with the shocks that were solved, so it is drawn from its law given these: the value of
each autoregression, level, growth and mean of each trend, factors of each season, and the errors of the last figures.
Drawn one by one they would contradict each other: a high last figure is either a good month or an error of the figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.kernels import gaussian
from mobank.base.streams import Streams
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import HistoryState, Solver
from mobank.dynamics import season


@dataclass(frozen=True)
class AtOrigin:
    """What a forecast begins with.

    Parameters
    ----------
    columns : (R,) each, by name: `shock.<path>` (`shock.<path>.<band>` of each region), `trend.<path>.level`,
        `.growth`, `.mean`, `season.<name>.<factor>`.
    state : where everybody is, errors of the last figures taken out.
    """

    columns: Mapping[str, Floats]
    state: HistoryState


@dataclass
class Asked:
    """Numbers that are asked for: their names, expectations, covariance with what was solved and with each other.

    Parameters
    ----------
    solved : how many shocks were solved, and flows are reported.
    """

    draws: int
    solved: int

    def __post_init__(self) -> None:
        self.names: list[str] = []
        self.mean: list[Floats] = []
        self.with_solved: list[Floats] = []  # (n + f, R)
        self.parts: list[Floats] = []  # (k, k, R) on the diagonal

    def add(self, names: list[str], mean: Floats, with_solved: Floats, own: Floats) -> None:
        """Take in some numbers that are independent of all others before the shocks are known.

        Parameters
        ----------
        mean : (k,). with_solved : (k, n or n + f, R or 1), of shocks alone where flows have nothing to do with them.
        own : (k, k, R or 1).
        """
        count = len(names)
        among = np.zeros((count, self.solved, self.draws))
        among[:, : with_solved.shape[1]] = with_solved
        self.names += names
        self.mean += [np.full(self.draws, m) for m in mean]
        self.with_solved += list(among)
        self.parts.append(np.broadcast_to(own, (count, count, self.draws)))


def at_origin(solver: Solver, state: HistoryState, streams: Streams, item: str) -> AtOrigin:
    """Return where draws that have passed through a history stand at its last figure.

    Parameters
    ----------
    solver : all of whose draws are possible. state : in which they have arrived.
    streams, item : for what is drawn, keyed by the draw's number.
    """
    asked = _asked(solver)
    drawn = _drawn(solver, asked, streams, item)
    history = solver.history
    columns = {name: values for name, values in drawn.items() if not name.startswith("error.")}
    return AtOrigin(columns, _righted(history, state, drawn))


def _asked(solver: Solver) -> Asked:
    history, law, draws = solver.history, solver.history.law, solver.why.size
    blocks = len(history.blocks)
    asked = Asked(draws, len(solver.slopes))
    *_, steps, _, weights = solver.numbers
    last = int(steps[:, 2].max())
    ends = np.array([[p, last, last, g] for g in range(len(history.regions)) for p in (LEVEL, ACTIVE)], np.int64)
    full, solved = np.moveaxis(covariance(solver, ends), 0, -1), len(solver.slopes)
    names = [f"shock.{path}" for path in history.lane_names()]
    asked.add(names, np.zeros(len(ends)), full[solved:, :solved], full[solved:, solved:])
    for path, trend in law.trends.items():
        rows = np.stack([trend.level(history.length), trend.growth(history.length), np.eye(len(trend.mean))[0]])
        own_blocks, spread = law.of_path(path), np.diag(trend.variance)
        joint = np.zeros((3, blocks))
        joint[:, own_blocks] = rows @ spread @ trend.means([history.blocks[i].months for i in own_blocks]).T
        names = [f"trend.{history.paths[path]}.{what}" for what in ("level", "growth", "mean")]
        asked.add(names, rows @ trend.mean, joint[..., None], (rows @ spread @ rows.T)[..., None])
    for k, path in enumerate(law.seasons):
        size = np.sqrt(weights[1 + k])
        _add_season(asked, history.paths[path], law.shares(path), size)
    if history.errors.any:
        add_errors(solver, asked)
    return asked


def _add_season(asked: Asked, name: str, shares: Floats, size: Floats) -> None:
    """Ask for the factors of a season, given how much of each is in each shock, (n, 13), or flow, (n + f, 13, R)."""
    joint = np.einsum("ml,nl...->mn...", season.UNIT, shares)
    joint = joint if joint.ndim == 3 else joint[..., None]
    names = [f"season.{name}.{factor}" for factor in season.FACTORS]
    asked.add(names, np.zeros(len(names)), joint * size**2, season.UNIT[..., None] * size**2)


def add_errors(solver: Solver, asked: Asked) -> None:
    """Ask for the errors of the last figures, and for the season with which the measure of the active is counted."""
    history, errors = solver.history, solver.history.errors
    variance, size = solver.error_sizes
    numbers = errors.at(history.length)
    for name, number in zip(history.lane_names(), numbers, strict=True):
        if number >= 0:
            slope = np.where(solver.at[..., None] == number, solver.slopes, 0.0).sum(axis=1)
            own = variance[number]
            asked.add([f"error.{name}"], np.zeros(1), (slope * own)[None], own[None, None])
    if errors.seasonal:
        shares = np.zeros((len(solver.slopes), len(season.FACTORS), solver.why.size))
        for number, figure in enumerate(errors.figures):
            if figure.measure == history.origin.engaged:
                slope = np.where(solver.at[..., None] == number, solver.slopes, 0.0).sum(axis=1)
                shares += season.weights(figure.month)[:, None] * slope[:, None]
        _add_season(asked, history.origin.engaged, shares, size)


def covariance(solver: Solver, ends: Ints) -> Floats:
    """Return the covariance of solved shocks and flows, errors included, and of steps of the paths, (R, n + f + e, …).

    Parameters
    ----------
    ends : (e, 4) path, first and last step and region of each.
    """
    count, more = len(solver.history.blocks), len(ends)
    rows = np.arange(solver.why.size)
    *own, steps, patterns, weights, slopes, at, variance, pattern, weight, beside = solver.law_of(rows)
    wider = np.zeros((patterns.shape[0], count + more, count + more))
    wider[:, :count, :count] = patterns
    wide, longer = np.insert(at, [count] * more, -1, axis=0), np.insert(slopes, [count] * more, 0.0, axis=0)
    out = np.empty((rows.size, len(wide), len(wide)))
    steps = np.concatenate([steps, ends])
    gaussian.covariance(*own, steps, wider, weights, longer, wide, variance, pattern, weight, beside, out)  # type: ignore[call-arg]
    order = [*range(count), *range(count + more, len(wide)), *range(count, count + more)]
    return out[:, order][:, :, order]


def _drawn(solver: Solver, asked: Asked, streams: Streams, item: str) -> dict[str, Floats]:
    """Return what is asked for, drawn given the solved shocks and the flows, (R,) by name."""
    draws = solver.why.size
    known = covariance(solver, np.empty((0, 4), np.int64))
    joint = np.moveaxis(np.stack(asked.with_solved), -1, 0)  # (R, q, n + f)
    own = np.zeros((draws, len(asked.names), len(asked.names)))
    at = 0
    for part in asked.parts:
        end = at + part.shape[0]
        own[:, at:end, at:end] = np.moveaxis(part, -1, 0)
        at = end
    apart = solver.unexpected(np.arange(draws)).T[..., None]
    weights = np.linalg.solve(known, np.concatenate([np.swapaxes(joint, 1, 2), apart], axis=2))
    mean = np.stack(asked.mean).T + (joint @ weights[..., -1:])[..., 0]
    spread = own - joint @ weights[..., :-1]
    values, vectors = np.linalg.eigh(0.5 * (spread + np.swapaxes(spread, 1, 2)))
    root = np.sqrt(np.maximum(values, 0.0))
    z = np.stack([streams.normal("parameters", f"{item}.{name}", np.arange(draws)) for name in asked.names])
    found = mean + np.einsum("rqk,rk,kr->rq", vectors, root, z)
    return dict(zip(asked.names, found.T, strict=True))


def _righted(history: History, state: HistoryState, drawn: Mapping[str, Floats]) -> HistoryState:
    """Return the state with the errors of the last figures taken out; idle users and the rest make up for it."""
    if not history.errors.any:
        return state
    region, people = np.array(history.region_of), state.occupancy.copy()
    for g, band in enumerate(history.regions):
        own = region == g
        people[:, own] = _righted_region(history, people[:, own], drawn, history.lane_names()[2 * g : 2 * g + 2], band)
    return HistoryState(people, state.customers)


def _righted_region(
    history: History, people: Floats, drawn: Mapping[str, Floats], lanes: Sequence[str], band: str
) -> Floats:
    """Return the people of a region, (K, S, R), with the errors of its last figures taken out."""
    model, origin, people = history.model, history.origin, people.copy()
    still = np.zeros(people.shape[-1])
    level, active = (drawn.get(f"error.{lane}", still) for lane in lanes)
    counted = (origin.engaged, band, history.last)
    figure = next((f for f in history.errors.figures if (f.measure, f.band, f.month) == counted), None)
    if history.errors.seasonal and figure:
        factors = np.stack([drawn[f"season.{origin.engaged}.{factor}"] for factor in season.FACTORS])
        active = active + season.at(factors, [history.last])[0] - history.errors.shift(figure)
    lively = model.indices(model.measure[origin.engaged].stock)
    idle = [k for k in model.indices(model.measure[origin.stock].stock) if k not in lively]
    rest = model.states.index(origin.rest)
    active_was, idle_was = people[lively].sum(axis=(0, 1)), people[idle].sum(axis=(0, 1))
    active_now = active_was * np.exp(-active)
    idle_now = np.maximum((active_was + idle_was) * np.exp(-level) - active_now, 0.01 * idle_was)
    before = people[[*lively, *idle]].sum(axis=0)
    people[lively] *= active_now / active_was
    people[idle] *= idle_now / idle_was
    people[rest] = np.maximum(people[rest] - (people[[*lively, *idle]].sum(axis=0) - before), 0.0)
    return people
