"""However requests come, no more goes out than rate times time and one request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.limits.pace import Pace
from shipper.limits.timetable import Timetable, timetable_of
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents

WEEK_MINUTES = 7 * 24 * 60
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)

rates = st.one_of(st.none(), st.floats(0.1, 10_000))
tables = st.dictionaries(
    st.integers(0, WEEK_MINUTES - 1), rates, min_size=1, max_size=50
).map(lambda table: Timetable(*map(tuple, zip(*sorted(table.items()), strict=True))))
requests = st.lists(
    st.tuples(st.floats(0, 50), st.integers(1, 5), st.integers(0, 3000)), max_size=25
)


def seconds_of(
    table: Timetable, begin: datetime, end: datetime
) -> list[tuple[float, float | None]]:
    """Return stretches of seconds with the rate of each, minute by minute."""
    stretches = []
    while begin < end:
        minute = begin.replace(second=0, microsecond=0) + timedelta(minutes=1)
        until = min(minute, end)
        stretches.append(((until - begin).total_seconds(), table.at(begin)))
        begin = until
    return stretches


def allowed(table: Timetable, begin: datetime, end: datetime) -> float:
    """Return how many bytes a table allows between two moments."""
    return sum(
        float("inf") if rate is None else seconds * rate
        for seconds, rate in seconds_of(table, begin, end)
    )


@given(st.floats(0.01, 1000), tables, requests)
def test_never_more_than_rate_times_time_and_one_request(
    rate: float, table: Timetable, wanted: list[tuple[float, int, int]]
) -> None:
    """Over every stretch between two requests, records and bytes are within bounds."""
    clock = FakeClock()
    pace = Pace(
        clock=clock,
        events=RecordingEvents(),
        records_per_second=rate,
        timetable=table,
        zone=UTC,
    )
    sent: list[tuple[datetime, int, int]] = []
    for pause, count, size in wanted:
        clock.advance(pause)
        while (wait := pace.wait(clock.monotonic())) is not None:
            clock.advance(min(wait.seconds, 10.0) + 1e-6)  # as the pipeline rests
        pace.spend([b"x" * size] * count, clock.monotonic())
        sent.append((clock.now(), count, count * size + count + 1))

    for first, (begin, _, _) in enumerate(sent):
        records = total = 0
        for end, count, size in sent[first:]:
            # The last request of the stretch is the burst.
            seconds = (end - begin).total_seconds()
            assert records <= rate * seconds * (1 + 1e-6) + 0.01
            assert total <= allowed(table, begin, end) * (1 + 1e-6) + 0.1
            records, total = records + count, total + size


@given(st.floats(1, 1000), st.lists(st.integers(1, 50), min_size=2, max_size=20))
def test_no_slower_than_was_asked_for(rate: float, counts: list[int]) -> None:
    """A limit is used up: a backlog goes out as fast as it allows."""
    clock = FakeClock()
    pace = Pace(clock=clock, events=RecordingEvents(), records_per_second=rate)
    begin = clock.monotonic()
    for count in counts:
        while (wait := pace.wait(clock.monotonic())) is not None:
            clock.advance(wait.seconds)
        pace.spend([b""] * count, clock.monotonic())

    seconds = clock.monotonic() - begin
    assert abs(seconds - sum(counts[:-1]) / rate) < 1e-6 * (1 + seconds)


days = st.sampled_from(["", "Mon-", "Tuesday-", "sat-", "SUN-"])
slots = st.dictionaries(
    st.tuples(days, st.integers(0, 23), st.integers(0, 59)),
    st.sampled_from(["off", "512k", "1M", "77"]),
    min_size=1,
)


@settings(max_examples=30)
@given(slots, st.integers(0, WEEK_MINUTES - 1))
def test_a_timetable_covers_the_whole_week(
    wanted: dict[tuple[str, int, int], str], minute: int
) -> None:
    """At every minute holds what was named last before it, round the week."""
    text = " ".join(
        f"{day}{hour:02}:{at:02},{size}" for (day, hour, at), size in wanted.items()
    )
    table = timetable_of(text)
    local = MONDAY + timedelta(minutes=minute)

    found = table.at(local)

    back = local
    for _ in range(WEEK_MINUTES):
        names = {f"{back:%a}-".lower(), f"{back:%A}-".lower()}
        named = [
            size
            for (day, hour, at), size in wanted.items()
            if (hour, at) == (back.hour, back.minute)
            if day.lower() in names or not day
        ]
        by_day = [
            size
            for (day, hour, at), size in wanted.items()
            if (hour, at) == (back.hour, back.minute) and day.lower() in names
        ]
        if named:
            assert found == timetable_of((by_day or named)[0]).at(local)
            return
        back -= timedelta(minutes=1)
    raise AssertionError("no time of the table comes round")
