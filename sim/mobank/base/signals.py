"""Requests to end, Ctrl-C and SIGTERM: answered once, within seconds, with the exit code that says so.

A request to end is an exception that may be raised between any two instructions of the main thread: between a worker's
answer and the line that records it, for one. `undisturbed` holds it back there. Where the main thread is in compiled
code, in a callback that lets no exception through, or waits for a process that is loading, the exception does not end
the process in time; so a thread, which the system's signal wakes itself, ends it after `LONGEST`. Nothing is lost by
that: what is written for good is written aside and renamed, and what stands aside is removed (`before_a_forced_end`).
"""

import atexit
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

REQUESTS = (signal.SIGINT, signal.SIGTERM)
ENDED = 128  # and the number of the signal: the exit code, as shells give it
LONGEST = 3.0  # seconds from a request to the end of the process, whatever it is at
SHOW_CURSOR = "\x1b[?25h"  # which a progress bar has hidden

_resumes = threading.Event()
_last_acts: list[Callable[[], object]] = []  # what is done where the main thread cannot clear up after itself
_asked: list[int] = []  # the exit code of the request that has come


def resumes() -> None:
    """Say of the command at work that, given once more after a request to end, it goes on with what is done."""
    _resumes.set()


def before_a_forced_end(act: Callable[[], object]) -> None:
    """Have something done, by another thread, where a request to end finds the main thread in work without an end."""
    _last_acts.append(act)


def stopped() -> str:
    """Return what is said of a command that ended because it was asked to."""
    again = "goes on" if _resumes.is_set() else "starts over"
    return f"stopped; nothing was left half-written; the same command again {again}"


def asked() -> int:
    """Return the exit code of the request to end that has come, else 0.

    Whatever is raised after one comes of it: a library that took the exception for its own fails a little later.
    """
    return _asked[0] if _asked else 0


@contextmanager
def answered() -> Iterator[None]:
    """Let a request to end become `SystemExit` with its exit code, and see to it that the process then ends in time."""
    _resumes.clear()
    _asked.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, woken = socket.socketpair()
    woken.setblocking(False)
    over = threading.Event()
    threading.Thread(target=_see_to_the_end, args=(heard, over), daemon=True).start()
    alarm = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, _end) for number in REQUESTS}
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(alarm)
        woken.close()
        atexit.register(_ignore)  # the work is over: a request that comes while Python ends changes nothing
        for number, handler in before.items():
            if not asked():  # else it stays ignored, since Python is about to end
                signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    _ignore()  # until the end: a second request would disturb the clearing up after the first
    sys.unraisablehook, threading.excepthook = _pass_over, _pass_over  # it may be raised where none gets through
    _asked.append(ENDED + number)
    raise SystemExit(asked())


def _pass_over(raised: object) -> None:
    pass


def _ignore() -> None:
    for number in REQUESTS:
        signal.signal(number, signal.SIG_IGN)


def _see_to_the_end(heard: socket.socket, over: threading.Event) -> None:
    with heard:
        while number := heard.recv(1):
            if number[0] in REQUESTS and not over.wait(LONGEST):
                _end_at_once(number[0])


def _end_at_once(number: int) -> None:
    """End this process and its workers from whatever thread."""
    if "multiprocessing" in sys.modules:
        import multiprocessing

        for child in multiprocessing.active_children():
            child.kill()
    for act in _last_acts:
        with suppress(Exception):
            act()
    with suppress(OSError):
        os.write(2, f"{SHOW_CURSOR if os.isatty(2) else ''}{stopped()}\n".encode("ascii"))
    os._exit(ENDED + number)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a request to end wait until what is done meanwhile is done; then it acts as it would have."""
    if threading.current_thread() is not threading.main_thread():  # requests are raised in the main thread only
        yield
        return
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)

    before = {number: signal.signal(number, hold) for number in REQUESTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for request in dict.fromkeys(held):
            signal.raise_signal(request)


@contextmanager
def withheld_from_children() -> Iterator[None]:
    """Start processes meanwhile that Ctrl-C does not reach, not even while Python starts in them.

    A terminal sends Ctrl-C to all processes of a command; it is the driver's to answer. What blocks a signal is
    inherited, by the processes that they start too.
    """
    mask = getattr(signal, "pthread_sigmask", None)  # not on Windows
    if mask is None:
        yield
        return
    before = mask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)
