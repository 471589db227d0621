"""The straight way of nearly every exchange, from its recorder to the line.

An exchange that ended as most do comes in; the same bytes that `record` would lay
out for it go out, without the values that the plain way passes from room to room.
None comes out for whatever is unusual, which is then laid out the plain way. It
decides nothing about what is masked: the same rooms read headers, bodies and URL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from wsgi_writer.envelope import auth_member, caller_member
from wsgi_writer.headers import REMEMBERED_PLANS, HeaderBlock, Plan
from wsgi_writer.mask import REMEMBERED_LENGTH, REMEMBERED_VALUES, Masks, Remembered
from wsgi_writer.outcome import parse_status
from wsgi_writer.proxies import Origin, TrustedProxies, peer_address
from wsgi_writer.record import (
    CHECKSUM_BYTES,
    COUNTERS_BYTES,
    Encoder,
    as_utf8,
    with_checksum,
)
from wsgi_writer.request import CGI_HEADERS, header_name, read_origin, read_target

if TYPE_CHECKING:
    from wsgi_writer.capture import Prefix
    from wsgi_writer.recorder import Recorder, Verdict

ROUTE: Final = "wsgi_writer.route"

_NS_PER_MS: Final = 1_000_000
_WITHHELD: Final = ',"notes":["body-withheld"]'
_OPEN: Final = ',"open":true'
# All of an environment that method, version, URL and query are read from.
_LINE: Final = ("REQUEST_METHOD", "SERVER_PROTOCOL", "wsgi.url_scheme")
_TARGET: Final = (
    "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME", "PATH_INFO",
    "QUERY_STRING", "RAW_URI", "REQUEST_URI",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the headers of an environment are found and laid out."""

    plan: Plan
    values: Callable[[Mapping[str, Any]], Iterable[str]]


@dataclass(slots=True)
class _Frame:
    """What surrounds the headers and bodies of one request line and one status.

    `client` is empty if it is the peer. Built once per request at worst, hence not
    frozen.
    """

    client: str
    request: str
    query: str
    response: str
    keys: Mapping[str, str]


