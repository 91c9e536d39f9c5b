"""Two scenarios meet the same luck: nothing changed, no difference; and pairing makes differences far more certain."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.ensemble.plan import Plan
from mobank.ensemble.run import run
from mobank.model.mobile_banking import MODEL
from mobank.report.compare.comparison import differences, year_ends
from mobank.scenario.reader import load

ROOT = Path(__file__).parents[2]
DRAWS = 400
LEVER = "levers:\n  better: {{parameter: {}, multiply: {}, from: 2023-06, {}evidence: test, reason: made up}}\n"


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """Return a maker of the baseline with one lever."""
    place = tmp_path_factory.mktemp("changed")

    def make(parameter, factor, more=""):
        path = place / "changed.yaml"
        text = LEVER.format(parameter, factor, more)
        path.write_text(f"extends: {ROOT / 'scenarios/baseline.yaml'}\nquestion: better?\n{text}", encoding="utf-8")
        return load(path, MODEL)

    return make


def apart(one, other, seed, fidelity="cohort", draws=DRAWS, other_seed=None):
    """Return the differences by (measure, month)."""
    plan = Plan(MODEL, one, draws, seed, fidelity)
    with run(plan) as a, run(replace(plan, scenario=other, seed=other_seed or seed)) as b:
        found = differences(a, b, "other", year_ends([a.plan, b.plan]))
        return {(d.measure, str(d.month)): d for d in found}


def test_a_lever_that_changes_nothing_makes_no_difference_in_any_replicate(fitted, changed, seed, fidelity):
    for each in apart(fitted, changed("lapse_rate", "1.0"), seed, fidelity, draws=60).values():
        assert (each.mean, each.standard_error, each.low, each.high, each.above) == (0, 0, 0, 0, 0)


def test_before_a_lever_begins_nothing_differs(fitted, changed, seed):
    later = replace(changed("lapse_rate", "0.9"), until=fitted.start + 6)
    short = replace(fitted, until=fitted.start + 5)
    assert {d.mean for d in apart(short, later, seed, draws=60).values()} == {0}


def test_pairing_makes_the_difference_of_mau_at_least_five_times_as_certain(fitted, changed, seed):
    """Unpaired runs stand in for other luck. Measured: about thirty times; five is far from what chance could do."""
    better = changed("lapse_rate", "0.95")
    paired, loose = (apart(fitted, better, seed, other_seed=other)["mau", "2025-12"] for other in (None, seed + 1))
    assert paired.standard_error * 5 < loose.standard_error
    assert paired.mean > 10 * paired.standard_error


def test_the_paired_and_the_unpaired_mean_difference_agree(fitted, changed, seed):
    """Within 4 standard errors: one false alarm in 16,000."""
    better = changed("lapse_rate", "0.9")
    paired, loose = (apart(fitted, better, seed, other_seed=other)["mau", "2025-12"] for other in (None, seed + 1))
    error = np.hypot(paired.standard_error, loose.standard_error)
    assert abs(paired.mean - loose.mean) < 4 * error


def test_the_standard_error_is_the_scatter_of_the_mean_between_independent_comparisons(fitted, changed, seed):
    """The sd of 20 comparisons over their stated error is 0.55 to 1.5 but for one seed in a thousand (χ², 19 df)."""
    better = changed("lapse_rate", "0.9", "until: 2023-12, ")
    short, end = (replace(s, until=fitted.start + 12) for s in (fitted, better))
    found = [apart(short, end, seed + i, "mean_field", 50)["mau", "2023-12"] for i in range(20)]
    stated = np.sqrt(np.mean([d.standard_error**2 for d in found]))
    assert 0.55 < np.std([d.mean for d in found], ddof=1) / stated < 1.5


def test_the_expected_spend_and_the_price_of_a_user_are_those_worked_out_by_hand(fitted, changed, seed):
    """200 m once and 10 m in each month from 2023-06: 270 m by 2023-12, the same in every replicate."""
    better = changed("lapse_rate", "0.9", "cost: {once: 2亿元, a_month: 1000万元}, ")
    found = apart(fitted, better, seed, draws=60)
    mau = found["mau", "2023-12"]
    assert mau.spend == pytest.approx(2.7e8)
    assert found["mau", "2024-12"].spend == pytest.approx(3.9e8)
    assert mau.per_yuan == pytest.approx(mau.mean / 2.7e8)
    assert mau.per_yuan_error == pytest.approx(mau.standard_error / 2.7e8)
    assert np.isnan(found["registered", "2023-12"].per_yuan)


def test_the_dearer_side_may_be_the_reference(fitted, changed, seed):
    better = changed("lapse_rate", "0.9", "cost: {once: 2亿元}, ")
    mau = apart(better, fitted, seed, draws=60)["mau", "2023-12"]
    assert mau.spend == pytest.approx(-2e8)
    assert np.isnan(mau.per_yuan)
