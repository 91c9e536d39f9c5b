"""A posterior that nobody has stored is run ahead as one that is, and leaves nothing behind."""

import tempfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.base.workspace import shipped
from mobank.calibration.fitting import weigh
from mobank.calibration.posterior.ahead import forecast, run_ahead, whole
from mobank.calibration.posterior.posterior import posterior_of, write
from mobank.calibration.sampler.diagnostics import resampled
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from mobank.scenario.posterior import DRAWS

MEASURES = ("mau", "registered")
UNTIL = Month.of(2023, 6)


@pytest.fixture(scope="module")
def posterior():
    target = load(shipped() / "calibration/banks/icbc_mobile.yaml", MODEL)
    z, weights = weigh(target, MODEL, seed=1, draws=400)
    return posterior_of(
        target, MODEL, np.ascontiguousarray(z[:, resampled(weights, 50, Streams(1), "test")]), 1, "test"
    )


@pytest.mark.slow
def test_it_forecasts_as_its_stored_folder_does(posterior, tmp_path):
    write(posterior, tmp_path, {})
    digest = sha256((tmp_path / DRAWS).read_bytes()).hexdigest()
    target = posterior.target.scenario
    fitted = whole("stored", tmp_path, digest, posterior.rows, target, monthly=False, regions={})
    stored = run_ahead(MODEL, target, fitted, Month.of(2022, 12), UNTIL, MEASURES, 3, 100)
    found = forecast(posterior, UNTIL, MEASURES, 3, 100)
    for measure in MEASURES:
        assert found[measure].shape == (7, 100)
        np.testing.assert_array_equal(found[measure], stored[measure])


@pytest.mark.slow
def test_it_begins_at_the_last_figures_and_leaves_nothing_behind(posterior, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = forecast(posterior, UNTIL, MEASURES, 3, 200)
    assert (found["registered"][0] >= 515.5e6 - 1.0).all()
    assert (found["registered"][0] <= 516.5e6 + 1.0).all()
    assert 174e6 - 1.0 <= np.quantile(found["mau"][0], 0.1) <= 175e6
    assert list(Path(tmp_path).iterdir()) == []
