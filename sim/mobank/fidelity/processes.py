"""One SimPy process per customer: the reference life, which reads from top to bottom and which the others must match.

It is slow and says nothing that `cohort` does not say, by another way: nobody is counted here, everybody decides. The
lives share the environment of the schedule. Month t's dated things happen at time t; at t + ½ each customer makes one
draw of competing risks, with the exposure of the month's start; at t + ¾ the desks open, and whoever asked is
served, or waits and comes to the counter at a moment of the last quarter.
"""

import gc
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import simpy

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.contacts import exposure_of
from mobank.dynamics.ledger import Ledger
from mobank.dynamics.month import Chances, Values, intake, whole
from mobank.dynamics.schedule import Schedule
from mobank.dynamics.trajectory import Trajectory
from mobank.model.grammar import Model

Life = Generator[simpy.Event, None, None]
Asking = Generator[simpy.Event, None, int | None]
Risks = Sequence[tuple[int, float]]  # flows that one may take, each with the chance of it or of one before it

HALF, QUARTER = 0.5, 0.25  # of a month


def run(
    model: Model, schedule: Schedule, start: Ints, mixing: Floats, streams: Streams, by_segment: bool = True
) -> Trajectory:
    """Return the trajectory of a block of replicates, in law that of `cohort`; see there for the parameters.

    How many people can be lived one by one is for the caller to say: see `mobank.ensemble.run.refuse_a_crowd`.
    """
    occupancy = start.astype(np.int64)
    ledger = Ledger(model, occupancy, len(schedule.months), by_segment)
    town = Town(model, schedule, mixing, streams, Chances(model, *occupancy.shape[1:]))
    carried = np.zeros((len(model.intakes), *occupancy.shape[1:]))

    with uncollected(), closing(town):
        town.settle(occupancy)
        for t in range(len(schedule.months)):
            values = schedule.at(t + 1, occupancy)
            moves = ledger.blank(t)
            town.live(t + 1, values, occupancy, ledger.customers, moves)
            come = whole(intake(model, values, ledger.customers), carried)
            moves[list(model.intakes)] = come
            for f, people in zip(model.intakes, come, strict=True):
                town.arrive(int(model.enters[f]), people)
            ledger.enter(t, moves)

    return ledger.close(schedule.spent)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python from searching the lives for circles to free: all of them last (half of the time, measured)."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


@dataclass(slots=True, eq=False)
class Customer:
    """Somebody: born, or here from the start; each month stays or moves once; never lost.

    Parameters
    ----------
    number : position among those of the segment and replicate, which is what luck goes by.
    segment, replicate, state : positions.
    """

    town: "Town"
    number: int
    segment: int
    replicate: int
    state: int

    def life(self) -> Life:
        """Live."""
        town = self.town
        while town.model.exits[self.state]:  # whoever can go nowhere any more is only counted
            yield town.next_month
            flow = self.draw("moves", town.risks(self.state, self.segment, self.replicate))
            if flow in town.desk_of:
                flow = yield from self.ask(flow, town.desk_of[flow])
            if flow is not None:
                self.move(flow)

    def ask(self, flow: int, desk: "ProcessesDesk") -> Asking:
        """Ask for help to take a flow; return the flow taken in the end, None if one stays for now."""
        town, replicate = self.town, self.replicate
        desk.asked[replicate] += 1
        yield desk.opens
        if desk.is_short(replicate):  # what is left of the month goes by, and one may go elsewhere
            other = self.draw(f"waits for {desk.name}", town.risks_of_waiting(flow, self.segment, replicate))
            if other is not None:
                return other
            yield town.environment.timeout(QUARTER * self.luck(f"turn at {desk.name}"))
        if desk.places[replicate].level < 1:
            return None  # turned away; next month is another chance
        yield desk.places[replicate].get(1)
        return flow

    def draw(self, purpose: str, risks: Risks) -> int | None:
        """Return the flow that happens, None for none of them."""
        luck = self.luck(purpose)
        for flow, chance in risks:
            if luck < chance:
                return flow
        return None

    def luck(self, purpose: str) -> float:
        """Return this month's uniform for a purpose."""
        return self.town.luck(purpose, self.segment, self.replicate)[self.number]

    def move(self, flow: int) -> None:
        """Go, and be counted."""
        self.town.moves[flow, self.segment, self.replicate] += 1
        self.state = int(self.town.model.enters[flow])


@dataclass
class ProcessesDesk:
    """A resource: a Container of places in each replicate, refilled each month; what was not used is gone.

    Attributes
    ----------
    asked : (R,) who asked this month. allotted : (R,) places of the month.
    opens : the event at which all who ask this month have asked.
    """

    name: str
    environment: simpy.Environment
    replicates: int
    opens: simpy.Event = field(init=False)
    asked: list[int] = field(init=False)
    allotted: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Set up the containers."""
        self.places = [simpy.Container(self.environment) for _ in range(self.replicates)]
        self.spare = np.zeros(self.replicates)  # fractions of a place that wait for the next month

    def refill(self, capacity: Floats, opens_at: float) -> None:
        """Put the month's places (R,) into the containers."""
        self.allotted = [int(p) for p in whole(capacity, self.spare)]
        self.asked = [0] * self.replicates
        self.opens = self.environment.timeout(opens_at - self.environment.now)
        for places, number in zip(self.places, self.allotted, strict=True):
            if places.level:
                places.get(places.level)
            if number:
                places.put(number)

    def is_short(self, replicate: int) -> bool:
        """Return True if more asked than there are places; known from the moment when the desk opens."""
        return self.asked[replicate] > self.allotted[replicate]


