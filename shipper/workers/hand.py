"""One worker as its parent knows it, whichever process it has now.

`crew` alone changes it, on the pipeline's thread.
"""

from __future__ import annotations

from shipper.workers.messages import Order, Over, Vital
from shipper.workers.process import WorkerProcess


class Hand:
    """One worker.

    Attributes:
        process: What it has now, or None while it has none.
        heard_at: Monotonic second of its last word.
        is_moving: Its present process has come round at least once.
        vital: Its last word about how it stands.
        losses: How many processes were lost since it last committed.
        why_lost: Why the last one was, or empty.
        start_at: When it gets another one, or None.
        ordered: What its process was told to do last.
        over: How it has come to its end, or None.
    """

    def __init__(self, number: int) -> None:
        # Mutable state: all of it.
        self.number = number
        self.process: WorkerProcess | None = None
        self.heard_at = 0.0
        self.is_moving = False
        self.vital = Vital()
        self.losses = 0
        self.why_lost = ""
        self.start_at: float | None = None
        self.ordered: Order | None = None
        self.over: Over | None = None

    @property
    def is_over(self) -> bool:
        """True when it has ended as it should, and its process is gone."""
        return self.over is not None and self.process is None
