"""Who is writing: a name for this process that no other has, here, on another machine or in another container.

A process number alone means nothing elsewhere. So what is being written is named by the machine as this process sees
it (host name, boot, space of process numbers), the process and when it began, and is called abandoned only where all of
these can be compared and the process is gone. What was left before a restart, or by another machine, stays.
"""

import os
import platform
import re
import sys
import time
from functools import cache
from hashlib import sha256
from itertools import count

NAME = re.compile(r"([0-9a-f]{12})-(\d+)-(\d+)-\d+")
_number = count(1)


def own_name() -> str:
    """Return a name for something that this process is about to write; no two are the same."""
    process = os.getpid()
    return f"{_machine()}-{process}-{_began(process)}-{next(_number)}"


def is_abandoned(name: str) -> bool:
    """Return True if a name was made by `own_name` in a process that could be seen from here, and that is gone."""
    made = NAME.fullmatch(name)
    if not made or made[1] != _machine() or sys.platform == "win32":
        return False
    process, began = int(made[2]), int(made[3])
    return not _runs(process) or _began(process) != began


@cache
def _machine() -> str:
    """Return twelve digits for the host, its boot and the space in which processes are numbered."""
    if sys.platform == "linux":
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
                parts = [file.read().strip(), os.readlink("/proc/self/ns/pid")]
        except OSError:
            parts = [
                f"{os.getpid()} {time.time_ns()}"
            ]  # what others write cannot be judged from here, nor ours elsewhere
    else:
        parts = []
    return sha256("\n".join([platform.node(), *parts]).encode()).hexdigest()[:12]


def _began(process: int) -> int:
    """Return when a process began, in ticks since the boot; 0 where the system does not say or it is gone."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it runs and is somebody else's
        return True
    return True
