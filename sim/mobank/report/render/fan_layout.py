"""Where the parts of a fan chart stand: sizes, axes, legend and labels, in units of the picture's view box.

Widths of texts are estimated, because the reader's machine chooses the font: `COLUMN` of the font size a column, a
little more than the usual fonts take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, floor
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mobank.base.arrays import Floats
from mobank.ensemble.summary import QUANTILES
from mobank.report.render.fan import Fan, Projection, breaks, history, unverified
from mobank.report.render.labels import columns, cut, placed
from mobank.report.render.look import INK, MEDIAN, REFERENCE, TEXT
from mobank.report.render.scale import AxisScale, limits, month_ticks, value_ticks

Symbol = Literal["reported", "unverified", "median", "bands", "reference", "outline", "break"]

COLUMN = 0.58  # of the font size: the width of a letter or figure; a Chinese character takes one font size
PAD = 14.0  # around all that is drawn
TITLE, NOTE = 1.3, 0.82  # font sizes, times that of the chart
SYMBOLS: Mapping[Symbol, float] = {  # widths in the legend
    "reported": 10,
    "unverified": 17,
    "break": 6,
    "median": 22,
    "bands": 56,
    "reference": 22,
    "outline": 22,
}
GAP, BETWEEN = 6.0, 16.0  # from a symbol to its words, to the next symbol
BESIDE = 12.0  # from the plot to the labels at its right end
LONGEST = 28  # columns of a name in the legend
MIDDLE = len(QUANTILES) // 2


@dataclass(frozen=True)
class ChartSize:
    """How large a chart is: its view box and its font; `notes` adds to the labels at the end what they are."""

    width: float
    height: float
    font: float
    notes: bool


FULL = ChartSize(1000, 520, 16, notes=True)  # pages and A4
SMALL = ChartSize(640, 320, 14, notes=False)  # notebooks
NARROW = ChartSize(390, 360, 13, notes=False)  # telephones


@dataclass(frozen=True)
class LegendKey:
    """A symbol of the legend with its words; x, y at the left end of the symbol, half-way up."""

    symbol: Symbol
    words: str
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class EndLabel:
    """A value written at the right end: where the line ends, where the label stands, and its words.

    Parameters
    ----------
    end, y : heights of the line's end and of the label's middle.
    """

    end: float
    y: float
    value: str
    note: str
    colour: str
    bold: bool


@dataclass(frozen=True)
class FanLayout:
    """The places of everything, each found once from those before it."""

    fan: Fan
    size: ChartSize

    def width(self, words: str, font: float | None = None) -> float:
        """The estimated width of a text."""
        wide = columns(words) - len(words)
        return (COLUMN * (len(words) - wide) + wide) * (font or self.size.font)

    def room(self, width: float, font: float | None = None) -> int:
        """How many columns fit into a width."""
        return max(1, floor(width / COLUMN / (font or self.size.font)))

    @property
    def small(self) -> float:
        """The font size of notes."""
        return round(NOTE * self.size.font, 1)

    # ------------ values and months

    @cached_property
    def drawn(self) -> Floats:
        """All values that are drawn, (N,)."""
        of_figures = [v for f in self.fan.reported for v in (f.interval.low, f.interval.high)]
        asked = [self.fan.target.level] if self.fan.target else []
        tables = [each.quantiles[:, each.known].ravel() for each in (self.fan.run, *self.fan.others)]
        return np.concatenate([*tables, of_figures, asked, [0.0] if self.fan.signed else []])

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The ends of the value axis."""
        return limits(float(self.drawn.min()), float(self.drawn.max())) if self.drawn.size else (0.0, 1.0)

    @cached_property
    def scale(self) -> AxisScale:
        """How values are written."""
        fan, known = self.fan, self.fan.run.quantiles[:, self.fan.run.known]
        spread = float(np.ptp(known[:, -1])) if known.size else 0.0
        largest = float(np.abs(self.drawn).max(initial=0.0))
        scale = AxisScale.of(fan.unit, largest, spread, fan.lang)
        if fan.signed and fan.unit == "share":
            return replace(scale, head=TEXT[fan.lang]["points_apart"], after=TEXT[fan.lang]["points_short"])
        return scale

    def write(self, value: float) -> str:
        """A value with its unit, and with its sign if it is a difference."""
        words = self.scale.write(value)
        return f"+{words}" if self.fan.signed and value > 0 else words

    @cached_property
    def months(self) -> tuple[float, float]:
        """The ends of the month axis, ordinals."""
        at = [month.ordinal for month in self.fan.run.months] + [f.month.ordinal for f in self.fan.reported]
        return min(at) - max(0.02 * (max(at) - min(at)), 0.1), max(at) + (0.1 if len(set(at)) == 1 else 0.0)

    @cached_property
    def month_ticks(self) -> dict[int, str]:
        """Ordinals of months with their labels."""
        first, last = self.months
        room = 0.7 * self.size.width
        years, months = (floor(room / (self.width(label) + GAP)) for label in ("2025", "2025-03"))
        return month_ticks(ceil(first), floor(last), self.fan.lang, min(years, 12), min(months, 8))

    @cached_property
    def value_ticks(self) -> list[float]:
        """Values that are marked."""
        return value_ticks(*self.limits, most=max(3, min(6, floor((self.bottom - self.top) / 28))))

    # ------------ the plot

    @cached_property
    def top(self) -> float:
        """The upper end of the plot, below title, legend and the words of the start."""
        lines = max(key.y for key in self.keys) + 0.7 * self.size.font
        return lines + 1.5 * self.size.font

    @cached_property
    def bottom(self) -> float:
        """The lower end of the plot, above months and foot."""
        rows = max(label.count("\n") for label in self.month_ticks.values()) if self.month_ticks else 0
        foot = 1.35 * self.small * len(self.foot) + (0.5 * self.size.font if self.foot else 0)
        return self.size.height - PAD - foot - (1.6 + 1.1 * rows) * self.size.font

    @cached_property
    def left(self) -> float:
        """The left end of the plot, beside the marked values."""
        return PAD + max(map(self.width, self.scale.marks(self.value_ticks))) + GAP

    @cached_property
    def right(self) -> float:
        """The right end of the plot, beside the labels of its end."""
        widths = [
            self.width(value, 1.1 * self.size.font) + self.width(f" {note}" if note else "", self.small)
            for _, value, note, _ in self._ends
        ]
        return self.size.width - PAD / 2 - BESIDE - max([*widths, self.width("2025-03") / 2])

    def x(self, ordinals: ArrayLike) -> Floats:
        """Where months stand."""
        first, last = self.months
        return np.asarray(self.left + (np.asarray(ordinals, float) - first) / (last - first) * (self.right - self.left))

    def y(self, values: ArrayLike) -> Floats:
        """Where values stand."""
        low, high = self.limits
        return np.asarray(self.bottom - (np.asarray(values, float) - low) / (high - low) * (self.bottom - self.top))

    # ------------ words

    @cached_property
    def title(self) -> tuple[str, str]:
        """The title, cut to the room there is, and the unit after it."""
        font = TITLE * self.size.font
        unit = f"{'，' if self.fan.lang == 'zh' else ', '}{self.scale.head}"
        return cut(self.fan.title, self.room(self.size.width - 2 * PAD - self.width(unit, font), 1.1 * font)), unit

    @cached_property
    def keys(self) -> list[LegendKey]:
        """The legend, in as many rows as it needs."""
        font, right = 0.9 * self.size.font, self.size.width - PAD
        x, y, placed_keys = PAD, PAD + 1.5 * TITLE * self.size.font + 0.5 * font, []
        for symbol, words in self._keys():
            width = SYMBOLS[symbol] + GAP + self.width(words, font)
            if x > PAD and x + width > right:
                x, y = PAD, y + 1.5 * font
            placed_keys.append(LegendKey(symbol, words, x, y))
            x += width + BETWEEN
        return placed_keys

    def _keys(self) -> list[tuple[Symbol, str]]:
        fan, words = self.fan, TEXT[self.fan.lang]
        found: list[tuple[Symbol, str]] = []
        if any(not unverified(f) for f in fan.reported):
            found.append(("reported", words["reported"]))
        if any(unverified(f) for f in fan.reported):
            found.append(("unverified", words["unverified"]))
        if breaks(history(fan)):
            found.append(("break", words["break"]))
        found += [("median", words["median"]), ("bands", words["bands"])]
        if fan.reference:
            name = cut(fan.reference.label, LONGEST) or words["reference"]
            found.append(("reference", words["against"].format(name)))
        if fan.outline:
            found.append(("outline", cut(fan.outline.label, LONGEST) or words["outline"]))
        return found

    @cached_property
    def foot(self) -> list[str]:
        """The lines of small print: the question on one, then as many sentences a line as fit."""
        fan, words = self.fan, TEXT[self.fan.lang]
        most = self.room(self.size.width - 2 * PAD, self.small)
        sentences = [words["runs"].format(fan.draws)] if fan.draws else []
        sentences += [words["points"]] if fan.reported else []
        sentences += [words["cut"]] if self.limits[0] > 0 else []
        lines = [cut(fan.asked, most)] if fan.asked else []
        return lines + _packed(sentences, most, "" if fan.lang == "zh" else " ")

    @cached_property
    def _ends(self) -> list[tuple[float, str, str, str]]:
        """The values to be written at the right end: value, its words, what it is, its colour; from the top."""
        words, ends = TEXT[self.fan.lang], []
        known = self.fan.run.quantiles[:, self.fan.run.known]
        if known.size:
            for i, note, colour in ((-1, "above", INK), (MIDDLE, "median", MEDIAN), (0, "below", INK)):
                ends.append((float(known[i, -1]), words[note], colour))
        if self.fan.reference and self._reaches_the_end(reference := self.fan.others[0]):
            ends.append((float(reference.quantiles[MIDDLE, -1]), words["reference"], REFERENCE))
        notes = self.size.notes
        return [(value, self.write(value), note if notes else "", colour) for value, note, colour in ends]

    def _reaches_the_end(self, other: Projection) -> bool:
        return other.months[-1:] == self.fan.run.months[-1:] and bool(other.known[-1])

    @cached_property
    def ends(self) -> list[EndLabel]:
        """The labels at the right end, apart from one another and within the plot's height."""
        ends = self.y(np.array([value for value, *_ in self._ends]))
        heights = [-up for up in placed(-ends, 1.3 * self.size.font, -self.bottom, -self.top)]
        return [
            EndLabel(float(end), y, value, note, colour, colour == MEDIAN)
            for end, y, (_, value, note, colour) in zip(ends, heights, self._ends, strict=True)
        ]


def _packed(sentences: Sequence[str], most: int, gap: str) -> list[str]:
    """Return lines of at most so many columns that hold as many sentences as fit; one alone is cut."""
    lines: list[str] = []
    for sentence in sentences:
        if lines and columns(longer := f"{lines[-1]}{gap}{sentence}") <= most:
            lines[-1] = longer
        else:
            lines.append(cut(sentence, most))
    return lines
