"""The reader that all formats of one JSON object a line share.

A format gives two functions: whether an object is one of its lines, and what
exchange the object tells of. Reading the JSON, blank lines and lines that are too
long are this room's part.
"""

from __future__ import annotations

from collections.abc import Callable

from shipper.foreign import Foreign
from shipper.formats.objects import LogObject, read_object
from shipper.formats.reasons import refuse
from shipper.model import Reject, Skip


class ObjectReader:
    """Reads a log of JSON objects, one a line; no line depends on another."""

    def __init__(
        self,
        *,
        is_ours: Callable[[LogObject], bool],
        exchange: Callable[[LogObject], Foreign | Reject],
        read: Callable[[bytes], LogObject | Reject | Skip] = read_object,
    ) -> None:
        self._is_ours = is_ours
        self._exchange = exchange
        self._read = read

    def fits(self, line: bytes) -> bool:
        """Tell whether the line is an object with the members of the format."""
        found = self._read(line)
        return isinstance(found, LogObject) and self._is_ours(found)

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        found = self._read(line)
        if not isinstance(found, LogObject):
            return found
        return self._exchange(found) if self._is_ours(found) else refuse("shape")
