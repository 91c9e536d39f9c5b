"""Charts show what they were given: points, bands and sums are read back from what is drawn, labels are apart."""

import itertools
import logging
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure as Picture
from matplotlib.text import Text

from mobank.base.quantities import Interval, Month
from mobank.ensemble.summary import QUANTILES, Summary
from mobank.model.mobile_banking import MODEL
from mobank.report.render import charts, fonts, look
from mobank.scenario.scenario import Figure, Provenance

NORMAL = np.array([-1.645, -1.2816, -0.6745, 0, 0.6745, 1.2816, 1.645])[:, None]  # quantiles at QUANTILES
START = Month.of(2022, 12)

needs_chinese = pytest.mark.skipif(
    fonts.chinese_font() is None, reason="no Chinese font is installed (Debian: fonts-noto-cjk or fonts-wqy-zenhei)"
)
LANGS = [pytest.param("zh", marks=needs_chinese), "en"]


def summary(measure="mau", segment="all", length=60, start=174.5e6, growth=0.05, spread=0.07) -> Summary:
    t = np.arange(length + 1)
    quantiles = start * (1 + growth) ** (t / 12) * np.exp(NORMAL * spread * np.sqrt(t / 12))
    return Summary(measure, segment, quantiles, quantiles[3], 0 * quantiles[3])


def months(length=60, start=START) -> list[Month]:
    return [start + t for t in range(length + 1)]


def figure(month: Month, low: float, high: float, evidence="article", measure="mau") -> Figure:
    return Figure(measure, month, "as printed", Interval(low, high, 0.0), Provenance(evidence=evidence))


REPORTED = [
    figure(Month.of(2020, 12), 1.2e8, 1.4e8, "unverified"),
    figure(Month.of(2021, 12), 1.585e8, 1.595e8),
    figure(START, 1.74e8, 1.75e8),
    figure(START, 5.155e8, 5.165e8, measure="registered"),
]


def fan(lang="en", of=None, reported: Sequence[Figure] = REPORTED, **how) -> Picture:
    of = of or summary()
    return charts.fan(of, months(of.mean.size - 1), reported, title="MAU", lang=lang, draws=2000, **how)


def bars(lang="en", length=60, start=START, gross=4e6, back=5e6, lost=8e6) -> Picture:
    def path(level: float) -> np.ndarray:
        return np.r_[np.nan, level * (1 + 0.01 * np.arange(length))]

    gained = {"gross_adds": path(gross), "resurrected": path(back)}
    return charts.growth_bars(gained, {"lost": path(lost)}, months(length, start), lang=lang)


def artist(picture: Picture, gid: str):
    return artists(picture, gid)[0]


def artists(picture: Picture, gid: str) -> list:
    return picture.findobj(lambda a: a.get_gid() == gid)


def texts(picture: Picture) -> list[str]:
    return [t.get_text() for t in picture.findobj(Text) if t.get_text()]


def overlapping(picture: Picture) -> list[tuple[str, str]]:
    """Return the pairs of texts whose boxes on the page meet, and the texts that leave the page, with themselves."""
    picture.canvas.draw()
    drawn = [t for t in picture.findobj(Text) if t.get_text().strip() and t.get_visible()]
    boxes = [(t.get_text(), t.get_window_extent()) for t in drawn]
    pairs = [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.overlaps(y)]
    page = picture.bbox
    inside = [page.x0 <= x.x0 and x.x1 <= page.x1 and page.y0 <= x.y0 and x.y1 <= page.y1 for _, x in boxes]
    return pairs + [(a, a) for (a, _), fits in zip(boxes, inside, strict=True) if not fits]


# ------------ the fan


def test_reported_points_stand_at_the_middle_of_the_interval():
    picture = fan()
    assert artist(picture, "reported").get_xydata().tolist() == [
        [Month.of(2021, 12).ordinal, 1.59e8],
        [START.ordinal, 1.745e8],
    ]
    assert artist(picture, "unverified").get_xydata().tolist() == [[Month.of(2020, 12).ordinal, 1.3e8]]


def test_unverified_points_are_hollow_and_have_a_name_of_their_own():
    picture = fan()
    assert artist(picture, "reported").get_markerfacecolor() == look.INK
    assert artist(picture, "unverified").get_markerfacecolor() == "white"
    assert {"reported", "reported, unverified"} <= set(texts(picture))


def test_the_legend_names_only_what_is_shown():
    assert not {"reported", "reported, unverified"} & set(texts(fan(reported=[])))
    assert "reported, unverified" not in texts(fan(reported=REPORTED[1:]))


