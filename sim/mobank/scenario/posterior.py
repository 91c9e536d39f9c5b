"""The key `posterior`: a scenario starts from draws fitted to what was reported, if it still says what that was.

A posterior is a folder: `draws.parquet`, and `posterior.json` with what it was fitted with, which is all that is read
here. Whatever a scenario changes of that would not be in the draws, so it is refused, with the ways out. Who meets
whom may differ from then on, a drift may be switched off, and customers may be divided further.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from mobank.base.errors import InputError, Place, Problem, shown
from mobank.base.priors import Prior
from mobank.base.quantities import Month
from mobank.base.records import read_record
from mobank.base.workspace import POSTERIOR, Scope, scope, seek
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.posterior_record import POSTERIOR_RECORD
from mobank.scenario.scenario import (
    Band,
    Campaign,
    Cohort,
    Determined,
    Figure,
    Fitted,
    Provenance,
    Scenario,
    Segment,
    Trend,
    Value,
)
from mobank.scenario.tree import removes

RECORD, DRAWS = POSTERIOR.record, "draws.parquet"
MOSTLY_DATA, MOSTLY_PRIOR = 0.75, 0.25  # of a prior's variance taken away
MOVED = 0.5  # prior standard deviations: a shift that says that the figures speak of it, whatever the width
WAYS_OUT = "change it by a lever, write posterior: off, or fit again (mobank calibrate)"
FITTED_WITHOUT = "which was fitted without it"
FIT_AGAIN = "fit again: mobank calibrate TARGET"
REFIT = "fit again (mobank calibrate), or write posterior: off"
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A posterior that is there: its folder and what is written in it.

    `spelled` is how a scenario may name it, whatever folder of the workspace it lies in.
    """

    name: str
    folder: Path
    record: Facts
    spelled: str = ""

    @property
    def last(self) -> Month:
        """The month of the last figure, from which runs start."""
        year, month = self.record["last"].split("-")
        return Month.of(int(year), int(month))


def find(given: str | Path) -> Found | None:
    """Return a posterior that a person names, by its folder or by name; None if it is not there.

    Raises
    ------
    InputError
        If its record is not as it was written, or of another version.
    """
    folder = seek(given, POSTERIOR)
    return _found(folder, scope(), FIT_AGAIN) if folder else None


def _found(folder: Path, within: Scope, hint: str) -> Found:
    record = read_record(folder / RECORD, POSTERIOR_RECORD, hint)
    return Found(folder.name, folder, record, within.spelled(folder, POSTERIOR))


def read_posterior(here: Cursor | None, file: Path | None) -> Found | None:
    """Return the posterior that a scenario names, by name or by its folder's path; None if it names none.

    Parameters
    ----------
    file : of the scenario, whose workspace comes first.
    """
    text = here.text() if here else None
    if here is None or text is None or removes(here.node):
        return None
    within, beside = scope(file), Path(here.place.file).parent
    folder = within.find(text, beside, POSTERIOR)
    if folder is None and not within.allows(beside / text):
        here.problems.append(within.refusal(text, here.key, here.place))
        return None
    if folder is None:
        here.problem(shown(text), "is not a posterior", within.nearest(text, beside, POSTERIOR))
        return None
    try:
        return _found(folder, within, REFIT)
    except InputError as error:
        here.problems.extend(error.problems)
        return None


def fit_to(here: Cursor, found: Found, scenario: Scenario, start: Cursor | None, model: Model) -> Fitted | None:
    """Return the posterior as a scenario starts from it; what the scenario has changed of it is noted."""
    if unusable := list(why_unusable(found, model, here.place)):
        here.problems.extend(unusable)
        return None
    known = len(here.problems)
    if scenario.start != found.last:
        allowed = f"is not the month that posterior {shown(found.name)} ends with ({found.last})"
        hint = f"write start: {found.last}, or posterior: off"
        if start is None:
            hint = f"fit again (mobank calibrate), or {hint}"
        (start or here).problem(str(scenario.start), allowed, hint)
    here.problems.extend(_changed(found, scenario, here.place))
    aliases = _aliases(found, scenario, here)
    if len(here.problems) > known:
        return None
    parents, weights = _parts(found, scenario, aliases)
    record = found.record
    known_by = {row["name"]: determined_by(row["contraction"], row["shift"]) for row in record["coordinates"]}
    figures = tuple(name.removeprefix("reported.") for name in record["fitted_with"]["figures"])
    return Fitted(
        found.name,
        str(found.folder),
        record["draws"],
        record["rows"],
        parents,
        weights,
        aliases,
        known_by,
        figures,
        record["shocks"] == "monthly",
        record.get("regions", {}),
    )


