"""What a program passes in, checked: numbers, choices and months; wrong ones make the errors that the command makes."""

from collections.abc import Collection
from numbers import Real
from pathlib import Path

from mobank.base.errors import InputError, Problem, did_you_mean, shown
from mobank.base.quantities import Month, QuantityError, read_month
from mobank.base.workspace import Kind, locate

LANGUAGES = ("en", "zh")


def whole_number(value: int, name: str, least: int, most: int) -> int:
    """Return a whole number between two others, both included.

    Raises
    ------
    InputError
        If it is none.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value <= most:
        raise InputError([Problem(shown(str(value)), f"must be a whole number, {least:,} to {most:,}", key=name)])
    return value.__index__()


def fraction(value: float, name: str) -> float:
    """Return a number from 0 to 1.

    Raises
    ------
    InputError
        If it is none.
    """
    if not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise InputError([Problem(shown(str(value)), "must be a number from 0 to 1", key=name)])
    return float(value)


def choice(value: str, name: str, allowed: Collection[str]) -> str:
    """Return a text that is one of some.

    Raises
    ------
    InputError
        If it is none, with the nearest.
    """
    if value not in allowed:
        hint = did_you_mean(str(value), sorted(allowed))
        raise InputError([Problem(shown(str(value)), f"is not a {name}", hint, name)])
    return value


def month_of(value: Month | str) -> Month:
    """Return a month that may be written as "2025-12".

    Raises
    ------
    InputError
        If the text is no month.
    """
    if isinstance(value, Month):
        return value
    try:
        return read_month(value)
    except QuantityError as error:
        raise InputError([Problem(error.found, error.allowed, error.hint, "month")]) from None


def is_text(source: object) -> bool:
    """Return True for YAML text, which has more than one line; a single line is a name or a path."""
    return isinstance(source, str) and "\n" in source


def named(source: object, kind: Kind) -> Path:
    """Return what a name or a path stands for, looked up as the command looks it up.

    Raises
    ------
    InputError
        If it is neither a text nor a path, or nothing is there, with the nearest names.
    """
    if not isinstance(source, (str, Path)):
        allowed = f"is not {kind.word}: neither a name, a path nor YAML text"
        raise InputError([Problem(shown(repr(source)), allowed)])
    return locate(source, kind)
