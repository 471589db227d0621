"""What the operator hears of the log file's troubles.

In come troubles, noted while locks are held; out go warnings of the logger
`wsgi_writer`, sent after the locks are free. It must never configure logging, never
repeat itself at the rate of the requests, and never raise.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Final

_REPEAT_SECONDS: Final = 60.0  # a lasting trouble is told once a minute

_logger = logging.getLogger("wsgi_writer")


class Alarm:
    """Collects warnings about one file and sends each kind rarely.

    `waiting` holds what was noted and not sent yet.
    """

    def __init__(
        self, path: str, *, cooldown: float, monotonic: Callable[[], float]
    ) -> None:
        # Mutable: the warnings waiting and when each kind may be told again. Only
        # whoever holds the thread lock of RotatingFile notes; any thread sends.
        self._path = path
        self._pause = max(cooldown, _REPEAT_SECONDS)
        self._monotonic = monotonic
        self._quiet_until: dict[str, float] = {}
        self.waiting: list[str] = []

    def is_due(self, kind: str) -> bool:
        """Whether a warning of this kind would be sent now."""
        return self._monotonic() >= self._quiet_until.get(kind, 0.0)

    def note(self, kind: str, message: str) -> None:
        """Keep a warning to be sent, unless its kind was told a short while ago."""
        if self.is_due(kind):
            self._quiet_until[kind] = self._monotonic() + self._pause
            self.waiting.append(message)

    def send(self) -> None:
        """Hand what waits to the application's logging."""
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            # The application's handlers may do anything. When one fails, nobody is
            # left to be told; the counts in the records still tell it.
            with contextlib.suppress(Exception):
                _logger.warning("exchange log %s: %s", self._path, message)
