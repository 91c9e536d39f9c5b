"""The picture of adoption spreading over communities: one replicate, a square a community, a panel a year-end."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Picture

from mobank.base.arrays import Floats
from mobank.base.quantities import Lang, Month
from mobank.ensemble.plan import Plan, run_block
from mobank.report.render.charts import STYLED_SIZE, titled
from mobank.report.render.fonts import chart_language
from mobank.report.render.look import GREY

MOST_PANELS = 6
TEXT = {
    "en": {
        "title": "Registered share of each community",
        "start": "start",
        "foot": "One run (replicate 0). A square is a community; darkest first by the share one month after the start.",
    },
    "zh": {
        "title": "各社区注册客户占比",
        "start": "起点",
        "foot": "一次模拟（第0次）。每格为一个社区，按起点后一个月的占比由高到低排列。",
    },
}


def observe(plan: Plan) -> Floats:
    """Return the registered share of the people of each community, (T + 1, C), in replicate 0 of a plan.

    Registered is the level that the model's origin names; people who came later have no community.
    """
    model = plan.model
    assert model.origin is not None
    codes = [k + 1 for k in model.indices(model.measure[model.origin.stock].stock)]
    found: list[Floats] = []

    def witness(t: int, people: Sequence[Any]) -> None:
        graph = people[0].ties.graph
        members = np.bincount(graph.community(np.arange(graph.people)), minlength=graph.communities)
        held = np.zeros(graph.communities, np.int64)
        for code in codes:
            segments, positions = people[0].holders(code)
            held += np.bincount(graph.community(graph.starts[segments] + positions), minlength=graph.communities)
        found.append(held / np.maximum(members, 1))

    run_block(plan, np.arange(1), witness=witness)
    return np.stack(found)


def panels(months: Sequence[Month]) -> list[int]:
    """Return which months are shown: the start, and year-ends, at most six in all, the last always."""
    ends = [t for t, month in enumerate(months) if t and month.month == 12] or [len(months) - 1]
    step = ceil(len(ends) / (MOST_PANELS - 1))
    return [0, *ends[::-1][::step][::-1]]


def spread(shares: Floats, months: Sequence[Month], lang: str) -> Picture:
    """Return small multiples of the shares (T + 1, C) of communities, which keep their squares from panel to panel."""
    language: Lang = chart_language(lang)
    words, shown = TEXT[language], panels(months)
    side = ceil(sqrt(shares.shape[1]))
    order = np.argsort(-shares[min(1, shares.shape[0] - 1)], kind="stable")
    low, high = float(shares[shown].min()), float(shares[shown].max())
    with titled(words["title"], language, words["foot"]) as picture:
        columns = len(shown)
        width, height = STYLED_SIZE
        edge = 0.86 / columns
        for i, t in enumerate(shown):
            axes = picture.add_axes((0.03 + i * edge, 0.24, edge * 0.92, edge * 0.92 * width / height))
            squares = np.full(side * side, np.nan)
            squares[: order.size] = shares[t][order]
            image = axes.imshow(squares.reshape(side, side), cmap="Blues", vmin=low, vmax=max(high, low + 1e-9))
            axes.set_axis_off()
            label = words["start"] if t == 0 else str(months[t])
            axes.set_title(f"{label}: {100 * float(shares[t].mean()):.0f}%", fontsize=10, color=GREY)
        bar = picture.colorbar(image, cax=picture.add_axes((0.92, 0.24, 0.015, edge * 0.92 * width / height)))
        bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        bar.outline.set_visible(False)
    return picture
