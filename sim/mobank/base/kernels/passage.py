"""From one reported figure to the next: the shocks that take the months to the figures, by Newton's method.

All sets of parameters (columns) of a stretch of months are solved in one call; each by itself, so that none depends on
which others are in the call. One that has no solution is left as it is, with its reason.
"""

from typing import Any

import numpy as np
from numba import float64, int64, void

from mobank.base.arrays import Floats, Ints
from mobank.base.compiled import compiled
from mobank.base.kernels.expectation import FILL, run
from mobank.base.kernels.steady import settle

_COLUMNS = 144  # that go through the months together and stay in a near cache; no power of two, so that their rows do
# not crowd each other out of it
_PASSES = 40  # of Newton's method, at most
_NEAR = 1e-4  # how far from the figures, on the scales that are solved on, the last step may begin: it squares that
_STEP = 1e-6  # log scale, of slopes on the way
_FINE = 1e-4  # log scale, of the slopes that a density rests on: central differences, exact to 1e-8
_NUDGE = 1e-6  # log scale, of the state that a stretch begins with
_FLAT = 1e-12  # a determinant from which no step can be told
_LONGEST = 1.0  # log scale, of a step
_LEAST = 0.95  # of the level: the scale on which it is solved ends there, or by as many less as are written off on the
# way; no count falls by one in twenty at once otherwise
_FURTHEST = 4.0  # log scale: beyond a factor of 55 figures and priors contradict each other

SOLVED, NO_WAY, NO_SLOPE, TOO_FAR, NO_STEADY, TOO_MANY_OFF = 0, 1, 2, 3, 4, 5  # how a stretch ended
_LOST, _ON_THE_WAY, _ARRIVED = 0, 1, 2

_rows = float64[:, ::1]
_cube = float64[:, :, ::1]
_block = float64[:, :, :, ::1]
_whole = int64[::1]
_wholes = int64[:, ::1]
_numbers = float64[::1]


@compiled(int64(_rows, _rows, _rows))
def _inverted(matrix: Floats, inverse: Floats, log: Floats) -> int:  # noqa: C901
    """Fill the inverse of a small matrix (n, n), which is lost, and log |determinant| (1, 1); return 0 if singular."""
    size = matrix.shape[0]
    inverse[:] = 0.0
    log[0, 0] = 0.0
    for i in range(size):
        inverse[i, i] = 1.0
    for i in range(size):
        best = i
        for j in range(i + 1, size):
            if abs(matrix[j, i]) > abs(matrix[best, i]):
                best = j
        if not (abs(matrix[best, i]) > _FLAT and np.isfinite(matrix[best, i])):
            return 0
        if best != i:
            for k in range(size):
                matrix[i, k], matrix[best, k] = matrix[best, k], matrix[i, k]
                inverse[i, k], inverse[best, k] = inverse[best, k], inverse[i, k]
        pivot = matrix[i, i]
        log[0, 0] += np.log(abs(pivot))
        for k in range(size):
            matrix[i, k] /= pivot
            inverse[i, k] /= pivot
        for j in range(size):
            if j != i and matrix[j, i] != 0.0:
                by = matrix[j, i]
                for k in range(size):
                    matrix[j, k] -= by * matrix[i, k]
                    inverse[j, k] -= by * inverse[i, k]
    return 1


@compiled(void(_cube, int64, int64, _wholes, int64, int64))
def _nudge(here: Floats, first: int, last: int, inside: Ints, rest: int, measure: int) -> None:
    """Move people of (S, K, C) so that one measure, 0 the level or 1 the active, is larger by `_NUDGE` (log scale).

    For the level, people of the rest become idle; for the active, idle become active. Columns from first to last.
    """
    for c in range(first, last):
        idle, lively, outside = 0.0, 0.0, 0.0
        for s in range(here.shape[0]):
            outside += here[s, rest, c]
            for k in range(here.shape[1]):
                if inside[1, k]:
                    lively += here[s, k, c]
                elif inside[0, k]:
                    idle += here[s, k, c]
        if measure == 0:
            by = np.expm1(_NUDGE) * (idle + lively)
            up, down, other = by / idle, 0.0, -by / outside
        else:
            by = np.expm1(_NUDGE) * lively
            up, down, other = -by / idle, by / lively, 0.0
        for s in range(here.shape[0]):
            here[s, rest, c] *= 1.0 + other
            for k in range(here.shape[1]):
                if inside[1, k]:
                    here[s, k, c] *= 1.0 + down
                elif inside[0, k]:
                    here[s, k, c] *= 1.0 + up


