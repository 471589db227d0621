"""When the file is rotated, evicted from, synced, and left alone."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from tests.support.spool import (
    WriterClock,
    a_record,
    a_writer,
    numbers_in,
    records_in,
    rotated_files,
    total_bytes,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in a directory that does not exist yet."""
    return tmp_path / "spool" / "exchanges.jsonl"


def test_rotation_renames_before_the_file_would_pass_max_bytes(path: Path) -> None:
    """No file grows past max_bytes, and none is rotated empty."""
    writer = a_writer(path, WriterClock(), max_bytes=1000)

    for _ in range(50):
        writer.write(*a_record(180))

    sizes = [file.stat().st_size for file in rotated_files(path)]
    assert len(sizes) > 5
    assert all(500 < size <= 1000 for size in sizes)
    assert list(range(1, 51)) == numbers_in(path)


def test_same_inode_before_and_after_rotation(path: Path) -> None:
    """Rotation is a rename: the bytes stay where they were."""
    writer = a_writer(path, max_bytes=300)
    writer.write(*a_record(200))
    before = path.stat().st_ino

    writer.write(*a_record(200))

    assert [before] == [file.stat().st_ino for file in rotated_files(path)]


def test_record_larger_than_a_file_gets_a_file_of_its_own(path: Path) -> None:
    """A record over max_bytes stands alone between its neighbours' files."""
    writer = a_writer(path, max_bytes=500)

    for size in (100, 3000, 100):
        assert writer.write(*a_record(size))

    lines = [file.read_bytes().count(b"\n") for file in [*rotated_files(path), path]]
    assert lines == [1, 1, 1]
    assert numbers_in(path) == [1, 2, 3]


def test_oldest_files_are_evicted_to_stay_within_the_total(path: Path) -> None:
    """The total never passes its budget, and what goes is the oldest."""
    writer = a_writer(path, max_bytes=1000, max_total_bytes=3500)
    largest = 0

    for _ in range(100):
        assert writer.write(*a_record(180))
        largest = max(largest, total_bytes(path.parent))

    assert 2500 < largest <= 3500
    kept = numbers_in(path)
    assert list(range(kept[0], 101)) == kept


def test_packed_siblings_count_and_are_evicted(path: Path) -> None:
    """A packed file is part of the total and goes first when it is the oldest."""
    path.parent.mkdir()
    packed = path.with_name(path.name + ".20200101T000000000000Z.gz")
    packed.write_bytes(b"x" * 900)
    writer = a_writer(path, max_bytes=1000, max_total_bytes=1000)

    writer.write(*a_record(80))
    assert packed.exists()
    writer.write(*a_record(80))

    assert not packed.exists()
    assert numbers_in(path) == [1, 2]


