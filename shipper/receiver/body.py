"""The body of an HTTP/1.1 request, however it is framed: RFC 9112, sections 6 and 7.

A stream and two headers come in; the bytes go out, or what is wrong with them.
Nothing larger than the limit is ever held.
"""

from __future__ import annotations

from typing import Protocol

_MAX_LINE_BYTES = 4096  # of a chunk's size line, or of one trailer


class Stream(Protocol):
    """What the body is read from."""

    def read(self, size: int, /) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        ...

    def readline(self, limit: int, /) -> bytes:
        """Return one line, cut at `limit` bytes."""
        ...


class BodyError(Exception):
    """The body cannot be read.

    Attributes:
        status: What to answer, or None when the client is gone.
    """

    def __init__(self, message: str, *, status: int | None) -> None:
        super().__init__(message)
        self.status = status


def read_body(
    stream: Stream, *, coding: str | None, length: str | None, limit_bytes: int
) -> bytes:
    """Return the whole body.

    Args:
        stream: Stands behind the head of the request.
        coding: The Transfer-Encoding header, or None.
        length: The Content-Length header, or None.
        limit_bytes: What is longer is not read.

    Raises:
        BodyError: It is too large, badly framed, or ends early.
    """
    if coding is not None and length is not None:
        # Two readers could disagree about where the next request begins.
        raise BodyError("Content-Length beside Transfer-Encoding", status=400)
    if coding is not None:
        if coding.strip().lower() != "chunked":
            raise BodyError("expected Transfer-Encoding: chunked", status=501)
        return _read_chunks(stream, limit_bytes)
    if length is None:
        raise BodyError("expected a Content-Length", status=411)
    # isdigit alone accepts digits that int reads and HTTP does not know.
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise BodyError("expected a number as Content-Length", status=400)
    return _read_exactly(stream, int(length), limit_bytes)


def _read_chunks(stream: Stream, limit_bytes: int) -> bytes:
    chunks: list[bytes] = []
    room = limit_bytes
    while size := _chunk_size(_read_line(stream)):
        chunks.append(_read_exactly(stream, size, room))
        room -= size
        if _read_line(stream):
            raise BodyError("expected the end of a chunk", status=400)
    while _read_line(stream):  # trailers
        room -= 1
        if room < 0:
            raise BodyError("too many trailers", status=413)
    return b"".join(chunks)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or digits.strip(b"0123456789abcdefABCDEF") or len(digits) > 15:
        raise BodyError("expected the size of a chunk", status=400)
    return int(digits, 16)


def _read_line(stream: Stream) -> bytes:
    line = stream.readline(_MAX_LINE_BYTES)
    if not line.endswith(b"\n"):
        gone = len(line) < _MAX_LINE_BYTES
        raise BodyError("expected a shorter line", status=None if gone else 400)
    return line.rstrip(b"\r\n")


def _read_exactly(stream: Stream, size: int, limit_bytes: int) -> bytes:
    if size > limit_bytes:
        raise BodyError("the body is too large", status=413)
    content = stream.read(size)
    if len(content) < size:
        raise BodyError("the body ended early", status=None)
    return content
