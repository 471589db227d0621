"""Lines as they are written, through rotations, without any state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shipper.config.settings import SourceSettings
from shipper.reports.following import LAST_BYTES, Following
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.exchanges import an_exchange, encoded


def a_line(number: int) -> bytes:
    """Return a record that can be told from others."""
    return encoded(an_exchange(target=f"/{number}"))


def seen(
    log: Path, *steps: Callable[[], object], last: int = 10, read: int = 10_000
) -> list[int]:
    """Follow a log, taking a step at every rest; return the numbers seen."""
    clock = FakeClock()
    left = list(steps)

    def rest(seconds: float) -> None:
        clock.advance(1.0)
        if left:
            left.pop(0)()

    clock.on_wait = rest
    rests_after = 3
    following = Following(
        sources=[SourceSettings(paths=(str(log),), read_from="end")],
        ways=[None],
        last=last,
        events=RecordingEvents(),
        clock=clock,
        watch="poll",
        poll_interval_seconds=1.0,
    )
    numbers = []
    for one in following.lines(
        is_over=lambda: len(clock.waits) >= len(steps) + rests_after, follows=True
    ):
        url = one.line.data.partition(b'"url":"')[2].partition(b'"')[0]
        numbers.append(int(url.rpartition(b"/")[2]))
        assert Path(one.path).parent == log.parent
        if len(numbers) == read:
            break
    return numbers


def appended(log: Path, *numbers: int) -> Callable[[], object]:
    """Return the step that appends records."""

    def step() -> None:
        with log.open("ab") as file:
            file.writelines(map(a_line, numbers))

    return step


def rotated(log: Path, stamp: str) -> Callable[[], object]:
    """Return the step that renames the log."""
    return lambda: log.rename(f"{log}.{stamp}")


def test_the_last_lines_and_then_each_new_one(tmp_path: Path) -> None:
    """In order, none left out and none twice, through every rotation."""
    log = tmp_path / "exchanges.jsonl"
    appended(log, *range(20))()

    def append_and_rotate() -> None:
        appended(log, 22)()
        rotated(log, "20261123T120000000000Z")()
        appended(log, 23)()

    found = seen(
        log,
        appended(log, 20, 21),
        append_and_rotate,
        appended(log, 24),
        rotated(log, "20261123T130000000000Z"),
        appended(log, 25),
        last=3,
    )

    assert found == list(range(17, 26))


def test_half_a_line_is_shown_when_it_is_whole(tmp_path: Path) -> None:
    """What a writer is still writing is neither shown early nor left out."""
    log = tmp_path / "exchanges.jsonl"
    half = a_line(1)
    log.write_bytes(a_line(0) + half[:40])

    def the_rest() -> None:
        with log.open("ab") as file:
            file.write(half[40:])

    assert seen(log, the_rest) == [0, 1]


def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """A developer starts the command first, and the app then."""
    log = tmp_path / "exchanges.jsonl"

    assert seen(log, appended(log, 1, 2)) == [1, 2]


def test_the_last_lines_are_looked_for_near_the_end_alone(tmp_path: Path) -> None:
    """However large a log is, the first line is there at once."""
    log = tmp_path / "exchanges.jsonl"
    line = a_line(7)
    count = LAST_BYTES // len(line)
    log.write_bytes(a_line(1) + line * (count + 10))

    found = seen(log, last=1_000_000)

    assert set(found) == {7}
    assert len(found) == count
