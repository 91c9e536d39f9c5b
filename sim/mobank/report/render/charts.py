"""The pictures that go before a board: the fan of what may come, and what a change of active users is made of.

Figures are made without pyplot, so nothing is left behind; matplotlib's settings, which are global, are set under
a lock and given back. Equal input gives equal bytes on one machine (same fonts, same versions).
"""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.quantities import Lang, Month
from mobank.ensemble.plan import ALL
from mobank.ensemble.summary import QUANTILES, Summary
from mobank.model.grammar import Counted
from mobank.report.render.fan import unverified
from mobank.report.render.fonts import chart_language, families, quiet
from mobank.report.render.labels import cut
from mobank.report.render.look import BANDS, GAINED, GREY, INK, LOST, MEDIAN, PALE, TEXT
from mobank.report.render.scale import AxisScale, limits, month_ticks
from mobank.scenario.scenario import Figure

WIDTH, HEIGHT, DPI = 9.6, 5.42, 200  # inches: at 1,280 px and on A4 the smallest print is 16 px and 6 pt
LEFT, RIGHT, TOP, BOTTOM = 0.75, 1.5, 1.34, 1.12  # inches around the axes
STYLE = {  # a dollar sign in a question is a dollar sign: no text is taken for mathematics
    "font.size": 10.5, "axes.edgecolor": GREY, "axes.labelcolor": GREY, "text.color": INK, "xtick.color": GREY,
    "ytick.color": GREY, "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.axisbelow": True, "grid.color": PALE, "grid.linewidth": 0.8, "ytick.major.size": 0,
    "xtick.major.size": 4, "svg.fonttype": "path", "svg.hashsalt": "mobank", "savefig.dpi": DPI,
    "text.parse_math": False,
}  # fmt: skip
LABEL = 29  # points that the two lines of a label at the right end take
FOOT = 134  # columns of small print below a chart
ROWS = 0.55, 0.75  # inches from the top of the page to the two rows of a legend
OUTLINE: dict[str, Any] = {"color": INK, "linewidth": 1.1, "linestyle": (0, (4.5, 2.7)), "zorder": 3}
MOST_BESIDE = 6  # bars that leave room for a label between them
_NET: dict[str, Any] = {
    "textcoords": "offset points",
    "size": 9.5,
    "weight": "bold",
    "color": INK,
    "zorder": 6,
    "gid": "net label",
}
_ONE_AT_A_TIME = threading.RLock()


def fan(
    summary: Summary,
    months: Sequence[Month],
    reported: Sequence[Figure],
    *,
    title: str,
    lang: str,
    draws: int,
    unit: Counted = "persons",
    asked: str = "",
    printed: Summary | None = None,
) -> Picture:
    """Return the fan chart of a measure: what was reported, then the bands in which the runs lie.

    Parameters
    ----------
    summary : quantiles (Q, T + 1) of the measure.
    months : T + 1 months, the start first.
    reported : figures as reported; those of other measures and sums of a year are left out, all of them if `summary` is
        of a segment.
    title : in the language of `lang`.
    lang : "zh" or "en"; English is used where no font has Chinese glyphs.
    draws : how many runs the quantiles are of.
    unit : see `Model.counted_in`.
    asked : the scenario and its question, for the foot.
    printed : the measure as it will be printed, drawn as the outline of its central 90 %.
    """
    language = chart_language(lang)
    points = [f for f in reported if f.measure == summary.measure and f.months <= 1 and summary.segment == ALL]
    seen = ~np.isnan(summary.quantiles).any(axis=0)
    if not seen.any():
        raise ValueError(f"{summary.measure} is undefined in every month; there is nothing to draw")
    x, quantiles = np.array([m.ordinal for m in months])[seen], summary.quantiles[:, seen]
    outline = printed.quantiles[:, seen][[0, -1]] if printed else quantiles[[0, -1]]
    with styled(language):
        picture, axes = new_page(title, language, right=RIGHT)
        scale = AxisScale.of(unit, float(quantiles.max()), float(np.ptp(quantiles[:, -1])), language)
        limit_axes(axes, months, np.concatenate([quantiles, outline]), points)
        draw_value_axis(axes, scale)
        draw_month_axis(axes, language)
        draw_start(axes, months[0], "center" if any(f.month < months[0] for f in points) else "left", language)
        _draw_bands(axes, x, quantiles)
        if printed:
            axes.plot(x, outline.T, **OUTLINE, gid="printed")
            draw_legend(picture, [Line2D([], [], **OUTLINE, label=TEXT[language]["printed"])], ROWS[1])
        _draw_history(axes, points, (x[0], quantiles[3, 0]))
        _draw_ends(axes, x[-1], quantiles[:, -1], scale, language)
        draw_legend(picture, _fan_keys(points, language), *(ROWS[:1] if printed else ()))
        draw_foot(picture, [asked, *_fan_notes(axes, points, draws, language)])
    return picture


