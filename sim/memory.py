"""Keeps freed memory for the next block instead of giving it back to the system after each.

A block's books are some tens of megabytes. glibc hands so large a piece back when it is freed and asks for it anew for
the next block, page by page; taking a page costs several times as much as filling it (a fifth of a whole
mean-field run, measured). Elsewhere than on glibc nothing is done, and no result depends on it.
"""

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # numbers from malloc.h
LARGEST_KEPT = 1 << 30  # bytes


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
