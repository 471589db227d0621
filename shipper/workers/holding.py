"""A wish of the receiver's that holds for everybody: no request before a time.

What one process was told with `Retry-After`, all others obey, as if it had been said to
them. The receiver's wish comes in with answers; it goes out as a wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from shipper.limits.pace import Wait
from shipper.receipt import Cause, Deferred
from shipper.upload import Answered

NO_LIMIT = ""  # of the operator's: nothing is counted as held up by one


class Pace(Protocol):
    """How fast requests may go out, and when; `limits.pace.Pace` in the product."""

    def wait(self, now: float) -> Wait | None:
        """Return why and how long the next request has to wait, or None."""
        ...

    def spend(self, payloads: Sequence[bytes], now: float) -> Wait | None:
        """Note a request that goes out, or return why it may not."""
        ...


class HeldPace:
    """Implements the window's pace: that of others, and not before a time.

    Args:
        pace: Asked when that time is over, or None.
    """

    def __init__(self, pace: Pace | None) -> None:
        # Mutable state: the monotonic second; set by any thread, later ones win.
        self._pace = pace
        self._until = float("-inf")

    def hold(self, until: float) -> None:
        """Let nothing out before then."""
        self._until = max(self._until, until)

    def left_seconds(self, now: float) -> float:
        """Return how much longer nothing goes out, 0 if something may."""
        return max(0.0, self._until - now)

    def wait(self, now: float) -> Wait | None:
        """Return why and how long the next request has to wait, or None."""
        if now < self._until:
            return Wait(self._until - now, NO_LIMIT)
        return None if self._pace is None else self._pace.wait(now)

    def spend(self, payloads: Sequence[bytes], now: float) -> Wait | None:
        """Note a request that goes out, or return why it may not."""
        if now < self._until:
            return Wait(self._until - now, NO_LIMIT)
        return None if self._pace is None else self._pace.spend(payloads, now)


class Poster(Protocol):
    """Where requests go; answers come back later."""

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Send the payloads as one request."""
        ...

    def answered(self) -> Sequence[Answered]:
        """Return every answer since the last call."""
        ...


class Candid:
    """Passes requests and answers on, and tells of each wish to be left alone."""

    def __init__(self, poster: Poster, tell: Callable[[float], None]) -> None:
        self._poster = poster
        self._tell = tell

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Send the payloads as one request."""
        self._poster.post(ticket, payloads)

    def answered(self) -> Sequence[Answered]:
        """Return every answer since the last call."""
        answers = self._poster.answered()
        for answer in answers:
            receipt = answer.receipt
            if (
                isinstance(receipt, Deferred)
                and receipt.cause is Cause.BUSY
                and receipt.retry_after_seconds
            ):
                self._tell(receipt.retry_after_seconds)
        return answers
