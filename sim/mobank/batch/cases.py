"""Scenario × design point -> Case: the point's values are put into the scenario's tree and read by its own grammar."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mobank.base.errors import InputError, Place
from mobank.batch.design import number_of
from mobank.batch.job import ON, Axis, Case, Design
from mobank.model.grammar import Model
from mobank.scenario.reader import read
from mobank.scenario.tree import Entry, Node, Scalar, dump
from mobank.scenario.tree import Mapping as Members

Trees = Mapping[str, tuple[Members, tuple[Path, ...]]]


def build_cases(design: Design, trees: Trees, job: Path, model: Model) -> Iterator[Case]:
    """Yield the cases of a job, scenario by scenario.

    Raises
    ------
    InputError
        If a scenario cannot have the values of a point; told of the first such point, at the line of the job.
    """
    width = len(str(len(design.points)))
    for name, (tree, files) in trees.items():
        for number, texts in enumerate(design.points, start=1):
            if not design.axes:
                yield Case(name, read(tree, name, files, model), 0, {})
                continue
            label = f"{name}-{number:0{width}d}"
            source = f"design of {job.name}, point {number}"
            varied = tree
            for axis, text in zip(design.axes, texts, strict=True):
                varied = _put(varied, axis, text, source)
            settings = {a.name: number_of(a, t) for a, t in zip(design.axes, texts, strict=True)}
            try:
                yield Case(label, read(varied, name, files, model), number, settings)
            except InputError as error:
                point = f"point {number} of the design ({', '.join(map(' '.join, _told(design.axes, texts)))})"
                problems = [replace(p, hint=f"{p.hint}; {point}" if p.hint else point) for p in error.problems]
                raise InputError(problems) from None


def _told(axes: Sequence[Axis], texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for axis, text in zip(axes, texts, strict=True):
        yield axis.name, text


def with_asks(tree: Members, asks: Members) -> Members:
    """Return a scenario's tree with a job's asks beside its own; one of the same name or words takes its place."""
    own = tree.entries.get("asks")
    below = own.node.entries if own and isinstance(own.node, Members) else {}
    said = {dump(entry.node) for entry in asks.entries.values()}
    kept = {name: entry for name, entry in below.items() if dump(entry.node) not in said}
    joined = Entry(asks.place, Members({**kept, **asks.entries}, asks.place))
    return replace(tree, entries={**tree.entries, "asks": joined})


def _put(tree: Members, axis: Axis, text: str, source: str) -> Members:
    """Return a tree with the value of one axis in place; a number says that the design is its source."""
    keys = axis.name.split(".")
    if axis.unit == "on or off":
        return tree if text == ON else _without(tree, keys)
    node: Node = Scalar(text, axis.place, quoted=False)
    if axis.unit not in ("month", "months"):
        node = Members(
            {"value": Entry(axis.place, node), "source": Entry(axis.place, Scalar(source, axis.place, quoted=True))},
            axis.place,
        )
    return _with(tree, keys, node, axis.place)


def _with(tree: Members, keys: Sequence[str], node: Node, place: Place) -> Members:
    key, *below = keys
    old = tree.entries.get(key)
    if below and old and isinstance(old.node, Members):
        node = _with(old.node, below, node, place)
        place = old.key_place
    return replace(tree, entries={**tree.entries, key: Entry(place, node)})


def _without(tree: Members, keys: Sequence[str]) -> Members:
    key, *below = keys
    entry = tree.entries.get(key)
    if below and entry and isinstance(entry.node, Members):
        return replace(tree, entries={**tree.entries, key: replace(entry, node=_without(entry.node, below))})
    return replace(tree, entries={k: e for k, e in tree.entries.items() if k != key})
