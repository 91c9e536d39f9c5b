"""What drives an answer: how much of its spread comes from data, from priors, from levers, from chance.

The spread is split in two steps. Shapley effects (`mobank.ensemble.shapley`) give what the layers of chance
contribute; then the share of the layer `parameters` is divided among its draws by a regression on them, group by
group, averaged over all orders of the groups (Lindeman, Merenda and Gold 1980). Which single draws matter most is
told by first-order indices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.quantities import Month
from mobank.base.streams import LAYERS, Streams
from mobank.dynamics.changes import beginnings
from mobank.dynamics.draws import REGIONS_SPREAD, Draws, draw
from mobank.dynamics.shocks import drift, paths
from mobank.ensemble.paths import Paths
from mobank.ensemble.plan import Plan
from mobank.ensemble.sensitivity import given_data_shares
from mobank.ensemble.shapley import ENOUGH, Output, ShapleyShares
from mobank.scenario.scenario import Band, Scenario

Kind = Literal["data", "partly", "prior", "lever", "chance"]
KINDS: tuple[Kind, ...] = ("data", "partly", "prior", "lever", "chance")
OF_LAYER: Mapping[str, Kind] = {"environment": "chance", "moves": "chance", "events": "lever"}  # parameters: see above
What = Literal["figure", "parameter", "factor", "shock", "drift", "growth", "origin", "amount", "date", "years"]
MOST_INPUTS = 8  # told for each answer
LEAST = 0.01  # index below which an input is not told


@dataclass(frozen=True)
class Input:
    """Something drawn, with its value in each replicate, (R,).

    Parameters
    ----------
    kind : what stands behind it.
    what, name, of : how it is called: a `parameter` name, its `factor` of a band, a reported `figure` of a measure, the
        `amount` or `date` of a lever, a `shock`'s size and the like, its `drift`, where it stands at the `origin`, the
        luck of the `years`; of the last two, `of` is the band of a region that has shocks of its own.
    """

    kind: Kind
    what: What
    name: str
    of: str
    values: Floats


@dataclass(frozen=True)
class Drivers:
    """What drives one measure in one month.

    Parameters
    ----------
    share : by kind, in the order of `KINDS`, (5,); they sum to one.
    inputs, index, index_error : the draws that matter most, largest first, with their first-order indices.
    """

    measure: str
    month: Month
    share: Floats
    inputs: tuple[Input, ...]
    index: Floats
    index_error: Floats

    @property
    def order(self) -> list[Kind]:
        """The kinds that have a share, largest first."""
        return [KINDS[i] for i in np.argsort(-self.share, kind="stable") if self.share[i] > 0]


def determined(scenario: Scenario, name: str) -> Kind:
    """Return what stands behind a draw: a posterior's record says it; without a posterior, figures move no prior."""
    return scenario.fitted.determined.get(name, "prior") if scenario.fitted else "prior"


def asked(plan: Plan) -> list[Output]:
    """Return the measures and months that the asks are about; without asks, both headline measures at the end."""
    found = [(c.measure, ask.month) for ask in plan.scenario.asks for c in (ask.condition, ask.rival) if c]
    origin = plan.model.origin
    headline = [(measure, plan.months[-1]) for measure in ((origin.stock, origin.engaged) if origin else ())]
    return list(dict.fromkeys(found or headline))


def drivers(run: Paths, shares: Sequence[ShapleyShares]) -> list[Drivers]:
    """Return what drives each answer (see `asked`) for which shares are known."""
    plan = run.plan
    replicates = np.arange(min(plan.draws, ENOUGH))
    streams = Streams(plan.seed)
    draws = draw(plan.model, plan.scenario, streams, replicates)
    drawn = [each for each in _drawn(plan, draws, streams, replicates) if _varies(each.values)]
    known = {(each.measure, each.month): each for each in shares}
    return [
        _drivers(run, known[output], [*drawn, *_years(plan, draws, streams, replicates, output[1])])
        for output in asked(plan)
        if output in known
    ]


def _varies(values: Floats) -> bool:
    return bool(np.isfinite(values).all() and np.ptp(values) > 0)


