"""Measures of a block, by hand on a block small enough to add up in one's head."""

import numpy as np
import pytest

from mobank.dynamics.trajectory import Trajectory, stock
from mobank.model.grammar import Flow, Measure, Model, Parameter

MODEL = Model(
    "two",
    ("out", "in"),
    (Parameter("go_rate", "rate", (0.0, 1.0), ""), Parameter("back_rate", "rate", (0.0, 1.0), "")),
    (Flow("go", "out", "in", lambda go_rate: go_rate), Flow("back", "in", "out", lambda back_rate: back_rate)),
    (
        Measure("inside", "", stock=("in",)),
        Measure("everyone", "", stock=("out", "in")),
        Measure("came", "", flows=("go",)),
        Measure("moved", "", flows=("go", "back")),
        Measure("share", "", ratio=(("inside",), ("everyone",))),
        Measure("quick", "", ratio=(("came", "inside"), ("moved",))),
    ),
)
OCCUPANCY = np.array([[[[8, 0], [2, 0]], [[1, 0], [4, 0]]], [[[7, 0], [3, 0]], [[2, 0], [3, 0]]]])  # (T + 1, K, S, R)
MOVES = np.array([[[[2, 0], [0, 0]], [[1, 0], [1, 0]]]])  # (T, F, S, R)
RUN = Trajectory(MODEL, OCCUPANCY, MOVES, np.zeros((1, 2)))


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("inside", [5, 5]),
        ("everyone", [15, 15]),
        ("came", [np.nan, 2]),
        ("moved", [np.nan, 4]),
        ("share", [1 / 3, 1 / 3]),
        ("quick", [np.nan, 7 / 4]),
    ],
)
def test_a_measure_of_the_whole_bank(measure, expected):
    np.testing.assert_array_equal(RUN.observe(measure)[:, 0], expected)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("inside", [[1, 4], [2, 3]]),
        ("moved", [[np.nan, np.nan], [3, 1]]),
        ("share", [[1 / 9, 4 / 6], [2 / 9, 3 / 6]]),
    ],
)
def test_a_measure_by_segment(measure, expected):
    np.testing.assert_allclose(RUN.observe(measure, by_segment=True)[:, :, 0], expected, rtol=1e-15)


def test_a_ratio_of_nobody_is_undefined_and_not_an_error():
    with np.errstate(all="raise"):
        assert np.isnan(RUN.observe("share")[:, 1]).all()


def test_flows_have_no_value_at_the_start_month():
    assert np.isnan(RUN.observe("came")[0]).all()


def test_the_stock_of_one_month_is_that_of_the_trajectory():
    np.testing.assert_array_equal(stock(MODEL, "everyone", OCCUPANCY[1]), RUN.observe("everyone")[1])


def test_whole_persons_of_a_large_bank_are_summed_exactly():
    people = np.full((1, 2, 8, 1), 999_999_999_999_937, np.int64)
    run = Trajectory(MODEL, people, np.zeros((0, 2, 8, 1), np.int64), np.zeros((0, 1)))
    assert run.observe("inside")[0, 0] == 8 * 999_999_999_999_937
