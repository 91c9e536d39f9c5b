"""A model's hazards, compiled as they are declared: never written a second time.

A small module of loops that call the hazard functions is made for each model, named after its fingerprint and kept
beside other compiled code, so that it is compiled once on a machine.
"""

from collections.abc import Callable
from functools import lru_cache

from mobank.base.compiled import from_text
from mobank.base.errors import ModelError
from mobank.base.kernels.expectation import FILLING
from mobank.calibration.likelihood.layout import Group
from mobank.model.fingerprint import fingerprint
from mobank.model.grammar import CUSTOMERS, EXPOSURE, Model

Fill = Callable[..., None]


def filler(model: Model, groups: tuple[Group, ...]) -> Fill:
    """Return the compiled function that works out the hazards of a group of flows for a class of segments.

    It takes the group's number, the values (V, C), the rows of them that are read, how many columns, the exposure (C,)
    and the rows of the table to fill (B, C).

    Raises
    ------
    ModelError
        If a hazard is no function of numbers that can be compiled.
    """
    return _filler(model, tuple((group.flows, group.reads) for group in groups))


@lru_cache(maxsize=16)
def _filler(model: Model, groups: tuple[tuple[tuple[int, ...], tuple[str, ...]], ...]) -> Fill:
    hazards = {f"hazard_{f}": flow.hazard for f, flow in enumerate(model.flows)}
    try:
        return from_text(f"hazards_{fingerprint(model)}", _text(model, groups), "fill", hazards, FILLING)
    except ValueError as error:
        raise ModelError(model.name, "a hazard", f"cannot be compiled: {error}") from None


def _text(model: Model, groups: tuple[tuple[tuple[int, ...], tuple[str, ...]], ...]) -> str:
    """Return the source of `fill`: for each group a loop over columns that calls its hazards."""
    lines = ["def fill(group, value, rows, size, met, out):"]
    for g, (flows, reads) in enumerate(groups):
        lines.append(f"    {'if' if g == 0 else 'elif'} group == {g}:")
        lines += [f"        row_{i} = value[rows[{i}]]" for i in range(len(reads))]
        lines.append("        for c in range(size):")
        for i, f in enumerate(flows):
            arguments = ", ".join(_argument(name, reads) for name in model.flows[f].reads)
            lines.append(f"            out[{i}, c] = hazard_{f}({arguments})")
    return "\n".join(lines) + "\n"


def _argument(name: str, reads: tuple[str, ...]) -> str:
    if name == EXPOSURE:
        return "met[c]"
    return "1.0" if name == CUSTOMERS else f"row_{reads.index(name)}[c]"
