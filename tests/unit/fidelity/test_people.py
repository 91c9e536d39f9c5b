"""Bit planes: every bit that decides against the mixer in plain Python, uniform bits, odd sizes, exact choices."""

import numpy as np
import pytest
from scipy import stats

from mobank.base import kernels
from mobank.fidelity.people import bitplanes, monthly_kernel, network_kernels
from mobank.fidelity.people.population import Population, cuts_of, threads, workers
from mobank.fidelity.people.thread_team import ThreadTeam

GAMMA = int(kernels.GAMMA)
WHOLE = 2**bitplanes.CHANCE_BITS
PREFIX = int(monthly_kernel.PREFIX)
ALONE = ThreadTeam(0, monthly_kernel.serve)


def mixed(x):
    """SplitMix64's finaliser on Python's integers."""
    x &= 2**64 - 1
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % 2**64
    return x ^ (x >> 31)


def stirred(root, counter):
    """One half-word of `mobank.fidelity.people.simd.stirred` on Python's integers."""
    x = (root + counter * 0x9E3779B9) % 2**32
    x = ((x ^ (x >> 16)) * 0x7FEB352D) % 2**32
    x = (((x ^ (x >> 15)) + (root >> 32)) * 0x846CA68B) % 2**32
    return x ^ (x >> 16)


