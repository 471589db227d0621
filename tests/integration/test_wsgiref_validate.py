"""`wsgiref.validate` outside and inside the middleware finds nothing to complain about.

Outside it checks what we hand to the server, inside what we hand to the application.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest

from tests.support.wsgi import TEXT, App, a_writer, an_environ, records, serve


def listed(environ: dict[str, Any], start: Any) -> list[bytes]:
    """A list."""
    start("200 OK", list(TEXT))
    return [b"one", b"two"]


def generated(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    """A generator that starts late."""
    start("200 OK", list(TEXT))
    yield b"one"
    yield b"two"


def written(environ: dict[str, Any], start: Any) -> list[bytes]:
    """The imperative interface."""
    start("200 OK", list(TEXT))(b"one")
    return [b"two"]


def empty(environ: dict[str, Any], start: Any) -> list[bytes]:
    """No body, hence no type."""
    start("204 No Content", [])
    return []


def reading(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Every way of reading that PEP 3333 knows."""
    stream = environ["wsgi.input"]
    parts = [stream.read(2), stream.readline(), *stream.readlines(), *stream]
    start("200 OK", list(TEXT))
    return parts


def filed(environ: dict[str, Any], start: Any) -> Any:
    """A file."""
    start("200 OK", list(TEXT))
    return FileWrapper(open(__file__, "rb"))


APPS: list[App] = [listed, generated, written, empty, reading, filed]


@pytest.mark.parametrize("base_log_url", [None, "https://docs.example.com"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("app", APPS)
def test_both_sides_keep_to_the_standard(
    app: App, method: str, base_log_url: str | None, tmp_path: Path
) -> None:
    """PEP 3333's checker accepts the middleware as a server and as an application."""
    log = tmp_path / "exchanges.jsonl"
    writer = a_writer(validator(app), log, base_log_url=base_log_url)
    body = b"first\nsecond\nthird" if method == "POST" else b""
    served = serve(validator(writer), an_environ("/", method, body=body))

    assert served.error is None
    assert len(records(log)) == 1
