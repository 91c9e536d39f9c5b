"""Every compiled loop: mixing of keys, exact binomial and hypergeometric draws, and the moves of a month.

This file knows numpy and numba only, and no state, flow or segment by name. Compiled functions that call each
other live together here because numba's cache does not see a change in another file.

Luck is counter-based: a draw is a function of its 64-bit key. The key of one draw is ``mix(lot ^ who)``, where `lot`
stands for purpose, month, flow and segment and `who` for the replicate (see `mobank.base.streams`); the draw's own
uniforms are ``mix(key + i · γ)``, i = 1, 2, …

References
----------
Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators" (the mixer, Stafford's variant 13).
Hörmann (1993), "The generation of binomial random variates" (transformed rejection with squeeze, BTRS).
Kachitvichyanukul, Schmeiser (1988), "Binomial random variate generation" (the bell-curve squeeze of BTPE).
Stadlober (1990), "The ratio of uniforms approach for generating discrete random variates" (HRUA*).
"""

from math import exp, factorial, floor, log, log1p, sqrt
from typing import Any

import numpy as np
from numba import float64, int64, njit, uint64, void

from mobank.base.arrays import Floats, Ints, Uints

GAMMA = np.uint64(0x9E3779B97F4A7C15)  # odd, from the golden ratio: successive counters differ in many bits
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12 = (np.uint64(s) for s in (30, 27, 31, 12))
_HALF_ULP = 0.5
_TO_UNIT = 2.0**-52  # with the half, 52 bits are what a float holds exactly: never 0, never 1

_AT_ONCE = 1024  # replicates whose rows stay in the nearest cache
_ABREAST = 72  # columns that go through a year's months together and stay in the nearest cache; no power of two, so
# that their rows do not crowd each other out of it
INVERSION_BELOW = 10.0  # expected count under which the inverse distribution is the quicker exact draw
_LOG_FACTORIALS = np.array([0.0, *np.cumsum(np.log(np.arange(1.0, 64.0)))])

_PER_LOG2 = 1.44269504088896338700
_LOG2_HIGH, _LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_SHIFTER = 6755399441055744.0  # 1.5 · 2⁵²
_TAYLOR = tuple(1.0 / factorial(n) for n in range(13, 1, -1))

_options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(uint64(uint64), inline="always", **_options)
def mix(x: np.uint64) -> np.uint64:
    """Return 64 well-mixed bits; a bijection, so distinct inputs keep distinct outputs."""
    x = (x ^ (x >> _S30)) * _MIX_1
    x = (x ^ (x >> _S27)) * _MIX_2
    return x ^ (x >> _S31)


@njit(float64(uint64, uint64), inline="always", **_options)
def _unit(key: np.uint64, i: np.uint64) -> float:
    """Return the i-th uniform of a key, in the open interval (0, 1)."""
    return (float(mix(key + i * GAMMA) >> _S12) + _HALF_ULP) * _TO_UNIT


@njit(void(float64[::1], float64[::1]), **_options)
def chances(hazards: Floats, out: Floats) -> None:
    """Fill `out` with 1 − e^(−hazard), to within one unit in the last place, also where the hazard is tiny.

    Reduces to ½ log 2 and sums Taylor's series, without a branch or a call, so that the compiler works on several
    at a time: the only place where a rate becomes a chance, and the same bits wherever it is computed.

    References
    ----------
    Cody, Waite (1980), "Software Manual for the Elementary Functions" (the reduction in two parts).
    """
    for i in range(hazards.size):
        x = -min(hazards[i], 40.0)  # from there on the chance is 1 to the last bit
        shifted = x * _PER_LOG2 + _SHIFTER  # its low bits are the nearest whole number of log 2
        k = shifted - _SHIFTER
        r = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
        series = _TAYLOR[0]
        for term in _TAYLOR[1:]:
            series = series * r + term
        rest = series * r * r + r  # e^r − 1
        power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)  # 2^k
        out[i] = (1.0 - power) - power * rest


@njit(float64(float64), **_options)
def _stirling_rest(k: float) -> float:
    """Return log k! minus Stirling's (k + ½) log k − k + ½ log 2π; exact below 16, series error < 1e-15 above."""
    if k < 16.0:
        if k == 0.0:
            return 0.0  # 0! = 1: callers leave out the k log k term as well
        return float(_LOG_FACTORIALS[int(k)]) - ((k + 0.5) * log(k) - k + 0.9189385332046728)
    inv = 1.0 / k
    sq = inv * inv
    return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - sq / 1188.0) * sq) * sq) * sq) * inv


