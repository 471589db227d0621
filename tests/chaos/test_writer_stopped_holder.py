"""A process that was stopped while it held the file's lock."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.spool import (
    FailingDisk,
    WriterClock,
    a_record,
    a_writer,
    let_go,
    records_in,
    rotated_files,
    run_script,
    start_stopped_holder,
)
from wsgi_writer.rotate import RotatingFile

pytestmark = pytest.mark.chaos


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in an empty directory."""
    directory = tmp_path / "spool"
    directory.mkdir(mode=0o750)
    return directory / "exchanges.jsonl"


def test_stopped_lock_holder_costs_one_wait_and_no_record(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Beside a SIGSTOPped holder all is written, nothing rotated, one wait made."""
    holder = start_stopped_holder(path)
    # A slow clock, so that a busy machine is not taken for a slow disk.
    writer = RotatingFile(
        path,
        min_free_bytes=0,
        max_bytes=20_000,
        cooldown=50,
        monotonic=lambda: time.monotonic() / 10,
    )

    started = time.monotonic()
    results = [writer.write(*a_record(100))]
    first = time.monotonic() - started
    results += [writer.write(*a_record(100)) for _ in range(299)]
    rest = time.monotonic() - started - first

    try:
        assert results == [True] * 300
        assert 0.5 <= first < 10
        assert rest < 299 * 0.5, "the wait was repeated"
        assert rotated_files(path) == []
        assert "lock not had in time" in caplog.text
    finally:
        let_go(holder)
    assert len(records_in(path)) == 301


def test_growth_without_the_lock_is_bounded(path: Path) -> None:
    """While the lock cannot be had the file stops at twice max_bytes."""
    holder = start_stopped_holder(path)
    writer = RotatingFile(
        path, min_free_bytes=0, max_bytes=2000, cooldown=0, lock_timeout=0
    )

    results = [writer.write(*a_record(200)) for _ in range(40)]
    size = path.stat().st_size
    let_go(holder)

    assert 10 < results.count(True) < 40
    assert 2000 < size <= 4000
    assert writer.write(*a_record(200))
    assert len(rotated_files(path)) == 1


def test_short_write_without_the_lock_is_left_for_the_next_writer(path: Path) -> None:
    """Without the lock nothing is truncated; the torn tail is closed later."""
    holder = start_stopped_holder(path)
    clock, disk = WriterClock(), FailingDisk(short_writes=[20])
    writer = a_writer(path, clock, lock_timeout=0, os_write=disk.write)

    results = [writer.write(*a_record())]
    size = path.stat().st_size
    clock.advance(1.1)
    results.append(writer.write(*a_record()))
    let_go(holder)

    assert (results, size) == ([False, True], 20)
    assert len(path.read_bytes().splitlines()) == 3


GREENLETS = """
    from gevent import monkey
    monkey.patch_all()
    import sys
    import gevent
    from wsgi_writer.rotate import RotatingFile

    writer = RotatingFile(sys.argv[1], min_free_bytes=0, lock_timeout=1.0)
    beats = 0

    def heart():
        global beats
        while True:
            gevent.sleep(0.001)
            beats += 1

    gevent.spawn(heart)
    tail = b',"entry":1}\\n'
    jobs = [gevent.spawn(writer.write, b'{"v":1', tail) for _ in range(4)]
    gevent.joinall(jobs)
    print(beats, sum(job.value for job in jobs))
    """


def test_greenlets_go_on_while_one_waits_for_the_lock(path: Path) -> None:
    """Under gevent a wait for the file's lock is a wait of one greenlet."""
    holder = start_stopped_holder(path)
    try:
        beats, written = map(int, run_script(GREENLETS, path).split())
    finally:
        let_go(holder)

    assert beats > 10
    assert written >= 1


PATCHED_LATE = """
    import sys
    from wsgi_writer.rotate import RotatingFile

    writer = RotatingFile(sys.argv[1], min_free_bytes=0, lock_timeout=2.0)

    from gevent import monkey
    monkey.patch_all()
    import time
    import gevent

    longest, last = 0.0, time.monotonic()

    def heart():
        global longest, last
        while True:
            gevent.sleep(0.001)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    gevent.spawn(heart)
    tail = b',"entry":1}\\n'
    jobs = [gevent.spawn(writer.write, b'{"v":1', tail) for _ in range(4)]
    gevent.joinall(jobs)
    gevent.sleep(0.01)
    print(longest)
    """


def test_greenlets_go_on_if_the_writer_is_older_than_they(path: Path) -> None:
    """A server may load the application first, and patch its workers then."""
    holder = start_stopped_holder(path)
    try:
        longest = float(run_script(PATCHED_LATE, path))
    finally:
        let_go(holder)

    assert longest < 1.5
