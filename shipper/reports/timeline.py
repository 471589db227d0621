"""How many in which stretch of time, in bounded memory whatever the times are.

Stamps come in, in any order; equal stretches with their counts come out. The
stretches grow as needed: a week is counted in hours where a minute had been.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

MAX_BUCKETS: Final = 128


class Span(Struct, frozen=True):
    """From the first stamp to the last, in seconds since 1970."""

    first: int
    last: int


def seconds_of(stamp: str) -> int:
    """Return the whole seconds since 1970 of a stamp such as a record has."""
    try:
        moment = datetime.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007
    except ValueError:  # the 31st of a month that has 30 days
        return 0
    return int(moment.replace(tzinfo=UTC).timestamp())


class Timeline:
    """Counts stamps."""

    def __init__(self) -> None:
        # Mutable state: how long a bucket is, and what was counted into which.
        self._width_seconds = 1
        self._counts: Counter[int] = Counter()
        self._span: Span | None = None

    @property
    def span(self) -> Span | None:
        """From the first to the last; None before anything was counted."""
        return self._span

    def add(self, seconds: int) -> None:
        """Count one."""
        self._counts[seconds // self._width_seconds] += 1
        span = self._span or Span(seconds, seconds)
        self._span = Span(min(span.first, seconds), max(span.last, seconds))
        while len(self._counts) > MAX_BUCKETS:
            self._coarsen()

    def _coarsen(self) -> None:
        self._width_seconds *= 2
        merged: Counter[int] = Counter()
        for bucket, count in self._counts.items():
            merged[bucket // 2] += count
        self._counts = merged

    def columns(self, count: int, span: Span) -> tuple[int, ...]:
        """Return the counts of equal stretches of `span`."""
        columns = [0] * count
        length = span.last - span.first + 1
        for bucket, amount in self._counts.items():
            middle = bucket * self._width_seconds + self._width_seconds // 2
            place = min(max(middle - span.first, 0), length - 1)
            columns[place * count // length] += amount
        return tuple(columns)


def moment_of(seconds: int) -> str:
    """Return a time for people, in UTC."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
