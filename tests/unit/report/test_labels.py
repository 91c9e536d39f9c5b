"""Labels fit: a long text is cut to its room, and labels that would meet are pushed apart."""

import numpy as np
import pytest

from mobank.report.render.labels import columns, cut, placed, spread


def test_a_chinese_character_takes_two_columns():
    assert columns("MAU 月活") == 8


@pytest.mark.parametrize(
    ("line", "most", "kept"),
    [
        ("short", 5, "short"),
        ("月活", 4, "月活"),
        ("a long line", 8, "a long…"),
        ("月活用户数", 7, "月活…"),
        ("", 3, ""),
    ],
)
def test_a_line_is_cut_to_the_columns_there_are(line, most, kept):
    assert cut(line, most) == kept


def test_labels_keep_their_places_if_they_are_apart_and_else_share_the_way():
    assert spread(np.array([10.0, 50.0, 30.0]), 15) == [10.0, 50.0, 30.0]
    assert spread(np.array([10.0, 10.0]), 15) == [17.5, 2.5]
    assert spread(np.array([0.0, 20.0, 21.0]), 15) == pytest.approx([-4 / 3, 41 / 3, 86 / 3])


def test_labels_that_would_leave_their_room_are_moved_into_it():
    assert placed(np.array([0.0, 0.0, 0.0]), 10, 0, 100) == [20.0, 10.0, 0.0]
    assert placed(np.array([99.0, 100.0]), 10, 0, 100) == [90.0, 100.0]
    assert placed(np.array([50.0]), 10, 0, 100) == [50.0]
