"""Fits to what synthetic banks report: ranks of truths are uniform, forecasts hold what came, turnover is found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.streams import Streams
from mobank.calibration.checks import sbc, synthetic
from mobank.calibration.likelihood.simulate_history import Unbound, prior_draws
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.sampler.ensembles import Effort
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL)
MONTHLY = load(ROOT / "calibration/checks/monthly.yaml", MODEL)
QUICK = Effort(ensembles=2, walkers=64, burn=50, steps=110)
FITS = 8


@pytest.fixture(scope="module")
def few():
    """Return what a few fits to a small target come to."""
    return sbc.calibrated(SMALL, MODEL, FITS, seed=20221231, effort=QUICK)


def test_the_ranks_of_a_few_truths_are_uniform(few):
    """False alarms of a right program: one in a hundred, over all unknowns together."""
    assert few.ranks.shape == (FITS, len(few.names))
    assert np.median([each.effective for each in few.fits]) > 40
    assert few.sound, few.rows()


def test_forecasts_of_a_year_hold_what_came(few):
    """80 % bands: within 4 standard errors; and the best common width is no other size than 1."""
    for each in few.covered():
        assert each.months == 12
        assert abs(each.coverage[1] - 0.8) < 4 * np.sqrt(0.8 * 0.2 / FITS), each
    assert 0.5 < few.common_width < 2.0


def test_the_truths_turnover_time_is_held(few):
    assert abs(few.turnover_held - 0.8) < 4 * np.sqrt(0.8 * 0.2 / FITS)
    assert few.turnover_sd > 0.08, "stocks alone do not tell it"


def test_what_a_fit_comes_to_does_not_depend_on_how_many_there_are(seed):
    one, other = (
        sbc.calibrated(SMALL, MODEL, fits, seed=seed, effort=replace(QUICK, burn=2, steps=6)) for fits in (1, 2)
    )
    np.testing.assert_array_equal(one.ranks[0], other.ranks[0])
    for measure, fan in one.fits[0].fans.items():
        np.testing.assert_array_equal(fan, other.fits[0].fans[measure])


def test_ranks_that_crowd_and_bands_that_are_too_narrow_are_found(seed):
    """Made-up fits: truths that are too low in one unknown, and forecasts half as wide as they should be."""
    z = Streams(seed).normal("parameters", "fans", np.arange(200))
    u = Streams(seed).uniform("parameters", "ranks", np.arange(400)).reshape(200, 2)
    u[:, 1] **= 3.0
    fan = (0.5 * np.linspace(-2.5, 2.5, 50))[None]
    fits = [
        sbc.Tried((rank * 64).astype(int), {"mau": fan}, {"mau": np.array([truth])}, (3.0, 0.1, rank[0]), 1.0, 100.0)
        for rank, truth in zip(u, z, strict=True)
    ]
    found = sbc.Calibration(("right", "wrong"), (12,), fits)
    assert not found.sound
    assert found.p_values[0] > found.threshold > found.p_values[1]
    (covered,) = found.covered()
    assert covered.coverage[1] < 0.8
    assert covered.width > 1.2
    assert found.common_width == covered.width
    assert found.turnover_held == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 200))


# ------------ the banks


def test_months_ahead_change_none_of_those_before(seed):
    """The same truths with a year more: until the last figure they do the same, and a drift goes on as it fades."""
    free, longer = (Unbound(MODEL, MONTHLY.scenario, ahead=ahead) for ahead in (0, 12))
    z = 0.5 * prior_draws(longer, Streams(seed), 4)
    numbers = np.arange(4)
    banks = synthetic.Synthetic(MONTHLY, longer, z, numbers, Streams(seed))
    own = z[[longer.row[name] for name in free.names]]
    before = synthetic.Synthetic(MONTHLY, free, own, numbers, Streams(seed))
    months = free.length + 1
    assert banks.level.shape == (months + 12, 4)
    np.testing.assert_allclose(banks.level[:months], before.level, rtol=1e-9)
    np.testing.assert_allclose(banks.active[:months], before.active, rtol=1e-9)
    for name, values in before.values.items():
        np.testing.assert_allclose(banks.values[name], values, rtol=1e-9)
    short, z, state = synthetic.at_end(banks)
    np.testing.assert_allclose(live(short, z).state.occupancy, state.occupancy, rtol=1e-9)


def test_what_is_reported_lies_about_what_is_by_the_noise(seed):
    banks = synthetic.from_priors(MONTHLY, MODEL, 30, 12, seed)
    noise = banks.history.natural_of("noise.mau", np.stack([banks.z[banks.free.row["noise.mau"]]] * 30))
    apart = np.stack(
        [np.log(banks.values[f.name] / banks.active[f.month - banks.free.first]) for f in banks.history.reported("mau")]
    )
    sizes = apart.std(axis=0) / noise
    assert np.abs(sizes - 1.0).max() < 5 / np.sqrt(2 * 37)
    target = banks.reported(3)
    for figure in target.of("registered")[1:]:
        level = banks.level[figure.month - banks.free.first, 3]
        assert figure.interval.low <= level <= figure.interval.high
        assert figure.interval.high - figure.interval.low == pytest.approx(100.0)
