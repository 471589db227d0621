"""Why a line of a foreign log is refused: a closed list, one sentence each.

The words are stable: reports count by them, and `docs/formats.md` explains them. No
sentence ever holds a value from the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shipper.model import Reject

MAX_LINE_BYTES: Final = 1_048_576  # as for our own records (docs/guarantees.md)

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "too-long": "the line is longer than 1 MiB",
        "shape": "the fields are not those of the format",
        "half-line": "the line ends inside a field",
        "quotes": "a quoted field holds a quote that is not escaped",
        "not-json": "the line is no JSON, or not all of it",
        "not-http": "the line tells of no HTTP exchange",
        "method": "the line has no request method",
        "url": "the line has no request target",
        "status": "the status is not one of 100 to 599",
        "time": "the time of the request is missing, or no time at all",
        "time-zone": "the stamp names no time zone, and none was given",
        "time-gap": "the local time was skipped when the clocks went forward",
        "date": "the line has a time of day, but no date is known for it",
        "columns": "no header line says which columns the line has",
        "wrapper": "the line lacks the wrapper that the lines before it have",
        "unfinished": "the line was cut into parts, and the last one never came",
        "no-host": "the line has no host, and no base URL was given",
        "number": "a field that must be a number is none",
    }
)


def refuse(reason: str, detail: str | None = None) -> Reject:
    """Return the reject for a reason of the list.

    Args:
        reason: A word of `REASONS`.
        detail: A closer sentence than the list's, without any value of the line.
    """
    return Reject(reason, detail or REASONS[reason])
