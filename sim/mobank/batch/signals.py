"""Requests to end, Ctrl-C and SIGTERM, held back while something is done that must be done whole.

A request to end is an exception that may be raised between any two instructions: between a worker's answer and the
line that records it, for one.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

REQUESTS = (signal.SIGINT, signal.SIGTERM)


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
