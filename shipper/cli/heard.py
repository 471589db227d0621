"""Whether those who only look have seen all there is.

Events pass through on their way to the log; what they told of is there to be asked
about at the end, when an exit code is chosen.
"""

from __future__ import annotations

from shipper.events import Events, Value


class Heard:
    """Passes events on and remembers whether a file could not be read."""

    def __init__(self, events: Events) -> None:
        # Mutable state: what was heard.
        self._events = events
        self.is_unread = False

    def emit(self, name: str, **fields: Value) -> None:
        """Report one event."""
        if name == "file_unreadable":
            self.is_unread = True
        self._events.emit(name, **fields)
