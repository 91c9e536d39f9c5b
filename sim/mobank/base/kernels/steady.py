"""The state of a bank that has grown steadily: where a history begins."""

from typing import Any

import numpy as np
from numba import float64, int64, void

from mobank.base.arrays import Floats, Ints
from mobank.base.compiled import compiled
from mobank.base.kernels.expectation import EXPOSED, FILL, PLAIN, meet, tilt, work_out

_ROUNDS = 4  # whose exposure and growth depend on the state itself
_TURNS = 12  # of Newton's method, of how many of each segment are in the level
_ACTIVE_GUESS = 0.35  # of the level, where the rounds begin
_FASTEST = 0.05  # a month, of the growth
_SINGULAR = 1e-12  # a pivot from which nothing can be told
_TINY = 1e-300

_rows = float64[:, ::1]
_cube = float64[:, :, ::1]
_whole = int64[::1]
_wholes = int64[:, ::1]
_numbers = float64[::1]


@compiled(void(_rows, _whole, _whole, _whole, _whole, int64, _numbers, _cube, _rows))
def _equations(
    table: Floats, row_of: Ints, leaves: Ints, enters: Ints, slot: Ints, rest: int, growth: Floats, system: Floats,
    inflow: Floats,
) -> None:  # fmt: skip
    """Fill the system (n, n, C) and the inflow (n, C) per person of the rest, of one segment.

    With n those by state per person of the rest, P the chances between states and g the growth a month, (1 + g) n =
    Pᵀ n + inflow. `slot` (K,) is the place of a state among those of the level, −1 for the others.
    """
    system[:] = 0.0
    inflow[:] = 0.0
    for i in range(system.shape[0]):
        for c in range(growth.size):
            system[i, i, c] = growth[c]
    for f in range(leaves.size):
        source, target = leaves[f], enters[f]
        if source < 0:
            continue
        odds, into, i = table[row_of[f]], slot[target], slot[source]
        if source == rest and into >= 0:
            for c in range(growth.size):
                inflow[into, c] += odds[c]
        elif i >= 0:
            for c in range(growth.size):
                system[i, i, c] += odds[c]
            if into >= 0:
                for c in range(growth.size):
                    system[into, i, c] -= odds[c]


@compiled(void(_cube, _rows, _rows, _numbers))
def _solve(system: Floats, inflow: Floats, out: Floats, fine: Floats) -> None:  # noqa: C901
    """Solve small systems (n, n, C), which are lost, for `out` (n, C); `fine` (C,) becomes 0 where that cannot be.

    Without pivots: a column is dominated by its diagonal, for who leaves a state leaves it once.
    """
    count, size = inflow.shape
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
                inflow[i, c] -= system[i, j, c] * out[j, c]
        for c in range(size):
            out[i, c] = max(inflow[i, c] / system[i, i, c], _TINY)


@compiled(void(_rows, _rows, _rows, _whole, _rows))
def _spread(able: Floats, ratio: Floats, level: Floats, region: Ints, inside: Floats) -> None:
    """Fill `inside` (S, C): of those able, a share with odds ratio · e^t, t such that they sum to the level (G, C)."""
    segments, size = able.shape
    for g in range(level.shape[0]):
        for c in range(size):
            t = 0.0
            for _turn in range(_TURNS):
                total, slope, up = 0.0, 0.0, np.exp(t)
                for s in range(segments):
                    if region[s] == g:
                        part = 1.0 - 1.0 / (1.0 + ratio[s, c] * up)
                        total += able[s, c] * part
                        slope += able[s, c] * part * (1.0 - part)
                t += min(max((level[g, c] - total) / max(slope, 1e-9 * level[g, c]), -2.0), 2.0)
            for s in range(segments):
                if region[s] == g:
                    inside[s, c] = able[s, c] * (1.0 - 1.0 / (1.0 + ratio[s, c] * np.exp(t)))


@compiled(void(_rows, _wholes, _whole, _whole, _whole, int64, _rows, _rows, _cube, _whole, _rows))
def _net_gain(  # noqa: PLR0913
    table: Floats, row_of: Ints, leaves: Ints, enters: Ints, slot: Ints, rest: int, able: Floats, inside: Floats,
    parts: Floats, region: Ints, gain: Floats,
) -> None:  # fmt: skip
    """Fill `gain` (G, C) with the people who enter the level of a region in a month, less those who leave it."""
    gain[:] = 0.0
    for f in range(leaves.size):
        source, target = leaves[f], enters[f]
        if source < 0:
            continue
        for s in range(able.shape[0]):
            odds, into = table[row_of[s, f]], gain[region[s]]
            if source == rest and slot[target] >= 0:
                for c in range(into.size):
                    into[c] += odds[c] * (able[s, c] - inside[s, c])
            elif slot[source] >= 0 and slot[target] < 0:
                for c in range(into.size):
                    into[c] -= odds[c] * parts[s, slot[source], c]


