"""The calendar: dated, uncertain, recurring and state-triggered changes, what they do to a value and what they cost."""

import math

import numpy as np
import pytest

from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.changes import Change
from mobank.dynamics.schedule import Schedule
from mobank.model.grammar import Flow, Measure, Model, Parameter
from mobank.scenario.scenario import FOREVER, Cost, Trigger, When

START = Month.of(2022, 12)
RATES = ("up_rate", "down_rate", "still_rate")
BANK = Model(
    "calendar",
    ("in", "out"),
    (
        Parameter("up_rate", "rate", (0.0, 1.0), "", moved_by="luck"),
        Parameter("down_rate", "rate", (0.0, 1.0), "", moved_by="luck", sign=-1),
        Parameter("still_rate", "rate", (0.0, 1.0), ""),
    ),
    (
        Flow("rise", "out", "in", lambda up_rate, still_rate: up_rate + still_rate),
        Flow("fall", "in", "out", lambda down_rate: down_rate),
    ),
    (Measure("inside", "", stock=("in",)),),
    shocks=("luck",),
)
NOBODY = np.zeros((2, 2, 3))


def on(first, last=None, gap=0.0):
    return When(first, last or first, gap)


def change(
    operation="multiply",
    amount=2.0,
    begins=None,
    name="campaign",
    parameter="still_rate",
    segments=(True, True),
    replicates=3,
    **shape,
):
    amounts = np.broadcast_to(np.asarray(amount, float), replicates).copy()
    begins = begins or on(Month.of(2023, 4))
    return Change(name, parameter, operation, amounts, np.array(segments), begins, **shape)


def schedule(*changes, length=12, replicates=3, base=0.1, **calendar):
    values = {name: np.full((2, replicates), base) for name in RATES}
    return Schedule(BANK, START, length, values, np.arange(replicates), ("old", "young"), changes, **calendar)


def values(calendar, parameter="still_rate", people=None):
    """Return a parameter's value in every month, (T, S, R)."""
    return np.stack(
        [
            np.broadcast_to(found.value[parameter], (2, calendar.replicates.size))
            for t in range(1, calendar.length + 1)
            if (found := calendar.at(t, NOBODY if people is None else people(t)))
        ]
    )


def by_month(found):
    """Return the value of the first segment and replicate in every month."""
    return found[:, 0, 0]


# ------------ dated changes


def test_without_changes_a_value_stays_what_it_is():
    calendar = schedule()
    assert (values(calendar) == 0.1).all()
    assert not calendar.spent.any()


@pytest.mark.parametrize(
    ("operation", "amount", "changed"), [("multiply", 2.0, 0.2), ("set", 0.7, 0.7), ("add", 0.05, 0.15)]
)
def test_a_dated_change_holds_from_its_first_to_its_last_month(operation, amount, changed):
    found = by_month(values(schedule(change(operation, amount, lasts_months=3))))
    np.testing.assert_allclose(found, [0.1] * 3 + [changed] * 3 + [0.1] * 6, rtol=1e-12)
    assert (found[6:] == 0.1).all(), "the value is computed anew, never divided back"


def test_a_change_without_an_end_goes_on():
    assert by_month(values(schedule(change(lasts_months=FOREVER)))).tolist() == [0.1] * 3 + [0.2] * 9


def test_a_change_that_began_before_the_start_is_in_force_for_what_is_left_of_it():
    found = by_month(values(schedule(change(begins=on(Month.of(2022, 10)), lasts_months=4))))
    assert found.tolist() == [0.2] + [0.1] * 11


def test_a_change_after_the_horizon_does_nothing():
    assert (values(schedule(change(begins=on(Month.of(2024, 1))))) == 0.1).all()


def test_a_ramp_rises_in_equal_steps_and_is_full_in_its_last_month():
    found = by_month(values(schedule(change(amount=3.0, ramp_months=4))))
    np.testing.assert_allclose(found, [0.1] * 3 + [0.15, 0.2, 0.25, 0.3] + [0.3] * 5, rtol=1e-12)


def test_an_effect_halves_with_its_half_life():
    found = by_month(values(schedule(change("add", 0.08, half_life_months=3.0))))
    np.testing.assert_allclose(found[3:] - 0.1, 0.08 * 2 ** (-np.arange(9) / 3.0), rtol=1e-12)


