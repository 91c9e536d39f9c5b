"""A fan in SVG shows what it was given: values are read back from its paths by its own axes; texts stay text."""

import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from mobank.base.errors import InputError
from mobank.base.quantities import Interval, Month
from mobank.ensemble.plan import Plan
from mobank.ensemble.run import run
from mobank.ensemble.summary import QUANTILES, summarise
from mobank.model.mobile_banking import MODEL
from mobank.report.render.fan import Fan, Projection, TargetLine, fan_of, projection
from mobank.report.render.fan_layout import COLUMN, FULL, NARROW, SMALL
from mobank.report.render.labels import columns
from mobank.report.render.svg import draw
from mobank.scenario.scenario import Figure, Provenance

NORMAL = np.array([-1.645, -1.2816, -0.6745, 0, 0.6745, 1.2816, 1.645])[:, None]  # quantiles at QUANTILES
START = Month.of(2022, 12)
SIZES = {"full": FULL, "small": SMALL, "narrow": NARROW}
SVG = "{http://www.w3.org/2000/svg}"


def normal(length=60, start=174.5e6, growth=0.05, spread=0.07, label="") -> Projection:
    t = np.arange(length + 1)
    quantiles = start * (1 + growth) ** (t / 12) * np.exp(NORMAL * spread * np.sqrt(t / 12))
    return Projection(tuple(START + int(i) for i in t), quantiles, label)


def unknown(months, of=None) -> Projection:
    of = of or normal()
    quantiles = of.quantiles.copy()
    quantiles[:, months] = np.nan
    return replace(of, quantiles=quantiles)


def difference(size=1e6) -> Projection:
    of = normal()
    return replace(of, quantiles=np.linspace(0, 1, 61) * size * (1 + 2 * NORMAL))


def figure(year: int, low: float, high: float, evidence="article", definition="") -> Figure:
    provenance = Provenance(source="annual report", evidence=evidence)
    return Figure("mau", Month.of(year, 12), "as printed", Interval(low, high, 0.0), provenance, "", definition)


REPORTED = (
    figure(2018, 1.00e8, 1.02e8, "unverified", "app"),
    figure(2019, 1.1e8, 1.12e8, "article", "app"),
    figure(2020, 1.35e8, 1.45e8, "unverified", "mobile_side"),
    figure(2021, 1.585e8, 1.595e8, "article", "mobile_side"),
    figure(2022, 1.74e8, 1.75e8, "article", "mobile_side"),
)
FAN = Fan("Monthly active users", "en", "persons", normal(), 2000, "baseline: How many?", REPORTED)
EVERYTHING = replace(
    FAN,
    reference=normal(growth=0.07, label="better_release"),
    outline=normal(spread=0.09, label="as printed"),
    target=TargetLine(2.5e8, "250 m by 2027-12: 31%"),
)
ALONE = replace(FAN, reported=())
FANS = {
    "with history": FAN,
    "everything": EVERYTHING,
    "narrow": replace(ALONE, run=normal(spread=0.001)),
    "all equal": replace(ALONE, run=normal(growth=0, spread=0)),
    "zero": replace(ALONE, run=replace(normal(), quantiles=np.zeros((7, 61)))),
    "negative": replace(ALONE, run=replace(normal(), quantiles=-normal().quantiles[::-1])),
    "difference": replace(ALONE, run=difference(), signed=True),
    "difference of shares": replace(ALONE, run=difference(0.01), signed=True, unit="share"),
    "share": replace(ALONE, run=normal(start=0.338, growth=0), unit="share"),
    "ratio": replace(ALONE, run=normal(start=1.1, growth=0), unit="ratio"),
    "one month": replace(ALONE, run=normal(1)),
    "one month of a flow": replace(ALONE, run=unknown([0], normal(1, spread=0.3))),
    "half a year": replace(ALONE, run=normal(6)),
    "a year and a half": replace(FAN, run=normal(18)),
    "fifty years": replace(ALONE, run=normal(600, growth=0.01)),
    "gaps": replace(FAN, run=unknown([0, 20, 21, 40, 42])),
    "undefined": replace(ALONE, run=unknown(range(61))),
    "a village": replace(ALONE, run=normal(start=850)),
    "a billion and more": replace(ALONE, run=normal(start=1.4e9)),
    "a long name": replace(EVERYTHING, title="many words of a title " * 20, asked="why " * 3000),
    "a target at the top": replace(ALONE, target=TargetLine(2.8e8, "280 m")),
}


