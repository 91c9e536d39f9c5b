"""One process at a time at a file: a lock that the system lets go of when the process ends, however it ends."""

import sys
from typing import IO, Any

FAR = 1 << 30  # a byte far behind the text of a file: Windows lets nobody read what is locked


def lock(file: IO[Any]) -> bool:
    """Lock a file until it is closed; False if another process has locked it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
