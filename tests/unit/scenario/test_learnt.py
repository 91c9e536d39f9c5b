"""What only a fit can learn: a trend, a pool, noise, unknown seasons, flows, campaigns, read, recorded and held to.

What is refused, and with which words, stands in `test_broken.py`; here are the valid forms, what a posterior records of
them, and that the advice of the messages works.
"""

from __future__ import annotations

import json
import re
import time
from hashlib import sha256
from pathlib import Path

import pytest

from mobank.base.errors import InputError, Problem
from mobank.base.priors import Prior
from mobank.base.quantities import Month
from mobank.base.records import write_record
from mobank.calibration.targets import load as load_target
from mobank.model.fingerprint import fingerprint
from mobank.model.mobile_banking import MODEL
from mobank.scenario.fitted_with import as_fitted, facts
from mobank.scenario.posterior_record import POSTERIOR_RECORD
from mobank.scenario.reader import Chain, load, read_chain
from mobank.scenario.scenario import Pool, Scenario
from mobank.scenario.values import LEAST_NOISE

ROOT = Path(__file__).parents[3]
BANK = ROOT / "tests/data/broken/parents/bank.yaml"
BROKEN = ROOT / "tests/data/broken"
GROWTH = "{growth: {mean: 4%, sd: 2%}, start: {mean: 4%, sd: 4%}, change: 2.5%, half_life_months: 30, reason: r}"
SOURCE = "source: annual report, evidence: article"
CAMPAIGN = (
    "{path: engagement, between: [2022-01, 2022-02], announced: 2021-11, effect: {mean: 0%, sd: 30%}, reason: a plan}"
)

MONTHLY = f"""
pool: {{headroom: {{median: 400%, sigma: 1.4, reason: r}}, tails: 4}}
noise: {{mau: {{low: 0.1%, high: 0.4%, reason: r}}}}
season:
  engagement: {{low: 2%, high: 12%, reason: r}}
  mau: {{median: 5%, sigma: 0.5, reason: r}}
drift: {{engagement: {{mean: off, sd: off, growth: {{mean: 4%, sd: 2%}}, start: {{mean: 4%, sd: 4%}}, change: 2.5%}}}}
campaigns: {{spring: {CAMPAIGN}}}
clean_ups: {{2022-06: {{registered: {{low: 3万, high: 8万}}, reason: r}}}}
reported:
  customers: off
  gross_adds:
    2022: {{figure: 60万户, definition: model, {SOURCE}}}
  closed:
    2022-12: {{figure: 1300, {SOURCE}}}
retention:
  mau:
    2022-02: {{1: 62%, 03: 48.5%, definition: model, {SOURCE}}}
  registered:
    2022-03: {{9: 99.1%, {SOURCE}}}
"""


@pytest.fixture
def target(tmp_path):
    """Return a reader of a text that extends a small bank's scenario, as a target."""

    def read(text: str, parent: Path = BANK) -> Scenario:
        return read_chain(Chain.of_text(f"extends: {parent}\n{text}", tmp_path / "child.yaml"), "child", MODEL, False)

    return read


def problems(path: Path) -> list[str]:
    with pytest.raises(InputError) as refusal:
        load(path, MODEL)
    return [str(problem).partition("  ")[2] for problem in own(refusal.value)]


def own(refused: InputError) -> list[Problem]:
    """Return the problems without that which says whose doing it is where a file extended is at fault."""
    return [problem for problem in refused.problems if problem.key != "extends"]


# ------------ a trend


def test_a_growth_that_comes_back_is_read_with_the_reason_of_its_path(target):
    shock = target(f"drift: {{adoption: {GROWTH}}}\n").shocks["adoption"]
    assert shock.drift is None
    trend = shock.trend
    assert [trend.mean.prior, trend.start.prior] == [Prior("normal", 0.04, 0.02), Prior("normal", 0.04, 0.04)]
    assert (trend.change.prior, trend.half_life_months) == (Prior("fixed", 0.025), 30.0)
    assert {value.provenance.reason for value in (trend.mean, trend.start, trend.change)} == {"r"}


