"""How values and months are written on the axes of a chart, whether matplotlib draws it or this package."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mobank.base.digits import places, written
from mobank.base.quantities import Lang, Month, person_unit
from mobank.model.grammar import Counted
from mobank.report.render.look import TEXT

MOST_YEARS, MOST_MONTHS = 12, 8  # labels that an axis of months has room for: "2025", "2025-03"
MONTHS_APART = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200)
NICE = (1, 2, 2.5, 5, 10, 20)  # steps between round values, times a power of ten


@dataclass(frozen=True)
class AxisScale:
    """How values are written on an axis: what to divide by, the unit at its head, the unit after a value."""

    divide: float
    head: str
    after: str
    decimals: int

    @classmethod
    def of(cls, unit: Counted, largest: float, spread: float, language: Lang) -> "AxisScale":
        """The scale for values up to `largest`, with as many digits as the `spread` bears (see `digits.places`)."""
        divide, head = person_unit(largest, language)
        if unit != "persons":
            divide, head = (0.01 if unit == "share" else 1.0), TEXT[language][unit]
        after = {"persons": _short(head), "share": "%", "ratio": ""}[unit]
        return cls(divide, head, after, places(abs(largest) / divide, 0.0, spread / divide))

    def write(self, value: float) -> str:
        """A value with its unit: "6.50亿", "650 m"."""
        return minus(written(value / self.divide, self.decimals)) + self.after

    def marks(self, ticks: Sequence[float]) -> list[str]:
        """The values that are marked, evenly apart, without their unit: "1.50", "0"."""
        step = (ticks[1] - ticks[0] if len(ticks) > 1 else abs(ticks[0])) / self.divide
        return [minus(f"{tick / self.divide:z,.{step_decimals(step) if tick else 0}f}") for tick in ticks]


def minus(text: str) -> str:
    """Return a number with a minus sign that is as wide as a plus."""
    return text.replace("-", "−")


def _short(head: str) -> str:
    """Return the unit that follows a value, from that of the axis: "亿户" gives "亿", "m persons" gives " m"."""
    return head.removesuffix("户") if head.endswith("户") else f" {head.removesuffix('persons')}".rstrip()


def limits(low: float, high: float) -> tuple[float, float]:
    """Return the ends of a value axis: a margin around all that is drawn; zero is the floor if it is not far away."""
    margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return (0.0 if 0 <= low <= 0.35 * high else low - margin), high + margin


def value_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most so many round values, evenly apart, from `low` to `high`; at least one where low < high."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    steps = [nice * power for nice in NICE]
    step = next(s for s in steps if math.floor(high / s) - math.ceil(low / s) < most)
    return [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def step_decimals(step: float) -> int:
    """Return how many decimals write a step exactly, at most six."""
    return next((d for d in range(6) if abs(round(step, d) - step) <= 1e-6 * step), 6)


def month_ticks(
    first: int, last: int, lang: Lang, years: int = MOST_YEARS, months: int = MOST_MONTHS
) -> dict[int, str]:
    """Return where an axis from one ordinal of a month to another is marked, with the labels.

    Decembers are marked, since banks report at year-ends, or more months where the axis spans few years. The first
    label of year-ends says so in a second line.

    Parameters
    ----------
    years, months : labels there is room for, if they are years and if they are months.
    """
    step = next(s for s in MONTHS_APART if (last - first) / s <= (years if s >= 12 else months))
    ticks = [m for m in range(first, last + 1) if (m - 11) % step == 0]
    labels = {m: str(Month(m) if step < 12 else Month(m).year) for m in ticks}
    if step >= 12:
        labels[ticks[0]] = TEXT[lang]["first_year"].format(labels[ticks[0]])
    return labels
