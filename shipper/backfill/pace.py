"""No faster than was asked for: records and bytes a second, averaged over a second.

It stands before the uploader: a request that would be too soon waits here. Waiting
ends at once when the run has to end. Times are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from shipper.clock import Clock
from shipper.window import Answered, Poster


class Pace:
    """Implements the window's poster, in front of another.

    Args:
        poster: Sends.
        clock: The time; its bell ends a wait early, which is then gone on with.
        records_per_second: At most, or None.
        bytes_per_second: Of request bodies, at most, or None.
    """

    def __init__(
        self,
        poster: Poster,
        *,
        clock: Clock,
        records_per_second: float | None,
        bytes_per_second: float | None,
    ) -> None:
        # Mutable state: when the next request may go out. Pipeline thread; `hurry`
        # is called from a signal handler and only ever sets one flag.
        self._poster = poster
        self._clock = clock
        self._records_per_second = records_per_second
        self._bytes_per_second = bytes_per_second
        self._free_at = clock.monotonic()
        self._hurries = False

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Send when it is time."""
        now = self._clock.monotonic()
        while now < self._free_at and not self._hurries:
            self._clock.wait(self._free_at - now)
            now = self._clock.monotonic()
        self._free_at = max(now, self._free_at) + self._cost_seconds(payloads)
        self._poster.post(ticket, payloads)

    def answered(self) -> Sequence[Answered]:
        """Return every answer since the last call."""
        return self._poster.answered()

    def hurry(self) -> None:
        """Wait no more: the run has to end."""
        self._hurries = True

    def _cost_seconds(self, payloads: Sequence[bytes]) -> float:
        seconds = 0.0
        if self._records_per_second is not None:
            seconds = len(payloads) / self._records_per_second
        if self._bytes_per_second is not None:
            size = sum(map(len, payloads)) + len(payloads) + 1
            seconds = max(seconds, size / self._bytes_per_second)
        return seconds
