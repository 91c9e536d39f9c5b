"""A run of a posterior with regions goes on from each region's own figures, by the law that they were fitted with."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.checks import score
from mobank.calibration.likelihood.history import value_at
from mobank.calibration.posterior.ahead import forecast, whole
from mobank.calibration.posterior.posterior import draws_bytes, posterior_of, record_of
from mobank.calibration.posterior.stored import Stored
from mobank.calibration.posterior.update import examine
from mobank.calibration.targets import Target, load
from mobank.dynamics.shocks import ShockSizes, by_month, common_and_own, paths
from mobank.ensemble.plan import Plan, kept, run_block
from mobank.fidelity import FIDELITIES
from mobank.model.mobile_banking import MODEL
from mobank.scenario.posterior import Found
from mobank.scenario.scenario import Cost, Lever, Provenance, When
from tests.law.plain_history import figure, fixed, normals
from tests.law.test_regions import SHARES, SMALL, divided, grown

ROOT = Path(__file__).parents[2]
TARGET = load(ROOT / "tests/data/targets/two_regions.yaml", MODEL)
TOLERANCE = 4.0  # standard errors


def target_of(scenario):
    return replace(TARGET, scenario=scenario, apart=(), breaks={})


YEARLY = target_of(divided(replace(SMALL, reported=()), {"east": 0.65, "west": 0.35}))
YEARLY = replace(YEARLY, scenario=replace(YEARLY.scenario, reported=grown((0, 12, 24))))


def stored(target: Target, folder: Path, draws=300, spread=0.4, until=12):
    """Return a scenario that starts from a stored posterior, whose draws are the priors' drawn together."""
    history = target.history(MODEL)
    z = normals(history, draws, spread=spread)
    posterior = posterior_of(target, MODEL, z, 1, "test")
    posterior = posterior_of(target, MODEL, np.ascontiguousarray(z[:, posterior.passage.possible]), 1, "test")
    content = draws_bytes(posterior)
    (folder / "draws.parquet").write_bytes(content)
    own = whole("test", folder, sha256(content).hexdigest(), posterior.rows, target.scenario, not history.yearly,
                history.shares_by_band)  # fmt: skip
    return posterior, replace(target.scenario, start=history.last, until=history.last + until, fitted=own)


@pytest.fixture(scope="module")
def monthly(tmp_path_factory):
    """Return a posterior of the target by months, and a scenario that starts from it."""
    return stored(TARGET, tmp_path_factory.mktemp("monthly"), 120)


def by_region(trajectory, scenario, measure):
    """Return a measure of east and west, (2, T + 1, R)."""
    parts = trajectory.observe(measure, by_segment=True)
    own = [["east" in s.bands for s in scenario.segments], ["west" in s.bands for s in scenario.segments]]
    return np.stack([parts[:, mine].sum(axis=1) for mine in own])


def run(scenario, fidelity="mean_field", draws=200):
    return run_block(Plan(MODEL, scenario, draws, 3, fidelity, by_segment=True), np.arange(draws))[0]


def push(**parts):
    """Return a lever in the west."""
    lever = Lever(
        "push", True, "innovation_rate", "multiply", fixed(3.0), ("west",), When(Month.of(2023, 1), Month.of(2023, 1)),
        24, 0.0, float("inf"), None, Cost(), Provenance(),
    )  # fmt: skip
    return replace(lever, **parts)


# ------------ the start


def test_a_run_starts_with_what_each_region_has_reported(tmp_path):
    """By years, where no figure is in error: to the person, but for the single precision of stored draws."""
    posterior, scenario = stored(YEARLY, tmp_path)
    history, rows = posterior.history, posterior.rows
    trajectory = run(scenario)
    row = np.floor(Streams(3).uniform("parameters", "posterior", np.arange(200)) * rows).astype(int)
    for measure in ("registered", "mau"):
        found = by_region(trajectory, scenario, measure)[:, 0]
        for region, band in enumerate(("east", "west")):
            known = history.reported(measure, band)[-1]
            wanted = value_at(known, posterior.z[history.row[known.name]])[row]
            np.testing.assert_allclose(found[region], wanted, rtol=3e-7)


