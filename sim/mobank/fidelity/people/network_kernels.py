"""Compiled loops for people with contacts of their own: who leaves by them, and who hears that somebody moved.

News is sorted before it is told: first all of a month's, by the range of ids that it is for, then range by range. A
range's counts fit in a processor's cache, and no two threads write to one range, so that the order of blocks and the
number of threads can change nothing.

Luck as in `mobank.fidelity.people.bitplanes`.
"""

from typing import Any

import numpy as np
from numba import float64, int64, uint8, uint32, uint64, void

from mobank.base.arrays import Bytes, Floats, Ints, Uint32s, Uints
from mobank.base.compiled import compiled
from mobank.base.kernels.keys import GAMMA, mix
from mobank.fidelity.people.simd import WIDE, any_of, fetch, load, lowest, ones, spread, stirred, store, wide

RANGE_BITS = 20  # 2 to this power ids to a range, a byte each: of more ranges the streams of news are too many, tuning

_G, _V = np.uint64(64), np.uint64(WIDE)  # words of a group, and of a step
_ZERO, _ONE, _TWO, _SIX = (np.uint64(n) for n in (0, 1, 2, 6))
_ALL = np.uint64(2**64 - 1)
_TOP, _PREFIX = np.uint64(39), np.uint64(12)  # the highest bit of a chance, and bits compared for all at once
_FIRST_LANES, _AFTER = np.uint64(63), np.uint64(65)  # the last lane; the first number of a word that no lane has used
_RANGE, _SOON = np.uint64(RANGE_BITS), np.uint64(64)  # and how many people ahead memory is asked for

_row = uint64[::1]


@compiled(wide(_row, uint64, uint64, uint64, uint64), inline="always")
def _holders(planes: Uints, stride: Any, depth: Any, code: Any, a: Any) -> Any:
    """Return who of eight words holds a code."""
    found = spread(_ALL)
    for p in range(depth):
        found &= load(planes, a + p * stride) ^ spread(_ZERO if (code >> p) & _ONE else _ALL)
    return found


_meeting = void(_row, uint64, uint64, _row, uint64, float64, float64[:, ::1], uint8[::1], uint8[::1], _row)


