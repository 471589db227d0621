"""The active file: opened safely, locked briefly, appended to in whole lines.

In come finished lines, out goes one `write(2)` each. One thread uses an object at a
time; other processes are kept apart by `flock` on the file itself. It must never
follow a link, block on a lock, close a descriptor that is not its own any more, or
take back a newline that was once written.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import stat
import time
from collections.abc import Callable
from typing import Final

_FLAGS: Final = (
    os.O_RDWR
    | os.O_APPEND
    | os.O_CREAT
    | os.O_CLOEXEC
    | os.O_NOFOLLOW
    | os.O_NONBLOCK  # a FIFO under our name must not hang the application
)
_EXCLUSIVE_NOW: Final = fcntl.LOCK_EX | fcntl.LOCK_NB
_DIRECTORY_MODE: Final = 0o750
_CLOSED: Final = -1
# Short first: a lock is held for microseconds unless its holder was stopped.
_NAPS_SECONDS: Final = (0.0, 0.0, 0.0, 20e-6, 50e-6, 100e-6, 200e-6, 500e-6)
_LONGEST_NAP_SECONDS: Final = 1e-3


class ActiveFile:
    """One open descriptor on the active path, with the checks that keep it honest."""

    def __init__(
        self,
        path: str,
        *,
        mode: int,
        open_file: Callable[..., int],
        os_write: Callable[[int, bytes], int],
        monotonic: Callable[[], float],
    ) -> None:
        # Mutable: the descriptor, the identity it had when we opened it, and the size
        # our last locked append left. The thread lock of RotatingFile guards them.
        self._path = path
        self._mode = mode
        self._open_file = open_file
        self._os_write = os_write
        self._monotonic = monotonic
        self._fd = _CLOSED
        self._dev = self._ino = 0
        self._clean_size: int | None = None

    def ensure_open(self) -> bool:
        """Open the file unless it is open; returns whether it was opened just now.

        Raises:
            OSError: If the path cannot be opened, or holds what must not be written:
                ELOOP a symbolic link, EMLINK a hard link, EISDIR a directory, EINVAL
                or ENXIO anything else that is no regular file, EPERM a file of
                another user.
        """
        if self._is_ours():
            return False
        # Forget the number, do not close it: it may be somebody else's file by now.
        self._fd = _CLOSED
        self._clean_size = None
        fd = self._open()
        try:
            found = self._checked(fd)
        except BaseException:
            os.close(fd)
            raise
        self._dev, self._ino = found.st_dev, found.st_ino
        self._fd = fd
        return True

    def try_lock(self) -> bool:
        """Take the exclusive lock if it is free."""
        try:
            fcntl.flock(self._fd, _EXCLUSIVE_NOW)
        except BlockingIOError:
            return False
        return True

    def lock(self, deadline: float) -> bool:
        """Take the exclusive lock; gives up at `deadline` on the monotonic clock.

        It polls: a blocking flock would stop every greenlet of a gevent process.
        """
        naps = itertools.chain(_NAPS_SECONDS, itertools.repeat(_LONGEST_NAP_SECONDS))
        while (left := deadline - self._monotonic()) > 0:
            # Looked up at each call, so that a patched sleep yields to the hub.
            time.sleep(min(next(naps), left))
            if self.try_lock():
                return True
        return False

    def unlock(self) -> None:
        """Release the lock, also for a child that inherited the descriptor."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_UN)
        except OSError:
            self._fd = _CLOSED  # closed under our feet, which released the lock too

    def current_size(self) -> int | None:
        """Size in bytes of the open file, None once the path is another file or gone.

        Call it with the lock held: only then does the answer stay true.
        """
        try:
            found = os.lstat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError:
            # The directory was closed to us. What we hold open is still the log, as
            # those who could rename it are locked out too.
            found = os.fstat(self._fd)
            return found.st_size if found.st_nlink else None
        if found.st_ino != self._ino or found.st_dev != self._dev:
            return None
        return found.st_size

    def append(self, line: bytes, size: int, *, is_locked: bool) -> None:
        """Write one line at the end of the file, whole or not at all.

        A torn tail that a killed writer left is closed with a newline first, so that
        two records never become one line.

        Args:
            line: The record with its newline.
            size: What `current_size` returned under the present lock.
            is_locked: Whether the lock is held; without it a short write stays where
                it is, since the bytes after it may be another process's.

        Raises:
            OSError: If nothing was written, or only a part that was taken back.
        """
        is_torn = (
            size > 0
            and size != self._clean_size
            and os.pread(self._fd, 1, size - 1) != b"\n"
        )
        if is_torn:
            line = b"\n" + line
        self._clean_size = None
        # A kill inside this call leaves a torn tail; the next writer closes it.
        written = self._os_write(self._fd, line)
        if written == len(line):
            if is_locked:
                self._clean_size = size + written
            return
        # Never below the newline that closed a torn tail: a reader may be past it.
        floor = size + 1 if is_torn and written else size
        if is_locked:
            self._take_back(floor, size + written)
        raise self._short_write(written, line)

    def append_at_once(self, line: bytes, limit_bytes: int) -> bool:
        """Do in one go what the calls above do, unless anything is unusual.

        Args:
            line: The record with its newline.
            limit_bytes: The size the file may have afterwards.

        Returns:
            Whether the line is in the file. If not, nothing was done: the file is
            closed, or another one, full, gone, or locked by somebody else.

        Raises:
            OSError: As `append` does.
        """
        fd = self._fd
        try:
            found = os.fstat(fd)
            if found.st_ino != self._ino or found.st_dev != self._dev:
                return False
            fcntl.flock(fd, _EXCLUSIVE_NOW)
        except (OSError, OverflowError):
            return False
        try:
            try:
                found = os.lstat(self._path)
            except OSError:
                return False
            size = found.st_size
            if (
                found.st_ino != self._ino
                or found.st_dev != self._dev
                or size + len(line) > limit_bytes
            ):
                return False
            if size != self._clean_size:
                self.append(line, size, is_locked=True)
                return True
            self._clean_size = None
            written = self._os_write(fd, line)
            if written != len(line):
                self._take_back(size, size + written)
                raise self._short_write(written, line)
            self._clean_size = size + written
            return True
        finally:
            try:
                fcntl.flock(fd, fcntl.LOCK_UN)
            except OSError:
                self._fd = _CLOSED  # as in unlock

    def free_bytes(self) -> int | None:
        """Space left for us on the file system; None if it does not say."""
        found = os.fstatvfs(self._fd)
        # Some network and FUSE file systems report no blocks at all.
        return found.f_bavail * found.f_frsize if found.f_blocks else None

    def sync(self) -> None:
        """Wait until the file is on stable storage."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Close the descriptor if it is still ours."""
        if self._is_ours():
            os.close(self._fd)
        self._fd = _CLOSED

    def _take_back(self, floor: int, end: int) -> None:
        # Only while nobody has appended behind it: had we been stopped since, another
        # process may have gone on without the lock.
        if os.fstat(self._fd).st_size == end:
            os.ftruncate(self._fd, floor)

    def _short_write(self, written: int, line: bytes) -> OSError:
        reason = f"short write ({written} of {len(line)} bytes)"
        return OSError(errno.ENOSPC, reason, self._path)

    def _is_ours(self) -> bool:
        if self._fd == _CLOSED:
            return False
        try:
            found = os.fstat(self._fd)
        except OSError:
            return False
        return found.st_ino == self._ino and found.st_dev == self._dev

    def _open(self) -> int:
        try:
            return self._open_file(self._path, _FLAGS, self._mode)
        except FileNotFoundError:
            _make_directories(os.path.dirname(self._path))
            return self._open_file(self._path, _FLAGS, self._mode)

    def _checked(self, fd: int) -> os.stat_result:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise _refusal(errno.EINVAL, "not a regular file", self._path)
        if found.st_uid != os.geteuid():
            raise _refusal(errno.EPERM, "owned by another user", self._path)
        if found.st_nlink > 1:
            raise _refusal(errno.EMLINK, "has a second hard link", self._path)
        if found.st_size == 0 and stat.S_IMODE(found.st_mode) != self._mode:
            os.fchmod(fd, self._mode)  # the umask must not hide it from the shipper
        return found


def _make_directories(directory: str) -> None:
    """Create a directory and its missing parents, each closed to others."""
    if os.path.isdir(directory):
        return
    _make_directories(os.path.dirname(directory))
    try:
        os.mkdir(directory, _DIRECTORY_MODE)
    except FileExistsError:
        return  # another worker was faster
    # Past the umask, and without clearing a set-group-id bit it may have inherited.
    os.chmod(directory, stat.S_IMODE(os.stat(directory).st_mode) | _DIRECTORY_MODE)


def _refusal(code: int, reason: str, path: str) -> OSError:
    return OSError(code, reason, path)
