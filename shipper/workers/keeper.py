"""Answers what workers ask, on the one store: the only writer of the state.

Each commit of a worker is stored as a pipeline's of our own would be, in one
transaction, and only then answered. What comes in is a question of a numbered worker;
what goes out is its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from shipper.clock import Clock
from shipper.doors import Checkpoints
from shipper.limits.pace import Wait
from shipper.model import Commit
from shipper.source import Catalog
from shipper.sums import Sums
from shipper.workers.messages import (
    Claim,
    FindFiles,
    IsMine,
    KnownFiles,
    MayFollow,
    MaySend,
    Question,
    ReadUpTo,
    Record,
    Save,
    Spend,
)
from shipper.workers.shares import Shares


class State(Catalog, Checkpoints, Protocol):
    """The catalog and the checkpoints; `store.Store` in the product."""


class Pace(Protocol):
    """How fast all workers together may send."""

    def wait(self, now: float) -> Wait | None:
        """Return why and how long the next request has to wait, or None."""
        ...

    def owe(self, records: int, size_bytes: int, now: float) -> Wait | None:
        """Note a request that goes out, or return why it may not."""
        ...


class Keeper:
    """Keeps state, shares and limits for the workers. Pipeline thread.

    Args:
        state: Written to by nobody else.
        shares: Says whose log is whose.
        pace: Asked for all workers together.
        clock: Paces them.
        on_commit: Called with each commit that has been stored.

    Attributes:
        sums: Lines that workers' commits have settled, by outcome.
    """

    def __init__(
        self,
        *,
        state: State,
        shares: Shares,
        pace: Pace,
        clock: Clock,
        on_commit: Callable[[Commit], None],
    ) -> None:
        # Mutable state: the sums.
        self._state = state
        self._shares = shares
        self._pace = pace
        self._clock = clock
        self._on_commit = on_commit
        self.sums = Sums()

    def answer(self, worker: int, question: Question[object]) -> object:
        """Return the answer to a worker's question.

        Raises:
            StateError: The state could not be used; nothing of it was stored.
        """
        state, shares = self._state, self._shares
        match question:
            case Save() | Record():
                self._store(worker, question)
                return None
            case KnownFiles():
                rows = state.known_files()
                return [row for row in rows if shares.worker_of(row) == worker]
            case FindFiles():
                rows = state.find_files(question.head)
                return [row for row in rows if shares.is_open_to(worker, row)]
            case ReadUpTo():
                return state.read_up_to(question.pid, question.opened_ns)
            case Claim():
                return state.claim(question.file_id)
            case IsMine():
                return shares.whose(question.base, question.path) == worker
            case MayFollow():
                return shares.may_follow(worker, question.inode)
            case MaySend():
                return self._pace.wait(self._clock.monotonic())
            case Spend():
                now = self._clock.monotonic()
                return self._pace.owe(question.records, question.size_bytes, now)
            case _:
                raise TypeError(f"nobody knows the answer to {question!r}")

    def looked(self, worker: int) -> None:
        """Take note that a worker has come round: it asks anew what it may follow."""
        self._shares.looked(worker)

    def gone(self, worker: int, *, for_good: bool) -> None:
        """Take note that a worker's process is gone."""
        self._shares.looked(worker)
        if for_good:
            self._shares.retire(worker)

    def _store(self, worker: int, question: Save | Record) -> None:
        if isinstance(question, Save):
            self._save(worker, question.commit)
        else:
            self._record(worker, question)

    def _save(self, worker: int, commit: Commit) -> None:
        self._shares.looked(worker)
        # A crash before this returns leaves the last position; the worker ends with
        # us, and what it has sent is sent again with the same ids.
        self._state.commit(commit)
        self.sums.count(commit)
        self._on_commit(commit)

    def _record(self, worker: int, question: Record) -> None:
        self._state.record(
            new=question.new, changed=question.changed, counters=question.counters
        )
        self._shares.recorded(worker, (*question.new, *question.changed))