def test_a_slope_is_read_as_it_was(target):
    shock = target("").shocks["engagement"]
    assert (shock.drift.prior, shock.half_life_months, shock.trend) == (Prior("normal", 0.05, 0.04), 36.0, None)


def test_each_part_of_a_trend_may_have_a_reason_of_its_own_and_36_months_are_its_half_life(target):
    text = "drift: {adoption: {growth: {mean: 4%, sd: 2%, reason: own}, start: 0%, change: 0%, reason: r}}\n"
    trend = target(text).shocks["adoption"].trend
    assert (trend.mean.provenance.reason, trend.start.provenance.reason) == ("own", "r")
    assert (trend.start.prior, trend.half_life_months) == (Prior("fixed", 0.0), 36.0)


def test_a_child_puts_a_trend_in_place_of_a_slope_as_the_message_advises(target, tmp_path):
    (message,) = problems(BROKEN / "trend__both_by_extending.yaml")
    advice = re.search(r"write (mean: .*) here$", message)[1]
    assert advice == "mean: off, sd: off"
    text = f"drift: {{engagement: {{growth: 4%, start: 4%, change: 2.5%, {advice}}}}}\n"
    assert target(text).shocks["engagement"].trend.mean.prior == Prior("fixed", 0.04)


def test_a_child_puts_a_slope_in_place_of_a_trend_as_the_message_advises(target, tmp_path):
    parent = tmp_path / "parent.yaml"
    parent.write_text(f"extends: {BANK}\ndrift: {{adoption: {GROWTH}}}\n", encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        target("drift: {adoption: {mean: 0%, sd: 6%}}\n", parent)
    advice = re.search(r"write (growth: off.*) here", str(refusal.value))[1]
    shock = target(f"drift: {{adoption: {{mean: 0%, sd: 6%, {advice}}}}}\n", parent).shocks["adoption"]
    assert (shock.drift.prior, shock.half_life_months, shock.trend) == (Prior("normal", 0.0, 0.06), 30.0, None)


def test_off_takes_a_trend_away(target, tmp_path):
    parent = tmp_path / "parent.yaml"
    parent.write_text(f"extends: {BANK}\ndrift: {{adoption: {GROWTH}}}\n", encoding="utf-8")
    for off in ("drift: off", "drift: {adoption: off}"):
        assert target(off, parent).shocks["adoption"].trend is None


# ------------ a pool, noise, seasons


@pytest.mark.parametrize(("written", "prior"), [("4", 4.0), ("400%", 4.0), ("×4", 4.0), ("0.5", 0.5), ("1e2", 100.0)])
def test_a_headroom_is_a_multiple_or_a_percentage(target, written, prior):
    text = f"pool: {{headroom: {{value: {written}, reason: r}}}}\nreported: {{customers: off}}\n"
    assert target(text).pool == Pool(target(text).pool.headroom, 0.0)
    assert target(text).pool.headroom.prior == Prior("fixed", prior)


def test_a_target_may_have_a_pool_noise_and_unknown_seasons(target):
    scenario = target(MONTHLY)
    assert (scenario.pool.headroom.prior, scenario.pool.tails) == (Prior("lognormal", 4.0, 1.4), 4.0)
    assert {n: v.prior for n, v in scenario.noise.items()} == {"mau": Prior.between("lognormal", 0.001, 0.004)}
    assert {n: v.prior for n, v in scenario.seasons.items()} == {
        "engagement": Prior.between("lognormal", 0.02, 0.12),
        "mau": Prior("lognormal", 0.05, 0.5),
    }
    assert scenario.season == {}


def test_twelve_factors_and_unknown_sizes_stand_beside_each_other(target):
    factors = "{by_month: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.1], reason: r}"
    scenario = target(f"season: {{settle_rate: {factors}, engagement: {{low: 2%, high: 12%, reason: r}}}}\n")
    assert (set(scenario.season), set(scenario.seasons)) == ({"settle_rate"}, {"engagement"})
    assert set(scenario.whence) == {"season.settle_rate", "mixing"}


def test_no_parameter_shares_its_name_with_a_path_or_a_measure():
    """`season` tells them apart by name."""
    names = [*(p.name for p in MODEL.parameters), *MODEL.shocks, *(m.name for m in MODEL.measures)]
    assert len(set(names)) == len(names)


def test_the_least_noise_is_allowed_and_a_little_less_is_not(target):
    least = target(f"noise: {{mau: {{value: {100 * LEAST_NOISE}%, reason: r}}}}").noise["mau"]
    assert least.prior == Prior("fixed", LEAST_NOISE)
    with pytest.raises(InputError, match=r"no monthly count is known better than 0\.05%"):
        target("noise: {mau: {value: 0.049%, reason: r}}")


# ------------ campaigns and clean-ups


def test_a_campaign_has_a_path_its_months_and_what_is_thought_of_its_effect(target):
    (campaign,) = target(MONTHLY).campaigns
    assert (campaign.name, campaign.path) == ("spring", "engagement")
    assert [str(m) for m in (campaign.first, campaign.last, campaign.announced)] == ["2022-01", "2022-02", "2021-11"]
    assert campaign.effect.prior == Prior("normal", 0.0, 0.3)
    assert campaign.effect.provenance.reason == "a plan"


@pytest.mark.parametrize(
    ("written", "prior"),
    [
        ("-12%", Prior("fixed", -0.12)),
        ("{low: -10%, high: 30%}", Prior.between("normal", -0.1, 0.3)),
        ("{mean: 5%, sd: 20%}", Prior("normal", 0.05, 0.2)),
    ],
)
def test_the_effect_of_a_campaign_may_be_a_loss_and_may_be_known(target, written, prior):
    text = CAMPAIGN.replace("{mean: 0%, sd: 30%}", written)
    (campaign,) = target(f"campaigns: {{spring: {text}}}\n").campaigns
    assert campaign.effect.prior == prior


def test_campaigns_stand_in_the_order_of_time_and_may_begin_in_the_month_in_which_they_are_announced(target):
    early = CAMPAIGN.replace("[2022-01, 2022-02]", "[2021-11, 2021-11]")
    found = target(f"campaigns: {{spring: {CAMPAIGN}, autumn: {early}}}\n").campaigns
    assert [campaign.name for campaign in found] == ["autumn", "spring"]


@pytest.mark.parametrize(
    ("written", "prior"),
    [("{low: 3万, high: 8万}", Prior.between("lognormal", 3e4, 8e4)), ("5万户", Prior("fixed", 5e4))],
)
def test_a_clean_up_is_persons_of_a_month_known_or_not(target, written, prior):
    months = target(f"clean_ups: {{2022-06: {{registered: {written}, reason: r}}}}\n").clean_ups
    assert {str(month): value.prior for month, value in months.items()} == {"2022-06": prior}
    assert {value.provenance.reason for value in months.values()} == {"r"}


FALL = f"reported: {{registered: {{2022-12: {{figure: 440万户, {SOURCE}}}}}}}\nposterior: off\n"


def test_a_fall_of_the_registered_is_allowed_where_a_clean_up_lies_between_the_figures(target):
    with pytest.raises(InputError) as refusal:
        target(FALL)
    (problem,) = own(refusal.value)
    advice = re.search(r"say when: (clean_ups: .*)$", problem.hint)[1]
    assert advice == "clean_ups: {2022-12: {registered: {low: …, high: …}, reason: …}}"
    written = advice.replace("low: …, high: …", "low: 30万, high: 60万")
    assert target(f"{FALL}{written}\n").clean_ups
    for month in ("2021-12", "2021-06"):
        with pytest.raises(InputError, match="falls by 2% a year at most"):
            target(f"{FALL}{written.replace('2022-12', month)}\n")


# ------------ retention


def test_a_share_is_as_exact_as_its_last_digit_and_stands_under_its_age(target):
    first, second = target(MONTHLY).retention
    assert (first.name, first.definition) == ("retention.registered.2022-03", "")
    assert (second.measure, second.month, second.definition) == ("mau", Month.of(2022, 2), "model")
    assert [(share.age, share.text) for share in second.shares] == [(1, "62%"), (3, "48.5%")]
    for share, (low, high) in zip(second.shares, ((0.615, 0.625), (0.4845, 0.4855)), strict=True):
        assert (share.interval.low, share.interval.high) == pytest.approx((low, high), abs=1e-12)


def test_what_a_posterior_was_fitted_without_for_its_evidence_may_stand_beside_it(fitted):
    later = "source: s, evidence: unverified"
    assert len(fitted(f"retention: {{registered: {{2022-05: {{6: 99%, {later}}}}}}}").retention) == 3


# ------------ flows


def test_a_flow_is_of_a_month_or_of_a_calendar_year(target):
    year, month = [f for f in target(MONTHLY).reported if f.measure in ("gross_adds", "closed")]
    assert (year.name, year.month, year.months, year.definition) == (
        "reported.gross_adds.2022",
        Month.of(2022, 12),
        12,
        "model",
    )
    assert (month.name, month.month, month.months) == ("reported.closed.2022-12", Month.of(2022, 12), 1)
    assert {f.months for f in target("").reported} == {0}


def test_counts_come_before_flows_and_both_in_the_order_of_time(target):
    text = "reported:\n  lost:\n" + "".join(
        f"    {when}: {{figure: {figure}万户, {SOURCE}}}\n"
        for when, figure in (("2022-02", 6), ("2022-01", 5), (2021, 70))
    )
    found = [f.name for f in target(text).reported]
    assert found[-3:] == ["reported.lost.2021", "reported.lost.2022-01", "reported.lost.2022-02"]
    assert found[0] == "reported.registered.2021-12"


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ("gross_adds: {2022: 45.9万户}", True),  # 469 to 516 is a rise of 46 at least
        ("gross_adds: {2022: 46.1万户}", False),
        ("gross_adds: {2022-12: 1万户}", False),  # nothing is known of the month before
        ("assisted: {2022: 1万户}", False),  # only a part of those who register
        ("closed: {2022: 514万户}", False),
        ("closed: {2022: 517万户}", True),
        ("lost: {2022: 900万户}", False),  # one person may be lost more than once in a year
        ("lost: {2022-12: 517万户}", True),
    ],
)
def test_a_flow_is_refused_only_where_it_cannot_be_true(target, figures, message):
    measure, when, figure = re.match(r"(\w+): \{([\d-]+): (.*)\}", figures).groups()
    text = f"reported: {{{measure}: {{{when}: {{figure: {figure}, {SOURCE}}}}}}}\n"
    if message:
        with pytest.raises(InputError, match=f"reported.{measure}.{when}.figure"):
            target(text)
    else:
        assert target(text)


