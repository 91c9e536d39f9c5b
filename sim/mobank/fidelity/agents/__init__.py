"""One record per person, up to every customer of a national bank: one draw a person a month.

In law the same as the cohort where everybody meets everybody. On a network each person is exposed to the own contacts:
hazards become a table by segment and by active contacts. Replicates one after another, persons in parallel.
"""

from mobank.base.arrays import Floats, Ints
from mobank.base.streams import Streams
from mobank.dynamics.contacts import Contacts
from mobank.dynamics.schedule import Schedule
from mobank.dynamics.trajectory import Trajectory
from mobank.model.grammar import Model


def run(
    model: Model, schedule: Schedule, start: Ints, mixing: Floats | Contacts, streams: Streams, by_segment: bool = True
) -> Trajectory:
    """Return the trajectory of a block of replicates.

    Parameters
    ----------
    start : (K, S, R) persons in each state at the end of the start month.
    mixing : (S, S) row-stochastic, who meets whom; or that and a network.

    Raises
    ------
    InputError
        If so many people do not fit in memory.
    """
    from mobank.fidelity.agents.block import run_people  # compiled code that no other fidelity needs

    contacts = mixing if isinstance(mixing, Contacts) else Contacts(mixing)
    return run_people(model, schedule, start, contacts, streams, by_segment)
