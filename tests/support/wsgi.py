"""A WSGI server in one function, and what it saw of an application.

It follows the reference loop of PEP 3333 and writes down every call it receives and
every value it gets, so that two runs can be compared: an application alone, and the
same application inside a middleware.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wsgi_writer import ExchangeWriter

Headers = list[tuple[str, str]]
App = Callable[[dict[str, Any], Any], Any]

TEXT: Headers = [("Content-Type", "text/plain")]


@dataclass
class Served:
    """Everything a server saw while it served one request."""

    events: list[tuple[object, ...]] = field(default_factory=list)
    status: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    error: BaseException | None = None

    def header(self, name: str) -> str:
        """The value of the only header of that name."""
        (value,) = [v for n, v in self.headers if n.lower() == name.lower()]
        return value


def an_environ(
    path: str = "/", method: str = "GET", *, body: bytes = b"", **more: Any
) -> dict[str, Any]:
    """A request as a server would describe it; a body announces its length."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "api.example.com",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if body:
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "text/plain"}
    return environ | more


class _Server:
    """The reference server of PEP 3333, for one request."""

    def __init__(self) -> None:
        self.served = Served()
        self._has_sent = False

    def run(self, app: App, environ: dict[str, Any], chunks: int | None) -> None:
        """Call the application and send its response."""
        result = app(environ, self.start_response)
        try:
            self._note("length", len(result) if hasattr(result, "__len__") else None)
            self._note("truth", bool(result))
            self._send_all(result, chunks)
        finally:
            if hasattr(result, "close"):
                result.close()

    def start_response(
        self, status: str, headers: Headers, *exc_info: Any
    ) -> Callable[[bytes], None]:
        """Accept status and headers; a second time only with an error."""
        self._note("start", status, list(headers), len(exc_info))
        if exc_info:
            if self._has_sent:
                raise exc_info[0][1].with_traceback(exc_info[0][2])
        elif self.served.status:
            raise AssertionError("headers already set")
        self.served.status, self.served.headers = status, headers
        return self.write

    def write(self, data: bytes) -> None:
        """Send by the imperative interface."""
        self._note("write", data)
        self._send(data)

    def _send_all(self, result: Iterable[bytes], chunks: int | None) -> None:
        for count, data in enumerate(result):
            if count == chunks:
                self._note("client gone")
                return
            self._note("chunk", data)
            self._send(data)
        self._note("ended")
        if not self.served.status:
            raise AssertionError("no start_response()")

    def _send(self, data: bytes) -> None:
        if not self.served.status:
            raise AssertionError("data before start_response()")
        if not isinstance(data, bytes):
            raise TypeError(f"bytes expected, got {type(data).__name__}")
        if data:
            self._has_sent = True
            self.served.body += data

    def _note(self, *event: object) -> None:
        self.served.events.append(event)


def serve(
    app: App, environ: dict[str, Any] | None = None, *, chunks: int | None = None
) -> Served:
    """Serve one request; an exception of the application is kept, not raised.

    Args:
        app: The application.
        environ: The request; a plain GET by default.
        chunks: After how many chunks the client goes away; None: it stays.
    """
    server = _Server()
    try:
        server.run(app, an_environ() if environ is None else environ, chunks)
    except BaseException as error:
        server.served.events.append(("raised", type(error), str(error)))
        server.served.error = error
    return server.served


def a_writer(app: App, path: Path, **options: Any) -> ExchangeWriter:
    """An `ExchangeWriter` for tests: no regard to the free space of this machine."""
    return ExchangeWriter(app, path, **({"min_free_bytes": 0} | options))


def serve_both(
    make_app: Callable[[list[object]], App],
    path: Path,
    *,
    environ: Callable[[], dict[str, Any]] = an_environ,
    chunks: int | None = None,
    **options: Any,
) -> Served:
    """Serve an application alone and recorded; both must see the same world.

    The documentation header is the one difference, and is left out here.

    Args:
        make_app: Makes the application; what it appends to its list (what it read,
            how often it was closed) must be the same both times, too.
        path: The log file of the recorded run.
        environ: Makes the request.
        chunks: After how many chunks the client goes away.
        options: Of the `ExchangeWriter`.
    """
    alone_log: list[object] = []
    log: list[object] = []
    alone = serve(make_app(alone_log), environ(), chunks=chunks)
    writer = a_writer(make_app(log), path, **options)
    recorded = serve(writer, environ(), chunks=chunks)
    assert [_undocumented(event) for event in recorded.events] == alone.events
    assert recorded.body == alone.body
    assert log == alone_log
    return recorded


def _undocumented(event: tuple[Any, ...]) -> tuple[object, ...]:
    if event[0] != "start":
        return event
    name, status, headers, count = event
    kept = [pair for pair in headers if pair[0] != "x-documentation-url"]
    return name, status, kept, count


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a log file, each a whole line; none if there is no file."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def the_record(path: Path) -> dict[str, Any]:
    """The only record of a log file."""
    (record,) = records(path)
    return record


def request_text(record: dict[str, Any]) -> str:
    """The text of a recorded request body."""
    text: str = record["entry"]["request"].get("postData", {}).get("text", "")
    return text


def response_text(record: dict[str, Any]) -> str:
    """The text of a recorded response body."""
    text: str = record["entry"]["response"]["content"].get("text", "")
    return text


def header_values(part: dict[str, Any], name: str) -> list[str]:
    """The values of a header in a recorded request or response."""
    return [h["value"] for h in part["headers"] if h["name"].lower() == name.lower()]


def answering(
    *chunks: bytes, status: str = "200 OK", headers: Iterable[tuple[str, str]] = TEXT
) -> App:
    """An application that reads its input and answers with these chunks."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(status, list(headers))
        return list(chunks)

    return app
