"""A builder of exchanges: a valid one with one line, a special one with one more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from wsgi_writer.mask import Masks
from wsgi_writer.record import Exchange, encode_record

AN_ID = "0d4f8c1e-6f0a-4c52-9b1e-2a7d3c9e5f10"
STARTED_NS = 1_795_435_200_123_456_789  # 2026-11-23T12:00:00.123Z

_PLAIN = Exchange(
    id=AN_ID,
    started_ns=STARTED_NS,
    duration_ms=12,
    wait_ms=9,
    client="203.0.113.9",
    method="GET",
    scheme="https",
    host="api.example.com",
    target="/owls/7?page=2",
    http_version="HTTP/1.1",
    request_headers=[("Host", "api.example.com"), ("User-Agent", "owl/1.0")],
    request_body=b"",
    request_body_size=0,
    status=200,
    reason="OK",
    response_headers=[("Content-Type", "application/json"), ("Content-Length", "11")],
    response_body=b'{"owl": 7}\n',
    response_body_size=11,
    route=None,
    caller=None,
    notes=(),
)


def an_exchange(**changes: Any) -> Exchange:
    """Return a plain GET answered by 200, with the given parts changed.

    A changed body brings its own size along unless that is given too, and
    `request_type` or `response_type` put a Content-Type header before the others.
    """
    for side in ("request", "response"):
        body = changes.get(f"{side}_body")
        if body is not None:
            changes.setdefault(f"{side}_body_size", len(body))
        media_type = changes.pop(f"{side}_type", None)
        if media_type is not None:
            others = changes.get(f"{side}_headers", [])
            changes[f"{side}_headers"] = [("Content-Type", media_type), *others]
    plain = replace(
        _PLAIN,
        request_headers=list(_PLAIN.request_headers),
        response_headers=list(_PLAIN.response_headers),
    )
    return replace(plain, **changes)


def encoded(
    exchange: Exchange,
    masks: Masks | None = None,
    *,
    max_body_bytes: int = 16_384,
    max_record_bytes: int = 262_144,
) -> bytes:
    """Return the whole line of an exchange, without the file's counters."""
    head, tail = encode_record(
        exchange,
        masks or Masks(),
        max_body_bytes=max_body_bytes,
        max_record_bytes=max_record_bytes,
    )
    return head + tail


def recorded(
    exchange: Exchange, masks: Masks | None = None, **limits: int
) -> dict[str, Any]:
    """Return the record of an exchange, decoded."""
    record: dict[str, Any] = json.loads(encoded(exchange, masks, **limits))
    return record
