"""The rows of a job's tables: every column from summaries of known replicates."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from mobank.base.quantities import Month
from mobank.batch.results import last_month
from mobank.batch.summaries import FIRST, NEITHER, NEVER, RIVAL, TOGETHER, Key, of_codes, of_values
from mobank.batch.tables import REACHED, _answer, _quantity
from mobank.ensemble.plan import ALL
from mobank.ensemble.questions import wilson

CASE = SimpleNamespace(scenario=SimpleNamespace(start=Month.of(2022, 12)))
KEY = Key("ask", "more", "all", "2024-12")


def answer(codes, yes, kind):
    found = {KEY._replace(kind=kind): of_codes(codes, yes, 1)}
    return _answer(CASE, KEY, of_codes(yes.astype(np.int64), yes, 1), found)


def test_an_ask_has_chance_interval_and_the_months_by_which_its_replicates_arrive():
    months = np.array([1, 2, 2, 5, 13, 13, 25, NEVER, NEVER, NEVER])
    row = answer(months, (months != NEVER) & (months <= 13), "passage")
    assert (row["ask"], row["month"], row["replicates"]) == ("more", "2024-12", 10)
    assert (row["chance"], row["never"]) == (0.6, 0.3)
    assert row["chance_mc_error"] == pytest.approx((0.6 * 0.4 / 9) ** 0.5)
    assert (row["low_95"], row["high_95"]) == pytest.approx(wilson(0.6, 9), rel=1e-12)  # as its error has R − 1
    assert {name: row[name] for name in REACHED} == {
        "reached_p5": "2023-01", "reached_p10": "2023-01", "reached_p25": "2023-02", "reached_p50": "2024-01",
        "reached_p75": None, "reached_p90": None, "reached_p95": None,
    }  # fmt: skip


def test_a_race_has_the_shares_of_its_ends():
    codes = np.repeat([NEITHER, FIRST, RIVAL, TOGETHER], [1, 2, 3, 4])
    row = answer(codes, codes == FIRST, "race")
    assert (row["chance"], row["never"], row["rival_first"], row["together"]) == (0.2, 0.1, 0.3, 0.4)


def test_a_quantity_has_mean_error_and_quantiles_of_its_replicates():
    values = np.arange(1.0, 102.0)
    summary = of_values(values[None], 1)[0]
    row = _quantity(Key("quantity", "mau", "old", "2024-12"), summary, (0.05, 0.5, 0.975))
    assert (row["measure"], row["segment"], row["month"], row["replicates"]) == ("mau", "old", "2024-12", 101)
    assert row["mean"] == pytest.approx(51)
    assert row["mean_mc_error"] == pytest.approx(values.std(ddof=1) / 101**0.5)
    assert [row[name] for name in ("p5", "p50", "p97.5")] == pytest.approx([6, 51, 98], rel=6e-4)


def test_the_last_month_is_that_of_each_case_and_of_the_whole_bank():
    rows = [("a", ALL, "2023-12"), ("a", "old", "2024-12"), ("a", ALL, "2024-12"), ("b", ALL, "2023-06"),
            ("b", ALL, "2023-12")]  # fmt: skip
    table = pa.table(dict(zip(("case", "segment", "month"), map(list, zip(*rows, strict=True)), strict=True)))
    found = last_month(table.append_column("row", pa.array(range(5))))
    assert found["row"].to_pylist() == [2, 4]
