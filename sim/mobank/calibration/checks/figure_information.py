"""Which figure informs what: how much wider each unknown would be if one figure had not been reported.

A draw passes through every figure, so a figure is taken away by letting it lie anywhere: the density of a draw is
integrated over the figure, all else as it is. The ratio of the two densities is the weight that turns draws of the
posterior into draws of the posterior without that figure (importance sampling); nothing is fitted again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from mobank.base.arrays import Floats
from mobank.base.quantities import Interval
from mobank.calibration.likelihood.history import History, value_at
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.sampler.diagnostics import effective_of
from mobank.scenario.scenario import Figure

DRAWS = 1000
WIDE = 0.5  # log scale: a figure that is taken away may lie this far to either side of where it was reported
STEP = 0.01  # log scale, of the first look at how the density bends
NODES = 7  # of Gauss and Hermite's rule
WIDER = 1.3  # the rule is laid a little wider than the density, so that its tails are seen
GROUPS = 10  # of the jackknife
SURE = 2.5  # standard errors above zero from which a figure is named


@dataclass(frozen=True)
class Informs:
    """What one figure says of the unknowns.

    Parameters
    ----------
    effective : how many independent draws the weights without the figure are worth.
    contraction : by unknown, the share of the variance without the figure that the figure takes away (prior scale).
    error : by unknown, standard error of the contraction by jackknife over groups of draws.
    """

    figure: Figure
    effective: float
    contraction: Mapping[str, float]
    error: Mapping[str, float]

    def sure(self, name: str) -> bool:
        """Return True if the figure narrows an unknown beyond the error of the draws."""
        return self.contraction[name] > SURE * self.error[name]


def informs(history: History, z: Floats, draws: int = DRAWS) -> list[Informs]:
    """Return what each figure that fixes a shock, its place in the interval a coordinate, says of each unknown.

    The first figure of the level is where the history begins, and figures of all customers carry no density: neither
    can be taken away. Nor can the rest of a whole, which is no figure of its own.

    Parameters
    ----------
    z : (D, N) coordinates of the posterior's draws, in the order of `History.names`.
    """
    looked_at = z[:, np.linspace(0, z.shape[1] - 1, min(draws, z.shape[1])).astype(int)]
    possible = live(history, looked_at).possible
    looked_at = looked_at[:, possible]
    wide = {figure.name for figure in history.wide}
    own = {figure.name for figure in (*history.target.reported, *(each.figure for each in history.others))}
    fixing = [b.figure for b in history.blocks if b.figure and b.figure.name in wide & own]
    return [_informs(history, looked_at, figure) for figure in sorted(fixing, key=lambda f: (f.month, f.measure))]


def narrowed_by(found: Sequence[Informs], name: str) -> list[Informs]:
    """Return the figures that narrow an unknown beyond the error of the draws, the strongest first."""
    return sorted((each for each in found if each.sure(name)), key=lambda each: -each.contraction[name])


def _informs(history: History, z: Floats, figure: Figure) -> Informs:
    weights = without(history, z, figure)
    own = {name: z[history.row[name]] for name in history.priors}
    groups = np.arange(z.shape[1]) % GROUPS
    contraction, error = {}, {}
    for name, values in own.items():
        contraction[name] = _contraction(values, weights)
        left_out = [_contraction(values[groups != g], weights[groups != g]) for g in range(GROUPS)]
        error[name] = float(np.sqrt((GROUPS - 1) * np.var(left_out)))
    return Informs(figure, effective_of(weights), contraction, error)


def _contraction(values: Floats, weights: Floats) -> float:
    mean = np.average(values, weights=weights)
    return float(1.0 - values.var() / np.average((values - mean) ** 2, weights=weights))


def without(history: History, z: Floats, figure: Figure) -> Floats:
    """Return weights (N,), summing to one, that take a figure out of draws (D, N) which pass through all of them."""
    start = np.log(value_at(figure, z[history.row[figure.name]]))
    free = _freed(history, figure)

    def density(at: Floats) -> Floats:
        """Return the log density, per log person of the figure, at log values (Q, N)."""
        return _density(free, figure, z, at)

    near = density(start + np.array([[-STEP], [0.0], [STEP]]))
    centre, width = _bell(near)
    nodes, rule = np.polynomial.hermite_e.hermegauss(NODES)
    at = start + centre + WIDER * width * nodes[:, None]
    terms = density(at) + 0.5 * nodes[:, None] ** 2 + np.log(rule)[:, None]
    most = terms.max(axis=0)
    mass = most + np.log(np.exp(terms - most).sum(axis=0)) + np.log(width)
    log = np.where(np.isfinite(mass), mass - near[1], -np.inf)
    weights = np.exp(log - log.max())
    return np.asarray(weights / weights.sum())


def _freed(history: History, figure: Figure) -> History:
    """Return the history with a figure that may lie `WIDE` to either side of the middle of what was reported."""
    middle = figure.interval.middle
    wide = replace(figure, interval=Interval(middle * np.exp(-WIDE), middle * np.exp(WIDE), 0.0))
    reported = tuple(wide if each == figure else each for each in history.target.reported)
    others = tuple(replace(each, figure=wide) if each.figure == figure else each for each in history.others)
    return replace(history, target=replace(history.target, reported=reported), others=others)


def _density(free: History, figure: Figure, z: Floats, at: Floats) -> Floats:
    """Return the log density per log person, (Q, N), of draws z (D, N) whose freed figure has log values (Q, N)."""
    wide = next(each for each in free.figures if each.name == figure.name).interval
    moved = np.tile(z, at.shape[0])
    place = (np.exp(at).ravel() - wide.low) / (wide.high - wide.low)
    inside = (place > 0.0) & (place < 1.0)
    moved[free.row[figure.name]] = ndtri(np.where(inside, place, 0.5))
    found = live(free, moved).log_density + at.ravel()
    return np.where(inside, found, -np.inf).reshape(at.shape)


def _bell(near: Floats) -> tuple[Floats, Floats]:
    """Return centre and width (N,), log scale, of the bell through a log density at −STEP, 0 and STEP, (3, N)."""
    with np.errstate(all="ignore"):
        bend = (2.0 * near[1] - near[0] - near[2]) / STEP**2
        width = 1.0 / np.sqrt(bend)
        usual = np.nanmedian(width)
        width = np.clip(np.nan_to_num(width, nan=usual), 0.3 * usual, 3.0 * usual)
        centre = np.nan_to_num((near[2] - near[0]) / (2.0 * STEP) * width**2)
    return np.clip(centre, -4.0 * width, 4.0 * width), width
