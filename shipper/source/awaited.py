"""Patterns that no file matches yet: each is told of once, until one does."""

from __future__ import annotations

import os
from collections.abc import Sequence

from shipper.events import Events
from shipper.source.siblings import Pattern


class Awaited:
    """Tells of patterns without files. Pipeline thread only.

    Args:
        patterns: Those of one source.
        events: Where they are told.
    """

    def __init__(self, patterns: Sequence[Pattern], events: Events) -> None:
        # Mutable state: the patterns that were told of.
        self._patterns = patterns
        self._events = events
        self._told: set[str] = set()

    def look(self, found: set[str]) -> None:
        """Tell of every pattern that none of the found active files belongs to."""
        for pattern in self._patterns:
            if any(map(pattern.has, found)):
                self._told.discard(pattern.text)
            elif pattern.text not in self._told:
                self._told.add(pattern.text)
                hint = "it is waited for"
                if not any(map(os.path.isdir, pattern.directories())):
                    hint = "its directory does not exist; " + hint
                self._events.emit("source_empty", pattern=pattern.text, hint=hint)
