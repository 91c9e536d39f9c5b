"""YAML text to a tree with places: strict, and every fault in words that say where.

A scenario is written by people, so every message must say where. And it may come from anywhere, so reading
it must not be able to run code, crash the process or fill the memory: the size is checked first, PyYAML's
parse events are read one by one, and what a scenario does not need (anchors, tags, merge keys, second
documents, deep nesting) is refused. Scalars stay text until a typed field reads them: `no` is "no", 12:30:45
is not 45,045.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from mobank.base.errors import InputError, Place, Problem, shown
from mobank.scenario.tree import Entry, Mapping, Node, Scalar, Sequence

MOST_BYTES = 1 << 20


MOST_EVENTS = 40_000


MOST_LEVELS = 20  # of nesting


MOST_KEY_CHARACTERS = 100


def scalar(text: str, place: Place, key: str) -> Scalar:
    """A text that a program gives, as it would stand in a file without quotes.

    Raises
    ------
    InputError
        If a file could not hold it.
    """
    if match := re.search(_UNPRINTABLE, text):
        raise InputError([_unprintable(match[0], place, key)])
    return Scalar(text, place, quoted=False)


def structural_slip(text: str) -> str:
    """What a line has in place of YAML's own ':' or quotes, as a hint: a full-width colon, no space after it.

    Ask for it where a mapping was expected and a text came.
    """
    line = re.split(r"(?:^| )#", text, maxsplit=1)[0].lstrip(" -")
    return next((hint for pattern, hint in _SLIPS if re.search(pattern, line)), "")


@lru_cache(maxsize=16)
def parsed(content: bytes, file: str) -> Mapping:
    """Return the tree of a file's content; a parent that many scenarios extend is parsed once."""
    builder = _Builder(_events(_text(content, file), file))
    try:
        root = builder.document()
    except InputError as stop:
        raise InputError([*builder.problems, *stop.problems]) from None
    if builder.problems:
        raise InputError(builder.problems)
    return root


_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    r"\u200b\u2028\u2029\ufeff\ufffe\uffff"  # invisible spaces and line breaks that no editor counts
    r"\u202a-\u202e\u2066-\u2069\ud800-\udfff]"  # what turns the direction of writing, halves of characters
)


def _text(data: bytes, file: str) -> str:
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError([_not_utf8(data, error.start, file)]) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    problems = [*_unprintable_characters(text, file), *_tabs(text, file)]
    if problems:
        raise InputError(problems)
    return text


def _not_utf8(data: bytes, offset: int, file: str) -> Problem:
    found = f"byte 0x{data[offset]:02x} at offset {offset:,}"
    hint = "it reads as GB18030 (GBK): save it as UTF-8" if _is_gb18030(data) else "save it as UTF-8"
    return Problem(found, "is not UTF-8", hint, place=Place(file, data.count(b"\n", 0, offset) + 1))


def _is_gb18030(data: bytes) -> bool:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _unprintable_characters(text: str, file: str) -> Iterator[Problem]:
    for number, line in enumerate(text.split("\n"), 1):
        if match := _UNPRINTABLE.search(line):
            yield _unprintable(match[0], Place(file, number, match.start() + 1))


def _unprintable(character: str, place: Place, key: str = "") -> Problem:
    found = f"the unprintable character U+{ord(character):04X}"
    return Problem(found, "is not allowed", "delete it", key, place)


def _tabs(text: str, file: str) -> Iterator[Problem]:
    for number, line in enumerate(text.split("\n"), 1):
        if match := re.match(r" *\t", line):
            yield Problem("a tab", "must not indent a line", "use spaces", "", Place(file, number, match.end()))


class _Event(NamedTuple):
    """One of PyYAML's parse events, as far as we read it; `flow` if it opens a [ ] or { }."""

    kind: str
    place: Place
    text: str = ""
    quoted: bool = False
    flow: bool = False
    anchor: str = ""
    tag: str = ""