def test_an_effect_rises_first_and_then_halves():
    found = by_month(values(schedule(change("add", 0.08, ramp_months=2, half_life_months=2.0))))
    np.testing.assert_allclose(found[3:9] - 0.1, [0.04, 0.08, *(0.08 * 2 ** (-np.arange(1, 5) / 2))], rtol=1e-12)


def test_a_set_value_on_a_ramp_is_that_share_of_the_way_there():
    found = by_month(values(schedule(change("set", 0.5, ramp_months=4))))
    np.testing.assert_allclose(found[3:7], [0.2, 0.3, 0.4, 0.5], rtol=1e-12)


def test_a_change_touches_its_segments_only():
    found = values(schedule(change(segments=(False, True))))
    assert (found[:, 0] == 0.1).all()
    assert (found[3:, 1] == 0.2).all()


def test_amounts_are_those_of_each_replicate():
    found = values(schedule(change(amount=[1.0, 2.0, 3.0])))
    np.testing.assert_allclose(found[5, 0], [0.1, 0.2, 0.3])


def test_changes_that_both_multiply_multiply():
    twice = change(amount=3.0, name="other", begins=on(Month.of(2023, 6)), lasts_months=2)
    found = by_month(values(schedule(change(lasts_months=4), twice)))
    np.testing.assert_allclose(found, [0.1] * 3 + [0.2] * 2 + [0.6] * 2 + [0.1] * 5, rtol=1e-12)


# ------------ season, shocks, and what is new


def test_a_season_multiplies_by_calendar_month():
    factors = np.linspace(0.5, 1.6, 12)
    found = by_month(values(schedule(season={"still_rate": factors}, length=24)))
    np.testing.assert_allclose(found, 0.1 * np.tile(factors, 2), rtol=1e-12)


def test_a_shock_multiplies_what_it_raises_and_divides_what_it_lowers():
    path = np.linspace(-0.3, 0.4, 36).reshape(12, 3)
    calendar = schedule(shocks={"luck": path})
    for t in range(12):
        found = calendar.at(t + 1, NOBODY).value
        np.testing.assert_allclose(found["up_rate"], np.tile(0.1 * np.exp(path[t]), (2, 1)), rtol=1e-12)
        np.testing.assert_allclose(found["down_rate"], np.tile(0.1 * np.exp(-path[t]), (2, 1)), rtol=1e-12)
        assert (found["still_rate"] == 0.1).all()


def test_levers_season_and_shock_multiply_and_a_set_value_meets_both():
    path, factors = np.full((12, 3), 0.2), np.full(12, 1.5)
    lever = change("set", 0.4, parameter="up_rate")
    found = by_month(values(schedule(lever, shocks={"luck": path}, season={"up_rate": factors}), "up_rate"))
    np.testing.assert_allclose(found, [0.1 * 1.5 * math.exp(0.2)] * 3 + [0.4 * 1.5 * math.exp(0.2)] * 9, rtol=1e-12)


def test_only_what_changed_is_said_to_have_changed():
    calendar = schedule(change(lasts_months=2), season={"down_rate": np.linspace(0.5, 1.6, 12)})
    news = [calendar.at(t, NOBODY).changed for t in range(1, 13)]
    assert news[0] == set(RATES), "in the first month everything is new"
    assert [("still_rate" in n) for n in news[1:]] == [False, False, True, False, True] + [False] * 6
    assert all("down_rate" in n for n in news)
    assert not any("up_rate" in n for n in news[1:])


# ------------ uncertain dates


def beginnings(found):
    """Return for each replicate the months (0 first) in which the first segment's value rises."""
    raised = np.diff((found[:, 0] > 0.1).astype(int), axis=0, prepend=0) == 1
    return [np.flatnonzero(column) for column in raised.T]


