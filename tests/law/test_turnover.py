"""Classes of users: what share is active and how fast the active turn over, worked out a second time from the rates."""

from pathlib import Path

import numpy as np
import pytest

from mobank.base.streams import Streams
from mobank.calibration.checks.turnover import classes, turnovers
from mobank.calibration.likelihood import simulate_history
from mobank.calibration.likelihood.solve_history import live
from mobank.calibration.posterior.stored import read
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL

ROOT = Path(__file__).parents[2]
FACTORS = {"frequent": 0.35, "occasional": 1.6}  # of lapse_rate, as the target writes them


@pytest.fixture(scope="module")
def found():
    stored = read("icbc_mobile", MODEL)
    history, z = stored.target.history(MODEL), stored.z[:, :600]
    free, at_first, before = simulate_history.before(history, Streams(5), 600)
    after = live(history, z)
    return history, z, after, turnovers((free, at_first, before.state), (history, z, after.state))


def test_a_class_is_a_band_that_changes_what_keeps_people_active(found):
    history, *_ = found
    assert [(band.dimension, band.name) for band in classes(history)] == [("use", "frequent"), ("use", "occasional")]
    small = load(ROOT / "tests/data/targets/small.yaml", MODEL).history(MODEL)
    assert classes(small) == []


def test_share_and_time_are_those_of_the_rates(found):
    """A regular user lapses with chance 1 − e^(−h); a new one drops, or settles and stays active."""
    history, z, after, told = found
    rate = history.natural(z)
    people = dict(zip(MODEL.states, after.state.occupancy, strict=True))
    for each in told:
        of = [i for i, s in enumerate(history.target.segments) if each.band.name in s.bands]
        new, regular, lapsed, dormant = (people[k][of].sum(axis=0) for k in ("new", "active", "lapsed", "dormant"))
        active = new + regular
        both = rate["drop_rate"] + rate["settle_rate"]
        lost = new * rate["drop_rate"] / both * -np.expm1(-both)
        lost += regular * -np.expm1(-FACTORS[each.band.name] * rate["lapse_rate"])
        share = active / (active + lapsed + dormant)
        np.testing.assert_allclose(each.share.posterior, np.quantile(share, (0.05, 0.5, 0.95)), rtol=1e-9)
        np.testing.assert_allclose(each.months.posterior, np.quantile(active / lost, (0.05, 0.5, 0.95)), rtol=1e-9)


def test_year_ends_tell_the_share_of_each_class_and_less_of_its_turnover(found):
    *_, told = found
    for each in told:
        assert each.share.contraction > each.months.contraction
        assert 0.0 < each.months.posterior[0] < each.months.posterior[-1]
    frequent, occasional = told
    assert frequent.share.posterior[1] > occasional.share.posterior[1]
    assert frequent.months.posterior[1] > occasional.months.posterior[1]
