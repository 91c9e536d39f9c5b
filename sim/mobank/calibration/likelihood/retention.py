"""What retention says: of those who registered in a month, which share is still registered, or active, later.

Those who registered in a month are carried through the months that follow with the chances that the draw's own months
had. They enter in the states into which the month's registrations led, in the proportions of its segments, and stay
there until the next month: a customer moves at most once a month. So at age 0 all are counted, and at age k they have
gone through k months.

A share of one month is nearly that of the next: residuals keep .9 of themselves from one month of age to the next, and
twelve shares of a cohort are worth about one and a half that are independent. Who counts in another way than the model
is off by a factor all the time. An error of a figure of people moves the shocks that are solved through it, and with
them the chances of the cohort's months.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.kernels.cohorts import follow
from mobank.base.kernels.expectation import run
from mobank.base.quantities import Month
from mobank.calibration.likelihood.blocks import ACTIVE
from mobank.calibration.likelihood.flows import EXACT, SIZE, SIZE_SPREAD, Normal, Residuals
from mobank.model.grammar import Model
from mobank.scenario.scenario import AS_MODEL, Cohort, RetainedShare

FACTOR = 0.2  # standard deviation of the factor between another definition and the model's, log odds
KEEP = 0.9  # of a residual, from one month of age to the next
FEW = 1e-9  # of the customers: as so few are people followed, so that they do not move what others meet
FINE = 1e-4  # of a shock, for the slopes of chances
LEAST = 1e-3  # of a cohort: no share is nearer to none or all than that, as counts have it


class Cell(NamedTuple):
    """One share of one cohort."""

    cohort: Cohort
    share: RetainedShare

    @property
    def name(self) -> str:
        """What chance is keyed by."""
        return f"{self.cohort.name}.{self.share.age}"


@dataclass(frozen=True)
class Months:
    """The months of some draws, as the compiled months take them (see `mobank.base.kernels.expectation.run`).

    Parameters
    ----------
    occupancy, customers : (S, K, R), (S, R) at the first figure of the level.
    level : (K,) 1 for states of it. region, which : by segment, and by path and region, in each month.
    """

    fill: Any
    occupancy: Floats
    customers: Floats
    value: Floats
    path_of: Ints
    sign: Floats
    units: Ints
    args: Ints
    mixing: Floats
    row_of: Ints
    leaves: Ints
    enters: Ints
    exposed: Ints
    level: Ints
    region: Ints
    growth: Floats
    which: Ints
    shocks: Floats
    off: Floats
    exits: Ints

    def month(self, t: int, groups: Sequence[Floats], people: Floats, by: float = 0.0) -> Floats:
        """Return groups (S, K, R) of customers a month later, (G, S, K, R): the bank itself, then few beside it.

        Parameters
        ----------
        people : (S, R) customers, moved on in place. by : is added to the shock of each region's path of the active.
        """
        here, more = np.concatenate(groups), len(groups) - 1
        everyone = np.concatenate([people, *([FEW**2 * people] * more)])  # nobody joins the few later
        mixing = np.concatenate([self.mixing, *([np.zeros(self.mixing.shape)] * more)], axis=1)
        shocks = self.shocks.copy()
        shocks[self.which[ACTIVE::2, t]] += by
        run(
            self.fill, here, everyone, self.value, self.path_of, self.sign, self.units, self.args, mixing,
            np.tile(self.row_of, (1 + more, 1)), self.leaves, self.enters, self.exposed, self.level[None],
            np.tile(self.region, 1 + more), self.growth[t : t + 1], np.ascontiguousarray(self.which[:, t : t + 1]),
            shocks, self.off[t : t + 1], self.exits, np.empty((1, len(self.which) // 2, here.shape[2])),
            np.empty((0, 0, 0)), np.zeros(here.shape[2]),
        )  # fmt: skip
        people[:] = everyone[: len(people)]
        return here.reshape(1 + more, *groups[0].shape)


@dataclass(frozen=True)
class Retention:
    """The retention of a history.

    Parameters
    ----------
    cells : by cohort and age; all within the history. first : month of the first figure of the level.
    """

    model: Model
    cells: Sequence[Cell]
    first: Month

    @classmethod
    def of(cls, model: Model, cohorts: Sequence[Cohort], first: Month, last: Month) -> "Retention":
        """Return that of a history from the first to the last month: of who registered in it, up to its end."""
        cells = [
            Cell(c, share) for c in cohorts if c.month > first for share in c.shares if c.month + share.age <= last
        ]
        return cls(model, cells, first)

    @property
    def coordinates(self) -> list[str]:
        """Names of the coordinates of the residuals' sizes."""
        loose = dict.fromkeys(c.measure for c, _ in self.cells if c.definition != AS_MODEL)
        return [f"retention.{measure}.size" for measure in loose]

    def residuals(self, row: Mapping[str, int], z: Floats, made: Floats) -> Residuals:
        """Return how far the shares are from those made, (c, R), given coordinates z (D, R)."""
        middle, rounding = (np.array(each)[:, None] for each in zip(*map(_odds_of, self.cells), strict=True))
        spread = self._spread(row, z) + (rounding**2 * np.eye(len(self.cells)))[..., None]
        log = -np.full(z.shape[1], np.log(middle * (1.0 - middle)).sum())
        return Residuals(_log_odds(middle) - _log_odds(made), spread, log)

    def reported(self, row: Mapping[str, int], z: Floats, made: Floats, normal: Normal) -> dict[str, Floats]:
        """Return shares drawn from this law, (R,) by cell: what `residuals` are of, without their rounding."""
        chance = np.stack([normal(f"residual.{cell.name}") for cell in self.cells])
        root = np.linalg.cholesky(np.moveaxis(self._spread(row, z), -1, 0))
        odds = _log_odds(made) + np.einsum("rij,jr->ir", root, chance)
        return dict(zip([cell.name for cell in self.cells], 1.0 / (1.0 + np.exp(-odds)), strict=True))

    def _spread(self, row: Mapping[str, int], z: Floats) -> Floats:
        """Return the covariance of factors and residuals, (c, c, R), log odds."""
        count = len(self.cells)
        found = np.zeros((count, count, z.shape[1]))
        for measure, same in self._alike.items():
            own = any(c.measure == measure and c.definition == AS_MODEL for c, _ in self.cells)
            size = np.full(z.shape[1], EXACT)
            if not own:
                size = SIZE * np.exp(SIZE_SPREAD * z[row[f"retention.{measure}.size"]])
                of = np.diag(same)
                found += (FACTOR**2 * np.outer(of, of))[..., None]
            found += same[..., None] * size**2
        return found

    @cached_property
    def _alike(self) -> dict[str, Floats]:
        """How much of a residual is common to two cells, (c, c), by measure: those of one cohort, by age."""
        age = np.array([share.age for _, share in self.cells])
        keep = KEEP ** np.abs(age[:, None] - age)
        names = np.array([cohort.name for cohort, _ in self.cells])
        measures = np.array([cohort.measure for cohort, _ in self.cells])
        same = np.where(names[:, None] == names, keep, 0.0)
        return {m: same * np.outer(measures == m, measures == m) for m in dict.fromkeys(measures.tolist())}

    # ------------ the cohorts

    @property
    def longest(self) -> int:
        """Months that the oldest share has gone through; 1 if there is none."""
        return max((share.age for _, share in self.cells), default=1)

    def made(self, months: Months, erring: bool) -> tuple[Floats, Floats]:
        """Return the shares that draws make of the cells, (c, R), and the change of their log odds with each month.

        Parameters
        ----------
        erring : False if the second, (c, A, G, R) by the shock of the active in each month of age and region, is all 0.
        """
        level = np.flatnonzero(months.level)  # who leaves it does not come back, and is not followed
        segments, _, draws = months.occupancy.shape
        begins = sorted({self._begin(cohort) for cohort, _ in self.cells})
        last = max(self._begin(cohort) + share.age for cohort, share in self.cells)
        here, people = months.occupancy, months.customers.copy()
        entered = np.zeros((len(begins), segments, level.size, draws))
        chances = np.zeros((last, segments, level.size, level.size, draws))
        swayed = np.zeros((last if erring else 0, *chances.shape[1:]))
        units = [np.zeros(here.shape) for _ in level]
        for k, unit in zip(level, units, strict=True):
            unit[:, k] = FEW * people

        def found(moved: Floats) -> Floats:
            """Return the chances of a month, (S, K, K, R), by where those have gone who were all in one state."""
            gone = [then[:, level] / unit[:, [k]] for k, then, unit in zip(level, moved, units, strict=True)]
            return np.stack(gone, axis=1)

        for t in range(last):
            outside = FEW * here * (1 - months.level)[:, None]
            if erring and t >= begins[0]:
                for by in (FINE, -FINE):
                    swayed[t] += found(months.month(t, [here, *units], people.copy(), by)[1:]) / (2.0 * by)
            moved = months.month(t, [here, outside, *units], people)
            here, chances[t] = moved[0], found(moved[2:])
            if t + 1 in begins:  # who is in the level now, and was not, has entered it in this month
                entered[begins.index(t + 1)] = moved[1][:, level]
        numbers = [
            (begins.index(self._begin(c)), self._begin(c), s.age, self._measures.index(c.measure))
            for c, s in self.cells
        ]
        stocks = [self.model.measure[measure].stock for measure in self._measures]
        inside = np.array([np.isin(self.model.states, stock) for stock in stocks], np.int64)[:, level]
        share, slopes = (
            np.empty((len(self.cells), draws)),
            np.empty((len(self.cells), self.longest, len(months.which) // 2, draws)),
        )
        cells = np.array(numbers, np.int64)
        follow(chances, swayed, entered, cells, np.ascontiguousarray(inside), months.region, share, slopes)
        clear = (share > LEAST) & (share < 1.0 - LEAST)
        share = np.clip(share, LEAST, 1.0 - LEAST)
        return share, np.where(clear, 1.0, 0.0)[:, None, None] * slopes / (share * (1.0 - share))[:, None, None]

    def slopes(self, by_month: Floats, which: Ints, solved: tuple[Floats, Ints], slopes: Floats, at: Ints) -> None:
        """Find how the residual of each share moves with the figures of people.

        Parameters
        ----------
        by_month : (c, A, G, R) change of the log odds made with each month's shocks. which : (2 G, T) their blocks.
        solved : change of the blocks' shocks (n, z, R) with the log of figures (n, z), −1 for none.
        slopes, at : (c, z, R) and (c, z) filled: the change, and with which figure.
        """
        change, figures = solved
        for i, (cohort, share) in enumerate(self.cells):
            blocks = which[ACTIVE::2, self._begin(cohort) : self._begin(cohort) + share.age].T
            numbers = sorted({int(number) for number in figures[blocks].ravel() if number >= 0})
            at[i, : len(numbers)] = numbers
            for (a, g), block in np.ndenumerate(blocks):
                for z, number in enumerate(figures[block]):
                    if number >= 0:
                        slopes[i, numbers.index(number)] -= by_month[i, a, g] * change[block, z]

    def _begin(self, cohort: Cohort) -> int:
        """Return the first month that a cohort goes through, counted from the first after the first figure."""
        return cohort.month - self.first

    @cached_property
    def _measures(self) -> list[str]:
        return list(dict.fromkeys(cohort.measure for cohort, _ in self.cells))


def _odds_of(cell: Cell) -> tuple[float, float]:
    """Return the middle of a share, and the standard deviation of its rounding, log odds."""
    interval = cell.share.interval
    middle = interval.middle
    return middle, (interval.high - interval.low) / np.sqrt(12.0) / (middle * (1.0 - middle))


def _log_odds(share: Floats) -> Floats:
    return np.asarray(np.log(share / (1.0 - share)))
