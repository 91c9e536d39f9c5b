"""Axes are marked at round values and at year-ends, and never more often than there is room for."""

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.report.render.scale import AxisScale, limits, month_ticks, value_ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (1.5e8, 3.2e8, [1.5e8, 2e8, 2.5e8, 3e8]),
        (-3, 2, [-3, -2, -1, 0, 1, 2]),
        (0.24, 0.45, [0.25, 0.3, 0.35, 0.4, 0.45]),
    ],
)
def test_marked_values_are_round(low, high, ticks):
    assert value_ticks(low, high, 6) == pytest.approx(ticks)


@pytest.mark.parametrize("most", [3, 4, 6])
def test_values_are_marked_as_often_as_there_is_room(most):
    for low, high in np.random.default_rng(1).normal(0, 1e5, (200, 2)):
        found = value_ticks(min(low, high), max(low, high) + 1e-3, most)
        assert 1 <= len(found) <= most


def test_marks_have_the_decimals_of_their_step():
    scale = AxisScale.of("persons", 3e8, 1e8, "zh")
    assert scale.marks([1.5e8, 2e8, 2.5e8]) == ["1.5", "2.0", "2.5"]
    assert scale.marks([-1e8, 0, 1e8]) == ["−1", "0", "1"]
    assert scale.marks([2e8]) == ["2"]


def test_a_small_negative_value_is_not_written_as_minus_zero():
    assert AxisScale.of("share", 1.0, 0.5, "en").write(-1e-9) == "0%"


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [(0, 0, (0, 1)), (5, 5, (4.5, 5.5)), (1, 10, (0, 10.72)), (-1, 1, (-1.16, 1.16)), (8, 10, (7.84, 10.16))],
)
def test_a_value_axis_leaves_a_margin_and_starts_at_zero_if_that_is_near(low, high, ends):
    assert limits(low, high) == pytest.approx(ends)


@pytest.mark.parametrize("years", range(1, 301, 7))
def test_year_ends_are_marked_as_often_as_there_is_room(years):
    first = Month.of(1900, 12).ordinal
    found = month_ticks(first, first + 12 * years, "en", years=5, months=4)
    assert 1 <= len(found) <= 6
    if years > 2:
        assert all(Month(m).month == 12 for m in found)
        assert next(iter(found.values())).endswith("\nyear-end")
