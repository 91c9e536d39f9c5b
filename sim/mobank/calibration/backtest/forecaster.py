"""Forecasts of one reported series by a reduced model: weighted prior draws with chance inside the dynamics.

A draw is a parameter set of one growth shape, with its yearly shocks. It is conditioned on the first figure: the
prior says how far the pool of customers reaches beyond it, so no prior has looked at what it is fitted to. A draw
passes through each later figure: either the shock of that year is solved for, or it is drawn and the level's
discrepancy takes up the rest. The weight of a draw is the density of what happened over that of how it was proposed
(the balance heuristic), so it stays bounded wherever one of the two ways can explain the figure. When few draws carry
the weight they are resampled. A forecast continues each draw with shocks of its own, and with the size of
discrepancies that the draw has.

References
----------
Veach, Guibas (1995), "Optimally combining sampling techniques" (the balance heuristic).
King, Domenech de Cellès, Magpantay, Rohani (2015), "Avoidable errors in the modelling of outbreaks" (why chance must
run through the dynamics of cumulative figures).
Shaw (2006), "Sampling Student's T distribution" (the quantiles for four degrees of freedom).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mobank.base import kernels
from mobank.base.arrays import Floats, Ints
from mobank.base.streams import Streams
from mobank.calibration.backtest.priors import ReducedPriors
from mobank.calibration.backtest.reduced_models import SHAPES
from mobank.calibration.backtest.series import Series, SeriesFigure
from mobank.dynamics.contacts import exposure_of
from mobank.dynamics.month import TINY, Chances, Values, add_up, expected_month
from mobank.model.grammar import Model

YEAR = 12
SOLVES = 5  # guesses at a year's shock
MISSED = 0.1  # of the size of the level's discrepancy: a solution that is further off is none
FURTHEST = 12.0  # log factor of a year's hazard that no solution goes beyond
LEAST = 1e-9  # share of the registered that is taken for none
UNIT_T4 = np.sqrt(2.0)  # standard deviation of Student's t with four degrees of freedom
MIXING = np.ones((1, 1))  # one segment, which meets itself


@dataclass
class ReducedDraws:
    """Weighted draws of one growth shape at the last figure that they passed through.

    Parameters
    ----------
    people : (K, 1, R) in each state, in the unit of the series.
    values : by parameter, each (1, R); rates are a month.
    size, persistence : of the yearly shocks, each (R,).
    drift, noise : sizes of the discrepancy that stays (a year) and of the one that does not, log scale, each (R,).
    offset : log of the reported level over the model's, (R,).
    shock : log factor on adoption in the span just passed, (R,); None before the first.
    weight : log, (R,), since the last resampling.
    evidence : log of the mean weight until then.
    """

    model: Model
    people: Floats
    values: Mapping[str, Floats]
    size: Floats
    persistence: Floats
    drift: Floats
    noise: Floats
    offset: Floats
    shock: Floats | None = None
    weight: Floats = field(default_factory=lambda: np.zeros(0))
    evidence: float = 0.0

    @property
    def count(self) -> int:
        """How many draws there are."""
        return int(self.offset.size)

    def log_mean_weight(self) -> float:
        """Return the log of the mean weight since the start: the evidence for this growth shape."""
        top = self.weight.max()
        return float(self.evidence + top + np.log(np.mean(np.exp(self.weight - top))))

    def shares(self) -> Floats:
        """Return the weights, normalised, (R,)."""
        shares = np.exp(self.weight - self.weight.max())
        return np.asarray(shares / shares.sum())

    def taken(self, rows: Ints | NDArray[np.bool_]) -> "ReducedDraws":
        """Return equally weighted draws: these rows."""
        values = {name: value[:, rows] for name, value in self.values.items()}
        shock = None if self.shock is None else self.shock[rows]
        return replace(
            self,
            people=np.ascontiguousarray(self.people[..., rows]),
            values=values,
            size=self.size[rows],
            persistence=self.persistence[rows],
            drift=self.drift[rows],
            noise=self.noise[rows],
            offset=self.offset[rows],
            shock=shock,
            weight=np.zeros(self.offset[rows].size),
            evidence=self.log_mean_weight(),
        )


@dataclass(frozen=True)
class Luck:
    """Numbers drawn by name for one block of draws."""

    streams: Streams
    name: str
    rows: Ints

    @classmethod
    def of(cls, streams: Streams, name: str, count: int) -> "Luck":
        """Return the luck of draws 0 to count − 1."""
        return cls(streams, name, np.arange(count))

    def uniform(self, item: str, when: int = -1) -> Floats:
        """Return one uniform a draw, (R,)."""
        return self.streams.uniform("parameters", f"{self.name}: {item}", self.rows, when)

    def normal(self, item: str, when: int = -1) -> Floats:
        """Return one standard normal a draw, (R,)."""
        return self.streams.normal("parameters", f"{self.name}: {item}", self.rows, when)

    def lognormal(self, item: str, belief: tuple[float, float]) -> Floats:
        """Return one draw of a lognormal with this median and standard deviation of the logarithm, (R,)."""
        return np.asarray(belief[0] * np.exp(belief[1] * self.normal(item)))

    def student(self, item: str, when: int = -1) -> Floats:
        """Return one Student draw of unit variance, four degrees of freedom, (R,)."""
        return student_quantile(self.uniform(item, when))


def student_quantile(u: Floats) -> Floats:
    """Return quantiles of Student's t with four degrees of freedom, scaled to unit variance."""
    root = np.sqrt(4.0 * u * (1.0 - u))
    size = 2.0 * np.sqrt(np.maximum(np.cos(np.arccos(root) / 3.0) / root - 1.0, 0.0))
    return np.asarray(np.sign(u - 0.5) * size / UNIT_T4)


