"""A map, read: what a person has decided about the tables of a file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from mobank.base.errors import InputError, Problem, shown
from mobank.base.quantities import Month, QuantityError, read_month
from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor, is_name
from mobank.scenario.nouns import Fields
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.tree import Node, Scalar
from mobank.scenario.tree import Sequence as Items
from mobank.scenario.yaml_files import load
from mobank.spreadsheets.grid import normal
from mobank.spreadsheets.map_keys import FootnoteKeys, MapKeys, MetricKeys, TableKeys
from mobank.spreadsheets.vocabulary import TODO, unit_called

SKIP, WHOLE = "skip", "whole"
_FROM = r"from (\S+)"
_SPAN = r"(\S+?)\s*\.\.\s*(\S+)"
_WANTED = {
    "unit": "write the unit: 户 (persons), 万户, million, …",
    "measure": "write the measure that it is, or skip",
    "for": "write the band that it is, whole for the bank",
    "hidden": "write read or skip",
    "note": "write what the mark says",
    "definitions": "write what exactly is counted: which apps, which customers, active within how many days",
}


@dataclass(frozen=True)
class TableDecision:
    """What is decided of a table; "" where nothing is."""

    use: str = "read"
    unit: str = ""
    region: str = ""
    hidden: str = ""


@dataclass(frozen=True)
class MetricDecision:
    """What is decided of a metric.

    Parameters
    ----------
    measure : of the model, or "skip". definitions : the name from a month on, by the last month before it changed;
        None stands for the beginning. confirmed : spans of months whose figures are right although they look wrong.
    """

    measure: str
    definitions: tuple[tuple[Month | None, str], ...] = ()
    unit: str = ""
    region: str = ""
    exact: bool = False
    evidence: str = ""
    confirmed: tuple[tuple[Month, Month], ...] = ()

    def definition(self, month: Month) -> str:
        """Return the name of the definition that a month follows; "" where none is named."""
        return next((name for begin, name in reversed(self.definitions) if begin is None or begin <= month), "")

    def is_confirmed(self, month: Month) -> bool:
        """Return whether the figure of a month has been checked."""
        return any(first <= month <= last for first, last in self.confirmed)


@dataclass(frozen=True)
class FigureMap:
    """What is decided of a file; keys are labels as `GridCell.label` gives them."""

    path: Path
    evidence: str = "internal"
    dimension: str = "region"
    tables: Mapping[str, TableDecision] = field(default_factory=dict)
    metrics: Mapping[str, MetricDecision] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    footnotes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()


def read_map(path: Path, model: Model) -> FigureMap:
    """Return the map in a file.

    Raises
    ------
    InputError
        With every problem of it, what has been left as TODO included.
    """
    tree = load(path)
    problems = list(_undecided(tree, ""))
    reader = _MapReader(model, problems)
    found = reader.whole(Cursor(tree, "", problems), path)
    if problems:
        raise InputError(dict.fromkeys(problems))
    return found


def _undecided(node: Node, key: str) -> Sequence[Problem]:
    """Return a problem for each TODO in a tree."""
    if isinstance(node, Scalar) and node.text == TODO:
        words = key.split(".")
        hint = next((_WANTED[word] for word in reversed(words) if word in _WANTED), "write what it is")
        return [Problem(TODO, "is still to be decided", hint, key, node.place)]
    if isinstance(node, Members):
        below = [(f"{key}.{name}" if key else name, entry.node) for name, entry in node.entries.items()]
    elif isinstance(node, Items):
        below = [(f"{key}.{i}", each) for i, each in enumerate(node.items, 1)]
    else:
        below = []
    return [problem for name, each in below for problem in _undecided(each, name)]


class _MapReader:
    """Reads the sections of a map; what has been left as TODO is noted already and passed over."""

    def __init__(self, model: Model, problems: list[Problem]) -> None:
        self.model, self.problems = model, problems
        self.measures = [m.name for m in model.measures if m.stock or m.flows]

    def whole(self, top: Cursor, path: Path) -> FigureMap:
        """Return the map."""
        at = MapKeys.at(top)
        return FigureMap(
            path,
            at.read(MapKeys.evidence) or "",
            self.name(at["dimension"], "a dimension") if "dimension" in at else "region",
            {name: self.table(here) for name, here in self.section(at, "tables")},
            {name: self.metric(here) for name, here in self.section(at, "metrics")},
            {name: self.region(here) for name, here in self.section(at, "regions")},
            {name: self.text(here) for name, here in self.section(at, "definitions") if self.is_name(name, here)},
            {name: self.footnote(here) for name, here in self.section(at, "footnotes")},
            frozenset(normal(text).casefold() for text in at.read(MapKeys.missing) or ()),
            frozenset(map(normal, at.read(MapKeys.ignored) or ())),
        )

    def section(self, at: Fields, name: str) -> list[tuple[str, Cursor]]:
        """Return the members of a section by their labels."""
        members = at[name].named() if name in at else {}
        return [(normal(label), here) for label, here in members.items()]

    def table(self, here: Cursor) -> TableDecision:
        """Return what is decided of a table."""
        at = TableKeys.at(here)
        hidden = "" if _open(at, "hidden") else at.read(TableKeys.hidden) or ""
        use = "read" if _open(at, "use") else at.read(TableKeys.use) or "read"
        return TableDecision(use, self.unit(at), self.region(at["for"]) if "for" in at else "", hidden)

    def metric(self, here: Cursor) -> MetricDecision:
        """Return what is decided of a metric."""
        at = MetricKeys.at(here)
        measure = SKIP
        if "measure" in at and not _open(at, "measure"):
            measure = at["measure"].choice([*self.measures, SKIP], "a measure that figures can be of") or SKIP
        return MetricDecision(
            measure,
            self.defined(at["definition"]) if "definition" in at else (),
            self.unit(at),
            self.region(at["for"]) if "for" in at else "",
            at.read(MetricKeys.digits) == "exact",
            at.read(MetricKeys.evidence) or "",
            self.confirmed(at["confirmed"]) if "confirmed" in at else (),
        )

    def unit(self, at: Fields) -> str:
        """Return a unit of persons as figures have it."""
        if "unit" not in at or _open(at, "unit"):
            return ""
        written = at["unit"].text() or ""
        unit = unit_called(written)
        if written and unit is None:
            at["unit"].problem(
                shown(written), "is not a unit of persons", "allowed: 户, 千户, 万户, 亿户, thousand, million"
            )
        return unit or ""

    def region(self, here: Cursor) -> str:
        """Return a band, whole or skip."""
        text = here.text() or ""
        return text if text in ("", WHOLE, SKIP, TODO) or self.is_name(text, here) else ""

    def defined(self, here: Cursor) -> tuple[tuple[Month | None, str], ...]:
        """Return the definitions in the order of their months."""
        if not here.is_mapping:
            return ((None, self.name(here, "a definition")),)
        found: list[tuple[Month | None, str]] = []
        for written, each in here.named().items():
            begin = self.month(re.fullmatch(_FROM, written), 1, each) if written != "before" else None
            if written != "before" and begin is None:
                continue
            found.append((begin, self.name(each, "a definition")))
        for (one, _), (other, _) in pairwise(found):
            if other is None or (one is not None and other <= one):
                here.problem(
                    str(other or "before"), "stands out of order", "write before first, then the months in order"
                )
                break
        return tuple(found)

    def confirmed(self, here: Cursor) -> tuple[tuple[Month, Month], ...]:
        """Return spans of months."""
        found = []
        for written, each in here.named().items():
            span = re.fullmatch(_SPAN, written) or re.fullmatch(r"(\S+)()", written)
            first = self.month(span, 1, each)
            last = self.month(span, 2, each) if span and span[2] else first
            self.text(each)
            if first and last:
                found.append((first, last))
        return tuple(found)

    def month(self, match: Any, group: int, here: Cursor) -> Month | None:
        """Return the month in part of a key; note what is none."""
        if match is None:
            here.problem(shown(here.key.rpartition(".")[2]), "is not read here", "write 'from 2021-07', or 'before'")
            return None
        try:
            return read_month(match[group])
        except QuantityError as error:
            here.problem(error.found, error.allowed, error.hint)
            return None

    def footnote(self, here: Cursor) -> tuple[str, str]:
        """Return what a mark says, and how figures with it are known."""
        at = FootnoteKeys.at(here)
        return ("" if _open(at, "note") else at.read(FootnoteKeys.note) or ""), at.read(FootnoteKeys.evidence) or ""

    def name(self, here: Cursor, what: str) -> str:
        """Return a name that a target can hold."""
        text = here.text() or ""
        return text if not text or self.is_name(text, here, what) else ""

    def is_name(self, text: str, here: Cursor, what: str = "a name here") -> bool:
        """Return whether a text can be a name in a target; note it if not."""
        if is_name(text):
            return True
        here.problem(
            shown(text), f"cannot be the name of {what.removeprefix('a ')}", "use letters, digits, '_' and '-'"
        )
        return False

    def text(self, here: Cursor) -> str:
        """Return a text."""
        return here.text() or ""


def _open(at: Fields, name: str) -> bool:
    return name in at and at[name].is_scalar and at[name].written == TODO
