"""
The jobs that we and the peers do, an independent computation of each, and how a repeat is timed.

NumPy and the standard library only, because every peer runs this file in an environment of its own.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

PEOPLE = 10_000_000
MONTHS = 60
STATES = ("never", "active", "lapsed", "dormant")
CHANCES = {
    "innovation": 0.003,  # never -> active: innovation + imitation * (1 - never / people)
    "imitation": 0.05,
    "lapse_chance": 0.15,  # active -> lapsed
    "resume_chance": 0.25,  # lapsed -> active
    "fade_chance": 0.20,  # lapsed -> dormant, of those who did not resume
    "revive_chance": 0.02,  # dormant -> active
}
SPREAD = 0.20


def parameter_sets(count: int) -> dict[str, np.ndarray]:
    """
    Sets of chances within 20 % of `CHANCES`, evenly spread and the same everywhere: an array (set,) a chance.

    References
    ----------
    Niederreiter, H. (1992): the Kronecker sequence of the square roots of the first primes.
    """
    points = np.outer(np.arange(1, count + 1), np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0, 13.0])) % 1.0
    values = np.array(list(CHANCES.values())) * (1 + SPREAD * (2 * points - 1))
    return dict(zip(CHANCES, values.T, strict=True))


def one_by_one(sets: dict[str, np.ndarray]) -> list[dict[str, float]]:
    """The same parameter sets as a list, with one dictionary of floats a set."""
    rows = zip(*(values.tolist() for values in sets.values()), strict=True)
    return [dict(zip(sets, row, strict=True)) for row in rows]


def mean_field(sets: dict[str, np.ndarray], people: float = PEOPLE) -> np.ndarray:
    """Persons expected in each state, shape (set, month, state); every move reads the month's start."""
    c, count = sets, len(sets["innovation"])
    never, active, lapsed, dormant = np.full(count, float(people)), *np.zeros((3, count))
    path = [(never, active, lapsed, dormant)]
    for _ in range(MONTHS):
        adopt = never * (c["innovation"] + c["imitation"] * (1 - never / people))
        lapse, resume = active * c["lapse_chance"], lapsed * c["resume_chance"]
        fade, revive = lapsed * (1 - c["resume_chance"]) * c["fade_chance"], dormant * c["revive_chance"]
        never, active = never - adopt, active + adopt + resume + revive - lapse
        lapsed, dormant = lapsed + lapse - resume - fade, dormant + fade - revive
        path.append((never, active, lapsed, dormant))
    return np.array(path).transpose(2, 0, 1)


class Timing(NamedTuple):
    """Seconds of each repeat: by the clock, of the processor, of its set-up; and the last repeat's result."""

    wall_s: list[float]
    cpu_s: list[float]
    prepare_s: list[float]
    result: Any


Run = Callable[[], Any]


def timed(prepare: Callable[[], Run], repeats: int, warm: Callable[[], Run] | None = None) -> Timing:
    """
    The timing of a job's repeats, after one that warms caches and compilers and is not counted.

    Parameters
    ----------
    prepare : callable
        Sets the job up and returns the function that does it once. Called before every repeat.
    repeats : int
        Counted repeats.
    warm : callable, optional
        Prepares a smaller job to warm up with, where the whole one takes minutes.

    Returns
    -------
    Timing
    """
    result = (warm or prepare)()()
    wall_s, cpu_s, prepare_s = [], [], []
    for _ in range(repeats):
        begun = time.perf_counter()
        run = prepare()
        wall, cpu = time.perf_counter(), time.process_time()
        result = run()
        wall_s.append(time.perf_counter() - wall)
        cpu_s.append(time.process_time() - cpu)
        prepare_s.append(wall - begun)
    return Timing(wall_s, cpu_s, prepare_s, result)


def options(ways: tuple[str, ...], units: str, count: int, repeats: int = 5) -> argparse.Namespace:
    """A script's options: the way a peer does the job (by default the first), units, repeats."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", choices=ways, default=ways[0])
    parser.add_argument(f"--{units}", dest="units", type=int, default=count)
    parser.add_argument("--repeats", type=int, default=repeats)
    return parser.parse_args()


def report(package: str, asked: argparse.Namespace, timing: Timing, **found: object) -> None:
    """Print the line of JSON that `measure` reads; `found` are the job's name, totals and error."""
    line = {"peer": package, "version": version(package), "way": asked.way, "units": asked.units, **found}
    seconds = {name: values for name, values in timing._asdict().items() if name != "result"}
    print(json.dumps(line | seconds))


def report_mean_field(package: str, asked: argparse.Namespace, timing: Timing, paths: np.ndarray) -> None:
    """Print the report of a run with `paths`, persons (set, month, state), unless they miss the recursion."""
    error = float(np.abs(paths - mean_field(parameter_sets(asked.units))).max())
    refuse_above(1e-9 * PEOPLE, error, "persons from the recursion in NumPy")
    totals = dict(zip(STATES, paths[:, -1].mean(axis=0).tolist(), strict=True))
    job = f"mean field: 1 segment, {MONTHS} months, 4 states"
    report(package, asked, timing, job=job, totals=totals, error=error)


def report_agents(package: str, asked: argparse.Namespace, timing: Timing) -> None:
    """
    Print the report of a run that returns persons (month, state), unless they are far from the mean field.

    ``error`` is the largest difference divided by the root of the number of agents. Its standard deviation at the
    worst month and state is 1.22 of that unit (20,000 runs of binomial draws), so an honest run never passes 8.
    """
    mean = mean_field({name: np.array([value]) for name, value in CHANCES.items()}, asked.units)[0]
    error = float(np.abs(np.asarray(timing.result) - mean).max() / np.sqrt(asked.units))
    refuse_above(8.0, error, "roots of the number of agents from the mean field")
    totals = dict(zip(STATES, np.asarray(timing.result)[-1].tolist(), strict=True))
    job = f"agents: one draw per person, {MONTHS} months, 4 states"
    report(package, asked, timing, job=job, totals=totals, error=error)


def refuse_above(limit: float, error: float, unit: str) -> None:
    """Stop with exit code 1 where a peer's result is too far off to be the same job."""
    if not error <= limit:
        sys.exit(f"the peer's result is {error:.6g} {unit}; at most {limit:.6g} is the same job")