def test_the_sum_of_a_year_is_no_figure_of_its_last_month(target):
    """Else a question of a month's additions would be met at the start by a year's."""
    text = (
        f"reported: {{gross_adds: {{2022: {{figure: 60万户, {SOURCE}}}}}}}\n"
        "asks: {many: {measure: gross_adds, at_least: 10万, by: 2024-12}}\n"
    )
    assert target(text).figure("gross_adds", Month.of(2022, 12)) is None
    with pytest.raises(InputError, match="is met at the start already"):
        target(text.replace("{2022: {figure: 60万户", "{2022-12: {figure: 12万户"))


def test_a_flow_contradicts_no_rise_between_two_definitions(target):
    text = (
        "definitions: {old: {counts: a}, new: {counts: b, against: old}}\n"
        "reported:\n  registered: {2021-12: {definition: old}, 2022-12: {definition: new}}\n"
        f"  gross_adds: {{2022: {{figure: 40万户, {SOURCE}}}}}\n"
    )
    assert target(text)


def test_1500_figures_are_read_in_seconds_and_300_in_half_a_second(tmp_path):
    """Twenty-five years of months of five measures; processor time, so that other work does not count."""

    def bank(months: int) -> float:
        lines = ["extends: " + str(BANK), "reported:"]
        sizes = {"registered": 516, "mau": 174, "customers": 720, "gross_adds": 6, "lost": 5}
        for measure, size in sizes.items():
            lines.append(f"  {measure}:")
            for back in range(months):
                figure = f"{size * 0.999**back:.3f}万户"
                lines.append(f"    {Month.of(2022, 12) - back}: {{figure: {figure}, {SOURCE}}}")
        path = tmp_path / f"months_{months}.yaml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        began = time.process_time()
        assert len(load(path, MODEL).reported) >= 5 * months
        return time.process_time() - began

    bank(2)
    assert bank(60) < 0.5
    assert bank(300) < 3.0