def test_figures_of_the_whole_bank_are_not_shown_with_a_segment():
    assert not artists(fan(of=summary(segment="over_60")), "history")


def test_the_thin_line_joins_the_points_to_the_median_at_the_start():
    line = artist(fan(), "history").get_xydata()
    assert line[:, 0].tolist() == [Month.of(2020, 12).ordinal, Month.of(2021, 12).ordinal, START.ordinal]
    assert line[:, 1].tolist() == [1.3e8, 1.59e8, 174.5e6]


def test_the_outline_of_what_will_be_printed_is_its_central_90_percent_and_lies_on_the_page():
    printed = summary("mau_printed", spread=0.3)
    picture = fan(printed=printed)
    lines = [line.get_ydata().tolist() for line in artists(picture, "printed")]
    assert lines == [printed.quantiles[0].tolist(), printed.quantiles[-1].tolist()]
    low, high = picture.axes[0].get_ylim()
    assert low < printed.quantiles.min() < printed.quantiles.max() < high
    assert look.TEXT["en"]["printed"] in texts(picture)
    assert not artists(fan(), "printed")
    assert look.TEXT["en"]["printed"] not in texts(fan())


@pytest.mark.parametrize(("share", "low"), [(50, 0.25), (80, 0.1), (90, 0.05)])
def test_band_edges_are_the_quantiles(share, low):
    of = summary()
    edges = artist(fan(of=of), f"band {share}").get_paths()[0].vertices
    for t, month in enumerate(months()):
        at = edges[edges[:, 0] == month.ordinal, 1]
        assert at.min() == of.quantiles[QUANTILES.index(low), t]
        assert at.max() == of.quantiles[QUANTILES.index(1 - low), t]


def test_the_median_is_drawn_from_the_start_to_the_end():
    of = summary()
    line = artist(fan(of=of), "median").get_xydata()
    assert line[:, 0].tolist() == [m.ordinal for m in months()]
    assert line[:, 1].tolist() == of.quantiles[3].tolist()


def test_a_flow_begins_after_the_start_month_where_it_is_not_known():
    of = summary("gross_adds")
    of.quantiles[:, 0] = np.nan
    assert artist(fan(of=of), "median").get_xydata()[0, 0] == START.ordinal + 1


def test_a_measure_that_is_never_defined_is_refused():
    of = summary("quick_ratio")
    of.quantiles[:] = np.nan
    with pytest.raises(ValueError, match="quick_ratio is undefined in every month; there is nothing to draw"):
        fan(of=of)


@pytest.mark.parametrize(
    ("lang", "labels"), [("en", ["281 m", "223 m", "177 m"]), ("zh", ["2.81亿", "2.23亿", "1.77亿"])]
)
def test_the_right_end_tells_the_median_and_the_ends_of_the_widest_band(lang, labels, monkeypatch):
    monkeypatch.setattr(charts, "chart_language", lambda _: lang)
    picture = fan(lang, summary(spread=0.063))
    assert [artist(picture, f"end {w}").get_text() for w in ("above", "median", "below")] == labels


def test_labels_of_a_narrow_fan_have_as_many_digits_as_tell_them_apart():
    picture = fan(of=summary(spread=0.0001))
    assert [artist(picture, f"end {w}").get_text() for w in ("above", "median", "below")] == [
        "222.79 m",
        "222.71 m",
        "222.63 m",
    ]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("mau", "persons"),
        ("gross_adds", "persons"),
        ("stickiness", "share"),
        ("penetration", "share"),
        ("quick_ratio", "ratio"),
    ],
)
def test_what_a_measure_is_counted_in_follows_from_the_model(name, unit):
    assert MODEL.counted_in(name) == unit


def test_a_share_is_shown_in_percent():
    picture = fan(of=summary("stickiness", start=0.338, growth=0), unit="share")
    assert artist(picture, "unit").get_text() == "%"
    assert artist(picture, "end median").get_text() == "33.8%"
    assert "35" in [t.get_text() for t in picture.axes[0].get_yticklabels()]


def test_a_cut_axis_is_owned_up_to_and_a_whole_one_is_not_cut():
    cut, whole = fan(), fan(of=summary(growth=-0.3), reported=[])
    assert "does not start at zero" in artist(cut, "foot").get_text()
    assert whole.axes[0].get_ylim()[0] == 0
    assert "zero" not in artist(whole, "foot").get_text()


def test_the_foot_tells_how_many_runs_there_are():
    assert "central 50, 80 and 90% of 2,000 runs" in artist(fan(), "foot").get_text()


