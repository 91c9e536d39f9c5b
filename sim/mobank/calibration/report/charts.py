"""The pictures of a calibration: history lived again against what was reported, priors against posteriors, pairs.

Colours, style and fonts are those of a run's charts. Equal input gives equal bytes on one machine.
"""

from collections.abc import Mapping, Sequence
from io import StringIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mobank.base.priors import Z_95
from mobank.base.quantities import Lang, Month, person_unit
from mobank.calibration.checks.fit_summary import FitSummary
from mobank.calibration.checks.identifiability import Pair
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL, YEAR
from mobank.calibration.likelihood.solve_history import of_the_whole
from mobank.calibration.report.wording import name, of_measure
from mobank.report.render.charts import styled
from mobank.report.render.fonts import chart_language
from mobank.report.render.look import BANDS, GREY, INK, LOST, MEDIAN, PALE
from mobank.scenario.regions import counts_of

TEXT: Mapping[Lang, Mapping[str, str]] = {
    "en": {"reported": "reported", "unverified": "reported, unverified", "again": "median, lived again",
           "band": "central {}%", "prior": "prior, central 90%", "scale": "prior standard deviations from its median",
           "year_end": "year-end"},
    "zh": {"reported": "已披露", "unverified": "已披露（未核实）", "again": "重演的中位数", "band": "{}%区间",
           "prior": "先验90%区间", "scale": "距先验中位数的先验标准差", "year_end": "年末"},
}  # fmt: skip
FITS = (MEDIAN, LOST[2])  # the colour of each fit
WIDTH = 9.6  # inches
LEAST_PANELS = 3  # in a row of pairs, so that one alone is not stretched
ROW = 0.27  # inches that a number takes


def history(fits: Sequence[FitSummary], titles: Sequence[str], lang: Lang) -> str:
    """Return an SVG: for each fit, level and active lived again from the first figure, and what was reported."""
    language = chart_language(lang)
    first = fits[0].history
    with styled(language):
        picture = _picture(7.4)
        panels = picture.subplots(2, len(fits), sharey="row", squeeze=False)
        for row, measure in ((LEVEL, first.origin.stock), (ACTIVE, first.origin.engaged)):
            for column, (found, title) in enumerate(zip(fits, titles, strict=True)):
                axes = panels[row, column]
                _lived_again(axes, found, row)
                _reported(axes, found, measure)
                heading = of_measure(first.model, measure, language)
                axes.set_title(f"{heading} · {title}", loc="left", size=11.5, weight="bold", color=INK, pad=10)
            _persons(panels[row, 0], language)
        picture.tight_layout(rect=(0, 0.06, 1, 1), h_pad=2.2)
        _keys(picture, _history_keys(language))
        return _svg(picture)


def knowledge(fits: Sequence[FitSummary], titles: Sequence[str], lang: Lang) -> str:
    """Return an SVG: each number's central 90 % after the fits, on the scale of its prior."""
    language = chart_language(lang)
    first = fits[0]
    names = [each.name for each in first.known]
    with styled(language):
        picture = _picture(ROW * len(names) + 1.2)
        axes = picture.add_axes((0.44, 0.75 / (ROW * len(names) + 1.2), 0.54, 1 - 1.0 / (ROW * len(names) + 1.2)))
        places = np.arange(len(names))[::-1]
        axes.barh(places, 2 * Z_95, left=-Z_95, height=0.62, color=PALE, zorder=1)
        axes.axvline(0.0, color=GREY, linewidth=0.8, zorder=2)
        for i, (found, colour) in enumerate(zip(fits, FITS, strict=False)):
            shift = 0.16 if len(fits) > 1 and i == 0 else -0.16 if i else 0.0
            ends = np.array([np.quantile(found.z[found.history.row[n]], (0.05, 0.5, 0.95)) for n in names])
            axes.hlines(places + shift, ends[:, 0], ends[:, 2], color=colour, linewidth=2.6, zorder=3)
            axes.plot(ends[:, 1], places + shift, "o", color=colour, markersize=4.2, zorder=4)
        axes.set_yticks(places, [name(first.history.model, each, language) for each in names], size=8.5)
        axes.set_ylim(-0.7, len(names) - 0.3)
        axes.set_xlim(-3, 3)
        axes.set_xlabel(TEXT[language]["scale"], size=9.5)
        axes.grid(axis="x")
        lines = [
            Line2D([], [], color=c, linewidth=2.6, marker="o", markersize=4.2, label=t)
            for c, t in zip(FITS, titles, strict=False)
        ]
        _keys(picture, [Patch(color=PALE, label=TEXT[language]["prior"]), *lines])
        return _svg(picture)


