"""A YAML file as a tree, over all the files that it extends."""

import os
import stat
from dataclasses import replace
from pathlib import Path

from mobank.base.errors import InputError, Place, Problem, shown
from mobank.base.workspace import EXTENDED, Kind, Scope, scope, shortest
from mobank.scenario.tree import Entry, Mapping, Node, Scalar, merge, removes
from mobank.scenario.yaml_text import MOST_BYTES, parsed

OFF_ANYWAY = ("posterior",)  # may be off, as messages advise, whether a file further up has one or not
SUBJECT = "subject"  # what figures are about: of one bank and product all along a chain
MOST_PARENTS = 10  # in a chain of `extends`


def load(path: Path) -> Mapping:
    """The tree of one YAML file.

    Raises
    ------
    InputError
        With every problem that could be found, if the file cannot be read or is not the YAML that we read.
    """
    return _tree(path, asked_by=None)


def load_extended(path: Path, kind: Kind = EXTENDED) -> tuple[Mapping, tuple[Path, ...]]:
    """The tree of a YAML file merged over the file that it `extends`, and the files read, from child to root.

    Parameters
    ----------
    kind : of the files that may be extended by name.

    Raises
    ------
    InputError
        As `load`, for any of the files; and if the chain of `extends` has a hole, a circle or no end, or leads outside
        the workspace.
    """
    return _extended(path, scope(path), kind, asked_by=None, children=())


def parse(text: str, path: Path) -> Mapping:
    """The tree of a YAML text; `path` stands for its file in messages.

    Raises
    ------
    InputError
        As `load`.
    """
    return parsed(_encoded(text, path), str(path))


def parse_extended(text: str, path: Path, kind: Kind = EXTENDED) -> tuple[Mapping, tuple[Path, ...]]:
    """The tree of a YAML text as `load_extended` gives that of a file.

    Parameters
    ----------
    path : what stands for the text's file, in messages and in the chain. What the text refers to is looked up beside
        it; it need not exist.
    kind : of the files that may be extended by name.

    Raises
    ------
    InputError
        As `load_extended`.
    """
    return _over_parents(parse(text, path), path, scope(path), kind, ())


def _tree(path: Path, asked_by: Scalar | None) -> Mapping:
    return parsed(_bytes(path, asked_by), str(path))


def _encoded(text: str, path: Path) -> bytes:
    data = text.encode("utf-8", "surrogatepass")  # halves of characters are refused where the text is read
    if len(data) > MOST_BYTES:
        allowed = f"has {len(data):,} bytes; at most {MOST_BYTES:,} are read"
        raise InputError([Problem("this text", allowed, place=Place(str(path), 0))])
    return data


def _bytes(path: Path, asked_by: Scalar | None) -> bytes:
    try:
        if fault := _fault(path.stat()):
            raise _file_error(path, asked_by, fault)
        return path.read_bytes()
    except FileNotFoundError:
        hint = scope(path).nearest(path.name, path.parent, EXTENDED)
        raise _file_error(path, asked_by, "does not exist", hint) from None
    except OSError as error:
        raise _file_error(path, asked_by, f"cannot be read ({error.strerror})") from None


def _fault(status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode):
        return "is a folder, not a YAML file"
    if not stat.S_ISREG(status.st_mode):
        return "is a pipe or a device, not a YAML file"
    if status.st_size > MOST_BYTES:
        return f"has {status.st_size:,} bytes; at most {MOST_BYTES:,} are read"
    return ""


def _file_error(path: Path, asked_by: Scalar | None, allowed: str, hint: str = "") -> InputError:
    if asked_by:
        return InputError([Problem(shown(asked_by.text), allowed, hint, "extends", asked_by.place)])
    return InputError([Problem("this file", allowed, hint, place=Place(str(path), 0))])


def _extended(
    path: Path, within: Scope, kind: Kind, asked_by: Scalar | None, children: tuple[Path, ...]
) -> tuple[Mapping, tuple[Path, ...]]:
    return _over_parents(_tree(path, asked_by), path, within, kind, children)


def _over_parents(
    tree: Mapping, path: Path, within: Scope, kind: Kind, children: tuple[Path, ...]
) -> tuple[Mapping, tuple[Path, ...]]:
    """The tree of a file merged over what it extends, and the chain, in which the file follows its children."""
    chain = (*children, path)
    if "extends" not in tree.entries:
        return tree, chain
    name = _parent_name(tree.entries["extends"])
    parent_path = _named(name.text, path, within, kind, chain) or shortest(path.parent / name.text)
    if not within.allows(parent_path):
        raise InputError([within.refusal(name.text, "extends", name.place)])
    _refuse_endless(name, parent_path, chain)
    own = {key: entry for key, entry in tree.entries.items() if key != "extends"}
    parent, chain = _extended(parent_path, within, kind, name, chain)
    _refuse_another_subject(name, own, parent)
    return merge(parent, replace(tree, entries=own), OFF_ANYWAY), chain


def _refuse_another_subject(name: Scalar, own: dict[str, Entry], parent: Mapping) -> None:
    """Refuse a file about something else than what it extends: figures of one bank would become those of another."""
    ours, theirs = (_texts(entries[SUBJECT].node) if SUBJECT in entries else [] for entries in (own, parent.entries))
    if ours and theirs and not set(ours) & set(theirs):
        allowed = f"is about {shown(theirs[-1])}, and this file about {shown(ours[-1])}: nothing is shared"
        hint = "write extends: bank (or open), which are priors of no certain bank"
        raise InputError([Problem(shown(name.text), allowed, hint, "extends", name.place)])


def _texts(node: Node) -> list[str]:
    """Return a text, or all texts of a mapping of languages."""
    parts = [entry.node for entry in node.entries.values()] if isinstance(node, Mapping) else [node]
    return [part.text for part in parts if isinstance(part, Scalar) and not removes(part)]


def _named(text: str, path: Path, within: Scope, kind: Kind, chain: tuple[Path, ...]) -> Path | None:
    """The file that a text refers to; one with a shipped name that extends the shipped one of its name finds that."""
    by_name = "/" not in text and not text.endswith(kind.suffix)
    return within.find(text, path.parent, kind, chain if by_name else ())


def _parent_name(entry: Entry) -> Scalar:
    if isinstance(entry.node, Scalar) and entry.node.text:
        return entry.node
    allowed = "must be the path of a YAML file, relative to this one"
    raise InputError([Problem("it", allowed, key="extends", place=entry.key_place)])


def _refuse_endless(name: Scalar, parent: Path, chain: tuple[Path, ...]) -> None:
    if os.path.realpath(parent) in map(os.path.realpath, chain):
        circle = " -> ".join(map(str, (*chain, parent)))
        raise InputError([Problem(shown(name.text), "leads in a circle", circle, "extends", name.place)])
    if len(chain) > MOST_PARENTS:
        allowed = f"is one too many; at most {MOST_PARENTS} files may be extended in a row"
        raise InputError([Problem(shown(name.text), allowed, "", "extends", name.place)])
