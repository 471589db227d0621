"""Kong's log plugins: file-log and those that send the same object elsewhere.

One JSON object a line. `started_at` is the start in milliseconds since 1970,
`latencies.request` the whole time in milliseconds. Sizes count the head as well, so
that of a body is known from its Content-Length alone.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from shipper.foreign import Foreign, Header, Hints
from shipper.formats.checks import (
    MILLISECOND_NS,
    Essentials,
    address,
    essentials,
    milliseconds,
    moment,
    scheme_of,
    without_hidden,
)
from shipper.formats.lines import ObjectReader
from shipper.formats.objects import LogObject
from shipper.formats.reader import Format, LineReader
from shipper.formats.reasons import refuse
from shipper.formats.stamps import Moment
from shipper.model import Reject


def _open(_: Hints) -> LineReader:
    return ObjectReader(is_ours=_is_kongs, exchange=_exchange)


def _is_kongs(log: LogObject) -> bool:
    """Tell an exchange, or the `session` of a TCP stream, which is none."""
    return (
        log.has("started_at")
        and isinstance(log.value("latencies"), dict)
        and (isinstance(log.value("request"), dict) or log.has("session"))
    )


def _exchange(log: LogObject) -> Foreign | Reject:
    if not isinstance(log.value("request"), dict):
        return refuse("not-http")
    # The latter before Kong 0.12.
    url = log.target("request.url") or log.target("request.request_uri")
    asked = essentials(
        log.text("request.method"),
        log.target("request.uri") or url,
        log.integer("response.status"),
    )
    if not isinstance(asked, Essentials):
        return asked
    start = moment(log.value("started_at"), None, MILLISECOND_NS)
    if not isinstance(start, Moment):
        return start
    duration_ns = log.duration_ns("latencies.request", MILLISECOND_NS)
    if isinstance(duration_ns, Reject):
        return duration_ns
    sent = without_hidden(log.headers("request.headers"))
    given = log.headers("response.headers")
    scheme, host = _origin(url)
    return Foreign(
        started_ns=start.ns,
        method=asked.method,
        target=asked.target,
        status=asked.status,
        duration_ms=milliseconds(duration_ns),
        scheme=scheme,
        host=_first(sent, "host") or host,
        client=address(log.text("client_ip")),
        user=log.text("consumer.username"),
        request_headers=sent,
        response_headers=given,
        request_size_bytes=_length(sent),
        response_size_bytes=_length(given),
    )


def _origin(url: str | None) -> tuple[str | None, str | None]:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None, None
    return scheme_of(parts.scheme), parts.netloc.rpartition("@")[2] or None


def _first(headers: tuple[Header, ...], wanted: str) -> str | None:
    for name, value in headers:
        if name.lower() == wanted:
            return value or None
    return None


def _length(headers: tuple[Header, ...]) -> int | None:
    length = _first(headers, "content-length") or ""
    is_number = length.isascii() and length.isdecimal() and len(length) <= 18
    return int(length) if is_number else None


KONG: Final = Format("kong", _open, "Kong's file-log and http-log")
