"""Located tree -> Scenario: strict, and every problem of the file at once.

Each section of a scenario has one reader, here or in `mobank.scenario.segments`, `mobank.scenario.levers` and
`mobank.scenario.questions`; the names that it takes stand in its `fields` call. Nothing here draws or computes: a
Scenario says what was written, checked against the model's names and plausible ranges.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mobank.base.errors import InputError, Problem
from mobank.base.priors import Prior
from mobank.base.quantities import Month, read_factor, read_month, read_months_duration, read_number
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor, Named
from mobank.scenario.desk_study import KEY, with_desks
from mobank.scenario.figures import read_reported
from mobank.scenario.levers import Setting, note_collisions, note_namesakes, read_levers
from mobank.scenario.network import read_network
from mobank.scenario.posterior import fit_to, read_posterior
from mobank.scenario.questions import read_asks
from mobank.scenario.scenario import Figure, Provenance, Scenario, Shock, Value
from mobank.scenario.segments import cross, note_band_names, note_products, read_bands, read_mixing
from mobank.scenario.tree import Entry, Node, Scalar, dump, load_extended, parse, parse_extended
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.tree import load as load_file
from mobank.scenario.values import (
    FIGURE_EVIDENCE,
    LEVER_EVIDENCE,
    SCALES,
    WHENCE,
    check_plausible,
    read_value,
    read_whence,
)

REQUIRED = ("question", "start", "until", "parameters")
SECTIONS = ("subject", "question", "start", "until", "posterior", "definitions", "reported", "segments", "parameters",
            "mixing", "season", "shocks", "drift", "levers", "events", "asks", "network")  # fmt: skip
EVIDENCE = LEVER_EVIDENCE + FIGURE_EVIDENCE
LONGEST_MONTHS = 600
LONGEST_HALF_LIFE_MONTHS = 1200
HALF_LIFE_MONTHS = 36.0  # of a drift, unless it says otherwise
TAILS = (2.5, 100.0)  # degrees of freedom
NONE = Value(Prior("fixed", 0.0), "0", Provenance())

A_SEASON = "write by_month: [1.1, …] with 12 factors, January first, and reason: … below it"
A_SHOCK = "write size: …, persistence: … and reason: … below it"


class Chain(NamedTuple):
    """What a scenario is read from: a tree over all that it extends.

    Attributes
    ----------
    tree : merged.
    files : from child to root.
    own : the tree of the first of the files alone.
    """

    tree: Members
    files: tuple[Path, ...]
    own: Members

    @classmethod
    def of_file(cls, path: Path) -> "Chain":
        """Return the chain that begins with a file; raises as `load`."""
        return cls(*load_extended(path), load_file(path))

    @classmethod
    def of_text(cls, text: str, path: Path) -> "Chain":
        """Return the chain that begins with a text; `path` stands for its file, beside which it refers to others."""
        return cls(*parse_extended(text, path), parse(text, path))


def load(path: Path, model: Model) -> Scenario:
    """Return the scenario of a file and of those that it extends.

    Raises
    ------
    InputError
        With every problem found, each with file, line and key.
    """
    return read_chain(Chain.of_file(path), path.stem, model)


def read_chain(chain: Chain, name: str, model: Model, required: Sequence[str] = REQUIRED) -> Scenario:
    """Return the scenario of a chain; raises as `load`.

    With nothing `required`, the start may be left out: it is then the month of the last figure of what the model's
    start holds, or of anything.
    """
    try:
        return read(chain.tree, name, chain.files, model, required)
    except InputError as error:
        raise InputError([*error.problems, *_brought_about(error.problems, chain, model)]) from None


def read(tree: Members, name: str, files: Sequence[Path], model: Model, required: Sequence[str] = REQUIRED) -> Scenario:
    """Return the scenario that a located tree says; raises as `load`."""
    problems: list[Problem] = []
    tree, studies = with_desks(tree, files, model, problems)
    read_from = (*map(str, files), *studies)
    scenario = _ScenarioReader(model, problems).scenario(Cursor(tree, "", problems), name, read_from, required)
    if scenario is None or problems:
        raise InputError(problems)
    return scenario


def _brought_about(problems: Sequence[Problem], chain: Chain, model: Model) -> Iterator[Problem]:
    """Say whose doing it is if a file extended is at fault only because of what the first of the files changes."""
    extended = set(map(str, chain.files[1:]))
    places = {(p.key, p.place) for p in problems if p.place and p.place.file in extended}
    if not places or "extends" not in chain.own.entries:
        return
    try:
        read_chain(Chain.of_file(chain.files[1]), "", model, required=())
    except InputError as error:
        places -= {(p.key, p.place) for p in error.problems}
    if places:
        first, *more = sorted({str(place) for _, place in places})
        rest = f" and {len(more)} more of the lines that it extends" if more else ""
        hint = "write in this file too what stands there, or take it away here with 'off'"
        at = chain.own.entries["extends"].key_place
        yield Problem("what this file changes", f"does not fit {first}{rest}", hint, "extends", at)


class _ScenarioReader:
    """Reads the sections in order; each returns what it could read, problems are noted by the cursors."""

    def __init__(self, model: Model, problems: list[Problem]) -> None:
        self.model, self.problems = model, problems

    def scenario(self, top: Cursor, name: str, files: Sequence[str], required: Sequence[str]) -> Scenario | None:
        at = top.fields(SECTIONS, required)
        subject, question = (self.question(at.get(each)) for each in ("subject", "question"))
        start, until = self.dates(at)
        asked = _own(top, at, "start", "reported")
        starting = start if required else None
        reported = read_reported(at.get("reported"), at.get("definitions"), starting, asked, self.model)
        if not required:
            start = start or self.last(reported.figures, asked)
            until = until or start
        bands = read_bands(at.get("segments"), self.model)
        note_band_names(self.problems, at.get("segments"), bands)
        segments = cross(bands, at.get("segments"))
        given = self.parameters(at.get("parameters"))
        parameters = self.absent() | given
        note_products(self.problems, self.model, parameters, bands, segments)
        mixing = read_mixing(at.get("mixing"), bands, segments)
        season = self.season(at.get("season"))
        shocks, correlation, wiggle = self.shocks(at.get("shocks"), self.drift(at.get("drift")))
        setting = Setting(self.model, start, until, bands, segments, parameters, reported.figures)
        levers = [
            *read_levers(at.get("levers"), True, setting),
            *read_levers(at.get("events"), False, setting),
        ]
        note_namesakes(self.problems, levers)
        note_collisions(self.problems, levers, bands, segments, until)
        asks = read_asks(at.get("asks"), setting)
        network = read_network(at.get("network"), setting)
        if self.problems or start is None or until is None:
            return None
        scenario = Scenario(
            name, *question, start, until, reported.figures, bands, segments, parameters, mixing, season, shocks,
            correlation, wiggle, tuple(levers), asks, dump(top.node), tuple(files), _whence(at),
            subject, reported.definitions, network, off=frozenset(parameters.keys() - given.keys()),
        )  # fmt: skip
        posterior = read_posterior(at.get("posterior"), Path(files[0]) if files else None)
        if posterior is None:
            return scenario
        return replace(
            scenario,
            resolved=dump(_with_posterior(top.node, posterior.spelled)),
            fitted=fit_to(at["posterior"], posterior, scenario, at["start"], self.model),
        )

    def last(self, figures: Sequence[Figure], asked: Cursor) -> Month | None:
        """Return the month of the last figure of the level that a start holds, or of the last one of all."""
        level = self.model.origin.stock if self.model.origin else ""
        months = [f.month for f in figures if f.measure == level] or [f.month for f in figures]
        if not months and not self.problems:
            asked.problem("a reported figure", "is missing", "write reported: with what the bank has published")
        return max(months, default=None)

    def question(self, here: Cursor | None) -> tuple[str, str]:
        """Return a text in English and in Chinese: one for both, or {en: …, zh: …}; nothing where there is none."""
        if here is None:
            return "", ""
        if not here.is_mapping:
            text = here.text() or ""
            return text, text
        at = here.fields(("en", "zh"), required=("en", "zh"))
        english, chinese = (at[name].text() or "" if name in at else "" for name in ("en", "zh"))
        return english, chinese

    # ------------ months and parameters

    def dates(self, at: Named) -> tuple[Month | None, Month | None]:
        start, until = (at[name].read(read_month) if name in at else None for name in ("start", "until"))
        if start and until and until <= start:
            at["until"].problem(str(until), f"is not after start ({start})")
            return start, None
        if start and until and until - start > LONGEST_MONTHS:
            allowed = f"is {until - start} months after start ({start}); at most {LONGEST_MONTHS} are run"
            at["until"].problem(str(until), allowed)
        return start, until

    def parameters(self, section: Cursor | None) -> dict[str, Value]:
        named = section.named("parameter", list(self.model.parameter)) if section else Named({})
        values, capacities = {}, {resource.capacity for resource in self.model.resources}
        for name, here in named.items():
            parameter = self.model.parameter[name]
            value = read_value(here, SCALES[parameter.unit], True, (KEY,) if name in capacities else ())
            if value and check_plausible(here, parameter, value):
                values[name] = value
        for name, parameter in self.model.parameter.items():
            if section and section.is_mapping and named.lacks(name) and parameter.absent is None:
                section.problem(f"'{name}' ({parameter.meaning})", "is missing")
        return values

    def absent(self) -> dict[str, Value]:
        """Return the values that switch flows off, of parameters that a file may leave out."""
        off = Provenance(reason="switched off where nothing is written")
        return {p.name: Value(Prior("fixed", p.absent), f"{p.absent:g}", off)
                for p in self.model.parameters if p.absent is not None}  # fmt: skip

    # ------------ what goes up and down

    def season(self, section: Cursor | None) -> dict[str, tuple[float, ...]]:
        named = section.named("parameter", list(self.model.parameter)) if section else Named({})
        found = {name: self.by_month(name, here) for name, here in named.items()}
        return {name: factors for name, factors in found.items() if factors}

    def by_month(self, name: str, here: Cursor) -> tuple[float, ...] | None:
        """Return twelve factors with a geometric mean of 1."""
        at = here.fields(("by_month", *WHENCE), required=("by_month",), hint=A_SEASON)
        read_whence(at, here, EVIDENCE, required=True)
        if self.model.parameter[name].unit == "share":
            here.problem(f"'{name}'", "is a share and has no season", "a season multiplies rates")
        months = at["by_month"].items(12, "write 12 factors, January first") if "by_month" in at else None
        factors = [f for cursor in months or () if (f := self.month_factor(cursor)) is not None]
        if len(factors) < 12:
            return None
        logs = np.log(factors)
        return tuple(float(f) for f in np.exp(logs - logs.mean()))

    def month_factor(self, here: Cursor) -> float | None:
        factor = here.read(read_factor)
        low, high = SCALES["factor"].plausible
        if factor is not None and not low <= factor <= high:
            here.problem(here.written, f"is outside the plausible range of a factor, × {low:g} to × {high:g}")
            return None
        return factor

    def shocks(
        self, section: Cursor | None, drift: Mapping[str, tuple[Value, float]]
    ) -> tuple[dict[str, Shock], Value, Value]:
        at = section.fields((*self.model.shocks, "correlation", "wiggle")) if section else Named({})
        found = {}
        for name in self.model.shocks:
            size, persistence, tails = self.shock(at[name]) if name in at else (NONE, NONE, 0.0)
            found[name] = Shock(size, persistence, tails, *drift.get(name, (None, HALF_LIFE_MONTHS)))
        both = {
            name: read_value(at[name], SCALES[name], True) if name in at else NONE for name in ("correlation", "wiggle")
        }
        return found, both["correlation"] or NONE, both["wiggle"] or NONE

    def shock(self, here: Cursor) -> tuple[Value, Value, float]:
        at = here.fields(("size", "persistence", "tails", *WHENCE), required=("size", "persistence"), hint=A_SHOCK)
        block = read_whence(at, here, EVIDENCE, required=True)
        values = [read_value(at[name], SCALES[name], False) if name in at else NONE for name in ("size", "persistence")]
        tails = at["tails"].read(read_number) if "tails" in at else 0.0
        if tails and not TAILS[0] <= tails <= TAILS[1]:
            at["tails"].problem(at["tails"].written, f"is not {TAILS[0]:g} to {TAILS[1]:g} degrees of freedom")
        size, persistence = (_sourced(value or NONE, block) for value in values)
        return size, persistence, tails or 0.0

    def drift(self, section: Cursor | None) -> dict[str, tuple[Value, float]]:
        found = {}
        for name, here in (section.named("shock path", self.model.shocks) if section else {}).items():
            value = read_value(here, SCALES["growth"], required=True, beside=("half_life_months",))
            half_life = self.half_life(here)
            if value and half_life:
                found[name] = (value, half_life)
        return found

    def half_life(self, drift: Cursor) -> float | None:
        at = drift.named() if drift.is_mapping else {}
        if "half_life_months" not in at:
            return HALF_LIFE_MONTHS
        here = at["half_life_months"]
        months = here.read(read_months_duration)
        if months is not None and not 1 <= months <= LONGEST_HALF_LIFE_MONTHS:
            here.problem(here.written, f"is not 1 to {LONGEST_HALF_LIFE_MONTHS:,} months")
            return None
        return months


def _with_posterior(node: Node, spelled: str) -> Node:
    """Return a tree whose posterior is spelled so that the effective scenario can be read from another folder."""
    assert isinstance(node, Members)
    entry = node.entries["posterior"]
    named = Entry(entry.key_place, Scalar(spelled, entry.node.place, quoted=False))
    return replace(node, entries={**node.entries, "posterior": named})


def _own(top: Cursor, at: Named, *names: str) -> Cursor:
    """Return the first of some sections that stands in the file itself and not in one that it extends."""
    return next((at[name] for name in names if name in at and at[name].place.file == top.place.file), top)


def _whence(at: Named) -> dict[str, Provenance]:
    """Return where the contacts and each season come from; their problems have been told."""
    seasons = at["season"].named() if "season" in at else {}
    found = {f"season.{name}": read_whence(here.named(), here, EVIDENCE, False) for name, here in seasons.items()}
    if "mixing" in at:
        found["mixing"] = read_whence(at["mixing"].named(), at["mixing"], LEVER_EVIDENCE, False)
    return found


def _sourced(value: Value, block: Provenance) -> Value:
    own = value.provenance
    return value if own.source or own.reason else Value(value.prior, value.text, block)
