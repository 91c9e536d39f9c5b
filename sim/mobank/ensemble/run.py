"""Scenario × draws × replicates, block by block: what all replicates together say.

A block is a pure function of (model, scenario, streams, fidelity, replicate numbers), so blocks can be computed in any
order, by any number of workers, and one replicate can be computed alone. So draws can be added to a run: those that it
has are kept as they are. Paths of many replicates go to disk as they come and are read back a month at a time, so
memory does not grow with their number.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from mobank.base.arrays import Floats, Ints
from mobank.base.machine import keep_freed
from mobank.ensemble.paths import Ensemble
from mobank.ensemble.plan import Plan, block_size, blocks, kept, met, refuse_a_crowd, run_block
from mobank.fidelity import ON_ALL_PROCESSORS, people


def run(
    plan: Plan,
    progress: Callable[[int, int], None] = lambda done, total: None,
    folder: Path | None = None,
    known: Ensemble | None = None,
) -> Ensemble:
    """Return the ensemble of a plan.

    Parameters
    ----------
    progress : called with (blocks done, blocks in all) after each block. What it raises ends the run: blocks that are
        being computed are finished, nothing is left behind.
    folder : see `Ensemble`.
    known : paths of the same plan with fewer draws; only the others are computed. It stays open.
    """
    refuse_a_crowd(plan, plan.draws)
    met(plan)
    keep_freed()
    first = known.plan.draws if known else 0
    work = [first + numbers for numbers in blocks(plan.draws - first, block_size(plan))]
    ensemble = Ensemble(plan, folder)
    try:
        if known:
            ensemble.take(known)
        with closing(_in_order(plan, work)) as results:
            for done, (numbers, (block, tried)) in enumerate(results, start=1):
                ensemble.write(int(numbers[0]), block)
                ensemble.tried += tried
                progress(done, len(work))
    except BaseException:
        ensemble.close()
        raise
    return ensemble


def _in_order(plan: Plan, work: Sequence[Ints]) -> Generator[tuple[Ints, tuple[Floats, int]], None, None]:
    """Yield each block's result in order, at most one more in flight than there are workers."""

    def compute(numbers: Ints) -> tuple[Floats, int]:
        trajectory, tried = run_block(plan, numbers)
        return kept(plan, trajectory, numbers), tried

    if plan.fidelity in ON_ALL_PROCESSORS:
        with people.workers(plan.workers):
            yield from ((numbers, compute(numbers)) for numbers in work)
        return
    with ThreadPoolExecutor(plan.workers) as pool:
        waiting: deque[tuple[Ints, Future[tuple[Floats, int]]]] = deque()
        try:
            for numbers in work:
                waiting.append((numbers, pool.submit(compute, numbers)))
                if len(waiting) > plan.workers:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()  # else a request to end waits for blocks that nobody asks for
