"""Which bandwidth holds at which time of the week; pure.

A text such as ``08:00,512k 20:00,off`` or ``Mon-08:00,1M Sat-00:00,off`` comes in, a
table that covers the whole week goes out: what holds at the end of Sunday holds on
Monday until the first time that is named. The form is that of ``rclone --bwlimit``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import datetime
from typing import Final

from msgspec import Struct

from shipper.limits.words import bandwidth_of

DAY_MINUTES: Final = 24 * 60
_DAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_SLOT: Final = re.compile(r"(?:([A-Za-z]+)-)?([0-9]{1,2}:[0-9]{2}),([^,]+)")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_EXPECTED: Final = (
    "expected a size such as 512k, or times with sizes such as "
    "'08:00,512k 20:00,off' or 'Mon-08:00,1M Sat-00:00,off'"
)


class Timetable(Struct, frozen=True):
    """Bandwidths by the minute of the week that each one holds from.

    Attributes:
        starts: Minutes since Monday 00:00, rising, at least one.
        bandwidths: Bytes a second from each of them on, None for no limit.
    """

    starts: tuple[int, ...] = (0,)
    bandwidths: tuple[float | None, ...] = (None,)

    def at(self, local: datetime) -> float | None:
        """Return the bytes a second that hold at a local time, None for no limit."""
        minute = local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute
        # Before the first start of the week the last one of the week before holds:
        # that is index -1.
        return self.bandwidths[bisect_right(self.starts, minute) - 1]

    @property
    def least(self) -> float | None:
        """The tightest limit of the week, or None if there is none at all."""
        return min((each for each in self.bandwidths if each is not None), default=None)


def constant(bytes_per_second: float | None) -> Timetable:
    """Return the table of one bandwidth at all times."""
    return Timetable(bandwidths=(bytes_per_second,))


def timetable_of(text: str) -> Timetable:
    """Return what a text says; a time with a weekday wins over one without.

    Raises:
        ValueError: It is none, or says two things of one time.
    """
    words = text.split()
    if len(words) == 1 and "," not in words[0]:
        if ":" in words[0]:
            raise ValueError(f"{text!r} is no bandwidth: {_EXPECTED}")
        return constant(bandwidth_of(words[0]))
    every_day: dict[int, float | None] = {}
    by_day: dict[int, float | None] = {}
    for word in words:
        slot = _SLOT.fullmatch(word)
        if slot is None:
            raise ValueError(f"{word!r} is no time with a size: {_EXPECTED}")
        minute, bandwidth = minute_of(slot[2]), bandwidth_of(slot[3])
        if slot[1] is None:
            days, taken = range(7), every_day
        else:
            day = _day_of(slot[1])
            days, taken = range(day, day + 1), by_day
        for day in days:
            start = day * DAY_MINUTES + minute
            if start in taken:
                raise ValueError(f"{word!r} names a time that is named before")
            taken[start] = bandwidth
    if not words:
        raise ValueError(f"it is empty: {_EXPECTED}")
    table = dict(sorted((every_day | by_day).items()))
    return Timetable(tuple(table), tuple(table.values()))


def minute_of(text: str) -> int:
    """Return the minute of the day of ``08:30``, up to 23:59.

    Raises:
        ValueError: There is no such time.
    """
    found = _CLOCK.fullmatch(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(f"{text!r} is no time of the day such as 08:00")
    return int(found[1]) * 60 + int(found[2])


def _day_of(word: str) -> int:
    name = word.lower()
    if len(name) >= 3:
        for number, day in enumerate(_DAYS):
            if name in {day, day[:3]}:
                return number
    raise ValueError(f"{word!r} is no day of the week such as Mon or Monday")
