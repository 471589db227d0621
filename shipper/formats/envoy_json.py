"""The JSON form of Envoy's access log, as Istio and Envoy Gateway configure it.

One flat JSON object a line, named after the command operators. The start is stamped,
durations are milliseconds, sizes are those of the bodies. Lines of TCP connections
stand among those of exchanges.
"""

from __future__ import annotations

from typing import Final

import msgspec

from shipper.foreign import Foreign, Hints
from shipper.formats.checks import address
from shipper.formats.fields import FieldMap
from shipper.formats.lines import ObjectReader
from shipper.formats.mapped import MappedReader
from shipper.formats.objects import LogObject
from shipper.formats.reader import LineReader
from shipper.formats.reasons import refuse
from shipper.model import Reject

PRESET: Final = FieldMap(
    members={
        "start_time": (
            "start_time", "startTime", "@timestamp", "timestamp", "time", "ts",
        ),
        "duration_ms": ("duration", "duration_ms"),
        "method": ("method", ":method"),
        "target": (
            "x_envoy_original_path", "x-envoy-original-path", "x-envoy-origin-path",
            "path", ":path", "origin_path", "url",
        ),
        "http_version": ("protocol",),
        "scheme": ("scheme", ":scheme"),
        "host": ("authority", ":authority", "authority_for", "host"),
        "client": (
            "downstream_remote_address", "downstreamRemoteAddress", "downstream_remote",
        ),
        "status": ("response_code", "responseCode", "status"),
        "request_size_bytes": ("bytes_received",),
        "response_size_bytes": ("bytes_sent",),
    },
    request_headers={
        "User-Agent": ("user_agent", "user-agent"),
        "Referer": ("referer",),
        "X-Forwarded-For": ("x_forwarded_for", "x-forwarded-for"),
        "X-Request-Id": ("request_id", "x-request-id"),
    },
)  # fmt: skip

FLAGS: Final = "response_flags"  # nobody else has them
# Envoy's own names for a start and a status; others have the short ones as well.
_STARTS: Final = ("start_time", "startTime")
_CODES: Final = ("response_code", "responseCode")
_HTTP: Final = tuple(
    path for name in ("method", "http_version", "target") for path in PRESET.paths(name)
)


def open_envoy_json(hints: Hints) -> LineReader:
    """Give a reader for one file."""
    mapped = MappedReader(PRESET, zone=hints.zone)

    def is_ours(log: LogObject) -> bool:
        if log.has(FLAGS):
            return mapped.has_time(log) and mapped.has(log, "status")
        return any(map(log.has, _STARTS)) and any(map(log.has, _CODES))

    def exchange(log: LogObject) -> Foreign | Reject:
        if not _is_http(log):
            return refuse("not-http")
        found = mapped.exchange(log)
        if isinstance(found, Reject) or found.client is not None:
            return found
        return msgspec.structs.replace(found, client=_last_hop(found))

    return ObjectReader(is_ours=is_ours, exchange=exchange)


def _last_hop(found: Foreign) -> str | None:
    """Return the address that Envoy itself has put at the end of the list."""
    for name, value in found.request_headers:
        if name == "X-Forwarded-For":
            return address(value.rpartition(",")[2])
    return None


def _is_http(log: LogObject) -> bool:
    """Tell a request from a TCP connection, which has neither method nor version."""
    return any(log.text(path) is not None for path in _HTTP)
