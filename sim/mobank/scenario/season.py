"""How the seasons of a scenario are read: twelve factors of a parameter, or how large an unknown season is.

A parameter's factors are known and multiply it. Of a shock path, and of what is reported of a measure, only the size
of the season is thought of beforehand; its months are learnt by a fit.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from mobank.model.grammar import Model
from mobank.scenario.cursor import Cursor
from mobank.scenario.keys.scenario import SEASON_SIZE, SeasonKeys
from mobank.scenario.keys.values import ValueKeys
from mobank.scenario.scenario import Value
from mobank.scenario.values import read_whence

OF_A_SIZE = {key.name for way in ValueKeys.ways for key in way}


class Seasons(NamedTuple):
    """Twelve factors by parameter, and sizes of unknown seasons by path or measure."""

    factors: dict[str, tuple[float, ...]]
    sizes: dict[str, Value]


def read_season(named: Mapping[str, Cursor], model: Model) -> Seasons:
    """Return what stands under `season`; one that is known and unknown at once is noted."""
    factors = {name: _by_month(name, here, model) for name, here in named.items() if name in model.parameter}
    sizes = {name: _size(name, here) for name, here in named.items() if name not in model.parameter}
    for name in sizes:
        twice = [known for known in factors if model.parameter[known].moved_by == name]
        if twice:
            allowed = f"is of unknown size here, but {twice[0]}, which {name} moves, has twelve factors"
            named[name].problem(f"the season of {name}", allowed, f"leave one of them out: {name} or {twice[0]}")
    return Seasons(
        {name: known for name, known in factors.items() if known}, {name: size for name, size in sizes.items() if size}
    )


def _by_month(name: str, here: Cursor, model: Model) -> tuple[float, ...] | None:
    """Return twelve factors with a geometric mean of 1."""
    given = here.named() if here.is_mapping else {}
    if OF_A_SIZE & given.keys() and SeasonKeys.by_month.name not in given:
        path = model.parameter[name].moved_by
        of = f"give the size to {path}, which moves it, or " if path else ""
        here.problem("a size", f"came where the twelve factors of {name} must stand", f"{of}{SeasonKeys.how()}")
        return None
    at = SeasonKeys.at(here)
    read_whence(at, here, SeasonKeys.evidence, required=True)
    if model.parameter[name].unit == "share":
        here.problem(f"'{name}'", "is a share and has no season", "a season multiplies rates")
    factors = at.read(SeasonKeys.by_month)
    if factors is None:
        return None
    logs = np.log(factors)
    return tuple(float(f) for f in np.exp(logs - logs.mean()))


def _size(name: str, here: Cursor) -> Value | None:
    if here.is_mapping and SeasonKeys.by_month.name in here.named():
        found, allowed = f"'{SeasonKeys.by_month.name}'", f"came where the size of the season of {name} must stand"
        here.problem(found, allowed, f"write {name}: {{low: 2%, high: 12%, reason: …}}; a parameter has twelve factors")
        return None
    return SEASON_SIZE.read(here)
