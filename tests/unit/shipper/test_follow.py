"""One file, line by line: offsets, checksums, limits, and what was overwritten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import pytest
from msgspec.structs import replace

from shipper.fileid import mark_of
from shipper.follow import (
    TOO_LONG,
    TORN,
    ContentChangedError,
    Follower,
    PlainStream,
    Position,
)
from shipper.model import Line
from tests.support.followed import some_lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty log file."""
    path = tmp_path / "app.log"
    path.touch()
    return path


@pytest.fixture
def handle(path: Path) -> Iterator[int]:
    """The same file, open for reading."""
    handle = os.open(path, os.O_RDONLY)
    yield handle
    os.close(handle)


def a_follower(handle: int, **options: int) -> Follower:
    """Return a follower at the beginning of the file."""
    return Follower("file-1", PlainStream(handle), position=Position(), **options)


def read_all(follower: Follower, *, is_final: bool = False) -> list[Line]:
    """Return the lines of all blocks that can be read now."""
    found: list[Line] = []
    while (lines := follower.read(is_final=is_final)) is not None:
        found += lines
    return found


def test_lines_come_with_their_offsets(path: Path, handle: int) -> None:
    """A line is the bytes between two newlines, with where they stand."""
    path.write_bytes(b"one\ntwo\r\n\nfour\n")

    lines = read_all(a_follower(handle))

    assert [line.data for line in lines] == [b"one", b"two\r", b"", b"four"]
    assert [(line.start_bytes, line.end_bytes) for line in lines] == [
        (0, 4),
        (4, 9),
        (9, 10),
        (10, 15),
    ]


@pytest.mark.parametrize("read_bytes", [64, 150, 1000, 100_000])
def test_the_chain_is_the_checksum_of_the_file(
    path: Path, handle: int, read_bytes: int
) -> None:
    """Whatever the block size, the chain over all lines is the file's CRC-32."""
    text = b"".join(line + b"\n" for line in some_lines(0, 50))
    path.write_bytes(text)

    lines = read_all(a_follower(handle, read_bytes=read_bytes))

    assert text == b"".join(line.data + b"\n" for line in lines)
    assert crc32(text) == lines[-1].crc_after
    assert [line.crc_before for line in lines[1:]] == [
        line.crc_after for line in lines[:-1]
    ]


def test_half_a_line_waits_for_its_end(path: Path, handle: int) -> None:
    """Scenario 24: a line is handed out when its newline is there, and once."""
    follower = a_follower(handle)
    path.write_bytes(b"one\ntw")
    first = read_all(follower)
    with path.open("ab") as file:
        file.write(b"o\n")

    assert [line.data for line in first] == [b"one"]
    assert [line.data for line in read_all(follower)] == [b"two"]


def test_reading_goes_on_at_a_position(path: Path, handle: int) -> None:
    """A follower begins where it is told, and its chain goes on from there."""
    path.write_bytes(b"one\ntwo\n")
    position = Position(4, crc32(b"one\n"), mark_of(b"one\n"))

    follower = Follower("file-1", PlainStream(handle), position=position)
    (line,) = read_all(follower)

    assert replace(line, block=b"", block_start=0) == Line(
        "file-1", 4, 8, crc32(b"one\n"), crc32(b"one\ntwo\n"), b"two"
    )
    assert line.block[line.block_start :] == b"two\n"
    assert Position(8, crc32(b"one\ntwo\n"), mark_of(b"one\ntwo\n")) in (
        follower.position,
        Position(8, follower.position.crc, mark_of(b"one\ntwo\n")),
    )


@pytest.mark.parametrize("content", [b"ONE\ntwo\n", b"on", b""])
def test_other_bytes_before_the_position_are_noticed(
    path: Path, handle: int, content: bytes
) -> None:
    """Scenarios 8 and 9: no line is read from a file other than the one before."""
    path.write_bytes(content)
    position = Position(4, 0, mark_of(b"one\n"))

    with pytest.raises(ContentChangedError):
        Follower("file-1", PlainStream(handle), position=position).read()


def test_overwriting_between_two_reads_is_noticed(path: Path, handle: int) -> None:
    """Scenario 8: truncated and regrown past the position: told, not read on."""
    follower = a_follower(handle)
    path.write_bytes(b"one\n")
    read_all(follower)
    path.write_bytes(b"uno\ndos\n")

    with pytest.raises(ContentChangedError):
        follower.read()


