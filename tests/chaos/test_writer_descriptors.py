"""Descriptors that were closed, reused, or are used up."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from tests.support.spool import (
    WriterClock,
    a_record,
    a_writer,
    is_open_on,
    numbers_in,
    records_in,
    rotated_files,
)

pytestmark = pytest.mark.chaos


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in an empty directory."""
    directory = tmp_path / "spool"
    directory.mkdir(mode=0o750)
    return directory / "exchanges.jsonl"


def test_reused_descriptor_number_is_not_written_or_closed(path: Path) -> None:
    """Our number in other hands: their file stays as it is, and stays open."""
    writer = a_writer(path)
    writer.write(*a_record())
    ours = next(fd for fd in map(int, os.listdir("/dev/fd")) if is_open_on(fd, path))
    foreign_path = path.with_name("foreign")
    foreign = os.open(foreign_path, os.O_RDWR | os.O_CREAT, 0o600)
    os.dup2(foreign, ours)

    assert writer.write(*a_record())

    assert foreign_path.read_bytes() == b""
    assert is_open_on(ours, foreign_path)
    assert numbers_in(path) == [1, 2]
    writer.close()
    assert is_open_on(ours, foreign_path)
    os.close(ours)
    os.close(foreign)


def test_close_leaves_a_reused_number_open(path: Path) -> None:
    """Closing the writer does not close what others opened under its number."""
    writer = a_writer(path)
    writer.write(*a_record())
    ours = next(fd for fd in map(int, os.listdir("/dev/fd")) if is_open_on(fd, path))
    foreign_path = path.with_name("foreign")
    foreign = os.open(foreign_path, os.O_RDWR | os.O_CREAT, 0o600)
    os.dup2(foreign, ours)

    writer.close()

    assert is_open_on(ours, foreign_path)
    os.close(ours)
    os.close(foreign)


def test_descriptor_closed_by_somebody_is_opened_again(path: Path) -> None:
    """A daemon that closes all descriptors at its start costs no record."""
    writer = a_writer(path)
    writer.write(*a_record())
    os.close(next(fd for fd in map(int, os.listdir("/dev/fd")) if is_open_on(fd, path)))

    assert writer.write(*a_record())
    assert numbers_in(path) == [1, 2]


def test_no_descriptor_left_is_dropped_and_survived(path: Path) -> None:
    """EMFILE costs records, not the process; writing resumes by itself."""
    clock = WriterClock()
    writer = a_writer(path, clock)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        is_written = writer.write(*a_record())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    clock.advance(1.1)

    assert is_written is False
    assert writer.write(*a_record())
    assert records_in(path)[0]["dropped"] == 1


def test_rotation_without_a_free_descriptor_grows_on(path: Path) -> None:
    """A directory that cannot be listed now costs no record: the file grows on."""
    clock = WriterClock()
    writer = a_writer(path, clock, max_bytes=500)
    writer.write(*a_record(300))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        is_written = writer.write(*a_record(300))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    clock.advance(1.1)

    assert is_written
    assert rotated_files(path) == []
    assert writer.write(*a_record(300))
    assert len(rotated_files(path)) == 1
