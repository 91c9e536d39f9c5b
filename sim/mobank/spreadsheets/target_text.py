"""Figures put into a target's file, a line a figure with its cell; comments and all other lines of it are kept.

A figure that is given anew with another value replaces the old one, which stays above it as a comment with the day. A
figure that the table no longer holds stays: a table may show the last year alone.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mobank.base.errors import InputError, Place, Problem, shown
from mobank.base.quantities import Lang, Month, QuantityError, read_interval, read_period
from mobank.model.grammar import Model
from mobank.scenario.scenario import YEAR, Figure
from mobank.scenario.tree import Entry, Scalar, dump
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.yaml_files import parse
from mobank.spreadsheets.interpret import ImportedFigure, Key
from mobank.spreadsheets.target_lines import Additions, TargetLines, below, put
from mobank.spreadsheets.wording import WORDS

FROM_A_TABLE = re.compile(r".+\.(?:xlsx|xlsm|csv|tsv|txt|xls|xlsb|ods)!.+", re.IGNORECASE)
FOR = "for"


@dataclass(frozen=True)
class Held:
    """A figure that a target's file holds already."""

    entry: Entry
    text: str
    definition: str
    source: str
    evidence: str

    @property
    def from_table(self) -> bool:
        """Whether it was imported."""
        return FROM_A_TABLE.fullmatch(self.source) is not None

    def says(self, figure: Figure) -> bool:
        """Return whether it says the same as another figure."""
        return self.same_value(figure) and (self.definition, self.evidence) == (
            figure.definition, figure.provenance.evidence,
        )  # fmt: skip

    def same_value(self, figure: Figure) -> bool:
        """Return whether its value is that of another figure."""
        try:
            mine = read_interval(self.text)
        except QuantityError:
            return False
        return (mine.low, mine.high) == (figure.interval.low, figure.interval.high)


@dataclass
class Changes:
    """What an import makes of a file.

    Parameters
    ----------
    text : the file afterwards. changed : with what the file held. gone : figures of the same table that it lacks now.
    """

    text: str = ""
    new: list[ImportedFigure] = field(default_factory=list)
    changed: list[tuple[Held, ImportedFigure]] = field(default_factory=list)
    gone: list[tuple[Key, Held]] = field(default_factory=list)
    same: int = 0


