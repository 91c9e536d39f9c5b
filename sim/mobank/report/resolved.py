"""The effective scenario as text: canonical YAML with, to the right of each value, the file and line it came from."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from unicodedata import east_asian_width

from mobank.base.errors import Place
from mobank.scenario.tree import Mapping, Node, Scalar, dump

WIDEST = 60  # columns to the left of the comments that stand below one another; a longer line pushes its own


def annotated(tree: Mapping, files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Return the lines of a tree, each with the comment to its right ("" for none); together they are YAML.

    Parameters
    ----------
    files : the chain of `extends`, from child to root; told at the top.
    """
    yield "", f"# {' extends '.join(map(str, files))}"
    places = _places(tree)
    lines = dump(tree).splitlines()
    width = max((_columns(line) for line in lines if _holds_a_value(line) and _columns(line) <= WIDEST), default=0)
    for line in lines:
        if _holds_a_value(line):
            yield line + " " * (max(width - _columns(line), 0) + 2), f"# {next(places)}"
        else:
            yield line, ""


def _columns(line: str) -> int:
    """Return how wide a terminal shows a line: Chinese takes two columns a character."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


def _holds_a_value(line: str) -> bool:
    """True but for the head of a mapping or a list: a text that ends with a colon is written in quotes."""
    return not line.endswith(":")


def _places(node: Node) -> Iterator[Place]:
    """Return the place of each value, in the order in which `dump` writes them."""
    if isinstance(node, Scalar):
        yield node.place
        return
    below = [entry.node for entry in node.entries.values()] if isinstance(node, Mapping) else node.items
    if not below:
        yield node.place
    for each in below:
        yield from _places(each)
