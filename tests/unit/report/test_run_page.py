"""report.html: what it must tell, in both languages, in one file that opens anywhere and prints on A4."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from math import floor, log10
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from mobank.ensemble.plan import Plan
from mobank.model.mobile_banking import MODEL
from mobank.report.assumptions import assumptions, evidence_in_words, is_unverified
from mobank.report.run import folder
from mobank.report.run.bands import use_by_band
from mobank.report.run.page import DAGGER
from mobank.report.run.page_words import WORDS
from mobank.report.run.spread import WORDS as SPREAD
from mobank.report.tables import warnings
from mobank.scenario.reader import load
from mobank.scenario.scenario import Provenance
from mobank.scenario.tree import Scalar
from mobank.scenario.yaml_files import load as tree

pytestmark = pytest.mark.slow  # whole runs, some through the command

ROOT = Path(__file__).resolve().parents[3]
LANGS = ("en", "zh")
ASKING = """extends: {}
question: {{en: "Are 200 m <active> & well by 2024?", zh: 到2024年月活达到2亿吗？}}
until: 2024-12
asks:
  two_hundred_million: off
  active_2027: off
  registered_2027: off
  active_220m: off
  kept_in_use: off
  two_hundred: {{measure: mau, at_least: 2亿, by: 2024-12}}
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("asking") / "asking.yaml"
    path.write_text(ASKING.format(ROOT / "scenarios" / "better_release.yaml"), encoding="utf-8")
    return Plan(MODEL, load(path, MODEL), draws=200, seed=3)


@pytest.fixture(scope="module")
def made(plan, tmp_path_factory):
    """Return the folders of the run by language."""
    where = tmp_path_factory.mktemp("reports")
    return {lang: folder.make(plan, where / lang, lang, "mobank run").folder for lang in LANGS}


@pytest.fixture
def documents(made):
    return {lang: (made[lang] / "report.html").read_text(encoding="utf-8") for lang in LANGS}


