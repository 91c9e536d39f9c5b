"""Summaries that can be joined: counts exact, quantiles within the bound, and the same whatever the units are."""

import numpy as np
import pytest

from mobank.batch.summaries import NEVER, RELATIVE, Key, UnitSummary, join, joined, of_codes, of_values
from mobank.batch.unit import SUMMARY_SCHEMA, read_summaries, serialise, summary_table

SHARES = (0.0, 0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1.0)


@pytest.fixture
def generator(seed):
    return np.random.default_rng(seed)


def order_statistic(values, share):
    return np.sort(values)[int(share * (values.size - 1) + 1e-9)]


@pytest.mark.parametrize(
    "make",
    [
        lambda g: np.round(np.exp(g.normal(19, 0.2, 5000))),  # persons
        lambda g: g.beta(2, 5, 5000),  # shares
        lambda g: np.exp(g.normal(0, 20, 5000)),  # over many powers of ten
        lambda g: g.integers(0, 4, 5000).astype(float),  # few persons, and nobody
    ],
    ids=["persons", "shares", "wide", "few"],
)
def test_a_quantile_is_within_its_bound_of_the_exact_order_statistic(generator, make):
    values = make(generator)
    summary = of_values(values[None], 1)[0]
    exact = np.array([order_statistic(values, share) for share in SHARES])
    assert np.all(np.abs(np.array(summary.quantiles(SHARES)) - exact) <= RELATIVE * exact * (1 + 1e-9))


def test_units_joined_are_the_whole(generator):
    values = np.exp(generator.normal(19, 0.2, 5000))
    whole = of_values(values[None], 1)[0]
    parts = [of_values(piece[None], 1)[0] for piece in np.split(values, [700, 701, 3000])]
    together = joined(parts)
    assert np.array_equal(together.buckets, whole.buckets)
    assert np.array_equal(together.counts, whole.counts)
    assert (together.count, together.draws) == (5000, 5000)
    assert together.mean == pytest.approx(values.mean(), rel=1e-12)
    assert together.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(5000), rel=1e-10)


def test_units_with_nobody_joined_are_the_whole(generator):
    """Zeros lie below all buckets: quantiles, and the counts behind them, are those of all values together."""
    values = np.exp(generator.normal(19, 0.2, 300))
    values[::3] = 0.0
    whole, together = (of_values(values[None], 1)[0], joined([of_values(v[None], 1)[0] for v in np.split(values, 3)]))
    assert (np.diff(together.buckets) > 0).all()
    np.testing.assert_array_equal(together.buckets, whole.buckets)
    np.testing.assert_array_equal(together.counts, whole.counts)
    assert together.quantiles([0.2, 0.33, 0.34, 0.9]) == whole.quantiles([0.2, 0.33, 0.34, 0.9])
    assert together.quantile(0.33) == 0 < together.quantile(0.34)


def test_joining_some_at_a_time_is_joining_all_at_once(generator):
    key = Key("quantity", "mau", "all", "2025-12")
    parts = [{key: of_values(generator.gamma(3, 1e7, (1, 50)), 1)[0]} for _ in range(100)]
    found, at_once = join(iter(parts))[key], joined([part[key] for part in parts])
    assert (found.mean, found.squares, found.count) == (at_once.mean, at_once.squares, at_once.count)
    assert np.array_equal(found.counts, at_once.counts)


def test_what_is_undefined_does_not_count(generator):
    values = generator.gamma(3, 1e7, (3, 60))
    values[0, ::2] = np.nan
    values[1] = np.nan
    some, none, all_of_it = of_values(values, 1)
    assert (some.count, none.count, all_of_it.count) == (30, 0, 60)
    assert some.mean == pytest.approx(np.nanmean(values[0]), rel=1e-12)
    assert np.isnan(none.quantile(0.5))
    assert np.isnan(none.mean)
    with_none = joined([none, some, none])
    assert (with_none.mean, with_none.count) == (some.mean, 30)


