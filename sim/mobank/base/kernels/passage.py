"""From one reported figure to the next: months of expectations, and the shocks that take them to the figures.

All sets of parameters (columns) of a stretch of months go through Newton's method in one call. What is particular to
a model is handed in: `fill` works out its hazards (`mobank.calibration.likelihood.compiled_model`), and a table says
which flows compete and which segments share a row. A stretch that has no solution is left at NaN, with its reason.
"""

from typing import Any

import numpy as np
from numba import float64, int64, types, void

from mobank.base.arrays import Floats, Ints
from mobank.base.compiled import compiled
from mobank.base.kernels.month import chances

_COLUMNS = 144  # that go through the months together and stay in a near cache; no power of two, so that their
# rows do not crowd each other out of it
_PASSES = 40  # of Newton's method, at most
_NEAR = 2e-4  # how far from the figures, on the scales that are solved on, the last step may begin: it squares that
_STEP = 1e-6  # log scale, of slopes on the way
_FINE = 1e-4  # log scale, of the slopes that a density rests on: central differences, exact to 1e-8
_NUDGE = 1e-3  # log scale, of the state that a stretch begins with
_FLAT = 1e-12  # a determinant from which no step can be told
_LONGEST = 1.0  # log scale, of a step
_LEAST = 0.95  # of the level: the scale on which it is solved ends there; no count falls by one in twenty at once
_FURTHEST = 4.0  # log scale: beyond a factor of 55 figures and priors contradict each other
_ROUNDS = 4  # of a steady state, whose exposure and growth depend on itself
_ACTIVE_GUESS = 0.35  # of the level, where the rounds begin
_FASTEST = 0.05  # a month, of a steady state's growth
_SINGULAR = 1e-12  # a pivot of the steady state's equations

SOLVED, NO_WAY, NO_SLOPE, TOO_FAR, NO_STEADY = 0, 1, 2, 3, 4  # how a stretch ended

FILL = types.FunctionType(void(int64, float64[:, ::1], int64[::1], int64, float64[::1], float64[:, ::1]))

_rows = float64[:, ::1]
_cube = float64[:, :, ::1]
_whole = int64[::1]
_wholes = int64[:, ::1]


@compiled(void(_rows, int64))
def _compete(hazards: Floats, size: int) -> None:
    """Turn the hazards of flows that compete, (B, C), into chances, in place; the first `size` columns."""
    total, chance = np.zeros(size), np.empty(size)
    for b in range(hazards.shape[0]):
        for c in range(size):
            total[c] += hazards[b, c]
    chances(total, chance)
    if hazards.shape[0] == 1:
        for c in range(size):
            hazards[0, c] = chance[c]
        return
    for c in range(size):
        chance[c] = chance[c] / total[c] if total[c] > 0.0 else 0.0
    for b in range(hazards.shape[0]):
        for c in range(size):
            hazards[b, c] *= chance[c]


@compiled(void(_rows, _rows, _whole, float64[::1], _rows))
def _tilt(value: Floats, shock: Floats, path_of: Ints, sign: Floats, out: Floats) -> None:
    """Fill `out` (V, C) with values whose paths are displaced by log shocks (2, C)."""
    size = shock.shape[1]
    up, down = np.exp(shock), np.exp(-shock)
    for v in range(value.shape[0]):
        if path_of[v] < 0:
            for c in range(size):
                out[v, c] = value[v, c]
        else:
            by = up[path_of[v]] if sign[v] > 0 else down[path_of[v]]
            for c in range(size):
                out[v, c] = value[v, c] * by[c]


@compiled(void(_cube, _whole, int64, _rows))
def _count(occupancy: Floats, states: Ints, size: int, out: Floats) -> None:
    """Fill `out` (S, C) with the persons in some states of (S, K, C), marked 1 in (K,)."""
    for s in range(out.shape[0]):
        for c in range(size):
            out[s, c] = 0.0
        for k in range(states.size):
            if states[k]:
                for c in range(size):
                    out[s, c] += occupancy[s, k, c]


@compiled(void(_rows, _rows, _rows, int64, _rows))
def _meet(mixing: Floats, exposed: Floats, customers: Floats, size: int, met: Floats) -> None:
    """Fill `met` (M, C) with the share of exposed (S, C) among the customers whom each row of `mixing` meets."""
    for m in range(met.shape[0]):
        for c in range(size):
            met[m, c] = 0.0
    for q in range(exposed.shape[0]):
        for m in range(met.shape[0]):
            part = mixing[m, q]
            for c in range(size):
                met[m, c] += part * (exposed[q, c] / customers[q, c])


