"""How reported figures are read: what each says, under which definition, and what a run or a fit lacks of them.

A figure is the range of values that its wording allows. A count of people is of a month; a flow is added up over a
month or a calendar year. Which figures cannot all be true is asked by `mobank.scenario.contradictions`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from mobank.base.errors import Place, Problem, did_you_mean, shown
from mobank.base.quantities import Month, QuantityError, read_month, read_period
from mobank.model.grammar import Model, Origin
from mobank.scenario.contradictions import IS_A_UNIT_MISSING, contradiction, note_contradictions
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.customers import DefinitionKeys, FigureKeys, MeasuredKeys
from mobank.scenario.regions import note_regions, regions_of
from mobank.scenario.scenario import AS_MODEL, YEAR, Band, Definition, Figure
from mobank.scenario.values import read_whence

MOST_FIGURES = 2_000  # of one file


class Dated(NamedTuple):
    """What a figure is of.

    Attributes
    ----------
    band : "" for the whole bank. months : that a flow is added up over, 0 for a count of people.
    """

    measure: str
    band: str
    month: Month
    months: int


class Start(NamedTuple):
    """Where a run starts, and what it needs no figures for.

    Attributes
    ----------
    fitted : it starts from a posterior. pooled : how many could register is not reported but unknown.
    """

    month: Month
    fitted: bool
    pooled: bool


class Reported(NamedTuple):
    """What has been reported, and the definitions that the figures name."""

    figures: tuple[Figure, ...]
    definitions: Mapping[str, Definition]


def read_reported(
    section: Cursor | None, definitions: Mapping[str, Cursor], start: Start | None, asked: Cursor, model: Model,
    cleaned: Sequence[Month] = (), bands: Sequence[Band] = (),
) -> Reported:  # fmt: skip
    """Return the figures of a file; those that a run from `start` lacks are told where `asked` stands.

    Parameters
    ----------
    cleaned : months in which registrations were written off, so that their count may fall.
    bands : of the customers, for which figures may be.
    """
    reader = _FiguresReader(model, asked.problems, {band.name: band.dimension for band in bands})
    known = reader.definitions(definitions)
    figures = reader.figures(section, known)
    read = [figure for figure in figures.values() if figure]
    if not asked.problems:
        reader.spliced(read, known)
    dated, wrong = [f for f in read if f.measure not in reader.misdated], set()
    for band in dict.fromkeys(f.band for f in dated):
        wrong |= note_contradictions(asked.problems, [f for f in dated if f.band == band], model, cleaned)
    regions, order = regions_of(read, bands), ["", *(band.name for band in bands)]
    if regions and not asked.problems:
        note_regions(asked.problems, read, regions, model)
    if start and model.origin:
        reader.started(figures, model.origin, start, asked, wrong)
    return Reported(
        tuple(sorted(read, key=lambda f: (reader.measures.index(f.measure), f.month, f.months, order.index(f.band)))),
        known,
    )


class _FiguresReader:
    """Reads definitions, then figures, then looks at all of them together."""

    def __init__(self, model: Model, problems: list[Problem], dimension_of: Mapping[str, str]) -> None:
        self.model, self.problems, self.dimension_of = model, problems, dimension_of
        self.stocks = [m.name for m in model.measures if m.stock]
        self.measures = [*self.stocks, *(m.name for m in model.measures if m.flows)]
        self.divided_by = ""  # the dimension whose bands figures are for
        self.misdated: set[str] = set()  # measures with a date out of order: what follows from it is not told again

    # ------------ definitions

    def definitions(self, named: Mapping[str, Cursor]) -> dict[str, Definition]:
        found = {name: self.definition(name, here) for name, here in named.items()}
        if AS_MODEL in named:
            allowed = "cannot be the name of a definition: it says that a flow is counted as the model counts it"
            named[AS_MODEL].problem(shown(AS_MODEL), allowed, "give it another name")
        for name, definition in found.items():
            if definition.against and (definition.against not in found or definition.against == name):
                hint = did_you_mean(definition.against, [other for other in found if other != name])
                key = f"definitions.{name}.against"
                found_it = shown(definition.against)
                self.problems.append(Problem(found_it, "is not another definition", hint, key, _place(definition)))
        return found

    def definition(self, name: str, here: Cursor) -> Definition:
        at = DefinitionKeys.at(here)
        whence = read_whence(at, here, DefinitionKeys.evidence)
        counts, window = at.read(DefinitionKeys.counts), at.read(DefinitionKeys.window_days)
        factor = at.read(DefinitionKeys.factor)
        against = at["against"].text() if "against" in at else None
        if "factor" in at and "against" not in at:
            at["factor"].problem("a factor", "is not read here", "say against: which definition it is")
        return Definition(name, counts or "", window, against or "", factor, whence)

    # ------------ figures

    def figures(self, section: Cursor | None, known: Mapping[str, Definition]) -> dict[Dated, Figure | None]:
        figures: dict[Dated, Figure | None] = {}
        for measure, group in (section.named("reported measure", self.measures) if section else {}).items():
            for band, members in self.by_band(group).items():
                read: list[tuple[Month, int, Cursor]] = []
                for written, here in members.items():
                    when = self.dated(measure, band, written, here)
                    if when is None:
                        continue
                    if when in figures:
                        what, whom = "year" if when.months == YEAR else "month", f" for {band}" if band else ""
                        here.problem(shown(written), f"is the same {what} as another figure of {measure}{whom}")
                    else:
                        figures[when] = self.figure(when, here, known)
                    read.append((when.month, when.months, here))
                for months in dict.fromkeys(each for _, each, _ in read):
                    if not self.in_order([(month, here) for month, each, here in read if each == months]):
                        self.misdated.add(measure)
        if section and len(figures) > MOST_FIGURES:
            section.problem(f"{len(figures):,} figures", f"are too many; at most {MOST_FIGURES:,} are read")
            return {}
        return figures

    def by_band(self, group: Cursor) -> dict[str, Mapping[str, Cursor]]:
        """Return what is written by month for the whole bank, "", and for each band; an unknown band is a problem."""
        members = group.named()
        found: dict[str, Mapping[str, Cursor]] = {"": {n: c for n, c in members.items() if n != MeasuredKeys.for_.name}}
        if MeasuredKeys.for_.name in members:
            for band, here in (MeasuredKeys.for_.kind.read(members[MeasuredKeys.for_.name]) or {}).items():
                if self.is_band(band, here):
                    found[band] = here.named()
        return found

    def is_band(self, band: str, here: Cursor) -> bool:
        """Return whether figures can be for a band; note why if not: all are of one dimension."""
        if band not in self.dimension_of:
            near = did_you_mean(band, self.dimension_of) if self.dimension_of else "write segments: with this band"
            here.problem(shown(band), "is not a band of segments", near)
            return False
        own = self.dimension_of[band]
        self.divided_by = self.divided_by or own
        if own != self.divided_by:
            allowed = f"is a band of {own}, but other figures are for bands of {self.divided_by}"
            here.problem(shown(band), allowed, "keep the figures of one dimension")
        return own == self.divided_by

    def dated(self, measure: str, band: str, written: str, here: Cursor) -> Dated | None:
        try:
            if measure in self.stocks:
                return Dated(measure, band, read_month(written), 0)
            return Dated(measure, band, *read_period(written))
        except QuantityError as error:
            here.problem(error.found, error.allowed, error.hint)
            return None

    def in_order(self, dated: Sequence[tuple[Month, Cursor]]) -> bool:
        """Note a figure that breaks the order of dates; figures of one file run up or down, a slip does neither."""
        known = len(self.problems)
        by_file: dict[str, list[tuple[Month, Cursor]]] = {}
        for month, here in dated:
            by_file.setdefault(here.place.file, []).append((month, here))
        for each in by_file.values():  # a figure written anew would stand where the file extended has it
            own = sorted(each, key=lambda dated: (dated[1].place.line, dated[1].place.column))
            pairs = list(pairwise(own))
            rising = sum(before < after for (before, _), (after, _) in pairs)
            upward = 2 * rising > len(pairs)
            for (before, _), (after, here) in pairs:
                if before != after and (before < after) != upward:
                    allowed = f"stands after {before}, out of order: the dates run {'up' if upward else 'down'} here"
                    here.problem(str(after), allowed, "is a year mistyped? list the figures of a measure by date")
        return len(self.problems) == known

    def figure(self, when: Dated, here: Cursor, known: Mapping[str, Definition]) -> Figure | None:
        measure, band, month, months = when
        at = FigureKeys.at(here)
        whence = read_whence(at, here, FigureKeys.evidence, tagged=True)
        names = [*known, AS_MODEL] if months else known
        definition = at["definition"].choice(names, "one of the definitions") if "definition" in at else ""
        stale, wording = at.read(FigureKeys.stale_share), at.read(FigureKeys.wording)
        interval = at.read(FigureKeys.figure)
        if interval is None:
            return None
        if interval.high - interval.low < 1:
            at["figure"].problem(shown(at["figure"].written), "is no number of persons", IS_A_UNIT_MISSING)
            return None
        if stale is not None:
            interval = replace(interval, stale_share=stale)
        text = at["figure"].written
        return Figure(measure, month, text, interval, whence, wording or text, definition or "", months, band)

    # ------------ all together

    def spliced(self, figures: Sequence[Figure], known: Mapping[str, Definition]) -> None:
        """Note a measure whose figures follow two definitions with nothing said of what lies between them."""
        for measure in self.stocks:
            own = [figure for figure in figures if figure.measure == measure and figure.definition]
            if not own:
                continue
            main = max(own, key=lambda figure: figure.month).definition
            for name in dict.fromkeys(figure.definition for figure in own):
                if name != main and known[name].against != main and known[main].against != name:
                    first = next(figure for figure in own if figure.definition == name)
                    allowed = f"is counted as '{name}', later figures as '{main}'"
                    hint = f"write against: {main} in definitions.{name}: a break is never growth"
                    self.problems.append(contradiction(first, allowed, hint))
        for measure in (name for name in self.measures if name not in self.stocks):
            own = [figure for figure in figures if figure.measure == measure]
            strange = next((figure for figure in own if figure.definition != own[0].definition), None)
            if strange:
                one, other = (_counted(figure) for figure in (strange, own[0]))
                allowed = f"is {one}, but the figure of {own[0].dated} is {other}"
                hint = "a flow is counted in one way: leave out the figures of the others"
                self.problems.append(contradiction(strange, allowed, hint))

    def started(
        self,
        figures: Mapping[Dated, Figure | None],
        origin: Origin,
        start: Start,
        asked: Cursor,
        wrong: set[str],
    ) -> None:
        """Note which figures a start lacks, where it is asked for, and a start in balance that does not grow."""
        by_band = {(when.measure, when.month) for when in figures if when.band}
        for measure, month, hint in needed(origin, start):
            if Dated(measure, "", month, 0) in figures or (start.fitted and (measure, month) in by_band):
                continue
            way = f"figures for bands of {self.divided_by} are read by a fit: name its posterior (posterior: …)"
            how = way if self.divided_by and not start.fitted else hint
            key = f"reported.{measure}.{month}"
            self.problems.append(Problem("this figure", "is missing", how, key, asked.place))
        before, now = (figures.get(Dated(origin.stock, "", month, 0)) for month in (start.month - YEAR, start.month))
        if start.fitted or not before or not now or {before.name, now.name} & wrong:
            return
        if now.interval.high <= before.interval.low:
            allowed = f"is below the figure of {before.month} ({before.text})"
            self.problems.append(contradiction(now, allowed, "a start needs a bank that grows"))


POOLED = "a pool is learnt by a fit: name its posterior (posterior: …)"


def needed(origin: Origin, start: Start) -> Iterator[tuple[str, Month, str]]:
    """Yield which figures a run needs, measure and month, with a hint; one without a posterior starts in balance."""
    hint = "a run starts from reported figures"
    yield origin.stock, start.month, hint
    if not start.fitted:
        yield origin.stock, start.month - YEAR, hint
    yield origin.engaged, start.month, hint
    if not start.fitted:
        yield origin.total, start.month, POOLED if start.pooled else hint


def _counted(figure: Figure) -> str:
    return f"counted as '{figure.definition}'" if figure.definition else "of no definition"


def _place(definition: Definition) -> Place | None:
    return definition.provenance.place