def _drivers(run: Paths, shares: ShapleyShares, inputs: Sequence[Input]) -> Drivers:
    values = np.array([each.values for each in inputs])
    output = run.month(shares.measure, shares.month - run.plan.scenario.start)[: values.shape[1]]
    output = np.log(output) if shares.logarithm else output
    found = given_data_shares(values, output)
    told = found.first >= np.maximum(LEAST, 2 * found.error)
    best = [i for i in np.argsort(-found.first, kind="stable") if told[i]][:MOST_INPUTS]
    return Drivers(
        shares.measure,
        shares.month,
        _by_kind(shares, inputs, values, output),
        tuple(inputs[i] for i in best),
        found.first[best],
        found.error[best],
    )


def _by_kind(shares: ShapleyShares, inputs: Sequence[Input], values: Floats, output: Floats) -> Floats:
    known = dict(zip(LAYERS, np.maximum(shares.shapley, 0.0), strict=True))
    of: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)
    for layer, kind in OF_LAYER.items():
        of[kind] += known[layer]
    groups = {
        kind: [i for i, each in enumerate(inputs) if each.kind == kind and each.what != "date"]
        for kind in KINDS
        if kind != "chance"
    }
    beside = [i for i, each in enumerate(inputs) if each.what in ("years", "date")]
    for kind, share in regression_shares({k: g for k, g in groups.items() if g}, beside, values, output).items():
        of[kind] += share * known["parameters"]
    total = sum(of.values())
    return np.array([of[kind] / total for kind in KINDS])


def regression_shares(
    groups: Mapping[Kind, Sequence[int]], beside: Sequence[int], inputs: Floats, output: Floats
) -> dict[Kind, float]:
    """Return how the variance that all groups explain divides among them; sums to one.

    Parameters
    ----------
    groups : which inputs belong to a group; they may be correlated.
    beside : inputs that the output is held against in any case, so that less of it is noise.
    inputs : (P, R); only their order counts. output : (R,).

    References
    ----------
    Lindeman, R. H., Merenda, P. F. and Gold, R. Z. (1980). Introduction to bivariate and multivariate analysis.
    Grömping, U. (2007). Estimators of relative importance in linear regression. The American Statistician 61, 139-147.
    """
    names, explain = list(groups), _explainer(inputs, output)
    gains = dict.fromkeys(names, 0.0)
    for name in names:
        others = [each for each in names if each != name]
        for count in range(len(names)):
            weight = factorial(count) * factorial(len(others) - count) / factorial(len(names))
            for before in combinations(others, count):
                earlier = [*beside, *(i for each in before for i in groups[each])]
                gains[name] += weight * (explain([*earlier, *groups[name]]) - explain(earlier))
    gains = {name: max(gain, 0.0) for name, gain in gains.items()}
    total = sum(gains.values())
    return {name: gain / total if total else 1.0 / len(names) for name, gain in gains.items()}


def _explainer(inputs: Floats, output: Floats) -> Callable[[Sequence[int]], float]:
    """Return what tells how much of the output's variance a regression on some inputs' normal scores explains."""
    scores = np.array([_scores(each) for each in inputs])
    centred = output - output.mean()
    among, against, variance = scores @ scores.T, scores @ centred, float(centred @ centred)

    def explain(chosen: Sequence[int]) -> float:
        found, *_ = np.linalg.lstsq(among[np.ix_(chosen, chosen)], against[chosen], rcond=None)
        left = 1.0 - float(found @ against[chosen]) / variance
        return 1.0 - left * (output.size - 1) / max(output.size - 1 - len(chosen), 1)  # corrected for its size

    return explain


def _scores(values: Floats) -> Floats:
    """Return standard normal quantiles by rank, (R,), ties sharing theirs."""
    from scipy.special import ndtri

    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2 - 0.5
    scores = ndtri(rank / values.size)[place]
    return np.asarray(scores - scores.mean())


# ------------ what was drawn


def _drawn(plan: Plan, draws: Draws, streams: Streams, replicates: NDArray[np.int64]) -> list[Input]:
    """Return all draws but the luck of the years; those that do not vary are among them."""
    return [
        *_figures(plan, draws),
        *_parameters(plan, draws),
        *_sizes(plan.scenario, draws),
        *_levers(plan, draws, streams, replicates),
    ]


def _figures(plan: Plan, draws: Draws) -> list[Input]:
    """Return where in their intervals the start's reported figures lie."""
    origin, people = plan.model.origin, draws.start
    measures = (origin.stock, origin.engaged, origin.total) if origin else ()
    at_start = {name: people[plan.model.indices(plan.model.measure[name].stock)] for name in measures}
    return [
        Input("data", "figure", name, str(plan.scenario.start), each.sum(axis=(0, 1)).astype(float))
        for name, each in at_start.items()
    ]