class TargetText:
    """A target's file with what is put into it.

    Parameters
    ----------
    path : of the file. text : what it holds. day : on which figures are given anew, as it is written.
    """

    def __init__(self, path: Path, text: str, model: Model, day: str, lang: Lang) -> None:
        self.path, self.model, self.day, self.words = path, model, day, WORDS[lang]
        self.tree = parse(text, path)
        self.lines = TargetLines(str(path), text.replace("\r\n", "\n").removeprefix("\ufeff").rstrip("\n").split("\n"))
        self.additions = Additions()
        self.held = dict(self._held_figures())

    # ------------ what is there

    def _held_figures(self) -> Iterable[tuple[Key, Held]]:
        reported = below(self.tree, "reported")
        for measure, entry in reported.entries.items() if reported else ():
            if not isinstance(entry.node, Members) or measure not in self.model.measure:
                continue
            bands = below(entry.node, FOR)
            groups = {"": entry.node} | {
                band: each.node for band, each in (bands.entries if bands else {}).items()
                if isinstance(each.node, Members)
            }  # fmt: skip
            for band, group in groups.items():
                for written, each in group.entries.items():
                    if written != FOR and (key := self._key(measure, band, written)):
                        yield key, _held(each)

    def _key(self, measure: str, band: str, written: str) -> Key | None:
        try:
            month, months = read_period(written)
        except QuantityError:
            return None
        return measure, band, month, 0 if self.model.measure[measure].stock else months

    # ------------ figures

    def take(self, figures: Sequence[ImportedFigure], file: str) -> Changes:
        """Put figures into the file and return what that changes.

        Parameters
        ----------
        file : the name of the table, whose figures may be replaced.

        Raises
        ------
        InputError
            If the file holds another value of a figure from elsewhere.
        """
        found, problems = Changes(), []
        fresh: dict[tuple[str, str], list[ImportedFigure]] = {}
        for each in figures:
            held = self.held.get(each.key)
            if held is None:
                found.new.append(each)
                fresh.setdefault(each.key[:2], []).append(each)
            elif held.says(each.figure) or (not held.from_table and held.same_value(each.figure)):
                found.same += 1
                if held.from_table and held.source != each.figure.provenance.source:
                    self._replace(held, each, [])
            elif not held.from_table:
                problems.append(self._conflict(held, each))
            else:
                found.changed.append((held, each))
                self._replace(held, each, [] if held.same_value(each.figure) else [self._restated(held)])
        taken = {each.key for each in figures}
        found.gone = [(k, h) for k, h in self.held.items() if k not in taken and h.source.startswith(f"{file}!")]
        if problems:
            raise InputError(problems)
        for (measure, band), group in fresh.items():
            self._add(measure, band, group)
        put(self.lines, self.tree, self.additions)
        found.text = self.lines.text()
        return found

    def _conflict(self, held: Held, each: ImportedFigure) -> Problem:
        where = f"{self.path.name}:{held.entry.key_place.line}"
        allowed = f"is {shown(held.text)} in {where}, from {shown(held.source)}"
        hint = "delete it there, or leave it out here"
        return Problem(shown(each.figure.text), allowed, hint, place=each.figure.provenance.place)

    def _restated(self, held: Held) -> str:
        return "# " + self.words["restated"].format(day=self.day, figure=held.text, source=held.source)

    def _replace(self, held: Held, each: ImportedFigure, comments: Sequence[str]) -> None:
        indent = " " * (held.entry.key_place.column - 1)
        self.lines.replace(held.entry, [*(f"{indent}{line}" for line in comments), f"{indent}{figure_line(each)}"])

    def _add(self, measure: str, band: str, figures: Sequence[ImportedFigure]) -> None:
        """Put figures of one measure and band where they belong by their months."""
        path = ["reported", measure, *([FOR, band] if band else [])]
        node: Members | None = self.tree
        for name in path:
            node = below(node, name) if node else None
        ordered = sorted(figures, key=lambda each: (each.figure.month, each.figure.months))
        dated = [(k, self.held[k].entry) for k in self.held if k[:2] == (measure, band)]
        if node is None or not dated:
            self.additions.at(path).lines += map(figure_line, ordered)
            return
        indent = self.lines.indent(node, 0)
        entries = sorted(dated, key=lambda each: each[1].key_place.line)
        downward = len(entries) > 1 and entries[0][0][2] > entries[-1][0][2]
        for each in reversed(ordered) if downward else ordered:
            before = [e for k, e in entries if (k[2] > each.figure.month if downward else k[2] <= each.figure.month)]
            line = self.lines.end(before[-1]) + 1 if before else self.lines.above(entries[0][1].key_place.line)
            self.lines.insert(line, indent, [figure_line(each)])

    # ------------ definitions and segments

    def define(self, name: str, counts: str, against: str) -> None:
        """Add a definition that the file does not hold."""
        there = below(self.tree, "definitions")
        if there is None or name not in there.entries:
            more = f", against: {_flow(against)}" if against else ""
            line = f"{_flow(name)}: {{counts: {_flow(counts)}{more}}}"
            self.additions.at(["definitions"]).lines.append(line)

    def divide(self, dimension: str, shares: Mapping[str, float], reason: str) -> None:
        """Add a dimension of bands with their shares of the customers."""
        rounded = _hundredths(shares)
        lines = [
            f"{_flow(band)}: {{share: {share}%, reason: {_flow(reason)}, evidence: assumption}}"
            for band, share in rounded.items()
        ]
        self.additions.at(["segments", dimension]).lines += lines


def figure_line(each: ImportedFigure) -> str:
    """Return the line that says a figure in a target."""
    figure = each.figure
    keys = {"figure": figure.text, "definition": figure.definition, "source": figure.provenance.source}
    keys |= {"note": each.note, "evidence": figure.provenance.evidence}
    inside = ", ".join(f"{key}: {_flow(text)}" for key, text in keys.items() if text)
    return f"{figure.month.year if figure.months == YEAR else figure.month}: {{{inside}}}"


def _held(entry: Entry) -> Held:
    said = {
        key: each.node.text
        for key, each in (entry.node.entries.items() if isinstance(entry.node, Members) else ())
        if isinstance(each.node, Scalar)
    }
    return Held(
        entry, said.get("figure", ""), said.get("definition", ""), said.get("source", ""), said.get("evidence", "")
    )


def _flow(text: str) -> str:
    """Return a text as it is written in braces."""
    written = dump(Scalar(text, Place("", 0), quoted=True)).rstrip("\n")
    return f'"{written}"' if not written.startswith('"') and re.search(r"[，：、；,{}\[\]]", written) else written


def _hundredths(shares: Mapping[str, float]) -> dict[str, str]:
    """Return shares in percent with two decimals that add up to 100."""
    whole = sum(shares.values())
    exact = {band: 10_000 * share / whole for band, share in shares.items()}
    found = {band: int(share) for band, share in exact.items()}
    left = 10_000 - sum(found.values())
    for band in sorted(exact, key=lambda each: found[each] - exact[each])[:left]:
        found[band] += 1
    return {band: f"{count / 100:.2f}" for band, count in found.items()}


def in_month(figures: Iterable[ImportedFigure], measure: str) -> tuple[Month, dict[str, Figure]] | None:
    """Return the first month in which all bands have a figure of a measure, and these."""
    own = [each.figure for each in figures if each.figure.measure == measure and each.figure.band]
    bands = {figure.band for figure in own}
    for month in sorted({figure.month for figure in own}):
        there = {figure.band: figure for figure in own if figure.month == month}
        if set(there) == bands:
            return month, there
    return None
