"""The first map of a file: what was found in it, what is guessed, and TODO where only a person can say."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mobank.base.errors import Place
from mobank.base.quantities import Lang
from mobank.model.grammar import Model
from mobank.report.render.labels import columns
from mobank.scenario.cursor import is_name
from mobank.scenario.scenario import AS_MODEL
from mobank.scenario.tree import Scalar, dump
from mobank.spreadsheets.figure_map import SKIP, WHOLE
from mobank.spreadsheets.found import FoundFigure, FoundTable
from mobank.spreadsheets.printed_figures import own_unit, split_marks
from mobank.spreadsheets.roles import is_whole
from mobank.spreadsheets.vocabulary import (
    TODO,
    counts_no_persons,
    is_missing,
    is_subtotal,
    is_total,
    measure_called,
    unit_called,
)
from mobank.spreadsheets.wording import WORDS


@dataclass(frozen=True)
class _Line:
    """A line of a map: what stands on it, and the comment behind it."""

    text: str
    comment: str = ""


def proposal(tables: Sequence[FoundTable], file: str, model: Model, lang: Lang) -> str:
    """Return the text of a map for the tables of a file."""
    return _Proposal(tables, file, model, lang).text()


class _Proposal:
    """The sections of a map, one after the other."""

    def __init__(self, tables: Sequence[FoundTable], file: str, model: Model, lang: Lang) -> None:
        self.tables, self.file, self.model, self.words = tables, file, model, WORDS[lang]
        self.figures = [figure for table in tables for figure in table.figures]
        self.metrics: dict[str, list[FoundFigure]] = {}
        for figure in self.figures:
            self.metrics.setdefault(figure.metric, []).append(figure)
        self.definitions: dict[str, None] = {}

    def text(self) -> str:
        """Return the whole."""
        metrics = [*self.metric_lines()]
        regions = [*self.region_lines()]
        parts = [
            self.comment(self.words["head"].format(file=self.file)),
            [f"evidence: internal  # {self.words['evidence']}"],
            [f"dimension: region  # {self.words['dimension']}"] if regions else [],
            ["", *self.section("tables", self.table_lines())],
            ["", *self.section("metrics", metrics, measures=", ".join(self.measures()))],
            ["", *self.section("regions", regions)] if regions else [],
            ["", *self.section("definitions", [_Line(f"{_scalar(name)}: {TODO}") for name in self.definitions])]
            if self.definitions
            else [],
            ["", *self.section("footnotes", self.footnote_lines())] if self.marks() else [],
            [
                "",
                *self.comment(self.words["missing"]),
                "missing: []",
                *self.comment(self.words["ignored"]),
                "ignored: []",
            ],
        ]
        return "\n".join(line for part in parts for line in part) + "\n"

    def comment(self, text: str) -> list[str]:
        """Return the lines of a comment."""
        return [f"# {line}" for line in text.split("\n")]

    def section(self, name: str, lines: Sequence[_Line] | Iterator[_Line], **known: str) -> list[str]:
        """Return a section with its comment; comments of its lines stand in one column."""
        own = list(lines)
        text = self.words[name].format(**known) if known else self.words[name]
        width = max((columns(line.text) for line in own if line.comment), default=0)
        rows = [
            f"  {line.text}{' ' * (width - columns(line.text))}  # {line.comment}" if line.comment else f"  {line.text}"
            for line in own
        ]
        return [*self.comment(text), f"{name}:{'' if rows else ' {}'}", *rows]

    def measures(self) -> list[str]:
        """Return the measures that figures can be of."""
        return [m.name for m in self.model.measures if m.stock or m.flows]

    # ------------ tables

    def table_lines(self) -> Iterator[_Line]:
        """Yield a line a table, and its unit where it must be said."""
        for table in self.tables:
            months = sorted(f.period.last for f in table.figures)
            comment = self.words["table"].format(
                area=table.area, count=len(table.figures), first=months[0] if months else "–",
                last=months[-1] if months else "–", way=self.words["across" if table.across else "down"],
            )  # fmt: skip
            entries = dict(self.of_table(table))
            if not entries:
                yield _Line(f"{_scalar(table.name)}: {{use: read}}", comment)
                continue
            yield _Line(f"{_scalar(table.name)}:", comment)
            for key, (value, why) in entries.items():
                yield _Line(f"  {key}: {value}", why)

    def of_table(self, table: FoundTable) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield what must be said of a table."""
        bare = [f for f in table.figures if not is_missing(f.cell.text) and self.guess(f.metric) != SKIP]
        without = [f for f in bare if not f.unit and unit_called(own_unit(f.cell.text)) is None]
        if table.unit:
            yield "unit", (table.unit, "")
        elif without:
            largest = max(without, key=lambda f: len(re.sub(r"\D", "", f.cell.text.partition(".")[0])))
            yield "unit", (TODO, self.words["unit_of"].format(largest=largest.cell.text))
        hidden = [f for f in bare if f.hidden]
        if table.grid.hidden:
            yield "hidden", (TODO, self.words["hidden_sheet"])
        elif hidden:
            first = table.grid.address(*hidden[0].spot)
            yield "hidden", (TODO, self.words["hidden"].format(count=len(hidden), first=first))
        if self.shared(table):
            yield "for", (WHOLE if is_total(table.name) else TODO, self.words["for_sheet"])

    def shared(self, table: FoundTable) -> bool:
        """Return whether other tables hold the same metrics of the same months, and nothing tells whose they are."""
        own = {(f.metric, f.period.last) for f in table.figures if not f.region}
        return any(
            (f.metric, f.period.last) in own for other in self.tables if other is not table for f in other.figures
            if not f.region
        )  # fmt: skip

    # ------------ metrics

    def guess(self, label: str) -> str:
        """Return the measure that a label is, "skip" for what counts no people, "" where it is not known."""
        own = self.metrics[label]
        units = [figure.unit or own_unit(figure.cell.text) for figure in own]
        if units and all(
            counts_no_persons(unit) or is_missing(f.cell.text) for unit, f in zip(units, own, strict=True)
        ):
            return SKIP
        guessed = measure_called(label)
        return guessed if guessed in self.measures() else ""

    def metric_lines(self) -> Iterator[_Line]:
        """Yield a line a metric."""
        taken: dict[str, str] = {}
        for label, figures in self.metrics.items():
            first = figures[0]
            cell = str(first.grid.place(*first.spot))
            measure = self.guess(label)
            if measure == SKIP:
                yield _Line(f"{_scalar(label)}: {{measure: skip}}", self.words["no_persons"].format(cell=cell))
                continue
            comment = cell if measure else self.words["which"].format(cell=cell)
            if measure in taken:
                comment = self.words["again"].format(cell=cell, measure=measure, other=taken[measure])
            written = TODO if not measure or measure in taken else measure
            taken.setdefault(measure, label) if measure else None
            yield _Line(
                f"{_scalar(label)}: {{measure: {written}, definition: {self.definition(label, figures)}}}", comment
            )

    def definition(self, label: str, figures: Sequence[FoundFigure]) -> str:
        """Return the definitions of a metric: as a column says them by month, else named as the metric is."""
        said = {figure.period.last: figure.definition for figure in figures if figure.definition}
        changes: list[tuple[str, str]] = []
        for month in sorted(said):
            name = _name(said[month])
            if not changes or changes[-1][1] != name:
                changes.append((f"from {month}" if changes else "before", name))
        if not changes:
            changes = [("before", _name(label))]
        self.definitions |= dict.fromkeys(name for _, name in changes)
        if len(changes) == 1:
            return _scalar(changes[0][1])
        return "{" + ", ".join(f"{when}: {_scalar(name)}" for when, name in changes) + "}"

    # ------------ regions and marks

    def region_lines(self) -> Iterator[_Line]:
        """Yield a line a region."""
        seen: dict[str, FoundFigure] = {}
        for figure in self.figures:
            if figure.region:
                seen.setdefault(figure.region, figure)
        for label, figure in seen.items():
            band = WHOLE if is_whole(label) else SKIP if is_subtotal(label) else _name(label)
            yield _Line(f"{_scalar(label)}: {_scalar(band)}", str(figure.grid.place(*figure.spot)))

    def marks(self) -> dict[str, str]:
        """Return the marks beside figures, and the first cell with each."""
        found: dict[str, str] = {}
        for figure in self.figures:
            for mark in split_marks(figure.cell.text)[1]:
                found.setdefault(mark, str(figure.grid.place(*figure.spot)))
        return found

    def footnote_lines(self) -> Iterator[_Line]:
        """Yield a line a mark, with the text below the table that begins with it."""
        notes = [note for table in self.tables for note in table.notes]
        for mark, cell in self.marks().items():
            note = next((n.lstrip(mark + " ：:") for n in notes if n.startswith(mark) and n.strip(mark + " ：:")), "")
            yield _Line(f'"{mark}": {{note: {_scalar(note) if note else TODO}}}', cell)


def _name(label: str) -> str:
    """Return a label as the name of a band or a definition."""
    bare = re.sub(r"[^\w -]+", "_", label).strip("_ -")
    bare = re.sub(r"\s+", "_", bare)
    if bare in (AS_MODEL, SKIP, WHOLE, TODO):
        bare = f"{bare}_"
    return bare if is_name(bare) else "unnamed"


def _scalar(text: str) -> str:
    """Return a text as it is written in YAML, as a key or as a value in braces."""
    written = dump(Scalar(text, Place("", 0), quoted=True)).rstrip("\n")
    if not written.startswith('"') and re.search(r"[，：、；,{}\[\]]", written):
        return f'"{written}"'
    return written
