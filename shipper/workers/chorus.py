"""What every worker tells of one thing is told once.

All workers look into the same directories and read the same tables; what each of them
says of those comes in with its number, and what is news goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from shipper.events import Value

# Of nothing that belongs to one worker's logs.
_OF_ALL: Final = frozenset(
    {"source_empty", "watch_degraded", "lookup_loaded", "lookup_failed"}
)


class Chorus:
    """Remembers how often each worker has told a thing. Pipeline thread."""

    def __init__(self) -> None:
        # Mutable state: how often each worker has told each thing, and how often it
        # was passed on.
        self._heard: Counter[tuple[int, str, str]] = Counter()
        self._told: Counter[tuple[str, str]] = Counter()

    def is_news(self, worker: int, name: str, fields: Mapping[str, Value]) -> bool:
        """Return True unless another worker has told the same, as often."""
        if name not in _OF_ALL:
            return True
        what = str(sorted(fields.items()))
        self._heard[worker, name, what] += 1
        if self._heard[worker, name, what] <= self._told[name, what]:
            return False
        self._told[name, what] += 1
        return True
