"""One block of replicates from its start to its end, month by month."""

import numpy as np

from mobank.base.arrays import Ints
from mobank.base.errors import InputError, Problem
from mobank.base.machine import free
from mobank.base.streams import Streams
from mobank.dynamics.contacts import Contacts, exposure_of
from mobank.dynamics.ledger import Ledger
from mobank.dynamics.month import intake, whole
from mobank.dynamics.schedule import Schedule
from mobank.dynamics.trajectory import Trajectory
from mobank.fidelity.agents.codes import Codes
from mobank.fidelity.agents.desk import AgentsDesk
from mobank.fidelity.agents.on_network import OnNetwork
from mobank.fidelity.agents.seeding import sow
from mobank.fidelity.agents.well_mixed import WellMixed
from mobank.fidelity.people import Each, Graph, build, bytes_needed, threads
from mobank.model.grammar import Model
from mobank.scenario.scenario import Network


def run_people(
    model: Model, schedule: Schedule, start: Ints, contacts: Contacts, streams: Streams, by_segment: bool
) -> Trajectory:
    """Return the trajectory of a block of replicates; see `mobank.fidelity.agents.run`."""
    occupancy = start.astype(np.int64)
    ledger = Ledger(model, occupancy, len(schedule.months), by_segment)
    carried = np.zeros((len(model.intakes), *occupancy.shape[1:]))
    spare = {name: np.zeros(occupancy.shape[2]) for name in model.rationed}
    codes = Codes(model)
    refuse_too_many(occupancy, codes, contacts.network)

    with threads() as team:
        people = [
            codes.settled(occupancy[:, :, r], team, _graph(contacts, streams, schedule, occupancy, r, team.each))
            for r in range(occupancy.shape[2])
        ]
        exposed = OnNetwork(codes, people) if contacts.network else WellMixed(codes, *occupancy.shape[1:])
        if contacts.witness:
            contacts.witness(0, people)
        for t, month in enumerate(schedule.months):
            values = schedule.at(t + 1, occupancy)
            average = exposure_of(model, contacts.mixing, occupancy, ledger.customers)
            places = {name: whole(values.capacity(model, name, left.size), left) for name, left in spare.items()}
            moves = ledger.blank(t)
            moves[...] = 0
            desk = AgentsDesk(codes, people, streams, month.ordinal, schedule)
            exposed.move(values, average, desk, places, moves)
            if model.intakes:
                come = whole(intake(model, values, ledger.customers), carried)
                codes.admit(people, come)
                moves[list(model.intakes)] = come
            if contacts.network and contacts.network.seeds and contacts.network.seeds.month == month:
                sow(contacts.network, codes, people, streams, schedule, moves)
            for crowd_ in people:
                crowd_.tell(codes.exposed)
            if contacts.witness:
                contacts.witness(t + 1, people)
            ledger.enter(t, moves)

    return ledger.close(schedule.spent)


def _graph(
    contacts: Contacts, streams: Streams, schedule: Schedule, occupancy: Ints, r: int, each: Each
) -> tuple[Graph, np.uint64] | None:
    """Return a replicate's network, and the key of who stands where in it."""
    if contacts.network is None:
        return None
    keys = [streams.keys("environment", item, schedule.replicates[r : r + 1])[0] for item in ("network", "who is who")]
    return build(contacts.network, occupancy[:, :, r].sum(axis=0), keys[0], each), keys[1]


def refuse_too_many(occupancy: Ints, codes: Codes, network: Network | None) -> None:
    """Refuse a population (K, S, R) that does not fit in memory, before any is taken."""
    bits = codes.depth if codes.asking else codes.plain_depth
    people = int(occupancy.sum())
    needed = people * bits // 8 + (bytes_needed(network, people) if network else 0)
    left = free()
    if left is not None and needed > left:
        found = f"{people:,} people, one record each," + (" who know one another," if network else "")
        allowed = f"need {needed / 2**30:.1f} GiB of memory, and {left / 2**30:.1f} GiB are free"
        hint = "take a smaller bank or fewer contacts" if network else "run the fidelity cohort, which counts them"
        raise InputError([Problem(found, allowed, hint)])
