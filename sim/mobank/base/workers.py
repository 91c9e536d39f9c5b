"""Worker processes that end at once with the work: by its end, by Ctrl-C, by SIGTERM, or because the driver is gone."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from mobank.base.machine import ONE_THREAD


@contextmanager
def processes(workers: int, begin: Callable[..., None] | None = None, *given: Any) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of processes; what ends the work before its end ends them too, whatever they are at.

    Parameters
    ----------
    begin, given : a function that each process calls first, and its arguments.
    """
    os.environ.update(ONE_THREAD)
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, (begin, given))
    try:
        yield pool
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.kill()  # what they do is written aside and renamed, so nothing is left half-written
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def leave_signals_to_the_driver() -> None:
    """Prepare a worker: Ctrl-C is the driver's to answer, and a worker ends where the driver is gone, killed or not."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _begin(begin: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    leave_signals_to_the_driver()
    if begin:
        begin(*given)


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver:
        driver.join()
        os._exit(1)
