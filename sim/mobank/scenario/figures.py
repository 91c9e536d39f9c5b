"""How reported figures are read: what each says, under which definition, and which of them cannot all be true.

A figure is the range of values that its wording allows. Two figures contradict each other if no value of the one goes
with any value of the other: a part is larger than its whole, or a count changes more than a bank's counts do. Each rule
joins two figures, so the smallest set that conflicts is always a pair, and a pair is what the message names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from mobank.base.errors import Place, Problem, did_you_mean, shown
from mobank.base.quantities import Month, QuantityError, read_month
from mobank.model.grammar import Model, Origin
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.customers import DefinitionKeys, FigureKeys
from mobank.scenario.scenario import Definition, Figure
from mobank.scenario.values import plain, read_whence, three_digits, written

STRANGE_GROWTH = 3.0  # no bank triples, or shrinks to a third, in a year
MOST_FALL = 0.02  # a year, of a count of registrations: it falls by clean-ups only
MOST_FIGURES = 400  # of one file

IS_A_UNIT_MISSING = "is 万, 亿 or million missing?"


class Reported(NamedTuple):
    """What has been reported, and the definitions that the figures name."""

    figures: tuple[Figure, ...]
    definitions: Mapping[str, Definition]


def read_reported(
    section: Cursor | None, definitions: Mapping[str, Cursor], start: Month | None, asked: Cursor, model: Model
) -> Reported:
    """Return the figures of a file; those that a run from `start` lacks are told where `asked` stands."""
    reader = _FiguresReader(model, asked.problems)
    known = reader.definitions(definitions)
    figures = reader.figures(section, known)
    read = [figure for figure in figures.values() if figure]
    if not asked.problems:
        reader.spliced(read, known)
    told = reader.contradictions(read)
    if start and model.origin:
        reader.started(figures, model.origin, start, asked, told)
    return Reported(tuple(sorted(read, key=lambda f: (reader.stocks.index(f.measure), f.month))), known)


class _FiguresReader:
    """Reads definitions, then figures, then looks at all of them together."""

    def __init__(self, model: Model, problems: list[Problem]) -> None:
        self.model, self.problems = model, problems
        self.stocks = [m.name for m in model.measures if m.stock]
        self.misdated: set[str] = set()  # measures with a date out of order: what follows from it is not told again

    # ------------ definitions

    def definitions(self, named: Mapping[str, Cursor]) -> dict[str, Definition]:
        found = {name: self.definition(name, here) for name, here in named.items()}
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

    def figures(
        self, section: Cursor | None, known: Mapping[str, Definition]
    ) -> dict[tuple[str, Month], Figure | None]:
        figures: dict[tuple[str, Month], Figure | None] = {}
        for measure, group in (section.named("reported measure", self.stocks) if section else {}).items():
            dated = {written: (self.month(written, here), here) for written, here in group.named().items()}
            for written_month, (month, here) in dated.items():
                if month and (measure, month) in figures:
                    here.problem(shown(written_month), f"is the same month as another figure of {measure}")
                elif month:
                    figures[measure, month] = self.figure(measure, month, here, known)
            if not self.in_order([(month, here) for month, here in dated.values() if month]):
                self.misdated.add(measure)
        if section and len(figures) > MOST_FIGURES:
            section.problem(f"{len(figures):,} figures", f"are too many; at most {MOST_FIGURES} are read")
            return {}
        return figures

    def month(self, written_month: str, here: Cursor) -> Month | None:
        try:
            return read_month(written_month)
        except QuantityError as error:
            here.problem(error.found, error.allowed, error.hint)
            return None

    def in_order(self, dated: Sequence[tuple[Month, Cursor]]) -> bool:
        """Note a figure that breaks the order of dates; figures of one file run up or down, a slip does neither."""
        known = len(self.problems)
        by_file: dict[str, list[tuple[Month, Cursor]]] = {}
        for month, here in dated:
            by_file.setdefault(here.place.file if here.place else "", []).append((month, here))
        for own in by_file.values():
            pairs = list(pairwise(own))
            rising = sum(before < after for (before, _), (after, _) in pairs)
            upward = 2 * rising > len(pairs)
            for (before, _), (after, here) in pairs:
                if before != after and (before < after) != upward:
                    allowed = f"stands after {before}, out of order: the dates run {'up' if upward else 'down'} here"
                    here.problem(str(after), allowed, "is a year mistyped? list the figures of a measure by date")
        return len(self.problems) == known

    def figure(self, measure: str, month: Month, here: Cursor, known: Mapping[str, Definition]) -> Figure | None:
        at = FigureKeys.at(here)
        whence = read_whence(at, here, FigureKeys.evidence, tagged=True)
        definition = at["definition"].choice(known, "one of the definitions") if "definition" in at else ""
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
        return Figure(measure, month, text, interval, whence, wording or text, definition or "")

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
                    self.contradiction(first, allowed, hint)

    def contradictions(self, figures: Sequence[Figure]) -> set[tuple[str, Month]]:
        """Note the figures that contradict others, each once, beginning with the one that contradicts most."""
        sure = [figure for figure in figures if figure.measure not in self.misdated]
        pairs = [(one, other) for one in sure for other in sure if self.contradict(one, other)]
        told: set[tuple[str, Month]] = set()
        while pairs:
            count: dict[tuple[str, Month], int] = {}
            for figure in (each for pair in pairs for each in pair):
                count[_key(figure)] = count.get(_key(figure), 0) + 1
            culprit = max(
                (each for pair in pairs for each in pair),
                key=lambda f: (count[_key(f)], -len(self.states(f.measure)), f.month),
            )
            against = [pair for pair in pairs if culprit in pair]
            self.tell(culprit, min(against, key=lambda pair: self.distance(*pair)))
            told.add(_key(culprit))
            pairs = [pair for pair in pairs if culprit not in pair]
        return told

    def contradict(self, small: Figure, large: Figure) -> bool:
        """Return whether `large` cannot be as large as `small` asks, though it is the same count or holds it."""
        if small is large or not self.states(small.measure) <= self.states(large.measure):
            return False
        if small.measure == large.measure and small.definition != large.definition:
            return False
        return small.interval.low * self.least(small, large) >= large.interval.high

    def least(self, small: Figure, large: Figure) -> float:
        """Return what is left of a count of `small`'s month in `large`'s, at the least."""
        months = large.month - small.month
        if months == 0:
            return 1.0
        years = max(1.0, abs(months) / 12)
        origin = self.model.origin
        lasting = origin and self.states(small.measure) <= self.states(origin.stock) <= self.states(large.measure)
        return float((1.0 - MOST_FALL) ** years if months > 0 and lasting else STRANGE_GROWTH**-years)

    def states(self, measure: str) -> frozenset[str]:
        return frozenset(self.model.measure[measure].stock)

    def distance(self, one: Figure, other: Figure) -> tuple[int, bool, int]:
        months = abs(one.month - other.month)
        return (months, one.measure != other.measure, len(self.states(other.measure)))

    def tell(self, culprit: Figure, pair: tuple[Figure, Figure]) -> None:
        small, large = pair
        other = large if culprit is small else small
        then = "" if other.month == culprit.month else f" of {other.month}"
        if small.measure != large.measure:
            allowed = f"is {'more' if culprit is small else 'less'} than {other.measure}{then} ({other.text})"
            self.contradiction(culprit, allowed)
            return
        times = culprit.interval.low / other.interval.low
        if 1 / STRANGE_GROWTH < times < STRANGE_GROWTH:
            side = "below" if times < 1 else "above"
            allowed = f"is {side} the figure{then} ({other.text}), and the count falls by {_fall()} at most"
            self.contradiction(culprit, allowed, "leave one out, or give one a definition of its own")
        else:
            self.contradiction(culprit, f"is {plain(three_digits(times))} times the figure{then} ({other.text})")

    def started(
        self,
        figures: Mapping[tuple[str, Month], Figure | None],
        origin: Origin,
        start: Month,
        asked: Cursor,
        told: set[tuple[str, Month]],
    ) -> None:
        """Note which figures a start in balance lacks, told where it is asked for, and a bank that does not grow."""
        for measure, month in needed(origin, start):
            if (measure, month) not in figures:
                key, hint = f"reported.{measure}.{month}", "a run starts from reported figures"
                self.problems.append(Problem("this figure", "is missing", hint, key, asked.place))
        before, now = figures.get((origin.stock, start - 12)), figures.get((origin.stock, start))
        if before and now and not told & {_key(before), _key(now)} and now.interval.high <= before.interval.low:
            allowed = f"is below the figure of {before.month} ({before.text})"
            self.contradiction(now, allowed, "a start needs a bank that grows")

    def contradiction(self, figure: Figure, allowed: str, hint: str = IS_A_UNIT_MISSING) -> None:
        key = f"reported.{figure.measure}.{figure.month}.figure"
        self.problems.append(Problem(shown(figure.text), allowed, hint, key, figure.provenance.place))


def needed(origin: Origin, start: Month) -> Iterator[tuple[str, Month]]:
    """Yield which figures, measure and month, a run that starts in balance needs."""
    yield origin.stock, start
    yield origin.stock, start - 12
    yield origin.engaged, start
    yield origin.total, start


def _fall() -> str:
    return written(MOST_FALL, "growth")


def _key(figure: Figure) -> tuple[str, Month]:
    return figure.measure, figure.month


def _place(definition: Definition) -> Place | None:
    return definition.provenance.place
