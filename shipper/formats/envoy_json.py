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
            "start_time", "startTime", "@timestamp", "timestamp", "time",
        ),
        "duration_ms": ("duration",),
        "method": ("method", ":method"),
        "target": (
            "x_envoy_original_path", "x-envoy-original-path", "x-envoy-origin-path",
            "path", ":path",
        ),
        "http_version": ("protocol",),
        "scheme": ("scheme", ":scheme"),
        "host": ("authority", ":authority", "host"),
        "client": ("downstream_remote_address", "downstreamRemoteAddress"),
        "status": ("response_code", "responseCode"),
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
_STARTS: Final = ("start_time", "startTime")


def open_envoy_json(hints: Hints) -> LineReader:
    """Give a reader for one file."""
    mapped = MappedReader(PRESET, zone=hints.zone)

    def is_ours(log: LogObject) -> bool:
        is_stamped = any(map(log.has, _STARTS)) or (
            log.has(FLAGS) and mapped.has_time(log)
        )
        return is_stamped and mapped.has(log, "status")

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
    names = ("method", ":method", "protocol", "path", ":path", "x-envoy-origin-path")
    return any(log.text(name) is not None for name in names)
