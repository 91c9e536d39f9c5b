"""The compiled loops that draw nothing: chances to the last digit, moves and keys against plain Python."""

import math

import numpy as np
import pytest

from mobank.base import kernels
from mobank.dynamics.month import add_up, chance


def test_a_chance_is_within_one_unit_in_the_last_place_of_the_true_one():
    """`math.expm1` is right to half a unit; hazards from 10⁻³⁰⁰ a month to certainty, log-spaced and dense near 1."""
    hazards = np.concatenate([np.logspace(-300, 2, 20_001), np.linspace(0.0, 45.0, 50_001)])
    exact = np.array([-math.expm1(-h) for h in hazards])
    assert (np.abs(chance(hazards) - exact) <= 1.5 * np.spacing(exact)).all()


def test_a_chance_never_passes_one_and_never_falls_with_the_hazard():
    found = chance(np.concatenate([np.linspace(0.0, 50.0, 100_001), [1e3, 1e308, math.inf]]))
    assert found[0] == 0.0
    assert found.max() == 1.0
    assert (np.diff(found) >= -np.spacing(found[:-1])).all()


def test_a_hazard_that_is_no_number_is_no_chance():
    """Else a division of nothing by nothing would pass for certainty, and the books would still balance."""
    assert np.isnan(chance(np.array([math.nan, 0.1]))[0])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 64])
def test_no_bit_of_a_chance_depends_on_where_in_an_array_it_stands(size):
    hazards = np.random.default_rng(size).exponential(0.2, size)
    alone = [chance(hazards[i : i + 1])[0] for i in range(size)]
    np.testing.assert_array_equal(chance(hazards), alone)
    square = np.tile(hazards[:, None], (1, 3))
    np.testing.assert_array_equal(chance(square)[:, 1], alone)
    np.testing.assert_array_equal(chance(square.T)[2], alone)


@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_people_who_move_leave_one_state_and_enter_another(kind):
    people = np.array([[[10, 20]], [[5, 5]], [[0, 1]]], kind)
    moves = np.array([[[3, 4]], [[1, 0]], [[7, 8]]], kind)
    kernels.move(people, moves, np.array([0, 1, -1]), np.array([1, 2, 0]))  # a to b, b to c, from outside to a
    np.testing.assert_array_equal(people, np.array([[[14, 24]], [[7, 9]], [[1, 1]]], kind))


def test_expected_moves_are_people_times_chance_and_intakes_are_left_alone():
    people, odds = np.array([[[10.0, 20.0]], [[5.0, 5.0]]]), np.array([[[0.1, 0.2]], [[0.9, 0.9]], [[0.4, 0.2]]])
    moves = np.full((3, 1, 2), -7.0)
    kernels.expect(people, odds, np.array([0, -1, 1]), moves)
    np.testing.assert_allclose(moves[:, 0], [[1, 4], [-7, -7], [2, 1]])


def test_sums_are_added_in_order():
    """Added from the left, 10¹⁶ + 1 + 1 loses both ones; pairwise or from the right it would keep them."""
    arrays = np.array([[1e16], [1.0], [1.0], [-1e16]])
    assert add_up(arrays)[0] == 0.0
    assert arrays[0, 0] == 1e16, "what is added up is left alone"


def test_keys_of_pairs_are_mixed_and_not_added():
    lots, who = np.arange(1, 4, dtype=np.uint64), np.arange(1, 6, dtype=np.uint64)
    out = np.empty((5, 3), np.uint64)
    kernels.pair_keys(lots, who, out)
    assert all(out[r, j] == kernels.mix(lots[j] ^ who[r]) for r in range(5) for j in range(3))
