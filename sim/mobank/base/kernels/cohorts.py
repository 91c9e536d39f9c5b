"""People who came at one time, followed through months whose chances are known, and how far each month matters."""

import numpy as np
from numba import float64, int64, void

from mobank.base.arrays import Floats, Ints
from mobank.base.compiled import compiled

_table = float64[:, ::1]
_block = float64[:, :, :, ::1]
_chances = float64[:, :, :, :, ::1]
_wholes = int64[:, ::1]


@compiled(void(_chances, _chances, _block, _wholes, _wholes, int64[::1], _table, _block))
def follow(  # noqa: C901, PLR0912 loops over draws count as branches
    chances: Floats,
    swayed: Floats,
    entered: Floats,
    cells: Ints,
    inside: Ints,
    region: Ints,
    share: Floats,
    slopes: Floats,
) -> None:
    """Find which share of those who entered is counted some months later, and its change with each month's shock.

    The second goes backwards: what somebody in a state is worth at the end is, a month before, the mean of what those
    are worth in whose states the month puts them.

    Parameters
    ----------
    chances : (T, S, K, K, R) of who is in a state (the first K) to be in another a month later.
    swayed : (T, S, K, K, R) their change with the shock of the month, or (0, …) where that is not asked for.
    entered : (N, S, K, R) persons at the end of the months in which they entered.
    cells : (c, 4) number in `entered`, the month after that, how many months are gone through, and the row of `inside`.
    inside : (Q, K) 1 for states that are counted. region : (S,) number of the region of each segment.
    share : (c, R) filled. slopes : (c, A, G, R) filled: change of the share with the shock of each month gone through.
    """
    segments, states, draws = entered.shape[1:]
    longest = slopes.shape[1]
    there = np.empty((longest + 1, segments, states, draws))
    worth, before, total = np.empty((segments, states, draws)), np.empty((segments, states, draws)), np.empty(draws)
    for i in range(cells.shape[0]):
        begin, age, counted = cells[i, 1], cells[i, 2], inside[cells[i, 3]]
        there[0] = entered[cells[i, 0]]
        for a in range(age):
            there[a + 1] = 0.0
            for s in range(segments):
                for k in range(states):
                    for j in range(states):
                        chance = chances[begin + a, s, k, j]
                        for r in range(draws):
                            there[a + 1, s, j, r] += there[a, s, k, r] * chance[r]
        total[:] = 0.0
        share[i] = 0.0
        for s in range(segments):
            for k in range(states):
                for r in range(draws):
                    total[r] += there[0, s, k, r]
                    share[i, r] += counted[k] * there[age, s, k, r]
                    worth[s, k, r] = counted[k]
        for r in range(draws):
            share[i, r] /= total[r]
        slopes[i] = 0.0
        for a in range(age - 1, -1, -1) if swayed.shape[0] else range(0):
            before[:] = 0.0
            for s in range(segments):
                for k in range(states):
                    for j in range(states):
                        chance, change = chances[begin + a, s, k, j], swayed[begin + a, s, k, j]
                        for r in range(draws):
                            before[s, k, r] += chance[r] * worth[s, j, r]
                            slopes[i, a, region[s], r] += there[a, s, k, r] * change[r] * worth[s, j, r] / total[r]
            worth[:] = before
