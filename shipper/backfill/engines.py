"""What does the work of a backfill: processes of this machine, or a cluster.

A number of workers, or the address of a scheduler, comes in; an engine goes out, which
takes tasks as any `concurrent.futures` executor does and says how many at a time.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    ProcessPoolExecutor,
)
from importlib import import_module
from multiprocessing import connection
from threading import Thread
from typing import Protocol

from shipper.errors import EXIT_CONFIG, EXIT_TRY_AGAIN, ShipperError


class NoEngineError(ShipperError):
    """What is to do the work is not installed, or cannot be reached."""

    exit_code = EXIT_CONFIG


class Engine(Protocol):
    """What maps a function over tasks, elsewhere."""

    @property
    def executor(self) -> Executor:
        """Takes tasks."""
        ...

    @property
    def slots(self) -> int:
        """How many tasks it works on at a time."""
        ...

    @property
    def lost(self) -> tuple[type[Exception], ...]:
        """What a task raises whose worker is gone."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Processes:
    """Processes of this machine."""

    def __init__(self, workers: int) -> None:
        # Mutable state: the pool. Fresh processes, so that no lock or thread of ours
        # is copied into them.
        self.slots = workers
        self.lost: tuple[type[Exception], ...] = (BrokenExecutor,)
        self.executor: Executor = ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_as_worker,
        )

    def close(self) -> None:
        """Let the tasks under way end, and no other begin."""
        self.executor.shutdown(wait=True, cancel_futures=True)


def _as_worker() -> None:
    """Leave Ctrl-C, which reaches every process of a terminal, to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End when the parent has; nobody else would ever tell this process to."""
    connection.wait([parent])
    os._exit(EXIT_TRY_AGAIN)


class Cluster:
    """A Dask cluster that sees the same files.

    Raises:
        NoEngineError: Dask is not installed, or the scheduler cannot be reached.
    """

    def __init__(self, address: str) -> None:
        try:
            distributed = import_module("distributed")  # an extra, and slow to load
        except ImportError as error:
            raise NoEngineError(
                "cannot use a cluster: Dask is not installed",
                hint="pip install 'hartail[shipper,dask]', here and on the workers",
            ) from error
        try:
            self._client = distributed.Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            raise NoEngineError(
                f"cannot use a cluster: {address}: {error}",
                hint="give the scheduler's address, such as tcp://10.0.0.7:8786",
            ) from error
        self.executor: Executor = self._client.get_executor(pure=False)
        self.slots = max(1, sum(self._client.nthreads().values()))
        self.lost: tuple[type[Exception], ...] = (
            distributed.KilledWorker,
            CancelledError,
        )

    def close(self) -> None:
        """Leave the cluster; it goes on without us."""
        self._client.close()


def engine(*, workers: int, scheduler: str | None) -> Engine:
    """Return what does the work."""
    return Cluster(scheduler) if scheduler is not None else Processes(workers)
