"""A target is what its file says: figures by evidence, definitions apart; too few are refused in whole words."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.errors import InputError
from mobank.base.priors import Prior
from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.sampler.peak import prior_draws
from mobank.calibration.targets import load, load_text, require_enough
from mobank.model.mobile_banking import MODEL
from mobank.scenario.keys.values import FIGURE_EVIDENCE
from mobank.scenario.scenario import Pool

ROOT = Path(__file__).parents[3]
DATA = Path("calibration/banks")
TARGETS = Path("tests/data/targets")
FILES = sorted(p.relative_to(ROOT) for pattern in ("icbc_*.yaml", "peers/*.yaml") for p in (ROOT / DATA).glob(pattern))
SHARED = ROOT.parents[0] / "shared/data/reported_figures.csv"
YEAR_ENDS = [Month.of(year, 12) for year in range(2016, 2023)]
END_2022 = Month.of(2022, 12)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def icbc():
    return load(DATA / "icbc_mobile.yaml", MODEL)


def refusal(path):
    with pytest.raises(InputError) as refused:
        require_enough(load(path, MODEL), MODEL)
    return str(refused.value).splitlines()


# ------------ what is shipped


def test_the_bank_has_registered_users_of_seven_year_ends_and_active_ones_of_two(icbc):
    assert [figure.month for figure in icbc.of("registered")] == YEAR_ENDS
    assert [figure.month for figure in icbc.of("mau")] == YEAR_ENDS[-2:]
    require_enough(icbc, MODEL)


def test_a_figure_is_what_its_wording_allows(icbc):
    last = {figure.measure: figure for figure in icbc.figures if figure.month == END_2022}
    assert last["registered"].interval == Interval(515_500_000, 516_500_000, 0.0)
    assert last["mau"].interval == Interval(174_000_000, 175_000_000, 0.02)
    assert all(figure.interval.stale_share <= 0.04 for figure in last.values())
    (of_2021,) = [f for f in icbc.of("registered") if f.month == Month.of(2021, 12)]
    assert (of_2021.text, of_2021.wording) == ("超4.69亿户", "exceeded 469 million")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_figure_names_its_definition_source_and_evidence(path):
    target = load(path, MODEL)
    for figure in (*target.figures, *target.apart):
        assert target.scenario.definitions[figure.definition].counts
        assert figure.provenance.source
        assert figure.provenance.evidence in FIGURE_EVIDENCE
        assert figure.wording


def test_verified_figures_alone_leave_three_levels_and_one_active(icbc):
    verified = icbc.only(("article", "secondary"))
    assert [f.month.year for f in verified.of("registered")] == [2016, 2021, 2022]
    assert [f.month.year for f in verified.of("mau")] == [2022]
    assert END_2022 not in [f.month for f in verified.of("customers")]
    assert {f.provenance.evidence for f in verified.left_out} == {"unverified"}
    assert len(verified.left_out) + len(verified.figures) == len(icbc.figures)
    require_enough(verified, MODEL)


@pytest.mark.skipif(not SHARED.exists(), reason="the compilation of reported figures is not on this machine")
def test_every_shipped_figure_stands_in_the_compilation_with_its_evidence():
    with SHARED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = {(row["period_end"][:7], row["evidence"], float(row["value"])) for row in rows}
    for target in (load(path, MODEL) for path in FILES):
        for figure in (f for f in (*target.figures, *target.apart) if f.provenance.evidence != "assumption"):
            month, evidence = str(figure.month), figure.provenance.evidence
            values = [value for m, e, value in known if (m, e) == (month, evidence)]
            low, high = figure.interval.low, figure.interval.high
            assert any(low <= value <= high for value in values), (target.name, figure)


# ------------ definitions


def test_figures_of_another_definition_stand_apart_with_a_factor():
    target = load(TARGETS / "breaks.yaml", MODEL)
    assert {figure.definition for figure in target.of("mau")} == {"mobile_side"}
    assert [(figure.definition, figure.month.year) for figure in target.apart] == [
        ("bank_app", 2017),
        ("finance", 2019),
    ]
    assert target.breaks["bank_app"] == Prior.between("lognormal", 0.4, 0.9)
    assert target.breaks["finance"] == Prior("lognormal", 1.0, 0.05 * 2)  # 2019 to 2021


def test_a_figure_apart_is_left_out_by_its_evidence_too():
    verified = load(TARGETS / "breaks.yaml", MODEL).only(("article", "secondary"))
    assert [figure.definition for figure in verified.apart] == ["finance"]


FLOWS = """
reported:
  gross_adds:
    2021: {figure: 6000万户, definition: model, source: annual report, evidence: article}
    2022-11: {figure: 500万户, definition: model, source: annual report, evidence: unverified}
    2022: {figure: 7000万户, definition: model, source: annual report, evidence: article}
