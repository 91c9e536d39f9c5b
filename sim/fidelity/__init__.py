"""The fidelities: one description of a bank, run in more than one way.

Each is a function ``run(model, schedule, start, mixing, streams, by_segment) -> Trajectory``; FIDELITIES names
them. They do not know of each other.
"""

from collections.abc import Callable

from sim.fidelity import cohort, mean_field, processes
from sim.trajectory import Trajectory

FIDELITIES: dict[str, Callable[..., Trajectory]] = {
    "cohort": cohort.run,
    "mean_field": mean_field.run,
    "processes": processes.run,
}
BYTES_A_LIFE = {"processes": 1000}  # of a fidelity that lives every life by itself, measured
