"""A pipeline under limits: in order, bounded, never faster, and ended at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shipper.ending import Ending
from shipper.limits.pace import Pace
from shipper.limits.quiet import quiet_hours_of
from shipper.limits.timetable import timetable_of
from shipper.receipt import Delivered
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.lines import lines_of
from tests.support.pipes import Pipe

HOUR_SECONDS = 3600.0


def paced(
    lines: int,
    *,
    rate: float | None = None,
    bwlimit: str = "off",
    quiet: tuple[str, ...] = (),
    drain: bool = True,
    max_records: int = 10,
    text: bytes = b"%08d",
) -> tuple[Pipe, list[tuple[datetime, int]]]:
    """Return a pipeline under limits, and when each request left with its bytes."""
    left: list[tuple[datetime, int]] = []

    def pace(clock: FakeClock, events: RecordingEvents) -> Pace:
        return Pace(
            clock=clock,
            events=events,
            records_per_second=rate,
            timetable=timetable_of(bwlimit),
            quiet=quiet_hours_of(quiet, UTC),
            zone=UTC,
        )

    def judge(payloads: object) -> Delivered:
        assert isinstance(payloads, list)
        left.append((pipe.clock.now(), sum(map(len, payloads)) + len(payloads) + 1))
        return Delivered(202)

    texts = [text % number if b"%" in text else text for number in range(lines)]
    pipe = Pipe(lines_of(texts), judge, drain=drain, max_records=max_records, pace=pace)
    return pipe, left


def test_everything_goes_in_order_at_the_rate() -> None:
    """A hundred records at ten a second take nine seconds and one request."""
    pipe, left = paced(100, rate=10.0)

    ending = pipe.pipeline.run()

    assert ending is Ending.DRAINED
    seconds = [(moment - left[0][0]).total_seconds() for moment, _ in left]
    assert seconds == pytest.approx(range(10), abs=0.1)
    sent = [text for request in pipe.poster.posted for text in request]
    assert sent == sorted(sent)
    assert len(sent) == 100


def test_no_more_is_read_than_the_window_holds() -> None:
    """The log is the buffer: while a request waits, nothing is gathered in memory."""
    pipe, left = paced(1000, rate=0.001, drain=False)
    unread = []

    def stop_later(seconds: float) -> None:
        unread.append(len(pipe.source.lines))
        if len(unread) == 20:
            pipe.stop()

    pipe.clock.on_wait = stop_later
    ending = pipe.pipeline.run()

    assert ending is Ending.STOPPED
    assert len(left) == 1
    # Four batches of ten in the window, and what has gone.
    assert min(unread) >= 1000 - 60


def test_a_stop_does_not_wait_for_the_limit() -> None:
    """What may not go yet stays in the log, and no time passes over it."""
    pipe, left = paced(50, rate=0.001, drain=False)
    stopped_at = []

    def stop_now(seconds: float) -> None:
        stopped_at.append(pipe.clock.monotonic())
        pipe.stop()

    pipe.clock.on_wait = stop_now
    pipe.pipeline.run()

    assert len(left) == 1
    assert pipe.clock.monotonic() - stopped_at[0] < 1.0
    assert pipe.checkpoints.position() == 10 * len(b"00000000\n")


def test_the_timetable_is_kept_over_its_borders() -> None:
    """Slow until one o'clock, then as fast as it goes."""
    pipe, left = paced(200, bwlimit="00:00,1 13:00,off")

    pipe.pipeline.run()

    one = datetime(2026, 11, 23, 13, tzinfo=UTC)
    slow = [size for moment, size in left if moment < one]
    assert sum(slow[:-1]) <= HOUR_SECONDS
    assert sum(slow) > HOUR_SECONDS / 2
    assert (left[-1][0] - one).total_seconds() < 60
    assert len([size for _, size in left]) == 20


def test_a_run_in_quiet_hours_sends_nothing() -> None:
    """It ends soon, and says so; what waits stays where it is."""
    pipe, left = paced(30, quiet=("11:00-14:00",))

    ending = pipe.pipeline.run()

    assert ending is Ending.QUIET
    assert left == []
    assert pipe.events.names() == ["quiet_hours_began"]
    assert pipe.checkpoints.position() == 0


def test_a_run_without_work_does_not_mind_quiet_hours() -> None:
    """Nothing waits, so nothing has to be tried again."""
    pipe, _ = paced(0, quiet=("11:00-14:00",))

    assert pipe.pipeline.run() is Ending.DRAINED


def test_what_is_not_sent_is_settled_in_quiet_hours_too() -> None:
    """Skipped lines and dead letters need no network."""
    pipe, left = paced(30, quiet=("11:00-14:00",), text=b"skip")

    assert pipe.pipeline.run() is Ending.DRAINED
    assert left == []
    assert pipe.checkpoints.position() == 30 * len(b"skip\n")


def test_a_daemon_waits_quiet_hours_out() -> None:
    """Nothing leaves before they are over, and then everything does."""
    pipe, left = paced(30, quiet=("11:00-14:00",), drain=False)
    two = datetime(2026, 11, 23, 14, tzinfo=UTC)

    def stop_when_sent(seconds: float) -> None:
        if len(left) == 3:
            pipe.stop()

    pipe.clock.on_wait = stop_when_sent
    pipe.pipeline.run()

    assert len(left) == 3
    assert all(two <= moment for moment, _ in left)
    told = [name for name in pipe.events.names() if name.startswith("quiet")]
    assert told == ["quiet_hours_began", "quiet_hours_ended"]


def test_records_that_had_to_wait_are_counted() -> None:
    """Once each, by the limit that held them up first."""
    pipe, _ = paced(30, rate=10.0)

    pipe.pipeline.run()

    counted = [
        counter for commit in pipe.checkpoints.commits for counter in commit.counters
    ]
    assert counted == [("limited:rate", 10), ("limited:rate", 10)]
