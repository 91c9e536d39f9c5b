"""Blocks and workers put together: every replicate in its place, whoever computed it, and quantiles by month."""

from dataclasses import replace

import numpy as np
import pytest

from sim import ensemble
from sim.ensemble import ALL, QUANTILES, Plan, blocks, kept, run, run_block, summarise
from sim.model import MODEL


@pytest.fixture
def plan(baseline, monkeypatch):
    monkeypatch.setattr(ensemble, "SMALLEST", 7)  # so that a few replicates make several blocks
    monkeypatch.setattr(ensemble, "LARGEST", 16)
    return Plan(MODEL, replace(baseline, until=baseline.start + 6), draws=45, seed=3)


@pytest.mark.parametrize(("draws", "workers"), [(1, 1), (45, 1), (45, 2), (45, 8), (2_000, 4)])
def test_blocks_hold_every_replicate_once_in_order(draws, workers):
    np.testing.assert_array_equal(np.concatenate(blocks(draws, workers)), np.arange(draws))


def test_any_number_of_workers_gives_the_same_paths_to_the_last_bit(plan):
    assert len(blocks(plan.draws, 1)) > 1
    assert len(blocks(plan.draws, 4)) != len(blocks(plan.draws, 1)), "the blocks differ, and it must not matter"
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
        for (measure, segment), rows in zip(plan.columns, kept(plan, block), strict=True):
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

    monkeypatch.setattr(ensemble, "run_block", broken)
    with pytest.raises(OSError, match="the disk is full"):
        run(plan, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
