"""No faster than was asked for, and not at all in quiet hours.

A request that goes out runs up a debt of records and bytes, which time pays off at
the rate that holds; the next one may go when nothing is owed. So what goes out is
never more than rate times time and one request. Nothing waits here: whoever sends
asks how long it has to. Times are monotonic seconds, but for the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final, Protocol

from msgspec import Struct

from shipper.events import Events
from shipper.limits.quiet import QuietHours
from shipper.limits.timetable import Timetable

QUIET: Final = "quiet_hours"
RATE: Final = "rate"
BANDWIDTH: Final = "bwlimit"
# The clock on the wall may be set while nobody looks.
QUIET_LOOK_SECONDS: Final = 10.0
_NOTHING: Final = 1e-6  # of a record or byte: what is left over by rounding


class WallClock(Protocol):
    """The one thing asked of a clock; intervals are handed in."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...


class Wait(Struct, frozen=True):
    """The next request may not go out yet.

    Attributes:
        seconds: Ask again after so long.
        limit: The name of the limit that holds it up.
    """

    seconds: float
    limit: str


class Debt:
    """What has gone out and is not paid for by time yet."""

    def __init__(self) -> None:
        # Mutable state: the amount owed, 0 or more.
        self.owed = 0.0

    def pay(self, seconds: float, rate: float | None) -> None:
        """Let time pass at a rate; None is no limit, and settles everything."""
        self.owed = 0.0 if rate is None else max(0.0, self.owed - seconds * rate)
        if self.owed < _NOTHING:
            self.owed = 0.0

    def wait_seconds(self, rate: float | None) -> float:
        """Return the time until nothing is owed, if the rate stays."""
        return 0.0 if rate is None else self.owed / rate


class Balance:
    """How things stand between what went out and the limits; outlives a reload."""

    def __init__(self) -> None:
        # Mutable state, touched by the pipeline thread alone: what is owed, up to
        # when it is paid and what held then, and since when it is quiet.
        self.records = Debt()
        self.bytes = Debt()
        self.paid_at: float | None = None
        self.bandwidth: float | None = None
        self.quiet_since: float | None = None


class Pace:
    """Says when the next request may go out.

    Args:
        clock: For the time of the week.
        events: Told when quiet hours begin and end.
        records_per_second: At most, or None.
        timetable: Bytes a second of request bodies, at most.
        quiet: When nothing is sent.
        zone: Whose clock the timetable is read from; None is that of the host.
        balance: Left by the pace before this one; None begins with nothing owed.
    """

    def __init__(
        self,
        *,
        clock: WallClock,
        events: Events,
        records_per_second: float | None = None,
        timetable: Timetable | None = None,
        quiet: QuietHours | None = None,
        zone: tzinfo | None = None,
        balance: Balance | None = None,
    ) -> None:
        # Mutable state: that of the balance.
        self._clock = clock
        self._events = events
        self._rate = records_per_second
        self._timetable = timetable or Timetable()
        self._quiet = quiet or QuietHours()
        self._zone = zone
        self._balance = balance or Balance()

    def wait(self, now: float) -> Wait | None:
        """Return why and how long the next request has to wait, or None."""
        self._pay(now)
        if self._is_quiet(now):
            return Wait(QUIET_LOOK_SECONDS, QUIET)
        by_rate = self._balance.records.wait_seconds(self._rate)
        by_size = self._balance.bytes.wait_seconds(self._balance.bandwidth)
        if by_rate == by_size == 0:
            return None
        if by_rate >= by_size:
            return Wait(by_rate, RATE)
        return Wait(by_size, BANDWIDTH)

    def spend(self, payloads: Sequence[bytes], now: float) -> Wait | None:
        """Note a request that goes out; return why it may not yet, if so."""
        return self.owe(len(payloads), body_bytes(payloads), now)

    def owe(self, records: int, size_bytes: int, now: float) -> Wait | None:
        """Note that so many records in so many bytes go out, or why they may not."""
        # Asked once more: another one may have sent since this one asked.
        if (wait := self.wait(now)) is not None:
            return wait
        if self._rate is not None:
            self._balance.records.owed += records
        if self._balance.bandwidth is not None:
            self._balance.bytes.owed += size_bytes
        return None

    def _pay(self, now: float) -> None:
        before = now if self._balance.paid_at is None else self._balance.paid_at
        bandwidth = self._timetable.at(self._clock.now().astimezone(self._zone))
        held = self._balance.bandwidth if before < now else bandwidth
        self._balance.records.pay(now - before, self._rate)
        # Where the table has changed since, the tighter of both is taken for all
        # of the time: one look is seconds after the other.
        self._balance.bytes.pay(now - before, _tighter(held, bandwidth))
        self._balance.bandwidth = bandwidth
        self._balance.paid_at = now

    def _is_quiet(self, now: float) -> bool:
        until = self._quiet.until(self._clock.now()) if self._quiet.spans else None
        if until is not None and self._balance.quiet_since is None:
            self._balance.quiet_since = now
            self._events.emit("quiet_hours_began", until=until)
        elif until is None and self._balance.quiet_since is not None:
            self._events.emit(
                "quiet_hours_ended", seconds=now - self._balance.quiet_since
            )
            self._balance.quiet_since = None
        return until is not None


def body_bytes(payloads: Sequence[bytes]) -> int:
    """Return the size of a body, with the brackets and commas of its array."""
    return sum(map(len, payloads)) + len(payloads) + 1


def most_records(wanted: int, records_per_second: float | None) -> int:
    """Return how many records may go into a request: what a second allows."""
    if records_per_second is None:
        return wanted
    # A request a second rather than a burst now and then.
    return max(1, min(wanted, int(records_per_second)))


def most_bytes(wanted: int, bytes_per_second: float | None) -> int:
    """Return how large a request may be: what a second allows, alike."""
    if bytes_per_second is None:
        return wanted
    return max(1, min(wanted, int(bytes_per_second)))


def _tighter(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