_stepping = void(_rows, float64[::1], _rows, _whole, _whole, _whole, int64, _rows, float64[::1])


@compiled(_stepping)
def _move(
    here: Floats, everyone: Floats, table: Floats, rows: Ints, leaves: Ints, enters: Ints, size: int, then: Floats,
    grown: Floats,
) -> None:  # fmt: skip
    """Move a segment (K, C) on by a month with the chances in some rows of a table; `then` and `grown` are lent."""
    for c in range(size):
        grown[c] = 0.0
    for k in range(then.shape[0]):
        for c in range(size):
            then[k, c] = here[k, c]
    for f in range(leaves.size):
        row, source, target = rows[f], leaves[f], enters[f]
        if source < 0:
            for c in range(size):
                came = table[row, c] * everyone[c]
                then[target, c] += came
                grown[c] += came
        else:
            for c in range(size):
                gone = here[source, c] * table[row, c]
                then[target, c] += gone
                then[source, c] -= gone
    for k in range(then.shape[0]):
        for c in range(size):
            here[k, c] = then[k, c]
    for c in range(size):
        everyone[c] += grown[c]


_filling = void(FILL, _rows, _wholes, _wholes, int64, int64, _rows, _rows)


@compiled(_filling)
def _work_out(
    fill: Any, value: Floats, units: Ints, args: Ints, kind: int, size: int, met: Floats, table: Floats
) -> None:  # fmt: skip
    """Fill the rows of a table (P, C) of all units of a kind.

    Parameters
    ----------
    units : (U, 5) of each set of flows that compete in a class of segments: its group, the first of its rows in the
        table, how many there are, its kind (0 plain, 1 exposed, 2 intake), and the row of `met` that it meets.
    args : (U, A) the rows of `value` (V, C) that its hazards read.
    """
    for u in range(units.shape[0]):
        if units[u, 3] == kind:
            rows = table[units[u, 1] : units[u, 1] + units[u, 2]]
            fill(units[u, 0], value, args[u], size, met[units[u, 4]], rows)
            if kind < 2:
                _compete(rows, size)


_living = void(
    FILL, _cube, _rows, _rows, _whole, float64[::1], _wholes, _wholes, _rows, _wholes, _whole, _whole, _whole, _wholes,
    _rows, _wholes, _cube, _cube, _cube,
)  # fmt: skip


@compiled(_living)
def _run(  # noqa: PLR0913 months of a model have so many parts
    fill: Any, here: Floats, everyone: Floats, value: Floats, path_of: Ints, sign: Floats, units: Ints, args: Ints,
    mixing: Floats, row_of: Ints, leaves: Ints, enters: Ints, exposed: Ints, inside: Ints, growth: Floats, which: Ints,
    shocks: Floats, counted: Floats, moved: Floats,
) -> None:  # fmt: skip
    """Move expectations (S, K, C) and customers (S, C) through months, in place.

    Parameters
    ----------
    growth : (T, C) by which share everyone grows in each month.
    which : (2, T) number of the shock of each path in each month. shocks : (1, U, C) of them, log scale.
    counted : (T, N, C) filled with the persons whom each of N measures of `inside` (N, K) counts after each month.
    moved : (T, F, C) filled with the persons moved by each flow, or (0, 0, 0) where nobody asks.
    """
    segments, states, size = here.shape
    flows = leaves.size
    then, grown, share = np.empty((states, size)), np.empty(size), np.empty((segments, size))
    met, table = np.zeros((mixing.shape[0], size)), np.zeros((units[:, 2].sum(), size))
    tilted, shock, scale = np.empty(value.shape), np.empty((2, size)), np.empty(size)
    come = np.zeros(size)
    for t in range(growth.shape[0]):
        if t == 0 or which[0, t] != which[0, t - 1] or which[1, t] != which[1, t - 1]:
            for p in range(2):
                for c in range(size):
                    shock[p, c] = shocks[0, which[p, t], c]
            _tilt(value, shock, path_of, sign, tilted)
            _work_out(fill, tilted, units, args, 0, size, met, table)
        _count(here, exposed, size, share)
        _meet(mixing, share, everyone, size, met)
        _work_out(fill, tilted, units, args, 1, size, met, table)
        _work_out(fill, tilted, units, args, 2, size, met, table)
        come[:] = 0.0
        scale[:] = 0.0
        for s in range(segments):
            for c in range(size):
                scale[c] += everyone[s, c]
            for f in range(flows):
                if leaves[f] < 0:
                    for c in range(size):
                        come[c] += table[row_of[s, f], c] * everyone[s, c]
        for c in range(size):
            scale[c] = growth[t, c] * scale[c] / come[c] if come[c] > 0.0 else 0.0
        for u in range(units.shape[0]):
            if units[u, 3] == 2:
                for row in range(units[u, 1], units[u, 1] + units[u, 2]):
                    for c in range(size):
                        table[row, c] *= scale[c]
        if moved.shape[0]:
            for f in range(flows):
                moved[t, f] = 0.0
                for s in range(segments):
                    for c in range(size):
                        people = everyone[s, c] if leaves[f] < 0 else here[s, leaves[f], c]
                        moved[t, f, c] += table[row_of[s, f], c] * people
        for s in range(segments):
            _move(here[s], everyone[s], table, row_of[s], leaves, enters, size, then, grown)
        for n in range(inside.shape[0]):
            _count(here, inside[n], size, share)
            counted[t, n] = 0.0
            for s in range(segments):
                for c in range(size):
                    counted[t, n, c] += share[s, c]


