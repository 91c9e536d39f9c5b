"""One month of everybody: who leaves which state for which other, 64 persons to a machine word.

Who moves is decided by comparing a uniform number of 40 bits per person with the cumulative chances of the person's
state, from the highest bit down and for 512 persons at a time; after `PREFIX` bits about one person in two thousand is
undecided and compared alone.

Luck is counter-based, whichever thread makes it: bit b of word w of group g is a bit of half-words 128·b + 2·w and the
next of ``stirred(mix(key + (g + 1)·γ))``; the lower bits of who stays undecided are SplitMix64's, from the same root.

A month of a million people takes less time than it takes to hand a job to a Python thread. So the helpers of a team
wait in compiled code, in `serve`, and take part in what `lead` puts on the team's board.

This file knows no state or flow by name. A test holds its bits against the mixer and `mobank.fidelity.people.simd` in
plain Python.

References
----------
Arlazarov, Dinic, Kronrod, Faradžev (1970) (the tables of unions, "four Russians").
"""

from typing import Any

import numpy as np
from numba import carray, int64, types, uint64, void  # type: ignore[attr-defined]

from mobank.base.arrays import Uints
from mobank.base.compiled import compiled
from mobank.base.kernels.keys import GAMMA, mix
from mobank.fidelity.people.bitplanes import CHANCE_BITS, WORDS
from mobank.fidelity.people.simd import (
    WIDE,
    add_to,
    any_of,
    count_on,
    load,
    lowest,
    peek,
    put,
    spread,
    stirred,
    store,
    wide,
    words_from,
)
from mobank.fidelity.people.thread_team import CALL, FIRST, INSIDE, KIND, NUMBER, OPEN

# Unsigned throughout: with signed indices the compiler gives up vector code, and a sweep takes eight times as long.
_G, _V = np.uint64(WORDS), np.uint64(WIDE)
_ZERO, _ONE, _TWO, _THREE, _EIGHT = (np.uint64(n) for n in (0, 1, 2, 3, 8))
_ALL = np.uint64(2**64 - 1)
PREFIX = np.uint64(12)  # bits compared for all at once: tuning
_TOP = np.uint64(CHANCE_BITS - 1)

_OPEN, _INSIDE = np.uint64(OPEN), np.uint64(INSIDE)
SWEEP = CALL + 1  # the kind of job that this is on a team's board
TAKEN = FIRST  # how many blocks are taken; then where the arrays begin in memory and how long they are
BLOCKS, MANY, DEPTH, KEYS, CODES, CUTS, TO, COUNTS, SEGMENTS, LEFT, LEVELS = range(TAKEN + 1, TAKEN + 12)


_row, _table, _cube = uint64[::1], uint64[:, ::1], uint64[:, :, ::1]


@compiled(_row(_table))
def _can_be_left(cuts: Uints) -> Uints:
    """Return which rows of the cuts leave anybody a chance to go."""
    live = np.empty(cuts.shape[0], np.uint64)
    alive = 0
    for e in range(cuts.shape[0]):
        if cuts[e, cuts.shape[1] - 1] > _ZERO:
            live[alive] = e
            alive += 1
    return live[:alive]


@compiled(_cube(_table, _row, uint64))
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


@compiled(_table(uint64, uint64))
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


@compiled(_table(_row, _row, _table, _row))
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


@compiled(_row(_row, _row, uint64))
def _flips(codes: Uints, live: Uints, depth: Any) -> Uints:
    """Return what turns the planes of a code's people into ones, (live × depth × 8,) words."""
    flips = np.zeros(live.size * depth * _V, np.uint64)
    for i in range(np.uint64(live.size)):
        for p in range(depth):
            for w in range(_V):
                flips[(i * depth + p) * _V + w] = _ZERO if (codes[live[i]] >> p) & _ONE else _ALL
    return flips


@compiled(wide(_row, uint64, uint64, uint64, _row, _row, _row), inline="always")
def _find(planes: Uints, stride: Any, depth: Any, a: Any, flips: Uints, at: Uints, here: Uints) -> Any:
    """Mark in `here` who of eight words holds each live code; return who holds any."""
    some = spread(_ZERO)
    for i in range(np.uint64(at.size)):
        mine = spread(_ALL)
        for p in range(depth):
            mine &= load(planes, a + p * stride) ^ load(flips, (i * depth + p) * _V)
        store(here, at[i], mine)
        some |= mine
    return some


