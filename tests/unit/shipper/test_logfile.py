"""One log file read from front to end, packed or plain."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shipper.fileid import mark_of
from shipper.follow import Position
from shipper.logfile import BadInputError, LogFile, NoInputError
from tests.support.full_disk import files_no_larger_than

TEXT = b"first\nsecond line\n\nlast\n"


def texts(path: Path | str, position: Position | None = None) -> list[bytes]:
    """Return what the lines of a file say."""
    with LogFile(str(path)) as log:
        return [line.data for line in log.lines(position or Position())]


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, bz2.compress, lzma.compress],
    ids=["plain", "gzip", "bz2", "xz"],
)
def test_lines_are_the_same_however_the_file_is_packed(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    """What a file holds is told by its bytes, never by its name."""
    path = tmp_path / "a.log"
    path.write_bytes(pack(TEXT))

    assert texts(path) == [b"first", b"second line", b"", b"last"]


def test_offsets_are_of_the_unpacked_stream(tmp_path: Path) -> None:
    """A packed line stands where it stood before it was packed."""
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(TEXT))
    with LogFile(str(path)) as log:
        found = [(line.start_bytes, line.end_bytes) for line in log.lines()]

    assert found == [(0, 6), (6, 18), (18, 19), (19, 24)]


def test_a_last_line_without_newline_is_a_line(tmp_path: Path) -> None:
    """A file nobody writes to any more loses nothing at its end."""
    path = tmp_path / "a.log"
    path.write_bytes(b"first\nlast")
    with LogFile(str(path)) as log:
        *_, last = log.lines()

    assert (last.data, last.fault, last.end_bytes) == (b"last", None, 10)


def test_the_last_piece_of_a_damaged_archive_is_no_line(tmp_path: Path) -> None:
    """What ends where the damage begins was cut there, and says so."""
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(os.urandom(400).hex().encode() + b"\nrest")[:-20])
    with LogFile(str(path)) as log:
        found = [line.fault is None for line in log.lines()]
        damage = log.damage

    assert found in ([True, False], [False])
    assert damage == "the archive ends early"


def test_reading_goes_on_from_a_position(tmp_path: Path) -> None:
    """The place after a line is where the next one begins."""
    path = tmp_path / "a.log"
    path.write_bytes(TEXT)

    assert texts(path, Position(18)) == [b"", b"last"]


def test_another_file_under_the_name_is_no_continuation(tmp_path: Path) -> None:
    """A position with its marker fits one content only."""
    path = tmp_path / "a.log"
    path.write_bytes(b"x" * 100 + b"\n")
    position = Position(18, 0, mark_of(TEXT[:18]))

    with pytest.raises(BadInputError, match="not the file it was"):
        texts(path, position)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "it is no regular file"),
        (os.mkfifo, "it is no regular file"),
    ],
    ids=["missing", "directory", "fifo"],
)
def test_what_is_no_file_is_said_so(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    """The error names path and reason, and says what to type next."""
    path = tmp_path / "a.log"
    make(path)

    with pytest.raises(NoInputError, match=why) as caught:
        LogFile(str(path))
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads what is piped in, packed or not."""
    stream = io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT)))
    monkeypatch.setattr("sys.stdin", stream)

    assert texts("-") == [b"first", b"second line", b"", b"last"]


def test_standard_input_that_finds_no_room_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is kept while it is read, and the directory for that may be full."""
    stream = io.TextIOWrapper(io.BytesIO(TEXT))
    monkeypatch.setattr("sys.stdin", stream)

    with files_no_larger_than(5), pytest.raises(NoInputError, match="-: File too"):
        LogFile("-")


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    """What has been read is measured in bytes on disk, packed ones if it is packed."""
    plain, packed = tmp_path / "a.log", tmp_path / "a.log.gz"
    plain.write_bytes(TEXT)
    packed.write_bytes(gzip.compress(TEXT))
    for path in (plain, packed):
        with LogFile(str(path)) as log:
            list(log.lines())

            assert log.size_bytes == log.read_bytes_so_far()


def test_a_file_that_is_cut_while_it_is_read_is_told(tmp_path: Path) -> None:
    """Reading never goes on in the middle of something else."""
    path = tmp_path / "a.log"
    path.write_bytes(b"".join(b"%0300d\n" % number for number in range(2000)))
    with LogFile(str(path)) as log:
        lines = log.lines()
        next(lines)
        path.write_bytes(b"y" * 700_000)

        with pytest.raises(BadInputError, match="not the file it was"):
            list(lines)
