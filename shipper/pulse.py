"""Whether the main loop still goes round, watched from a thread of its own.

The loop calls `beat` each time it has come round, which costs an addition. The thread
looks now and then whether there were beats, and only then tells the watchdog that we
are alive: a loop that hangs is not covered up by a thread that does not.
"""

from __future__ import annotations

import threading
from typing import Final, Protocol, Self

from shipper.events import Events

LOOKS_PER_WATCHDOG: Final = 4  # one missed look must not be the end
BUILDING_SECONDS: Final = 300.0  # as long as TimeoutStartSec gives a start
LOOKS_TO_TELL: Final = 2  # in the log before the end, which the fourth may bring


class Watchdog(Protocol):
    """Who wants to hear that we are alive."""

    def alive(self) -> None:
        """Put the end off for another while."""
        ...

    def status(self, text: str) -> None:
        """Say in one line what is going on."""
        ...


class Pulse:
    """Feeds the watchdog while there are beats, from `start` to the block's end.

    Args:
        watchdog: Fed.
        every_seconds: How long it goes without food at most, or None if there is
            no watchdog: nothing is watched then.
        events: Told once when the beats stop, and when they come again.
    """

    def __init__(
        self, *, watchdog: Watchdog, every_seconds: float | None, events: Events
    ) -> None:
        # Mutable state. Of the main loop: the number of beats. Of the thread: the
        # number it saw last, how many looks ago that was, whether it told of it. Of
        # both: how many more looks may see no beat; an error of one does no harm.
        self._watchdog = watchdog
        self._every_seconds = every_seconds
        self._events = events
        self._beats = 0
        self._seen = -1
        self._missed = 0
        self._patience = 0
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def start(self) -> None:
        """Begin to watch; before, a start that takes long is no trouble."""
        if self._every_seconds is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
            self._thread.start()

    def beat(self) -> None:
        """Take note that the main loop has come round."""
        self._beats += 1
        self._patience = 0

    def be_patient(self) -> None:
        """Allow for parts being built, as at a start: the next beat may take long."""
        if self._every_seconds:
            self._patience = int(BUILDING_SECONDS / self._pause_seconds)

    def look(self) -> None:
        """Feed the watchdog if there was a beat since the last look."""
        beats = self._beats
        if beats != self._seen:
            if self._missed >= LOOKS_TO_TELL:
                self._events.emit("loop_resumed")
            self._seen, self._missed = beats, 0
            self._watchdog.alive()
            return
        if self._patience > 0:
            self._patience -= 1
            self._watchdog.alive()
            return
        self._missed += 1
        if self._missed == LOOKS_TO_TELL:
            seconds = LOOKS_TO_TELL * self._pause_seconds
            self._events.emit("loop_stuck", seconds=seconds)
            self._watchdog.status(f"stuck: nothing has moved for {seconds:g} s")

    @property
    def beat_seconds(self) -> float | None:
        """How long the loop may be silent, or None if nobody listens."""
        return None if self._every_seconds is None else self._pause_seconds

    @property
    def _pause_seconds(self) -> float:
        return (self._every_seconds or 0.0) / LOOKS_PER_WATCHDOG

    def _run(self) -> None:
        # Real time: what is watched here may be the clock's own wait.
        while not self._is_over.wait(self._pause_seconds):
            self.look()
