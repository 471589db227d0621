"""One worker's process and the connection to it, as the parent holds them.

Made of an assignment; what the process says comes in on a thread of its own, in order,
and `Gone` comes last. Nothing is restarted here.
"""

from __future__ import annotations

import errno
import multiprocessing
import signal
import threading
from collections.abc import Callable
from multiprocessing import resource_tracker
from typing import Final

from msgspec import Struct

from shipper.workers.messages import Answered, Assignment, Order, Refused
from shipper.workers.worker import HEARD_BY_THE_PARENT, main

LAST_SECONDS: Final = 5.0  # from the end of its connection; then it is killed


class Gone(Struct, frozen=True):
    """The connection of a process is closed."""


class WorkerProcess:
    """A process that has been started; nothing of it is used after `end`.

    Args:
        assignment: Handed over in memory.
        hear: Called on a thread with each message, and with `Gone`.

    Raises:
        OSError: There is no descriptor, process, thread or memory left for it.
    """

    def __init__(
        self, assignment: Assignment, *, hear: Callable[[WorkerProcess, object], None]
    ) -> None:
        # Mutable state: that of process and connection.
        context = multiprocessing.get_context("spawn")  # no thread or lock is copied
        self._hear = hear
        self._connection, theirs = context.Pipe()
        try:
            self._process = context.Process(
                target=main,
                args=(theirs, assignment),
                name=f"worker-{assignment.number}",
                daemon=True,
            )
            self._start()
        except OSError:
            self._connection.close()
            raise
        finally:
            # The only other end is the worker's: with its death the connection ends.
            theirs.close()
        try:
            threading.Thread(
                target=self._listen, name=self._process.name, daemon=True
            ).start()
        except RuntimeError as error:
            self.kill()
            self.end()
            raise OSError(errno.EAGAIN, str(error)) from error

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    def send(self, message: Answered | Refused | Order) -> None:
        """Send a message, unless the process is gone, which its listener says."""
        try:
            self._connection.send(message)
        except OSError:
            return

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def end(self) -> str:
        """Wait for its end, which has begun, and return how it came about."""
        self._process.join(LAST_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(LAST_SECONDS)
        self._connection.close()
        code = self._process.exitcode
        if code is None:
            return "it does not end"
        if code >= 0:
            return f"it ended with code {code}"
        names = {number.value: number.name for number in signal.Signals}
        return f"killed by {names.get(-code, f'signal {-code}')}"

    def _start(self) -> None:
        # The tracker's own start would let go of the signals that are held back here.
        resource_tracker.ensure_running()
        # The new process inherits what is held back, and lets go when it is ready.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD_BY_THE_PARENT)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def _listen(self) -> None:
        while True:
            try:
                message: object = self._connection.recv()
            except (EOFError, OSError):
                # A message that was cut off in its middle is none.
                self._hear(self, Gone())
                return
            self._hear(self, message)
