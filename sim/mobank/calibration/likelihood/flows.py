"""What reported flows say: people who registered, left or came back in a month or a year.

The shocks are solved from counts of people, so the flows of a draw are known; a reported flow is how probable they are.
Who counts "lost" in another way than the model is off by a factor all the time, and by a slow residual, so that 48
months are not 48 independent witnesses. Only a figure of `definition: model` is spared both. Gross adds of that kind,
given the level, say how many closed: what they say is said of that difference.

The figures of people through which the shocks are solved may be in error, and an error of one moves the flows of its
month and of the next beside the shocks. So flows and shocks have one Gaussian law, in which that error is common.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month
from mobank.dynamics.month import TINY
from mobank.model.grammar import Model
from mobank.scenario.scenario import AS_MODEL, Figure

FACTOR = 0.1  # standard deviation of the log of the factor between another definition and the model's
EXACT = 0.03  # of a month's residual where the definition is the model's, log scale; no other count comes nearer
CLOSURES = 0.3  # of the residual of closures that gross adds less the level's rise leave
SIZE, SIZE_SPREAD = 0.05, 0.7  # median and log standard deviation of the size of another definition's residual
LONGEST_KEEP = 0.9  # of a residual from month to month, at most

Normal = Callable[[str], Floats]


@dataclass(frozen=True)
class FlowFigures:
    """The flow figures of a history.

    Parameters
    ----------
    figures : whose months all lie within it, by measure, month and region. first : month of the first figure of the
        level. stock : the measure of the level. regions : names of their bands, "" for the whole bank.
    """

    model: Model
    figures: Sequence[Figure]
    first: Month
    stock: str
    regions: tuple[str, ...] = ("",)

    @classmethod
    def of(
        cls,
        model: Model,
        stock: str,
        figures: Sequence[Figure],
        first: Month,
        last: Month,
        regions: tuple[str, ...] = ("",),
    ) -> "FlowFigures":
        """Return those of the reported figures that a history from the first to the last month can speak of.

        A year is left out where months of it are reported too: nothing is said twice.
        """
        own = [f for f in figures if f.months and f.month - f.months >= first and f.month <= last]
        single = {(f.of, f.month.year) for f in own if f.months == 1}
        own = [f for f in own if f.months == 1 or (f.of, f.month.year) not in single]
        return cls(model, sorted(own, key=lambda f: (f.measure, f.month, f.band)), first, stock, regions)

    @property
    def coordinates(self) -> list[str]:
        """Names of the coordinates of the residuals' sizes and persistence."""
        loose = dict.fromkeys(f.measure for f in self.figures if f.definition != AS_MODEL)
        return [f"flow.{measure}.{what}" for measure in loose for what in ("size", "persistence")]

    def residuals(self, row: Mapping[str, int], z: Floats, moved: Floats) -> "Residuals":
        """Return how far the figures are from what each flow moved, (T, G F, R), given coordinates z (D, R)."""
        found = [self._exact(own, moved) if exact else self._loose(own, row, z, moved) for own, exact in self._measures]
        return Residuals.joined(found, z.shape[1])

    @cached_property
    def _measures(self) -> list[tuple[list[Figure], bool]]:
        """The figures of each measure, and whether they are counted as the model counts; in their order."""
        named = dict.fromkeys((f.measure, f.definition == AS_MODEL) for f in self.figures)
        return [
            ([f for f in self.figures if (f.measure, f.definition == AS_MODEL) == (measure, exact)], exact)
            for measure, exact in named
        ]

    @property
    def longest(self) -> int:
        """Months that the longest figure is added up over; 1 if there is none."""
        return max((f.months for f in self.figures), default=1)

    def slopes(self, moved: Floats, swayed: Floats, sways: Ints, slopes: Floats, at: Ints) -> None:
        """Find how the residual of each figure moves with the figures of people.

        Parameters
        ----------
        moved : (T, G F, R) persons. swayed : (T, G F, z, R) their change with the log of the figures `sways` (T, z).
        slopes, at : (f, m z, R) and (f, m z) filled: the change, and with which figure.
        """
        leaving, row = self._leaving(), 0
        for own, exact in self._measures:
            made, closed, entering = self._made(own, moved), self._closures(own, moved), self._flows_of(own[0].measure)
            for i, figure in enumerate(own):
                months = self._months(figure)
                more, less = (
                    swayed[months][:, self._rows(figure.band, flows)].sum(axis=1) for flows in (entering, leaving)
                )
                if exact and closed is not None:  # left over is what is reported less the rise of the level
                    left = figure.interval.middle - (made[i] - closed[i])
                    slope = -(more - less) / np.maximum(left, TINY) - less / closed[i]
                else:
                    slope = -more / made[i]
                wide = sways[months].size
                slopes[row, :wide], at[row, :wide] = slope.reshape(wide, -1), sways[months].ravel()
                row += 1

    def reported(self, row: Mapping[str, int], z: Floats, moved: Floats, normal: Normal) -> dict[str, Floats]:
        """Return figures drawn from this law, (R,) persons by name: what `residuals` are of, without their rounding.

        Parameters
        ----------
        normal : gives standard normals, (R,), for the name of a number.
        """
        found: dict[str, Floats] = {}
        for own, exact in self._measures:
            made, chance = self._made(own, moved), np.stack([normal(f"residual.{f.name}") for f in own])
            if exact:
                closed = self._closures(own, moved)
                values = made * np.exp(EXACT * chance)
                if closed is not None:
                    values = made + closed * np.expm1(CLOSURES * chance)
            else:
                root = np.linalg.cholesky(np.moveaxis(self._spread(own, row, z), -1, 0))
                values = made * np.exp(np.einsum("rij,jr->ir", root, chance))
            found |= dict(zip([f.name for f in own], values, strict=True))
        return found

    def _exact(self, figures: Sequence[Figure], moved: Floats) -> "Residuals":
        """Return the residuals of figures that are counted as the model counts."""
        expected, closed = self._made(figures, moved), self._closures(figures, moved)
        middle, width = _middles(figures)
        if closed is None:
            return Residuals.alone(np.log(middle / expected), np.hypot(EXACT, width / middle), middle)
        left = middle - (expected - closed)  # gross adds less the rise of the level, which is solved and thus known
        some = np.maximum(left, TINY)
        found = Residuals.alone(np.log(some / closed), np.hypot(CLOSURES, width / np.maximum(closed, 1.0)), some)
        return replace(found, log=np.where((left > 0.0).all(axis=0), found.log, -np.inf))

    def _closures(self, figures: Sequence[Figure], moved: Floats) -> Floats | None:
        """Return who left the level in each figure's months, (f, R), if the figures are of all who enter it."""
        crossing = self.model.crossings(self.stock)
        into = {f for f, sign in enumerate(crossing) if sign > 0}
        if set(self._flows_of(figures[0].measure)) != into:
            return None
        return self._summed(figures, moved, self._leaving())

    def _leaving(self) -> list[int]:
        """Return the flows out of the level."""
        return [f for f, sign in enumerate(self.model.crossings(self.stock)) if sign < 0]

    def _loose(self, figures: Sequence[Figure], row: Mapping[str, int], z: Floats, moved: Floats) -> "Residuals":
        """Return the residuals of figures of another definition: with a factor and a slow residual."""
        middle, width = _middles(figures)
        apart = np.log(middle / self._made(figures, moved))
        spread = self._spread(figures, row, z) + ((width / middle) ** 2 * np.eye(len(figures)))[..., None]
        return Residuals(apart, spread, -np.full(z.shape[1], np.log(middle).sum()))

    def _spread(self, figures: Sequence[Figure], row: Mapping[str, int], z: Floats) -> Floats:
        """Return the covariance of factor and residual in figures of another definition, (f, f, R), log scale."""
        from scipy.special import ndtr

        measure = figures[0].measure
        size = SIZE * np.exp(SIZE_SPREAD * z[row[f"flow.{measure}.size"]])
        keep = LONGEST_KEEP * ndtr(z[row[f"flow.{measure}.persistence"]])
        at = np.array([f.month - self.first for f in figures])
        alike = np.array([[one.band == other.band for other in figures] for one in figures])  # a factor is of all
        slow = size**2 * keep ** np.abs(at[:, None] - at)[..., None] * alike[..., None]
        return np.asarray(slow + FACTOR**2 + EXACT**2 * np.eye(len(figures))[..., None])

    def _made(self, figures: Sequence[Figure], moved: Floats) -> Floats:
        """Return what the model makes of each figure, (f, R) persons."""
        return self._summed(figures, moved, self._flows_of(figures[0].measure))

    def _flows_of(self, measure: str) -> list[int]:
        names = self.model.measure[measure].flows
        return [f for f, flow in enumerate(self.model.flows) if flow.name in names]

    def _summed(self, figures: Sequence[Figure], moved: Floats, flows: Sequence[int]) -> Floats:
        by_band = {
            band: moved[:, self._rows(band, flows)].sum(axis=1) for band in dict.fromkeys(f.band for f in figures)
        }
        return np.stack([by_band[f.band][self._months(f)].sum(axis=0) for f in figures])

    def _rows(self, band: str, flows: Sequence[int]) -> list[int]:
        """Return the rows of some flows of a region among those of all, of the whole bank where none is named."""
        own = range(len(self.regions)) if band not in self.regions else [self.regions.index(band)]
        return [g * len(self.model.flows) + f for g in own for f in flows]

    def _months(self, figure: Figure) -> slice:
        """Return the months that a figure is added up over, counted from the first after that of the level."""
        end = figure.month - self.first
        return slice(end - figure.months, end)


