"""Where the points of a design lie: in their ranges, evenly on the scale that is asked for, whole where months are."""

from types import SimpleNamespace

import numpy as np
import pytest

from mobank.base.errors import InputError
from mobank.batch.design import _at
from mobank.batch.job_file import load_job
from mobank.model.mobile_banking import MODEL
from tests.conftest import ROOT

RATE, MONTHS = SimpleNamespace(name="parameters.lapse_rate"), SimpleNamespace(name="levers.app.lasts_months")


@pytest.mark.parametrize(("u", "evenly", "in_log"), [(0.0, 2, 2), (0.25, 9.5, 4), (0.5, 17, 8), (1.0, 32, 32)])
def test_a_share_of_the_way_is_that_of_the_value_or_of_its_logarithm(u, evenly, in_log):
    assert float(_at(RATE, (2.0, 32.0, False), u)) == pytest.approx(evenly, rel=1e-9)
    assert float(_at(RATE, (2.0, 32.0, True), u)) == pytest.approx(in_log, rel=1e-9)


def test_each_whole_number_of_months_has_the_same_share_of_the_way():
    found = [_at(MONTHS, (3.0, 6.0, False), u) for u in np.linspace(0, 0.9999, 400)]
    assert {value: found.count(value) for value in set(found)} == dict.fromkeys(("3", "4", "5", "6"), 100)


def test_sobol_points_of_a_job_lie_in_their_ranges_one_in_each_stratum(tmp_path):
    text = f"""
scenarios: [{ROOT.as_posix()}/scenarios/batches/four_levers.yaml]
draws: 40
design:
  method: sobol
  points: 16
  vary:
    levers.smoother_release.multiply: {{low: -15%, high: +1%}}
    levers.county_agents.multiply: {{low: +0%, high: +100%, scale: log}}
"""
    (tmp_path / "job.yaml").write_text(text, encoding="utf-8")
    cases = load_job(tmp_path / "job.yaml", MODEL).cases
    assert len(cases) == 16
    for name, place in (
        ("levers.smoother_release.multiply", lambda value: (value - 0.85) / 0.16),
        ("levers.county_agents.multiply", np.log2),
    ):
        strata = [int(16 * place(float(case.settings[name]))) for case in cases]
        assert sorted(strata) == list(range(16))


@pytest.mark.parametrize(("points", "near"), [(5, "4"), (7, "8"), (33, "32"), (1500, "1,024"), (1800, "2,048")])
def test_a_number_of_sobol_points_that_is_no_power_of_two_gets_the_nearest_that_is(tmp_path, points, near):
    text = f"""
scenarios: [{ROOT.as_posix()}/scenarios/batches/four_levers.yaml]
draws: 40
design: {{method: sobol, points: {points}, vary: {{levers.smoother_release.multiply: {{low: -15%, high: +1%}}}}}}
"""
    (tmp_path / "job.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"so Sobol' points would lose their balance; write {near}\n"):
        load_job(tmp_path / "job.yaml", MODEL)
