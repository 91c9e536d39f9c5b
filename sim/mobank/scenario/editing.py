"""A scenario's tree with some keys changed by a program, as a file that extends it would change them."""

from collections.abc import Mapping, Sequence
from numbers import Real

from mobank.base.errors import InputError, Place, Problem, did_you_mean, shown
from mobank.base.quantities import Month
from mobank.scenario.tree import Entry, Node, merge
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.tree import Sequence as Items
from mobank.scenario.yaml_text import scalar

KINDS = "must be a text, a number, a month, a list or a mapping of these"


def edited(tree: Members, changes: Mapping[str, object], place: Place) -> Members:
    """Return a tree with other values at some keys: mappings merge, all else replaces, "off" removes.

    Parameters
    ----------
    changes : by dotted key, such as "levers.win_back.multiply"; all but the last word of a key must be there. Values
        are texts as in YAML, numbers, months, lists and mappings.
    place : stands for the file of what is changed.

    Raises
    ------
    InputError
        With every key that leads nowhere, and every value that is of no such kind.
    """
    problems: list[Problem] = []
    for key, value in changes.items():
        if key == "extends":
            allowed = "cannot be changed: what a scenario extends has been read already"
            problems.append(Problem("'extends'", allowed, "load the other scenario", key, place))
            continue
        try:
            tree = merge(tree, _child(tree, key, value, place))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return tree


def _child(tree: Members, key: str, value: object, place: Place) -> Members:
    """Return the tree of a file that changes one key."""
    above = key.split(".")[:-1]
    _refuse_dead_end(tree, above, key, place)
    node = node_of(value, key, place)
    for word in reversed(key.split(".")):
        node = Members({word: Entry(place, node)}, place)
    assert isinstance(node, Members)
    return node


def _refuse_dead_end(tree: Members, words: Sequence[str], key: str, place: Place) -> None:
    node: Node = tree
    for word in words:
        known = node.entries if isinstance(node, Members) else {}
        if word not in known:
            raise InputError(
                [Problem(shown(word), "is not there to be changed", did_you_mean(word, known), key, place)]
            )
        node = known[word].node


def node_of(value: object, key: str, place: Place) -> Node:
    """Return the node of a value; `key` is the dotted key that leads to it."""
    match value:
        case bool():
            pass  # which is a number in Python
        case str() | Month():
            return scalar(str(value), place, key)
        case Real():
            return scalar(repr(float(value)).removesuffix(".0"), place, key)
        case Mapping():
            named = {str(name): node_of(each, f"{key}.{name}", place) for name, each in value.items()}
            return Members({name: Entry(place, node) for name, node in named.items()}, place)
        case Sequence():
            return Items(tuple(node_of(each, f"{key}.{i}", place) for i, each in enumerate(value, 1)), place)
    raise InputError([Problem(shown(repr(value)), KINDS, "", key, place)])