@compiled(_meeting)
def decide(
    planes: Uints,
    stride: Any,
    depth: Any,
    where: Uints,
    code: Any,
    bound: float,
    shares: Floats,
    degree: Bytes,
    active: Bytes,
    movers: Uints,
) -> None:
    """Mark who leaves a code whose chances depend on a person's own contacts; nobody is moved yet.

    Whether a person is below the bound that no chance passes is decided for 512 at a time; only for those who are, the
    contacts are looked up and a second uniform number compared with their own share of the bound.

    Parameters
    ----------
    where : as in `mobank.fidelity.people.bitplanes.choose`.
    bound : the highest chance of leaving the code. shares : (Q, L) cumulative chances divided by it, at each number of
        contacts and of active ones (row d·(d + 1)/2 + a); the last row is for people without a place in the network.
    degree, active : contacts, and active ones, of each person of the block who has a place.
    movers : (L × stride,) words, filled here.
    """
    levels, placed, last = np.uint64(shares.shape[1]), np.uint64(degree.size), np.uint64(shares.shape[0]) - _ONE
    cut = np.uint64(bound * 2.0**40) + _ONE
    rest = cut & ((_ONE << (_TOP + _ONE - _PREFIX)) - _ONE)
    below, tied = np.empty(_V, np.uint64), np.empty(_V, np.uint64)
    for a in range(_ZERO, where[0] * _G, _V):
        for j in range(levels):
            store(movers, j * stride + a, spread(_ZERO))
        even = _holders(planes, stride, depth, code, a)
        if any_of(even) == _ZERO:
            continue
        root, first = mix(where[2] + (where[1] + a // _G + _ONE) * GAMMA), a % _G
        under = spread(_ZERO)
        for b in range(_PREFIX):
            bit = spread(_ALL if (cut >> (_TOP - b)) & _ONE else _ZERO)
            parted = even & (stirred(root, (b * _G + first) * _TWO) ^ bit)
            under |= parted & bit
            even ^= parted
        store(below, _ZERO, under)
        store(tied, _ZERO, even)
        for w in range(_V):
            word_root = mix(root + (first + w + _ONE) * GAMMA)
            left, found = tied[w], below[w]
            while left != _ZERO:
                lane = lowest(left)
                left ^= _ONE << lane
                if mix(word_root + (lane + _ONE) * GAMMA) >> (np.uint64(24) + _PREFIX) < rest:
                    found |= _ONE << lane
            while found != _ZERO:
                lane = lowest(found)
                found ^= _ONE << lane
                person, row = ((a + w) << _SIX) + lane, last
                if person < placed:
                    d = np.uint64(degree[person])
                    row = ((d * (d + _ONE)) >> _ONE) + np.uint64(active[person])
                u = float(mix(word_root + (lane + _AFTER) * GAMMA) >> np.uint64(11)) * 2.0**-53
                level = _ZERO
                while level < levels and u >= shares[row, level]:
                    level += _ONE
                if level < levels:
                    movers[level * stride + a + w] |= _ONE << lane


@compiled(int64(_row, uint64, uint64, uint64, uint64, _row, uint64))
def move_marked(planes: Uints, stride: Any, depth: Any, groups: Any, change: Any, movers: Uints, level: Any) -> Any:
    """Change the code of those marked at a level (the code they leave ^ the code they enter); return how many."""
    moved = _ZERO
    for w in range(groups * _G):
        marked = movers[level * stride + w]
        if marked != _ZERO:
            moved += ones(marked)
            for p in range(depth):
                if (change >> p) & _ONE:
                    planes[p * stride + w] ^= marked
    return int64(moved)


@compiled(void(_row, uint64, uint64, uint64, _row, _row))
def look(planes: Uints, stride: Any, depth: Any, groups: Any, codes: Uints, found: Uints) -> None:
    """Mark in `found` (stride,) who holds any of some codes."""
    for a in range(_ZERO, groups * _G, _V):
        some = spread(_ZERO)
        for i in range(np.uint64(codes.size)):
            some |= _holders(planes, stride, depth, codes[i], a)
        store(found, a, some)


_sorting = void(_row, _row, uint64, uint64, int64[::1], uint32[::1], uint8[::1], int64[::1], uint32[::1])


@compiled(_sorting)
def sort(
    was: Uints,
    now: Uints,
    first: Any,
    placed: Any,
    offsets: Ints,
    contacts: Uint32s,
    degree: Bytes,
    at: Ints,
    news: Uint32s,
) -> None:
    """Write down whom the people of a block have news for: those who know one who was not active and is, or was.

    Parameters
    ----------
    was, now : mark who of the block was and is active.
    first : the id of the block's first person, of whom `placed` have a place in the network.
    at : (2 × ranges,) where the next news for a range goes: of one more at 2r, of one less at 2r + 1; moved on.
    news : ids of those who have one active contact more or less; if empty, they are only counted in `at`.
    """
    writing = news.size > 0
    moved, n = np.empty(placed + _SOON, np.uint32), _ZERO
    for w in range((placed + _FIRST_LANES) >> _SIX):
        changed = was[w] ^ now[w]
        while changed != _ZERO:
            moved[n] = (w << _SIX) + lowest(changed)
            n += _ONE if moved[n] < placed else _ZERO
            changed &= changed - _ONE
    for i in range(n):
        if i + _SOON < n:
            fetch(offsets, first + np.uint64(moved[i + _SOON]))
            fetch(degree, first + np.uint64(moved[i + _SOON]))
        if i + _SOON // _TWO < n:
            fetch(contacts, np.uint64(offsets[first + np.uint64(moved[i + _SOON // _TWO])]))
        place = np.uint64(moved[i])
        less = _ONE ^ ((now[place >> _SIX] >> (place & _FIRST_LANES)) & _ONE)
        start = np.uint64(offsets[first + place])
        for k in range(start, start + np.uint64(degree[first + place])):
            to = ((np.uint64(contacts[k]) >> _RANGE) << _ONE) | less
            if writing:
                news[np.uint64(at[to])] = contacts[k]
            at[to] += 1


@compiled(void(uint32[::1], int64, int64, int64, uint8[::1]))
def tell(news: Uint32s, low: int, middle: int, high: int, active: Bytes) -> None:
    """Count one active contact more for news low, …, middle − 1, and one less for the rest up to high − 1."""
    for i in range(np.uint64(low), np.uint64(middle)):
        active[np.uint64(news[i])] += uint8(1)
    for i in range(np.uint64(middle), np.uint64(high)):
        active[np.uint64(news[i])] -= uint8(1)
