"""No faster than was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shipper.backfill.pace import Pace
from shipper.window import Answered
from tests.support.clock import FakeClock


class Post:
    """Remembers when it was asked to post."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.times: list[float] = []

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Write down the time."""
        self.times.append(self.clock.monotonic())

    def answered(self) -> list[Answered]:
        """Return no answer."""
        return []


def times(
    *sizes: int, records: float | None = None, size: float | None = None
) -> list[float]:
    """Return when requests of so many records of ten bytes go out."""
    clock = FakeClock()
    post = Post(clock)
    pace = Pace(
        post,
        clock=clock,
        records_per_second=records,
        bytes_per_second=size,
    )
    begin = clock.monotonic()
    for ticket, count in enumerate(sizes):
        pace.post(ticket, [b"0123456789"] * count)
    return [time - begin for time in post.times]


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
    found = times(20, 10, 10, records=records, size=size)

    assert found == pytest.approx(expected, abs=0.03)


def test_nobody_waits_when_the_run_has_to_end() -> None:
    """A long pause must not keep a command from ending."""
    clock = FakeClock()
    post = Post(clock)
    pace = Pace(
        post,
        clock=clock,
        records_per_second=0.001,
        bytes_per_second=None,
    )
    pace.post(1, [b"x"])
    clock.on_wait = lambda seconds: pace.hurry()
    pace.post(2, [b"x"])

    assert len(post.times) == 2
    assert list(pace.answered()) == []
