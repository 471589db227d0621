"""A line is read again from its place, plain or packed, and checked by its hash."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from shipper.fileid import FileRow, FileState
from shipper.model import DeadLetter, Line, LinePlace
from shipper.source import LineReader, Unread

LINES = [b"line %06d %s" % (n, b"x" * 300) for n in range(2000)]
TEXT = b"".join(line + b"\n" for line in LINES)


def letter_of(number: int, *, start: int | None = None) -> DeadLetter:
    """Return the letter of a line that had no payload."""
    text = LINES[number]
    if start is None:
        start = sum(len(line) + 1 for line in LINES[:number])
    place = LinePlace("f", start, start + len(text) + 1)
    digest = sha256(text).hexdigest()
    return DeadLetter(place, None, "schema", "no", None, digest, len(text))


def a_reader(
    path: Path, *, state: FileState = FileState.OPEN, **options: object
) -> LineReader:
    """Return a reader that knows one file."""
    row = FileRow(file_id="f", path=str(path), dev=1, ino=2, state=state)
    return LineReader(
        find_file=lambda name: row if name == "f" else None,
        **options,  # type: ignore[arg-type]  # a builder
    )


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_lines_are_found_in_any_order(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    """Onward and backward, in whatever the rotation made of the file."""
    path = tmp_path / "log"
    path.write_bytes(pack(TEXT))
    reader = a_reader(path)

    numbers = [0, 5, 1999, 7]
    lines = [reader.read(letter_of(number)) for number in numbers]
    reader.close()

    for number, line in zip(numbers, lines, strict=True):
        assert isinstance(line, Line)
        assert line.data == LINES[number]
        assert line.start_bytes == letter_of(number).place.start_bytes


def test_a_line_without_newline_is_found(tmp_path: Path) -> None:
    """A torn line ends where its file ends."""
    path = tmp_path / "log"
    path.write_bytes(LINES[0])
    letter = letter_of(0)
    place = LinePlace("f", 0, len(LINES[0]))
    torn = DeadLetter(place, None, "torn", "no", None, letter.sha256, len(LINES[0]))
    reader = a_reader(path)

    line = reader.read(torn)
    reader.close()

    assert isinstance(line, Line)
    assert line.data == LINES[0]
    assert line.fault is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"something else\n" * 1000, "holds something else"),
        (b"", "holds something else"),
        (TEXT[:100], "holds something else"),
        (gzip.compress(TEXT, mtime=0)[:40], "holds something else"),
        (None, "is no longer there"),
    ],
)
def test_what_is_not_the_same_is_not_sent(
    content: bytes | None, why: str, tmp_path: Path
) -> None:
    """Bytes that have another hash are another line."""
    path = tmp_path / "log"
    if content is not None:
        path.write_bytes(content)
    reader = a_reader(path)

    unread = reader.read(letter_of(1))
    reader.close()

    assert isinstance(unread, Unread)
    assert why in unread.why
    assert str(path) in unread.why


def test_a_line_over_the_limit_is_not_read(tmp_path: Path) -> None:
    """A line of a gigabyte is not brought into memory by a retry."""
    reader = a_reader(tmp_path / "log", max_line_bytes=100)

    unread = reader.read(letter_of(0))

    assert unread == Unread("the line is longer than 100 bytes")


def test_a_file_nobody_knows_is_told(tmp_path: Path) -> None:
    """A letter may outlive the memory of its file."""
    reader = LineReader(find_file=lambda _: None)

    assert reader.read(letter_of(0)) == Unread("its file is not known any more")


def test_a_line_of_history_is_for_a_backfill_to_read_again(tmp_path: Path) -> None:
    """Nobody else knows its format, and the place of an entry of a HAR is no byte."""
    path = tmp_path / "log"
    path.write_bytes(TEXT)
    reader = a_reader(path, state=FileState.HISTORY)

    unread = reader.read(letter_of(0))

    assert isinstance(unread, Unread)
    assert f"shipper backfill --replay {path}" in unread.why


def test_a_pipe_under_the_name_does_not_hang(tmp_path: Path) -> None:
    """Whatever stands under the name today is looked at before it is read."""
    os.mkfifo(tmp_path / "log")
    reader = a_reader(tmp_path / "log")

    unread = reader.read(letter_of(0))

    assert isinstance(unread, Unread)
    assert "no regular file" in unread.why


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """One file is open while its lines are read, none after `close`."""
    path = tmp_path / "log"
    path.write_bytes(TEXT)
    opened: list[int] = []

    def open_file(name: str, flags: int) -> int:
        if len(opened) == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        opened.append(os.open(name, flags))
        return opened[-1]

    reader = a_reader(path, open_file=open_file)
    reader.read(letter_of(0))
    reader.read(letter_of(1))
    reader.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])
    full = reader.read(letter_of(0))

    assert isinstance(full, Unread)
    assert "Too many open files" in full.why