def drawn(fan=FAN, size=FULL) -> ET.Element:
    return ET.fromstring(draw(fan, size))


def path(svg: ET.Element, kind: str) -> str:
    return next(e.get("d") for e in svg.iter(f"{SVG}path") if kind in (e.get("class") or "").split())


def texts(svg: ET.Element, kind: str = "") -> list[str]:
    return ["".join(e.itertext()) for e in svg.iter(f"{SVG}text") if kind in ("", e.get("class"))]


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", text)]


def pairs(d: str) -> np.ndarray:
    return np.array(numbers(d)).reshape(-1, 2)


def axis_of_values(svg: ET.Element, unit=1e6):
    """Return the function from heights to values that the marked values stand for."""
    heights = np.array(numbers(path(svg, "grid"))).reshape(-1, 3)[:, 1]
    marks = [e.text for e in svg.iter(f"{SVG}text") if e.get("text-anchor") == "end"]
    values = unit * np.array([float(m.replace("−", "-").replace(",", "")) for m in marks])
    slope, level = np.polyfit(heights, values, 1)
    return lambda y: slope * np.asarray(y) + level, abs(slope)


def axis_of_months(svg: ET.Element):
    """Return the function from places to ordinals that the years below the axis stand for."""
    years = [e for e in svg.iter(f"{SVG}text") if re.fullmatch(r"\d{4}", e.text or "")]
    slope, level = np.polyfit([float(e.get("x")) for e in years], [12 * int(e.text) + 11 for e in years], 1)
    return lambda x: slope * np.asarray(x) + level


# ------------ the values


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_median_is_read_back_from_its_path(size):
    svg = drawn(size=size)
    value, pixel = axis_of_values(svg)
    x, y = pairs(path(svg, "median")).T
    assert axis_of_months(svg)(x) == pytest.approx([m.ordinal for m in FAN.run.months], abs=0.1)
    assert np.abs(value(y) - FAN.run.quantiles[3]).max() < 0.11 * pixel


@pytest.mark.parametrize(("share", "low"), [(50, 0.25), (80, 0.1), (90, 0.05)])
def test_the_edges_of_a_band_are_its_quantiles(share, low):
    svg = drawn()
    value, pixel = axis_of_values(svg)
    upper, lower = np.split(value(pairs(path(svg, f"band-{share}"))[:, 1]), 2)
    assert np.abs(upper - FAN.run.quantiles[QUANTILES.index(1 - low)]).max() < 0.11 * pixel
    assert np.abs(lower[::-1] - FAN.run.quantiles[QUANTILES.index(low)]).max() < 0.11 * pixel


def test_a_share_is_shown_in_percent_and_in_chinese_persons_in_yi():
    svg = drawn(FANS["share"])
    value, pixel = axis_of_values(svg, unit=0.01)
    assert value(pairs(path(svg, "median"))[0, 1]) == pytest.approx(0.338, abs=0.11 * pixel)
    assert texts(svg, "end")[1] == "33.8% median"
    svg = drawn(replace(FAN, lang="zh"))
    value, pixel = axis_of_values(svg, unit=1e8)
    assert value(pairs(path(svg, "median"))[0, 1]) == pytest.approx(174.5e6, abs=0.11 * pixel)
    assert texts(svg, "end") == ["2.88亿 5%的模拟高于此值", "2.23亿 中位数", "1.72亿 5%的模拟低于此值"]


def test_months_without_a_value_leave_gaps():
    svg = drawn(FANS["gaps"])
    stretches = [pairs(part) for part in path(svg, "median").split("M")[1:]]
    month = axis_of_months(svg)
    found = [np.round(month(part[:, 0]) - START.ordinal, 1) for part in stretches]
    assert [(f[0], f[-1]) for f in found if f.size > 2] == [(1, 19), (22, 39), (43, 60)]
    assert found[2].mean() == pytest.approx(41, abs=0.1)  # a month alone is widened, so that it is seen


