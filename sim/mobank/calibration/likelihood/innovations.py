"""The law of the yearly shocks, the other way round: from a solved shock to its innovation and its density.

`mobank.dynamics.shocks` goes from standard normals to shocks; here a shock that a figure has fixed becomes the
standard normal that it came from. Two paths: 0 is that of the level, 1 that of active users; their normals are
correlated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.dynamics.shocks import ShockSizes, standardised

LOG_2PI = float(np.log(2.0 * np.pi))
LEVEL, ACTIVE = 0, 1


def normal_of(innovation: Floats, tails: float) -> Floats:
    """Return the standard normals whose Student quantiles of unit variance are given; the inverse of `standardised`."""
    if not tails:
        return innovation
    from scipy.special import ndtri, stdtr

    lower = stdtr(tails, -np.abs(innovation) * np.sqrt(tails / (tails - 2.0)))
    return np.asarray(-np.sign(innovation) * ndtri(lower))


def log_slope(innovation: Floats, normal: Floats, tails: float) -> Floats:
    """Return log |d normal / d innovation|, for Student tails the ratio of the two densities."""
    if not tails:
        return np.zeros(innovation.shape)
    from scipy.special import gammaln

    t = innovation * np.sqrt(tails / (tails - 2.0))
    constant = gammaln((tails + 1) / 2) - gammaln(tails / 2) - 0.5 * np.log(tails * np.pi)
    student = constant - (tails + 1) / 2 * np.log1p(t**2 / tails) + 0.5 * np.log(tails / (tails - 2.0))
    return np.asarray(student + 0.5 * normal**2 + 0.5 * LOG_2PI)


@dataclass(frozen=True)
class Innovations:
    """The law of one year's shocks in each draw, given those of the year before.

    Parameters
    ----------
    keep, scale : (2, R) persistence, and standard deviation of the innovation, by path.
    tails : degrees of freedom by path, 0 for normal ones.
    correlation : (R,) of the normals.
    """

    keep: Floats
    scale: Floats
    tails: tuple[float, float]
    correlation: Floats

    @classmethod
    def of(cls, sizes: ShockSizes, paths: tuple[str, str]) -> "Innovations":
        """Return the law of two paths."""
        keep, scale = (np.stack([getattr(sizes, what)[p] for p in paths]) for what in ("persistence", "size"))
        return cls(keep, scale, (sizes.tails[paths[0]], sizes.tails[paths[1]]), sizes.correlation)

    def columns(self, rows: NDArray[np.intp]) -> "Innovations":
        """Return the law of some draws."""
        return Innovations(self.keep[:, rows], self.scale[:, rows], self.tails, self.correlation[rows])

    def stationary(self) -> "Innovations":
        """Return the law of the first year, which has none before it."""
        return Innovations(self.keep * 0.0, self.scale / np.sqrt(1.0 - self.keep**2), self.tails, self.correlation)

    def shocks(self, before: Floats, latent: Floats, solved: tuple[bool, bool]) -> Floats:
        """Return the shocks (2, R) of a year from independent normals (2, R); a solved path's is a first guess."""
        slack = np.sqrt(1.0 - self.correlation**2)
        level, active = np.where(np.array(solved)[:, None], 0.0, latent)
        if not solved[LEVEL]:
            active = self.correlation * level + slack * active
        made = np.stack([standardised(y, t) for y, t in zip((level, active), self.tails, strict=True)])
        return np.asarray(np.where(np.array(solved)[:, None], before, self.keep * before + self.scale * made))

    def density(self, before: Floats, shocks: Floats, solved: tuple[bool, bool]) -> tuple[Floats, Floats]:
        """Return the independent normals (2, R) that made a year's shocks, and the log density (R,) of the solved."""
        standard = (shocks - self.keep * before) / self.scale
        y = np.stack([normal_of(e, t) for e, t in zip(standard, self.tails, strict=True)])
        slack = np.sqrt(1.0 - self.correlation**2)
        log = np.zeros(y.shape[1])
        for path in (LEVEL, ACTIVE):
            if solved[path]:
                log += log_slope(standard[path], y[path], self.tails[path]) - np.log(self.scale[path])
        made = np.stack([y[LEVEL], (y[ACTIVE] - self.correlation * y[LEVEL]) / slack])
        if all(solved):
            log += -0.5 * (made**2).sum(axis=0) - LOG_2PI - np.log(slack)
        elif solved[LEVEL]:  # the active path's normal is a coordinate; the level's follows it
            apart = (y[LEVEL] - self.correlation * y[ACTIVE]) / slack
            log += -0.5 * apart**2 - 0.5 * LOG_2PI - np.log(slack)
            made = np.stack([apart, y[ACTIVE]])
        elif solved[ACTIVE]:
            log += -0.5 * made[ACTIVE] ** 2 - 0.5 * LOG_2PI - np.log(slack)
        return made, log
