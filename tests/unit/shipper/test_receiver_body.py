"""Reading the body of a request, however it is framed."""

from __future__ import annotations

import io

import pytest

from shipper.receiver.body import BodyError, read_body


def read(
    content: bytes, *, coding: str | None = None, length: str | None = None
) -> tuple[bytes, bytes]:
    """Return the body and what stands behind it."""
    stream = io.BytesIO(content)
    body = read_body(stream, coding=coding, length=length, limit_bytes=20)
    return body, stream.read()


def fault(
    content: bytes, *, coding: str | None = None, length: str | None = None
) -> int | None:
    """Return the status that a body at fault is answered with."""
    with pytest.raises(BodyError) as caught:
        read(content, coding=coding, length=length)
    return caught.value.status


def test_a_sized_body_ends_where_it_says() -> None:
    """What follows belongs to the next request."""
    assert read(b"abcnext", length="3") == (b"abc", b"next")
    assert read(b"next", length="0") == (b"", b"next")


@pytest.mark.parametrize(
    "content",
    [
        b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
        b"0003;name=value\r\nabc\r\n4 \r\ndefg\r\n0\r\nTrailer: x\r\nMore: y\r\n\r\n",
        b"7\nabcdefg\n0\n\n",
    ],
)
def test_a_chunked_body_is_joined(content: bytes) -> None:
    """Extensions and trailers are skipped; the next request is left alone."""
    assert read(content + b"next", coding="Chunked") == (b"abcdefg", b"next")


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"abc", {}, 411),
        (b"abc", {"length": "-3"}, 400),
        (b"abc", {"length": "3, 3"}, 400),
        (b"abc", {"length": "\u0663"}, 400),
        (b"abc", {"length": "9" * 5000}, 400),
        (b"abc", {"length": "21"}, 413),
        (b"abc", {"length": "4"}, None),
        (b"abc", {"length": "3", "coding": "chunked"}, 400),
        (b"abc", {"coding": "gzip"}, 501),
        (b"x\r\n", {"coding": "chunked"}, 400),
        (b"-1\r\n", {"coding": "chunked"}, 400),
        (b"\r\n", {"coding": "chunked"}, 400),
        (b"f" * 16 + b"\r\n", {"coding": "chunked"}, 400),
        (b"15\r\n", {"coding": "chunked"}, 413),
        (b"a\r\n0123456789\r\nb\r\n", {"coding": "chunked"}, 413),
        (b"3\r\nabcX\r\n", {"coding": "chunked"}, 400),
        (b"3\r\nab", {"coding": "chunked"}, None),
        (b"3", {"coding": "chunked"}, None),
        (b"1" * 5000, {"coding": "chunked"}, 400),
        (b"0\r\n" + b"a: b\r\n" * 30, {"coding": "chunked"}, 413),
    ],
)
def test_a_body_at_fault_is_told(
    content: bytes, headers: dict[str, str], status: int | None
) -> None:
    """Bad framing, too much, or a client that is gone: each has its answer."""
    assert status == fault(content, **headers)
