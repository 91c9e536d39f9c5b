"""What is known to have happened is no chance: announced campaigns, and dormant registrations written off."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobank.base.errors import RunError
from mobank.base.kernels import gaussian
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.calibration.checks.campaigns import campaigns
from mobank.calibration.likelihood.at_origin import at_origin
from mobank.calibration.likelihood.history import History
from mobank.calibration.likelihood.simulate_history import Unbound
from mobank.calibration.likelihood.solve_history import live, solved
from mobank.calibration.sampler.tempering import first_walkers
from mobank.calibration.targets import load
from mobank.model.exits import exits_of_idle
from mobank.model.mobile_banking import MODEL
from mobank.scenario.scenario import Campaign
from tests.conftest import VILLAGE
from tests.law.plain_history import figure, fixed, grown, normals, value

ROOT = Path(__file__).parents[2]
SMALL = load(ROOT / "tests/data/targets/small.yaml", MODEL).scenario
DECEMBER = Month.of(2019, 12)
MONTHS = 24
EFFECT, EFFECT_SD = 0.3, 0.3
SIZE = "shocks.engagement.size"


def campaign(path, first, last, mean=0.0, sd=EFFECT_SD):
    return Campaign("c", path, DECEMBER + first, DECEMBER + last, DECEMBER + first, value("normal", mean, sd))


# ------------ campaigns


def test_the_mean_and_the_pattern_of_a_campaign_are_those_worked_out_by_hand():
    """Figures of months 0, 1, 2, 5: a campaign of months 2 and 3 is all of the block of 2, a third of that of 5."""
    bare = replace(
        SMALL,
        reported=grown(DECEMBER, (0, 1, 2, 5)),
        noise={"mau": fixed(0.002)},
        shocks={name: replace(shock, trend=None, drift=None) for name, shock in SMALL.shocks.items()},
    )
    law = History(MODEL, replace(bare, campaigns=(campaign("engagement", 2, 3, mean=0.06),))).law
    share = {1: 0.0, 2: 1.0, 5: 1 / 3, 0: 0.0}
    by_hand = np.array([share[block.last] if block.path == 1 else 0.0 for block in law.blocks])
    np.testing.assert_allclose(law.mean, 0.06 * by_hand, rtol=1e-15)
    added = law.patterns - History(MODEL, bare).law.patterns
    np.testing.assert_allclose(added[0], EFFECT_SD**2 * np.outer(by_hand, by_hand), atol=1e-17)


def bank(ran=None, seed=7):
    """Return a target with monthly figures made by the model, with chance in every month and perhaps a campaign.

    Parameters
    ----------
    ran : months in which it moved engagement by `EFFECT`.
    """
    dates = replace(SMALL, reported=grown(DECEMBER, range(MONTHS + 1)), noise={"mau": fixed(0.001)})
    free = Unbound(MODEL, dates)
    z = np.zeros((len(free.names), 1))
    for i, name in enumerate(free.names):
        if name.startswith("innovation."):
            z[i] = Streams(seed).normal("environment", name, np.arange(1))
    if ran:
        moved = np.array([EFFECT * np.mean([t in ran for t in b.months]) * (b.path == 1) for b in free.blocks])
        normal = np.linalg.solve(solved(free, z).factors[..., 0], moved)
        for block, more in zip(free.blocks, normal, strict=True):
            z[free.row[free.innovation(block)]] += more
    marks = live(free, z).marks[..., 0]
    counted = [(mark.month, level, active) for mark, (level, active, _) in zip(free.marks, marks, strict=True)]
    made = (
        *(figure("registered", month, level) for month, level, _ in counted),
        *(figure("mau", month, active) for month, _, active in counted),
        *(f for f in dates.reported if f.measure == "customers"),
    )
    return replace(dates, reported=made)


def likeliest_size(target):
    """Return at which size of a year's shock of engagement the figures are most probable, all else at the truth."""
    history = History(MODEL, target)
    z = np.zeros((len(history.names), 81))
    z[history.row[SIZE]] = np.linspace(-4.0, 6.0, 81)
    found = live(history, z)
    return float(history.natural(z)[SIZE][np.argmax(found.log_density)])


