"""One open file, read line by line from a position.

A `Follower` hands out whole lines with their offsets and checksums, verifies
before every block that the bytes before its position are still the ones it read
(truncation and regrowth show there), and never holds more than one block. It
moves its own reading place only; what is committed is the store's business.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import Protocol
from zlib import crc32

from msgspec import Struct

from shipper.fileid import HEADER_BYTES, MARK_BYTES, Mark, mark_of
from shipper.long_line import PREFIX_BYTES, LongLine
from shipper.model import Line, LineFault

READ_BYTES = 262_144
MAX_LINE_BYTES = 1_048_576
TOO_LONG = "too-long"
TORN = "torn"
# A line of gigabytes must not keep the other files waiting.
LONG_TURN_BYTES = 8 * 1_048_576
_NUL = 0


class ContentChangedError(Exception):
    """The bytes before the position are no longer there: truncated or replaced."""


class Stream(Protocol):
    """Bytes of one file by offset, unpacked."""

    @property
    def is_complete(self) -> bool:
        """True if no byte will ever follow the last one."""
        ...

    def read_at(self, start_bytes: int, count: int) -> bytes:
        """Return up to `count` bytes; fewer at the present end."""
        ...


class PlainStream:
    """The bytes of an open file as they are."""

    is_complete = False

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read_at(self, start_bytes: int, count: int) -> bytes:
        """Return up to `count` bytes; fewer at the present end."""
        return os.pread(self._handle, count, start_bytes)


class Position(Struct, frozen=True, gc=False):
    """Where reading goes on, and how to tell that it is the right place."""

    offset_bytes: int = 0
    crc: int = 0
    mark: Mark = Mark()


class Follower:
    """Reads one stream onward from a position.

    Args:
        file_id: Goes into every line.
        stream: Where the bytes come from; the caller closes its handle.
        position: Where to begin; the CRC chain goes on from there.
        max_line_bytes: A longer line becomes a fault and is never held whole.
        read_bytes: Size of a block.
    """

    def __init__(
        self,
        file_id: str,
        stream: Stream,
        *,
        position: Position,
        max_line_bytes: int = MAX_LINE_BYTES,
        read_bytes: int = READ_BYTES,
    ) -> None:
        # Mutable state: the reading place; `_tail` holds the bytes before it as
        # soon as they were read once. One thread. The chain in `_crc` is behind
        # `_offset` until the lines of the present block have been taken.
        self._file_id = file_id
        self._stream = stream
        self._offset = position.offset_bytes
        self._crc = position.crc
        self._mark = position.mark
        self._tail: bytes | None = None
        self._first: bytes | None = None
        self._long: LongLine | None = None
        self._reach = position.offset_bytes
        self._max_line_bytes = max_line_bytes
        self._read_bytes = min(read_bytes, max_line_bytes + 1)

    @property
    def position(self) -> Position:
        """The place after the last line handed out."""
        mark = self._mark if self._tail is None else mark_of(self._tail)
        return Position(self._offset, self._crc, mark)

    @property
    def offset_bytes(self) -> int:
        """Where the next line begins."""
        return self._offset

    @property
    def reach_bytes(self) -> int:
        """How far the file has been seen; with nothing beyond, waiting is all."""
        return self._reach

    @property
    def first(self) -> bytes | None:
        """What `take_first` would return."""
        return self._first

    def take_first(self) -> bytes | None:
        """Return what the stream began with when it was last read from its start.

        None if it was not, or if that was asked before. Read again, the first bytes
        may be others than those the lines came from.
        """
        first, self._first = self._first, None
        return first

    def read(self, *, is_final: bool = False) -> Iterator[Line] | None:
        """Return the lines of the next block, to be taken before the next call.

        Args:
            is_final: Nobody will append: what follows the last newline is a line.

        Returns:
            None when there is no whole line now; an empty iterator when a line of
            gigabytes has been read some way on.

        Raises:
            ContentChangedError: What was read before is not there any more.
            OSError: The read failed.
        """
        if self._long is not None:
            return self._read_on(self._long, is_final=is_final)
        raw, start = self._block(self._read_bytes)
        is_full = len(raw) - start == self._read_bytes
        if is_full and raw.find(b"\n", start) < 0 and raw[start] != _NUL:
            raw, start = self._block(self._max_line_bytes + 1)
        stop = raw.rfind(b"\n", start) + 1
        if stop == 0:
            stop = start
            waiting = len(raw) - start
            if waiting >= self._read_bytes and raw[start] == _NUL:
                # A hole that fills the block; a short run may be a write that
                # is not all here yet.
                stop = _end_of_nuls(raw, start)
            elif waiting > self._max_line_bytes:
                self._long = LongLine(
                    self._offset, self._crc, raw[start : start + PREFIX_BYTES]
                )
                return self._read_on(self._long, is_final=is_final)
            elif is_final and waiting > 0:
                return iter((self._torn(raw, start),))
        if stop == start:
            return None
        lines = self._lines(raw, start, stop, self._offset - start)
        self._move_to(
            self._offset + stop - start, raw[max(0, stop - MARK_BYTES) : stop]
        )
        return lines

    def _block(self, count: int) -> tuple[bytes, int]:
        """Return bytes that begin with those before the position, and where it is."""
        known = self._mark.length_bytes if self._tail is None else len(self._tail)
        start = min(known, self._offset)
        raw = self._stream.read_at(self._offset - start, start + count)
        if self._tail is not None:
            is_same = raw.startswith(self._tail)
        else:
            is_same = len(raw) >= start and self._mark.is_at_end_of(raw[:start])
        if not is_same:
            raise ContentChangedError
        if self._tail is None:
            self._tail = raw[:start]
        self._reach = self._offset - start + len(raw)
        if self._offset == 0:
            self._first = raw[:HEADER_BYTES]
        return raw, start

    def _lines(self, raw: bytes, start: int, stop: int, base: int) -> Iterator[Line]:
        """Yield the lines of ``raw[start:stop]``; `base` is the offset of raw[0]."""
        # Hoisted names: this loop runs once a line.
        file_id, find, view = self._file_id, raw.find, memoryview(raw)
        longest = self._max_line_bytes
        crc = self._crc
        while start < stop:
            if raw[start] == _NUL:
                end = _end_of_nuls(raw, start)
                after = crc32(view[start:end], crc)
                line = Line(file_id, base + start, base + end, crc, after, b"")
            else:
                end = find(b"\n", start) + 1
                after = crc32(view[start:end], crc)
                text = raw[start : end - 1]
                fault = None
                if end - start > longest + 1:
                    fault = LineFault(TOO_LONG, sha256(text).hexdigest())
                    text = text[:PREFIX_BYTES]
                # By position: it costs half as much.
                line = Line(
                    file_id,
                    base + start,
                    base + end,
                    crc,
                    after,
                    text,
                    fault,
                    1,
                    False,
                    raw,
                    start,
                )
            self._crc = crc = after
            start = end
            yield line

    def _torn(self, raw: bytes, start: int) -> Line:
        """Take the rest of a file that will never get its last newline."""
        text = raw[start:]
        before, crc = self._offset, self._crc
        self._crc = crc32(text, crc)
        self._move_to(before + len(text), raw[-MARK_BYTES:])
        fault = LineFault(TORN, sha256(text).hexdigest())
        return Line(
            self._file_id,
            before,
            self._offset,
            crc,
            self._crc,
            text,
            fault,
            is_torn=True,
        )

    def _read_on(self, line: LongLine, *, is_final: bool) -> Iterator[Line] | None:
        limit = line.at_bytes + LONG_TURN_BYTES
        is_whole = False
        while not is_whole and line.at_bytes < limit:
            piece = self._stream.read_at(line.at_bytes, self._read_bytes)
            if not piece:
                break
            is_whole = line.feed(piece)
            self._reach = max(self._reach, line.at_bytes)
        else:
            if not is_whole:
                return iter(())
        if not is_whole and not is_final:
            return None
        self._long = None
        fault = LineFault(TOO_LONG, line.digest.hexdigest())
        before, crc = self._offset, self._crc
        self._crc = line.crc
        self._move_to(line.at_bytes, line.ending)
        return iter(
            (
                Line(
                    self._file_id,
                    before,
                    self._offset,
                    crc,
                    self._crc,
                    line.prefix,
                    fault,
                    is_torn=not is_whole,
                ),
            )
        )

    def _move_to(self, offset_bytes: int, tail: bytes) -> None:
        self._offset = offset_bytes
        self._tail = tail


def _end_of_nuls(raw: bytes, start: int) -> int:
    return len(raw) - len(raw[start:].lstrip(b"\0"))
