"""Ways to read logs of other programs, and files that exist by name alone."""

from __future__ import annotations

from typing import Any

from shipper.adopt import Adopter
from shipper.foreign import Hints
from shipper.formats import FORMATS
from shipper.readings import Way
from shipper.rejected import RejectedText
from shipper.source import Opening
from wsgi_writer.mask import Masks

COMBINED = (
    b'203.0.113.9 - - [23/Nov/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "owl"'
)


def a_way(name: str = "combined", **changes: Any) -> Way:
    """Return how the lines of a source are read."""
    adopter = Adopter(masks=Masks(), base_url="https://api.example.com")
    return Way(FORMATS[name], Hints(), adopter, RejectedText(Masks()), **changes)


class FakeFiles:
    """Implements `readings.Files`: files "own…" are of source 0, others of 1.

    Attributes:
        asked: What was asked, in order.
        moved: What is in another table by now, with its number.
    """

    def __init__(self, opening: Opening | None) -> None:
        # Mutable state: what was asked, what is no longer followed, and what moved.
        self._opening = opening
        self.asked: list[tuple[str, int | None]] = []
        self.gone: set[str] = set()
        self.moved: dict[str, int] = {}

    def source_of(self, file_id: str) -> int | None:
        """Return the number of its table."""
        if file_id in self.gone:
            return None
        if file_id in self.moved:
            return self.moved[file_id]
        return 0 if file_id.startswith("own") else 1

    def opening(
        self, file_id: str, *, headers_before: int | None = None
    ) -> Opening | None:
        """Return how every file begins."""
        self.asked.append((file_id, headers_before))
        return self._opening
