"""One shipper for each state directory, by flock(2) on a file that stays.

The lock belongs to the open file description and ends with the process, however
it ends; a forked child lets go of it at once. The pid inside is for people; it is
never trusted. The file is never removed: whoever held the old inode and whoever made
the new one would both have "the" lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable

from shipper.errors import StateLockedError
from shipper.store.directory import prepare_directory, unusable

LOCK_NAME = "lock"
HISTORY_LOCK = "backfill.lock"  # beside a shipper one backfill may run


class StateLock:
    """The lock of a state directory; not held until `acquire`.

    Args:
        state_dir: Made if it does not exist.
        name: Another file for another job (a backfill runs beside the daemon).
        holder: Whose lock it is, for people.
        os_pwrite: `os.pwrite`, or what fails on cue.
    """

    def __init__(
        self,
        state_dir: str,
        *,
        name: str = LOCK_NAME,
        holder: str = "shipper",
        os_pwrite: Callable[[int, bytes, int], int] = os.pwrite,
    ) -> None:
        # Mutable state: the handle while the lock is held.
        self._state_dir = state_dir
        self._path = os.path.join(state_dir, name)
        self._holder = holder
        self._os_pwrite = os_pwrite
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock, or say who has it; never waits.

        Raises:
            StateLockedError: Another process holds it.
            StateUnusableError: The directory or the file cannot be made.
            StateError: The disk is full.
        """
        prepare_directory(self._state_dir)
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unusable(self._path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = _pid_in(handle)
            os.close(handle)
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise unusable(self._path, error) from error
            raise StateLockedError(
                f"another {self._holder} ({pid}) uses the state directory: "
                f"{self._state_dir}",
                path=self._path,
                hint="stop it or let it end, or give this one a state_dir of its own",
            ) from error
        try:
            # Truncate only now: a contender that loses must not erase the holder's pid.
            os.ftruncate(handle, 0)
            self._os_pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(handle)
            raise unusable(self._path, error) from error
        self._handle = handle
        # A function of the user's may fork: a child that outlives us would hold the
        # lock on, under the pid of a process that is gone.
        os.register_at_fork(after_in_child=self.release)

    def release(self) -> None:
        """Give the lock back; the file stays."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _pid_in(handle: int) -> str:
    text = os.pread(handle, 32, 0).strip()
    return f"pid {text.decode()}" if text.isdigit() else "pid unknown"