# ------------ what a posterior records


@pytest.fixture
def fitted(tmp_path):
    """Return a folder with a posterior of the monthly target, and the text of a scenario that starts from it."""
    text = f"extends: {BANK}\n{MONTHLY}"
    (tmp_path / "target.yaml").write_text(text, encoding="utf-8")
    scenario = read_chain(Chain.of_file(tmp_path / "target.yaml"), "target", MODEL, whole=False)
    known = json.loads(json.dumps(facts(scenario)))
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "draws.parquet").write_bytes(b"draws")
    record = {
        "name": "made_up",
        "last": "2022-12",
        "rows": 1,
        "draws": sha256(b"draws").hexdigest(),
        "evidence": ["article"],
        "shocks": "monthly",
        "model": fingerprint(as_fitted(MODEL, known)),
        "fitted_with": known,
        "identity": {},
        "coordinates": [],
    }
    write_record(folder / "posterior.json", record, POSTERIOR_RECORD)

    def read(changes: str = "") -> Scenario:
        path = tmp_path / "mine.yaml"
        path.write_text(f"extends: target.yaml\nposterior: ./made_up\n{changes}", encoding="utf-8")
        return load(path, MODEL)

    read.known = known
    return read


def test_a_posterior_records_the_trend_the_pool_the_noise_the_seasons_and_how_flows_are_counted(fitted):
    values = fitted.known["values"]
    assert values["drift.engagement.growth"] == ["normal", 0.04, 0.02, "mean 4%, sd 2%"]
    assert values["drift.engagement.start"] == ["normal", 0.04, 0.04, "mean 4%, sd 4%"]
    assert values["drift.engagement.change"] == ["fixed", 0.025, 0.0, "2.5%"]
    assert values["drift.engagement.half_life_months"] == ["fixed", 36.0, 0.0, "36"]
    assert values["pool.headroom"] == ["lognormal", 4.0, 1.4, "median 400%, sigma 1.4"]
    assert values["pool.tails"] == ["fixed", 4.0, 0.0, "4"]
    assert {"noise.mau", "season.engagement", "season.mau"} <= values.keys()
    assert values["clean_ups.2022-06"][0::3] == ["lognormal", "low 3万, high 8万"]
    assert fitted.known["campaigns"] == {
        "spring": ["engagement", "2022-01", "2022-02", "normal", 0.0, 0.3,
                   "engagement from 2022-01 to 2022-02, mean 0%, sd 30%"]
    }  # fmt: skip
    assert fitted.known["figures"]["reported.gross_adds.2022"][3:] == ["model", "60万户"]
    assert fitted.known["figures"]["reported.closed.2022-12"][3:] == ["", "1300"]


