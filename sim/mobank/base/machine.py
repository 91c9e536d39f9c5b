"""What the machine has: memory, processors, space on a disk.

`keep_freed` keeps freed memory for the next block instead of giving it back to the system after each.

A block's books are some tens of megabytes. glibc hands so large a piece back when it is freed and asks for it anew for
the next block, page by page; taking a page costs several times as much as filling it (a fifth of a whole
mean-field run, measured). Elsewhere than on glibc nothing is done, and no result depends on it.
"""

import ctypes
import os
import shutil
import sys
from functools import cache
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # numbers from malloc.h
LARGEST_KEPT = 1 << 30  # bytes
BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
OF_WORKERS = (*BLAS, "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")  # set before these are loaded
ONE_THREAD = dict.fromkeys(OF_WORKERS, "1")


def one_thread_for_matrices() -> None:
    """Have BLAS use one thread, unless the user has said how many; to be called before it is loaded.

    Ours are thousands of small matrices. Threads that wait for one another at each took seven times the processor time
    of one where another program was at work.
    """
    for name in BLAS:
        os.environ.setdefault(name, "1")


@cache
def keep_freed() -> bool:
    """Return True if the allocator now keeps what is freed; done once a process."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)) and bool(mallopt(M_TRIM_THRESHOLD, LARGEST_KEPT))


def cores() -> int:
    """Return how many processors this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def free() -> int | None:
    """Return how many bytes a process may still take, or None where the system does not tell."""
    found = [n for n in (_available(), _left_in_group()) if n is not None]
    return min(found) if found else None


def free_on_disk(folder: Path) -> int | None:
    """Return how many bytes may still be written below a folder, which need not be there yet; None if nobody knows."""
    there = next((each for each in (folder, *folder.absolute().parents) if each.is_dir()), None)
    try:
        return shutil.disk_usage(there).free if there else None
    except OSError:
        return None


def _available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)


def _left_in_group() -> int | None:
    """Return what the process's control group (a container's limit) leaves."""
    try:
        limit, used = (Path(f"/sys/fs/cgroup/memory.{name}").read_text("ascii").strip() for name in ("max", "current"))
        return None if limit == "max" else int(limit) - int(used)
    except (OSError, ValueError):
        return None
