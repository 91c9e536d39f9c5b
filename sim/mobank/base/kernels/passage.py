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
_NEAR = 2e-4  # log scale, of the last step: it squares what is missing, and a tenth of that is left
_STEP = 1e-6  # log scale, of slopes on the way
_FINE = 1e-4  # log scale, of the slopes that a density rests on: central differences, exact to 1e-8
_NUDGE = 1e-6  # log scale, of the state that a stretch begins with
_FLAT = 1e-12  # a determinant from which no step can be told
_LONGEST = 1.0  # log scale, of a step
_TINY = 1e-300
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


@compiled(void(_cube, int64, int64, _wholes, int64, _whole, int64))
def _nudge(  # noqa: C901, PLR0912 loops over columns count as branches
    here: Floats, first: int, last: int, inside: Ints, rest: int, region: Ints, lane: int
) -> None:
    """Move people of (S, K, C) so that one measure of a region is larger by `_NUDGE` (log scale).

    For the level, people of the rest become idle; for the active, idle become active. Columns from first to last.
    `lane` is twice the region's number, and 1 more for the active.
    """
    own, measure = lane // 2, lane % 2
    for c in range(first, last):
        idle, lively, outside = 0.0, 0.0, 0.0
        for s in range(here.shape[0]):
            if region[s] != own:
                continue
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
            if region[s] != own:
                continue
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
    left, lanes = min(abreast, rows.shape[1] - first), out.shape[1] // abreast
    for n in range(rows.shape[0]):
        row, columns = rows[n, first : first + left], out[n, :abreast]
        for b in range(left):
            columns[b] = row[b]
        for b in range(left, abreast):
            columns[b] = row[left - 1]
        for lane in range(1, lanes):
            copy = out[n, lane * abreast : (lane + 1) * abreast]
            for b in range(abreast):
                copy[b] = columns[b]


