"""What a posterior was fitted with, and what a scenario that starts from it says otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mobank.base.errors import Place, Problem, shown
from mobank.base.priors import Prior
from mobank.model.grammar import Model
from mobank.scenario.scenario import Band, Campaign, Cohort, Figure, Provenance, Scenario, Trend, Value

ALIKE = "let the target say the same and fit again (mobank calibrate)"
WITHOUT_IT = "write posterior: off"
FIGURE, SEASON = "this figure", "this season"
LEARNT = ("pool.", "season.")  # what no run has without a posterior
FITTED_WITHOUT = "which was fitted without it"
Facts = Mapping[str, Any]


def as_fitted(model: Model, known: Facts) -> Model:
    """Return the model that a posterior was fitted with: without the flows that were off or not declared then."""
    values, bands = known["values"], known["bands"]
    fixed = {
        p.name: [*_of(Value(Prior("fixed", p.absent), "", Provenance()))]
        for p in model.parameters
        if p.absent is not None
    }
    off = {name for name, absent in fixed.items() if values.get(f"parameters.{name}", absent)[:3] == absent}
    return model.without(frozenset(off - {name for band in bands for name in band["values"]}))


def ways_out(record: Facts, *others: str) -> str:
    """Return as a hint what helps against what does not fit a posterior: to go without it, where that is possible."""
    learnt = any(key.startswith(LEARNT) for key in record["fitted_with"]["values"])
    ways = [*others] if learnt else [*others, WITHOUT_IT]
    return ", or ".join(filter(None, (", ".join(ways[:-1]), ways[-1])))


# ------------ what a posterior was fitted with


def facts(scenario: Scenario) -> dict[str, Any]:
    """Return what a posterior has been fitted with, as `posterior.json` records it."""
    return {
        "values": {name: [*_of(value), value.text] for name, value in _values(scenario).items()},
        "bands": [band_facts(band) for band in scenario.bands],
        "tails": {path: shock.tails for path, shock in scenario.shocks.items()},
        "figures": {figure.name: _known(figure) for figure in scenario.reported},
        **({"campaigns": {c.name: _ran(c) for c in scenario.campaigns}} if scenario.campaigns else {}),
        **({"retention": {c.name: _kept(c) for c in scenario.retention}} if scenario.retention else {}),
    }


def _values(scenario: Scenario) -> dict[str, Value]:
    found = {f"parameters.{n}": value for n, value in scenario.written.items()}
    for path, shock in scenario.shocks.items():
        found |= {f"shocks.{path}.size": shock.size, f"shocks.{path}.persistence": shock.persistence}
        if shock.drift:
            found[f"drift.{path}"] = shock.drift
        if shock.trend:  # its half-life is of the years that are fitted too; a slope fades only after them
            found |= _of_trend(f"drift.{path}", shock.trend)
    found |= {"shocks.correlation": scenario.correlation}
    if scenario.pool:
        headroom, tails = scenario.pool.headroom, scenario.pool.tails
        found |= {"pool.headroom": headroom, "pool.tails": _exactly(tails, headroom.provenance)}
    found |= {f"noise.{measure}": size for measure, size in scenario.noise.items()}
    found |= {f"clean_ups.{month}": persons for month, persons in scenario.clean_ups.items()}
    return found | {f"season.{name}": size for name, size in scenario.seasons.items()}


def _of_trend(key: str, trend: Trend) -> dict[str, Value]:
    half_life = _exactly(trend.half_life_months, trend.mean.provenance)
    own = {"growth": trend.mean, "start": trend.start, "change": trend.change, "half_life_months": half_life}
    return {f"{key}.{name}": value for name, value in own.items()}


def _exactly(number: float, whence: Provenance) -> Value:
    return Value(Prior("fixed", number), f"{number:g}", whence)


def _of(value: Value) -> list[Any]:
    return [
        value.prior.kind,
        value.prior.centre if value.prior.centre != float("inf") else "unlimited",
        value.prior.spread,
    ]


def band_facts(band: Band) -> dict[str, Any]:
    """Return what a band says."""
    own = {what: {n: [*_of(v), v.text] for n, v in getattr(band, what).items()} for what in ("factors", "values")}
    return {"dimension": band.dimension, "name": band.name, "share": band.share, **own}


def _ran(campaign: Campaign) -> list[Any]:
    """Return what a campaign says, its text last; when it was announced is of no account once it counts."""
    return [campaign.path, str(campaign.first), str(campaign.last), *_of(campaign.effect), campaign.text]


def _known(figure: Figure) -> list[Any]:
    """Return what a figure says, its text last; of a flow, how it is counted decides how exactly it is known."""
    interval = figure.interval
    counted = [figure.definition] if figure.months else []
    return [interval.low, interval.high, interval.stale_share, *counted, figure.text]


def _kept(cohort: Cohort) -> list[Any]:
    """Return what a cohort says, as it is written last."""
    shares = [[share.age, share.interval.low, share.interval.high] for share in cohort.shares]
    return [shares, cohort.definition, ", ".join(f"{share.age}: {share.text}" for share in cohort.shares)]


# ------------ what a scenario has changed


def changed(record: Facts, name: str, scenario: Scenario, here: Place) -> Iterator[Problem]:
    """Yield what a scenario says otherwise than its posterior was fitted with, and what helps.

    Parameters
    ----------
    record : of the posterior. name : its name. here : where the scenario names it.
    """
    for problem in _others(record, f"posterior {shown(name)}", scenario, here):
        if problem.found == FIGURE:  # without it no run may have a start, whatever it starts from
            hint = f"keep it, or {ALIKE}"
        elif problem.found == SEASON:  # of known factors, which no fit takes
            hint = ways_out(record, "leave it out")
        elif problem.key.startswith("parameters."):
            hint = ways_out(record, "change it by a lever", ALIKE)
        else:
            hint = ways_out(record, ALIKE)
        yield replace(problem, hint=hint)


def _others(record: Facts, name: str, scenario: Scenario, here: Place) -> Iterator[Problem]:
    yield from _other_values(record["fitted_with"], name, scenario, here)
    yield from _other_figures(record, name, scenario, here)
    yield from _other_years(record["fitted_with"], name, scenario)
    known = record["fitted_with"]
    ran = {f"campaigns.{each}": said for each, said in known.get("campaigns", {}).items()}
    campaigns = {f"campaigns.{c.name}": (_ran(c), c.effect.provenance) for c in scenario.campaigns}
    yield from _other_blocks(ran, campaigns, "campaign", name, here)
    kept = known.get("retention", {})
    asked = [c for c in scenario.retention if c.name in kept or _asked(record, c.provenance)]
    cohorts = {c.name: (_kept(c), c.provenance) for c in asked}
    yield from _other_blocks(kept, cohorts, "cohort", name, here)


def _other_values(known: Facts, name: str, scenario: Scenario, here: Place) -> Iterator[Problem]:
    values = _values(scenario)
    for key, (*prior, text) in known["values"].items():
        if key not in values:
            if not key.startswith("drift."):
                yield Problem("this value", f"is missing, but {name} was fitted with it ({text})", "", key, here)
        elif _of(values[key]) != prior:
            place = values[key].provenance.place or here  # what a scenario takes away stands nowhere
            allowed = f"is not what {name} was fitted with ({text})"
            yield Problem(shown(values[key].text), allowed, "", key, place)
    for key in (key for key in values if key not in known["values"]):
        place = values[key].provenance.place or here
        yield Problem(shown(values[key].text), f"is not in {name}, {FITTED_WITHOUT}", "", key, place)


def _asked(record: Facts, whence: Provenance) -> bool:
    """Return whether a posterior took reports of this evidence."""
    return whence.evidence in record["evidence"]


def _other_figures(record: Facts, name: str, scenario: Scenario, here: Place) -> Iterator[Problem]:
    known, figures = record["fitted_with"]["figures"], {figure.name: figure for figure in scenario.reported}
    for key, (*said, text) in known.items():
        if key not in figures:
            allowed = f"is missing, but {name} was fitted with it ({text})"
            yield Problem(FIGURE, allowed, "", key, here)
        elif _known(figures[key])[:-1] != said:
            allowed = f"is not the figure that {name} was fitted with ({text})"
            yield Problem(shown(figures[key].text), allowed, "", key, figures[key].provenance.place)
    for key in (key for key in figures if key not in known):
        if _asked(record, figures[key].provenance):
            allowed = f"is a figure that {name} was fitted without"
            yield Problem(shown(figures[key].text), allowed, "", key, figures[key].provenance.place)


def _other_years(known: Facts, name: str, scenario: Scenario) -> Iterator[Problem]:
    """Yield what makes years of another kind: a season, and how far out a year's luck may lie."""
    for key in scenario.season:
        place = scenario.whence[f"season.{key}"].place
        yield Problem(SEASON, f"is not in {name}, {FITTED_WITHOUT}", "", f"season.{key}", place)
    for path, tails in known["tails"].items():
        if path in scenario.shocks and scenario.shocks[path].tails != tails:
            allowed = f"is not what {name} was fitted with ({_tails(tails)})"
            key, place = f"shocks.{path}.tails", scenario.shocks[path].size.provenance.place
            yield Problem(_tails(scenario.shocks[path].tails), allowed, "", key, place)


def _other_blocks(
    known: Facts, own: Mapping[str, tuple[list[Any], Provenance]], kind: str, name: str, here: Place
) -> Iterator[Problem]:
    """Yield the campaigns or cohorts that a posterior was fitted with and a scenario has not, or has otherwise."""
    for key in dict.fromkeys((*known, *own)):
        if key not in own:
            yield Problem(
                f"this {kind}", f"is missing, but {name} was fitted with it ({known[key][-1]})", "", key, here
            )
        elif key not in known or own[key][0][:-1] != known[key][:-1]:
            said, whence = own[key]
            text = known[key][-1] if key in known else ""
            allowed = f"is not what {name} was fitted with ({text})" if text else f"is not in {name}, {FITTED_WITHOUT}"
            yield Problem(shown(said[-1]), allowed, "", key, whence.place)


def _tails(degrees: float) -> str:
    return f"{degrees:g} degrees of freedom" if degrees else "normal shocks"
