"""The whole log density, compiled, is that of a plain reference; a draw that leads nowhere is refused with its reason.

The reference (`tests/law/plain_history.py`) goes month by month through the functions that the fidelities use, solves
to the last digit and takes its slopes by Richardson's extrapolation.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mobank.base.quantities import Month
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.inputs import Inputs
from mobank.calibration.likelihood.solve_history import REASONS, live, solved
from mobank.calibration.targets import load
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Campaign, Pool
from tests.law.plain_history import figure, grown, normals, plain_density, same_slopes, value

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL).scenario
BANK = load(ROOT / "calibration/banks/icbc_mobile.yaml", MODEL).scenario
DECEMBER = Month.of(2019, 12)
NOISE = {"mau": value("lognormal", 0.002, 0.4)}
SEASONS = {name: value("lognormal", 0.05, 0.7) for name in ("adoption", "engagement", "mau")}


def campaigns(*ran):
    """Return campaigns, each of a path, with its first and last month after December 2019."""
    return tuple(
        Campaign(f"{path}_{a}", path, DECEMBER + a, DECEMBER + b, DECEMBER + a, value("normal", 0.1, 0.3))
        for path, a, b in ran
    )


def written_off(*months):
    """Return clean-ups, so many months after December 2019."""
    return {DECEMBER + t: value("lognormal", 5e6 * (1 + i), 0.4) for i, t in enumerate(months)}


HISTORIES = {
    "yearly": SMALL,
    "yearly_with_student_tails": replace(SMALL, shocks={n: replace(s, tails=4.0) for n, s in SMALL.shocks.items()}),
    "monthly": replace(SMALL, reported=grown(DECEMBER, range(10)), noise=NOISE),
    "monthly_with_seasons": replace(SMALL, reported=grown(DECEMBER, range(15)), noise=NOISE, seasons=SEASONS),
    "active_by_quarters": replace(SMALL, reported=grown(DECEMBER, range(7), active_ends=(0, 3, 6)), noise=NOISE),
    "years_quarters_months": replace(SMALL, reported=grown(DECEMBER, (0, 24, 27, 30, 31, 32)), noise=NOISE),
    "dates_that_interleave": replace(
        SMALL, reported=grown(Month.of(2019, 10), (0, 4, 8, 14), active_ends=(0, 6, 14)), noise=NOISE
    ),
    "unknown_pool": replace(
        SMALL,
        reported=tuple(f for f in grown(DECEMBER, range(7)) if f.measure != "customers"),
        noise=NOISE,
        pool=Pool(value("lognormal", 4.0, 1.4), 4.0),
    ),
    "yearly_with_campaigns": replace(SMALL, campaigns=campaigns(("adoption", -3, 1), ("engagement", 20, 25))),
    "monthly_with_campaigns": replace(
        SMALL,
        reported=grown(DECEMBER, (0, 1, 2, 3, 6, 7, 8)),
        noise=NOISE,
        campaigns=campaigns(("engagement", 1, 2), ("engagement", 5, 7), ("adoption", 2, 2)),
    ),
    "yearly_with_a_clean_up": replace(SMALL, clean_ups=written_off(17)),
    "monthly_with_clean_ups": replace(
        BANK, reported=grown(DECEMBER, (0, 1, 2, 4, 5)), noise=NOISE, clean_ups=written_off(2, 4)
    ),
    "eight_segments": replace(BANK, reported=grown(DECEMBER, range(5)), noise=NOISE),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_the_log_density_is_that_of_a_converged_reference(name):
    history = History(MODEL, HISTORIES[name])
    z = normals(history, 6, spread=0.7)
    solver = solved(history, z)
    found = solver.finish()
    possible = np.flatnonzero(found.possible)[:3]
    assert possible.size == 3
    for r in possible:
        plain = plain_density(history, z[:, r])
        np.testing.assert_allclose(found.shocks[:, r], plain.shocks, rtol=0, atol=1e-10)
        same_slopes(solver, r, plain)
        assert found.log_density[r] == pytest.approx(plain.log, abs=1e-6, rel=0)
        np.testing.assert_allclose(found.state.occupancy[..., r], plain.state[0][..., 0], rtol=1e-9, atol=1e-3)


def test_where_the_active_are_known_by_quarters_four_shocks_are_solved_at_once():
    """Three of registered and one of active: the determinant is that of the whole, not a product."""
    history = History(MODEL, HISTORIES["active_by_quarters"])
    assert [len(s.solved) for s in history.stretches] == [1, 4, 4]


# ------------ draws that lead nowhere


def test_draws_of_wide_priors_are_refused_and_counted_and_the_others_are_not_touched():
    wide = replace(
        SMALL,
        parameters={
            **SMALL.parameters,
            "reach_share": value("logitnormal", 0.7, 3.0),
            "lapse_rate": value("lognormal", 0.05, 8.0),
            "fade_rate": value("lognormal", 0.1, 8.0),
            "close_rate": value("lognormal", 0.001, 8.0),
        },
    )
    history = History(MODEL, wide)
    z = normals(history, 400, "wide")
    found = live(history, z)
    assert set(found.refused) <= set(REASONS.values())
    assert sum(found.refused.values()) == (~found.possible).sum() > 20
    assert len(found.refused) > 1
    assert np.isneginf(found.log_density[~found.possible]).all()
    assert np.isnan(found.shocks[:, ~found.possible]).all()
    alone = live(history, np.ascontiguousarray(z[:, found.possible]))
    np.testing.assert_array_equal(alone.log_density, found.log_density[found.possible])


def test_one_draw_without_a_steady_state_is_refused_alone():
    """Where nobody registers and nobody closes, the equations of the state before the first figure are singular."""
    none = ("close_rate", "innovation_rate", "imitation_rate", "assist_rate")
    parameters = {**SMALL.parameters, **{name: value("lognormal", 0.002, 1.0) for name in none}}
    history = History(MODEL, replace(SMALL, parameters=parameters))
    z = normals(history, 5)
    without = live(history, z)
    z[[history.row[name] for name in none], 2] = -1000.0  # rates of 0
    found = live(history, z)
    assert found.refused == {"no steady state": 1}
    assert found.why[2]
    others = np.arange(5) != 2
    np.testing.assert_array_equal(found.log_density[others], without.log_density[others])
    assert without.possible.all()


def test_fewer_people_than_are_registered_is_a_reason_of_its_own():
    own = tuple(f for f in SMALL.reported if f.measure != "customers")
    history = History(MODEL, replace(SMALL, reported=(*own, figure("customers", DECEMBER, 3e8))))
    found = live(history, normals(history, 3))
    assert found.refused == {"fewer people than are registered": 3}


def test_an_unknown_pool_is_a_multiple_of_the_first_figure_that_nobody_in_it_is_out_of_reach_of():
    history = History(MODEL, HISTORIES["unknown_pool"])
    z = normals(history, 20)
    inputs = Inputs.of(history, z)
    headroom = history.priors["pool.headroom"].prior.of_normal(z[history.row["pool.headroom"]])
    expected = stats.t.ppf(stats.norm.cdf(z[history.row["pool.headroom"]]), 4)
    np.testing.assert_allclose(headroom, 4.0 * np.exp(1.4 * expected), rtol=1e-9)
    np.testing.assert_allclose(inputs.everyone, inputs.level[0] * (1.0 + headroom), rtol=1e-12)
    np.testing.assert_array_equal(inputs.base["reach_share"], 1.0)


@pytest.mark.parametrize("name", ["yearly", "monthly_with_seasons", "eight_segments"])
def test_a_draw_is_the_same_to_the_last_bit_whatever_draws_stand_beside_it(name):
    history = History(MODEL, HISTORIES[name])
    z = normals(history, 150)
    whole = live(history, z)
    for rows in (np.arange(1), np.arange(7, 40), np.arange(150)[::-1]):
        part = live(history, np.ascontiguousarray(z[:, rows]))
        for what in ("log_density", "shocks", "innovations", "marks", "why"):
            np.testing.assert_array_equal(getattr(part, what), getattr(whole, what)[..., rows], what)
