"""Compiled loops that tie people together: who knows whom, computed from a key, in parallel and the same everywhere.

A tie is a pairing of two persons' hands. The hands of a pool are put in an order by a keyed permutation, and
neighbours in that order are tied, so that either side of a tie finds the other by arithmetic and no list is sorted
or searched. This file knows numpy, numba and the mixer only.

References
----------
Molloy, Reed (1995), "A critical point for random graphs with a given degree sequence" (pairing hands at random).
Black, Rogaway (2002), "Ciphers with arbitrary finite domains" (a Feistel network over a × a, cycle walking).
Watts, Strogatz (1998), "Collective dynamics of 'small-world' networks"; here far ties are a share of each person's.
"""

from typing import Any

import numpy as np
from numba import int64, uint8, uint32, uint64, void
from numpy.typing import NDArray

from mobank.base.arrays import Bytes, Ints, Uint32s
from mobank.base.compiled import compiled
from mobank.base.kernels.keys import GAMMA, mix

ROUNDS = 4
_32 = np.uint64(32)


@compiled(uint64(uint64, uint64, uint64, uint64))
def _stir(half: Any, turn: Any, side: Any, key: Any) -> Any:
    """Return a number below `side` from half of a number, the round and the key."""
    return ((mix(key + (turn + np.uint64(1)) * GAMMA + half * np.uint64(0xD1342543DE82EF95)) >> _32) * side) >> _32


@compiled(uint64(uint64, uint64, uint64, uint64))
def place(x: Any, size: Any, side: Any, key: Any) -> Any:
    """Return where a keyed permutation of 0 … size − 1 puts x; side² is at least `size`, side below 2³²."""
    while True:
        left, right = x // side, x % side
        for turn in range(np.uint64(ROUNDS)):
            left, right = right, left + _stir(right, turn, side, key)
            if right >= side:
                right -= side
        x = left * side + right
        if x < size:
            return x


@compiled(uint64(uint64, uint64, uint64, uint64))
def standing(x: Any, size: Any, side: Any, key: Any) -> Any:
    """Return who stands at x: the inverse of `place`."""
    while True:
        left, right = x // side, x % side
        for back in range(np.uint64(ROUNDS)):
            turn = np.uint64(ROUNDS) - np.uint64(1) - back
            left, right = right + side - _stir(left, turn, side, key), left
            if left >= side:
                left -= side
        x = left * side + right
        if x < size:
            return x


@compiled(void(uint64, uint64, uint64, uint64[::1]))
def permuted(low: Any, size: Any, key: Any, out: NDArray[np.uint64]) -> None:
    """Fill `out` with where the keyed permutation of 0 … size − 1 puts low, low + 1, …"""
    side = np.uint64(np.ceil(np.sqrt(float(size)))) + np.uint64(1)
    for i in range(np.uint64(out.size)):
        out[i] = place(low + i, size, side, key)


@compiled(void(int64, int64, int64, int64[::1], uint32[::1], uint8[::1]))
def everybody(low: int, high: int, size: int, offsets: Ints, contacts: Uint32s, degree: Bytes) -> None:
    """Tie everybody with everybody else."""
    for i in range(low, high):
        for other in range(size):
            if other != i:
                contacts[offsets[i] + degree[i]] = other
                degree[i] += np.uint8(1)


@compiled(int64(int64[:, ::1], int64[:, ::1], int64, int64))
def _member(starts: Ints, ranks: Ints, c: int, rank: Any) -> Any:
    """Return the id of the member of a community with a rank in it."""
    s = 0
    while ranks[c, s + 1] <= rank:
        s += 1
    return starts[c, s] + rank - ranks[c, s]


@compiled(int64(int64, int64[::1], int64[:, ::1], int64[:, ::1], uint64))
def _stands(at: Any, begins: Ints, starts: Ints, ranks: Ints, key: Any) -> Any:
    """Return the id of who stands at a place of the ring."""
    a, b = 0, begins.size - 2
    while a < b:  # the part of the ring
        middle = (a + b + 1) // 2
        if begins[middle] <= at:
            a = middle
        else:
            b = middle - 1
    n, own = np.uint64(begins[a + 1] - begins[a]), mix(key + np.uint64(a + 1) * GAMMA)
    side = np.uint64(np.ceil(np.sqrt(float(n)))) + np.uint64(1)
    return _member(starts, ranks, a, np.int64(standing(np.uint64(at - begins[a]), n, side, own)))


_ringing = void(
    int64, int64, int64[::1], int64[:, ::1], int64[:, ::1], int64, int64, uint64, int64[::1], uint32[::1], uint8[::1]
)


