"""Neutral priors: made from figures and a table, remade byte for byte, and never from what is to be forecast."""

import statistics
from dataclasses import replace
from itertools import pairwise
from math import log
from pathlib import Path

import numpy as np
import pytest

from mobank.base import workspace
from mobank.base.errors import InputError, Place
from mobank.base.quantities import Month
from mobank.base.workspace import SERIES, at_hand
from mobank.calibration.backtest.full.figures import rows_of
from mobank.calibration.backtest.series import FigureRow, SeriesFigure
from mobank.calibration.neutral_priors import class_of, digest, figures_in, group_of, hyper, leaks, made
from mobank.calibration.neutral_priors.groups import CLASSES, read
from mobank.calibration.neutral_priors.spreads import NORMAL_MAD, Spread, median, ranked, spread
from mobank.calibration.neutral_priors.text import NAMELESS
from mobank.calibration.targets import load_text
from mobank.model.mobile_banking import MODEL
from mobank.scenario.yaml_files import parse

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "calibration/priors"
DECEMBER_2021 = Month.of(2021, 12)


@pytest.fixture(scope="module")
def rows() -> list[FigureRow]:
    """Return all figures that are shipped, as make.py takes them."""
    return rows_of(at_hand(SERIES, shipped_only=True)[1])


def row(entity: str, year: int, value: float, metric: str = "monthly_active_users", text: str = "", month: int = 12):
    figure = SeriesFigure(Month.of(year, month), value, value, "unverified", Place("figures.csv", 1))
    return FigureRow(entity, metric, "persons", figure, text, "", "rounded")


def series(entity: str, values: dict[int, float], **others) -> list[FigureRow]:
    return [row(entity, year, value, **others) for year, value in values.items()]


def doubled(each: FigureRow) -> FigureRow:
    """Return a row with a figure twice as large, which changes the growth before and after it."""
    return replace(each, figure=replace(each.figure, low=2 * each.figure.low, high=2 * each.figure.high))


# ------------ the files that are shipped


@pytest.mark.parametrize("kind", CLASSES)
def test_the_files_are_what_the_figures_and_the_table_make(rows, kind):
    assert (FOLDER / f"{kind}.yaml").read_text(encoding="utf-8") == made(rows, None, None, kind)[0]


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("spelled", ["{kind}", "calibration/priors/{kind}.yaml"])
def test_a_target_with_nothing_but_figures_takes_them_by_name_and_by_path(kind, spelled):
    target = load_text(TARGET.format(parent=spelled.format(kind=kind)), MODEL, ROOT)
    scenario = target.scenario
    low, high = scenario.parameters["lapse_rate"].prior.central()
    assert (low, high) == pytest.approx((0.015, 0.18))
    assert [segment.name for segment in scenario.segments] == ["frequent", "occasional"]
    trend = scenario.shocks["engagement"].trend
    assert trend is not None
    assert (trend.mean.prior.centre, trend.mean.prior.spread) == (0.04, 0.03)
    assert scenario.pool is not None
    assert (scenario.pool.headroom.prior.centre, scenario.pool.tails) == (4.0, 4.0)
    assert scenario.noise["mau"].prior.centre == pytest.approx(0.002)
    assert set(scenario.seasons) == {"adoption", "engagement", "mau"}


TARGET = """
extends: {parent}
subject: A bank
reported:
  registered:
    2021-12: {{figure: 22 million, source: annual report, evidence: unverified}}
    2020-12: {{figure: 20 million, source: annual report, evidence: unverified}}
    2019-12: {{figure: 17 million, source: annual report, evidence: unverified}}
  mau:
    2021-12: {{figure: 8 million, source: annual report, evidence: unverified}}
"""


