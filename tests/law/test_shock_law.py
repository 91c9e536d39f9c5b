"""The law of the shocks: by years as it always was, by months matched to it, and the same in fit and forecast."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mobank.base.kernels import gaussian
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.likelihood.blocks import ACTIVE, LEVEL, ShockBlock
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.law import Law
from mobank.calibration.likelihood.solve_history import solved
from mobank.calibration.targets import load
from mobank.dynamics.shocks import ShockSizes, by_month, paths
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Shock
from tests.law.plain_history import fixed, normals, stepwise

ROOT = Path(__file__).parents[2]
BANK = load(ROOT / "calibration/banks/icbc_mobile.yaml", MODEL).scenario
NAMES = ("adoption", "engagement")
KEEP, SIZE, RHO = np.array([0.567, 0.75]), np.array([0.187, 0.071]), 0.4
FIRST, START = Month.of(2018, 12), Month.of(2022, 12)
TOLERANCE = 4.0  # standard errors; each comparison of a right program fails with 6 in 100,000


def sizes(keep=KEEP, size=SIZE, correlation=RHO, tails=0.0, draws=1, monthly=True):
    every = np.ones(draws)
    return ShockSizes(
        size={n: s * every for n, s in zip(NAMES, size, strict=True)},
        persistence={n: k * every for n, k in zip(NAMES, keep, strict=True)},
        tails=dict.fromkeys(NAMES, tails),
        correlation=correlation * every,
        wiggle=0.0 * every,
        drift=dict.fromkeys(NAMES, 0.0 * every),
        half_life_months=dict.fromkeys(NAMES, 36.0),
        monthly=monthly,
    )


# blocks of a month, a quarter and a year, not the same in both paths
ENDS = {LEVEL: (0, 12, 15, 18, 19, 20, 21, 24), ACTIVE: (0, 3, 6, 7, 8, 20, 24)}
BLOCKS = [
    ShockBlock(path, -12 if i == 0 else ENDS[path][i - 1], end) for path in ENDS for i, end in enumerate(ENDS[path])
]


def law(blocks=BLOCKS, length=24, yearly=False):
    shock = Shock(fixed(0.1), fixed(0.5), 0.0)
    return Law(blocks, FIRST, length, yearly, NAMES, (shock, shock), (0, 0), (False, False), 0.0)


def covariance(own, of, scales=None):
    """Return the compiled covariance of a law's blocks, (R, n, n), without errors of figures."""
    draws, count = of.correlation.size, len(own.blocks)
    years = own.years_of_steps[-1] - own.years_of_steps[0] + 1
    numbers = own.numbers(of, (), np.ones((2, years, draws)) if scales is None else scales)
    out = np.empty((draws, count, count))
    none = np.zeros((count, 1, draws)), np.full((count, 1), -1), np.zeros((1, draws)), np.zeros((1, 1)), np.zeros(draws)
    none = (*none, np.zeros((0, 0, draws)))
    gaussian.covariance(*numbers, *none, out)
    return out


# ------------ by years


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.8])
def test_by_years_the_density_of_given_shocks_is_that_of_an_autoregression(correlation):
    """Without trend, season and noise: the recursion over calendar years, with normals that are correlated, to 1e-9.

    In a year in which no active users are reported their normal is a coordinate, which the level's is compared with.
    """
    shocks = {name: replace(s, drift=None, trend=None) for name, s in BANK.shocks.items()}
    history = History(MODEL, replace(BANK, shocks=shocks, correlation=fixed(correlation)))
    solver = solved(history, normals(history, 20))
    passage = solver.finish()
    on = passage.possible
    assert on.sum() > 10
    known = {(b.path, (history.first + b.last).year): (i, b.figure) for i, b in enumerate(history.blocks)}
    keep, size = (np.stack([getattr(solver.inputs.sizes, what)[p] for p in NAMES]) for what in ("persistence", "size"))
    years = range(2016, 2023)
    shock = {(p, y): passage.shocks[known[p, y][0]] for p, y in known}
    expected, slack, both = np.zeros(20), np.sqrt(1.0 - correlation**2), 0
    for year in years[1:]:
        level, active = ((shock[p, year] - keep[p] * shock[p, year - 1]) / size[p] for p in (LEVEL, ACTIVE))
        expected += stats.norm.logpdf(level, correlation * active, slack) - np.log(size[LEVEL])
        if known[ACTIVE, year][1]:
            expected += stats.norm.logpdf(active) - np.log(size[ACTIVE])
            both += 1
        else:
            latent = solver.z[history.row[f"innovation.engagement.{year}-12"]]
            np.testing.assert_allclose(active[on], latent[on], rtol=0, atol=1e-9)
    assert both == 2
    np.testing.assert_allclose((passage.log_density + solver.log_slope)[on], expected[on], rtol=0, atol=1e-9)


