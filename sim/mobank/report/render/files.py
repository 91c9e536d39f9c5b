"""Folders and files for users: written aside, made durable, then renamed; and the digest of a file."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from mobank.base.errors import RunError


def put_aside(folder: Path) -> Path:
    """Rename a folder that somebody has changed, so that nothing of it is lost, and return its new name."""
    number = next(n for n in range(1, 10**6) if not folder.with_name(f"{folder.name}.changed-{n}").exists())
    return folder.rename(folder.with_name(f"{folder.name}.changed-{number}"))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def aside(final: Path) -> Iterator[Path]:
    """Give a hidden folder to write in; on success it is made durable and takes the final name, else it goes.

    Raises
    ------
    RunError
        If the disk is full or the place cannot be written.
    """
    clear_leftovers(final)
    hidden = final.parent / f".{final.name}.{os.getpid()}.tmp"
    try:
        hidden.mkdir(parents=True)
        yield hidden
        for path in sorted(hidden.rglob("*")):
            _sync(path)
        _sync(hidden)
        if final.exists() and _equal(final, hidden):
            return  # somebody else made the same meanwhile
        if final.exists():
            put_aside(final)
        hidden.rename(final)
        _sync(final.parent)
    except OSError as error:
        raise _cannot_write(final, error) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _equal(one: Path, other: Path) -> bool:
    """Return True if two folders hold the same files, records apart."""
    names = [{p.name for p in folder.iterdir()} for folder in (one, other)]
    return names[0] == names[1] and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names[0] if not name.endswith(".json")
    )


def _cannot_write(final: Path, error: OSError) -> RunError:
    reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else (error.strerror or str(error))
    return RunError(f"'{final.as_posix()}'", f"could not be written: {reason}", "nothing was left half-written")


def clear_leftovers(final: Path) -> None:
    """Remove hidden folders of this name whose process is gone."""
    head, tail = f".{final.name}.", ".tmp"  # a name is never a pattern: it may hold brackets and stars
    for path in sorted(final.parent.iterdir()) if final.parent.is_dir() else ():
        if not (path.name.startswith(head) and path.name.endswith(tail)):
            continue
        owner = path.name[len(head) : -len(tail)]
        if not (owner.isdigit() and _alive(int(owner))):
            shutil.rmtree(path, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives and is somebody else's
        return True
    return True


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
