"""Paths in memory and in a file: draws are added to a run and never drawn again, and whoever watches may stop it."""

from dataclasses import replace

import numpy as np
import pytest

from mobank.base.quantities import Interval
from mobank.ensemble import paths as stores
from mobank.ensemble.paths import Ensemble
from mobank.ensemble.plan import Plan
from mobank.ensemble.questions import answer
from mobank.ensemble.run import run
from mobank.ensemble.summary import summarise
from mobank.model.mobile_banking import MODEL


def plan_of(baseline, fidelity, draws):
    small = replace(baseline, until=baseline.start + 3)
    return Plan(MODEL, small, draws=draws, seed=3, fidelity=fidelity)


def same(one, other, draws):
    """Return whether the first replicates of two ensembles are equal to the last bit in all columns and months."""
    pairs = [(one.path(*column), other.path(*column)) for column in one.plan.columns]
    return all(np.array_equal(a[:, :draws], b[:, :draws], equal_nan=True) for a, b in pairs)


@pytest.fixture
def in_a_file(monkeypatch):
    monkeypatch.setattr(stores, "MOST_IN_MEMORY", 0)


@pytest.mark.parametrize("fidelity", ["cohort", "mean_field"])
def test_the_first_300_of_2000_draws_are_those_of_a_run_of_300(baseline, fidelity):
    with run(plan_of(baseline, fidelity, 300)) as few, run(plan_of(baseline, fidelity, 2000)) as many:
        assert same(few, many, 300)


@pytest.mark.parametrize("fidelity", ["cohort", "mean_field"])
def test_draws_added_500_at_a_time_are_those_of_the_whole_run(baseline, fidelity, monkeypatch):
    grown = run(plan_of(baseline, fidelity, 500))
    for draws in (1000, 1500, 2000):
        grown = run(plan_of(baseline, fidelity, draws), known=grown)
    with run(plan_of(baseline, fidelity, 2000)) as whole:
        assert same(grown, whole, 2000)
        assert grown.tried == whole.tried
        for one, other in zip(summarise(grown), summarise(whole), strict=True):
            np.testing.assert_array_equal(one.quantiles, other.quantiles)
        assert [a.chance for a in answer(grown, ())] == [a.chance for a in answer(whole, ())]


def test_draws_are_added_to_a_run_of_single_persons_too(baseline):
    town = replace(baseline, reported=tuple(smaller(figure, 10_000) for figure in baseline.reported), asks=())
    four = plan_of(town, "agents", 4)
    with run(replace(four, draws=2)) as two, run(four, known=two) as grown, run(four) as whole:
        assert same(grown, whole, 4)


def smaller(figure, times):
    low, high = figure.interval.low / times, figure.interval.high / times
    return replace(figure, interval=Interval(low, high, figure.interval.stale_share))


def test_only_the_draws_that_are_new_are_computed(baseline):
    few = plan_of(baseline, "mean_field", 300)
    counted = []
    with run(few) as known:
        run(replace(few, draws=400), progress=lambda done, total: counted.append((done, total)), known=known).close()
        again = run(few, progress=lambda done, total: counted.append("nothing to do"), known=known)
    assert counted == [(1, 1)]
    assert again.month("mau", 1).size == 300


def test_a_run_that_others_were_added_to_keeps_its_own_draws(baseline):
    few = run(plan_of(baseline, "mean_field", 30))
    before = few.path("mau")
    run(plan_of(baseline, "mean_field", 60), known=few)
    assert few.path("mau").shape[1] == 30
    np.testing.assert_array_equal(few.path("mau"), before)


@pytest.mark.usefixtures("in_a_file")
def test_paths_in_a_file_are_those_in_memory(baseline, monkeypatch):
    plan = plan_of(baseline, "cohort", 300)
    with run(plan) as filed:
        assert isinstance(filed._store, stores._File)
        grown = run(replace(plan, draws=400), known=filed)
    monkeypatch.undo()
    with run(replace(plan, draws=400)) as held:
        assert isinstance(held._store, stores._Blocks)
        assert same(grown, held, 400)


def test_a_run_goes_to_a_file_when_its_paths_take_more_than_the_limit(baseline):
    plan = replace(plan_of(baseline, "cohort", 1), by_segment=True)
    each = 8 * len(plan.columns) * len(plan.months)
    most = stores.MOST_IN_MEMORY // each
    with Ensemble(replace(plan, draws=most)) as held, Ensemble(replace(plan, draws=most + 1)) as filed:
        assert isinstance(held._store, stores._Blocks)
        assert isinstance(filed._store, stores._File)


@pytest.mark.usefixtures("in_a_file")
@pytest.mark.parametrize("workers", [1, 2])
def test_whoever_is_shown_the_progress_may_stop_the_run(baseline, tmp_path, monkeypatch, workers):
    seen, closed = [], []
    monkeypatch.setattr("mobank.ensemble.plan.SMALLEST", 7)
    monkeypatch.setattr("mobank.ensemble.plan.LARGEST", 7)
    monkeypatch.setattr(stores._File, "close", lambda self: closed.append(self._file.close()))

    def stop(done, total):
        seen.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(replace(plan_of(baseline, "cohort", 70), workers=workers), stop, tmp_path)
    assert seen == [(1, 10)]
    assert len(closed) == 1
    assert list(tmp_path.iterdir()) == []