@njit(float64(float64, float64), **_options)
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


@njit(int64(int64, float64, uint64), **_options)
def _binomial_inversion(n: int, p: float, key: np.uint64) -> int:
    """Draw by walking up the distribution; for n·p below `INVERSION_BELOW`, p ≤ ½."""
    odds = p / (1.0 - p)
    at_zero = exp(n * log1p(-p))
    far = min(float(n), n * p + 20.0 * sqrt(n * p + 1.0))  # beyond it: a chance under 1e-16, lost to rounding
    i = np.uint64(0)
    while True:
        i += np.uint64(1)
        u = _unit(key, i)
        mass = at_zero
        k = 0
        while u > mass and k <= far:
            u -= mass
            k += 1
            mass *= odds * (n - k + 1) / k
        if k <= far:
            return k


@njit(float64(float64, float64, float64, float64, float64), **_options)
def _binomial_log_ratio(n: float, p: float, q: float, x: float, m: float) -> float:
    """Return log of the chance of x over that of m successes, with no two large terms that cancel."""
    if x < 1.0 or n - x < 1.0:
        return (x - m) * log(p / q) - _log_factorial_ratio(x, m) - _log_factorial_ratio(n - x, n - m)
    d = x - m
    slope = d * log(p * (n - x) / (q * x))
    rest = _stirling_rest(m) + _stirling_rest(n - m) - _stirling_rest(x) - _stirling_rest(n - x)
    return slope - (m + 0.5) * log1p(d / m) - (n - m + 0.5) * log1p(-d / (n - m)) + rest


@njit(int64(int64, float64, uint64), **_options)
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
        u = _unit(key, i + np.uint64(1)) - 0.5
        v = _unit(key, i + np.uint64(2))
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


@njit(int64(int64, float64, uint64), **_options)
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


@njit(int64(int64, int64, int64, uint64), **_options)
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
        u = _unit(key, i + np.uint64(1))
        v = _unit(key, i + np.uint64(2))
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


@njit(void(int64[::1], float64[::1], uint64[::1], int64[::1]), **_options)
def binomials(n: Ints, p: Floats, keys: Uints, out: Ints) -> None:
    """Fill `out` with one binomial draw a key; n (persons), p, keys and out of equal length."""
    for i in range(n.size):
        out[i] = binomial(n[i], p[i], keys[i])


@njit(void(int64[::1], int64[::1], int64[::1], uint64[::1], int64[::1]), **_options)
def hypergeometrics(marked: Ints, others: Ints, taken: Ints, keys: Uints, out: Ints) -> None:
    """Fill `out` with one hypergeometric draw a key; all arguments of equal length."""
    for i in range(marked.size):
        out[i] = hypergeometric(marked[i], others[i], taken[i], keys[i])


_row = void(int64[::1], float64[::1], uint64, uint64[::1], float64[::1], float64[::1], int64[::1])


@njit(_row, **_options)
def _binomial_row(
    n: Ints, p: Floats, lot: np.uint64, who: Uints, first: Floats, margin: Floats, out: Ints
) -> None:  # fmt: skip
    """Fill `out` (R,) with draws of n (R,) and p (R,): those of `binomial`, four in five of them in vector code.

    The first loop tries for everybody what `_binomial_rejection` accepts at once, without a branch, so that the
    compiler works on several replicates at a time; the second makes the rest from the start, with the same key.
    `first` and `margin` are scratch: the candidate, and a number below 0 where it may not be taken.
    """
    for r in range(n.size):
        key = mix(lot ^ who[r])
        u = (float(np.int64(mix(key + GAMMA) >> _S12)) + _HALF_ULP) * _TO_UNIT - 0.5
        v = (float(np.int64(mix(key + GAMMA + GAMMA) >> _S12)) + _HALF_ULP) * _TO_UNIT
        mean = n[r] * p[r]
        spread = sqrt(n[r] * p[r] * (1.0 - p[r]))
        b = 1.15 + 2.53 * spread
        a = -0.0873 + 0.0248 * b + 0.01 * p[r]
        us = 0.5 - abs(u)
        first[r] = floor((2.0 * a / us + b) * u + (mean + 0.5))
        margin[r] = min(us - 0.07, (0.92 - 4.2 / b) - v, 0.5 - p[r], mean - INVERSION_BELOW)
    for r in range(n.size):
        out[r] = int(first[r]) if margin[r] >= 0.0 else binomial(n[r], p[r], mix(lot ^ who[r]))