def pairs(found: FitSummary, shown: Sequence[Pair], lang: Lang) -> str:
    """Return an SVG: the draws of pairs that are known only together, each on its natural scale."""
    language = chart_language(lang)
    natural = found.history.natural(found.z)
    with styled(language):
        picture = _picture(3.1)
        panels = picture.subplots(1, max(len(shown), LEAST_PANELS), squeeze=False)[0]
        for axes in panels[len(shown) :]:
            axes.set_visible(False)
        for axes, pair in zip(panels, shown, strict=False):
            axes.plot(
                natural[pair.one], natural[pair.other], ".", color=MEDIAN, markersize=2.0, alpha=0.35, markeredgewidth=0
            )
            for each, label in ((pair.one, axes.set_xlabel), (pair.other, axes.set_ylabel)):
                label(name(found.history.model, each, language), size=8.5)
            axes.set_title(f"{pair.correlation:+.2f}", size=10.5, loc="right")
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.tick_params(labelsize=8.5)
        picture.tight_layout(w_pad=1.5)
        return _svg(picture)


# ------------ the parts


def _picture(height: float) -> Picture:
    picture = Picture(figsize=(WIDTH, height))
    FigureCanvasAgg(picture)
    return picture


def _svg(picture: Picture) -> str:
    out = StringIO()
    picture.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _keys(picture: Picture, keys: Sequence[Line2D | Patch]) -> None:
    picture.legend(
        handles=keys,
        loc="lower left",
        ncols=len(keys),
        fontsize=9,
        frameon=False,
        borderpad=0.3,
        handlelength=1.5,
        handletextpad=0.5,
        columnspacing=1.5,
    )


def _lived_again(axes: Axes, found: FitSummary, row: int) -> None:
    years = np.array([_year(mark.month) for mark in found.history.marks])
    lived = of_the_whole(found.lived_again)[:, row]
    lived = lived[:, np.isfinite(lived).all(axis=0)]
    for share, colour in BANDS.items():
        low, high = np.quantile(lived, ((100 - share) / 200, (100 + share) / 200), axis=1)
        axes.fill_between(years, low, high, color=colour, linewidth=0, zorder=2)
    axes.plot(years, np.median(lived, axis=1), color=MEDIAN, linewidth=2, zorder=3)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_ylim(0.0, 1.04 * axes.get_ylim()[1])
    axes.grid(axis="y")


def _year(month: Month) -> float:
    """Return a month on the axis of years: a December is the whole number of its year."""
    return month.year + (month.month - YEAR) / YEAR


def _reported(axes: Axes, found: FitSummary, measure: str) -> None:
    for figure in counts_of(found.target.figures, found.target.scenario.bands, measure):
        unverified = figure.provenance.evidence == "unverified"
        axes.vlines(_year(figure.month), figure.interval.low, figure.interval.high, color=INK, linewidth=1.4, zorder=4)
        axes.plot(
            _year(figure.month),
            figure.interval.middle,
            "o",
            color=INK,
            markersize=5.5,
            markerfacecolor="white" if unverified else INK,
            zorder=5,
        )


def _persons(axes: Axes, language: Lang) -> None:
    divide, unit = person_unit(axes.get_ylim()[1], language)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / divide:,.3g}"))
    axes.annotate(
        unit,
        (0, 1),
        xytext=(-4, 6),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        color=GREY,
        size=9.5,
    )


def _history_keys(language: Lang) -> list[Line2D | Patch]:
    words = TEXT[language]
    dots = [
        Line2D([], [], linestyle="", marker="o", color=INK, markersize=5.5, markerfacecolor=face, label=words[key])
        for face, key in ((INK, "reported"), ("white", "unverified"))
    ]
    line = Line2D([], [], color=MEDIAN, linewidth=2, label=words["again"])
    return [*dots, line, *(Patch(color=BANDS[s], label=words["band"].format(s)) for s in sorted(BANDS))]