_settling = void(
    FILL, _cube, _rows, _rows, _rows, _whole, _numbers, _wholes, _wholes, _rows, _wholes, _whole, _whole, _whole,
    _whole, _whole, int64, int64, _whole, _rows, _numbers,
)  # fmt: skip


@compiled(_settling)
def settle(  # noqa: PLR0913, C901, PLR0912 loops over columns count as branches
    fill: Any, here: Floats, everyone: Floats, level: Floats, value: Floats, path_of: Ints, sign: Floats, units: Ints,
    args: Ints, mixing: Floats, row_of: Ints, leaves: Ints, enters: Ints, reach: Ints, within: Ints, lively: Ints,
    rest: int, apart: int, region: Ints, shock: Floats, fine: Floats,
) -> None:  # fmt: skip
    """Fill `here` (S, K, C) with the state of a bank that has grown steadily until `level` (G, C) are in its states.

    Parameters
    ----------
    fill, value, path_of, sign, units, args, mixing, row_of, leaves, enters : as of `expectation.run`.
    reach : (S,) rows of the values that say who can be reached. within, lively : (n,) the states of the level, and 1
        for those of the active among them. rest, apart : states of who could enter, and of who never can.
    region : (S,) as of `expectation.run`. shock : (2 G, C) of the paths, region by region, log scale.
    fine : (C,) filled: 1 where there is such a state, else 0.
    """
    segments, states, size = here.shape
    count, slot = within.size, np.full(states, -1)
    for i in range(count):
        slot[within[i]] = i
    met, table = np.zeros((mixing.shape[0], size)), np.zeros((units[:, 2].sum(), size))
    tilted = np.empty(value.shape)
    tilt(value, shock, path_of, sign, tilted)
    work_out(fill, tilted, units, args, PLAIN, size, met, table)
    able, inside, active = np.empty((segments, size)), np.empty((segments, size)), np.empty((segments, size))
    ratio, growth, total = np.empty((segments, size)), np.full(level.shape, 0.01), np.zeros(level.shape)
    system, inflow, parts = np.empty((count, count, size)), np.empty((count, size)), np.empty((segments, count, size))
    fine[:] = 1.0
    for s in range(segments):
        for c in range(size):
            able[s, c] = tilted[reach[s], c] * everyone[s, c]
            total[region[s], c] += able[s, c]
    for s in range(segments):
        for c in range(size):
            active[s, c] = able[s, c] * (level[region[s], c] / total[region[s], c]) * _ACTIVE_GUESS
    for _ in range(_ROUNDS):
        meet(mixing, active, everyone, size, met)
        work_out(fill, tilted, units, args, EXPOSED, size, met, table)
        for s in range(segments):
            _equations(table, row_of[s], leaves, enters, slot, rest, growth[region[s]], system, inflow)
            _solve(system, inflow, parts[s], fine)
            for c in range(size):
                ratio[s, c] = 0.0
            for i in range(count):
                for c in range(size):
                    ratio[s, c] += parts[s, i, c]
        _spread(able, ratio, level, region, inside)
        for s in range(segments):
            for c in range(size):
                active[s, c] = 0.0
            for i in range(count):
                for c in range(size):
                    parts[s, i, c] *= inside[s, c] / ratio[s, c]
                    if lively[i]:
                        active[s, c] += parts[s, i, c]
        _net_gain(table, row_of, leaves, enters, slot, rest, able, inside, parts, region, total)
        for g in range(level.shape[0]):
            for c in range(size):
                growth[g, c] = min(max(total[g, c] / level[g, c], 0.0), _FASTEST)
    here[:] = 0.0
    for s in range(segments):
        for i in range(count):
            for c in range(size):
                here[s, within[i], c] = parts[s, i, c]
        for c in range(size):
            here[s, rest, c] = able[s, c] - inside[s, c]
            here[s, apart, c] = everyone[s, c] - able[s, c]