@njit(
    void(int64[:, :, ::1], float64[:, :, ::1], int64[::1], uint64[:, ::1], uint64[::1], int64[:, :, ::1]),
    **_options,
)
def compete(occupancy: Ints, chances: Floats, leaves: Ints, lots: Uints, who: Uints, moves: Ints) -> None:
    """Draw who leaves each state by which flow in one month: multinomial, by conditional binomials.

    Parameters
    ----------
    occupancy : (K, S, R) persons at the month's start.
    chances : (F, S, R) chance of each flow, per person of the state it leaves; an intake's row is not read.
    leaves : (F,) index of the state that each flow leaves, −1 for an intake; flows of one state stand in order.
    lots, who : (F, S) and (R,) halves of the keys.
    moves : (F, S, R) persons moved; filled here, intakes left alone.
    """
    flows, segments, replicates = moves.shape
    left = np.empty(replicates, np.int64)
    p, certain, first, margin = (
        np.empty(replicates),
        np.empty(replicates),
        np.empty(replicates),
        np.empty(replicates),
    )
    for f in range(flows):
        k = leaves[f]
        if k < 0:
            continue
        for s in range(segments):
            left[:], certain[:] = occupancy[k, s], 1.0
            for g in range(f):
                if leaves[g] == k:
                    left -= moves[g, s]
                    certain -= chances[g, s]
            for r in range(replicates):
                p[r] = chances[f, s, r] / certain[r] if certain[r] > 0.0 else 0.0
            _binomial_row(left, p, lots[f, s], who, first, margin, moves[f, s])


@njit(void(float64[:, :, ::1], float64[:, :, ::1], int64[::1], float64[:, :, ::1]), **_options)
def expect(occupancy: Floats, chances: Floats, leaves: Ints, moves: Floats) -> None:
    """Fill `moves` (F, S, R) with the persons expected to leave each state (K, S, R) by each flow but intakes."""
    for f in range(moves.shape[0]):
        if leaves[f] >= 0:
            for s in range(moves.shape[1]):
                here, chance, gone = occupancy[leaves[f], s], chances[f, s], moves[f, s]
                for r in range(gone.size):
                    gone[r] = here[r] * chance[r]


_moving = [void(t[:, :, ::1], t[:, :, ::1], int64[::1], int64[::1]) for t in (int64, float64)]


@njit(_moving, **_options)
def move(occupancy: Any, moves: Any, leaves: Ints, enters: Ints) -> None:
    """Take each flow's persons (F, S, R) out of the state that it leaves and put them in the one that it enters."""
    for f in range(moves.shape[0]):
        for s in range(moves.shape[1]):
            gone, there = moves[f, s], occupancy[enters[f], s]
            for r in range(gone.size):
                there[r] += gone[r]
            if leaves[f] >= 0:
                here = occupancy[leaves[f], s]
                for r in range(gone.size):
                    here[r] -= gone[r]


@njit(void(float64[:, :, ::1], int64[::1], float64[:, ::1]), **_options)
def _count(occupancy: Floats, states: Ints, out: Floats) -> None:
    """Fill `out` (S, R) with the persons in some states of (S, K, R), marked 1 in (K,)."""
    out[:] = 0.0
    for s in range(out.shape[0]):
        for k in range(states.size):
            if states[k]:
                for r in range(out.shape[1]):
                    out[s, r] += occupancy[s, k, r]


@njit(void(float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1]), **_options)
def _meet(mixing: Floats, exposed: Floats, customers: Floats, met: Floats) -> None:
    """Fill `met` (M, R) with the share of exposed (S, R) among the customers whom each row of `mixing` meets."""
    met[:] = 0.0
    for q in range(exposed.shape[0]):
        share, everyone = exposed[q], customers[q]
        for r in range(share.size):
            share[r] /= everyone[r]
        for m in range(met.shape[0]):
            row, part = met[m], mixing[m, q]
            for r in range(row.size):
                row[r] += part * share[r]


@njit(void(float64[::1], float64[::1], float64, float64[::1]), **_options)
def _between(first: Floats, last: Floats, w: float, out: Floats) -> None:
    """Fill `out` with what lies a share w of the way from first to last, which may be shorter."""
    for r in range(first.size):
        out[r] = first[r] + w * (last[r] - first[r])


_bending = void(
    float64[:, :, ::1], float64[:, :, ::1], int64, int64, int64, float64[::1], float64, float64[:, ::1],
)  # fmt: skip


