"""What a run returns for a block of replicates: who was where each month, who moved, and the measures of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mobank.base.arrays import Floats, People
from mobank.model.grammar import Measure, Model


@dataclass(frozen=True)
class Trajectory:
    """Occupancy and moves of one block.

    Parameters
    ----------
    occupancy : (T + 1, K, S, R) persons in each state at the end of each month, the start included; S is 1 where
        segments were not kept.
    moves : (T, F, S, R) persons moved by each flow in each month.
    spent : (T, R) yuan spent on levers in each month.
    counted : factor with which a measure is counted at each month, (T + 1, R), where its count has a season.
    """

    model: Model
    occupancy: People
    moves: People
    spent: Floats
    counted: Mapping[str, Floats] = field(default_factory=dict)

    def of(self, segments: Sequence[int]) -> "Trajectory":
        """Return that of some segments, by their numbers, where segments were kept."""
        return replace(self, occupancy=self.occupancy[:, :, segments], moves=self.moves[:, :, segments])

    def observe(self, measure: str, by_segment: bool = False) -> Floats:
        """Return a measure at each month, (T + 1, R) or by segment (T + 1, S, R); NaN where it is undefined.

        Flows and ratios of flows have no value at the start month; a ratio is undefined where nobody is counted.
        """
        ratio = self.model.measure[measure].ratio
        if ratio is not None:
            upper, lower = (sum((self.observe(n, by_segment) for n in names), np.float64(0)) for names in ratio)
            blank = np.full(np.shape(upper), np.nan)
            return np.asarray(np.divide(upper, lower, out=blank, where=np.asarray(lower) != 0))
        found = _people(self.model, self.model.measure[measure], self.occupancy, self.moves, by_segment)
        if measure not in self.counted:
            return found
        factor = self.counted[measure]
        return np.asarray(found * (factor[:, None] if by_segment else factor))


def _people(model: Model, measure: Measure, occupancy: People, moves: People, by_segment: bool) -> Floats:
    """Return how many people a stock or a flow counts, (T + 1, R) or (T + 1, S, R)."""
    if measure.stock:
        return _sum(occupancy, model.indices(measure.stock), by_segment)
    flows = [i for i, f in enumerate(model.flows) if f.name in measure.flows]
    moved = _sum(moves, flows, by_segment)
    return np.concatenate([np.full((1, *moved.shape[1:]), np.nan), moved])


def _sum(people: People, rows: list[int], by_segment: bool) -> Floats:
    total = people[:, rows[0]]
    for row in rows[1:]:
        total = total + people[:, row]
    if by_segment:
        return np.asarray(total, float)
    whole = total[:, 0]
    for s in range(1, total.shape[1]):  # in order: a float's last bit must not depend on the block
        whole = whole + total[:, s]
    return np.asarray(whole, float)


def stock(model: Model, measure: str, occupancy: People) -> Floats:
    """Return a stock measure of one month's occupancy (K, S, R), summed over segments, (R,)."""
    total = _sum(occupancy[None], model.indices(model.measure[measure].stock), by_segment=False)
    return np.asarray(total[0])
