"""A file as it stands on disk now: opened, told apart, compared.

`Sighting` opens a candidate once and answers what the census asks: is it a
regular file, how is it packed, what is its fingerprint, does this row's marker
stand in it. It reads a few kilobytes (of a packed file: up to the marker) and
changes nothing.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator

from shipper.fileid import (
    HEAD_BYTES,
    HEADER_BYTES,
    MARK_BYTES,
    STRONG_HEAD_BYTES,
    FileRow,
    head_of,
    header_end,
    mark_of,
)
from shipper.follow import PlainStream, Position, Stream
from shipper.gaps import may_be_ours
from shipper.serials import SERIAL_BYTES, serial_in
from shipper.unpack import PackedStream, packing_of

OpenFile = Callable[[str, int], int]
ReadUpTo = Callable[[int, int], int | None]  # of a writer, by pid and time of opening
# O_NONBLOCK: a FIFO put at the path must not hang us between stat and open.
OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_COMPARED_BYTES = 65_536
# So much without a number, and the log is no writer's of ours.
_MOST_UNNUMBERED_BYTES = 1_048_576
_MOST_WRITERS = 1_000  # more are no application's; each is asked for
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


class NotAFileError(Exception):
    """The path names something that cannot be followed; the message says what."""


def kind_of(mode: int) -> str:
    """Return what a file mode stands for, in words."""
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "no file")


class Sighting:
    """One open candidate.

    Raises:
        OSError: It cannot be opened or read.
        NotAFileError: It is no regular file.
        UnpackError: It is packed in a way nothing installed can unpack.
    """

    def __init__(self, path: str, *, open_file: OpenFile = os.open) -> None:
        # Mutable state: the handle, until `close`.
        self.path = path
        self._handle = open_file(path, OPEN_FLAGS)
        try:
            self._facts = _facts_of_regular(self._handle)
            self.packing = ""
            self._stream: PlainStream | PackedStream = PlainStream(self._handle)
            first = first_bytes(self._stream)
            # Of one read: an archive may be empty when we look, and begun a moment
            # later.
            if packing := packing_of(first):
                self.packing = packing
                self._stream = PackedStream(self._handle, packing)
                first = first_bytes(self._stream)
            self.head = head_of(first)
        except BaseException:
            os.close(self._handle)
            raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    @property
    def inode(self) -> tuple[int, int]:
        """Device and inode number."""
        return self._facts.st_dev, self._facts.st_ino

    @property
    def size_bytes(self) -> int:
        """Length on disk."""
        return self._facts.st_size

    @property
    def mtime_ns(self) -> int:
        """Time of the last change."""
        return self._facts.st_mtime_ns

    @property
    def stream(self) -> PlainStream | PackedStream:
        """Its bytes, unpacked, while it is open."""
        return self._stream

    @property
    def is_begun(self) -> bool:
        """True if it can be told from others, or will never be told better.

        So it is with a first line, with a hole at the front, and with an archive
        that is complete or damaged.
        """
        stream = self._stream
        if self.head.is_known or stream.is_complete:
            return True
        if isinstance(stream, PackedStream) and stream.damage is not None:
            return True
        return self._stream.read_at(0, 1) == b"\0"

    def holds(self, row: FileRow) -> bool:
        """Return True if the row's position exists here, with its marker before it."""
        start = max(0, row.offset_bytes - row.mark.length_bytes)
        before = self._stream.read_at(start, row.offset_bytes - start)
        return len(before) == row.offset_bytes - start and row.mark.is_at_end_of(before)

    def is_copy_of(self, other: Sighting) -> bool:
        """Return True if one of the two begins with the other, going by samples."""
        if self.head != other.head or not self.head.is_known:
            return False
        mine = self._stream.read_at(0, _COMPARED_BYTES)
        theirs = other._stream.read_at(0, _COMPARED_BYTES)
        shared = min(len(mine), len(theirs))
        if mine[:shared] != theirs[:shared]:
            return False
        # Many unrelated files have the same header.
        if shared - header_end(mine) < STRONG_HEAD_BYTES:
            return False
        if self.packing or other.packing or shared < _COMPARED_BYTES:
            return True
        end = min(self.size_bytes, other.size_bytes)
        start = end - MARK_BYTES
        return self._stream.read_at(start, MARK_BYTES) == other._stream.read_at(
            start, MARK_BYTES
        )

    def nul_before(self, row: FileRow) -> int | None:
        """Return where a NUL stands in what the row's marker is of; None if none does.

        A power failure leaves them in place of bytes that were not on the disk yet.
        """
        start = max(0, row.offset_bytes - row.mark.length_bytes)
        before = self._stream.read_at(start, row.offset_bytes - start)
        at = before.rfind(b"\0")
        return None if at < 0 else start + at

    def last_place(self, before: int | None = None) -> Position:
        """Return the position after the last newline of a plain file.

        Args:
            before: Of what stands before this offset; None for all of it.
        """
        end = self.size_bytes if before is None else before
        while end > 0:
            start = max(0, end - _COMPARED_BYTES)
            newline = self._stream.read_at(start, end - start).rfind(b"\n")
            if newline >= 0:
                return self._place_at(start + newline + 1)
            end = start
        return Position()

    def place_read(
        self, before: int, read_up_to: ReadUpTo, *, guesses: bool
    ) -> Position | None:
        """Return the position after the last line that was read of a plain file.

        None if the numbers of its lines tell of none that was added since; nor do they
        in the log of another program.

        Args:
            before: Offset of the first byte that is not looked at; a line begins there.
            read_up_to: Returns the highest number that was read of a writer.
            guesses: Take a writer that nobody knows any more for one that was read;
                otherwise nothing is told once a line of it is met.
        """
        known: dict[tuple[int, int], int | None] = {}
        are_added = False
        for first, behind in _lines_backwards(self._stream, before):
            serial = serial_in(first)
            if serial is None or not may_be_ours(serial):
                if not are_added and before - behind > _MOST_UNNUMBERED_BYTES:
                    return None
                continue
            writer = serial.pid, serial.opened_ns
            if writer not in known:
                known[writer] = read_up_to(*writer)
            highest = known[writer]
            if (highest is None and not guesses) or len(known) > _MOST_WRITERS:
                return None
            if highest is None or serial.number <= highest:
                return self._place_at(behind) if are_added else None
            are_added = True
        return None

    def _place_at(self, offset: int) -> Position:
        before = max(0, offset - MARK_BYTES)
        return Position(
            offset, 0, mark_of(self._stream.read_at(before, offset - before))
        )


