"""What a backfill would send: everything is read and shaped, and nothing leaves.

An open log comes in, a `FilePlan` goes out: how many lines are exchanges and which are
refused for what, when they happened, where hours are missing, and what it would take
to send them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from shipper.backfill.reader import Reader
from shipper.backfill.shaping import HistoryShaper
from shipper.model import BLANK, Entry, Reject, Skip, Unsettled
from shipper.record import UnknownVersion

MOST_GAPS: Final = 5  # are named; all are counted

_STARTED: Final = re.compile(rb'"startedDateTime":"([^"]{19})[^"]*"')
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Hours between the first and the last record in which nothing happened."""

    begin: str
    end: str
    hours: int


@dataclass(slots=True)
class FilePlan:
    """What is in one log.

    Attributes:
        exchanges: Lines that would be sent.
        skipped: By rule; `rejects` by reason.
        first: When the earliest exchange began (ISO 8601, UTC), or empty.
        gaps: The longest ones; `gap_count` counts all.
        requests: How many POSTs it takes; `body_bytes` what they carry.
        trouble: Why it could not be read to its end, or nothing.
        left_alone: Why nothing of it would be sent, or nothing.
    """

    path: str
    format: str
    wrapper: str | None
    packing: str
    size_bytes: int
    lines: int = 0
    exchanges: int = 0
    blank: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""
    gaps: tuple[Gap, ...] = ()
    gap_count: int = 0
    requests: int = 0
    body_bytes: int = 0
    trouble: str = ""
    left_alone: str = ""


class Planner:
    """Reads logs and counts.

    Args:
        max_records: Of one request; `max_bytes` likewise.
    """

    def __init__(self, *, max_records: int, max_bytes: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes

    def plan(self, file: FilePlan, reader: Reader, shaper: HistoryShaper) -> None:
        """Read the one log of a reader, and fill in what is in it."""
        hours: set[str] = set()
        records, size_bytes = 0, 2
        while (line := reader.next_line()) is not None:
            file.lines += 1
            item = shaper.shape(line)
            if isinstance(item, UnknownVersion):
                reader.stop_file(line.file_id, item.why)
                break
            payload = _count(file, item.reject if isinstance(item, Unsettled) else item)
            if payload is None:
                continue
            self._note_time(file, hours, payload)
            if records and (
                records >= self._max_records
                or size_bytes + len(payload) >= self._max_bytes
            ):
                file.requests += 1
                records, size_bytes = 0, 2
            records += 1
            size_bytes += len(payload) + 1
            file.body_bytes += len(payload) + 1
        file.requests += bool(records)
        file.body_bytes += file.requests
        gaps = _gaps(hours)
        file.gap_count = len(gaps)
        file.gaps = tuple(sorted(gaps, key=lambda gap: -gap.hours)[:MOST_GAPS])
        opened = reader.current
        if opened is not None and opened.trouble is not None:
            file.trouble = str(opened.trouble)

    def _note_time(self, file: FilePlan, hours: set[str], payload: bytes) -> None:
        found = _STARTED.search(payload)
        if found is None:
            return
        stamp = found[1].decode() + "Z"
        file.first = min(file.first, stamp) if file.first else stamp
        file.last = max(file.last, stamp)
        hours.add(stamp[:13])


def _count(file: FilePlan, item: Entry | Skip | Reject) -> bytes | None:
    """Count what a line is; return the payload of an exchange."""
    match item:
        case Entry():
            file.exchanges += 1
            return item.payload
        case Skip(reason) if reason == BLANK:
            file.blank += 1
        case Skip(reason):
            file.skipped[reason] += 1
        case Reject(reason):
            file.rejects[reason] += 1
    return None


def _gaps(hours: set[str]) -> list[Gap]:
    """Return where whole hours are missing."""
    moments = [
        datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
        for hour in sorted(hours)
    ]
    return [
        Gap(
            (before + _HOUR).strftime("%Y-%m-%dT%H:%M:%SZ"),
            after.strftime("%Y-%m-%dT%H:%M:%SZ"),
            int((after - before) / _HOUR) - 1,
        )
        for before, after in pairwise(moments)
        if after - before > _HOUR
    ]


def seconds_to_send(
    plans: Sequence[FilePlan],
    *,
    records_per_second: float | None,
    bytes_per_second: float | None,
) -> float | None:
    """Return how long it takes at the given limits; None without any."""
    seconds = [
        sum(plan.exchanges for plan in plans) / records_per_second
        if records_per_second
        else 0.0,
        sum(plan.body_bytes for plan in plans) / bytes_per_second
        if bytes_per_second
        else 0.0,
    ]
    return max(seconds) if records_per_second or bytes_per_second else None