def test_what_is_recorded_of_a_file_without_any_of_it_is_what_it_was():
    """Posteriors fitted before hold good: nothing is added to their facts."""
    known = facts(load(BANK, MODEL))
    assert set(known) == {"values", "bands", "tails", "figures"}
    assert not [key for key in known["values"] if key.split(".")[0] in ("pool", "noise", "season", "clean_ups")]
    assert [key for key in known["values"] if key.startswith("drift.")] == ["drift.engagement"]
    assert {len(figure) for figure in known["figures"].values()} == {4}


def test_a_scenario_that_says_the_same_starts_from_it_without_reported_customers(fitted):
    scenario = fitted()
    assert scenario.fitted.name == "made_up"
    assert scenario.fitted.figures[-2:] == ("gross_adds.2022", "closed.2022-12")
    assert scenario.figure("customers", scenario.start) is None


@pytest.mark.parametrize("off", ["drift: off", "drift: {engagement: off}"])
def test_the_trend_may_be_switched_off_under_a_posterior(fitted, off):
    assert fitted(off).shocks["engagement"].trend is None


def test_a_run_from_a_posterior_needs_no_figure_of_the_year_before_its_start(fitted):
    """Only a start in balance passes through it; that the fit has used it is said."""
    with pytest.raises(InputError) as refusal:
        fitted("reported: {registered: {2021-12: off}}")
    assert [problem.allowed for problem in own(refusal.value)] == [
        "is missing, but posterior 'made_up' was fitted with it (469万户)"
    ]


