"""The priors of the reduced models, by configuration, and which configuration is chosen for whom: read from YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from mobank.base.errors import InputError, Problem
from mobank.base.quantities import read_number
from mobank.base.workspace import REDUCED_PRIORS, locate
from mobank.calibration.backtest.reduced_models import SHAPES
from mobank.scenario.cursor import Cursor
from mobank.scenario.yaml_files import load

OTHERS = "others"


@dataclass(frozen=True)
class ReducedPriors:
    """The prior of one configuration: each a median and a standard deviation of the logarithm, unless said otherwise.

    Rates are a year. `innovation`, `imitation` and `power` are those of Bass growth and of Gompertz growth (which has
    no power), `alone` the hazard without imitation. `headroom` is who can still register beside those of the first
    figure, in units of it, with Student tails; `ceiling` the same of a share: mean and standard deviation of the logit
    of its part of what is missing to one. `growth` is the mean and standard deviation of the pool's growth a year,
    never below zero. `shock` is the size of the yearly shocks, `persistence` the lowest and highest share of a shock
    that is left a year later; `level` and `noise` are the sizes of the discrepancy that stays and of the one that
    does not.
    """

    name: str
    shapes: tuple[str, ...]
    innovation: tuple[float, float]
    imitation: tuple[float, float]
    power: tuple[float, float]
    alone: tuple[float, float]
    closures: tuple[float, float]
    headroom: tuple[float, float]
    ceiling: tuple[float, float]
    growth: tuple[float, float]
    shock: tuple[float, float]
    persistence: tuple[float, float]
    level: tuple[float, float]
    noise: tuple[float, float]


PAIRS = tuple(field.name for field in fields(ReducedPriors) if field.name not in ("name", "shapes"))


def file() -> Path:
    """Return the file of the priors: that of the workspace, else the one shipped."""
    return locate("priors", REDUCED_PRIORS)


def read(path: Path | None = None) -> tuple[dict[str, ReducedPriors], dict[str, str]]:
    """Return the configurations by name, and the one chosen for each entity (`OTHERS` for all that are not named).

    Parameters
    ----------
    path : the file; None for that of `file`.

    Raises
    ------
    InputError
        Every problem of the file at once.
    """
    problems: list[Problem] = []
    top = Cursor(load(path or file()), "", problems).fields(("configurations", "chosen"), ("configurations", "chosen"))
    found: dict[str, ReducedPriors] = {}
    for name, cursor in top["configurations"].named().items() if "configurations" in top else ():
        beliefs = _beliefs(name, cursor, found)
        if beliefs:
            found[name] = beliefs
    chosen = {}
    for entity, cursor in top["chosen"].named().items() if "chosen" in top else ():
        chosen[entity] = cursor.choice(found, "a configuration") or ""
    if not problems and OTHERS not in chosen:
        problems.append(Problem(f"'chosen.{OTHERS}'", "is missing"))
    if problems:
        raise InputError(problems)
    return found, chosen


def _beliefs(name: str, cursor: Cursor, known: Mapping[str, ReducedPriors]) -> ReducedPriors | None:
    before = len(cursor.problems)
    at = cursor.fields(("like", "reason", "shapes", *PAIRS), ("reason",))
    if "reason" in at:
        at["reason"].text()
    like = at["like"].choice(known, "a configuration above this one") if "like" in at else None
    pairs = {pair: getattr(known[like], pair) for pair in PAIRS} if like else {}
    for pair in PAIRS:
        if pair in at:
            numbers = [item.read(read_number) for item in at[pair].items(2, "write it as [median, spread]") or ()]
            pairs[pair] = tuple(numbers)
        elif pair not in pairs:
            cursor.problem(f"'{pair}'", "is missing")
    shapes = known[like].shapes if like else tuple(SHAPES)
    if "shapes" in at:
        shapes = tuple(item.choice(SHAPES, "a growth shape") or "" for item in at["shapes"].items() or ())
    return None if len(cursor.problems) > before else ReducedPriors(name, shapes, **pairs)
