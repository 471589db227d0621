"""Commits are stored, and tried again where waiting can help.

A commit goes in, and whether it was stored comes out. A full disk or a locked database
is told of once and tried again after a second; what waiting cannot mend is raised.
"""

from __future__ import annotations

from typing import Final

from shipper.doors import Checkpoints
from shipper.errors import StateError
from shipper.events import Events
from shipper.model import Commit

RETRY_SECONDS: Final = 1.0


class Storing:
    """Stores the commits of one pipeline.

    Args:
        checkpoints: The one place that moves positions.
        events: Where trouble is told, and its end.

    Attributes:
        trouble: Why nothing is stored at present, or nothing.
    """

    def __init__(self, checkpoints: Checkpoints, events: Events) -> None:
        # Mutable state, of the pipeline thread: the trouble, and when to try again.
        self._checkpoints = checkpoints
        self._events = events
        self._retry_at: float | None = None
        self.trouble = ""

    def store(self, commit: Commit, now: float) -> bool:
        """Store a commit; False if it has to wait.

        Raises:
            StateError: It cannot be stored, and waiting cannot help.
        """
        if self._retry_at is not None and now < self._retry_at:
            return False
        try:
            self._checkpoints.commit(commit)
        except StateError as error:
            if not error.is_temporary:
                raise
            if self._retry_at is None:
                self._events.emit(
                    "state_write_failed", why=str(error), hint=error.hint or ""
                )
            self._retry_at = now + RETRY_SECONDS
            self.trouble = str(error)
            return False
        if self._retry_at is not None:
            self._events.emit("state_write_resumed")
            self._retry_at = None
            self.trouble = ""
        return True

    def due_in(self, now: float) -> float | None:
        """Return the seconds until the next try, or None if nothing waits for one."""
        return None if self._retry_at is None else self._retry_at - now
