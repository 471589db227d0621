"""Batches become the parts of a bundle: the sink of an export.

A batch comes in, its log objects go to the open part and their places beside it, and
the batch is settled at once. Parts are packed, bounded, and forced to the disk when
they are closed. Nothing here moves a position, and nothing is sealed here.
"""

from __future__ import annotations

import os
from datetime import datetime

import msgspec
from msgspec import Struct, field

from shipper.airgap.layout import PART_BYTES, PARTS, PLACES, UNPACKED_BYTES, Part
from shipper.airgap.partfile import DIRECTORY_MODE, PENDING_BYTES, OpenPart
from shipper.airgap.writing import told
from shipper.model import Batch, Taken
from shipper.settle import Settlement

ROOM = 4  # batches between two commits: signals are looked at there


class Packer:
    """Implements the pipeline's sink over a directory that is there and empty.

    Args:
        directory: Where the bundle is made.
        max_records: Of a batch; nothing here lowers it.
        part_bytes: Of a packed part at most, unless one record is larger.
        unpacked_bytes: Of a part before packing at most, likewise.
    """

    trouble = ""
    limit = ""  # what stays on this machine is not limited
    posted = 0
    records = 0  # what is written down needs no answer

    def __init__(
        self,
        directory: str,
        *,
        max_records: int,
        part_bytes: int = PART_BYTES,
        unpacked_bytes: int = UNPACKED_BYTES,
    ) -> None:
        # Mutable state, touched by the pipeline thread alone: the open part, those
        # that are closed, files by id, batches that are not committed, and sums.
        self._directory = directory
        self._part_bytes = part_bytes
        self._unpacked_bytes = unpacked_bytes
        self._part: OpenPart | None = None
        self._settled: list[Settlement] = []
        self._numbers: dict[str, int] = {}
        self._first: tuple[datetime, str] | None = None
        self._last: tuple[datetime, str] | None = None
        self.max_records = max_records
        self.packed_records = 0
        self.parts: list[Part] = []
        with told(directory):
            for name in (PARTS, PLACES):
                os.mkdir(os.path.join(directory, name), DIRECTORY_MODE)

    @property
    def is_empty(self) -> bool:
        """True when every admitted batch has been committed."""
        return not self._settled

    def taken(self) -> frozenset[Taken]:
        """Return nothing: an export is never paused."""
        return frozenset()

    def abandon_retries(self) -> None:
        """Do nothing: no dead letter is exported."""

    @property
    def has_room(self) -> bool:
        """True when one more batch may be admitted."""
        return len(self._settled) < ROOM

    @property
    def file_ids(self) -> tuple[str, ...]:
        """Files by the number that places call them by."""
        return tuple(self._numbers)

    @property
    def first(self) -> str | None:
        """The earliest moment of a record, as it stands in one."""
        return None if self._first is None else self._first[1]

    @property
    def last(self) -> str | None:
        """The latest moment of a record, as it stands in one."""
        return None if self._last is None else self._last[1]

    def admit(self, batch: Batch) -> None:
        """Write a batch down.

        Raises:
            CannotWriteError: The disk is full or failing; the bundle is of no use.
        """
        for entry, place in zip(batch.entries, batch.places, strict=True):
            part = self._part_for(len(entry.payload))
            number = self._numbers.setdefault(place.file_id, len(self._numbers))
            part.write(entry.payload, number, place)
            self._note_moment(entry.payload)
            self.packed_records += 1
        self._settled.append(
            Settlement(
                spans=batch.spans,
                dead_letters=batch.rejects,
                refused=(),
                counters=batch.counters,
                runs=batch.runs,
            )
        )

    def turn(self, now: float, *, may_post: bool = True) -> None:
        """Do nothing: what is written down needs no answer."""

    def due_in(self, now: float) -> float | None:
        """Return None: nothing is posted."""
        return None

    def settled(self) -> list[Settlement]:
        """Return what became of the batches that are not committed."""
        return list(self._settled)

    def leave(self, count: int) -> None:
        """Forget the first `count` of them: their commit is held."""
        del self._settled[:count]

    def finish(self) -> None:
        """Close the open part; all of it is on the disk then.

        Raises:
            CannotWriteError: The disk is full or failing.
        """
        if self._part is not None:
            self.parts.append(self._part.close())
            self._part = None

    def close(self) -> None:
        """Let go of a part that is still open; it is of no use."""
        if self._part is not None:
            self._part.abandon()
            self._part = None

    def _part_for(self, size_bytes: int) -> OpenPart:
        part = self._part
        if part is not None and (
            part.packed_bytes + PENDING_BYTES + size_bytes > self._part_bytes
            or part.unpacked_bytes + size_bytes > self._unpacked_bytes
        ):
            self.finish()
        if self._part is None:
            self._part = OpenPart(self._directory, len(self.parts) + 1)
        return self._part

    def _note_moment(self, payload: bytes) -> None:
        try:
            (entry,) = msgspec.json.decode(payload, type=_Object).request.log.entries
            moment = datetime.fromisoformat(entry.started)
            found = moment, entry.started
            if self._first is None or moment < self._first[0]:
                self._first = found
            if self._last is None or moment > self._last[0]:
                self._last = found
        except (msgspec.DecodeError, ValueError, TypeError):
            # A moment that no calendar has is the receiver's to refuse.
            return


class _Entry(Struct):
    started: str = field(name="startedDateTime")


class _Log(Struct):
    entries: tuple[_Entry, ...]


class _Request(Struct):
    log: _Log


class _Object(Struct):
    request: _Request
