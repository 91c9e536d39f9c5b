"""The reported years of a target, and the coordinates of a draw that passes exactly through every figure.

A draw does not have to hit the figures by luck. Where in its interval a figure lies is a coordinate of the draw; the
shock innovations that take the model there are *solved*, year by year
(`mobank.calibration.likelihood.solve_history`), and weighed by their density over the slope. What no figure fixes
stays a coordinate: parameters, innovations of years without a figure. All coordinates are standard normal a priori,
so a prior draw is a column of standard normals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.priors import Prior
from mobank.base.quantities import Month
from mobank.calibration.likelihood.layout import Layout
from mobank.dynamics.draws import unknowns
from mobank.dynamics.month import TINY
from mobank.model.grammar import Model, Origin
from mobank.scenario.effective import effective
from mobank.scenario.scenario import Figure, Scenario, Value


@dataclass(frozen=True)
class Joined:
    """A figure of another definition than the rest of its measure: it is a factor, not known exactly, times theirs.

    Parameters
    ----------
    prior : of the factor, which all figures of the definition share.
    """

    figure: Figure
    prior: Prior

    @property
    def factor(self) -> str:
        """Name of the factor's coordinate."""
        return f"factor.{self.figure.definition}"


@dataclass(frozen=True)
class Year:
    """A calendar year of the history: how many months of it are lived, and the figures that fix its shocks.

    Parameters
    ----------
    level, active : the figure of each path's measure, if there is one, and after how many months of it it stands.
    between : figures of another definition that fix nothing, for they do not stand at the year's end: what they say is
        how probable they are.
    """

    year: int
    months: int
    level: tuple[Figure, int] | None = None
    active: tuple[Figure, int] | None = None
    between: tuple[tuple[Figure, int], ...] = ()

    @property
    def figures(self) -> list[tuple[Figure, int]]:
        """The figures in it, the level's first."""
        return [found for found in (self.level, self.active) if found]

    @property
    def solved(self) -> tuple[bool, bool]:
        """Which paths a figure fixes."""
        return self.level is not None, self.active is not None


def value_at(figure: Figure, z: Floats) -> Floats:
    """Return the value of a figure at standard normal coordinates z, any shape; persons.

    Even over the interval; beyond it, with the weight of a threshold that has gone stale, exponential with the
    interval's width as its mean.
    """
    from scipy.special import ndtr

    interval = figure.interval
    inside = 1.0 - interval.stale_share
    width, u = interval.high - interval.low, ndtr(z)
    beyond = np.maximum(ndtr(-z), TINY) / max(interval.stale_share, TINY)
    return np.asarray(np.where(u < inside, interval.low + width * u / inside, interval.high - width * np.log(beyond)))