_settling = float64[::1](
    FILL, _cube, _rows, float64[::1], _rows, _whole, float64[::1], _wholes, _wholes, _rows, _wholes, _whole, _whole,
    _whole, _whole, _whole, _whole, int64, int64, _rows,
)  # fmt: skip


@compiled(_settling)
def _steady(  # noqa: PLR0913
    fill: Any, here: Floats, everyone: Floats, level: Floats, value: Floats, path_of: Ints, sign: Floats, units: Ints,
    args: Ints, mixing: Floats, row_of: Ints, leaves: Ints, enters: Ints, exposed: Ints, reach: Ints, within: Ints,
    lively: Ints, rest: int, apart: int, shock: Floats,
) -> Floats:  # fmt: skip
    """Fill `here` (S, K, C) with the state of a bank that has grown steadily until `level` (C,) are in its states.

    With n those of a segment by state per person of the rest, P the chances between states and g the growth a month,
    (1 + g) n = Pᵀ n + v: a small linear system for each segment, solved without pivots, for its columns are dominated
    by their diagonal.

    Parameters
    ----------
    reach : (S,) rows of the value that says who can be reached. within, lively : (n,) the states of the level, and 1
        for those of the active among them.

    Returns
    -------
    (C,) : 1 where it was found, 0 where the equations have no solution.
    """
    segments, states, size = here.shape
    count = within.size
    slot = np.full(states, -1)
    for i in range(count):
        slot[within[i]] = i
    met, table = np.zeros((mixing.shape[0], size)), np.zeros((units[:, 2].sum(), size))
    tilted = np.empty(value.shape)
    _tilt(value, shock, path_of, sign, tilted)
    _work_out(fill, tilted, units, args, 0, size, met, table)
    able, inside, share = np.empty((segments, size)), np.empty((segments, size)), np.empty((segments, size))
    ratio, growth, fine = np.empty((segments, size)), np.full(size, 0.01), np.ones(size)
    system, inflow = np.empty((count, count, size)), np.empty((count, size))
    parts, t = np.empty((segments, count, size)), np.empty(size)
    total, slope = np.zeros(size), np.empty(size)
    for s in range(segments):
        for c in range(size):
            able[s, c] = tilted[reach[s], c] * everyone[s, c]
            total[c] += able[s, c]
    for s in range(segments):
        for c in range(size):
            inside[s, c] = able[s, c] * (level[c] / total[c])
            share[s, c] = inside[s, c] * _ACTIVE_GUESS
    for _ in range(_ROUNDS):
        _meet(mixing, share, everyone, size, met)
        _work_out(fill, tilted, units, args, 1, size, met, table)
        for s in range(segments):
            system[:] = 0.0
            inflow[:] = 0.0
            for i in range(count):
                for c in range(size):
                    system[i, i, c] = growth[c]
            for f in range(leaves.size):
                source, target = leaves[f], enters[f]
                if source < 0:
                    continue
                odds = table[row_of[s, f]]
                into = slot[target]
                if source == rest:
                    if into >= 0:
                        for c in range(size):
                            inflow[into, c] += odds[c]
                elif slot[source] >= 0:
                    i = slot[source]
                    for c in range(size):
                        system[i, i, c] += odds[c]
                    if into >= 0:
                        for c in range(size):
                            system[into, i, c] -= odds[c]
            for i in range(count):
                for c in range(size):
                    if not abs(system[i, i, c]) > _SINGULAR:
                        fine[c] = 0.0
                for j in range(i + 1, count):
                    for c in range(size):
                        system[j, i, c] /= system[i, i, c]
                        inflow[j, c] -= system[j, i, c] * inflow[i, c]
                    for k in range(i + 1, count):
                        for c in range(size):
                            system[j, k, c] -= system[j, i, c] * system[i, k, c]
            for i in range(count - 1, -1, -1):
                for j in range(i + 1, count):
                    for c in range(size):
                        inflow[i, c] -= system[i, j, c] * parts[s, j, c]
                for c in range(size):
                    parts[s, i, c] = max(inflow[i, c] / system[i, i, c], 1e-300)
            for c in range(size):
                ratio[s, c] = 0.0
            for i in range(count):
                for c in range(size):
                    ratio[s, c] += parts[s, i, c]
        t[:] = 0.0
        for _turn in range(12):
            total[:] = 0.0
            slope[:] = 0.0
            for c in range(size):
                up = np.exp(t[c])
                for s in range(segments):
                    part = 1.0 - 1.0 / (1.0 + ratio[s, c] * up)
                    total[c] += able[s, c] * part
                    slope[c] += able[s, c] * part * (1.0 - part)
                step = (level[c] - total[c]) / max(slope[c], 1e-9 * level[c])
                t[c] += min(max(step, -2.0), 2.0)
        for s in range(segments):
            for c in range(size):
                inside[s, c] = able[s, c] * (1.0 - 1.0 / (1.0 + ratio[s, c] * np.exp(t[c])))
                share[s, c] = 0.0
            for i in range(count):
                for c in range(size):
                    parts[s, i, c] *= inside[s, c] / ratio[s, c]
                    if lively[i]:
                        share[s, c] += parts[s, i, c]
        total[:] = 0.0
        for f in range(leaves.size):
            source, target = leaves[f], enters[f]
            if source < 0:
                continue
            for s in range(segments):
                odds = table[row_of[s, f]]
                if source == rest and slot[target] >= 0:
                    for c in range(size):
                        total[c] += odds[c] * (able[s, c] - inside[s, c])
                elif slot[source] >= 0 and slot[target] < 0:
                    for c in range(size):
                        total[c] -= odds[c] * parts[s, slot[source], c]
        for c in range(size):
            growth[c] = min(max(total[c] / level[c], 0.0), _FASTEST)
    for s in range(segments):
        for k in range(states):
            for c in range(size):
                here[s, k, c] = 0.0
        for i in range(count):
            for c in range(size):
                here[s, within[i], c] = parts[s, i, c]
        for c in range(size):
            here[s, rest, c] = able[s, c] - inside[s, c]
            here[s, apart, c] = everyone[s, c] - able[s, c]
    return fine


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


