"""Which entities are forecast by which metrics, at which origins, from which figures."""

from collections import Counter
from pathlib import Path

import pytest

from mobank.base.quantities import Month
from mobank.base.workspace import shipped
from mobank.calibration.backtest.full.cases import refits
from mobank.calibration.backtest.full.figures import joined, rows_of
from mobank.calibration.backtest.full.jobs import ACTIVE, LEVEL
from mobank.calibration.backtest.full.pairs import pairs
from mobank.calibration.backtest.full.rows import targets
from mobank.calibration.backtest.series import HEADER
from tests.benchmarks.mau_cases import GUARD

DATA = shipped() / "calibration/backtest"
MAU_CASES = Path(__file__).parents[2] / "data/mau_cases.csv"


def write(path, *rows):
    """Rows are (metric, date, value) or (metric, date, value, text)."""
    lines = [f'A,{m},{date},{value},persons,"{"".join(text)}",exact,s,secondary' for m, date, value, *text in rows]
    path.write_text("\n".join([",".join(HEADER), *lines]) + "\n", encoding="utf-8")
    return path


def of(*paths):
    return pairs(joined(rows_of(paths)), lambda entity: entity)


def only_pair(tmp_path, *rows):
    found, out = of(write(tmp_path / "a.csv", *rows))
    assert out == []
    return found[0]


def yearly(metric, values, first=2018, date="12-31"):
    return [(metric, f"{first + i}-{date}", value) for i, value in enumerate(values)]


def test_the_metric_that_is_closest_to_a_month_is_paired(tmp_path):
    others = ["active_digital", "active_users", "active_users_12m", "active_users_180d", "active_users_90d"]
    others += ["quarterly_active_users", "monthly_transacting_users", "monthly_active_users"]
    rows = yearly("registered_users", (10, 11, 12)) + yearly("active_apps", (9, 9, 9))
    rows += yearly("third_party_mau", (9, 9, 9))
    for metric in others:
        rows += yearly(metric, (5, 6, 7))
        assert only_pair(tmp_path, *rows).active.metric == metric


def test_whoever_is_registered_comes_before_totals_funded_customers_and_accounts(tmp_path):
    rows = yearly("monthly_active_users", (5, 6, 7))
    for metric in ("brokerage_accounts", "funded_customers", "total_customers", "registered_users"):
        rows += yearly(metric, (10, 11, 12))
        assert only_pair(tmp_path, *rows).level.metric == metric


def test_a_metric_that_is_closer_to_a_month_but_never_beside_the_level_is_passed_over(tmp_path):
    rows = yearly("registered_users", (10, 11, 12)) + yearly("active_users", (5, 6, 7))
    pair = only_pair(tmp_path, *rows, ("monthly_active_users", "2019-06-30", 6))
    assert pair.active.metric == "active_users"


def test_apps_and_counts_of_third_parties_are_never_paired(tmp_path):
    rows = yearly("registered_users", (10, 11, 12)) + yearly("active_apps", (5, 6, 7))
    assert of(write(tmp_path / "a.csv", *rows, *yearly("third_party_mau", (5, 6, 7)))) == ([], [])


def test_one_common_month_is_left_out_with_its_reason(tmp_path):
    rows = [*yearly("registered_users", (10, 11)), *yearly("active_users", (5, 6), 2019)]
    found, out = of(write(tmp_path / "a.csv", *rows))
    assert found == []
    assert [(o.entity, o.metric, o.reason) for o in out] == [
        ("A", "active_users", "registered_users beside active_users in 1 month; 2 under one definition are needed")
    ]


def test_yearly_origins_are_the_last_common_month_of_each_year_from_the_second_on(tmp_path):
    rows = yearly("registered_users", (10, 11, 12, 13, 14)) + yearly("active_users", (5, 6, 7, 8, 9))
    rows += [("registered_users", "2020-06-30", 11.5), ("active_users", "2020-06-30", 6.5)]
    found = list(refits(only_pair(tmp_path, *rows)))
    assert [(str(r.origin), r.kind, r.ahead) for r in found] == [
        ("2019-12", "years", (12, 24, 36)),
        ("2020-12", "years", (12, 24)),
        ("2021-12", "years", (12,)),
    ]
    assert [str(f.month) for f in found[1].level] == ["2018-12", "2019-12", "2020-12"]  # one a year
    assert [t.figure.figure.middle for t in targets(found[0], ACTIVE)] == [7, 8, 9]
    assert [t.figure.figure.middle for t in targets(found[1], LEVEL)] == [13, 14]


def test_monthly_origins_are_the_last_of_every_second_quarter_and_take_all_figures(tmp_path):
    months = [f"{y}-{m}" for y in (2020, 2021) for m in ("03-31", "06-30", "09-30", "12-31")]
    rows = [
        (metric, date, base + i)
        for metric, base in (("registered_users", 20), ("active_users", 9))
        for i, date in enumerate(months)
    ]
    found = [r for r in refits(only_pair(tmp_path, *rows)) if r.kind == "months"]
    assert [(str(r.origin), r.ahead) for r in found] == [("2020-12", (3, 6, 12)), ("2021-06", (3, 6))]
    assert [len(r.active) for r in found] == [4, 6]