def growth_bars(
    gained: Mapping[str, Floats], lost: Mapping[str, Floats], months: Sequence[Month], *, lang: str, asked: str = ""
) -> Picture:
    """Return the bars of what was gained and lost in each calendar year, with the net change marked.

    The input is *means* over replicates, because the mean of a sum is the sum of the means: the parts of a bar add
    up to the net change, and months to years. Medians do not add up.

    Parameters
    ----------
    gained, lost : measure to its mean number of persons a month, (T,), in each of `months`; both are positive.
        A month in which all are NaN, as flows are in the start month, is left out.
    months : T months. A year of which they hold only a part is labelled with its months.
    asked : the scenario and its question, for the foot.
    """
    language, growth = chart_language(lang), _Growth.of(gained, lost, months)
    with styled(language):
        picture, axes = new_page(TEXT[language]["growth"], language, right=0.35)
        _frame_bars(axes, growth)
        scale = AxisScale.of("persons", max(map(abs, axes.get_ylim())), 0, language)
        draw_value_axis(axes, scale, TEXT[language]["yearly"])
        _year_axis(axes, growth, language)
        _draw_stack(axes, growth.gained, GAINED)
        _draw_stack(axes, growth.lost, LOST)
        _draw_net(axes, growth, language)
        draw_legend(picture, _bar_keys(growth, language))
        draw_foot(picture, [asked, TEXT[language]["sums"]])
    return picture


def save(picture: Picture, folder: Path, name: str) -> tuple[Path, Path]:
    """Write name.svg and name.png and return their paths; equal pictures give equal bytes, letters are outlines."""
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    with styled("en"):
        picture.savefig(svg, metadata={"Date": None, "Creator": None})
        picture.savefig(png, metadata={"Software": None})
    return svg, png


# ------------ the page


@contextmanager
def styled(language: Lang) -> Iterator[None]:
    """Set matplotlib's own defaults, then ours, whatever the user's matplotlibrc says."""
    with _ONE_AT_A_TIME, quiet(), style.context(["default", STYLE | {"font.family": families(language)}]):
        yield


STYLED_SIZE = (WIDTH, HEIGHT)


@contextmanager
def titled(title: str, language: Lang, foot: str) -> Iterator[Picture]:
    """Give an empty page in the common style, with its title and foot, for a picture of another kind."""
    with styled(language):
        picture = Picture(figsize=STYLED_SIZE)
        FigureCanvasAgg(picture)
        picture.text(0.24 / WIDTH, 1 - 0.22 / HEIGHT, title, size=16, weight="bold", va="top", gid="title")
        yield picture
        draw_foot(picture, [foot])


def new_page(title: str, language: Lang, right: float) -> tuple[Picture, Axes]:
    """Return an empty page with its title, and axes on it that leave room at the right."""
    picture = Picture(figsize=(WIDTH, HEIGHT))
    FigureCanvasAgg(picture)
    box = (LEFT, BOTTOM, WIDTH - LEFT - right, HEIGHT - BOTTOM - TOP)
    axes = picture.add_axes((box[0] / WIDTH, box[1] / HEIGHT, box[2] / WIDTH, box[3] / HEIGHT))
    picture.text(0.24 / WIDTH, 1 - 0.22 / HEIGHT, title, size=16, weight="bold", va="top", gid="title")
    return picture, axes


