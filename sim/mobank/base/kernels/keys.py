"""Keys of draws: the mixer, the uniforms of a key, and the keys of many draws at once.

A draw is a function of its 64-bit key. The key of one draw is ``mix(lot ^ who)``, where `lot` stands for purpose,
month, flow and segment and `who` for the replicate (see `mobank.base.streams`); the draw's own uniforms are
``mix(key + i · γ)``, i = 1, 2, …

References
----------
Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators" (the mixer, Stafford's variant 13).
"""

import numpy as np
from numba import float64, uint64, void

from mobank.base.arrays import Floats, Uints
from mobank.base.compiled import compiled

GAMMA = np.uint64(0x9E3779B97F4A7C15)  # odd, from the golden ratio: successive counters differ in many bits
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = (np.uint64(s) for s in (30, 27, 31))
S12 = np.uint64(12)
HALF_ULP = 0.5
TO_UNIT = 2.0**-52  # with the half, 52 bits are what a float holds exactly: never 0, never 1


@compiled(uint64(uint64), inline="always")
def mix(x: np.uint64) -> np.uint64:
    """Return 64 well-mixed bits; a bijection, so distinct inputs keep distinct outputs."""
    x = (x ^ (x >> _S30)) * _MIX_1
    x = (x ^ (x >> _S27)) * _MIX_2
    return x ^ (x >> _S31)


@compiled(float64(uint64, uint64), inline="always")
def unit(key: np.uint64, i: np.uint64) -> float:
    """Return the i-th uniform of a key, in the open interval (0, 1)."""
    return (float(mix(key + i * GAMMA) >> S12) + HALF_ULP) * TO_UNIT


@compiled(void(uint64[::1], uint64[::1], uint64[:, ::1]))
def pair_keys(lots: Uints, who: Uints, out: Uints) -> None:
    """Fill `out` (R, L) with the key of every pair of a replicate (R,) and a lot (L,)."""
    for r in range(who.size):
        for j in range(lots.size):
            out[r, j] = mix(lots[j] ^ who[r])


@compiled(void(uint64[::1], float64[::1]))
def uniforms(keys: Uints, out: Floats) -> None:
    """Fill `out` with the first uniform of each key, in (0, 1)."""
    for i in range(keys.size):
        out[i] = unit(keys[i], np.uint64(1))
