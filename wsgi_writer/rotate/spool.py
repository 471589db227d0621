"""One process's hand on the spool: the active file, its siblings and the budget.

In come finished lines, one at a time; they end up in the active file, which is
renamed when it is full. One thread uses an object at a time. It must never rotate or
take anything back without the file's lock, and never evict while holding it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, Literal, assert_never

from wsgi_writer.rotate.active import ActiveFile
from wsgi_writer.rotate.alarm import Alarm
from wsgi_writer.rotate.options import Fsync, WhenFull
from wsgi_writer.rotate.retention import Retention

_FREE_TRIES: Final = 10  # each try lost means that another process has just rotated
_MAX_TRIES: Final = 1000  # beyond the free ones, as many as the time for waiting holds
_SPACE_CHECK_SECONDS: Final = 1.0

# Words, not an enum: reading a member costs as much as a system call on Python 3.11.
# "stale": the path is another file by now; "over": the budget does not hold the line.
_Step = Literal["written", "stale", "rotated", "over"]


class KeptOut(Exception):  # noqa: N818 - an outcome by rule, not a failure
    """A rule of ours, not the operating system, keeps a record out of the file."""


class Spool:
    """Appends lines to the active file and keeps file size and total in bounds."""

    def __init__(
        self,
        path: str,
        active: ActiveFile,
        retention: Retention,
        alarm: Alarm,
        *,
        max_bytes: int,
        min_free_bytes: int,
        when_full: WhenFull,
        fsync: Fsync,
        lock_timeout: float,
        cooldown: float,
        monotonic: Callable[[], float],
    ) -> None:
        # Mutable: the times before which something is not tried again, and what
        # evictions are still to be told. RotatingFile's thread lock guards it all but
        # the time to wait after, which any thread may put off, in one step.
        self._path = path
        self._active = active
        self._retention = retention
        self._alarm = alarm
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._when_full = when_full
        self._fsync = fsync
        self._lock_timeout = lock_timeout
        self._cooldown = cooldown
        self._monotonic = monotonic
        self._wait_after = self._rotate_after = self._evict_after = 0.0
        self._check_space_after = 0.0
        self._is_low_on_space = False
        self._evicted_files = self._evicted_bytes = 0
        # How large the active file may become while nothing has to be done for it.
        self._limit_bytes = 0

    def hurry(self, until: float) -> None:
        """Wait for no other process until then: other threads wait for this one."""
        self._wait_after = until

    def append(self, line: bytes) -> float:
        """Put one line at the end of the active file.

        Returns:
            The seconds that the disk took, waiting for the lock left out.

        Raises:
            KeptOut: If the budget, the free space or the file's size forbids it.
            OSError: If the operating system does.
        """
        now = self._monotonic()
        if (
            now < self._check_space_after
            and not self._is_low_on_space
            and self._active.append_at_once(line, self._limit_bytes)
        ):
            if self._fsync == "always":
                self._sync_record()
            return self._monotonic() - now
        return self._append_with_care(line, now)

    def _append_with_care(self, line: bytes, now: float) -> float:
        deadline = now + self._lock_timeout if now >= self._wait_after else now
        for tries in range(_MAX_TRIES):
            if tries >= _FREE_TRIES and self._monotonic() >= deadline:
                break
            self._open(now)
            is_locked = self._active.try_lock() or self._wait(deadline, now)
            started = self._monotonic()
            try:
                step = self._step(line, now, is_locked=is_locked)
            finally:
                if is_locked:
                    self._active.unlock()
            match step:
                case "written":
                    if self._fsync == "always":
                        self._sync_record()
                    return self._monotonic() - started
                case "over":
                    self._make_room(len(line), now)
                case "stale":
                    self._active.close()
                case "rotated":
                    if self._fsync != "never":
                        self._sync_rotated()
                    self._active.close()
                case _:
                    assert_never(step)
        raise KeptOut("the file was replaced again and again")

    def _note_limit(self) -> None:
        limit = self._retention.active_limit_bytes
        self._limit_bytes = min(limit, self._max_bytes)

    def close(self) -> None:
        """Tell what is untold and close the file; `append` would open it again."""
        self._tell_evictions()
        self._active.close()

    def abandon(self) -> None:
        """Close what was inherited from a parent process, and nothing more."""
        # Never unlock here: that would end the lock of a write in the parent.
        self._active.close()

    def _open(self, now: float) -> None:
        if self._active.ensure_open():
            self._retention.recount()
            self._note_limit()
            self._evict_after = 0.0  # there may be a new sibling to evict
        if now >= self._check_space_after:
            self._check_space_after = now + _SPACE_CHECK_SECONDS
            free_bytes = self._active.free_bytes()
            self._is_low_on_space = (
                free_bytes is not None and free_bytes < self._min_free_bytes
            )
        if self._is_low_on_space:
            raise KeptOut(f"less than min_free_bytes={self._min_free_bytes} free")

    def _wait(self, deadline: float, now: float) -> bool:
        is_locked = self._active.lock(deadline)
        if not is_locked and now >= self._wait_after:
            # Its holder is stopped. Whole lines are safe without the lock, and one
            # wait is all that the application is asked to bear.
            self._wait_after = self._monotonic() + self._cooldown
            self._alarm.note("lock", "lock not had in time, appending without it")
        return is_locked

    def _step(self, line: bytes, now: float, *, is_locked: bool) -> _Step:
        """Do what this moment allows; the size it sees stays true under the lock."""
        size = self._active.current_size()
        if size is None:
            return "stale"
        end = size + len(line)
        if end > self._max_bytes and size:
            if is_locked and now >= self._rotate_after and self._rotate(now):
                return "rotated"
            if end > 2 * self._max_bytes:
                raise KeptOut("the file has twice max_bytes and cannot be rotated")
        if self._retention.is_over(end) and now >= self._evict_after:
            return "over"
        self._active.append(line, size, is_locked=is_locked)
        return "written"

    def _rotate(self, now: float) -> bool:
        """Rename the file; a failure is told, and tried again after the cool-down."""
        try:
            # A crash after the rename leaves no active file; the next writer makes one.
            os.rename(self._path, self._retention.next_path())
        except FileNotFoundError:
            return True  # somebody outside moved it in between: open the path anew
        except (OSError, OverflowError) as error:
            self._rotate_after = now + self._cooldown
            self._alarm.note("rotate", f"cannot be rotated, growing on: {error}")
            return False
        return True

    def _make_room(self, line_bytes: int, now: float) -> None:
        """Bring the siblings within the budget, or keep the record out."""
        active_bytes = (self._active.current_size() or 0) + line_bytes
        if self._when_full == "drop_newest":
            self._retention.recount()
            self._note_limit()
            if self._retention.is_over(active_bytes):
                raise KeptOut("max_total_bytes is reached")
            return
        evicted = self._retention.evict(active_bytes)
        self._note_limit()
        if self._retention.is_over(active_bytes):
            # Nothing is left to delete; looking again at each record would not help.
            self._evict_after = now + self._cooldown
        if evicted.error is not None:
            self._alarm.note("evict", f"a file cannot be evicted: {evicted.error}")
        self._evicted_files += evicted.files
        self._evicted_bytes += evicted.size_bytes
        if self._alarm.is_due("evicted"):
            self._tell_evictions()

    def _tell_evictions(self) -> None:
        if self._evicted_files:
            self._alarm.note(
                "evicted",
                f"evicted {self._evicted_files} rotated files, {self._evicted_bytes} "
                "bytes, shipped or not, to stay within max_total_bytes",
            )
            self._evicted_files = self._evicted_bytes = 0

    def _sync_record(self) -> None:
        try:
            self._active.sync()
        except OSError as error:
            # The record is in the file: to drop it now would be to count it wrongly.
            self._alarm.note("sync", f"fsync failed: {error}")

    def _sync_rotated(self) -> None:
        """Put the renamed file and its new name on stable storage."""
        try:
            self._active.sync()
            directory = os.open(os.path.dirname(self._path), os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            self._alarm.note("sync", f"fsync failed: {error}")