@pytest.mark.parametrize(
    ("length", "read_bytes"), [(101, 50), (101, 4000), (99_999, 50)]
)
def test_a_line_over_the_limit_is_a_fault(
    path: Path, handle: int, length: int, read_bytes: int
) -> None:
    """Scenario 39: it is digested, its prefix kept, and the file goes on."""
    text = os.urandom(length).replace(b"\n", b"n").replace(b"\0", b"0")
    path.write_bytes(b"a\n" + text + b"\nb\n")

    lines = read_all(a_follower(handle, max_line_bytes=100, read_bytes=read_bytes))

    fault = lines[1].fault
    assert fault is not None
    assert (TOO_LONG, sha256(text).hexdigest()) == (fault.reason, fault.sha256)
    assert text.startswith(lines[1].data)
    assert [lines[0].data, lines[2].data] == [b"a", b"b"]
    assert crc32(path.read_bytes()) == lines[2].crc_after
    assert length + 3 == lines[1].end_bytes


def test_a_line_of_the_limit_is_no_fault(path: Path, handle: int) -> None:
    """The limit is the longest line allowed, newline left out."""
    path.write_bytes(b"x" * 100 + b"\n")

    (line,) = read_all(a_follower(handle, max_line_bytes=100, read_bytes=10))

    assert line.fault is None
    assert line.data == b"x" * 100


def test_a_long_line_may_arrive_in_pieces(path: Path, handle: int) -> None:
    """Scenario 39: without its newline it is waited for, and memory stays small."""
    follower = a_follower(handle, max_line_bytes=100, read_bytes=50)
    path.write_bytes(b"x" * 500)
    before = follower.read()
    with path.open("ab") as file:
        file.write(b"y" * 500 + b"\nz\n")
    lines = read_all(follower)

    assert before is None
    assert [line.fault is not None for line in lines] == [True, False]
    fault = lines[0].fault
    assert fault is not None
    assert sha256(b"x" * 500 + b"y" * 500).hexdigest() == fault.sha256


def test_a_line_of_gigabytes_gives_others_their_turn(path: Path, handle: int) -> None:
    """Scenario 39: a hole of 64 MiB in a line is read in several turns."""
    with path.open("wb") as file:
        file.write(b"x")
        file.truncate(64 * 1_048_576)
        file.seek(0, os.SEEK_END)
        file.write(b"\nnext\n")
    follower = a_follower(handle)

    turns = 0
    lines: list[Line] = []
    while (block := follower.read()) is not None:
        turns += 1
        lines += block

    assert turns > 4
    assert [line.fault and line.fault.reason for line in lines] == [TOO_LONG, None]
    assert lines[-1].data == b"next"


def test_the_rest_of_a_sealed_file_is_torn(path: Path, handle: int) -> None:
    """Scenario 23: what follows the last newline of a finished file is told apart."""
    path.write_bytes(b'one\n{"half')
    follower = a_follower(handle)

    waiting = read_all(follower)
    (torn,) = read_all(follower, is_final=True)

    assert [line.data for line in waiting] == [b"one"]
    assert torn.fault is not None
    assert (torn.fault.reason, torn.data, torn.end_bytes) == (TORN, b'{"half', 10)
    assert crc32(path.read_bytes()) == torn.crc_after


def test_the_marker_of_a_torn_line_is_found_again(path: Path, handle: int) -> None:
    """A position after a torn line survives a restart."""
    path.write_bytes(b"one\nhalf")
    position = Position(8, 0, mark_of(b"half\n"))

    assert Follower("f", PlainStream(handle), position=position).read() is None


def test_a_hole_before_a_line_is_a_blank(path: Path, handle: int) -> None:
    """Scenario 10: NULs left by somebody's truncation cost no record."""
    path.write_bytes(b"\0" * 700_000 + b"one\n\0\0two\n")

    lines = read_all(a_follower(handle))

    assert {b""} == {line.data for line in lines[:-3]}
    assert [line.data for line in lines[-3:]] == [b"one", b"", b"two"]
    assert crc32(path.read_bytes()) == lines[-1].crc_after


def test_a_position_after_a_hole_is_found_again(path: Path, handle: int) -> None:
    """Scenario 10: the blank that stands for NULs is marked by its newline alone."""
    path.write_bytes(b"\0" * 600 + b"one\n")
    position = Position(600, 0, mark_of(b"\n"))

    lines = read_all(Follower("f", PlainStream(handle), position=position))

    assert [line.data for line in lines] == [b"one"]
