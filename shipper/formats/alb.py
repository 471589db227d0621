r"""Access logs of AWS Application Load Balancers.

Fields parted by single blanks, some in quotes; AWS appends new ones over the years,
so their number is only bounded from below. ``time`` is when the response was sent and
``request_creation_time`` when the request began; older logs lack the latter, and the
durations are taken off the former. Sizes include the headers, so that those of the
bodies are not known. Quotes come percent-encoded or escaped.
"""

from __future__ import annotations

import re
from typing import Final

from shipper.foreign import Foreign, Hints
from shipper.formats.clf import UNNAMED_QUOTED, known_headers
from shipper.formats.native import client_of, duration_ns, milliseconds, unescaped
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

_TYPES: Final = frozenset({"http", "https", "h2", "grpcs", "ws", "wss"})
_FIELD: Final = re.compile(rf'{UNNAMED_QUOTED}(?= |\Z)|[^ "][^ ]*+(?= |\Z)', re.DOTALL)
_URL: Final = re.compile(r"([A-Za-z]{2,5})://([^/?#]*+)(.*+)", re.DOTALL)
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
        return fields if isinstance(fields, Reject) else _exchange(fields)


def _split(text: str) -> list[str] | Reject:
    """Return the fields, quotes left on them."""
    if text.partition(" ")[0] not in _TYPES:
        return refuse("shape")
    fields: list[str] = []
    at = 0
    while at <= len(text):
        found = _FIELD.match(text, at)
        if found is None:
            return _why_no_field(text[at:])
        fields.append(found[0])
        at = found.end() + 1
    if len(fields) < MIN_FIELDS:
        return refuse("half-line")
    is_line = fields[_REQUEST][:1] == fields[_AGENT][:1] == '"'
    return fields if is_line else refuse("shape")


def _why_no_field(rest: str) -> Reject:
    if not rest or (rest[0] == '"' and rest.count('"') == 1):
        return refuse("half-line")
    return refuse("quotes" if '"' in rest else "shape")


def _exchange(fields: list[str]) -> Foreign | Reject:
    request = read_request(unescape(fields[_REQUEST][1:-1].encode("latin-1")))
    if isinstance(request, Reject):
        return request
    status = read_status(fields[8])
    if isinstance(status, Reject):
        return status
    duration_ms = _duration_ms(fields[5:8])
    if isinstance(duration_ms, Reject):
        return duration_ms
    started = _started(fields, duration_ms)
    if isinstance(started, Reject):
        return started
    url = _URL.fullmatch(request.target)
    scheme, host, target = None, None, request.target
    if url is not None:
        scheme = _SCHEMES.get(url[1].lower())
        host = url[2].rpartition("@")[2] or None
        target = url[3] or "/"
    return Foreign(
        started_ns=started.ns,
        method=request.method,
        target=target,
        status=status,
        duration_ms=duration_ms,
        http_version=request.http_version,
        scheme=scheme,
        host=host,
        client=client_of(fields[3]),
        request_headers=known_headers(None, unescaped(fields[_AGENT][1:-1])),
        remarks=started.remarks,
    )


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


ALB: Final = Format("alb", _open, "AWS Application Load Balancer")
