"""The active file: how it is made, torn tails, short writes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.support.spool import (
    FailingDisk,
    WriterClock,
    a_record,
    a_writer,
    rotated_files,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in a directory that does not exist yet."""
    return tmp_path / "spool" / "exchanges.jsonl"


def test_directory_is_made_closed_to_others(tmp_path: Path) -> None:
    """Missing directories are made with mode 0750, whatever the umask."""
    old = os.umask(0o077)
    try:
        a_writer(tmp_path / "a" / "b" / "log").write(*a_record())
    finally:
        os.umask(old)

    for directory in ("a", "a/b"):
        assert stat.S_IMODE((tmp_path / directory).stat().st_mode) == 0o750


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
def test_mode_of_every_file_is_the_chosen_one(path: Path, mode: int) -> None:
    """The umask takes nothing from the mode, neither first nor after rotation."""
    old = os.umask(0o077)
    try:
        writer = a_writer(path, max_bytes=300, mode=mode)
        for _ in range(5):
            writer.write(*a_record(200))
    finally:
        os.umask(old)

    modes = {stat.S_IMODE(f.stat().st_mode) for f in [path, *rotated_files(path)]}
    assert {mode} == modes


@pytest.mark.parametrize("kept", [1, 40, 80])
def test_short_write_is_taken_back(path: Path, kept: int) -> None:
    """A record of which the disk took a part leaves no byte behind."""
    clock, disk = WriterClock(), FailingDisk()
    writer = a_writer(path, clock, os_write=disk.write)
    writer.write(*a_record())
    before = path.read_bytes()
    disk.short_writes.append(kept)

    is_written = writer.write(*a_record())

    assert not is_written
    assert before == path.read_bytes()


def test_taking_back_never_removes_a_newline(path: Path) -> None:
    """The newline that closed a torn tail stays: a reader may be past it."""
    clock, disk = WriterClock(), FailingDisk()
    path.parent.mkdir()
    path.write_bytes(b'{"v":1,"torn')
    disk.short_writes.append(30)
    writer = a_writer(path, clock, os_write=disk.write)
    writer.write(*a_record())

    assert path.read_bytes() == b'{"v":1,"torn\n'
    clock.advance(1.1)
    writer.write(*a_record())

    assert path.read_bytes().count(b"\n") == 2


def test_other_peoples_bytes_are_not_taken_back(path: Path) -> None:
    """If somebody appended behind a short write, nothing is truncated."""
    clock = WriterClock()

    def short_then_overtaken(fd: int, line: bytes) -> int:
        written = os.write(fd, line[:10])
        with path.open("ab") as other:
            other.write(b'{"v":1,"id":"other"}\n')
        return written

    writer = a_writer(path, clock, os_write=short_then_overtaken)

    writer.write(*a_record())

    assert path.read_bytes().endswith(b'{"v":1,"id":"other"}\n')


def test_torn_tail_is_closed_with_one_newline(path: Path) -> None:
    """A tail that a killed writer left costs one bad line and no good record."""
    path.parent.mkdir()
    path.write_bytes(b'{"v":1,"id":"whole"}\n{"v":1,"id":"to')
    writer = a_writer(path)

    for _ in range(2):
        writer.write(*a_record())

    lines = path.read_bytes().splitlines()
    assert lines[:2] == [b'{"v":1,"id":"whole"}', b'{"v":1,"id":"to']
    assert len(lines) == 4


def test_torn_tail_of_another_writer_is_closed_too(path: Path) -> None:
    """A tail torn between two of our own writes is noticed by the size."""
    writer = a_writer(path)
    writer.write(*a_record())
    with path.open("ab") as other:
        other.write(b'{"v":1,"id":"to')

    writer.write(*a_record())

    assert len(path.read_bytes().splitlines()) == 3
