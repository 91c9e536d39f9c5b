"""Threads that share one job after another, many times a second.

A month of a million people takes less time than it takes to wake a thread that sleeps. So a helper that has finished
looks for the next job for a moment before it sleeps, and whoever asked does not wait for one who has not begun.

Jobs stand on a *board* of words in memory, so that compiled code can look for them without Python: a job is open from
the moment when its number is put there. Who takes part enters first and looks once more if it is still open; who asked
closes it, and waits until nobody is inside.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Any

import numpy as np
from numba import boolean, uint64, void

from mobank.base.arrays import Uints
from mobank.base.compiled import compiled
from mobank.fidelity.people.simd import add_to, peek, put

Each = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]
Serve = Callable[[Uints, int, int], int]

LOOKS = 1_000_000  # before a thread sleeps: about a millisecond, longer than what lies between two jobs of a month

# Words of a board: number of the open job or 0, helpers inside, number of the last job, its kind, what it is about.
OPEN, INSIDE, NUMBER, KIND, FIRST = range(5)
CALL = 0  # the kind of job that is a Python function
BOARD = 32  # words


@compiled(void(uint64[::1]))
def _open(board: Uints) -> None:
    """Put a job to be called on the board."""
    board[KIND] = CALL
    board[NUMBER] += np.uint64(1)
    put(board, np.uint64(OPEN), board[NUMBER])


@compiled(void(uint64[::1]))
def _leave(board: Uints) -> None:
    """Leave the job that one is inside."""
    add_to(board, np.uint64(INSIDE), np.uint64(2**64 - 1))


@compiled(boolean(uint64[::1], uint64))
def _close(board: Uints, looks: Any) -> bool:
    """Let nobody enter any more; return True if nobody is inside, looking so many times at most."""
    put(board, np.uint64(OPEN), np.uint64(0))
    while looks and peek(board, np.uint64(INSIDE)):
        looks -= np.uint64(1)
    return bool(looks)


class ThreadTeam:
    """Some threads beside the one that asks.

    Parameters
    ----------
    helpers : how many. serve : (board, number of the last job called, looks) -> number of a job to be called, which
        the helper has entered, or 0; a compiled function that does all other kinds of jobs itself.
    """

    def __init__(self, helpers: int, serve: Serve) -> None:
        self.board, self._serve = np.zeros(BOARD, np.uint64), serve
        self._news = Condition()
        self._calls = self._asleep = 0
        self._work: Callable[[], None] | None = None
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
        self._work, self._failure = work, None
        _open(self.board)
        self.wake()
        try:
            work()
        finally:
            if not _close(self.board, LOOKS):
                with self._news:
                    self._news.wait_for(lambda: not self.board[INSIDE])
        if self._failure:
            raise self._failure
        return results

    def wake(self) -> None:
        """Let helpers who sleep look at the board: now or, if what they help with is opened at once, a moment later."""
        self._calls += 1
        if self._asleep:
            with self._news:
                self._news.notify_all()

    def close(self) -> None:
        """Send the helpers home."""
        self._work = None
        _open(self.board)
        self.wake()
        for helper in self._helpers:
            helper.join()

    def _help(self) -> None:
        done = 0
        while True:
            calls = self._calls
            number = self._serve(self.board, done, LOOKS)
            if not number:
                self._sleep(calls)
                continue
            done = number
            if self._work is None:
                return
            try:
                self._work()
            except BaseException as failure:
                self._failure = failure
            _leave(self.board)
            with self._news:
                self._news.notify_all()

    def _sleep(self, calls: int) -> None:
        """Return once somebody has called since so many calls; who calls before we sleep has been heard too."""
        with self._news:
            self._asleep += 1
            self._news.wait_for(lambda: self._calls != calls)
            self._asleep -= 1


@contextmanager
def team(threads: int, serve: Serve) -> Iterator[ThreadTeam]:
    """Give a team of so many threads, the asking one among them."""
    them = ThreadTeam(threads - 1, serve)
    try:
        yield them
    finally:
        them.close()
