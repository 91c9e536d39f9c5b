"""Compiled loops over bit planes: one record per person, 64 persons to a machine word.

A person's state is a small number, its *code*, and bit p of everybody's code stands in plane p: lane i of word w is
person 64·w + i. What is done to one person is then a few logical operations on whole words. The code 0 is an empty
place, so that fresh memory holds nobody. A month's moves are in `mobank.fidelity.people.monthly_kernel`.

This file knows no state or flow by name.

References
----------
Knuth (1997), "The Art of Computer Programming", vol. 2, 3.4.2, algorithm S (exactly so many of so many).
"""

from typing import Any

import numpy as np
from numba import int64, uint8, uint32, uint64, void
from numpy.typing import NDArray

from mobank.base.arrays import Uints
from mobank.base.compiled import compiled
from mobank.base.kernels.keys import GAMMA, mix
from mobank.fidelity.people.simd import lowest, ones

LANES = 64  # persons of a word
WORDS = 64  # words of a group
GROUP = LANES * WORDS  # persons of a group
CHANCE_BITS = 40  # a chance is a whole multiple of 2⁻⁴⁰

# Unsigned throughout: with signed indices the compiler gives up vector code.
_G = np.uint64(WORDS)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_ALL = np.uint64(2**64 - 1)
_SIX = np.uint64(6)
_FIRST_LANES = np.uint64(LANES - 1)

_row = uint64[::1]


@compiled(void(_row, uint64, uint64, uint64, uint64, uint64))
def enter(planes: Uints, stride: Any, depth: Any, first: Any, last: Any, code: Any) -> None:
    """Put people of one code in the empty places first, …, last − 1 of a block."""
    for p in range(depth):
        if (code >> p) & _ONE == _ZERO:
            continue
        for w in range(first >> _SIX, (last + _FIRST_LANES) >> _SIX):
            start, stop = w << _SIX, (w + _ONE) << _SIX
            mask = _ALL
            if first > start:
                mask &= _ALL << (first - start)
            if last < stop:
                mask &= _ALL >> (stop - last)
            planes[p * stride + w] |= mask


@compiled(uint64(_row, uint64, uint64, uint64, uint64), inline="always")
def _with_code(planes: Uints, stride: Any, depth: Any, code: Any, w: Any) -> Any:
    """Return the lanes of word w that hold a code."""
    found = _ALL
    for p in range(depth):
        found &= planes[p * stride + w] ^ (_ZERO if (code >> p) & _ONE else _ALL)
    return found


@compiled(int64(_row, uint64, uint64, uint64, uint64))
def count(planes: Uints, stride: Any, depth: Any, groups: Any, code: Any) -> Any:
    """Return how many people of a block have a code."""
    found = _ZERO
    for w in range(groups * _G):
        found += ones(_with_code(planes, stride, depth, code, w))
    return int64(found)


_choosing = void(_row, uint64, uint64, _row, uint64, uint64, uint64, int64, int64)


@compiled(_choosing)
def choose(
    planes: Uints, stride: Any, depth: Any, where: Uints, code: Any, chosen: Any, rest: Any, wanted: int, among: int
) -> None:
    """Give exactly `wanted` of the `among` people with a code the code `chosen`, and the others the code `rest`.

    Every choice of so many people is as likely as any other (Knuth's algorithm S). `where` is how many groups are in
    use, the number of the first of them in its segment, and the key.
    """
    for w in range(where[0] * _G):
        left = _with_code(planes, stride, depth, code, w)
        if left == _ZERO:
            continue
        root = mix(where[2] + (where[1] * _G + w + _ONE) * GAMMA)
        while left != _ZERO:
            lane = lowest(left)
            left ^= _ONE << lane
            u = float(mix(root + (lane + _ONE) * GAMMA) >> np.uint64(11)) * 2.0**-53
            new = chosen if u * among < wanted else rest
            wanted -= 1 if new == chosen else 0
            among -= 1
            change = new ^ code
            for p in range(depth):
                planes[p * stride + w] ^= ((change >> p) & _ONE) << lane


@compiled(int64(_row, uint64, uint64, uint64, uint64, uint64, uint32[::1]))
def ids(planes: Uints, stride: Any, depth: Any, groups: Any, code: Any, first: Any, found: NDArray[np.uint32]) -> Any:
    """Fill `found` with the ids of who holds a code, `first` being that of the first person; return how many."""
    n = 0
    for w in range(groups * _G):
        left = _with_code(planes, stride, depth, code, w)
        while left != _ZERO:
            lane = lowest(left)
            left ^= _ONE << lane
            found[n] = first + (w << _SIX) + lane
            n += 1
    return n


@compiled(void(_row, uint64, uint64, uint64, _row))
def change_some(planes: Uints, stride: Any, depth: Any, change: Any, persons: Uints) -> None:
    """Change the code of some persons of a block, by position (the code they have ^ the code they get)."""
    for i in range(np.uint64(persons.size)):
        for p in range(depth):
            if (change >> p) & _ONE:
                planes[p * stride + (persons[i] >> _SIX)] ^= _ONE << (persons[i] & _FIRST_LANES)


@compiled(void(_row, uint64, uint64, uint8[::1]))
def paint(planes: Uints, stride: Any, depth: Any, codes: NDArray[np.uint8]) -> None:
    """Put people into the first places of an empty block, one of each of the codes given."""
    for i in range(np.uint64(codes.size)):
        for p in range(depth):
            planes[p * stride + (i >> _SIX)] |= ((np.uint64(codes[i]) >> p) & _ONE) << (i & _FIRST_LANES)
