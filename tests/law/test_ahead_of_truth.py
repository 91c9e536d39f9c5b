"""Forecasts at known truths: months after the last figure, by the law of runs, against those by the law of the history.

No fit is in between: parameters are those that made the bank, and what is drawn is where the draw stands at the last
figure, and what comes. So a state that keeps an error of its last figure, a season that is left out or a drift with a
kink shows here.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

from mobank.calibration.checks import score, synthetic
from mobank.calibration.posterior.ahead import forecast
from mobank.calibration.posterior.posterior import posterior_of
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).parents[2]
BANKS, DRAWS, AHEAD = 24, 200, (1, 3, 6, 12)


@pytest.fixture(scope="module")
def normals():
    """Return where the truth fell in each forecast as a standard normal, (banks, measure, horizon)."""
    target = load(ROOT / "calibration/checks/monthly.yaml", MODEL)
    banks = synthetic.from_priors(target, MODEL, BANKS, max(AHEAD), 7)
    found = np.empty((BANKS, 2, len(AHEAD)))
    for k in range(BANKS):
        own = banks.reported(k, exactly=True)
        history = own.history(MODEL)
        z = np.repeat(score.coordinates(history, banks, k)[:, None], DRAWS, axis=1)
        posterior = posterior_of(own, MODEL, z, k, "truth")
        paths = forecast(posterior, history.last + max(AHEAD), history.measures, k, DRAWS)
        at = [history.length + h for h in AHEAD]
        for m, (measure, came) in enumerate(zip(history.measures, (banks.level, banks.active), strict=True)):
            below = (paths[measure][list(AHEAD)] < came[at, k][:, None]).mean(axis=1)
            found[k, m] = ndtri((below * DRAWS + 0.5) / (DRAWS + 1))
    return found


def test_truths_fall_in_the_middle_of_their_forecasts(normals):
    """Means of 24 banks: within 4 standard errors of 0."""
    assert np.abs(normals.mean(axis=0)).max() < 4 / np.sqrt(BANKS), normals.mean(axis=0).round(2)


def test_forecasts_are_as_wide_as_truths_scatter(normals):
    """Variances of 24 banks, at each horizon of each measure: within 4 standard errors of 1."""
    assert np.abs(normals.var(axis=0) - 1.0).max() < 4 * np.sqrt(2 / BANKS), normals.var(axis=0).round(2)