class Town:
    """What customers have in common: the calendar, the chances of the month, the desks, and the book of moves."""

    def __init__(self, model: Model, schedule: Schedule, mixing: Floats, streams: Streams, chances: Chances) -> None:
        self.model, self.schedule, self.mixing, self.streams, self.chances = model, schedule, mixing, streams, chances
        self.environment = schedule.environment
        self.next_month = self.environment.event()
        self.desks = [ProcessesDesk(name, self.environment, chances.replicates) for name in model.rationed]
        self.desk_of = {f: desk for desk in self.desks for f in model.rationed[desk.name]}
        self.people = np.zeros((chances.segments, chances.replicates), np.int64)
        self.lives: list[Life] = []
        self.moves: Ints = np.empty(0, np.int64)
        self.month: Month = schedule.start
        self._risks: list[list[list[Risks]]] = []
        self._waiting: dict[tuple[int, int, int], Risks] = {}
        self._luck: dict[tuple[str, int, int], list[float]] = {}

    def settle(self, occupancy: Ints) -> None:
        """Begin the lives of those who are there, (K, S, R)."""
        for state, people in enumerate(occupancy):
            self.arrive(state, people)

    def arrive(self, state: int, people: Ints) -> None:
        """Begin the lives of (S, R) persons in a state."""
        for (segment, replicate), count in np.ndenumerate(people):
            first = int(self.people[segment, replicate])
            self.people[segment, replicate] += count
            if not self.model.exits[state]:
                continue  # they can go nowhere: counted, and no more
            for number in range(first, first + int(count)):
                life = Customer(self, number, segment, replicate, state).life()
                self.lives.append(life)
                self.environment.process(life)

    def live(self, t: int, values: Values, occupancy: Ints, customers: Ints, moves: Ints) -> None:
        """Let everybody live month t, in which nothing but the values has changed, and fill `moves` (F, S, R)."""
        self.moves, self.month = moves, self.schedule.months[t - 1]
        moves[...] = 0
        exposure = exposure_of(self.model, self.mixing, occupancy, customers)
        self._risks = cumulated(self.model, self.chances.update(values, exposure))
        self._waiting.clear()
        self._luck.clear()
        for desk in self.desks:
            desk.refill(values.capacity(self.model, desk.name, self.chances.replicates), t + HALF + QUARTER)
        self.environment.process(self.ring(t + HALF))
        self.environment.run(until=t + 1)

    def ring(self, time: float) -> Life:
        """Tell everybody at a time that the month has come."""
        yield self.environment.timeout(time - self.environment.now)
        now, self.next_month = self.next_month, self.environment.event()
        now.succeed()

    def risks(self, state: int, segment: int, replicate: int) -> Risks:
        """Return the flows out of a state this month, with cumulated chances."""
        return self._risks[state][segment][replicate]

    def risks_of_waiting(self, asked: int, segment: int, replicate: int) -> Risks:
        """Return the other flows that one who asked for a flow may take while waiting, with cumulated chances."""
        key = (asked, segment, replicate)
        if key not in self._waiting:
            chances = self.chances.while_waiting(asked)
            upto = accumulate(float(q[segment, replicate]) for q in chances.values())
            self._waiting[key] = list(zip(chances, upto, strict=True))
        return self._waiting[key]

    def luck(self, purpose: str, segment: int, replicate: int) -> list[float]:
        """Return the month's uniforms of everybody in a segment of a replicate, by number; one draw a purpose."""
        asked = (purpose, segment, replicate)
        if asked not in self._luck:
            number = int(self.schedule.replicates[replicate])
            item = f"{purpose} · {self.schedule.segments[segment]} · {number}"
            everybody = np.arange(self.people[segment, replicate])
            self._luck[asked] = self.streams.uniform("moves", item, everybody, self.month.ordinal).tolist()
        return self._luck[asked]

    def close(self) -> None:
        """End every life, and let go of those who waited for another month: they and the month hold each other."""
        for life in self.lives:
            life.close()
        self.lives.clear()
        if self.next_month.callbacks:
            self.next_month.callbacks.clear()


def cumulated(model: Model, chances: Floats) -> list[list[list[Risks]]]:
    """Return [state][segment][replicate] -> its flows, each with the sum of the chances (F, S, R) up to it."""
    segments = chances.shape[1]
    table: list[list[list[Risks]]] = []
    for flows in model.exits:
        sums = np.cumsum(chances[list(flows)], axis=0)
        rows = sums.transpose(1, 2, 0).tolist()
        table.append([[[*zip(flows, row, strict=True)] for row in rows[s]] for s in range(segments)])
    return table