def _lines_backwards(stream: Stream, before: int) -> Iterator[tuple[bytes, int]]:
    """Yield how each line begins, and the offset behind it; the last one first.

    Args:
        stream: Where they are, each with its newline.
        before: The offset behind the last one.
    """
    behind, first = before, b""
    end = before - 1  # the last newline begins no line
    while end > 0:
        start = max(0, end - _COMPARED_BYTES)
        raw = stream.read_at(start, end - start)
        stop = len(raw)
        if stop < end - start:
            return  # it is cut once more while we look
        while (newline := raw.rfind(b"\n", 0, stop)) >= 0:
            begin = newline + 1
            # What was kept belongs to the line that goes on behind these bytes.
            yield raw[begin : min(stop, begin + SERIAL_BYTES)] + first, behind
            behind, first, stop = start + begin, b"", newline
        first = (raw[: min(stop, SERIAL_BYTES)] + first)[:SERIAL_BYTES]
        end = start
    if behind > 0:
        yield first, behind


def first_bytes(stream: Stream) -> bytes:
    """Return as much of a stream's beginning as a fingerprint is made of."""
    first = stream.read_at(0, HEAD_BYTES)
    return stream.read_at(0, HEADER_BYTES) if first.startswith(b"#") else first


def _facts_of_regular(handle: int) -> os.stat_result:
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        raise NotAFileError(kind_of(facts.st_mode))
    return facts


def is_out_of_handles(error: OSError) -> bool:
    """Return True if the process or the system has no descriptor left."""
    return error.errno in {errno.EMFILE, errno.ENFILE}
