"""The books of a block: what is kept of each month, and the laws that a run may not break.

People move and are counted; nobody is lost, nobody comes from nowhere, and a measure changes by the flows across its
edge and by nothing else. A run that breaks one of these is refused, whoever wrote the fidelity.
"""

import numpy as np

from mobank.base import kernels
from mobank.base.arrays import Floats, People
from mobank.base.errors import RunError
from mobank.dynamics.month import add_up
from mobank.dynamics.trajectory import Trajectory
from mobank.model.grammar import Model

ROUNDING = 1e-9  # of the people there are: what sums of fractions may be off by


class Ledger:
    """Moves people, month by month, keeps what a Trajectory shows, and checks the laws.

    Parameters
    ----------
    occupancy : (K, S, R) persons at the start; changed in place by `enter`.
    by_segment : keep each segment; else their sums, an eighth of the memory with eight segments.

    Attributes
    ----------
    customers : (S, R) persons of each segment in all, by what came in.
    """

    def __init__(self, model: Model, occupancy: People, months: int, by_segment: bool) -> None:
        self.model, self.occupancy, self.by_segment = model, occupancy, by_segment
        shape = occupancy.shape[1:] if by_segment else (1, occupancy.shape[2])
        self.people = np.empty((months + 1, len(model.states), *shape), occupancy.dtype)
        self.moved = np.empty((months, len(model.flows), *shape), occupancy.dtype)
        self._scratch = None if by_segment else np.empty((len(model.flows), *occupancy.shape[1:]), occupancy.dtype)
        self.customers = add_up(occupancy)
        self.laws = Laws(model, occupancy)
        self._keep(self.people[0], occupancy)

    def blank(self, t: int) -> People:
        """Return the page for the moves of month t + 1, (F, S, R), all of it to be filled and handed to `enter`."""
        return self.moved[t] if self._scratch is None else self._scratch

    def enter(self, t: int, moves: People) -> None:
        """Move the people of month t + 1, (F, S, R), note where everybody is, and check the books."""
        kernels.move(self.occupancy, moves, self.model.leaves, self.model.enters)
        self._keep(self.people[t + 1], self.occupancy)
        if self._scratch is not None:
            self._keep(self.moved[t], moves)
        if self.model.intakes:
            self.customers = self.customers + add_up([moves[f] for f in self.model.intakes])
        self.laws.check(self.people[t : t + 2], self.moved[t : t + 1], t)
        if not self.by_segment:  # what sums over segments cannot show
            self.laws.check_segments(self.occupancy, self.customers, t)

    def close(self, spent: Floats) -> Trajectory:
        """Return the trajectory of the months entered."""
        return Trajectory(self.model, self.people, self.moved, spent)

    def _keep(self, page: People, people: People) -> None:
        if self.by_segment:
            page[...] = people
            return
        page[:, 0] = people[:, 0]
        for s in range(1, people.shape[1]):
            page[:, 0] += people[:, s]


LOST = "people lost or come from nowhere"
NEGATIVE = "a negative number of people"


class Laws:
    """What no run may break: nobody is lost, no count is negative, each stock measure changes by its flows alone."""

    def __init__(self, model: Model, occupancy: People) -> None:
        stocks = [measure for measure in model.measures if measure.stock]
        self.inside = np.ones((1 + len(stocks), len(model.states)), np.int64)
        self.signs = np.zeros((1 + len(stocks), len(model.flows)), np.int64)
        self.signs[0] = model.leaves < 0
        for m, measure in enumerate(stocks, start=1):
            self.inside[m] = np.isin(model.states, measure.stock)
            self.signs[m] = model.crossings(measure.name)
        self.broken = [LOST, *(f"{m.name} changed by other than the flows across its edge" for m in stocks), NEGATIVE]
        whole = occupancy.dtype.kind == "i"
        self.slack = 0.0 if whole else ROUNDING * float(add_up(occupancy).sum(axis=0).max(initial=1.0))

    def check(self, people: People, moved: People, first: int = 0) -> None:
        """Check (T + 1, K, S, R) persons in states against (T, F, S, R) moved, `first` months into the run.

        Raises
        ------
        RunError
            Naming the law, the first month and the replicate that breaks it.
        """
        law, month, replicate = (int(i) for i in kernels.audit(people, moved, self.inside, self.signs, self.slack))
        if law >= 0:
            raise _refused(self.broken[law], first + month, replicate)

    def check_segments(self, occupancy: People, customers: People, t: int) -> None:
        """Check that each segment has the people who were in it or came into it, and no state of it fewer than none."""
        below = occupancy.min(axis=(0, 1)) < -self.slack
        if below.any():
            raise _refused(NEGATIVE, t, int(below.argmax()))
        off = np.abs(add_up(occupancy) - customers).max(axis=0) > self.slack
        if off.any():
            raise _refused(LOST, t, int(off.argmax()))


def _refused(law: str, month: int, replicate: int) -> RunError:
    return RunError(law, f"in month {month + 1} of replicate {replicate} of the block", "nothing was written")
