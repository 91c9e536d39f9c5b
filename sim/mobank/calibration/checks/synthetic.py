"""Banks that are made up from truths that are known, and what they report.

A truth is a point in all unknowns. The bank goes through the target's months with chance of its own and reports in the
months in which the target does: counts with the errors that the likelihood allows for, noise and season of the measure,
flows and retention with theirs. What comes after the last figure is simulated too, and never looked at when truths are
chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mobank.base.arrays import Flags, Floats, Rows
from mobank.base.quantities import Interval
from mobank.base.streams import Streams
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.retention import Cell
from mobank.calibration.likelihood.simulate_history import Unbound, prior_draws
from mobank.calibration.likelihood.solve_history import HistoryState, Solver, solved
from mobank.calibration.targets import Target
from mobank.dynamics import season
from mobank.dynamics.month import add_up
from mobank.model.grammar import Model
from mobank.scenario.scenario import Cohort, Figure

EXACT = 1e-12  # of a count: width of a figure that is reported to the person
ROOT = np.linalg.cholesky(season.UNIT + 1e-14 * np.eye(len(season.FACTORS)))  # the twelve sum to zero: singular


@dataclass(frozen=True)
class Synthetic:
    """Banks that report in the months of a target, each from a truth of its own.

    Parameters
    ----------
    z : (D, R) truths, coordinates in `free`. numbers : (R,) of the banks, by which their chance is keyed.
    """

    target: Target
    free: Unbound
    z: Floats
    numbers: Rows
    streams: Streams

    @cached_property
    def history(self) -> History:
        """The target's own months, with figures."""
        return History(self.free.model, self.target.scenario)

    @cached_property
    def _solver(self) -> Solver:
        return solved(self.free, self.z)

    @property
    def shocks(self) -> Mapping[tuple[int, int], Floats]:
        """Shock of each block, (R,), by lane and last month."""
        return {(b.lane, b.last): s for b, s in zip(self.free.blocks, self._solver.shocks, strict=True)}

    @property
    def level(self) -> Floats:
        """Registered at the end of each month from the first figure on, (T + 1, R) persons."""
        return np.asarray(add_up(list(np.moveaxis(self.by_region[:, LEVEL::2], 1, 0))))

    @property
    def active(self) -> Floats:
        """Active at the end of each month, as the measure counts them in that month, (T + 1, R) persons."""
        return np.asarray(add_up(list(np.moveaxis(self.by_region[:, ACTIVE::2], 1, 0))))

    @cached_property
    def by_region(self) -> Floats:
        """Level and active of each region, (T + 1, 2 G, R) persons, the active as the measure counts them."""
        months, counted = [self.free.first + t for t in range(self.free.length + 1)], self._solver.counted.copy()
        counted[:, ACTIVE::2] *= np.exp(season.at(self._factors, months))[:, None]
        return counted

    @cached_property
    def _factors(self) -> Floats:
        measure = self.free.origin.engaged
        size = self.free.natural_of(f"season.{measure}", self.z) if self.free.has_season(measure) else 0.0
        normals = np.stack([self._normal(f"season.{measure}.{factor}") for factor in season.FACTORS])
        return np.asarray(size * (ROOT @ normals))

    def _normal(self, name: str) -> Floats:
        return self.streams.normal("environment", f"synthetic.{name}", self.numbers)

    @property
    def state(self) -> HistoryState:
        """Where everybody is at the end."""
        occupancy = np.ascontiguousarray(np.moveaxis(self._solver.occupancy, 0, 1))
        return HistoryState(occupancy, self._solver.customers)

    @cached_property
    def values(self) -> Mapping[str, Floats]:
        """What is reported, (R,), persons by figure and shares by cell of the retention.

        The first of the level and customers are those of the target.
        """
        history, found = self.history, {}
        for path, measure in enumerate(history.measures):
            noise = 0.0 if history.yearly else history.natural_of(f"noise.{measure}", self._in_history)
            for f in history.reported(measure):
                at, lane = f.month - history.first, 2 * history.regions.index(f.band) + path
                if at > 0 or (at == 0 and path == ACTIVE):
                    found[f.name] = self.by_region[at, lane] * np.exp(noise * self._normal(f"error.{f.name}"))
        if self.free.flows.figures:
            moved = self._solver.moved
            found |= self.free.flows.reported(self.free.row, self.z, moved, self._normal)
        if self.free.retention.cells:
            made = self._solver.retained
            found |= self.free.retention.reported(self.free.row, self.z, made, self._normal)
        return {**found, **self._wholes(found)}

    def _wholes(self, parts: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Return what is reported of the whole bank where regions report, (R,) persons: what they add up to."""
        found = {}
        for f in self.target.figures:
            own = [replace(f, band=band).name for band in self.history.regions]
            if not f.band and f.name not in parts and all(name in parts for name in own):
                found[f.name] = add_up([parts[name] for name in own])
        return found

    @cached_property
    def _in_history(self) -> Floats:
        rows = self.free.row
        return np.stack([self.z[rows[n]] if n in rows else np.zeros(self.numbers.size) for n in self.history.names])

    @cached_property
    def possible(self) -> Flags:
        """Which banks report what a bank can: by what is reported alone, (R,)."""
        history, values = self.history, self.values
        good = self._solver.why == 0
        for f in history.reported(history.origin.engaged):
            lane = 2 * history.regions.index(f.band) + LEVEL
            level = self.by_region[f.month - history.first, lane] if f.month >= history.first else np.inf
            good &= values[f.name] < level if f.name in values else True
        return np.asarray(good & np.isfinite(np.stack(list(values.values()))).all(axis=0))

    def reported(self, number: int, exactly: bool = False) -> Target:
        """Return the target with what one bank reports: to the person, or in intervals of the target's widths."""
        figures = tuple(self._figure(f, number, exactly) for f in self.target.figures)
        cohorts = tuple(self._cohort(c, number, exactly) for c in self.target.scenario.retention)
        scenario = replace(self.target.scenario, reported=figures, retention=cohorts)
        return replace(self.target, apart=(), scenario=scenario)

    def _cohort(self, cohort: Cohort, number: int, exactly: bool) -> Cohort:
        named = {Cell(cohort, share).name: share for share in cohort.shares}
        shares = [
            replace(share, interval=_interval(share.interval, float(self.values[name][number]), exactly))
            if name in self.values
            else share
            for name, share in named.items()
        ]
        return replace(cohort, shares=tuple(shares))

    def _figure(self, figure: Figure, number: int, exactly: bool) -> Figure:
        if figure.name not in self.values:
            return figure
        return replace(figure, interval=_interval(figure.interval, float(self.values[figure.name][number]), exactly))

    def some(self, rows: Rows) -> "Synthetic":
        """Return some of the banks, by their positions."""
        return Synthetic(
            self.target, self.free, np.ascontiguousarray(self.z[:, rows]), self.numbers[rows], self.streams
        )


def _interval(like: Interval, value: float, exactly: bool) -> Interval:
    """Return where a value lies, as wide as another interval, or to the digit."""
    width = like.high - like.low
    low = value if exactly else float(np.floor(value / width) * width)
    return Interval(low, low + (value * EXACT if exactly else width), 0.0)


def from_priors(target: Target, model: Model, count: int, ahead: int, seed: int) -> Synthetic:
    """Return `count` banks whose truths are draws from the priors: the first ones that report what a bank can."""
    free, streams = Unbound(model, target.scenario, ahead=ahead), Streams(seed)
    tried = 2 * count + 20
    banks = Synthetic(target, free, prior_draws(free, streams, tried), np.arange(tried), streams)
    return banks.some(np.flatnonzero(banks.possible)[:count])


def at_end(banks: Synthetic) -> tuple[Unbound, Floats, HistoryState]:
    """Return the months up to the last figure, coordinates (D, R) in them, and where the same banks stand there."""
    free = Unbound(banks.free.model, banks.target.scenario)
    rows: Sequence[int] = [banks.free.row[name] for name in free.names]
    z = np.ascontiguousarray(banks.z[rows])
    return free, z, replace(banks, free=free, z=z).state
