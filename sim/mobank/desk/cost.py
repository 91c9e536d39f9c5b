"""What a desk study takes: its formula for many numbers of staff, and its days contact by contact."""

from math import isinf, log2

from mobank.base.limits import WorkCost, clock
from mobank.desk.erlang import queue_of, steady_of
from mobank.desk.study import Study

# processor seconds
ALONE = 4.0  # Python, libraries, the chart
A_CONTACT = 45e-6
PASSED_OVER = 6e-9  # one who waits before another who gives up
A_STEP = 60e-9  # of the recursion of the formula, which goes up to the staff
LEVELS = 45  # numbers of staff of which the long run is taken, beside those of the search
# bytes of memory
CHART = 170e6  # Python, libraries and the chart
PLAYING = 110e6  # Python and libraries, before the chart
A_CONTACT_HELD = 130.0  # of one day
FILES = 0.2e6  # bytes on disk


def of(study: Study, days: int) -> WorkCost:
    """Return what a study takes with so many days played, for two numbers of staff."""
    contacts, queue, plan = study.number("offered_a_day"), queue_of(study), study.number("staff")
    steps = (LEVELS + 2 * log2(queue.load + 2)) * max(queue.load, plan)
    waiting, leaving = _queue(study)
    a_day = 2 * contacts * A_CONTACT + leaving * waiting / 2 * PASSED_OVER
    return WorkCost(
        seconds=clock(0.0, ALONE + steps * A_STEP + days * a_day, 1),
        memory=max(CHART, PLAYING + contacts * A_CONTACT_HELD),
        disk=FILES,
    )


def _queue(study: Study) -> tuple[float, float]:
    """Return how many wait on average with the staff that is planned, and how many of a day leave the queue."""
    queue, contacts = queue_of(study), study.number("offered_a_day")
    steady = steady_of(study)
    leaving = contacts * steady.gives_up
    waiting = leaving / 2 if isinf(steady.mean_wait) else queue.a_minute * steady.mean_wait  # Little's law
    return waiting, leaving
