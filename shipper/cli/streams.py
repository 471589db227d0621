"""Standard streams that may be full or closed, made ready before anything is said.

A result that cannot be written is an error of its own, told once. What goes to stderr
helps people alone: where it cannot be written, the exit code has to do. A broken pipe
of results is no error; whoever read them has seen enough.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from shipper.errors import EXIT_IO_ERROR, ShipperError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_WHY_CLOSED = "it is closed"


class CannotTellError(ShipperError):
    """A result cannot be written to stdout."""

    exit_code = EXIT_IO_ERROR


def guard() -> None:
    """Have stdin, stdout and stderr bear that they are full or closed."""
    if sys.stdin is None:
        sys.stdin = open(_nothing(os.O_RDONLY), encoding="utf-8")  # noqa: SIM115
    # Closed to writing too: whoever asks for a result has to hear that it is lost.
    sys.stdout = _guarded(sys.stdout, _Results, os.O_RDONLY)
    sys.stderr = _guarded(sys.stderr, _Remarks, os.O_WRONLY)


class _Results(io.FileIO):
    """Stdout."""

    def __init__(self, handle: int) -> None:
        # Mutable state: whether the loss was told, which is done once.
        super().__init__(handle, "w", closefd=False)
        self._is_lost = False

    def write(self, content: ReadableBuffer, /) -> int:
        """Write what can be written.

        Raises:
            CannotTellError: Nothing can; later calls do nothing, for what stands in
                buffers comes here once more when the process ends.
        """
        if self._is_lost:
            return memoryview(content).nbytes
        try:
            return super().write(content)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._is_lost = True
            is_closed = error.errno == errno.EBADF
            why = _WHY_CLOSED if is_closed else error.strerror
            raise CannotTellError(
                f"cannot write the result: stdout: {why}",
                hint="send it where there is room, or to /dev/null",
            ) from error


class _Remarks(io.FileIO):
    """Stderr."""

    def __init__(self, handle: int) -> None:
        super().__init__(handle, "w", closefd=False)

    def write(self, content: ReadableBuffer, /) -> int:
        """Write what can be written."""
        try:
            return super().write(content)
        except OSError:
            return memoryview(content).nbytes  # nobody is left to be told


def _guarded(
    stream: TextIO | None, kind: type[_Results | _Remarks], flags: int
) -> TextIO:
    handle = _nothing(flags) if stream is None else stream.fileno()
    return io.TextIOWrapper(
        io.BufferedWriter(kind(handle)),
        encoding="utf-8" if stream is None else stream.encoding,
        # Names of files are bytes: under most locales one that is no text would end
        # the command, after all it was asked for is done.
        errors="backslashreplace",
        line_buffering=True,
    )


def _nothing(flags: int) -> int:
    """Return /dev/null in the place of a closed stream, for our children too.

    The lowest free number is that stream's: left free, a file of ours would get it,
    and with it whatever is said on the stream.
    """
    handle = os.open(os.devnull, flags)
    os.set_inheritable(handle, True)
    return handle
