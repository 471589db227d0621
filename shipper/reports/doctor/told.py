"""What a room tells while it is looked at, kept for the checks."""

from __future__ import annotations

from shipper.events import Value


class Told:
    """Implements `events.Events`: keeps what was told."""

    def __init__(self) -> None:
        # Mutable state: the events in the order told.
        self.events: list[tuple[str, dict[str, Value]]] = []

    def emit(self, name: str, **fields: Value) -> None:
        """Remember an event."""
        self.events.append((name, fields))
