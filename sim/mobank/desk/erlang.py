"""A staffed desk by formula: who waits, who gives up, how many are helped, how many staff that takes.

Contacts (calls or visits) come at random, each is handled by one of n staff, whoever finds none free waits in turn
and gives up when patience ends; times between contacts, handling and patience are exponential. This is Erlang A
(Palm 1957), with Erlang B where nobody waits and Erlang C where nobody gives up. `mobank.desk.day` plays the same desk
contact by contact.

References
----------
Erlang (1917), "Solution of some problems in the theory of probabilities of significance in automatic telephone
exchanges". Zeltyn, Mandelbaum (2005), "Call centers with impatient customers: many-server asymptotics of the M/M/n + G
queue" (the law of the offered wait).
"""

from dataclasses import dataclass
from math import ceil, exp, inf, isinf, log

import numpy as np

from mobank.base.arrays import Floats
from mobank.desk.study import Study

NEGLIGIBLE = 45.0  # e^−45 of the peak: what is left of a law beyond it does not show in a float
STEPS = 20_000  # of Simpson's rule; even


def erlang_b(staff: int, load: float) -> float:
    """Return the chance that all staff are busy where nobody waits; `load` in Erlang (contacts handled at once)."""
    blocked = 1.0
    for n in range(1, staff + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(staff: int, load: float) -> float:
    """Return the chance to wait where nobody gives up; 1 where the load is not below the staff."""
    if load >= staff:
        return 1.0
    blocked = erlang_b(staff, load)
    return staff * blocked / (staff - load * (1.0 - blocked))


@dataclass(frozen=True)
class Steady:
    """A desk in its long run; shares are of all contacts offered.

    Parameters
    ----------
    waits : share that finds no staff free. gives_up : share that is not answered.
    within : share answered within the time of the service level.
    mean_wait : minutes, over all contacts, also those that give up.
    busy : share of the staff's time that is spent on contacts.
    """

    staff: int
    waits: float
    gives_up: float
    within: float
    mean_wait: float
    busy: float

    @property
    def answered(self) -> float:
        """Share that is answered."""
        return 1.0 - self.gives_up


@dataclass(frozen=True)
class Queue:
    """Contacts and their times: `a_minute` of them come, in minutes they take `handling` and have `patience`.

    Patience 0 is Erlang B, infinite patience Erlang C.
    """

    a_minute: float
    handling: float
    patience: float

    @property
    def load(self) -> float:
        """Contacts that would be handled at once if nobody had to wait, in Erlang."""
        return self.a_minute * self.handling

    def steady(self, staff: int, within: float) -> Steady:
        """Return the long run with so many staff, the service level being an answer `within` so many minutes."""
        if isinf(self.patience) and self.load >= staff:  # the queue only grows
            return Steady(staff, 1.0, 1.0 - staff / self.load, 0.0, inf, 1.0)
        if self.patience == 0.0:
            blocked = erlang_b(staff, self.load)
            return Steady(staff, blocked, blocked, 1.0 - blocked, 0.0, self.load * (1.0 - blocked) / staff)
        waits, answered, soon = self._waits(staff, within)
        gives_up = 0.0 if isinf(self.patience) else waits * (1.0 - answered)
        mean_wait = (
            waits / (staff / self.handling - self.a_minute) if isinf(self.patience) else gives_up * self.patience
        )
        busy = self.load * (1.0 - gives_up) / staff
        return Steady(staff, waits, gives_up, 1.0 - waits + waits * soon, mean_wait, busy)

    def _waits(self, staff: int, within: float) -> tuple[float, float, float]:
        """Return the chance to wait, and of those who do, the shares answered at all and answered in time.

        The wait v that the next contact is offered has, where v > 0, a density in proportion to e^g(v), with
        g(v) = λ·H(v) − n·v/handling and H the integral of the chance to be still patient.
        """
        freed = staff / self.handling
        peak = self.patience * log(self.a_minute / freed) if self.a_minute > freed and not isinf(self.patience) else 0.0
        top = float(self._log_density(np.array([peak]), freed)[0])
        far = peak + self.handling
        while float(self._log_density(np.array([far]), freed)[0]) > top - NEGLIGIBLE:
            far *= 2.0
        mass, answered = self._integrals(far, freed, top)
        _, soon = self._integrals(min(within, far), freed, top)
        behind = self.a_minute * mass * erlang_b(staff - 1, self.load)
        return behind / (exp(-top) + behind), answered / mass, soon / mass

    def _log_density(self, v: Floats, freed: float) -> Floats:
        still = v if isinf(self.patience) else -self.patience * np.expm1(-v / self.patience)
        return np.asarray(self.a_minute * still - freed * v)

    def _integrals(self, far: float, freed: float, top: float) -> tuple[float, float]:
        """Return the integral up to `far` of e^(g − top), alone and times the chance to be still patient."""
        v = np.linspace(0.0, far, STEPS + 1)
        weights = np.full(STEPS + 1, 2.0)
        weights[1::2], weights[[0, -1]] = 4.0, 1.0
        density = np.exp(self._log_density(v, freed) - top) * weights * (far / STEPS / 3.0)
        return float(density.sum()), float((density * np.exp(-v / self.patience)).sum())

    def staff_needed(self, share: float, within: float) -> int:
        """Return the fewest staff with whom at least this share of all contacts is answered within the minutes."""
        enough = max(1, ceil(self.load))
        while self.steady(enough, within).within < share:
            enough *= 2
        short = 0
        while enough - short > 1:
            middle = (short + enough) // 2
            short, enough = (short, middle) if self.steady(middle, within).within >= share else (middle, enough)
        return enough


def queue_of(study: Study) -> Queue:
    """Return the contacts of a study in an open minute; they come evenly over the opening hours."""
    a_minute = study.number("offered_a_day") / (60.0 * study.number("hours_a_day"))
    return Queue(a_minute, study.number("handling_minutes"), study.number("patience_minutes"))


def steady_of(study: Study, staff: int | None = None) -> Steady:
    """Return a study's desk in the long run, with its own staff or another number."""
    return queue_of(study).steady(staff or int(study.number("staff")), study.number("within_minutes"))


def needed_by(study: Study) -> int:
    """Return the staff that a study's service level takes."""
    return queue_of(study).staff_needed(study.number("answered_share"), study.number("within_minutes"))


def set_ups_a_month(study: Study, answered: float) -> float:
    """Return how many customers are set up in a month if this share of the contacts is answered."""
    contacts = study.number("offered_a_day") * study.number("days_a_month")
    return contacts * answered * study.number("set_up_share")
