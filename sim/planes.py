"""Compiled loops over bit planes: a month of one record per person, 64 persons to a machine word.

A person's state is a small number, its *code*, and bit p of everybody's code stands in plane p: lane i of word w is
person 64·w + i. What is done to one person is then a few logical operations on whole words. The code 0 is an empty
place, so that fresh memory holds nobody.

Who moves is decided by comparing a uniform number of 40 bits per person with the cumulative chances of the person's
state, from the highest bit down and for 64 persons at a time; after `PREFIX` bits about one person in a hundred is
undecided and compared alone. Persons are taken in groups of 64 words, whose scratch stays in the nearest cache.

Luck is counter-based: bit b of word w of group g is a bit of ``mix(mix(key + (g + 1)·γ) + (64·w + b)·γ)``, SplitMix64's
own sequence, whichever thread makes it.

This file knows no state or flow by name. Its compiled functions call none of another file but the mixer; numba's cache
does not see a change there, and a test holds the bits that come out here against the mixer itself.

References
----------
Knuth (1997), "The Art of Computer Programming", vol. 2, 3.4.2, algorithm S (exactly so many of so many).
Arlazarov, Dinic, Kronrod, Faradžev (1970) (the tables of unions, "four Russians").
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import int64, njit, types, uint64, void
from numba.extending import intrinsic
from numpy.typing import NDArray

from sim.kernels import GAMMA, mix

Uints = NDArray[np.uint64]
Ints = NDArray[np.int64]

LANES = 64  # persons of a word
WORDS = 64  # words of a group
GROUP = LANES * WORDS  # persons of a group
CHANCE_BITS = 40  # a chance is a whole multiple of 2⁻⁴⁰

# Unsigned throughout: with signed indices the compiler gives up vector code, and a sweep takes eight times as long.
_G = np.uint64(WORDS)
_ZERO, _ONE, _TWO, _THREE, _SEVEN, _EIGHT = (np.uint64(n) for n in (0, 1, 2, 3, 7, 8))
_ALL = np.uint64(2**64 - 1)
PREFIX = np.uint64(8)  # bits compared for all at once: tuning
_TOP = np.uint64(CHANCE_BITS - 1)
_SIX = np.uint64(6)
_FIRST_LANES = np.uint64(LANES - 1)
_LAST_COUNTER = np.uint64(63)

_options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


@intrinsic  # type: ignore[misc, untyped-decorator, unused-ignore]
def ones(typing_context: Any, word: Any) -> Any:
    """Return how many bits of a word are set; the compiler knows a vector form of it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic  # type: ignore[misc, untyped-decorator, unused-ignore]
