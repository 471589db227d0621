"""Build how fast the shipper may send: the part of `service` for `[limits]`.

Settings come in; the pace goes out, with how much a request may hold under it.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from msgspec import Struct

from shipper.clock import Clock
from shipper.config.logs import zone_of
from shipper.config.settings import LimitSettings, Settings
from shipper.events import Events
from shipper.limits.pace import Balance, Pace, most_bytes, most_records
from shipper.limits.quiet import QuietHours, quiet_hours_of
from shipper.limits.timetable import Timetable, timetable_of
from shipper.limits.words import rate_of


class Pacing(Struct, frozen=True):
    """How fast, and how much at once.

    Attributes:
        pace: Says when a request may go out.
        max_records: Most records in one request.
        max_bytes: Most bytes in one request body.
    """

    pace: Pace
    max_records: int
    max_bytes: int


class LimitsNow(Struct, frozen=True):
    """What holds at one moment; None is no limit.

    Attributes:
        quiet_until: When quiet hours end, such as ``06:00``, or None outside them.
    """

    records_per_second: float | None
    bytes_per_second: float | None
    quiet_until: str | None


def pacing_of(
    settings: Settings,
    *,
    events: Events,
    clock: Clock,
    balance: Balance | None = None,
) -> Pacing:
    """Return what `[limits]` comes to; its words have been checked.

    Args:
        settings: What `config.load` returned.
        events: Told when quiet hours begin and end.
        clock: For the time of the week.
        balance: Left by the pace before this one, or None.
    """
    words = _read(settings.limits)
    return Pacing(
        Pace(
            clock=clock,
            events=events,
            records_per_second=words.rate,
            timetable=words.timetable,
            quiet=words.quiet,
            zone=words.zone,
            balance=balance,
        ),
        max_records=most_records(settings.batch.max_records, words.rate),
        max_bytes=most_bytes(settings.batch.max_bytes, words.timetable.least),
    )


def is_limited(settings: Settings) -> bool:
    """Return True if there is a limit on what may be sent, or when."""
    limits = settings.limits
    return bool(limits.rate or limits.bwlimit or limits.quiet_hours)


def limits_at(settings: Settings, moment: datetime) -> LimitsNow:
    """Return which limits hold at an aware moment."""
    words = _read(settings.limits)
    return LimitsNow(
        records_per_second=words.rate,
        bytes_per_second=words.timetable.at(moment.astimezone(words.zone)),
        quiet_until=words.quiet.until(moment),
    )


class _Words(Struct, frozen=True):
    rate: float | None
    timetable: Timetable
    quiet: QuietHours
    zone: tzinfo | None


def _read(limits: LimitSettings) -> _Words:
    zone = zone_of(limits.timezone) if limits.timezone else None
    return _Words(
        rate_of(limits.rate) if limits.rate else None,
        timetable_of(limits.bwlimit) if limits.bwlimit else Timetable(),
        quiet_hours_of(limits.quiet_hours, zone),
        zone,
    )
