"""Located tree -> Scenario: strict, and every problem of the file at once.

Each section of a scenario has one reader below; the names that it takes stand in its `fields` call. Nothing here
draws or computes: a Scenario says what was written, checked against the model's names and plausible ranges.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, Problem, shown
from sim.located import dump, load_extended
from sim.priors import Prior
from sim.quantities import (
    Month,
    read_factor,
    read_interval,
    read_month,
    read_months_duration,
    read_number,
    read_share,
)
from sim.reading import Cursor
from sim.scenario import Band, Figure, Provenance, Scenario, Segment, Shock, Value
from sim.scenario_levers import note_collisions, read_levers
from sim.scenario_values import (
    FIGURE_EVIDENCE,
    LEVER_EVIDENCE,
    SCALES,
    WHENCE,
    check_plausible,
    median_of,
    read_prior,
    read_value,
    read_whence,
    text_of,
    written,
)
from sim.spec import Model

SECTIONS = ("question", "start", "until", "reported", "segments", "parameters", "mixing", "season", "shocks", "drift",
            "levers", "events")  # fmt: skip
LONGEST_MONTHS = 600


def load(path: Path, model: Model) -> Scenario:
    """Return the scenario of a file and of those that it extends.

    Raises
    ------
    InputError
        With every problem found, each with file, line and key.
    """
    tree, files = load_extended(path)
    problems: list[Problem] = []
    scenario = _Reader(model, problems).scenario(Cursor(tree, "", problems), path.stem, dump(tree), files)
    if scenario is None or problems:
        raise InputError(problems)
    return scenario


class _Reader:
    """Reads the sections in order; each returns what it could read, problems are noted by the cursors."""

    def __init__(self, model: Model, problems: list[Problem]) -> None:
        self.model, self.problems = model, problems

    def scenario(self, top: Cursor, name: str, resolved: str, files: Sequence[Path]) -> Scenario | None:
        at = top.fields(SECTIONS, required=("question", "start", "until", "parameters"))
        question = at["question"].text() if "question" in at else None
        start = at["start"].read(read_month) if "start" in at else None
        until = at["until"].read(read_month) if "until" in at else None
        if start and until and not 1 <= until - start <= LONGEST_MONTHS:
            at["until"].problem(str(until), f"is not 1 to {LONGEST_MONTHS} months after start ({start})")
        bands = self.bands(at.get("segments"))
        segments = cross(bands)
        parameters = self.parameters(at.get("parameters"), top)
        self.products(bands, parameters)
        mixing = self.mixing(at.get("mixing"), bands, segments)
        season = self.season(at.get("season"))
        drift = self.drift(at.get("drift"))
        shocks, correlation, wiggle = self.shocks(at.get("shocks"), drift)
        levers = [
            *read_levers(at.get("levers"), True, self.model, bands, start),
            *read_levers(at.get("events"), False, self.model, bands, start),
        ]
        note_collisions(self.problems, levers, bands, segments)
        reported = self.reported(at.get("reported"))
        if start and self.model.origin and at:
            self.started(reported, start, top)
        if self.problems or question is None or start is None or until is None:
            return None
        return Scenario(name, question, start, until, reported, bands, segments, parameters, mixing, season, shocks,
                        correlation, wiggle, tuple(levers), resolved, tuple(str(f) for f in files))  # fmt: skip

    # ------------ sections

    def parameters(self, section: Cursor | None, top: Cursor) -> dict[str, Value]:
        if section is None:
            return {}
        values = {}
        named = section.named("parameter", list(self.model.parameter))
        for name, here in named.items():
            parameter = self.model.parameter[name]
            value = read_value(here, SCALES[parameter.unit], required=True)
            if value:
                check_plausible(here, parameter, value)
                values[name] = value
        for name in self.model.parameter:
            if name not in named:
                section.problem(f"'{name}'", "is missing", self.model.parameter[name].meaning)
        return values

    def bands(self, section: Cursor | None) -> tuple[Band, ...]:
        bands: list[Band] = []
        for dimension, group in (section.named() if section else {}).items():
            members = [
                band for name, here in group.named().items() if (band := self.band(name, dimension, here, bands))
            ]
            total = sum(band.share for band in members)
            if members and len(members) == len(group.named()) and abs(total - 1.0) > 1e-6:
                group.problem(f"shares that sum to {100 * total:g}%", "must sum to 100%")
            bands += members
        return tuple(bands)

    def band(self, name: str, dimension: str, here: Cursor, others: Sequence[Band]) -> Band | None:
        at = here.fields(("share", "factors", "values", *WHENCE), required=("share",))
        share = at["share"].read(read_share) if "share" in at else None
        whence = read_whence(at, here, FIGURE_EVIDENCE + LEVER_EVIDENCE, required=True)
        if any(name == other.name for other in others):
            here.problem(shown(name), "is already a band of another dimension", "give it another name")
        named = {n: at[n].named("parameter", self._by_segment()) if n in at else {} for n in ("factors", "values")}
        factors = {n: v for n, c in named["factors"].items() if (v := read_value(c, SCALES["factor"], False))}
        values = {}
        for n, c in named["values"].items():
            parameter = self.model.parameter[n]
            value = read_value(c, SCALES[parameter.unit], False)
            if value:
                check_plausible(c, parameter, value)
                values[n] = value
        return None if share is None else Band(name, dimension, share, factors, values, whence)

    def _by_segment(self) -> list[str]:
        return [p.name for p in self.model.parameters if not p.bank_wide]

    def products(self, bands: Sequence[Band], parameters: Mapping[str, Value]) -> None:
        """Note a factor that takes a parameter's median out of its plausible range, or a share beyond one."""
        for band in bands:
            for name, factor in band.factors.items():
                parameter = self.model.parameter[name]
                if name in parameters and factor.provenance.place:
                    median = median_of(parameters[name]) * median_of(factor)
                    low, high = parameter.plausible
                    if not low <= median <= high:
                        key = f"segments.{band.dimension}.{band.name}.factors.{name}"
                        found = f"× {median_of(factor):g} makes {written(median, parameter.unit)}, which"
                        span = f"{written(low, parameter.unit)} to {written(high, parameter.unit)}"
                        allowed = f"is outside the plausible range of {name}, {span}"
                        self.problems.append(Problem(found, allowed, "", key, factor.provenance.place))

    def mixing(self, section: Cursor | None, bands: Sequence[Band], segments: Sequence[Segment]) -> NDArray[np.float64]:
        """Return who meets whom, (S, S): per dimension as written, else in proportion to the shares."""
        dimensions = list(dict.fromkeys(band.dimension for band in bands))
        at = section.fields((*dimensions, *WHENCE)) if section else {}
        if section:
            read_whence(at, section, LEVER_EVIDENCE, required=True)
        tables = {d: self._meets(at[d], [b.name for b in bands if b.dimension == d]) for d in dimensions if d in at}
        share = {band.name: band.share for band in bands}
        mixing = np.ones((len(segments), len(segments)))
        for (i, here), (j, there) in product(enumerate(segments), enumerate(segments)):
            for mine, theirs, dimension in zip(here.bands, there.bands, dimensions, strict=True):
                table = tables.get(dimension)
                mixing[i, j] *= table.get(mine, {}).get(theirs, 0.0) if table is not None else share[theirs]
        return mixing

    def _meets(self, here: Cursor, names: Sequence[str]) -> dict[str, dict[str, float]]:
        rows = here.fields(names, required=names)
        table = {}
        for mine, row in rows.items():
            meets = {
                theirs: c.read(read_share) or 0.0 for theirs, c in row.named("band of this dimension", names).items()
            }
            if abs(sum(meets.values()) - 1.0) > 1e-6:
                row.problem(f"contacts that sum to {100 * sum(meets.values()):g}%", "must sum to 100%")
            table[mine] = meets
        return table

    def season(self, section: Cursor | None) -> dict[str, tuple[float, ...]]:
        season = {}
        for name, here in (section.named("parameter", list(self.model.parameter)) if section else {}).items():
            at = here.fields(("by_month", *WHENCE), required=("by_month",))
            read_whence(at, here, LEVER_EVIDENCE + FIGURE_EVIDENCE, required=True)
            months = at["by_month"].items(12) if "by_month" in at else None
            if self.model.parameter[name].unit == "share":
                here.problem(f"'{name}'", "is a share and has no season", "a season multiplies rates")
            factors = [f for c in months or () if (f := c.read(read_factor)) is not None]
            if len(factors) == 12 and min(factors) <= 0:
                here.problem("a factor of 0", "cannot stand in a season")
            elif len(factors) == 12:
                logs = np.log(factors)
                season[name] = tuple(float(f) for f in np.exp(logs - logs.mean()))
        return season

    def shocks(
        self, section: Cursor | None, drift: Mapping[str, tuple[Value, float]]
    ) -> tuple[dict[str, Shock], Value, Value]:
        none = Value(Prior("fixed", 0.0), "0", Provenance())
        at = section.fields((*self.model.shocks, "correlation", "wiggle")) if section else {}
        found = {}
        for name in self.model.shocks:
            shock = self.shock(at[name]) if name in at else Shock(none, none, 0.0)
            amount, half_life = drift.get(name, (None, 36.0))
            found[name] = Shock(shock.size, shock.persistence, shock.tails, amount, half_life)
        correlation = read_value(at["correlation"], SCALES["correlation"], True) if "correlation" in at else None
        if correlation and not all(-1 < end < 1 for end in correlation.prior.central()):
            at["correlation"].problem(correlation.text, "is no correlation: it lies between -1 and 1")
        wiggle = read_value(at["wiggle"], SCALES["rate"], True) if "wiggle" in at else None
        return found, correlation or none, wiggle or none

    def shock(self, here: Cursor) -> Shock:
        none = Value(Prior("fixed", 0.0), "0", Provenance())
        at = here.fields(("size", "persistence", "tails", *WHENCE), required=("size", "persistence"))
        block = read_whence(at, here, LEVER_EVIDENCE + FIGURE_EVIDENCE, required=True)
        size = read_value(at["size"], SCALES["rate"], False) if "size" in at else None
        persistence = read_value(at["persistence"], SCALES["share"], False) if "persistence" in at else None
        if persistence and persistence.prior.central()[1] > 0.97:
            at["persistence"].problem(persistence.text, "is above 97%", "a shock must fade from year to year")
        tails = at["tails"].read(read_number) if "tails" in at else 0.0
        if "tails" in at and tails is not None and not 2.5 <= tails <= 100:
            at["tails"].problem(f"{tails:g}", "is not 2.5 to 100 degrees of freedom")
        with_reason = [_sourced(value, block) for value in (size or none, persistence or none)]
        return Shock(with_reason[0], with_reason[1], tails or 0.0)

    def drift(self, section: Cursor | None) -> dict[str, tuple[Value, float]]:
        found = {}
        for name, here in (section.named("shock path", self.model.shocks) if section else {}).items():
            at = here.fields(("value", "low", "high", "mean", "sd", "half_life_months", *WHENCE))
            whence = read_whence(at, here, LEVER_EVIDENCE + FIGURE_EVIDENCE, required=True)
            half_life = at["half_life_months"].read(read_months_duration) if "half_life_months" in at else 36.0
            if half_life is not None and half_life <= 0:
                at["half_life_months"].problem(text_of(at["half_life_months"]), "is not above 0")
            about = {n: c for n, c in at.items() if n != "half_life_months"}
            prior = read_prior(here, about, SCALES["growth"])
            text = ", ".join(f"{n} {text_of(c)}" for n, c in about.items() if n not in WHENCE)
            if prior and half_life:
                found[name] = (Value(prior, text, whence), half_life)
        return found

    def reported(self, section: Cursor | None) -> tuple[Figure, ...]:
        stocks = [m.name for m in self.model.measures if m.stock]
        figures = []
        for measure, group in (section.named("reported measure", stocks) if section else {}).items():
            for month, here in group.named().items():
                figure = self.figure(measure, month, here)
                figures += [figure] if figure else []
        return tuple(sorted(figures, key=lambda f: (stocks.index(f.measure), f.month)))

    def figure(self, measure: str, month: str, here: Cursor) -> Figure | None:
        at = here.fields(("figure", *WHENCE), required=("figure", "source", "evidence"))
        whence = read_whence(at, here, FIGURE_EVIDENCE, required=False)
        when = Cursor(here.node, here.key, self.problems)
        try:
            parsed = read_month(month)
        except ValueError as error:
            when.problem(shown(month), "is not a month", getattr(error, "hint", ""))
            return None
        interval = at["figure"].read(read_interval) if "figure" in at else None
        return Figure(measure, parsed, text_of(at["figure"]), interval, whence) if interval else None

    def started(self, figures: Sequence[Figure], start: Month, top: Cursor) -> None:
        """Note which figures a start in balance lacks."""
        origin = self.model.origin
        assert origin is not None
        known = {(f.measure, f.month) for f in figures}
        for measure, month in ((origin.level, start), (origin.level, start - 12), (origin.active, start),
                               (origin.everyone, start)):  # fmt: skip
            if (measure, month) not in known:
                top.problem(f"reported.{measure}.{month}", "is missing", "a run starts from reported figures")


def cross(bands: Sequence[Band]) -> tuple[Segment, ...]:
    """Return one segment for each combination of bands, one of each dimension."""
    dimensions: dict[str, list[Band]] = {}
    for band in bands:
        dimensions.setdefault(band.dimension, []).append(band)
    return tuple(
        Segment(tuple(b.name for b in chosen), float(np.prod([b.share for b in chosen])))
        for chosen in product(*dimensions.values())
    )


def _sourced(value: Value, block: Provenance) -> Value:
    own = value.provenance
    return value if own.source or own.reason else Value(value.prior, value.text, block)