@dataclass(frozen=True)
class History:
    """The reported years of a target.

    Parameters
    ----------
    target : figures, segments, priors, mixing, shocks and drift, in the grammar of a scenario.
    others : figures of other definitions, which are joined to the years that are lived.
    """

    model: Model
    target: Scenario
    others: tuple[Joined, ...] = ()

    def __post_init__(self) -> None:
        """Leave out the flows that the target leaves switched off."""
        object.__setattr__(self, "model", effective(self.model, self.target))

    @cached_property
    def origin(self) -> Origin:
        """Which measures are the level, the active and everyone."""
        if self.model.origin is None:
            raise ValueError(f"the model '{self.model.name}' says not what its level is")
        return self.model.origin

    @cached_property
    def layout(self) -> Layout:
        """What its segments share of the model's hazards."""
        return Layout.of(self.model, self.origin, self.target)

    @cached_property
    def paths(self) -> tuple[str, str]:
        """Names of the shock paths that figures of the level and of the active fix."""
        return self.origin.stock_path, self.origin.engaged_path

    @cached_property
    def measures(self) -> tuple[str, str]:
        """Names of the level's and of the active's measure."""
        return self.origin.stock, self.origin.engaged

    @cached_property
    def priors(self) -> dict[str, Value]:
        """What is to be learnt about, by name."""
        return unknowns(self.model, self.target)

    def reported(self, measure: str) -> list[Figure]:
        """Return the figures of a measure in order of time."""
        return sorted((f for f in self.target.reported if f.measure == measure), key=lambda f: f.month)

    @cached_property
    def first(self) -> Month:
        """Month of the first figure of the level, where the history begins."""
        return self.reported(self.origin.stock)[0].month

    @cached_property
    def last(self) -> Month:
        """Month of the last figure of the level or of the active, where a forecast begins."""
        return max(
            self.reported(measure)[-1].month
            for measure in (self.origin.stock, self.origin.engaged)
            if self.reported(measure)
        )

    @cached_property
    def years(self) -> list[Year]:
        """The calendar years that are lived, the first one from the first figure on."""
        return [self._year(year) for year in range(self.first.year, self.last.year + 1)]

    def _year(self, year: int) -> Year:
        begin = self.first if year == self.first.year else Month.of(year, 1) - 1
        end = min(Month.of(year, 12), self.last)

        joined = [(each.figure, each.figure.month - begin) for each in self.joined if begin < each.figure.month <= end]

        def within(measure: str) -> tuple[Figure, int] | None:
            found = [f for f in self.reported(measure) if begin <= f.month <= end and f.month.year == year]
            if found:
                return found[-1], found[-1].month - begin
            return next((each for each in joined if each[0].measure == measure and each[1] == end - begin), None)

        begins = year == self.first.year  # its level is where the history starts, so it fixes no shock
        level, active = None if begins else within(self.origin.stock), within(self.origin.engaged)
        between = tuple(each for each in joined if each not in (level, active))
        return Year(year, end - begin, level, active, between)

    @cached_property
    def joined(self) -> list[Joined]:
        """The figures of other definitions that stand within the years that are lived."""
        return [
            each
            for each in self.others
            if each.figure.measure in (self.origin.stock, self.origin.engaged)
            and self.first < each.figure.month <= self.last
        ]

    def own(self, year: Year) -> tuple[Figure | None, Figure | None]:
        """Return the figures of the level and of the active that fix a year's shocks and need no factor."""
        others = [each.figure for each in self.joined]
        level, active = (known[0] if known and known[0] not in others else None for known in (year.level, year.active))
        return level, active

    @cached_property
    def figures(self) -> list[Figure]:
        """Every figure that a draw passes through."""
        fixed = [self.reported(self.origin.stock)[0], *(f for year in self.years for f, _ in year.figures)]
        between = [f for year in self.years for f, _ in year.between]
        return fixed + between + self.reported(self.origin.total)

    @cached_property
    def factors(self) -> dict[str, Prior]:
        """What is thought of the factor of each definition that is joined, by its coordinate's name."""
        return {each.factor: each.prior for each in self.joined}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, (D,).

        Priors have the name that their draws are keyed by; `reported.<measure>.<month>` is where a figure lies;
        `factor.<definition>` is what a figure of another definition is a multiple by; `innovation.<path>.<year>` is a
        year's luck where no figure fixes it.
        """
        lucks = [
            f"innovation.{path}.{year.year}"
            for year in self.years
            for path, fixed in zip(self.paths, year.solved, strict=True)
            if not fixed
        ]
        return (*self.priors, *(f.name for f in self.figures), *self.factors, *lucks)

    @cached_property
    def row(self) -> Mapping[str, int]:
        """Position of each coordinate."""
        return {name: i for i, name in enumerate(self.names)}

    def luck(self, z: Floats, year: Year) -> Floats:
        """Return a year's normals that no figure fixes, (2, R); 0 for the others."""
        rows = [self.row.get(f"innovation.{path}.{year.year}") for path in self.paths]
        return np.stack([np.zeros(z.shape[1]) if i is None else z[i] for i in rows])

    def natural(self, z: Floats) -> dict[str, Floats]:
        """Return each unknown of the priors on its natural scale, (R,), in draws with coordinates z (D, R)."""
        return {name: value.prior.of_normal(z[self.row[name]]) for name, value in self.priors.items()}
