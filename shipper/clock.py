"""Time and waiting, in one small interface that tests can drive by hand.

Wall time is for stamps people read; intervals come from the monotonic clock.
`wait` ends early when anybody calls `wake`: an upload that finished, a file
event, a signal. Nothing in the shipper sleeps in any other way.
"""

from __future__ import annotations

import queue
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rooms ask of time."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        ...

    def wait(self, seconds: float) -> bool:
        """Rest for at most `seconds`, or until `wake`; True if somebody rang."""
        ...

    def wake(self) -> None:
        """End the current wait, or the next one at once."""
        ...


class SystemClock:
    """The real clock; `wake` may be called from any thread or signal handler."""

    def __init__(self) -> None:
        # Mutable state: the bell. SimpleQueue.put is re-entrant, so a signal
        # handler may ring while this same thread is inside get(); an Event's
        # lock would deadlock there.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never step back."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Rest for at most `seconds`, or until `wake`; True if somebody rang."""
        has_rung = False
        try:
            if seconds > 0:
                self._bell.get(timeout=seconds)
                has_rung = True
            # Several rings between two waits are one reason to look.
            while True:
                self._bell.get_nowait()
                has_rung = True
        except queue.Empty:
            return has_rung

    def wake(self) -> None:
        """End the current wait, or the next one at once."""
        self._bell.put(None)