RAN = range(13, 15)
DECLARED = (campaign("engagement", RAN.start, RAN.stop - 1),)


def test_a_campaign_that_was_announced_is_found_and_does_not_make_chance_look_larger():
    """The size of 24 months' chance is known to one part in seven, a standard error of its log of 0.14."""
    with_it, without = bank(ran=RAN), likeliest_size(bank())
    taken_for_chance, announced = likeliest_size(with_it), likeliest_size(replace(with_it, campaigns=DECLARED))
    assert announced == pytest.approx(without, rel=0.14)
    assert taken_for_chance > 1.5 * without
    history = History(MODEL, replace(with_it, campaigns=DECLARED))
    solver = solved(history, np.zeros((len(history.names), 1)))
    joint = EFFECT_SD**2 * history.law.during[0]
    covariance = np.zeros((1, joint.size, joint.size))
    gaussian.covariance(*solver.law_of(np.arange(1)), covariance)
    weights = np.linalg.solve(covariance[0], joint)
    mean, sd = weights @ solver.unexpected(np.arange(1))[:, 0], np.sqrt(EFFECT_SD**2 - weights @ joint)
    assert sd < 0.1
    assert abs(mean - EFFECT) < 3.0 * sd
    (effect,), (spread,) = campaigns(history, np.zeros((len(history.names), 1)))
    np.testing.assert_allclose(effect.found, [mean - 1.645 * sd, mean, mean + 1.645 * sd], atol=1e-3 * sd)
    np.testing.assert_allclose(effect.prior, [-1.645 * EFFECT_SD, 0.0, 1.645 * EFFECT_SD], atol=1e-4)
    own = history.law.of_path(1)
    about = (solver.shocks - solver.means)[own, 0]
    assert spread.path == "engagement"
    assert spread.with_them == pytest.approx(about.std(), rel=1e-9)
    assert spread.without == pytest.approx((about - mean * history.law.during[0][own]).std(), rel=1e-9)
    assert spread.without < 0.7 * spread.with_them


def test_a_forecast_begins_without_the_campaign_that_ran_in_the_last_months():
    """Draws of where engagement stands at the last figure, from the same normals, so that laws can be compared."""
    last = range(MONTHS - 1, MONTHS + 1)
    with_it, announced = bank(ran=last), (campaign("engagement", last.start, last.stop - 1),)

    def now(target):
        history = History(MODEL, target)
        solver = solved(history, np.zeros((len(history.names), 400)))
        return at_origin(solver, solver.finish().state, Streams(1), "x").columns["shock.engagement"]

    taken_for_chance, known, without = now(with_it), now(replace(with_it, campaigns=announced)), now(bank())
    assert taken_for_chance.mean() - without.mean() > 0.15
    assert abs(known.mean() - without.mean()) < 0.05
    assert known.std() > 1.05 * without.std()  # it is less well known what was chance and what the campaign


# ------------ clean-ups


def fallen(**more):
    """Return a target whose registered fall by five in a hundred from 2020 to 2021."""
    own = {2019: 4.1e8, 2020: 4.5e8, 2021: 4.275e8, 2022: 4.6e8}
    level = tuple(figure("registered", Month.of(year, 12), persons, 1e5) for year, persons in own.items())
    rest = tuple(f for f in SMALL.reported if f.measure != "registered")
    return replace(SMALL, reported=(*level, *rest), **more)


CLEANED = {Month.of(2021, 6): value("lognormal", 6e7, 0.1)}


def test_a_fall_is_passed_exactly_by_who_was_written_off_and_nobody_is_lost():
    history = History(MODEL, fallen(clean_ups=CLEANED))
    assert "clean_ups.2021-06" in history.names
    z = normals(history, 50)
    found = live(history, z)
    on = found.possible
    assert on.mean() > 0.9
    for mark, level in zip(history.marks, found.marks[:, 0], strict=True):
        own = next(f for f in history.reported("registered") if f.month == mark.month)
        np.testing.assert_allclose(level[on], own.interval.middle, rtol=2e-4)
    people = found.state.occupancy.sum(axis=(0, 1))
    np.testing.assert_allclose(people[on], found.state.customers.sum(axis=0)[on], rtol=1e-12)
    np.testing.assert_allclose(people[on], found.marks[-1, 2, on], rtol=1e-12)
    gone = history.natural(z)["clean_ups.2021-06"]
    assert (found.state.occupancy[MODEL.states.index("closed")].sum(axis=0) > gone)[on].all()


