"""A change as arrays: how much of it is in force at each age, and what it makes of a value."""

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.changes import Change, beginnings
from mobank.scenario.scenario import FOREVER, When

MAY = When(Month.of(2023, 5), Month.of(2023, 5))
AGES = np.arange(-2, 8)


def change(operation="multiply", amount=(3.0,), segments=(True,), begins=MAY, name="c", **shape):
    return Change(name, "x_rate", operation, np.array(amount), np.array(segments), begins, **shape)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({}, [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]),
        ({"lasts_months": 3}, [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]),
        ({"ramp_months": 4.0}, [0, 0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1]),
        ({"ramp_months": 2.5}, [0, 0, 0.4, 0.8, 1, 1, 1, 1, 1, 1]),
        ({"half_life_months": 1.0}, [0, 0, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128]),
        (
            {"ramp_months": 2.0, "half_life_months": 2.0, "lasts_months": 7},
            [0, 0, 0.5, 1, 2**-0.5, 1 / 2, 2**-1.5, 1 / 4, 2**-2.5, 0],
        ),
    ],
)
def test_intensity_by_age_is_that_of_the_shape(shape, expected):
    np.testing.assert_allclose(change(**shape).intensity(AGES), expected, rtol=1e-12)


def test_a_change_that_never_began_is_not_in_force():
    assert not change().intensity(np.array([-FOREVER])).any()
    assert not change(half_life_months=3.0).intensity(np.array([2 * FOREVER])).any()


@pytest.mark.parametrize(("operation", "half", "full"), [("multiply", 0.4, 0.6), ("add", 1.7, 3.2), ("set", 1.6, 3.0)])
def test_half_in_force_is_half_of_the_way(operation, half, full):
    value = np.full((1, 1), 0.2)
    amount = change(operation)
    assert amount.applied(value, np.array([0.5])) == pytest.approx(half)
    assert amount.applied(value, np.array([1.0])) == pytest.approx(full)
    assert amount.applied(value, np.array([0.0])) == 0.2


def test_a_change_widens_a_value_to_the_segments_and_replicates_that_it_tells_apart():
    both = change(amount=(2.0, 3.0, 4.0), segments=(True, False))
    found = both.applied(np.full((1, 1), 0.1), np.ones(3))
    np.testing.assert_allclose(found, [[0.2, 0.3, 0.4], [0.1, 0.1, 0.1]])


def test_a_known_date_is_its_month_after_the_start_and_draws_nothing():
    numbers = np.arange(4)
    assert beginnings(change(), Month.of(2022, 12), 12, Streams(1), numbers).tolist() == [[5, 5, 5, 5]]
    assert beginnings(change(), Month.of(2023, 8), 12, Streams(1), numbers).tolist() == [[-3, -3, -3, -3]]


def test_both_ends_of_a_span_can_be_met():
    span = change(begins=When(Month.of(2023, 2), Month.of(2023, 4)))
    found = beginnings(span, Month.of(2022, 12), 12, Streams(1), np.arange(500))
    assert set(found.ravel()) == {2, 3, 4}


def test_recurrences_go_on_to_the_horizon_and_never_overlap():
    again = change(begins=When(Month.of(2023, 1), Month.of(2023, 1), 4.0), lasts_months=3)
    found = beginnings(again, Month.of(2022, 12), 60, Streams(1), np.arange(200))
    assert (found[0] >= 1).all()
    assert (np.diff(found, axis=0) >= 3).all()
    assert (found[-1] > 60).all() or (found[-1] + 3 > 60).all()


def test_recurrences_since_long_before_the_start_go_on_after_it():
    """Every two months on average for twenty years and one: some 120 come before the start, and some after it."""
    again = change(begins=When(Month.of(2002, 12), Month.of(2002, 12), 2.0), lasts_months=1)
    found = beginnings(again, Month.of(2022, 12), 12, Streams(1), np.arange(400))
    after = ((found >= 1) & (found <= 12)).sum(axis=0)
    assert after.mean() == pytest.approx(12 / 2.0, abs=4 * 3**0.5 / 400**0.5)


def test_a_mean_gap_of_one_month_is_every_month():
    again = change(begins=When(Month.of(2023, 1), Month.of(2023, 1), 1.0), lasts_months=1)
    found = beginnings(again, Month.of(2022, 12), 12, Streams(1), np.arange(50))
    np.testing.assert_array_equal(found[:12], np.repeat(np.arange(1, 13)[:, None], 50, axis=1))
