"""The clock: what the value of each parameter is in each month, whoever or whatever changed it.

One SimPy environment per block of replicates. Month t's dated things happen at time t, its moves at t + ½;
`at(t)` runs the environment up to the moves. Every lever and event is a process whose life reads from top to bottom;
a state-triggered policy sees the last finished month and acts on the replicates that meet its condition.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import simpy

from mobank.base.arrays import Floats, Ints, People
from mobank.base.quantities import Month
from mobank.base.streams import Streams
from mobank.dynamics.changes import Change, beginnings
from mobank.dynamics.month import Values
from mobank.dynamics.trajectory import stock
from mobank.model.grammar import Model
from mobank.scenario.scenario import FOREVER, Trigger

Life = Generator[simpy.Event, None, None]

NOT_BEGUN = -FOREVER


@dataclass
class Schedule:
    """The calendar of one block: shown the last finished month, it tells the values of the next (`at`).

    Parameters
    ----------
    start : the month whose end is the start; `months` are those that follow.
    base : value of each parameter before any change, each (S or 1, R or 1).
    shocks : log shock of each path, (T, R), or of each segment, (T, S, R).
    season : factor by calendar month, (12,), for the parameters that have one.
    replicates : (R,) numbers of the replicates in the run. segments : (S,) names.
    """

    model: Model
    start: Month
    length: int
    base: Mapping[str, Floats]
    replicates: Ints
    segments: Sequence[str]
    changes: Sequence[Change] = ()
    shocks: Mapping[str, Floats] = field(default_factory=dict)
    season: Mapping[str, Floats] = field(default_factory=dict)
    streams: Streams = field(default_factory=lambda: Streams(0))

    def __post_init__(self) -> None:
        """Put every change on the calendar."""
        self.months = [self.start + t for t in range(1, self.length + 1)]
        self.spent = np.zeros((self.length, self.replicates.size))
        self.environment = simpy.Environment()
        self.began = {c.name: np.full(self.replicates.size, NOT_BEGUN, np.int64) for c in self.changes}
        self._in_force: dict[str, Floats] = {}
        self._values: dict[str, Floats] = dict(self.base)
        self._finished: People = np.empty(0)
        self._factors = {sign: {name: np.exp(sign * path) for name, path in self.shocks.items()} for sign in (1, -1)}
        self._lives = [self._watch(c, c.trigger) if c.trigger else self._dated(c) for c in self.changes]
        for life in self._lives:
            self.environment.process(life)

    def close(self) -> None:
        """End every life: they hold the block's arrays in a circle that would go only with the next collection."""
        for life in self._lives:
            life.close()

    def at(self, t: int, finished: People) -> Values:
        """Return the value of each parameter in the t-th month after the start, t = 1, 2, …

        `finished` (K, S, R) is where everybody is at the end of the month before: what policies act upon.
        """
        self._finished = finished
        if self.environment.peek() <= t:  # nothing due, nothing to run
            self.environment.run(until=t + 0.5)
        touched = self._weigh(t)
        moved = {p.name for p in self.model.parameters if p.moved_by in self.shocks or p.name in self.season}
        stale = set(self.base) if t == 1 else touched | moved
        for name in stale:
            self._values[name] = self._value(name, t)
        return Values(self._values, frozenset(stale))

    def _value(self, name: str, t: int) -> Floats:
        value, parameter = self.base[name], self.model.parameter[name]
        for change in self.changes:
            if change.parameter == name and change.name in self._in_force:
                value = change.applied(value, self._in_force[change.name])
        if name in self.season:
            value = value * self.season[name][self.months[t - 1].month - 1]
        if parameter.moved_by in self.shocks:
            value = value * self._factors[parameter.sign][parameter.moved_by][t - 1]
        return value

    def _weigh(self, t: int) -> set[str]:
        """Work out how far each change is in force, what it costs, and which parameters it moved since last month."""
        touched = set()
        for change in self.changes:
            began = self.began[change.name]
            intensity = change.intensity(t - began)
            last = self._in_force.get(change.name)
            if intensity.any():
                self._in_force[change.name] = intensity
                self._pay(change, t)
            else:
                self._in_force.pop(change.name, None)
            if not np.array_equal(intensity, last if last is not None else np.zeros_like(intensity)):
                touched.add(change.parameter)
        return touched

    def _pay(self, change: Change, t: int) -> None:
        age = t - self.began[change.name]
        lasting = (age >= 0) & (age < change.lasts_months)
        self.spent[t - 1] += change.cost.a_month * lasting + change.cost.once * (age == 0)

    def _dated(self, change: Change) -> Life:
        """Wait for each month in which the change begins for somebody, and begin it for them."""
        begun = beginnings(change, self.start, self.length, self.streams, self.replicates)
        for month in np.unique(begun[begun <= self.length]):
            yield self.environment.timeout(max(int(month) - self.environment.now, 0))
            self.began[change.name][(begun == month).any(axis=0)] = month

    def _watch(self, change: Change, trigger: Trigger) -> Life:
        """Wait until the condition has held for long enough, begin the campaign where it may be paid for, repeat."""
        held, times = np.zeros((2, self.replicates.size), np.int64)
        committed = np.zeros((self.months[-1].year - self.start.year + 1, self.replicates.size))
        while True:
            yield self.environment.timeout(1)
            t = int(self.environment.now)
            level = stock(self.model, trigger.measure, self._finished)
            met = level < trigger.level if trigger.below else level > trigger.level
            held = np.where(met, held + 1, 0)
            running = t - self.began[change.name] < change.lasts_months
            bill = self._bill(change, t)[:, None]
            affordable = ((bill == 0) | (committed + bill <= trigger.budget_a_year)).all(axis=0)
            open_now = change.begins.first <= self.start + t <= change.begins.last
            ready = (held >= trigger.for_months) & ~running & (times < trigger.at_most) & affordable & open_now
            self.began[change.name][ready] = t
            committed += bill * ready
            times += ready
            held[ready] = 0

    def _bill(self, change: Change, t: int) -> Floats:
        """Return what a campaign begun in month t costs in each calendar year of the run, (years,), yuan."""
        bill = np.zeros(self.months[-1].year - self.start.year + 1)
        bill[(self.start + t).year - self.start.year] += change.cost.once
        for month in self.months[t - 1 : t - 1 + change.lasts_months]:
            bill[month.year - self.start.year] += change.cost.a_month
        return bill
