"""Our side of each job, and the plain NumPy draws that the cohort's cost is held against.

Every function runs one repeat and returns seconds of the clock and of the processor, so that a benchmark can take
turns with a peer and both meet the same noise of the machine.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mobank.base import kernels
from mobank.base.machine import keep_freed
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.schedule import Schedule
from mobank.ensemble.plan import Plan, kept, run_block
from mobank.fidelity import cohort, mean_field
from mobank.model.grammar import Flow, Measure, Model, Parameter
from mobank.model.mobile_banking import MODEL
from mobank.scenario.reader import load
from tests.benchmarks.peers import jobs

SHAPE = Path(__file__).parent / "bench.yaml"
BLOCK = 2000


class Seconds(NamedTuple):
    """Seconds by the clock and of the processor."""

    wall: float
    cpu: float


def timed(job: Callable[[], Any]) -> tuple[Seconds, Any]:
    """Return the seconds that a job took, and its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = job()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu), result


# ------------ the cohort against its own draws


def cohort_plan(replicates: int) -> Plan:
    """8 segments, 120 months, levers, a policy, an event, season and shocks."""
    return Plan(MODEL, load(SHAPE, MODEL), draws=replicates)


def cohort_run(replicates: int) -> int:
    """Run the shape, parameters drawn and starts balanced included; return the binomial draws made."""
    keep_freed()
    plan = cohort_plan(replicates)
    for first in range(0, replicates, BLOCK):
        numbers = np.arange(first, min(first + BLOCK, replicates))
        trajectory, _ = run_block(plan, numbers)
        kept(plan, trajectory, numbers)
    return replicates * plan.scenario.months * len(plan.scenario.segments) * int((MODEL.leaves >= 0).sum())


def recorded_draws(months_apart: int) -> list[tuple[Any, Any]]:
    """Return n and p of all draws of a block in every so manieth month, as the run itself made them."""
    found: list[tuple[Any, Any]] = []
    compete, calls = kernels.compete, iter(range(10**9))

    def record(occupancy: Any, chances: Any, leaves: Any, lots: Any, who: Any, moves: Any) -> None:
        compete(occupancy, chances, leaves, lots, who, moves)
        if next(calls) % months_apart:
            return
        for f, k in enumerate(leaves):
            earlier = [g for g in range(f) if leaves[g] == k]
            left = occupancy[k] - sum((moves[g] for g in earlier), np.zeros_like(moves[f]))
            certain = 1.0 - sum((chances[g] for g in earlier), np.zeros_like(chances[f]))
            if k >= 0:
                found.append((left.ravel(), (chances[f] / certain).ravel()))

    cohort.kernels.compete = record
    try:
        run_block(cohort_plan(BLOCK), np.arange(BLOCK))
    finally:
        cohort.kernels.compete = compete
    return found


def numpy_draws(draws: list[tuple[Any, Any]], generator: np.random.Generator) -> int:
    """Make the same draws with NumPy alone; return how many."""
    for n, p in draws:
        generator.binomial(n, p)
    return sum(n.size for n, _ in draws)


# ------------ the jobs of the peers


def common_model() -> Model:
    """Return the peers' common job in our grammar; chances per month become hazards, -log(1 - chance)."""

    def parameter(name: str) -> Parameter:
        return Parameter(name, "rate", (0.0001, 0.45), name)

    def adopting(innovation: Any, imitation: Any, exposure: Any) -> Any:
        return -np.log1p(-(innovation + imitation * exposure))

    return Model(
        name="common job",
        states=jobs.STATES,
        exposed_to=jobs.STATES[1:],
        parameters=tuple(map(parameter, ("innovation", "imitation", "lapse", "resume", "fade", "revive"))),
        flows=(
            Flow("adopt", "never", "active", adopting),
            Flow("lapse", "active", "lapsed", lambda lapse: lapse),
            Flow("resume", "lapsed", "active", lambda resume: resume),
            Flow("fade", "lapsed", "dormant", lambda fade: fade),
            Flow("revive", "dormant", "active", lambda revive: revive),
        ),
        measures=(Measure("active", "active", stock=("active",)),),
    )


