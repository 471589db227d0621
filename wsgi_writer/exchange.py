"""One HTTP request with its response, as it was seen, before anything is masked.

The middleware and the readers of foreign logs build an `Exchange`; `record` lays it
out. Here too: what is left out of an exchange that is too large for a record, and
the plain form of one whose parts are not of the types they should be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wsgi_writer.caller import Caller

# The closed list of what may be said about how an exchange went.
NOTES = (
    "aborted", "unread-body", "unstarted", "error", "sendfile", "unclosed", "upgrade",
    "identify-failed", "shed", "body-withheld",
)  # fmt: skip
MAX_TEXT_LENGTH = 1024  # of any single text in a record that has shed everything

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Hearsay:
    """What is different about an exchange that another program's log tells of.

    Attributes:
        user: Who the server authenticated, in clear, if the log says so.
        has_duration: False if the log does not tell how long it took.
        has_response_body: False if the log has no body, which may still have a size.
        comment: What readers of the entry have to know.
    """

    user: str | None = None
    has_duration: bool = True
    has_response_body: bool = True
    comment: str = ""


@dataclass(slots=True)
class Exchange:
    """One HTTP request with its response.

    Built once per request inside the application's process, hence not frozen.
    Strings are WSGI's native ones: each character stands for one byte (PEP 3333).

    Attributes:
        id: The record's identity for ever, a uuid4.
        started_ns: Wall clock at the start, nanoseconds since the epoch.
        duration_ms: Start of the call to the end of the response.
        wait_ms: Start of the call to the first byte of the response.
        client: Address of the peer, seen through trusted proxies.
        host: With its port, if any; may be empty or hostile.
        target: The request target as received; may be no legal URI.
        request_body: What the application read, at most the first bytes of it.
        request_body_size: How many bytes the application read.
        response_body: The first bytes of what the application sent.
        response_body_size: How many bytes it sent.
        route: The template the request matched, such as `/users/{id}`.
        notes: Words of `NOTES`.
        hearsay: Set by readers of foreign logs, whose sizes may be -1: not known.
            Their bodies come without any coding, whatever the headers say.
    """

    id: str
    started_ns: int
    duration_ms: int
    wait_ms: int
    client: str
    method: str
    scheme: str
    host: str
    target: str
    http_version: str
    request_headers: list[Header]
    request_body: bytes
    request_body_size: int
    status: int
    reason: str
    response_headers: list[Header]
    response_body: bytes
    response_body_size: int
    route: str | None
    caller: Caller | None
    notes: tuple[str, ...]
    hearsay: Hearsay | None = None


def without_bodies(exchange: Exchange) -> Exchange:
    """Return the exchange without its bodies; their sizes stay."""
    return replace(
        exchange,
        request_body=b"",
        response_body=b"",
        notes=(*exchange.notes, "shed"),
    )


def without_headers(exchange: Exchange) -> Exchange:
    """Return what is left when neither bodies nor header values were too large."""
    cut = MAX_TEXT_LENGTH
    return replace(
        exchange,
        client=exchange.client[:cut],
        method=exchange.method[:cut],
        host=exchange.host[:cut],
        target=exchange.target.partition("?")[0].partition("#")[0][:cut],
        http_version=exchange.http_version[:cut],
        request_headers=[],
        reason=exchange.reason[:cut],
        response_headers=[],
        route=exchange.route[:cut] if exchange.route else None,
    )


def made_plain(exchange: Exchange) -> Exchange:
    """Return the exchange with every part of the type that it should have.

    An application may give its server anything at all: header values that are
    numbers, a status that is a float, pairs that are no pairs.
    """
    return Exchange(
        id=plain_text(exchange.id),
        started_ns=_number(exchange.started_ns),
        duration_ms=_number(exchange.duration_ms),
        wait_ms=_number(exchange.wait_ms),
        client=plain_text(exchange.client),
        method=plain_text(exchange.method),
        scheme=plain_text(exchange.scheme),
        host=plain_text(exchange.host),
        target=plain_text(exchange.target),
        http_version=plain_text(exchange.http_version),
        request_headers=_plain_headers(exchange.request_headers),
        request_body=_plain_bytes(exchange.request_body),
        request_body_size=_number(exchange.request_body_size),
        status=_number(exchange.status),
        reason=plain_text(exchange.reason),
        response_headers=_plain_headers(exchange.response_headers),
        response_body=_plain_bytes(exchange.response_body),
        response_body_size=_number(exchange.response_body_size),
        route=None if exchange.route is None else plain_text(exchange.route),
        caller=exchange.caller if isinstance(exchange.caller, Caller) else None,
        notes=tuple(note for note in NOTES if note in _listed(exchange.notes)),
        hearsay=exchange.hearsay if isinstance(exchange.hearsay, Hearsay) else None,
    )


def plain_text(value: object) -> str:
    """Return a str; of an object that is neither text nor number, its type's name.

    No method of the object is called: it may raise, or do worse.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("latin-1")
    if value is None or type(value) in (int, float, bool):
        return "" if value is None else str(value)
    return f"[{type(value).__name__}]"


def _number(value: object) -> int:
    try:
        if isinstance(value, str):
            return int(str.__str__(value)[:20])
        return int(value) if isinstance(value, (int, float)) else 0
    except (ValueError, OverflowError):
        return 0


def _plain_bytes(value: object) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return value.encode("utf-8", "replace") if isinstance(value, str) else b""


def _plain_headers(headers: object) -> list[Header]:
    return [
        (plain_text(pair[0]), plain_text(pair[1]))
        for pair in _listed(headers)
        if isinstance(pair, (tuple, list)) and len(pair) == 2
    ]


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, (list, tuple)) else ()
