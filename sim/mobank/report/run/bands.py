"""Who is active: customers, registered and active users of each band of each dimension, at the start and at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mobank.base.arrays import Floats
from mobank.ensemble.plan import Plan, block_size, blocks, run_block

ENOUGH = 500  # replicates that means by band are taken over: their error is below a hundredth of the spread


@dataclass(frozen=True)
class Use:
    """The mean use of one band, each (2,): at the start, at the end.

    Parameters
    ----------
    share : of all customers. customers, active : persons.
    """

    dimension: str
    band: str
    share: float
    customers: Floats
    active: Floats


def use_by_band(plan: Plan) -> list[Use]:
    """Return the use of each band, means over the run's first `ENOUGH` replicates; none where nobody is told apart."""
    scenario, origin = plan.scenario, plan.model.origin
    if not scenario.bands or origin is None:
        return []
    parts = replace(plan, by_segment=True)
    count = min(plan.draws, ENOUGH)
    sums = np.zeros((2, 2, len(scenario.segments)))
    for numbers in blocks(count, min(block_size(parts), ENOUGH)):
        trajectory, _ = run_block(parts, numbers)
        for i, measure in enumerate((origin.total, origin.engaged)):
            sums[i] += trajectory.observe(measure, by_segment=True)[[0, -1]].sum(axis=2)
    means = sums / count
    return [
        Use(band.dimension, band.name, band.share, *_of(means, [band.name in s.bands for s in scenario.segments]))
        for band in scenario.bands
    ]


def _of(means: Floats, mine: Sequence[bool]) -> tuple[Floats, Floats]:
    customers, active = means[..., np.array(mine)].sum(axis=-1)
    return customers, active
