"""The months of a likelihood: expectations moved through years in one call, without going through Python."""

import numpy as np
from numba import float64, int64, void

from mobank.base.arrays import Floats, Ints
from mobank.base.compiled import compiled
from mobank.base.kernels.month import chances

_ABREAST = 72  # columns that go through a year's months together and stay in the nearest cache; no power of two, so
# that their rows do not crowd each other out of it


@compiled(void(float64[:, :, ::1], int64[::1], float64[:, ::1]))
def _count(occupancy: Floats, states: Ints, out: Floats) -> None:
    """Fill `out` (S, R) with the persons in some states of (S, K, R), marked 1 in (K,)."""
    out[:] = 0.0
    for s in range(out.shape[0]):
        for k in range(states.size):
            if states[k]:
                for r in range(out.shape[1]):
                    out[s, r] += occupancy[s, k, r]


@compiled(void(float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1]))
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


@compiled(void(float64[::1], float64[::1], float64, float64[::1]))
def _between(first: Floats, last: Floats, w: float, out: Floats) -> None:
    """Fill `out` with what lies a share w of the way from first to last, which may be shorter."""
    for r in range(first.size):
        out[r] = first[r] + w * (last[r] - first[r])


_bending = void(float64[:, :, ::1], float64[:, :, ::1], int64, int64, int64, float64[::1], float64, float64[:, ::1])


@compiled(_bending)
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
    float64[:, ::1], float64[::1], float64[:, ::1], int64[::1], int64[::1], int64[::1], float64[:, ::1], float64[::1]
)


@compiled(_stepping)
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


@compiled(_living)
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
                _bend(
                    idle,
                    bend,
                    units[u],
                    first,
                    size,
                    met[meets[u]],
                    along[t],
                    table[plain + units[u] : plain + units[u + 1]],
                )
            for g in range(come.shape[0]):
                table[plain + bent + g, :size] = come[g, part] * growth[t, part]
            for s in range(segments):
                _step(here[s], everyone[s], table, rows[s], leaves, enters, then, grown)
        for s in range(segments):
            occupancy[:, s, part], customers[s, part] = here[s, :, :size], everyone[s, :size]