def test_a_measure_that_is_never_defined_says_so():
    svg = drawn(FANS["undefined"])
    assert "undefined in every month" in texts(svg)
    assert path(svg, "median") == ""


def test_values_that_are_all_equal_are_a_line_with_labels_apart():
    svg = drawn(FANS["all equal"])
    assert len(set(pairs(path(svg, "median"))[:, 1])) == 1
    assert texts(svg, "end") == ["174 m 5% of runs above", "174 m median", "174 m 5% of runs below"]


def test_differences_have_their_sign_and_a_line_at_zero():
    svg = drawn(FANS["difference"])
    assert [t.split()[0] for t in texts(svg, "end")] == ["+4.29", "+1.00", "−2.29"]
    value, pixel = axis_of_values(svg)
    assert value(numbers(path(svg, "zero"))[1]) == pytest.approx(0, abs=0.11 * pixel)


def test_a_difference_of_shares_is_in_percentage_points():
    svg = drawn(FANS["difference of shares"])
    assert texts(svg, "title") == ["Monthly active users, percentage points"]
    assert texts(svg, "end")[1] == "+1.00 pp median"


def test_a_difference_that_never_falls_below_zero_still_shows_zero():
    svg = drawn(
        replace(FANS["difference"], run=replace(normal(), quantiles=5e6 + difference().quantiles[3:4] * 0 + NORMAL))
    )
    assert "0" in texts(svg)


def test_of_fifty_years_the_first_and_the_last_month_are_drawn():
    svg = drawn(FANS["fifty years"], SMALL)
    x, _ = pairs(path(svg, "median")).T
    ends = axis_of_months(svg)(x[[0, -1]])
    assert ends == pytest.approx([START.ordinal, START.ordinal + 600], abs=0.2)
    assert x.size <= 301


# ------------ what was reported


def test_figures_stand_at_their_middle_and_unverified_ones_have_a_dagger():
    svg = drawn()
    value, pixel = axis_of_values(svg)
    dots = pairs(path(svg, "unverified").replace("h0", ""))
    assert np.abs(value(dots[:, 1]) - [1.01e8, 1.4e8]).max() < 0.11 * pixel
    assert axis_of_months(svg)(dots[:, 0]) == pytest.approx([Month.of(y, 12).ordinal for y in (2018, 2020)], abs=0.1)
    assert "††" in texts(svg, "dagger")
    assert "††" not in texts(drawn(replace(FAN, reported=REPORTED[1:2])), "dagger")


def test_the_range_of_a_figure_is_drawn():
    svg = drawn()
    value, pixel = axis_of_values(svg)
    _, low, high = np.array(numbers(path(svg, "range"))).reshape(-1, 3)[2]
    assert (value(low), value(high)) == pytest.approx((1.35e8, 1.45e8), abs=0.11 * pixel)


def test_a_change_of_definition_breaks_the_line_half_way():
    svg = drawn()
    lines = [pairs(part) for part in path(svg, "history").split("M")[1:]]
    month = axis_of_months(svg)
    years = [[round(float(m - 11) / 12, 1) for m in month(line[:, 0])] for line in lines]
    assert years == [[2018, 2019], [2020, 2021, 2022]]
    assert month(numbers(path(svg, "break"))[0]) == pytest.approx(Month.of(2020, 6).ordinal, abs=0.1)
    assert "definition changes" in texts(svg, "key")


def test_figures_of_one_definition_are_one_line_and_have_no_break():
    one = tuple(replace(f, definition="") for f in REPORTED[:-1]) + REPORTED[-1:]
    svg = drawn(replace(FAN, reported=one))
    assert path(svg, "history").count("M") == 1
    assert "definition changes" not in texts(svg, "key")


def test_figures_after_the_start_are_marks_without_a_line():
    svg = drawn(replace(FAN, reported=(*REPORTED, figure(2023, 1.9e8, 1.92e8))))
    assert path(svg, "reported").count("M") == 4
    assert path(svg, "history") == path(drawn(), "history")


# ------------ what stands beside the fan