OTHER = "is not what posterior 'made_up' was fitted with"
WITHOUT = "is not in posterior 'made_up', which was fitted without it"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("drift: {engagement: {growth: {mean: 5%}}}", f"growth: 'mean 5%, sd 2%' {OTHER} (mean 4%, sd 2%)"),
        ("drift: {engagement: {change: 3%}}", f"drift.engagement.change: '3%' {OTHER} (2.5%)"),
        ("drift: {engagement: {half_life_months: 24}}", f"half_life_months: '24' {OTHER} (36)"),
        ("drift: {adoption: {mean: 0%, sd: 6%, reason: r}}", f"drift.adoption: 'mean 0%, sd 6%' {WITHOUT}"),
        ("pool: {tails: off}", f"pool.tails: '0' {OTHER} (4)"),
        ("pool: {headroom: {sigma: 1}}", f"pool.headroom: 'median 400%, sigma 1' {OTHER} (median 400%, sigma 1.4)"),
        ("noise: {mau: {high: 1%}}", f"noise.mau: 'low 0.1%, high 1%' {OTHER} (low 0.1%, high 0.4%)"),
        ("noise: {customers: {value: 1%, reason: r}}", f"noise.customers: '1%' {WITHOUT}"),
        ("season: {mau: off}", "season.mau: this value is missing, but posterior 'made_up' was fitted with it"),
        ("clean_ups: {2022-06: off}", "clean_ups.2022-06: this value is missing, but posterior 'made_up' was fitted"),
        ("clean_ups: {2022-06: {registered: {high: 9万}}}", f"clean_ups.2022-06: 'low 3万, high 9万' {OTHER}"),
        ("clean_ups: {2022-03: {registered: 1万, reason: r}}", f"clean_ups.2022-03: '1万' {WITHOUT}"),
        ("campaigns: off", "campaigns.spring: this campaign is missing, but posterior 'made_up' was fitted with it ("),
        (
            "campaigns: {spring: {between: [2022-01, 2022-03]}}",
            f"campaigns.spring: 'engagement from 2022-01 to 2022-03, mean 0%, sd 30%' {OTHER} (engagement from 2022-01 "
            "to 2022-02, mean 0%, sd 30%)",
        ),
        (f"campaigns: {{autumn: {CAMPAIGN}}}", "campaigns.autumn: 'engagement from 2022-01 to 2022-02, mean 0%, sd"),
        ("reported: {gross_adds: {2022: {definition: off}}}", "2022: '60万户' is not the figure that posterior"),
        (f"reported: {{lost: {{2022: {{figure: 90万户, {SOURCE}}}}}}}", "2022: '90万户' is a figure that posterior"),
        ("retention: {registered: off}", "retention.registered.2022-03: this cohort is missing, but posterior"),
        ("retention: {mau: {2022-02: {1: 63%}}}", f"mau.2022-02: '1: 63%, 3: 48.5%' {OTHER} (1: 62%, 3: 48.5%)"),
        ("retention: {mau: {2022-02: {definition: off}}}", f"mau.2022-02: '1: 62%, 3: 48.5%' {OTHER} (1: 62%, 3: 48"),
        (f"retention: {{mau: {{2022-01: {{1: 60%, definition: model, {SOURCE}}}}}}}", f"'1: 60%' {WITHOUT}"),
    ],
)
def test_what_a_posterior_was_fitted_with_cannot_be_changed_under_it(fitted, changes, message):
    with pytest.raises(InputError) as refusal:
        fitted(changes)
    assert message in str(refusal.value)
    assert len(own(refusal.value)) == 1


