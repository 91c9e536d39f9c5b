"""Values that are not known exactly: a prior says what is thought of one number before any draw is made."""

from dataclasses import dataclass
from math import exp, log
from typing import Literal

import numpy as np

from mobank.base.arrays import Floats

Kind = Literal["fixed", "lognormal", "logitnormal", "normal"]
Z_95 = 1.6448536269514722  # the standard normal's 95 % quantile: "low to high" is the central 90 %


def logit(share: float) -> float:
    """Return log(share / (1 − share))."""
    return log(share / (1.0 - share))


@dataclass(frozen=True)
class Prior:
    """A distribution of one number.

    Parameters
    ----------
    kind : "fixed", "lognormal" (rates, factors, counts), "logitnormal" (shares) or "normal".
    centre : the median.
    spread : standard deviation on the log, logit or natural scale; 0 if fixed.
    tails : degrees of freedom where it is Student's t with this spread as its scale; 0 where it is normal.
    """

    kind: Kind
    centre: float
    spread: float = 0.0
    tails: float = 0.0

    @classmethod
    def between(cls, kind: Kind, low: float, high: float) -> "Prior":
        """Return the prior whose central 90 % is low to high."""
        if kind == "lognormal":
            return cls(kind, exp((log(low) + log(high)) / 2), (log(high) - log(low)) / (2 * Z_95))
        if kind == "logitnormal":
            middle, half = (logit(low) + logit(high)) / 2, (logit(high) - logit(low)) / 2
            return cls(kind, 1 / (1 + exp(-middle)), half / Z_95)
        return cls("normal", (low + high) / 2, (high - low) / (2 * Z_95))

    def of_normal(self, z: Floats) -> Floats:
        """Return the quantiles that belong to standard normal ones, the shape of z."""
        if self.tails:
            from scipy.special import ndtr, stdtrit

            z = np.asarray(-np.sign(z) * stdtrit(self.tails, ndtr(-np.abs(z))))
        if self.kind == "lognormal":
            return np.asarray(self.centre * np.exp(self.spread * z))
        if self.kind == "logitnormal":
            return np.asarray(1.0 / (1.0 + np.exp(-(logit(self.centre) + self.spread * z))))
        if self.kind == "normal":
            return np.asarray(self.centre + self.spread * z)
        return np.full(np.shape(z), self.centre)

    def central(self) -> tuple[float, float]:
        """Return the ends of the central 90 %; twice the value if fixed."""
        if self.kind == "fixed":
            return self.centre, self.centre
        low, high = self.of_normal(np.array([-Z_95, Z_95]))
        return float(low), float(high)
