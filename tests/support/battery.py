"""One WSGI application with an endpoint for every kind of behaviour a server meets.

`application` is the bare one, or the recorded one where CAPTURE_LOG names a file.
It is loaded by real servers in processes of their own, so it imports nothing of the
test suite.
"""

from __future__ import annotations

import gzip
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from wsgi_writer import ExchangeWriter

TEXT = [("Content-Type", "text/plain")]
BINARY = bytes(range(256))
Endpoint = Callable[[dict[str, Any], Any], Any]


def as_list(environ: dict[str, Any], start: Any) -> list[bytes]:
    """One chunk, without a length: the server may add one."""
    start("200 OK", list(TEXT))
    return [b"hello"]


def in_chunks(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Several chunks, some of them empty."""
    start("200 OK", list(TEXT))
    return [b"one ", b"", b"two ", b"three"]


def generated(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    """Starts its response when it is first asked for a chunk."""
    start("201 Created", list(TEXT))
    yield b"late "
    yield b"start"


def written(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Uses write() and a list."""
    write = start("200 OK", list(TEXT))
    write(b"written ")
    write(b"twice ")
    return [b"and returned"]


def empty(environ: dict[str, Any], start: Any) -> list[bytes]:
    """204 with nothing."""
    start("204 No Content", [])
    return []


def not_modified(environ: dict[str, Any], start: Any) -> list[bytes]:
    """304 with an entity tag."""
    start("304 Not Modified", [("ETag", '"1"')])
    return []


def with_length(environ: dict[str, Any], start: Any) -> list[bytes]:
    """A response that gives its own length."""
    start("200 OK", [*TEXT, ("Content-Length", "5")])
    return [b"sized"]


def binary(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Bytes that are no text, in two parts."""
    start("200 OK", [("Content-Type", "application/octet-stream")])
    return [BINARY[:130], BINARY[130:]]


def split_character(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    """A character cut in two."""
    start("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    yield b"caf\xc3"
    yield b"\xa9"


def packed(environ: dict[str, Any], start: Any) -> list[bytes]:
    """A compressed response."""
    start("200 OK", [*TEXT, ("Content-Encoding", "gzip")])
    return [gzip.compress(b"packed" * 100, mtime=0)]


def cookies(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Two headers of one name, and one that is not ASCII."""
    pairs = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Name", "caf\xe9")]
    start("200 OK", [*TEXT, *pairs])
    return [b"cookies"]


def large(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    """More than is kept."""
    start("200 OK", list(TEXT))
    for number in range(40):
        yield b"%04d" % number * 1000


def a_file(environ: dict[str, Any], start: Any) -> Any:
    """A file sent by the server, where it can."""
    path = __file__
    size = str(os.path.getsize(path))
    start("200 OK", [*TEXT, ("Content-Length", size)])
    file = open(path, "rb")  # noqa: SIM115 - closed by the server
    if "wsgi.file_wrapper" in environ:
        return environ["wsgi.file_wrapper"](file, 8192)
    return iter(lambda: file.read(8192), b"")


def echo(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Sends back what was announced and read."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start("200 OK", list(TEXT))
    return [b"got ", body]


def echo_all(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Reads to the end where the server marks it, else what was announced."""
    if environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start("200 OK", list(TEXT))
    return [b"got ", body]


def by_lines(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Reads lines."""
    stream = environ["wsgi.input"]
    lines = [stream.readline(), stream.readline()]
    start("200 OK", list(TEXT))
    return [b"|".join(lines)]


def unread(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Refuses a body without reading it."""
    start("413 Too Large", list(TEXT))
    return [b"too large"]


def raises(environ: dict[str, Any], start: Any) -> Any:
    """Raises before it answers."""
    raise RuntimeError("on purpose")


def raises_midway(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    """Raises after the first chunk."""
    start("200 OK", [*TEXT, ("Content-Length", "100")])
    yield b"part"
    raise RuntimeError("on purpose")


def replaced(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Starts again with an error page."""
    start("200 OK", list(TEXT))
    try:
        raises(environ, start)
    except RuntimeError:
        start("503 Busy", [*TEXT, ("X-Late", "1")], sys.exc_info())
    return [b"sorry"]


def unstarted(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Never starts a response."""
    return []


class Closing:
    """Counts how often it is closed, over all requests of this process."""

    closed = 0

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks

    def close(self) -> None:
        """Count."""
        Closing.closed += 1


def closing(environ: dict[str, Any], start: Any) -> Closing:
    """Must be closed once."""
    start("200 OK", list(TEXT))
    return Closing(iter([b"closing"]))


def how_often_closed(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Tells how often `closing` and `endless` were closed."""
    start("200 OK", list(TEXT))
    return [b"%d" % Closing.closed]


def endless(environ: dict[str, Any], start: Any) -> Closing:
    """Sends until the client goes away."""
    start("200 OK", list(TEXT))
    return Closing(iter(lambda: b"x" * 65536, b""))


def slow(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    """A first chunk at once, the second one a while later."""
    start("200 OK", list(TEXT))
    yield b"first "
    time.sleep(0.5)
    yield b"second"


def upgrade(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Takes the connection over where the server gives its socket."""
    sock = environ.get("gunicorn.socket")
    if sock is None:
        start("426 Upgrade Required", list(TEXT))
        return [b"not here"]
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\nhello")
    sock.shutdown(2)
    return []


ENDPOINTS: dict[str, Endpoint] = {
    f"/{function.__name__}": function
    for function in (
        as_list, in_chunks, generated, written, empty, not_modified, with_length,
        binary, split_character, packed, cookies, large, a_file, echo, echo_all,
        by_lines, unread, raises, raises_midway, replaced, unstarted, closing,
        how_often_closed, endless, slow, upgrade,
    )
}  # fmt: skip


def bare(environ: dict[str, Any], start_response: Any) -> Any:
    """Find the endpoint by path."""
    endpoint = ENDPOINTS.get(environ["PATH_INFO"])
    if endpoint is None:
        start_response("404 Not Found", list(TEXT))
        return [b"no such endpoint"]
    return endpoint(environ, start_response)


def _application() -> Any:
    path = os.environ.get("CAPTURE_LOG")
    if not path:
        return bare
    return ExchangeWriter(
        bare, path, base_log_url="https://docs.example.com", min_free_bytes=0
    )


application = _application()