def draw_legend(picture: Picture, keys: Sequence[Line2D | Patch], top: float = 0.62) -> None:
    """Draw what lines and colours mean, in a row below the title, so many inches from the top of the page."""
    picture.legend(
        handles=keys,
        loc="upper left",
        bbox_to_anchor=(0.24 / WIDTH, 1 - top / HEIGHT),
        ncols=len(keys),
        fontsize=10,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.5,
        handletextpad=0.5,
        columnspacing=1.5,
    )


def draw_foot(picture: Picture, lines: Sequence[str]) -> None:
    """Draw notes at the foot of the page."""
    text = "\n".join(cut(line, FOOT) for line in lines if line)
    picture.text(0.24 / WIDTH, 0.2 / HEIGHT, text, size=9, color=GREY, va="bottom", linespacing=1.4, gid="foot")


def points_a_unit(axes: Axes) -> float:
    """Return how many points high one unit of the value axis is."""
    return 72 * (HEIGHT - TOP - BOTTOM) / float(np.ptp(axes.get_ylim()))


def draw_value_axis(axes: Axes, scale: AxisScale, head: str = "{}") -> None:
    """Draw the marks of the value axis and its unit above it."""
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    ticks = [t for t in axes.get_yticks() if axes.get_ylim()[0] <= t <= axes.get_ylim()[1]]
    axes.set_yticks(ticks, scale.marks(ticks))
    axes.grid(axis="y")
    axes.annotate(
        head.format(scale.head),
        (0, 1),
        xytext=(-0.51 * 72, 20),
        xycoords="axes fraction",
        textcoords="offset points",
        color=GREY,
        size=10,
        gid="unit",
    )


# ------------ the fan


def limit_axes(axes: Axes, months: Sequence[Month], quantiles: Floats, points: Sequence[Figure]) -> None:
    """Leave a margin around all that is drawn."""
    values = np.concatenate([quantiles.ravel(), [v for f in points for v in (f.interval.low, f.interval.high)]])
    ordinals = [m.ordinal for m in (months[0], months[-1], *(f.month for f in points))]
    low, high = float(values.min()), float(values.max())
    axes.set_ylim(*limits(low, high))
    axes.set_xlim(min(ordinals) - 0.02 * np.ptp(ordinals), max(ordinals))


def draw_month_axis(axes: Axes, language: Lang) -> None:
    """Draw the marks of the months."""
    first, last = axes.get_xlim()
    ticks = month_ticks(math.ceil(first), math.floor(last), language)
    axes.set_xticks(list(ticks), list(ticks.values()))


def draw_start(axes: Axes, start: Month, side: Literal["center", "left"], language: Lang) -> None:
    """Draw where the run starts."""
    axes.axvline(start.ordinal, color=GREY, linewidth=0.8, linestyle=(0, (2, 3)), gid="start")
    axes.annotate(
        TEXT[language]["start"].format(start),
        (start.ordinal, 1),
        xytext=(0, 5),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha=side,
        color=GREY,
        size=9.5,
        gid="start label",
    )