@compiled(void(_cube, _wholes, _whole, _cube, _whole, _cube))
def _read(here: Floats, inside: Ints, region: Ints, found: Floats, when: Ints, at: Floats) -> None:
    """Fill `at` (k, 2 G, C) with level and active of each region at the dates of k figures, from all months' counts.

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
                                at[i, 2 * region[s] + n, c] += here[s, k, c]


@compiled(void(_cube, _whole, _rows, _rows, int64, int64, _rows))
def _missing(at: Floats, kind: Ints, goal: Floats, whole: Floats, first: int, abreast: int, out: Floats) -> None:
    """Fill `out` (k, C) with what is missing to the figures, on the scales that are solved on.

    The level, as a share of its figure, is nearly linear in the factor by which people enter it; the log odds of being
    active are in its logarithm.
    """
    draws = goal.shape[1]
    for i in range(kind.size):
        for c in range(out.shape[1]):
            b = c % abreast
            r = min(first + b, draws - 1)
            own = kind[i] // 2
            level, active = at[i, 2 * own, c], at[i, 2 * own + 1, c]
            if kind[i] % 2 == 0:
                out[i, c] = 1.0 - level / goal[i, r]
            else:
                out[i, c] = np.log(goal[i, r] / active)
                if whole[i, r] > 0.0:
                    out[i, c] += np.log((level - active) / (whole[i, r] - goal[i, r]))


@compiled(int64(_whole, int64, int64, int64))
def _meet(kind: Ints, i: int, lane: int, alone: int) -> int:
    """Return 1 if a column shows what something of a lane does to figure i, 0 if it is of a region of its own.

    Regions that do not touch each other within a stretch share a column (`alone` is 0).
    """
    return 1 if alone or kind[i] // 2 == lane // 2 else 0


@compiled(float64(_rows, _whole, _whole, int64, int64, int64, _rows, _rows, _rows, _numbers))
def _newton(  # noqa: PLR0913
    missing: Floats, kind: Ints, column: Ints, alone: int, b: int, abreast: int, jacobian: Floats, inverse: Floats,
    log: Floats, step: Floats,
) -> float:  # fmt: skip
    """Fill the step (k,) of one set, and return its length; infinite where there is none.

    The shocks of the level are stepped in their exponential, in which it is nearly linear.
    """
    count, far = step.size, 0.0
    for i in range(count):
        far = far if missing[i, b] == missing[i, b] else np.inf
        for j in range(count):
            jacobian[i, j] = 0.0
            if _meet(kind, i, kind[j], alone):
                jacobian[i, j] = (missing[i, b] - missing[i, (1 + column[j]) * abreast + b]) / _STEP
    if not far < np.inf or not _inverted(jacobian, inverse, log):
        return np.inf
    for j in range(count):
        step[j] = 0.0
        for i in range(count):
            step[j] += inverse[j, i] * missing[i, b]
        if kind[j] % 2 == 0:
            side = 1.0 if inverse[j, j] >= 0.0 else -1.0
            step[j] = side * np.log(max(1.0 + side * step[j], _TINY))
        step[j] = min(max(step[j], -_LONGEST), _LONGEST)
        far = max(far, abs(step[j]))
    return far


@compiled(float64(_numbers, int64, int64, _numbers))
def _corrected(row: Floats, b: int, abreast: int, by: Floats) -> float:
    """Return a number of one set after a last small step, given its columns to both sides of some shocks, (C,).

    by : step of the shock that each column moves in the number's region, in units of the distance of the two sides.
    """
    found: float = row[b]
    for j in range(by.size):
        found += by[j] * (row[(1 + j) * abreast + b] - row[(1 + j + by.size) * abreast + b])
    return found


_swaying = void(
    _numbers, int64, int64, int64, _whole, _whole, int64, _whole, _whole, _rows, _rows, _numbers, float64[:],
)  # fmt: skip


@compiled(_swaying)
def _sway(  # noqa: PLR0913
    row: Floats, own: int, b: int, abreast: int, kind: Ints, column: Ints, alone: int, nudges: Ints, nudge_alone: Ints,
    inverse: Floats, across: Floats, by: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill `out` (k + 2 G,) with the change of a flow of one set and region, given its columns (C,), with log figures.

    First with the k figures that are met, then with those at the beginning, while the others stay.

    Parameters
    ----------
    own : the region. inverse, across : (k, k), (k, 2 G) as of `cross`; what else, too. by : (k,) lent.
    """
    count, wide = by.size, column.max() + 1 if column.size else 0
    out[:] = 0.0
    for j in range(count):
        begin = (1 + column[j]) * abreast + b
        by[j] = (row[begin] - row[begin + wide * abreast]) / (2.0 * _FINE) if alone or kind[j] // 2 == own else 0.0
        for i in range(count):
            out[i] += by[j] * inverse[j, i]
    for n in range(nudges.size):
        if nudge_alone[n] or n // 2 == own:
            out[count + n] = (row[(1 + 2 * wide + nudges[n]) * abreast + b] - row[b]) / _NUDGE
        for i in range(count):
            out[count + n] -= out[i] * across[i, n]


_crossing = void(
    FILL, _cube, _rows, _rows, _rows, _whole, _numbers, _wholes, _wholes, _rows, _wholes, _whole, _whole, _whole,
    _wholes, _whole, _whole, _whole, int64, int64, _whole, _rows, _wholes, _whole, _rows, _whole, _whole, _whole,
    _whole, int64, _rows, _rows, _rows, _wholes, _whole, _whole, _cube, _cube, _numbers, _whole, _cube, _cube,
    _block,
)  # fmt: skip