@compiled(void(_rows, int64, int64, _rows))
def _lay_out(rows: Floats, first: int, abreast: int, out: Floats) -> None:
    """Copy the sets of parameters of (N, R) from `first` on into columns (N, C), lane after lane.

    Where there are fewer sets than columns of a lane, the last set fills the rest.
    """
    left = min(abreast, rows.shape[1] - first)
    for n in range(rows.shape[0]):
        for lane in range(out.shape[1] // abreast):
            at = lane * abreast
            for b in range(left):
                out[n, at + b] = rows[n, first + b]
            for b in range(left, abreast):
                out[n, at + b] = rows[n, first + left - 1]


@compiled(void(_cube, _wholes, _cube, _whole, _cube))
def _read(here: Floats, inside: Ints, found: Floats, when: Ints, at: Floats) -> None:
    """Fill `at` (k, 2, C) with level and active at the dates of k figures, from what was found after each month.

    `here` is where everybody is at the beginning, which is the date of a figure that stands after 0 months.
    """
    for i in range(when.size):
        if when[i]:
            at[i] = found[when[i] - 1]
        else:
            at[i] = 0.0
            for n in range(2):
                for s in range(here.shape[0]):
                    for k in range(here.shape[1]):
                        if inside[n, k]:
                            for c in range(here.shape[2]):
                                at[i, n, c] += here[s, k, c]


@compiled(void(_cube, _whole, _rows, _rows, _numbers, int64, int64, _rows))
def _missing(
    at: Floats, kind: Ints, goal: Floats, whole: Floats, floor: Floats, first: int, abreast: int, out: Floats
) -> None:
    """Fill `out` (k, C) with what is missing to the figures, on the scales that are solved on.

    The logarithm of the level, less a floor so that it is nearly linear in the shock, and the log odds of being active.
    """
    draws = goal.shape[1]
    for i in range(kind.size):
        for c in range(out.shape[1]):
            b = c % abreast
            r = min(first + b, draws - 1)
            level, active = at[i, 0, c], at[i, 1, c]
            if kind[i] == 0:
                out[i, c] = np.log((goal[i, r] - floor[b]) / (level - floor[b]))
            else:
                out[i, c] = np.log(goal[i, r] / active)
                if whole[i, r] > 0.0:
                    out[i, c] += np.log((level - active) / (whole[i, r] - goal[i, r]))


@compiled(float64(_rows, int64, int64, _rows, _rows, _rows, _numbers))
def _newton(
    missing: Floats, b: int, abreast: int, jacobian: Floats, inverse: Floats, log: Floats, step: Floats
) -> float:
    """Fill the step (k,) of one set, and return how far it is from its figures; infinite where no step can be told."""
    count, far = step.size, 0.0
    for i in range(count):
        far = max(far, abs(missing[i, b])) if missing[i, b] == missing[i, b] else np.inf
        for j in range(count):
            jacobian[i, j] = (missing[i, b] - missing[i, (1 + j) * abreast + b]) / _STEP
    if not far < np.inf or not _inverted(jacobian, inverse, log):
        return np.inf
    for j in range(count):
        step[j] = 0.0
        for i in range(count):
            step[j] += inverse[j, i] * missing[i, b]
        step[j] = min(max(step[j], -_LONGEST), _LONGEST)
    return far


@compiled(float64(_numbers, int64, int64, _numbers))
def _corrected(row: Floats, b: int, abreast: int, by: Floats) -> float:
    """Return a number of one set after a last small step, given its columns to both sides of each shock, (C,).

    by : (k,) of the step, in units of the distance between the two sides.
    """
    found: float = row[b]
    for j in range(by.size):
        found += by[j] * (row[(1 + j) * abreast + b] - row[(1 + j + by.size) * abreast + b])
    return found


@compiled(void(_numbers, int64, int64, int64, _rows, _rows, _numbers, float64[:]))
def _sway(
    row: Floats, b: int, abreast: int, nudged: int, inverse: Floats, across: Floats, by: Floats, out: Floats
) -> None:  # fmt: skip
    """Fill `out` (k + 2,) with the change of a number of one set, given its columns (C,), with each log figure.

    First with the k figures that are met, then with those at the beginning, while the others stay.

    Parameters
    ----------
    inverse, across : (k, k), (k, 2) as of `cross`. by : (k,) lent.
    """
    count = by.size
    out[:] = 0.0
    for j in range(count):
        by[j] = (row[(1 + j) * abreast + b] - row[(1 + j + count) * abreast + b]) / (2.0 * _FINE)
        for i in range(count):
            out[i] += by[j] * inverse[j, i]
    for n in range(2 * nudged):
        out[count + n] = (row[(1 + 2 * count + n) * abreast + b] - row[b]) / _NUDGE
        for i in range(count):
            out[count + n] -= out[i] * across[i, n]


_crossing = void(
    FILL, _cube, _rows, _rows, _rows, _whole, _numbers, _wholes, _wholes, _rows, _wholes, _whole, _whole, _whole,
    _wholes, _whole, _whole, _whole, int64, int64, _rows, _wholes, _whole, _rows, _whole, _whole, _whole, _rows, _rows,
    _rows, _wholes, int64, _cube, _cube, _numbers, _whole, _cube, _cube, _block,
)  # fmt: skip


@compiled(_crossing)
def cross(  # noqa: PLR0913, C901, PLR0912, PLR0915 one call for the whole of Newton's method
    fill: Any, occupancy: Floats, customers: Floats, level: Floats, value: Floats, path_of: Ints, sign: Floats,
    units: Ints, args: Ints, mixing: Floats, row_of: Ints, leaves: Ints, enters: Ints, exposed: Ints, inside: Ints,
    reach: Ints, within: Ints, lively: Ints, rest: int, apart: int, growth: Floats, which: Ints, begins: Ints,
    shocks: Floats, unknown: Ints, when: Ints, kind: Ints, goal: Floats, whole: Floats, off: Floats, exits: Ints,
    nudged: int, inverse: Floats, across: Floats, log_slope: Floats, how: Ints, counted: Floats, moved: Floats,
    swayed: Floats,
) -> None:  # fmt: skip
    """Take sets of parameters (R) through a stretch of months, with the shocks that bring them to its figures.

    Parameters
    ----------
    fill, value (V, R), path_of, sign, units, args, mixing, row_of, leaves, enters, exposed, growth (T, R), which : as
        of `expectation.run`. inside : (2, K) 1 for the states of the level and of the active.
    reach, within, lively, rest, apart : as of `steady.settle`.
    occupancy, customers : (S, K, R), (S, R) persons; changed in place.
    level : (1, R) of the level at the first figure, where the stretch begins with a steady state.
    begins : (2,) the shocks of the steady state with which it begins; −1 where it goes on from `occupancy`.
    shocks : (U, R) log scale; those of `unknown` (k,) are first guesses, changed in place.
    when, kind, goal, whole : (k,) after how many months each figure stands, what it counts (0 the level, 1 the
        active); (k, R) its value in persons, and that of the level at its date, NaN where there is none.
    off, exits : as of `expectation.run`; (0, R) where nobody is written off.
    nudged : 1 if `across` is asked for.
    inverse : (R, k, k) filled: ∂ shocks / ∂ log figures. across : (R, k, 2) filled: ∂ log figures / ∂ log level and
        active at the beginning, of which the active move with the level unchanged.
    log_slope : (R,) filled: log |∂ figures / ∂ shocks|, persons. how : (R,) filled: `SOLVED`, or why not.
    counted : (T, 2, R) filled: level and active after each month.
    moved : (T, F, R) filled with the persons of each flow, or (0, 0, 0).
    swayed : (T, F, k + 2, R) filled: ∂ moved / ∂ log figures, persons, then ∂ moved / ∂ log level and active at the
        beginning as of `across`, figures unchanged; or (0, 0, 0, 0).
    """
    count, months, draws = unknown.size, growth.shape[0], customers.shape[1]
    segments, states = occupancy.shape[0], occupancy.shape[1]
    most = 1 + 2 * count + 2 * nudged
    abreast = max(_COLUMNS // most, 2)
    jacobian, inverted, log, step = (
        np.empty((count, count)),
        np.empty((count, count)),
        np.empty((1, 1)),
        np.empty(count),
    )
    floor, way = np.empty(abreast), np.empty(abreast, np.int64)
    for first in range(0, draws, abreast):
        for b in range(abreast):
            way[b], floor[b] = (_ON_THE_WAY if first + b < draws else _LOST), 0.0
            if begins[0] < 0:
                for s in range(segments):
                    for k in range(states):
                        if inside[0, k]:
                            floor[b] += _LEAST * occupancy[s, k, min(first + b, draws - 1)]
                for t in range(off.shape[0]):
                    floor[b] = max(floor[b] - off[t, min(first + b, draws - 1)], 0.0)
        for last in range(2):  # first Newton's steps, with slopes to one side; then the slopes that remain
            if not last and not count:
                continue
            size = (most if last else 1 + count) * abreast
            values, grow = np.empty((value.shape[0], size)), np.empty((months, size))
            here, everyone = np.empty((segments, states, size)), np.empty((segments, size))
            shock, begun, fine = np.empty((shocks.shape[0], size)), np.empty((2, size)), np.empty(size)
            found, levels, missing = np.empty((months, 2, size)), np.empty((1, size)), np.empty((count, size))
            at, offs, share = np.empty((count, 2, size)), np.empty((off.shape[0], size)), np.zeros(size)
            asked = moved.shape[0] > 0 and last == 1
            flow = np.empty((months if asked else 0, leaves.size, size))
            _lay_out(value, first, abreast, values)
            _lay_out(growth, first, abreast, grow)
            _lay_out(off, first, abreast, offs)
            _lay_out(level, first, abreast, levels)
            for _ in range(1 if last else _PASSES):
                _lay_out(customers, first, abreast, everyone)
                _lay_out(shocks, first, abreast, shock)
                for s in range(segments):
                    _lay_out(occupancy[s], first, abreast, here[s])
                for j in range(count):
                    for c in range((1 + j) * abreast, (2 + j) * abreast):
                        shock[unknown[j], c] += _FINE if last else _STEP
                        if last:
                            shock[unknown[j], c + count * abreast] -= _FINE
                if begins[0] >= 0:
                    begun[0], begun[1] = shock[begins[0]], shock[begins[1]]
                    settle(
                        fill, here, everyone, levels[0], values, path_of, sign, units, args, mixing, row_of, leaves,
                        enters, reach, within, lively, rest, apart, begun, fine,
                    )  # fmt: skip
                    for b in range(min(abreast, draws - first)):
                        if fine[b] == 0.0 and way[b] != _LOST:
                            way[b], how[first + b] = _LOST, NO_STEADY
                elif last and nudged:
                    _nudge(here, (1 + 2 * count) * abreast, (2 + 2 * count) * abreast, inside, rest, 0)
                    _nudge(here, (2 + 2 * count) * abreast, (3 + 2 * count) * abreast, inside, rest, 1)
                if begins[0] >= 0:
                    _read(here, inside, found, when, at)
                run(
                    fill, here, everyone, values, path_of, sign, units, args, mixing, row_of, leaves, enters, exposed,
                    inside, grow, which, shock, offs, exits, found, flow, share,
                )  # fmt: skip
                if begins[0] < 0:
                    _read(here, inside, found, when, at)
                if last:
                    continue
                _missing(at, kind, goal, whole, floor, first, abreast, missing)
                waiting = 0
                for b in range(min(abreast, draws - first)):
                    if way[b] != _ON_THE_WAY:
                        continue
                    far = _newton(missing, b, abreast, jacobian, inverted, log, step)
                    if far == np.inf:
                        way[b], how[first + b] = _LOST, TOO_MANY_OFF if share[b] >= 1.0 else NO_SLOPE
                        continue
                    for j in range(count):
                        shocks[unknown[j], first + b] += step[j]
                    if far < _NEAR:
                        way[b] = _ARRIVED
                    else:
                        waiting += 1
                if not waiting:
                    break
            if not last:
                for b in range(min(abreast, draws - first)):
                    if way[b] == _ON_THE_WAY:
                        way[b], how[first + b] = _LOST, TOO_MANY_OFF if share[b] >= 1.0 else NO_WAY
                continue
            for b in range(min(abreast, draws - first)):
                r = first + b
                if way[b] != _LOST and share[b] >= 1.0:
                    way[b], how[r] = _LOST, TOO_MANY_OFF
                if way[b] == _LOST:
                    continue
                for i in range(count):
                    for j in range(count):
                        up, down = at[i, kind[i], (1 + j) * abreast + b], at[i, kind[i], (1 + j + count) * abreast + b]
                        jacobian[i, j] = np.log(up / down) / (2.0 * _FINE)
                    for n in range(2 * nudged):
                        then = at[i, kind[i], (1 + 2 * count + n) * abreast + b]
                        across[r, i, n] = np.log(then / at[i, kind[i], b]) / _NUDGE
                log_slope[r], how[r] = 0.0, SOLVED
                if count and not _inverted(jacobian, inverted, log):
                    how[r] = NO_SLOPE
                    continue
                for i in range(count):
                    log_slope[r] += np.log(goal[i, r]) + (log[0, 0] if i == 0 else 0.0)
                    if not abs(shocks[unknown[i], r]) < _FURTHEST:
                        how[r] = TOO_FAR
                    step[i] = 0.0  # what is still missing: too little for another pass, too much for a density
                    for j in range(count):
                        inverse[r, i, j] = inverted[i, j]
                        step[i] += inverted[i, j] * np.log(goal[j, r] / at[j, kind[j], b])
                    shocks[unknown[i], r] += step[i]
                    step[i] /= 2.0 * _FINE
                for s in range(segments):
                    customers[s, r] = _corrected(everyone[s], b, abreast, step)
                    for k in range(states):
                        occupancy[s, k, r] = _corrected(here[s, k], b, abreast, step)
                for t in range(months):
                    for n in range(2):
                        counted[t, n, r] = _corrected(found[t, n], b, abreast, step)
                    for f in range(leaves.size if asked else 0):
                        moved[t, f, r] = _corrected(flow[t, f], b, abreast, step)
                for t in range(swayed.shape[0]):
                    for f in range(leaves.size):
                        _sway(flow[t, f], b, abreast, nudged, inverse[r], across[r], step, swayed[t, f, :, r])
