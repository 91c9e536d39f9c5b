"""Compiled loops over bit planes: a month of one record per person, 64 persons to a machine word.

A person's state is a small number, its *code*, and bit p of everybody's code stands in plane p: lane i of word w is
person 64·w + i. What is done to one person is then a few logical operations on whole words. The code 0 is an empty
place, so that fresh memory holds nobody.

Who moves is decided by comparing a uniform number of 40 bits per person with the cumulative chances of the person's
state, from the highest bit down and for 512 persons at a time; after `PREFIX` bits about one person in two thousand is
undecided and compared alone.

Luck is counter-based, whichever thread makes it: bit b of word w of group g is a bit of half-words 128·b + 2·w and the
next of ``stirred(mix(key + (g + 1)·γ))``; the lower bits of who stays undecided are SplitMix64's, from the same root.

This file knows no state or flow by name. Its compiled functions call none of another file but the mixer and
`sim.lanes`; numba's cache does not see a change there, and a test holds the bits against both in plain Python.

References
----------
Knuth (1997), "The Art of Computer Programming", vol. 2, 3.4.2, algorithm S (exactly so many of so many).
Arlazarov, Dinic, Kronrod, Faradžev (1970) (the tables of unions, "four Russians").
"""

from typing import Any

import numpy as np
from numba import carray, int64, njit, uint8, uint32, uint64, void  # type: ignore[attr-defined]
from numpy.typing import NDArray

from sim.kernels import GAMMA, mix
from sim.lanes import (
    WIDE,
    any_of,
    count_on,
    load,
    lowest,
    ones,
    spread,
    stirred,
    store,
    take_next,
    wide,
    words_from,
)  # fmt: skip

Uints = NDArray[np.uint64]
Ints = NDArray[np.int64]

LANES = 64  # persons of a word
WORDS = 64  # words of a group
GROUP = LANES * WORDS  # persons of a group
CHANCE_BITS = 40  # a chance is a whole multiple of 2⁻⁴⁰

# Unsigned throughout: with signed indices the compiler gives up vector code, and a sweep takes eight times as long.
_G, _V = np.uint64(WORDS), np.uint64(WIDE)
_ZERO, _ONE, _TWO, _THREE, _EIGHT = (np.uint64(n) for n in (0, 1, 2, 3, 8))
_ALL = np.uint64(2**64 - 1)
PREFIX = np.uint64(12)  # bits compared for all at once: tuning
_TOP = np.uint64(CHANCE_BITS - 1)
_SIX = np.uint64(6)
_FIRST_LANES = np.uint64(LANES - 1)

_options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


_row, _table, _cube = uint64[::1], uint64[:, ::1], uint64[:, :, ::1]
_inlined: dict[str, Any] = {"inline": "always", **_options}  # a call a group would count references to each array


@njit(_row(_table), **_options)
def _can_be_left(cuts: Uints) -> Uints:
    """Return which rows of the cuts leave anybody a chance to go."""
    live = np.empty(cuts.shape[0], np.uint64)
    alive = 0
    for e in range(cuts.shape[0]):
        if cuts[e, cuts.shape[1] - 1] > _ZERO:
            live[alive] = e
            alive += 1
    return live[:alive]


