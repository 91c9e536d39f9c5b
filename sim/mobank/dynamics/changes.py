"""Levers and events as arrays: which parameter, whose, from when, how much of it in each month.

A change goes from "not at all" (intensity 0) to "in full" (1): a step at once, a ramp over months, a decay back by
half-lives. Between them a parameter is that share of the way from what it was to what the change makes of it.
"""

from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Flags, Floats, Ints
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.scenario.scenario import FOREVER, NO_COST, Cost, Operation, Trigger, When


@dataclass(frozen=True)
class Change:
    """One lever (chosen) or event (it befalls) for a block of replicates.

    Parameters
    ----------
    amount : (R,) the factor, the value or the addition, in the parameter's unit.
    segments : (S,) which segments it touches.
    lasts_months : months in force, the first included.
    ramp_months : months to rise to the full effect; 0 for at once.
    half_life_months : months in which the effect halves after its full rise; 0 for no decay.
    """

    name: str
    parameter: str
    operation: Operation
    amount: Floats
    segments: Flags
    begins: When
    lasts_months: int = FOREVER
    ramp_months: float = 0.0
    half_life_months: float = 0.0
    trigger: Trigger | None = None
    cost: Cost = NO_COST

    def intensity(self, age: Ints) -> Floats:
        """Return how much of the change is in force, 0 to 1, `age` months after the month in which it began."""
        on = ((age >= 0) & (age < self.lasts_months)).astype(float)
        if self.ramp_months:
            on *= np.clip((age + 1) / self.ramp_months, 0.0, 1.0)
        if self.half_life_months:
            on *= 2.0 ** (-np.maximum(age - max(self.ramp_months - 1.0, 0.0), 0.0) / self.half_life_months)
        return on

    def applied(self, value: Floats, intensity: Floats) -> Floats:
        """Return a parameter's values (S or 1, R or 1) with this change in force at `intensity` (R or 1,)."""
        share = self.segments[:, None] * intensity
        amount = self.amount
        if self.operation == "multiply":
            return np.asarray(value * (1.0 + (amount - 1.0) * share))
        if self.operation == "add":
            return np.asarray(np.maximum(value + amount * share, 0.0))  # a draw far out in the tail cannot go below 0
        with np.errstate(invalid="ignore"):  # from or to an unlimited capacity there is no way between
            between = value + (amount - value) * share
        return np.where(share == 0.0, value, np.where(share == 1.0, amount, between))


def beginnings(change: Change, start: Month, months: int, streams: Streams, replicates: Ints) -> Ints:
    """Return the months, counted from the start month, in which a dated change begins, (occurrences, R).

    Occurrences beyond the horizon hold a number above `months`; a change that began before the start holds one
    below 1, so that its age is right from the first month on.
    """
    when = change.begins
    if when.mean_gap_months:
        return _recurrences(change, when, start, months, streams, replicates)
    span = when.last - when.first + 1
    u = streams.uniform("events", change.name, replicates) if span > 1 else np.zeros(replicates.size)
    return ((when.first - start) + np.floor(u * span).astype(np.int64))[None]


def _recurrences(change: Change, when: When, start: Month, months: int, streams: Streams, replicates: Ints) -> Ints:
    now = np.full(replicates.size, when.first - start - 1, np.int64)
    found: list[Ints] = []
    while (now <= months).any():  # each begins a month after the last at the earliest
        u = streams.uniform("events", change.name, replicates, len(found))
        gap = np.ceil(np.log(u) / np.log1p(-1.0 / max(when.mean_gap_months, 1.0 + 1e-9))).astype(np.int64)
        begun = now + np.maximum(gap, 1)
        found.append(begun)
        now = begun + change.lasts_months - 1
    return np.stack(found)
