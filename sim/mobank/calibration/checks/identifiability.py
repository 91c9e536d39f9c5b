"""What the figures determine and what they leave to the priors: parameter by parameter, and in words.

A parameter is *data-driven* if the figures took most of its prior's variance away, *prior-driven* if next to none, else
*partly*. What a lever does rests on the parameter that it moves: where that is prior-driven, the lever's effect is what
was thought before, and no figure speaks for or against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL, YEAR
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import Pathway
from mobank.scenario.posterior import determined_by
from mobank.scenario.scenario import Determined

TOGETHER = 0.4  # correlation after the fit of two that were independent before it
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Known:
    """What is known of one number before and after the figures.

    Parameters
    ----------
    prior, posterior : quantiles (`QUANTILES`), natural scale.
    contraction : share of the prior's variance that the figures took away, on the scale of the prior; below 0 where
        they made it wider.
    moved : shift of the mean, in prior standard deviations.
    """

    name: str
    prior: tuple[float, ...]
    posterior: tuple[float, ...]
    contraction: float
    moved: float

    @property
    def driven(self) -> Determined:
        """Which of data and prior says what it is."""
        return determined_by(self.contraction, self.moved)


@dataclass(frozen=True)
class Pair:
    """Two numbers that the figures tie together: known only in combination."""

    one: str
    other: str
    correlation: float


def known(history: History, z: Floats) -> list[Known]:
    """Return what is known of each number that has a prior, given draws with coordinates z (D, R)."""
    found = []
    for name, value in history.priors.items():
        own = z[history.row[name]]
        before = value.prior.of_normal(np.array([-1.6448536269514722, 0.0, 1.6448536269514722]))
        after = np.quantile(value.prior.of_normal(own), QUANTILES)
        found.append(Known(name, _three(before), _three(after), float(1.0 - own.var()), float(own.mean())))
    return found


def outcomes(history: History, passage: Pathway, lived_before: Floats) -> list[Known]:
    """Return what is known of where the bank stands and how fast it grows: level, active, and the last year's growth.

    Parameters
    ----------
    passage : of draws through the figures. lived_before : of draws from the priors, (M, 3, R) of the whole bank.
    """
    after, before = passage.whole, lived_before[..., np.isfinite(lived_before).all(axis=(0, 1))]
    level, active = history.origin.stock, history.origin.engaged
    rows = [
        (level, np.log(before[-1, LEVEL]), np.log(after[-1, LEVEL]), True),
        (active, np.log(before[-1, ACTIVE]), np.log(after[-1, ACTIVE]), True),
    ]
    year_ago = next((m for m, mark in enumerate(history.marks) if mark.at == history.length - YEAR), None)
    if year_ago is not None:
        rows.append((GROWTH, *(np.log(ends[-1, LEVEL] / ends[year_ago, LEVEL]) for ends in (before, after)), False))
    return [
        Known(
            name,
            _three(np.quantile(np.exp(b) if logs else np.expm1(b), QUANTILES)),
            _three(np.quantile(np.exp(a) if logs else np.expm1(a), QUANTILES)),
            float(1.0 - a.var() / b.var()),
            float((a.mean() - b.mean()) / b.std()),
        )
        for name, b, a, logs in rows
    ]


GROWTH = "growth"  # of the level in the last year


def together(history: History, z: Floats) -> list[Pair]:
    """Return the pairs that are known only together, the closest first; a priori all coordinates are independent."""
    names = list(history.priors)
    correlation = np.atleast_2d(np.corrcoef(z[[history.row[name] for name in names]]))
    pairs = [
        Pair(names[i], names[j], float(correlation[i, j]))
        for i in range(len(names))
        for j in range(i)
        if abs(correlation[i, j]) >= TOGETHER
    ]
    return sorted(pairs, key=lambda pair: -abs(pair.correlation))


def by_parameter(history: History, found: Sequence[Known]) -> Mapping[str, Determined]:
    """Return for each parameter of the model which of data and prior says what it is; fixed ones are prior-driven."""
    driven = {each.name: each.driven for each in found}
    return {p.name: driven.get(p.name, "prior") for p in history.model.parameters}


def _three(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