def test_reported_customers_take_the_place_of_a_pool_that_stands_further_up(fitted, tmp_path):
    customers = f"reported: {{customers: {{2022-12: {{figure: 720万户, {SOURCE}}}}}}}\n"
    (tmp_path / "priors.yaml").write_text(f"extends: {BANK}\n{MONTHLY}", encoding="utf-8")
    (tmp_path / "target.yaml").write_text(f"extends: priors.yaml\n{customers}", encoding="utf-8")
    target = load_target(tmp_path / "target.yaml", MODEL).scenario
    assert target.pool is None
    (tmp_path / "again.yaml").write_text(target.resolved, encoding="utf-8")  # as a run keeps it
    assert load_target(tmp_path / "again.yaml", MODEL).scenario.pool is None
    assert load_target(tmp_path / "priors.yaml", MODEL).scenario.pool is not None
    with pytest.raises(InputError) as refusal:  # under a posterior, that had a pool
        fitted(customers)
    assert {problem.key for problem in refusal.value.problems} >= {"pool.headroom", "pool.tails"}


def test_a_run_without_a_posterior_names_what_only_a_fit_can_learn_and_the_advice_works(tmp_path):
    (tmp_path / "target.yaml").write_text(f"extends: {BANK}\n{MONTHLY}", encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text("extends: target.yaml\nposterior: off\n", encoding="utf-8")
    message = problems(path)
    assert message == [
        "reported.customers.2022-12: this figure is missing; a pool is learnt by a fit: name its posterior "
        "(posterior: …)",
        *(
            f"season.{name}: a season of {name} of unknown size is learnt by a fit, so that a run needs a posterior; "
            f"name it (posterior: …) or write season: {{{name}: off}}"
            for name in ("engagement", "mau")
        ),
    ]
    customers = f"reported: {{customers: {{2022-12: {{figure: 720万户, {SOURCE}}}}}}}\n"
    path.write_text(f"extends: target.yaml\nposterior: off\n{customers}pool: off\n"
                    "season: {engagement: off, mau: off}\n", encoding="utf-8")  # fmt: skip
    assert load(path, MODEL).shocks["engagement"].trend.change.prior == Prior("fixed", 0.025)


@pytest.mark.parametrize(
    ("broken", "advice", "section"),
    [
        ("season__factors_of_a_path", r"write (mau: \{.*\}); a parameter", "season: {{{}}}"),
        ("season__size_of_a_parameter", r"or write (\{by_month: .*\})", "season: {{lapse_rate: {}}}"),
        (
            "trend__half_written",
            r"write (start: .*\})",
            "drift: {{adoption: {{growth: 0%, change: 1%, reason: r, {}}}}}",
        ),
        (
            "campaigns__half_written",
            r"announced \((announced: .*)\): a",
            "campaigns: {{spring: {{path: adoption, between: [2022-01, 2022-02], effect: 10%, reason: r, {}}}}}",
        ),
        ("retention__no_shares", r"after registering: (\{.*\})$", "retention: {{mau: {{2020-03: {}}}}}"),
        (
            "retention__no_shares",
            r"write (48%)",
            "retention: {{mau: {{2020-03: {{3: {}, source: s, evidence: article}}}}}}",
        ),
        ("trend__half_written", r"write (change: .*)", "drift: {{adoption: {{growth: 4%, start: 4%, reason: r, {}}}}}"),
    ],
)
def test_what_a_message_says_to_write_is_read(target, broken, advice, section):
    (found, *_) = [match[1] for line in problems(BROKEN / f"{broken}.yaml") if (match := re.search(advice, line))]
    assert target(section.format(found))