def test_the_first_year_is_an_innovation_enlarged_to_the_stationary_size():
    shocks = {name: replace(s, drift=None, trend=None) for name, s in BANK.shocks.items()}
    history = History(MODEL, replace(BANK, shocks=shocks))
    solver = solved(history, normals(history, 5))
    own, first = solver.inputs.sizes, [i for i, b in enumerate(history.blocks) if b.last == 0]
    z = [solver.z[history.row[f"innovation.{name}.2016-12"]] for name in NAMES]
    joint = (z[0], own.correlation * z[0] + np.sqrt(1.0 - own.correlation**2) * z[1])
    for i, name, normal in zip(first, NAMES, joint, strict=True):
        expected = own.size[name] / np.sqrt(1.0 - own.persistence[name] ** 2) * normal
        np.testing.assert_allclose(solver.shocks[i], expected, rtol=1e-9)


# ------------ by months


@pytest.mark.parametrize("keep", [0.05, 0.3, 0.567, 0.8, 0.95])
def test_by_months_two_years_have_the_variance_and_correlation_of_the_yearly_law(keep):
    """Sums over months written out: variance size² / (1 − keep²), lag one keep, lag two keep · e^(−κ)."""
    month, step = (float(each[0]) for each in by_month(np.array([keep]), np.array([0.07])))
    lag = np.abs(np.arange(36)[:, None] - np.arange(36))
    path = step**2 / (1.0 - month**2) * month**lag
    yearly = path.reshape(3, 12, 3, 12).mean(axis=(1, 3))
    assert yearly[0, 0] == pytest.approx(0.07**2 / (1.0 - keep**2), rel=1e-9)
    assert yearly[0, 1] == pytest.approx(keep * yearly[0, 0], rel=1e-9)
    assert yearly[0, 2] == pytest.approx(keep * month**12 * yearly[0, 0], rel=1e-9)


def test_the_rate_of_return_at_icbcs_persistence_is_that_of_the_sum_over_months():
    """κ = .918 (the continuous mean would have .923), and the size a month against that of years .755."""
    month, step = (float(each[0]) for each in by_month(np.array([0.567]), np.array([1.0])))
    assert -12.0 * np.log(month) == pytest.approx(0.918, abs=5e-4)
    continuous = (1.0 - month**12) ** 2 / (2.0 * (-12.0 * np.log(month) - (1.0 - month**12)))
    assert continuous != pytest.approx(0.567, abs=1e-4)
    ratio = (1.0 - 0.567**2) * step**2 / (1.0 - month**2)  # of variances: a year's mean against a month's value
    assert 1.0 / ratio == pytest.approx(0.755, abs=5e-4)


def test_blocks_of_any_length_have_the_covariance_of_means_over_their_months():
    """The double sum over months; the paths' innovations of a month are correlated, their rates of return differ."""
    of, found = sizes(), covariance(law(), sizes())[0]
    month, step = (
        np.concatenate(each) for each in zip(*map(by_month, of.persistence.values(), of.size.values()), strict=True)
    )
    both = RHO * step[0] * step[1] / (1.0 - month[0] * month[1])
    for (i, one), (j, other) in product(enumerate(BLOCKS), repeat=2):
        total = 0.0
        for s, t in product(one.months, other.months):
            start = both if one.path != other.path else step[one.path] ** 2 / (1.0 - month[one.path] ** 2)
            later = other.path if t >= s else one.path
            total += start * month[later] ** abs(t - s)
        expected = total / len(one.months) / len(other.months)
        assert found[i, j] == pytest.approx(expected, abs=1e-10 * found.max(), rel=1e-10)


def test_the_cross_covariance_is_nearly_that_of_continuous_time():
    """ρ σ_a σ_e · 2 √(κ_a κ_e) / (κ_a + κ_e) · e^(−κ |t − s| / 12): months are short enough to agree to .1 %."""
    of, found = sizes(), covariance(law(), sizes())[0]
    month, step = (
        np.concatenate(each) for each in zip(*map(by_month, of.persistence.values(), of.size.values()), strict=True)
    )
    kappa, sigma = -12.0 * np.log(month), step / np.sqrt(1.0 - month**2)
    one, other = BLOCKS.index(ShockBlock(LEVEL, 19, 20)), BLOCKS.index(ShockBlock(ACTIVE, 6, 7))
    both = RHO * sigma.prod() * 2.0 * np.sqrt(kappa.prod()) / kappa.sum()
    assert found[one, other] == pytest.approx(both * np.exp(-kappa[LEVEL] * 13 / 12), rel=1e-3)
    assert abs(found[one, other] / (RHO * sigma.prod()) - np.exp(-kappa.mean() * 13 / 12)) > 0.01, "no product of two"


# ------------ fit and forecast


def forecast(tails, draws, months=24):
    """Return paths by months, (2, T, R), from a start of their stationary law, as a forecast goes on with them."""
    of = sizes(tails=tails, draws=draws)
    month, step = (
        np.stack(each)[:, 0] for each in zip(*map(by_month, of.persistence.values(), of.size.values()), strict=True)
    )
    spread = np.outer(step, step) * np.array([[1.0, RHO], [RHO, 1.0]]) / (1.0 - np.outer(month, month))
    z = np.stack([Streams(7).normal("environment", f"start of {n}", np.arange(draws)) for n in NAMES])
    start = dict(zip(NAMES, np.linalg.cholesky(spread) @ z, strict=True))
    moved = paths(of, START, months, Streams(7), np.arange(draws), start)
    return np.stack([moved[name] + start[name] for name in NAMES])


