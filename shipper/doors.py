"""What the pipeline asks of its neighbours, and nothing more than that.

Each is a protocol, declared here for `pipeline` alone; those who fulfil one do not know
it. Their order is that of a line's way: read, shaped, sent, committed.
"""

from __future__ import annotations

from typing import Protocol

from shipper.model import Batch, Commit, Item, Line, Taken, Unsettled
from shipper.record import UnknownVersion
from shipper.settle import Settlement


class Shape(Protocol):
    """What says what a line becomes; `Shaper` in the product."""

    def shape(self, line: Line) -> Item | UnknownVersion | Unsettled:
        """Return the line's item."""
        ...


class Source(Protocol):
    """The set of followed files, as one stream of lines."""

    def look(self) -> None:
        """Refresh what is known of the files from the disk."""
        ...

    def next_line(self) -> Line | None:
        """Return the next whole line, or None when there is none now."""
        ...

    def stop_file(self, file_id: str, why: str) -> None:
        """Read no further in this file; its position stays."""
        ...


class Sink(Protocol):
    """Where batches go: `Window` in the product, a directory for an air gap."""

    @property
    def max_records(self) -> int:
        """How many records a batch may hold."""
        ...

    @property
    def is_empty(self) -> bool:
        """True when every admitted batch has been committed."""
        ...

    @property
    def trouble(self) -> str:
        """Why batches do not flow, in words, or nothing."""
        ...

    @property
    def posted(self) -> int:
        """How many requests are out."""
        ...

    @property
    def limit(self) -> str:
        """The name of the limit that a batch waits for, or nothing."""
        ...

    @property
    def records(self) -> int:
        """How many records have no answer yet."""
        ...

    @property
    def has_room(self) -> bool:
        """True when one more batch may be admitted."""
        ...

    def taken(self) -> frozenset[Taken]:
        """Return the records that were delivered and are not committed."""
        ...

    def abandon_retries(self) -> None:
        """Leave dead letters that are not answered to whoever asks again."""
        ...

    def admit(self, batch: Batch) -> None:
        """Take a batch."""
        ...

    def turn(self, now: float, *, may_post: bool = True) -> None:
        """Take in every answer, then post what is due."""
        ...

    def due_in(self, now: float) -> float | None:
        """Return the seconds until a post is due, or None."""
        ...

    def settled(self) -> list[Settlement]:
        """Return what became of the batches at the front that are finished."""
        ...

    def leave(self, count: int) -> None:
        """Forget the first `count` of them: their commit has been stored."""
        ...


class Watch(Protocol):
    """The hint that it is time to look again."""

    def pause_seconds(self, *, found_lines: bool) -> float:
        """Return how long to rest before the next look."""
        ...


class Desk(Protocol):
    """Where others ask for dead letters to be sent again, or forgotten."""

    @property
    def is_idle(self) -> bool:
        """True when nobody waits for an answer."""
        ...

    def turn(self, now: float) -> Batch | None:
        """Carry out what was asked; return letters to be sent again, or None."""
        ...

    def committed(self, commit: Commit) -> None:
        """Take note of what has been stored."""
        ...

    def rest(self, seconds: float) -> None:
        """Wait, or until somebody asks or wakes the clock."""
        ...


class Checkpoints(Protocol):
    """The one place that moves positions."""

    def commit(self, commit: Commit) -> None:
        """Store positions, counters and dead letters in one transaction."""
        ...
