"""One month of all replicates: rates become chances, people move, and the books are checked.

References
----------
Cody, Waite (1980), "Software Manual for the Elementary Functions" (the reduction of `chances` in two parts).
"""

from math import factorial
from typing import Any

import numpy as np
from numba import float64, int64, uint64, void

from mobank.base.arrays import Floats, Ints, Uints
from mobank.base.compiled import compiled
from mobank.base.kernels.draws import binomial_row

_AT_ONCE = 1024  # replicates whose rows stay in the nearest cache

_PER_LOG2 = 1.44269504088896338700
_LOG2_HIGH, _LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_SHIFTER = 6755399441055744.0  # 1.5 · 2⁵²
_TAYLOR = tuple(1.0 / factorial(n) for n in range(13, 1, -1))


@compiled(void(float64[::1], float64[::1]))
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


@compiled(
    void(int64[:, :, ::1], float64[:, :, ::1], int64[::1], uint64[:, ::1], uint64[::1], int64[:, :, ::1]),
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
            binomial_row(left, p, lots[f, s], who, first, margin, moves[f, s])


@compiled(void(float64[:, :, ::1], float64[:, :, ::1], int64[::1], float64[:, :, ::1]))
def expect(occupancy: Floats, chances: Floats, leaves: Ints, moves: Floats) -> None:
    """Fill `moves` (F, S, R) with the persons expected to leave each state (K, S, R) by each flow but intakes."""
    for f in range(moves.shape[0]):
        if leaves[f] >= 0:
            for s in range(moves.shape[1]):
                here, chance, gone = occupancy[leaves[f], s], chances[f, s], moves[f, s]
                for r in range(gone.size):
                    gone[r] = here[r] * chance[r]


_moving = [void(t[:, :, ::1], t[:, :, ::1], int64[::1], int64[::1]) for t in (int64, float64)]


@compiled(_moving)
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


_auditing = [
    int64[::1](t[:, :, :, ::1], t[:, :, :, ::1], int64[:, ::1], int64[:, ::1], float64) for t in (int64, float64)
]


_adding = [void(t[::1], t[::1], int64) for t in (int64, float64)]


@compiled(_adding)
def _add(total: Any, row: Any, times: int) -> None:
    """Add a row some times to a total, both of one length."""
    for r in range(total.size):
        total[r] += times * row[r]


_searching = [int64(t[::1], float64, float64) for t in (int64, float64)]


@compiled(_searching)
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


@compiled(_auditing)
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
