"""The table of a run in the terminal, against the file that it is read from; and the file against the paths."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mobank.base.digits import spanned
from mobank.base.quantities import Month
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.run import run
from mobank.ensemble.summary import QUANTILES, summarise
from mobank.model.mobile_banking import MODEL
from mobank.report.tables import write_summary, year_end_table


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
        for measure, cells in (("registered", (registered, band)), ("mau", (active, band_of_active))):
            row = table.loc[measure, month]
            assert cells == spanned(row["p5"] / unit, row["p50"] / unit, row["p95"] / unit)
        row = 100 * table.loc["stickiness", month][["p5", "p50", "p95"]].astype(float)
        assert share == f"{spanned(*row)[0]} %"
