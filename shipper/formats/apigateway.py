"""Access logs of AWS API Gateway, for REST and HTTP APIs, in JSON or another form.

Members are named after the `$context` variables they hold, flat, with dots, or one
object in another. Events exported from CloudWatch Logs are unwrapped: a stamp before
the object, or the object as the `message` of another. Times are those of the start.
REST APIs count `requestTimeEpoch` in milliseconds and HTTP APIs in seconds; the
service began in 2015, so the number of digits tells which. The other forms of the
console are read as the objects they would be (`apigateway_text`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import msgspec

from shipper.foreign import Foreign, Hints
from shipper.formats.apigateway_text import read_text_form
from shipper.formats.fields import FieldMap, with_fields
from shipper.formats.lines import ObjectReader
from shipper.formats.mapped import MappedReader
from shipper.formats.objects import LogObject, read_object
from shipper.formats.reader import Format, LineReader
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.model import Reject, Skip

PRESET: Final = FieldMap(
    members={
        "start_time_ms": ("requestTimeEpoch",),
        "start_time": ("requestTime",),
        "duration_ms": ("responseLatency",),
        "request_line": ("routeKey",),
        "method": ("httpMethod", "http.method", "method"),
        "target": (
            "path", "rawPath", "requestPath", "http.path", "resourcePath",
        ),
        "http_version": ("protocol", "http.protocol"),
        "host": ("domainName",),
        "client": (
            "identity.sourceIp", "sourceIp", "identitySourceIp", "http.sourceIp", "ip",
        ),
        "user": (
            "authorizer.principalId", "principalId", "authorizerPrincipalId",
        ),
        "status": ("status",),
        "response_size_bytes": ("responseLength",),
        "route": ("resourcePath",),
    },
    request_headers={
        "User-Agent": (
            "identity.userAgent", "userAgent", "http.userAgent",
        ),
    },
)  # fmt: skip

_IN_SECONDS: Final = replace(
    PRESET,
    members={
        **{name: at for name, at in PRESET.members.items() if name != "start_time_ms"},
        "start_time_s": PRESET.members["start_time_ms"],
    },
)

TEMPLATE_ONLY: Final = "The log has the template of the path alone, not the path."

_IDS: Final = ("requestId", "extendedRequestId", "apiId")
_ANY: Final = "ANY"  # of a route that takes every method
_WEBSOCKET: Final = ("eventType", "connectionId")
_SECONDS_DIGITS: Final = 10  # until 2286; milliseconds had 13 when the service began
_PATHS: Final = ("path", "rawPath", "requestPath", "http.path")
_EXPORTED: Final = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z[ \t]+(?=[^ \t])"
)


def _open(hints: Hints) -> LineReader:
    mapped, in_seconds = (
        MappedReader(
            with_fields(preset, hints.fields),
            zone=hints.zone,
            scheme="https",  # API Gateway answers on no other
        )
        for preset in (PRESET, _IN_SECONDS)
    )

    def is_ours(log: LogObject) -> bool:
        return (
            any(map(log.has, _IDS))
            and mapped.has_time(log)
            and mapped.has(log, "method", "request_line")
            and mapped.has(log, "status")
        )

    def exchange(log: LogObject) -> Foreign | Reject:
        if _is_websocket(log):
            return refuse("not-http", "the line tells of a WebSocket connection")
        found = (in_seconds if _counts_seconds(log) else mapped).exchange(log)
        if not isinstance(found, Foreign) or hints.fields:
            return found
        if found.method == _ANY:
            return refuse("method", "the log has the route's method alone: any")
        return _with_route(log, found)

    return ObjectReader(is_ours=is_ours, exchange=exchange, read=read_exported)


def read_exported(line: bytes) -> LogObject | Reject | Skip:
    """Read one line, as it is or as CloudWatch Logs exports it."""
    exported = _EXPORTED.match(line)
    found = _read_any(line[exported.end() :] if exported else line)
    if isinstance(found, LogObject) and found.has("timestamp"):
        message = found.raw("message")
        inner = _read_any(message) if message is not None else None
        if isinstance(inner, LogObject):
            return inner
    return found


def _read_any(line: bytes) -> LogObject | Reject | Skip:
    found = read_object(line)
    if not isinstance(found, Reject) or len(line) > MAX_LINE_BYTES:
        return found
    return read_text_form(line) or found


def _counts_seconds(log: LogObject) -> bool:
    epoch = log.text("requestTimeEpoch")
    return epoch is not None and len(epoch.partition(".")[0]) <= _SECONDS_DIGITS


def _is_websocket(log: LogObject) -> bool:
    """Tell a connection or a message, which has a route and no method of HTTP."""
    return any(map(log.has, _WEBSOCKET)) and not any(
        log.text(name) for name in PRESET.paths("method")
    )


def _with_route(log: LogObject, found: Foreign) -> Foreign:
    """Say which template matched, and that there is no path where there is none."""
    key = log.text("routeKey") or ""
    template = found.route or key.partition(" ")[2] or None
    if any(log.text(path) for path in _PATHS):
        return msgspec.structs.replace(found, route=template)
    remarks = (*found.remarks, TEMPLATE_ONLY) if "{" in found.target else found.remarks
    return msgspec.structs.replace(found, route=template, remarks=remarks)


APIGATEWAY: Final = Format(
    "apigateway", _open, "AWS API Gateway, REST and HTTP APIs", takes_fields=True
)
