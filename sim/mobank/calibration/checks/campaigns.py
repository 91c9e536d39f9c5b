"""How far announced campaigns moved the shocks of their months, and how large shocks are with them and without.

A campaign's effect is integrated out in the fit. Given the solved shocks it is normal, by the same law; and who names
the months that went well makes what is left look calmer than it was. So the size of shocks is said both ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats
from mobank.calibration.likelihood.at_origin import covariance
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.solve_history import solved
from mobank.scenario.scenario import Campaign

LOOKED_AT = 200  # draws
NINE_TENTHS = 1.6448536269514722  # standard deviations to both sides that hold 90 % of a normal law


@dataclass(frozen=True)
class CampaignEffect:
    """What the figures say of a campaign: 5, 50 and 95 % of its effect, log scale, before and after."""

    campaign: Campaign
    prior: tuple[float, float, float]
    found: tuple[float, float, float]


@dataclass(frozen=True)
class ShockSpread:
    """Standard deviation of the shocks of a path's blocks about what was expected, log scale, median over draws.

    Parameters
    ----------
    with_them : as they were solved. without : less what campaigns are found to have done.
    """

    path: str
    with_them: float
    without: float


def campaigns(history: History, z: Floats) -> tuple[list[CampaignEffect], list[ShockSpread]]:
    """Return what coordinates z (D, R) of a posterior's draws say of campaigns; nothing where there are none."""
    law = history.law
    if not law.campaigns:
        return [], []
    solver = solved(history, np.ascontiguousarray(z[:, np.linspace(0, z.shape[1] - 1, LOOKED_AT).astype(int)]))
    rows = np.flatnonzero(solver.why == 0)
    apart, count = solver.unexpected(rows), len(history.blocks)
    known = covariance(solver, np.empty((0, 4), np.int64))[rows]
    variance = np.array([each.effect.prior.spread**2 for each in law.campaigns])
    joint = np.zeros((len(variance), len(apart)))
    joint[:, :count] = variance[:, None] * law.during
    weights = np.linalg.solve(known, np.broadcast_to(joint.T, (rows.size, *joint.T.shape)))  # (R, n + f, c)
    centre = np.array([each.effect.prior.centre for each in law.campaigns])
    mean = centre + np.einsum("rnc,nr->rc", weights, apart)
    left = variance - np.einsum("cn,rnc->rc", joint, weights)
    effects = [
        CampaignEffect(
            each, _three(centre[c], variance[c]), _three(mean[:, c].mean(), left[:, c].mean() + mean[:, c].var())
        )
        for c, each in enumerate(law.campaigns)
    ]
    about = apart[:count] + (centre @ law.during)[:, None]  # about what would be expected without any campaign
    return effects, [_spread(history, path, about, mean @ law.during) for path in _moved(law.campaigns)]


def _moved(found: Sequence[Campaign]) -> list[str]:
    return list(dict.fromkeys(each.path for each in found))


def _spread(history: History, path: str, about: Floats, of_campaigns: Floats) -> ShockSpread:
    own = history.law.of_path(history.paths.index(path))
    with_them, without = about[own], about[own] - of_campaigns.T[own]
    return ShockSpread(path, *(float(np.median(each.std(axis=0))) for each in (with_them, without)))


def _three(mean: float, variance: float) -> tuple[float, float, float]:
    half = NINE_TENTHS * float(np.sqrt(variance))
    return float(mean) - half, float(mean), float(mean) + half
