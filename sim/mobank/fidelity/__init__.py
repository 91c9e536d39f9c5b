"""The fidelities: one description of a bank, run in more than one way.

Each is a function ``run(model, schedule, start, mixing, streams, by_segment) -> Trajectory``; FIDELITIES names
them. They do not know of each other.
"""

from collections.abc import Callable

from mobank.dynamics.trajectory import Trajectory
from mobank.fidelity import agents, cohort, mean_field, processes

FIDELITIES: dict[str, Callable[..., Trajectory]] = {
    "agents": agents.run,
    "cohort": cohort.run,
    "mean_field": mean_field.run,
    "processes": processes.run,
}
BYTES_A_LIFE = {"agents": 1, "processes": 1000}  # of a fidelity that knows every person, measured, rounded up
MOST_LIVED = {"agents": 2 * 10**13, "processes": 2 * 10**9}  # months of single lives in a run: some hours
ON_ALL_PROCESSORS = ("agents",)  # blocks of replicates one after another, each on all processors
FOLLOWS_NETWORKS = "agents"  # the one that knows who knows whom