def common_values(sets: dict[str, Any]) -> dict[str, Any]:
    """Return the hazards of the common job's parameter sets, each (1, R)."""
    resume = sets["resume_chance"]
    fade = (1 - resume) * sets["fade_chance"]
    per_chance = -np.log1p(-(resume + fade)) / (resume + fade)
    values = {
        "innovation": sets["innovation"],
        "imitation": sets["imitation"],
        "lapse": -np.log1p(-sets["lapse_chance"]),
        "resume": resume * per_chance,
        "fade": fade * per_chance,
        "revive": -np.log1p(-sets["revive_chance"]),
    }
    return {name: value[None] for name, value in values.items()}


def common_job(count: int) -> Callable[[], Any]:
    """Return the mean-field run over so many parameter sets; it returns persons (month, state, set)."""
    keep_freed()
    model, values = common_model(), common_values(jobs.parameter_sets(count))
    start = np.zeros((4, 1, count))
    start[0] = jobs.PEOPLE

    def run() -> Any:
        schedule = Schedule(model, Month.of(2022, 12), jobs.MONTHS, values, np.arange(count), ["all"])
        return mean_field.run(model, schedule, start, np.ones((1, 1)), Streams(1)).occupancy[:, :, 0]

    return run


def common_replicates(first: int, last: int, people: int) -> Any:
    """Run some replicates of the common job with counts of persons; return persons (month, state), all together."""
    keep_freed()
    count = last - first
    values = common_values({name: np.full(count, chance) for name, chance in jobs.CHANCES.items()})
    start = np.zeros((4, 1, count), np.int64)
    start[0] = people
    model, numbers, streams = common_model(), np.arange(first, last), Streams(1)
    schedule = Schedule(model, Month.of(2022, 12), jobs.MONTHS, values, numbers, ["all"])
    return cohort.run(model, schedule, start, np.ones((1, 1)), streams).occupancy.sum(axis=(2, 3))


def epidemic_job(replicates: int) -> Callable[[], Any]:
    """Return epydemix's job for the cohort: 8 groups, 120 steps, 6 compartments, 6 transitions."""
    keep_freed()
    rates = {"adopt": 0.03, "settle": 1 / 30, "lapse": 0.005, "resume": 0.01, "fade": 0.007, "revive": 0.001}
    states = ("never", "new", "active", "lapsed", "dormant", "closed")
    model = Model(
        name="six transitions",
        states=states,
        exposed_to=("active",),
        parameters=tuple(Parameter(name, "rate", (0.0001, 0.5), name) for name in rates),
        flows=(
            Flow("adopt", "never", "new", lambda adopt, exposure: adopt * exposure),
            Flow("settle", "new", "active", lambda settle: settle),
            Flow("lapse", "active", "lapsed", lambda lapse: lapse),
            Flow("resume", "lapsed", "active", lambda resume: resume),
            Flow("fade", "lapsed", "dormant", lambda fade: fade),
            Flow("revive", "dormant", "active", lambda revive: revive),
        ),
        measures=(Measure("active", "active", stock=("active",)),),
    )
    values = {name: np.full((1, 1), rate) for name, rate in rates.items()}
    start = np.zeros((6, 8, replicates), np.int64)
    start[0], start[2] = 28_500_000, 1_500_000
    segments = [f"group {g}" for g in range(8)]

    def run() -> Any:
        schedule = Schedule(model, Month.of(2022, 12), 120, values, np.arange(replicates), segments)
        return cohort.run(model, schedule, start, np.full((8, 8), 1 / 8), Streams(1)).occupancy

    return run


if __name__ == "__main__":  # a process of its own, whose peak of memory is then asked for
    from mobank.ensemble.run import run

    with run(replace(cohort_plan(int(sys.argv[1])), workers=2)) as ensemble:
        print(ensemble.month("mau", 120).mean())
