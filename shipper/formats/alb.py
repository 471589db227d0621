r"""Access logs of AWS load balancers: Application Load Balancers, and classic ones.

Fields parted by single blanks, some in quotes; AWS appends new ones over the years,
so their number is only bounded from below. ``time`` is when the response was sent and
``request_creation_time`` when the request began; older logs lack the latter, and the
durations are taken off the former. Sizes include the headers, so that those of the
bodies are not known. Quotes come percent-encoded or escaped.

A line of a classic load balancer begins with the stamp, of the request's start, and
its sizes are those of the bodies; the first of them ended with the request.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from shipper.foreign import Foreign, Hints
from shipper.formats.clf import UNNAMED_QUOTED
from shipper.formats.native import (
    client_of,
    duration_ns,
    known_headers,
    milliseconds,
    size_of,
    unescaped,
)
from shipper.formats.reader import Format
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.formats.request_line import read_request, read_status
from shipper.formats.stamps import Moment, read_iso
from shipper.formats.texts import unescape
from shipper.model import BLANK, Reject, Skip

ENDED: Final = "The log has no start of the request; the time its response was sent."

MIN_FIELDS: Final = 18  # up to trace_id: what the first load balancers wrote
_REQUEST: Final = 12
_AGENT: Final = 13
_STARTED: Final = 21  # request_creation_time

_CLASSIC: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,18}Z")
_CLASSIC_FIELDS: Final = 12  # up to the request; since 2015 there are three more
_CLASSIC_REQUEST: Final = 11
_CLASSIC_AGENT: Final = 12

_TYPES: Final = frozenset({"http", "https", "h2", "grpcs", "ws", "wss"})
_FIELD: Final = re.compile(rf'{UNNAMED_QUOTED}(?= |\Z)|[^ "][^ ]*+(?= |\Z)', re.DOTALL)
# Of `OPTIONS *` the star stands right behind the port.
_URL: Final = re.compile(r"([A-Za-z]{2,5})://([^/?#*]*+)(.*+)", re.DOTALL)
_SCHEMES: Final = {"http": "http", "ws": "http", "https": "https", "wss": "https"}


class AlbReader:
    """Reads the lines of one file; no line depends on another."""

    def fits(self, line: bytes) -> bool:
        """Tell whether the fields have the shape, whatever the request is."""
        return isinstance(_split(line.decode("latin-1").rstrip("\r")), list)

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        if len(line) > MAX_LINE_BYTES:
            return refuse("too-long")
        text = line.decode("latin-1").strip("\r\n\t ")
        if not text:
            return Skip(BLANK)
        fields = _split(text)
        if isinstance(fields, Reject):
            return fields
        return _exchange(fields) if fields[0] in _TYPES else _classic_exchange(fields)


def _split(text: str) -> list[str] | Reject:
    """Return the fields, quotes left on them."""
    beginning = text.partition(" ")[0]
    is_classic = _CLASSIC.fullmatch(beginning) is not None
    if not is_classic and beginning not in _TYPES:
        return refuse("shape")
    fields: list[str] = []
    at = 0
    while at <= len(text):
        found = _FIELD.match(text, at)
        if found is None:
            return _why_no_field(text[at:])
        fields.append(found[0])
        at = found.end() + 1
    if is_classic:
        return _checked_classic(fields)
    if len(fields) < MIN_FIELDS:
        return refuse("half-line")
    is_line = fields[_REQUEST][:1] == fields[_AGENT][:1] == '"'
    return fields if is_line else refuse("shape")


def _checked_classic(fields: list[str]) -> list[str] | Reject:
    """Tell a line of a classic one from those of connection logs."""
    if any(field[:1] == '"' for field in fields[:_CLASSIC_REQUEST]):
        return refuse("shape")
    if len(fields) < _CLASSIC_FIELDS:
        return refuse("half-line")
    is_line = all(field[:1] == '"' for field in fields[_CLASSIC_REQUEST:13])
    return fields if is_line else refuse("shape")


def _why_no_field(rest: str) -> Reject:
    if not rest or (rest[0] == '"' and rest.count('"') == 1):
        return refuse("half-line")
    return refuse("quotes" if '"' in rest else "shape")


def _exchange(fields: list[str]) -> Foreign | Reject:
    duration_ms = _duration_ms(fields[5:8])
    if isinstance(duration_ms, Reject):
        return duration_ms
    return _of_parts(
        request=fields[_REQUEST],
        status=fields[8],
        client=fields[3],
        agent=fields[_AGENT],
        started=_started(fields, duration_ms),
        duration_ms=duration_ms,
    )


def _classic_exchange(fields: list[str]) -> Foreign | Reject:
    if fields[_CLASSIC_REQUEST].startswith('"- - -'):
        return refuse("not-http", "the line tells of a TCP or TLS connection")
    duration_ms = _duration_ms(fields[4:7])
    if isinstance(duration_ms, Reject):
        return duration_ms
    received, sent = size_of(fields[9]), size_of(fields[10])
    if isinstance(received, Reject) or isinstance(sent, Reject):
        return refuse("number")
    found = _of_parts(
        request=fields[_CLASSIC_REQUEST],
        status=fields[7],
        client=fields[2],
        agent=(*fields, '"-"')[_CLASSIC_AGENT],
        started=read_iso(fields[0]),
        duration_ms=duration_ms,
    )
    if isinstance(found, Reject):
        return found
    return replace(found, request_size_bytes=received, response_size_bytes=sent)


def _of_parts(
    *,
    request: str,
    status: str,
    client: str,
    agent: str,
    started: Moment | Reject,
    duration_ms: int | None,
) -> Foreign | Reject:
    """Put together what both kinds have, quotes still on the fields that have them."""
    asked = read_request(unescape(request[1:-1].encode("latin-1")))
    if isinstance(asked, Reject):
        return asked
    answered = read_status(status)
    if isinstance(answered, Reject):
        return answered
    if isinstance(started, Reject):
        return started
    url = _URL.fullmatch(asked.target)
    scheme, host, target = None, None, asked.target
    if url is not None:
        scheme = _SCHEMES.get(url[1].lower())
        host = url[2].rpartition("@")[2] or None
        target = url[3] or "/"
    return Foreign(
        started_ns=started.ns,
        method=asked.method,
        target=target,
        status=answered,
        duration_ms=duration_ms,
        http_version=asked.http_version,
        scheme=scheme,
        host=host,
        client=_address(client),
        request_headers=known_headers(None, unescaped(agent[1:-1])),
        remarks=started.remarks,
    )


def _address(client: str) -> str | None:
    """Return the client without its port, which stands behind every address.

    Those of IPv6 have no brackets, and one with its port may pass for a longer one.
    """
    host = client.rpartition(":")[0].strip("[]")
    return client_of(host) or client_of(client)


def _duration_ms(parts: list[str]) -> int | Reject | None:
    """Add the three processing times; one of -1 makes the sum unknown."""
    if any(part in ("-1", "-") for part in parts):
        return None
    total_ns = 0
    for part in parts:
        ns = duration_ns(part)
        if ns is None:
            return refuse("number")
        total_ns += ns
    return milliseconds(total_ns)


def _started(fields: list[str], duration_ms: int | None) -> Moment | Reject:
    if len(fields) > _STARTED and fields[_STARTED] != "-":
        return read_iso(fields[_STARTED])
    ended = read_iso(fields[1])
    if isinstance(ended, Reject):
        return ended
    if duration_ms is None:
        return Moment(ended.ns, (ENDED,))
    return Moment(max(ended.ns - duration_ms * 1_000_000, 0))


def _open(hints: Hints) -> AlbReader:
    return AlbReader()


ALB: Final = Format("alb", _open, "AWS Application Load Balancer; classic ones too")
