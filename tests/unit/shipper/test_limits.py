"""The words of `[limits]`: rates, sizes, timetables and quiet hours."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from shipper.limits.quiet import quiet_hours_of
from shipper.limits.timetable import timetable_of
from shipper.limits.words import bandwidth_of, rate_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "rate"), [("50/s", 50.0), (" 3000/M ", 50.0), ("36/h", 0.01), ("7", 7.0)]
)
def test_a_rate(text: str, rate: float) -> None:
    """By second, minute or hour; a bare number is by second."""
    assert rate_of(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "0", "0.0/s", "9" * 400, "-1", "1/d"])
def test_what_is_no_rate(text: str) -> None:
    """Nothing, or more than any number: no limit could be kept by it."""
    with pytest.raises(ValueError, match="no rate such as"):
        rate_of(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512", 512.0),
        ("512k", 524_288.0),
        ("1.5M", 1_572_864.0),
        ("2MiB/s", 2_097_152.0),
        ("off", None),
        ("OFF", None),
    ],
)
def test_a_bandwidth(text: str, size: float | None) -> None:
    """Steps of 1024, as rclone counts; a bare number counts bytes."""
    assert bandwidth_of(text) == size


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (1, "07:59", None),  # a Tuesday, with Monday's last one
        (1, "08:00", 1000.0),
        (1, "19:59", 1000.0),
        (1, "20:00", None),
        (5, "07:59", None),
        (5, "08:00", 2000.0),  # the weekday wins over the every day
        (5, "20:00", None),
        (0, "00:00", None),  # Sunday's last one goes on
    ],
)
def test_a_timetable(day: int, clock: str, expected: float | None) -> None:
    """What was named last holds, over midnight and over the end of the week."""
    table = timetable_of("08:00,1000 20:00,off Saturday-08:00,2000")
    hour, minute = map(int, clock.split(":"))

    assert table.at(datetime(2026, 11, 23 + day, hour, minute, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected"),
        ("much", "no size such as"),
        ("0", "no size such as"),
        ("9" * 400, "no size such as"),
        ("10M:1M", "no bandwidth"),
        ("08:00", "no bandwidth"),
        ("08:00,512k 25:00,off", "25:00"),
        ("08:00,512k 20:00", "no time with a size"),
        ("08:00,512k Son-20:00,off", "day of the week"),
        ("08:00,512k M-20:00,off", "day of the week"),
        ("08:00,512k 08:00,off", "named before"),
        ("08:00,1M:2M", "no size"),
    ],
)
def test_a_timetable_that_is_none(text: str, told: str) -> None:
    """The message says which word is wrong and what was expected."""
    with pytest.raises(ValueError, match=told):
        timetable_of(text)


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("21:59", None),
        ("22:00", "07:00"),
        ("23:59", "07:00"),
        ("00:00", "07:00"),
        ("06:30", "07:00"),
        ("07:00", None),
        ("12:15", "12:30"),
    ],
)
def test_quiet_hours(clock: str, until: str | None) -> None:
    """Over midnight too; where two spans meet, the end is that of the last."""
    quiet = quiet_hours_of(["22:00-06:00", "05:00-07:00", "12:00 - 12:30"], UTC)
    hour, minute = map(int, clock.split(":"))

    assert quiet.until(datetime(2026, 11, 23, hour, minute, tzinfo=UTC)) == until


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["22-6"], "no span of hours"),
        (["22:00-25:00"], "25:00"),
        (["22:00-22:00"], "no time to send"),
        (["00:00-24:00"], "no time to send"),
        (["00:00-12:00", "12:00-24:00"], "no time to send"),
    ],
)
def test_quiet_hours_that_are_none(texts: list[str], told: str) -> None:
    """Hours that never end would hold everything for ever."""
    with pytest.raises(ValueError, match=told):
        quiet_hours_of(texts)


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"], ids=["spring", "autumn"])
@pytest.mark.parametrize(
    "span",
    ["22:00-06:00", "01:30-02:30", "02:30-03:30", "02:10-02:50", "02:30-01:00"],
)
def test_quiet_hours_are_one_stretch_when_clocks_are_set(day: str, span: str) -> None:
    """Begin and end come once a night, whatever the wall clock does between."""
    quiet = quiet_hours_of([span], BERLIN)
    begin = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN)
    moments = [
        begin.astimezone(UTC) + timedelta(minutes=minute) for minute in range(24 * 60)
    ]
    states = [quiet.until(moment) is not None for moment in moments]
    changes = sum(one != other for one, other in pairwise(states))
    walls = [moment.astimezone(BERLIN) for moment in moments]
    begins, ends = span.split("-")
    inside = [
        begins <= f"{wall:%H:%M}" < ends
        if begins < ends
        else not ends <= f"{wall:%H:%M}" < begins
        for wall in walls
    ]

    assert changes <= 2
    assert all(state for state, is_in in zip(states, inside, strict=True) if is_in)


def test_the_hosts_own_zone_is_asked_unless_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half past five in London is half past six in Berlin."""
    moment = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        host = quiet_hours_of(["22:00-06:00"]).until(moment)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert host is None
    assert quiet_hours_of(["22:00-06:00"], UTC).until(moment) == "06:00"
