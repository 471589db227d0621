"""What a worker's pipeline takes for its state: every question goes to the parent.

Positions, the registry of files, limits and the log of events are the parent's; here
is nothing but the asking, and a memory of answers that never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from shipper.events import Value
from shipper.fileid import FileRow, Head
from shipper.limits.pace import Wait, body_bytes
from shipper.model import Commit
from shipper.source import Name
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
    Told,
)

# Each worker would say it, and the parent says it for all.
_SAID_BY_THE_PARENT = frozenset({"stopping"})


Answer = TypeVar("Answer")


class Asking(Protocol):
    """The way to the parent; `wire.Wire` in the product."""

    def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer to a question."""
        ...

    def tell(self, note: Told) -> None:
        """Send an event."""
        ...


class RemoteState:
    """Implements the source's catalog and the pipeline's checkpoints."""

    def __init__(self, wire: Asking) -> None:
        self._wire = wire

    def known_files(self) -> list[FileRow]:
        """Return every file of this worker's logs that is not gone."""
        return self._wire.ask(KnownFiles())

    def gone_paths(self) -> Iterable[str]:
        """Return none: the parent has looked, and the tables say where to begin."""
        return ()

    def find_files(self, head: Head) -> list[FileRow]:
        """Return files with this fingerprint that no other worker follows."""
        return self._wire.ask(FindFiles(head))

    def read_up_to(self, pid: int, opened_ns: int) -> int | None:
        """Return the highest number read of a writer, 0 for none, None if unknown."""
        return self._wire.ask(ReadUpTo(pid, opened_ns))

    def claim(self, file_id: str) -> FileRow | None:
        """Take over a file that a backfill has read; None if it is no such file."""
        return self._wire.ask(Claim(file_id))

    def record(
        self,
        *,
        new: Sequence[FileRow] = (),
        changed: Sequence[FileRow] = (),
        counters: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Store new files whole, changed ones without position, in one transaction."""
        self._wire.ask(Record(tuple(new), tuple(changed), tuple(counters)))

    def commit(self, commit: Commit) -> None:
        """Store positions, counters and dead letters in one transaction."""
        self._wire.ask(Save(commit))


class RemoteShare:
    """Implements `shipper.source.Share`."""

    def __init__(self, wire: Asking) -> None:
        # Mutable state: whose each log is; that holds for a worker's life.
        self._wire = wire
        self._is_mine: dict[str, bool] = {}

    def has(self, name: Name) -> bool:
        """Return True if the log that a name belongs to is read here."""
        is_mine = self._is_mine.get(name.base)
        if is_mine is None:
            is_mine = self._wire.ask(IsMine(name.base, name.path))
            self._is_mine[name.base] = is_mine
        return is_mine

    def may_follow(self, inode: tuple[int, int]) -> bool:
        """Return True unless another worker follows the file at this inode."""
        return self._wire.ask(MayFollow(inode))


class RemotePace:
    """Implements the window's pace: one limit for all workers."""

    def __init__(self, wire: Asking) -> None:
        self._wire = wire

    def wait(self, now: float) -> Wait | None:
        """Return why and how long the next request has to wait, or None."""
        return self._wire.ask(MaySend())

    def spend(self, payloads: Sequence[bytes], now: float) -> Wait | None:
        """Note a request that goes out, or return why it may not."""
        return self._wire.ask(Spend(len(payloads), body_bytes(payloads)))


class RemoteEvents:
    """Implements `shipper.events.Events`: the parent writes the log."""

    def __init__(self, wire: Asking) -> None:
        self._wire = wire

    def emit(self, name: str, **fields: Value) -> None:
        """Report one event."""
        if name not in _SAID_BY_THE_PARENT:
            self._wire.tell(Told(name, fields))
