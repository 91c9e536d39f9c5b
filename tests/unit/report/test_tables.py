"""The table of a run in the terminal, against the file that it is read from; and the file against the paths."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mobank.base.digits import spanned
from mobank.base.quantities import Month
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.questions import Answer, wilson
from mobank.ensemble.run import run
from mobank.ensemble.summary import QUANTILES, summarise
from mobank.model.mobile_banking import MODEL
from mobank.report.questions import MONTHS, cells, row
from mobank.report.tables import write_summary, year_end_table
from mobank.scenario.scenario import Ask, Condition


@pytest.fixture(scope="module")
def finished(baseline, tmp_path_factory):
    """Return a run's plan, its paths of registered, active and their ratio, and its summary.csv; it ends in March."""
    plan = Plan(MODEL, replace(baseline, until=Month.of(2024, 3)), 60, 5, "mean_field")
    path = tmp_path_factory.mktemp("tables") / "summary.csv"
    with run(plan) as paths:
        write_summary(list(summarise(paths)), plan, path)
        kept = {m: [paths.month(m, t) for t in range(len(plan.months))] for m in ("registered", "mau", "stickiness")}
    return plan, kept, path


def test_every_column_of_the_summary_is_that_of_the_paths(finished):
    plan, paths, path = finished
    table = pd.read_csv(path, encoding="utf-8-sig").set_index(["measure", "segment", "month"])
    for measure, months in paths.items():
        for month, values in zip(plan.months, months, strict=True):
            row = table.loc[measure, ALL, str(month)]
            assert row["mean"] == pytest.approx(values.mean(), rel=1e-9)
            assert row["mean_mc_error"] == pytest.approx(values.std(ddof=1) / 60**0.5, rel=1e-9)
            for share in QUANTILES:
                assert row[f"p{100 * share:g}"] == pytest.approx(np.quantile(values, share), rel=1e-9)


@pytest.mark.parametrize(("lang", "unit"), [("en", 1e6), ("zh", 1e8)])
def test_the_terminal_shows_median_and_central_ninety_percent_at_start_at_each_december_and_at_the_end(
    finished, lang, unit
):
    plan, _, path = finished
    table = pd.read_csv(path, encoding="utf-8-sig").set_index(["measure", "month"])
    shown = year_end_table(path, plan, lang)
    assert [row[0] for row in shown.rows] == ["2022-12", "2023-12", "2024-03"]
    for month, registered, band, active, band_of_active, share in shown.rows:
        for measure, both in (("registered", (registered, band)), ("mau", (active, band_of_active))):
            of = table.loc[measure, month]
            assert both == spanned(of["p5"] / unit, of["p50"] / unit, of["p95"] / unit)
        of = 100 * table.loc["stickiness", month][["p5", "p50", "p95"]].astype(float)
        assert share == f"{spanned(*of)[0]} %"


def test_each_column_of_an_answer_is_its_own():
    condition = Condition("mau", 2.0, float("inf"), ("2",))
    race = Ask("race", condition, Month.of(2024, 6), True, replace(condition, measure="registered"))
    held = np.array([True] * 2 + [False] * 8)
    found = row(Answer(race, held, 0.125, (), 0.25, 0.375), MODEL)
    numbers = {name: found[name] for name in ("ask", "measure", "month", "chance", "never", "rival_first", "together")}
    assert numbers == {"ask": "race", "measure": "mau", "month": "2024-06", "chance": "0.2", "never": "0.125",
                       "rival_first": "0.25", "together": "0.375"}  # fmt: skip
    low, high = wilson(0.2, 10)
    assert (float(found["wilson_low"]), float(found["wilson_high"])) == pytest.approx((low, high))
    assert float(found["mc_error"]) == pytest.approx((0.2 * 0.8 / 10) ** 0.5)
    months = tuple(Month.of(2023, m) for m in range(1, 1 + len(QUANTILES)))
    first = row(Answer(replace(race, rival=None), held, 0.5, (*months[:-1], None)), MODEL)
    assert [first[name] for name in MONTHS] == [*map(str, months[:-1]), "never"]


@pytest.mark.parametrize(
    ("chance", "error", "shown"),
    [
        (("0.25", "0.2", "0.3"), "0.013", ("25.0 %", "± 1.3 %")),
        (("0", "0", "0.0372"), "0", ("0.0 %", "≤ 3.7 %")),
        (("1", "0.9628", "1"), "0", ("100.0 %", "≥ 96.3 %")),
        (("0.0004", "0.0003", "0.0005"), "0.00006", ("0.04 %", "± 0.01 %")),
    ],
)
def test_a_chance_is_shown_with_its_error_and_where_all_agree_with_the_end_of_its_interval(chance, error, shown):
    names = ("chance", "wilson_low", "wilson_high")
    each = dict(zip(names, chance, strict=True)) | {"mc_error": error, "p50_month": "2024-06", "never": "0.5"}
    assert cells(each, "en")[:2] == shown
    assert cells(each, "en")[2] == "2024-06"
    assert cells(each | {"p50_month": "never"}, "en")[2] == "never"
    assert cells(each | {"p50_month": ""}, "en")[2] == "–"
