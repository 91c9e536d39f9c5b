"""One Gaussian law of all block shocks: its covariance, and the density of what has been solved.

Draws go through abreast, a few at a time: their matrices then stay in a near cache, and the compiler works on all of
them at once.
"""

import numpy as np
from numba import float64, int64, void

from mobank.base.arrays import Floats, Ints
from mobank.base.compiled import compiled

_ABREAST = 16  # draws

_numbers = float64[::1]
_table = float64[:, ::1]
_cube = float64[:, :, ::1]
_places = int64[:, ::1]

_law = (_table, _table, _numbers, int64, _table, _cube, _places, _cube, _table)
_errors = (_cube, _places, _table, _table, _numbers)
_beside = (_cube,)


@compiled(void(*_law, int64, _cube))
def _autoregression(  # noqa: PLR0913, C901, PLR0912 loops over draws count as branches
    keep: Floats, size: Floats, correlation: Floats, apart: int, shared: Floats, scale: Floats, blocks: Ints,
    patterns: Floats, weights: Floats, first: int, out: Floats,
) -> None:  # fmt: skip
    """Fill `out` (n, n, W) with the covariance of the blocks' shocks in W draws from `first` on (see `density`).

    What is beside the shocks in a larger `out` is left as it is.
    """
    draws, steps, count = correlation.size, scale.shape[1], min(out.shape[0], blocks.shape[0])
    own, cross = np.empty((2, steps, _ABREAST)), np.empty((steps, _ABREAST))
    power, total = np.empty((2, steps, _ABREAST)), np.empty(_ABREAST)
    for w in range(_ABREAST):
        r = min(first + w, draws - 1)
        for p in range(2):
            power[p, 0, w] = 1.0
            own[p, 0, w] = size[p, r] ** 2 / (1.0 - keep[p, r] ** 2) * scale[p, 0, r]
            for t in range(1, steps):
                power[p, t, w] = power[p, t - 1, w] * keep[p, r]
                own[p, t, w] = keep[p, r] ** 2 * own[p, t - 1, w] + size[p, r] ** 2 * scale[p, t, r]
        both, product = correlation[r] * size[0, r] * size[1, r], keep[0, r] * keep[1, r]
        start = np.sqrt((1.0 - keep[0, r] ** 2) * (1.0 - keep[1, r] ** 2)) if apart else 1.0 - product
        cross[0, w] = both / start * np.sqrt(scale[0, 0, r] * scale[1, 0, r])
        for t in range(1, steps):
            cross[t, w] = product * cross[t - 1, w] + both * np.sqrt(scale[0, t, r] * scale[1, t, r])
    for i in range(count):
        p = blocks[i, 0]
        for j in range(i + 1):
            q = blocks[j, 0]
            total[:] = 0.0
            for s in range(blocks[i, 1], blocks[i, 2] + 1):
                for t in range(blocks[j, 1], blocks[j, 2] + 1):
                    begin, later = (s, q) if s <= t else (t, p)
                    behind = power[later, abs(t - s)]
                    ahead = own[p, begin] if p == q else cross[begin]
                    for w in range(_ABREAST):
                        total[w] += ahead[w] * behind[w]
            months = (blocks[i, 2] - blocks[i, 1] + 1) * (blocks[j, 2] - blocks[j, 1] + 1)
            here, within = out[i, j], 1.0 if blocks[i, 3] == blocks[j, 3] else 0.0
            for w in range(_ABREAST):
                r = min(first + w, draws - 1)
                here[w] = total[w] / months * (shared[0, r] + within * shared[1, r])
            for k in range(patterns.shape[0]):
                if patterns[k, i, j] != 0.0:
                    for w in range(_ABREAST):
                        here[w] += weights[k, min(first + w, draws - 1)] * patterns[k, i, j]


