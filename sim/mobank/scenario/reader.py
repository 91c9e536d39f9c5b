"""Located tree -> Scenario: strict, and every problem of the file at once.

Keys are declared in `mobank.scenario.keys`. Each section has one reader, here or in the module of its name (`figures`,
`segments`, `levers`, `questions`, `network`, `posterior`, `desk_study`). Nothing here draws or computes: a Scenario
says what was written, checked against the model's names and plausible ranges.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mobank.base.errors import InputError, Place, Problem
from mobank.base.priors import Prior
from mobank.base.quantities import Month, QuantityError, read_month
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor, Named
from mobank.scenario.desk_study import with_desks
from mobank.scenario.figures import Start, read_reported
from mobank.scenario.keys.changes import CapacityKeys
from mobank.scenario.keys.customers import MixingKeys
from mobank.scenario.keys.scenario import NOISE, SEASON, PoolKeys, ScenarioKeys, SeasonKeys
from mobank.scenario.keys.values import ValueKeys
from mobank.scenario.levers import Setting, note_collisions, note_namesakes, read_levers
from mobank.scenario.network import read_network
from mobank.scenario.nouns import Fields
from mobank.scenario.past_events import read_campaigns, read_clean_ups, written_months
from mobank.scenario.posterior import fit_to, read_posterior
from mobank.scenario.questions import note_twins, read_asks
from mobank.scenario.reporting import read_reporting
from mobank.scenario.retention import read_retention
from mobank.scenario.scenario import Figure, Pool, Provenance, Scenario, Value
from mobank.scenario.season import Seasons, read_season
from mobank.scenario.segments import cross, note_band_names, note_products, read_bands, read_mixing
from mobank.scenario.shocks import read_shocks
from mobank.scenario.tree import Entry, Node, Scalar, dump, removes
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.values import SCALES, check_plausible, read_value, read_whence
from mobank.scenario.yaml_files import load as load_file
from mobank.scenario.yaml_files import load_extended, parse, parse_extended

LONGEST_MONTHS = 600


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


def read_chain(chain: Chain, name: str, model: Model, whole: bool = True) -> Scenario:
    """Return the scenario of a chain; raises as `load`.

    Parameters
    ----------
    whole : False for a calibration target, which may leave out what a run needs; its start is then the month of the
        last figure of what the model's start holds, or of anything.
    """
    try:
        return read(chain.tree, name, chain.files, model, whole)
    except InputError as error:
        raise InputError([*error.problems, *_brought_about(error.problems, chain, model)]) from None


def read(tree: Members, name: str, files: Sequence[Path], model: Model, whole: bool = True) -> Scenario:
    """Return the scenario that a located tree says; raises as `load`.

    Parameters
    ----------
    whole : as in `read_chain`.
    """
    problems: list[Problem] = []
    tree, studies = with_desks(tree, files, model, problems)
    read_from = (*map(str, files), *studies)
    scenario = _ScenarioReader(model, problems).scenario(Cursor(tree, "", problems), name, read_from, whole)
    if scenario is None or problems:
        raise InputError(problems)
    return scenario


def _brought_about(problems: Sequence[Problem], chain: Chain, model: Model) -> Iterator[Problem]:
    """Say whose doing it is if a file extended is at fault only because of what the first of the files changes.

    What comes of the posterior that it names, or does not, is said there, with what to write here.
    """
    extended = set(map(str, chain.files[1:]))
    faults = [p for p in problems if "posterior" not in f"{p.allowed} {p.hint}"]
    places = {(p.key, p.place) for p in faults if p.place and p.place.file in extended}
    if not places or "extends" not in chain.own.entries:
        return
    try:
        read_chain(Chain.of_file(chain.files[1]), "", model, whole=False)
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

    def scenario(self, top: Cursor, name: str, files: Sequence[str], whole: bool) -> Scenario | None:
        at = ScenarioKeys.at(top, self.model, whole=whole)
        subject, question = at.read(ScenarioKeys.subject), at.read(ScenarioKeys.question)
        start = at.read(ScenarioKeys.start) or self.last_reported(at)
        until = self.until(at, start)
        asked = _own(top, at, "start", "reported")
        pool, fitted = self.pool(at.get("pool")), "posterior" in at and not removes(at["posterior"].node)
        starting = Start(start, fitted, "pool" in at) if start and whole else None
        definitions = at.read(ScenarioKeys.definitions) or {}
        cleaned = at.read(ScenarioKeys.clean_ups) or {}
        bands = read_bands(at.read(ScenarioKeys.segments) or {}, self.model)
        written_off = written_months(cleaned)
        reported = read_reported(at.get("reported"), definitions, starting, asked, self.model, written_off, bands)
        tree = top.node
        if "pool" in at and (known := self.everyone(reported.figures)):
            self.note_two_pools(top, at, known, files, whole and not fitted)
            pool, tree = None, _without(tree, "pool")  # read again, it would stand beside the figures
        if start is None:
            start = self.last(reported.figures, asked)
        if not whole:
            until = until or start
        retention = read_retention(at.get("retention"), reported.definitions, start, self.model, self.problems)
        note_band_names(self.problems, at.get("segments"), bands)
        segments = cross(bands, at.get("segments"))
        given = self.parameters(at)
        parameters = self.absent() | given
        note_products(self.problems, self.model, parameters, bands, segments)
        mixing = read_mixing(at.get("mixing"), bands, segments)
        seasons = self.season(at.get("season"))
        if whole and not fitted:
            _note_unlearnt(top, at, seasons)
        shocks = read_shocks(at.get("shocks"), at.read(ScenarioKeys.drift) or {}, self.model.shocks)
        campaigns = read_campaigns(at.read(ScenarioKeys.campaigns) or {}, start, self.model)
        clean_ups = read_clean_ups(cleaned, start, self.model)
        noise = {n: v for n, here in (at.read(ScenarioKeys.noise) or {}).items() if (v := NOISE.read(here))}
        setting = Setting(self.model, start, until, bands, segments, parameters, reported.figures)
        levers = [
            *read_levers(at.read(ScenarioKeys.levers) or {}, True, setting),
            *read_levers(at.read(ScenarioKeys.events) or {}, False, setting),
        ]
        note_namesakes(self.problems, levers)
        note_collisions(self.problems, levers, bands, segments, until)
        asks = read_asks(at.read(ScenarioKeys.asks) or {}, setting)
        note_twins(self.problems, asks)
        network = read_network(at.get("network"), setting)
        reporting = read_reporting(at.get("reporting"))
        if self.problems or start is None or until is None:
            return None
        posterior = read_posterior(at.get("posterior"), Path(files[0]) if files else None)
        scenario = Scenario(
            name,
            *(question or ("", "")),
            start,
            until,
            reported.figures,
            bands,
            segments,
            parameters,
            mixing,
            seasons.factors,
            shocks.paths,
            shocks.correlation,
            shocks.wiggle,
            tuple(levers),
            asks,
            dump(_with_posterior(tree, posterior.spelled) if posterior else tree),
            tuple(files),
            _whence(at, seasons.factors),
            subject or ("", ""),
            reported.definitions,
            network,
            off=frozenset(parameters.keys() - given.keys()),
            pool=pool,
            noise=noise,
            seasons=seasons.sizes,
            reporting=reporting,
            campaigns=campaigns,
            clean_ups=clean_ups,
            retention=retention,
        )
        if posterior is None:
            return scenario
        return replace(scenario, fitted=fit_to(at["posterior"], posterior, scenario, at.get("start"), self.model))

    def last(self, figures: Sequence[Figure], asked: Cursor) -> Month | None:
        """Return the month of the last figure of the level that a start holds, or of the last one of all."""
        level = self.model.origin.stock if self.model.origin else ""
        months = [f.month for f in figures if f.measure == level] or [f.month for f in figures]
        if not months and not self.problems:
            asked.problem("a reported figure", "is missing", "write reported: with what the bank has published")
        return max(months, default=None)

    # ------------ months and parameters

    def last_reported(self, at: Fields) -> Month | None:
        """Return the last month in which the level has been reported, where a run starts that says nothing else."""
        level = self.model.origin.stock if self.model.origin else ""
        months = _months_of(at["reported"].node, level) if "reported" in at and "start" not in at else []
        return max(months, default=None)

    def until(self, at: Fields, start: Month | None) -> Month | None:
        """Return the last month; one that is given by how much later it is needs a start."""
        until = at.read(ScenarioKeys.until)
        if isinstance(until, int):
            until = start + until if start else None
        if start and until and until <= start:
            at["until"].problem(str(until), f"is not after start ({start})")
            return None
        if start and until and until - start > LONGEST_MONTHS:
            allowed = f"is {until - start} months after start ({start}); at most {LONGEST_MONTHS} are run"
            at["until"].problem(str(until), allowed)
        return until

    def parameters(self, top: Fields) -> dict[str, Value]:
        section, named = top.get("parameters"), top.read(ScenarioKeys.parameters) or Named({})
        values, capacities = {}, {resource.capacity for resource in self.model.resources}
        for name, here in named.items():
            parameter = self.model.parameter[name]
            value = read_value(here, SCALES[parameter.unit], True, CapacityKeys if name in capacities else ValueKeys)
            if value and check_plausible(here, parameter, value):
                values[name] = value
        for name, parameter in self.model.parameter.items():
            if section and section.is_mapping and named.lacks(name) and parameter.absent is None:
                section.problem(f"'{name}' ({parameter.meaning})", "is missing")
        return values

    def absent(self) -> dict[str, Value]:
        """Return the values that switch flows off, of parameters that a file may leave out."""
        off = Provenance(reason="switched off where nothing is written")
        known = {p.name: p.absent for p in self.model.parameters if p.absent is not None}
        return {name: Value(Prior("fixed", absent), f"{absent:g}", off) for name, absent in known.items()}

    # ------------ what goes up and down

    def season(self, section: Cursor | None) -> Seasons:
        """Return the seasons; a share has a place here only so that its message says why it has none."""
        names = list(dict.fromkeys((*self.model.parameter, *SEASON.names(self.model))))
        return read_season(section.named(SEASON.called, names) if section else {}, self.model)

    # ------------ how many could register

    def pool(self, section: Cursor | None) -> Pool | None:
        if section is None:
            return None
        at = PoolKeys.at(section)
        headroom, tails = at.read(PoolKeys.headroom), at.read(PoolKeys.tails)
        return None if headroom is None or tails is None else Pool(headroom, tails)

    def everyone(self, figures: Sequence[Figure]) -> Figure | None:
        """Return the last figure of all customers, if there is one."""
        total = self.model.origin.total if self.model.origin else ""
        return next((f for f in reversed(figures) if f.measure == total), None)

    def note_two_pools(self, top: Cursor, at: Fields, known: Figure, files: Sequence[str], by_figures: bool) -> None:
        """Note a pool beside figures of all customers; a run `by_figures` alone can only do without the pool.

        Figures take the place of a pool that stands further up: neutral priors have one for banks that report none.
        """
        here = known.provenance.place
        if here and files.index(here.file) < files.index(at["pool"].place.file):
            return
        ways = [_away(top, at["pool"].place, "pool", "pool: off")]
        if not by_figures:
            ways.append(_away(top, here, known.measure, f"reported: {{{known.measure}: off}}"))
        allowed = f"stands beside reported {known.measure} ({known.month}: {known.text}), who are the pool"
        at["pool"].problem("a pool", allowed, " or ".join(ways))


def _months_of(node: Node, measure: str) -> list[Month]:
    """Return the months in which a measure is reported, of bands too; the reader of figures says what is wrong."""
    own = node.entries[measure].node if isinstance(node, Members) and measure in node.entries else None
    return list(_months_below(own)) if own else []


def _months_below(node: Node) -> Iterator[Month]:
    for key, entry in node.entries.items() if isinstance(node, Members) else ():
        if removes(entry.node):
            continue
        try:
            yield read_month(key)
        except QuantityError:
            yield from _months_below(entry.node)


def _note_unlearnt(top: Cursor, at: Fields, seasons: Seasons) -> None:
    """Note seasons of unknown size in a run that starts from no posterior."""
    for name in seasons.sizes:
        here = at["season"].named()[name]
        away = _away(top, here.place, "the season", f"season: {{{name}: off}}")
        allowed = "is learnt by a fit, so that a run needs a posterior"
        here.problem(f"a season of {name} of unknown size", allowed, f"name it (posterior: …) or {away}")


def _away(top: Cursor, place: Place | None, name: str, off: str) -> str:
    """Return how to take away what stands in a place, as a hint: off takes away only what another file has."""
    return f"leave {name} out" if place and place.file == top.place.file else f"write {off}"


def _with_posterior(node: Node, spelled: str) -> Node:
    """Return a tree whose posterior is spelled so that the effective scenario can be read from another folder."""
    assert isinstance(node, Members)
    entry = node.entries["posterior"]
    named = Entry(entry.key_place, Scalar(spelled, entry.node.place, quoted=False))
    return replace(node, entries={**node.entries, "posterior": named})


def _without(node: Node, key: str) -> Node:
    """Return a tree without a section."""
    assert isinstance(node, Members)
    return replace(node, entries={name: entry for name, entry in node.entries.items() if name != key})


def _own(top: Cursor, at: Named, *names: str) -> Cursor:
    """Return the first of some sections that stands in the file itself and not in one that it extends."""
    return next((at[name] for name in names if name in at and at[name].place.file == top.place.file), top)


def _whence(at: Fields, factors: Iterable[str]) -> dict[str, Provenance]:
    """Return where the contacts and each season of a parameter come from; their problems have been reported."""
    seasons = at["season"].named() if "season" in at else {}
    found = {f"season.{name}": _said(seasons[name], SeasonKeys) for name in factors}
    return found | ({"mixing": _said(at["mixing"], MixingKeys)} if "mixing" in at else {})


def _said(here: Cursor, noun: type[SeasonKeys | MixingKeys]) -> Provenance:
    return read_whence(noun.checked(here), here, noun.evidence)
