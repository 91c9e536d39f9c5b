"""Blocks: stretches of months in which a path's total shock is one number, and how they are solved one after the other.

A figure ends a block, whatever the distance to the figure before: a month, a quarter, a year. A block of more than a
year is divided at Decembers, for a flat mean stands well for a year and not for more; all but the last part then have
no figure, and their shocks are coordinates of the draw. Where the dates of the two paths interleave, the blocks between
two months at which none is under way are solved together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mobank.base.quantities import Month
from mobank.scenario.scenario import Figure

LEVEL, ACTIVE = 0, 1  # the paths, and the measures that fix them
YEAR = 12


@dataclass(frozen=True)
class ShockBlock:
    """Months in which a path's total shock is one number.

    Parameters
    ----------
    path : `LEVEL` or `ACTIVE`. after, last : months from the first figure of the level; those after `after` up to
        `last` are in it. The block that ends at 0 stands for the year before, in which the bank grew steadily.
    figure : what fixes its shock, None if nothing does. region : number of that whose shock it is.
    """

    path: int
    after: int
    last: int
    figure: Figure | None = None
    region: int = 0

    @property
    def lane(self) -> int:
        """Number of its path among those of all regions: two for each region, the level's and the active's."""
        return 2 * self.region + self.path

    @property
    def months(self) -> range:
        """The months in it, counted from the first figure of the level."""
        return range(self.after + 1, self.last + 1)


@dataclass(frozen=True)
class Stretch:
    """Months between two dates at which no block with a figure is under way: what Newton's method solves at once.

    Parameters
    ----------
    after, last : as of a block. free : numbers of the blocks without a figure that first appear in it.
    solved : numbers of the blocks whose figures stand in it.
    known : numbers of the blocks under way in it. which : for each lane and month, the place among `known`.
    """

    after: int
    last: int
    free: tuple[int, ...]
    solved: tuple[int, ...]
    known: tuple[int, ...]
    which: tuple[tuple[int, ...], ...]

    @property
    def regions_apart(self) -> bool:
        """True if no shock in it moves a figure of another region: people meet those who were active a month ago."""
        return self.last - self.after == 1


def divided(
    path: int, figures: Sequence[tuple[int, Figure]], first: Month, last: int, region: int = 0
) -> list[ShockBlock]:
    """Return the blocks of a path of a region, in order of time.

    Parameters
    ----------
    figures : each with its month, counted from `first`, 0 for that itself. last : where the history ends.
    """
    fixed = dict(figures)
    blocks = [ShockBlock(path, -YEAR, 0, fixed.pop(0, None), region)]
    at = 0
    for end in (*sorted(fixed), last):
        if end == at:
            continue
        figure = fixed.get(end)
        ends = [m for m in range(at + 1, end) if (first + m).month == YEAR] if end - at > YEAR or not figure else []
        for cut in (*ends, end):
            blocks.append(ShockBlock(path, at, cut, figure if cut == end else None, region))
            at = cut
    return blocks


def stretches(blocks: Sequence[ShockBlock], last: int) -> tuple[list[ShockBlock], list[Stretch]]:
    """Return the blocks in the order in which their shocks are found, and the stretches that find them."""
    cuts = [t for t in sorted({block.last for block in blocks}) if not any(_under_way(b, t) for b in blocks)]
    order: list[ShockBlock] = []
    lanes = range(max(block.lane for block in blocks) + 1)
    found: list[Stretch] = []
    for after, end in zip((-YEAR, *cuts), cuts, strict=False):
        here = [b for b in blocks if b.after < end and b.last > after]
        fresh = [b for b in here if b not in order and (b.figure is None or b.last <= end)]
        free = sorted((b for b in fresh if b.figure is None), key=lambda b: (b.after, b.lane))
        solved = sorted((b for b in fresh if b.figure is not None), key=lambda b: (b.last, b.lane))
        order += [*free, *solved]
        known = [order.index(b) for b in here]
        months = range(after + 1, end + 1) if after >= 0 else range(0, 1)
        which = tuple(
            tuple(
                next(i for i, k in enumerate(known) if order[k].lane == lane and t in order[k].months) for t in months
            )
            for lane in lanes
        )
        at = {id(b): order.index(b) for b in here}
        found.append(
            Stretch(
                max(after, 0),
                end,
                tuple(at[id(b)] for b in free),
                tuple(at[id(b)] for b in solved),
                tuple(known),
                which,
            )
        )
    return order, found


def _under_way(block: ShockBlock, month: int) -> bool:
    return block.figure is not None and block.after < month < block.last
