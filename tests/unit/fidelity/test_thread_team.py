"""Threads that share jobs: everything is done once, in its place; what fails is heard of; who sleeps is woken."""

import threading
import time

import numpy as np
import pytest

from mobank.fidelity.people import bitplanes, monthly_kernel
from mobank.fidelity.people import thread_team as module
from mobank.fidelity.people.population import cuts_of
from mobank.fidelity.people.thread_team import team


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("things", [0, 1, 2, 100])
def test_each_thing_is_done_once_and_stands_in_its_place(threads, things):
    done = []

    def square(i):
        done.append(i)
        return i * i

    with team(threads, monthly_kernel.serve) as them:
        for _ in range(20):
            done.clear()
            assert them.each(square, range(things)) == [i * i for i in range(things)]
            assert sorted(done) == list(range(things))


def test_helpers_take_part():
    names = set()

    def slow(_):
        names.add(threading.current_thread().name)
        time.sleep(0.02)

    with team(3, monthly_kernel.serve) as them:
        them.each(slow, range(12))
    assert len(names) == 3


@pytest.mark.parametrize("looks", [1, 1000])
def test_who_sleeps_is_woken(monkeypatch, looks):
    monkeypatch.setattr(module, "LOOKS", looks)
    names = set()

    def slow(i):
        names.add(threading.current_thread().name)
        time.sleep(0.02)
        return i

    with team(3, monthly_kernel.serve) as them:
        for _ in range(50):
            assert them.each(str, range(10)) == [str(i) for i in range(10)]
        time.sleep(0.05)
        assert them.each(slow, range(12)) == [*range(12)]
    assert len(names) == 3


def test_compiled_jobs_and_functions_take_turns():
    people, found = 40 * bitplanes.GROUP, []
    cuts, to, keys = cuts_of(np.array([[[0.5]]])), np.array([[2]], np.uint64), np.array([7], np.uint64)
    for threads in (1, 3):
        with team(threads, monthly_kernel.serve) as them:
            words = np.zeros((40, 2 * bitplanes.WORDS), np.uint64)
            told = [[w.ctypes.data, bitplanes.WORDS, 1, i, 0] for i, w in enumerate(words)]
            for w in words:
                bitplanes.enter(w, bitplanes.WORDS, 2, 0, bitplanes.GROUP, 1)
            moved = np.zeros((300, 1, 1, 1), np.uint64)
            for t in range(300):
                blocks = np.array(told, np.uint64)
                monthly_kernel.lead(
                    them.board, blocks, 2, keys + np.uint64(t), np.array([1], np.uint64), cuts, to, moved[t]
                )
                if t % 7 == 0:
                    assert them.each(abs, range(-5, 0)) == [5, 4, 3, 2, 1]
            found.append((words, moved.ravel()))
    assert found[0][1].sum() == people
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("bad", [0, 7])
def test_what_a_job_raises_reaches_whoever_asked_and_the_team_goes_on(bad):
    def picky(i):
        time.sleep(0.002)
        if i == bad:
            raise KeyError(i)
        return i

    with team(3, monthly_kernel.serve) as them:
        for _ in range(5):
            with pytest.raises(KeyError):
                them.each(picky, range(9))
        assert them.each(abs, [-1, 2]) == [1, 2]


def test_nobody_stays_behind():
    before = threading.active_count()
    with team(4, monthly_kernel.serve) as them:
        them.each(abs, range(8))
        assert threading.active_count() == before + 3
    assert threading.active_count() == before
