"""Builders of record lines, as `wsgi_writer` lays them out, and of parsed records."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from shipper.model import Reject
from shipper.parse import parse
from shipper.record import Record
from shipper.redact import Redacted, Redactor

RECORD_ID = "0d4f8c1e-6f0a-4c52-9b1e-2a7d3c9e5f10"
MASK = "sha512-" + "A" * 86 + "==?wxyz"

Pairs = Iterable[tuple[str, str]]


def an_entry(
    *,
    method: str = "GET",
    url: str = "https://api.example.com/owls/7",
    status: int = 200,
    request_headers: Pairs = (("Host", "api.example.com"),),
    response_headers: Pairs = (("Content-Type", "application/json"),),
    query: Pairs = (),
    sent: Mapping[str, Any] | None = None,
    given: Mapping[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return a HAR entry.

    Args:
        method: And the arguments down to `query` are what HAR calls alike.
        url: Full, percent-encoded.
        status: Of the response.
        request_headers: Name and value, in order; `response_headers` likewise.
        response_headers: See above.
        query: `queryString`, decoded.
        sent: `postData`, or None for no body.
        given: `content`.
        changes: Members of the entry itself, such as `pageref`.
    """
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request_headers),
        "queryString": _pairs(query),
    }
    if sent is not None:
        request["postData"] = dict(sent)
    content = given or {
        "size": 9,
        "mimeType": "application/json",
        "text": '{"owl":7}',
    }
    route = {"pageref": changes.pop("pageref")} if "pageref" in changes else {}
    return {
        **route,
        "startedDateTime": "2026-11-23T12:00:00.123Z",
        "time": 12,
        "request": {**request, "headersSize": -1, "bodySize": -1},
        "response": {
            "status": status,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(response_headers),
            "content": dict(content),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 12, "receive": 0},
        **changes,
    }


def a_record_line(*, envelope: Mapping[str, Any] | None = None, **entry: Any) -> bytes:
    """Return one line without its newline; `entry` is what `an_entry` takes."""
    head = {"v": 1, "id": RECORD_ID, "w": [7, 1, 1], "client": "203.0.113.9"}
    return compact({**head, **(envelope or {}), "entry": an_entry(**entry)})


def a_record(*, envelope: Mapping[str, Any] | None = None, **entry: Any) -> Record:
    """Return a parsed record; `entry` is what `an_entry` takes."""
    return parsed(a_record_line(envelope=envelope, **entry))


def record_of(entry: Mapping[str, Any]) -> Record:
    """Return the record of a tree that is a HAR entry."""
    head = {"v": 1, "id": RECORD_ID, "client": "203.0.113.9"}
    return parsed(compact({**head, "entry": entry}))


def parsed(line: bytes) -> Record:
    """Parse a line that must be a record."""
    record = parse(line)
    assert isinstance(record, Record), record
    return record


def redacted(redactor: Redactor, record: Record) -> dict[str, Any]:
    """Apply a redactor and return the entry that may leave, decoded."""
    result = redactor.apply(record)
    assert not isinstance(result, Reject), result
    entry: dict[str, Any] = json.loads(result.entry)
    return entry


def withheld(redactor: Redactor, record: Record) -> tuple[str, ...]:
    """Apply a redactor and return why bodies stay here."""
    result = redactor.apply(record)
    assert isinstance(result, Redacted), result
    return result.withheld


def json_body(document: object) -> dict[str, Any]:
    """Return `postData` that holds JSON."""
    return {"mimeType": "application/json", "text": compact(document).decode()}


def text_body(text: str, mime_type: str = "text/plain") -> dict[str, Any]:
    """Return `postData` that holds text."""
    return {"mimeType": mime_type, "text": text}


def binary_body(content: bytes, mime_type: str) -> dict[str, Any]:
    """Return `postData` that holds bytes, as a data URL."""
    kind = mime_type.partition(";")[0]
    packed = base64.b64encode(content).decode()
    return {"mimeType": mime_type, "text": f"data:{kind};base64,{packed}"}


def json_content(document: object) -> dict[str, Any]:
    """Return `content` that holds JSON."""
    return text_content(compact(document).decode(), "application/json")


def text_content(text: str, mime_type: str = "text/plain") -> dict[str, Any]:
    """Return `content` that holds text."""
    return {"size": len(text.encode()), "mimeType": mime_type, "text": text}


def binary_content(content: bytes, mime_type: str) -> dict[str, Any]:
    """Return `content` that holds bytes, in Base64."""
    return {
        "size": len(content),
        "mimeType": mime_type,
        "text": base64.b64encode(content).decode(),
        "encoding": "base64",
    }


def compact(document: object) -> bytes:
    """Return compact JSON in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def header(message: Mapping[str, Any], name: str) -> str:
    """Return the first header of that name of a HAR request or response."""
    found: str = next(
        pair["value"] for pair in message["headers"] if pair["name"] == name
    )
    return found


def _pairs(pairs: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