def _draw_bands(axes: Axes, x: NDArray[np.int64], quantiles: Floats) -> None:
    for share, colour in BANDS.items():
        edge = [100 * q for q in QUANTILES].index((100 - share) / 2)
        axes.fill_between(
            x, quantiles[edge], quantiles[-1 - edge], color=colour, linewidth=0, zorder=2, gid=f"band {share}"
        )
    axes.plot(
        x, quantiles[len(QUANTILES) // 2], color=MEDIAN, linewidth=2.2, zorder=3, gid="median", solid_capstyle="round"
    )


def _draw_history(axes: Axes, points: Sequence[Figure], start: tuple[float, float]) -> None:
    before = sorted((f.month.ordinal, f.interval.middle) for f in points if f.month.ordinal < start[0])
    if before:
        axes.plot(*zip(*before, start, strict=True), color=GREY, linewidth=1, zorder=4, gid="history")
    for weak in (True, False):
        group = [f for f in points if unverified(f) is weak]
        x = [f.month.ordinal for f in group]
        axes.vlines(
            x, [f.interval.low for f in group], [f.interval.high for f in group], color=INK, linewidth=1, zorder=5
        )
        axes.plot(x, [f.interval.middle for f in group], zorder=6, clip_on=False, **_marker(weak))


def _marker(weak: bool) -> dict[str, Any]:
    return {
        "linestyle": "",
        "marker": "o",
        "markersize": 6.5,
        "markeredgewidth": 1.4,
        "markeredgecolor": INK,
        "markerfacecolor": "white" if weak else INK,
        "gid": "unverified" if weak else "reported",
    }


def _draw_ends(axes: Axes, x: float, quantiles: Floats, scale: AxisScale, language: Lang) -> None:
    """Write the median and the ends of the widest band beside them; leaders go to labels that had to give way."""
    low, median, high = (float(quantiles[i]) for i in (0, len(QUANTILES) // 2, -1))
    away = [max(0.0, LABEL - gap * points_a_unit(axes)) for gap in (high - median, median - low)]
    for value, shift, word in ((high, away[0], "above"), (median, 0.0, "median"), (low, -away[1], "below")):
        _draw_end(axes, (x, value), shift, scale.write(value), word, language)


def _draw_end(axes: Axes, at: tuple[float, float], shift: float, value: str, word: str, language: Lang) -> None:
    weight, colour = ("bold", MEDIAN) if word == "median" else ("normal", INK)
    leader: dict[str, Any] = {"arrowstyle": "-", "color": GREY, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 1}
    beside: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False}
    if shift:
        axes.annotate("", at, xytext=(9, shift), arrowprops=leader, **beside)
    axes.annotate(value, at, xytext=(11, shift - 2), size=12.5, va="bottom", color=colour, weight=weight,
                  gid=f"end {word}", **beside)  # fmt: skip
    axes.annotate(
        TEXT[language][word], at, xytext=(11, shift - 3), size=8.5, va="top", color=GREY, gid=f"note {word}", **beside
    )


def _fan_keys(points: Sequence[Figure], language: Lang) -> list[Line2D | Patch]:
    words, kinds = TEXT[language], {unverified(f) for f in points}
    dots = [
        Line2D([], [], label=words["unverified" if kind else "reported"], **_marker(kind)) for kind in sorted(kinds)
    ]
    line = Line2D([], [], color=MEDIAN, linewidth=2.2, label=words["median"])
    return [*dots, line, *(Patch(color=BANDS[s], label=words["band"].format(s)) for s in sorted(BANDS))]


def _fan_notes(axes: Axes, points: Sequence[Figure], draws: int, language: Lang) -> list[str]:
    words = TEXT[language]
    first = [words["runs"].format(draws)] + ([words["points"]] if points else [])
    gap = "" if language == "zh" else " "
    return [gap.join(first + ([words["cut"]] if axes.get_ylim()[0] > 0 else []))]


# ------------ the bars


@dataclass(frozen=True)
class _Growth:
    """What was gained (above zero) and lost (below) in each calendar year, (Y,) a measure, with the months held."""

    years: Mapping[int, Sequence[Month]]
    gained: Mapping[str, Floats]
    lost: Mapping[str, Floats]

    @classmethod
    def of(cls, gained: Mapping[str, Floats], lost: Mapping[str, Floats], months: Sequence[Month]) -> "_Growth":
        """The sums over years of means by month, (T,), without the months in which nothing is known."""
        seen: NDArray[np.bool_] = ~np.all(np.isnan([*gained.values(), *lost.values()]), axis=0, keepdims=False)
        kept = [month for month, known in zip(months, seen, strict=True) if known]
        years: dict[int, list[Month]] = {}
        for month in kept:
            years.setdefault(month.year, []).append(month)
        at = np.array([month.year - kept[0].year for month in kept])
        return cls(
            years,
            {name: np.bincount(at, values[seen]).astype(float) for name, values in gained.items()},
            {name: -np.bincount(at, values[seen]).astype(float) for name, values in lost.items()},
        )

    @property
    def tops(self) -> Floats:
        """All that was gained, (Y,)."""
        return sum(self.gained.values(), np.zeros(len(self.years)))

    @property
    def net(self) -> Floats:
        """The net change, (Y,)."""
        return sum(self.lost.values(), self.tops)


def _frame_bars(axes: Axes, growth: _Growth) -> None:
    highest, lowest = float(growth.tops.max()), float(np.min(growth.net - growth.tops))
    above, below = (0.06 if len(growth.years) <= MOST_BESIDE else 0.2), 0.06
    axes.set_ylim(lowest - below * (highest - lowest), highest + above * (highest - lowest))
    bars = len(growth.years)
    blank = max(0, 4 - bars) / 2
    axes.set_xlim(-max(0.42, 0.045 * bars) - blank, bars - 0.05 + blank)  # room for the last and the first label
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0, pad=9)


def _labelled(growth: _Growth) -> list[int]:
    """Return which bars are labelled: all up to a dozen, then every so many, but always those of part of a year."""
    every = math.ceil(len(growth.years) / 12)
    parts = [i for i, held in enumerate(growth.years.values()) if len(held) < 12]
    return [*parts, *(i for i in range(0, len(growth.years), every) if all(abs(i - part) >= every for part in parts))]


def _year_axis(axes: Axes, growth: _Growth, language: Lang) -> None:
    labels = [_year_label(year, held, language) for year, held in growth.years.items()]
    shown = _labelled(growth)
    axes.set_xticks(shown, [labels[i] for i in shown])


def _year_label(year: int, held: Sequence[Month], language: Lang) -> str:
    if len(held) == 12:
        return str(year)
    names = TEXT[language]["months"].split()
    first, last = names[held[0].month - 1], names[held[-1].month - 1]
    return f"{year}\n{first if first == last else TEXT[language]['part'].format(first, last)}"


def _draw_stack(axes: Axes, parts: Mapping[str, Floats], colours: Sequence[str]) -> None:
    base = np.zeros(len(next(iter(parts.values()))))
    for (name, values), colour in zip(parts.items(), colours, strict=False):
        axes.bar(range(len(values)), values, 0.4, base, color=colour, zorder=2, label=name)
        base = base + values


def _draw_net(axes: Axes, growth: _Growth, language: Lang) -> None:
    """Mark the net change across each bar, and write it."""
    at, net = np.arange(len(growth.years)), growth.net
    axes.axhline(0, color=INK, linewidth=1, zorder=3)
    axes.hlines(net, at - 0.23, at + 0.23, color="white", linewidth=4.6, zorder=4)
    axes.hlines(net, at - 0.23, at + 0.23, color=INK, linewidth=2.2, zorder=5, gid="net")
    scale = AxisScale.of("persons", float(np.abs(net).max()), 0, language)
    texts = [("+" if value > 0 else "") + scale.write(value) for value in net]
    (_write_beside if len(net) <= MOST_BESIDE else _write_above)(axes, growth, texts, language)


def _write_beside(axes: Axes, growth: _Growth, texts: Sequence[str], language: Lang) -> None:
    """Write the net changes to the right of their marks, clear of the line at zero."""
    for i, (value, text) in enumerate(zip(growth.net, texts, strict=True)):
        clear = max(0.0, 8 - abs(value) * points_a_unit(axes)) * (1 if value >= 0 else -1)
        axes.annotate(text, (i + 0.23, value), xytext=(4, clear), va="center", **_NET)


def _write_above(axes: Axes, growth: _Growth, texts: Sequence[str], language: Lang) -> None:
    """Write the net changes above their bars, saying that they are net, where there is no room between bars."""
    for i in _labelled(growth):
        text = TEXT[language]["net_of"].format(texts[i])
        axes.annotate(text, (i, growth.tops[i]), xytext=(0, 3), va="bottom", ha="center", **_NET | {"size": 8.5})


def _bar_keys(growth: _Growth, language: Lang) -> list[Line2D | Patch]:
    words = TEXT[language]
    coloured = [*zip(growth.gained, GAINED, strict=False), *zip(growth.lost, LOST, strict=False)]
    bars = [Patch(color=colour, label=words.get(name, name)) for name, colour in coloured]
    return [*bars, Line2D([], [], color=INK, linewidth=2.2, label=words["net"])]