@compiled(_ringing)
def ring(
    low: int,
    high: int,
    begins: Ints,
    starts: Ints,
    ranks: Ints,
    reach: int,
    last: int,
    key: Any,
    offsets: Ints,
    contacts: Uint32s,
    degree: Bytes,
) -> None:
    """Tie people who stand in a ring with the `reach` next on either side, those of its parts low, …, high − 1.

    A part holds people of all segments in proportion, in an order by the key: neighbours in the ring are neighbours in
    memory. Of the ties with the furthest of them only `last` in a million are there.

    Parameters
    ----------
    begins : (C + 1,) the first place of each part, and the number of people.
    starts, ranks : members of each part by segment, as in `gather`.
    """
    people = begins[begins.size - 1]
    most = min(reach, (people - 1) // 2)
    for c in range(low, high):
        begin, size = begins[c], begins[c + 1] - begins[c]
        around, before = np.empty(size + 2 * most, np.int64), begin - most + people
        n, own = np.uint64(size), mix(key + np.uint64(c + 1) * GAMMA)
        side = np.uint64(np.ceil(np.sqrt(float(size)))) + np.uint64(1)
        for k in range(size):
            around[most + k] = _member(starts, ranks, c, np.int64(standing(np.uint64(k), n, side, own)))
        for k in range(most):
            around[k] = _stands((before + k) % people, begins, starts, ranks, key)
            around[size + most + k] = _stands((begin + size + k) % people, begins, starts, ranks, key)
        for k in range(size):
            i, at = around[most + k], begin + k
            for step in range(1, most + 1):
                for other, from_ in ((around[most + k + step], at), (around[most + k - step], at - step + people)):
                    if step == reach:
                        lower = np.uint64(from_ % people)
                        if mix(key + (lower + np.uint64(1)) * GAMMA) % np.uint64(1_000_000) >= last:
                            continue
                    contacts[offsets[i] + degree[i]] = other
                    degree[i] += np.uint8(1)


@compiled(void(int64, int64, int64, int64, int64, uint64, int64[::1], uint32[::1], uint8[::1]))
def pair(
    low: int, high: int, first: int, size: int, among: int, key: Any, offsets: Ints, contacts: Uint32s, degree: Bytes
) -> None:
    """Give one random tie within the pool of ids first, …, first + size − 1 to `among` of them."""
    n = np.uint64(size)
    side = np.uint64(np.ceil(np.sqrt(float(size)))) + np.uint64(1)
    for i in range(max(low, first), min(high, first + size)):
        at = place(np.uint64(i - first), n, side, key)
        with_ = at ^ np.uint64(1)
        if at < np.uint64(among) and with_ < np.uint64(among):
            contacts[offsets[i] + degree[i]] = np.int64(standing(with_, n, side, key)) + first
            degree[i] += np.uint8(1)


_gathering = void(
    int64, int64, int64, int64[:, ::1], int64[:, ::1], int64, int64, uint64, int64[::1], uint32[::1], uint8[::1]
)


@compiled(_gathering)
def gather(
    low: int,
    high: int,
    together: int,
    starts: Ints,
    ranks: Ints,
    household: int,
    among: int,
    key: Any,
    offsets: Ints,
    contacts: Uint32s,
    degree: Bytes,
) -> None:
    """Tie people within communities low, …, high − 1.

    Parameters
    ----------
    together : 1 to tie households of `household` people, all with all; 0 for one random tie each, to so many in a
        million as `among` says.
    starts : (C, S) id of the first member of each community in each segment.
    ranks : (C, S + 1) how many members stand in the segments before.
    """
    one = np.uint64(1)
    for c in range(low, high):
        size = ranks[c, ranks.shape[1] - 1]
        n, own = np.uint64(size), mix(key + np.uint64(c + 1) * GAMMA)
        side = np.uint64(np.ceil(np.sqrt(float(size)))) + one
        tied = np.uint64(size * among // 1_000_000)
        for rank in range(size):
            i = _member(starts, ranks, c, rank)
            at = place(np.uint64(rank), n, side, own)
            if together:
                begin = at - at % np.uint64(household)
                for there in range(begin, min(begin + np.uint64(household), n)):
                    if there != at:
                        contacts[offsets[i] + degree[i]] = _member(
                            starts, ranks, c, np.int64(standing(there, n, side, own))
                        )
                        degree[i] += np.uint8(1)
            elif at < tied and at ^ one < tied:
                contacts[offsets[i] + degree[i]] = _member(starts, ranks, c, np.int64(standing(at ^ one, n, side, own)))
                degree[i] += np.uint8(1)


_joining = void(int64, int64, int64[:, ::1], uint64, int64[::1], uint32[::1], uint8[::1])


@compiled(_joining)
def join_hands(low: int, high: int, classes: Ints, key: Any, offsets: Ints, contacts: Uint32s, degree: Bytes) -> None:
    """Tie people who hold out as many hands as their class says, all hands paired at random.

    A hand that meets another of its own person stays empty; two persons may meet twice.

    Parameters
    ----------
    classes : (C, 4) id of the first person, persons, hands of each, and hands in the classes before.
    """
    last = classes.shape[0] - 1
    hands = np.uint64(classes[last, 3] + classes[last, 1] * classes[last, 2])
    side = np.uint64(np.ceil(np.sqrt(float(hands)))) + np.uint64(1)
    c = 0
    for i in range(low, high):
        while i >= classes[c, 0] + classes[c, 1]:
            c += 1
        first = classes[c, 3] + (i - classes[c, 0]) * classes[c, 2]
        for hand in range(first, first + classes[c, 2]):
            with_ = place(np.uint64(hand), hands, side, key) ^ np.uint64(1)
            if with_ >= hands:
                continue
            other = np.int64(standing(with_, hands, side, key))
            a, b = 0, last
            while a < b:  # the class of the other hand
                middle = (a + b + 1) // 2
                if classes[middle, 3] <= other:
                    a = middle
                else:
                    b = middle - 1
            person = classes[a, 0] + (other - classes[a, 3]) // classes[a, 2]
            if person != i:
                contacts[offsets[i] + degree[i]] = person
                degree[i] += np.uint8(1)