def test_eviction_is_told_with_count_and_bytes(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An eviction is one warning of the logger wsgi_writer, not one a file."""
    writer = a_writer(path, max_bytes=300, max_total_bytes=600)

    for _ in range(20):
        writer.write(*a_record(200))

    told = [r for r in caplog.records if "evicted" in r.getMessage()]
    assert len(told) == 1
    assert (told[0].name, told[0].levelno) == ("wsgi_writer", logging.WARNING)
    assert "evicted 1 rotated files" in told[0].getMessage()


def test_later_evictions_are_summed_until_they_may_be_told(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was evicted silently meanwhile is in the next warning."""
    clock = WriterClock()
    writer = a_writer(path, clock, max_bytes=300, max_total_bytes=600)
    for _ in range(12):
        writer.write(*a_record(200))
    caplog.clear()
    clock.advance(61)

    writer.write(*a_record(200))

    assert "evicted 9 rotated files" in caplog.text


def test_drop_newest_keeps_the_old_and_drops_the_new(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With drop_newest no file is deleted; the total stays within its budget."""
    clock = WriterClock()
    writer = a_writer(
        path, clock, max_bytes=1000, max_total_bytes=2000, when_full="drop_newest"
    )
    results = []
    for _ in range(20):
        results.append(writer.write(*a_record(180)))
        clock.advance(1.1)

    assert results == [True] * sum(results) + [False] * (20 - sum(results))
    assert 8 <= sum(results) < 20
    assert total_bytes(path.parent) <= 2000
    assert "max_total_bytes is reached" in caplog.text


def test_drop_newest_goes_on_when_somebody_makes_room(path: Path) -> None:
    """Once a rotated file was removed, writing resumes and tells what was lost."""
    clock = WriterClock()
    writer = a_writer(
        path, clock, max_bytes=400, max_total_bytes=800, when_full="drop_newest"
    )
    while writer.write(*a_record(180)):
        pass
    rotated_files(path)[0].unlink()
    clock.advance(1.1)

    assert writer.write(*a_record(180))
    assert records_in(path)[-1]["dropped"] == 1


def test_below_min_free_bytes_the_newest_record_is_dropped(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Too little free space drops records, loudly, and evicts nothing."""
    writer = a_writer(path, min_free_bytes=1 << 62)

    assert not writer.write(*a_record())
    assert "min_free_bytes" in caplog.text
    assert writer.is_cooling


@pytest.mark.parametrize(
    ("fsync", "expected"), [("never", 0), ("rotate", 2), ("always", 5)]
)
def test_fsync_happens_when_it_was_asked_for(
    path: Path, fsync: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is each record, each full file with its name, or nothing at all."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    writer = a_writer(path, max_bytes=500, fsync=fsync)

    for _ in range(3):
        writer.write(*a_record(200))

    assert expected == len(synced)


def test_failing_fsync_is_told_and_costs_no_record(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that is in the file is not counted as dropped."""

    def failing(fd: int) -> None:
        raise OSError(errno.EIO, "fsync")

    monkeypatch.setattr(os, "fsync", failing)
    writer = a_writer(path, max_bytes=500, fsync="always")

    results = [writer.write(*a_record(200)) for _ in range(3)]

    assert results == [True] * 3
    assert "fsync failed" in caplog.text


def test_two_writers_in_one_process_share_a_path(path: Path) -> None:
    """Two objects on one path lose nothing to each other's rotations."""
    clock = WriterClock()
    writers = [a_writer(path, clock, max_bytes=400), a_writer(path, clock)]

    for _ in range(20):
        for writer in writers:
            assert writer.write(*a_record(180))

    assert len(records_in(path)) == 40


def test_record_larger_than_the_total_is_written_all_the_same(path: Path) -> None:
    """The budget may be passed by one record, never by two."""
    writer = a_writer(path, max_bytes=300, max_total_bytes=300)

    results = [writer.write(*a_record(size)) for size in (200, 1000, 1000, 200)]

    assert results == [True] * 4
    assert numbers_in(path) == [4]


def test_file_moved_away_while_it_is_being_rotated_costs_nothing(path: Path) -> None:
    """Somebody outside who renames the file first is taken for a rotation."""
    clock = WriterClock()
    writer = a_writer(path, clock, max_bytes=300)
    writer.write(*a_record(200))
    moved = path.with_name("moved")
    # The name is made right before the rename: the closest that one can come.
    clock.on_wall_ns = lambda: path.rename(moved)

    assert writer.write(*a_record(200))
    assert rotated_files(path) == []
    assert numbers_in(path) == [2]


def test_file_that_never_stays_is_given_up(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A path replaced after each opening costs a bounded number of tries."""
    opened = []

    def open_then_lose(name: str, flags: int, mode: int) -> int:
        opened.append(os.open(name, flags, mode))
        os.unlink(name)
        return opened[-1]

    writer = a_writer(path, lock_timeout=0, open_file=open_then_lose)
    path.parent.mkdir()

    assert not writer.write(*a_record())
    assert len(opened) == 10
    assert "replaced again and again" in caplog.text


def test_directory_that_cannot_be_listed_bounds_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a list there is no safe name: the file grows to twice max_bytes."""

    def refused(directory: str) -> None:
        raise PermissionError(errno.EACCES, "scandir", directory)

    monkeypatch.setattr(os, "scandir", refused)
    writer = a_writer(path, max_bytes=1000)

    results = [writer.write(*a_record(180)) for _ in range(20)]

    assert 10 <= results.count(True) < 20
    assert 1000 < path.stat().st_size <= 2000
    assert "cannot be rotated" in caplog.text
