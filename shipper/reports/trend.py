"""How fast it goes, and when the backlog is empty: the last few looks, compared.

Amounts with their times come in, rates go out; pure. A backlog that does not
shrink has no end to foretell, and nothing is foretold from a single look.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

LOOKS = 16  # half a minute of looks every two seconds: steady, and soon up to date


@dataclass(frozen=True, slots=True)
class Look:
    """What was there at a moment.

    Attributes:
        at: Monotonic seconds.
        delivered: Records that were delivered so far.
        waiting_bytes: Of the backlog.
    """

    at: float
    delivered: int
    waiting_bytes: int


class Trend:
    """Compares the newest look with the oldest of a few."""

    def __init__(self) -> None:
        # Mutable state: the last looks.
        self._looks: deque[Look] = deque(maxlen=LOOKS)

    def add(self, look: Look) -> None:
        """Take one more look into account."""
        self._looks.append(look)

    @property
    def delivered_per_second(self) -> float | None:
        """Records delivered in a second, or None after a single look."""
        return self._per_second(lambda look: look.delivered)

    @property
    def growth_per_second(self) -> float | None:
        """Bytes by which the backlog grows in a second; negative if it shrinks."""
        return self._per_second(lambda look: look.waiting_bytes)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the backlog is empty, None if that cannot be foretold."""
        growth = self.growth_per_second
        if growth is None or growth >= 0:
            return None
        return self._looks[-1].waiting_bytes / -growth

    def _per_second(self, amount: Callable[[Look], int]) -> float | None:
        if len(self._looks) < 2:
            return None
        first, last = self._looks[0], self._looks[-1]
        seconds = last.at - first.at
        return (amount(last) - amount(first)) / seconds if seconds > 0 else None
