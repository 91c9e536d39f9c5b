"""Tables and a map become figures: of a measure, a band and a month, with the cell as their source."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mobank.base.errors import Place, Problem, did_you_mean, shown
from mobank.base.quantities import Month, QuantityError
from mobank.model.grammar import Model
from mobank.scenario.scenario import YEAR, Figure, Provenance
from mobank.spreadsheets.figure_map import SKIP, WHOLE, FigureMap, MetricDecision, TableDecision
from mobank.spreadsheets.found import FoundFigure, FoundTable, Remark
from mobank.spreadsheets.periods import MONTH_OF_YEAR
from mobank.spreadsheets.printed_figures import Printed, footnotes_of, printed
from mobank.spreadsheets.vocabulary import counts_no_persons, unit_called

Key = tuple[str, str, Month, int]  # measure, band, last month, months


@dataclass(frozen=True)
class ImportedFigure:
    """A figure from a cell.

    Parameters
    ----------
    metric : its label in the table. note : what a mark or a comment beside it says.
    confirmed : the person has checked it, however it looks.
    """

    figure: Figure
    metric: str
    note: str = ""
    confirmed: bool = False

    @property
    def key(self) -> Key:
        """What it is of: no other figure may be of the same."""
        return self.figure.measure, self.figure.band, self.figure.month, self.figure.months


@dataclass
class Imported:
    """What a file says by its map, and what is wrong with it."""

    figures: list[ImportedFigure] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def interpret(tables: Sequence[FoundTable], decided: FigureMap, model: Model) -> Imported:
    """Return the figures of tables; whatever cannot be read is a problem with its cell."""
    reader = _Interpreter(decided, model)
    for table in tables:
        reader.table(table)
    reader.note_unused(tables)
    return reader.found


class _Interpreter:
    """Reads table by table; what a map lacks is noted once."""

    def __init__(self, decided: FigureMap, model: Model) -> None:
        self.decided, self.model = decided, model
        self.found = Imported()
        self.seen: dict[Key, Place] = {}
        self.lacking: set[tuple[str, str]] = set()

    def table(self, table: FoundTable) -> None:
        """Read one table."""
        decision = self.decided.tables.get(table.name)
        if decision is None:
            place = table.grid.place(table.box.top, table.box.left)
            self.lacks("tables", table.name, place, list(self.decided.tables))
            return
        if decision.use == SKIP:
            self.found.remarks.append(
                Remark("skipped_table", str(table.grid.place(table.box.top, table.box.left)), table.name)
            )
            return
        if decision.unit and table.units and decision.unit not in table.units:
            allowed = f"is the unit that the table says, but the map says {shown(decision.unit)}"
            hint = f"correct unit: of {shown(table.name)} in the map, or the table"
            place = table.grid.place(table.box.top, table.box.left)
            self.found.problems.append(Problem(shown(table.units[0]), allowed, hint, place=place))
            return
        self.found.remarks += table.remarks
        self.found.problems += table.problems
        for each in table.figures:
            self.cell(each, table, decision)

    def lacks(self, section: str, label: str, place: Place, known: Sequence[str]) -> None:
        """Note once that a map says nothing of a label."""
        if (section, label) not in self.lacking:
            self.lacking.add((section, label))
            near = did_you_mean(label, known)
            hint = (
                near
                if near.startswith("did")
                else f"add it to {self.decided.path.name}, or delete that file to have it made anew"
            )
            self.found.problems.append(Problem(shown(label), f"is not under {section}: in the map", hint, place=place))

    def cell(self, found: FoundFigure, table: FoundTable, decision: TableDecision) -> None:
        """Read one cell, unless it is left out."""
        place = found.grid.place(*found.spot)
        metric = self.decided.metrics.get(found.metric)
        if metric is None:
            self.lacks("metrics", found.metric, place, list(self.decided.metrics))
            return
        band = self.band(found, metric, decision, place)
        if metric.measure == SKIP or band is None or self.is_hidden(found, decision, place):
            return
        unit = metric.unit or found.unit or decision.unit or table.unit
        if metric.unit and found.unit and unit_called(found.unit) != metric.unit:
            allowed = f"is in {found.unit}, but the map says {shown(metric.unit)} for {shown(found.metric)}"
            self.found.problems.append(Problem(shown(found.cell.text), allowed, "correct one of the two", place=place))
            return
        if counts_no_persons(unit):
            allowed, hint = f"is in {unit}, which counts no people", "write measure: skip for this metric in the map"
            self.found.problems.append(Problem(shown(found.cell.text), allowed, hint, place=place))
            return
        try:
            text = printed(found.cell, unit_called(unit) or "", metric.exact, self.decided.missing)
        except QuantityError as error:
            self.found.problems.append(Problem(error.found, error.allowed, error.hint, place=place))
            return
        if text is None:
            self.found.remarks.append(Remark("none", str(place), found.cell.text))
        else:
            self.figure(found, metric, band, text, place)

    def band(self, found: FoundFigure, metric: MetricDecision, table: TableDecision, place: Place) -> str | None:
        """Return the band that a figure is of, "" for the whole bank; None where it is left out."""
        label = found.region
        if label:
            if label not in self.decided.regions:
                self.lacks("regions", label, place, list(self.decided.regions))
                return None
            band = self.decided.regions[label]
        else:
            band = metric.region or table.region
        return None if band == SKIP else "" if band == WHOLE else band

    def is_hidden(self, found: FoundFigure, table: TableDecision, place: Place) -> bool:
        """Return whether a cell is hidden and not to be read; note one of which nothing is decided."""
        if not found.hidden or table.hidden == "read":
            return False
        if not table.hidden and ("hidden", str(place)) not in self.lacking:
            self.lacking.add(("hidden", str(place)))
            hint = "write hidden: read or hidden: skip for this table in the map"
            self.found.problems.append(
                Problem(shown(found.cell.text), "stands in a hidden row or column", hint, place=place)
            )
        return True

    def figure(self, found: FoundFigure, metric: MetricDecision, band: str, said: Printed, place: Place) -> None:
        """Keep a figure, unless another is of the same month or it is of a span that none can be of."""
        stock = bool(self.model.measure[metric.measure].stock)
        months = 0 if stock else found.period.months
        month = found.period.last
        if months not in (0, MONTH_OF_YEAR, YEAR):
            allowed = f"is of {months} months, and {metric.measure} is added up over a month or a year"
            hint = "give its months, or name the heading under ignored: in the map"
            self.found.problems.append(Problem(shown(found.cell.text), allowed, hint, place=place))
            return
        note, evidence, unknown = footnotes_of(said.marks, self.decided.footnotes)
        if unknown:
            allowed = f"has the mark {shown(unknown[0])}, of which the map says nothing"
            hint = f'write footnotes: {{"{unknown[0]}": {{note: what it says}}}} in the map'
            self.found.problems.append(Problem(shown(found.cell.text), allowed, hint, place=place))
            return
        definition = metric.definition(month)
        if found.definition and found.definition != definition:
            allowed = f"is said to be counted as {shown(found.definition)}, in the map as {shown(definition)}"
            hint = (
                f"write definition: {{before: {definition or '…'}, from {month}: {found.definition}}} for this metric"
            )
            self.found.problems.append(Problem(shown(found.cell.text), allowed, hint, place=place))
            return
        evidence = evidence or metric.evidence or self.decided.evidence
        provenance = Provenance(str(place), "", evidence, place)
        figure = Figure(
            metric.measure, month, said.text, said.interval, provenance, said.text, definition, months, band
        )
        imported = ImportedFigure(
            figure, found.metric, "; ".join(filter(None, (note, found.cell.note))), metric.is_confirmed(month)
        )
        if imported.key in self.seen:
            whom = f" for {band}" if band else ""
            first = self.seen[imported.key]
            allowed = f"is a second figure of {metric.measure}{whom} for {figure.dated}: the first is {first}"
            self.found.problems.append(Problem(shown(found.cell.text), allowed, "leave one of them out", place=place))
            return
        self.seen[imported.key] = place
        self.found.figures.append(imported)

    def note_unused(self, tables: Iterable[FoundTable]) -> None:
        """Note what a map says of tables, metrics and regions that are not in the file."""
        there = {"tables": {table.name for table in tables}}
        figures = [figure for table in tables for figure in table.figures]
        there["metrics"] = {figure.metric for figure in figures}
        there["regions"] = {figure.region for figure in figures}
        for section in ("tables", "metrics", "regions"):
            for label in getattr(self.decided, section):
                if label not in there[section]:
                    self.found.remarks.append(Remark("not_in_file", f"{self.decided.path.name}: {section}", label))
