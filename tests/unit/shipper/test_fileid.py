"""Fingerprints and markers: when they are known, and what they match."""

from __future__ import annotations

from hashlib import sha256

import pytest

from shipper.fileid import (
    HEAD_BYTES,
    MOST_ALIKE,
    FileRow,
    Head,
    Mark,
    head_of,
    mark_of,
)

LINE = b"x" * 100 + b"\n"


@pytest.mark.parametrize(
    ("first", "fingerprinted"),
    [
        (LINE, LINE),
        (LINE + b"second", LINE),
        (b"#Version: 1.0\n#Fields: a b\n" + LINE, LINE),
        (b"y" * 5000, b"y" * HEAD_BYTES),
        (b"y" * HEAD_BYTES + b"\n", b"y" * HEAD_BYTES),
        (b"y" * (HEAD_BYTES - 1) + b"\n", b"y" * (HEAD_BYTES - 1) + b"\n"),
    ],
)
def test_the_fingerprint_is_taken_of_the_first_line(
    first: bytes, fingerprinted: bytes
) -> None:
    """Of its first 4096 bytes, header lines left out."""
    expected = Head(len(fingerprinted), sha256(fingerprinted).digest())
    assert expected == head_of(first)


@pytest.mark.parametrize(
    "first", [b"", b"half a line", b"#only headers\n", b"#half a head", b"\0" * 5000]
)
def test_without_a_first_line_there_is_no_fingerprint(first: bytes) -> None:
    """Too short to tell, or nothing but a hole."""
    assert not head_of(first).is_known


def test_a_short_first_line_is_a_weak_fingerprint() -> None:
    """`{}` begins many files; it identifies none."""
    assert head_of(b"{}\n").is_known
    assert not head_of(b"{}\n").is_strong
    assert head_of(LINE).is_strong


@pytest.mark.parametrize(
    ("first", "read", "is_distinct"),
    [
        (LINE, b"", True),
        (b"{}\n", b"{}\n", False),
        (b"{}\n", b"{}\n" * 30, False),
        (b"{}\n", b"{}\n" + LINE, True),
        (b"", LINE, False),
    ],
)
def test_a_short_first_line_wants_a_marker_beside_it(
    first: bytes, read: bytes, *, is_distinct: bool
) -> None:
    """Both together are long enough to be those of one file alone."""
    lines = read.splitlines(keepends=True)
    row = FileRow(
        file_id="a",
        path="a.log",
        dev=0,
        ino=0,
        head=head_of(first),
        offset_bytes=len(read),
        mark=mark_of(lines[-1] if lines else b""),
    )

    assert row.is_distinct is is_distinct


def test_a_short_first_line_that_many_share_tells_nothing() -> None:
    """To compare each file with all the others costs more than it is worth."""
    short, long = head_of(b"{}\n"), head_of(LINE)

    assert short.tells_among(MOST_ALIKE)
    assert not short.tells_among(MOST_ALIKE + 1)
    assert long.tells_among(MOST_ALIKE + 1)
    assert not Head().tells_among(1)


def test_a_marker_matches_what_ends_with_its_bytes() -> None:
    """The marker is checked against the bytes before the position."""
    mark = mark_of(LINE * 3)

    assert mark.length_bytes == 256
    assert mark.is_at_end_of(LINE * 3)
    assert mark.is_at_end_of(b"earlier" + LINE * 3)
    assert not mark.is_at_end_of(LINE * 2)
    assert not mark.is_at_end_of(LINE * 3 + b"z")
    assert not mark.is_at_end_of(b"")


def test_no_marker_matches_everything() -> None:
    """At position 0, or where the bytes were not kept, only the rest can tell."""
    assert mark_of(b"") == Mark()
    assert Mark().is_at_end_of(b"anything")


@pytest.mark.parametrize("torn", [b"torn", b"t" * 255, b"t" * 256, b"t" * 900])
def test_a_torn_line_is_marked_with_the_newline_it_lacks(torn: bytes) -> None:
    """Its marker is found at the end of a file without newline, and only there."""
    mark = mark_of(torn + b"\n")

    assert mark.is_at_end_of(torn)
    assert mark.is_at_end_of(torn + b"\n")
    assert not mark.is_at_end_of(torn[:-1] + b"x")
