"""What a message advises, done by a program: a file with a fault becomes the file that its message asks for.

A hint is followed by the words that messages use ("did you mean 'x'?", "write x", "leave it out"), in the tree of the
file under the key that the message names, as a person does it in the text.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mobank.base.errors import InputError, Place, Problem, shown
from mobank.model.grammar import Model
from mobank.scenario.reader import Chain, read_chain
from mobank.scenario.tree import Entry, Node, Scalar, Sequence, dump
from mobank.scenario.tree import Mapping as Members
from mobank.scenario.yaml_files import parse

NOWHERE = Place("", 0)
REASON = "as advised"
MOST_ROUNDS = 4


class NotFollowedError(Exception):
    """A hint that no rule knows how to follow."""


Read = Callable[[str], tuple[Problem, ...]]


def of_scenario(path: Path, model: Model) -> Read:
    """Return what says of a text that stands for a scenario's file what is wrong with it."""

    def read(text: str) -> tuple[Problem, ...]:
        try:
            read_chain(Chain.of_text(text, path), path.stem, model)
        except InputError as error:
            return error.problems
        return ()

    return read


def followed(text: str, path: Path, problem: Problem) -> str:
    """Return the text of a file after what a message advises has been done: in its lines, or else in its tree."""
    for pattern, edit in EDITS.items():
        if (match := re.search(pattern, problem.hint)) and problem.place:
            lines = text.split("\n")
            at = problem.place.line - 1
            lines[at] = edit(lines[at], problem, match)
            return "\n".join(lines)
    root, keys = parse(text, path), problem.key.split(".")
    for pattern, rule in RULES.items():
        if match := re.search(pattern, problem.hint):
            return dump(rule(root, keys, problem, match))
    raise NotFollowedError(problem.hint)


def helps(text: str, path: Path, problem: Problem, read: Read) -> bool:
    """Return whether a problem is gone after its advice is followed, and that of what then is wrong with its key."""
    first = problem
    for _ in range(MOST_ROUNDS):
        before = set(map(_what, read(text)))
        text = followed(text, path, problem)
        after = read(text)
        if _what(first) in set(map(_what, after)):
            return False
        new = [each for each in after if _what(each) not in before and each.key == problem.key]
        if not new or not problem.key:  # a file that could not be read is read now, and may have other faults
            return True
        problem = new[0]
    return False


def _what(problem: Problem) -> tuple[str, str, str]:
    return problem.key or str(problem.place), problem.found, problem.allowed


# ------------ trees


def node_at(root: Node, keys: list[str]) -> Node | None:
    """Return what stands under dotted keys; None where nothing does. A key may have dots of its own."""
    if not keys:
        return root
    if isinstance(root, Sequence):
        return node_at(root.items[int(keys[0]) - 1], keys[1:]) if keys[0].isdigit() else None
    if isinstance(root, Members):
        for end in range(1, len(keys) + 1):
            if entry := root.entries.get(".".join(keys[:end])):
                return node_at(entry.node, keys[end:])
    return None


def put(root: Node, keys: list[str], node: Node | None, name: str = "") -> Node:
    """Return the tree with a node under dotted keys, which is then called `name`; None takes away what is there."""
    if not keys:
        assert node is not None
        return node
    if isinstance(root, Sequence):
        at = int(keys[0]) - 1
        items = list(root.items)
        items[at : at + 1] = [] if node is None and len(keys) == 1 else [put(items[at], keys[1:], node, name)]
        return Sequence(tuple(items), root.place)
    entries: dict[str, Entry] = dict(root.entries) if isinstance(root, Members) else {}
    for end in range(len(keys), 0, -1):
        key = ".".join(keys[:end])
        if key in entries or end == 1:
            break
    if end == len(keys) and node is None:
        entries.pop(key, None)
    elif end == len(keys):
        entries = {name if name and k == key else k: e for k, e in entries.items()}
        entries[name or key] = Entry(NOWHERE, node)
    else:
        below = entries[key].node if key in entries else Members({}, NOWHERE)
        entries[key] = Entry(NOWHERE, put(below, keys[end:], node, name))
    return Members(entries, NOWHERE)


