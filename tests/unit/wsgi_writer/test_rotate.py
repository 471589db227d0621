"""The rotating file as one process sees it: counts, waits, cool-downs."""

from __future__ import annotations

import fcntl
import gc
import os
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

from tests.support.spool import (
    NOON_NS,
    FailingDisk,
    WriterClock,
    a_record,
    a_writer,
    numbers_in,
    records_in,
)
from wsgi_writer.rotate import RotatingFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in a directory that does not exist yet."""
    return tmp_path / "spool" / "exchanges.jsonl"


def test_record_is_one_line_with_w_between_head_and_tail(path: Path) -> None:
    """A record reaches the file as one line, w inserted after the id."""
    is_written = a_writer(path).write(b'{"v":1,"id":"a"', b',"entry":{}}\n')

    assert is_written is True
    w = f'"w":[{os.getpid()},{NOON_NS},1]'
    assert path.read_text() == f'{{"v":1,"id":"a",{w},"entry":{{}}}}\n'


def test_numbers_follow_the_order_of_the_file(path: Path) -> None:
    """Records of one writer are numbered from one in file order."""
    writer = a_writer(path)

    for _ in range(5):
        writer.write(*a_record())

    assert numbers_in(path) == [1, 2, 3, 4, 5]


def test_constructing_a_writer_touches_no_file(path: Path) -> None:
    """Before the first record there is neither a directory nor a file."""
    a_writer(path)

    assert not path.parent.exists()


def test_relative_path_survives_a_change_of_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that changes its directory keeps writing to the same file."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    writer = RotatingFile("log", min_free_bytes=0)
    monkeypatch.chdir(tmp_path / "elsewhere")

    writer.write(*a_record())

    assert len(records_in(tmp_path / "log")) == 1


def test_a_path_may_begin_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does for the shipper; no directory is made that is called ``~``."""
    monkeypatch.setenv("HOME", str(tmp_path))
    writer = RotatingFile("~/logs/log", min_free_bytes=0)

    writer.write(*a_record())

    assert len(records_in(tmp_path / "logs/log")) == 1


def test_full_disk_drops_counts_and_resumes(path: Path) -> None:
    """ENOSPC costs the newest records; the next good one says how many."""
    clock, disk = WriterClock(), FailingDisk()
    writer = a_writer(path, clock, os_write=disk.write)
    writer.write(*a_record())
    disk.fill()

    results = [writer.write(*a_record()) for _ in range(3)]
    clock.advance(1.1)
    results.append(writer.write(*a_record()))

    assert results == [False, False, False, True]
    assert numbers_in(path) == [1, 5]
    assert records_in(path)[-1]["dropped"] == 3


def test_cool_down_makes_no_attempt(path: Path) -> None:
    """Within the cool-down the disk is left alone, and the caller can see it."""
    clock, disk = WriterClock(), FailingDisk()
    writer = a_writer(path, clock, os_write=disk.write, cooldown=5.0)
    disk.fill()
    writer.write(*a_record())

    cooling = writer.is_cooling
    writer.write(*a_record())
    clock.advance(5.1)

    assert cooling
    assert disk.writes == 1
    assert not writer.is_cooling


def test_records_never_offered_are_counted(path: Path) -> None:
    """count_dropped shows in the next record's dropped and in its number."""
    writer = a_writer(path)
    writer.write(*a_record())
    writer.count_dropped()
    writer.count_dropped()

    writer.write(*a_record())
    writer.write(*a_record())

    found = [(r["w"][2], r.get("dropped")) for r in records_in(path)]
    assert found == [(1, None), (4, 2), (5, None)]


def test_dropped_is_told_again_if_the_telling_record_was_lost(path: Path) -> None:
    """A loss is told by a record that is really in the file."""
    clock, disk = WriterClock(), FailingDisk()
    writer = a_writer(path, clock, os_write=disk.write)
    writer.count_dropped()
    disk.fill()
    writer.write(*a_record())
    clock.advance(1.1)

    writer.write(*a_record())

    assert [(r["w"][2], r["dropped"]) for r in records_in(path)] == [(3, 2)]


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("text", b",1}\n"),
        (b"{", "text\n"),
        (None, b",1}\n"),
        (b"{", None),
        (b"{", b",no newline}"),
        (b"{", b',"a":\n1}\n'),
        (b"{", b""),
    ],
)
def test_a_record_that_is_no_line_is_dropped_alone(
    path: Path, head: Any, tail: Any
) -> None:
    """A wrong type or a raw newline costs that record and no cool-down."""
    writer = a_writer(path)

    is_written = writer.write(head, tail)

    assert not is_written
    assert not writer.is_cooling
    assert writer.write(*a_record())
    assert [(r["w"][2], r["dropped"]) for r in records_in(path)] == [(2, 1)]


