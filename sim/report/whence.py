"""Every number of a scenario with what it rests on: a table read from the effective scenario itself.

The tree is walked whatever its sections are, so a number that a scenario can hold cannot be left out here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sim.located import Mapping as Tree
from sim.located import Node, Scalar
from sim.located import Sequence as ListNode

WHENCE = ("source", "reason", "evidence", "note")
NOT_NUMBERS = (
    "subject",
    "question",
    "start",
    "until",
    "asks",
    "levers",
    "events",
    "definitions",
    "posterior",
)  # told apart
UNVERIFIED = "unverified"
ADMITTED = (UNVERIFIED, "not checked", "未核实")


@dataclass(frozen=True)
class Assumption:
    """One value or a few that share their whence.

    Parameters
    ----------
    section : the section of the scenario file. item : the names below it, joined by dots; "" for the section itself.
    value : as written. evidence : the tag; "source" or "reason" where none is given but one of them is.
    whence : source, reason and note.
    """

    section: str
    item: str
    value: str
    evidence: str
    whence: str


def assumptions(tree: Tree) -> list[Assumption]:
    """Return all values of an effective scenario, in its order, levers and events apart."""
    found: list[Assumption] = []
    for section, entry in tree.entries.items():
        if section not in NOT_NUMBERS:
            found += _walk(section, "", entry.node, {})
    return found


def definitions(tree: Tree) -> list[tuple[str, str]]:
    """Return what the figures count, by name of the definition."""
    entry = tree.entries.get("definitions")
    named = entry.node.entries if entry and isinstance(entry.node, Tree) else {}
    return [(name, _written(each.node)) for name, each in named.items()]


def _walk(section: str, item: str, node: Node, above: Mapping[str, str]) -> Iterator[Assumption]:
    if not isinstance(node, Tree):
        yield _row(section, item, _written(node), above)
        return
    own = {name: _written(entry.node) for name, entry in node.entries.items() if name in WHENCE}
    whence = own or above
    below = {name: entry.node for name, entry in node.entries.items() if name not in WHENCE}
    apart = {name: each for name, each in below.items() if _has_whence(each) or (not item and not own)}
    here = {name: each for name, each in below.items() if name not in apart}
    if here:
        yield _row(section, item, _mapping(here), whence)
    for name, each in apart.items():
        yield from _walk(section, f"{item}.{name}" if item else name, each, whence)


def _has_whence(node: Node) -> bool:
    return isinstance(node, Tree) and any(
        name in WHENCE or _has_whence(entry.node) for name, entry in node.entries.items()
    )


def _row(section: str, item: str, value: str, whence: Mapping[str, str]) -> Assumption:
    words = ". ".join(whence[name].rstrip(".") for name in WHENCE if name != "evidence" and whence.get(name))
    evidence = whence.get("evidence") or next((kind for kind in ("source", "reason") if whence.get(kind)), "")
    return Assumption(section, item, value, UNVERIFIED if admits_unverified(words) else evidence, words)


def admits_unverified(words: str) -> bool:
    """Return True if a source or a reason says of itself that it has not been checked."""
    return any(word in words.lower() for word in ADMITTED)


def _written(node: Node) -> str:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, ListNode):
        return ", ".join(_written(each) for each in node.items)
    return _mapping({name: entry.node for name, entry in node.entries.items()})


def _mapping(nodes: Mapping[str, Node]) -> str:
    """Return values as a reader would say them: "3% to 10%", "under_60 85%, over_60 15%"."""
    if set(nodes) == {"low", "high"}:
        return f"{_written(nodes['low'])} – {_written(nodes['high'])}"
    if set(nodes) in ({"value"}, {"figure"}):
        return _written(next(iter(nodes.values())))
    if "figure" in nodes:
        rest = {name: node for name, node in nodes.items() if name != "figure"}
        return f"{_written(nodes['figure'])}, {_mapping(rest)}"
    if set(nodes) >= {"low", "high"}:
        rest = {name: node for name, node in nodes.items() if name not in ("low", "high")}
        return f"{_mapping({name: nodes[name] for name in ('low', 'high')})}, {_mapping(rest)}"
    parts = [f"{name}{': ' if isinstance(node, Tree) else ' '}{_written(node)}" for name, node in nodes.items()]
    return ("; " if any(isinstance(node, Tree) for node in nodes.values()) else ", ").join(parts)