@pytest.mark.parametrize("kind", CLASSES)
def test_every_prior_says_where_it_comes_from(kind):
    tree = parse((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"), FOLDER / f"{kind}.yaml")
    sections = ("parameters", "shocks", "drift", "noise", "season")
    values = [(name, each) for name in sections for each in tree.entries[name].node.entries.items()]
    assert len(values) > 20
    for section, (name, entry) in values:
        reason = entry.node.entries["reason"].node.text
        assert len(reason) > 20, f"{section}.{name}"


# ------------ what must not be in them


@pytest.mark.parametrize("entity", ["CMB (招商银行App)", "Bank of America", "ICBC"])
def test_figures_of_the_group_and_later_ones_change_nothing(rows, entity):
    text = made(rows, entity, DECEMBER_2021, "bank")
    group = group_of(entity)
    hidden = [each for each in rows if group_of(each.entity) == group or each.figure.month > DECEMBER_2021]
    assert len(hidden) > 20
    assert made([doubled(each) if each in hidden else each for each in rows], entity, DECEMBER_2021, "bank") == text
    assert made([each for each in rows if each not in hidden], entity, DECEMBER_2021, "bank") == text


def test_other_figures_change_the_text_and_its_digest(rows):
    before, known = made(rows, "ICBC", DECEMBER_2021, "bank")
    changed = [
        doubled(each) if each.entity == "Wells Fargo" and each.figure.month.year == 2019 else each for each in rows
    ]
    after, other = made(changed, "ICBC", DECEMBER_2021, "bank")
    assert before != after
    assert known == digest(before) != other


def test_a_group_may_be_named_by_itself_or_by_any_of_its_entities(rows):
    assert made(rows, "CMB", None, "bank") == made(rows, "CMB Life (掌上生活)", None, "bank")


def test_priors_made_without_an_entity_and_its_future_leak_nothing(rows):
    for entity in ("ABC", "CMB", "Wells Fargo", "Cash App"):
        text, _ = made(rows, entity, DECEMBER_2021, class_of(entity))
        assert figures_in(text)
        assert leaks(text, entity, DECEMBER_2021) == ()


def test_a_leak_is_named(rows):
    text, _ = made(rows, "ABC", DECEMBER_2021, "bank")
    assert leaks(text, "Wells Fargo", None) == ("Wells Fargo, active_users_90d: counts people of Wells Fargo",)
    found = leaks(text, "ABC", Month.of(2020, 12))
    assert "CCB, registered_users: known to 2021-12, after 2020-12" in found
    assert not any("counts people" in each for each in found)
    by_another_of_the_group = leaks(text, "CMB Life (掌上生活)", DECEMBER_2021)
    assert by_another_of_the_group == (
        "CMB (both apps, 招商银行+掌上生活), monthly_active_users: counts people of CMB Life (掌上生活)",
        "CMB (招商银行App), registered_users: counts people of CMB Life (掌上生活)",
    )


def test_a_text_that_names_no_figures_is_refused():
    assert leaks("parameters: {}\n", "ABC", None) == (NAMELESS,)


# ------------ groups and classes


@pytest.mark.parametrize(
    ("group", "entities"),
    [
        ("CMB", ["CMB (招商银行App)", "CMB Life (掌上生活)", "CMB (both apps, 招商银行+掌上生活)"]),
        ("PhonePe", ["PhonePe India", "PhonePe Tamil Nadu"]),
        ("Ghana", ["Ghana sector, mobile money (BoG)", "GSMA mobile money: World"]),
        ("Pakistan", ["Pakistan sector, bank mobile apps (SBP)", "Pakistan sector, internet banking (SBP)"]),
        ("Zambia", ["Zambia mobile money (IMF FAS)", "Zambia sector, mobile money (BoZ/ZICTA)"]),
        ("CommBank", ["Commonwealth Bank (CommBank app)", "Commonwealth Bank (all digital)"]),
        ("Wells Fargo", ["Wells Fargo"]),
    ],
)
def test_entities_that_count_the_same_people_are_one_group(group, entities):
    assert {group_of(entity) for entity in entities} == {group}


def test_a_count_of_the_whole_country_goes_with_each_of_its_banks():
    groups = read()
    for bank in ("ICBC", "CMB (招商银行App)", "Ping An Bank (口袋银行)"):
        assert groups.kin(bank) == {groups.group_of(bank), "China"}
    assert groups.kin("China online-payment users (CNNIC)") >= {"China", "ICBC", "ABC", "CMB"}
    assert groups.kin("Wells Fargo") == {"Wells Fargo"}


@pytest.mark.parametrize(
    ("entity", "kind"),
    [
        ("ICBC", "bank"), ("Bank of America", "bank"), ("CMB (both apps, 招商银行+掌上生活)", "bank"),
        ("Commonwealth Bank (CommBank app)", "bank"), ("C6 Bank", "open"), ("Cash App", "open"),
        ("Pakistan sector, bank mobile apps (SBP)", "open"), ("Zambia mobile money (IMF FAS)", "open"),
        ("China online-payment users (CNNIC)", "open"), ("never heard of", "open"),
    ],
)  # fmt: skip
def test_each_entity_has_a_class(entity, kind):
    assert class_of(entity) == kind


# ------------ the spread


def test_the_spread_is_that_of_the_changes_of_growth_by_hand():
    one = {2018: 100, 2019: 120, 2020: 132, 2021: 150, 2022: 180}
    growth = [log(120 / 100), log(132 / 120), log(150 / 132), log(180 / 150)]
    changes = [after - before for before, after in pairwise(growth)]
    middle = statistics.median(changes)
    by_hand = NORMAL_MAD * statistics.median(abs(change - middle) for change in changes)
    found = spread(series("One", one), "active", {"One": "One"})
    assert found.changes == 3
    assert found.size == pytest.approx(by_hand)
    assert [(used.entity, str(used.first), str(used.last)) for used in found.used] == [("One", "2018-12", "2022-12")]


def test_additions_are_compared_where_people_were_added():
    values = {2018: 100, 2019: 110, 2020: 130, 2021: 125, 2022: 135, 2023: 155, 2024: 165}
    found = spread(series("One", values, metric="registered_users"), "registered", {"One": "One"})
    changes = [log(20 / 10), log(20 / 10), log(10 / 20)]  # 2021 lost people: no change into it, nor out of it
    assert found.changes == len(changes)
    assert found.size == pytest.approx(NORMAL_MAD * 0.0)
    assert spread(series("One", values), "registered", {"One": "One"}).changes == 0


def test_nothing_is_compared_across_a_break_nor_with_a_computed_figure():
    values = {year: 100 * 1.1 ** (year - 2015) for year in range(2015, 2022)}
    whole = series("One", values)
    broken = [replace(each, text="2 m; BREAK: new label") if each.figure.month.year == 2018 else each for each in whole]
    within = [*whole, row("One", 2018, 140, text="new label: BREAK", month=6)]
    computed = [replace(each, text="DERIVED") if each.figure.month.year == 2018 else each for each in whole]
    groups = {"One": "One"}
    assert spread(whole, "active", groups).changes == 5
    assert spread(broken, "active", groups).changes == 1 + 2  # growth of 2016, 2017; 2019, 2020, 2021
    assert spread(within, "active", groups).changes == 1 + 2
    assert spread(computed, "active", groups).changes == 1 + 1  # growth of 2016, 2017; 2020, 2021


def test_the_parts_of_a_group_weigh_as_one():
    rows = series("A", {2019: 1, 2020: 2, 2021: 4.5}) + series("B", {2019: 1, 2020: 3, 2021: 4})
    assert spread(rows, "active", {"A": "A", "B": "B"}).changes == 2
    assert spread(rows, "active", {"A": "G", "B": "G"}).changes == 1


def test_of_several_metrics_the_first_with_enough_years_counts():
    months = series("A", {2021: 5, 2022: 6})
    quarters = series("A", {2019: 1, 2020: 2, 2021: 4}, metric="active_users_90d")
    panel = series("A", {2019: 1, 2020: 9, 2021: 4}, metric="third_party_mau")
    (used,) = spread([*months, *quarters, *panel], "active", {"A": "A"}).used
    assert used.metric == "active_users_90d"


def test_the_count_nearest_to_a_month_comes_first_and_never_apps_or_the_counts_of_others():
    active = ["monthly_active_users", "quarterly_active_users", "active_users_12m", "active_accounts", "active_clients"]
    others = ["active_apps", "third_party_mau", "pool", "total_customers", "registered_users"]
    metrics = [*reversed(active), *others]
    assert ranked(metrics, "active") == active
    assert ranked(metrics, "registered") == ["registered_users", "total_customers"]


def test_a_class_that_is_not_there_is_refused():
    assert problem_of(made, [], None, None, "banks") == "'banks' is not a class of entities; did you mean 'bank'?"


def test_the_weighted_median_with_equal_weights_is_the_median():
    for values in ([3.0, 1.0, 2.0], [4.0, 1.0, 2.0, 8.0], [5.0], [1.0, 1.0, 7.0, 9.0, 9.0, 9.0]):
        assert median(np.array(values), np.ones(len(values))) == statistics.median(values)
    assert median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 3.0])) == 9.0