"""


def test_flows_are_figures_of_a_month_or_a_year_that_never_stand_apart(tmp_path):
    (tmp_path / "flows.yaml").write_text(f"extends: {ROOT}/{DATA}/icbc_mobile.yaml\n{FLOWS}", encoding="utf-8")
    target = load(tmp_path / "flows.yaml", MODEL)
    assert [f.name for f in target.of("gross_adds")] == [
        "reported.gross_adds.2021",
        "reported.gross_adds.2022-11",
        "reported.gross_adds.2022",
    ]
    assert [(f.months, f.month.month) for f in target.of("gross_adds")] == [(12, 12), (1, 11), (12, 12)]
    assert target.apart == ()
    require_enough(target, MODEL)  # a flow within a year asks for no noise of MAU
    verified = target.only(("article", "secondary"))
    assert [f.dated for f in verified.of("gross_adds")] == ["2021", "2022"]


RETENTION = """
retention:
  mau:
    2020-03: {1: 62%, 12: 40%, source: annual report, evidence: article}
    2020-06: {1: 61%, source: annual report, evidence: unverified}
"""


def test_retention_is_taken_by_its_evidence(tmp_path):
    (tmp_path / "kept.yaml").write_text(f"extends: {ROOT}/{DATA}/icbc_mobile.yaml\n{RETENTION}", encoding="utf-8")
    target = load(tmp_path / "kept.yaml", MODEL)
    require_enough(target, MODEL)
    assert [cell.name for cell in target.history(MODEL).retention.cells] == [
        "retention.mau.2020-03.1",
        "retention.mau.2020-03.12",
        "retention.mau.2020-06.1",
    ]
    verified = target.only(("article", "secondary"))
    assert [str(cohort.month) for cohort in verified.scenario.retention] == ["2020-03"]
    assert [str(cohort.month) for cohort in verified.cohorts_left_out] == ["2020-06"]


@pytest.mark.parametrize(
    ("month", "shares", "message"),
    [
        (
            "2016-12",
            "1: 62%",
            "retention.mau.2016-12: 2016-12 is not after the first figure of registered (2016-12): who registered in "
            "it is not known; leave it out",
        ),
        (
            "2022-06",
            "6: 45%, 7: 44%",
            "retention.mau.2022-06.7: 7 months after 2022-06 is 2023-01, after the last month that has been reported "
            "(2022-12); leave it out",
        ),
    ],
)
def test_retention_of_months_that_are_not_passed_through_is_refused(tmp_path, month, shares, message):
    out = tmp_path / "out.yaml"
    text = f"retention: {{mau: {{{month}: {{{shares}, source: s, evidence: article}}}}}}\n"
    out.write_text(f"extends: {(ROOT / DATA / 'icbc_mobile.yaml').as_posix()}\n{text}", encoding="utf-8")
    assert refusal(out) == [f"{out}:2  {message}", "1 problem; nothing was run."]


# ------------ too little


POOL = "where nobody reports it, write pool: {headroom: {median: 400%, sigma: 1.4, reason: …}, tails: 4}"


def test_customers_that_nobody_reports_and_a_half_year_without_noise_are_reported_together():
    few = "tests/data/targets/few.yaml"
    assert refusal(TARGETS / "few.yaml") == [
        f"{few}:3  reported.customers: no figure is too few to fit: at least 1 figure must be known; {POOL}",
        f"{few}:11  noise.mau: noise is needed: registered of 2022-06 is a figure within a year, where noise counts; "
        "write noise: {mau: {low: 0.1%, high: 0.4%, reason: …}}",
        "2 problems; nothing was run.",
    ]


def test_campaigns_and_clean_ups_of_months_that_are_not_passed_through_are_refused(tmp_path):
    campaign = "{path: adoption, between: [BETWEEN], announced: 2014-01, effect: {mean: 0%, sd: 30%}, reason: r}"
    (tmp_path / "early.yaml").write_text(
        f"extends: {(ROOT / DATA / 'icbc_mobile.yaml').as_posix()}\n"
        "campaigns:\n"
        f"  seen: {campaign.replace('BETWEEN', '2015-11, 2016-01')}\n"
        f"  too_early: {campaign.replace('BETWEEN', '2015-11, 2015-12')}\n"
        "clean_ups:\n"
        "  2016-12: {registered: {low: 300万, high: 800万}, reason: r}\n"
        "  2017-01: {registered: {low: 300万, high: 800万}, reason: r}\n",
        encoding="utf-8",
    )
    early = tmp_path / "early.yaml"
    assert refusal(early) == [
        f"{early}:4  campaigns.too_early.between: 2015-12 is more than a year before the first figure of registered "
        "(2016-12): it is not fitted; leave it out",
        f"{early}:6  clean_ups.2016-12: 2016-12 is not after the first figure of registered (2016-12), which counts "
        "those who were left; leave it out",
        "2 problems; nothing was run.",
    ]


def test_what_the_messages_advise_makes_a_target_that_can_be_fitted(tmp_path):
    messages = refusal(TARGETS / "few.yaml")
    advice = [line.partition("; write ")[2] or line.partition(", write ")[2] for line in messages[:2]]
    (tmp_path / "more.yaml").write_text(
        f"extends: {(ROOT / TARGETS / 'few.yaml').as_posix()}\n{advice[0]}\n{advice[1]}\n",
        encoding="utf-8",
    )
    target = load(tmp_path / "more.yaml", MODEL)
    require_enough(target, MODEL)
    assert target.scenario.pool == Pool(target.scenario.pool.headroom, 4.0)
    assert target.scenario.pool.headroom.prior == Prior("lognormal", 4.0, 1.4)
    assert target.scenario.noise["mau"].prior == Prior.between("lognormal", 0.001, 0.004)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_product_and_every_peer_can_be_fitted(path):
    target = load(ROOT / path, MODEL)
    require_enough(target, MODEL)
    history = target.history(MODEL)
    drawn = prior_draws(history, Streams(1), "every product", np.arange(256))
    assert live(history, drawn).possible.sum() > 2  # a fit begins with draws that pass through every figure


def test_without_a_figure_of_the_level_nothing_is_fitted_and_with_one_that_is_assumed_it_is(tmp_path):
    figure = "reported: {mau: {2022-12: {figure: 超1221万户, source: s, evidence: article}}}"
    (tmp_path / "life.yaml").write_text(f"extends: bank\n{figure}\n", encoding="utf-8")
    (message, _) = refusal(tmp_path / "life.yaml")
    assert message.endswith("reported.registered: no figure is too few to fit: at least 1 figure must be known")
    require_enough(load(ROOT / DATA / "icbc_elife.yaml", MODEL), MODEL)


def test_evidence_that_leaves_too_little_says_how_much_it_left_out(icbc):
    with pytest.raises(InputError) as refused:
        require_enough(icbc.only(("secondary",)), MODEL)
    assert "no figure is too few to fit: at least 1 figure must be known; 2 with other evidence left out" in str(
        refused.value
    )


def test_a_kind_of_evidence_that_does_not_exist_is_refused_with_the_nearest(icbc):
    with pytest.raises(InputError) as refused:
        icbc.only(("secondry",))
    assert str(refused.value) == (
        "--evidence: 'secondry' is not a kind of evidence; did you mean 'secondary'?\n1 problem; nothing was run."
    )


def test_a_file_without_figures_is_refused(tmp_path):
    (tmp_path / "empty.yaml").write_text("subject: nothing\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load(tmp_path / "empty.yaml", MODEL)
    assert "a reported figure is missing; write reported: with what the bank has published" in str(refused.value)


def by_month(digits, months=30):
    """Return a target of monthly figures, those of the registered in millions with so many digits."""
    lines = ["extends: bank", "reported:"]
    for measure, first, shown in (("registered", 26.0, digits), ("mau", 9.1, 4)):
        lines.append(f"  {measure}:")
        for m in range(months):
            figure = f"{first * 1.006**m:.{shown}f} million"
            lines.append(f"    {2020 + m // 12}-{m % 12 + 1:02d}: {{figure: {figure}, source: s, evidence: article}}")
    return load_text("\n".join(lines) + "\n", MODEL)


def test_more_than_24_figures_that_are_rounded_widely_are_refused_and_more_digits_or_fewer_months_help():
    with pytest.raises(InputError) as refused:
        require_enough(by_month(digits=1), MODEL)
    (problem,) = refused.value.problems
    assert (problem.found, problem.key) == ("29 figures", "reported.registered.2020-02")
    assert problem.hint.startswith("give their figures with more digits, or leave months out")
    require_enough(by_month(digits=4), MODEL)
    require_enough(by_month(digits=1, months=25), MODEL)  # 24 beside the first, which fixes no shock


# ------------ regions

REGIONS = """
extends: %s
reported:
  registered: {for: {west: {%s}}}
  mau: {for: {west: {%s}}}
