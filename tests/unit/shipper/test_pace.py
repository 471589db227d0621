"""No faster than was asked for, and not at all in quiet hours."""

from __future__ import annotations

import pytest

from shipper.limits.pace import (
    BANDWIDTH,
    QUIET,
    RATE,
    Balance,
    Pace,
    Wait,
    most_bytes,
    most_records,
)
from shipper.limits.quiet import quiet_hours_of
from shipper.limits.timetable import constant, timetable_of
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents

HOUR_SECONDS = 3600.0


def sent_at(
    *sizes: int, records: float | None = None, size: float | None = None
) -> list[float]:
    """Return when requests of so many records of ten bytes go out."""
    clock = FakeClock()
    pace = Pace(
        clock=clock,
        events=RecordingEvents(),
        records_per_second=records,
        timetable=constant(size),
    )
    begin = clock.monotonic()
    times = []
    for count in sizes:
        while (wait := pace.wait(clock.monotonic())) is not None:
            clock.advance(wait.seconds)
        times.append(clock.monotonic() - begin)
        pace.spend([b"0123456789"] * count, clock.monotonic())
    return times


@pytest.mark.parametrize(
    ("records", "size", "expected"),
    [
        (None, None, [0.0, 0.0, 0.0]),
        (10, None, [0.0, 2.0, 3.0]),
        (None, 111, [0.0, 2.0, 3.0]),
        (10, 1_000_000, [0.0, 2.0, 3.0]),
        (1_000, 111, [0.0, 2.0, 3.0]),
    ],
)
def test_a_request_waits_for_what_went_before(
    records: float | None, size: float | None, expected: list[float]
) -> None:
    """The first one goes at once, the next ones when the last is paid for."""
    found = sent_at(20, 10, 10, records=records, size=size)

    assert found == pytest.approx(expected, abs=0.03)


def test_a_wait_names_the_limit() -> None:
    """An operator who wonders why it is slow sees which key to change."""
    clock = FakeClock()
    both = Pace(
        clock=clock,
        events=RecordingEvents(),
        records_per_second=1,
        timetable=constant(1),
    )
    both.spend([b""], clock.monotonic())
    by_size = both.wait(clock.monotonic())
    clock.advance(1.0)
    both = Pace(clock=clock, events=RecordingEvents(), records_per_second=1)
    both.spend([b"x" * 99], clock.monotonic())
    by_rate = both.wait(clock.monotonic())

    assert by_size is not None
    assert by_rate is not None
    assert (by_size.limit, by_rate.limit) == (BANDWIDTH, RATE)


def test_a_limit_that_is_lifted_is_waited_for_no_longer() -> None:
    """A megabyte owed at 11:59 does not hold up what may go freely from 12:00 on."""
    clock = FakeClock()
    clock.advance(-60.0)  # it stands at noon
    pace = Pace(
        clock=clock,
        events=RecordingEvents(),
        timetable=timetable_of("08:00,1k 12:00,off"),
        zone=clock.now().tzinfo,
    )
    pace.spend([b"x" * 1_000_000], clock.monotonic())
    before = pace.wait(clock.monotonic())
    clock.advance(60.0)
    after = pace.wait(clock.monotonic())

    assert before is not None
    assert before.seconds > 900
    assert after is None


def test_a_limit_that_is_tightened_between_two_looks_holds() -> None:
    """Half a minute at the old limit and half a one at the new have not paid all."""
    clock = FakeClock()
    clock.advance(-30.0)  # it stands at noon
    pace = Pace(
        clock=clock,
        events=RecordingEvents(),
        timetable=timetable_of("08:00,1000 12:00,1"),
        zone=clock.now().tzinfo,
    )
    pace.spend([b"x" * 40_000], clock.monotonic())
    clock.advance(60.0)

    assert pace.wait(clock.monotonic()) is not None


def test_quiet_hours_are_told_once() -> None:
    """One line when they begin and one when they end, however often is looked."""
    clock = FakeClock()
    events = RecordingEvents()
    pace = Pace(
        clock=clock,
        events=events,
        quiet=quiet_hours_of(["13:00-14:00"], clock.now().tzinfo),
    )
    limits = []
    for _ in range(30):
        wait = pace.wait(clock.monotonic())
        limits.append("" if wait is None else wait.limit)
        clock.advance(0.1 * HOUR_SECONDS)

    assert limits == [""] * 10 + [QUIET] * 10 + [""] * 10
    assert events.told == [
        ("quiet_hours_began", {"until": "14:00"}),
        ("quiet_hours_ended", {"seconds": pytest.approx(HOUR_SECONDS)}),
    ]


def test_what_is_owed_outlives_a_reload() -> None:
    """Another limit may hold from then on; what went out under the old one counts."""
    clock, balance = FakeClock(), Balance()

    def pace(rate: float | None) -> Pace:
        return Pace(
            clock=clock,
            events=RecordingEvents(),
            records_per_second=rate,
            balance=balance,
        )

    pace(0.1).spend([b"x"], clock.monotonic())
    waits = [pace(rate).wait(clock.monotonic()) for rate in (0.1, 0.5, None)]

    assert waits == [Wait(10.0, RATE), Wait(2.0, RATE), None]


def test_quiet_hours_that_a_reload_meets_are_told_once() -> None:
    """They have begun already; and they end by a reload that takes them away."""
    clock, events, balance = FakeClock(), RecordingEvents(), Balance()
    for hours in (["00:00-23:00"], ["00:00-22:00"], []):
        quiet = quiet_hours_of(hours, clock.now().tzinfo)
        pace = Pace(clock=clock, events=events, quiet=quiet, balance=balance)
        pace.wait(clock.monotonic())
        clock.advance(60.0)

    assert events.told == [
        ("quiet_hours_began", {"until": "23:00"}),
        ("quiet_hours_ended", {"seconds": 120.0}),
    ]


@pytest.mark.parametrize(
    ("wanted", "limit", "expected"),
    [(100, None, 100), (100, 50.0, 50), (100, 0.5, 1), (100, 1000.0, 100)],
)
def test_a_request_holds_what_a_second_allows(
    wanted: int, limit: float | None, expected: int
) -> None:
    """A request a second rather than a burst now and then."""
    assert (most_records(wanted, limit), most_bytes(wanted, limit)) == (
        expected,
        expected,
    )


def test_who_asked_at_the_same_moment_waits() -> None:
    """Several may have been told that they may send; only one of them does."""
    clock = FakeClock()
    pace = Pace(clock=clock, events=RecordingEvents(), records_per_second=10.0)
    now = clock.monotonic()
    assert pace.wait(now) is None

    first = pace.owe(5, 100, now)
    second = pace.spend([b"x"], now)

    assert (first, second) == (None, Wait(0.5, RATE))
