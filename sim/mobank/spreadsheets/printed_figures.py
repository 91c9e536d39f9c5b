"""From a cell to a figure: what is shown, with its unit, becomes the range of values that it allows.

Texts are read by `mobank.base.quantities.read_interval` and by nothing else; here they are only put together. No
figure is known better than to a person, so a step below one is a whole person.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from math import log10
from typing import NamedTuple

from mobank.base.errors import shown
from mobank.base.quantities import Interval, QuantityError, read_interval
from mobank.spreadsheets.grid import GridCell
from mobank.spreadsheets.vocabulary import counts_no_persons, is_missing, power_of, unit_called

MARKS = "*†‡§#※①②③④⑤¹²³△▲"
LARGE = Decimal(1_000_000)  # persons, of which a fraction may be a mean over days
A_HAIR = Decimal("1e-9")  # of a number: what a spreadsheet's arithmetic leaves
_FIGURE = re.compile(r"(?P<words>[^\d.+-]*)(?P<number>[+-]?[\d,]*\.?\d+(?:e[+-]?\d+)?)\s*(?P<unit>\D*)", re.IGNORECASE)


class Printed(NamedTuple):
    """A figure: the text that says it in a target, the values that it allows, and the marks that stood beside it."""

    text: str
    interval: Interval
    marks: str


def split_marks(text: str) -> tuple[str, str]:
    """Return a text without the marks at its ends, and the marks."""
    bare = text.strip(MARKS + " ")
    return (bare, "".join(each for each in text if each in MARKS)) if bare else (text, "")


def own_unit(text: str) -> str:
    """Return what stands behind the number in a cell: "亿", "%"; "" where nothing does."""
    match = _FIGURE.fullmatch(split_marks(text)[0])
    return match["unit"].strip() if match else ""


def printed(cell: GridCell, unit: str, exact: bool, missing: frozenset[str]) -> Printed | None:
    """Return the figure in a cell; None where a sign says that there is none.

    Parameters
    ----------
    unit : of the figure, if the cell names none: "万户", "million", "户". exact : all digits of the cell count.
    missing : more texts that stand where there is no figure.

    Raises
    ------
    QuantityError
        If the cell holds something else, or nothing says the unit.
    """
    if is_missing(cell.text) or cell.text.casefold() in missing:
        return None
    if cell.fault:
        raise QuantityError(shown(cell.text) if cell.text else "this cell", cell.fault, _mend(cell))
    bare, marks = split_marks(cell.text)
    match = _FIGURE.fullmatch(bare)
    if cell.day or match is None:
        found = "a date" if cell.day else shown(cell.text)
        raise QuantityError(found, "is no figure", "empty it, or name the text under missing: in the map")
    own = match["unit"].strip()
    if own and counts_no_persons(own):
        raise QuantityError(shown(cell.text), "counts no people", "write measure: skip for this metric in the map")
    said = unit_called(own) if own else unit
    if not said:
        if own:
            raise QuantityError(shown(cell.text), f"has '{own}', which is not a unit of persons")
        raise QuantityError(shown(cell.text), "has no unit", "write unit: in the map")
    number = match["number"]
    read_interval(match["words"] + number + said)  # as it stands, so that its separators are looked at
    number = number.replace(",", "")
    if exact and cell.number:
        number = _in_full(cell.number, number)
    text = _to_persons(cell, match["words"], number, said)
    return Printed(text, read_interval(text), marks)


def _mend(cell: GridCell) -> str:
    return "open the workbook in a spreadsheet program and save it" if "stored value" in cell.fault else ""


def _in_full(number: str, displayed: str) -> str:
    """Return all digits of a cell's number, as large as it is shown."""
    full, seen = Decimal(number), Decimal(displayed)
    if not full or not seen:
        return displayed
    return f"{full.scaleb(round(log10(abs(seen / full)))):f}"


def _to_persons(cell: GridCell, words: str, number: str, unit: str) -> str:
    """Return the text of a figure; where it has digits below one person, it is the whole number of persons."""
    value, power = Decimal(number), power_of(unit)
    step = Decimal(1).scaleb(int(value.as_tuple().exponent)) * power
    if step >= 1:
        return f"{words}{number}{'' if unit == '户' else unit if not unit.isascii() else f' {unit}'}"
    persons = value * power
    whole = persons.to_integral_value()
    if abs(persons - whole) > A_HAIR * abs(persons) and abs(persons) < LARGE:
        raise QuantityError(shown(cell.text), "is no whole number of persons", "is 万, 亿 or million missing?")
    return f"{words}{whole:f}"


def footnotes_of(marks: str, known: Mapping[str, tuple[str, str]]) -> tuple[str, str, str]:
    """Return what marks say, the evidence that they give, and those that are not explained."""
    notes = [known[each][0] for each in marks if each in known]
    evidence = next((known[each][1] for each in marks if each in known and known[each][1]), "")
    return "; ".join(filter(None, notes)), evidence, "".join(each for each in marks if each not in known)