def test_a_change_between_two_months_begins_in_each_of_them_equally_often(seed):
    """A chi-square test; it fails below a p-value of 1 in 10,000."""
    from scipy import stats

    between = change(begins=on(Month.of(2023, 3), Month.of(2023, 8)), lasts_months=2, replicates=6_000)
    found = values(schedule(between, replicates=6_000, streams=Streams(seed)))
    begun = beginnings(found)
    assert all(months.size == 1 for months in begun)
    seen = np.bincount(np.concatenate(begun), minlength=12)
    assert not seen[:2].any()
    assert not seen[8:].any()
    assert stats.chisquare(seen[2:8]).pvalue > 1e-4
    assert ((found > 0.1).sum(axis=0) == 2).all()


def test_a_recurring_change_has_geometric_gaps_from_the_end_of_one_to_the_next(seed):
    """Mean gap 5 months, 3 months in force: 4 standard errors (6 in 100,000) and a chi-square test (1 in 10,000)."""
    from scipy import stats

    again = change(begins=on(Month.of(2023, 1), gap=5.0), lasts_months=3, replicates=2_000)
    calendar = schedule(again, replicates=2_000, length=240, streams=Streams(seed))
    begun = np.stack([calendar.at(t, NOBODY) and calendar.began["campaign"].copy() for t in range(1, 241)])
    starts = [np.unique(column[column > 0]) for column in begun.T]
    first = np.array([s[0] for s in starts])
    gaps = np.concatenate([np.diff(s) - 2 for s in starts])  # 3 months in force, then 0 or more quiet ones
    early = np.concatenate([(np.diff(s) - 2)[s[:-1] < 150] for s in starts])  # so that no long gap is cut off
    assert gaps.min() == 1
    for sample in (first, early):
        assert abs(sample.mean() - 5.0) < 4 * math.sqrt(20.0 / sample.size)
        seen = np.bincount(np.minimum(sample, 25), minlength=26)[1:]
        chance = np.append(0.2 * 0.8 ** np.arange(24), 0.8**24)
        assert stats.chisquare(seen, chance * sample.size).pvalue > 1e-4


def test_an_event_that_has_not_happened_yet_changes_nothing(seed):
    again = change(begins=on(Month.of(2023, 1), gap=1_000.0), lasts_months=3, replicates=50)
    found = values(schedule(again, replicates=50, streams=Streams(seed)))
    assert ((found[:, 0] > 0.1).any(axis=0)).mean() < 0.2


# ------------ policies


def inside(*levels):
    """Return who is where when so many are inside, by replicate: (K, S, R)."""
    people = np.zeros((2, 2, len(levels)))
    people[0, 0], people[0, 1] = np.array(levels) - 10.0, 10.0
    return people


def policy(trigger, **shape):
    shape = {"lasts_months": 2, "begins": on(Month.of(2023, 1), Month.of(2030, 1))} | shape
    return change(trigger=trigger, **shape)


def months_in_force(found, replicate=0):
    return [int(t) + 1 for t in np.flatnonzero(found[:, 0, replicate] > 0.1)]


def test_a_policy_fires_in_one_replicate_and_not_in_its_neighbour():
    below = policy(Trigger("inside", 100.0))
    found = values(schedule(below, replicates=3), people=lambda t: inside(120.0, 90.0 if t == 4 else 120.0, 120.0))
    assert months_in_force(found, 0) == []
    assert months_in_force(found, 1) == [4, 5]
    assert months_in_force(found, 2) == []


def test_a_policy_above_a_level_fires_above_it_and_not_at_it():
    above = policy(Trigger("inside", 100.0, below=False))
    found = values(schedule(above, replicates=3), people=lambda t: inside(100.0, 100.5, 99.0))
    assert [bool(months_in_force(found, r)) for r in range(3)] == [False, True, False]


def test_a_policy_waits_until_its_condition_has_held_for_so_many_months():
    levels = {1: 90, 2: 90, 3: 120, 4: 90, 5: 90, 6: 90}
    below = policy(Trigger("inside", 100.0, for_months=3))
    found = values(schedule(below), people=lambda t: inside(*[levels.get(t, 120)] * 3))
    assert months_in_force(found) == [6, 7]


def test_a_policy_does_not_begin_again_while_it_runs_and_does_once_it_has_ended():
    below = policy(Trigger("inside", 100.0), lasts_months=3, ramp_months=3, amount=4.0)
    found = by_month(values(schedule(below), people=lambda t: inside(90, 90, 90)))
    np.testing.assert_allclose(found, [0.2, 0.3, 0.4] * 4, rtol=1e-12)


