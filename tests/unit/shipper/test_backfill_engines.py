"""What does the work of a backfill: processes here, or a cluster."""

from __future__ import annotations

import os
import sys
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from shipper.backfill.engines import Cluster, NoEngineError, engine


class FakeClient:
    """Stands for the client of a cluster with two workers of four threads each.

    Args:
        address: Of the scheduler; one with ``gone`` in it does not answer.
    """

    def __init__(self, address: str, **options: Any) -> None:
        # Mutable state: whether it was closed.
        if "gone" in address:
            raise OSError("timed out")
        if "http" in address:
            raise ValueError("unknown scheme")
        self.is_closed = False
        self.options = options

    def get_executor(self, *, pure: bool) -> Executor:
        """Return what takes tasks."""
        assert not pure, "a task done again must be done again"
        return ThreadPoolExecutor(1)

    def nthreads(self) -> dict[str, int]:
        """Return the threads of each worker."""
        return {"tcp://a": 4, "tcp://b": 4}

    def close(self) -> None:
        """Leave the cluster."""
        self.is_closed = True


class KilledWorker(Exception):  # noqa: N818  # the library's name
    """Stands for what a task raises whose worker died too often."""


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dask that needs no network."""
    fake = SimpleNamespace(Client=FakeClient, KilledWorker=KilledWorker)
    monkeypatch.setitem(sys.modules, "distributed", fake)


def test_processes_are_others_than_this_one() -> None:
    """Each takes a task, and they end when they are told to."""
    found = engine(workers=2, scheduler=None)
    there = found.executor.submit(os.getpid).result(timeout=30)
    found.close()

    assert there != os.getpid()
    assert found.slots == 2


@pytest.mark.usefixtures("library")
def test_a_cluster_takes_a_task_for_each_thread() -> None:
    """It is left when the work is done; what it loses is known."""
    found = engine(workers=1, scheduler="tcp://127.0.0.1:8786")
    assert isinstance(found, Cluster)
    answer = found.executor.submit(int, "7").result(timeout=30)
    found.close()

    assert (found.slots, answer) == (8, 7)
    assert found.lost == (KilledWorker, CancelledError)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("address", ["tcp://gone:8786", "http://127.0.0.1"])
def test_a_cluster_that_does_not_answer_is_told(address: str) -> None:
    """The hint shows an address that would do."""
    with pytest.raises(NoEngineError, match=address) as found:
        engine(workers=1, scheduler=address)

    assert (found.value.exit_code, "tcp://" in (found.value.hint or "")) == (78, True)


def test_without_the_extra_the_hint_is_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dask is large, and few need it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NoEngineError, match="not installed") as found:
        engine(workers=1, scheduler="tcp://127.0.0.1:8786")

    assert "hartail[shipper,dask]" in (found.value.hint or "")
