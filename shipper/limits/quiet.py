"""Hours in which nothing is sent: ``22:00-06:00``, by the clock on the wall; pure.

A moment comes in; the time at which quiet ends goes out, or nothing. When clocks are
set forward or back in the middle of them, quiet hours are one stretch all the same:
of a time that comes twice they begin at the first and end at the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from shipper.limits.timetable import DAY_MINUTES, minute_of

_SPAN: Final = re.compile(r"([0-9]{1,2}:[0-9]{2})\s*-\s*([0-9]{1,2}:[0-9]{2})")
_MIDNIGHT: Final = "24:00"


class Span(Struct, frozen=True):
    """From one minute of the day to another, which may be on the next day.

    Attributes:
        begin: Minute of the day.
        end: Minute of the day, not included; before `begin` it is on the next day.
    """

    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        """Tell whether a minute of the day lies within."""
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end

    def covers(self, moment: datetime, zone: tzinfo | None) -> bool:
        """Tell whether an aware moment lies within, by the wall clock of `zone`.

        Args:
            moment: The moment.
            zone: Whose clock is asked; None is that of the host.
        """
        local = moment.astimezone(zone)
        # The clock alone would end quiet hours and begin them again when an hour
        # comes twice; instants alone would miss hours that a clock leaves out.
        if self.holds(local.hour * 60 + local.minute):
            return True
        length = (self.end - self.begin) % DAY_MINUTES
        for day in (local.date() - timedelta(days=1), local.date()):
            begin = _instant(day, self.begin, zone, is_second=False)
            end = _instant(day, self.begin + length, zone, is_second=True)
            if begin <= moment < end:
                return True
        return False


class QuietHours(Struct, frozen=True):
    """All the spans of quiet.

    Attributes:
        spans: In the order written; they may overlap.
        zone: Whose clock they are read from; None is that of the host.
    """

    spans: tuple[Span, ...] = ()
    zone: tzinfo | None = None

    def until(self, moment: datetime) -> str | None:
        """Return when quiet ends, such as ``06:00``, or None if it is not quiet."""
        for span in self.spans:
            if span.covers(moment, self.zone):
                return self._end_of(span)
        return None

    def _end_of(self, span: Span) -> str:
        end = span.end
        for _ in self.spans:
            longer = next((each for each in self.spans if each.holds(end)), None)
            if longer is None:
                break
            end = longer.end
        return f"{end // 60:02}:{end % 60:02}"


def quiet_hours_of(texts: Iterable[str], zone: tzinfo | None = None) -> QuietHours:
    """Return the quiet hours of texts such as ``22:00-06:00``.

    Raises:
        ValueError: One cannot be used, or they leave no time to send.
    """
    spans = tuple(map(span_of, texts))
    if spans and all(
        any(span.holds(minute) for span in spans) for minute in range(DAY_MINUTES)
    ):
        raise ValueError("they leave no time to send")
    return QuietHours(spans, zone)


def span_of(text: str) -> Span:
    """Return one span.

    Raises:
        ValueError: It is none.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no span of hours such as 22:00-06:00")
    begin = minute_of(found[1])
    end = 0 if found[2] == _MIDNIGHT else minute_of(found[2])
    if begin == end:
        raise ValueError(f"{text!r} leaves no time to send")
    return Span(begin, end)


def _instant(
    day: date, minute: int, zone: tzinfo | None, *, is_second: bool
) -> datetime:
    """Return when a wall clock shows a time; of two, the first or the second."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=zone, fold=int(is_second)).astimezone(UTC)