# ------------ the bars


def heights(picture: Picture) -> dict[str, list[float]]:
    return {c.get_label(): [p.get_height() for p in c.patches] for c in picture.axes[0].containers}


def test_years_are_summed_right():
    picture = bars(length=24)
    first, second = 12 + 0.01 * sum(range(12)), 12 + 0.01 * sum(range(12, 24))
    assert heights(picture) == {
        "gross_adds": pytest.approx([4e6 * first, 4e6 * second]),
        "resurrected": pytest.approx([5e6 * first, 5e6 * second]),
        "lost": pytest.approx([-8e6 * first, -8e6 * second]),
    }


def test_the_mark_is_at_the_sum_of_the_parts():
    picture = bars(length=24)
    marks = [segment[0, 1] for segment in artist(picture, "net").get_segments()]
    assert marks == pytest.approx(np.sum([*heights(picture).values()], axis=0))
    assert [t.get_text() for t in artists(picture, "net label")] == ["+12.7 m", "+14.1 m"]


def test_parts_of_a_bar_stand_on_one_another():
    stack = {c.get_label(): c.patches[0] for c in bars().axes[0].containers}
    assert stack["gross_adds"].get_y() == 0 == stack["lost"].get_y()
    assert stack["resurrected"].get_y() == stack["gross_adds"].get_height()


def test_a_year_of_which_only_a_part_is_held_says_so():
    labels = [t.get_text() for t in bars(length=20, start=Month.of(2023, 6)).axes[0].get_xticklabels()]
    assert sorted(labels) == ["2023\nJul–Dec", "2024", "2025\nJan–Feb"]


def test_means_of_another_length_than_the_months_are_refused():
    with pytest.raises(ValueError, match=r"shorter|longer"):
        charts.growth_bars({"gross_adds": np.ones(5)}, {"lost": np.ones(5)}, months(5), lang="en")


# ------------ the page

FANS = {
    "as usual": {"of": summary()},
    "narrow": {"of": summary(spread=0.001)},
    "one line": {"of": summary(spread=0, growth=0)},
    "without history": {"of": summary(), "reported": []},
    "fifty years": {"of": summary(length=600, growth=0.01)},
    "one month": {"of": summary(length=1), "reported": []},
    "half a year": {"of": summary(length=6), "reported": []},
    "a small bank": {"of": summary(start=8.5e5), "reported": []},
    "a village": {"of": summary(start=850), "reported": []},
    "a billion and more": {"of": summary(start=1.4e9), "reported": []},
    "a share": {"of": summary("stickiness", start=0.338, growth=0), "unit": "share"},
    "with what will be printed": {"of": summary(), "printed": summary("mau_printed", spread=0.12)},
    "printed, narrow": {"of": summary(spread=0.001), "printed": summary("mau_printed", spread=0.002)},
    "printed, without history": {"of": summary(), "reported": [], "printed": summary("mau_printed", spread=0.3)},
    "a ratio": {"of": summary("quick_ratio", start=1.1, growth=0), "unit": "ratio"},
}


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("case", FANS.values(), ids=FANS)
def test_no_text_of_a_fan_overlaps_another_or_leaves_the_page(case, lang):
    assert overlapping(fan(lang, **case)) == []


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("length", "lost"),
    [(3, 8e6), (60, 8.99e6), (60, 20e6), (72, 8e6), (80, 8.99e6), (144, 20e6), (300, 8e6), (600, 20e6)],
)
@pytest.mark.parametrize("start", [START, Month.of(2023, 6)], ids=str)
def test_no_text_of_the_bars_overlaps_another_or_leaves_the_page(length, lang, start, lost):
    assert overlapping(bars(lang, length, start, lost=lost)) == []


@pytest.mark.parametrize("lang", LANGS)
def test_no_label_of_the_net_change_lies_on_a_bar(lang):
    picture = bars(lang, length=72)
    picture.canvas.draw()
    patches = [p.get_window_extent() for c in picture.axes[0].containers for p in c.patches]
    assert not any(t.get_window_extent().overlaps(p) for t in artists(picture, "net label") for p in patches)


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("draw", [fan, bars])
def test_two_saves_of_the_same_are_equal_to_the_byte(draw, lang, tmp_path):
    first, second = (charts.save(draw(lang), tmp_path, name) for name in ("first", "second"))
    assert [path.name for path in first] == ["first.svg", "first.png"]
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_files_name_neither_a_date_nor_a_version(tmp_path):
    svg, png = charts.save(fan(), tmp_path, "mau")
    for content in (svg.read_bytes(), png.read_bytes()):
        assert mpl.__version__.encode() not in content
        assert b"dc:date" not in content
        assert b"Software" not in content


