"""Stamps of logs as nanoseconds since 1970, without the locale's help.

Text comes in; a `Moment`, or the reject that names what is wrong with it, goes out.
Month names are English in every log, so `strptime`, which asks the locale, is of no
use. The year must be 1970 or later; second 60 is the one after 59.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from shipper.formats.reasons import refuse
from shipper.model import Reject

FOLDED: Final = (
    "The local time occurred twice when the clocks went back; the first is taken."
)

NS: Final = 1_000_000_000
MONTHS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
        "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
    }
)  # fmt: skip

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_LAST_NS: Final = 253_402_300_800 * NS  # the year 10000 begins
_SECONDS: Final = {f"{second:02d}": second for second in range(61)}
_MINUTE: Final = re.compile(
    r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):"
    r" ([+\-])([0-9]{2})([0-9]{2})"
)
_SPELLED: Final = re.compile(
    r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?: ([+\-])([0-9]{2})([0-9]{2}))?"
)
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\d{0,9}"
    r" ?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?\Z",
    re.ASCII,
)


class Moment(Struct, frozen=True, gc=False):
    """A point in time; `remarks` say what had to be assumed."""

    ns: int
    remarks: tuple[str, ...] = ()


def read_clf(text: str) -> int | None:
    """Return a stamp such as ``17/May/2015:10:05:03 +0000``; None if it is none."""
    if len(text) != 26:
        return None
    # Lines of one minute come together, so all but the seconds is remembered.
    minute = _minute(text[:18] + text[20:])
    second = _SECONDS.get(text[18:20])
    if minute is None or second is None:
        return None
    ns = (minute + second) * NS
    return ns if ns >= 0 else None


def read_common(text: str, zone: tzinfo | None) -> Moment | Reject:
    """Read a stamp as `read_clf` does; `zone` is for those that name none.

    It may have a fraction, or be one of RFC 3339: operators choose it.
    """
    ns = read_clf(text)
    if ns is not None:
        return Moment(ns)
    found = _SPELLED.fullmatch(text)
    if found is None:
        return read_iso(text, zone)
    month = MONTHS.get(found[2])
    if month is None:
        return refuse("time")
    day, year, hour, minute, second = map(int, found.group(1, 3, 4, 5, 6))
    fraction_ns = int((found[7] or "0").ljust(9, "0"))
    if found[8]:
        zone = _offset(*found.group(8, 9, 10))
        if zone is None:
            return refuse("time")
    return read_local((year, month, day), (hour, minute, second), fraction_ns, zone)


def read_iso(text: str, zone: tzinfo | None = None) -> Moment | Reject:
    """Read RFC 3339 and its looser relatives; `zone` is for stamps that name none."""
    found = _ISO.match(text)
    if found is None:
        return refuse("time")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction_ns = int((found[7] or "0").ljust(9, "0"))
    if found[8]:
        zone = UTC
    elif found[9]:
        zone = _offset(found[9], found[10], found[11] or "0")
        if zone is None:
            return refuse("time")
    return read_local((year, month, day), (hour, minute, second), fraction_ns, zone)


def read_local(
    day: tuple[int, int, int],
    clock: tuple[int, int, int],
    fraction_ns: int,
    zone: tzinfo | None,
) -> Moment | Reject:
    """Return when a clock on the wall of that zone showed this.

    Args:
        day: Year, month and day.
        clock: Hour, minute and second.
        fraction_ns: Nanoseconds of the second.
        zone: None is a reject.
    """
    leap = clock[2] == 60
    try:
        local = datetime(*day, clock[0], clock[1], 59 if leap else clock[2])  # noqa: DTZ001  # the zone is what has to be found out
    except ValueError:
        return refuse("time")
    if zone is None:
        return refuse("time-zone")
    # A time that the clocks skipped does not come back from UTC as it went.
    try:
        first = local.replace(tzinfo=zone, fold=0)
        second = local.replace(tzinfo=zone, fold=1)
        moment = first.astimezone(UTC)
        is_skipped = moment.astimezone(zone).replace(tzinfo=None) != local
        is_folded = second.utcoffset() != first.utcoffset()
    except OverflowError:
        return refuse("time")
    if is_skipped:
        return refuse("time-gap")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    ns = (since.days * 86400 + since.seconds + leap) * NS + fraction_ns
    if not 0 <= ns < _LAST_NS:
        return refuse("time")
    return Moment(ns, (FOLDED,) if is_folded else ())


def read_epoch(number: float | str, unit_ns: int) -> int | None:
    """Return a count of units since 1970, to the nanosecond where it is exact.

    Args:
        number: Never told apart by its size: the field's name says the unit.
        unit_ns: Nanoseconds in one unit.
    """
    whole, _, fraction = str(number).partition(".")
    try:
        if isinstance(number, float) and "e" in str(number):
            ns = int(number * unit_ns)
        elif whole.isdecimal() and whole.isascii() and len(whole) <= 20:
            part = fraction[:9]
            if fraction and not (fraction.isdecimal() and fraction.isascii()):
                return None
            ns = int(whole) * unit_ns
            ns += int(part or "0") * unit_ns // 10 ** len(part)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return ns if 0 <= ns < _LAST_NS else None


def _offset(sign: str, hours: str, minutes: str) -> timezone | None:
    """Return a fixed zone; None for what no clock shows."""
    if int(hours) > 23 or int(minutes) > 59:
        return None
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


@lru_cache(maxsize=4096)
def _minute(text: str) -> int | None:
    """Return seconds since 1970 of ``17/May/2015:10:05: +0200``."""
    found = _MINUTE.fullmatch(text)
    if found is None:
        return None
    month = MONTHS.get(found[2])
    hour, minute, hours, minutes = map(int, found.group(4, 5, 7, 8))
    if month is None or hour > 23 or minute > 59 or hours > 23 or minutes > 59:
        return None
    try:
        day = date(int(found[3]), month, int(found[1]))
    except ValueError:
        return None
    offset = hours * 3600 + minutes * 60
    midnight = (day.toordinal() - _EPOCH_DAY) * 86400
    clock = hour * 3600 + minute * 60
    return midnight + clock - (-offset if found[6] == "-" else offset)
