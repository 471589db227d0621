"""The rules of HAR 1.2 for one entry, and the published record schema.

An entry or a record comes in, decoded; a list of complaints goes out, empty when all
is well. The schema below says in JSON Schema what the HAR 1.2 text says in prose.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

_TEXT = {"type": "string"}
_SIZE = {"type": "integer", "minimum": -1}
_PHASE = {"type": "number", "minimum": -1}
_PAIR = {
    "type": "object",
    "required": ["name", "value"],
    "properties": {"name": _TEXT, "value": _TEXT, "comment": _TEXT},
    "additionalProperties": False,
}
_COOKIE = {
    "type": "object",
    "required": ["name", "value"],
    "properties": {
        **dict.fromkeys(("name", "value", "path", "domain", "comment"), _TEXT),
        "expires": _TEXT,
        "httpOnly": {"type": "boolean"},
        "secure": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_PARAM = {
    "type": "object",
    "required": ["name"],
    "properties": dict.fromkeys(
        ("name", "value", "fileName", "contentType", "comment"), _TEXT
    ),
    "additionalProperties": False,
}
_POST_DATA = {
    "type": "object",
    "required": ["mimeType"],
    "properties": {
        "mimeType": _TEXT,
        "params": {"type": "array", "items": _PARAM},
        "text": _TEXT,
        "comment": _TEXT,
    },
    "additionalProperties": False,
}
_CONTENT = {
    "type": "object",
    "required": ["size", "mimeType"],
    "properties": {
        "size": {"type": "integer", "minimum": 0},
        "compression": {"type": "integer"},
        **dict.fromkeys(("mimeType", "text", "encoding", "comment"), _TEXT),
    },
    "additionalProperties": False,
}
_BOTH = {
    "httpVersion": _TEXT,
    "cookies": {"type": "array", "items": _COOKIE},
    "headers": {"type": "array", "items": _PAIR},
    "headersSize": _SIZE,
    "bodySize": _SIZE,
    "comment": _TEXT,
}
_REQUEST = {
    "type": "object",
    "required": [
        "method", "url", "httpVersion", "cookies", "headers", "queryString",
        "headersSize", "bodySize",
    ],
    "properties": {
        **_BOTH,
        "method": _TEXT,
        "url": _TEXT,
        "queryString": {"type": "array", "items": _PAIR},
        "postData": _POST_DATA,
    },
    "additionalProperties": False,
}  # fmt: skip
_RESPONSE = {
    "type": "object",
    "required": [
        "status", "statusText", "httpVersion", "cookies", "headers", "content",
        "redirectURL", "headersSize", "bodySize",
    ],
    "properties": {
        **_BOTH,
        "status": {"type": "integer", "minimum": 0},
        "statusText": _TEXT,
        "content": _CONTENT,
        "redirectURL": _TEXT,
    },
    "additionalProperties": False,
}  # fmt: skip
ENTRY_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": [
        "startedDateTime", "time", "request", "response", "cache", "timings",
    ],
    "properties": {
        "pageref": _TEXT,
        "startedDateTime": _TEXT,
        "time": {"type": "number", "minimum": 0},
        "request": _REQUEST,
        "response": _RESPONSE,
        "cache": {"type": "object"},
        "timings": {
            "type": "object",
            "required": ["send", "wait", "receive"],
            "properties": {
                **dict.fromkeys(
                    ("blocked", "dns", "connect", "send", "wait", "receive", "ssl"),
                    _PHASE,
                ),
                "comment": _TEXT,
            },
            "additionalProperties": False,
        },
        "serverIPAddress": _TEXT,
        "connection": _TEXT,
        "comment": _TEXT,
    },
    "additionalProperties": False,
}  # fmt: skip

# RFC 3986 appendix A, in the order of the grammar.
_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)"
_URI = re.compile(
    rf"https?://{_HOST}(?::[0-9]*)?(?:/{_PCHAR}*)*(?:\?(?:{_PCHAR}|[/?])*)?\Z"
)
RECORD_SCHEMA = Path("shipper/schemas/record.schema.json")


def entry_complaints(entry: Any) -> list[str]:
    """Return what is wrong with a HAR 1.2 entry."""
    complaints = _schema_complaints(_entry_validator(), entry)
    return complaints or [
        *_time_complaints(entry),
        *_request_complaints(entry["request"]),
        *_content_complaints(entry["response"]["content"]),
    ]


def record_complaints(record: Any) -> list[str]:
    """Return what is wrong with a record under the published schema and HAR 1.2."""
    return [
        *_schema_complaints(_record_validator(), record),
        *entry_complaints(record["entry"]),
    ]


def _time_complaints(entry: Any) -> list[str]:
    complaints = []
    started = entry["startedDateTime"]
    try:
        has_zone = datetime.fromisoformat(started).tzinfo is not None
    except ValueError:
        has_zone = False
    if not has_zone or "T" not in started:
        complaints.append(f"startedDateTime is no ISO 8601 time: {started}")
    phases = [
        entry["timings"].get(phase, -1)
        for phase in ("blocked", "dns", "connect", "send", "wait", "receive")
    ]
    if entry["time"] != sum(phase for phase in phases if phase != -1):
        complaints.append(f"time {entry['time']} is not the sum of {phases}")
    return complaints


def _request_complaints(request: Any) -> list[str]:
    complaints = []
    url = request["url"]
    if not _URI.match(url):
        complaints.append(f"url is no absolute URI: {url}")
    read = parse_qsl(url.partition("?")[2], keep_blank_values=True, errors="replace")
    given = [(pair["name"], pair["value"]) for pair in request["queryString"]]
    if read != given:
        complaints.append(f"queryString is not the URL's query: {given}")
    body = request.get("postData")
    if body is not None and ("text" in body) == ("params" in body):
        complaints.append("postData needs either text or params")
    return complaints


def _content_complaints(content: Any) -> list[str]:
    encoding = content.get("encoding")
    if encoding is None:
        return []
    if encoding != "base64" or "text" not in content:
        return [f"content of the encoding {encoding} without such a text"]
    try:
        base64.b64decode(content["text"], validate=True)
    except binascii.Error as error:
        return [f"content is no base64: {error}"]
    return []


def _schema_complaints(validator: Draft202012Validator, value: Any) -> list[str]:
    return [
        f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)
    ]


@cache
def _entry_validator() -> Draft202012Validator:
    return Draft202012Validator(ENTRY_SCHEMA)


@cache
def _record_validator() -> Draft202012Validator:
    schema = json.loads(RECORD_SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