@njit(_bending, **_options)
def _bend(idle: Floats, bend: Floats, row: int, column: int, size: int, met: Floats, w: float, out: Floats) -> None:
    """Fill `out` (B, R) with the chances of B flows that compete, at an exposure; from a row and for some columns."""
    total, chance, columns = np.zeros(met.size), np.empty(met.size), slice(column, column + size)
    for b in range(out.shape[0]):
        hazard, first, last = out[b], idle[row + b, 0, columns], idle[row + b, 1, columns]
        steep, steeper = bend[row + b, 0, columns], bend[row + b, 1, columns]
        for r in range(first.size):
            still, slope = first[r] + w * (last[r] - first[r]), steep[r] + w * (steeper[r] - steep[r])
            hazard[r] = still + slope * met[r]
        for r in range(total.size):
            total[r] += hazard[r]
    chances(total, chance)
    for r in range(total.size):
        chance[r] = chance[r] / total[r] if total[r] > 0.0 else 0.0
    for b in range(out.shape[0]):
        hazard = out[b]
        for r in range(total.size):
            hazard[r] *= chance[r]


_stepping = void(
    float64[:, ::1], float64[::1], float64[:, ::1], int64[::1], int64[::1], int64[::1], float64[:, ::1], float64[::1],
)  # fmt: skip


@njit(_stepping, **_options)
def _step(
    here: Floats, everyone: Floats, table: Floats, rows: Ints, leaves: Ints, enters: Ints, then: Floats, grown: Floats
) -> None:
    """Move a segment (K, R) on by a month with the chances in some rows of a table; `then` and `grown` are lent."""
    grown[:] = 0.0
    for k in range(then.shape[0]):
        for r in range(grown.size):
            then[k, r] = here[k, r]
    for f in range(leaves.size):
        row, source, target = rows[f], leaves[f], enters[f]
        if source < 0:
            for r in range(grown.size):
                came = table[row, r] * everyone[r]
                then[target, r] += came
                grown[r] += came
        else:
            for r in range(grown.size):
                gone = here[source, r] * table[row, r]
                then[target, r] += gone
                then[source, r] -= gone
    for k in range(then.shape[0]):
        for r in range(grown.size):
            here[k, r] = then[k, r]
    for r in range(grown.size):
        everyone[r] += grown[r]


_living = void(
    float64[:, :, ::1], float64[:, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], int64[::1],
    int64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], int64[:, ::1], int64[::1],
    int64[::1], int64[::1], int64[:, ::1], int64[::1], float64[:, ::1],
)  # fmt: skip


@njit(_living, **_options)
def live(  # noqa: PLR0913 a year of a model has so many parts
    occupancy: Floats, customers: Floats, odds: Floats, idle: Floats, bend: Floats, units: Ints, meets: Ints,
    mixing: Floats, come: Floats, growth: Floats, along: Floats, row_of: Ints, leaves: Ints, enters: Ints,
    exposed: Ints, inside: Ints, when: Ints, counted: Floats,
) -> None:  # fmt: skip
    """Move expectations through months in which exposure and a steady drift alone change the hazards.

    The months of `expect` and `move` in one go, so that a likelihood need not go through Python for each; a few
    columns at a time through all the months, so that they stay in the nearest cache. What segments share is worked
    out once: chances stand in a table, whose row for a flow and a segment `row_of` tells.

    Parameters
    ----------
    occupancy, customers : (K, S, R) and (S, R) persons; changed in place.
    odds : (P, 2, R) chances before the first month and in the last, as the drift has them; between them they go in
        a straight line. They are the first P rows of the table.
    idle, bend : (Q, 2, R), the next Q rows, of flows that compete where exposure matters: hazard idle + bend ×
        exposure.
    units, meets : (U + 1,) where among those Q each set of competing flows begins, and the last one's end; (U,) the
        row of `mixing` (M, S) that says whom those meet.
    come : (G, R), the rows after those: persons a month per customer by an intake; growth : (T, R) times this.
    along : (T,) how far each month is from the first to the second of the two, 0 to 1.
    row_of : (F, S) row of the table.
    exposed : (K,) 1 for the states that one is exposed to.
    inside, when, counted : (N, K) 1 for the states that a measure counts; (N,) after how many months it is counted,
        −1 for never; (N, R) persons, filled.
    """
    segments, plain, bent = customers.shape[0], odds.shape[0], idle.shape[0]
    here, then = np.zeros((segments, occupancy.shape[0], _ABREAST)), np.empty((occupancy.shape[0], _ABREAST))
    grown, rows = np.empty(_ABREAST), np.ascontiguousarray(row_of.T)
    everyone, share = np.ones((segments, _ABREAST)), np.empty((segments, _ABREAST))
    met, table = np.empty((mixing.shape[0], _ABREAST)), np.zeros((plain + bent + come.shape[0], _ABREAST))
    for first in range(0, customers.shape[1], _ABREAST):
        part = slice(first, min(first + _ABREAST, customers.shape[1]))
        size = part.stop - first
        for s in range(segments):
            here[s, :, :size], everyone[s, :size] = occupancy[:, s, part], customers[s, part]
        for t in range(growth.shape[0] + 1):
            for n in range(when.size):
                if when[n] == t:
                    _count(here, inside[n], share)
                    counted[n, part] = 0.0
                    for s in range(segments):
                        counted[n, part] += share[s, :size]
            if t == growth.shape[0]:
                break
            _count(here, exposed, share)
            _meet(mixing, share, everyone, met)
            for p in range(plain):
                _between(odds[p, 0, part], odds[p, 1, part], along[t], table[p])
            for u in range(meets.size):
                _bend(idle, bend, units[u], first, size, met[meets[u]], along[t],
                      table[plain + units[u] : plain + units[u + 1]])  # fmt: skip
            for g in range(come.shape[0]):
                table[plain + bent + g, :size] = come[g, part] * growth[t, part]
            for s in range(segments):
                _step(here[s], everyone[s], table, rows[s], leaves, enters, then, grown)
        for s in range(segments):
            occupancy[:, s, part], customers[s, part] = here[s, :, :size], everyone[s, :size]