def words_of(document):
    """Return the text that a reader sees, pictures left out."""
    kept = re.sub(r"<(style|svg)\b.*?</\1>", " ", document, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", kept)).replace("&lt;", "<").replace("&gt;", ">")


def test_a_report_has_every_section_in_its_order(documents):
    for lang in LANGS:
        names = (
            "headline",
            "asks",
            "drivers",
            "fans",
            "growth",
            "bands",
            "layers",
            "levers",
            "assumptions",
            "identity",
        )
        found = re.findall(r"<h2>(.*?)</h2>", documents[lang])
        assert found == [WORDS[lang][name] for name in names]


def test_both_languages_have_the_same_words_to_fill():
    def blanks(text):
        return sorted(re.findall(r"\{\d?(:[^}]*)?\}", text))

    for words in (WORDS, SPREAD):
        assert words["en"].keys() == words["zh"].keys()
        for name in words["en"]:
            assert blanks(words["en"][name]) == blanks(words["zh"][name]), name


def test_the_question_stands_at_the_top_and_is_escaped(documents):
    assert "<h1>Are 200 m &lt;active&gt; &amp; well by 2024?</h1>" in documents["en"]
    assert "<h1>到2024年月活达到2亿吗？</h1>" in documents["zh"]


def test_the_numbers_are_those_of_the_summary(made, documents):
    known = folder_summary(made["en"])
    for name in ("registered", "mau"):
        row = known[name, "2024-12"]
        low, middle, high = as_borne([row[q] / 1e6 for q in ("p5", "p50", "p95")])
        assert re.search(rf"{middle}\s*†\s*{low} – {high}", words_of(documents["en"]))


def test_what_will_be_printed_stands_below_the_band_with_the_chance_of_a_redefinition(made, documents):
    known = folder_summary(made["en"])
    for name in ("registered", "mau"):
        row = known[f"{name}_printed", "2024-12"]
        low, _, high = as_borne([row[q] / 1e6 for q in ("p5", "p50", "p95")])
        assert f"in print {low} – {high}" in words_of(documents["en"])
    assert "redefinition of active users within 1, 3, 5 years: 6.7 %, 18.4 %, 28.4 % (" in words_of(documents["en"])
    assert "1、3、5年内发生月活用户口径变更的概率：6.7%、18.4%、28.4%（" in words_of(documents["zh"])
    assert "registered_printed, mau_printed" in words_of(documents["en"])


def as_borne(numbers):
    """Write low, middle and high in steps of the first digit of half the interval, or the third of the largest."""
    low, _, high = numbers
    step = 10.0 ** min(floor(log10(high)) - 2, floor(log10((high - low) / 2)))
    return [f"{round(number / step) * step:,.{max(0, -round(log10(step)))}f}" for number in numbers]


def folder_summary(where):
    from mobank.report.tables import read_summary

    return read_summary(where / "summary.csv")


def test_growth_adds_up_in_every_year(made, documents):
    """Gross adds and resurrected less lost is the change of MAU, to the rounding of four numbers."""
    body = words_of(documents["en"])
    rows = re.findall(r"\b(202\d) ([\d.]+) ([\d.]+) ([\d.]+) ([+−][\d.]+) ([\d.]+)", body)
    assert [row[0] for row in rows] == ["2023", "2024"]
    for row in rows:
        adds, back, lost, change, ratio = (float(number.replace("−", "-")) for number in row[1:])
        assert adds + back - lost == pytest.approx(change, abs=0.2)
        assert (adds + back) / lost == pytest.approx(ratio, abs=0.01)


def leaves(node):
    """Yield every text in a tree that holds a number, sources and reasons apart."""
    if isinstance(node, Scalar):
        yield from [node.text] if re.search(r"\d", node.text) else []
    else:
        for name, entry in node.entries.items():
            if name not in ("source", "reason", "note", "wording", "evidence", "definition"):
                yield from leaves(entry.node)


def test_every_number_of_the_scenario_is_told_with_its_evidence(plan, made, documents):
    """Read from the effective file itself, so that no section with numbers can be forgotten."""
    body = words_of(documents["en"]).replace("&amp;", "&").replace("&#39;", "'").replace("&#34;", '"')
    sections = tree(made["en"] / "scenario.resolved.yaml").entries
    numbers = [
        text
        for name in ("reported", "segments", "parameters", "mixing", "shocks", "drift")
        for text in leaves(sections[name].node)
    ]
    assert len(numbers) > 60
    assert [text for text in numbers if text not in body] == []
    for each in assumptions(plan.scenario, MODEL, "en"):
        if each.group not in ("levers", "events"):
            assert each.whence.source or each.whence.reason, each.name
            assert each.what in body
            assert re.sub(r"\s+", " ", each.whence.source or each.whence.reason)[:60] in body


def test_what_the_figures_count_is_told_beside_them(documents):
    for lang in LANGS:
        assert "个人手机银行客户数，累计开通扣除注销" in words_of(documents[lang])


def test_levers_are_told_in_words_with_their_reason(plan, documents):
    body = words_of(documents["en"]).replace("&#39;", "'")
    for lever in plan.scenario.levers:
        assert lever.name in body
        assert (lever.provenance.reason or lever.provenance.source)[:50] in body


def test_what_is_unverified_is_marked_wherever_it_is_used(documents):
    for lang in LANGS:
        document = documents[lang]
        assert document.count(f'<span class="tag unverified">{evidence_in_words("unverified", lang)}</span>') >= 8
        assert words_of(document).count(DAGGER) >= 3 + 3 * 2 + 1 + 1  # cards, two year-ends, the ask, the note
        assert "customers 2022-12 7.20亿户" in words_of(document)


def test_numbers_that_rest_on_nothing_unverified_carry_no_mark(plan, tmp_path):
    """The same scenario with every tag of it changed to secondary."""

    def checked(whence):
        words = (
            whence.source.replace("unverified", ""),
            whence.reason.replace("unverified", "").replace("not checked", ""),
        )
        return Provenance(*words, "secondary" if whence.evidence == "unverified" else whence.evidence, whence.place)

    def each(value):
        return replace(value, provenance=checked(value.provenance))

    scenario = plan.scenario
    clean = replace(
        scenario,
        reported=tuple(map(each, scenario.reported)),
        bands=tuple(map(each, scenario.bands)),
        parameters={name: each(value) for name, value in scenario.parameters.items()},
        shocks={
            name: replace(shock, size=each(shock.size), drift=shock.drift and each(shock.drift))
            for name, shock in scenario.shocks.items()
        },
    )
    made = folder.make(replace(plan, scenario=clean, draws=20), tmp_path / "clean", "en", "mobank run", shares=False)
    assert DAGGER not in (made.folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "admits"),
    [
        ("(partly unverified)", True),
        ("public statistics, not checked here", True),
        ("凭记忆，未核实", True),
        ("checked", False),
    ],
)
def test_a_source_that_admits_to_be_unverified_is_taken_at_its_word(words, admits):
    assert is_unverified(Provenance(reason=words)) is admits


def test_pictures_do_not_mix_their_ids_and_nothing_is_fetched(documents):
    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.ids, self.wanted, self.pictures = [], set(), 0

        def handle_starttag(self, tag, attrs):
            self.pictures += tag == "svg"
            for name, value in attrs:
                if name == "id":
                    self.ids.append(value)
                elif name in ("href", "xlink:href", "src"):
                    assert value.startswith("#")
                    self.wanted.add(value[1:])
                elif not name.startswith("xmlns"):
                    self.wanted |= set(re.findall(r"url\(#([^)]*)\)", value or ""))

    for lang in LANGS:
        read = Reader()
        read.feed(documents[lang])
        assert read.pictures == 5
        assert len(read.ids) == len(set(read.ids))
        assert read.wanted <= set(read.ids)
        assert not re.search(r"@import|<link|<script|<img|url\((?!#)", documents[lang])


