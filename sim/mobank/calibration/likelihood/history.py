"""The reported history of a target, and the coordinates of a draw that passes exactly through every figure.

A draw does not have to hit the figures by chance. Where in its interval a figure lies is a coordinate of the draw; the
shocks that take the model there are *solved*, block by block (`mobank.calibration.likelihood.solve_history`), and
weighed by one Gaussian law over the slope. What no figure fixes stays a coordinate: parameters, shocks of blocks
without a figure. All coordinates are standard normal a priori, so a prior draw is a column of standard normals.

Figures that are known better than the shock that they fix are no coordinates: their rounding is a normal error.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from mobank.base.arrays import Floats
from mobank.base.priors import Prior
from mobank.base.quantities import Month
from mobank.calibration.likelihood.blocks import LEVEL, YEAR, ShockBlock, Stretch, divided, stretches
from mobank.calibration.likelihood.errors import FigureErrors
from mobank.calibration.likelihood.flows import FlowFigures
from mobank.calibration.likelihood.law import Law
from mobank.calibration.likelihood.layout import Layout
from mobank.calibration.likelihood.retention import Retention
from mobank.dynamics.draws import unknowns
from mobank.dynamics.month import TINY
from mobank.model.grammar import Model, Origin
from mobank.scenario.effective import effective
from mobank.scenario.regions import Regions, regions_of, resolved
from mobank.scenario.scenario import Figure, Scenario, Value

SOLVED_PER_MONTH = 0.1  # change of log active with the shock of engagement, about, for each month of a block …
SOLVED_AT_MOST = 0.6  # … up to a year and more
CUSTOMERS_EXACT = 0.002  # of the count of customers: rounding beyond which its place in the interval is a coordinate
MOST_WIDE = 24  # coordinates of where figures lie: more than a sampler of walkers moves well


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
class Mark:
    """A month at which a block ends, and the figures that fix a shock there.

    Parameters
    ----------
    at : months after the first figure of the level.
    figures : of the level and of the active, region by region.
    """

    at: int
    month: Month
    figures: tuple[Figure | None, ...]


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
    """The reported months of a target.

    Parameters
    ----------
    target : figures, segments, priors, mixing, shocks and drift, in the grammar of a scenario.
    others : figures of other definitions, which are joined to the months that are passed through.
    season : works out the season of each figure around which errors are linear (`FigureErrors.known`), given the
        history without it.
    """

    model: Model
    target: Scenario
    others: tuple[Joined, ...] = ()
    season: Callable[["History"], Floats] | None = None

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
        return Layout.of(self.model, self.paths, self.target, self.region_of)

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
        """What is to be learnt about, by name; figures of Decembers alone say nothing of seasons and noise."""
        found = unknowns(self.model, self.target)
        return {n: v for n, v in found.items() if not (self.yearly and n.startswith(("noise.", "season.")))}

    def has_season(self, name: str) -> bool:
        """Return whether a path or a measure has a season that is to be learnt."""
        return name in self.target.seasons and not self.yearly

    # ------------ regions

    @cached_property
    def _regions(self) -> Regions | None:
        return regions_of(self.target.reported, self.target.bands)

    @property
    def regions(self) -> tuple[str, ...]:
        """The bands that report by themselves; "" alone where the bank is counted as a whole."""
        return self._regions.bands if self._regions else ("",)

    @cached_property
    def region_of(self) -> list[int]:
        """Number of the region that each segment is in, (S,)."""
        return self._regions.of(self.target.segments) if self._regions else [0] * len(self.target.segments)

    @cached_property
    def region_shares(self) -> tuple[float, ...]:
        """Share of each region in the level at the first figure, (G,)."""
        known = {f.band: f.interval.middle for f in self.reported(self.origin.stock) if f.month == self.first}
        return tuple(known[band] / sum(known.values()) for band in self.regions)

    @property
    def shares_by_band(self) -> dict[str, float]:
        """The same by band; empty where the bank is counted as a whole."""
        return dict(zip(self.regions, self.region_shares, strict=True)) if self._regions else {}

    def lane_names(self) -> list[str]:
        """Return the name of each path of each region, two for a region; the path's own where there are none."""
        return [f"{path}.{band}" if band else path for band in self.regions for path in self.paths]

    # ------------ figures

    @cached_property
    def known(self) -> tuple[Figure, ...]:
        """All figures that say something of their own."""
        return resolved(self.target.reported, self.target.bands)

    def reported(self, measure: str, region: str | None = None) -> list[Figure]:
        """Return the figures of a measure in order of time, of one region or of all."""
        own = (f for f in self.known if f.measure == measure and region in (None, f.band))
        return sorted(own, key=lambda f: f.month)

    @cached_property
    def first(self) -> Month:
        """Month of the first figure of the level, where the history begins."""
        return self.reported(self.origin.stock)[0].month

    @cached_property
    def last(self) -> Month:
        """Month of the last figure of the level or of the active, where a forecast begins."""
        return max(self.reported(measure)[-1].month for measure in self.measures if self.reported(measure))

    @cached_property
    def length(self) -> int:
        """Months from the first figure to the last."""
        return self.last - self.first

    @cached_property
    def active_since(self) -> int:
        """Month of the first figure of the active, from the first of the level on, where growth of its trend begins.

        One of another definition counts: with a factor that is known it would be a figure like any other.
        """
        every = [*self.reported(self.origin.engaged), *(each.figure for each in self.joined)]
        own = [f.month - self.first for f in every if f.measure == self.origin.engaged and f.month >= self.first]
        return min(own, default=0)

    @cached_property
    def joined(self) -> list[Joined]:
        """The figures of other definitions that stand within the months that are passed through."""
        return [
            each
            for each in self.others
            if each.figure.measure in self.measures and self.first < each.figure.month <= self.last
        ]

    @cached_property
    def overlapping(self) -> list[Joined]:
        """Those of them that stand beside a figure of the measure's own definition: they say what the factor is."""
        own = {(f.of, f.month) for f in self.known}
        return [each for each in self.joined if (each.figure.of, each.figure.month) in own]

    @cached_property
    def figures(self) -> list[Figure]:
        """Every figure that a draw passes through."""
        own = [f for f in self.known if f.measure in self.measures and f.month >= self.first]
        every = [*own, *(each.figure for each in self.joined), *self.reported(self.origin.total)]
        return sorted(every, key=lambda f: (self._order(f), f.month, f.band))

    def _order(self, figure: Figure) -> int:
        return (*self.measures, self.origin.total).index(figure.measure)

    @cached_property
    def yearly(self) -> bool:
        """True if all figures are of Decembers: a calendar year then is one block, and its shock an AR(1) by year."""
        return all(f.month.month == YEAR for f in self.figures if f.measure in self.measures)

    @cached_property
    def wide(self) -> list[Figure]:
        """Figures whose place in the interval is a coordinate: rounded more widely than the shock can be known."""
        if self.yearly:
            return self.figures
        return [f for f in self.figures if f.interval.stale_share > 0.0 or self._is_wide(f)]

    def _is_wide(self, figure: Figure) -> bool:
        error = self.rounding(figure)
        if figure.measure == self.origin.total:
            return error > CUSTOMERS_EXACT
        blocks = [b for b in self.blocks if b.figure == figure]
        if not blocks:
            return False
        months = blocks[0].last - blocks[0].after
        path = blocks[0].path
        slope = self._pace(figure.band) * months if path == LEVEL else min(SOLVED_PER_MONTH * months, SOLVED_AT_MOST)
        return error / slope > 0.5 * self.target.shocks[self.paths[path]].size.prior.centre

    def _pace(self, region: str) -> float:
        """Return the growth of the level a month, log scale, on average: what a month's registrations add, about."""
        own = self.reported(self.origin.stock, region)
        return max(float(np.log(own[-1].interval.middle / own[0].interval.middle)) / max(self.length, 1), 1e-4)

    @staticmethod
    def rounding(figure: Figure) -> float:
        """Return the standard deviation of a figure within its interval, log scale."""
        interval = figure.interval
        return float((interval.high - interval.low) / np.sqrt(12.0) / interval.middle)

    # ------------ blocks

    @cached_property
    def _solved(self) -> tuple[list[ShockBlock], list[Stretch]]:
        every: list[ShockBlock] = []
        for region, band in enumerate(self.regions):
            for path, measure in enumerate(self.measures):
                own = {f.month - self.first: f for f in self.reported(measure, band) if f.month >= self.first}
                for each in self.joined:
                    if (each.figure.measure, each.figure.band) == (measure, band):
                        own.setdefault(each.figure.month - self.first, each.figure)
                if path == LEVEL:
                    own.pop(0)  # the level at the first figure is where the history starts: it fixes no shock
                every += divided(path, list(own.items()), self.first, self.length, region)
        return stretches(every, self.length)

    @property
    def blocks(self) -> list[ShockBlock]:
        """The blocks of both paths in the order in which their shocks are found."""
        return self._solved[0]

    @property
    def stretches(self) -> list[Stretch]:
        """What is solved at once, in order of time; the first is the steady state at the first figure."""
        return self._solved[1]

    @cached_property
    def marks(self) -> list[Mark]:
        """The months at which blocks end."""
        fixed, lanes = {(b.lane, b.last): b.figure for b in self.blocks}, range(2 * len(self.regions))
        return [
            Mark(at, self.first + at, tuple(fixed.get((lane, at)) for lane in lanes))
            for at in sorted({b.last for b in self.blocks})
        ]

    def own(self, mark: Mark) -> tuple[Figure | None, ...]:
        """Return the figures of the level and of the active at a mark that need no factor, region by region."""
        others = [each.figure for each in self.joined]
        return tuple(known if known not in others else None for known in mark.figures)

    @cached_property
    def clean_ups(self) -> dict[int, str]:
        """Name of what is written off in a month after the first figure, by months from there."""
        months = {month - self.first: f"clean_ups.{month}" for month in self.target.clean_ups}
        return {at: name for at, name in months.items() if 0 < at <= self.length}

    # ------------ the law

    @cached_property
    def law(self) -> Law:
        """The law of the blocks' shocks."""
        target = self.target
        level, active = self.paths
        shocks, unknown = target.shocks, (self.has_season(level), self.has_season(active))
        return Law(
            self.blocks,
            self.first,
            self.length,
            self.yearly,
            self.paths,
            (shocks[level], shocks[active]),
            (0, self.active_since),
            unknown,
            target.wiggle.prior.centre,
            target.campaigns,
            regions=self.region_shares,
        )

    @cached_property
    def errors(self) -> FigureErrors:
        """The errors of the figures."""
        begun = [f for f in self.reported(self.origin.stock) if f.month == self.first]
        figures = [*begun, *(b.figure for b in self.blocks if b.figure)]
        wide, seasonal = {f.name for f in self.wide}, self.has_season(self.origin.engaged)
        rounding = np.array([0.0 if f.name in wide else self.rounding(f) for f in figures])
        known = partial(self.season, replace(self, season=None)) if self.season else None
        return FigureErrors(
            figures, self.first, self.measures, rounding, not self.yearly, seasonal, self.regions, known
        )

    def around(self, season: Floats) -> "History":
        """Return the history with errors that are linear around a season of its figures, log scale, (f,)."""
        return replace(self, season=lambda _: season)

    @cached_property
    def flows(self) -> FlowFigures:
        """The flow figures."""
        return FlowFigures.of(self.model, self.origin.stock, self.known, self.first, self.last, self.regions)

    @cached_property
    def retention(self) -> Retention:
        """What is reported of the months' registrations later."""
        return Retention.of(self.model, self.target.retention, self.first, self.last)

    # ------------ coordinates

    @cached_property
    def factors(self) -> dict[str, Prior]:
        """What is thought of the factor of each definition that is joined, by its coordinate's name."""
        return {each.factor: each.prior for each in self.joined}

    @cached_property
    def scales(self) -> list[tuple[int, int]]:
        """Path and calendar year of each scale of a year's shock that is a coordinate: where tails are Student's."""
        years = range((self.first - YEAR + 1).year, self.last.year + 1)
        return [(p, year) for p, path in enumerate(self.paths) for year in years if self.target.shocks[path].tails]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, (D,).

        Priors have the name that their draws are keyed by; `reported.<measure>.<month>` is where a figure lies;
        `factor.<definition>` is what a figure of another definition is a multiple by; `innovation.<path>.<month>` is
        chance in the block that ends there, where no figure fixes it; `scale.<path>.<year>` how large a year's is;
        `flow.<measure>.size` and `.persistence` are of the residual of a reported flow, `retention.<measure>.size` of
        that of reported shares. What is of a region has the name of its band after that of measure or path.
        """
        free = [self.innovation(block) for block in self.blocks if block.figure is None]
        scales = [f"scale.{self.paths[path]}.{year}" for path, year in self.scales]
        residuals = (*self.flows.coordinates, *self.retention.coordinates)
        return (*self.priors, *(f.name for f in self.wide), *self.factors, *free, *scales, *residuals)

    def innovation(self, block: ShockBlock) -> str:
        """Return the name of the coordinate of a block's chance."""
        return f"innovation.{self.lane_names()[block.lane]}.{self.first + block.last}"

    @cached_property
    def row(self) -> Mapping[str, int]:
        """Position of each coordinate."""
        return {name: i for i, name in enumerate(self.names)}

    def natural(self, z: Floats) -> dict[str, Floats]:
        """Return each unknown of the priors on its natural scale, (R,), in draws with coordinates z (D, R)."""
        return {name: value.prior.of_normal(z[self.row[name]]) for name, value in self.priors.items()}

    def natural_of(self, name: str, z: Floats) -> Floats:
        """Return the size of a noise or of a season on its natural scale, (R,); 0 where the target has none."""
        if name in self.row:
            return self.priors[name].prior.of_normal(z[self.row[name]])
        kind, _, of = name.partition(".")
        fixed = (self.target.noise if kind == "noise" else self.target.seasons).get(of)
        return np.full(z.shape[1], fixed.prior.centre if fixed else 0.0)

    def scales_of(self, z: Floats) -> Floats:
        """Return the scale of the variance of each path's shocks in each calendar year, (2, years, R)."""
        from scipy.special import chdtri, ndtr

        first = (self.first - YEAR + 1).year
        out = np.ones((2, self.last.year - first + 1, z.shape[1]))
        for path, year in self.scales:
            tails = self.target.shocks[self.paths[path]].tails
            chance = ndtr(-z[self.row[f"scale.{self.paths[path]}.{year}"]])
            out[path, year - first] = (tails - 2.0) / np.maximum(chdtri(tails, chance), TINY)
        return out