def _parameters(plan: Plan, draws: Draws) -> list[Input]:
    """Return each parameter as it is where bands leave it alone, and what each band does to it."""
    scenario, found = plan.scenario, []
    for name, values in draws.base.items():
        kind = determined(scenario, name)
        own = [band for band in scenario.bands if name in band.factors or name in band.values]
        of_band = [np.array([band.name in s.bands for s in scenario.segments]) for band in own]
        if len(values) == 1:
            found.append(Input(kind, "parameter", name, "", values[0]))
            continue
        plain = int(np.argmin(np.sum(of_band, axis=0)))
        found.append(Input(kind, "parameter", name, "", values[plain]))
        with np.errstate(divide="ignore", invalid="ignore"):  # a rate may be 0
            found += [
                Input(
                    _behind_band(scenario, band, name),
                    "factor",
                    name,
                    band.name,
                    np.log(values[mine] / values[plain]).mean(axis=0),
                )
                for band, mine in zip(own, of_band, strict=True)
                if not mine[plain]
            ]
    return found


def _behind_band(scenario: Scenario, band: Band, name: str) -> Kind:
    written = "values" if name in band.values else "factors"
    return determined(scenario, f"{band.dimension}.{band.name}.{written}.{name}")


def _sizes(scenario: Scenario, draws: Draws) -> list[Input]:
    """Return what the shocks of a replicate are like, and where they stand at the start if a posterior says so."""
    sizes = draws.sizes

    def behind(name: str) -> Kind:
        return determined(scenario, f"shocks.{name}")

    found = [
        Input(behind(f"{path}.{what}"), "shock", f"{path} {what}", "", values)
        for what, each in (("size", sizes.size), ("persistence", sizes.persistence))
        for path, values in each.items()
    ]
    found += [Input(behind(f"{path}.drift"), "drift", path, "", values) for path, values in sizes.drift.items()]
    found += [Input("partly", "growth", path, "", growth.now) for path, growth in sizes.growth.items()]
    for path, values in (draws.origin or {}).items():
        found += [Input("partly", "origin", path, band, own) for band, own in _by_band(draws, values)]
    if sizes.spread is not None:
        found.append(Input(determined(scenario, REGIONS_SPREAD), "shock", "spread", "", sizes.spread))
    return [
        *found,
        Input(behind("correlation"), "shock", "correlation", "", sizes.correlation),
        Input(behind("wiggle"), "shock", "wiggle", "", sizes.wiggle),
    ]


def _levers(plan: Plan, draws: Draws, streams: Streams, replicates: NDArray[np.int64]) -> list[Input]:
    """Return the sizes of levers and events, and when those of uncertain date begin first."""
    found = [Input("lever", "amount", change.name, change.parameter, change.amount) for change in draws.changes]
    for change in draws.changes:
        if not change.trigger:
            begun = beginnings(change, plan.scenario.start, plan.scenario.months, streams, replicates)[0]
            month = np.minimum(begun, plan.scenario.months + 1).astype(float)
            found.append(Input("lever", "date", change.name, change.parameter, month))
    return found


def _years(plan: Plan, draws: Draws, streams: Streams, replicates: NDArray[np.int64], month: Month) -> list[Input]:
    """Return how good the years up to a month were, by shock path."""
    months, sizes = month - plan.scenario.start, draws.sizes
    shocks = paths(sizes, plan.scenario.start, plan.scenario.months, streams, replicates, draws.origin)
    found = []
    for name, values in shocks.items():
        foreseen = drift(sizes.drift[name], sizes.half_life_months[name], months)[-1]
        if name in sizes.growth:
            foreseen = foreseen + sizes.growth[name].expected(months)
        by_chance = values[months - 1] - foreseen
        found += [Input("chance", "years", name, band, own) for band, own in _by_band(draws, by_chance)]
    return found


def _by_band(draws: Draws, values: Floats) -> list[tuple[str, Floats]]:
    """Return a path's values of each region, (R,), with its band; "" where the bank has one path."""
    return list(zip(draws.sizes.regions, values, strict=True)) if draws.sizes.regions else [("", values)]
