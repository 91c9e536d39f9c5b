"""Expectations moved through months whose hazards are handed in: the months of a likelihood.

What is particular to a model comes as a function: `fill` works out its hazards
(`mobank.calibration.likelihood.compiled_model`), and a table says which flows compete and which segments share a row.
Sets of parameters stand in columns and go through the months together.
"""

from typing import Any

import numpy as np
from numba import float64, int64, types, void

from mobank.base.arrays import Floats, Ints
from mobank.base.compiled import compiled
from mobank.base.kernels.month import chances

PLAIN, EXPOSED, INTAKE = 0, 1, 2  # kinds of flows: without exposure, with it, from outside

FILLING = void(int64, float64[:, ::1], int64[::1], int64, float64[::1], float64[:, ::1])
FILL = types.FunctionType(FILLING)

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
def tilt(value: Floats, shock: Floats, path_of: Ints, sign: Floats, out: Floats) -> None:
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
def count(occupancy: Floats, states: Ints, size: int, out: Floats) -> None:
    """Fill `out` (S, C) with the persons in some states of (S, K, C), marked 1 in (K,)."""
    for s in range(out.shape[0]):
        for c in range(size):
            out[s, c] = 0.0
        for k in range(states.size):
            if states[k]:
                for c in range(size):
                    out[s, c] += occupancy[s, k, c]


@compiled(void(_rows, _rows, _rows, int64, _rows))
def meet(mixing: Floats, exposed: Floats, customers: Floats, size: int, met: Floats) -> None:
    """Fill `met` (M, C) with the share of exposed (S, C), who are lost, among whom each row of `mixing` meets."""
    for m in range(met.shape[0]):
        for c in range(size):
            met[m, c] = 0.0
    for q in range(exposed.shape[0]):
        share = exposed[q]
        for c in range(size):
            share[c] /= customers[q, c]
        for m in range(met.shape[0]):
            part, row = mixing[m, q], met[m]
            for c in range(size):
                row[c] += part * share[c]


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
        row, target = table[rows[f]], then[enters[f]]
        if leaves[f] < 0:
            for c in range(size):
                came = row[c] * everyone[c]
                target[c] += came
                grown[c] += came
        else:
            source, left = here[leaves[f]], then[leaves[f]]
            for c in range(size):
                gone = source[c] * row[c]
                target[c] += gone
                left[c] -= gone
    for k in range(then.shape[0]):
        for c in range(size):
            here[k, c] = then[k, c]
    for c in range(size):
        everyone[c] += grown[c]


_filling = void(FILL, _rows, _wholes, _wholes, int64, int64, _rows, _rows)


