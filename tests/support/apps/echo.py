"""A WSGI application for load tests: answers with what it was sent.

The log goes to $EXCHANGES, rotated every $ROTATE_BYTES; the caller is the
value of the X-Caller header.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wsgi_writer import ExchangeWriter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the request's number and body as JSON."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length).decode()
    answer = json.dumps(
        {"number": environ.get("HTTP_X_NUMBER", ""), "got": body}, ensure_ascii=False
    ).encode()
    start_response(
        "200 OK",
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(answer))),
        ],
    )
    return [answer]


def identify(environ: dict[str, Any]) -> dict[str, str]:
    """Return the caller the request names."""
    name = environ.get("HTTP_X_CALLER", "nobody")
    return {"api_key": f"key-of-{name}", "label": name, "email": f"{name}@example.com"}


application = ExchangeWriter(
    echo,
    os.environ["EXCHANGES"],
    identify=identify,
    base_log_url="https://docs.example.com",
    max_bytes=int(os.environ.get("ROTATE_BYTES", "1000000")),
    min_free_bytes=1,
)
