"""A table of callers in a file, read again when the file changes.

A path comes in; look-ups by masked id go out. Between two looks at the file, which
are at least an interval apart, a look-up touches no disk. What cannot be read or used
leaves the table as it was, and is told once for each state of the file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from shipper.identify import Known
from shipper.lookup.complaints import Complaints
from shipper.lookup.table import Table, UnusableError, read_rows
from wsgi_writer.mask import mask_key

MAX_FILE_BYTES: Final = 67_108_864  # a million callers; more belong in a function


class Clock(Protocol):
    """The one thing asked of time."""

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        ...


class _Stamp(Struct, frozen=True):
    """What tells one content of a path from another without reading it."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class TableFile:
    """Implements identification's `Directory` over a file.

    Args:
        path: CSV or JSON.
        mask: Masks a raw key.
        clock: For the interval.
        interval_seconds: How long a table is used before the file is looked at.
        complaints: Told of tables that hold, and of those that cannot.

    Raises:
        UnusableError: The first table cannot be used.
    """

    def __init__(
        self,
        path: str,
        *,
        mask: Callable[[str], str],
        clock: Clock,
        interval_seconds: float,
        complaints: Complaints,
    ) -> None:
        # Mutable state, touched by the pipeline thread alone: the table that holds,
        # the stamp of the file it or the last fault came from, the next look.
        self._path = path
        self._mask = mask
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._complaints = complaints
        self._read_stamp: _Stamp | None = None
        self._told = ""
        self._table = self._load(_read_whole(path))
        self._look_at = clock.monotonic() + interval_seconds

    def find(self, id_: str) -> Known | None:
        """Return what is known of a masked id."""
        now = self._clock.monotonic()
        if now >= self._look_at:
            self._look_at = now + self._interval_seconds
            self._look()
        return self._table.find(id_)

    def _look(self) -> None:
        try:
            if _stamp_of(os.stat(self._path)) == self._read_stamp:
                return
            self._read_stamp = None  # tried again, unless it is read to its end
            read = _read_whole(self._path)
            if read.stamp is not None:
                self._table = self._load(read)
                self._told = ""
        except OSError as error:
            self._read_stamp = None
            self._complain(_unreadable(error))
        except UnusableError as error:
            self._complain(error)

    def _load(self, read: _Read) -> Table:
        self._read_stamp = read.stamp
        table = Table(read_rows(read.content), self._mask)
        self._complaints.table_loaded(self._path, len(table))
        return table

    def _complain(self, error: UnusableError) -> None:
        if error.problem != self._told:
            self._told = error.problem
            self._complaints.table_failed(self._path, error.problem, error.hint)


def try_table(path: str) -> None:
    """Read a table and keep nothing of it.

    Raises:
        UnusableError: It cannot be used.
    """
    Table(read_rows(_read_whole(path).content), mask_key)


class _Read(Struct, frozen=True):
    """A file's content; without a stamp if it changed while it was read."""

    content: bytes
    stamp: _Stamp | None


def _read_whole(path: str) -> _Read:
    try:
        # A pipe would be waited for; it is refused below instead.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                raise UnusableError("it is no plain file")
            content = file.read(MAX_FILE_BYTES + 1)
            after = os.fstat(handle)
    except OSError as error:
        raise _unreadable(error) from error
    except ValueError as error:  # a NUL in the path
        raise UnusableError("expected the path of a file") from error
    if len(content) > MAX_FILE_BYTES:
        raise UnusableError("it is over 64 MiB", hint="name a function instead")
    stamp = _stamp_of(before)
    return _Read(content, stamp if stamp == _stamp_of(after) else None)


def _unreadable(error: OSError) -> UnusableError:
    return UnusableError(
        f"it cannot be read: {error.strerror}",
        hint="put it there, readable for the shipper's user",
    )


def _stamp_of(found: os.stat_result) -> _Stamp:
    return _Stamp(
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    )
