"""One worker as its parent knows it, whichever process it has now.

What its processes say and how they end comes in; when it is to be given up and when it
gets another process goes out. Nothing is started here, and `crew` alone changes it, on
the pipeline's thread.
"""

from __future__ import annotations

from typing import Final

from shipper.ending import Ending
from shipper.workers.messages import Order, Over, Vital
from shipper.workers.process import WorkerProcess

FIRST_PAUSE_SECONDS: Final = 1.0  # before a lost worker is replaced
MOST_PAUSE_SECONDS: Final = 60.0  # doubled up to here while none of them commits
BUILDING_SECONDS: Final = 300.0  # as long as a service manager gives a start
SILENT_SECONDS: Final = 60.0  # as WatchdogSec=: a worker says a word each second


class Hand:
    """One worker.

    Attributes:
        process: What it has now, or None while it has none.
        vital: Its last word about how it stands.
        why_lost: Why the last process was lost, or empty.
        start_at: When it gets another one, or None.
        over: How it has come to its end, or None.
    """

    def __init__(self, number: int) -> None:
        # Mutable state: all of it; when it was heard last, whether its present process
        # has come round at least once, what that was told to do last, and how many
        # were lost since one of them committed.
        self.number = number
        self.process: WorkerProcess | None = None
        self.vital = Vital()
        self.why_lost = ""
        self.start_at: float | None = None
        self.over: Over | None = None
        self._heard_at = 0.0
        self._is_moving = False
        self._ordered: Order | None = None
        self._losses = 0

    @property
    def is_over(self) -> bool:
        """True when it has ended as it should, and its process is gone."""
        return self.over is not None and self.process is None

    @property
    def is_ready(self) -> bool:
        """True when it has opened its logs, or is done with them."""
        return self._is_moving or self.over is not None

    @property
    def trouble(self) -> str:
        """What keeps its work from being finished, or empty."""
        if self.start_at is not None:
            return f"worker {self.number} is replaced: {self.why_lost}"
        return self.vital.trouble

    def prepare(self) -> None:
        """Make ready for another process."""
        self.start_at = None
        self.why_lost = ""
        self._is_moving = False
        self._ordered = None

    def begin(self, process: WorkerProcess, now: float) -> None:
        """Go on with a process that has been started."""
        self.process = process
        self._heard_at = now

    def heard(self, now: float) -> None:
        """Count its silence from now on."""
        self._heard_at = now

    def came_round(self, vital: Vital) -> None:
        """Take note of how it stands, having come round."""
        self._is_moving = True
        self.vital = vital

    def got_on(self) -> None:
        """Take note of a commit: if it is lost, the next one need not wait for long."""
        self._losses = 0

    def ended(self, over: Over) -> None:
        """Take note that it has come to its end."""
        self.over = over
        self.vital = Vital(trouble=over.trouble)

    def give_up(self, ending: Ending) -> None:
        """Come to the end without a process: it gets no other one."""
        self.start_at = None
        self.ended(Over(ending, f"worker {self.number} is lost: {self.why_lost}"))

    def obey(self, order: Order) -> None:
        """Pass an order on to its process, once."""
        if self.process is not None and self._ordered is not order:
            self._ordered = order
            self.process.send(order)

    def check_pulse(self, now: float) -> None:
        """Kill a process of which nothing was heard for too long."""
        patience = SILENT_SECONDS if self._is_moving else BUILDING_SECONDS
        if self.process is not None and now - self._heard_at > patience:
            self.why_lost = f"nothing was heard of it for {patience:.0f} s"
            self._heard_at = now
            self.process.kill()

    def lose(self, why: str, now: float) -> float:
        """Take note that it has lost its process.

        Returns:
            The seconds until it gets another one.
        """
        # The exponent has an end too: a broken table loses a thousand in a day.
        doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(self._losses, 20)
        seconds = min(doubled, MOST_PAUSE_SECONDS)
        self._losses += 1
        self.start_at = now + seconds
        self.why_lost = why
        # What was in flight there is on disk alone again.
        self.vital = Vital(unread_bytes=self.vital.unread_bytes)
        return seconds
