"""Rotated siblings of the active file: their names, their sum, their eviction.

In come the path and the budget; out come never-reused names in write order and the
deletion of the oldest files. It must never touch the active file, never read a
sibling, and never ask whether anyone has read one: the budget is the only judge.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP_FORMAT: Final = "%Y%m%dT%H%M%S%fZ"
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Sibling:
    """A rotated file, packed or not; `stamp` is the time in its name."""

    path: str
    stamp: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Eviction:
    """What one eviction removed, and the last error if a file could not be."""

    files: int
    size_bytes: int
    oldest: str | None
    error: OSError | None


class Retention:
    """Knows the rotated files beside one active file.

    Rotated files are `BASE.YYYYmmddTHHMMSSffffffZ`, UTC, so that lexicographic order
    is write order. A packer may have added a suffix (`.gz`): such a file still counts
    in the sum, still blocks its stamp, and can be evicted.
    """

    def __init__(
        self, path: str, *, max_total_bytes: int, wall_ns: Callable[[], int]
    ) -> None:
        # Mutable: _rotated_bytes and _last_stamp; the caller's thread lock guards both.
        self._path = path
        self._directory, base = os.path.split(path)
        self._pattern = re.compile(
            re.escape(base) + r"\.(?P<stamp>[0-9]{8}T[0-9]{12}Z)(?:\..+)?", re.DOTALL
        )
        self._max_total_bytes = max_total_bytes
        self._wall_ns = wall_ns
        self._rotated_bytes = 0
        self._last_stamp: datetime | None = None

    def next_path(self) -> str:
        """Name for the file rotated now, greater than every name given before.

        A clock that was set back cannot break the order: the name then follows the
        newest sibling by one microsecond.

        Raises:
            OSError: If the directory cannot be listed.
            OverflowError: If a sibling already carries the last name there can be.
        """
        stamp = _EPOCH + timedelta(microseconds=self._wall_ns() // 1000)
        newest = self._newest_stamp()
        for earlier in (self._last_stamp, newest):
            if earlier is not None and stamp <= earlier:
                stamp = earlier + _TICK
        self._last_stamp = stamp
        return f"{self._path}.{stamp.strftime(_STAMP_FORMAT)}"

    def recount(self) -> None:
        """Sum the siblings again: one was added, or somebody may have removed some."""
        try:
            self._rotated_bytes = sum(file.size_bytes for file in self._siblings())
        except OSError:
            # The old sum stands. A directory that cannot be listed cannot be rotated
            # in either: the file then stops growing, and that is told.
            return

    @property
    def active_limit_bytes(self) -> int:
        """How large the active file may become beside the siblings last counted."""
        return self._max_total_bytes - self._rotated_bytes

    def is_over(self, active_bytes: int) -> bool:
        """Whether the siblings last counted and `active_bytes` exceed the budget."""
        return self._rotated_bytes + active_bytes > self._max_total_bytes

    def evict(self, active_bytes: int) -> Eviction:
        """Delete the oldest siblings until the rest and `active_bytes` fit.

        Several processes may do this at once: each deletes from the same end, and a
        file that another has just deleted makes room like one's own.

        Raises:
            OSError: If the directory cannot be listed.
        """
        siblings = sorted(self._siblings(), key=lambda file: (file.stamp, file.path))
        self._rotated_bytes = sum(file.size_bytes for file in siblings)
        files = size_bytes = 0
        oldest = error = None
        for file in siblings:
            if not self.is_over(active_bytes):
                break
            try:
                # A crash after any unlink leaves fewer files and a true directory.
                os.unlink(file.path)
            except FileNotFoundError:
                self._rotated_bytes -= file.size_bytes
                continue
            except OSError as failure:
                error = failure
                continue
            self._rotated_bytes -= file.size_bytes
            files += 1
            size_bytes += file.size_bytes
            oldest = oldest or file.path
        return Eviction(files, size_bytes, oldest, error)

    def _newest_stamp(self) -> datetime | None:
        stamps = {stamp for _, stamp in self._named_entries()}
        for stamp in sorted(stamps, reverse=True):
            try:
                return _parsed(stamp)
            except ValueError:
                continue  # digits that are no date: nobody's rotated file
        return None

    def _siblings(self) -> Iterator[Sibling]:
        for entry, stamp in self._named_entries():
            try:
                if entry.is_file(follow_symlinks=False):
                    size_bytes = entry.stat(follow_symlinks=False).st_size
                    yield Sibling(entry.path, stamp, size_bytes)
            except FileNotFoundError:
                continue  # evicted by another process since the listing

    def _named_entries(self) -> Iterator[tuple[os.DirEntry[str], str]]:
        with os.scandir(self._directory) as entries:
            for entry in entries:
                match = self._pattern.fullmatch(entry.name)
                if match is not None:
                    yield entry, match["stamp"]


def _parsed(stamp: str) -> datetime:
    # Not strptime, which imports a module when first called: by then a worker may
    # have changed its root or its user.
    date = int(stamp[:4]), int(stamp[4:6]), int(stamp[6:8])
    time = int(stamp[9:11]), int(stamp[11:13]), int(stamp[13:15]), int(stamp[15:21])
    return datetime(*date, *time, tzinfo=UTC)
