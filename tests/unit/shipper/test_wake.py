"""When to look again: events while it is quiet, quick polls while it is busy."""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipper.wake import Watch, busy_poll_seconds
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents

POLL = 1.0
BUSY = 0.02
WATCHED = 10.0
PATIENCE_SECONDS = 10.0


class BellClock(FakeClock):
    """A fake clock whose bell can be waited for by the test."""

    def __init__(self) -> None:
        super().__init__()
        # Mutable state: one item for each ring, from any thread.
        self.rings: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wake(self) -> None:
        """Ring."""
        super().wake()
        self.rings.put(None)


class Directories:
    """Implements `shipper.wake.Watched`."""

    def __init__(self, *paths: Path) -> None:
        # Mutable state: the directories, and how often we were told to rescan.
        self.paths = paths
        self.rescans = 0

    def directories(self) -> tuple[str, ...]:
        """Return the directories."""
        return tuple(map(str, self.paths))

    def rescan(self) -> None:
        """Count."""
        self.rescans += 1


class Bench:
    """A watch with everything around it."""

    def __init__(self, *paths: Path, **options: Any) -> None:
        # Mutable state: that of its parts.
        self.clock = BellClock()
        self.events = RecordingEvents()
        self.watched = Directories(*paths)
        fields: dict[str, Any] = {"mode": "events", **options}
        self.watch = Watch(
            clock=self.clock,
            events=self.events,
            poll_interval_seconds=POLL,
            watched=self.watched,
            **fields,
        )

    def pause(self, *, found_lines: bool = False) -> float:
        """Ask how long to rest."""
        return self.watch.pause_seconds(found_lines=found_lines)

    def settle(self) -> None:
        """Pass the quiet second and set the watch."""
        self.clock.advance(1.5)
        assert self.pause() == 0.0

    def await_ring(self) -> None:
        """Wait until an event has come through."""
        self.clock.rings.get(timeout=PATIENCE_SECONDS)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A directory with a log file."""
    (tmp_path / "app.log").write_bytes(b"one\n")
    return tmp_path


@pytest.fixture
def bench(logs: Path) -> Iterator[Bench]:
    """A watch over the directory, not set yet."""
    bench = Bench(logs)
    yield bench
    bench.watch.close()


def append(path: Path) -> None:
    """Add a line."""
    with path.open("ab") as file:
        file.write(b"more\n")


def test_after_lines_files_are_polled_quickly(bench: Bench) -> None:
    """While lines come, the next look is 20 ms away."""
    assert bench.pause(found_lines=True) == BUSY
    bench.clock.advance(0.9)
    assert bench.pause() == BUSY


@pytest.mark.parametrize(
    ("buffer_length", "flush_interval", "expected"),
    [(1, 1.0, 0.02), (10, 1.0, 0.2), (10, 60.0, 0.2), (10, 0.5, 0.1), (10, 0, 0.02)],
)
def test_records_that_wait_for_company_are_looked_for_less_often(
    buffer_length: int, flush_interval: float, expected: float, logs: Path
) -> None:
    """A busy file is polled by a fifth of what a record may wait, 0.2 s at most."""
    seconds = busy_poll_seconds(
        buffer_length=buffer_length, flush_interval_seconds=flush_interval
    )
    bench = Bench(logs, busy_poll_seconds=seconds)

    assert bench.pause(found_lines=True) == pytest.approx(expected)


def test_after_a_quiet_second_the_watch_is_set(bench: Bench) -> None:
    """Set, then one more look for what came before it, then a long rest."""
    bench.pause(found_lines=True)
    bench.clock.advance(1.1)

    assert [bench.pause(), bench.pause(), bench.pause()] == [0.0, WATCHED, WATCHED]


def test_a_watch_that_was_just_set_asks_for_a_whole_look(bench: Bench) -> None:
    """A file that came just before it stood made no event, and is not waited for."""
    bench.settle()

    assert bench.watched.rescans == 1


def test_an_append_ends_the_rest_and_takes_the_watch_off(
    bench: Bench, logs: Path
) -> None:
    """The first event rings, asks for a rescan, and then files are polled."""
    bench.settle()
    asked = bench.watched.rescans
    append(logs / "app.log")
    bench.await_ring()

    assert [bench.pause(), bench.pause()] == [0.0, BUSY]
    assert bench.watched.rescans == asked + 1
    assert bench.watch.needs_rescan()
    assert not bench.watch.needs_rescan()
    append(logs / "app.log")
    assert bench.pause() == BUSY


@pytest.mark.parametrize("change", ["create", "rename", "delete"])
def test_what_happens_to_names_ends_the_rest(
    bench: Bench, logs: Path, change: str
) -> None:
    """New, renamed and removed files ring as well."""
    bench.settle()
    if change == "create":
        (logs / "new.log").touch()
    elif change == "rename":
        os.rename(logs / "app.log", logs / "app.log.1")
    else:
        (logs / "app.log").unlink()
    bench.await_ring()

    assert bench.pause() == 0.0


def test_reading_does_not_ring(bench: Bench, logs: Path) -> None:
    """Our own opening, reading and closing must not wake us."""
    bench.settle()
    (logs / "app.log").read_bytes()
    os.listdir(logs)
    append(logs / "app.log")
    bench.await_ring()

    # Events come in order: had reading made one, it would have rung first, and
    # the append, not silenced by an answer, would not have rung again.
    assert bench.clock.rings.empty()


def test_the_watch_is_set_again_after_the_next_quiet_second(
    bench: Bench, logs: Path
) -> None:
    """Quiet, busy, quiet, busy: each time the first append rings."""
    for _ in range(3):
        bench.settle()
        append(logs / "app.log")
        bench.await_ring()
        assert bench.pause() == 0.0


def test_a_symbolic_link_to_a_directory_is_watched_behind_it(
    tmp_path: Path, logs: Path
) -> None:
    """Inotify would otherwise watch the link itself and stay silent."""
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(logs)
    bench = Bench(link)
    bench.settle()
    append(logs / "app.log")
    bench.await_ring()
    bench.watch.close()

    assert bench.events.names() == []


def test_poll_mode_never_watches(logs: Path) -> None:
    """`watch = "poll"` rests for the interval, however much is found."""
    bench = Bench(logs, mode="poll", make_observer=_failing(RuntimeError("no")))

    assert [bench.pause(), bench.pause(found_lines=True)] == [POLL, POLL]
    bench.watch.close()


def _failing(error: Exception) -> Any:
    """Return an observer factory that fails."""

    def make() -> None:
        raise error

    return make


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOSPC])
def test_limits_of_inotify_degrade_to_polling(logs: Path, code: int) -> None:
    """Scenario 42: told once, polled meanwhile, tried again a minute later."""
    error = OSError(code, "inotify limit reached")
    bench = Bench(logs, make_observer=_failing(error))
    bench.clock.advance(1.5)
    pauses = [bench.pause() for _ in range(3)]
    bench.clock.advance(61)
    pauses.append(bench.pause())

    assert pauses == [POLL] * 4
    assert [
        (
            "watch_degraded",
            {"directory": str(logs), "why": "inotify limit reached"},
        )
    ] == bench.events.told
    bench.watch.close()


def test_a_thread_that_cannot_start_degrades_to_polling(logs: Path) -> None:
    """Out of threads is not out of order."""
    bench = Bench(logs, make_observer=_failing(RuntimeError("can't start new thread")))
    bench.clock.advance(1.5)

    assert bench.pause() == POLL
    assert bench.events.names() == ["watch_degraded"]


def test_a_missing_directory_is_polled_for(tmp_path: Path) -> None:
    """Until it is there, look at intervals; then watch it."""
    later = tmp_path / "later"
    bench = Bench(later)
    bench.clock.advance(1.5)
    before = bench.pause()
    later.mkdir()
    after = [bench.pause(), bench.pause()]
    (later / "app.log").touch()
    bench.await_ring()
    bench.watch.close()

    assert before == POLL
    assert after == [0.0, WATCHED]


def test_a_directory_removed_and_made_again_is_watched_again(
    bench: Bench, logs: Path
) -> None:
    """A watch dies with its directory; the next one is set on the new."""
    bench.settle()
    away = logs.with_name("away")
    os.rename(logs, away)
    logs.mkdir()
    bench.watched.paths = (away,)
    # The old path is not wanted any more, the new one is not watched yet.
    assert bench.pause() == 0.0
    (away / "new.log").touch()
    bench.await_ring()

    assert bench.pause() == 0.0


def test_a_deleted_directory_is_polled_for(tmp_path: Path) -> None:
    """A watch ends with its directory; a new one is set when it is back."""
    logs = tmp_path / "logs"
    logs.mkdir()
    bench = Bench(logs)
    bench.settle()
    logs.rmdir()
    bench.await_ring()
    bench.pause()
    bench.clock.advance(1.5)
    gone = bench.pause()
    logs.mkdir()
    back = [bench.pause(), bench.pause()]
    bench.watch.close()

    assert gone == POLL
    assert back == [0.0, WATCHED]


def test_network_file_systems_are_polled_in_auto_mode(logs: Path) -> None:
    """Scenario 47: no events come over the network; `auto` says so and polls."""
    auto, forced = (
        Bench(logs, mode=mode, network_type_of=lambda path: "nfs4")
        for mode in ("auto", "events")
    )
    for bench in (auto, forced):
        bench.clock.advance(1.5)

    assert (auto.pause(), forced.pause()) == (POLL, 0.0)
    assert auto.events.names() == ["watch_degraded"]
    auto.watch.close()
    forced.watch.close()


def test_too_many_directories_are_polled(tmp_path: Path) -> None:
    """Each watch costs a thread; beyond 64 the rest is polled."""
    paths = [tmp_path / str(number) for number in range(66)]
    for path in paths:
        path.mkdir()
    bench = Bench(*paths)
    bench.clock.advance(1.5)
    pauses = [bench.pause(), bench.pause()]
    bench.watch.close()

    assert pauses == [0.0, POLL]
    assert bench.events.names() == ["watch_degraded"] * 2


def test_follow_says_what_to_watch_without_a_source(logs: Path) -> None:
    """The directories may also be given."""
    clock, events = BellClock(), RecordingEvents()
    watch = Watch(mode="events", clock=clock, events=events, poll_interval_seconds=POLL)
    watch.follow([str(logs)])
    clock.advance(1.5)
    assert watch.pause_seconds(found_lines=False) == 0.0
    append(logs / "app.log")
    clock.rings.get(timeout=PATIENCE_SECONDS)

    assert watch.pause_seconds(found_lines=False) == BUSY
    assert watch.needs_rescan()
    watch.close()


def test_closing_ends_the_threads(bench: Bench, logs: Path) -> None:
    """No thread of ours outlives the watch."""
    before = threading.active_count()
    bench.settle()
    during = threading.active_count()
    bench.watch.close()

    assert before < during
    assert before >= threading.active_count()