def test_a_reference_is_a_dashed_median_and_the_outline_of_its_90_percent():
    svg = drawn(EVERYTHING)
    value, pixel = axis_of_values(svg)
    line = next(e for e in svg.iter(f"{SVG}path") if e.get("class") == "reference-median")
    assert line.get("stroke-dasharray")
    assert np.abs(value(pairs(line.get("d"))[:, 1]) - EVERYTHING.reference.quantiles[3]).max() < 0.11 * pixel
    edges = np.split(value(pairs(path(svg, "reference-90"))[:, 1]), 2)
    assert np.abs(np.array(edges) - EVERYTHING.reference.quantiles[[0, -1]]).max() < 0.11 * pixel
    assert "better_release: median, 90%" in texts(svg, "key")
    assert "245 m reference" in texts(svg, "end")


def test_a_longer_reference_is_drawn_as_far_as_the_run_goes():
    longer, as_long = (replace(FAN, reference=normal(length)) for length in (120, 60))
    assert draw(longer) == draw(as_long)


@pytest.mark.parametrize("first", [START, Month.of(2040, 1)])
def test_a_reference_that_ends_before_the_run_has_no_label_at_the_end(first):
    shorter = normal(24, growth=0.2)
    shorter = replace(shorter, months=tuple(first + t for t in range(25)))
    assert len(texts(drawn(replace(FAN, reference=shorter)), "end")) == 3


def test_an_outline_alone_is_an_outline():
    svg = drawn(replace(FAN, outline=normal(spread=0.09, label="as printed")))
    assert path(svg, "outline-90").count("M") == 2
    assert "as printed" in texts(svg, "key")
    assert not [e for e in svg.iter(f"{SVG}path") if e.get("class") == "reference-median"]


def test_a_target_is_a_line_at_its_level_with_its_words():
    svg = drawn(EVERYTHING)
    value, pixel = axis_of_values(svg)
    assert value(numbers(path(svg, "target"))[1]) == pytest.approx(2.5e8, abs=0.11 * pixel)
    assert texts(svg, "target-words") == ["250 m by 2027-12: 31%"]


# ------------ texts


def test_texts_are_text_in_both_languages():
    english, chinese = drawn(), drawn(replace(FAN, lang="zh", title="月活用户"))
    assert {"reported", "reported, unverified", "median", "central 50, 80, 90%", "start 2022-12"} <= set(texts(english))
    assert {"已披露", "已披露（未核实）", "中位数", "起点 2022-12", "年末"} <= set(texts(chinese))
    assert texts(english, "title") == ["Monthly active users, m persons"]
    assert texts(chinese, "title") == ["月活用户，亿户"]
    assert (english.get("lang"), chinese.get("lang")) == ("en", "zh-CN")


def test_a_screen_reader_is_given_a_title_and_a_description():
    svg = drawn()
    assert (svg.get("role"), svg[0].tag, svg[1].tag) == ("img", f"{SVG}title", f"{SVG}desc")
    assert svg[0].text == "Monthly active users"
    assert svg[1].text == (
        "Fan chart by month, 2022-12 to 2027-12. 2022-12: median 174 m, 90% of runs from 174 m to 174 m. "
        "2027-12: median 223 m, 90% of runs from 172 m to 288 m."
    )


HOSTILE = [
    "<script>alert(1)</script>",
    "a & b &amp; \"quoted\" 'too'",
    "]]><!--",
    "\x00\x08\x1b\ud800\ufffe",
    "长" * 10_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "quotes", "comment", "control", "long"])
def test_no_text_can_be_more_than_a_text(text):
    fan = replace(EVERYTHING, title=text, asked=text, reference=normal(label=text), target=TargetLine(2e8, text))
    written = draw(replace(fan, outline=normal(label=text)))
    svg = ET.fromstring(written.encode())
    assert {e.tag.removeprefix(SVG) for e in svg.iter()} == {"svg", "title", "desc", "rect", "path", "text", "tspan"}
    assert len(written.encode()) < len(draw(EVERYTHING).encode()) + 6_000
    if text.isprintable() and len(text) < 40:
        assert svg[0].text == text
        assert texts(svg, "title")[0].startswith(text)


def test_no_attribute_needs_a_permission_and_no_id_can_clash():
    attributes = {name for fan in FANS.values() for e in drawn(fan).iter() for name in e.attrib}
    assert not attributes & {"id", "style", "href", "src"}
    assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in draw(EVERYTHING)


# ------------ the places


