"""The calibration's report: one page in both languages; what was found, the unverified marked, nothing fetched."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mobank.base.quantities import Interval, format_share
from mobank.base.streams import Streams
from mobank.calibration.checks.figure_information import Informs
from mobank.calibration.checks.fit_summary import find
from mobank.calibration.checks.posterior_predictive import Lean
from mobank.calibration.likelihood import simulate_history
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.report import wording
from mobank.calibration.report.page import EVIDENCE, TEXT, build
from mobank.calibration.report.retention import TEXT as RETENTION_TEXT
from mobank.calibration.sampler.diagnostics import Diagnosis
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load as load_scenario
from mobank.scenario.scenario import Cohort, Provenance, RetainedShare

pytestmark = pytest.mark.slow  # whole runs, some through the command

ROOT = Path(__file__).parents[3]
BREAKS = ROOT / "tests/data/targets/breaks.yaml"
LANGS = ("en", "zh")


def found_in(target):
    """Return findings of draws from the priors that reach the figures: what they say is not the point here."""
    history = target.history(MODEL)
    z = simulate_history.prior_draws(history, Streams(4), 160)
    return find(target, MODEL, z[:, live(history, z).possible], Streams(4))


@pytest.fixture(scope="module")
def fits():
    target = load(BREAKS, MODEL)
    return [found_in(target), found_in(target.only(("article", "secondary")))]


@pytest.fixture(scope="module")
def levers():
    return load_scenario(ROOT / "scenarios/win_back.yaml", MODEL).levers


@pytest.fixture(scope="module", params=LANGS)
def page(request, fits, levers):
    return build(fits, request.param, levers, [("seed", "4")]), request.param


class Fetched(HTMLParser):
    """Collect what a browser would fetch, and the ids."""

    def __init__(self, document):
        super().__init__()
        self.fetched, self.ids = [], []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and not value.startswith("#"):
                self.fetched.append(value)
            if name == "id":
                self.ids.append(value)


def test_which_figures_narrow_a_number_stands_on_one_line(fits):
    history = fits[0].history
    figures = [block.figure for block in history.blocks if block.figure]
    zero = dict.fromkeys(history.priors, 0.0)
    weak = Informs(figures[0], 90.0, zero | {"lapse_rate": 0.12}, zero | {"lapse_rate": 0.03})
    strong = Informs(figures[1], 90.0, zero | {"lapse_rate": 0.3, "fade_rate": 0.1}, zero | {"fade_rate": 0.09})
    found = replace(fits[0], informs=(weak, strong))
    said = [f"{wording.of_measure(MODEL, f.measure, 'en')} {f.month}" for f in figures[:2]]
    line = f"lapse_rate (a regular user stops) is narrowed by {said[1]} (30%), {said[0]} (12%)."
    told = wording.verdict(found, "en")
    assert line in told
    silent = [each for each in found.known if each.name in MODEL.parameter and each.name != "lapse_rate"]
    for start, driven in (("No single figure narrows ", {"data", "partly"}), ("No figure says much of ", {"prior"})):
        names = [each.name for each in silent if each.driven in driven]
        lines = [each for each in told if each.startswith(start)]
        assert len(lines) == bool(names)
        assert all(name in lines[0] for name in names)
    for lang in LANGS:
        document = build([found], lang)
        assert wording.informing(found, "lapse_rate", lang) in document
        assert TEXT[lang]["informs_note"] in document
    assert TEXT["en"]["informs"] not in build([fits[0]], "en")


def test_it_needs_nothing_else_and_no_two_things_have_one_name(page):
    found = Fetched(page[0])
    assert found.fetched == []
    assert len(found.ids) == len(set(found.ids)) > 0


def test_equal_findings_give_equal_bytes(fits, levers):
    assert build(fits, "en", levers) == build(fits, "en", levers)


def test_every_figure_stands_with_its_evidence_and_unverified_ones_stand_out(page, fits):
    document, lang = page
    for figure in fits[0].target.figures:
        assert figure.measure == "customers" or figure.month == fits[0].history.first or figure.text in document
    unverified = sum(
        check.kind == "figure"
        and any(
            f.provenance.evidence == "unverified" and (f.measure, f.month) == (check.measure, check.month)
            for f in fits[0].target.figures
        )
        for check in fits[0].checks
    )
    marked = document.count(f'class="tag unverified">{EVIDENCE[lang]["unverified"]}<')
    apart = sum(f.figure.provenance.evidence == "unverified" for f in fits[0].factors)
    assert marked == unverified + apart > 0


@pytest.mark.parametrize("lang", LANGS)
def test_retention_stands_beside_what_the_draws_make_of_it(lang):
    target = load(BREAKS, MODEL)
    share = RetainedShare(6, "41.5%", Interval(0.4145, 0.4155, 0.0))
    month = target.history(MODEL).first + 5
    cohort = Cohort("mau", month, (share,), Provenance("s", "", "unverified"))
    kept = found_in(replace(target, scenario=replace(target.scenario, retention=(cohort,))))
    document = build([kept], lang)
    made = kept.passage.retained[0, kept.passage.possible]
    assert (kept.passage.retained.shape[0], made.min() > 0.0, made.max() < 1.0) == (1, True, True)
    ends = [format_share(float(q)) for q in np.quantile(made, (0.05, 0.95))]
    words = RETENTION_TEXT[lang]
    row = document.partition(words["retention"])[2].partition("</table>")[0]
    for part in (words["cohort"].format(month), "41.5%", EVIDENCE[lang]["unverified"], " – ".join(ends)):
        assert part in row, part
    without = build([found_in(target)], lang)
    assert words["note"] in document
    assert words["note"] not in without


def test_both_fits_stand_side_by_side(page):
    document, lang = page
    assert TEXT[lang]["col_after"].format(wording.WORDS[lang]["all"]) in document
    only = wording.WORDS[lang]["only"].format(
        wording.WORDS[lang]["and"].join(EVIDENCE[lang][e] for e in ("article", "secondary"))
    )
    assert TEXT[lang]["col_after"].format(only) in document


def test_other_definitions_stand_apart(page):
    document, lang = page
    assert TEXT[lang]["breaks"] in document
    assert "超1亿户" in document


def test_the_two_languages_say_the_same_things():
    for table in (wording.WORDS, TEXT, EVIDENCE):
        assert set(table["en"]) == set(table["zh"])
        for key in table["en"]:
            english, chinese = (re.findall(r"\{\d?", table[lang][key]) for lang in LANGS)
            assert len(english) == len(chinese), key


# ------------ the verdict


def test_the_verdict_names_levers_whose_effect_rests_on_a_prior_and_no_others(fits, levers):
    known = [replace(each, contraction=0.9 if each.name == "lapse_rate" else 0.0, moved=0.0) for each in fits[0].known]
    said = wording.verdict(replace(fits[0], known=tuple(known)), "en", levers)
    (rests,) = [each for each in said if "no figure speaks" in each]
    assert "win_back (revive_rate)" in rests
    assert "lapse_rate" not in rests
    assert any(each.startswith("The figures determine") and "lapse_rate" in each for each in said)
    assert any("Turnover, how many leave and come back, is not known" in each for each in said)


def test_a_verdict_changes_when_the_findings_do(fits):
    known = tuple(replace(each, contraction=0.9) for each in fits[0].known)
    said = " ".join(wording.verdict(replace(fits[0], known=known), "en"))
    assert "next to nothing" not in said
    assert "is known from the figures" in said


@pytest.mark.parametrize(
    ("lean", "part"),
    [
        (Lean("registered", 6, 6, 0.8, 0.03, 6), "too low in 6 of 6 years (mean PIT 0.80)"),
        (Lean("registered", 0, 6, 0.2, 0.03, -6), "too high in 6 of 6 years (mean PIT 0.20)"),
        (Lean("registered", 4, 6, 0.5, 0.69, 1), "above the model's median in 4 of 6 years (mean PIT 0.50): no side"),
    ],
    ids=["low", "high", "neither"],
)
def test_to_which_side_the_model_leans_is_said_with_its_sign(fits, lean, part):
    said = wording.verdict(replace(fits[0], leans=(lean,)), "en")
    assert any(part in each for each in said)
    assert any("in a row" in each for each in said) == (abs(lean.run) >= wording.LONG_RUN)


def test_a_sampler_that_missed_its_limits_is_told_by_name(fits):
    diagnoses = (Diagnosis("reach_share", 1.2, 900.0, 0.0), Diagnosis("lapse_rate", 1.0, 900.0, 0.0))
    document = build([replace(fits[0], diagnoses=diagnoses)], "en")
    assert "The sampler has not met its limits for reach_share: do not use this fit." in document
    sound = build([replace(fits[0], diagnoses=diagnoses[1:])], "en")
    assert "All coordinates meet the limits." in sound


# ------------ in a browser


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium on this machine")
def test_it_prints_on_a4_without_cutting_anything_off(fits, levers, tmp_path):
    (tmp_path / "report.html").write_text(build(fits, "zh", levers), encoding="utf-8")
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/profile",
        f"--print-to-pdf={tmp_path}/report.pdf",
        f"file://{tmp_path}/report.html",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pdf = (tmp_path / "report.pdf").read_bytes()
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^\]]*)\]", pdf)}
    assert boxes
    for _, _, width, height in boxes:
        assert (width, height) == pytest.approx((595, 842), abs=1.5)
    assert len(re.findall(rb"/Type ?/Page\b", pdf)) <= 8
