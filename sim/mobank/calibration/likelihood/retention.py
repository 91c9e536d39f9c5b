"""What retention says: of those who registered in a month, which share is still registered, or active, later.

Those who registered in a month are carried through the months that follow with the chances that the draw's own months
had. They enter in the states into which the month's registrations led, in the proportions of its segments, and stay
there until the next month: a customer moves at most once a month. So at age 0 all are counted, and at age k they have
gone through k months.

A share of one month is nearly that of the next: residuals keep .9 of themselves from one month of age to the next, and
twelve shares of a cohort are worth about one and a half that are independent. Who counts in another way than the model
is off by a factor all the time. Errors of the figures of people are left out here: they take out of a month of the
cohort what they put into the one before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.kernels.expectation import run
from mobank.base.quantities import Month
from mobank.calibration.likelihood.flows import SIZE, SIZE_SPREAD, Normal, Residuals
from mobank.model.grammar import Model
from mobank.scenario.scenario import AS_MODEL, Cohort, RetainedShare

FACTOR = 0.2  # standard deviation of the factor between another definition and the model's, log odds
EXACT = 0.05  # of the residual where the definition is the model's, log odds
KEEP = 0.9  # of a residual, from one month of age to the next
FEW = 1e-9  # of the customers: the cohort is carried as so few that it does not move what others meet


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
    level : (K,) 1 for states of it.
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
    growth: Floats
    which: Ints
    shocks: Floats
    off: Floats
    exits: Ints

    def month(self, t: int, here: Floats, everyone: Floats, cohorts: int) -> None:
        """Move segments (S (1 + cohorts), K, R) and customers on by month t, in place; cohorts follow the segments."""
        mixing = np.concatenate([self.mixing, np.zeros((len(self.mixing), len(here) - len(self.row_of)))], axis=1)
        run(
            self.fill, here, everyone, self.value, self.path_of, self.sign, self.units, self.args, mixing,
            np.tile(self.row_of, (1 + cohorts, 1)), self.leaves, self.enters, self.exposed, self.level[None],
            self.growth[t : t + 1], np.ascontiguousarray(self.which[:, t : t + 1]), self.shocks, self.off[t : t + 1],
            self.exits, np.empty((1, 1, here.shape[2])), np.empty((0, 0, 0)), np.zeros(here.shape[2]),
        )  # fmt: skip


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

    def made(self, months: Months) -> Floats:
        """Return the shares that draws make of the cells, (c, R)."""
        segments, _, draws = months.occupancy.shape
        here, everyone = months.occupancy.copy(), months.customers.copy()
        carried: dict[int, tuple[Floats, Floats]] = {}  # by month of entry, what is left of it, and who they were
        out = np.full((len(self.cells), draws), np.nan)
        asked = [(c.month - self.first - 1, s.age, self._counted(c.measure)) for c, s in self.cells]
        until = {begin: max(age for b, age, _ in asked if b == begin) for begin, _, _ in asked}
        for t in range(max((begin + age for begin, age, _ in asked), default=-1) + 1):
            now = [begin for begin in carried if t <= begin + until[begin]]
            if t in until:
                outside = here * (1 - months.level)[:, None]
                now.append(t)
                carried[t] = FEW * outside, np.empty(draws)
            every = np.concatenate([here, *(carried[begin][0] for begin in now)])
            people = np.concatenate([everyone, *([FEW**2 * everyone] * len(now))])  # nobody joins a cohort later
            months.month(t, every, people, len(now))
            here, everyone = every[:segments], people[:segments]
            for k, begin in enumerate(now, 1):
                own = every[k * segments : (k + 1) * segments]
                if begin == t:  # who is in the level now has entered it in this month
                    own = own * months.level[:, None]
                    carried[t] = own, own.sum(axis=(0, 1))
                else:
                    carried[begin] = own, carried[begin][1]
            for i, (begin, age, counted) in enumerate(asked):
                if begin + age == t:
                    own, entered = carried[begin]
                    out[i] = own[:, counted].sum(axis=(0, 1)) / entered
        return out

    def _counted(self, measure: str) -> list[int]:
        return list(self.model.indices(self.model.measure[measure].stock))


def _odds_of(cell: Cell) -> tuple[float, float]:
    """Return the middle of a share, and the standard deviation of its rounding, log odds."""
    interval = cell.share.interval
    middle = interval.middle
    return middle, (interval.high - interval.low) / np.sqrt(12.0) / (middle * (1.0 - middle))


def _log_odds(share: Floats) -> Floats:
    return np.asarray(np.log(share / (1.0 - share)))
