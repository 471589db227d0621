"""Access logs of Caddy 2, and the lines of its other loggers beside them.

One JSON object a line; `ts` is the end of the request. Only an access log's line is
an exchange: `http.log.error` tells of the same request once more, and every other
logger of none.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from shipper.foreign import Foreign, Header, Hints
from shipper.formats.checks import (
    SECOND_NS,
    UNIT_UNKNOWN,
    Essentials,
    address,
    essentials,
    http_version,
    is_count,
    milliseconds,
    moment,
    scheme_of,
    started,
    without_hidden,
)
from shipper.formats.lines import ObjectReader
from shipper.formats.objects import LogObject
from shipper.formats.reader import Format, LineReader
from shipper.formats.reasons import refuse
from shipper.formats.stamps import Moment
from shipper.model import Reject

_ACCESS: Final = "http.log.access"
_HANDLED: Final = "handled request"
# Caddy's own name comes first; the others are what `time_key` is set to.
_STAMPS: Final = ("ts", "timestamp", "time", "@timestamp")


def _open(hints: Hints) -> LineReader:
    zone = hints.zone
    return ObjectReader(
        is_ours=_is_caddys, exchange=lambda log: _exchange(log, zone=zone)
    )


def _is_caddys(log: LogObject) -> bool:
    """Tell whether any logger of Caddy wrote this.

    Its encoder may leave members out, but a line without a time is of no use, and
    one without a level or a message is known by the request in it. A status without
    a request is another program's.
    """
    if isinstance(log.value("request"), dict):
        has_request = log.has("request.method") or log.has("request.uri")
        return has_request and any(map(log.has, _STAMPS))
    is_notice = log.has("level") and log.has("msg") and not log.has("status")
    return is_notice and log.has("ts")


def _is_access(log: LogObject) -> bool:
    logger, message = log.text("logger"), log.text("msg")
    if message == _HANDLED:
        return True
    if logger is not None:
        return logger == _ACCESS or logger.startswith(_ACCESS + ".")
    return message is None and log.has("status")


def _exchange(log: LogObject, *, zone: tzinfo | None) -> Foreign | Reject:
    if not _is_access(log) or not isinstance(log.value("request"), dict):
        return refuse("not-http")
    asked = essentials(
        log.text("request.method"), log.target("request.uri"), log.integer("status")
    )
    if not isinstance(asked, Essentials):
        return asked
    stamp = moment(_stamp(log), zone, SECOND_NS)
    duration_ns = _duration_ns(log)
    if not isinstance(stamp, Moment):
        return stamp
    if isinstance(duration_ns, Reject):
        return duration_ns
    started_ns = started(stamp.ns, duration_ns)
    if isinstance(started_ns, Reject):
        return started_ns
    headers = without_hidden(log.headers("request.headers"))
    peer = log.text("request.remote_ip") or log.text("request.remote_addr")
    client = log.text("request.client_ip") or peer
    return Foreign(
        started_ns=started_ns,
        method=asked.method,
        target=asked.target,
        status=asked.status,
        duration_ms=milliseconds(duration_ns),
        http_version=http_version(log.text("request.proto")),
        scheme=_scheme(log, headers, is_proxied=client != peer),
        host=log.text("request.host"),
        client=address(client),
        user=log.text("user_id"),
        request_headers=headers,
        response_headers=log.headers("resp_headers"),
        request_size_bytes=log.integer("bytes_read"),
        response_size_bytes=log.integer("size"),
        remarks=(*stamp.remarks, UNIT_UNKNOWN) if _is_count(log) else stamp.remarks,
    )


def _stamp(log: LogObject) -> object:
    return next(filter(None, map(log.value, _STAMPS)), None)


def _scheme(
    log: LogObject, headers: tuple[Header, ...], *, is_proxied: bool
) -> str | None:
    """Return https for a TLS request, else what a trusted proxy says, else http.

    Caddy names a client that is not its peer only behind a proxy it was told to
    trust; the header of anybody else is not believed.
    """
    if isinstance(log.value("request.tls"), dict):
        return "https"
    if is_proxied:
        for name, value in headers:
            if name.lower() == "x-forwarded-proto":
                return scheme_of(value.strip()) or "http"
    return "http"


def _is_count(log: LogObject) -> bool:
    """Tell a duration in whole numbers, which seconds are not.

    `duration_format` may make them nanoseconds or milliseconds; seconds have the
    nanoseconds as their fraction.
    """
    duration = log.value("duration")
    return type(duration) is int and is_count(duration)


def _duration_ns(log: LogObject) -> int | Reject | None:
    """Read seconds, or text with its units; None for a mere count."""
    return None if _is_count(log) else log.duration_ns("duration", SECOND_NS)


CADDY: Final = Format("caddy", _open, "Caddy 2")
