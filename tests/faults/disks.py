"""Disks that fill up: a file object that raises at its n-th byte, and a small file system where one can be mounted."""

import errno
import io
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class FullRaw(io.FileIO):
    """A file that takes so many bytes, with all others of its kind, and no more."""

    left = 0

    def write(self, data) -> int:  # type: ignore[override]
        room, size = FullRaw.left, len(memoryview(data).cast("B"))
        if room <= 0 and size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = super().write(memoryview(data).cast("B")[:room])
        FullRaw.left -= taken
        return taken


@contextmanager
def room_for(size: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let so many bytes be written through `Path.open`, and no more."""
    real = io.open

    def opened(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, **more):
        if not set(mode) & set("wxa"):
            return real(file, mode, buffering, encoding, errors, newline, **more)
        raw = FullRaw(file, mode.replace("b", "").replace("t", ""))
        buffered = io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    FullRaw.left = size
    with monkeypatch.context() as patch:
        patch.setattr(io, "open", opened)
        yield


@contextmanager
def small_disk(where: Path, kilobytes: int) -> Iterator[None]:
    """Mount a disk of so many kilobytes."""
    where.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(where)]
    if os.name == "nt" or os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(["umount", str(where)], check=False)
