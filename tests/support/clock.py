"""A clock that moves only when a test says so, or when somebody waits on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class FakeClock:
    """Implements `shipper.clock.Clock`; a wait passes the time it would take."""

    def __init__(self) -> None:
        # Mutable state: the present, the bell, and every wait that was asked for.
        self._seconds = 1000.0
        self._is_rung = False
        self.waits: list[float] = []
        self.on_wait: Callable[[float], None] | None = None

    def now(self) -> datetime:
        """Return the wall time that belongs to the present."""
        return START + timedelta(seconds=self._seconds - 1000.0)

    def monotonic(self) -> float:
        """Return the present in seconds."""
        return self._seconds

    def wait(self, seconds: float) -> bool:
        """Pass `seconds` at once, or none of them if the bell was rung."""
        self.waits.append(seconds)
        has_rung, self._is_rung = self._is_rung, False
        if not has_rung:
            self._seconds += seconds
        if self.on_wait is not None:
            self.on_wait(seconds)
        return has_rung

    def wake(self) -> None:
        """End the next wait at once."""
        self._is_rung = True

    def advance(self, seconds: float) -> None:
        """Move the present forward."""
        self._seconds += seconds
