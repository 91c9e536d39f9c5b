"""What some draws put into the months of a history: parameters, sizes of shocks, figures, and who could register.

Customers are the pool: they grow as reported, and at the draw's own rate where nothing is reported; what their figures
say about that rate is left to its prior, so that it is not counted twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mobank.base.arrays import Floats
from mobank.calibration.likelihood.history import History, value_at
from mobank.dynamics.draws import base_values, shock_sizes
from mobank.dynamics.month import Values, add_up, intake
from mobank.dynamics.shocks import ShockSizes
from mobank.scenario.scenario import Value


@dataclass(frozen=True)
class Inputs:
    """What some draws put into the months.

    Parameters
    ----------
    base : value of each parameter, (S or 1, R). values : distinct ones, one below the other, (V, R).
    sizes : of the shocks. level, everyone : at the first figure, (G, R) of each region and (R,), persons.
    customers : of them in each segment, (S, R).
    growth : of everyone in each month, as a share, (T, R).
    goals : value of each figure, (R,) persons, by name; in the definition of the rest.
    written_off : persons in each month, (T, R); (0, R) where there is no clean-up.
    """

    history: History
    base: Mapping[str, Floats]
    values: Floats
    sizes: ShockSizes
    level: Floats
    everyone: Floats
    customers: Floats
    growth: Floats
    goals: Mapping[str, Floats]
    written_off: Floats

    @classmethod
    def of(cls, history: History, z: Floats) -> "Inputs":
        """Return those of draws with coordinates z (D, R)."""
        drawn = _Drawn(history, z)
        base, sizes = base_values(history.model, history.target, drawn), shock_sizes(history.target, drawn)
        wide = {f.name for f in history.wide}
        goals = {
            f.name: value_at(f, z[history.row[f.name]]) if f.name in wide else np.full(z.shape[1], f.interval.middle)
            for f in history.figures
        }
        for each in history.joined:
            goals[each.figure.name] = goals[each.figure.name] / each.prior.of_normal(z[history.row[each.factor]])
        stock, shares = history.origin.stock, np.array([segment.share for segment in history.target.segments])[:, None]
        level = np.stack([goals[history.reported(stock, band)[0].name] for band in history.regions])
        everyone, growth = _pool(history, base, goals, level, drawn)
        customers = shares * everyone.sum(axis=0) if len(everyone) == 1 else _by_region(history, everyone, shares)
        off = np.zeros((history.length if history.clean_ups else 0, z.shape[1]))
        for at, name in history.clean_ups.items():
            off[at - 1] = drawn(history.target.clean_ups[history.first + at], name)
        return cls(
            history,
            base,
            history.layout.stacked(base),
            sizes,
            level,
            everyone.sum(axis=0),
            customers,
            growth,
            goals,
            off,
        )


@dataclass(frozen=True)
class _Drawn:
    """What is drawn of a value, by its name: (R,)."""

    history: History
    z: Floats

    def __call__(self, value: Value, item: str) -> Floats:
        known = item in self.history.priors
        return (
            value.prior.of_normal(self.z[self.history.row[item]])
            if known
            else np.full(self.z.shape[1], value.prior.centre)
        )


def _pool(
    history: History, base: Mapping[str, Floats], goals: Mapping[str, Floats], level: Floats, drawn: _Drawn
) -> tuple[Floats, Floats]:
    """Return everyone at the first figure of the level, and by which share they grow in each month, (T, R).

    Everyone is (1, R) of the bank, or of each region, (G, R), where the pool is unknown and a multiple of its level.
    """
    shares = np.array([segment.share for segment in history.target.segments])[:, None]
    ones = shares * np.ones_like(level[0])
    own = 1.0 + (
        add_up(add_up(intake(history.model, Values(base, frozenset()), ones))) if history.model.intakes else 0.0
    )
    months = history.length
    pool = history.target.pool
    if pool is not None:
        headroom = drawn(history.priors.get("pool.headroom", pool.headroom), "pool.headroom")
        return level * (1.0 + headroom), np.tile(own - 1.0, (months, 1))
    figures = history.reported(history.origin.total)
    log = np.tile(np.log(own * np.ones_like(level[0])), (months, 1))
    for a, b in pairwise(figures):
        rate = np.log(goals[b.name] / goals[a.name]) / (b.month - a.month)
        log[max(a.month - history.first, 0) : max(b.month - history.first, 0)] = rate
    anchor = next((f for f in figures if f.month >= history.first), figures[-1])
    ahead = anchor.month - history.first
    since = log[:ahead].sum(axis=0) if ahead >= 0 else ahead * np.log(own)
    return np.asarray((goals[anchor.name] * np.exp(-since))[None]), np.expm1(log)


def _by_region(history: History, everyone: Floats, shares: Floats) -> Floats:
    """Return customers by segment, (S, R), given those of each region, (G, R): shares (S, 1) hold within a region."""
    own = np.array(history.region_of)
    within = np.array([shares[own == g].sum() for g in range(len(everyone))])
    return np.asarray(shares / within[own][:, None] * everyone[own])
