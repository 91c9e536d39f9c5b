"""Files and folders for users: written aside in the same place, made durable, then renamed; and their digests.

A reader finds the old file or the new one, never a part of it, and what cannot be written to its end leaves what
was there. A file that mobank did not write is not overwritten unless a person says so.
"""

import errno
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from mobank.base.errors import InputError, MobankError, Problem, RunError
from mobank.base.owner import is_abandoned, own_name
from mobank.base.signals import before_a_forced_end

CRUMB = ".tmp"  # ends the name of what is being written
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
HEAD = 4096  # bytes of a file by which its writer is known
LONGEST = 150  # bytes of a name that stand in that of its hidden twin; a file system takes some 255

Ours = Callable[[Path], bool]  # whether a file that stands there was written by mobank, so that it may be replaced
ANOTHER = "name another file, or overwrite it: --force"
_being_written: set[Path] = set()  # hidden folders of this process


# ------------ a file


def write(path: Path, content: bytes | memoryview | str) -> str:
    """Write a file as a whole, durable under its name, and return its SHA-256; its folder is made if need be.

    Raises
    ------
    OSError
        If it cannot be written; what was there stays.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = hidden_twin(path)
    try:
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return sha256(data).hexdigest()


def begins_with(*marks: bytes) -> Ours:
    """Return what knows files of mobank by what stands in their first lines, one of some marks."""
    return lambda path: any(mark in _head(path) for mark in marks)


def write_for_user(path: Path, content: bytes | str, ours: Ours, force: bool = False, key: str = "") -> None:
    """Write a file that a person has named; a link leads to the file that is meant.

    Parameters
    ----------
    ours : whether mobank wrote what stands there; anything else is overwritten only by `force`.
    key : the option that names it.

    Raises
    ------
    InputError
        If it is no place for a file, or another file stands there.
    RunError
        If the disk is full or fails.
    """
    meant = Path(os.path.realpath(path))
    try:
        refuse_foreign([path], ours, force, key)
        if meant.exists() and not os.access(meant, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if not meant.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        write(meant, content)
    except OSError as error:
        raise cannot_write(path, error, key) from None


def refuse_foreign(paths: Collection[Path], ours: Ours, force: bool, key: str = "", hint: str = ANOTHER) -> None:
    """Refuse to overwrite what mobank did not write.

    Parameters
    ----------
    hint : what to do about such a file.

    Raises
    ------
    InputError
        Naming every such file, and what is no file at all.
    OSError
        If one cannot be looked at.
    """
    problems = []
    for path in paths:
        if path.is_dir():
            problems.append(Problem(f"'{path.as_posix()}'", "is a folder", "name a file", key))
        elif path.exists() and not path.is_file():
            problems.append(Problem(f"'{path.as_posix()}'", "is no file", "name a file", key))
        elif path.exists() and not (force or ours(path)):
            problems.append(Problem(f"'{path.as_posix()}'", "exists already", hint, key))
    if problems:
        raise InputError(problems)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


# ------------ several at once


@contextmanager
def folder_aside(final: Path) -> Iterator[Path]:
    """Give a hidden folder to write in; on success it is made durable and takes the final name, else it goes.

    What stands under that name and is not the same is put aside, so that nothing of it is lost.

    Raises
    ------
    InputError
        If it is no place for a folder.
    RunError
        If the disk is full or fails.
    """
    hidden = hidden_twin(final)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(final)
        hidden.mkdir()
    except OSError as error:
        raise cannot_write(final, error) from error
    try:
        _being_written.add(hidden)
        yield hidden
        sync_all(hidden)
        if final.exists() and _equal(final, hidden):
            return  # somebody else made the same meanwhile
        before = put_aside(final) if final.exists() else None
        try:
            hidden.rename(final)
        except OSError:
            if before:
                before.rename(final)
            raise
        sync(final.parent)
    except OSError as error:
        raise failed(final, error) from error
    finally:
        _remove(hidden)


@contextmanager
def set_aside(folder: Path, names: Collection[str], ours: Ours, force: bool, key: str = "") -> Iterator[Path]:
    """Give a hidden folder to write some files of a set in; on success they take their places, all or none.

    Older files of the set that are not written this time are removed, so that none stays beside newer ones.
    Other files of the folder are left alone.

    Parameters
    ----------
    names : of all files of the set. ours : whether mobank wrote what stands there; the rest is replaced by `force`.

    Raises
    ------
    InputError
        If it is no place for a folder, or files of other origin stand there.
    RunError
        If the disk is full or fails.
    """
    whole = not folder.exists()
    hidden = hidden_twin(folder if whole else folder / folder.resolve().name)
    there = [folder / name for name in names]
    try:
        refuse_foreign(there, ours, force, key)
        hidden.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(hidden.parent / folder.resolve().name)
        hidden.mkdir()
    except OSError as error:
        raise cannot_write(folder, error, key) from error
    try:
        _being_written.add(hidden)
        yield hidden
        sync_all(hidden)
        if whole and not folder.exists():
            hidden.rename(folder)
            return
        for path in there:
            new = hidden / path.name
            if new.exists():
                new.replace(path)
            else:
                path.unlink(missing_ok=True)
        sync(folder)
    except OSError as error:
        raise failed(folder, error) from error
    finally:
        _remove(hidden)


def _remove(hidden: Path) -> None:
    shutil.rmtree(hidden, ignore_errors=True)
    _being_written.discard(hidden)


def _remove_all() -> None:
    for hidden in list(_being_written):
        _remove(hidden)


before_a_forced_end(_remove_all)


def put_aside(folder: Path) -> Path:
    """Rename what somebody has changed, so that nothing of it is lost, and return its new name."""
    number = next(n for n in range(1, 10**6) if not folder.with_name(f"{folder.name}.changed-{n}").exists())
    return folder.rename(folder.with_name(f"{folder.name}.changed-{number}"))


def _equal(one: Path, other: Path) -> bool:
    """Return True if two folders hold the same files, records apart."""
    names = [{p.name for p in folder.iterdir()} for folder in (one, other)]
    return names[0] == names[1] and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names[0] if not name.endswith(".json")
    )


# ------------ what is hidden while it is written


def hidden_twin(final: Path) -> Path:
    """Return where a file or folder is written before it takes its name: hidden, beside it, of this process alone."""
    return final.with_name(f"{_twins(final.name)}{own_name()}{CRUMB}")


def is_crumb(name: str) -> bool:
    """Return True if a file of this name is one that is being written, or was when its process ended."""
    return name.startswith(".") and name.endswith(CRUMB)


def is_left_over(name: str) -> bool:
    """Return True if a file of this name was being written by a process of this machine that is gone."""
    return is_crumb(name) and is_abandoned(name.removesuffix(CRUMB).rpartition(".")[2])


def clear_leftovers(final: Path) -> None:
    """Remove what processes that are gone have left of a file or folder; what may be written elsewhere stays."""
    begin = _twins(final.name)
    for path in final.parent.iterdir():
        owner = path.name.removeprefix(begin).removesuffix(CRUMB)
        if path.name == f"{begin}{owner}{CRUMB}" and is_abandoned(owner):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


def _twins(name: str) -> str:
    """Return how the hidden twins of a name begin."""
    short = name if len(os.fsencode(name)) <= LONGEST else sha256(os.fsencode(name)).hexdigest()
    return f".{short}."


# ------------ what went wrong


def cannot_write(path: Path, error: OSError, key: str = "") -> MobankError:
    """Return what to raise of a place in which nothing can be begun: a person's mistake, unless the disk is full."""
    if error.errno in FULL:
        return failed(path, error)
    return InputError([Problem(f"'{path.as_posix()}'", f"cannot be written ({reason_of(error)})", key=key)])


def failed(path: Path, error: OSError) -> RunError:
    """Return what to raise of something that could not be written to its end."""
    left = "what was there is as it was" if path.exists() else "nothing was left half-written"
    return RunError(f"'{path.as_posix()}'", f"could not be written: {reason_of(error)}", left)


def reason_of(error: OSError) -> str:
    """Return in words why something could not be written."""
    return "the disk is full" if error.errno in FULL else (error.strerror or str(error))


# ------------ durability, digests


def sync_all(folder: Path) -> None:
    """Make a folder and all below it durable."""
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Make a file durable, or the names of those in a folder."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)  # Windows syncs what may be written
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def is_whole(path: Path, digest: str | None) -> bool:
    """Return True if a file is there, can be read, and has this digest."""
    try:
        return file_digest(path) == digest
    except OSError:
        return False