def student_log_density(x: Floats, size: Floats | float) -> Floats:
    """Return the log density of Student's t, four degrees of freedom, at x, with this standard deviation."""
    scale = size / UNIT_T4
    return np.asarray(np.log(0.375 / scale) - 2.5 * np.log1p((x / scale) ** 2 / 4.0))


def begin(beliefs: ReducedPriors, shape: str, series: Series, luck: Luck) -> ReducedDraws:
    """Return prior draws that hold the first figure of a series."""
    model, first, n = SHAPES[shape], series.figures[0], luck.rows.size
    noise = luck.lognormal("noise size", beliefs.noise)
    level = np.exp(_reading(noise, first, luck))
    close = luck.lognormal("closures", beliefs.closures) / YEAR
    grow = np.maximum(beliefs.growth[0] + beliefs.growth[1] * luck.normal("growth"), 0.0) / YEAR
    unprompted = beliefs.alone if shape == "constant" else beliefs.innovation
    values = {
        "innovation_rate": luck.lognormal("innovation", unprompted) / YEAR,
        "imitation_rate": luck.lognormal("imitation", beliefs.imitation) / YEAR,
        "imitation_power": luck.lognormal("power", beliefs.power),
        "close_rate": close,
        "join_rate": np.zeros(n) if series.is_share else grow,
    }
    people = np.zeros((3, 1, n))
    people[0, 0], people[1, 0] = _beyond(beliefs, series, level, luck), level
    low, high = beliefs.persistence
    return ReducedDraws(
        model,
        people,
        {name: values[name][None] for name in model.parameter},
        luck.lognormal("shock size", beliefs.shock),
        low + (high - low) * luck.uniform("persistence"),
        luck.lognormal("level size", beliefs.level),
        noise,
        np.zeros(n),
        None,
        np.zeros(n),
    )


def _beyond(beliefs: ReducedPriors, series: Series, level: Floats, luck: Luck) -> Floats:
    """Return who can still register beside those of the first figure, (R,), in the series' unit."""
    if series.is_share:
        middle, spread = beliefs.ceiling
        return np.maximum(1.0 - level, 1e-3) / (1.0 + np.exp(-middle - spread * luck.normal("ceiling")))
    return level * beliefs.headroom[0] * np.exp(beliefs.headroom[1] * luck.student("headroom"))


