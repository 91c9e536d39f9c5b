"""Threads that share jobs: everything is done once, in its place; what fails is heard of; who sleeps is woken."""

import threading
import time

import pytest

from sim import team as module
from sim.team import team


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("things", [0, 1, 2, 100])
def test_each_thing_is_done_once_and_stands_in_its_place(threads, things):
    done = []

    def square(i):
        done.append(i)
        return i * i

    with team(threads) as each:
        for _ in range(20):
            done.clear()
            assert each(square, range(things)) == [i * i for i in range(things)]
            assert sorted(done) == list(range(things))


def test_helpers_take_part():
    names = set()

    def slow(_):
        names.add(threading.current_thread().name)
        time.sleep(0.02)

    with team(3) as each:
        each(slow, range(12))
    assert len(names) == 3


@pytest.mark.parametrize("looks", [0, 10])
def test_who_sleeps_is_woken(monkeypatch, looks):
    monkeypatch.setattr(module, "LOOKS", looks)
    with team(3) as each:
        for _ in range(50):
            assert each(str, range(10)) == [str(i) for i in range(10)]
        time.sleep(0.05)
        assert each(str, range(3)) == ["0", "1", "2"]


@pytest.mark.parametrize("bad", [0, 7])
def test_what_a_job_raises_reaches_whoever_asked_and_the_team_goes_on(bad):
    def picky(i):
        time.sleep(0.002)
        if i == bad:
            raise KeyError(i)
        return i

    with team(3) as each:
        for _ in range(5):
            with pytest.raises(KeyError):
                each(picky, range(9))
        assert each(abs, [-1, 2]) == [1, 2]


def test_nobody_stays_behind():
    before = threading.active_count()
    with team(4) as each:
        each(abs, range(8))
        assert threading.active_count() == before + 3
    assert threading.active_count() == before