def _events(text: str, file: str) -> Iterator[_Event]:
    """The events one by one, so that a reader can stop at what it refuses; PyYAML is known only here."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for count, event in enumerate(yaml.parse(text, Loader=loader)):
            if count > MOST_EVENTS:
                raise InputError([_too_many(_event(event, file))])
            yield _event(event, file)
    except yaml.MarkedYAMLError as error:
        raise InputError([_explained(error, text.split("\n"), file)]) from None


def _too_many(event: _Event) -> Problem:
    found = f"a file of more than {MOST_EVENTS:,} keys and values"
    return Problem(found, "is not read", place=event.place)


def _event(event: Any, file: str) -> _Event:
    mark = event.start_mark
    return _Event(
        kind=type(event).__name__.removesuffix("Event"),
        place=Place(file, mark.line + 1, mark.column + 1),
        text=getattr(event, "value", ""),
        quoted=bool(getattr(event, "style", "")),
        flow=bool(getattr(event, "flow_style", False)),
        anchor=getattr(event, "anchor", None) or "",
        tag=getattr(event, "tag", None) or "",
    )


class _Spot(NamedTuple):
    """Where in the tree a node stands: its dotted path, the open collections, and if one is a [ ] or { }."""

    path: str = ""
    depth: int = 0
    flow: bool = False

    def inside(self, start: _Event) -> "_Spot":
        """Inside the collection that starts here."""
        return _Spot(self.path, self.depth + 1, self.flow or start.flow)

    def at(self, name: str) -> "_Spot":
        """At this key, or at this number of a list."""
        return self._replace(path=f"{self.path}.{name}" if self.path else name)


class _Builder:
    """Builds the tree of one document from its events, and collects what is wrong with it.

    Each method takes the event that it begins with and has read the events to its end when it returns. Too
    deep a nesting, YAML that cannot be read and a file that is no mapping stop it; anything else is one more
    problem.
    """

    def __init__(self, events: Iterator[_Event]) -> None:
        self.events = events
        self.problems: list[Problem] = []

    def document(self) -> Mapping:
        """The mapping that is the whole of the file."""
        stream = next(self.events)
        if next(self.events).kind == "StreamEnd":
            raise InputError([_not_a_mapping(Scalar("", stream.place, quoted=False))])
        root = self._node(next(self.events), _Spot())
        next(self.events)  # the document ends
        following = next(self.events)
        if following.kind != "StreamEnd":
            self._refuse(following, _Spot(), "a second document", "must be a file of its own")
        if not isinstance(root, Mapping):
            raise InputError([_not_a_mapping(root)])
        return root

    def _node(self, event: _Event, spot: _Spot) -> Node:
        self._refuse_tricks(event, spot)
        if event.kind == "MappingStart":
            return self._mapping(event, spot.inside(event))
        if event.kind == "SequenceStart":
            return self._sequence(event, spot.inside(event))
        self._refuse_full_width(event, spot)
        return Scalar(event.text, event.place, event.quoted)

    def _sequence(self, start: _Event, spot: _Spot) -> Sequence:
        _refuse_depth(start, spot)
        items: list[Node] = []
        while (event := next(self.events)).kind != "SequenceEnd":
            items.append(self._node(event, spot.at(str(len(items) + 1))))
        return Sequence(tuple(items), start.place)

    def _mapping(self, start: _Event, spot: _Spot) -> Mapping:
        _refuse_depth(start, spot)
        entries: dict[str, Entry] = {}
        number, of = "", spot  # what may go on after a comma, and under which key it stands
        while (event := next(self.events)).kind != "MappingEnd":
            key = self._node(event, spot)
            node = self._node(next(self.events), spot.at(event.text))
            if spot.flow and number and _goes_on(event, node):
                number = self._refuse_comma(event, of, number)
                continue
            number, of = _begun(node), spot.at(event.text)
            if isinstance(key, Scalar):
                self._refuse_key(event, spot, entries)
                entries.setdefault(key.text, Entry(key.place, node))
            else:
                self._refuse(event, spot, "a key that is a list or a mapping", "must be a word")
        return Mapping(entries, start.place)

    def _refuse_comma(self, event: _Event, spot: _Spot, number: str) -> str:
        """Refuse a number whose comma has ended an entry of { }; of several commas one problem is left."""
        whole = f"{number},{event.text}"
        if self.problems and self.problems[-1].key == spot.path and self.problems[-1].found == shown(number):
            event = event._replace(place=self.problems.pop().place or event.place)
        allowed = "is cut by its comma, which ends an entry inside { }"
        self._refuse(event, spot, shown(whole), allowed, f'put it in quotes: "{whole}"')
        return whole if _THOUSANDS.fullmatch(event.text) else ""

    def _refuse_key(self, event: _Event, spot: _Spot, entries: dict[str, Entry]) -> None:
        name = event.text
        if event.kind == "Alias":
            return
        if name == "<<":
            self._refuse(event, spot, "the merge key '<<'", "is not read", "use a top-level 'extends: other.yaml'")
        elif name != name.strip():
            hint = "indent with ordinary spaces" if not event.quoted else ""
            self._refuse(event, spot, f"the key {shown(name)}", "must not begin or end with a space", hint)
        elif not name:
            self._refuse(event, spot, "an empty key", "must be a word")
        elif len(name) > MOST_KEY_CHARACTERS:
            allowed = f"must have at most {MOST_KEY_CHARACTERS}"
            self._refuse(event, spot, f"a key of {len(name):,} characters", allowed)
        elif name in entries:
            first = f"it first stands in line {entries[name].key_place.line}"
            self._refuse(event, spot.at(name), "this key", "must stand only once", first)

    def _refuse_tricks(self, event: _Event, spot: _Spot) -> None:
        if event.kind == "Alias":
            self._refuse(event, spot, f"the alias {shown('*' + event.anchor)}", "is not read", "write the value out")
        elif event.anchor:
            self._refuse(event, spot, f"the anchor {shown('&' + event.anchor)}", "is not read", "delete it")
        if event.tag:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(event, spot, f"the tag {shown(tag)}", "is not read", "delete it")
        if match := _UNPRINTABLE.search(event.text):
            self.problems.append(_unprintable(match[0], event.place, spot.path))

    def _refuse_full_width(self, event: _Event, spot: _Spot) -> None:
        if spot.flow and not event.quoted and (match := re.search("[，：、；]", event.text)):
            found, allowed = shown(event.text), f"holds a full-width '{match[0]}' inside [ ] or {{ }}"
            self._refuse(event, spot, found, allowed, "use ',' and ': ', or put the text in quotes")

    def _refuse(self, event: _Event, spot: _Spot, found: str, allowed: str, hint: str = "") -> None:
        self.problems.append(Problem(found, allowed, hint, spot.path, event.place))


_THOUSANDS = re.compile(r"[0-9]{3}")
_UP_TO_THREE = re.compile(r"(?:^|[^0-9.])[0-9]{1,3}$")
_MORE_DIGITS = re.compile(r"[0-9]{3}(?![0-9])")


def _begun(node: Node) -> str:
    """Return a text that a comma and three digits may go on from; "" where it cannot be one."""
    plain = node.text if isinstance(node, Scalar) and not node.quoted else ""
    return plain if _UP_TO_THREE.search(plain) else ""


def _goes_on(event: _Event, node: Node) -> bool:
    """Return whether a key without a value is what stands after a comma of a number."""
    empty = isinstance(node, Scalar) and not node.text and not node.quoted
    return empty and not event.quoted and _MORE_DIGITS.match(event.text) is not None


def _refuse_depth(start: _Event, spot: _Spot) -> None:
    if spot.depth > MOST_LEVELS:
        found = f"nesting deeper than {MOST_LEVELS} levels"
        raise InputError([Problem(found, "is not read", place=start.place)])


def _not_a_mapping(node: Node) -> Problem:
    text = node.text if isinstance(node, Scalar) else ""
    found = shown(text) if text else "a list" if isinstance(node, Sequence) else "an empty file"
    return Problem(found, "must be a mapping, one 'key: value' a line", structural_slip(text), place=node.place)


_SLIPS = (
    (r"^[^'\":]*：", "a full-width colon '：' was used; YAML needs ':' followed by a space"),
    (r"^(?!.*: )[^\s'\":]+:[^\s]", "YAML needs a space after ':'"),
    (r":[\u3000\u00a0]", "a full-width space was used; YAML needs an ordinary space after ':'"),
    (r"^－", "a full-width dash '－' was used; YAML needs '-' followed by a space"),
    (r"(?:^|[:,\[{-] *)[“”‘’＂＇]", "full-width quotes were used; YAML needs \" or '"),
    (r": *[［｛【]", "full-width brackets were used; YAML needs [ ] or { }"),
)


class _Fault(NamedTuple):
    """What PyYAML says of a fault, and what we say; SIGN is the character that stands there."""

    saying: str
    found: str
    allowed: str
    hint: str = ""
    told_where_it_began: bool = False


_FAULTS = (
    _Fault("flow sequence", "the list that opens here", "must have ',' between items and end with ']'", "", True),
    _Fault(
        "flow mapping",
        "the mapping that opens here",
        "must have ',' between pairs and end with '}'",
        "",
        True,
    ),
    _Fault("end of stream", "the quote that opens here", "is never closed", "", True),
    _Fault("escape|hexdec", "a backslash in double quotes", "must begin an escape of YAML", "use single quotes"),
    _Fault("could not find expected ':'", "this line", "is not 'key: value' or '- item'", "", True),
    _Fault("block collection", "a line without '-'", "must not stand among the items of a list"),
    _Fault("block scalar", "a text after '|' or '>'", "must begin on the next line"),
    _Fault("anchor|alias|tag", "a text", "must not begin with SIGN", "put it in quotes", True),
    _Fault("any token|node content|mapping keys", "a text", "must not begin with SIGN", "put it in quotes"),
    _Fault("", "this line", "is not the YAML that is read here", "write 'key: value' or '- item'"),
)


def _explained(error: Any, lines: list[str], file: str) -> Problem:
    """PyYAML's error in our words: libyaml and its Python twin phrase it differently, and releases may."""
    saying = f"{error.context} {error.problem}"
    mark = error.problem_mark
    row = min(mark.line, _last_row(lines))
    for near in (row, _odd_line_above(lines, row)):
        if hint := structural_slip(lines[near]):
            return Problem("this line", "is not 'key: value'", hint, place=Place(file, near + 1))
    if re.search("mapping values|block mapping|document start", saying):
        return replace(_misplaced(lines, row, mark.column), place=Place(file, row + 1, mark.column + 1))
    fault = next(each for each in _FAULTS if re.search(each.saying, saying))
    mark = error.context_mark if fault.told_where_it_began else mark
    sign = "".join(lines[mark.line : mark.line + 1])[mark.column : mark.column + 1]
    if not sign:
        last = Place(file, _last_row(lines) + 1)
        return Problem("the file", "must not end inside an open [ or {", place=last)
    place = Place(file, mark.line + 1, mark.column + 1)
    return Problem(fault.found, fault.allowed.replace("SIGN", f"'{sign}'"), fault.hint, place=place)


