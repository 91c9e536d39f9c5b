"""A month in which everybody of a segment has the same exposure."""

from mobank.base.arrays import Floats, Ints
from mobank.dynamics.month import Chances, Values, ration
from mobank.fidelity.agents.codes import Codes
from mobank.fidelity.agents.desk import AgentsDesk


class WellMixed:
    """A month in which everybody of a segment has the same exposure: the chances of all replicates at once."""

    def __init__(self, codes: Codes, segments: int, replicates: int) -> None:
        self.codes, self.chances = codes, Chances(codes.model, segments, replicates)

    def move(
        self, values: Values, average: Floats | None, desk: AgentsDesk, places: dict[str, Ints], moves: Ints
    ) -> None:
        """Fill `moves` (F, S, R)."""
        odds = self.chances.update(values, average)
        exits = self.codes.exits
        for r in range(moves.shape[2]):
            desk.draw(r, exits, self.codes.cumulative(exits, odds[:, :, r]), [], places, moves)
        ration(self.chances, moves, places, desk.wait, desk.serve)
        desk.close()
