"""Exact binomial and hypergeometric draws, each a function of its key.

References
----------
Hörmann (1993), "The generation of binomial random variates" (transformed rejection with squeeze, BTRS).
Kachitvichyanukul, Schmeiser (1988), "Binomial random variate generation" (the bell-curve squeeze of BTPE).
Stadlober (1990), "The ratio of uniforms approach for generating discrete random variates" (HRUA*).
"""

from math import exp, floor, log, log1p, sqrt

import numpy as np
from numba import float64, int64, uint64, void

from mobank.base.arrays import Floats, Ints, Uints
from mobank.base.compiled import compiled
from mobank.base.kernels.keys import GAMMA, HALF_ULP, S12, TO_UNIT, mix, unit

INVERSION_BELOW = 10.0  # expected count under which the inverse distribution is the quicker exact draw
_LOG_FACTORIALS = np.array([0.0, *np.cumsum(np.log(np.arange(1.0, 64.0)))])


@compiled(float64(float64))
def _stirling_rest(k: float) -> float:
    """Return log k! minus Stirling's (k + ½) log k − k + ½ log 2π; exact below 16, series error < 1e-15 above."""
    if k < 16.0:
        if k == 0.0:
            return 0.0  # 0! = 1: callers leave out the k log k term as well
        return float(_LOG_FACTORIALS[int(k)]) - ((k + 0.5) * log(k) - k + 0.9189385332046728)
    inv = 1.0 / k
    sq = inv * inv
    return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - sq / 1188.0) * sq) * sq) * sq) * inv


@compiled(float64(float64, float64))
def _log_factorial_ratio(a: float, b: float) -> float:
    """Return log(a! / b!) without the cancellation of two large log-gammas."""
    if a < 64.0 and b < 64.0:
        return float(_LOG_FACTORIALS[int(a)] - _LOG_FACTORIALS[int(b)])
    if a < 1.0 or b < 1.0:  # one of them is 0 and the other is large
        k = max(a, b)
        whole = (k + 0.5) * log(k) - k + 0.9189385332046728 + _stirling_rest(k)
        return whole if a > b else -whole
    d = a - b
    return (b + 0.5) * log1p(d / b) + d * (log(a) - 1.0) + _stirling_rest(a) - _stirling_rest(b)


@compiled(int64(int64, float64, uint64))
def _binomial_inversion(n: int, p: float, key: np.uint64) -> int:
    """Draw by walking up the distribution; for n·p below `INVERSION_BELOW`, p ≤ ½."""
    odds = p / (1.0 - p)
    at_zero = exp(n * log1p(-p))
    far = min(float(n), n * p + 20.0 * sqrt(n * p + 1.0))  # beyond it: a chance under 1e-16, lost to rounding
    i = np.uint64(0)
    while True:
        i += np.uint64(1)
        u = unit(key, i)
        mass = at_zero
        k = 0
        while u > mass and k <= far:
            u -= mass
            k += 1
            mass *= odds * (n - k + 1) / k
        if k <= far:
            return k


@compiled(float64(float64, float64, float64, float64, float64))
def _binomial_log_ratio(n: float, p: float, q: float, x: float, m: float) -> float:
    """Return log of the chance of x over that of m successes, with no two large terms that cancel."""
    if x < 1.0 or n - x < 1.0:
        return (x - m) * log(p / q) - _log_factorial_ratio(x, m) - _log_factorial_ratio(n - x, n - m)
    d = x - m
    slope = d * log(p * (n - x) / (q * x))
    rest = _stirling_rest(m) + _stirling_rest(n - m) - _stirling_rest(x) - _stirling_rest(n - x)
    return slope - (m + 0.5) * log1p(d / m) - (n - m + 0.5) * log1p(-d / (n - m)) + rest


@compiled(int64(int64, float64, uint64))
def _binomial_rejection(n: int, p: float, key: np.uint64) -> int:
    """Draw by BTRS (Hörmann 1993); for n·p of at least `INVERSION_BELOW`, p ≤ ½."""
    q = 1.0 - p
    spread = sqrt(n * p * q)
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    quick = 0.92 - 4.2 / b
    i = np.uint64(0)
    while True:
        u = unit(key, i + np.uint64(1)) - 0.5
        v = unit(key, i + np.uint64(2))
        i += np.uint64(2)
        us = 0.5 - abs(u)
        x = floor((2.0 * a / us + b) * u + c)
        if us >= 0.07 and v <= quick:
            return int(x)
        if x < 0.0 or x > n:
            continue
        alpha = (2.83 + 5.1 / b) * spread
        m = floor((n + 1) * p)
        height = log(v * alpha / (a / (us * us) + b))
        variance = spread * spread
        d = abs(x - m)
        if d < 0.5 * variance - 1.0:  # the bell curve bounds the ratio from both sides (squeeze of BTPE)
            near = (d / variance) * ((d * (d / 3.0 + 0.625) + 1.0 / 6.0) / variance + 0.5)
            bell = -0.5 * d * d / variance
            if height < bell - near:
                return int(x)
            if height > bell + near:
                continue
        if height <= _binomial_log_ratio(n, p, q, x, m):
            return int(x)