def _odd_line_above(lines: list[str], row: int) -> int:
    """The row above, if it holds no 'key:' itself, so that it may be what puzzled PyYAML; or this row."""
    above = next((each for each in range(row - 1, -1, -1) if _has_content(lines[each])), row)
    return row if re.search(r":(?: |$)", lines[above]) else above


def _last_row(lines: list[str]) -> int:
    return max((row for row, line in enumerate(lines) if _has_content(line)), default=0)


def _has_content(line: str) -> bool:
    return not re.match(r" *(?:#|$)", line)


def _misplaced(lines: list[str], row: int, column: int) -> Problem:
    """What is wrong with a line that stands where no line of its kind can stand."""
    line, indent = lines[row], _indent(lines[row])
    levels = _open_levels(lines[:row])
    if re.search(": .", line[indent:column]):
        return Problem("what follows the value", "is not read", "put the whole value in quotes")
    if levels and indent not in levels:
        spaces = "1 space" if indent == 1 else f"{indent} spaces"
        return Problem(f"an indentation of {spaces}", f"must be {' or '.join(map(str, levels))}")
    if line[indent] == ":":
        return Problem("an empty key", "must be a word")
    if line[indent] == "-":
        return Problem("an item of a list", "must not stand among keys", "indent the list below its key")
    return Problem("this line", "does not fit below the line above", "write 'key: value' or '- item'")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _open_levels(lines: list[str]) -> list[int]:
    """The indentations at which a line after these may begin, outermost first."""
    levels: list[int] = []
    for line in filter(_has_content, lines):
        levels = [level for level in levels if level < _indent(line)]
        levels.append(_indent(line))
        if dashes := re.match(r" *(?:- +)+", line):
            levels.append(dashes.end())
    return levels