def key_of(root: Node, keys: list[str]) -> str:
    """Return the last key on the way to a node, with its dots."""
    ends = (end for end in range(1, len(keys)) if isinstance(node_at(root, keys[:-end]), Members))
    return ".".join(keys[-next(ends, len(keys)) :])


def node_of(written: str) -> Node:
    """Return the node of a piece of YAML as a message writes it, its gaps filled."""
    whole = parse(f"x: {filled(written)}\n", Path("advice.yaml"))
    return whole.entries["x"].node


def filled(written: str) -> str:
    """Return what a message writes with something in the place of each ellipsis."""
    for key, value in (("posterior", "icbc_mobile"), ("reason", REASON), ("source", REASON), ("against", "model")):
        written = re.sub(rf"\b{key}: …", f"{key}: {value}", written)
    return written.replace("my_desk", "whole").replace("…", "1%")


# ------------ rules


Rule = Callable[[Node, list[str], Problem, re.Match[str]], Node]


def set_to(root: Node, keys: list[str], text: str) -> Node:
    """Return the tree with a value under keys; below a mapping it takes the place of the value that it corrects."""
    node = node_at(root, keys)
    if isinstance(node, Members):
        within = {name: e.node.text for name, e in node.entries.items() if isinstance(e.node, Scalar)}
        near = [name for name, old in within.items() if old.strip("%") == text.strip("%")]
        return set_to(root, [*keys, *(near or ["value"])[:1]], text)
    return put(root, keys, Scalar(text, NOWHERE, quoted=False))


def text_at(root: Node, keys: list[str]) -> str:
    node = node_at(root, keys)
    return node.text if isinstance(node, Scalar) else ""


