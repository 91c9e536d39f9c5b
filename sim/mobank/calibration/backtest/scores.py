"""How good a forecast was: CRPS, log score, interval score, pinball loss, coverage, PIT.

On whatever scale the forecast is given.

References
----------
Gneiting, Raftery (2007), "Strictly proper scoring rules, prediction, and estimation".
Gneiting, Raftery, Westveld, Goldman (2005), "Calibrated probabilistic forecasting using ensemble model output
statistics" (the CRPS of a normal).
Silverman (1986), "Density estimation for statistics and data analysis", eq. 3.31 (the width of a kernel).
Jones (1991), "On correcting for variance inflation in kernel density estimation".
"""

from dataclasses import dataclass
from functools import cached_property
from math import erf, exp, inf, log, pi, sqrt

import numpy as np

from mobank.base.arrays import Floats

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
BANDS = {50: (0.25, 0.75), 80: (0.1, 0.9), 90: (0.05, 0.95)}  # central bands, by their content in percent


@dataclass(frozen=True)
class EnsembleForecast:
    """A forecast as equally likely values, (R,)."""

    draws: Floats

    @cached_property
    def _sorted(self) -> Floats:
        return np.sort(self.draws)

    def quantile(self, level: float) -> float:
        """Return a quantile."""
        return float(np.quantile(self._sorted, level))

    def crps(self, truth: float) -> float:
        """Return E|X − y| − ½ E|X − X'|, the pairs taken over all draws."""
        x, n = self._sorted, self.draws.size
        spread = np.sum((2.0 * np.arange(1, n + 1) - n - 1.0) * x) / n**2
        return float(np.mean(np.abs(x - truth)) - spread)

    def log_score(self, truth: float) -> float:
        """Return the log density of normal kernels about the draws, of Silverman's width: the higher, the better.

        The draws are first drawn in towards their mean by as much as the kernels spread them, so that a normal stays
        as wide as it is.
        """
        from scipy.special import logsumexp

        x, n = self._sorted, self.draws.size
        low, high = np.quantile(x, (0.25, 0.75))
        share = 0.9 * n**-0.2
        width = share * min(float(x.std(ddof=1)), float(high - low) / 1.34)
        centres = x.mean() + sqrt(1.0 - share**2) * (x - x.mean())
        return float(logsumexp(-0.5 * ((truth - centres) / width) ** 2) - log(n * width * sqrt(2.0 * pi)))

    def pit(self, truth: float) -> float:
        """Return the share of draws below the truth, a tie counted half."""
        x = self._sorted
        return float(np.searchsorted(x, truth, "left") + np.searchsorted(x, truth, "right")) / (2.0 * x.size)


@dataclass(frozen=True)
class NormalForecast:
    """A forecast as a normal distribution."""

    mean: float
    sd: float

    def quantile(self, level: float) -> float:
        """Return a quantile."""
        from scipy.special import ndtri

        return float(self.mean + self.sd * ndtri(level))

    def crps(self, truth: float) -> float:
        """Return σ (z (2 Φ(z) − 1) + 2 φ(z) − 1/√π)."""
        z = (truth - self.mean) / self.sd
        return self.sd * (z * erf(z / sqrt(2.0)) + 2.0 * exp(-z * z / 2.0) / sqrt(2.0 * pi) - 1.0 / sqrt(pi))

    def log_score(self, truth: float) -> float:
        """Return the log density: the higher, the better."""
        return -0.5 * ((truth - self.mean) / self.sd) ** 2 - log(self.sd * sqrt(2.0 * pi))

    def pit(self, truth: float) -> float:
        """Return the chance of less than the truth."""
        return 0.5 * (1.0 + erf((truth - self.mean) / (self.sd * sqrt(2.0))))


Forecast = EnsembleForecast | NormalForecast


def interval_score(low: float, high: float, truth: float, content: float) -> float:
    """Return the width of a central interval of this content, plus 2 / (1 − content) times how far the truth is out."""
    miss = max(low - truth, truth - high, 0.0)
    return high - low + 2.0 / (1.0 - content) * miss


def pinball(quantile: float, truth: float, level: float) -> float:
    """Return the pinball loss of a quantile; its mean over all levels is half the CRPS."""
    return (level - (truth < quantile)) * (truth - quantile)


def binomial_sd(share: float, cases: int) -> float:
    """Return the standard deviation of an observed share of independent cases."""
    return sqrt(share * (1.0 - share) / cases) if cases else inf
