r"""What the service manager is told: that we run, reload, end, and are alive.

The protocol of sd_notify(3): one datagram a message, lines of ``NAME=value``, to the
Unix socket that ``NOTIFY_SOCKET`` names. Without that variable every message is
dropped, so nobody has to ask whether systemd is there. A socket that cannot be
reached never stops a run.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final

from shipper.clock import Clock
from shipper.events import Events, one_line

SOCKET_VARIABLE: Final = "NOTIFY_SOCKET"
WATCHDOG_VARIABLE: Final = "WATCHDOG_USEC"
WATCHDOG_PID_VARIABLE: Final = "WATCHDOG_PID"
# A manager that does not listen for so long is not waited for.
PATIENCE_SECONDS: Final = 5.0
MAX_STATUS_CHARACTERS: Final = 400  # systemctl shows one line; the log has the rest


class Notifier:
    r"""Sends messages to the service manager, from any thread.

    Shapes: ``READY=1\nSTATUS=12 delivered`` and the like, UTF-8.

    Args:
        environ: The process environment.
        events: Told once if the socket cannot be reached.
        clock: Stamps a reload.
    """

    def __init__(
        self, environ: Mapping[str, str], *, events: Events, clock: Clock
    ) -> None:
        # Mutable state: whether a failure was told, the status told last.
        self._address = _address(environ.get(SOCKET_VARIABLE, ""))
        self._events = events
        self._clock = clock
        self._has_failed = False
        self._status = ""

    @property
    def is_heard(self) -> bool:
        """True when there is a service manager that listens."""
        return self._address is not None

    def ready(self, status: str) -> None:
        """Say that everything runs, after a start or a reload."""
        self._status = _shown(status)
        self._send("READY=1", f"STATUS={self._status}")

    def status(self, text: str) -> None:
        """Say in one line what `systemctl status` shows; silent if it is no news."""
        text = _shown(text)
        if text != self._status:
            self._status = text
            # The queue of a busy manager may be full: nothing waits for a remark.
            self._send(f"STATUS={text}", within_seconds=0.0)

    def reloading(self) -> None:
        """Say that the configuration is read again; `ready` must follow."""
        # systemd tells this reload's READY from an earlier one by the stamp, which
        # is CLOCK_MONOTONIC in microseconds.
        stamp = int(self._clock.monotonic() * 1_000_000)
        self._send("RELOADING=1", f"MONOTONIC_USEC={stamp}")

    def stopping(self, status: str) -> None:
        """Say that the end has begun."""
        self._status = _shown(status)
        self._send("STOPPING=1", f"STATUS={self._status}")

    def alive(self) -> None:
        """Put the watchdog off for another while."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str, within_seconds: float = PATIENCE_SECONDS) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
            ) as sender:
                sender.settimeout(within_seconds)
                sender.sendto("\n".join(lines).encode(), self._address)
        except BlockingIOError:
            self._status = ""  # said again, if it is still so, the next time
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                why = error.strerror or str(error)
                self._events.emit("notify_failed", why=why)


def watchdog_seconds(environ: Mapping[str, str], *, pid: int) -> float | None:
    """Return how often the watchdog must hear of us, or None if it is off.

    Args:
        environ: The process environment.
        pid: Of this process: the variables may be meant for another one.

    Source: sd_watchdog_enabled(3).
    """
    wanted = environ.get(WATCHDOG_PID_VARIABLE, "").strip()
    if wanted and wanted != str(pid):
        return None
    try:
        microseconds = int(environ.get(WATCHDOG_VARIABLE, ""))
    except ValueError:
        return None
    return microseconds / 1_000_000 if microseconds > 0 else None


def _address(name: str) -> bytes | None:
    """Return the socket's address; ``@`` stands for the NUL of an abstract one."""
    if name.startswith("@"):
        return b"\0" + os.fsencode(name[1:])
    # Other families (vsock) are for machines that run no daemon of ours.
    return os.fsencode(name) if name.startswith("/") else None


def _shown(text: str) -> str:
    """Return a text that cannot begin a line of its own in a message."""
    line = one_line(text)
    if len(line) <= MAX_STATUS_CHARACTERS:
        return line
    return line[: MAX_STATUS_CHARACTERS - 1] + "…"