def test_letters_of_an_svg_are_outlines_so_that_it_looks_alike_everywhere(tmp_path):
    svg, _ = charts.save(fan(), tmp_path, "mau")
    assert not list(ET.parse(svg).iter("{http://www.w3.org/2000/svg}text"))


@pytest.mark.slow
def test_threads_draw_the_same_as_one_alone(tmp_path: Path):
    alone = charts.save(fan(), tmp_path, "alone")[0].read_bytes()
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda i: charts.save(fan(), tmp_path, str(i))[0].read_bytes(), range(8)))
    assert set(drawn) == {alone}


@pytest.mark.slow
def test_the_settings_of_the_user_neither_matter_nor_change(tmp_path):
    plain = charts.save(fan(), tmp_path, "plain")[1].read_bytes()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "yellow", "savefig.bbox": "tight"}):
        before = dict(mpl.rcParams)
        assert charts.save(fan(), tmp_path, "wild")[1].read_bytes() == plain
        assert dict(mpl.rcParams) == before


@pytest.mark.slow
def test_the_three_charts_of_a_run_are_saved_in_seconds(tmp_path):
    charts.save(fan(), tmp_path, "warm")
    began = time.perf_counter()
    for name, picture in (("registered", fan()), ("mau", fan()), ("growth", bars())):
        charts.save(picture, tmp_path, name)
    assert time.perf_counter() - began < 2.5 * 4  # 0.8 s here; slower and busier machines must pass too


# ------------ the fonts


def test_the_words_of_both_languages_are_the_same_table():
    assert look.TEXT["zh"].keys() == look.TEXT["en"].keys()
    for key, words in look.TEXT["en"].items():
        assert words.count("{") == look.TEXT["zh"][key].count("{")


@needs_chinese
def test_the_font_has_every_character_that_a_chart_uses():
    drawn = [*texts(fan("zh")), *texts(bars("zh")), *look.TEXT["zh"].values(), "亿户万户"]
    drawn += [m.zh for m in MODEL.measures]
    needed = set("".join(drawn)) - set("\n−")  # DejaVu, which is always at hand, has the minus sign
    assert fonts.missing(fonts.chinese_font(), "".join(sorted(needed))) == ""


@needs_chinese
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.filterwarnings("error:Glyph")
def test_no_glyph_is_missing_from_a_picture(lang):
    picture = charts.fan(summary(growth=-0.1), months(), REPORTED, title="月活用户 MAU", lang=lang, draws=2000)
    picture.canvas.draw()
    bars(lang, lost=20e6).canvas.draw()


@needs_chinese
def test_chinese_is_spoken_where_a_font_has_it():
    assert fonts.chart_language("zh") == "zh"
    assert "中位数" in texts(fan("zh"))


def test_gb_2312_is_held_against_a_font():
    assert len(fonts.gb2312()) == 6763
    assert set("亿户月活注册") <= set(fonts.gb2312())


def test_a_font_with_gaps_does_not_count_as_chinese():
    assert fonts.missing("DejaVu Sans", "MAU 月活 %") == "月活"
    assert fonts._first(("DejaVu Sans", "No Such Font")) is None


def test_english_is_spoken_where_no_font_has_chinese(monkeypatch):
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    assert fonts.chart_language("zh") == "en"
    assert fonts.families("zh")[-1] == "DejaVu Sans"
    assert "median" in texts(fan("zh"))


def test_english_stays_english_and_so_does_any_other_language():
    assert fonts.chart_language("en") == fonts.chart_language("de") == "en"


def test_fonts_installed_since_the_first_run_are_found(monkeypatch):
    manager = mpl.font_manager.fontManager
    path = str(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSerif.ttf")
    kept = [entry for entry in manager.ttflist if entry.name != "DejaVu Serif"]
    monkeypatch.setattr(manager, "ttflist", kept)
    monkeypatch.setattr(mpl.font_manager, "findSystemFonts", lambda: [path, "/no/such/font.ttf"])
    fonts._learn_new_fonts()
    assert "DejaVu Serif" in fonts._installed()


def test_matplotlib_is_quiet_about_fonts_only_while_we_draw(caplog):
    log = logging.getLogger("matplotlib.font_manager")
    with fonts.quiet():
        log.warning("hidden")
    log.warning("told")
    assert [record.message for record in caplog.records] == ["told"]
