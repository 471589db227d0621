"""One log file read from front to end, packed or plain, by those who move no position.

A path comes in (``-`` is standard input), lines with their offsets go out. Unlike a
followed file nobody is expected to append: a last line without its newline is a line.
Nothing is locked, changed or remembered.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from typing import Final, Self

from msgspec.structs import replace

from shipper.errors import EXIT_BAD_DATA, EXIT_NO_INPUT, ShipperError
from shipper.follow import (
    MAX_LINE_BYTES,
    TORN,
    ContentChangedError,
    Follower,
    PlainStream,
    Position,
    Stream,
)
from shipper.model import Line
from shipper.unpack import MAGIC_BYTES, PackedStream, UnpackError, packing_of

STANDARD_INPUT: Final = "-"


class NoInputError(ShipperError):
    """A file that was named is not there, or cannot be read."""

    exit_code = EXIT_NO_INPUT

    def __init__(self, path: str, why: str, *, hint: str | None = None) -> None:
        super().__init__(f"cannot read the log: {path}: {why}", hint=hint)
        self.path = path


class BadInputError(ShipperError):
    """A file that was named is there, and not what it should be."""

    exit_code = EXIT_BAD_DATA

    def __init__(self, path: str, why: str, *, hint: str | None = None) -> None:
        super().__init__(f"cannot use the log: {path}: {why}", hint=hint)
        self.path = path


class LogFile:
    """An open log.

    Args:
        path: Where it is; ``-`` for standard input, which is kept in an unnamed
            temporary file while it is read.
        max_line_bytes: A longer line becomes a fault and is never held whole.

    Raises:
        NoInputError: It is not there, is no file, or cannot be opened.
        BadInputError: Its packing needs something that is not installed.
    """

    def __init__(self, path: str, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        # Mutable state: the handle, until `close`, and how far reading has come.
        self.path = path
        self._max_line_bytes = max_line_bytes
        self._reach = 0
        self._handle = spooled_input() if path == STANDARD_INPUT else _opened(path)
        packing = packing_of(os.pread(self._handle, MAGIC_BYTES, 0))
        self.packing = packing
        self._stream: Stream = PlainStream(self._handle)
        if packing:
            try:
                self._stream = PackedStream(self._handle, packing)
            except UnpackError as error:
                self.close()
                raise BadInputError(path, str(error)) from error

    @property
    def facts(self) -> os.stat_result:
        """What the system says of the open file, whatever its name leads to by now."""
        return os.fstat(self._handle)

    @property
    def size_bytes(self) -> int:
        """Its length on disk, packed if it is."""
        return self.facts.st_size

    @property
    def damage(self) -> str | None:
        """Why the end of an archive cannot be read; None while nothing is wrong."""
        stream = self._stream
        if not isinstance(stream, PackedStream):
            return None
        if stream.damage is not None:
            return f"the archive is damaged: {stream.damage}"
        return None if stream.is_complete else "the archive ends early"

    def read_bytes_so_far(self) -> int:
        """Return how much of it, packed if it is, has gone into the reader."""
        stream = self._stream
        if isinstance(stream, PackedStream):
            return self.size_bytes - stream.packed_left_bytes
        return min(self._reach, self.size_bytes)

    def lines(
        self,
        position: Position = Position(),  # noqa: B008 - frozen
        *,
        file_id: str | None = None,
    ) -> Iterator[Line]:
        """Hand out the lines from a position on.

        Args:
            position: The place after some line.
            file_id: Goes into every line; the path if it is None.

        Raises:
            BadInputError: What stands before the position is not what stood there,
                or the file changed while it was read.
            NoInputError: It cannot be read any further.
        """
        follower = Follower(
            self.path if file_id is None else file_id,
            self._stream,
            position=position,
            max_line_bytes=self._max_line_bytes,
        )
        is_final = False
        while True:
            try:
                block = follower.read(is_final=is_final)
            except ContentChangedError as error:
                why = "it is not the file it was, or changes while it is read"
                raise BadInputError(self.path, why) from error
            except OSError as error:
                raise NoInputError(self.path, error.strerror or str(error)) from error
            if block is None:
                if is_final:
                    return
                is_final = True
                continue
            for line in block:
                self._reach = line.end_bytes
                yield self._as_whole(line)

    def read_at(self, start_bytes: int, count: int) -> bytes:
        """Return unpacked bytes; fewer at the end."""
        return self._stream.read_at(start_bytes, count)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.close()

    def _as_whole(self, line: Line) -> Line:
        """Take a last line that only lacks its newline for a line."""
        fault = line.fault
        if fault is None or fault.reason != TORN or self.damage is not None:
            return line
        return replace(line, fault=None)


def _opened(path: str) -> int:
    try:
        # O_NONBLOCK: a FIFO must not hang us before we have seen what it is.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        hint = "check the path; a pattern is for the shell to expand"
        raise NoInputError(path, "no such file", hint=hint) from error
    except PermissionError as error:
        hint = "run it as a user of the file's group, often adm"
        raise NoInputError(path, "not readable for this user", hint=hint) from error
    except OSError as error:
        raise NoInputError(path, error.strerror or str(error)) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        hint = "pipe it in and name it - instead"
        raise NoInputError(path, "it is no regular file", hint=hint)
    return handle


def spooled_input() -> int:
    """Return a file without a name that holds what standard input gave.

    It is gone with the last process that has it open, whatever ends that one.

    Raises:
        NoInputError: It cannot be read, or there is no room to keep it.
    """
    try:
        with tempfile.TemporaryFile() as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.flush()
            return os.dup(file.fileno())
    except OSError as error:
        hint = "it is kept while it is read; TMPDIR says where"
        why = error.strerror or str(error)
        raise NoInputError(STANDARD_INPUT, why, hint=hint) from error