def boxes(svg: ET.Element) -> list[tuple[str, float, float, float, float]]:
    """Return each text with the box that it takes by estimate: left, right, top, bottom."""
    found = []
    for e in svg.iter(f"{SVG}text"):
        if e.get("class") in ("dagger", "target-words"):  # these lie over the plot
            continue
        size, words = float(e.get("font-size") or svg.get("font-size")), "".join(e.itertext())
        width = sum(_width(part, font or size) for part, font in _parts(e))
        x = float(e.get("x")) - {"middle": width / 2, "end": width}.get(e.get("text-anchor"), 0)
        found.append((words, x, x + width, float(e.get("y")) - 0.7 * size, float(e.get("y")) + 0.2 * size))
    return found


def _parts(e: ET.Element):
    yield e.text or "", None
    for span in e:
        yield span.text or "", float(span.get("font-size")) if span.get("font-size") else None


def _width(words: str, size: float) -> float:
    wide = columns(words) - len(words)
    return size * (COLUMN * (len(words) - wide) + wide)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("fan", FANS.values(), ids=FANS)
def test_no_text_overlaps_another_or_leaves_the_picture(fan, size, lang):
    found = boxes(drawn(replace(fan, lang=lang), size))
    meeting = [
        (a, b)
        for (a, left, right, top, bottom), (b, left2, right2, top2, bottom2) in combinations(found, 2)
        if left < right2 and left2 < right and top < bottom2 and top2 < bottom
    ]
    outside = [
        a for a, left, right, top, bottom in found if left < 0 or right > size.width or top < 0 or bottom > size.height
    ]
    assert (meeting, outside) == ([], [])


# ------------ as a product


def test_a_small_fan_of_five_years_is_small():
    assert len(draw(FAN, SMALL).encode()) < 12_000
    assert len(draw(FANS["fifty years"], SMALL).encode()) < 24_000


@pytest.mark.parametrize("fan", FANS.values(), ids=FANS)
def test_equal_input_gives_equal_bytes(fan):
    assert draw(fan) == draw(replace(fan))


def test_a_fan_takes_milliseconds():
    times = []
    for _ in range(20):
        began = time.process_time()
        draw(FAN, SMALL)
        times.append(time.process_time() - began)
    assert min(times) < 0.005  # 0.002 here


@pytest.mark.slow
def test_drawing_loads_no_plotting_library():
    program = "import mobank.report.render.svg, sys; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# ------------ from a run


@pytest.fixture(scope="module")
def finished(baseline):
    plan = Plan(MODEL, baseline, draws=20)
    return plan, summarise(run(plan), [(m.name, "all") for m in MODEL.measures])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("measure", [m.name for m in MODEL.measures])
def test_every_measure_of_a_run_can_be_drawn(finished, measure, lang):
    fan = fan_of(*finished, measure, lang)
    assert fan.title == (MODEL.measure[measure].zh if lang == "zh" else MODEL.measure[measure].meaning.capitalize())
    assert [f.measure for f in fan.reported] == [
        f.measure for f in finished[0].scenario.reported if f.measure == measure
    ]
    assert ET.fromstring(draw(fan, SMALL))[0].text == fan.title


def test_a_run_can_be_drawn_beside_another(finished):
    fan = fan_of(*finished, "mau", "en", reference=projection(*finished, "mau"))
    assert "baseline: median, 90%" in texts(drawn(fan), "key")
    assert "††" not in texts(drawn(fan_of(*finished, "mau", "en")), "dagger")  # one figure of MAU is unverified


@pytest.mark.parametrize(
    ("measure", "segment", "message"),
    [
        ("mao", "all", "'mao' is not a measure of this run; did you mean 'mau'?"),
        ("mau", "over_60", "'over_60' is not a segment of this run; allowed: all"),
    ],
)
def test_what_a_run_does_not_hold_is_refused(finished, measure, segment, message):
    with pytest.raises(InputError) as refused:
        fan_of(*finished, measure, "en", segment=segment)
    assert [str(problem) for problem in refused.value.problems] == [message]


def test_quantiles_that_do_not_match_the_months_are_refused():
    with pytest.raises(ValueError, match=r"quantiles \(7, 60\) of 7 by 61 months"):
        replace(normal(), quantiles=normal().quantiles[:, 1:])
