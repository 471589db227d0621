"""How a file is known again, whatever its name, inode or packing is today.

A `FileRow` is what the state database remembers of one file. Its fingerprint
(`Head`) and inode say where to look; its `Mark`, a hash of the bytes just before
the position, says whether the place found is the right one. Nothing here opens
a file: bytes come in, verdicts go out.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b, sha256

from msgspec import Struct
from msgspec.structs import replace

HEAD_BYTES = 4096
# Bytes read to find the fingerprint behind a long `#` header.
HEADER_BYTES = 65_536
# A shorter first line (`\n`, `{}`) may be shared by unrelated files.
STRONG_HEAD_BYTES = 64
# One that more files share than this tells of none of them.
MOST_ALIKE = 16
MARK_BYTES = 256


class FileState(StrEnum):
    """Where a file stands in its life."""

    OPEN = "open"  # may still grow under a name somebody writes to
    ROTATED = "rotated"  # carries a rotated name; unread or unsent bytes may be left
    DONE = "done"  # rotated, and everything in it is committed
    GONE = "gone"  # no longer on disk, or another file took its place
    HISTORY = "history"  # read by a backfill; nobody follows it


class Head(Struct, frozen=True, gc=False):
    """The fingerprint: SHA-256 of the first line's first 4096 bytes.

    `#` header lines before it are left out. Length 0: the file has none yet.
    """

    length_bytes: int = 0
    digest: bytes = b""

    @property
    def is_known(self) -> bool:
        """True once the first line was whole, or long enough."""
        return self.length_bytes > 0

    @property
    def is_strong(self) -> bool:
        """True if two unrelated files are unlikely to share it."""
        return self.length_bytes >= STRONG_HEAD_BYTES

    def tells_among(self, files: int) -> bool:
        """Return True if it says anything when so many files have it.

        Each of them has to be opened and compared; a short one is no more than a hint.
        """
        return self.is_strong or (self.is_known and files <= MOST_ALIKE)


class Mark(Struct, frozen=True, gc=False):
    """The last bytes before a position, as length and BLAKE2b-128 hash.

    Length 0: there is no marker (position 0, or the line's bytes were not kept).
    """

    length_bytes: int = 0
    digest: bytes = b""

    def is_at_end_of(self, before: bytes) -> bool:
        """Return True if `before` (the bytes up to the position) ends with this.

        Two lines have a marker that is not on disk byte for byte: a torn last
        line is marked with the newline it lacks, and a run of NULs counts as a
        blank line.
        """
        length = self.length_bytes
        if length == 0:
            return True
        on_disk = before[-length:]
        if len(on_disk) == length and _digest(on_disk) == self.digest:
            return True
        if length == 1:
            return before[-1:] == b"\0"
        shorter = before[-(length - 1) :]
        return not before.endswith(b"\n") and _digest(shorter + b"\n") == self.digest


class Cut(Struct, frozen=True, gc=False):
    """Where a file ended that had lost its end: behind its last whole line.

    Attributes:
        offset_bytes: Whatever stands beyond it was added later.
        mark: What stands just before it.
    """

    offset_bytes: int
    mark: Mark


class FileRow(Struct, frozen=True, kw_only=True, gc=False):
    """What is remembered of one file; positions are in the unpacked stream.

    Attributes:
        file_id: A random UUID; the name of the file in every other table.
        path: Where it was last seen.
        dev: Device number at that time; `ino` is the inode number.
        head: Its fingerprint.
        start_bytes: Where reading began (`read_from = "end"`, or after a shrink).
        offset_bytes: Everything before it is committed.
        crc: CRC-32 chain from `start_bytes` to `offset_bytes`.
        mark: What stands just before `offset_bytes`.
        cut: Where it was cut while lines read beyond that were under way; None once
            reading has gone on from there, and for any other file.
        size_bytes: Last known length, unpacked; None for an archive that was not
            read to its end yet.
        mtime_ns: Last known time of change.
        packing: Empty, or ``gzip``, ``bz2``, ``xz``, ``zstd``.
        first_seen: ISO 8601, UTC; `last_seen` likewise.
    """

    file_id: str
    path: str
    dev: int
    ino: int
    head: Head = Head()
    start_bytes: int = 0
    offset_bytes: int = 0
    crc: int = 0
    mark: Mark = Mark()
    cut: Cut | None = None
    size_bytes: int | None = 0
    mtime_ns: int = 0
    state: FileState = FileState.OPEN
    packing: str = ""
    first_seen: str = ""
    last_seen: str = ""

    @property
    def is_distinct(self) -> bool:
        """True if what it tells of the content is unlikely to be true of another file.

        A short first line alone is not enough; with the last bytes before the position,
        at their very place, it is.
        """
        known = min(self.offset_bytes, self.head.length_bytes + self.mark.length_bytes)
        return self.head.is_strong or (
            self.head.is_known and known >= STRONG_HEAD_BYTES
        )

    @property
    def is_passed_over(self) -> bool:
        """True for an archive from before the start (`read_from = "end"`).

        Nobody reads it, and where it ends is not known without unpacking it: it is
        done at its front.
        """
        is_done = self.state is FileState.DONE
        return is_done and bool(self.packing) and self.offset_bytes == 0


def at_cut(row: FileRow) -> FileRow:
    """Return the row as of where its file was cut, if that is before its position."""
    cut = row.cut
    if cut is None or cut.offset_bytes >= row.offset_bytes:
        return row
    return replace(row, offset_bytes=cut.offset_bytes, crc=0, mark=cut.mark)


def head_of(first: bytes) -> Head:
    """Return the fingerprint of a file whose stream begins with `first`.

    Unknown while the first line is neither whole nor 4096 bytes long, and for a
    file that begins with NULs (a hole left by somebody's truncation).
    """
    start = header_end(first)
    newline = first.find(b"\n", start, start + HEAD_BYTES)
    if newline >= 0:
        line = first[start : newline + 1]
    elif len(first) - start >= HEAD_BYTES:
        line = first[start : start + HEAD_BYTES]
    else:
        return Head()
    if line.startswith(b"\0"):
        return Head()
    return Head(len(line), sha256(line).digest())


def header_end(first: bytes) -> int:
    """Return where the first line begins that is no `#` header, or the end."""
    start = 0
    while first.startswith(b"#", start):
        newline = first.find(b"\n", start)
        if newline < 0:
            return len(first)
        start = newline + 1
    return start


def mark_of(tail: bytes) -> Mark:
    """Return the marker for a position that stands just after `tail`."""
    tail = tail[-MARK_BYTES:]
    return Mark(len(tail), _digest(tail)) if tail else Mark()


def _digest(tail: bytes) -> bytes:
    return blake2b(tail, digest_size=16).digest()
