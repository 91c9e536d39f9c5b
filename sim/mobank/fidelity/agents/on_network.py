"""A month in which each person has the exposure of the own contacts."""

from collections.abc import Sequence

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.dynamics.month import TINY, Chances, Values, ration
from mobank.fidelity.agents.codes import Codes
from mobank.fidelity.agents.desk import AgentsDesk
from mobank.fidelity.people import Met, Population


class OnNetwork:
    """A month in which each person has the exposure of the own contacts: chances as a table by active contacts.

    The table's last column is for newcomers, who know nobody by name yet: theirs is the exposure of their segment.
    """

    def __init__(self, codes: Codes, people: Sequence[Population]) -> None:
        self.codes, self.people = codes, people
        self.seen = [crowd_.ties.exposures if crowd_.ties else np.zeros(0) for crowd_ in people]
        self.chances = [Chances(codes.model, c.segments, s.size + 1) for c, s in zip(people, self.seen, strict=True)]

    def move(
        self, values: Values, average: Floats | None, desk: AgentsDesk, places: dict[str, Ints], moves: Ints
    ) -> None:
        """Fill `moves` (F, S, R)."""
        apart = [k for k in self.codes.exits if k not in self.codes.by_contacts]
        for r, table in enumerate(self.chances):
            one = {n: v[:, r : r + 1] if v.shape[1] > 1 else v for n, v in values.value.items()}
            seen = np.tile(self.seen[r], (moves.shape[1], 1))
            newcomers = average[:, r : r + 1] if average is not None else np.zeros((moves.shape[1], 1))
            odds = table.update(Values(one, values.changed), np.concatenate([seen, newcomers], axis=1))
            met = [self._met(k, odds, desk.asking(r, places)) for k in self.codes.by_contacts]
            desk.draw(r, apart, self.codes.cumulative(apart, odds[:, :, 0]), met, places, moves)
            desk.table = {}
            only = {name: free_[r : r + 1] for name, free_ in places.items()}
            desk.alone = (r, table)
            ration(table, moves[:, :, r : r + 1], only, desk.wait, desk.serve)
        desk.close()

    def _met(self, state: int, odds: Floats, asking: frozenset[int]) -> Met:
        """Return the exit of a state whose chances (F, S, Q) depend on contacts."""
        flows = self.codes.model.exits[state]
        cumulative = np.zeros((odds.shape[1], odds.shape[2], self.codes.levels))
        for j in range(self.codes.levels):
            if j < len(flows):
                cumulative[:, :, j] = odds[flows[j]]
        cumulative = np.cumsum(cumulative, axis=-1)
        bound = np.minimum(cumulative[:, :, -1].max(axis=1), 1.0 - 2.0**-40)
        shares = cumulative / np.maximum(bound, TINY)[:, None, None]
        return Met(state + 1, self.codes.entered([state], asking)[0], bound, shares)
