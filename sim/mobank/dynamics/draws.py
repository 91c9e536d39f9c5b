"""What is not known, drawn: parameters, shock sizes, lever effects and the start, for a block of replicates.

Every draw is a quantile keyed by the name of what is drawn, so two scenarios that share a name share the draw. A
draw whose flows cannot hold the reported start is drawn anew: the prior is conditioned on the start being possible.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mobank.base.arrays import Floats, Ints
from mobank.base.errors import RunError
from mobank.base.priors import Prior
from mobank.base.streams import Streams
from mobank.dynamics import season
from mobank.dynamics.changes import Change
from mobank.dynamics.initial_state import Balance, Lived, ReportedStart, balance, tilted
from mobank.dynamics.posterior_draws import column
from mobank.dynamics.shocks import ShockSizes
from mobank.dynamics.trend import Growth, monthly
from mobank.model.grammar import Model, Origin, Parameter
from mobank.scenario.regions import regions_of
from mobank.scenario.scenario import Figure, Fitted, Lever, Provenance, Scenario, Trend, Value

Drawn = Callable[[Value, str], Floats]  # draws (R,) of a value, by the name of what is drawn

WIGGLE = "shocks.wiggle"
REGIONS_SPREAD = "regions.spread"  # of a region's own shock, as a multiple of what all have in common
REGIONS_PRIOR = Value(
    Prior("lognormal", 0.5, 0.5), "median: 0.5, sigma: 0.5",
    Provenance(reason="regions of one bank share its app and its campaigns; their own part is about half as large",
               evidence="assumption"),
)  # fmt: skip
TRIES = 200  # a draw that fails so often says that the priors contradict the figures


@dataclass(frozen=True)
class Draws:
    """One block of draws.

    Parameters
    ----------
    base : value of each parameter as written, each (S or 1, R).
    tilt : log displacement of each shock path with which those values hold the start, (R,).
    start : (K, S, R) whole persons in each state at the end of the start month.
    sizes : of the shocks, each (R,).
    changes : levers and events, their amounts drawn.
    tried : draws made in all, those that could not hold the start included.
    origin : value of each shock path at the start, (R,), from which it goes on; None where a start in balance
        has none, and the tilt stands for it. Of a posterior with regions, origin and tilt are those of each, (G, R).
    counted : factors of the season, (13, R), with which a measure is counted, where it has one of its own.
    """

    base: Mapping[str, Floats]
    tilt: Mapping[str, Floats]
    start: Ints
    sizes: ShockSizes
    changes: tuple[Change, ...]
    tried: int
    origin: Mapping[str, Floats] | None = None
    counted: Mapping[str, Floats] = field(default_factory=dict)

    def rows(self, rows: NDArray[np.intp]) -> "Draws":
        """Return the draws of these rows, which may come more than once: replicates that share a draw."""
        return replace(
            self,
            base={name: np.ascontiguousarray(values[:, rows]) for name, values in self.base.items()},
            tilt={name: values[..., rows] for name, values in self.tilt.items()},
            origin=self.origin and {name: values[..., rows] for name, values in self.origin.items()},
            start=np.ascontiguousarray(self.start[..., rows]),
            sizes=self.sizes.rows(rows),
            counted={name: factors[:, rows] for name, factors in self.counted.items()},
            changes=tuple(replace(change, amount=change.amount[rows]) for change in self.changes),
        )


def draw(model: Model, scenario: Scenario, streams: Streams, replicates: Ints) -> Draws:
    """Return the draws of some replicates, (R,) their numbers in the run.

    Raises
    ------
    RunError
        If no draw of a replicate can hold the reported start.
    """
    origin = model.origin
    if origin is None:
        raise RunError(f"the model '{model.name}'", "says not how a start is found", "")
    changes = tuple(_change(scenario, lever, streams, replicates) for lever in scenario.levers)
    if scenario.fitted:
        return _from_posterior(model, origin, scenario, scenario.fitted, streams, replicates, changes)
    sizes = shock_sizes(scenario, lambda value, item: quantiles(value, item, streams, replicates))
    base, found, tried = _hold(model, origin, scenario, streams, replicates, sizes)
    return Draws(base, found.tilt, _whole(model, origin, found.occupancy), sizes, changes, tried)


def _from_posterior(
    model: Model,
    origin: Origin,
    scenario: Scenario,
    fitted: Fitted,
    streams: Streams,
    replicates: Ints,
    changes: tuple[Change, ...],
) -> Draws:
    """Return draws of a posterior: each replicate takes one of its rows, whole, by a uniform of its own."""
    row = np.floor(streams.uniform("parameters", "posterior", replicates) * fitted.rows).astype(np.intp)

    def drawn(value: Value, item: str) -> Floats:
        known = column(fitted, _fitted_name(fitted, item)) if value.prior.kind != "fixed" else None
        return quantiles(value, item, streams, replicates) if known is None else known[row]

    def known(name: str) -> Floats:
        found = column(fitted, name)
        if found is None:
            raise RunError(f"'{name}'", f"is not in the draws of posterior '{fitted.name}'", "fit again")
        return found[row]

    shock = {
        path: np.stack([known(f"shock.{path}.{band}") for band in fitted.regions])
        if fitted.regions
        else known(f"shock.{path}")
        for path in scenario.shocks
    }
    state = np.stack(
        [
            np.stack(
                [
                    weight * known(f"state.{name}.{parent}")
                    for parent, weight in zip(fitted.parents, fitted.weights, strict=True)
                ]
            )
            for name in model.states
        ]
    )

    trends = {path: s.trend for path, s in scenario.shocks.items() if s.trend}
    # what is thought of a parameter is thought of the month of the first figure; a trend has moved it since, whether
    # it goes on or is taken away from here on
    levels = {
        path: level[row] for path in scenario.shocks if (level := column(fitted, f"trend.{path}.level")) is not None
    }
    base = tilted(model, base_values(model, scenario, drawn), levels)
    growth = {
        path: Growth(known(f"trend.{path}.mean"), known(f"trend.{path}.growth"), *monthly(trend))
        for path, trend in trends.items()
    }
    learnt = {
        name: np.stack([known(f"season.{name}.{factor}") for factor in season.FACTORS])
        for name in (scenario.seasons if fitted.monthly else ())
    }
    sizes = replace(
        shock_sizes(scenario, drawn),
        growth=growth,
        season={name: factors for name, factors in learnt.items() if name in scenario.shocks},
        monthly=fitted.monthly,
        regions=fitted.regions,
    )
    counted = {name: factors for name, factors in learnt.items() if name not in scenario.shocks}
    return Draws(base, shock, _whole(model, origin, state), sizes, changes, replicates.size, shock, counted)


def _fitted_name(fitted: Fitted, item: str) -> str:
    """Return the name of a draw in the posterior, where a band may have been divided since."""
    dimension, _, rest = item.partition(".")
    band, _, what = rest.partition(".")
    alias = fitted.aliases.get(f"{dimension}.{band}")
    return f"{alias}.{what}" if alias else item


def _hold(
    model: Model, origin: Origin, scenario: Scenario, streams: Streams, replicates: Ints, sizes: ShockSizes
) -> tuple[dict[str, Floats], Balance, int]:
    """Return base values and starts, drawing again those that cannot hold the reported figures."""
    base, found = _attempt(model, origin, scenario, streams, replicates, sizes, 0)
    tried = replicates.size
    for attempt in range(1, TRIES):
        again = np.flatnonzero(~found.feasible)
        if not again.size:
            return base, found, tried
        tried += again.size
        fresh, better = _attempt(model, origin, scenario, streams, replicates[again], sizes.rows(again), attempt)
        for name, values in fresh.items():
            base[name][:, again] = values
        found.occupancy[..., again] = better.occupancy
        found.feasible[again] = better.feasible
        for path, tilt in better.tilt.items():
            found.tilt[path][again] = tilt
    if found.feasible.all():
        return base, found, tried
    raise RunError(
        f"{TRIES} draws of one replicate",
        "could not hold the reported start",
        "the priors contradict the figures: look at reach_share and the rates",
    )


def _attempt(
    model: Model,
    origin: Origin,
    scenario: Scenario,
    streams: Streams,
    replicates: Ints,
    sizes: ShockSizes,
    attempt: int,
) -> tuple[dict[str, Floats], Balance]:
    base = base_values(model, scenario, lambda value, item: quantiles(value, item, streams, replicates, attempt))
    level, before, active, everyone = (
        _reported(scenario.figure(measure, month), streams, replicates, attempt)
        for measure, month in (
            (origin.stock, scenario.start),
            (origin.stock, scenario.start - 12),
            (origin.engaged, scenario.start),
            (origin.total, scenario.start),
        )
    )
    shares = np.array([segment.share for segment in scenario.segments])
    reported = ReportedStart(level, before, active, shares[:, None] * everyone)
    factors = {name: np.array(by_month) for name, by_month in scenario.season.items()}
    drift = sizes.drift | {path: growth.now for path, growth in sizes.growth.items()}
    lived = Lived(scenario.mixing, drift, factors, scenario.start.month)
    return base, balance(model, origin, base, reported, lived)


def _reported(figure: Figure | None, streams: Streams, replicates: Ints, attempt: int) -> Floats:
    """Return positions inside a figure's interval, (R,), whole persons."""
    if figure is None:
        raise RunError("a reported figure", "is missing", "a scenario is checked before it is drawn")
    u = streams.uniform("parameters", figure.name, replicates, attempt)
    lowest, highest = np.ceil(figure.interval.low), np.ceil(figure.interval.high) - 1.0
    return np.asarray(np.floor(lowest + u * (highest - lowest + 1.0)))


