"""How many people a month entered the level in the stretch before: where the search for its next shock begins.

The factor of the level's shock multiplies who enters and hardly moves who leaves. So what a figure asks for is known
before any month is gone through, to a few parts in a hundred, and Newton's method is spared a pass.
"""

import numpy as np

from mobank.base.arrays import Floats, Rows

FURTHEST = 1.0  # log scale, of a first guess from the shock before


class Entries:
    """Who enters the level and who leaves it, persons a month, (R,), in the block that was solved last.

    Parameters
    ----------
    draws : how many, R.
    """

    def __init__(self, draws: int) -> None:
        self.block = -1  # its number; −1 where none was solved in a stretch of its own
        self.entering, self.leaving = np.zeros(draws), np.zeros(draws)

    def keep(self, block: int, slope: Floats, gain: Floats, months: int, alive: Rows) -> None:
        """Keep those of a block, given what its shock does to its figure, and what the level gained, persons (B,)."""
        self.block = block
        self.entering[alive] = slope / months
        self.leaving[alive] = (slope - gain) / months

    def step(self, gain: Floats, months: int, alive: Rows) -> Floats:
        """Return the step of the shock, log scale (B,), with which the level gains that many persons."""
        with np.errstate(all="ignore"):  # where nobody enters, the shock stays as it was
            step = np.log(np.maximum((gain / months + self.leaving[alive]) / self.entering[alive], 0.0))
        return np.asarray(np.clip(np.nan_to_num(step, nan=0.0), -FURTHEST, FURTHEST))
