"""Records that mobank writes and reads back: JSON of a declared shape, under a digest of its own content.

The digest is of the content and not of the bytes, so that a file whose lines end in another way is the same record. It
stands against damage and editing by hand, not against forgers. What a kind names `apart` is not under the digest: it is
held against something else where it is read, and a person may change it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from mobank.base.errors import InputError, Place, Problem
from mobank.base.files import write
from mobank.base.shapes import DIGEST, RecordFields

FORMAT, SEAL = "format", "digest"
SIX = 6  # digits of a number that was computed
MOST = 8  # problems of a record that are shown


@dataclass(frozen=True)
class RecordKind:
    """A kind of record.

    Parameters
    ----------
    format : its number; another stands for another version of mobank. shape : what it holds beside number and digest.
    apart : keys that are not under the digest.
    """

    format: int
    shape: RecordFields
    apart: tuple[str, ...] = ()


def seal(content: Mapping[str, Any], apart: tuple[str, ...] = ()) -> str:
    """Return the digest of a record's content, whatever the order of its keys."""
    kept = {key: value for key, value in content.items() if key not in (SEAL, *apart)}
    return sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sealed(content: Mapping[str, Any], kind: RecordKind) -> dict[str, Any]:
    """Return a record with the number of its format first and its digest last."""
    whole = {FORMAT: kind.format, **content}
    return {**whole, SEAL: seal(whole, kind.apart)}


def record_bytes(content: Mapping[str, Any], kind: RecordKind) -> bytes:
    """Return the file of a record; a byte of a path that is no letter is kept as an escape."""
    text = json.dumps(sealed(content, kind), indent=1, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def rounded(value: Any) -> Any:
    """Return what a record will hold, with `SIX` digits of each number that is not whole."""
    if isinstance(value, Mapping):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.{SIX}g}") if isinstance(value, float) else value


def write_record(path: Path, content: Mapping[str, Any], kind: RecordKind) -> str:
    """Write a record and return the SHA-256 of its file."""
    return write(path, record_bytes(content, kind))


def read_record(path: Path, kind: RecordKind, hint: str) -> dict[str, Any]:
    """Return a record as it was written.

    Parameters
    ----------
    hint : what to do where it is not.

    Raises
    ------
    InputError
        Naming the file: if it cannot be read, is cut, edited, of another version, or lacks something.
    """
    try:
        content = parsed(path.read_bytes())
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror or error})", hint) from None
    except UnreadableError as error:
        raise _refused(path, str(error), hint, error.line) from None
    if wrong := wrong_with(content, kind, path):
        *others, last = wrong[:MOST]
        raise InputError([*others, replace(last, hint=hint)])
    return content


def find_record(path: Path, kind: RecordKind) -> dict[str, Any] | None:
    """Return a record as it was written; None if there is none that can be read."""
    try:
        content = parsed(path.read_bytes())
    except (OSError, UnreadableError):
        return None
    return None if wrong_with(content, kind, path) else content


class UnreadableError(ValueError):
    """A file that is no record at all; `line` is where, 0 if it is the whole."""

    def __init__(self, said: str, line: int = 0) -> None:
        super().__init__(said)
        self.line = line


def parsed(data: bytes) -> dict[str, Any]:
    """Return the mapping that a file holds as JSON.

    Raises
    ------
    UnreadableError
        If it holds none, or says something twice.
    """
    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
        json.dumps(content)  # what is nested too deeply to be written again was not written by us
    except UnicodeDecodeError as error:
        raise UnreadableError("is not UTF-8: it is damaged", data[: error.start].count(b"\n") + 1) from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"is not JSON ({error.msg}): it is cut or damaged", error.lineno) from None
    except RecursionError:
        raise UnreadableError("is not a record: it is nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"is not a record ({error}): it is damaged") from None
    if not isinstance(content, dict):
        raise UnreadableError("is not a record: it holds no mapping")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def wrong_with(content: Mapping[str, Any], kind: RecordKind, path: Path) -> list[Problem]:
    """Return why a mapping is not a record of a kind as it was written; nothing if it is."""
    where = Place(path.as_posix(), 0)
    if SEAL not in content:
        allowed = "has no digest of its content: an earlier version of mobank wrote it, or it is damaged"
        return [Problem("this record", allowed, place=where)]
    if content.get(FORMAT) != kind.format:
        allowed = f"is of another version of mobank (format {content.get(FORMAT)!r}; this one reads {kind.format})"
        return [Problem("this record", allowed, place=where)]
    wrong = [*kind.shape.wrong(content), *DIGEST.wrong(content[SEAL], SEAL)]
    if not wrong and content[SEAL] != seal(content, kind.apart):
        return [Problem("this record", "is not as it was written: its digest is not that of its content", place=where)]
    return [Problem(found, allowed, key=key, place=where) for key, found, allowed in wrong]


def _refused(path: Path, allowed: str, hint: str, line: int = 0) -> InputError:
    return InputError([Problem("this record", allowed, hint, place=Place(path.as_posix(), line))])


# ------------ bytes that only mobank reads


def sealed_bytes(data: bytes) -> bytes:
    """Return bytes with their digest after them."""
    return data + sha256(data).digest()


def unsealed_bytes(path: Path) -> bytes | None:
    """Return what `sealed_bytes` was given; None if the file is gone, cut or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    size = sha256().digest_size
    return data[:-size] if sha256(data[:-size]).digest() == data[-size:] else None
