"""Bank T, worked by hand: 516 m registered, 174 m of them active; 6 % of these lapse, 3 % of the others return.

The figures are those of the issue, in millions; its chances are hazards of −log(1 − chance).
"""

import math

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.dynamics.changes import Change
from mobank.model.grammar import Flow, Measure, Model, Parameter
from mobank.scenario.scenario import When

T = Model(
    name="bank T",
    states=("active", "inactive"),
    parameters=(
        Parameter("lapse_rate", "rate", (0.0001, 2.0), "an active one stops"),
        Parameter("return_rate", "rate", (0.0001, 2.0), "an inactive one comes back"),
        Parameter("into_active", "persons a month", (0.0, 1e8), "come and are active"),
        Parameter("into_inactive", "persons a month", (0.0, 1e8), "come and are not"),
    ),
    flows=(
        Flow("lapse", "active", "inactive", lambda lapse_rate: lapse_rate),
        Flow("return", "inactive", "active", lambda return_rate: return_rate),
        Flow("come", None, "active", lambda into_active: into_active),
        Flow("come_idle", None, "inactive", lambda into_inactive: into_inactive),
    ),
    measures=(
        Measure("mau", "monthly active", stock=("active",)),
        Measure("registered", "registered", stock=("active", "inactive")),
    ),
)


def hazard(chance):
    return -math.log(1.0 - chance)


VALUES = {"lapse_rate": hazard(0.06), "return_rate": hazard(0.03), "into_active": 2.4e6, "into_inactive": 1.6e6}
START = (174e6, 342e6)
MAU = {1: 176.22, 14: 199.888, 15: 201.458, 36: 231.521}
WIN_BACK = {
    "set": (hazard(0.036), {12: 15.599, 18: 8.858, 24: 5.030, 36: 1.622}),
    "multiply": (1.2, {12: 15.324, 18: 8.702, 24: 4.942, 36: 1.594}),
}
REPLICATES = 400
TOLERANCE = 4.0  # standard errors; false alarms 6 in 100,000 a figure, 1 in 700 for the 24 figures of this file


def win_back(operation, replicates):
    """Return the campaign on the return rate in months 1 to 12."""
    first = Month.of(2023, 1)
    amount = np.full(replicates, WIN_BACK[operation][0])
    return Change("win back", "return_rate", operation, amount, np.array([True]), When(first, first), lasts_months=12)


def by_hand(chances_of_return):
    """Return MAU in millions by the recursion on paper, the start month first."""
    active, inactive, path = 174.0, 342.0, [174.0]
    for back in chances_of_return:
        stay, come = 0.94 * active, back * inactive
        inactive = inactive - come + 0.06 * active + 1.6
        active = stay + come + 2.4
        path.append(active)
    return path


CAMPAIGN_BY_HAND = {
    "set": by_hand([0.036] * 12 + [0.03] * 24),
    "multiply": by_hand([1 - 0.97**1.2] * 12 + [0.03] * 24),
}


def test_mean_field_gives_the_printed_mau_to_the_last_digit(drive):
    mau = drive(T, VALUES, START, "mean_field", months=36).observe("mau")[:, 0] / 1e6
    assert {t: round(mau[t], 3) for t in MAU} == MAU


def test_mean_field_is_the_recursion_on_paper_in_every_month(drive):
    run = drive(T, VALUES, START, "mean_field", months=36)
    np.testing.assert_allclose(run.observe("mau")[:, 0] / 1e6, by_hand([0.03] * 36), rtol=1e-12)
    np.testing.assert_allclose(run.observe("registered")[:, 0] / 1e6, 516.0 + 4.0 * np.arange(37), rtol=1e-12)


@pytest.mark.parametrize("operation", WIN_BACK)
def test_mean_field_gives_the_printed_gain_of_a_win_back_to_the_last_digit(drive, operation):
    without = drive(T, VALUES, START, "mean_field", months=36)
    campaign = drive(T, VALUES, START, "mean_field", months=36, changes=[win_back(operation, 1)])
    gain = (campaign.observe("mau") - without.observe("mau"))[:, 0] / 1e6
    printed = WIN_BACK[operation][1]
    assert {t: round(gain[t], 3) for t in printed} == printed


def test_cohort_gives_the_printed_mau_within_four_standard_errors(drive):
    mau = drive(T, VALUES, START, "cohort", months=36, replicates=REPLICATES).observe("mau") / 1e6
    exact = by_hand([0.03] * 36)
    for month, printed in MAU.items():
        error = mau[month].std(ddof=1) / math.sqrt(REPLICATES)
        assert 0 < error < 0.001, "chance moves some of half a billion, but hardly shifts their sum"
        assert abs(mau[month].mean() - exact[month]) < TOLERANCE * error
        assert abs(exact[month] - printed) < 0.0005001


@pytest.mark.parametrize("operation", WIN_BACK)
def test_cohort_gives_the_printed_gain_of_a_win_back_within_four_standard_errors(drive, operation):
    without = drive(T, VALUES, START, "cohort", months=36, replicates=REPLICATES)
    changes = [win_back(operation, REPLICATES)]
    campaign = drive(T, VALUES, START, "cohort", months=36, replicates=REPLICATES, changes=changes)
    gain = (campaign.observe("mau") - without.observe("mau")) / 1e6
    exact = np.subtract(CAMPAIGN_BY_HAND[operation], by_hand([0.03] * 36))
    for month, printed in WIN_BACK[operation][1].items():
        error = gain[month].std(ddof=1) / math.sqrt(REPLICATES)
        assert 0 < error < 0.001
        assert abs(gain[month].mean() - exact[month]) < TOLERANCE * error
        assert abs(exact[month] - printed) < 0.0005001