def renamed(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """What stands in quotes in the message becomes the word that is near, be it a key or a value."""
    wrong, right = problem.found.strip("'"), match[1]
    if ends := re.fullmatch(r"(\S+%) to (\S+%)", right):
        return set_to(set_to(root, [*keys, "low"], ends[1]), [*keys, "high"], ends[2])
    node = node_at(root, keys)
    if node is not None and wrong in (parts := key_of(root, keys).split(".")):
        return put(root, keys, node, ".".join(right if part == wrong else part for part in parts))
    if node is not None and key_of(root, keys) == wrong:
        return put(root, keys, node, right)
    if problem.allowed == "is missing":
        return set_to(root, [*keys, wrong], right)
    if problem.found == "'off'":
        return put(root, keys, node, right)
    return set_to(root, keys, right)


def written(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """A piece of YAML: whole entries join what stands there, a value takes its place."""
    piece = match[1].strip()
    if re.match(r"[\w.]+: ", piece):
        entries = node_of(f"{{{piece}}}")
        assert isinstance(entries, Members)
        here = keys if isinstance(node_at(root, keys), Members) and keys[-1] not in entries.entries else keys[:-1]
        here = keys[:2] if "cost" in entries.entries else here  # of the lever, not of its condition
        for name, entry in entries.entries.items():
            root = put(root, [*here, *name.split(".")], entry.node)
        return root
    beside = problem.found == shown(keys[-1]) and isinstance(node_at(root, keys[:-1]), Members)
    return put(root, keys[:-1] if beside else keys, node_of(piece))


def below_a_name(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """A name of one's own, and below it what the message writes."""
    return put(root, keys, Members({"mine": Entry(NOWHERE, node_of(match[1]))}, NOWHERE))


def value_for(text: str) -> Rule:
    """Return the rule that gives a value a text of its own, {0} for what the message says and {was} for what it was."""

    def rule(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
        groups = match.groups() or ("",)
        return set_to(root, keys, text.format(*groups, was=text_at(root, keys)))

    return rule


def taken_away(levels: int = 0) -> Rule:
    """Return the rule that what the message names, or what it stands in, is no longer there."""

    def rule(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
        own = keys[: len(keys) - levels]
        named = match.groupdict().get("name")
        if named and own[-1] != named:
            inside = node_at(root, [*own, named]) is not None
            own = [*own, named] if inside else [*own[:-1], named]
        return put(root, own, None)

    return rule


def called(name: str) -> Rule:
    """Return the rule that the key of the problem, or the key in it that the message names, gets another name."""

    def rule(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
        old = match.groupdict().get("old")
        own = keys if not old or keys[-1] == old else [*keys[:-1], old]
        node = node_at(root, own)
        assert node is not None
        return put(root, own, node, name.format(keys[-1].replace(".", "_")))

    return rule


def turned(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """Two ends change places."""
    node = node_at(root, keys)
    assert isinstance(node, Sequence)
    return put(root, keys, Sequence(tuple(reversed(node.items)), node.place))


def as_set(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """A change becomes a value."""
    root = put(root, keys, None)
    return put(
        root, [*keys[:-1], "set"], Scalar("90%" if "share" in problem.allowed else "10万", NOWHERE, quoted=False)
    )


def both_multiply(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """All levers and events of a file multiply."""
    for section in ("levers", "events"):
        node = node_at(root, [section])
        for name in node.entries if isinstance(node, Members) else ():
            for operation in ("add", "set", "multiply"):
                if node_at(root, [section, name, operation]) is not None:
                    root = put(root, [section, name, operation], None)
            root = put(root, [section, name, "multiply"], Scalar("1.1", NOWHERE, quoted=False))
    return root


def moved(to: str, text: str) -> Rule:
    """Return the rule that a value of a segment is written below another key."""

    def rule(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
        return set_to(put(root, keys, None), [*keys[:-2], to, keys[-1]], text)

    return rule


def in_order(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """Figures are listed by their dates."""
    node = node_at(root, keys[:-1])
    assert isinstance(node, Members)
    return put(root, keys[:-1], Members(dict(sorted(node.entries.items())), node.place))


def one_form(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """Of two ways to write it one is left."""
    for name in re.findall(r"\w+", match[1].replace(" and ", " ")):
        root = put(root, [*keys, name], None)
    return root


def sensible(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """A number that may stand there."""
    examples = {"persons": "20万", "yuan": "3000万元", "share": "35%", "a factor": "1.1", "unlimited": "20万"}
    examples |= {"percentage": "35%", "above 0 and below 100%": "97%", "at most 5": "0.4", "a rate": "5%"}
    said = f"{problem.allowed} {problem.hint}"
    return set_to(root, keys, next((number for word, number in examples.items() if word in said), "2%"))


def positive(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """The number without its sign."""
    return set_to(root, keys, text_at(root, keys).lstrip("-"))


def as_beside(root: Node, keys: list[str], problem: Problem, match: re.Match[str]) -> Node:
    """What is held against another figure becomes that figure."""
    other = re.search(r"\(([^()]*户)\)", problem.allowed)
    if other is None:
        raise NotFollowedError(problem.hint)
    return set_to(root, keys, other[1])


RULES: Mapping[str, Rule] = {
    r"did you mean '?([^'?]*)'?\?": renamed,
    r"^allowed: ([^,]+)": renamed,
    r"write in instead of (?P<old>by)": called("in"),
    r"write a name below it, then (\{.*\})": below_a_name,
    r"write (extends: \w+) \(": written,
    r"write against: (\w+) in (definitions\.\w+)": lambda root, _, problem, match: set_to(
        root, [*match[2].split("."), "against"], match[1]
    ),
    r"write values: .* instead": moved("values", "90%"),
    r"use factors in one of them": moved("factors", "0.9"),
    r"\bwrite (\w+: \[[^]]*\])": written,
    r"\bwrite (\w+: \{.*?\}+)(?=$|;|, \{| or | here)": written,
    r"\bwrite (first: \w+)": written,
    r"\bwrite [\w ]*:? ?(\{.*?\}+)(?=$|;|, \{| or )": written,
    r"\bwrite one of them": taken_away(),
    r"\bwrite ((?:[\w.]+: (?:off|[^;,]*?)(?:, )?)+)(?: here|;|$)": written,
    r"\bwrite (\[[^]]*\])": written,
    r"\bwrite ([^ ;,]+)(?:,| or | to |;|$)": written,
    r"\bsay [\w ]+\((\w+: [^)]*)\)": written,
    r"\bsay where this comes from: source: … or (reason: …)": written,
    r"\bsay how many persons: (\w+: .*)$": written,
    r"say against: which definition": lambda root, keys, *_: set_to(root, [*keys[:-1], "against"], "mobile_side"),
    r"say with lasts_months": lambda root, keys, *_: set_to(put(root, keys, None), [*keys[:-1], "lasts_months"], "3"),
    r"what comes again must have an end": lambda root, keys, *_: set_to(root, [*keys, "lasts_months"], "3"),
    r"stands? first": turned,
    r"leave '?(?P<name>(?!one\b|it\b)\w+)'? out|leave the season out": taken_away(),
    r"leave one out|leave out the (?:figures|months) of the others": taken_away(1),
    r"leave one of them out|\bleave it out|^delete|take it away|take one of them away|^keep one of them": taken_away(),
    r"keep (.*) or growth": one_form,
    r"nothing of it would be seen|still to come is|may still come stands": taken_away(),
    r"take an earlier month, or the ask away": taken_away(1),
    r"what is chosen stands in levers|its own keys:|this scenario has no segments": taken_away(),
    r"give (?:one|it) another name": called("{0}_2"),
    r"use letters, digits": called("{0}"),
    r"is 万, 亿 or million missing": value_for("{was}万"),
    r"is a digit or the unit mistyped": as_beside,
    r"months are 01 to 12": lambda root, keys, problem, match: (
        put(root, keys, node_at(root, keys), "2020-12")
        if problem.found.strip("'") == keys[-1]
        else set_to(root, keys, "2025-12")
    ),
    r"months are enough: (\S+)": value_for("{0}"),
    r"begin in (\S+) or later": value_for("{0}"),
    r"list the figures of a measure by date": in_order,
    r"only changes that both multiply may overlap": both_multiply,
    r"use set$": as_set,
    r"use method: grid": lambda root, keys, *_: put(
        set_to(put(root, ["design", "points"], None), ["design", "method"], "grid"),
        keys,
        node_of("{values: [off, on]}"),
    ),
    r"take more contacts": lambda root, keys, *_: set_to(root, ["network", "contacts"], "12"),
    r"'%' is not a unit here$": value_for("0.3"),
    r"is not a unit here, allowed: |at most 15 digits|too large or too small": sensible,
    r"must (?:be above 0|not be unlimited)": sensible,
    r"must not be negative|must be more than zero": positive,
    r"ask about (\w+);": value_for("{0}"),
    r"no monthly count is known better than (\S+)$": value_for("{0}"),
}
Edit = Callable[[str, Problem, re.Match[str]], str]
EDITS: Mapping[str, Edit] = {  # of a line that is not read as YAML, or not as YAML alone
    r"it first stands in line": lambda line, problem, _: (
        re.sub(rf"(, )?\b{problem.key.split('.')[-1]}: [^,}}]*(?=[^,]*$)", "", line) if "{" in line else ""
    ),
    r"^use spaces": lambda line, *_: line.replace("\t", "  "),  # a line at a time
    r"a full-width colon": lambda line, *_: line.replace("：", ": "),
    r"use ',' and ': '": lambda line, *_: line.replace("，", ", "),
    r"indent with ordinary spaces": lambda line, *_: line.replace("\u3000", " "),
    r"indent the list below its key": lambda line, *_: f"  {line}",
    r"write the value out": lambda line, *_: re.sub(r"\*\w+", "1", line),
    r"use a top-level 'extends": lambda *_: "",
    r"put it in quotes: (\".*\")": lambda line, _, match: line.replace(match[1].strip('"'), match[1]),
    r"^delete it$": lambda line, problem, _: (
        line.replace(chr(int(sign[1], 16)), "")
        if (sign := re.search(r"U\+(\w+)", problem.found))
        else line.replace(problem.found.split("'")[1], "").replace("!!str", "")
    ),
}