class Express:
    """Lays out the records of usual exchanges under one set of masks.

    Args:
        masks: What may not reach the line in clear.
        proxies: The peers whose forwarding headers are believed.
        max_body_bytes: How much of each body a record keeps.
        max_record_bytes: How large a record may be.
    """

    def __init__(
        self,
        masks: Masks,
        proxies: TrustedProxies,
        *,
        max_body_bytes: int,
        max_record_bytes: int,
    ) -> None:
        # Mutable state: memories of pure functions, which any thread may fill.
        self._encoder = masks.derived(Encoder)
        self._proxies = proxies
        self._has_proxies = bool(proxies)
        self._limit = max_body_bytes
        self._room = max_record_bytes - COUNTERS_BYTES - CHECKSUM_BYTES
        self._frames: dict[tuple[object, ...], _Frame] = {}
        self._shapes: dict[tuple[object, ...], _Shape] = {}
        self._auths: dict[tuple[object, ...], str] = {}
        self._peers = Remembered(peer_address)

    def line(
        self, recorder: Recorder, received: Mapping[str, Any], verdict: Verdict
    ) -> tuple[bytes, bytes] | None:
        """Return head and tail of the line, or None to have it laid out plainly.

        Raises:
            Exception: Of any kind, if server or application gave what is no text.
        """
        status = recorder.status
        sent, answer = recorder.request_body.prefix, recorder.response_body
        sent_size, size = sent.size, answer.size
        if (
            type(status) is not str
            or not recorder.is_complete
            or recorder.has_failed
            or recorder.is_file
            or recorder.is_unclosed
            or verdict.has_failed
            # The application may have left a part of the request unread.
            or (received.get("CONTENT_LENGTH") or str(sent_size)) != str(sent_size)
            or "HTTP_TRANSFER_ENCODING" in received
        ):
            return None
        encoder = self._encoder
        frame = self._frame(status, received)
        given = encoder.headers.lay_out(recorder.headers)
        asked = self._asked(received)
        texts = encoder.bodies.texts.both(asked, sent, given, answer, self._limit)
        if texts is not None:
            post_data, content = texts
            marks = ""
        else:
            post_data, content, marks = self._bodies(asked, sent, given, answer)
        caller = verdict.caller
        route = recorder.environ.get(ROUTE)
        begun_ns, ended_ns = recorder.begun_ns, recorder.ended_ns
        time = (ended_ns - begun_ns) // _NS_PER_MS
        wait = ((recorder.first_byte_ns or ended_ns) - begun_ns) // _NS_PER_MS
        if wait > time:
            return None
        client = self._peers[frame.client or received.get("REMOTE_ADDR") or ""]
        head = f'{{"v":1,"id":"{recorder.id}"'.encode("ascii")
        front = (
            f',"client":{quoted(client)}'
            f"{caller_member(caller) if caller is not None else ''}"
            f"{self._auth(asked, frame.keys)}"
            f'{marks},"entry":{{'
            f"{encoder.pageref(route) if route and isinstance(route, str) else ''}"
            f'"startedDateTime":"{encoder.stamp(recorder.started_ns)}","time":{time},'
            f"{frame.request}{asked.json}{frame.query}"
        )
        middle = (
            f',"headersSize":-1,"bodySize":{sent_size}}},'
            f'{frame.response}{given.json},"content":'
        )
        end = (
            f',"redirectURL":{quoted(given.location)},"headersSize":-1,'
            f'"bodySize":{size}}},"cache":{{}},'
            f'"timings":{{"send":0,"wait":{wait},"receive":{time - wait}}}}}}}\n'
        )
        if front.isascii() and middle.isascii() and end.isascii():
            tail = f"{front}{post_data}{middle}{content}{end}".encode("latin-1")
        else:
            bodies = (post_data.encode("latin-1"), content.encode("latin-1"))
            tail = b"".join(
                (as_utf8(front), bodies[0], as_utf8(middle), bodies[1], as_utf8(end))
            )
        if len(head) + len(tail) > self._room:
            return None
        return with_checksum(head, tail), tail

    def _bodies(
        self, asked: HeaderBlock, sent: Prefix, given: HeaderBlock, answer: Prefix
    ) -> tuple[str, str, str]:
        """Return both bodies and, last, what the record has to say about them.

        Each character is one byte of the line, as with `PlainTexts.both`.
        """
        bodies, limit = self._encoder.bodies, self._limit
        request = bodies.request(
            sent.content, sent.size, asked.content_type, asked.content_encoding, limit
        )
        response = bodies.response(
            answer.content,
            answer.size,
            given.content_type,
            given.content_encoding,
            limit,
        )
        is_withheld = request.is_withheld or response.is_withheld
        marks = _WITHHELD if is_withheld else ""
        if request.is_open or response.is_open:
            marks += _OPEN
        post_data, content = as_utf8(request.json), as_utf8(response.json)
        return post_data.decode("latin-1"), content.decode("latin-1"), marks

    def _frame(self, status: str, received: Mapping[str, Any]) -> _Frame:
        """Return what surrounds headers and bodies; most targets come again."""
        if self._has_proxies:
            origin = self._proxies.resolve(received, read_origin(received))
            return self._built(status, received, origin, origin.client)
        get = received.get
        host, target = get("HTTP_HOST"), get("RAW_URI") or get("REQUEST_URI")
        # With these two, the rest of what a target can be made of does not matter.
        key = (
            (status, host, target, *map(get, _LINE))
            if host and target
            else (status, *map(get, _LINE), *map(get, _TARGET))
        )
        frame = self._frames.get(key)
        if frame is None:
            frame = self._built(status, received, read_origin(received), "")
            if len(frame.request) + len(frame.query) <= REMEMBERED_LENGTH:
                if len(self._frames) >= REMEMBERED_VALUES:
                    self._frames.clear()
                self._frames[key] = frame
        return frame

    def _built(
        self, status: str, received: Mapping[str, Any], origin: Origin, client: str
    ) -> _Frame:
        code, reason = parse_status(status)
        method = quoted(received.get("REQUEST_METHOD") or "GET")
        version = quoted(received.get("SERVER_PROTOCOL") or "HTTP/1.1")
        target = self._encoder.targets[
            f"{origin.scheme}://{origin.host}\n{read_target(received)}"
        ]
        return _Frame(
            client,
            f'"request":{{"method":{method},"url":{target.url},'
            f'"httpVersion":{version},"cookies":[],"headers":',
            f',"queryString":{target.query}',
            f'"response":{{"status":{code:d},"statusText":{quoted(reason)},'
            f'"httpVersion":{version},"cookies":[],"headers":',
            target.keys,
        )

    def _asked(self, received: Mapping[str, Any]) -> HeaderBlock:
        """Lay out the request's headers, as `HeaderReader` and `HeaderMask` do."""
        # A server may write "" where the client sent neither of the two.
        shape = (
            not received.get("CONTENT_TYPE"),
            not received.get("CONTENT_LENGTH"),
            *received,
        )
        found = self._shapes.get(shape)
        if found is None:
            found = self._learn(received)
            # Clients choose the names: remember a bounded number, and no long ones.
            if sum(map(len, received)) <= REMEMBERED_LENGTH:
                if len(self._shapes) >= REMEMBERED_PLANS:
                    self._shapes.clear()
                self._shapes[shape] = found
        return found.plan.lay_out(list(found.values(received)))

    def _learn(self, received: Mapping[str, Any]) -> _Shape:
        names = {key: name for key in received if (name := header_name(key))}
        names |= {key: name for key, name in CGI_HEADERS if received.get(key)}
        keys = tuple(names)
        # Of one key an itemgetter returns the value alone.
        values = (
            itemgetter(*keys)
            if len(keys) > 1
            else lambda environ: [environ[key] for key in keys]
        )
        return _Shape(self._encoder.headers.plan(names.values()), values)

    def _auth(self, asked: HeaderBlock, query: Mapping[str, str]) -> str:
        """Return the `auth` member; the same few keys come again and again."""
        credential = asked.authorization
        if asked.cookies or query:
            return auth_member(asked, query)
        if not asked.keys:
            return credential.record if credential is not None else ""
        said = credential.record if credential is not None else None
        known = (said, *asked.keys.items())
        member = self._auths.get(known)
        if member is None:
            member = auth_member(asked, query)
            if len(self._auths) >= REMEMBERED_VALUES:
                self._auths.clear()
            self._auths[known] = member
        return member
