"""Where things are kept that can be computed again: the cache folder of the user, else a temporary one."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def places(name: str) -> Iterator[Path]:
    """Yield where one of mobank's caches may be kept, the best first; none of them need exist."""
    named = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        yield Path(named, "mobank", name)
    home = os.path.expanduser("~")
    if os.path.isdir(home):  # root could make a home that is not there
        yield Path(home, ".cache", "mobank", name)
    yield Path(tempfile.gettempdir(), f"mobank-{_user()}-{name}")


def make(folder: Path) -> None:
    """Make the folder of a cache where it is missing.

    Raises
    ------
    OSError
        If it cannot be written, or somebody else could: what is kept there is believed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        raise PermissionError(f"{folder} can be written by others")
    if not os.access(folder, os.W_OK):
        raise PermissionError(folder)


def cache_folder(name: str) -> Path | None:
    """Return the folder of one of mobank's caches, made if need be; None where nothing can be written."""
    for place in places(name):
        try:
            make(place)
        except OSError:
            continue
        return place
    return None


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
