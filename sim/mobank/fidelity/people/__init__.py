"""One record per person as bit planes, and who knows whom: the face of this room (see its README.md).

Six functions and the nouns that they take and return. Each is loaded when it is first asked for, so that what only
needs to know that they exist does not load compiled code.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobank.fidelity.people.exposure_counts import ExposureCounts
    from mobank.fidelity.people.networks import Graph, build, bytes_needed, salted
    from mobank.fidelity.people.population import Met, Population, cuts_of, threads, workers
    from mobank.fidelity.people.thread_team import Each, ThreadTeam

__all__ = ["Each", "ExposureCounts", "Graph", "Met", "Population", "ThreadTeam", "build", "bytes_needed", "cuts_of",
           "salted", "threads", "workers"]  # fmt: skip

_PLACES = {
    **dict.fromkeys(("Graph", "build", "bytes_needed", "salted"), "networks"),
    **dict.fromkeys(("Met", "Population", "cuts_of", "threads", "workers"), "population"),
    **dict.fromkeys(("Each", "ThreadTeam"), "thread_team"),
    "ExposureCounts": "exposure_counts",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
