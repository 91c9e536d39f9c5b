"""Posteriors for programs: draws by name, what the figures narrowed, and a fit as the command makes it."""

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

import mobank as mb
from mobank.calibration.sampler.ensembles import Effort
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def found():
    return mb.posterior("icbc_mobile")


def test_draws_are_those_that_are_stored(found):
    stored = pq.read_table(ROOT / "calibration" / "posteriors" / "icbc_mobile" / "draws.parquet")
    assert list(found.draws) == stored.column_names
    np.testing.assert_array_equal(found.draws["lapse_rate"], stored["lapse_rate"].to_numpy())
    with pytest.raises(ValueError, match="read-only"):
        found.draws["lapse_rate"][0] = 0
    assert found.to_pandas().shape == (stored.num_rows, stored.num_columns)


def test_the_summary_says_what_the_figures_narrowed(found):
    assert found.last == mb.Month.of(2022, 12)
    row = found.summary.where(name="lapse_rate")
    assert row.column("p5")[0] < row.column("p50")[0] < row.column("p95")[0]
    np.testing.assert_allclose(row.column("p50")[0], np.median(found.draws["lapse_rate"]), rtol=1e-3)
    assert "lapse_rate" in found._repr_html_()


def test_a_posterior_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(mb.InputError, match="icbc_mobile"):
        mb.posterior("icbc_mobil")
    with pytest.raises(mb.InputError, match="neither a name, a path nor YAML text"):
        mb.posterior(3)


def test_a_posterior_of_another_name_is_refused(found, tmp_path):
    shutil.copytree(found.folder, tmp_path / "other")
    with pytest.raises(mb.InputError, match="icbc_mobile"):
        mb.posterior(tmp_path / "other")


def test_nothing_is_written_inside_the_installed_package(monkeypatch, tmp_path):
    monkeypatch.setattr("mobank.base.workspace.PACKAGE", tmp_path)
    with pytest.raises(mb.InputError, match=r"out: '.*' lies inside the installed package"):
        mb.calibrate(ROOT / "calibration" / "banks" / "icbc_mobile.yaml", out=tmp_path / "shipped" / "calibration")


@pytest.mark.slow
def test_a_fit_is_that_of_the_command_and_reads_back(tmp_path, monkeypatch):
    monkeypatch.setattr("mobank.api.posterior.Effort", lambda: Effort(ensembles=2, walkers=120, burn=5, steps=25))
    monkeypatch.setattr("mobank.api.posterior.WORK", tmp_path / "work")
    seen = []
    target = ROOT / "calibration" / "banks" / "icbc_mobile.yaml"
    fitted = mb.calibrate(target, out=tmp_path, workers=1, progress=lambda done, total: seen.append((done, total)))
    assert fitted.folder == tmp_path / "icbc_mobile"
    assert seen[-1][0] <= seen[-1][1]
    assert fitted.draws["lapse_rate"].size == len(fitted.to_pandas())
    assert fitted.last == mb.Month.of(2022, 12)
