"""How fast history is sent, and how much at once: limits of its own.

What the operator allows comes in; a pace goes out, and how much a request may hold
under it. Those of `[limits]` are the shipper's and do not count here.
"""

from __future__ import annotations

from dataclasses import dataclass

from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.events import Events
from shipper.limits.pace import Pace, most_bytes, most_records
from shipper.limits.timetable import constant


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast, and how much at once; None is no limit."""

    records_per_second: float | None = None
    bytes_per_second: float | None = None

    def shared_by(self, workers: int) -> Limits:
        """Return what each of so many workers may do."""
        records, size = self.records_per_second, self.bytes_per_second
        return Limits(records and records / workers, size and size / workers)


def records_a_request(settings: Settings, limits: Limits) -> int:
    """Return how many records go into a request at most."""
    return most_records(settings.batch.max_records, limits.records_per_second)


def bytes_a_request(settings: Settings, limits: Limits) -> int:
    """Return how large a request may be."""
    return most_bytes(settings.batch.max_bytes, limits.bytes_per_second)


def pace_of(limits: Limits, *, events: Events, clock: Clock) -> Pace:
    """Return what keeps to the limits."""
    return Pace(
        clock=clock,
        events=events,
        records_per_second=limits.records_per_second,
        timetable=constant(limits.bytes_per_second),
    )