@compiled(wide(wide, _row, _cube, uint64, _row, _row, _row), inline="always")
def _compare(some: Any, here: Uints, union: Uints, j: Any, luck: Uints, below: Uints, tied: Uints) -> Any:
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


@compiled(void(uint64, uint64, _table, _row, _row, _row, _row, _row), inline="always")
def _decide(root: Any, first: Any, cuts: Uints, live: Uints, at: Uints, here: Uints, below: Uints, tied: Uints) -> None:
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


@compiled(_table(_table, uint64))
def _turns(moves: Uints, depth: Any) -> Uints:
    """Return for each plane how many moves change it, and where those stand: (depth, n + 1)."""
    turns = np.zeros((int64(depth), moves.shape[0] + 1), np.uint64)
    for p in range(depth):
        for x in range(np.uint64(moves.shape[0])):
            if (moves[x, 2] >> p) & _ONE:
                turns[p, 0] += _ONE
                turns[p, turns[p, 0]] = x * _TWO * _V
    return turns


@compiled(void(_row, uint64, uint64, uint64, _table, _table, _row, _row, _row), inline="always")
def _apply(
    planes: Uints, stride: Any, depth: Any, a: Any, moves: Uints, turns: Uints, here: Uints, below: Uints, moving: Uints
) -> None:
    """Change the codes of those who move: in `moving` stand for each move who they are and how many did so far."""
    for x in range(np.uint64(moves.shape[0])):
        j, who, many = moves[x, 1], x * _TWO * _V, (x * _TWO + _ONE) * _V
        fresh = load(below, j)
        if j > _ZERO:
            fresh ^= load(below, j - _V)  # who is below a cut is below all that follow
        fresh &= load(here, moves[x, 0])
        store(moving, who, fresh)
        store(moving, many, count_on(load(moving, many), fresh))
    for p in range(depth):
        plane = load(planes, a + p * stride)
        for y in range(_ONE, turns[p, 0] + _ONE):
            plane ^= load(moving, turns[p, y])
        store(planes, a + p * stride, plane)


_tables: Any = types.Tuple((_row, _row, _row, _cube, _table, _table, _table))  # type: ignore[no-untyped-call]