_auditing = [
    int64[::1](t[:, :, :, ::1], t[:, :, :, ::1], int64[:, ::1], int64[:, ::1], float64) for t in (int64, float64)
]


_adding = [void(t[::1], t[::1], int64) for t in (int64, float64)]


@njit(_adding, **_options)
def _add(total: Any, row: Any, times: int) -> None:
    """Add a row some times to a total, both of one length."""
    for r in range(total.size):
        total[r] += times * row[r]


_searching = [int64(t[::1], float64, float64) for t in (int64, float64)]


@njit(_searching, **_options)
def _first(values: Any, low: float, high: float) -> int:
    """Return the index of the first value that is not between low and high, −1 if there is none."""
    right = 0
    for r in range(values.size):
        right += (values[r] >= low) & (values[r] <= high)  # no `and`: a branch would end the vector code
    if right < values.size:
        for r in range(values.size):
            if not low <= values[r] <= high:
                return r
    return -1


@njit(_auditing, **_options)
def audit(people: Any, moved: Any, inside: Ints, signs: Ints, slack: float) -> Ints:
    """Return the first (law, month, replicate) that the books break, or (−1, −1, −1).

    Parameters
    ----------
    people, moved : (T + 1, K, S, R) in each state and (T, F, S, R) moved, persons.
    inside : (M, K) 1 where law m counts a state; signs : (M, F) how a flow changes that count.
    slack : persons by which sums of fractions may be off.
    """
    scratch = np.empty(_AT_ONCE, people.dtype)
    for t in range(moved.shape[0]):
        for s in range(people.shape[2]):
            for first in range(0, people.shape[3], _AT_ONCE):
                rows = slice(first, min(first + _AT_ONCE, people.shape[3]))
                change = scratch[: rows.stop - first]
                for k in range(people.shape[1]):
                    bad = _first(people[t + 1, k, s, rows], -slack, np.inf)
                    if bad >= 0:
                        return np.array([inside.shape[0], t, first + bad])
                for m in range(inside.shape[0]):
                    change[:] = 0
                    for k in range(people.shape[1]):
                        if inside[m, k]:
                            _add(change, people[t + 1, k, s, rows], 1)
                            _add(change, people[t, k, s, rows], -1)
                    for f in range(moved.shape[1]):
                        if signs[m, f]:
                            _add(change, moved[t, f, s, rows], -signs[m, f])
                    bad = _first(change, -slack, slack)
                    if bad >= 0:
                        return np.array([m, t, first + bad])
    return np.array([-1, -1, -1])


@njit(void(uint64[::1], uint64[::1], uint64[:, ::1]), **_options)
def pair_keys(lots: Uints, who: Uints, out: Uints) -> None:
    """Fill `out` (R, L) with the key of every pair of a replicate (R,) and a lot (L,)."""
    for r in range(who.size):
        for j in range(lots.size):
            out[r, j] = mix(lots[j] ^ who[r])


@njit(void(uint64[::1], float64[::1]), **_options)
def uniforms(keys: Uints, out: Floats) -> None:
    """Fill `out` with the first uniform of each key, in (0, 1)."""
    for i in range(keys.size):
        out[i] = _unit(keys[i], np.uint64(1))
