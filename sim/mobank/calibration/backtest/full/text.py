"""The target of a refit as a text: priors that know nothing of the entity or of later years, then its figures.

Priors are made by a function that gets whom to leave out and which month is the last one known. What it has made
names the figures in it, and that is looked at before the fit: priors that know more are refused.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mobank.base.errors import RunError
from mobank.base.quantities import Month
from mobank.calibration.backtest.full.cases import Refit
from mobank.calibration.backtest.full.figures import JoinedFigure
from mobank.calibration.backtest.series import FigureRow
from mobank.model.grammar import Model

POOL_SECTION = "pool"  # what a prior says of a pool that nobody reports


@dataclass(frozen=True)
class PriorMaker:
    """How neutral priors are made.

    Parameters
    ----------
    made : the text and the digest of a file of priors, from figures, the group left out, the last month and the class.
    leaks : what a text knows and should not, where an entity is forecast at an origin; empty if nothing.
    group_of, class_of : the group and the class of an entity.
    """

    made: Callable[[Sequence[FigureRow], str, Month, str], tuple[str, str]]
    leaks: Callable[[str, str, Month], Sequence[str]]
    group_of: Callable[[str], str]
    class_of: Callable[[str], str]


@dataclass(frozen=True)
class PriorText:
    """A text of priors, and its digest."""

    text: str
    digest: str


def priors_of(refit: Refit, rows: Sequence[FigureRow], maker: PriorMaker) -> PriorText:
    """Return the priors for a refit, made from the rows that may be known at its origin.

    Raises
    ------
    RunError
        If the text knows of the entity's group or of later months.
    """
    entity, origin = refit.pair.entity, refit.origin
    made = PriorText(*maker.made(rows, refit.pair.group, origin, maker.class_of(entity)))
    if leaks := maker.leaks(made.text, entity, origin):
        raise RunError(f"priors for {entity} at {origin}", f"may not be used: {'; '.join(leaks)}", "")
    return made


# ------------ the target


def target_text(refit: Refit, priors: PriorText, model: Model) -> str:
    """Return the text of a refit's target; the model says of which of its measures the figures are.

    Raises
    ------
    RunError
        If the model does not say so.
    """
    origin = model.origin
    if origin is None:
        raise RunError(f"the model '{model.name}'", "does not say which of its measures are reported", "")
    known_pool = refit.pool or refit.customers
    text = without_section(priors.text, POOL_SECTION) if known_pool else priors.text
    measures = ((origin.stock, refit.level), (origin.engaged, refit.active), (origin.total, refit.customers))
    lines = [line for measure, figures in measures for line in _measure(measure, figures)]
    if refit.pool:
        source = "assumed, grown from the date for which it is assumed"
        own = [_line(month, f"{pool:.0f}", source, "unverified") for month, pool in refit.pool.items()]
        lines += [f"  {origin.total}:", *own]
    return "\n".join([text.rstrip(), "", "reported:", *lines, ""])


def _measure(measure: str, figures: Sequence[JoinedFigure]) -> Iterator[str]:
    if figures:
        yield f"  {measure}:"
    for each in figures:
        yield _line(each.month, each.printed, each.source, each.figure.evidence)


def _line(month: Month, figure: str, source: str, evidence: str) -> str:
    quoted = (json.dumps(text, ensure_ascii=False) for text in (figure, source or "not stated"))
    return "    {}: {{figure: {}, source: {}, evidence: {}}}".format(month, *quoted, evidence)


def without_section(text: str, name: str) -> str:
    """Return a YAML text without one of its sections: the line that begins with its name and those indented below."""
    return re.sub(rf"(?m)^{re.escape(name)}:.*\n(?:(?:[ \t]+.*|[ \t]*)\n)*", "", f"{text.rstrip()}\n")
