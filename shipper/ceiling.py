"""How many records a request may hold: as many as the receiver has shown to take.

What it refuses as too large, it refuses for good. What it was too slow for, it may take
at another hour, so that this limit grows again: a shipper that runs for months would
else come down to one record a request. No I/O, no clock of its own.
"""

from __future__ import annotations

from typing import Final

FIRST_PAUSE_SECONDS: Final = 600.0
LONGEST_PAUSE_SECONDS: Final = 86_400.0


class Ceiling:
    """Lowered by refusals and time-outs, raised again some time after the latter.

    Args:
        most: As many as the operator allows.

    Attributes:
        max_records: As many as one request may hold now.
    """

    def __init__(self, most: int) -> None:
        # Mutable state, of the pipeline thread: what may never be exceeded again, the
        # pause before the next try of more, when that is, and whether one is under way.
        self.max_records = most
        self._most = most
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._grows_at = float("inf")
        self._is_trying = False

    def refused(self, records: int) -> None:
        """Note a batch that was too large."""
        self._most = min(self._most, _half(records))
        self.max_records = min(self.max_records, self._most)

    def timed_out(self, records: int, now: float) -> None:
        """Note a batch that the receiver had, and gave no answer for in time."""
        if _half(records) >= self.max_records:
            return  # it was sent before the last one that told us so
        if self._is_trying:
            # In vain: each try costs a time-out, and may send records twice.
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
            self._is_trying = False
        self.max_records = _half(records)
        self._grows_at = now + self._pause_seconds

    def delivered(self, now: float) -> None:
        """Note an answer in time: after a while, twice as much is tried."""
        if now < self._grows_at:
            return
        if self.max_records < self._most:
            self.max_records = min(2 * self.max_records, self._most)
            self._grows_at = now + self._pause_seconds
            self._is_trying = True
        else:
            self._pause_seconds = FIRST_PAUSE_SECONDS
            self._grows_at = float("inf")
            self._is_trying = False


def _half(records: int) -> int:
    return (records + 1) // 2