def test_a_forecast_goes_on_by_the_law_that_figures_are_fitted_with():
    """Covariances of the means of blocks: 40,000 simulated paths against the compiled law, 4 standard errors each."""
    draws = 40_000
    path = forecast(0.0, draws)
    made = np.stack([path[b.path, [t - 1 for t in b.months]].mean(axis=0) for b in BLOCKS if b.after >= 0])
    later = [i for i, b in enumerate(BLOCKS) if b.after >= 0]
    expected = covariance(law(), sizes())[0][np.ix_(later, later)]
    products = made[:, None] * made
    error = products.std(axis=-1) / np.sqrt(draws)
    assert (np.abs(products.mean(axis=-1) - expected) < TOLERANCE * error).all()


def test_with_students_tails_one_scale_holds_for_a_calendar_year_in_fit_and_forecast():
    """What a year adds is Student's: beyond three sd with .0132 (normal .0027; a scale a month would leave .0063).

    In the fit the scales are coordinates, over whose priors a normal law is averaged; a forecast draws them.
    """
    draws, many = 60_000, 20_000
    path = forecast(4.0, draws)
    own = sizes()
    alone = paths(sizes(tails=4.0, draws=draws), START, 12, Streams(7), np.arange(draws), dict.fromkeys(NAMES, 0.0))
    month, step = by_month(own.persistence["adoption"], own.size["adoption"])
    added = [(1.0 - month[0] ** (12 - k)) / (1.0 - month[0]) / 12.0 for k in range(12)]
    sd = float(step[0] * np.linalg.norm(added))
    beyond = (np.abs(alone["adoption"].mean(axis=0)) > 3.0 * sd).mean()
    expected = 2.0 * stats.t.sf(3.0 * np.sqrt(2.0), 4)
    assert expected == pytest.approx(0.0132, abs=1e-4)
    assert abs(beyond - expected) < TOLERANCE * np.sqrt(expected / draws)

    blocks = [ShockBlock(path, t - 12, t) for t in (0, 12, 24) for path in (LEVEL, ACTIVE)]
    z = np.stack([Streams(5).normal("parameters", f"scale {y}", np.arange(many)) for y in range(3)])
    scale = 2.0 / stats.chi2.isf(stats.norm.sf(z), 4)
    scale[0] = 1.0  # the forecast begins with a normal start
    yearly = law(blocks)
    variance = covariance(yearly, sizes(draws=many), np.stack([scale, np.ones(scale.shape)]))[:, 4, 4]
    steady = covariance(yearly, sizes())[0, 4, 4]
    fit = 2.0 * stats.norm.sf(3.0 * np.sqrt(steady / variance))
    simulated = (np.abs(path[LEVEL, 12:].mean(axis=0)) > 3.0 * np.sqrt(steady)).mean()
    error = np.sqrt(simulated / draws + fit.var() / many)
    assert abs(simulated - fit.mean()) < TOLERANCE * error
    assert fit.mean() > 0.008


def test_scales_of_a_draw_are_quantiles_of_a_scaled_inverse_chi_square():
    shocks = {name: replace(s, tails=4.0) for name, s in BANK.shocks.items()}
    history = History(MODEL, replace(BANK, shocks=shocks))
    z = normals(history, 50)
    found = history.scales_of(z)
    assert found.shape == (2, 7, 50)
    assert len(history.scales) == 14
    for path, year in history.scales:
        own = z[history.row[f"scale.{history.paths[path]}.{year}"]]
        np.testing.assert_allclose(found[path, year - 2016], 2.0 / stats.chi2.isf(stats.norm.sf(own), 4), rtol=1e-9)


def test_a_scale_of_a_year_enlarges_the_innovations_of_its_months_and_no_others():
    own = law()
    scale = np.ones((2, 3, 1))
    scale[LEVEL, 1] = 4.0  # 2019
    found, plain = covariance(own, sizes(), scale)[0], covariance(own, sizes())[0]
    of = sizes()
    month, step = (
        np.concatenate(each) for each in zip(*map(by_month, of.persistence.values(), of.size.values()), strict=True)
    )
    by_step = np.ones((2, 36))
    by_step[LEVEL, 11 + 1 : 11 + 13] = 4.0
    steps = stepwise(month, step, RHO, by_step, joint=True)
    for (i, one), (j, other) in product(enumerate(BLOCKS), repeat=2):
        rows, columns = ([t + 11 for t in b.months] for b in (one, other))
        expected = steps[one.path][rows][:, other.path][:, columns].mean()
        assert found[i, j] == pytest.approx(expected, rel=1e-9)
    before = [i for i, b in enumerate(BLOCKS) if b.last <= 0 or b.path == ACTIVE]
    np.testing.assert_allclose(found[np.ix_(before, before)], plain[np.ix_(before, before)], rtol=1e-12)