def _reading(noise: Floats, figure: SeriesFigure, luck: Luck) -> Floats:
    """Return the log of a level for each draw that the figure allows, (R,)."""
    when = figure.month.ordinal
    place = figure.low + (figure.high - figure.low) * luck.uniform("position", when)
    return np.asarray(np.log(place) - noise * luck.student("noise", when))


def pass_through(draws: ReducedDraws, figure: SeriesFigure, months: int, luck: Luck) -> None:
    """Bring draws to a figure `months` later, and weigh them; changed in place."""
    when = figure.month.ordinal
    goal = _reading(draws.noise, figure, luck) - draws.offset
    expected, size = _next_shock(draws, months)
    jump = draws.drift * np.sqrt(months / YEAR)
    solving = luck.uniform("way", when) < 0.5
    step_up = jump * luck.student("level", when)
    shock = expected + size * luck.student("shock", when)
    possible = np.ones(draws.count, bool)
    shock[solving], possible[solving] = _solve(draws.taken(solving), (goal - step_up)[solving], months, jump[solving])
    people, slope = _with_slope(draws, shock, months)
    rest = goal - log_registered(people)
    by_shock = student_log_density(shock - expected, size)
    by_level = student_log_density(rest, jump)
    weight = by_shock + by_level - np.logaddexp(by_shock, by_level + np.log(np.maximum(slope, TINY))) + np.log(2.0)
    draws.people, draws.shock, draws.offset = people, shock, draws.offset + rest
    draws.weight = draws.weight + np.where(possible, weight, -np.inf)


def _next_shock(draws: ReducedDraws, months: int) -> tuple[Floats, Floats]:
    """Return the centre and the size of the next span's shock, each (R,); the first has the stationary law."""
    if draws.shock is None:
        return np.zeros(draws.count), draws.size / np.sqrt(1.0 - draws.persistence**2)
    return draws.persistence ** (months / YEAR) * draws.shock, draws.size


