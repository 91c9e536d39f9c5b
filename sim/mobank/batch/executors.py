"""Who computes: processes on this machine, or a Dask cluster. Both are `concurrent.futures` executors to the driver.

Each worker uses one thread: BLAS and numba are told so before they are loaded, so workers do not crowd each other out.
"""

import os
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from multiprocessing import get_context
from typing import Any, Protocol

from mobank.base.errors import InputError, Problem, RunError
from mobank.base.machine import ONE_THREAD
from mobank.base.signals import withheld_from_children
from mobank.base.workers import WorkerPool, track_resources

MEGABYTE = 1 << 20


class ExecutorFactory(Protocol):
    """What the driver asks of whoever computes."""

    died: tuple[type[BaseException], ...]  # what a future raises whose worker died

    @property
    def workers(self) -> int:
        """How many units are computed at a time."""

    def start(self) -> Executor:
        """Return an executor whose workers are alive; called again after they died."""

    def close(self, now: bool = False) -> None:
        """End the workers; `now` whatever they are at."""


def warmed_up() -> Any:
    """Return how worker processes begin: forked from one that loads, from the first call on, what all of them need."""
    os.environ.update(ONE_THREAD)
    if not hasattr(os, "fork"):
        return get_context("spawn")
    from multiprocessing.forkserver import ensure_running

    context: Any = get_context("forkserver")
    context.set_forkserver_preload(["mobank.batch.warm"])
    track_resources()
    with withheld_from_children():
        ensure_running()
    return context


class Processes:
    """Worker processes on this machine.

    Parameters
    ----------
    memory_mb : what a worker may take, in megabytes; 0 for no limit. Beyond it a unit fails instead of the machine.
    """

    died: tuple[type[BaseException], ...] = (BrokenProcessPool,)

    def __init__(self, workers: int, memory_mb: int = 0) -> None:
        self.workers, self._memory = workers, memory_mb
        self._pool: WorkerPool | None = None

    def start(self) -> Executor:
        """Return a pool of processes of their own; what is common to them is loaded once and shared."""
        self.close()
        self._pool = WorkerPool(self.workers, warmed_up(), _begin, (self._memory,))
        return self._pool

    def close(self, now: bool = False) -> None:
        """End the processes once what they compute is done, or now."""
        if self._pool:
            if now:
                self._pool.kill()
            else:
                self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _begin(memory_mb: int) -> None:
    """Prepare a worker: one thread, no more memory than is allowed."""
    import pyarrow as pa

    pa.set_cpu_count(1)
    if memory_mb:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * MEGABYTE, memory_mb * MEGABYTE))


class Dask:
    """Workers of a Dask cluster: one that runs at an address, or one made here for the time of the job ("local")."""

    def __init__(self, address: str, workers: int) -> None:
        try:
            distributed: Any = import_module("distributed")
        except ImportError:
            hint = "install it: pip install 'mobank[cluster]'"
            raise InputError([Problem("dask.distributed", "is not installed", hint, "--dask")]) from None
        self.died: tuple[type[BaseException], ...] = (distributed.KilledWorker,)
        self._cluster: Any = None
        if address == "local":
            os.environ.update(ONE_THREAD)
            self._cluster = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
            )
            address = self._cluster.scheduler_address
        try:
            self._client = distributed.Client(address, timeout="10s", set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise RunError(f"the Dask scheduler at '{address}'", f"cannot be reached: {reason}") from None

    @property
    def workers(self) -> int:
        """How many units are computed at a time: the threads of the cluster now."""
        return max(int(sum(self._client.nthreads().values())), 1)

    def start(self) -> Executor:
        """Return the cluster as an executor; Dask itself gives the units of a dead worker to others."""
        executor: Executor = self._client.get_executor(pure=False)
        return executor

    def close(self, now: bool = False) -> None:
        """Leave the cluster; one that was made here ends."""
        self._client.close()
        if self._cluster:
            self._cluster.close()