def test_replicates_of_one_draw_tell_less_than_as_many_draws(generator):
    """The error is that of the draws' means: with perfect agreement within draws it is that of the draws alone."""
    drawn = generator.normal(1e8, 1e7, 200)
    alone, repeated = of_values(drawn[None], 1)[0], of_values(np.repeat(drawn, 5)[None], 5)[0]
    assert repeated.standard_error == pytest.approx(alone.standard_error, rel=1e-12)
    assert (repeated.count, repeated.draws) == (1000, 200)
    held = np.repeat(drawn > 1e8, 5)
    low, high = of_codes(held.astype(np.int64), held, 5).interval
    alone_low, alone_high = of_codes(held[::5].astype(np.int64), held[::5], 1).interval
    assert (low, high) == pytest.approx((alone_low, alone_high), rel=1e-9)


def test_the_error_of_a_quantile_is_its_scatter_from_run_to_run(generator):
    """Claimed and found over 400 repeats; the scatter's own error is 3.5 %, the claim's bias at n = 400 some 5 %."""
    runs = np.exp(generator.normal(19, 0.2, (400, 400)))
    for share in (0.1, 0.5, 0.9):
        found = of_values(runs, 1)
        scatter = np.std([s.quantile(share) for s in found]) / np.mean([s.quantile(share) for s in found])
        claimed = np.mean([s.quantile_error(share) for s in found])
        assert abs(claimed / scatter - 1) < 0.2


def test_months_of_passage_are_exact():
    months = np.array([NEVER, 3, 3, 7, NEVER, 12, 1, 3, 40, NEVER])
    summary = of_codes(months, months != NEVER, 1)
    assert summary.bucket(NEVER) == 3
    assert [summary.passed_by(share) for share in (0.1, 0.4, 0.41, 0.7, 0.71)] == [1, 3, 7, 40, None]
    assert summary.mean == 0.7


def test_a_chance_on_which_all_agree_still_has_an_error():
    held = np.ones(100, np.bool_)
    summary = of_codes(held.astype(np.int64), held, 1)
    assert summary.standard_error == 0
    assert 0.005 < summary.chance_error < 0.02
    of_draws = of_codes(np.repeat(held, 5).astype(np.int64), np.repeat(held, 5), 5)
    assert (of_draws.count, of_draws.draws) == (500, 100)
    assert of_draws.interval == summary.interval, "what is sure of 100 draws is no surer for five replicates of each"


def test_a_negative_value_is_refused():
    with pytest.raises(ValueError, match="-1 cannot be summarised; a measure is 0 or more"):
        of_values(np.array([[3.0, -1.0]]), 1)


def test_a_file_gives_back_what_was_put_in(generator, tmp_path):
    values = generator.gamma(3, 1e7, (2, 60))
    values[1] = np.nan
    rows = dict(
        zip(
            [Key("quantity", "mau", "all", "2025-12"), Key("ask", "x", "all", "2025-12")],
            of_values(values, 1),
            strict=True,
        )
    )
    (tmp_path / "unit.parquet").write_bytes(serialise(summary_table(rows)))
    again = read_summaries(tmp_path / "unit.parquet")
    assert list(again) == list(rows)
    for key, summary in rows.items():
        assert_equal(again[key], summary)
    (tmp_path / "none.parquet").write_bytes(serialise(summary_table({})))
    assert read_summaries(tmp_path / "none.parquet") == {}
    assert SUMMARY_SCHEMA.names[:4] == list(Key._fields)


def assert_equal(one: UnitSummary, other: UnitSummary) -> None:
    assert (one.count, one.draws, one.squares) == (other.count, other.draws, other.squares)
    assert np.array_equal([one.mean], [other.mean], equal_nan=True)
    assert np.array_equal(one.buckets, other.buckets)
    assert np.array_equal(one.counts, other.counts)
