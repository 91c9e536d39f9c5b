"""Blocks and workers put together: every replicate in its place, whoever computed it, and quantiles by month."""

from dataclasses import replace

import numpy as np
import pytest

from mobank.ensemble import plan as plans
from mobank.ensemble.plan import ALL, LARGEST, MEMORY, Plan, block_size, blocks, kept, run_block
from mobank.ensemble.run import run
from mobank.ensemble.summary import QUANTILES, summarise
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Segment


@pytest.fixture
def plan(baseline, monkeypatch):
    monkeypatch.setattr(plans, "SMALLEST", 7)  # so that a few replicates make several blocks
    monkeypatch.setattr(plans, "LARGEST", 16)
    return Plan(MODEL, replace(baseline, until=baseline.start + 6), draws=45, seed=3)


@pytest.mark.parametrize(("draws", "size"), [(1, 1), (45, 45), (45, 7), (45, 100), (2_000, 250)])
def test_blocks_hold_every_replicate_once_in_order(draws, size):
    np.testing.assert_array_equal(np.concatenate(blocks(draws, size)), np.arange(draws))


def test_any_number_of_workers_gives_the_same_paths_to_the_last_bit(plan):
    assert block_size(plan) < plan.draws
    assert block_size(replace(plan, workers=4)) != block_size(plan), "the blocks differ, and it must not matter"
    with run(plan) as alone, run(replace(plan, workers=2)) as two, run(replace(plan, workers=4)) as four:
        for measure, segment in plan.columns:
            for other in (two, four):
                np.testing.assert_array_equal(alone.path(measure, segment), other.path(measure, segment))
        assert alone.tried == two.tried == four.tried


def test_a_path_is_what_the_block_of_its_replicate_says(plan):
    plan = replace(plan, by_segment=True)
    numbers = np.array([0, 16, 44])
    block, _ = run_block(plan, numbers)
    with run(plan) as whole:
        for (measure, segment), rows in zip(plan.columns, kept(plan, block, numbers), strict=True):
            np.testing.assert_array_equal(whole.path(measure, segment)[:, numbers], rows)
            np.testing.assert_array_equal(whole.month(measure, 5, segment)[numbers], rows[5])


def test_segments_of_a_stock_add_up_to_the_whole(plan):
    plan = replace(plan, by_segment=True)
    with run(plan) as whole:
        parts = sum(whole.path("mau", segment.name) for segment in plan.scenario.segments)
        np.testing.assert_array_equal(parts, whole.path("mau", ALL))


def test_a_summary_holds_quantiles_mean_and_its_error_and_leaves_out_what_is_undefined(plan):
    with run(plan) as whole:
        found = {(s.measure, s.segment): s for s in summarise(whole)}
        assert list(found) == plan.columns
        mau, adds = whole.path("mau"), found["gross_adds", ALL]
        summary = found["mau", ALL]
    np.testing.assert_allclose(summary.quantiles, np.quantile(mau, QUANTILES, axis=1), rtol=1e-15)
    np.testing.assert_allclose(summary.mean, mau.mean(axis=1), rtol=1e-15)
    np.testing.assert_allclose(summary.standard_error, mau.std(axis=1, ddof=1) / np.sqrt(45), rtol=1e-12)
    assert np.isnan(adds.quantiles[:, 0]).all()
    assert np.isnan(adds.mean[0])
    assert np.isfinite(adds.mean[1:]).all()


def test_progress_is_told_after_each_block(plan):
    told = []
    run(plan, progress=lambda done, total: told.append((done, total))).close()
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_failing_block_fails_the_run_and_leaves_no_file_behind(plan, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr("mobank.ensemble.run.run_block", broken)
    with pytest.raises(OSError, match="the disk is full"):
        run(plan, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_segments_that_are_not_divided_are_not_written_twice(baseline):
    whole = replace(baseline, bands=(), segments=(Segment((), 1.0),), mixing=np.ones((1, 1)))
    columns = Plan(MODEL, whole, by_segment=True).columns
    assert len(columns) == len(set(columns))


def test_a_block_of_a_long_run_by_segment_is_small(baseline):
    long = replace(baseline, until=baseline.start + 480)
    assert block_size(Plan(MODEL, baseline, draws=100_000)) == LARGEST
    size = block_size(Plan(MODEL, long, draws=100_000, by_segment=True))
    assert 1 <= size < LARGEST
    assert size * 481 * 18 * 8 * 8 < MEMORY