def _solve(draws: ReducedDraws, goal: Floats, months: int, size: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the shock with which each draw reaches a log level, (R,), and whether it does.

    Near a shock s the log level is nearly L + a (e^(t − s) − 1) − b (e^(s − t) − 1), a and b being who joined and who
    left over who is there: a quadratic in e^t gives the next guess, and what was gained corrects a and b.
    """
    shock, scale = np.zeros(draws.count), np.ones(draws.count)
    level = hoped = np.zeros(0)
    for turn in range(SOLVES + 1):
        people = advance(draws, shock, months)
        if turn:
            scale = np.clip(
                scale * (log_registered(people) - level) / np.where(np.abs(hoped) < 1e-9, 1e-9, hoped), 0.1, 10.0
            )
        level = log_registered(people)
        hoped = goal - level
        if turn == SOLVES:
            break
        left = people[2, 0] - draws.people[2, 0]
        joined = people[1, 0] - draws.people[1, 0] + left
        here = np.maximum(people[1, 0], LEAST * draws.people[1, 0])
        a, b = (np.maximum(scale * moved / here, LEAST) for moved in (joined, left))
        c = hoped + a - b
        root = np.sqrt(c * c + 4.0 * a * b)
        ratio = np.where(c > 0, (c + root) / (2.0 * a), 2.0 * b / (root + np.abs(c)))
        shock = np.clip(shock + np.clip(np.log(ratio), -4.0, 4.0), -FURTHEST, FURTHEST)
    return shock, np.abs(hoped) < MISSED * size


def _with_slope(draws: ReducedDraws, shock: Floats, months: int) -> tuple[Floats, Floats]:
    """Return the people after a span, and the slope of their log level in the shock, by a small difference."""
    small = 1e-4
    people = advance(draws, shock, months)
    more = advance(draws, shock + small, months)
    return people, (log_registered(more) - log_registered(people)) / small


def log_registered(people: Floats) -> Floats:
    """Return the log of who is registered, (R,)."""
    return np.asarray(np.log(np.maximum(people[1, 0], TINY)))


def advance(draws: ReducedDraws, shock: Floats, months: int) -> Floats:
    """Return the people (K, 1, R) some months on, under one log factor on adoption, (R,)."""
    model = draws.model
    shock = np.clip(shock, -FURTHEST, FURTHEST)[None]
    factor = {1: np.exp(shock), -1: np.exp(-shock)}
    value = {p.name: draws.values[p.name] * (factor[p.sign] if p.moved_by else 1.0) for p in model.parameters}
    values = Values(value, frozenset(value))
    steady = Values(value, frozenset())
    people = draws.people.copy()
    chances = Chances(model, 1, draws.count)
    moves = np.zeros((len(model.flows), 1, draws.count))
    for month in range(months):
        customers = add_up(people)
        exposure = exposure_of(model, MIXING, people, customers)
        expected_month(chances, people, customers, steady if month else values, exposure, moves)
        kernels.move(people, moves, model.leaves, model.enters)
    return people


def resample(draws: ReducedDraws, count: int) -> ReducedDraws:
    """Return equally weighted draws, each as often as its weight says (systematic resampling; Kitagawa 1996)."""
    edges = np.cumsum(draws.shares())
    rows = np.searchsorted(edges, (np.arange(count) + 0.5) / count * edges[-1])
    return draws.taken(np.minimum(rows, draws.count - 1))


def effective(draws: ReducedDraws) -> float:
    """Return the effective number of draws (Kish)."""
    shares = draws.shares()
    return float(1.0 / np.sum(shares**2))


def forecast(draws: ReducedDraws, origin: SeriesFigure, spans: Sequence[int], luck: Luck) -> Floats:
    """Return the log of the figure after each of some spans (months, one after the other), (len(spans), R)."""
    out = np.empty((len(spans), draws.count))
    ahead, month = draws, origin.month.ordinal
    for i, months in enumerate(spans):
        month += months
        centre, size = _next_shock(ahead, months)
        shock = centre + size * luck.student("shock ahead", month)
        jump = ahead.drift * np.sqrt(months / YEAR) * luck.student("level ahead", month)
        people = advance(ahead, shock, months)
        ahead = replace(ahead, people=people, shock=shock, offset=ahead.offset + jump)
        noise = ahead.noise * luck.student("noise ahead", month)
        printed = (luck.uniform("position ahead", month) - 0.5) * (origin.high - origin.low) / origin.middle
        out[i] = log_registered(people) + ahead.offset + noise + printed
    return out


class Forecaster:
    """Draws of all growth shapes, brought along a series figure by figure.

    Parameters
    ----------
    count : draws of each shape.
    ahead : equally weighted draws of a forecast, over all shapes by their evidence.
    """

    def __init__(self, series: Series, beliefs: ReducedPriors, streams: Streams, count: int = 6000, ahead: int = 3000):
        self.series, self.beliefs, self.streams, self.ahead = series, beliefs, streams, ahead
        self.passed = 1
        self.luck = {shape: Luck.of(streams, shape, count) for shape in beliefs.shapes}
        self.draws = {shape: begin(beliefs, shape, series, self.luck[shape]) for shape in beliefs.shapes}

    def learn(self) -> None:
        """Pass through the next figure."""
        before, figure = self.series.figures[self.passed - 1 : self.passed + 1]
        for shape, draws in self.draws.items():
            ready = resample(draws, draws.count) if effective(draws) < draws.count / 2 else draws
            pass_through(ready, figure, figure.month - before.month, self.luck[shape])
            self.draws[shape] = ready
        self.passed += 1

    def shape_shares(self) -> dict[str, float]:
        """Return the posterior share of each growth shape; all had the same before."""
        logs = np.array([draws.log_mean_weight() for draws in self.draws.values()])
        shares = np.exp(logs - logs.max())
        return dict(zip(self.draws, (shares / shares.sum()).tolist(), strict=True))

    def forecast(self, spans: Sequence[int]) -> Floats:
        """Return draws of the log figure after each span of months, (len(spans), about `ahead`), equally weighted."""
        origin = self.series.figures[self.passed - 1]
        parts = []
        for shape, share in self.shape_shares().items():
            count = round(share * self.ahead)
            if count:
                some = resample(self.draws[shape], count)
                luck = Luck.of(self.streams, f"{shape} ahead", count)
                parts.append(forecast(some, origin, spans, luck))
        return np.concatenate(parts, axis=1)
