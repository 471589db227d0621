"""One exchange as one line of the file: record format v1 (docs/record-format.md).

An `Exchange` comes in, with every secret still in it; the bytes of one JSON line go
out, masked, its HAR 1.2 entry in the form it will be uploaded in. The line is laid
out by hand around the standard library's string encoder, because this runs inside
somebody else's request: a nested dictionary through `json.dumps` takes three times
as long. It must never raise for what an exchange holds, and never write a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted
from zlib import crc32

from wsgi_writer.bodies import BodyMask
from wsgi_writer.caller import Caller, caller_from
from wsgi_writer.envelope import auth_member, caller_member, notes_member
from wsgi_writer.exchange import (
    NOTES,
    Exchange,
    Hearsay,
    made_plain,
    without_bodies,
    without_headers,
)
from wsgi_writer.fields import FieldMask
from wsgi_writer.headers import HeaderBlock, HeaderMask
from wsgi_writer.mask import (
    NONCHARACTERS,
    REMEMBERED_LENGTH,
    Masks,
    Remembered,
    holds_noncharacter,
)
from wsgi_writer.urls import UrlMask

__all__ = [
    "NOTES",
    "Caller",
    "Exchange",
    "Hearsay",
    "caller_from",
    "encode_entry",
    "encode_record",
]

COUNTERS_BYTES = 96  # the file adds `,"w":[…]` and `,"dropped":…` to every line
MAX_STATUS = 999  # what a status line can hold (RFC 9112 section 4)

_SURROGATES = re.compile("[\ud800-\udfff]")
_UNKNOWN = "\ufffd"
_OPEN = ',"open":true'
CHECKSUM_BYTES = len(b',"crc":4294967295')  # at most
_JOINTS_LENGTH = CHECKSUM_BYTES + len(',"entry":') + len("}\n")
_UNTIMED = ',"comment":"no duration in the log"'
_EPOCH = "1970-01-01T00:00:00"
# Formatting a number with its leading zeros costs more than all else of a stamp.
_MILLISECONDS = tuple(f".{millisecond:03d}Z" for millisecond in range(1000))


@dataclass(slots=True)
class _Target:
    """The JSON of a request target, and the masks of the keys in its query.

    Built once per request, hence not frozen.
    """

    url: str
    query: str
    keys: Mapping[str, str]


@dataclass(slots=True)
class _Head:
    """What is read of an exchange once, however often it is laid out.

    Built once per request, hence not frozen.
    """

    asked: HeaderBlock
    given: HeaderBlock
    target: _Target


@dataclass(slots=True)
class _Line:
    """The pieces of a line, as text. Built once per request, hence not frozen."""

    head: str
    envelope: str
    entry: str


def encode_record(
    exchange: Exchange, masks: Masks, *, max_body_bytes: int, max_record_bytes: int
) -> tuple[bytes, bytes]:
    """Return the head and the tail of one line.

    The head is `{"v":1,"id":"…","crc":…`; the tail begins with a comma and ends in `}`
    and a newline. The file puts its counters between the two, under its lock.
    """
    line = masks.derived(Encoder).line(exchange, max_body_bytes, max_record_bytes)
    head = as_utf8(line.head)
    tail = as_utf8(f'{line.envelope},"entry":{line.entry}}}\n')
    return with_checksum(head, tail), tail


def with_checksum(head: bytes, tail: bytes) -> bytes:
    """Return the head of a line with the checksum of both, without their newline."""
    return b'%b,"crc":%d' % (head, crc32(memoryview(tail)[:-1], crc32(head)))


def encode_entry(
    exchange: Exchange, masks: Masks, *, max_body_bytes: int, max_record_bytes: int
) -> bytes:
    """Return the HAR entry alone, the very bytes that a record would hold."""
    line = masks.derived(Encoder).line(exchange, max_body_bytes, max_record_bytes)
    return as_utf8(line.entry)


class Encoder:
    """Everything a set of masks needs to lay out records, built once."""

    def __init__(self, masks: Masks) -> None:
        # Mutable state: `_second`, one tuple that any thread replaces as a whole,
        # and memories of pure functions.
        fields = FieldMask(masks)
        self._urls = UrlMask(masks, fields.mask_form_value)
        self.headers = HeaderMask(masks, self._urls)
        self.bodies = BodyMask(masks, fields)
        self.targets = Remembered(self._read_target, is_small=_is_small)
        self._second = (0, _EPOCH)

    def line(
        self, exchange: Exchange, max_body_bytes: int, max_record_bytes: int
    ) -> _Line:
        """Lay out one line, shedding what is too much for it."""
        try:
            head = self._head(exchange)
            line = self._lay_out(exchange, head, max_body_bytes)
        except (TypeError, ValueError, AttributeError, LookupError, OverflowError):
            # The application handed its server something that is not WSGI.
            exchange = made_plain(exchange)
            head = self._head(exchange)
            line = self._lay_out(exchange, head, max_body_bytes)
        room = max_record_bytes - COUNTERS_BYTES
        # What is too much is not read again for each thing that is shed.
        if _is_too_long(line, room):
            exchange = without_bodies(made_plain(exchange))
            line = self._lay_out(exchange, head, max_body_bytes)
        if _is_too_long(line, room):
            head.asked = self.headers.lay_out_short(exchange.request_headers)
            head.given = self.headers.lay_out_short(exchange.response_headers)
            line = self._lay_out(exchange, head, max_body_bytes)
        if _is_too_long(line, room):
            exchange = without_headers(exchange)
            line = self._lay_out(exchange, self._head(exchange), max_body_bytes)
        return line

    def _head(self, exchange: Exchange) -> _Head:
        return _Head(
            self.headers.lay_out(exchange.request_headers),
            self.headers.lay_out(exchange.response_headers),
            self.targets[f"{exchange.scheme}://{exchange.host}\n{exchange.target}"],
        )

    def _lay_out(self, exchange: Exchange, head: _Head, limit: int) -> _Line:
        asked, given, target = head.asked, head.given, head.target
        heard = exchange.hearsay
        user, untimed, comment = None, "", ""
        if heard is not None:
            asked.content_encoding = given.content_encoding = ""
            user = heard.user
            untimed = "" if heard.has_duration else _UNTIMED
            comment = f',"comment":{quoted(heard.comment)}' if heard.comment else ""
        request = self.bodies.request(
            exchange.request_body,
            exchange.request_body_size,
            asked.content_type,
            asked.content_encoding,
            limit,
        )
        if heard is None or heard.has_response_body:
            response = self.bodies.response(
                exchange.response_body,
                exchange.response_body_size,
                given.content_type,
                given.content_encoding,
                limit,
            )
        else:
            response = self.bodies.unseen(
                exchange.response_body_size, given.content_type
            )
        notes = exchange.notes
        if request.is_withheld or response.is_withheld:
            notes = (*notes, "body-withheld")
        is_open = request.is_open or response.is_open
        envelope = (
            f',"client":{quoted(exchange.client)}'
            f"{caller_member(exchange.caller) if exchange.caller else ''}"
            f"{auth_member(asked, target.keys, user)}"
            f"{notes_member(notes) if notes else ''}"
            f"{_OPEN if is_open else ''}"
        )
        time, wait = exchange.duration_ms, exchange.wait_ms
        if not 0 <= wait <= time:
            time = max(time, 0)
            wait = min(max(wait, 0), time)
        status = exchange.status if 0 <= exchange.status <= MAX_STATUS else 0
        version = quoted(exchange.http_version)
        entry = (
            f"{{{self.pageref(exchange.route) if exchange.route else ''}"
            f'"startedDateTime":"{self.stamp(exchange.started_ns)}","time":{time:d},'
            f'"request":{{"method":{quoted(exchange.method)},"url":{target.url},'
            f'"httpVersion":{version},"cookies":[],"headers":{asked.json},'
            f'"queryString":{target.query}{request.json},"headersSize":-1,'
            f'"bodySize":{exchange.request_body_size:d}}},'
            f'"response":{{"status":{status:d},'
            f'"statusText":{quoted(exchange.reason)},"httpVersion":{version},'
            f'"cookies":[],"headers":{given.json},"content":{response.json},'
            f'"redirectURL":{quoted(given.location)},"headersSize":-1,'
            f'"bodySize":{exchange.response_body_size:d}}},"cache":{{}},'
            f'"timings":{{"send":0,"wait":{wait:d},"receive":{time - wait:d}'
            f"{untimed}}}{comment}}}"
        )
        return _Line(f'{{"v":1,"id":{quoted(exchange.id)}', envelope, entry)

    def _read_target(self, text: str) -> _Target:
        origin, _, given = text.partition("\n")
        scheme, _, host = origin.partition("://")
        target = self._urls.target(scheme, host, given)
        query = ",".join(
            f'{{"name":{quoted(name)},"value":{quoted(value)}}}'
            for name, value in target.query
        )
        return _Target(quoted(target.url), f"[{query}]", target.keys)

    def pageref(self, route: str) -> str:
        """Return the member that groups the requests of one route."""
        return f'"pageref":{quoted(self._urls.header(route))},'

    def stamp(self, started_ns: int) -> str:
        """Return UTC with milliseconds and `Z`; most requests share a second."""
        milliseconds = started_ns // 1_000_000
        seconds = milliseconds // 1000
        known, text = self._second
        if known != seconds:
            try:
                text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
            except (ValueError, OverflowError, OSError):
                text = _EPOCH  # a clock so wrong has nothing to say
            self._second = (seconds, text)
        return text + _MILLISECONDS[milliseconds % 1000]


def _is_small(target: _Target) -> bool:
    # Each key in a query becomes a mask of a hundred characters, twice.
    return len(target.url) + len(target.query) <= 4 * REMEMBERED_LENGTH


def _is_too_long(line: _Line, room: int) -> bool:
    # A character takes at most four bytes; only a doubtful line is encoded for it.
    length = len(line.head) + len(line.envelope) + len(line.entry) + _JOINTS_LENGTH
    if length * 4 <= room:
        return False
    text = f"{line.head}{line.envelope}{line.entry}"
    return len(as_utf8(text)) + _JOINTS_LENGTH > room


def as_utf8(text: str) -> bytes:
    """Encode as UTF-8 that is valid I-JSON: no lone surrogate, no noncharacter."""
    if text.isascii():
        return text.encode("ascii")
    try:
        line = text.encode("utf-8")
    except UnicodeEncodeError:
        text = _SURROGATES.sub(_UNKNOWN, text)
        line = text.encode("utf-8")
    if holds_noncharacter(line, text):
        line = NONCHARACTERS.sub(_UNKNOWN, text).encode("utf-8")
    return line
