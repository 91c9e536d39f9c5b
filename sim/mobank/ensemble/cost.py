"""What replicates cost, by the fidelity and by what there is to simulate; measured by `tests/benchmarks/limits.py`."""

from collections.abc import Mapping

from mobank.ensemble.plan import Plan, block_size, customers, replicate_bytes

# processor seconds, and bytes of memory beyond what a replicate keeps
A_SEGMENT_MONTH: Mapping[str, float] = {"cohort": 560e-9, "mean_field": 240e-9}  # of a replicate
A_PERSON_MONTH: Mapping[str, float] = {"agents": 0.45e-9, "processes": 5e-6}
A_CONTACT_MONTH = 6e-9  # of a person in a network
A_CONTACT_MADE = 580e-9  # of a person, once
WORKING = 1.3  # memory of a block at work, of what it keeps


def seconds(plan: Plan, replicates: int) -> float:
    """Return the processor seconds of so many replicates of a plan."""
    months = plan.scenario.months
    if plan.fidelity in A_SEGMENT_MONTH:
        return replicates * months * len(plan.scenario.segments) * A_SEGMENT_MONTH[plan.fidelity]
    each = A_PERSON_MONTH[plan.fidelity] * months
    if plan.scenario.network:
        each += A_CONTACT_MONTH * months + A_CONTACT_MADE
    return replicates * customers(plan) * each


def block_bytes(plan: Plan) -> float:
    """Return the memory of one block while it is computed."""
    return WORKING * min(block_size(plan), plan.draws) * replicate_bytes(plan)


def values(plan: Plan) -> int:
    """Return how many numbers a run of a plan keeps."""
    return len(plan.columns) * len(plan.months) * plan.draws