def test_a_run_without_shares_says_so_and_one_too_small_too(plan, tmp_path):
    small = replace(plan, draws=30)
    without = folder.make(small, tmp_path / "without", "en", "mobank run", shares=False).folder
    few = folder.make(small, tmp_path / "few", "zh", "mobank run").folder
    assert not {"shares.csv", "drivers.csv", "layers.svg"} & {p.name for p in [*without.iterdir(), *few.iterdir()]}
    assert WORDS["en"]["left_out"] in (without / "report.html").read_text(encoding="utf-8")
    assert WORDS["zh"]["too_few"].format(200) in (few / "report.html").read_text(encoding="utf-8")
    assert folder.name_of(small, "en", shares=False) != folder.name_of(small, "en")


def test_groups_of_one_kind_add_up_to_all_customers(plan):
    uses = use_by_band(replace(plan, draws=50))
    kinds = {use.dimension for use in uses}
    sums = [sum(use.customers for use in uses if use.dimension == kind) for kind in sorted(kinds)]
    assert len(sums) == 3
    for each in sums[1:]:
        assert each == pytest.approx(sums[0])


def test_the_shares_and_drivers_of_a_run_are_written_as_tables(made):
    shares = (made["en"] / "shares.csv").read_text(encoding="utf-8-sig").splitlines()
    assert shares[0] == "measure,month,scale,layer,shapley,mc_error,first_order,total,replicates"
    assert len(shares) == 1 + 4 * 4
    drivers = (made["en"] / "drivers.csv").read_text(encoding="utf-8-sig").splitlines()
    assert drivers[0] == "measure,month,row,kind,what,描述,share,mc_error"
    kinds = [float(row.split(",")[6]) for row in drivers[1:] if row.split(",")[2] == "kind"]
    assert sum(kinds) == pytest.approx(1, abs=1e-3)


def test_the_terminal_tells_what_drives_the_answer(tmp_path):
    command = [
        sys.executable,
        "-m",
        "mobank",
        "run",
        "scenarios/baseline.yaml",
        "--draws",
        "200",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run([*command, "--lang", "zh"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "2027-12月活用户的离散：" in done.stdout.replace("\n", "")
    assert "report.html" in done.stdout


# ------------ in a browser

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDE = 1280


def test_warnings_of_the_terminal_stand_in_the_report_too(tmp_path):
    path = tmp_path / "referral.yaml"
    lever = "{parameter: imitation_rate, multiply: +20%, from: 2024-01, evidence: assumption, reason: a guess}"
    baseline = f"extends: {ROOT}/scenarios/baseline.yaml\nuntil: 2024-12\nasks: off\n"
    path.write_text(f"{baseline}levers: {{referral: {lever}}}\n", encoding="utf-8")
    plan = Plan(MODEL, load(path, MODEL), draws=20)
    made = folder.make(plan, tmp_path / "referral", "en", "mobank run", shares=False)
    (told,) = warnings(plan, "en")
    assert told.startswith("referral: figures of registered users cannot tell contagion")
    assert told in words_of((made.folder / "report.html").read_text(encoding="utf-8"))


def test_newcomers_of_a_network_are_told_of(plan):
    on_network = load(ROOT / "scenarios/networks/influencers.yaml", MODEL)
    for lang, word in (("en", "no contacts of their own"), ("zh", "没有自己的联系人")):
        assert [word in told for told in warnings(Plan(MODEL, on_network), lang)] == [True]
        assert not warnings(plan, lang)


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("lang", LANGS)
def test_a_report_fits_a_screen_and_sheets_of_a4_without_a_network(made, lang, tmp_path):
    """Nothing stands in the outer margins of a window of 1,280 px, and all sheets are A4."""
    page, picture, sheets = made[lang] / "report.html", tmp_path / "screen.png", tmp_path / "sheets.pdf"
    browse(page, f"--screenshot={picture}", f"--window-size={WIDE},6000", "--hide-scrollbars")
    browse(page, f"--print-to-pdf={sheets}", "--no-pdf-header-footer")
    seen = imread(picture)[:, :, :3]
    assert seen.shape[1] == WIDE
    assert np.all(seen[:, :60] == 1)
    assert np.all(seen[:, -60:] == 1)
    assert np.mean(seen < 0.9) > 0.02
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", sheets.read_bytes())
    assert {(round(float(w)), round(float(h))) for w, h in boxes} <= {(595, 842), (594, 841), (595, 841), (596, 842)}
    assert 4 <= len(boxes) <= 9


def browse(page, *options):
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--proxy-server=127.0.0.1:9",
        *options,
        page.as_uri(),
    ]
    subprocess.run(command, capture_output=True, check=True, timeout=120)
