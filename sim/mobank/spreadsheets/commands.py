"""What `mobank import` does: look at a table, read it by its map, put its figures into a target's file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mobank.base.errors import InputError, Problem, shown
from mobank.base.quantities import Lang, Month, read_month
from mobank.model.grammar import Model
from mobank.scenario.cursor import MOST_PROBLEMS
from mobank.scenario.reader import Chain, read_chain
from mobank.scenario.tree import Mapping as Members
from mobank.spreadsheets.checks import check
from mobank.spreadsheets.figure_map import FigureMap, read_map
from mobank.spreadsheets.found import Remark
from mobank.spreadsheets.grid import refusal
from mobank.spreadsheets.interpret import Imported, ImportedFigure, interpret
from mobank.spreadsheets.layout import find_tables
from mobank.spreadsheets.proposal import proposal
from mobank.spreadsheets.reader import read_sheets
from mobank.spreadsheets.target_lines import below
from mobank.spreadsheets.target_text import Changes, TargetText, in_month
from mobank.spreadsheets.wording import WORDS

MAP_SUFFIX = ".map.yaml"


@dataclass(frozen=True)
class Look:
    """What a first look finds: the text of a map, and how much there is."""

    text: str
    tables: int
    figures: int


def map_of(file: Path) -> Path:
    """Return where the map of a table lies unless it is said."""
    return file.with_name(f"{file.stem}{MAP_SUFFIX}")


def look(file: Path, model: Model, lang: Lang) -> Look:
    """Return a map of what is found in a file.

    Raises
    ------
    InputError
        If it cannot be read, or no table of months is in it.
    """
    tables = find_tables(read_sheets(file))
    if not any(table.figures for table in tables):
        if problems := [problem for table in tables for problem in table.problems]:
            raise InputError(problems)
        hint = "months stand in one row or one column, as 2023年1月, 2023-01, 202301 or a date"
        raise refusal(file, "this file", "holds no table of months that is found", hint)
    return Look(proposal(tables, file.name, model, lang), len(tables), sum(len(table.figures) for table in tables))


def read(file: Path, decided: Path, model: Model) -> tuple[Imported, FigureMap]:
    """Return the figures of a file by its map, and the map; problems are left in it.

    Raises
    ------
    InputError
        If one of the two cannot be read.
    """
    known = read_map(decided, model)
    sheets = read_sheets(file)
    found = interpret(find_tables(sheets, known.ignored), known, model)
    guesses = [sheet.guessed for sheet in sheets if sheet.guessed]
    found.remarks += [Remark("code_page", str(each.place), each.name) for each in guesses]
    return found, known


def refuse_wrong(found: Imported, model: Model, cleaned: Sequence[Month] = ()) -> None:
    """Refuse figures with whatever is wrong with them.

    Parameters
    ----------
    cleaned : months in which dormant registrations were written off.

    Raises
    ------
    InputError
        With all of it.
    """
    check(found, model, cleaned)
    if len(found.problems) > MOST_PROBLEMS:
        rest = Problem(f"{len(found.problems) - MOST_PROBLEMS} problems more", "were found", "mend these first")
        raise InputError([*found.problems[:MOST_PROBLEMS], replace(rest, place=found.problems[-1].place)])
    if found.problems:
        raise InputError(found.problems)


def put_into(path: Path, found: Imported, known: FigureMap, model: Model, file: str, day: str, lang: Lang) -> Changes:
    """Return what a target's file becomes with the figures of a table; nothing is written.

    Parameters
    ----------
    file : name of the table. day : of the import, as it is written where a figure is given anew.

    Raises
    ------
    InputError
        If the file cannot be read, or cannot be read with the figures in it; at their cells.
    """
    text = path.read_text(encoding="utf-8")
    tree = Chain.of_file(path).tree  # it may hold no figure yet, and then is no target that can be read
    refuse_wrong(found, model, _cleaned(tree))
    target = TargetText(path, text, model, day, lang)
    figures = _of_whole_customers(found.figures, model)
    _divide(target, _dimensions(tree), found.figures, known, model, lang)
    for name, against in _definitions(figures).items():
        counts = known.definitions.get(name) or WORDS[lang]["counted"].format(label=name, file=file)
        target.define(name, counts, against)
    changes = target.take(figures, file)
    _read_again(path, changes.text, figures, model)
    return changes


def _of_whole_customers(figures: Sequence[ImportedFigure], model: Model) -> list[ImportedFigure]:
    """Return the figures that a target holds: the bank's customers as a whole, all others as they are."""
    total = model.origin.total if model.origin else ""
    return [each for each in figures if not (each.figure.measure == total and each.figure.band)]