def test_few_changes_move_the_reference_a_little_and_none_or_one_not_at_all():
    assert Spread(0.0, 0.0, ()).beside(0.05, 20.0) == 1.0
    assert Spread(1.0, 0.0, ()).beside(0.05, 20.0) == 1.0
    assert Spread(21.0, 0.10, ()).beside(0.05, 20.0) == pytest.approx((0.5 * (1 + 4)) ** 0.5)
    assert Spread(5.0, 0.10, ()).beside(0.05, 20.0) < Spread(21.0, 0.10, ()).beside(0.05, 20.0) < 2.0


def test_without_figures_the_sizes_are_those_of_the_table():
    text, _ = made([], None, None, "bank")
    tree = parse(text, Path("x.yaml")).entries
    engagement = tree["shocks"].node.entries["engagement"].node.entries["size"].node.entries
    assert engagement["median"].node.text == "7%"
    assert tree["shocks"].node.entries["adoption"].node.entries["size"].node.entries["median"].node.text == "20%"
    assert tree["drift"].node.entries["engagement"].node.entries["change"].node.text == "2.5%"


# ------------ tables with faults


@pytest.fixture
def table(monkeypatch, tmp_path):
    """Stand in a workspace of its own; return a writer of its tables, from those shipped with one text replaced."""
    (tmp_path / "calibration/priors/tables").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    def write(name: str, old: str, new: str) -> None:
        text = (FOLDER / f"tables/{name}.yaml").read_text(encoding="utf-8")
        assert old in text
        Path(f"calibration/priors/tables/{name}.yaml").write_text(text.replace(old, new), encoding="utf-8")

    return write