@njit(_cube(_table, _row, uint64), **_options)
def _unions_by_bit(cuts: Uints, live: Uints, triples: Any) -> Uints:
    """Return where the unions stand of those whose cut has a bit set, (L, PREFIX, triples)."""
    union = np.zeros((np.uint64(cuts.shape[1]), PREFIX, triples), np.uint64)
    for j in range(np.uint64(cuts.shape[1])):
        for b in range(PREFIX):
            for c in range(triples):
                union[j, b, c] = c * _EIGHT * _V
            for i in range(np.uint64(live.size)):
                if (cuts[live[i], j] >> (_TOP - b)) & _ONE:
                    union[j, b, i // _THREE] += _V << (i % _THREE)
    return union


@njit(_table(uint64, uint64), **_options)
def _pairs(alive: Any, triples: Any) -> Uints:
    """Return which unions of two or three codes of a triple are of which others: (n, 3), a union and its two parts."""
    pairs, n = np.empty((triples * _EIGHT, _THREE), np.uint64), _ZERO
    for c in range(triples):
        for s in range(_THREE, _EIGHT):
            low = s & (~s + _ONE)
            if s != low and _THREE * c < alive and s < (_ONE << min(_THREE, alive - _THREE * c)):
                pairs[n, 0], pairs[n, 1], pairs[n, 2] = c * _EIGHT + s, c * _EIGHT + (s ^ low), c * _EIGHT + low
                n += _ONE
    return pairs[:n] * _V


@njit(_table(_row, _row, _table, _row), **_options)
def _moves(codes: Uints, live: Uints, to: Uints, at: Uints) -> Uints:
    """Return the moves there are: (n, 5), where the code's people stand, level, bits that change, row and column."""
    moves, n = np.empty((live.size * to.shape[1], 5), np.uint64), 0
    for j in range(to.shape[1]):
        for i in range(live.size):
            change = to[live[i], j] ^ codes[live[i]]
            if change != _ZERO:
                moves[n, 0], moves[n, 1], moves[n, 2], moves[n, 3], moves[n, 4] = at[i], j * _V, change, live[i], j
                n += 1
    return moves[:n]


@njit(wide(_row, uint64, uint64, uint64, _row, _row, _row, _row), **_inlined)
def _find(
    planes: Uints, stride: Any, depth: Any, a: Any, codes: Uints, live: Uints, at: Uints, here: Uints
) -> Any:  # fmt: skip
    """Mark in `here` who of eight words holds each live code; return who holds any."""
    some = spread(_ZERO)
    for i in range(np.uint64(live.size)):
        code = codes[live[i]]
        mine = load(planes, a) ^ spread(_ZERO if code & _ONE else _ALL)
        for p in range(_ONE, depth):
            mine &= load(planes, a + p * stride) ^ spread(_ZERO if (code >> p) & _ONE else _ALL)
        store(here, at[i], mine)
        some |= mine
    return some


@njit(wide(wide, _row, _cube, uint64, _row, _row, _row), **_inlined)
def _compare(
    some: Any, here: Uints, union: Uints, j: Any, luck: Uints, below: Uints, tied: Uints
) -> Any:  # fmt: skip
    """Mark who is below their cut of level j by the prefix, and who is tied; return the tied."""
    under, even = spread(_ZERO), some
    for b in range(PREFIX):
        theirs = load(here, union[j, b, 0]) | load(here, union[j, b, 1])
        for c in range(_TWO, np.uint64(union.shape[2])):
            theirs |= load(here, union[j, b, c])
        parted = even & (load(luck, b * _V) ^ theirs)
        under |= parted & theirs
        even ^= parted
    store(below, j * _V, under)
    store(tied, j * _V, even)
    return even


@njit(void(uint64, uint64, _table, _row, _row, _row, _row, _row), **_inlined)
def _decide(
    root: Any, first: Any, cuts: Uints, live: Uints, at: Uints, here: Uints, below: Uints, tied: Uints
) -> None:  # fmt: skip
    """Compare the bits below the prefix, one by one for the few who are still tied with a cut."""
    levels = np.uint64(cuts.shape[1])
    rest = (_ONE << (_TOP + _ONE - PREFIX)) - _ONE
    for w in range(_V):
        left = _ZERO
        for j in range(levels):
            left |= tied[j * _V + w]
        if left == _ZERO:
            continue
        word_root = mix(root + (first + w + _ONE) * GAMMA)
        while left != _ZERO:
            lane = lowest(left)
            bit = _ONE << lane
            left ^= bit
            u = mix(word_root + (lane + _ONE) * GAMMA) >> (np.uint64(24) + PREFIX)
            i = _ZERO
            while here[at[i] + w] & bit == _ZERO:
                i += _ONE
            for j in range(levels):
                if tied[j * _V + w] & bit and u < (cuts[live[i], j] & rest):
                    below[j * _V + w] |= bit


@njit(void(_row, uint64, uint64, uint64, _table, _row, _row, _row, _row), **_inlined)
def _apply(
    planes: Uints, stride: Any, depth: Any, a: Any, moves: Uints, here: Uints, below: Uints, moving: Uints,
    moved: Uints,
) -> None:  # fmt: skip
    """Change the codes of those who move, and count them on in `moved`."""
    for x in range(np.uint64(moves.shape[0])):
        j = moves[x, 1]
        fresh = load(below, j)
        if j > _ZERO:
            fresh ^= load(below, j - _V)  # who is below a cut is below all that follow
        fresh &= load(here, moves[x, 0])
        store(moving, x * _V, fresh)
        store(moved, x * _V, count_on(load(moved, x * _V), fresh))
    for p in range(depth):
        plane = load(planes, a + p * stride)
        for x in range(np.uint64(moves.shape[0])):
            if (moves[x, 2] >> p) & _ONE:
                plane ^= load(moving, x * _V)
        store(planes, a + p * stride, plane)


@njit(void(_row, uint64, uint64, uint64, uint64, uint64, _row, _table, _table, int64[:, ::1]), **_options)
def _advance(
    planes: Uints, stride: Any, depth: Any, groups: Any, number: Any, key: Any, codes: Uints, cuts: Uints, to: Uints,
    counts: Ints,
) -> None:  # fmt: skip
    """Move the people of one block, so many groups, the first of which has a number in its segment, for one month."""
    levels = np.uint64(cuts.shape[1])
    live = _can_be_left(cuts)
    alive = np.uint64(live.size)
    if alive == _ZERO:
        return
    triples = max(_TWO, (alive + _TWO) // _THREE)  # unions of three codes each are looked up
    at = np.empty(alive, np.uint64)
    for i in range(alive):
        at[i] = ((i // _THREE) * _EIGHT + (_ONE << (i % _THREE))) * _V
    union, pairs, moves = _unions_by_bit(cuts, live, triples), _pairs(alive, triples), _moves(codes, live, to, at)
    here, luck = np.zeros(triples * _EIGHT * _V, np.uint64), np.empty(PREFIX * _V, np.uint64)
    below, tied = np.empty(levels * _V, np.uint64), np.empty(levels * _V, np.uint64)
    moving, moved = np.empty(moves.shape[0] * WIDE, np.uint64), np.zeros(moves.shape[0] * WIDE, np.uint64)
    for a in range(_ZERO, groups * _G, _V):
        some = _find(planes, stride, depth, a, codes, live, at, here)
        if any_of(some) == _ZERO:
            continue
        for x in range(np.uint64(pairs.shape[0])):
            store(here, pairs[x, 0], load(here, pairs[x, 1]) | load(here, pairs[x, 2]))
        root, first = mix(key + (number + a // _G + _ONE) * GAMMA), a % _G
        for b in range(PREFIX):
            store(luck, b * _V, stirred(root, (b * _G + first) * _TWO))
        undecided = spread(_ZERO)
        for j in range(levels):
            undecided |= _compare(some, here, union, j, luck, below, tied)
        if any_of(undecided) != _ZERO:
            _decide(root, first, cuts, live, at, here, below, tied)
        _apply(planes, stride, depth, a, moves, here, below, moving, moved)
    for x in range(moves.shape[0]):
        for w in range(WIDE):
            counts[moves[x, 3], moves[x, 4]] += int64(moved[x * WIDE + w])


@njit(void(_table, _row, uint64, _row, _row, _cube, _table, int64[:, :, ::1]), **_options)
def advance(
    blocks: Uints, taken: Uints, depth: Any, keys: Uints, codes: Uints, cuts: Uints, to: Uints, counts: Ints
) -> None:  # fmt: skip
    """Move the people of blocks for one month, those that no other thread has taken.

    Parameters
    ----------
    blocks : (B, 5) where a block's planes begin in memory, words of a plane, groups in use, the number of the first of
        them in its segment, and the segment. A plane's words follow another's.
    taken : (1,) how many blocks are taken; shared by the threads.
    depth : planes that may be in use.
    keys : (S,) of segment, month and replicate.
    codes : (E,) codes that people leave, each once.
    cuts : (S, E, L) cumulative chances × 2⁴⁰, not falling along L; a code with fewer exits repeats its last.
    to : (E, L) codes that they enter; the code itself where the exit is none.
    counts : (S, E, L) persons moved; added to.
    """
    while True:
        b = take_next(taken)
        if b >= np.uint64(blocks.shape[0]):
            return
        stride, segment = blocks[b, 1], blocks[b, 4]
        planes = carray(words_from(blocks[b, 0]), (int64(depth * stride),))
        _advance(planes, stride, depth, blocks[b, 2], blocks[b, 3], keys[segment], codes, cuts[segment], to,
                 counts[segment])  # fmt: skip


@njit(void(_row, uint64, uint64, uint64, uint64, uint64), **_options)
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


@njit(uint64(_row, uint64, uint64, uint64, uint64), inline="always", **_options)
def _with_code(planes: Uints, stride: Any, depth: Any, code: Any, w: Any) -> Any:
    """Return the lanes of word w that hold a code."""
    found = _ALL
    for p in range(depth):
        found &= planes[p * stride + w] ^ (_ZERO if (code >> p) & _ONE else _ALL)
    return found


@njit(int64(_row, uint64, uint64, uint64, uint64), **_options)
def count(planes: Uints, stride: Any, depth: Any, groups: Any, code: Any) -> Any:
    """Return how many people of a block have a code."""
    found = _ZERO
    for w in range(groups * _G):
        found += ones(_with_code(planes, stride, depth, code, w))
    return int64(found)


_choosing = void(_row, uint64, uint64, _row, uint64, uint64, uint64, int64, int64)


@njit(_choosing, **_options)
def choose(
    planes: Uints, stride: Any, depth: Any, where: Uints, code: Any, chosen: Any, rest: Any, wanted: int, among: int
) -> None:  # fmt: skip
    """Give exactly `wanted` of the `among` people with a code the code `chosen`, and the others the code `rest`.

    Every choice of so many people is as likely as any other (Knuth's algorithm S). `where` as in `advance`.
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


@njit(int64(_row, uint64, uint64, uint64, uint64, uint64, uint32[::1]), **_options)
def ids(
    planes: Uints, stride: Any, depth: Any, groups: Any, code: Any, first: Any, found: NDArray[np.uint32]
) -> Any:  # fmt: skip
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


@njit(void(_row, uint64, uint64, uint64, _row), **_options)
def change_some(planes: Uints, stride: Any, depth: Any, change: Any, persons: Uints) -> None:
    """Change the code of some persons of a block, by position (the code they have ^ the code they get)."""
    for i in range(np.uint64(persons.size)):
        for p in range(depth):
            if (change >> p) & _ONE:
                planes[p * stride + (persons[i] >> _SIX)] ^= _ONE << (persons[i] & _FIRST_LANES)


@njit(void(_row, uint64, uint64, uint8[::1]), **_options)
def paint(planes: Uints, stride: Any, depth: Any, codes: NDArray[np.uint8]) -> None:
    """Put people into the first places of an empty block, one of each of the codes given."""
    for i in range(np.uint64(codes.size)):
        for p in range(depth):
            planes[p * stride + (i >> _SIX)] |= ((np.uint64(codes[i]) >> p) & _ONE) << (i & _FIRST_LANES)
