"""What reported flows say: people who registered, left or came back in a month or a year.

The shocks are solved from counts of people, so the flows of a draw are known; a reported flow is how probable they are.
Who counts "lost" in another way than the model is off by a factor all the time, and by a slow residual, so that 48
months are not 48 independent witnesses. Only a figure of `definition: model` is spared both. Gross adds of that kind,
given the level, say how many closed: what they say is said of that difference.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.kernels import gaussian
from mobank.base.quantities import Month
from mobank.dynamics.month import TINY
from mobank.model.grammar import Model
from mobank.scenario.scenario import AS_MODEL, Figure

LOG_2PI = float(np.log(2.0 * np.pi))
FACTOR = 0.1  # standard deviation of the log of the factor between another definition and the model's
EXACT = 0.03  # of a month's residual where the definition is the model's, log scale
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

    def log_density(self, row: Mapping[str, int], z: Floats, moved: Floats) -> Floats:
        """Return their log density, (R,), given coordinates z (D, R) and what each flow moved, (T, G F, R)."""
        log = np.zeros(z.shape[1])
        for measure in dict.fromkeys(f.measure for f in self.figures):
            exact = [f for f in self.figures if f.measure == measure and f.definition == AS_MODEL]
            loose = [f for f in self.figures if f.measure == measure and f.definition != AS_MODEL]
            if exact:
                log += self._exact(exact, moved)
            if loose:
                size = SIZE * np.exp(SIZE_SPREAD * z[row[f"flow.{measure}.size"]])
                log += self._loose(loose, size, z[row[f"flow.{measure}.persistence"]], moved)
        return log

    def reported(self, row: Mapping[str, int], z: Floats, moved: Floats, normal: Normal) -> dict[str, Floats]:
        """Return figures drawn from this law, (R,) persons by name: what `log_density` is the density of.

        Parameters
        ----------
        normal : gives standard normals, (R,), for the name of a number.
        """
        found: dict[str, Floats] = {}
        for measure, exact in dict.fromkeys((f.measure, f.definition == AS_MODEL) for f in self.figures):
            own = [f for f in self.figures if f.measure == measure and (f.definition == AS_MODEL) == exact]
            made, chance = self._made(own, moved), np.stack([normal(f"residual.{f.name}") for f in own])
            if exact:
                closed = self._closures(own, moved)
                values = made * np.exp(EXACT * chance)
                if closed is not None:
                    values = made + closed * np.expm1(CLOSURES * chance)
            else:
                size = SIZE * np.exp(SIZE_SPREAD * z[row[f"flow.{measure}.size"]])
                root = np.linalg.cholesky(
                    np.moveaxis(self._spread(own, size, z[row[f"flow.{measure}.persistence"]]), -1, 0)
                )
                values = made * np.exp(np.einsum("rij,jr->ir", root, chance))
            found |= dict(zip([f.name for f in own], values, strict=True))
        return found

    def _exact(self, figures: Sequence[Figure], moved: Floats) -> Floats:
        """Return the log density of figures that are counted as the model counts."""
        expected, closed = self._made(figures, moved), self._closures(figures, moved)
        middle = np.array([f.interval.middle for f in figures])[:, None]
        width = np.array([f.interval.high - f.interval.low for f in figures])[:, None] / np.sqrt(12.0)
        if closed is None:
            spread = np.hypot(EXACT, width / middle)
            return _log_normal(middle, expected, spread)
        left = middle - (expected - closed)  # gross adds less the rise of the level, which is solved and thus known
        found = _log_normal(np.maximum(left, TINY), closed, np.hypot(CLOSURES, width / np.maximum(closed, 1.0)))
        return np.asarray(np.where((left > 0.0).all(axis=0), found, -np.inf))

    def _closures(self, figures: Sequence[Figure], moved: Floats) -> Floats | None:
        """Return who left the level in each figure's months, (f, R), if the figures are of all who enter it."""
        crossing = self.model.crossings(self.stock)
        into = {f for f, sign in enumerate(crossing) if sign > 0}
        if {int(f) for f in self._flows_of(figures[0].measure)} != into:
            return None
        return self._summed(figures, moved, [f for f, sign in enumerate(crossing) if sign < 0])

    def _loose(self, figures: Sequence[Figure], size: Floats, latent: Floats, moved: Floats) -> Floats:
        """Return the log density of figures of another definition: with a factor and a slow residual."""
        middle = np.array([f.interval.middle for f in figures])
        width = np.array([f.interval.high - f.interval.low for f in figures]) / np.sqrt(12.0)
        apart = np.log(middle[:, None] / self._made(figures, moved))
        spread = self._spread(figures, size, latent) + np.diag((width / middle) ** 2)[..., None]
        made, log = np.empty(apart.shape), np.empty(size.size)
        gaussian.normal(np.ascontiguousarray(spread), np.ascontiguousarray(apart), made, log)
        return np.asarray(log - 0.5 * LOG_2PI * len(figures) - np.log(middle).sum())

    def _spread(self, figures: Sequence[Figure], size: Floats, latent: Floats) -> Floats:
        """Return the covariance of factor and residual in figures of another definition, (f, f, R), log scale."""
        from scipy.special import ndtr

        keep = LONGEST_KEEP * ndtr(latent)
        at = np.array([f.month - self.first for f in figures])
        alike = np.array([[one.band == other.band for other in figures] for one in figures])  # a factor is of all
        return np.asarray(size**2 * keep ** np.abs(at[:, None] - at)[..., None] * alike[..., None] + FACTOR**2)

    def _made(self, figures: Sequence[Figure], moved: Floats) -> Floats:
        """Return what the model makes of each figure, (f, R) persons."""
        return self._summed(figures, moved, list(self._flows_of(figures[0].measure)))

    def _flows_of(self, measure: str) -> Ints:
        names = self.model.measure[measure].flows
        return np.array([f for f, flow in enumerate(self.model.flows) if flow.name in names], np.int64)

    def _summed(self, figures: Sequence[Figure], moved: Floats, flows: Sequence[int]) -> Floats:
        by_band = {
            band: moved[:, self._rows(band, flows)].sum(axis=1) for band in dict.fromkeys(f.band for f in figures)
        }
        ends = [f.month - self.first for f in figures]
        found = [by_band[f.band][end - f.months : end].sum(axis=0) for f, end in zip(figures, ends, strict=True)]
        return np.stack(found)

    def _rows(self, band: str, flows: Sequence[int]) -> list[int]:
        """Return the rows of some flows of a region among those of all, of the whole bank where none is named."""
        own = range(len(self.regions)) if band not in self.regions else [self.regions.index(band)]
        return [g * len(self.model.flows) + f for g in own for f in flows]


def _log_normal(values: Floats, expected: Floats, spread: Floats) -> Floats:
    """Return the sum over rows of log densities of log-normal values, (R,)."""
    apart = np.log(values / expected) / spread
    return np.asarray((-0.5 * apart**2 - np.log(spread * values) - 0.5 * LOG_2PI).sum(axis=0))
