"""Two pictures of a report: which layers the spread comes from at year-ends, and who is active."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure as Picture
from matplotlib.patches import Patch

from mobank.base.quantities import Lang, Month, person_unit
from mobank.base.streams import LAYERS
from mobank.ensemble.shapley import ShapleyShares
from mobank.report.render import charts
from mobank.report.render.fonts import chart_language
from mobank.report.render.look import GREY, INK
from mobank.report.run.bands import Use

TEXT: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "layers": "Where the spread comes from", "parameters": "parameters", "environment": "years (good and bad)",
        "events": "uncertain dates", "moves": "who moves",
        "layers_foot": "Share of the variance of the logarithm (Shapley effects). A layer below 0.5% is not seen.",
        "bands": "Who is active", "active": "active (MAU), {}", "share": "active share\nof the group",
        "bands_foot": "Groups of one kind add up to all customers. Means.", "at": "{}",
    },
    "zh": {
        "layers": "离散来自哪里", "parameters": "参数", "environment": "年景好坏", "events": "不确定日期",
        "moves": "谁行动", "layers_foot": "对数方差的比重（Shapley值）。不足0.5%的层看不见。",
        "bands": "谁在使用", "active": "月活用户，{}", "share": "占该群\n客户比重",
        "bands_foot": "同一类客群合计为全部客户。平均值。", "at": "{}",
    },
}  # fmt: skip
COLOURS = {"parameters": "#0d4a78", "environment": "#7fabcd", "events": "#dba58f", "moves": "#b87355"}
LABELLED = 0.06  # share from which there is room for a label
MOST_YEARS = 8
NAMES = 1.75  # inches for the names of bands
THEN, NOW = "#b7d0e4", "#1f6596"


def layers(shares: Sequence[ShapleyShares], titles: Mapping[str, str], lang: str, asked: str = "") -> Picture:
    """Return stacked bars, one a year-end and measure, of the share of the variance that each layer makes.

    Parameters
    ----------
    titles : of the measures to show, in the language of the chart, in this order.
    asked : the scenario and its question, for the foot.
    """
    language = chart_language(lang)
    words = TEXT[language]
    with charts.styled(language):
        picture, axes = charts.new_page(words["layers"], language, right=0.35)
        bars = [(name, each) for name in titles for each in _thinned([s for s in shares if s.measure == name])]
        gaps = [list(titles).index(name) * 0.9 for name, _ in bars]
        heights = -np.arange(len(bars)) - np.array(gaps)
        left = np.zeros(len(bars))
        for i, layer in enumerate(LAYERS):
            width = np.maximum([each.shapley[i] for _, each in bars], 0.0)
            axes.barh(heights, width, 0.72, left, color=COLOURS[layer], zorder=2)
            for at, start, share in zip(heights, left, width, strict=True):
                if share >= LABELLED:
                    axes.text(
                        start + share / 2,
                        at,
                        f"{100 * share:.0f}%",
                        ha="center",
                        va="center",
                        size=9.5,
                        color="white" if layer in ("parameters", "moves") else INK,
                        gid="share",
                    )
            left = left + width
        axes.set_yticks(heights, [str(each.month) for _, each in bars])
        for name, title in titles.items():
            first = next((h for h, (n, _) in zip(heights, bars, strict=True) if n == name), None)
            if first is not None:
                axes.annotate(
                    title,
                    (0, first + 0.42),
                    xytext=(0, 3),
                    textcoords="offset points",
                    weight="bold",
                    size=10.5,
                    annotation_clip=False,
                    gid="measure",
                )
        axes.set_xlim(0, 1)
        axes.set_ylim(heights[-1] - 0.5, 0.95)
        axes.set_xticks(np.linspace(0, 1, 6), [f"{v}%" for v in range(0, 101, 20)])
        axes.grid(axis="x")
        drawn = [layer for i, layer in enumerate(LAYERS) if any(each.shapley[i] >= 0.005 for _, each in bars)]
        charts.draw_legend(picture, [Patch(color=COLOURS[layer], label=words[layer]) for layer in drawn])
        charts.draw_foot(picture, [asked, words["layers_foot"]])
    return picture


def _thinned(shares: Sequence[ShapleyShares]) -> Sequence[ShapleyShares]:
    """Return at most `MOST_YEARS` of the months, the last among them."""
    every = -(-len(shares) // MOST_YEARS)
    return shares[::-1][::every][::-1]


def bands(uses: Sequence[Use], months: tuple[Month, Month], lang: str, asked: str = "") -> Picture:
    """Return bars of the active users of each band at the start and at the end, with their share of its customers."""
    language = chart_language(lang)
    words = TEXT[language]
    with charts.styled(language):
        picture, axes = charts.new_page(words["bands"], language, right=1.75)
        box = axes.get_position()
        axes.set_position((NAMES / charts.WIDTH, box.y0, box.x1 - NAMES / charts.WIDTH, box.height))
        beside = axes.get_yaxis_transform()
        kinds = list(dict.fromkeys(use.dimension for use in uses))
        heights = np.array([-i - 0.5 * kinds.index(use.dimension) for i, use in enumerate(uses)], float)
        largest = max(float(use.active.max()) for use in uses)
        unit, head = person_unit(largest, language)
        for column, (shift, colour) in enumerate(((0.2, THEN), (-0.2, NOW))):
            values = np.array([use.active[column] for use in uses]) / unit
            axes.barh(heights + shift, values, 0.36, color=colour, zorder=2)
            for at, value in zip(heights + shift, values, strict=True):
                axes.annotate(
                    f"{value:,.{2 if language == 'zh' else 1}f}",
                    (value, at),
                    xytext=(4, 0),
                    va="center",
                    textcoords="offset points",
                    size=9,
                    color=INK,
                    gid="active",
                )
        for at, use in zip(heights, uses, strict=True):
            then, now = 100 * use.active / use.customers
            axes.annotate(f"{then:.0f}% → {now:.0f}%", (1, at), xytext=(16, 0), xycoords=beside, va="center", size=10,
                          textcoords="offset points", annotation_clip=False, gid="use")  # fmt: skip
        axes.annotate(words["share"], (1, 1), xytext=(16, 6), xycoords="axes fraction", textcoords="offset points",
                      size=9, color=GREY, va="bottom", annotation_clip=False)  # fmt: skip
        axes.set_yticks(heights, [use.band for use in uses])
        axes.set_ylim(heights[-1] - 0.6, 0.6)
        axes.set_xlim(0, 1.12 * largest / unit)
        axes.set_xlabel(words["active"].format(head))
        axes.grid(axis="x")
        charts.draw_legend(
            picture,
            [
                Patch(color=colour, label=words["at"].format(month))
                for colour, month in zip((THEN, NOW), months, strict=True)
            ],
        )
        charts.draw_foot(picture, [asked, words["bands_foot"]])
    return picture