def test_where_figures_may_be_in_error_a_run_starts_around_them(monthly):
    posterior, scenario = monthly
    last = {f.of: f.interval.middle for f in TARGET.figures if f.month == posterior.history.last}
    found = by_region(run(scenario), scenario, "mau")[:, 0]
    for region, band in enumerate(("east", "west")):
        assert abs(np.log(found[region] / last[f"mau.{band}"])).max() < 0.1
    record = record_of(posterior, b"", {})
    assert record["regions"].keys() == {"east", "west"}
    assert sum(record["regions"].values()) == pytest.approx(1.0)


def test_a_forecast_of_a_region_is_that_of_its_segments(monthly):
    posterior, scenario = monthly
    last = posterior.history.last
    found = forecast(posterior, last + 3, ("mau", "mau.east", "mau.west"), 1, 50)
    np.testing.assert_allclose(found["mau.east"] + found["mau.west"], found["mau"], rtol=1e-12)
    assert scenario.fitted.regions


def test_a_run_keeps_each_region_beside_the_whole_bank(monthly):
    _, scenario = monthly
    plan = Plan(MODEL, scenario, 60, 3, "mean_field")
    assert list(plan.parts) == ["east", "west"]
    trajectory, _ = run_block(plan, np.arange(60))
    found = dict(zip(plan.columns, kept(plan, trajectory, np.arange(60)), strict=True))
    for measure in ("registered", "mau", "gross_adds"):
        np.testing.assert_allclose(found[measure, "east"] + found[measure, "west"], found[measure, "all"], rtol=1e-12)
        np.testing.assert_allclose(
            [found[measure, "east"], found[measure, "west"]], by_region(run(scenario, draws=60), scenario, measure)
        )
    ratio = found["mau", "west"] / found["registered", "west"]
    np.testing.assert_allclose(found["stickiness", "west"], ratio)  # of the region's sums, not a mean of segments
    both = replace(plan, by_segment=True)
    assert set(both.parts) == {"east", "west", *(segment.name for segment in scenario.segments)}


def test_new_figures_of_regions_are_held_against_forecasts_of_their_own(tmp_path):
    last = max(f.month for f in TARGET.figures)
    kept = tuple(f for f in TARGET.figures if f.month < last)
    before = target_of(replace(TARGET.scenario, reported=kept, start=last - 1, until=last - 1))
    posterior, _ = stored(before, tmp_path, 150)
    record = record_of(posterior, (tmp_path / "draws.parquet").read_bytes(), {})
    old = Stored(Found("test", tmp_path, record), before, posterior.z, ())
    found = {each.figure.of: each for each in examine(old, TARGET, MODEL, 1)}
    assert set(found) == {f"{measure}.{band}" for measure in ("registered", "mau", "gross_adds") for band in SHARES}
    for of, each in found.items():
        assert each.score.measure == of
        assert each.score.low < each.figure.interval.middle < each.score.high or of.startswith("gross_adds")
    assert found["mau.west"].score.median < 0.6 * found["mau.east"].score.median


# ------------ levers


def test_a_lever_for_one_region_leaves_the_other_alone_where_they_do_not_meet(monthly):
    scenario = replace(monthly[1], mixing=np.eye(2))
    begins = When(scenario.start + 2, scenario.start + 2)
    without, pushed = run(scenario), run(replace(scenario, levers=(push(begins=begins),)))
    east, west = (by_region(each, scenario, "registered") for each in (without, pushed))
    np.testing.assert_array_equal(east[0], west[0])
    assert (west[1, -1] > 1.02 * east[1, -1]).mean() > 0.9


def test_where_they_meet_the_other_region_gains_a_little_by_imitation(monthly):
    _, scenario = monthly
    begins = When(scenario.start + 2, scenario.start + 2)
    without, pushed = run(scenario), run(replace(scenario, levers=(push(begins=begins),)))
    before, after = (by_region(each, scenario, "registered")[:, -1] for each in (without, pushed))
    gain = (after / before - 1.0).mean(axis=1)
    assert 0.0 < gain[0] < 0.2 * gain[1]


# ------------ fidelities


