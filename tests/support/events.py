"""Events remembered instead of written."""

from __future__ import annotations

from shipper.events import EVENTS, Value


class RecordingEvents:
    """Implements `shipper.events.Events` and keeps what it was told."""

    def __init__(self) -> None:
        # Mutable state: (name, fields) in the order told.
        self.told: list[tuple[str, dict[str, Value]]] = []

    def emit(self, name: str, **fields: Value) -> None:
        """Remember the event; fails if its sentence lacks a field."""
        EVENTS[name].sentence.format(**fields)
        self.told.append((name, fields))

    def names(self) -> list[str]:
        """Return the names in the order told."""
        return [name for name, _ in self.told]
