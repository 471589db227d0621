"""How a followed file begins, as far as its lines are those that we read.

A foreign line depends on what stands before it: its id on the fingerprint of the
file, its columns on header lines, its text on the wrapper that the file has. Read
from the disk when a file's lines are first asked about in a run; nothing is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Protocol

from msgspec import Struct

from shipper.fileid import HEADER_BYTES, Head, head_of
from shipper.follow import READ_BYTES
from shipper.model import BOM
from shipper.source.handles import Handles
from shipper.source.sighting import NotAFileError, Sighting, first_bytes
from shipper.source.tracked import Tracked
from shipper.unpack import UnpackError

FIRST_LINES = 200  # as many as tell a format (docs/formats.md)


class Unpacked(Protocol):
    """Bytes of one file by offset, unpacked."""

    def read_at(self, start_bytes: int, count: int) -> bytes:
        """Return up to `count` bytes; fewer at the present end."""
        ...


class Opening(Struct, frozen=True):
    """What a file begins with.

    Attributes:
        digest: Of its fingerprint; empty for a file that has none.
        lines: The first whole lines, at most 200 and 64 KiB of them; none if they
            cannot be had, or stand there no more.
        headers: Every line before the place asked about that begins with ``#``.
    """

    digest: bytes
    lines: tuple[bytes, ...] = ()
    headers: tuple[bytes, ...] = ()


def opening_of(
    tracked: Tracked, handles: Handles, *, headers_before: int | None
) -> Opening:
    """Return how a file begins.

    Args:
        tracked: A file of which lines have been read, or were in an earlier run.
        handles: Opens it if it is not open.
        headers_before: Header lines before this offset are wanted, or None.
    """
    head = tracked.row.head
    try:
        with closing(_sight(tracked, handles)) as sighting:
            return _read(sighting, head, headers_before)
    except (OSError, NotAFileError, UnpackError):
        return Opening(head.digest)


def opening_in(whole: Unpacked) -> Opening:
    """Return how a file begins that is read from its front, and as it is.

    Nobody is expected to append: a last line that lacks its newline counts as a line,
    so that ids are those that it will have.
    """
    first = whole.read_at(0, HEADER_BYTES)
    if len(first) < HEADER_BYTES and not first.endswith(b"\n"):
        first += b"\n"
    return Opening(head_of(first).digest, _first_lines(first))


def head_as_read(tracked: Tracked) -> Head | None:
    """Return the fingerprint of an open plain file, from what was read of it.

    Bytes that stand there now, but not before the reading place, are those of
    another file: our lines were cut away in between.

    Returns:
        None for another file, and for one that is packed or not open.

    Raises:
        OSError: It could not be read.
    """
    stream, follower = tracked.stream, tracked.follower
    if tracked.row.packing or stream is None or follower is None:
        return None
    first = follower.take_first()
    if first is None:
        first = first_bytes(stream)
        place = follower.position
        start = max(0, place.offset_bytes - place.mark.length_bytes)
        before = stream.read_at(start, place.offset_bytes - start)
        if not place.mark.is_at_end_of(before):
            return None
    return head_of(first)


def _read(sighting: Sighting, head: Head, headers_before: int | None) -> Opening:
    if not head.is_known:
        head = sighting.head
    if sighting.head != head:
        # Cut and written anew since its lines were read: these are not theirs.
        return Opening(head.digest)
    stream = sighting.stream
    lines = _first_lines(stream.read_at(0, HEADER_BYTES))
    if headers_before is None:
        return Opening(head.digest, lines)
    return Opening(head.digest, lines, tuple(header_lines(stream, headers_before)))


def _first_lines(first: bytes) -> tuple[bytes, ...]:
    whole, _, _ = first.rpartition(b"\n")
    return tuple(whole.split(b"\n", FIRST_LINES)[:FIRST_LINES]) if whole else ()


def _sight(tracked: Tracked, handles: Handles) -> Sighting:
    """Open a file once more; the name may lead elsewhere, our handle does not."""
    handle = tracked.handle
    if handle is not None:
        return Sighting(tracked.name.path, open_file=lambda *_: os.dup(handle))
    sighting = Sighting(tracked.name.path, open_file=handles.open)
    if sighting.inode != tracked.inode:
        sighting.close()
        raise FileNotFoundError
    return sighting


def header_lines(stream: Unpacked, end_bytes: int) -> Iterator[bytes]:
    """Yield the lines with ``#`` before an offset where a line begins.

    A byte order mark before the first of them is left out.
    """
    at, rest = 0, b""
    while at < end_bytes:
        piece = stream.read_at(at, min(READ_BYTES, end_bytes - at))
        if not piece:
            return
        text = piece if at else piece.removeprefix(BOM)
        at += len(piece)
        *lines, rest = (rest + text).split(b"\n")
        yield from (line for line in lines if line.startswith(b"#"))
        if not rest.startswith(b"#"):
            # Its beginning is all that matters of a line that is no header.
            rest = rest[:1]
