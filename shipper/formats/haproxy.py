"""HAProxy's HTTP log (``option httplog``), behind a syslog prefix or alone.

``client:port [25/Feb/2019:16:19:48.143] frontend~ backend/server 0/0/7/1457/1487 200
11394 - - ---- 2/1/0/0/0 0/0 {captured} {captured} "GET / HTTP/1.1"``. The stamp is
the start and names no time zone; the prefix's has no year and is not looked at. ``~``
says TLS. Sizes include the headers, captured headers have no names: neither is taken.
A ``+`` stands before numbers that were logged before the response was over. The
ingress controller of HAProxy Technologies writes ``GET api.example.com/owls HTTP/2.0``,
the host before the path, and no query.
"""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Final

from shipper.foreign import Foreign, Hints
from shipper.formats.native import MAX_DIGITS, client_of
from shipper.formats.reader import Format
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.formats.request_line import read_request, read_status
from shipper.formats.stamps import MONTHS, read_local
from shipper.model import BLANK, Reject, Skip

EARLY: Final = (
    "The line was written before the response was over; it took at least this long."
)
PREFIX_BYTES: Final = 512  # a syslog header and a client stand within these

_CLIENT: Final = re.compile(
    r"(?:^(?:<[0-9]{1,3}>)?|(?<= ))([^ ]{1,64}):[0-9]{1,5} "
    r"\[([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?\] "
)
_REST: Final = re.compile(
    r"([^ ]++) ([^ /]++/[^ ]++) "
    r"([+\-0-9]{1,15}(?:/[+\-0-9]{1,15}){4}) (-?[0-9]{1,3}) (\+?[0-9]{1,20}|-) "
    r"[^ ]++ [^ ]++ [^ ]{4} [+0-9]{1,15}(?:/[+0-9]{1,15}){4} [0-9]{1,12}/[0-9]{1,12} "
    r'(?:\{[^}]*+\} ){0,2}"([^"]*+)"(?: [^"]*+)?'
)
_TAG: Final = re.compile(
    r"(?:^| )[A-Za-z_\-]{0,32}haproxy[A-Za-z_\-]{0,32}\[[0-9]+\]: "
)
# What it says of itself on stderr, which in a container is in the same log.
_NOTICE: Final = re.compile(
    r"(?:^| )\[(?:NOTICE|WARNING|ALERT)\] +(?:[0-9]{3}/[0-9]{6} )?\([0-9]+\) : "
)
# Host and path in one; without a dot or a port it may as well be a path alone.
_BASE: Final = re.compile(
    r"((?=[^/]*[.:])(?:[\w.\-]++|\[[0-9A-Fa-f:.]++\])(?::[0-9]{1,5})?)(/.*+)", re.ASCII
)
_HASHED: Final = re.compile(r"#([0-9A-F]{2})")


class HaproxyReader:
    """Reads the lines of one file; no line depends on another."""

    def __init__(self, *, zone: tzinfo | None) -> None:
        self._zone = zone

    def fits(self, line: bytes) -> bool:
        """Tell whether HAProxy wrote the line; its notices fit too."""
        text = line.decode("latin-1").rstrip("\r")
        client = _CLIENT.search(text, 0, PREFIX_BYTES)
        if client is not None and _has_request(text):
            return _REST.fullmatch(text, client.end()) is not None
        return _is_notice(text, has_client=client is not None)

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        if len(line) > MAX_LINE_BYTES:
            return refuse("too-long")
        text = line.decode("latin-1").strip("\r\n\t ")
        if not text:
            return Skip(BLANK)
        client = _CLIENT.search(text, 0, PREFIX_BYTES)
        rest = None if client is None else _REST.fullmatch(text, client.end())
        if client is None or rest is None:
            return _why_no_line(text, has_client=client is not None)
        return self._exchange(client, rest)

    def _exchange(self, client: re.Match[str], rest: re.Match[str]) -> Foreign | Reject:
        frontend, _, timers, status_text, size, asked = rest.groups()
        request = read_request(_HASHED.sub(_character, asked).encode("latin-1"))
        if isinstance(request, Reject):
            return request
        status = read_status(status_text)
        if isinstance(status, Reject):
            return status
        month = MONTHS.get(client[3])
        if month is None:
            return refuse("time")
        started = read_local(
            (int(client[4]), month, int(client[2])),
            (int(client[5]), int(client[6]), int(client[7])),
            int((client[8] or "0").ljust(9, "0")),
            self._zone,
        )
        if isinstance(started, Reject):
            return started
        base = _BASE.fullmatch(request.target)
        host, target = (None, request.target) if base is None else base.groups()
        total = timers.rpartition("/")[2]
        is_early = total.startswith("+") or size.startswith("+")
        return Foreign(
            started_ns=started.ns,
            method=request.method,
            target=target,
            status=status,
            duration_ms=_milliseconds(total),
            http_version=request.http_version,
            scheme="https" if frontend.endswith("~") else None,
            host=host,
            client=client_of(client[1]),
            remarks=(*started.remarks, EARLY) if is_early else started.remarks,
        )


def _milliseconds(timer: str) -> int | None:
    """Return the last timer; -1 is HAProxy's word for "never came to it"."""
    digits = timer.removeprefix("+")
    return int(digits) if digits.isdecimal() and len(digits) <= MAX_DIGITS else None


def _character(found: re.Match[str]) -> str:
    # HAProxy writes a quote as #22, and "#" itself as #23 (its manual, section 8.6).
    return chr(int(found[1], 16))


def _has_request(text: str) -> bool:
    """Tell a line of an exchange from the notices and TCP lines of a listener."""
    return text.count('"') >= 2


def _is_notice(text: str, *, has_client: bool) -> bool:
    """Tell a line of HAProxy's that has no request, by its client or the program."""
    if has_client and '"' not in text:
        return True
    return any(known.search(text, 0, PREFIX_BYTES) for known in (_TAG, _NOTICE))


def _why_no_line(text: str, *, has_client: bool) -> Reject:
    if has_client and text.count('"') == 1:
        return refuse("half-line")
    if has_client and text.count('"') > 2:
        return refuse("quotes")
    if has_client and _has_request(text):
        return refuse("shape", "the line has a log-format of its own, not httplog's")
    if _is_notice(text, has_client=has_client):
        return refuse("not-http", "HAProxy's line tells of no HTTP exchange")
    return refuse("shape")


def _open(hints: Hints) -> HaproxyReader:
    return HaproxyReader(zone=hints.zone)


HAPROXY: Final = Format("haproxy", _open, "HAProxy's httplog", needs_zone=True)
