"""The text form of Envoy's access log, with or without Istio's additions.

``[2016-04-15T20:17:00.310Z] "POST /v1 HTTP/2" 204 - 154 0 226 100 "10.0.35.28"
"agent" "request id" "host" "10.0.2.1:80"``; Istio has up to three fields more behind
the flags, and addresses at the end; fields of the operator may follow. The stamp is
the start, sizes are those of the bodies. Envoy escapes nothing, so a quote inside a
field makes the line a reject. The client is the peer if the line has it, otherwise
the last address of the ``X-Forwarded-For`` list, the one that Envoy itself has put
there.
"""

from __future__ import annotations

import re
from typing import Final

from shipper.foreign import Foreign, Header, Hints
from shipper.formats.native import client_of, size_of, text_of
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.formats.request_line import read_request, read_status
from shipper.formats.stamps import read_iso
from shipper.model import BLANK, Reject, Skip

_LINE: Final = re.compile(
    r'(?:ACCESS )?\[([0-9TZ:.+\-]{10,40})\] "([^"]*+)" ([0-9]{1,3}|-) ([^ "]++) '
    r'(?:(?:"[^"]*+"|(?![0-9]+ )[^ "]++) ){0,3}?'
    r"([0-9]{1,15}|-) ([0-9]{1,15}|-) ([0-9]{1,15}|-) ([0-9]{1,15}|-) "
    r'"([^"]*+)" "([^"]*+)" "([^"]*+)" "([^"]*+)" "([^"]*+)"'
    r'(?: ([^"]*+\Z|[^ "]*+(?:"[^"]*+")?+(?: [^ "]*+(?:"[^"]*+")?+)*+))?',
    re.DOTALL,
)
_UPSTREAM: Final = re.compile(r"-|(?:[a-z]{3,5}://)?[0-9.]{7,15}:[0-9]{1,5}|\[.*")
_REQUEST_ID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_BEGINNING: Final = re.compile(r'(?:ACCESS )?\[[0-9TZ:.+\-]{10,40}\] "')
_PEER: Final = 3  # cluster, its address, our address, the peer's (Istio)
_QUOTES: Final = 12  # of a line whose fields hold none
_QUOTES_WITH_ISTIO: Final = 18
_NO_HTTP: Final = frozenset({"- - -", "- - HTTP/1.1"})


class EnvoyTextReader:
    """Reads the lines of one file; no line depends on another."""

    def fits(self, line: bytes) -> bool:
        """Tell whether the fields have the shape, whatever the request is."""
        return _match(line.decode("latin-1").rstrip("\r")) is not None

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        if len(line) > MAX_LINE_BYTES:
            return refuse("too-long")
        text = line.decode("latin-1").strip("\r\n\t ")
        if not text:
            return Skip(BLANK)
        found = _match(text)
        return _why_no_line(text) if found is None else _exchange(found)


def open_envoy_text(hints: Hints) -> EnvoyTextReader:
    """Give a reader for one file."""
    return EnvoyTextReader()


def _match(text: str) -> re.Match[str] | None:
    """Take a line apart, unless a header may have moved the fields behind it."""
    found = _LINE.fullmatch(text)
    if found is None or not (found[14] or "").startswith('"'):
        return found
    # The upstream's address is no header, so the quoted fields before it are the five.
    authority, upstream = found[12], found[13]
    is_sound = _UPSTREAM.fullmatch(upstream) and not _REQUEST_ID.fullmatch(authority)
    return found if is_sound else None


def _exchange(found: re.Match[str]) -> Foreign | Reject:
    stamp, asked, status_text, _, received, sent, taken, _, *quoted, _, tail = (
        found.groups()
    )
    forwarded, agent, request_id, authority = map(text_of, quoted)
    if asked in _NO_HTTP:
        return refuse("not-http", "the line tells of a TCP connection")
    request = read_request(asked.removesuffix(" -").encode("latin-1"))
    if isinstance(request, Reject):
        return request
    if request.target == "-":
        return refuse("url")  # of a CONNECT, which has no path
    status = read_status(status_text)
    if isinstance(status, Reject):
        return status
    started = read_iso(stamp)
    if isinstance(started, Reject):
        return started
    sizes = [size_of(size) for size in (received, sent, taken)]
    numbers = [size for size in sizes if not isinstance(size, Reject)]
    if len(numbers) < len(sizes):
        return refuse("number")
    given = (
        ("Host", authority),
        ("User-Agent", agent),
        ("X-Forwarded-For", forwarded),
        ("X-Request-Id", request_id),
    )
    headers: tuple[Header, ...] = tuple(
        (name, value) for name, value in given if value is not None
    )
    return Foreign(
        started_ns=started.ns,
        method=request.method,
        target=request.target,
        status=status,
        duration_ms=numbers[2],
        http_version=None if asked.endswith(" -") else request.http_version,
        host=authority,
        client=_client(forwarded, tail),
        request_headers=headers,
        request_size_bytes=numbers[0],
        response_size_bytes=numbers[1],
    )


def _client(forwarded: str | None, tail: str | None) -> str | None:
    addresses = (tail or "").split(" ")
    if len(addresses) > _PEER and all(map(_is_address, addresses[1:_PEER])):
        peer = client_of(addresses[_PEER])
        if peer is not None:
            return peer
    last = (forwarded or "").rpartition(",")[2].strip()
    return client_of(last) if last else None


def _is_address(field: str) -> bool:
    return field == "-" or client_of(field) is not None


def _why_no_line(text: str) -> Reject:
    if not _BEGINNING.match(text):
        return refuse("shape")
    quotes = text.count('"')
    if quotes < _QUOTES:
        return refuse("half-line")
    is_even = quotes % 2 == 0 and quotes <= _QUOTES_WITH_ISTIO
    return refuse("shape" if is_even else "quotes")
