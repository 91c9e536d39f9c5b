"""Where things are kept that can be computed again: the cache folder of the user, else a temporary one."""

import os
import tempfile
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Return the folder of one of mobank's caches, made where it is missing.

    Below `$XDG_CACHE_HOME`, `%LOCALAPPDATA%` or `~/.cache`; below the temporary folder where that cannot be written or
    there is no home.

    Raises
    ------
    OSError
        If no folder can be written at all.
    """
    named = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        place = Path(named) if named else Path.home() / ".cache"
        return _made(place / "mobank" / name)
    except (OSError, RuntimeError):  # the latter if nobody knows where home is
        return _made(Path(tempfile.gettempdir()) / f"mobank-{_user()}" / name)


def _made(place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    if not os.access(place, os.W_OK):
        raise PermissionError(place)
    return place


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
