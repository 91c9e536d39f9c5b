"""Worker processes that end at once with the work: by its end, by Ctrl-C, by SIGTERM, or because the driver is gone."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, ParamSpec, TypeVar

from mobank.base.machine import ONE_THREAD
from mobank.base.signals import undisturbed, withheld_from_children

QUIET = "ignore:resource_tracker:UserWarning"
LOOK = 0.2  # seconds between two looks at whether the driver is there
P = ParamSpec("P")
R = TypeVar("R")


class WorkerPool(ProcessPoolExecutor):
    """A pool whose processes Ctrl-C does not reach, and which can be ended at whatever they are at.

    Parameters
    ----------
    context : how processes begin. begin, given : a function that each calls first, and its arguments.
    """

    def __init__(
        self, workers: int, context: Any, begin: Callable[..., None] | None = None, given: tuple[Any, ...] = ()
    ) -> None:
        os.environ.update(ONE_THREAD)
        self._others = set(multiprocessing.active_children())
        track_resources()
        super().__init__(workers, context, _begin, (begin, given))

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Give out a piece of work; a process is started for it where none is idle."""
        with undisturbed(), withheld_from_children():
            return super().submit(fn, *args, **kwargs)

    def kill(self) -> None:
        """End the processes now; what they do is written aside and renamed, so nothing is left half-written."""
        for child in set(multiprocessing.active_children()) - self._others:
            child.kill()
        self.shutdown(wait=False, cancel_futures=True)


def track_resources() -> None:
    """Start the process that Python has for what its processes share, if it has one here and it is not there yet.

    Where it is started on the way, Ctrl-C is let through again while the first worker starts (Python 3.11 to 3.13).
    It cleans up after a process that had to be ended; the warning it prints then would follow our last message.
    """
    with suppress(ImportError):
        from multiprocessing.resource_tracker import ensure_running

        said = os.environ.get("PYTHONWARNINGS")
        os.environ["PYTHONWARNINGS"] = QUIET if said is None else f"{said},{QUIET}"
        try:
            with withheld_from_children():
                ensure_running()
        finally:
            if said is None:
                del os.environ["PYTHONWARNINGS"]
            else:
                os.environ["PYTHONWARNINGS"] = said


@contextmanager
def processes(workers: int, begin: Callable[..., None] | None = None, *given: Any) -> Iterator[WorkerPool]:
    """Give a pool of processes; what ends the work before its end ends them too, whatever they are at.

    Parameters
    ----------
    begin, given : a function that each process calls first, and its arguments.
    """
    pool = WorkerPool(workers, multiprocessing.get_context("spawn"), begin, given)
    try:
        yield pool
    except BaseException:
        pool.kill()
        raise
    pool.shutdown()


def _begin(begin: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    """Prepare a worker: Ctrl-C is the driver's to answer, and a worker ends where the driver is gone, killed or not."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_driver, daemon=True).start()
    if begin:
        begin(*given)


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver:
        driver.join()
        os._exit(1)


@contextmanager
def ending_with_parent() -> Iterator[None]:
    """End this process meanwhile where its parent is gone: what loads for others would load on for nobody."""
    parent, done = os.getppid(), threading.Event()

    def look() -> None:
        while not done.wait(LOOK):
            if os.getppid() != parent:
                os._exit(1)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()  # before processes are forked from this one