def test_a_policy_fires_at_most_so_many_times():
    below = policy(Trigger("inside", 100.0, at_most=2))
    assert months_in_force(values(schedule(below), people=lambda t: inside(90, 90, 90))) == [1, 2, 3, 4]


def test_a_policy_fires_only_between_its_dates():
    """It begins in March, again when that has ended, in June, and not in September."""
    below = policy(Trigger("inside", 100.0), begins=on(Month.of(2023, 3), Month.of(2023, 6)), lasts_months=3)
    assert months_in_force(values(schedule(below), people=lambda t: inside(90, 90, 90))) == [3, 4, 5, 6, 7, 8]


def test_a_policy_keeps_within_its_yearly_budget_and_starts_afresh_in_january():
    """Each campaign costs 10 + 2 × 5 = 20; 50 a year pay for two in each year. One in December is paid in both."""
    below = policy(Trigger("inside", 100.0, budget_a_year=50.0), cost=Cost(once=10.0, a_month=5.0))
    calendar = schedule(below, length=24)
    found = values(calendar, people=lambda t: inside(90, 90, 90))
    assert months_in_force(found) == [1, 2, 3, 4, 13, 14, 15, 16]
    assert calendar.spent[:, 0].tolist() == [15, 5, 15, 5] + [0] * 8 + [15, 5, 15, 5] + [0] * 8


def test_what_a_campaign_will_cost_next_year_counts_against_next_years_budget():
    """Begun in December it leaves 20 of the 30 for the year after, and a campaign within that year costs 30."""
    below = policy(
        Trigger("inside", 100.0, budget_a_year=30.0),
        lasts_months=2,
        cost=Cost(once=10.0, a_month=10.0),
        begins=on(Month.of(2023, 12), Month.of(2024, 11)),
    )
    calendar = schedule(below, length=24)
    found = values(calendar, people=lambda t: inside(90, 90, 90))
    assert months_in_force(found) == [12, 13]
    assert calendar.spent[:, 0].sum() == 30.0
    assert calendar.spent[11:13, 0].tolist() == [20.0, 10.0]


def test_a_policy_that_cannot_be_paid_for_does_not_fire():
    below = policy(Trigger("inside", 100.0, budget_a_year=14.0), cost=Cost(once=10.0, a_month=5.0))
    assert months_in_force(values(schedule(below), people=lambda t: inside(90, 90, 90))) == []


def test_budgets_and_counts_are_those_of_each_replicate():
    below = policy(Trigger("inside", 100.0, at_most=1))
    found = values(schedule(below), people=lambda t: inside(90 if t == 2 else 120, 90 if t == 9 else 120, 120))
    assert [months_in_force(found, r) for r in range(3)] == [[2, 3], [9, 10], []]


# ------------ costs


def test_a_dated_lever_costs_once_in_its_first_month_and_monthly_while_it_lasts():
    calendar = schedule(change(lasts_months=3, cost=Cost(once=100.0, a_month=7.0)))
    values(calendar)
    assert calendar.spent[:, 1].tolist() == [0, 0, 0, 107, 7, 7] + [0] * 6


def test_costs_of_several_levers_add_up():
    one = change(lasts_months=3, cost=Cost(a_month=7.0))
    other = change(lasts_months=1, cost=Cost(once=1.0), name="other", begins=on(Month.of(2023, 5)))
    calendar = schedule(one, other)
    values(calendar)
    assert calendar.spent[:, 0].tolist() == [0, 0, 0, 7, 8, 7] + [0] * 6


def test_costs_of_an_uncertain_date_fall_when_it_comes(seed):
    between = on(Month.of(2023, 2), Month.of(2023, 9))
    uncertain = change(begins=between, lasts_months=2, cost=Cost(once=5.0, a_month=1.0), replicates=40)
    calendar = schedule(uncertain, replicates=40, streams=Streams(seed))
    found = values(calendar)
    assert (calendar.spent.sum(axis=0) == 7.0).all()
    np.testing.assert_array_equal(calendar.spent > 0, found[:, 0] > 0.1)