def test_after_a_break_two_common_figures_of_the_new_definition_are_waited_for(tmp_path):
    rows = yearly("registered_users", range(10, 17)) + yearly("active_users", (5, 6, 7))
    rows += [("active_users", "2021-12-31", 3, "BREAK: one app"), *yearly("active_users", (3.5, 4, 5), 2022)]
    found = list(refits(only_pair(tmp_path, *rows)))
    assert [r.origin.year for r in found] == [2019, 2020, 2022, 2023]
    assert [f.month.year for f in found[2].active] == [2021, 2022]
    assert [f.month.year for f in found[2].level] == list(range(2018, 2023))
    assert [(t.months, t.broken) for t in targets(found[0], ACTIVE)] == [
        (12, False),
        (24, True),
        (36, True),
        (60, True),
    ]
    assert [t.broken for t in targets(found[0], LEVEL)] == [False] * 4


def test_a_count_of_the_registered_that_falls_begins_anew(tmp_path):
    rows = yearly("registered_users", (100, 110, 80, 85, 90)) + yearly("active_users", (50, 51, 52, 53, 54))
    found = list(refits(only_pair(tmp_path, *rows)))
    assert [(r.origin.year, [f.month.year for f in r.level], len(r.active)) for r in found] == [
        (2019, [2018, 2019], 2),
        (2021, [2020, 2021], 2),
    ]


def test_a_fit_begins_after_a_growth_that_the_reader_takes_for_a_slip(tmp_path):
    rows = yearly("registered_users", (10, 40, 50, 60)) + yearly("active_users", (5, 6, 7, 8))
    found = list(refits(only_pair(tmp_path, *rows)))
    assert [(r.origin.year, [f.month.year for f in r.level], [f.month.year for f in r.active]) for r in found] == [
        (2019, [2019], [2019]),
        (2020, [2019, 2020], [2019, 2020]),
    ]


def test_a_pool_that_is_assumed_grows_back_and_lets_one_common_figure_do(tmp_path):
    rows = yearly("registered_users", (10, 11, 12, 13)) + yearly("monthly_active_users", (5, 6), 2020)
    assert of(write(tmp_path / "b.csv", *rows))[0][0].suffices(Month.of(2020, 12)) is False
    pair = only_pair(tmp_path, *rows, ("pool", "2021-12-31", 100))
    found = list(refits(pair))
    assert [r.origin.year for r in found] == [2020]
    assert found[0].pool == {Month.of(y, 12): pytest.approx(100 * 1.025 ** (y - 2021)) for y in (2018, 2020)}


def test_reported_customers_go_into_the_fit_up_to_the_origin(tmp_path):
    rows = yearly("registered_users", (10, 11, 12, 13)) + yearly("monthly_active_users", (5, 6), 2020)
    found = list(refits(only_pair(tmp_path, *rows, *yearly("personal_customers", (50, 51, 52, 53)))))
    assert [(r.origin.year, [f.month.year for f in r.customers]) for r in found] == [(2020, [2018, 2019, 2020])]


def test_the_shipped_figures_give_the_cases_that_were_counted_for_the_thresholds():
    """The review counted 44, 27, 16 and 4 cases at 1, 2, 3 and 5 years.

    That is ours without Robinhood (5, 4, 3, 1), without the targets of Ghana that are not the last of their year
    (0, 2, 0, 0) and some of LexinFintech (1, 1, 1, 1), with Futu's funded customers for its active (3, 2, 1, 0) and
    with the origins of Mauritius and Zambia at a fall of the registered by a tenth and more (2, 2, 1, 0).
    """
    found, _ = of(DATA / "figures.csv", DATA / "pairs.csv")
    made = [r for pair in found for r in refits(pair)]
    cases = Counter(t.months // 12 for r in made if r.kind == "years" for t in targets(r, ACTIVE))
    assert {h: cases[h] for h in (1, 2, 3, 5)} == {1: 45, 2: 30, 3: 18, 5: 6}
    assert len({r.pair.entity for r in made if r.kind == "years" and targets(r, ACTIVE)}) == 16
    assert sum(r.kind == "years" for r in made) == 52


def test_the_frozen_file_gives_the_26_cases_of_the_guard():
    found, _ = of(DATA / "figures.csv", DATA / "pairs.csv", MAU_CASES)
    by_entity = {pair.entity: list(refits(pair)) for pair in found}
    for entity, origins in GUARD.items():
        own = {r.origin: r for r in by_entity[entity] if r.kind == "years"}
        for year, horizons in origins.items():
            scored = {t.months // 12 for t in targets(own[Month.of(year, 12)], ACTIVE) if not t.broken}
            assert set(horizons) <= scored, (entity, year)
            assert own[Month.of(year, 12)].pool or own[Month.of(year, 12)].customers
    assert sum(len(h) for origins in GUARD.values() for h in origins.values()) == 26
