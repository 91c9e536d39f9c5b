"""The pictures of a comparison: the reference in grey with the others beside it, and how far they lie from it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.quantities import Lang, Month
from mobank.ensemble.paths import Paths
from mobank.model.grammar import Counted
from mobank.report.compare.comparison import in_month, is_paired, shared_months
from mobank.report.render import charts, look
from mobank.report.render.fan import measure_title
from mobank.report.render.fonts import chart_language
from mobank.report.render.labels import spread
from mobank.report.render.look import GREY, INK
from mobank.report.render.scale import AxisScale

TEXT = {
    "en": {
        "band": "{}: central 90%",
        "line": "median",
        "runs": "Medians of {:,} runs.",
        "bars": "Bars at the right: central 90% in {}.",
        "apart": "{}: difference to {}",
        "mean": "mean difference",
        "apart_band": "central 90% of the differences",
        "paired": "Differences within each of {:,} runs with the same luck, so that most of the luck cancels.",
        "unpaired": "Differences of {:,} runs of each, begun apart: no luck cancels, the band holds that of both.",
    },
    "zh": {
        "band": "{}：90%区间",
        "line": "中位数",
        "runs": "中位数；各情景{:,}次模拟。",
        "bars": "右侧竖线：{}的90%区间。",
        "apart": "{}：与{}的差异",
        "mean": "平均差异",
        "apart_band": "差异的90%区间",
        "paired": "{:,}次模拟逐次相减，运气相同，大部分运气相互抵消。",
        "unpaired": "各{:,}次模拟相减，起点不同：运气不相互抵消，区间含双方的不确定性。",
    },
}
REFERENCE, BAND = "#6b7680", "#e1e5e8"
COLOURS = ("#0d4a78", "#b8552b", "#2f7d57", "#7a4f9a", "#a98515", "#1b93a3", "#a8326a")
DASHES = ("solid", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), "solid", (0, (6, 2)), (0, (2, 1.5)))
RIGHT = 2.75  # inches: bars and labels
STEP, BARS = 0.011, 0.016  # of the width of the axes: between bars, and to the first
APART = 14.5  # points between labels
LONGEST = 22  # characters of a label
SHADE = 0.12  # of the bands of differences, which lie over one another
SHARES = (0.05, 0.5, 0.95)


def draw_all(paths: Sequence[Paths], labels: Sequence[str], measures: Sequence[str], folder: Path, lang: str) -> None:
    """Write two charts a measure, levels and differences, as SVG and PNG, up to the earliest end of all."""
    plan = paths[0].plan
    plans = [path.plan for path in paths]
    paired = is_paired([plan.scenario for plan in plans])
    months = [max(each.months[0] for each in plans), *shared_months(plans)]
    for name in measures:
        title = measure_title(plan.model, name, chart_language(lang))
        quantiles = [_quantiles(path, name, months) for path in paths]
        unit = plan.model.counted_in(name)
        picture = beside(quantiles, labels, months, title=title, lang=lang, draws=plan.draws, unit=unit)
        charts.save(picture, folder, name)
        more = [_differences(paths[0], path, name, months) for path in paths[1:]]
        picture = apart(more, labels, months, title=title, lang=lang, draws=plan.draws, unit=unit, paired=paired)
        charts.save(picture, folder, f"{name}-difference")


def _differences(reference: Paths, other: Paths, measure: str, months: Sequence[Month]) -> Floats:
    """Return 5 % quantile, mean and 95 % quantile of the differences by replicate in each month, (3, T)."""
    found = []
    for month in months:
        more = in_month(other, measure, month) - in_month(reference, measure, month)
        found.append([np.quantile(more, SHARES[0]), more.mean(), np.quantile(more, SHARES[-1])])
    return np.array(found).T


def _quantiles(paths: Paths, measure: str, months: Sequence[Month]) -> Floats:
    """Return the 5, 50 and 95 % quantiles in each month, (3, T)."""
    return np.stack([np.quantile(in_month(paths, measure, month), SHARES) for month in months], axis=1)


def beside(
    quantiles: Sequence[Floats],
    labels: Sequence[str],
    months: Sequence[Month],
    *,
    title: str,
    lang: str,
    draws: int,
    unit: Counted = "persons",
) -> Picture:
    """Return the chart of a measure: the first scenario in grey with its band, the others as lines of one colour each.

    Parameters
    ----------
    quantiles : for each scenario, its 5, 50 and 95 % quantiles by month, (3, T + 1); a stock, so none is NaN.
    labels : one a scenario.
    months : T + 1 months, the latest start first.
    """
    language = chart_language(lang)
    x, everything = np.array([m.ordinal for m in months]), np.concatenate(quantiles)
    with charts.styled(language):
        picture, axes = charts.new_page(title, language, right=RIGHT)
        ends = np.array([q[1, -1] for q in quantiles])
        scale = AxisScale.of(unit, float(everything.max()), float(np.ptp(ends)), language)
        charts.limit_axes(axes, months, everything, [])
        charts.draw_value_axis(axes, scale)
        charts.draw_month_axis(axes, language)
        charts.draw_start(axes, months[0], "left", language)
        axes.fill_between(x, quantiles[0][0], quantiles[0][2], color=BAND, linewidth=0, zorder=1.5, gid="band")
        for i, values in enumerate(quantiles):
            _draw_line(axes, x, values, i)
        texts = [f"{scale.write(end)}  {_cut(n)}" for end, n in zip(ends, labels, strict=True)]
        _draw_labels(axes, ends, texts, range(len(ends)))
        charts.draw_legend(picture, _keys(labels[0], language))
        charts.draw_foot(picture, [_notes(axes, draws, months[-1], language)])
    return picture


def apart(
    differences: Sequence[Floats],
    labels: Sequence[str],
    months: Sequence[Month],
    *,
    title: str,
    lang: str,
    draws: int,
    unit: Counted = "persons",
    paired: bool = True,
) -> Picture:
    """Return the chart of how far scenarios lie from the first: mean difference and the band of the differences.

    Parameters
    ----------
    differences : for each scenario but the first, 5 % quantile, mean and 95 % quantile by month, (3, T + 1).
    labels : one a scenario, that of the first included.
    paired : True if replicate k of each is one world, so that chance cancels.
    """
    language = chart_language(lang)
    words, x = TEXT[language], np.array([m.ordinal for m in months])
    everything = np.concatenate([*differences, np.zeros((1, len(months)))])
    with charts.styled(language):
        picture, axes = charts.new_page(words["apart"].format(title, _cut(labels[0])), language, right=RIGHT)
        ends = np.array([values[1, -1] for values in differences])
        scale = AxisScale.of(unit, float(np.abs(everything).max()) or 1.0, float(np.ptp(ends)), language)
        charts.limit_axes(axes, months, everything, [])
        charts.draw_value_axis(axes, scale)
        charts.draw_month_axis(axes, language)
        charts.draw_start(axes, months[0], "left", language)
        axes.axhline(0, color=REFERENCE, linewidth=2.2, zorder=2, gid="reference")
        for i, values in enumerate(differences, start=1):
            axes.fill_between(x, values[0], values[2], color=_look(i)[0], alpha=SHADE, linewidth=0, gid=f"band {i}")
            _draw_line(axes, x, values, i)
        texts = [
            f"{'+' if end > 0 else ''}{scale.write(end)}  {_cut(n)}" for end, n in zip(ends, labels[1:], strict=True)
        ]
        _draw_labels(axes, ends, texts, range(1, len(labels)))
        band = Patch(color=GREY, alpha=2 * SHADE, linewidth=0, label=words["apart_band"])
        charts.draw_legend(picture, [Line2D([], [], color=GREY, linewidth=2.2, label=words["mean"]), band])
        gap = " " if language == "en" else ""
        charts.draw_foot(
            picture,
            [gap.join([words["paired" if paired else "unpaired"].format(draws), words["bars"].format(months[-1])])],
        )
    return picture


def _look(i: int) -> tuple[str, str | tuple[int, tuple[float, ...]]]:
    return (REFERENCE, "solid") if i == 0 else (COLOURS[i - 1], DASHES[i - 1])


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"


def _draw_line(axes: Axes, x: NDArray[np.int64], values: Floats, i: int) -> None:
    """Draw the median, and the central 90 % of the last month as a bar to the right of the axes."""
    colour, dash = _look(i)
    axes.plot(
        x, values[1], color=colour, linestyle=dash, linewidth=2 if i else 3.2, zorder=3 if i else 2.5, gid=f"median {i}"
    )
    at = 1 + BARS + STEP * i
    place = axes.get_yaxis_transform()
    axes.plot(
        [at, at],
        values[[0, 2], -1],
        color=colour,
        linewidth=2.4,
        transform=place,
        clip_on=False,
        solid_capstyle="butt",
        gid=f"bar {i}",
    )
    axes.plot([at], [values[1, -1]], "o", color=colour, markersize=4.6, markeredgecolor="white", transform=place,
              clip_on=False, zorder=4, gid=f"dot {i}")  # fmt: skip


def _draw_labels(axes: Axes, ends: Floats, texts: Sequence[str], looks: Sequence[int]) -> None:
    """Write each last value with its name to the right, the labels pushed apart where they would meet."""
    bottom, points = axes.get_ylim()[0], charts.points_a_unit(axes)
    wanted = (ends - bottom) * points
    right = 1 + BARS + STEP * (looks[-1] + 1)
    for i, height, text in zip(looks, spread(wanted, APART), texts, strict=True):
        axes.annotate(text, (right, 0), xytext=(6, height), xycoords="axes fraction", textcoords="offset points",
                      va="center", size=10, color=INK if i == 0 else _look(i)[0], weight="bold" if i else "normal",
                      annotation_clip=False, gid=f"label {i}")  # fmt: skip


def _keys(reference: str, language: Lang) -> list[Line2D | Patch]:
    words = TEXT[language]
    line = Line2D([], [], color=GREY, linewidth=2.2, label=words["line"])
    return [line, Patch(color=BAND, label=words["band"].format(_cut(reference)))]


def _notes(axes: Axes, draws: int, last: Month, language: Lang) -> str:
    words = TEXT[language]
    cut = [look.TEXT[language]["cut"]] if axes.get_ylim()[0] > 0 else []
    return (" " if language == "en" else "").join([words["runs"].format(draws), words["bars"].format(last), *cut])