@compiled(void(*_errors, int64, _cube))
def _add_errors(  # noqa: C901, PLR0912 loops over draws count as branches
    slopes: Floats, at: Ints, variance: Floats, pattern: Floats, weight: Floats, first: int, out: Floats
) -> None:
    """Add to `out` (n, n, W) what errors of the figures put into the shocks of W draws (see `density`)."""
    draws, count, wide, figures = weight.size, out.shape[0], at.shape[1], variance.shape[0]
    width = out.shape[2]  # as in `_factor`
    slope, spread = np.empty((count, wide, width)), np.empty((figures, width))
    own, common = np.empty((figures, width)), np.empty(width)
    for w in range(width):
        r = min(first + w, draws - 1)
        common[w] = weight[r]
        for g in range(figures):
            own[g, w] = variance[g, r]
        for i in range(count):
            for z in range(wide):
                slope[i, z, w] = slopes[i, z, r]
    for i in range(count):
        spread[:] = 0.0
        for z in range(wide):
            g = at[i, z]
            if g < 0:
                continue
            for w in range(width):
                spread[g, w] += slope[i, z, w] * own[g, w]
            for f in range(figures):
                alike = pattern[g, f]
                if alike != 0.0:
                    for w in range(width):
                        spread[f, w] += slope[i, z, w] * common[w] * alike
        for j in range(i + 1):
            for z in range(wide):
                g = at[j, z]
                if g >= 0:
                    for w in range(width):
                        out[i, j, w] += spread[g, w] * slope[j, z, w]


@compiled(void(*_beside, int64, _cube))
def _set_beside(beside: Floats, first: int, out: Floats) -> None:
    """Set what stands after the shocks in `out` (n + f, n + f, W): independent of them but for errors of figures."""
    more, draws = beside.shape[0], beside.shape[2]
    count = out.shape[0] - more
    for i in range(more):
        for j in range(count):
            out[count + i, j] = 0.0
        for j in range(i + 1):
            for w in range(_ABREAST):
                out[count + i, count + j, w] = beside[i, j, min(first + w, draws - 1)]


@compiled(void(_cube, _table))
def _factor(matrix: Floats, logs: Floats) -> None:
    """Turn covariances (n, n, W) into their lower Cholesky factors, in place; `logs` (1, W) of their pivots' sum.

    Where there is none, the log is no number.
    """
    count, width = matrix.shape[0], matrix.shape[2]  # a width that is not known beforehand: loops of a fixed one are
    logs[:] = 0.0  # unrolled, and then work on one number at a time
    total = np.empty(width)
    for i in range(count):
        for j in range(i + 1):
            for w in range(width):
                total[w] = matrix[i, j, w]
            fours = j // 4 * 4
            for k in range(0, fours, 4):
                for w in range(width):
                    total[w] -= (
                        matrix[i, k, w] * matrix[j, k, w]
                        + matrix[i, k + 1, w] * matrix[j, k + 1, w]
                        + matrix[i, k + 2, w] * matrix[j, k + 2, w]
                        + matrix[i, k + 3, w] * matrix[j, k + 3, w]
                    )
            for k in range(fours, j):
                for w in range(width):
                    total[w] -= matrix[i, k, w] * matrix[j, k, w]
            if j < i:
                for w in range(width):
                    matrix[i, j, w] = total[w] / matrix[j, j, w]
            else:
                for w in range(width):
                    root = np.sqrt(total[w]) if total[w] > 0.0 else np.nan
                    matrix[i, j, w] = root
                    logs[0, w] += np.log(root)


