"""What looks like a secret is told of, each kind once a place.

The suspicions of every entry come in; events go out, of which none holds any of the
value. The counters of the state count all of them, whatever is told.
"""

from __future__ import annotations

from typing import Final

from shipper.events import Events
from shipper.model import Suspicion

MOST_TOLD: Final = 1000  # in one run; memory is bounded by it


class Suspicions:
    """Remembers what was told.

    Args:
        events: Where it is told.
    """

    def __init__(self, events: Events) -> None:
        # Mutable state, of the pipeline thread: what was told in this run.
        self._events = events
        self._told: set[Suspicion] = set()

    def tell(self, suspicions: tuple[Suspicion, ...]) -> None:
        """Tell of those that are news."""
        for each in suspicions:
            if each in self._told or len(self._told) >= MOST_TOLD:
                continue
            self._told.add(each)
            self._events.emit(
                "secret_hidden" if each.is_hidden else "secret_suspected",
                kind=each.kind,
                operation=each.operation,
                field=each.field,
            )
