"""What will be printed: the closed forms of its law, its roundings, and that it leaves everything else alone.

Tolerances are in standard errors of the simulation; 4.5 of them are passed by chance in 7e-6 of comparisons.
"""

from dataclasses import replace
from math import exp, inf

import numpy as np
import pytest
from scipy.stats import norm

from mobank.base.quantities import Interval
from mobank.base.streams import Streams
from mobank.calibration.posterior.break_odds import COPIES, break_odds, share_inside
from mobank.dynamics.printed import HORIZONS, Printing, Rounding, chance_within, chances
from mobank.ensemble.plan import ALL, Plan
from mobank.ensemble.run import run
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Breaks, Figure, Provenance, Reporting
from tests.conftest import SEED, START

REPLICATES = 400_000
ERRORS = 4.5  # standard errors that a right program may be off
NUMBERS = np.arange(REPLICATES)
REDEFINITIONS, CLEAN_UPS = Reporting.redefinitions, Reporting.clean_ups
SPREADS = {1: 0.065, 2: 0.109, 3: 0.149, 5: 0.220}  # log MAU by today's definition, by years
PRINTED = {1: 0.074, 2: 0.134, 3: 0.188, 5: 0.273}  # 90 % width over 3.29 of what is printed
NEVER = Breaks(0.0, inf, ((1.0, 0.0, 0.0),), 1.0, Provenance())


def figure(text: str, low: float, high: float, stale_share: float = 0.0) -> Figure:
    return Figure("mau", START, text, Interval(low, high, stale_share), Provenance())


def jumps(breaks: Breaks, months: int, measure: str = "mau", rounding: Rounding | None = None):
    printing = Printing(measure, START, breaks, rounding or Rounding())
    return printing.jumps(months, Streams(SEED), NUMBERS, NUMBERS)


@pytest.fixture(scope="module")
def sixty():
    """Return five years of redefinitions, (61, R) log scale."""
    return jumps(REDEFINITIONS, 60)


# ------------ how often


def test_the_chance_of_a_redefinition_is_the_published_closed_form():
    assert chances(REDEFINITIONS) == pytest.approx([1 - (50 / (50 + years)) ** 3.5 for years in HORIZONS])
    assert [round(chance, 3) for chance in chances(REDEFINITIONS)] == [0.067, 0.184, 0.284]
    assert chance_within(CLEAN_UPS, 5) == pytest.approx(1 - exp(-0.1))
    assert chances(NEVER) == [0, 0, 0]


@pytest.mark.parametrize("years", HORIZONS)
def test_as_many_replicates_break_as_the_closed_form_says(sixty, years):
    broken = (sixty[1 : 12 * years + 1] != 0).any(axis=0).mean()
    chance = chance_within(REDEFINITIONS, years)
    assert abs(broken - chance) < ERRORS * np.sqrt(chance * (1 - chance) / REPLICATES)


def test_a_series_that_broke_once_breaks_again_more_easily(sixty):
    """One rate a draw: after a break it is known to be higher, (shape + 1)/(rate + years) on average."""
    first = sixty[12] != 0
    again = (sixty[24] != sixty[12])[first]
    rate_given_a_break = 1 - (50 / 51) ** 3.5
    both = 1 - 2 * (50 / 51) ** 3.5 + (50 / 52) ** 3.5
    expected = both / rate_given_a_break
    assert abs(again.mean() - expected) < ERRORS * np.sqrt(expected * (1 - expected) / again.size)
    assert expected > chance_within(REDEFINITIONS, 1) * 1.2


# ------------ how far


@pytest.mark.parametrize("years", SPREADS)
def test_the_width_of_the_printed_fan_is_the_closed_form(sixty, years):
    """A normal by today's definition, printed; the error of a quantile is √(p(1−p)/R) over the density there."""
    low, high = closed_form(SPREADS[years], years)
    assert (high - low) / 3.29 == pytest.approx(PRINTED[years], abs=0.0015)
    log = SPREADS[years] * Streams(SEED).normal("moves", "today", NUMBERS) + sixty[12 * years]
    for share, expected in ((0.05, low), (0.95, high)):
        error = np.sqrt(share * (1 - share) / REPLICATES) / density(log, expected)
        assert abs(np.quantile(log, share) - expected) < ERRORS * error


