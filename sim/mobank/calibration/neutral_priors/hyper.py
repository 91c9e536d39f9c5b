"""The table of judgements that neutral priors are made of, and the few numbers in it that figures scale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mobank.base.errors import InputError, Problem, did_you_mean, shown
from mobank.base.quantities import QuantityError, read_number, read_share
from mobank.base.workspace import PRIOR_TABLE, locate
from mobank.calibration.neutral_priors.groups import CLASSES
from mobank.calibration.neutral_priors.spreads import SPREADS, Of
from mobank.scenario.cursor import Cursor
from mobank.scenario.kinds import Quantity, Words
from mobank.scenario.tree import Entry, Mapping, Scalar, merge
from mobank.scenario.yaml_files import load

SCALED: dict[Of, Sequence[str]] = {  # the numbers that each spread scales
    "registered": ("shocks.adoption.size.median",),
    "active": ("shocks.engagement.size.median", "drift.engagement.change"),
}
SPREAD = Quantity(read_share, Words("", ""), 0.0, 1.0, "low")
WEIGHT = Quantity(read_number, Words("changes", "次变化"), 0.0, 1e6, "low")


@dataclass(frozen=True)
class Hyper:
    """What is thought of a class before looking at figures.

    Parameters
    ----------
    sections : those of a target, with the sizes that belong to the references.
    references : spread by what it is of. weight : how many changes a reference is worth.
    """

    sections: Mapping
    references: dict[Of, float]
    weight: float

    def scaled(self, factors: dict[Of, float]) -> Mapping:
        """Return the sections with their sizes multiplied, to two digits.

        Raises
        ------
        InputError
            If such a size is missing or is no percentage.
        """
        tree = self.sections
        for of, numbers in SCALED.items():
            for key in numbers:
                tree = _times(tree, key, key.split("."), factors[of])
        return tree


def read(kind: str) -> Hyper:
    """Return what the table of the workspace, else the one shipped, says of a class.

    Raises
    ------
    InputError
        If there is no such class; every problem of the table at once. What its sections say is read where a target
        extends them.
    """
    if kind not in CLASSES:
        raise InputError([Problem(shown(kind), "is not a class of entities", did_you_mean(kind, CLASSES))])
    problems: list[Problem] = []
    keys = ("scales", "every", *CLASSES)
    top = Cursor(load(locate("hyper", PRIOR_TABLE)), "", problems).fields(keys, keys)
    scales = top["scales"].fields(("weight", *CLASSES), ("weight", *CLASSES)) if "scales" in top else {}
    weight = _number(scales.get("weight"), "value", WEIGHT)
    own = scales[kind].fields(SPREADS, SPREADS) if kind in scales else {}
    references = {of: _number(own.get(of), "reference", SPREAD) for of in SPREADS}
    every, ours = (_sections(top.get(name)) for name in ("every", kind))
    known = {of: number for of, number in references.items() if number is not None}
    if problems or weight is None or every is None or ours is None:
        raise InputError(problems)
    return Hyper(merge(every, ours), known, weight)


def _number(here: Cursor | None, key: str, kind: Quantity[float]) -> float | None:
    at = here.fields((key, "reason"), (key, "reason")) if here else {}
    return kind.read(at[key]) if key in at else None


def _sections(here: Cursor | None) -> Mapping | None:
    if here is None or not isinstance(here.node, Mapping):
        if here:
            here.misshapen("a mapping of sections")
        return None
    return here.node


def _times(tree: Mapping, key: str, names: Sequence[str], factor: float) -> Mapping:
    entry = tree.entries.get(names[0])
    node = entry.node if entry else None
    if entry and isinstance(node, Mapping) and len(names) > 1:
        below: Mapping | Scalar = _times(node, key, names[1:], factor)
    elif entry and isinstance(node, Scalar) and len(names) == 1:
        below = replace(node, text=_percentage(node, key, factor))
    else:
        raise InputError([Problem(f"'{key}'", "is missing: the figures scale it", place=tree.place)])
    return replace(tree, entries={**tree.entries, names[0]: Entry(entry.key_place, below)})


def _percentage(node: Scalar, key: str, factor: float) -> str:
    try:
        return f"{100 * factor * read_share(node.text):.2g}%"
    except QuantityError as error:
        raise InputError([Problem(error.found, error.allowed, error.hint, key, node.place)]) from None