def test_who_is_written_off_is_not_counted_among_those_who_close():
    closed = figure("closed", Month.of(2022, 12), 2e6, 1e5, months=12)
    target = fallen(clean_ups=CLEANED)
    history = History(MODEL, replace(target, reported=(*target.reported, closed)))
    solver = solved(history, normals(history, 20))
    close = next(f for f, flow in enumerate(MODEL.flows) if flow.name == "close")
    moved, month = solver.moved[:, close], Month.of(2021, 6) - DECEMBER - 1
    assert (moved[month] < moved[month - 1]).all()  # fewer dormant are left who might
    assert (moved[month] > 0.5 * moved[month - 1]).all()


def test_of_all_segments_and_only_of_who_could_leave():
    assert [tuple(MODEL.states[k] for k in pair) for pair in exits_of_idle(MODEL)] == [("dormant", "closed")]
    assert exits_of_idle(VILLAGE).shape == (0, 2)
    assert exits_of_idle(MODEL.without(frozenset({"close_rate"}))).shape == (0, 2)


def test_more_than_there_are_is_a_reason_of_its_own_and_the_other_draws_are_not_touched():
    history = History(MODEL, fallen(clean_ups=CLEANED))
    z = normals(history, 40)
    before = live(history, z)
    z[history.row["clean_ups.2021-06"], 3] = 40.0
    found = live(history, z)
    assert "more written off than there are idle users who can leave" in found.refused
    assert np.isneginf(found.log_density[3])
    others = np.arange(40) != 3
    np.testing.assert_array_equal(found.log_density[others], before.log_density[others])


# ------------ where nothing is possible


def test_a_fall_that_no_clean_up_explains_leaves_no_draw_and_the_message_says_what_to_write():
    with pytest.raises(RunError) as refusal:
        first_walkers(History(MODEL, fallen()), Streams(1), 0, 8)
    counted = re.fullmatch(
        r"(\d) of 8,192 draws from the priors pass through every figure: the figures do not move with the shocks "
        r"\(([\d,]+)\), no shock leads to the figures \(([\d,]+)\); "
        r"registered falls from 450000000 \(2020-12\) to 427500000 \(2021-12\): "
        r"if dormant ones were written off, say when: "
        r"clean_ups: \{2021-12: \{registered: \{low: …, high: …\}, reason: …\}\}",
        str(refusal.value),
    )
    assert sum(int(count.replace(",", "")) for count in counted.groups()) == 8192
    assert int(counted[1]) < 8


@pytest.mark.parametrize(
    ("target", "reason", "advice"),
    [
        (
            fallen(clean_ups={Month.of(2021, 6): fixed(4.4e8)}),
            "more written off than there are idle users who can leave",
            "look at clean_ups: only idle users who could leave can be written off",
        ),
        (
            replace(
                SMALL,
                reported=(
                    *(f for f in SMALL.reported if f.measure != "customers"),
                    figure("customers", DECEMBER, 3e8),
                ),
            ),
            "fewer people than are registered",
            "look at the reported customers or at the headroom of the pool",
        ),
    ],
    ids=["too_many_written_off", "small_pool"],
)
def test_where_no_draw_is_possible_the_reasons_are_counted(target, reason, advice):
    with pytest.raises(RunError) as refusal:
        first_walkers(History(MODEL, target), Streams(1), 0, 8)
    text = str(refusal.value)
    said = re.fullmatch(
        rf"none of 8,192 draws from the priors pass through every figure: {reason} \(([\d,]+)\)(.*); {advice}", text
    )
    assert said, text
    counted = [said[1], *re.findall(r"\(([\d,]+)\)", said[2])]
    assert sum(int(count.replace(",", "")) for count in counted) == 8192
