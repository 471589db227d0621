"""Gather items into batches: pure bookkeeping, no I/O and no clock of its own.

Lines come in with what they became, in the order read; batches come out that
partition them in that same order. Every line is in exactly one span of exactly
one batch, entries or not, so a position can move over skipped lines too.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from shipper.model import (
    BLANK,
    PART,
    Batch,
    DeadLetter,
    Entry,
    Item,
    Line,
    LinePlace,
    Reject,
    Span,
)
from shipper.runs import Runs

TAIL_BYTES = 256  # enough to tell a place in a log from another, cheap to re-read
LINES_PER_RECORD = 10  # a batch of skipped lines closes after this many a record


class Batcher:
    """Closes a batch by count, bytes or age.

    Args:
        max_records: Most entries in one batch.
        max_bytes: Most bytes in one request body; a larger record goes alone.
        buffer_length: As soon as this many entries wait, they may be sent.
        max_age_seconds: How long the first waiting line waits at most.
        keep_bytes: How much of an unreadable line its dead letter holds.

    Attributes:
        is_full: The open batch must be taken before the next line.
    """

    def __init__(
        self,
        *,
        max_records: int,
        max_bytes: int,
        buffer_length: int,
        max_age_seconds: float,
        keep_bytes: int = 0,
    ) -> None:
        # Mutable state: the open batch, and how many records it may hold.
        # Touched by the pipeline thread alone.
        self._most_records = self._max_records = max_records
        self._max_bytes = max_bytes
        self._buffer_length = buffer_length
        self._max_age_seconds = max_age_seconds
        self._keep_bytes = keep_bytes
        self._reset()

    def _reset(self) -> None:
        self._entries: list[Entry] = []
        self._places: list[LinePlace] = []
        self._spans: dict[str, _OpenSpan] = {}
        self._rejects: list[DeadLetter] = []
        self._counters: Counter[str] = Counter()
        self._runs = Runs()
        self._size_bytes = 2  # the brackets of the JSON array
        self._lines = 0
        self._opened_at = 0.0
        self._is_open = False
        self.is_full = False

    @property
    def is_empty(self) -> bool:
        """True while no line waits."""
        return self._lines == 0

    def has_room_for(self, item: Item) -> bool:
        """Tell whether `item` may join the open batch."""
        return (
            type(item) is not Entry
            or self._size_bytes + len(item.payload) < self._max_bytes
            or not self._entries
            or self._is_open
        )

    def add(self, line: Line, item: Item, now: float) -> None:
        """Take a line and what it became; `now` is monotonic seconds."""
        if self._lines == 0:
            self._opened_at = now
        self._lines += 1
        self._is_open = line.is_open
        span = self._spans.get(line.file_id)
        if (
            span is None
            or line.start_bytes < span.start_bytes
            or line.parts > 1
            or line.is_torn
        ):
            span = self._span_from(line)
        span.last = line
        if item.w is not None or item.dropped:
            self._runs.note(line.file_id, item.w, item.dropped)
        # Not by `match`, which asks twice as much of every line.
        if isinstance(item, Entry):
            span.entries += 1
            self._entries.append(item)
            self._places.append(
                LinePlace(line.file_id, line.start_bytes, line.end_bytes)
            )
            self._size_bytes += len(item.payload) + 1
            if item.withheld or item.suspicions:
                self._count_oddities(item)
        elif isinstance(item, Reject):
            span.rejected += 1
            self._counters[f"rejected:{item.reason}"] += 1
            self._rejects.append(_unreadable(line, item, self._keep_bytes))
        elif item.reason == BLANK:
            span.blank += 1
        else:
            span.skipped += 1
            self._counters[f"skipped:{item.reason}"] += 1
        self.is_full = not line.is_open and (
            len(self._entries) >= self._max_records
            or self._size_bytes >= self._max_bytes
            or self._lines >= self._max_records * LINES_PER_RECORD
        )

    def _count_oddities(self, item: Entry) -> None:
        for reason in item.withheld:
            self._counters[f"withheld:{reason}"] += 1
        for kind in {each.kind for each in item.suspicions}:
            self._counters[f"detected:{kind}"] += 1

    def is_ready(self, now: float) -> bool:
        """True when the waiting entries are enough, or old enough, to be sent."""
        if self._lines == 0 or self._is_open:
            return False
        return (
            len(self._entries) >= self._buffer_length
            or now - self._opened_at >= self._max_age_seconds
        )

    def due_in(self, now: float) -> float | None:
        """Return the seconds until the open batch is due by age, or None if empty."""
        if self._lines == 0:
            return None
        return max(0.0, self._opened_at + self._max_age_seconds - now)

    def take(self) -> Batch | None:
        """Close the open batch and return it.

        None when no line waits, or no position may rest after the last one.
        """
        if self._lines == 0 or self._is_open:
            return None
        batch = Batch(
            entries=tuple(self._entries),
            places=tuple(self._places),
            spans=tuple(span.close() for span in self._spans.values()),
            rejects=tuple(self._rejects),
            counters=tuple(sorted((self._counters + self._runs.losses).items())),
            size_bytes=self._size_bytes,
            runs=self._runs.close(),
        )
        self._reset()
        return batch

    def _span_from(self, line: Line) -> _OpenSpan:
        """Return the span of a line that begins it, joins others or has no newline."""
        span = self._spans.get(line.file_id)
        if span is None:
            span = self._spans[line.file_id] = _OpenSpan(line)
        elif line.start_bytes < span.start_bytes:
            span.begin_at(line)
        span.torn += line.is_torn
        if line.parts > 1:
            span.skipped += line.parts - 1
            self._counters[f"skipped:{PART}"] += line.parts - 1
        return span

    def limit(self, max_records: int) -> None:
        """Make batches no larger than this from now on: as the receiver takes them."""
        self._max_records = max(1, min(self._most_records, max_records))


class _OpenSpan:
    """A span that still grows."""

    __slots__ = (
        "blank",
        "crc_before",
        "entries",
        "last",
        "rejected",
        "skipped",
        "start_bytes",
        "torn",
    )

    def __init__(self, line: Line) -> None:
        self.begin_at(line)
        self.last = line
        self.entries = 0
        self.skipped = 0
        self.rejected = 0
        self.blank = 0
        self.torn = 0

    def begin_at(self, line: Line) -> None:
        self.start_bytes = line.start_bytes
        self.crc_before = line.crc_before

    def close(self) -> Span:
        last = self.last
        return Span(
            file_id=last.file_id,
            start_bytes=self.start_bytes,
            end_bytes=last.end_bytes,
            crc_before=self.crc_before,
            crc_after=last.crc_after,
            tail=tail_of(last),
            entries=self.entries,
            skipped=self.skipped,
            rejected=self.rejected,
            blank=self.blank,
            torn=self.torn,
        )


def tail_of(line: Line) -> bytes:
    """Return the marker of the position after `line`: its last bytes on disk.

    Empty when the line's bytes were not kept; the position is then found by
    file identity alone.
    """
    if line.fault is not None:
        return b""
    return (line.data + b"\n")[-TAIL_BYTES:]


def _unreadable(line: Line, item: Reject, keep_bytes: int) -> DeadLetter:
    if line.fault is None:
        digest, length = sha256(line.data).hexdigest(), len(line.data)
    else:
        digest = line.fault.sha256
        length = line.end_bytes - line.start_bytes
    kept = line.data if item.shown is None else item.shown
    return DeadLetter(
        place=LinePlace(line.file_id, line.start_bytes, line.end_bytes),
        id=None,
        reason=item.reason,
        detail=item.detail,
        payload=None,
        sha256=digest,
        length_bytes=length,
        excerpt=kept[:keep_bytes] if keep_bytes else None,
    )
