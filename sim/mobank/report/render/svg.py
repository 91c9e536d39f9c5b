"""A fan chart as SVG, written as text: milliseconds a chart, no plotting library, letters that stay letters.

What is returned is one `<svg>` element for an HTML page, or a file of its own. It has no ids, so charts of one page
cannot clash, and no style, script or link, so a strict content security policy lets it stand; classes name its parts.
Every text is escaped here and nowhere else. Equal input gives equal bytes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from math import ceil

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Flags, Floats
from mobank.ensemble.summary import QUANTILES
from mobank.report.render.fan import Fan, Projection, breaks, history, unverified
from mobank.report.render.fan_layout import (
    BESIDE,
    FULL,
    GAP,
    MIDDLE,
    PAD,
    SYMBOLS,
    TITLE,
    ChartSize,
    FanLayout,
    LegendKey,
)
from mobank.report.render.labels import cut
from mobank.report.render.look import BANDS, GREY, INK, MEDIAN, PALE, REFERENCE, TARGET, TEXT

FONTS = (
    "'Source Sans 3','Noto Sans','Helvetica Neue',Arial,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',"
    "'Source Han Sans SC','WenQuanYi Micro Hei',sans-serif"
)
LANGUAGES = {"en": "en", "zh": "zh-CN"}
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0
LEAST_APART = 2.0  # points closer than this look like one: of very long runs every so many months are drawn
ALONE = 3.0  # half the width of a month without neighbours, which would otherwise be too narrow to see
SPOKEN = 300  # characters of a title or a sentence that a screen reader reads
DOT, HOLE = 7.0, 4.0  # widths of a reported figure, and of the hole in an unverified one
DAGGER = "†"

Span = tuple[Floats, Floats]
Attribute = str | float
Attributes = dict[str, Attribute]

# how the lines look, in the chart and in its legend
LINES: Mapping[str, Attributes] = {
    "median": {"stroke": MEDIAN, "stroke_width": 2.2, "fill": "none", "stroke_linecap": "round"},
    "reference": {"stroke": REFERENCE, "stroke_width": 1.8, "fill": "none", "stroke_dasharray": "7 4"},
    "outline": {"stroke": INK, "stroke_width": 1.6, "fill": "none", "stroke_dasharray": "1.5 3"},
    "break": {"stroke": TARGET, "fill": "none", "stroke_dasharray": "6 2 1 2"},
    "target": {"stroke": TARGET, "stroke_width": 1.4, "fill": "none", "stroke_dasharray": "9 4"},
}


def draw(fan: Fan, size: ChartSize = FULL) -> str:
    """Return a fan chart as an SVG element that fills the width it is given."""
    at = FanLayout(fan, size)
    parts = [
        _tag("title", escaped(fan.title[:SPOKEN])), _tag("desc", escaped(described(at))),
        _tag("rect", width=size.width, height=size.height, fill="#fff"),
        *_value_axis(at), *_month_axis(at), *_bands(at), *_others(at), *_median(at), *_start(at), *_reported(at),
        *_target(at), *_ends(at), *_legend(at), *_words(at),
    ]  # fmt: skip
    return _tag(
        "svg",
        "\n".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {size.width} {size.height}",
        role="img",
        lang=LANGUAGES[fan.lang],
        class_="fan",
        font_family=FONTS,
        font_size=size.font,
        fill=INK,
    )


def described(at: FanLayout) -> str:
    """Return what a screen reader says of the chart: its months, and the fan at its start and its end."""
    fan, words = at.fan, TEXT[at.fan.lang]
    run, sentences = fan.run, [words["described"].format(fan.run.months[0], fan.run.months[-1])]
    seen = np.flatnonzero(run.known)
    if not seen.size:
        sentences.append(words["undefined"])
    for t in dict.fromkeys((seen[0], seen[-1]) if seen.size else ()):
        middle_, low, high = (at.write(float(run.quantiles[i, t])) for i in (MIDDLE, 0, -1))
        sentences.append(words["month_described"].format(run.months[t], middle_, low, high))
    if fan.target:
        sentences.append(fan.target.text[:SPOKEN])
    return ("" if fan.lang == "zh" else " ").join(sentences)


# ------------ axes


def _value_axis(at: FanLayout) -> Iterator[str]:
    heights = at.y(np.array(at.value_ticks))
    grid = "".join(f"M{_number(at.left)},{_number(y)}H{_number(at.right)}" for y in heights)
    yield _path("grid", grid, stroke=PALE, fill="none")
    for y, words in zip(heights, at.scale.marks(at.value_ticks), strict=True):
        yield _text(at.left - GAP, y + 0.35 * at.size.font, words, fill=GREY, text_anchor="end")
    if at.limits[0] < 0 < at.limits[1]:
        yield _path("zero", f"M{_number(at.left)},{_number(at.y(0))}H{_number(at.right)}", stroke=INK, fill="none")


def _month_axis(at: FanLayout) -> Iterator[str]:
    ends = f"M{_number(at.left)},{_number(at.bottom)}H{_number(at.right)}"
    places = {float(at.x(month)): label.split("\n") for month, label in at.month_ticks.items()}
    ticks = "".join(f"M{_number(x)},{_number(at.bottom)}v4" for x in places)
    yield _path("axis", ends + ticks, stroke=GREY, fill="none")
    for x, lines in places.items():
        for row, words in enumerate(lines):
            y = at.bottom + (1.35 + 1.1 * row) * at.size.font
            yield _text(x, y, words, fill=GREY, text_anchor="middle")


def _start(at: FanLayout) -> Iterator[str]:
    """Mark the start, its words as near above it as the marked values and the edge of the picture allow."""
    start = at.fan.run.months[0]
    x, words = float(at.x(start.ordinal)), TEXT[at.fan.lang]["start"].format(start)
    line = f"M{_number(x)},{_number(at.top)}V{_number(at.bottom)}"
    yield _path("start", line, stroke=GREY, fill="none", stroke_dasharray="2 3")
    half = at.width(words, at.small) / 2
    place = min(max(x, at.left + half), at.size.width - PAD - half)
    yield _text(place, at.top - 0.4 * at.size.font, words, fill=GREY, font_size=at.small, text_anchor="middle")


# ------------ the fan


def _bands(at: FanLayout) -> Iterator[str]:
    """Fill the bands, the widest first; its edge is drawn too, so that it is seen on paper."""
    spans = list(_spans(at, at.fan.run))
    for share, colour in BANDS.items():
        low = [100 * q for q in QUANTILES].index((100 - share) / 2)
        areas = "".join(f"M{_points(x, y[-1 - low])}L{_points(x[::-1], y[low][::-1])}Z" for x, y in spans)
        line: Attributes = {"stroke": BANDS[50], "stroke_width": 0.7} if share == max(BANDS) else {}
        yield _path(f"band band-{share}", areas, fill=colour, **line)
    if not spans:
        words = TEXT[at.fan.lang]["undefined"]
        yield _text((at.left + at.right) / 2, (at.top + at.bottom) / 2, words, fill=GREY, text_anchor="middle")


def _median(at: FanLayout) -> Iterator[str]:
    yield _path("median", _lines(_spans(at, at.fan.run), MIDDLE), **LINES["median"])


def _others(at: FanLayout) -> Iterator[str]:
    """Draw the reference and the outline as lines over the bands."""
    fan, others = at.fan, [list(_spans(at, each)) for each in at.fan.others]
    if fan.reference:
        spans = others.pop(0)
        yield _path("reference-median", _lines(spans, MIDDLE), **LINES["reference"])
        yield _path("reference-90", _lines(spans, 0, -1), stroke=REFERENCE, stroke_width=0.9, fill="none")
    for spans in others:
        yield _path("outline-90", _lines(spans, 0, -1), **LINES["outline"])


def _lines(spans: Iterable[Span], *quantiles: int) -> str:
    return "".join(f"M{_points(x, y[q])}" for x, y in spans for q in quantiles)


def _spans(at: FanLayout, own: Projection) -> Iterator[Span]:
    """Yield each unbroken stretch of months: x, (T,), and the heights of all quantiles, (Q, T)."""
    x, y = at.x(own.ordinals), at.y(own.quantiles)
    for shown in _stretches(own.known):
        apart = (x[shown[-1]] - x[shown[0]]) / max(shown.size - 1, 1)
        every = ceil(LEAST_APART / apart) if apart else 1
        kept = shown if every == 1 else np.unique(np.r_[shown[::every], shown[-1]])
        if kept.size == 1:
            yield x[kept] + np.array([-ALONE, ALONE]), np.repeat(y[:, kept], 2, axis=1)
        else:
            yield x[kept], y[:, kept]


def _stretches(known: Flags) -> list[NDArray[np.int64]]:
    seen = np.flatnonzero(known)
    return [stretch for stretch in np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1) if stretch.size]


# ------------ figures and a target


def _reported(at: FanLayout) -> Iterator[str]:
    """Draw the reported figures: a line a definition, the range of each, its middle, a dagger if it is unverified."""
    figures = at.fan.reported
    if not figures:
        return
    lines = history(at.fan)
    joined = "".join(f"M{_points(at.x(x), at.y(y))}" for x, y in (np.array(line.points).T for line in lines))
    yield _path("history", joined, stroke=GREY, fill="none")
    ends = "".join(f"M{_number(at.x(x))},{_number(at.top)}V{_number(at.bottom)}" for x in breaks(lines))
    if ends:
        yield _path("break", ends, **LINES["break"])
    x = at.x(np.array([f.month.ordinal for f in figures]))
    low, high = (at.y(np.array([getattr(f.interval, end) for f in figures])) for end in ("low", "high"))
    ranges = "".join(f"M{_number(a)},{_number(b)}V{_number(c)}" for a, b, c in zip(x, low, high, strict=True))
    yield _path("range", ranges, stroke=INK, fill="none")
    y, weak = at.y(np.array([f.interval.middle for f in figures])), np.array([unverified(f) for f in figures])
    yield _dots("reported", x[~weak], y[~weak])
    yield from _unverified(at, x[weak], y[weak])


def _unverified(at: FanLayout, x: Floats, y: Floats) -> Iterator[str]:
    if x.size:
        yield _dots("unverified", x, y)
        yield _dots("", x, y, stroke="#fff", stroke_width=HOLE)
        above, beside = _listed(y - DOT / 2), _listed(x + DOT / 2 + 1)
        yield _tag("text", DAGGER * x.size, x=beside, y=above, class_="dagger", font_size=at.small)


def _dots(kind: str, x: Floats, y: Floats, *, stroke: str = INK, stroke_width: float = DOT) -> str:
    """Return dots as lines of no length with round ends: one element, however many they are."""
    dots = "".join(f"M{_number(a)},{_number(b)}h0" for a, b in zip(x, y, strict=True))
    return _path(kind, dots, stroke=stroke, stroke_width=stroke_width, stroke_linecap="round", fill="none")


def _target(at: FanLayout) -> Iterator[str]:
    """Draw the level that is asked about, its words above it, or below it where there is no room."""
    target = at.fan.target
    if target is None:
        return
    y = float(at.y(target.level))
    yield _path("target", f"M{_number(at.left)},{_number(y)}H{_number(at.right)}", **LINES["target"])
    words = cut(target.text, at.room(at.right - at.left - 2 * GAP, at.small))
    below = y - 1.2 * at.small < at.top
    height = y + (1.1 if below else -0.4) * at.small
    yield _text(at.left + GAP, height, words, fill=TARGET, font_size=at.small, stroke="#fff", stroke_width=3,
                stroke_linejoin="round", paint_order="stroke", class_="target-words")  # fmt: skip


# ------------ words


def _ends(at: FanLayout) -> Iterator[str]:
    """Write the values at the right end; a line leads to a label that had to give way."""
    x = at.right
    leaders = "".join(
        f"M{_number(x + 1)},{_number(label.end)}L{_number(x + BESIDE - 3)},{_number(label.y)}"
        for label in at.ends
        if abs(label.y - label.end) > 1
    )
    if leaders:
        yield _path("leader", leaders, stroke=GREY, stroke_width=0.7, fill="none")
    for label in at.ends:
        words = escaped(label.value)
        if label.note:
            words += _tag("tspan", escaped(f" {label.note}"), fill=GREY, font_size=at.small, font_weight="normal")
        weight: Attributes = {"font_weight": "bold"} if label.bold else {}
        y = label.y + 0.36 * at.size.font
        place: Attributes = {"x": _number(x + BESIDE), "y": _number(y)}
        yield _tag("text", words, **place, class_="end", fill=label.colour, **weight)


def _legend(at: FanLayout) -> Iterator[str]:
    font = 0.9 * at.size.font
    for key in at.keys:
        yield from _symbol(key)
        x = key.x + SYMBOLS[key.symbol] + GAP
        yield _text(x, key.y + 0.35 * font, key.words, font_size=font, class_="key")


def _symbol(key: LegendKey) -> Iterator[str]:
    line, dot = f"M{_number(key.x)},{_number(key.y)}h22", (np.array([key.x + 5]), np.array([key.y]))
    match key.symbol:
        case "bands":
            for i, share in enumerate(sorted(BANDS)):
                yield _tag(
                    "rect",
                    x=_number(key.x + 19 * i),
                    y=_number(key.y - 6),
                    width=18,
                    height=12,
                    fill=BANDS[share],
                    stroke=BANDS[50],
                    stroke_width=0.7,
                )
        case "reported":
            yield _dots("", *dot)
        case "unverified":
            yield _dots("", *dot)
            yield _dots("", *dot, stroke="#fff", stroke_width=HOLE)
            yield _text(key.x + 10, key.y - 1, DAGGER, font_size=12, class_="dagger")
        case "break":
            upright = f"M{_number(key.x + 3)},{_number(key.y - 8)}v16"
            yield _path("", upright, **LINES["break"])
        case _:
            yield _path("", line, **LINES[key.symbol])


def _words(at: FanLayout) -> Iterator[str]:
    font, (title, unit) = TITLE * at.size.font, at.title
    head = _tag("tspan", escaped(title), font_weight="bold") + _tag("tspan", escaped(unit), fill=GREY)
    yield _tag("text", head, x=PAD, y=_number(PAD + 0.9 * font), font_size=_number(font), class_="title")
    for row, line in enumerate(reversed(at.foot)):
        y = at.size.height - PAD - 1.35 * at.small * row
        yield _text(PAD, y, line, fill=GREY, font_size=at.small, class_="foot")


# ------------ the writer


def escaped(text: str) -> str:
    """Return a text as XML and HTML take it, characters that neither allows replaced."""
    return escape(FORBIDDEN.sub("�", text))


def _text(x: float, y: float, words: str, **attributes: Attribute) -> str:
    return _tag("text", escaped(words), x=_number(x), y=_number(y), **attributes)


def _path(kind: str, d: str, **attributes: Attribute) -> str:
    return _tag("path", **({"class_": kind} if kind else {}), d=d, **attributes)


def _tag(name: str, content: str = "", /, **attributes: Attribute) -> str:
    """Return an element; `content` is markup. In names of attributes an underscore stands for a hyphen."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _points(x: Floats, y: Floats) -> str:
    return " ".join([f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)])


def _listed(values: Sequence[float] | Floats) -> str:
    return " ".join(map(_number, values))


def _number(value: float | Floats) -> str:
    return f"{float(value):.1f}".removesuffix(".0")