def why_unusable(found: Found, model: Model, place: Place | None = None) -> Iterator[Problem]:
    """Yield why what a folder holds is not the posterior of its name, or not one of a model's law."""
    record = found.folder / RECORD
    own, name = found.record["name"], shown(found.folder.name)
    if own != found.folder.name:
        allowed = f"is the name of a folder that holds the posterior {shown(str(own))}"
        hint = f"write posterior: {own}, or, if it is to be renamed, name {name} in {record.as_posix()} too"
        yield Problem(name, allowed, hint, "posterior", place)
    if found.record["model"] != fingerprint(as_fitted(model, found.record["fitted_with"])):
        allowed = "was fitted to a model with another law"
        yield Problem(f"the posterior {shown(found.name)}", allowed, REFIT, "posterior", place)
    if (digest := digest_of(found.folder / DRAWS)) != found.record["draws"]:
        allowed = "are not those that its record names" if digest else "are gone"
        draws = f"the draws of the posterior {shown(found.name)} ({(found.folder / DRAWS).as_posix()})"
        yield Problem(draws, allowed, REFIT, "posterior", place)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, "" where there is none; it is read again only if it has changed."""
    try:
        status = path.stat()
        return _digest_of(str(path.absolute()), status.st_mtime_ns, status.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=8)
def _digest_of(path: str, changed: int, size: int) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


def determined_by(contraction: float, shift: float) -> Determined:
    """Return whether figures determine a draw, from what they did to its prior.

    Parameters
    ----------
    contraction : share of the prior's variance that they took away. shift : of the mean, in prior standard deviations.
    """
    if contraction >= MOSTLY_DATA:
        return "data"
    return "prior" if contraction < MOSTLY_PRIOR and abs(shift) < MOVED else "partly"


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


# ------------ what a posterior was fitted with


def facts(scenario: Scenario) -> dict[str, Any]:
    """Return what a posterior has been fitted with, as `posterior.json` records it."""
    return {
        "values": {name: [*_of(value), value.text] for name, value in _values(scenario).items()},
        "bands": [_band(band) for band in scenario.bands],
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


def _band(band: Band) -> dict[str, Any]:
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


def _changed(found: Found, scenario: Scenario, here: Place) -> Iterator[Problem]:
    name = f"posterior {shown(found.name)}"
    yield from _other_values(found.record["fitted_with"], name, scenario, here)
    yield from _other_figures(found.record, name, scenario, here)
    yield from _other_years(found.record["fitted_with"], name, scenario)
    known = found.record["fitted_with"]
    ran = {f"campaigns.{each}": said for each, said in known.get("campaigns", {}).items()}
    campaigns = {f"campaigns.{c.name}": (_ran(c), c.effect.provenance) for c in scenario.campaigns}
    yield from _other_blocks(ran, campaigns, "campaign", name, here)
    kept = known.get("retention", {})
    asked = [c for c in scenario.retention if c.name in kept or _asked(found.record, c.provenance)]
    cohorts = {c.name: (_kept(c), c.provenance) for c in asked}
    yield from _other_blocks(kept, cohorts, "cohort", name, here)


def _other_values(known: Facts, name: str, scenario: Scenario, here: Place) -> Iterator[Problem]:
    values = _values(scenario)
    for key, (*prior, text) in known["values"].items():
        if key not in values:
            if not key.startswith("drift."):
                yield Problem("this value", f"is missing, but {name} was fitted with it ({text})", WAYS_OUT, key, here)
        elif _of(values[key]) != prior:
            place = values[key].provenance.place or here  # what a scenario takes away stands nowhere
            allowed = f"is not what {name} was fitted with ({text})"
            yield Problem(shown(values[key].text), allowed, WAYS_OUT, key, place)
    for key in (key for key in values if key not in known["values"]):
        place = values[key].provenance.place or here
        yield Problem(shown(values[key].text), f"is not in {name}, {FITTED_WITHOUT}", WAYS_OUT, key, place)


def _asked(record: Facts, whence: Provenance) -> bool:
    """Return whether a posterior took reports of this evidence."""
    return whence.evidence in record["evidence"]


def _other_figures(record: Facts, name: str, scenario: Scenario, here: Place) -> Iterator[Problem]:
    known, figures = record["fitted_with"]["figures"], {figure.name: figure for figure in scenario.reported}
    for key, (*said, text) in known.items():
        if key not in figures:
            allowed = f"is missing, but {name} was fitted with it ({text})"
            yield Problem("this figure", allowed, WAYS_OUT, key, here)
        elif _known(figures[key])[:-1] != said:
            allowed = f"is not the figure that {name} was fitted with ({text})"
            yield Problem(shown(figures[key].text), allowed, WAYS_OUT, key, figures[key].provenance.place)
    for key in (key for key in figures if key not in known):
        if _asked(record, figures[key].provenance):
            allowed = f"is a figure that {name} was fitted without"
            yield Problem(shown(figures[key].text), allowed, WAYS_OUT, key, figures[key].provenance.place)


def _other_years(known: Facts, name: str, scenario: Scenario) -> Iterator[Problem]:
    """Yield what makes years of another kind: a season, and how far out a year's luck may lie."""
    for key in scenario.season:
        place = scenario.whence[f"season.{key}"].place
        yield Problem("this season", f"is not in {name}, {FITTED_WITHOUT}", WAYS_OUT, f"season.{key}", place)
    for path, tails in known["tails"].items():
        if path in scenario.shocks and scenario.shocks[path].tails != tails:
            allowed = f"is not what {name} was fitted with ({_tails(tails)})"
            key, place = f"shocks.{path}.tails", scenario.shocks[path].size.provenance.place
            yield Problem(_tails(scenario.shocks[path].tails), allowed, WAYS_OUT, key, place)


