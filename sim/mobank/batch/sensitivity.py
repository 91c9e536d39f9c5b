"""Which of the things varied matter: shares of an answer's variance over the design, and heat maps of two axes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mobank.base.arrays import Floats
from mobank.base.quantities import read_month
from mobank.batch.job import ON
from mobank.batch.results import Results
from mobank.ensemble.plan import ALL
from mobank.ensemble.sensitivity import FEWEST, given_data_shares

CELLS = 6  # a heat map has at most so many columns and rows


@dataclass(frozen=True)
class Output:
    """What is scored over the design of one scenario: a chance, or the mean of a measure in its last month.

    Parameters
    ----------
    name : of the ask or of the measure. question, chinese : what it says; of a measure its name.
    values : (P,) by design point; inputs : (A, P) the axes, months as numbers, on as 1 and off as 0.
    """

    scenario: str
    kind: str
    name: str
    month: str
    question: str
    chinese: str
    values: Floats
    inputs: Floats


@dataclass(frozen=True)
class Effect:
    """How much of an output's variance over the design one axis explains by itself, and the error of that."""

    axis: str
    first: float
    error: float


@dataclass(frozen=True)
class Heat:
    """The mean of an output in the cells of two axes: (rows, columns), NaN where no point lies; and the cells' ends."""

    across: str
    down: str
    columns: tuple[tuple[float, float], ...]
    rows: tuple[tuple[float, float], ...]
    means: Floats


def outputs(results: Results) -> Iterator[Output]:
    """Yield what can be scored, scenario by scenario: each ask, then each measure of the bank in its last month."""
    for scenario in dict.fromkeys(results.cases["scenario"].to_pylist()):
        for name in dict.fromkeys(results.answers["ask"].to_pylist()):
            table = _of(results.answers, scenario=scenario, ask=name)
            if table.num_rows:
                first = table.slice(0, 1).to_pylist()[0]
                yield _output(results, scenario, "ask", name, table, "chance", first["question"], first["问题"])
        for name in dict.fromkeys(results.quantities["measure"].to_pylist()):
            table = _of(results.quantities, scenario=scenario, measure=name, segment=ALL)
            if table.num_rows:
                table = _of(table, month=max(table["month"].to_pylist()))
                yield _output(results, scenario, "measure", name, table, "mean", name, name)


def _of(table: pa.Table, **wanted: str) -> pa.Table:
    for name, value in wanted.items():
        table = table.filter(pc.equal(table[name], value))
    return table


def _output(
    results: Results, scenario: str, kind: str, name: str, table: pa.Table, column: str, question: str, chinese: str
) -> Output:
    inputs = [[_number(value) for value in table[axis].to_pylist()] for axis in results.axes]
    values = np.array(table[column].to_pylist(), float)
    return Output(
        scenario,
        kind,
        name,
        table["month"][0].as_py(),
        question,
        chinese,
        values,
        np.array(inputs, float).reshape(len(results.axes), values.size),
    )


def _number(value: Any) -> float:
    if isinstance(value, str):
        return float(read_month(value).ordinal if value[0].isdigit() else value == ON)
    return float(value)


def effects(axes: Sequence[str], output: Output) -> list[Effect]:
    """Return the axes, the most telling first; nothing where the points are too few, or the output does not vary."""
    known = output.values[~np.isnan(output.values)]
    if not axes or known.size < FEWEST or known.min() == known.max():
        return []
    found = given_data_shares(output.inputs, output.values)
    order = np.argsort(-found.first, kind="stable")
    return [Effect(axes[i], float(found.first[i]), float(found.error[i])) for i in order]


def heat(axes: Sequence[str], output: Output, across: str, down: str) -> Heat:
    """Return the mean of an output over the cells of two axes; values of an axis are classed where they are many."""
    place = {name: i for i, name in enumerate(axes)}
    (columns, column), (rows, row) = (_classes(output.inputs[place[name]]) for name in (across, down))
    sums, count = np.zeros((2, len(rows), len(columns)))
    np.add.at(sums, (row, column), output.values)
    np.add.at(count, (row, column), 1.0)
    means = np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)
    return Heat(across, down, columns, rows, means)


def _classes(values: Floats) -> tuple[tuple[tuple[float, float], ...], NDArray[np.intp]]:
    """Return the ends of each class of an axis, and which class each point is in."""
    distinct = np.unique(values)
    if distinct.size <= CELLS:
        return tuple((float(v), float(v)) for v in distinct), np.searchsorted(distinct, values)
    edges = np.linspace(distinct[0], distinct[-1], CELLS + 1)
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, CELLS - 1)
    return tuple((float(a), float(b)) for a, b in pairwise(edges)), place
