"""One process per customer: whose luck it is, odd sizes, the shared calendar, and crowds that are refused."""

from dataclasses import replace

import numpy as np
import pytest

from mobank.base.errors import InputError
from mobank.base.quantities import Interval, Month
from mobank.base.streams import Streams
from mobank.dynamics.schedule import Schedule
from mobank.ensemble.plan import Plan, block_size, run_block
from mobank.ensemble.run import run
from mobank.fidelity import BYTES_A_LIFE, processes
from mobank.model.grammar import Flow, Measure, Model, Parameter, Resource
from mobank.model.mobile_banking import MODEL

TOWN = Model(
    "town",
    ("prospect", "user"),
    (
        Parameter("ask_rate", "rate", (0.0, 50.0), ""),
        Parameter("go_rate", "rate", (0.0, 9.0), ""),
        Parameter("grow_rate", "rate", (0.0, 1.0), ""),
        Parameter("places", "persons a month", (0.0, 1e9), "", bank_wide=True, unlimited=True),
    ),
    (
        Flow("ask", "prospect", "user", lambda ask_rate: ask_rate, served_by="desk"),
        Flow("leave", "user", "prospect", lambda go_rate: go_rate),
        Flow("come", None, "prospect", lambda grow_rate, customers: grow_rate * customers),
    ),
    (Measure("users", "", stock=("user",)),),
    (Resource("desk", "places"),),
)
VALUES = {"ask_rate": 0.5, "go_rate": 0.2, "grow_rate": 0.05, "places": 7.3}


@pytest.fixture(scope="module")
def village(baseline):
    """Return the baseline for a village, a hundred-thousandth of the bank, and one year."""
    reported = tuple(
        replace(f, interval=Interval(f.interval.low / 1e5, f.interval.high / 1e5, f.interval.stale_share))
        for f in baseline.reported
    )
    return replace(baseline, reported=reported, until=baseline.start + 6)


def test_a_replicate_lived_alone_is_its_column_in_a_block(drive):
    block = drive(TOWN, VALUES, [(60, 5), (20, 0)], "processes", 8, 5)
    alone = drive(TOWN, VALUES, [(60, 5), (20, 0)], "processes", 8, [3])
    np.testing.assert_array_equal(alone.occupancy[..., 0], block.occupancy[..., 3])
    np.testing.assert_array_equal(alone.moves[..., 0], block.moves[..., 3])
    assert len({block.moves[..., r].tobytes() for r in range(5)}) == 5


def test_another_segment_leaves_the_luck_of_a_life_as_it_was(drive):
    values = VALUES | {"places": np.inf}
    alone = drive(TOWN, values, (60, 20), "processes", 8, 3)
    beside = drive(TOWN, values, [(60, 50), (20, 50)], "processes", 8, 3)
    np.testing.assert_array_equal(beside.moves[:, :, :1], alone.moves)


def test_another_seed_is_another_life(drive):
    runs = [drive(TOWN, VALUES, (60, 20), "processes", 8, 3, streams=Streams(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0].moves, runs[1].moves)
    assert (runs[0].moves != runs[2].moves).any()


@pytest.mark.parametrize("people", [0, 1, 2, 63, 65])
def test_odd_sizes_and_empty_segments_are_right(drive, people):
    run = drive(TOWN, VALUES | {"grow_rate": 0.0}, [(people, 0, 0), (0, 0, people)], "processes", 5, 4)
    assert (run.occupancy.sum(axis=1) == np.array([people, 0, people])[:, None]).all()
    assert (run.moves[:, :, 1] == 0).all()


def test_where_all_ask_every_place_is_taken_and_none_is_lost_to_rounding(drive):
    run = drive(
        TOWN,
        VALUES | {"ask_rate": 50.0, "go_rate": 0.0, "grow_rate": 0.0, "places": 7.25},
        (200, 0),
        "processes",
        10,
        2,
    )
    np.testing.assert_array_equal(run.observe("users")[:, 0], np.floor(7.25 * np.arange(11)))


def test_those_who_come_live_from_the_month_after(drive):
    come = VALUES | {"ask_rate": 50.0, "go_rate": 0.0, "grow_rate": 1.0, "places": np.inf}
    run = drive(TOWN, come, (10, 0), "processes", 3, 1)
    assert run.moves[:, :, 0, 0].tolist() == [[10, 0, 10], [10, 0, 20], [20, 0, 40]]


def test_lives_share_the_calendar_of_the_schedule():
    base = {name: np.full((1, 1), float(value)) for name, value in VALUES.items()}
    schedule = Schedule(TOWN, Month.of(2022, 12), 4, base, np.arange(1), ["all"])
    told = []

    def bystander(environment):
        while True:
            yield environment.timeout(1)
            told.append(environment.now)

    schedule.environment.process(bystander(schedule.environment))
    processes.run(TOWN, schedule, np.array([[[30]], [[0]]]), np.ones((1, 1)), Streams(1))
    assert told == [1, 2, 3, 4]
    assert schedule.environment.now == 5


def test_a_scenario_of_a_village_runs_and_no_block_of_it_is_too_large(village):
    plan = Plan(MODEL, village, draws=3, seed=4, fidelity="processes", by_segment=True)
    found, _ = run_block(plan, np.arange(3))
    cohort, _ = run_block(replace(plan, fidelity="cohort"), np.arange(3))
    np.testing.assert_array_equal(found.occupancy[0], cohort.occupancy[0])
    assert (np.abs(found.observe("mau")[6] / cohort.observe("mau")[6] - 1) < 0.15).all()
    assert block_size(replace(plan, draws=5_000)) * 7_200 * BYTES_A_LIFE["processes"] < 1e8


def test_a_bank_is_refused_before_it_begins_with_the_figure(baseline):
    plan = Plan(MODEL, baseline, draws=2_000, fidelity="processes")
    with pytest.raises(InputError) as refusal:
        run(plan)
    assert str(refusal.value) == (
        "--fidelity processes: 720,000,000 customers × 2,000 draws × 60 months are 86,400,000,000,000 months of single"
        " lives; at most 2,000,000,000 are lived one by one; --fidelity cohort has the same law at any size\n"
        "1 problem; nothing was run."
    )
    with pytest.raises(InputError):
        run_block(plan, np.arange(1))
