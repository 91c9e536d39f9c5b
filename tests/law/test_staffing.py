"""The staffed desk: formulas against Erlang's tables and a birth-death chain, and the played desk against the formulas.

Statistical tests allow 4 standard errors, found from batches of a long day (false alarms 6 in 100,000 a comparison,
1 in 500 for the file).
"""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from mobank.base.streams import Streams
from mobank.desk.day import PlayedContacts, StaffedDesk
from mobank.desk.erlang import Queue, erlang_b, erlang_c

TOLERANCE = 4.0


@pytest.mark.parametrize(("staff", "waits"), [(10, 0.6687), (100, 0.2169), (1_000, 0.00059)])
def test_at_ninety_percent_load_a_large_desk_hardly_lets_anybody_wait(staff, waits):
    assert round(erlang_c(staff, 0.9 * staff), 4 if staff < 1_000 else 5) == waits
    assert Queue(0.9 * staff, 1.0, math.inf).steady(staff, 0.2).waits == pytest.approx(erlang_c(staff, 0.9 * staff))


@pytest.mark.parametrize(("staff", "load"), [(1, 0.3), (10, 9.0), (10, 25.0), (312, 300.0), (5_000, 5_010.0)])
def test_erlang_b_is_a_poisson_law_cut_off(staff, load):
    """Of a desk where nobody waits, the number busy is Poisson given that it is at most the staff."""
    cut_off = stats.poisson(load).pmf(staff) / stats.poisson(load).cdf(staff)
    assert erlang_b(staff, load) == pytest.approx(cut_off, rel=1e-9)
    desk = Queue(load, 1.0, 0.0).steady(staff, 0.0)
    assert desk.waits == desk.gives_up == pytest.approx(cut_off, rel=1e-9)
    assert desk.within == desk.answered == pytest.approx(1 - cut_off, rel=1e-9)
    busy = stats.poisson(load).expect(lambda n: n, lb=0, ub=staff, conditional=True) if staff < 1000 else None
    assert desk.busy == pytest.approx(busy / staff if busy else load * (1 - cut_off) / staff, rel=1e-9)
    assert desk.mean_wait == 0


def chain(queue, staff):
    """Return (waits, gives up, mean wait) from the stationary law of how many are at the desk (a birth-death chain)."""
    logs, top = [0.0], 0.0
    while len(logs) <= staff or logs[-1] > top - 60:
        n = len(logs)
        leaves = min(n, staff) / queue.handling + max(n - staff, 0) / queue.patience
        logs.append(logs[-1] + math.log(queue.a_minute / leaves))
        top = max(top, logs[-1])
    chance = np.exp(np.array(logs) - top)
    chance /= chance.sum()
    in_line = (np.maximum(np.arange(chance.size) - staff, 0) * chance).sum()
    return chance[staff:].sum(), in_line / queue.patience / queue.a_minute, in_line / queue.a_minute


@pytest.mark.parametrize(
    ("a_minute", "handling", "patience", "staff"),
    [
        (35, 9, 3, 320),
        (35, 9, 3, 250),
        (35, 9, 3, 400),
        (0.5, 9, 300, 5),
        (0.2, 9, 1, 1),
        (2_000, 9, 30, 15_000),
        (2_000, 9, 30, 18_500),
        (9, 1, 1e6, 10),
    ],
)
def test_erlang_a_is_the_stationary_law_of_a_birth_death_chain(a_minute, handling, patience, staff):
    """The formulas integrate the offered wait; the chain sums over how many are there: two derivations."""
    queue = Queue(a_minute, handling, patience)
    desk = queue.steady(staff, 0.5)
    waits, gives_up, mean_wait = chain(queue, staff)
    assert desk.waits == pytest.approx(waits, rel=1e-5, abs=1e-12)
    assert desk.gives_up == pytest.approx(gives_up, rel=1e-5, abs=1e-12)
    assert desk.mean_wait == pytest.approx(mean_wait, rel=1e-5, abs=1e-12)
    assert desk.busy == pytest.approx(queue.load * (1 - gives_up) / staff)


def test_in_time_goes_from_who_need_not_wait_to_all_who_are_answered():
    queue = Queue(35, 9, 3)
    for staff in (250, 312, 330):
        within = [queue.steady(staff, minutes).within for minutes in (0.0, 0.1, 0.5, 1.0, 60.0)]
        assert within == sorted(within)
        assert within[0] == pytest.approx(1 - queue.steady(staff, 0.0).waits)
        assert within[-1] == pytest.approx(queue.steady(staff, 0.0).answered)