@compiled(_filling)
def work_out(
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
            if kind != INTAKE:
                _compete(rows, size)


@compiled(void(_cube, float64[::1], _wholes, float64[::1]))
def _write_off(here: Floats, off: Floats, exits: Ints, asked: Floats) -> None:
    """Move `off` (C,) persons of (S, K, C) from some states into others, `exits` (E, 2), in proportion, in place.

    No more than there are: `asked` (C,) becomes the largest share of them that was ever to be moved, if that is larger.
    """
    there = np.zeros(off.size)
    for s in range(here.shape[0]):
        for e in range(exits.shape[0]):
            for c in range(off.size):
                there[c] += here[s, exits[e, 0], c]
    for c in range(off.size):
        there[c] = off[c] / there[c] if off[c] > 0.0 else 0.0
        asked[c] = max(asked[c], there[c])
    for s in range(here.shape[0]):
        for e in range(exits.shape[0]):
            for c in range(off.size):
                gone = min(there[c], 1.0) * here[s, exits[e, 0], c]
                here[s, exits[e, 0], c] -= gone
                here[s, exits[e, 1], c] += gone


_living = void(
    FILL, _cube, _rows, _rows, _whole, float64[::1], _wholes, _wholes, _rows, _wholes, _whole, _whole, _whole, _wholes,
    _whole, _rows, _wholes, _rows, _rows, _wholes, _cube, _cube, float64[::1],
)  # fmt: skip


@compiled(_living)
def run(  # noqa: PLR0913, C901, PLR0912 loops over columns count as branches
    fill: Any, here: Floats, everyone: Floats, value: Floats, path_of: Ints, sign: Floats, units: Ints, args: Ints,
    mixing: Floats, row_of: Ints, leaves: Ints, enters: Ints, exposed: Ints, inside: Ints, region: Ints, growth: Floats,
    which: Ints, shocks: Floats, off: Floats, exits: Ints, counted: Floats, moved: Floats, asked: Floats,
) -> None:  # fmt: skip
    """Move expectations (S, K, C) and customers (S, C) through months, in place.

    Parameters
    ----------
    region : (S,) number of the region that each segment is in; all 0 where the bank is counted as a whole.
    growth : (T, C) by which share everyone grows in each month.
    which : (2 G, T) number of the shock of each path in each month, region by region. shocks : (U, C), log scale.
    off : (T, C) persons who are written off in each month before anybody moves, or (0, C) where nobody is.
    exits : (E, 2) the states that they leave, in proportion, and those that they enter.
    counted : (T, G N, C) filled with the persons whom each of N measures of `inside` (N, K) counts after each month,
        region by region.
    moved : (T, G F, C) filled with the persons moved by each flow, region by region, or (0, 0, 0) where nobody asks;
        without those who are written off.
    asked : (C,) filled with the largest share of who could be written off that was; 1 and more where there were too
        few.
    """
    segments, states, size = here.shape
    flows = leaves.size
    then, grown, share = np.empty((states, size)), np.empty(size), np.empty((segments, size))
    met, table = np.zeros((mixing.shape[0], size)), np.zeros((units[:, 2].sum(), size))
    tilted, shock, scale = np.empty(value.shape), np.empty((which.shape[0], size)), np.empty(size)
    come = np.zeros(size)
    asked[:] = 0.0
    for t in range(growth.shape[0]):
        if off.shape[0]:
            _write_off(here, off[t], exits, asked)
        moves = t == 0
        for p in range(which.shape[0]):
            moves |= t > 0 and which[p, t] != which[p, t - 1]
        if moves:
            for p in range(which.shape[0]):
                for c in range(size):
                    shock[p, c] = shocks[which[p, t], c]
            tilt(value, shock, path_of, sign, tilted)
            work_out(fill, tilted, units, args, PLAIN, size, met, table)
        count(here, exposed, size, share)
        meet(mixing, share, everyone, size, met)
        work_out(fill, tilted, units, args, EXPOSED, size, met, table)
        work_out(fill, tilted, units, args, INTAKE, size, met, table)
        come[:] = 0.0
        scale[:] = 0.0
        for s in range(segments):
            for c in range(size):
                scale[c] += everyone[s, c]
            for f in range(flows):
                if leaves[f] < 0:
                    row = table[row_of[s, f]]
                    for c in range(size):
                        come[c] += row[c] * everyone[s, c]
        for c in range(size):
            scale[c] = growth[t, c] * scale[c] / come[c] if come[c] > 0.0 else 0.0
        for u in range(units.shape[0]):
            if units[u, 3] == INTAKE:
                for r in range(units[u, 1], units[u, 1] + units[u, 2]):
                    row = table[r]
                    for c in range(size):
                        row[c] *= scale[c]
        if moved.shape[0]:
            moved[t] = 0.0
            for f in range(flows):
                for s in range(segments):
                    row, people = table[row_of[s, f]], everyone[s] if leaves[f] < 0 else here[s, leaves[f]]
                    gone = moved[t, region[s] * flows + f]
                    for c in range(size):
                        gone[c] += row[c] * people[c]
        for s in range(segments):
            _move(here[s], everyone[s], table, row_of[s], leaves, enters, size, then, grown)
        counted[t] = 0.0
        for n in range(inside.shape[0]):
            count(here, inside[n], size, share)
            for s in range(segments):
                total = counted[t, region[s] * inside.shape[0] + n]
                for c in range(size):
                    total[c] += share[s, c]
