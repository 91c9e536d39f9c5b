"""The picture of a desk study: how well it serves and how many it sets up, by the number of staff."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mobank.base.quantities import Lang, person_unit
from mobank.desk.day import Days
from mobank.desk.erlang import Steady, set_ups_a_month
from mobank.report.render import charts
from mobank.report.render.fonts import chart_language
from mobank.report.render.look import GREY, INK, MEDIAN
from mobank.scenario.scenario import DeskStudy

TEXT = {
    "en": {
        "title": "{}: how many staff?", "within": "answered in {:.0f} s", "gives_up": "not answered",
        "staff": "staff at the desk", "set_ups": "set-ups a month", "target": "service level", "played": "days played",
        "plan": "plan {:,}", "needed": "needed {:,}", "share": "% of contacts",
        "foot": "Lines: Erlang A in the long run. Dots: mean of {} days played contact by contact; bars: worst, best.\n"
        "The vertical axis to the right does not start at zero.",
    },
    "zh": {
        "title": "{}：需要多少坐席？", "within": "{:.0f} 秒内接通", "gives_up": "未接通",
        "staff": "在岗坐席数", "set_ups": "每月开通数", "target": "服务水平目标", "played": "逐个模拟",
        "plan": "计划 {:,}", "needed": "需要 {:,}", "share": "占来话（来访）的 %",
        "foot": "曲线：Erlang A 公式（长期平均）。圆点：逐个模拟 {} 个营业日的均值；竖线：最差与最好的一天。\n"
        "右图纵轴不从零开始。",
    },
}  # fmt: skip
OTHER = "#b8552b"


def trade_off(
    study: DeskStudy, levels: Sequence[Steady], played: Sequence[Days], needed: int, title: str, lang: str
) -> Picture:
    """Return the chart: shares answered in time and not at all to the left, set-ups a month to the right.

    Parameters
    ----------
    levels : the long run by number of staff, rising. played : the numbers that were played day by day.
    needed : the staff that the service level takes.
    """
    language = chart_language(lang)
    words, plan = TEXT[language], int(study.number("staff"))
    with charts.styled(language):
        picture, axes = charts.new_page(words["title"].format(title), language, right=0.35)
        shares, set_ups = _panels(picture, axes)
        x = [level.staff for level in levels]
        _line(shares, x, [100 * level.within for level in levels], MEDIAN)
        _line(shares, x, [100 * level.gives_up for level in levels], OTHER)
        shares.axhline(
            100 * study.number("answered_share"), color=GREY, linewidth=1, linestyle=(0, (2, 3)), gid="target"
        )
        shares.set_ylim(0, 100)
        _line(set_ups, x, [set_ups_a_month(study, level.answered) for level in levels], MEDIAN)
        for days in played:
            _dot(shares, days.staff, 100 * days.within, MEDIAN)
            _dot(shares, days.staff, 100 * days.gives_up, OTHER)
            _dot(set_ups, days.staff, days.set_ups * study.number("days_a_month"), MEDIAN)
        _heads(shares, set_ups, words, language)
        for panel in (shares, set_ups):
            _marks(panel, {plan: words["plan"], needed: words["needed"]})
        charts.draw_legend(picture, _keys(study, words))
        charts.draw_foot(picture, [words["foot"].format(played[0].offered.size)])
    return picture


def _panels(picture: Picture, axes: Axes) -> tuple[Axes, Axes]:
    """Return two panels side by side in the place of one."""
    box = axes.get_position()
    axes.set_position((box.x0, box.y0, 0.44 * box.width, box.height))
    return axes, picture.add_axes((box.x0 + 0.56 * box.width, box.y0, 0.44 * box.width, box.height))


def _line(axes: Axes, x: Sequence[int], y: Sequence[float], colour: str) -> None:
    axes.plot(x, y, color=colour, linewidth=2.2, zorder=3)


def _dot(axes: Axes, staff: int, by_day: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", colour: str) -> None:
    axes.vlines([staff], by_day.min(), by_day.max(), color=colour, linewidth=1.4, zorder=4)
    axes.plot(
        [staff], [by_day.mean()], "o", color=colour, markeredgecolor="white", markersize=7, zorder=5, gid="played"
    )


def _heads(shares: Axes, set_ups: Axes, words: "dict[str, str]", language: Lang) -> None:
    divide, head = person_unit(set_ups.get_ylim()[1], language)
    for axes, text in ((shares, words["share"]), (set_ups, f"{words['set_ups']} ({head})")):
        axes.grid(axis="y")
        axes.annotate(
            text,
            (0, 1),
            xytext=(-30, 20),
            xycoords="axes fraction",
            textcoords="offset points",
            color=GREY,
            size=10,
            gid="unit",
        )
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel(words["staff"])
    set_ups.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v / divide:,.4g}"))


def _marks(axes: Axes, at: "dict[int, str]") -> None:
    """Mark the planned and the needed number of staff; the label of the smaller stands to the left."""
    for staff, text in at.items():
        axes.axvline(staff, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            text.format(staff),
            (staff, 1),
            xytext=(-3 if staff == min(at) else 3, 4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            size=9,
            color=INK,
            ha="right" if staff == min(at) else "left",
            gid="mark",
        )


def _keys(study: DeskStudy, words: "dict[str, str]") -> list[Line2D | Patch]:
    seconds = 60 * study.number("within_minutes")
    return [
        Line2D([], [], color=MEDIAN, linewidth=2.2, label=words["within"].format(seconds)),
        Line2D([], [], color=OTHER, linewidth=2.2, label=words["gives_up"]),
        Line2D([], [], color=GREY, linewidth=1, linestyle=(0, (2, 3)), label=words["target"]),
        Line2D([], [], color=INK, marker="o", linestyle="", label=words["played"]),
    ]
