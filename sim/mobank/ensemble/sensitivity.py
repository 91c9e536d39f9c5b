"""Which inputs matter: the share of an output's variance that each input explains alone, from draws already made.

No run is needed beyond those at hand ("given data"): the output's mean given an input is fitted by a smooth curve over
the input's ranks, or by the mean of each value where an input has few, and the variance of that curve is compared with
the output's. Inputs must have been drawn independently of one another; a correlated input is credited with what it
shares with its neighbours.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats

WAVES = 8  # half-cosine waves of the curve: enough for a hump and a dip each way
DRAWS_A_WAVE = 40  # fewer draws get fewer waves, so that little is fitted to noise and corrected for
FEWEST = 24  # draws below which no curve is fitted


class FirstOrderShares(NamedTuple):
    """First-order index of each input and its Monte Carlo error, each (P,); NaN where the output does not vary."""

    first: Floats
    error: Floats


def given_data_shares(inputs: Floats, output: Floats) -> FirstOrderShares:
    """Return the share of the output's variance that each input explains by itself.

    Parameters
    ----------
    inputs : (P, N) the value of each input in each draw, in any unit; only its order and its ties count.
    output : (N,) what came of it. Draws where it is NaN are left out.

    Returns
    -------
    Shares
        The index, Var(E[output | input]) / Var(output), corrected for the waves fitted, so it scatters about 0 (and may
        fall just below) for an input without effect; and its standard error, from the index's influence function.
        A constant input has 0 with error 0. Of points that fill their ranges evenly (Sobol', Latin hypercube) it errs a
        little low, by a fortieth at most, and the error is on the wide side.

    Raises
    ------
    ValueError
        If the shapes do not fit, or fewer than `FEWEST` draws are left.

    References
    ----------
    Plischke, E. (2012). How to compute variance-based sensitivity indicators with your spreadsheet software.
    Environmental Modelling & Software 35, 188-191. (The cosine regression on ranks.)
    Da Veiga, S. and Gamboa, F. (2013). Efficient estimation of sensitivity indices. Journal of Nonparametric
    Statistics 25, 573-595. (The influence function.)
    """
    inputs, output = np.asarray(inputs, float), np.asarray(output, float)
    if inputs.ndim != 2 or output.ndim != 1 or inputs.shape[1] != output.size:
        raise ValueError(f"inputs (P, N) and output (N,) wanted, not {inputs.shape} and {output.shape}")
    known = ~np.isnan(output)
    if known.sum() < FEWEST:
        raise ValueError(f"{known.sum()} draws are too few; at least {FEWEST} are wanted")
    y = output[known] - output[known].mean()
    variance = float(np.mean(y * y))
    first, error = np.full((2, len(inputs)), np.nan)
    if variance > 0:
        for i, x in enumerate(inputs[:, known]):
            first[i], error[i] = _share(x, y, variance)
    return FirstOrderShares(first, error)


def _share(x: Floats, y: Floats, variance: float) -> tuple[float, float]:
    """Return index and standard error of one input; y is centred."""
    values, place, count = np.unique(x, return_inverse=True, return_counts=True)
    waves = min(max(y.size // DRAWS_A_WAVE, 2), WAVES)
    if values.size == 1:
        return 0.0, 0.0
    if values.size <= WAVES + 1:
        fitted, freedom = (np.bincount(place, y) / count)[place], values.size - 1
    else:
        fitted, freedom = _curve(place, count, y, waves), waves
    explained = float(np.mean(fitted * fitted)) / variance
    n = y.size
    index = 1.0 - (1.0 - explained) * (n - 1) / (n - freedom - 1)
    influence = (2.0 * fitted * y - fitted * fitted - explained * y * y) / variance
    noise = 2.0 * freedom / n**2  # where there is no effect; the influence then shows it twice
    return index, float(np.sqrt(max(influence.var() / n - noise, noise)))


def _curve(place: NDArray[np.intp], count: NDArray[np.intp], y: Floats, number: int) -> Floats:
    """Return the least-squares curve of y, (N,), in half-cosine waves of the input's ranks; ties share a rank."""
    rank = (np.cumsum(count) - (count - 1) / 2 - 0.5)[place] / y.size
    waves = np.cos(np.pi * np.outer(rank, np.arange(1, number + 1)))
    waves -= waves.mean(axis=0)
    found, *_ = np.linalg.lstsq(waves, y, rcond=None)
    return np.asarray(waves @ found)