def test_where_nobody_gives_up_the_wait_of_those_who_wait_is_exponential():
    queue = Queue(9, 1, math.inf)
    for minutes in (0.0, 0.3, 2.0):
        late = erlang_c(10, 9.0) * math.exp(-minutes)  # (staff − load) of them are freed a minute
        assert queue.steady(10, minutes).within == pytest.approx(1 - late, rel=1e-9)
    assert queue.steady(10, 0.0).mean_wait == pytest.approx(erlang_c(10, 9.0))


def test_a_line_that_nobody_leaves_grows_for_ever_where_the_staff_are_too_few():
    desk = Queue(12, 1, math.inf).steady(10, 1.0)
    assert (desk.waits, desk.within, desk.mean_wait, desk.busy) == (1.0, 0.0, math.inf, 1.0)
    assert desk.answered == pytest.approx(10 / 12)


@pytest.mark.parametrize("queue", [Queue(35, 9, 3), Queue(35, 9, 0), Queue(35, 9, math.inf), Queue(0.01, 9, 3)])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.99])
def test_the_staff_needed_are_enough_and_one_fewer_is_not(queue, share):
    needed = queue.staff_needed(share, 0.3)
    assert queue.steady(needed, 0.3).within >= share
    assert needed == 1 or queue.steady(needed - 1, 0.3).within < share


def test_more_staff_never_serve_worse():
    levels = [Queue(35, 9, 3).steady(staff, 0.3) for staff in range(200, 420, 5)]
    assert all(
        a.within < b.within and a.gives_up > b.gives_up and a.waits > b.waits for a, b in itertools.pairwise(levels)
    )


# ------------ played contact by contact


def played(queue, staff, contacts, within):
    """Return shares (waits, gives up, in time) and minutes waited by batches of a long day, (4, 30)."""
    day = PlayedContacts.of(queue, contacts / queue.a_minute, 0, Streams(7))
    desk = StaffedDesk(day, staff)
    desk.open()
    kept = slice(day.arrive.size // 10, day.arrive.size - day.arrive.size // 100)
    told = np.stack([desk.none_free, ~desk.answered, desk.answered & (desk.waited <= within), desk.waited])[:, kept]
    batches = told.shape[1] // 30
    return told[:, : 30 * batches].reshape(4, 30, batches).mean(axis=2)


@pytest.mark.parametrize(
    ("patience", "staff", "load"),
    [(0.0, 10, 9.0), (math.inf, 10, 7.0), (2.0, 10, 9.0), (0.5, 100, 110.0), (1.0, 100, 90.0)],
    ids=["Erlang B", "Erlang C", "Erlang A", "Erlang A, too few staff", "Erlang A, a hundred staff"],
)
def test_the_played_desk_has_the_long_run_of_the_formula(patience, staff, load):
    queue = Queue(load, 1.0, patience)
    found, desk = played(queue, staff, 25_000, 0.2), queue.steady(staff, 0.2)
    error = found.std(axis=1, ddof=1) / math.sqrt(found.shape[1])
    exact = np.array([desk.waits, desk.gives_up, desk.within, desk.mean_wait])
    assert (np.abs(found.mean(axis=1) - exact) <= TOLERANCE * error + 1e-12).all()
    assert 0 < error[0] < 0.03


def test_a_desk_of_a_thousand_at_ninety_percent_load_hardly_lets_anybody_wait_when_played():
    found = played(Queue(900.0, 1.0, math.inf), 1_000, 20_000, 0.2)
    assert found[0].mean() < 0.01
    assert found[0].mean() < 0.02 * erlang_c(100, 90.0)  # 40 times less than with a hundred: 0.00059 to 0.2169


def test_contacts_are_a_poisson_stream_with_exponential_times():
    queue = Queue(30.0, 9.0, 3.0)
    days = [PlayedContacts.of(queue, 600.0, day, Streams(3)) for day in range(40)]
    counts = np.array([day.arrive.size for day in days])
    assert abs(counts.mean() - 18_000) < TOLERANCE * math.sqrt(18_000 / 40)
    for times, mean in ((days[0].handling, 9.0), (days[0].patience, 3.0), (np.diff(days[0].arrive), 1 / 30)):
        assert stats.kstest(times, stats.expon(scale=mean).cdf).pvalue > 1e-4
    assert (days[0].arrive < 600).all()


def test_at_closing_time_who_still_waits_is_sent_away_and_who_is_served_is_served_to_the_end():
    day = PlayedContacts(np.array([0.0, 50.0, 59.0]), np.array([55.0, 30.0, 1.0]), np.array([1e3, 1e3, 1e3]), 60.0)
    desk = StaffedDesk(day, 1)
    desk.open()
    assert desk.answered.tolist() == [True, True, False]
    assert desk.waited.tolist() == [0.0, 5.0, 1.0]
    assert desk.environment.now == 85.0
