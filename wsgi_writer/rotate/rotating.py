"""The rotating append-only file that joins the application and the shipper.

In come records, out go whole lines of one file that is renamed, never rewritten, when
it is full. Any number of processes and threads may write one path. It must never
raise into the application, never wait longer than `lock_timeout` for a lock, and
never lose a record without counting it.
"""

from __future__ import annotations

import os
import stat
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final

from wsgi_writer.rotate.active import ActiveFile
from wsgi_writer.rotate.alarm import Alarm
from wsgi_writer.rotate.options import Fsync, WhenFull, check_options
from wsgi_writer.rotate.retention import Retention
from wsgi_writer.rotate.spool import KeptOut, Spool
from wsgi_writer.rotate.tally import Tally

_NAP_SECONDS: Final = 1e-3
_SLOW_WRITE_SECONDS: Final = 0.25  # dirty-page throttling or a dying disk


class RotatingFile:
    """Appends records to `path` and rotates it to never-reused sorted names.

    Args:
        path: The active file; made absolute, so that a later chdir does not move it.
        max_bytes: Rotate before the file would grow past this; a larger record gets
            a file of its own.
        max_total_bytes: Budget of the active and all rotated files, packed or not.
        min_free_bytes: Below this much free space the newest records are dropped.
        when_full: What the budget costs: the oldest rotated file or the newest record.
        mode: Permission bits of the files, whatever the umask.
        fsync: When to wait for stable storage.
        lock_timeout: Longest wait in seconds for the thread lock, then for the file's.
        cooldown: Seconds without an attempt after a failure, without a wait after a
            time-out.
        open_file: Stands for `os.open`; exists to fail on cue.
        os_write: Stands for `os.write`; exists to fail on cue.
        monotonic: Clock of all intervals, in seconds.
        wall_ns: Clock of rotated names and of the writer's identity, in nanoseconds.

    Raises:
        TypeError: If an option is of the wrong type.
        ValueError: If an option has a value that cannot work.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_bytes: int = 64 * 1024**2,
        max_total_bytes: int = 4 * 1024**3,
        min_free_bytes: int = 512 * 1024**2,
        when_full: WhenFull = "drop_oldest",
        mode: int = 0o640,
        fsync: Fsync = "never",
        lock_timeout: float = 0.05,
        cooldown: float = 1.0,
        open_file: Callable[..., int] = os.open,
        os_write: Callable[[int, bytes], int] = os.write,
        monotonic: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        check_options(
            path,
            max_bytes=max_bytes,
            max_total_bytes=max_total_bytes,
            min_free_bytes=min_free_bytes,
            when_full=when_full,
            mode=mode,
            fsync=fsync,
            lock_timeout=lock_timeout,
            cooldown=cooldown,
        )
        # "~" is for the shell, and who names the log in code would get a directory so
        # called; the shipper reads it as this user's home too.
        location = os.path.abspath(os.path.expanduser(path))

        def a_spool(alarm: Alarm) -> Spool:
            return Spool(
                location,
                ActiveFile(
                    location,
                    mode=mode,
                    open_file=open_file,
                    os_write=os_write,
                    monotonic=monotonic,
                ),
                Retention(location, max_total_bytes=max_total_bytes, wall_ns=wall_ns),
                alarm,
                max_bytes=max_bytes,
                min_free_bytes=min_free_bytes,
                when_full=when_full,
                fsync=fsync,
                lock_timeout=lock_timeout,
                cooldown=cooldown,
                monotonic=monotonic,
            )

        # Mutable: what _begin sets, once in each process. _thread_lock guards _spool
        # and the notes of _alarm; the tickets of _tally and the two times may be read
        # and replaced by any thread, each in one step.
        self._path = location
        self._lock_timeout = lock_timeout
        self._cooldown = cooldown
        self._monotonic = monotonic
        self._wall_ns = wall_ns
        self._new_spool = a_spool
        self._begin()
        itself = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _renew_in_child(itself))
        self._warn_of_open_directory()

    def _renew(self) -> None:
        """Start anew in a forked child: no lock, descriptor or count comes along."""
        self._spool.abandon()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._thread_lock = threading.Lock()
        self._alarm = Alarm(
            self._path, cooldown=self._cooldown, monotonic=self._monotonic
        )
        self._tally = Tally(self._pid, self._wall_ns())
        self._spool = self._new_spool(self._alarm)
        self._cool_until = self._wait_after = 0.0

    @property
    def is_cooling(self) -> bool:
        """Whether a record offered now would be dropped unseen: do not build it."""
        # Before anything went wrong there is no need to look at the clock.
        return self._cool_until > 0 and self._monotonic() < self._cool_until

    def count_dropped(self) -> None:
        """Count one exchange whose record was not offered to `write`."""
        if os.getpid() != self._pid:
            self._renew()
        self._tally.count_lost()

    def write(self, head: bytes, tail: bytes) -> bool:
        r"""Append one record; returns whether it is in the file.

        It never raises. It waits at most `lock_timeout` for other threads and again
        for other processes, and then not again within the cool-down.

        Args:
            head: `{"v":1,"id":"<uuid4>","crc":<checksum>`.
            tail: The rest of the record: begins with a comma, ends in `}\n`, and has
                no other newline.
        """
        is_counted = is_written = False
        try:
            if os.getpid() != self._pid:
                self._renew()
            lock, tally = self._thread_lock, self._tally
            if (self._cool_until > 0 and self._monotonic() < self._cool_until) or not (
                lock.acquire(False) or self._enter()
            ):
                tally.count_lost()
                return False
            try:
                try:
                    seconds = self._spool.append(tally.numbered(head, tail))
                except Exception as error:  # noqa: BLE001 - told by _not_written
                    tally.lose()
                    is_counted = True
                    self._not_written(error)
                else:
                    is_counted = is_written = True
                    if tally.untold or seconds > _SLOW_WRITE_SECONDS:
                        self._written_oddly(seconds)
            finally:
                lock.release()
            if self._alarm.waiting:
                self._alarm.send()
        except Exception:  # noqa: BLE001 - no fault of ours may reach the application
            if not is_counted:
                self._tally.count_lost()
        return is_written

    def close(self) -> None:
        """Close the file; a later `write` would open it again. It never raises."""
        if os.getpid() != self._pid:
            self._renew()
        if not self._enter():
            return  # a write is stuck, and its descriptor goes with the process
        try:
            self._tally.gather()
            lost = self._tally.untold
            if lost:
                self._alarm.note("close", f"closed after {lost} dropped records")
            self._spool.close()
        except OSError as error:
            self._alarm.note("close", f"closing failed: {error}")
        finally:
            self._thread_lock.release()
        self._alarm.send()

    def _enter(self) -> bool:
        """Take the thread lock; a time-out is the last wait for the cool-down."""
        if self._thread_lock.acquire(blocking=False):
            return True
        if self._monotonic() < self._wait_after:
            return False
        if self._wait_for_thread():
            return True
        self._wait_after = self._monotonic() + self._cooldown
        # Whoever waited for the file while holding this lock would cost one record
        # after the other: those who find it held no longer wait.
        self._spool.hurry(self._wait_after)
        return False

    def _wait_for_thread(self) -> bool:
        lock = self._thread_lock
        if type(lock) is type(threading.Lock()):
            return lock.acquire(timeout=self._lock_timeout)
        # The process was patched for greenlets when this lock was there already, as
        # by a server that loads the application first: a wait for it would stop all
        # of them, whoever holds it included.
        deadline = self._monotonic() + self._lock_timeout
        while self._monotonic() < deadline:
            time.sleep(_NAP_SECONDS)
            if lock.acquire(blocking=False):
                return True
        return False

    def _not_written(self, error: Exception) -> None:
        """Say why the record numbered last is lost."""
        if isinstance(error, OSError | OverflowError | KeptOut):
            self._cool_until = self._monotonic() + self._cooldown
            kind = f"dropping {getattr(error, 'errno', '')}"
            lost = self._tally.untold
            self._alarm.note(kind, f"dropping records ({lost} so far): {error}")
        else:  # one bad record, not a bad disk
            self._alarm.note("refused", f"refused a record: {error!r}")

    def _written_oddly(self, seconds: float) -> None:
        """Tell of what was lost before a record that took so long to write."""
        if self._tally.untold:
            told = self._tally.tell()
            self._alarm.note("again", f"writing again after {told} dropped records")
        if seconds > _SLOW_WRITE_SECONDS:
            # Nothing can bound a write(2): leave a disk alone that stalls the app.
            self._cool_until = self._monotonic() + self._cooldown
            self._alarm.note("slow", f"a write took {seconds:.1f} s")

    def _warn_of_open_directory(self) -> None:
        directory = os.path.dirname(self._path)
        try:
            is_open = bool(os.stat(directory).st_mode & stat.S_IWOTH)
        except OSError:
            return  # made at the first write, closed to others
        if is_open:
            # O_NOFOLLOW guards the last component of the path only.
            self._alarm.note("open", f"anyone may replace files in {directory}")
            self._alarm.send()


def _renew_in_child(reference: weakref.ref[RotatingFile]) -> None:
    file = reference()
    if file is not None:
        file._renew()  # noqa: SLF001 - a hook of the class, kept from keeping it alive