def uniform(key, person):
    """The 40 bits of one person, from the description in `mobank.fidelity.people.monthly_kernel`."""
    word, lane = divmod(person, 64)
    group, word = divmod(word, 64)
    root = mixed(key + (group + 1) * GAMMA)
    bits = 0
    for b in range(PREFIX):
        bits = 2 * bits + ((stirred(root, 128 * b + 2 * word + lane // 32) >> lane % 32) & 1)
    rest = mixed(mixed(root + (word + 1) * GAMMA) + (lane + 1) * GAMMA) >> (24 + PREFIX)
    return (bits << (bitplanes.CHANCE_BITS - PREFIX)) + rest


def crowd_of(*people, depth=4):
    """A crowd with so many people of codes 1, 2, … in its only segment, one thread."""
    crowd = Population(1, depth, ALONE)
    for code, count in enumerate(people, start=1):
        crowd.enter(0, code, count)
    return crowd


def codes_of(crowd, segment=0):
    """The code of every person of a segment, in order."""
    found = []
    for block in crowd.blocks[segment]:
        bits = [
            np.unpackbits(plane.view(np.uint8), bitorder="little")
            for plane in block.words.reshape(crowd.depth, block.stride)
        ]
        found.append(sum(b.astype(int) << p for p, b in enumerate(bits))[: block.people])
    return np.concatenate(found) if found else np.zeros(0, int)


def month(crowd, chances, to, key):
    """Let people leave codes 1, 2, … by chances (E, L); return how many."""
    codes = np.arange(1, len(chances) + 1, dtype=np.uint64)
    cuts = cuts_of(np.cumsum(np.array(chances, float), axis=1))[None]
    return crowd.advance(codes, cuts, np.array(to, np.uint64), np.array([key], np.uint64))[0][0]


@pytest.mark.parametrize("exits", [1, 2, 5, 7, 11])
def test_every_person_moves_as_the_mixer_says(exits):
    """From one code to eleven, so that unions of more than two triples are met too; chances near ties as well."""
    sizes = [400 + 37 * e for e in range(exits)] + [50]
    crowd = crowd_of(*sizes, depth=5)
    before, key = codes_of(crowd), 0x1234_5678_9ABC_DEF0
    chances = [[0.05 + 0.07 * e / exits, 0.3 / (e + 1)] for e in range(exits)]
    to = [[exits + 1, (e + 1) % exits + 1] for e in range(exits)]
    u = np.array([uniform(key, person) for person in range(before.size)])
    chances[0][0] = (u[5] + 1) / WHOLE  # person 5 is just below, and would just be above with one unit less
    expected = before.copy()
    cuts = cuts_of(np.cumsum(np.array(chances), axis=1)).astype(np.int64)
    for person, code in enumerate(before):
        if code <= exits:
            level = np.searchsorted(cuts[code - 1], u[person], side="right")
            expected[person] = to[code - 1][level] if level < 2 else code
    moved = month(crowd, chances, to, key)
    np.testing.assert_array_equal(codes_of(crowd), expected)
    assert expected[5] == exits + 1
    assert moved.sum() >= (expected != before).sum()


def test_who_leaves_by_own_contacts_is_who_the_mixer_says():
    """People with 0 to 3 contacts, all active, and 50 newcomers who know nobody; two ways out, chances near a tie."""
    people, placed, key, bound = 9_000, 8_950, 0x0FED_CBA9_8765_4321, 0.37
    crowd = crowd_of(people)
    degree = (np.arange(placed) % 4).astype(np.uint8)
    shares = np.array([[(row + 1) / 12, (row + 2) / 12] for row in range(11)])
    marks = np.empty(2 * crowd.blocks[0][0].stride, np.uint64)
    block, where = crowd.blocks[0][0], crowd.blocks[0][0].at(np.array([key], np.uint64))
    network_kernels.decide(block.words, block.stride, 4, where, 1, bound, shares, degree, degree, marks)
    found = np.unpackbits(marks.view(np.uint8), bitorder="little").reshape(2, -1)[:, :people]
    expected = np.zeros((2, people), np.uint8)
    for person in range(people):
        if uniform(key, person) < int(bound * WHOLE) + 1:
            word = person // 64
            root = mixed(mixed(key + (word // 64 + 1) * GAMMA) + (word % 64 + 1) * GAMMA)
            u = (mixed(root + (person % 64 + 65) * GAMMA) >> 11) * 2.0**-53
            d = int(degree[person]) if person < placed else -1
            level = np.searchsorted(shares[d * (d + 1) // 2 + d if d >= 0 else 10], u, side="right")
            if level < 2:
                expected[level, person] = 1
    np.testing.assert_array_equal(found, expected)
    assert expected.sum(axis=1).min() > 100


def luck_bits(words, key=7):
    """The first bit of everybody's luck, as the kernel uses it: who moves at a chance of one half."""
    crowd = crowd_of(64 * words, depth=2)
    month(crowd, [[0.5]], [[2]], key)
    return (codes_of(crowd) == 2).astype(np.uint8)


def test_bits_of_luck_are_uniform_by_bytes_and_by_pairs():
    """Chi-square of bytes, of pairs of neighbours in lanes, words and groups, and of one person in two months."""
    bits = luck_bits(64 * 256)
    assert stats.chisquare(np.bincount(np.packbits(bits), minlength=256)).pvalue > 1e-4
    other = luck_bits(64 * 256, key=8)
    for lag in (1, 64, 128, bitplanes.GROUP):
        pairs = np.bincount(2 * bits[:-lag] + bits[lag:], minlength=4)
        assert stats.chisquare(pairs).pvalue > 1e-4, lag
    assert stats.chisquare(np.bincount(2 * bits + other, minlength=4)).pvalue > 1e-4


@pytest.mark.slow
def test_uniform_numbers_pass_chi_square_and_serial_tests_in_their_high_and_low_bits():
    u = np.array([uniform(99, person) for person in range(40_000)])
    for shift in (32, 28, 16, 0):
        cells = (u >> shift) % 256
        assert stats.chisquare(np.bincount(cells, minlength=256)).pvalue > 1e-4, shift
        serial = 16 * (cells[:-1] // 16) + cells[1:] // 16
        assert stats.chisquare(np.bincount(serial, minlength=256)).pvalue > 1e-4, shift
    assert stats.kstest(u / WHOLE, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("people", [0, 1, 2, 63, 64, 65, 4095, 4096, 4097, 9000])
def test_odd_numbers_of_people_are_all_there_and_no_empty_place_moves(people):
    crowd = crowd_of(people)
    moved = month(crowd, [[1.0 - 1e-12]], [[2]], 3)
    assert moved[0, 0] == people
    assert (codes_of(crowd) == 2).sum() == people
    crowd.enter(0, 1, 3)
    assert np.bincount(codes_of(crowd), minlength=3)[1:3].tolist() == [3, people]


def test_who_cannot_move_stays_and_a_month_without_chances_changes_nothing():
    crowd = crowd_of(100, 200, 300)
    before = codes_of(crowd)
    assert month(crowd, [[0.0], [0.0]], [[2], [1]], 5).sum() == 0
    np.testing.assert_array_equal(codes_of(crowd), before)


@pytest.mark.slow
def test_exactly_so_many_are_chosen_and_every_choice_is_as_likely():
    """Two of five people: ten pairs, 4,000 times; chi-square."""
    seen = []
    for key in range(4_000):
        crowd = crowd_of(5)
        crowd.allot({1: 2}, {1: 3}, 2, np.array([key], np.uint64))
        chosen = np.flatnonzero(codes_of(crowd) == 2)
        assert chosen.size == 2
        assert (codes_of(crowd) == 3).sum() == 3
        seen.append(5 * chosen[0] + chosen[1])
    counts = np.unique(seen, return_counts=True)[1]
    assert counts.size == 10
    assert stats.chisquare(counts).pvalue > 1e-4


def test_places_are_shared_among_blocks_and_codes_by_the_hypergeometric_law():
    """Three blocks hold 30, 50 and 20 of a code: means and variances of who is served, 4 standard errors."""
    served = []
    for key in range(2_000):
        crowd = Population(3, 3, ALONE)
        for s, n in enumerate((30, 50, 20)):
            crowd.enter(s, 1, n)
        served.append(crowd.allot({1: 2}, {1: 1}, 40, np.arange(3, dtype=np.uint64) + np.uint64(1000 * key))[0])
    served = np.array(served)
    law = stats.multivariate_hypergeom([30, 50, 20], 40)
    assert (served.sum(axis=1) == 40).all()
    assert (np.abs(served.mean(axis=0) - law.mean()) < 4 * np.sqrt(np.diag(law.cov()) / 2_000)).all()
    assert (np.abs(served.var(axis=0) / np.diag(law.cov()) - 1) < 4 * np.sqrt(2 / 2_000)).all()


def test_the_number_of_threads_changes_no_bit():
    found = []
    for count in (1, 2, 5):
        with workers(count), threads() as them:
            crowd = Population(2, 3, them)
            crowd.enter(0, 1, 3 * 2**20 + 77)
            crowd.enter(1, 2, 2**20 - 5)
            keys, to = np.array([5, 6], np.uint64), np.array([[2], [1]], np.uint64)
            cuts = np.tile(cuts_of(np.array([[0.1], [0.3]])), (2, 1, 1))
            moved = crowd.advance(np.array([1, 2], np.uint64), cuts, to, keys)[0]
            served = crowd.allot({1: 3}, {1: 4}, 10_000, keys)
            found.append((moved, served, codes_of(crowd, 0), codes_of(crowd, 1)))
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
