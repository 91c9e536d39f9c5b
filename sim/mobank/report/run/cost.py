"""What runs take, their folders included: said before they begin."""

from collections.abc import Sequence
from pathlib import Path

from mobank.base import limits
from mobank.base.limits import WorkCost, clock
from mobank.base.machine import cores
from mobank.base.streams import LAYERS
from mobank.ensemble import cost
from mobank.ensemble.paths import MOST_IN_MEMORY
from mobank.ensemble.plan import Plan, block_size, met, refuse_a_crowd
from mobank.ensemble.shapley import ENOUGH, FEWEST, PILOT
from mobank.fidelity import ON_ALL_PROCESSORS

ALONE = 4.5  # processor seconds: Python, libraries, tables, charts and the page
BESIDE = 270e6  # bytes of memory: Python and libraries
PAGES = 1.3e6  # bytes on disk: tables, charts and the page
A_VALUE = 0.22e-6  # processor seconds to summarise and write a number
A_VALUE_ON_DISK = {"mean_field": 7.6}  # bytes in the paths; of other fidelities, which count whole persons:
A_COUNT_ON_DISK = 5.9
CORNERS = 3  # ensembles beside the run's own that shares of the spread take, where three layers matter


def of(plan: Plan, shares: bool) -> WorkCost:
    """Return what a run takes; with `shares` its spread is taken apart."""
    more = 0
    if shares and plan.draws >= FEWEST:
        size = min(2 * plan.draws, ENOUGH)
        more = max(size - plan.draws, 0) + CORNERS * size + len(LAYERS) * PILOT
    numbers, (held, passing) = cost.values(plan), kept_open([plan])
    return WorkCost(
        seconds=clock(cost.seconds(plan, plan.draws + more), ALONE + numbers * A_VALUE, busy(plan)),
        memory=BESIDE + blocks(plan) + held,
        disk=PAGES + numbers * A_VALUE_ON_DISK.get(plan.fidelity, A_COUNT_ON_DISK),
        meanwhile=passing,
    )


def of_several(plans: Sequence[Plan]) -> WorkCost:
    """Return what a comparison takes that runs these plans one after the other and keeps no paths."""
    held, passing = kept_open(plans)
    alone = ALONE + sum(map(cost.values, plans)) * A_VALUE
    return WorkCost(
        seconds=clock(sum(cost.seconds(plan, plan.draws) / busy(plan) for plan in plans), alone, 1),
        memory=BESIDE + max(map(blocks, plans), default=0.0) + held,
        disk=PAGES,
        meanwhile=passing,
    )


def kept_open(plans: Sequence[Plan]) -> tuple[float, float]:
    """Return the bytes in memory, and in temporary files, of paths that are open together."""
    sizes = [8 * cost.values(plan) for plan in plans]
    small = [size for size in sizes if size <= MOST_IN_MEMORY]
    return sum(small), sum(sizes) - sum(small)


def busy(plan: Plan) -> int:
    """Return how many processors are at work on a plan together."""
    at_once = plan.workers if plan.fidelity in ON_ALL_PROCESSORS else _at_once(plan)
    return min(at_once, cores())


def blocks(plan: Plan) -> float:
    """Return the memory of the blocks that are computed together."""
    return _at_once(plan) * cost.block_bytes(plan)


def _at_once(plan: Plan) -> int:
    return 1 if plan.fidelity in ON_ALL_PROCESSORS else min(plan.workers, -(-plan.draws // block_size(plan)))


def refuse(plan: Plan, found: WorkCost, out: Path, key: str, yes: bool) -> None:
    """Refuse a run that takes more than the machine has, or long unless a person has said `yes`.

    Raises
    ------
    InputError
        With the figures.
    """
    refuse_a_crowd(plan, plan.draws)  # what can never be run has a reason of its own
    met(plan)
    what = f"{plan.draws:,} draws of {plan.scenario.months} months"
    limits.refuse(found, what, out, key, "take fewer draws", yes)
