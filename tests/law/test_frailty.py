"""Persons who differ: the classes of a spread, and why a history cannot tell contagion from a spread of readiness."""

import math

import numpy as np
import pytest
from scipy.optimize import least_squares

from mobank.ensemble.plan import Plan
from mobank.model.mobile_banking import MODEL
from mobank.report.tables import footnotes
from mobank.scenario.reader import load
from tests.conftest import ROOT, VILLAGE, run_model

CHILD = """
extends: {root}/scenarios/baseline.yaml
posterior: off
segments:
  person:
    spread:
      sigma: 0.5
      classes: {classes}
      parameters: [innovation_rate, imitation_rate]
      reason: persons differ more than bands of age tell
"""


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_a_spread_becomes_classes_of_mean_one_with_the_moments_of_the_lognormal(classes, tmp_path):
    path = tmp_path / "spread.yaml"
    path.write_text(CHILD.format(root=ROOT, classes=classes), encoding="utf-8")
    scenario = load(path, MODEL)
    bands = [band for band in scenario.bands if band.dimension == "person"]
    assert [band.name for band in bands] == [f"person_{i}" for i in range(1, classes + 1)]
    assert len(scenario.segments) == 8 * classes
    shares = np.array([band.share for band in bands])
    factors = np.array([band.factors["innovation_rate"].prior.centre for band in bands])
    logs = np.log(factors)
    assert shares.sum() == pytest.approx(1)
    assert (shares * factors).sum() == pytest.approx(1)
    assert math.sqrt((shares * logs**2).sum() - (shares * logs).sum() ** 2) == pytest.approx(0.5)
    assert {*bands[0].factors} == {"innovation_rate", "imitation_rate"}


# ------------ what a history cannot tell


POINTS, WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
YEARS = [12, 24, 36, 48, 60]
ROUNDING = 0.005  # of the customers: what "5.16亿" of 7.2亿 leaves open, and a little more for the definition


def share_of_users(innovation, imitation, sigma, months=60, later=1.0):
    """Users at each month as a share of all, by expectation; `later` is a factor on imitation after 60 months."""
    shares, factors = WEIGHTS / WEIGHTS.sum(), np.exp(sigma * POINTS)
    factors = factors / (shares * factors).sum()
    start = 1e8 * np.array([0.7 * shares, 0.3 * shares])
    values = {"innovation_rate": innovation * factors, "imitation_rate": imitation * factors}
    mixing = np.tile(shares, (5, 1))
    first = run_model(VILLAGE, values, start, "mean_field", min(months, 60), mixing=mixing)
    path = first.observe("users")[:, 0] / 1e8
    if months > 60:
        values["imitation_rate"] = imitation * factors * later
        rest = run_model(VILLAGE, values, first.occupancy[-1, :, :, 0], "mean_field", months - 60, mixing=mixing)
        path = np.append(path, rest.observe("users")[1:, 0] / 1e8)
    return path


def test_one_history_fits_contagion_among_unlike_persons_and_no_contagion_but_a_referral_lever_tells_them_apart():
    """Both meet every year-end within the rounding of the figures; doubling imitation wins people in one of them."""
    history = share_of_users(0.004, 0.035, sigma=0.9)[YEARS]

    def misfit(x, sigma, contagion):
        return share_of_users(math.exp(x[0]), math.exp(x[1]) if contagion else 0.0, sigma)[YEARS] - history

    plain = least_squares(misfit, [-4.0], args=(0.0, False))
    alike = least_squares(misfit, [-5.0, -4.0], args=(0.0, True))
    assert np.abs(plain.fun).max() < ROUNDING, "no contagion, persons alike"
    assert np.abs(alike.fun).max() < ROUNDING, "contagion, persons alike"
    gains = {}
    for name, (innovation, imitation, sigma) in {
        "contagion and spread": (0.004, 0.035, 0.9),
        "contagion": (math.exp(alike.x[0]), math.exp(alike.x[1]), 0.0),
        "neither": (math.exp(plain.x[0]), 0.0, 0.0),
    }.items():
        paths = [share_of_users(innovation, imitation, sigma, 96, later)[96] for later in (1.0, 2.0)]
        gains[name] = paths[1] - paths[0]
    assert gains["neither"] == 0.0
    assert gains["contagion and spread"] > 0.04
    assert gains["contagion and spread"] > 2 * gains["contagion"]


def test_a_lever_on_contagion_is_reported_with_the_warning_and_others_are_not(tmp_path):
    assert MODEL.contagious == ("imitation_rate",)
    lines = (
        "levers:\n  referral: {{parameter: {}, multiply: +20%, from: 2024-01, evidence: assumption, reason: a guess}}\n"
    )
    for parameter, warned in (("imitation_rate", True), ("innovation_rate", False)):
        path = tmp_path / f"{parameter}.yaml"
        path.write_text(f"extends: {ROOT}/scenarios/baseline.yaml\n" + lines.format(parameter), encoding="utf-8")
        plan = Plan(MODEL, load(path, MODEL))
        assert ("referral: figures of registered users cannot tell" in footnotes(plan, "en")) is warned
        assert ("referral：" in footnotes(plan, "zh")) is warned
