"""Promises of `multipart`: parts that every server finds, or none."""

from __future__ import annotations

import pytest

from wsgi_writer.multipart import Part, read_names, read_parts

HEAD = b'Content-Disposition: form-data; name="a"'


@pytest.mark.parametrize(
    "body",
    [
        b"pre\n--B\n" + HEAD + b"\n\nx\n--B--",
        b"pre\r\n--B\r\n" + HEAD + b"\r\n\r\nx\r\n--B--",
        b"--B\r\n" + HEAD + b"\r\n\r\nx\r\n--B--\r\npost",
        b"\r\n--B\r\nA: b\r\n\tc\r\n" + HEAD + b"\r\n\r\nx\r\n--B--\r\n\r\n",
    ],
)
def test_parts_are_found_by_either_line_ending(body: bytes) -> None:
    """With something before the first boundary and behind the last."""
    at = body.index(b"x")

    assert [Part(at, at + 1, "a")] == read_parts(body, b"B")


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (b"", b"B"),
        (b"--B--", b"B"),
        (b"--B\r\nA: b\r\n\r\nx\r\n--B--", b""),
        (b"--B\r\nA: b\r\n\r\nx\r\n--B", b"B"),
        (b"--B\r\nA: b\r\n\r\nx--B--", b"B"),
        (b"--B\r\nA: b\r\n\r\nx\r\n--B--z", b"B"),
        (b"--B\r\nA: b\r\n\r\nx\r\n--Bz\r\n--B--", b"B"),
        # Of these, some servers make no boundaries, and others no part.
        (b"--B \r\nA: b\r\n\r\nx\r\n--B--", b"B"),
        (b"--B\r\nA: b\r\n\r\nx\r\n--B--\t\r\n", b"B"),
        (b"--B\r\n\r\nx\r\n--B--", b"B"),
        (b"--B\r\nA: b\r\n--B--", b"B"),
        (b"--B\r\nA\r\n\r\nx\r\n--B--", b"B"),
        (b"--B--\r\nA: b\r\n\r\nx\r\n--B--", b"B"),
        (b"--B\nA: b\n\r\nx\n--B--", b"B"),
    ],
)
def test_what_may_be_read_otherwise_has_no_parts(body: bytes, boundary: bytes) -> None:
    """Nobody can tell what another server makes of it."""
    assert read_parts(body, boundary) is None


def test_names_are_found_wherever_they_stand() -> None:
    """Each once, as far as they can be read."""
    body = (
        b'x content-disposition: form-data; name="a%20b"\r y\rContent-DISPOSITION : a;'
        b"\n\tname*=utf-8''%C3%A9\ncontent-disposition: name*0=a content-disposition:"
        b" b\ncontent-dispositional"
    )

    assert list(read_names(body)) == ["a b", "\xe9", None]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (b"name=a b", None),
        (b"name=password filename=c", None),
        (b"name= a\tb; filename=c", None),
        (b"name= a ; filename=c d", "a"),
        (b"name=a \t", "a"),
    ],
)
def test_a_name_without_quotes_ends_where_servers_agree(
    given: bytes, name: str | None
) -> None:
    """At a blank for some of them, and at the semicolon for others."""
    assert list(read_names(b"Content-Disposition: form-data; " + given)) == [name]


@pytest.mark.parametrize("head", [b"", b"content-disposition:", b"name="])
def test_many_beginnings_take_no_more_time_than_their_length(head: bytes) -> None:
    """A hostile body must not hold up the application."""
    body = b"--B\r\n" + head * 20_000 + b"--B" * 20_000

    assert read_parts(body, b"B") is None
    assert len(list(read_names(body))) <= 1