def problem_of(call, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    (problem,) = caught.value.problems
    return str(replace(problem, place=None))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "members: [PhonePe *]", "members: [PhonePe *, ICBC]",
            "groups.PhonePe: 'ICBC' is a member of 'ICBC' too; an entity has one group",
        ),
        (
            "holds: [ABC,", "holds: [PhonePe India,",
            "groups.China: 'PhonePe India' is a member of 'PhonePe', not a group; write PhonePe where it is held",
        ),
        ("others: open", "others: shut", "others: 'shut' is not a class; allowed: bank, open"),
    ],
)  # fmt: skip
def test_faults_of_the_groups_are_named(table, old, new, message):
    table("groups", old, new)
    assert problem_of(read) == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "size: {median: 7%, sigma: 0.35}", "size: {low: 5%, high: 10%}",
            "'shocks.engagement.size.median' is missing: the figures scale it",
        ),
        (
            "change: 2.5%", "change: 2.5 points",
            "drift.engagement.change: '2.5 points' must be a share from 0 to 1, such as 9% or 0.09; "
            "'points' is not a unit here, allowed: %",
        ),
        (
            "reference: 3.5%", "reference: 0%",
            "scales.bank.active.reference: 0% must be above 0% and at most 100%",
        ),
        ("weight: {value: 20, ", "weight: {", "scales.weight: 'value' is missing"),
    ],
)  # fmt: skip
def test_faults_of_the_hyper_parameters_are_named(table, old, new, message):
    table("hyper", old, new)
    assert problem_of(lambda: made([], None, None, "bank")) == message


def test_tables_of_the_workspace_come_before_those_shipped(table):
    table("hyper", "size: {median: 7%, sigma: 0.35}", "size: {median: 9%, sigma: 0.35}")
    assert workspace.here() == Path()
    assert hyper.read("bank").sections != hyper.read("open").sections
    assert "median: 9%" in made([], None, None, "bank")[0]