def _cleaned(tree: Members) -> list[Month]:
    """Return the months of a target's clean-ups; those that are no months its reader refuses."""
    section = below(tree, "clean_ups")
    return [read_month(name) for name in (section.entries if section else {}) if re.fullmatch(r"\d{4}-\d\d", name)]


def _dimensions(tree: Members) -> dict[str, str]:
    """Return the dimension of each band of a target."""
    section = below(tree, "segments")
    return {
        band: dimension
        for dimension, entry in (section.entries if section else {}).items()
        if isinstance(entry.node, Members)
        for band in entry.node.entries
    }


def _divide(
    target: TargetText, there: Mapping[str, str], figures: Sequence[ImportedFigure], known: FigureMap, model: Model,
    lang: Lang,
) -> None:  # fmt: skip
    """Add a dimension with the bands of figures, if the target has none of them; refuse bands that it lacks."""
    bands = list(dict.fromkeys(each.figure.band for each in figures if each.figure.band))
    lacking = [band for band in bands if band not in there]
    if not lacking or model.origin is None:
        return
    if len(lacking) < len(bands) or known.dimension in there.values():
        allowed = f"is not a band of {target.path.name}"
        hint = f"there: {', '.join(sorted(there))}"
        raise InputError([Problem(shown(band), allowed, hint, "regions", None) for band in lacking])
    for measure, words in ((model.origin.total, "share_customers"), (model.origin.stock, "share")):
        if found := in_month(figures, measure):
            month, by_band = found
            source = next(iter(by_band.values())).provenance.source
            reason = WORDS[lang][words].format(month=month, source=source)
            target.divide(known.dimension, {band: f.interval.middle for band, f in by_band.items()}, reason)
            return
    allowed = f"is not a band of {target.path.name}, and no month has figures of {model.origin.stock} for all of them"
    hint = f"write segments: with a dimension {known.dimension} in {target.path.name}"
    raise InputError([Problem(shown(lacking[0]), allowed, hint, "regions", None)])


def _definitions(figures: Sequence[ImportedFigure]) -> dict[str, str]:
    """Return the definitions that figures follow, each with the later one of the same measure that it differs from."""
    found: dict[str, str] = {}
    for measure in dict.fromkeys(each.figure.measure for each in figures):
        own = sorted((each.figure for each in figures if each.figure.measure == measure), key=lambda f: f.month)
        names = [figure.definition for figure in own if figure.definition]
        for name in dict.fromkeys(names):
            found[name] = "" if name == names[-1] else names[-1]
    return found


def _read_again(path: Path, text: str, figures: Sequence[ImportedFigure], model: Model) -> None:
    """Read the file as it would be; what is then wrong with a figure is reported at its cell."""
    try:
        read_chain(Chain.of_text(text, path), path.stem, model, whole=False)
    except InputError as error:
        cells = {each.figure.key: each.figure.provenance.place for each in figures}
        problems = []
        for problem in error.problems:
            at = next((place for key, place in cells.items() if f"{problem.key}.".startswith(f"{key}.")), None)
            problems.append(replace(problem, place=at) if at else problem)
        raise InputError(problems) from None
