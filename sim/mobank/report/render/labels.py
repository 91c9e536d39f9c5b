"""Texts that must fit: how wide they are, cut to the room there is, and pushed apart where they would meet."""

from collections.abc import Sequence
from unicodedata import east_asian_width

import numpy as np

from mobank.base.arrays import Floats


def columns(text: str) -> int:
    """Return how many columns a text takes; a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def cut(line: str, most: int) -> str:
    """Return a line cut to so many columns, with an ellipsis where something is missing."""
    if len(line) <= most and columns(line) <= most:
        return line
    line = line[:most]  # so that a very long text costs no more than a long one
    ends = np.cumsum([2 if east_asian_width(character) in "WF" else 1 for character in line])
    return f"{line[: int(np.searchsorted(ends, most - 1))].rstrip()}…"


def spread(wanted: Floats, apart: float) -> list[float]:
    """Return heights as near as possible to those wanted (in the sense of least squares) and at least so far apart.

    Neighbours that would meet become a group around the mean of what its members want.
    """
    order = np.argsort(-wanted, kind="stable")
    groups: list[list[int]] = []
    for i in order:
        groups.append([int(i)])
        while len(groups) > 1 and _meet(groups[-2], groups[-1], wanted, apart):
            groups[-2:] = [groups[-2] + groups[-1]]
    heights = [0.0] * len(wanted)
    for group in groups:
        for place, i in enumerate(group):
            heights[i] = _top(group, wanted, apart) - place * apart
    return heights


def _top(group: Sequence[int], wanted: Floats, apart: float) -> float:
    return float(np.mean(wanted[list(group)])) + (len(group) - 1) * apart / 2


def _meet(upper: Sequence[int], lower: Sequence[int], wanted: Floats, apart: float) -> bool:
    return _top(upper, wanted, apart) - len(upper) * apart < _top(lower, wanted, apart)


def placed(wanted: Floats, apart: float, low: float, high: float) -> list[float]:
    """Return the same, moved into the room from `low` to `high` where they would leave it; the lowest are kept in."""
    heights = spread(wanted, apart)
    for i in sorted(range(len(heights)), key=heights.__getitem__):
        heights[i] = max(heights[i], low)
        low = heights[i] + apart
    for i in sorted(range(len(heights)), key=heights.__getitem__, reverse=True):
        heights[i] = min(heights[i], high)
        high = heights[i] - apart
    return heights
