"""Threads that share one job after another, many times a second.

A month of a million people takes less time than it takes to wake a thread that sleeps. So a helper that has finished
looks for the next job for a moment before it sleeps, and so does whoever waits for the helpers.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Any

import numpy as np
from numba import boolean, njit, uint64
from numpy.typing import NDArray

from sim.lanes import peek

Uints = NDArray[np.uint64]
Each = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]

LOOKS = 1_000_000  # before a thread sleeps: about a millisecond, longer than what lies between two jobs of a month


@njit(boolean(uint64[::1], uint64, uint64), cache=True, nogil=True)
def _changes(number: Uints, known: Any, looks: Any) -> bool:
    """Look at a number (1,) so many times at most; return True as soon as it is not the one known."""
    while looks and peek(number) == known:
        looks -= np.uint64(1)
    return bool(looks)


class Team:
    """Some threads beside the one that asks. Jobs are numbered; all helpers take part in each."""

    def __init__(self, helpers: int) -> None:
        self._asked, self._done = np.zeros(1, np.uint64), np.zeros(1, np.uint64)  # numbers of jobs
        self._news = Condition()
        self._work: Callable[[], None] | None = None
        self._busy = 0
        self._failure: BaseException | None = None
        self._helpers = [Thread(target=self._help, daemon=True) for _ in range(helpers)]
        for helper in self._helpers:
            helper.start()

    def each(self, job: Callable[[Any], Any], things: Sequence[Any]) -> list[Any]:
        """Return what a job makes of each of some things; raise what it raised."""
        results: list[Any] = [None] * len(things)
        left = iter(range(len(things)))

        def work() -> None:
            for i in left:  # whoever is free takes the next: handing out each by itself costs more than some jobs
                results[i] = job(things[i])

        if len(things) < 2 or not self._helpers:
            work()
            return results
        number = self._ask(work)
        try:
            work()
        finally:
            self._wait(self._done, number - 1)
        if self._failure:
            raise self._failure
        return results

    def close(self) -> None:
        """Send the helpers home."""
        self._ask(None)
        for helper in self._helpers:
            helper.join()

    def _ask(self, work: Callable[[], None] | None) -> int:
        self._work, self._busy, self._failure = work, len(self._helpers), None
        with self._news:
            self._asked[0] += np.uint64(1)
            self._news.notify_all()
        return int(self._asked[0])

    def _help(self) -> None:
        known = 0
        while True:
            self._wait(self._asked, known)
            known += 1
            if self._work is None:
                return
            try:
                self._work()
            except BaseException as failure:
                self._failure = failure
            with self._news:
                self._busy -= 1
                if not self._busy:
                    self._done[0] = known
                    self._news.notify_all()

    def _wait(self, number: Uints, known: int) -> None:
        """Return once a number is not the one known."""
        if not _changes(number, known, LOOKS):
            with self._news:
                self._news.wait_for(lambda: int(number[0]) != known)


@contextmanager
def team(threads: int) -> Iterator[Each]:
    """Give a function that does a job for each of some things, on so many threads."""
    them = Team(threads - 1)
    try:
        yield them.each
    finally:
        them.close()