_crossing = void(
    FILL, _cube, _rows, float64[::1], _rows, _whole, float64[::1], _wholes, _wholes, _rows, _wholes, _whole, _whole,
    _whole, _wholes, _whole, _whole, _whole, int64, int64, _rows, _wholes, _whole, _rows, _whole, _whole, _whole, _rows,
    _rows, int64, _cube, _cube, float64[::1], _whole, _cube, _cube,
)  # fmt: skip


@compiled(_crossing)
def cross(  # noqa: PLR0913, C901, PLR0912, PLR0915 one call for the whole of Newton's method
    fill: Any, occupancy: Floats, customers: Floats, level: Floats, value: Floats, path_of: Ints, sign: Floats,
    units: Ints, args: Ints, mixing: Floats, row_of: Ints, leaves: Ints, enters: Ints, exposed: Ints, inside: Ints,
    reach: Ints, within: Ints, lively: Ints, rest: int, apart: int, growth: Floats, which: Ints, begins: Ints,
    shocks: Floats, unknown: Ints, when: Ints, kind: Ints, goal: Floats, whole: Floats, nudged: int, inverse: Floats,
    across: Floats, log_slope: Floats, how: Ints, counted: Floats, moved: Floats,
) -> None:  # fmt: skip
    """Take sets of parameters (R) through a stretch of months, with the shocks that bring them to its figures.

    Parameters
    ----------
    fill : hazards of a group of flows (see `_work_out`).
    occupancy, customers : (S, K, R), (S, R) persons; changed in place.
    level : (R,) of the level at the first figure, where the stretch begins with a steady state.
    value : (V, R) distinct values of the parameters. path_of, sign : (V,) the path that moves each, −1 for none.
    units, args, mixing, row_of (S, F), leaves, enters, exposed, inside (2, K) : the model's tables.
    reach, within, lively, rest, apart : of the steady state (see `_steady`).
    growth : (T, R) of everyone in each month, as a share. which : (2, T) the shock of each path in each month.
    begins : (2,) the shocks of the steady state with which it begins; −1 where it goes on from `occupancy`.
    shocks : (U, R) log scale; those of `unknown` (k,) are first guesses, changed in place.
    when, kind, goal, whole : (k,) after how many months each figure stands, what it counts (0 the level, 1 the
        active); (k, R) its value in persons, and that of the level at its date, NaN where there is none.
    nudged : 1 if `across` is asked for.
    inverse : (R, k, k) filled: ∂ shocks / ∂ log figures. across : (R, k, 2) filled: ∂ log figures / ∂ log level and
        active at the beginning, of which the active move with the level unchanged.
    log_slope : (R,) filled: log |∂ figures / ∂ shocks|, persons. how : (R,) filled: `SOLVED`, or why not.
    counted : (T, 2, R) filled: level and active after each month.
    moved : (T, F, R) filled with the persons of each flow, or (0, 0, 0).
    """
    count, months, draws = unknown.size, growth.shape[0], customers.shape[1]
    segments, states = occupancy.shape[0], occupancy.shape[1]
    most = 1 + 2 * count + 2 * nudged
    abreast = max(_COLUMNS // most, 2)
    few, many = (1 + count) * abreast, most * abreast
    jacobian, step, log = np.empty((count, count)), np.empty((count, count)), np.empty((1, 1))
    missing, floor = np.empty((count, few)), np.empty(abreast)
    left = np.empty(abreast, np.int64)
    no_moves = np.empty((0, 0, 0))
    for stage_first in range(0, draws, abreast):
        for b in range(abreast):
            left[b] = 1 if stage_first + b < draws else 0
            r = min(stage_first + b, draws - 1)
            floor[b] = 0.0
            if begins[0] < 0:
                for s in range(segments):
                    for k in range(states):
                        if inside[0, k]:
                            floor[b] += occupancy[s, k, r]
                floor[b] *= _LEAST
        for stage in range(2):
            lanes = 1 + count if stage == 0 else most
            if stage == 0 and count == 0:
                continue
            size = few if stage == 0 else many
            values, grow = np.empty((value.shape[0], size)), np.empty((months, size))
            here, everyone = np.empty((segments, states, size)), np.empty((segments, size))
            shock, begun = np.empty((1, shocks.shape[0], size)), np.empty((2, size))
            found = np.empty((months, 2, size))
            at_first = np.empty((2, size))
            levels = np.empty(size)
            for lane in range(lanes):
                for b in range(abreast):
                    r, c = min(stage_first + b, draws - 1), lane * abreast + b
                    levels[c] = level[r]
                    for v in range(value.shape[0]):
                        values[v, c] = value[v, r]
                    for t in range(months):
                        grow[t, c] = growth[t, r]
            for _turn in range(_PASSES if stage == 0 else 1):
                by = _STEP if stage == 0 else _FINE
                for lane in range(lanes):
                    for b in range(abreast):
                        r, c = min(stage_first + b, draws - 1), lane * abreast + b
                        for u in range(shocks.shape[0]):
                            shock[0, u, c] = shocks[u, r]
                        if 1 <= lane <= count:
                            shock[0, unknown[lane - 1], c] += by
                        elif count < lane <= 2 * count and stage == 1:
                            shock[0, unknown[lane - 1 - count], c] -= by
                        for s in range(segments):
                            everyone[s, c] = customers[s, r]
                            for k in range(states):
                                here[s, k, c] = occupancy[s, k, r]
                if begins[0] >= 0:
                    for p in range(2):
                        for c in range(size):
                            begun[p, c] = shock[0, begins[p], c]
                    fine = _steady(
                        fill, here, everyone, levels, values, path_of, sign, units, args, mixing, row_of, leaves,
                        enters, exposed, reach, within, lively, rest, apart, begun,
                    )  # fmt: skip
                    for b in range(abreast):
                        if fine[b] == 0.0 and left[b]:
                            left[b] = 0
                            how[min(stage_first + b, draws - 1)] = NO_STEADY
                elif stage == 1 and nudged:
                    _nudge(here, (1 + 2 * count) * abreast, (2 + 2 * count) * abreast, inside, rest, 0)
                    _nudge(here, (2 + 2 * count) * abreast, (3 + 2 * count) * abreast, inside, rest, 1)
                for n in range(2):
                    for c in range(size):
                        at_first[n, c] = 0.0
                    for s in range(segments):
                        for k in range(states):
                            if inside[n, k]:
                                for c in range(size):
                                    at_first[n, c] += here[s, k, c]
                asked = moved.shape[0] > 0 and stage == 1
                flow = np.empty((months, leaves.size, size)) if asked else no_moves
                _run(
                    fill, here, everyone, values, path_of, sign, units, args, mixing, row_of, leaves, enters, exposed,
                    inside, grow, which, shock, found, flow,
                )  # fmt: skip
                if stage == 1:
                    for b in range(min(abreast, draws - stage_first)):
                        r = stage_first + b
                        if not left[b]:
                            continue
                        for i in range(count):
                            for j in range(count):
                                up, down = (1 + j) * abreast + b, (1 + j + count) * abreast + b
                                high = found[when[i] - 1, kind[i], up] if when[i] else at_first[kind[i], up]
                                low = found[when[i] - 1, kind[i], down] if when[i] else at_first[kind[i], down]
                                jacobian[i, j] = (np.log(high) - np.log(low)) / (2.0 * _FINE)
                        if count and not _inverted(jacobian, step, log):
                            how[r] = NO_SLOPE
                            continue
                        log_slope[r] = log[0, 0] if count else 0.0
                        good = True
                        for i in range(count):
                            log_slope[r] += np.log(goal[i, r])
                            if not abs(shocks[unknown[i], r]) < _FURTHEST:
                                good = False
                            for j in range(count):
                                inverse[r, i, j] = step[i, j]
                            if nudged:
                                base = found[when[i] - 1, kind[i], b] if when[i] else at_first[kind[i], b]
                                for n in range(2):
                                    c = (1 + 2 * count + n) * abreast + b
                                    then = found[when[i] - 1, kind[i], c] if when[i] else at_first[kind[i], c]
                                    across[r, i, n] = (np.log(then) - np.log(base)) / _NUDGE
                        how[r] = SOLVED if good else TOO_FAR
                        for s in range(segments):
                            customers[s, r] = everyone[s, b]
                            for k in range(states):
                                occupancy[s, k, r] = here[s, k, b]
                        for t in range(months):
                            for n in range(2):
                                counted[t, n, r] = found[t, n, b]
                            if asked:
                                for f in range(leaves.size):
                                    moved[t, f, r] = flow[t, f, b]
                    continue
                for lane in range(lanes):
                    for b in range(abreast):
                        r, c = min(stage_first + b, draws - 1), lane * abreast + b
                        for i in range(count):
                            now = found[when[i] - 1, 0, c] if when[i] else at_first[0, c]
                            if kind[i] == 0:
                                missing[i, c] = np.log((goal[i, r] - floor[b]) / (now - floor[b]))
                            else:
                                active = found[when[i] - 1, 1, c] if when[i] else at_first[1, c]
                                missing[i, c] = np.log(goal[i, r] / active)
                                if whole[i, r] > 0.0:
                                    missing[i, c] += np.log((now - active) / (whole[i, r] - goal[i, r]))
                waiting = 0
                for b in range(abreast):
                    if not left[b] or left[b] == 2:
                        continue
                    r, far = min(stage_first + b, draws - 1), 0.0
                    for i in range(count):
                        far = max(far, abs(missing[i, b])) if missing[i, b] == missing[i, b] else np.inf
                        for j in range(count):
                            jacobian[i, j] = (missing[i, b] - missing[i, (1 + j) * abreast + b]) / _STEP
                    if not far < np.inf or not _inverted(jacobian, step, log):
                        left[b] = 0
                        how[r] = NO_SLOPE
                        continue
                    for j in range(count):
                        move = 0.0
                        for i in range(count):
                            move += step[j, i] * missing[i, b]
                        if stage_first + b < draws:
                            shocks[unknown[j], r] += min(max(move, -_LONGEST), _LONGEST)
                    if far < _NEAR:
                        left[b] = 2
                    else:
                        waiting += 1
                if waiting == 0:
                    break
            if stage == 0:
                for b in range(min(abreast, draws - stage_first)):
                    if left[b] == 1:
                        how[stage_first + b] = NO_WAY
                        left[b] = 0