"""


def of_regions(registered="", mau=""):
    with pytest.raises(InputError) as refused:
        require_enough(
            load_text(REGIONS % (ROOT / TARGETS / "two_regions.yaml", registered, mau), MODEL, TARGETS), MODEL
        )
    return [str(problem).partition("  ")[2] for problem in refused.value.problems]


def test_a_target_of_regions_can_be_fitted():
    require_enough(load(TARGETS / "two_regions.yaml", MODEL), MODEL)


def test_regions_begin_together():
    assert of_regions("2022-12: off", "2022-12: off") == [
        "reported.registered.for.west: 2023-01 is where registered of west begins, and that of another region in "
        "2022-12: all must together; give west a figure of 2022-12, or leave out what others have before 2023-01"
    ]


def test_regions_end_together():
    assert of_regions("", "2024-02: off") == [
        "reported.mau.for.west: 2024-01 is where mau of west ends, and that of another region in 2024-02: all must "
        "together; give west a figure of 2024-02, or leave out what others have beyond 2024-01"
    ]


def test_each_region_needs_figures_of_its_own():
    target = load(TARGETS / "two_regions.yaml", MODEL)
    kept = tuple(f for f in target.figures if f.of != "mau.west")
    with pytest.raises(InputError) as refused:
        require_enough(replace(target, scenario=replace(target.scenario, reported=kept)), MODEL)
    [problem] = refused.value.problems
    assert str(problem).partition("  ")[2] == (
        "reported.mau: no figure of mau for west is known: a fit needs one of each region"
    )