def _other_blocks(
    known: Facts, own: Mapping[str, tuple[list[Any], Provenance]], kind: str, name: str, here: Place
) -> Iterator[Problem]:
    """Yield the campaigns or cohorts that a posterior was fitted with and a scenario has not, or has otherwise."""
    for key in dict.fromkeys((*known, *own)):
        if key not in own:
            yield Problem(
                f"this {kind}", f"is missing, but {name} was fitted with it ({known[key][-1]})", WAYS_OUT, key, here
            )
        elif key not in known or own[key][0][:-1] != known[key][:-1]:
            said, whence = own[key]
            text = known[key][-1] if key in known else ""
            allowed = f"is not what {name} was fitted with ({text})" if text else f"is not in {name}, {FITTED_WITHOUT}"
            yield Problem(shown(said[-1]), allowed, WAYS_OUT, key, whence.place)


def _tails(degrees: float) -> str:
    return f"{degrees:g} degrees of freedom" if degrees else "normal shocks"


def _aliases(found: Found, scenario: Scenario, here: Cursor) -> dict[str, str]:
    """Return for each band that is part of a fitted one whose part it is, `dimension.band` to `dimension.band`."""
    aliases: dict[str, str] = {}
    fitted = _by_dimension(found.record["fitted_with"]["bands"])
    own = _by_dimension([_band(band) for band in scenario.bands])
    for dimension in {**fitted, **own}:
        before, now = fitted.get(dimension, {}), own.get(dimension, {})
        gone, come = before.keys() - now.keys(), now.keys() - before.keys()
        kept = all(before[name] == now[name] for name in before.keys() & now.keys())
        if not before:  # a division of its own, which may not change anything by itself
            even = all(not band["factors"] and not band["values"] for band in now.values())
        elif gone or come:
            even = kept and len(gone) == 1 and _divides([now[n] for n in come], before[next(iter(gone))])
            aliases |= {f"{dimension}.{name}": f"{dimension}.{next(iter(gone))}" for name in sorted(come) if even}
        else:
            even = kept
        if not even:
            allowed = f"divides the customers in another way than posterior {shown(found.name)} was fitted with"
            place = next((b.provenance.place for b in scenario.bands if b.dimension == dimension), here.place)
            here.problems.append(Problem("this dimension", allowed, WAYS_OUT, f"segments.{dimension}", place))
    return aliases


def _by_dimension(bands: Sequence[Facts]) -> dict[str, dict[str, Facts]]:
    found: dict[str, dict[str, Facts]] = {}
    for band in bands:
        found.setdefault(band["dimension"], {})[band["name"]] = band
    return found


def _divides(parts: Sequence[Facts], whole: Facts) -> bool:
    alike = all(part[what] == whole[what] for part in parts for what in ("factors", "values"))
    return bool(parts) and alike and abs(sum(part["share"] for part in parts) - whole["share"]) < 1e-6


def _parts(found: Found, scenario: Scenario, aliases: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return for each segment the fitted one that it is part of, and which part of it."""
    fitted = {(band["dimension"], band["name"]): band["share"] for band in found.record["fitted_with"]["bands"]}
    order = list(dict.fromkeys(dimension for dimension, _ in fitted))
    of = {band.name: band for band in scenario.bands}
    parents, weights = [], []
    for segment in scenario.segments:
        mine = {}
        for band in (of[name] for name in segment.bands):
            whole = aliases.get(f"{band.dimension}.{band.name}", f"{band.dimension}.{band.name}")
            mine[band.dimension] = whole.partition(".")[2]
        chosen = [(dimension, mine[dimension]) for dimension in order]
        share = 1.0
        for each in chosen:
            share *= fitted[each]
        parents.append(Segment(tuple(name for _, name in chosen), share).name)
        weights.append(segment.share / share)
    return tuple(parents), tuple(weights)
