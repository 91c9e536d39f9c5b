"""Which layer of chance the spread comes from: parameters, environment, events, moves.

The share of a layer is its Shapley effect: what it adds to the variance that is explained, averaged over all orders in
which the layers could be learnt. So shares are free of any order, are never negative but for Monte Carlo error, and sum
to one even where layers act together, which first-order indices do not and total indices overdo.

The run itself is the first ensemble. Replicates stand in a circle, and in a further ensemble some layers of each
replicate have the luck of its neighbour; two ensembles then differ exactly in some layers, and half their mean squared
difference is the variance that these layers make when all others are known (Jansen 1999). With k layers that matter,
2^(k-1) - 1 further ensembles give all 2^k such variances. A layer that hardly matters (most often who moves, among half
a billion people) is found out by a few replicates first and costs no ensembles.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import factorial, sqrt

import numpy as np

from mobank.base.arrays import Floats, Ints
from mobank.base.quantities import Month
from mobank.base.streams import LAYERS, Layer, Streams, digest
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import Plan, block_size, run_block

Output = tuple[str, Month]  # a measure in a month

FEWEST = 200  # draws below which no shares are worked out
ENOUGH = 4000  # replicates that shares are worked out from: errors of .01 to .015 (tests/law/test_shares.py)
PILOT = 200  # replicates that tell whether a layer matters
SLIGHT = 0.02  # total index up to which a layer counts as slight; its share, at most that, is then taken to be that


@dataclass(frozen=True)
class ShapleyShares:
    """What each layer contributes to the variance of one measure in one month, each (4,) in the order of `LAYERS`.

    Parameters
    ----------
    logarithm : True if of the measure's logarithm, False where it can be 0 or below.
    shapley, error : the shares, which sum to one, and their Monte Carlo standard errors.
    first, total : first-order index (the layer alone) and total index (with all it does together with others); the
        first is NaN for a slight layer, where it lies between 0 and the total.
    replicates : how many they were worked out from.
    """

    measure: str
    month: Month
    logarithm: bool
    shapley: Floats
    error: Floats
    first: Floats
    total: Floats
    replicates: int


def year_ends(plan: Plan) -> list[Month]:
    """Return each December after the start, and the last month."""
    return [month for month in plan.months[1:] if month.month == 12 or month == plan.months[-1]]


def outputs(plan: Plan) -> list[Output]:
    """Return what shares are worked out for: both headline measures at year-ends, and whatever is asked."""
    origin = plan.model.origin
    measures = (origin.stock, origin.engaged) if origin else ()
    headline = [(measure, month) for measure in measures for month in year_ends(plan)]
    asked = [(c.measure, ask.month) for ask in plan.scenario.asks for c in (ask.condition, ask.rival) if c]
    return list(dict.fromkeys([*headline, *(output for output in asked if output[1] > plan.scenario.start)]))


def shares(paths: Paths, progress: Callable[[int, int], None] = lambda done, total: None) -> list[ShapleyShares]:
    """Return the shares of each output of a run; an output that is not always defined, or never varies, is left out.

    Raises
    ------
    ValueError
        If the run has fewer than `FEWEST` draws.

    References
    ----------
    Owen, A. B. (2014). Sobol' indices and Shapley value. SIAM/ASA Journal on Uncertainty Quantification 2, 245-251.
    Jansen, M. J. W. (1999). Analysis of variance designs for model output. Computer Physics Communications 117, 35-43.
    """
    plan = paths.plan
    if plan.draws < FEWEST:
        raise ValueError(f"{plan.draws} draws are too few for shares; at least {FEWEST} are wanted")
    wanted, size = outputs(plan), min(2 * plan.draws, ENOUGH)
    own = np.stack([paths.month(measure, month - plan.scenario.start)[:size] for measure, month in wanted])
    if size > plan.draws:
        own = np.concatenate([own, _observe(plan, Streams(plan.seed), np.arange(plan.draws, size), wanted)], axis=1)
    pilots = {layer: _pilot(plan, layer, wanted) for layer in LAYERS}
    slight = {layer for layer, other in pilots.items() if _matters(own, other) < SLIGHT}
    main = [layer for layer in LAYERS if layer not in slight]
    corners = {0: own, 2 ** len(main) - 1: np.roll(own, -1, axis=1)}
    missing = range(1, 2 ** max(len(main) - 1, 0))
    for done, corner in enumerate(missing, start=1):
        corners[corner] = _corner(plan, corner, main, slight, size, wanted)
        progress(done, len(missing))
    found = (_shares(output, i, main, corners, pilots) for i, output in enumerate(wanted))
    return [each for each in found if each]


def _pilot(plan: Plan, layer: Layer, wanted: Sequence[Output]) -> Floats:
    """Return the outputs of the first replicates with one layer drawn anew, (W, PILOT)."""
    streams = Streams(plan.seed, {layer: digest("shares", "pilot", plan.seed)})
    return _observe(plan, streams, np.arange(PILOT), wanted)


def _corner(
    plan: Plan, corner: int, main: Sequence[Layer], slight: set[Layer], size: int, wanted: Sequence[Output]
) -> Floats:
    """Return the outputs, (W, size), where the layers of a corner (bits) are the neighbour's and slight ones new."""
    numbers = np.arange(size)
    neighbours = np.roll(numbers, -1)
    lent = {layer: neighbours for i, layer in enumerate(main) if corner >> i & 1}
    redrawn = dict.fromkeys(slight, digest("shares", corner, plan.seed))
    return _observe(plan, Streams(plan.seed, redrawn, lent), numbers, wanted)