def test_slow_write_is_kept_and_starts_a_cool_down(path: Path) -> None:
    """After a write of more than 250 ms the disk is left alone for a while."""
    clock = WriterClock()

    def slow(fd: int, line: bytes) -> int:
        clock.advance(0.3)
        return os.write(fd, line)

    writer = a_writer(path, clock, os_write=slow)

    assert writer.write(*a_record())
    assert writer.is_cooling


def test_busy_thread_lock_is_waited_for_once(path: Path) -> None:
    """A thread stuck in write(2) costs the others one wait, then none."""
    entered, leave = threading.Event(), threading.Event()

    def stuck(fd: int, line: bytes) -> int:
        entered.set()
        leave.wait(30)
        return os.write(fd, line)

    clock = WriterClock()
    writer = a_writer(path, clock, os_write=stuck, lock_timeout=1.0)
    thread = threading.Thread(target=writer.write, args=a_record())
    thread.start()
    entered.wait(30)

    first = timed(lambda: writer.write(*a_record()))
    second = timed(lambda: writer.write(*a_record()))
    leave.set()
    thread.join()

    assert 0.99 <= first < 20
    assert second < 0.99
    assert writer.write(*a_record())
    assert records_in(path)[-1]["dropped"] == 2


def test_after_a_wait_in_vain_nobody_waits_while_others_would(path: Path) -> None:
    """One who waits for the file keeps out the others, whose records are dropped.

    With a clock that stands still a wait for the file would never end.
    """
    asked = threading.Event()

    def standing_still() -> float:
        asked.set()
        return 0.0

    writer = RotatingFile(
        path, min_free_bytes=0, lock_timeout=0.05, monotonic=standing_still
    )
    writer.write(*a_record())
    with open(path, "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        asked.clear()
        waiting = threading.Thread(target=writer.write, args=a_record())
        waiting.start()
        asked.wait(30)
        results = [writer.write(*a_record())]
        fcntl.flock(other, fcntl.LOCK_UN)
        waiting.join(30)
        fcntl.flock(other, fcntl.LOCK_EX)
        following = threading.Thread(target=writer.write, args=a_record())
        following.start()
        following.join(10)

    assert results == [False]
    assert not following.is_alive()
    assert numbers_in(path) == [1, 2, 4]


def timed(call: Any) -> float:
    """Return the seconds that a call took."""
    import time

    started = time.monotonic()
    call()
    return time.monotonic() - started


def test_close_releases_the_descriptor_and_a_later_write_reopens(path: Path) -> None:
    """After close the process holds no descriptor of the file; write still works."""
    writer = a_writer(path)
    writer.write(*a_record())
    held = open_descriptors(path)

    writer.close()
    writer.close()

    assert (held, open_descriptors(path)) == (1, 0)
    assert writer.write(*a_record())
    assert numbers_in(path) == [1, 2]


def open_descriptors(path: Path) -> int:
    """Return how many descriptors of this process are the file at `path`."""
    count = 0
    for fd in os.listdir("/dev/fd"):
        try:
            count += os.path.samestat(os.fstat(int(fd)), path.stat())
        except OSError:
            continue
    return count


def test_interrupt_from_outside_passes_and_leaves_no_lock(path: Path) -> None:
    """A worker's time-out raised in the middle of a write is not swallowed."""
    is_stopped = [True]

    def interrupted(fd: int, line: bytes) -> int:
        if is_stopped.pop(0):
            raise SystemExit(1)
        return os.write(fd, line)

    is_stopped.append(False)
    writer = a_writer(path, os_write=interrupted)
    with pytest.raises(SystemExit):
        writer.write(*a_record())

    assert writer.write(*a_record())
    assert numbers_in(path) == [2]


def test_a_forgotten_writer_is_collected(path: Path) -> None:
    """The hook for forked children keeps no writer alive."""
    writer = a_writer(path)
    reference = weakref.ref(writer)

    del writer
    gc.collect()

    assert reference() is None


def test_a_fault_of_our_own_stays_inside(path: Path) -> None:
    """Even an error that nobody thought of is a lost record, not an exception."""
    clock = WriterClock()
    is_broken = False

    def monotonic() -> float:
        if is_broken:
            raise RuntimeError("clock")
        return clock.monotonic()

    writer = RotatingFile(path, min_free_bytes=0, monotonic=monotonic)
    is_broken = True
    is_written = writer.write(*a_record())
    is_broken = False

    assert is_written is False
    assert writer.write(*a_record())
    assert records_in(path)[0]["dropped"] == 1


def test_close_beside_a_stuck_write_gives_up(path: Path) -> None:
    """A write that hangs in the disk does not hang the end of the process."""
    entered, leave = threading.Event(), threading.Event()

    def stuck(fd: int, line: bytes) -> int:
        entered.set()
        leave.wait(30)
        return os.write(fd, line)

    writer = a_writer(path, os_write=stuck, lock_timeout=0)
    thread = threading.Thread(target=writer.write, args=a_record())
    thread.start()
    entered.wait(30)
    writer.close()
    leave.set()
    thread.join()

    assert numbers_in(path) == [1]