@pytest.mark.parametrize("fidelity", [name for name in FIDELITIES if name != "mean_field"])
def test_every_fidelity_gives_each_region_its_own_shocks(tmp_path, fidelity):
    """A bank of a few thousand: MAU of each region after half a year, against the expectation of the same draws."""
    small = tuple(
        replace(f, interval=replace(f.interval, low=f.interval.low / 1e5, high=f.interval.high / 1e5))
        for f in grown((0, 12, 24))
    )
    target = replace(YEARLY, scenario=replace(YEARLY.scenario, reported=small))
    _, scenario = stored(target, tmp_path, 60, until=6)
    draws = 60
    found, expected = (
        by_region(run(scenario, each, draws), scenario, "mau")[:, -1] for each in (fidelity, "mean_field")
    )
    apart = np.log(found / expected)
    assert (np.abs(apart.mean(axis=1)) < TOLERANCE * apart.std(axis=1) / np.sqrt(draws) + 2e-3).all()
    assert (apart.std(axis=1) < 0.2).all()
    assert np.corrcoef(np.log(found[0]), np.log(expected[0]))[0, 1] > 0.8


# ------------ the law of the forecast


def test_regions_go_on_by_the_law_that_they_are_fitted_with():
    """Covariances of months of both regions and paths: 20,000 simulated, 4 standard errors each."""
    draws, names, months = 20_000, ("adoption", "engagement"), 6
    every, shares = np.ones(draws), {"east": 0.7, "west": 0.3}
    own = ShockSizes(
        size={"adoption": 0.2 * every, "engagement": 0.07 * every},
        persistence={"adoption": 0.5 * every, "engagement": 0.6 * every},
        tails=dict.fromkeys(names, 0.0), correlation=0.4 * every, wiggle=0.01 * every,
        drift=dict.fromkeys(names, 0.0 * every), half_life_months=dict.fromkeys(names, 36.0), monthly=True,
        spread=0.6 * every, regions=shares,
    )  # fmt: skip
    start = {name: np.zeros((2, draws)) for name in names}
    moved = paths(own, Month.of(2023, 12), months, Streams(2), np.arange(draws), start)
    common, apart = (float(each[0]) for each in common_and_own(own.spread, list(shares.values()), draws))
    keep, step = (
        np.concatenate(each)
        for each in zip(*(by_month(own.persistence[n][:1], own.size[n][:1]) for n in names), strict=True)
    )
    spread = np.outer(step, step) * np.array([[1.0, 0.4], [0.4, 1.0]])
    for p, one in enumerate(names):
        for q, other in enumerate(names):
            for g in range(2):
                for h in range(2):
                    products = moved[one][-1, g] * moved[other][-2, h]
                    both = sum(keep[p] ** (1 + k) * keep[q] ** k for k in range(months - 1)) * spread[p, q]
                    wanted = both * (common + apart * (g == h))
                    assert abs(products.mean() - wanted) < TOLERANCE * products.std() / np.sqrt(draws)
    bank = 0.7 * moved["adoption"][-1, 0] + 0.3 * moved["adoption"][-1, 1]
    wanted = spread[0, 0] * sum(keep[0] ** (2 * k) for k in range(months)) + 0.01**2
    assert bank.var() == pytest.approx(wanted, rel=TOLERANCE * np.sqrt(2.0 / draws))


def test_the_density_has_no_slope_at_the_truth_on_average(seed):
    """Banks whose regions report counts and registrations; a season of the measure needs more months."""
    last = Month.of(2023, 9)
    kept = [replace(f, definition="") for f in TARGET.figures if f.month <= last]
    seasons = {name: size for name, size in TARGET.scenario.seasons.items() if name != "mau"}
    target = target_of(replace(TARGET.scenario, reported=tuple(kept), seasons=seasons))
    found = score.scores(target, MODEL, 1, 100, seed)
    assert "regions.spread" in found.names
    assert found.sound, dict(zip(found.names, found.apart.T.round(2).tolist(), strict=True))


def test_so_it_has_where_one_region_is_the_rest_of_the_bank(seed):
    kept = []
    for f in TARGET.figures:
        if f.band == "east" and not f.months and f.month <= Month.of(2023, 6):
            west = next(w for w in TARGET.figures if (w.measure, w.month, w.band) == (f.measure, f.month, "west"))
            kept += [f, figure(f.measure, f.month, f.interval.middle + west.interval.middle)]
    seasons = {name: size for name, size in TARGET.scenario.seasons.items() if name != "mau"}
    target = target_of(replace(TARGET.scenario, reported=tuple(kept), seasons=seasons))
    solved = {b.figure.of for b in target.history(MODEL).blocks if b.figure}
    assert solved == {"registered.east", "mau.east", "registered.west", "mau.west"}
    assert score.scores(target, MODEL, 1, 60, seed).sound
