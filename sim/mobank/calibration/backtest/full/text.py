"""The target of a refit as a text: priors that know nothing of the entity or of later years, then its figures.

Priors are made by a function that is handed figures to learn sizes from. It gets those alone that may be known at the
origin: none of the entity's group, none after the origin. That is looked at once more before a fit.
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

BANK, OPEN = "bank", "open"  # kinds of priors: of banks, and of sectors and wallets
POOL_SECTION = "pool"  # what a prior says of a pool that nobody reports


@dataclass(frozen=True)
class PriorMaker:
    """How neutral priors are made.

    Parameters
    ----------
    made : the text and the digest of a file of priors, from figures, the group left out, the last month and the kind.
    group_of : the group of an entity. class_of : its kind, `BANK` or `OPEN`.
    """

    made: Callable[[Sequence[FigureRow], str, Month, str], tuple[str, str]]
    group_of: Callable[[str], str]
    class_of: Callable[[str], str]


@dataclass(frozen=True)
class PriorText:
    """A file of priors, its digest, and the group and the origin that it may not know."""

    text: str
    digest: str
    group: str
    until: Month


def priors_of(refit: Refit, rows: Sequence[FigureRow], maker: PriorMaker) -> PriorText:
    """Return the priors for a refit, made from the rows that may be known at its origin."""
    group, origin = refit.pair.group, refit.origin
    allowed = [row for row in rows if not _leaks(row, group, origin, maker.group_of)]
    return _made(allowed, group, origin, maker.class_of(refit.pair.entity), maker)


def _made(rows: Sequence[FigureRow], group: str, until: Month, kind: str, maker: PriorMaker) -> PriorText:
    refuse_leaks(rows, group, until, maker.group_of)
    return PriorText(*maker.made(rows, group, until, kind), group, until)


def refuse_leaks(rows: Sequence[FigureRow], group: str, until: Month, group_of: Callable[[str], str]) -> None:
    """Refuse figures that priors may not be made from.

    Raises
    ------
    RunError
        With the first figure of the group, or after the last month that may be known.
    """
    for row in rows:
        if _leaks(row, group, until, group_of):
            found = f"{row.entity}, {row.metric}, {row.figure.month}"
            allowed = f"may not inform priors of {group} at {until}"
            raise RunError(found, allowed, "leave out the group and what came later")


def _leaks(row: FigureRow, group: str, until: Month, group_of: Callable[[str], str]) -> bool:
    return group_of(row.entity) == group or row.figure.month > until


# ------------ the target


def target_text(refit: Refit, priors: PriorText, model: Model) -> str:
    """Return the text of a refit's target; the model says of which of its measures the figures are.

    Raises
    ------
    RunError
        If the priors may know of the entity or of later years.
    """
    origin = model.origin
    if origin is None:
        raise RunError(f"the model '{model.name}'", "does not say which of its measures are reported", "")
    if priors.group != refit.pair.group or priors.until > refit.origin:
        found, allowed = f"priors of {priors.group} at {priors.until}", f"may know what {refit.name} may not"
        raise RunError(found, allowed, "make them for this group and origin")
    known_pool = refit.pool is not None or refit.customers
    text = without_section(priors.text, POOL_SECTION) if known_pool else priors.text
    measures = ((origin.stock, refit.level), (origin.engaged, refit.active), (origin.total, refit.customers))
    lines = [line for measure, figures in measures for line in _measure(measure, figures)]
    if refit.pool is not None:
        source = "assumed, grown from the date for which it is assumed"
        lines += [f"  {origin.total}:", _line(refit.origin, f"{refit.pool:.0f}", source, "unverified")]
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