STEP = 0.0005  # of the grid of the closed form, log scale


def closed_form(sd: float, years: int) -> tuple[float, float]:
    """Return the 5 and 95 % quantiles of log print, today's definition being normal."""
    x, printed, _ = densities(sd, years)
    low, high = np.interp((0.05, 0.95), np.cumsum(printed) * STEP, x + STEP / 2)
    return float(low), float(high)


def densities(sd: float, years: int):
    """Return a grid, and on it the densities of log print and of log print after a jump, by characteristic functions.

    The number of jumps has the generating function (50/(50 + h − h·z))^3.5; the law of one jump is put on a grid.
    """
    points = 1 << 15
    x = STEP * (np.arange(points) - points // 2)
    jump = np.zeros(points)
    for share, mean, spread in REDEFINITIONS.sizes:
        size = norm.pdf(np.abs(x), mean, spread) + norm.pdf(-np.abs(x), mean, spread)
        jump += share * np.where(x > 0, 0.8, np.where(x < 0, 0.2, 0.5)) * size * STEP
    of_jump = np.fft.fft(np.fft.ifftshift(jump))
    of_normal = np.fft.fft(np.fft.ifftshift(norm.pdf(x, 0, sd) * STEP))
    known, none = REDEFINITIONS.known_from_years, 1 - chance_within(REDEFINITIONS, years)
    number = (known / (known + years - years * of_jump)) ** (REDEFINITIONS.a_year * known)
    laws = of_normal * number, of_normal * (number - none) / (1 - none)
    return x, *(np.fft.fftshift(np.fft.ifft(law).real) / STEP for law in laws)


def density(values, at: float, half: float = 0.01) -> float:
    return float(np.mean(np.abs(values - at) < half)) / (2 * half)


def test_sizes_signs_and_kinds_are_those_declared():
    """One break a path at most in a month in which hardly any breaks: its size is the mixture's."""
    often = replace(REDEFINITIONS, a_year=0.5, known_from_years=inf)
    size = jumps(often, 1)[1]
    size = size[size != 0]
    upward = (size > 0).mean()
    twice = 0.5 / 24  # share of the breaking replicates that break twice in the month, about
    assert abs(upward - 0.8) < ERRORS * np.sqrt(0.16 / size.size) + twice * 0.2
    small, large = (folded(mean, sd) for _, mean, sd in REDEFINITIONS.sizes)
    error = np.abs(size).std() / np.sqrt(size.size)
    assert abs(np.abs(size).mean() - (small + large) / 2) < ERRORS * error + twice * large


def folded(mean: float, sd: float) -> float:
    """Return the mean of the absolute value of a normal (Leone, Nelson and Nottingham 1961)."""
    ratio = mean / sd
    return float(sd * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + mean * (1 - 2 * norm.cdf(-ratio)))


def test_clean_ups_only_take_away():
    found = jumps(CLEAN_UPS, 60, "registered")
    assert found.max() == 0
    broken, chance = (found[60] != 0).mean(), chance_within(CLEAN_UPS, 5)
    assert abs(broken - chance) < ERRORS * np.sqrt(chance * (1 - chance) / REPLICATES)
    expected, error = -0.1 * folded(0.03, 0.03), found[60].std() / np.sqrt(REPLICATES)
    assert abs(found[60].mean() - expected) < ERRORS * error


# ------------ rounding


def test_a_figure_that_was_passed_is_printed_one_step_down_and_now_and_then_two():
    rounding = Rounding.of(figure("超1.74亿", 1.74e8, 1.75e8, 0.02))
    values = np.array([1.7499e8, 1.76e8, 1.7399e8, 1.8e8])
    fresh, stale = np.full(4, 0.5), np.full(4, 0.01)
    assert rounding.print(values, fresh).tolist() == [1.74e8, 1.76e8, 1.73e8, 1.8e8]
    assert rounding.print(values, stale).tolist() == [1.73e8, 1.75e8, 1.72e8, 1.79e8]


def test_any_other_figure_is_rounded_to_its_own_step():
    rounding = Rounding.of(figure("5.16亿户", 5.155e8, 5.165e8))
    assert rounding.print(np.array([5.1549e8, 5.1551e8, 5.2e8]), np.zeros(3)).tolist() == [5.15e8, 5.16e8, 5.2e8]
    assert Rounding.of(None).print(np.array([3.4, 3.6]), np.zeros(2)).tolist() == [3, 4]
    assert Rounding.of(figure("near 2 bn", 1e6, 3e6)).print(np.array([1e-9]), np.zeros(1)).tolist() == [0]


def test_as_many_months_are_stale_as_the_figure_says():
    printing = Printing("mau", START, NEVER, Rounding(1e6, 1.74e8, True, 0.02))
    counted = np.full((13, 20_000), 1.805e8)
    numbers = np.arange(20_000)
    found = printing.paths(counted, Streams(SEED), numbers, numbers)
    np.testing.assert_array_equal(found[0], counted[0])
    assert set(np.unique(found[1:])) == {1.79e8, 1.8e8}
    stale = (found[1:] == 1.79e8).mean()
    assert abs(stale - 0.02) < ERRORS * np.sqrt(0.02 * 0.98 / found[1:].size)


def test_the_last_figure_up_to_the_start_says_how_it_is_printed(baseline):
    later = figure("2亿", 1.5e8, 2.5e8)
    scenario = replace(baseline, reported=(*baseline.reported, replace(later, month=baseline.start + 12)))
    assert Printing.of(MODEL, scenario, "mau").rounding == Rounding(1e6, 1.74e8, True, 0.02)
    assert Printing.of(MODEL, scenario, "registered").rounding == Rounding(1e6, 5.16e8)
    assert Printing.of(MODEL, replace(baseline, reported=()), "mau").rounding == Rounding()


# ------------ what it leaves alone


def test_a_longer_run_and_a_replicate_alone_print_the_same():
    longer, alone = jumps(REDEFINITIONS, 90), np.array([7, 123, 4_567])
    np.testing.assert_array_equal(longer[:61], jumps(REDEFINITIONS, 60))
    printing = Printing("mau", START, REDEFINITIONS, Rounding())
    np.testing.assert_array_equal(printing.jumps(90, Streams(SEED), alone, alone), longer[:, alone])


def test_replicates_that_share_a_draw_share_the_rate_and_not_the_breaks():
    printing = Printing("mau", START, replace(REDEFINITIONS, known_from_years=1.0), Rounding())
    numbers = np.arange(40_000)
    one, other = (
        (printing.jumps(60, Streams(SEED), which, draws)[-1] != 0).astype(float)
        for which, draws in ((numbers, numbers), (numbers + 40_000, numbers))
    )
    assert not np.array_equal(one, other)
    assert np.corrcoef(one, other)[0, 1] > ERRORS / np.sqrt(40_000)


def test_what_is_assumed_of_print_changes_no_path_by_todays_definition(baseline):
    never = replace(baseline, reporting=Reporting(NEVER, NEVER), until=baseline.start + 24)
    often = replace(never, reporting=Reporting(replace(REDEFINITIONS, a_year=0.9), replace(CLEAN_UPS, a_year=0.9)))
    with run(Plan(MODEL, never, 50, 3)) as one, run(Plan(MODEL, often, 50, 3)) as other:
        for measure, segment in one.plan.columns:
            same = np.array_equal(one.path(measure, segment), other.path(measure, segment), equal_nan=True)
            assert same is (measure not in one.plan.printed), measure


def test_without_breaks_print_differs_by_rounding_alone(baseline):
    never = replace(baseline, reporting=Reporting(NEVER, NEVER), until=baseline.start + 24)
    with run(Plan(MODEL, never, 50, 3)) as found:
        mau, printed = found.path("mau"), found.path("mau_printed")
        registered, rounded = found.path("registered"), found.path("registered_printed")
    np.testing.assert_array_equal(mau[0], printed[0])
    assert ((mau - printed >= 0) & (mau - printed < 2e6)).all()
    assert (np.abs(registered - rounded) <= 0.5e6).all()
    assert (printed[1:] % 1e6 == 0).all()
    assert (rounded[1:] % 1e6 == 0).all()


def test_only_the_whole_bank_is_printed_among_the_segments(baseline):
    plan = Plan(MODEL, baseline, 10, 3, by_segment=True)
    assert [segment for measure, segment in plan.columns if measure in plan.printed] == [ALL, ALL]


# ------------ a new figure that lies far out


@pytest.mark.parametrize("above", [1.0, 1.1, 1.2, 1.3, 1.4])
def test_the_odds_of_a_redefinition_are_those_of_the_closed_form(above):
    """A year ahead, sd .065: the shares of the figure's range among 40,000 runs and among those with a jump."""
    median, sd, runs = 1.9e8, 0.065, 40_000
    paths = median * np.exp(sd * Streams(SEED).normal("moves", "ahead", np.arange(runs)))
    new = replace(figure("a", above * median - 5e6, above * median + 5e6), month=START + 12)
    found = break_odds(paths, START, new, REDEFINITIONS, Streams(SEED))
    x, _, broken = densities(sd, 1)
    ends = np.log(np.array([new.interval.low, new.interval.high]) / median)
    with_jump = np.diff(np.interp(ends, x + STEP / 2, np.cumsum(broken) * STEP))[0]
    without = np.diff(norm.cdf(ends / sd))[0]
    assert found.before == chance_within(REDEFINITIONS, 1)
    with_jumps = COPIES * runs * found.before
    # 40,000 paths stand behind all copies: their own error comes with that of the jumps
    error = np.sqrt(with_jump * (1 - with_jump) * (1 / with_jumps + 1 / runs))
    assert abs(found.broken - with_jump) < ERRORS * error
    assert abs(found.none - without) < ERRORS * np.sqrt(without * (1 - without) / runs) + 1 / runs
    assert found.after == pytest.approx(
        found.before * found.broken / (found.before * found.broken + (1 - found.before) * found.none)
    )


@pytest.mark.parametrize(("above", "doubted"), [(0.9, False), (1.0, False), (1.15, False), (1.25, True), (1.4, True)])
def test_a_figure_is_in_doubt_from_about_a_fifth_above_the_median_of_a_year_ahead(above, doubted):
    """By the closed form the odds are .2, .9 and 4.9 to 1 at 15, 20 and 25 % above, for sd .065."""
    paths = 1e8 * np.exp(0.065 * Streams(SEED).normal("moves", "ahead", np.arange(40_000)))
    new = replace(figure("a", above * 1e8 - 1e6, above * 1e8 + 1e6), month=START + 12)
    assert break_odds(paths, START, new, REDEFINITIONS, Streams(SEED)).in_doubt is doubted


def test_a_count_of_one_person_has_a_chance_too():
    """Normal forecasts: kernels widen them by a part in a hundred, and no run need be in the range."""
    sd, runs = 0.02, 20_000
    paths = 1.6e7 * np.exp(sd * Streams(SEED).normal("moves", "ahead", np.arange(runs)))
    for z in (-1.5, 0.0, 1.0, 2.0):
        counted = round(1.6e7 * np.exp(sd * z))
        found = share_inside(paths, figure("a", counted - 0.5, counted + 0.5))
        density = norm.pdf(z) / sd / counted
        error = np.sqrt(1.0 / (runs * 0.1 * norm.pdf(z)))  # as many runs as a kernel takes in, about
        assert found == pytest.approx(density, rel=ERRORS * error + 0.02)
    with_jump = break_odds(paths, START, replace(figure("a", 1.6e7 - 0.5, 1.6e7 + 0.5), month=START + 1), REDEFINITIONS,
                           Streams(SEED))  # fmt: skip
    assert with_jump.after < with_jump.before
    far = share_inside(paths, figure("a", 6e7 - 0.5, 6e7 + 0.5))
    assert 0.0 < far < 1e-12


def test_what_is_counted_in_print_has_the_quantiles_of_the_printed_fan():
    paths = 1e8 * np.exp(0.065 * Streams(SEED).normal("moves", "ahead", np.arange(40_000)))
    found = break_odds(paths, START, replace(figure("a", 1e8, 1.1e8), month=START + 12), REDEFINITIONS, Streams(SEED))
    assert (np.log(found.high) - np.log(found.low)) / 3.29 == pytest.approx(PRINTED[1], rel=0.02)
    assert found.log_score == pytest.approx(np.log(found.before * found.broken + (1 - found.before) * found.none))


def test_without_jumps_a_figure_is_never_a_redefinition():
    found = break_odds(np.full(1000, 1e8), START, replace(figure("a", 2e8, 3e8), month=START + 12), NEVER, Streams(1))
    assert (found.before, found.after, found.in_doubt) == (0, 0, False)