def quantiles(value: Value, item: str, streams: Streams, replicates: Ints, attempt: int = 0) -> Floats:
    """Return draws of one value, (R,), keyed by the item's name."""
    if value.prior.kind == "fixed":
        return np.full(replicates.size, value.prior.centre)
    return value.prior.of_normal(streams.normal("parameters", item, replicates, attempt))


def base_values(model: Model, scenario: Scenario, drawn: Drawn) -> dict[str, Floats]:
    """Return every parameter's values before any change, each (S, R), or (1, R) where no band changes it.

    Who is in a pool that nobody reports can be reached: only the product of both matters.
    """
    found = {
        p.name: _by_segment(scenario, p.name, drawn) for p in model.parameters if not _is_reach(model, scenario, p)
    }
    ones = np.ones((1, next(iter(found.values())).shape[-1]))
    return {p.name: found.get(p.name, ones) for p in model.parameters}


def _is_reach(model: Model, scenario: Scenario, parameter: Parameter) -> bool:
    return scenario.pool is not None and model.origin is not None and parameter.name == model.origin.reach


def _by_segment(scenario: Scenario, name: str, drawn: Drawn) -> Floats:
    draws = drawn(scenario.parameters[name], name)[None]
    for what, combine in (("values", _replace), ("factors", np.multiply)):  # values first, whatever the bands' order
        for band in scenario.bands:
            if name in (given := getattr(band, what)):
                own = drawn(given[name], f"{band.dimension}.{band.name}.{what}.{name}")
                mine = np.array([band.name in segment.bands for segment in scenario.segments])[:, None]
                draws = np.where(mine, combine(draws, own), draws)
    return np.array(draws, order="C")