@dataclass(frozen=True)
class Residuals:
    """How far figures are from what a draw makes of them, and how far they may be.

    Parameters
    ----------
    apart : (f, R) log scale. spread : (f, f, R) their covariance, errors of the figures of people left out.
    log : (R,) of the slope of the residuals with the figures themselves, per person.
    """

    apart: Floats
    spread: Floats
    log: Floats

    @classmethod
    def alone(cls, apart: Floats, spread: Floats, values: Floats) -> "Residuals":
        """Return those of logs of values (f, R or 1), each by itself with a standard deviation, (f, R or 1)."""
        count, draws = apart.shape
        variance = np.broadcast_to(spread**2, (count, draws))
        log = -np.log(np.broadcast_to(values, (count, draws))).sum(axis=0)
        return cls(apart, np.eye(count)[..., None] * variance, log)

    @classmethod
    def joined(cls, parts: Sequence["Residuals"], draws: int) -> "Residuals":
        """Return several one after the other, independent of each other."""
        count, at = sum(len(each.apart) for each in parts), 0
        apart, spread = np.empty((count, draws)), np.zeros((count, count, draws))
        for each in parts:
            end = at + len(each.apart)
            apart[at:end], spread[at:end, at:end] = each.apart, each.spread
            at = end
        return cls(apart, spread, np.asarray(sum((each.log for each in parts), np.zeros(draws))))


def _middles(figures: Sequence[Figure]) -> tuple[Floats, Floats]:
    """Return the middles of figures, and their standard deviations by rounding, (f, 1) persons each."""
    middle = np.array([f.interval.middle for f in figures])[:, None]
    width = np.array([f.interval.high - f.interval.low for f in figures])[:, None]
    return middle, width / np.sqrt(12.0)