def _observe(plan: Plan, streams: Streams, numbers: Ints, wanted: Sequence[Output]) -> Floats:
    """Return the outputs of some replicates, (W, R), whatever the number of workers."""

    def block(first: int) -> Floats:
        trajectory, _ = run_block(plan, numbers[first : first + size], streams)
        seen = {measure: trajectory.observe(measure) for measure, _ in wanted}
        return np.stack([seen[measure][month - plan.scenario.start] for measure, month in wanted])

    size = block_size(plan)
    with ThreadPoolExecutor(plan.workers) as pool:
        return np.concatenate(list(pool.map(block, range(0, numbers.size, size))), axis=1)


def _matters(own: Floats, other: Floats) -> float:
    """Return the largest share of an output's variance that drawing one layer anew makes; 0 if it changes nothing."""
    found = [0.0]
    for one, two in zip(own, other, strict=True):
        scaled, _ = _scaled([one, two])
        spread = float(np.var(scaled[0]))
        if spread > 0:
            found.append(float(np.mean((scaled[0][: two.size] - scaled[1]) ** 2)) / 2 / spread)
    return max(found)


def _scaled(values: Sequence[Floats]) -> tuple[list[Floats], bool]:
    """Return arrays on the log scale if all that is in them is above 0, else as they are, and which it is."""
    logarithm = all(bool((each > 0).all()) for each in values)
    return [np.log(each) if logarithm else each for each in values], logarithm


def _shares(
    output: Output, i: int, main: Sequence[Layer], corners: Mapping[int, Floats], pilots: Mapping[Layer, Floats]
) -> ShapleyShares | None:
    rows, logarithm = _scaled([values[i] for values in (*corners.values(), *pilots.values())])
    values = dict(zip(corners, rows, strict=False))
    own, size = values[0], values[0].size
    variance = float(np.var(own, ddof=1))
    if not variance > 0 or not all(np.isfinite(row).all() for row in rows):
        return None
    effects = {
        layer: (own[: row.size] - row) ** 2 / 2 / variance
        for layer, row in zip(pilots, rows[len(corners) :], strict=True)
    }
    slight = [layer for layer in LAYERS if layer not in main]
    rest = float(sum(effects[layer].mean() for layer in slight))
    shapley, error, first, total = np.full((4, len(LAYERS)), np.nan)
    for layer in slight:
        at, effect = LAYERS.index(layer), effects[layer]
        shapley[at] = total[at] = effect.mean()
        error[at] = effect.std() / sqrt(effect.size)
        first[at] = np.nan if effect.any() else 0.0
    made = {layers: each / variance for layers, each in squares(values).items()} | {0: np.full(size, rest)}
    whole = 2 ** len(main) - 1
    for bit, layer in enumerate(main):
        at = LAYERS.index(layer)
        gains = shapley_gains(made, bit, len(main))
        shapley[at] = gains.mean()
        error[at] = circle_error(gains - shapley[at] * made[whole])
        first[at] = 1.0 - made[whole & ~(1 << bit)].mean()
        total[at] = made[1 << bit].mean() - rest
    return ShapleyShares(*output, logarithm, shapley, error, first, total, size)


def squares(values: Mapping[int, Floats]) -> dict[int, Floats]:
    """Return, for each set of layers (bits), half the squared differences that they make, (R,).

    Parameters
    ----------
    values : by corner (bits of the layers that are the neighbour's), (R,); the first corner is the run itself, the
        last, with all layers, the run turned by one. Every set must be the difference of two corners.
    """
    found: dict[int, list[Floats]] = {}
    whole = max(values)
    for one, mine in values.items():
        for other, theirs in values.items():
            if one < other and one ^ other != whole:
                found.setdefault(one ^ other, []).append((mine - theirs) ** 2 / 2)
    centred = (values[0] - values[0].mean()) ** 2 * (values[0].size / (values[0].size - 1))
    means = {layers: np.mean(each, axis=0) for layers, each in found.items()}
    return means | {whole: (centred + np.roll(centred, -1)) / 2}


def shapley_gains(made: Mapping[int, Floats], bit: int, layers: int) -> Floats:
    """Return, for each replicate, (R,), what a layer adds to the variance made, averaged over the orders of layers."""
    return sum(
        (weight * (made[others | 1 << bit] - made[others]) for others, weight in _orders(bit, layers)),
        np.zeros_like(made[0]),
    )


def _orders(bit: int, layers: int) -> Iterator[tuple[int, float]]:
    """Yield each set of other layers with the share of orders in which exactly they come before."""
    for others in range(2**layers):
        if not others >> bit & 1:
            before = others.bit_count()
            yield others, factorial(before) * factorial(layers - before - 1) / factorial(layers)


def circle_error(influence: Floats) -> float:
    """Return the standard error of a mean over replicates in a circle, (R,), each dependent on its neighbours only."""
    centred = influence - influence.mean()
    variance = float(np.mean(centred**2) + 2 * np.mean(centred * np.roll(centred, 1)))
    return sqrt(max(variance, 0.0) / influence.size)
