"""One line read again from where it once stood, whatever became of the file.

For dead letters of which no payload was kept: the place is known, and the SHA-256
of the line says whether what stands there now is the same. Nothing is remembered
but the last file, so that many lines of one archive are one pass over it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from hashlib import sha256

from msgspec import Struct

from shipper.fileid import FileRow, FileState
from shipper.follow import MAX_LINE_BYTES, READ_BYTES, PlainStream, Stream
from shipper.model import DeadLetter, Line
from shipper.source.sighting import OPEN_FLAGS, OpenFile
from shipper.unpack import MAGIC_BYTES, PackedStream, UnpackError, packing_of

FindFile = Callable[[str], FileRow | None]


class Unread(Struct, frozen=True):
    """Why a line cannot be had, in one sentence."""

    why: str


class LineReader:
    """Reads lines of known files by their place.

    Args:
        find_file: What the state remembers of a file.
        open_file: `os.open`, or what fails on cue.
        max_line_bytes: A longer line is not read.
    """

    def __init__(
        self,
        *,
        find_file: FindFile,
        open_file: OpenFile = os.open,
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        # Mutable state: the last file, open, until `close`. One thread.
        self._find_file = find_file
        self._open_file = open_file
        self._max_line_bytes = max_line_bytes
        self._file_id = ""
        self._handle: int | None = None
        self._stream: Stream | None = None

    def read(self, letter: DeadLetter) -> Line | Unread:
        """Return the line that an unreadable line's letter is about."""
        place = letter.place
        length = place.end_bytes - place.start_bytes
        if length > self._max_line_bytes + 1:
            return Unread(f"the line is longer than {self._max_line_bytes} bytes")
        row = self._find_file(place.file_id)
        if row is None:
            return Unread("its file is not known any more")
        if row.state is FileState.HISTORY:
            # In which format it was read is not remembered, and an entry of a HAR has
            # its number for a place.
            return Unread(
                "it was read as history, and is not read as anything else; what has "
                f"become readable is sent by shipper backfill --replay {row.path}"
            )
        try:
            stream = self._open(row)
            text = _read_all(stream, place.start_bytes, length)
        except FileNotFoundError:
            return Unread(f"{row.path} is no longer there")
        except (OSError, UnpackError) as error:
            self.close()
            return Unread(f"{row.path} cannot be read: {error}")
        text = text.removesuffix(b"\n")
        if sha256(text).hexdigest() != letter.sha256:
            return Unread(f"{row.path} holds something else at that place by now")
        # The checksum chain is the position's business, and no position moves.
        return Line(place.file_id, place.start_bytes, place.end_bytes, 0, 0, text)

    def close(self) -> None:
        """Let go of the file that is open."""
        if self._handle is not None:
            os.close(self._handle)
        self._handle = self._stream = None
        self._file_id = ""

    def _open(self, row: FileRow) -> Stream:
        if self._stream is not None and self._file_id == row.file_id:
            return self._stream
        self.close()
        self._handle = handle = self._open_file(row.path, OPEN_FLAGS)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is no regular file")
        packing = packing_of(os.pread(handle, MAGIC_BYTES, 0))
        self._stream = PackedStream(handle, packing) if packing else PlainStream(handle)
        self._file_id = row.file_id
        return self._stream


def _read_all(stream: Stream, start_bytes: int, length: int) -> bytes:
    pieces = []
    while length > 0:
        piece = stream.read_at(start_bytes, min(length, READ_BYTES))
        if not piece:
            break
        pieces.append(piece)
        start_bytes += len(piece)
        length -= len(piece)
    return b"".join(pieces)
