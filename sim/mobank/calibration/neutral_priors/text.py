"""Priors of any bank or wallet: the text of a file to extend, made from figures and a table of judgements.

What is scored at an origin must not be in its own priors, nor may what came later. So the text can be made without a
group of entities and without the figures after a month, it names each series that went in, and `leaks` reads that.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from mobank.base.quantities import Month, read_month
from mobank.calibration.backtest.series import FigureRow
from mobank.calibration.neutral_priors import hyper
from mobank.calibration.neutral_priors.groups import Groups
from mobank.calibration.neutral_priors.groups import read as read_groups
from mobank.calibration.neutral_priors.spreads import SPREADS, Of, Spread, Used, spread
from mobank.scenario.tree import dump

WHAT: Mapping[Of, str] = {
    "active": "change of yearly log growth of active users",
    "registered": "change of log yearly additions to registered users",
}
HEAD = """\
# {zh}的中性先验：不针对其中任何一家。数据文件写 extends: {kind} 即可采用。由 calibration/priors/make.py 生成。
# Neutral priors of {en}: nothing here is of a certain one. A target takes them by
# `extends: {kind}`. Written by calibration/priors/make.py from tables/ and the figures named here: change those.
#
"""
NAMES: Mapping[str, tuple[str, str]] = {
    "bank": ("银行", "a bank"),
    "open": ("钱包、券商和行业合计", "a wallet, a broker or a sector"),
}
NAMELESS = "it does not name the figures that it was made from"
_USED = r"^#   (.+) \| (\S+) \| (\S+) to (\S+)$"


def made(figures: Iterable[FigureRow], without_group: str | None, until: Month | None, kind: str) -> tuple[str, str]:
    """Return the text of a file of neutral priors, and its digest.

    Parameters
    ----------
    figures : rows of all entities; those of the class are taken.
    without_group : group, or entity of one, whose figures are left out with those of groups that hold it or that it
        holds; None for none.
    until : the last month whose figures are known; None for all.
    kind : the class that the priors are of, `bank` or `open`.

    Raises
    ------
    InputError
        If there is no such class, or a table is at fault.
    """
    groups, table = read_groups(), hyper.read(kind)
    rows = _allowed(figures, groups, without_group, until, kind)
    group = {row.entity: groups.group_of(row.entity) for row in rows}
    spreads = {of: spread(rows, of, group) for of in SPREADS}
    factors = {of: found.beside(table.references[of], table.weight) for of, found in spreads.items()}
    zh, en = NAMES[kind]
    lines = [f"{line}\n" for of, found in spreads.items() for line in _named(of, found, factors[of])]
    text = HEAD.format(zh=zh, en=en, kind=kind) + "".join(lines) + dump(table.scaled(factors))
    return text, digest(text)


def digest(text: str) -> str:
    """Return what stands for a text of priors where a forecast is recorded."""
    return sha256(text.encode()).hexdigest()


def figures_in(text: str) -> tuple[Used, ...]:
    """Return the series whose figures went into a text of priors, as its head names them."""
    found = re.findall(_USED, text, flags=re.M)
    return tuple(Used(entity, metric, read_month(first), read_month(last)) for entity, metric, first, last in found)


def leaks(text: str, entity: str, origin: Month | None) -> tuple[str, ...]:
    """Return what a text of priors knows and should not, where an entity is forecast at an origin; empty if nothing.

    Parameters
    ----------
    entity : the entity that is scored, or its group. origin : the last month known then; None if time does not count.
    """
    groups = read_groups()
    kin = groups.kin(entity)
    found = [] if all(f"# {what}: " in text for what in WHAT.values()) else [NAMELESS]
    for used in figures_in(text):
        if groups.group_of(used.entity) in kin:
            found.append(f"{used.entity}, {used.metric}: counts people of {entity}")
        if origin is not None and used.last > origin:
            found.append(f"{used.entity}, {used.metric}: known to {used.last}, after {origin}")
    return tuple(found)


# ------------ the parts


def _allowed(
    figures: Iterable[FigureRow], groups: Groups, without: str | None, until: Month | None, kind: str
) -> list[FigureRow]:
    left_out = groups.kin(without) if without else frozenset()
    return [
        row
        for row in figures
        if (until is None or row.figure.month <= until)
        and groups.group_of(row.entity) not in left_out
        and groups.class_of(row.entity) == kind
    ]


def _named(of: Of, found: Spread, factor: float) -> Iterator[str]:
    """Yield the lines of a head that say what a spread was made from."""
    known = f"{found.changes:.3g} changes, spread {100 * found.size:.1f} %" if found.changes else "no figures"
    yield f"# {WHAT[of]}: {known}; sizes × {factor:.2f}"
    yield from (f"#   {used.entity} | {used.metric} | {used.first} to {used.last}" for used in found.used)