@compiled(int64(int64, float64, uint64))
def binomial(n: int, p: float, key: np.uint64) -> int:
    """Draw the number of successes among n with chance p, exactly in law; n up to 2⁵³."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    small = min(p, 1.0 - p)
    rare = n * small < INVERSION_BELOW
    k = _binomial_inversion(n, small, key) if rare else _binomial_rejection(n, small, key)
    return k if p <= 0.5 else n - k


@compiled(int64(int64, int64, int64, uint64))
def hypergeometric(marked: int, others: int, taken: int, key: np.uint64) -> int:
    """Draw how many of `taken` out of marked + others are marked, exactly in law (HRUA*, Stadlober 1990)."""
    total = marked + others
    if marked == 0 or taken == 0:
        return 0
    if taken >= total:
        return marked
    if others == 0:
        return taken
    few, many = min(marked, others), max(marked, others)
    m = min(taken, total - taken)
    share = few / total
    centre = m * share + 0.5
    spread = sqrt((total - m) * m * share * (1.0 - share) / (total - 1.0) + 0.5)
    width = 1.7155277699214135 * spread + 0.8989161620588988  # 2·sqrt(2/e) and 3 − 2·sqrt(3/e)
    mode = floor((m + 1.0) * (few + 1.0) / (total + 2.0))
    far = min(min(m, few) + 1.0, floor(centre + 16.0 * spread))
    i = np.uint64(0)
    while True:
        u = unit(key, i + np.uint64(1))
        v = unit(key, i + np.uint64(2))
        i += np.uint64(2)
        x = centre + width * (v - 0.5) / u
        if x < 0.0 or x >= far:
            continue
        k = floor(x)
        height = -(
            _log_factorial_ratio(k, mode)
            + _log_factorial_ratio(few - k, few - mode)
            + _log_factorial_ratio(m - k, m - mode)
            + _log_factorial_ratio(many - m + k, many - m + mode)
        )
        if 2.0 * log(u) <= height:
            break
    found = int(k) if marked <= others else m - int(k)
    return found if m == taken else marked - found


@compiled(void(int64[::1], float64[::1], uint64[::1], int64[::1]))
def binomials(n: Ints, p: Floats, keys: Uints, out: Ints) -> None:
    """Fill `out` with one binomial draw a key; n (persons), p, keys and out of equal length."""
    for i in range(n.size):
        out[i] = binomial(n[i], p[i], keys[i])


@compiled(void(int64[::1], int64[::1], int64[::1], uint64[::1], int64[::1]))
def hypergeometrics(marked: Ints, others: Ints, taken: Ints, keys: Uints, out: Ints) -> None:
    """Fill `out` with one hypergeometric draw a key; all arguments of equal length."""
    for i in range(marked.size):
        out[i] = hypergeometric(marked[i], others[i], taken[i], keys[i])


_row = void(int64[::1], float64[::1], uint64, uint64[::1], float64[::1], float64[::1], int64[::1])


@compiled(_row)
def binomial_row(n: Ints, p: Floats, lot: np.uint64, who: Uints, first: Floats, margin: Floats, out: Ints) -> None:
    """Fill `out` (R,) with draws of n (R,) and p (R,): those of `binomial`, four in five of them in vector code.

    The first loop tries for everybody what `_binomial_rejection` accepts at once, without a branch, so that the
    compiler works on several replicates at a time; the second makes the rest from the start, with the same key.
    `first` and `margin` are scratch: the candidate, and a number below 0 where it may not be taken.
    """
    for r in range(n.size):
        key = mix(lot ^ who[r])
        u = (float(np.int64(mix(key + GAMMA) >> S12)) + HALF_ULP) * TO_UNIT - 0.5
        v = (float(np.int64(mix(key + GAMMA + GAMMA) >> S12)) + HALF_ULP) * TO_UNIT
        mean = n[r] * p[r]
        spread = sqrt(n[r] * p[r] * (1.0 - p[r]))
        b = 1.15 + 2.53 * spread
        a = -0.0873 + 0.0248 * b + 0.01 * p[r]
        us = 0.5 - abs(u)
        first[r] = floor((2.0 * a / us + b) * u + (mean + 0.5))
        margin[r] = min(us - 0.07, (0.92 - 4.2 / b) - v, 0.5 - p[r], mean - INVERSION_BELOW)
    for r in range(n.size):
        out[r] = int(first[r]) if margin[r] >= 0.0 else binomial(n[r], p[r], mix(lot ^ who[r]))