def _replace(draws: Floats, own: Floats) -> Floats:
    return own


def shock_sizes(scenario: Scenario, drawn: Drawn) -> ShockSizes:
    """Return the sizes of the shocks in each replicate; a trend is at its first figure."""
    shocks = scenario.shocks
    still = np.zeros(drawn(scenario.correlation, "shocks.correlation").shape)
    return ShockSizes(
        size={name: drawn(s.size, f"shocks.{name}.size") for name, s in shocks.items()},
        persistence={
            name: np.minimum(drawn(s.persistence, f"shocks.{name}.persistence"), 0.98) for name, s in shocks.items()
        },
        tails={name: s.tails for name, s in shocks.items()},
        correlation=np.clip(drawn(scenario.correlation, "shocks.correlation"), -0.99, 0.99),
        wiggle=drawn(scenario.wiggle, WIGGLE),
        drift={name: drawn(s.drift, f"shocks.{name}.drift") if s.drift else still for name, s in shocks.items()},
        half_life_months={name: s.half_life_months for name, s in shocks.items()},
        growth={name: _first_growth(name, s.trend, drawn) for name, s in shocks.items() if s.trend},
        spread=drawn(REGIONS_PRIOR, REGIONS_SPREAD) if regions_of(scenario.reported, scenario.bands) else None,
    )


def _first_growth(name: str, trend: Trend, drawn: Drawn) -> Growth:
    mean, above = drawn(trend.mean, f"shocks.{name}.growth"), drawn(trend.start, f"shocks.{name}.growth at first")
    return Growth(mean, mean + above, *monthly(trend))


def unknowns(model: Model, scenario: Scenario) -> dict[str, Value]:
    """Return what a calibration can learn about: every value with a spread, by the name that its draws are keyed by.

    The wiggle within a year is left out: year-end figures do not show it. So is a trend, which is integrated over.
    """
    found: dict[str, Value] = {}

    def note(value: Value, item: str) -> Floats:
        if value.prior.kind != "fixed" and item != WIGGLE and not item.partition(".growth")[1]:
            found[item] = value
        return np.array([value.prior.centre])

    base_values(model, scenario, note)
    shock_sizes(scenario, note)
    for measure, value in scenario.noise.items():
        note(value, f"noise.{measure}")
    for name, value in scenario.seasons.items():
        note(value, f"season.{name}")
    for month, value in scenario.clean_ups.items():
        note(value, f"clean_ups.{month}")
    if scenario.pool:
        headroom = scenario.pool.headroom
        note(replace(headroom, prior=replace(headroom.prior, tails=scenario.pool.tails)), "pool.headroom")
    return found


def _change(scenario: Scenario, lever: Lever, streams: Streams, replicates: Ints) -> Change:
    amount = quantiles(lever.amount, f"amount of {lever.name}", streams, replicates)
    return Change(lever.name, lever.parameter, lever.operation, amount, scenario.touched(lever), lever.begins,
                  lever.lasts_months, lever.ramp_months, lever.half_life_months, lever.trigger, lever.cost)  # fmt: skip


def _whole(model: Model, origin: Origin, occupancy: Floats) -> Ints:
    """Return whole persons, (K, S, R), that keep the reported totals: fractions are passed on from cell to cell."""
    active = model.indices(model.measure[origin.engaged].stock)
    level = model.indices(model.measure[origin.stock].stock)
    out = np.zeros(occupancy.shape, np.int64)
    for group in (
        active,
        [k for k in level if k not in active],
        [k for k in range(len(model.states)) if k not in level],
    ):
        cells = occupancy[group]
        filled = np.floor(np.cumsum(cells.reshape(-1, cells.shape[-1]), axis=0) + 0.5)
        out[group] = np.diff(filled, axis=0, prepend=0.0).astype(np.int64).reshape(cells.shape)
    return out