@compiled(void(*_law, _cube))
def leading(  # noqa: PLR0913
    keep: Floats, size: Floats, correlation: Floats, apart: int, shared: Floats, scale: Floats, blocks: Ints,
    patterns: Floats, weights: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill `out` (n, n, R) with lower Cholesky factors of the covariance of the first n blocks, errors left out."""
    matrix, logs = np.empty((out.shape[0], out.shape[0], _ABREAST)), np.empty((1, _ABREAST))
    for first in range(0, correlation.size, _ABREAST):
        _autoregression(keep, size, correlation, apart, shared, scale, blocks, patterns, weights, first, matrix)
        _factor(matrix, logs)
        for i in range(out.shape[0]):
            for j in range(out.shape[0]):
                for w in range(min(_ABREAST, correlation.size - first)):
                    out[i, j, first + w] = matrix[i, j, w] if j <= i else 0.0


@compiled(void(*_law, *_errors, *_beside, _cube))
def covariance(  # noqa: PLR0913
    keep: Floats, size: Floats, correlation: Floats, apart: int, shared: Floats, scale: Floats, blocks: Ints,
    patterns: Floats, weights: Floats, slopes: Floats, at: Ints, variance: Floats, pattern: Floats, weight: Floats,
    beside: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill `out` (R, n + f, n + f) with the covariance of solved shocks and flows, errors included (see `density`)."""
    count = out.shape[1]
    matrix = np.empty((count, count, _ABREAST))
    for first in range(0, correlation.size, _ABREAST):
        _autoregression(keep, size, correlation, apart, shared, scale, blocks, patterns, weights, first, matrix)
        _set_beside(beside, first, matrix)
        _add_errors(slopes, at, variance, pattern, weight, first, matrix)
        for w in range(min(_ABREAST, correlation.size - first)):
            for i in range(count):
                for j in range(i + 1):
                    out[first + w, i, j] = matrix[i, j, w]
                    out[first + w, j, i] = matrix[i, j, w]


@compiled(void(*_law, *_errors, *_beside, _table, _table, _numbers))
def density(  # noqa: PLR0913
    keep: Floats, size: Floats, correlation: Floats, apart: int, shared: Floats, scale: Floats, blocks: Ints,
    patterns: Floats, weights: Floats, slopes: Floats, at: Ints, variance: Floats, pattern: Floats, weight: Floats,
    beside: Floats, apart_from: Floats, made: Floats, log: Floats,
) -> None:  # fmt: skip
    """Find what made the solved shocks and the flows beside them, and their log density, (R,), up to (n + f)/2 log 2π.

    A path goes x_t = keep · x_(t−1) + size · √scale_t · ξ_t; the ξ of both paths are correlated. It begins in its
    stationary law. A block's shock is the mean over its steps, and what is added.

    Parameters
    ----------
    keep, size : (2, R) by path. correlation : (R,).
    apart : 0 where the stationary law is that of both paths together; 1 where each path's first value is its own
        innovation, enlarged, as an autoregression by years has it.
    shared : (2, R) of the variance what all regions have in common, and what each has for itself.
    scale : (2, N, R) of each step's variance. blocks : (n, 4) path, first and last step, and region of each.
    patterns, weights : (P, n, n) and (P, R): what else is in the covariance.
    slopes, at : (n + f, z, R) and (n + f, z): change of each block's shock, then of each flow's residual, with the log
        of a figure, and the figure's number, −1 for none.
    variance : (f, R) of each figure's error, log scale. pattern, weight : (f, f) and (R,): covariance of the errors
        beside that, and its variance.
    beside : (f, f, R) covariance of the residuals of f flows, errors of figures left out.
    apart_from : (n + f, R) shocks less what was expected, and residuals of flows.
    made : (n + f, R) filled: independent normals that make them.
    """
    draws, count = correlation.size, apart_from.shape[0]
    matrix, logs = np.empty((count, count, _ABREAST)), np.empty((1, _ABREAST))
    total, normals = np.empty(_ABREAST), np.empty((count, _ABREAST))
    for first in range(0, draws, _ABREAST):
        _autoregression(keep, size, correlation, apart, shared, scale, blocks, patterns, weights, first, matrix)
        _set_beside(beside, first, matrix)
        _add_errors(slopes, at, variance, pattern, weight, first, matrix)
        _factor(matrix, logs)
        square = np.zeros(_ABREAST)
        for i in range(count):
            for w in range(_ABREAST):
                total[w] = apart_from[i, min(first + w, draws - 1)]
            for j in range(i):
                for w in range(_ABREAST):
                    total[w] -= matrix[i, j, w] * normals[j, w]
            for w in range(_ABREAST):
                normals[i, w] = total[w] / matrix[i, i, w]
                square[w] += normals[i, w] ** 2
        for w in range(min(_ABREAST, draws - first)):
            log[first + w] = -0.5 * square[w] - logs[0, w]
            for i in range(count):
                made[i, first + w] = normals[i, w]