def lowest(typing_context: Any, word: Any) -> Any:
    """Return the position of the lowest bit that is set; the word is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


_advancing = void(
    uint64[::1], uint64, uint64, uint64, uint64, uint64, uint64[::1], uint64[:, ::1], uint64[:, ::1], int64[:, ::1]
)


@njit(_advancing, **_options)
def advance(
    planes: Uints, stride: Any, depth: Any, groups: Any, first: Any, key: Any, codes: Uints, cuts: Uints, to: Uints,
    counts: Ints,
) -> None:  # fmt: skip
    """Move the people of a block for one month.

    Parameters
    ----------
    planes : (depth × stride,) words, plane after plane; changed in place. groups : how many are in use.
    first : number of the block's first group in its segment, for the luck. key : of segment, month and replicate.
    codes : (E,) codes that people leave, each once.
    cuts : (E, L) cumulative chances × 2⁴⁰, not falling along L; a code with fewer exits repeats its last.
    to : (E, L) codes that they enter; the code itself where the exit is none.
    counts : (E, L) persons moved; added to.
    """
    exits, levels = np.uint64(codes.size), np.uint64(cuts.shape[1])
    live = np.empty(exits, np.uint64)  # codes that can be left this month
    alive = _ZERO
    for e in range(exits):
        if cuts[e, levels - _ONE] > _ZERO:
            live[alive] = e
            alive += _ONE
    if alive == _ZERO:
        return
    triples = max(_TWO, (alive + _TWO) // _THREE)  # unions of three codes each are looked up
    here = np.zeros(triples * _EIGHT * _G, np.uint64)
    below, tied = np.empty(levels * _G, np.uint64), np.empty(levels * _G, np.uint64)
    luck, some = np.empty(_G, np.uint64), np.empty(_G, np.uint64)
    at = np.empty(alive, np.uint64)
    for i in range(alive):
        at[i] = ((i // _THREE) * _EIGHT + (_ONE << (i % _THREE))) * _G
    union = np.zeros((PREFIX, levels, triples), np.uint64)  # where people stand whose chance has this bit set
    for b in range(PREFIX):
        for j in range(levels):
            for c in range(triples):
                union[b, j, c] = c * _EIGHT * _G
            for i in range(alive):
                if (cuts[live[i], j] >> (_TOP - b)) & _ONE:
                    union[b, j, i // _THREE] += _G << (i % _THREE)
    rest = (_ONE << (_TOP + _ONE - PREFIX)) - _ONE

    for g in range(groups):
        a = g * _G
        for w in range(_G):
            some[w] = _ZERO
        for i in range(alive):
            o, code = at[i], codes[live[i]]
            flip = _ZERO if code & _ONE else _ALL
            for w in range(_G):
                here[o + w] = planes[a + w] ^ flip
            for p in range(_ONE, depth):
                flip = _ZERO if (code >> p) & _ONE else _ALL
                ap = a + p * stride
                for w in range(_G):
                    here[o + w] &= planes[ap + w] ^ flip
            for w in range(_G):
                some[w] |= here[o + w]
        anybody = _ZERO
        for w in range(_G):
            anybody |= some[w]
        if anybody == _ZERO:
            continue
        for c in range(triples):
            for s in range(_THREE, _EIGHT):
                low = s & (~s + _ONE)
                if s != low and _THREE * c < alive and s < (_ONE << min(_THREE, alive - _THREE * c)):
                    x, y, z = (c * _EIGHT + s) * _G, (c * _EIGHT + (s ^ low)) * _G, (c * _EIGHT + low) * _G
                    for w in range(_G):
                        here[x + w] = here[y + w] | here[z + w]
        for j in range(levels):
            o = j * _G
            for w in range(_G):
                below[o + w] = _ZERO
                tied[o + w] = some[w]

        root = mix(key + (first + g + _ONE) * GAMMA)
        for b in range(PREFIX):
            bit_root = root + b * GAMMA
            for w in range(_G):
                luck[w] = mix(bit_root + w * (_G * GAMMA))
            for j in range(levels):
                o = j * _G
                x, y = union[b, j, 0], union[b, j, 1]
                if triples > _TWO:
                    for w in range(_G):
                        some[w] = here[x + w] | here[y + w]
                    for c in range(_TWO, triples):
                        x = union[b, j, c]
                        for w in range(_G):
                            some[w] |= here[x + w]
                    for w in range(_G):
                        unlike = luck[w] ^ some[w]
                        below[o + w] |= tied[o + w] & unlike & some[w]
                        tied[o + w] &= ~unlike
                else:
                    for w in range(_G):
                        theirs = here[x + w] | here[y + w]
                        unlike = luck[w] ^ theirs
                        below[o + w] |= tied[o + w] & unlike & theirs
                        tied[o + w] &= ~unlike

        for w in range(_G):
            open_ = _ZERO
            for j in range(levels):
                open_ |= tied[j * _G + w]
            if open_ != _ZERO:
                word_root = mix(root + (w * _G + _LAST_COUNTER) * GAMMA)
                while open_ != _ZERO:
                    lane = lowest(open_)
                    bit = _ONE << lane
                    open_ ^= bit
                    u = mix(word_root + (lane + _ONE) * GAMMA) >> (np.uint64(24) + PREFIX)
                    i = _ZERO
                    while here[at[i] + w] & bit == _ZERO:
                        i += _ONE
                    for j in range(levels):
                        if tied[j * _G + w] & bit and u < (cuts[live[i], j] & rest):
                            below[j * _G + w] |= bit

        for j in range(levels):
            o = j * _G
            if j == _ZERO:
                for w in range(_G):
                    some[w] = below[w]
            else:
                before = o - _G
                for w in range(_G):
                    some[w] = below[o + w] & ~below[before + w]
            for i in range(alive):
                e = live[i]
                change = to[e, j] ^ codes[e]
                if change == _ZERO:
                    continue
                m = at[i]
                moved = _ZERO
                for w in range(_G):
                    moved += ones(here[m + w] & some[w])
                if moved:
                    counts[e, j] += int64(moved)
                    for p in range(depth):
                        if (change >> p) & _ONE:
                            ap = a + p * stride
                            for w in range(_G):
                                planes[ap + w] ^= here[m + w] & some[w]


@njit(void(uint64[::1], uint64, uint64, uint64, uint64, uint64), **_options)
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


@njit(uint64(uint64[::1], uint64, uint64, uint64, uint64), inline="always", **_options)
def _with_code(planes: Uints, stride: Any, depth: Any, code: Any, w: Any) -> Any:
    """Return the lanes of word w that hold a code."""
    found = _ALL
    for p in range(depth):
        found &= planes[p * stride + w] ^ (_ZERO if (code >> p) & _ONE else _ALL)
    return found


@njit(int64(uint64[::1], uint64, uint64, uint64, uint64), **_options)
def count(planes: Uints, stride: Any, depth: Any, groups: Any, code: Any) -> int:
    """Return how many people of a block have a code."""
    found = _ZERO
    for w in range(groups * _G):
        found += ones(_with_code(planes, stride, depth, code, w))
    return int64(found)


_choosing = void(uint64[::1], uint64, uint64, uint64, uint64, uint64, uint64, uint64, uint64, int64, int64)


@njit(_choosing, **_options)
def choose(
    planes: Uints, stride: Any, depth: Any, groups: Any, first: Any, key: Any, code: Any, chosen: Any, rest: Any,
    wanted: int, among: int,
) -> None:  # fmt: skip
    """Give exactly `wanted` of the `among` people with a code the code `chosen`, and the others the code `rest`.

    Every choice of so many people is as likely as any other (Knuth's algorithm S).
    """
    for w in range(groups * _G):
        left = _with_code(planes, stride, depth, code, w)
        if left == _ZERO:
            continue
        root = mix(key + (first * _G + w + _ONE) * GAMMA)
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
