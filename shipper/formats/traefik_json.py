"""Access logs of Traefik in JSON, and the lines of its own log beside them.

One flat JSON object a line. `DownstreamStatus` is what the client got; `OriginStatus`
is the backend's, and 0 when none was asked. Durations are nanoseconds, and the start
is stamped to the nanosecond. Headers are members named `request_NAME` and
`downstream_NAME`.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from shipper.foreign import Foreign, Header, Hints
from shipper.formats.checks import (
    REDACTED,
    SECOND_NS,
    Essentials,
    address,
    essentials,
    http_version,
    milliseconds,
    moment,
    scheme_of,
    started,
)
from shipper.formats.lines import ObjectReader
from shipper.formats.objects import LogObject
from shipper.formats.reader import Format, LineReader
from shipper.formats.reasons import refuse
from shipper.formats.stamps import Moment
from shipper.model import Reject

# Any of these makes a line one of the access log; an operator may drop the others.
_ACCESS: Final = ("DownstreamStatus", "RequestMethod", "RequestPath", "RequestLine")
_STARTS: Final = ("StartUTC", "StartLocal")


def _open(hints: Hints) -> LineReader:
    zone = hints.zone
    return ObjectReader(
        is_ours=_is_traefiks, exchange=lambda log: _exchange(log, zone=zone)
    )


def _is_access(log: LogObject) -> bool:
    return any(map(log.has, _ACCESS))


def _is_traefiks(log: LogObject) -> bool:
    """Tell an access line, or one of Traefik's own log, version 2 or 3.

    Those have no status; a log with one that looks the same is another program's.
    """
    if _is_access(log):
        return True
    has_message = log.has("msg") or log.has("message")
    return (
        log.has("level") and log.has("time") and has_message and not log.has("status")
    )


def _exchange(log: LogObject, *, zone: tzinfo | None) -> Foreign | Reject:
    if not _is_access(log):
        return refuse("not-http")
    asked = essentials(
        log.text("RequestMethod"),
        log.target("RequestPath"),
        log.integer("DownstreamStatus"),
    )
    if not isinstance(asked, Essentials):
        return asked
    duration_ns = log.duration_ns("Duration", 1)
    if isinstance(duration_ns, Reject):
        return duration_ns
    start = _start(log, duration_ns, zone)
    if not isinstance(start, Moment):
        return start
    return Foreign(
        started_ns=start.ns,
        method=asked.method,
        target=asked.target,
        status=asked.status,
        duration_ms=milliseconds(duration_ns),
        http_version=http_version(log.text("RequestProtocol")),
        scheme=scheme_of(log.text("RequestScheme")),
        host=log.text("RequestAddr") or log.text("RequestHost"),
        client=_client(log),
        user=log.text("ClientUsername"),
        request_headers=_headers(log, "request_"),
        response_headers=_headers(log, "downstream_"),
        request_size_bytes=log.integer("RequestContentSize"),
        response_size_bytes=log.integer("DownstreamContentSize"),
        remarks=start.remarks,
    )


def _start(
    log: LogObject, duration_ns: int | None, zone: tzinfo | None
) -> Moment | Reject:
    """Read the start; `time` alone is when the line was written, at the end."""
    for name in _STARTS:
        if log.text(name) is not None:
            return moment(log.value(name), zone, SECOND_NS)
    written = moment(log.value("time"), zone, SECOND_NS)
    if not isinstance(written, Moment):
        return written
    ns = started(written.ns, duration_ns)
    return ns if isinstance(ns, Reject) else Moment(ns, written.remarks)


def _client(log: LogObject) -> str | None:
    """Return the client; behind a trusted proxy `ClientHost` lists every hop."""
    return address(log.text("ClientHost")) or address(log.text("ClientAddr"))


def _headers(log: LogObject, prefix: str) -> tuple[Header, ...]:
    headers: list[Header] = []
    for name, value in log.members.items():
        # It may stand for any header: for the key that tells callers apart, too.
        if name.startswith(prefix) and value != REDACTED:
            log.add_header(headers, name[len(prefix) :], value)
    return tuple(headers)


TRAEFIK_JSON: Final = Format("traefik-json", _open, "Traefik, in JSON")
