"""The staffed desk contact by contact, at its real size: an open day in SimPy.

The formulas of `mobank.desk.erlang` say what a desk is like in the long run; a day begins with nobody waiting and
ends at closing time, when who still waits is sent away. Every contact has luck of its own, whoever serves: two
numbers of staff meet the same callers.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import simpy

from mobank.base.arrays import Floats
from mobank.base.streams import Streams
from mobank.desk.erlang import Queue, queue_of
from mobank.desk.study import Study

Life = Generator[simpy.Event, None, None]


@dataclass(frozen=True)
class PlayedContacts:
    """Those who came on one day, in order, (C,): when (minutes after opening), how long they take, their patience."""

    arrive: Floats
    handling: Floats
    patience: Floats
    minutes: float

    @classmethod
    def of(cls, queue: Queue, minutes: float, day: int, streams: Streams) -> "PlayedContacts":
        """Return the contacts of a day of so many open minutes: a Poisson stream, exponential times."""
        expected = queue.a_minute * minutes
        most = np.arange(int(expected + 12.0 * np.sqrt(expected) + 50.0))  # more come with a chance of e^−72 or less

        def times(what: str) -> Floats:
            return np.asarray(-np.log(streams.uniform("moves", f"{what} at the desk", most, day)))

        arrive = np.cumsum(times("gap") / queue.a_minute)
        come = int(np.searchsorted(arrive, minutes))
        handling = (queue.handling * times("handling"))[:come]
        patience = (
            np.full(come, queue.patience) if queue.patience in (0.0, np.inf) else queue.patience * times("patience")
        )
        return cls(arrive[:come], handling, patience[:come], minutes)


class StaffedDesk:
    """One open day: contacts come, wait for a free member of staff, are handled, or give up.

    Attributes
    ----------
    waited : (C,) minutes until the contact was answered or left.
    none_free : (C,) True where it came when no staff was free.
    answered : (C,) True where it was answered.
    """

    def __init__(self, contacts: PlayedContacts, staff: int) -> None:
        self.contacts = contacts
        self.environment = simpy.Environment()
        self.staff = simpy.Resource(self.environment, staff)
        self.waited = np.zeros(contacts.arrive.size)
        self.none_free = np.zeros(contacts.arrive.size, bool)
        self.answered = np.zeros(contacts.arrive.size, bool)

    def open(self) -> None:
        """Open, and go on until the last contact has been dealt with."""
        self.environment.process(self.come())
        self.environment.run()

    def come(self) -> Life:
        """Let the contacts come one after the other."""
        for number, arrive in enumerate(self.contacts.arrive.tolist()):
            yield self.environment.timeout(arrive - self.environment.now)
            self.environment.process(self.contact(number))

    def contact(self, number: int) -> Life:
        """Come, wait while patience lasts and the desk is open, be handled."""
        came = self.environment.now
        with self.staff.request() as turn:
            if not turn.triggered:
                self.none_free[number] = True
                stay = min(self.contacts.patience[number], max(self.contacts.minutes - came, 0.0))
                yield turn | self.environment.timeout(stay)
            self.waited[number] = self.environment.now - came
            if not turn.triggered:
                return  # gives up, or is sent away at closing time
            self.answered[number] = True
            yield self.environment.timeout(self.contacts.handling[number])


@dataclass(frozen=True)
class Days:
    """What some open days of a desk were like, (D,) each; shares are of the contacts of the day.

    Parameters
    ----------
    offered : contacts that came. waits, gives_up, within : shares, as in `mobank.desk.erlang.Steady`.
    mean_wait : minutes, over all contacts. set_ups : customers set up.
    """

    staff: int
    offered: Floats
    waits: Floats
    gives_up: Floats
    within: Floats
    mean_wait: Floats
    set_ups: Floats


def play(study: Study, staff: int, days: int, streams: Streams) -> Days:
    """Return so many open days of a study's desk with so many staff."""
    rows = [_day(study, staff, day, streams) for day in range(days)]
    return Days(staff, *np.array(rows).T)


def _day(study: Study, staff: int, day: int, streams: Streams) -> tuple[float, ...]:
    contacts = PlayedContacts.of(queue_of(study), 60.0 * study.number("hours_a_day"), day, streams)
    desk = StaffedDesk(contacts, staff)
    desk.open()
    count = contacts.arrive.size
    luck = streams.uniform("moves", "set-up at the desk", np.arange(count), day)
    soon = desk.answered & (desk.waited <= study.number("within_minutes"))
    shares = [float(flags.sum()) / max(count, 1) for flags in (desk.none_free, ~desk.answered, soon)]
    mean_wait = float(desk.waited.sum()) / max(count, 1)
    set_ups = desk.answered & (luck < study.number("set_up_share"))
    return float(count), *shares, mean_wait, float(set_ups.sum())