@compiled(_crossing)
def cross(  # noqa: PLR0913, C901, PLR0912, PLR0915 one call for the whole of Newton's method
    fill: Any, occupancy: Floats, customers: Floats, level: Floats, value: Floats, path_of: Ints, sign: Floats,
    units: Ints, args: Ints, mixing: Floats, row_of: Ints, leaves: Ints, enters: Ints, exposed: Ints, inside: Ints,
    reach: Ints, within: Ints, lively: Ints, rest: int, apart: int, region: Ints, growth: Floats, which: Ints,
    begins: Ints, shocks: Floats, unknown: Ints, when: Ints, kind: Ints, column: Ints, alone: int, goal: Floats,
    whole: Floats, off: Floats, exits: Ints, nudges: Ints, nudge_alone: Ints, inverse: Floats, across: Floats,
    log_slope: Floats, how: Ints, counted: Floats, moved: Floats, swayed: Floats,
) -> None:  # fmt: skip
    """Take sets of parameters (R) through a stretch of months, with the shocks that bring them to its figures.

    Parameters
    ----------
    fill, value (V, R), path_of, sign, units, args, mixing, row_of, leaves, enters, exposed, region, growth (T, R),
        which : as of `expectation.run`. inside : (2, K) 1 for the states of the level and of the active.
    reach, within, lively, rest, apart : as of `steady.settle`.
    occupancy, customers : (S, K, R), (S, R) persons; changed in place.
    level : (G, R) of the level at the first figure, where the stretch begins with a steady state.
    begins : (2 G,) the shocks of the steady state with which it begins; −1 where it goes on from `occupancy`.
    shocks : (U, R) log scale; those of `unknown` (k,) are first guesses, changed in place.
    when, kind, goal, whole : (k,) after how many months each figure stands, what it counts (of region g, 2 g the level,
        2 g + 1 the active); (k, R) its value in persons, and that of the level at its date, NaN where there is none.
    column, alone : (k,) which column each unknown is moved in, beginning with 0; 0 if those of several regions share
        columns, since within the stretch what is unknown of one moves no figure of another, else 1.
    off, exits : as of `expectation.run`; (0, R) where nobody is written off.
    nudges, nudge_alone : (2 G,) and (2 G,) likewise of level and active at the beginning; (0,) if `across` is not
        asked for.
    inverse : (R, k, k) filled: ∂ shocks / ∂ log figures. across : (R, k, 2 G) filled: ∂ log figures / ∂ log level and
        active at the beginning, of which the active move with the level unchanged.
    log_slope : (R,) filled: log |∂ figures / ∂ shocks|, persons. how : (R,) filled: `SOLVED`, or why not.
    counted : (T, 2 G, R) filled: level and active of each region after each month.
    moved : (T, G F, R) filled with the persons of each flow, or (0, 0, 0).
    swayed : (T, G F, k + 2 G, R) filled: ∂ moved / ∂ log figures, persons, then ∂ moved / ∂ log level and active at the
        beginning as of `across`, figures unchanged; or (0, 0, 0, 0).
    """
    count, months, draws = unknown.size, growth.shape[0], customers.shape[1]
    segments, states, lanes, flows = occupancy.shape[0], occupancy.shape[1], which.shape[0], leaves.size
    wide = column.max() + 1 if count else 0  # columns that the unknown take to one side
    most = 1 + 2 * wide + (nudges.max() + 1 if nudges.size else 0)
    abreast = max(_COLUMNS // most, 2)
    jacobian, inverted, log, step = (
        np.empty((count, count)),
        np.empty((count, count)),
        np.empty((1, 1)),
        np.empty(count),
    )
    way, last_step = np.empty(abreast, np.int64), np.empty((lanes // 2, wide))
    for first in range(0, draws, abreast):
        for b in range(abreast):
            way[b] = _ON_THE_WAY if first + b < draws else _LOST
        for last in range(2):  # first Newton's steps, with slopes to one side; then the slopes that remain
            if not last and not count:
                continue
            size = (most if last else 1 + wide) * abreast
            values, grow = np.empty((value.shape[0], size)), np.empty((months, size))
            here, everyone = np.empty((segments, states, size)), np.empty((segments, size))
            shock, begun, fine = np.empty((shocks.shape[0], size)), np.empty((lanes, size)), np.empty(size)
            found, missing = np.empty((months, lanes, size)), np.empty((count, size))
            levels = np.empty((lanes // 2, size))
            at, offs, share = np.empty((count, lanes, size)), np.empty((off.shape[0], size)), np.zeros(size)
            asked = moved.shape[0] > 0 and last == 1
            flow = np.empty((months if asked else 0, lanes // 2 * flows, size))
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
                    for c in range((1 + column[j]) * abreast, (2 + column[j]) * abreast):
                        shock[unknown[j], c] += _FINE if last else _STEP
                        if last:
                            shock[unknown[j], c + wide * abreast] -= _FINE
                if begins[0] >= 0:
                    for p in range(lanes):
                        begun[p] = shock[begins[p]]
                    settle(
                        fill, here, everyone, levels, values, path_of, sign, units, args, mixing, row_of, leaves,
                        enters, reach, within, lively, rest, apart, region, begun, fine,
                    )  # fmt: skip
                    for b in range(min(abreast, draws - first)):
                        if fine[b] == 0.0 and way[b] != _LOST:
                            way[b], how[first + b] = _LOST, NO_STEADY
                elif last:
                    for n in range(nudges.size):
                        begin = (1 + 2 * wide + nudges[n]) * abreast
                        _nudge(here, begin, begin + abreast, inside, rest, region, n)
                if begins[0] >= 0:
                    _read(here, inside, region, found, when, at)
                run(
                    fill, here, everyone, values, path_of, sign, units, args, mixing, row_of, leaves, enters, exposed,
                    inside, region, grow, which, shock, offs, exits, found, flow, share,
                )  # fmt: skip
                if begins[0] < 0:
                    _read(here, inside, region, found, when, at)
                if last:
                    continue
                _missing(at, kind, goal, whole, first, abreast, missing)
                waiting = 0
                for b in range(min(abreast, draws - first)):
                    if way[b] != _ON_THE_WAY:
                        continue
                    far = _newton(missing, kind, column, alone, b, abreast, jacobian, inverted, log, step)
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
                        begin = (1 + column[j]) * abreast + b
                        up, down = at[i, kind[i], begin], at[i, kind[i], begin + wide * abreast]
                        own = _meet(kind, i, kind[j], alone)
                        jacobian[i, j] = np.log(up / down) / (2.0 * _FINE) if own else 0.0
                    for n in range(nudges.size):
                        then = at[i, kind[i], (1 + 2 * wide + nudges[n]) * abreast + b]
                        own = _meet(kind, i, n, nudge_alone[n])
                        across[r, i, n] = np.log(then / at[i, kind[i], b]) / _NUDGE if own else 0.0
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
                last_step[:] = 0.0
                for j in range(count):
                    for g in range(lanes // 2):
                        if alone or kind[j] // 2 == g:
                            last_step[g, column[j]] = step[j] / (2.0 * _FINE)
                for s in range(segments):
                    customers[s, r] = _corrected(everyone[s], b, abreast, last_step[region[s]])
                    for k in range(states):
                        occupancy[s, k, r] = _corrected(here[s, k], b, abreast, last_step[region[s]])
                for t in range(months):
                    for n in range(lanes):
                        counted[t, n, r] = _corrected(found[t, n], b, abreast, last_step[n // 2])
                    for f in range(flow.shape[1] if asked else 0):
                        moved[t, f, r] = _corrected(flow[t, f], b, abreast, last_step[f // flows])
                for t in range(swayed.shape[0]):
                    for f in range(flow.shape[1]):
                        _sway(
                            flow[t, f], f // flows, b, abreast, kind, column, alone, nudges, nudge_alone, inverse[r],
                            across[r], step, swayed[t, f, :, r],
                        )  # fmt: skip