@compiled(_tables(uint64, _row, _table, _table))
def _prepare(depth: Any, codes: Uints, cuts: Uints, to: Uints) -> Any:
    """Return what is looked up for each word of a segment: all that follows from its cuts."""
    live = _can_be_left(cuts)
    alive = np.uint64(live.size)
    triples = max(_TWO, (alive + _TWO) // _THREE)  # unions of three codes each are looked up
    at = np.empty(alive, np.uint64)
    for i in range(alive):
        at[i] = ((i // _THREE) * _EIGHT + (_ONE << (i % _THREE))) * _V
    moves = _moves(codes, live, to, at)
    return (
        live,
        at,
        _flips(codes, live, depth),
        _unions_by_bit(cuts, live, triples),
        _pairs(alive, triples),
        moves,
        _turns(moves, depth),
    )


@compiled(void(_row, uint64, uint64, uint64, uint64, uint64, _table, _tables, _table))
def _advance(
    planes: Uints, stride: Any, depth: Any, groups: Any, number: Any, key: Any, cuts: Uints, tables: Any, counts: Uints
) -> None:
    """Move the people of one block, so many groups, the first of which has a number in its segment, for one month."""
    live, at, flips, union, pairs, moves, turns = tables
    levels, unions = np.uint64(union.shape[0]), np.uint64(union.shape[2]) * _EIGHT
    here, luck = np.zeros(unions * _V, np.uint64), np.empty(PREFIX * _V, np.uint64)
    below, tied = np.empty(levels * _V, np.uint64), np.empty(levels * _V, np.uint64)
    moving = np.zeros(moves.shape[0] * 2 * WIDE, np.uint64)
    for a in range(_ZERO, groups * _G, _V):
        some = _find(planes, stride, depth, a, flips, at, here)
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
        _apply(planes, stride, depth, a, moves, turns, here, below, moving)
    for x in range(moves.shape[0]):
        add_to(counts, moves[x, 3] * levels + moves[x, 4], moving[(2 * x + 1) * WIDE : (2 * x + 2) * WIDE].sum())


@compiled(void(_table, _row, uint64, _row, _row, _cube, _table, _cube))
def advance(
    blocks: Uints, taken: Uints, depth: Any, keys: Uints, codes: Uints, cuts: Uints, to: Uints, counts: Uints
) -> None:
    """Move the people of blocks for one month, those that no other thread has taken.

    Parameters
    ----------
    blocks : (B, 5) where a block's planes begin in memory, words of a plane, groups in use, the number of the first of
        them in its segment, and the segment. A plane's words follow another's.
    taken : (≥ 1,) how many blocks are taken comes first; shared by the threads.
    depth : planes that may be in use.
    keys : (S,) of segment, month and replicate.
    codes : (E,) codes that people leave, each once.
    cuts : (S, E, L) cumulative chances × 2⁴⁰, not falling along L; a code with fewer exits repeats its last.
    to : (E, L) codes that they enter; the code itself where the exit is none.
    counts : (S, E, L) persons moved; added to.
    """
    b, of = add_to(taken, _ZERO, _ONE), np.uint64(cuts.shape[0])
    while b < np.uint64(blocks.shape[0]):
        stride, segment = blocks[b, 1], blocks[b, 4]
        if segment != of:
            tables, of = _prepare(depth, codes, cuts[segment], to), segment
        planes = carray(words_from(blocks[b, 0]), (int64(depth * stride),))
        _advance(
            planes, stride, depth, blocks[b, 2], blocks[b, 3], keys[segment], cuts[segment], tables, counts[segment]
        )
        b = add_to(taken, _ZERO, _ONE)


@compiled(void(_row, _table, uint64, _row, _row, _cube, _table, _cube))
def lead(
    board: Uints, blocks: Uints, depth: Any, keys: Uints, codes: Uints, cuts: Uints, to: Uints, counts: Uints
) -> None:
    """Do `advance` together with the helpers who wait at a team's board, as many as come."""
    board[TAKEN], board[BLOCKS], board[MANY], board[DEPTH] = _ZERO, blocks.ctypes.data, blocks.shape[0], depth
    board[KEYS], board[CODES], board[CUTS], board[TO] = (
        keys.ctypes.data,
        codes.ctypes.data,
        cuts.ctypes.data,
        to.ctypes.data,
    )
    board[COUNTS] = counts.ctypes.data
    board[SEGMENTS], board[LEFT], board[LEVELS] = cuts.shape[0], cuts.shape[1], cuts.shape[2]
    board[KIND] = SWEEP
    board[NUMBER] += _ONE
    put(board, _OPEN, board[NUMBER])
    advance(blocks, board[TAKEN:], depth, keys, codes, cuts, to, counts)
    put(board, _OPEN, _ZERO)
    while peek(board, _INSIDE):
        pass


@compiled(uint64(_row, uint64, uint64))
def serve(board: Uints, done: Any, looks: Any) -> Any:
    """Take part in the jobs on a team's board; return the number of one that must be called, or 0 if none came.

    `done` is the number of the last that was called; who has entered a job to be called has to leave it.
    """
    left = looks
    while left:
        number = peek(board, _OPEN)
        if number in (_ZERO, done):
            left -= _ONE
            continue
        left, done = looks, number
        add_to(board, _INSIDE, _ONE)
        if peek(board, _OPEN) == number:  # else it is over, and what it is about may be gone
            if board[KIND] == CALL:
                return number
            segments, codes, levels = int64(board[SEGMENTS]), int64(board[LEFT]), int64(board[LEVELS])
            advance(
                carray(words_from(board[BLOCKS]), (int64(board[MANY]), 5)),
                board[TAKEN:],
                board[DEPTH],
                carray(words_from(board[KEYS]), (segments,)),
                carray(words_from(board[CODES]), (codes,)),
                carray(words_from(board[CUTS]), (segments, codes, levels)),
                carray(words_from(board[TO]), (codes, levels)),
                carray(words_from(board[COUNTS]), (segments, codes, levels)),
            )
        add_to(board, _INSIDE, _ALL)  # one fewer
    return _ZERO
