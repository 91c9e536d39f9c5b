"""What becomes of a forecast when it is printed, against closed forms."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import norm

from mobank.calibration.backtest.full.jobs import ACTIVE, LEVEL
from mobank.calibration.backtest.full.printed_law import COPIES, printed_laws

LAWS = printed_laws(20221231)
FLAT = np.zeros(40_000)


@pytest.mark.parametrize(("years", "chance"), [(1, 0.0670), (3, 0.1844), (5, 0.2836)])
def test_the_chance_of_a_redefinition_is_that_of_a_gamma_rate(years, chance):
    """1 − (50 / (50 + h))^3.5, within 4 standard errors: false alarm .0001."""
    found = np.mean(LAWS[ACTIVE](FLAT, years) != 0.0)
    assert 1.0 - (50.0 / (50.0 + years)) ** 3.5 == pytest.approx(chance, abs=1e-4)
    assert abs(found - chance) < 4.0 * np.sqrt(chance / (COPIES * FLAT.size))


def exact_width(years, sd):
    """Return the width of the central 90 % over 3.29, by the characteristic function of the compound law on a grid."""
    x = (np.arange(2**16) - 2**15) * 2e-4
    mass = sum(
        half
        * sum(side * (norm.pdf(sign * x, *size) + norm.pdf(-sign * x, *size)) * (sign * x > 0) for sign, side in SIDES)
        for half, size in ((0.5, (0.08, 0.06)), (0.5, (0.35, 0.20)))
    )
    jump = np.fft.fft(np.fft.ifftshift(mass / mass.sum()))
    number = (50.0 / (50.0 + years * (1.0 - jump))) ** 3.5  # generating function of the negative binomial
    start = norm.pdf(x, 0.0, sd)
    law = np.fft.ifft(np.fft.fft(np.fft.ifftshift(start / start.sum())) * number).real
    low, high = np.interp((0.05, 0.95), np.cumsum(np.fft.fftshift(law)), x)
    return (high - low) / (2.0 * norm.ppf(0.95))


SIDES = ((1.0, 0.8), (-1.0, 0.2))


@pytest.mark.parametrize(
    ("years", "sd", "width"), [(1, 0.065, 0.074), (2, 0.109, 0.134), (3, 0.149, 0.188), (5, 0.22, 0.273)]
)
def test_the_printed_width_of_a_normal_forecast(years, sd, width):
    """Within 4 standard errors of quantiles of 320,000 draws; the review's numbers are rounded, at 5 years by .0015."""
    draws = sd * ndtri((np.arange(FLAT.size) + 0.5) / FLAT.size)
    low, high = np.quantile(LAWS[ACTIVE](draws, years), (0.05, 0.95))
    exact = exact_width(years, sd)
    assert (high - low) / (2.0 * norm.ppf(0.95)) == pytest.approx(
        exact, abs=4.0 * 2.0 * sd / np.sqrt(COPIES * FLAT.size)
    )
    assert exact == pytest.approx(width, abs=0.002)


def test_clean_ups_take_away_and_come_one_year_in_fifty():
    moved = LAWS[LEVEL](FLAT, 1.0)
    assert moved.max() == 0.0
    chance = 1.0 - np.exp(-0.02)
    assert abs(np.mean(moved < 0.0) - chance) < 4.0 * np.sqrt(chance / moved.size)
    size = -moved[moved < 0.0]
    expected = 0.03 * (norm.cdf(1) - norm.cdf(-1)) + 2 * 0.03 * norm.pdf(1)  # of |N(.03, .03)|
    assert abs(size.mean() / 1.01 - expected) < 4.0 * size.std() / np.sqrt(size.size)  # one in a hundred comes twice


def test_four_of_five_redefinitions_are_upward():
    moved = LAWS[ACTIVE](FLAT, 1.0)
    moved = moved[moved != 0.0]
    assert abs(np.mean(moved > 0.0) - 0.8) < 4.0 * np.sqrt(0.16 / moved.size) + 0.01
