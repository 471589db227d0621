"""One connection to the endpoint: a POST goes out, an `Answer` comes back.

A channel belongs to one thread and keeps its connection alive between POSTs;
`abort` alone may be called from another. It is driven through the pool that
requests' adapter has set up, because `Session.post` costs twice the CPU. No
redirect is followed; nothing waits longer than its time-out says.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

SWITCHING_PROTOCOLS = 101  # the one 1xx behind which no answer follows
MAX_ANSWER_BYTES = 65_536  # an answer is a few words; the rest is never read
FAILURES = (HTTPError, HTTPException, OSError)  # all that a POST may raise


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` holds at most `MAX_ANSWER_BYTES`."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Progress:
    """How far the current POST has come; written by the connection.

    Attributes:
        answer_seconds: How long the body, and then the answer, may take.
        is_fresh: The connection was opened for this POST.
        is_connected: There is a connection to send on, TLS included.
        is_sent: The last byte of the body was handed to the kernel.
        is_aborted: Somebody has cut the connection on purpose.
        is_handshake: The connection is opened, and nothing is to be sent on it.
        certificate: What the other side has shown of itself, in DER, or nothing.
        tls: The version of TLS that is spoken, such as ``TLSv1.3``, or nothing.
        sock: What the body went out on; the connection forgets its socket while
            an answer that ends with the connection is still being read.
    """

    answer_seconds: float
    is_fresh: bool = False
    is_connected: bool = False
    is_sent: bool = False
    is_aborted: bool = False
    is_handshake: bool = False
    certificate: bytes = b""
    tls: str = ""
    sock: object = None


class _HandshakeDone(Exception):  # noqa: N818 - it ends an attempt, and is no error
    """The connection stands, and nothing more was wanted."""


class Channel:
    """Carries one POST at a time.

    Args:
        pool: Where connections come from; made for this channel alone.
        target: What stands in the request line.
        headers: Sent with every POST.
        connect_seconds: How long each step of connecting may take.

    Attributes:
        progress: How far the last POST has come.
        was_stale: The last POST failed because an old connection broke before any
            answer. A server may close an idle connection just as we begin to use it;
            the next POST opens a new one.
    """

    def __init__(
        self,
        pool: HTTPConnectionPool,
        *,
        target: str,
        headers: Mapping[str, str],
        connect_seconds: float,
    ) -> None:
        # Mutable state, touched by the owning thread: the last connection, the
        # progress of the last POST and whether it met an old connection's end.
        # `abort` reads the first and marks the second.
        self._pool = pool
        self._target = target
        self._headers = dict(headers)
        self._connect_seconds = connect_seconds
        self._connection: _Connection | None = None
        self.progress = Progress(0.0)
        self.was_stale = False
        pool.ConnectionCls = self._connection_to  # type: ignore[assignment]  # called only

    def post(self, body: bytes, *, answer_seconds: float) -> Answer:
        """Send `body` and return what came back.

        Raises:
            OSError, HTTPException, HTTPError: Nobody answered (`FAILURES`).
        """
        self.progress = Progress(answer_seconds)
        self.was_stale = False
        try:
            return self._exchange("POST", body)
        except FAILURES as error:
            progress = self.progress
            self.was_stale = not (progress.is_fresh or progress.is_aborted) and (
                _is_break(error)
            )
            raise

    def get(self, *, answer_seconds: float) -> Answer:
        """Ask for the URL and return what came back.

        Raises:
            OSError, HTTPException, HTTPError: Nobody answered (`FAILURES`).
        """
        self.progress = Progress(answer_seconds)
        return self._exchange("GET", None)

    def shake_hands(self) -> None:
        """Open a connection and send nothing; `progress` says who is there.

        Raises:
            OSError, HTTPException, HTTPError: There is no connection (`FAILURES`).
        """
        self.progress = Progress(self._connect_seconds, is_handshake=True)
        with suppress(_HandshakeDone):
            self._exchange("GET", None)

    def abort(self) -> None:
        """Cut the connection under a POST, from another thread.

        Has no effect on a name that is looked up or a socket that is connecting, but
        nothing is sent then; call it again until the POST has ended.
        """
        progress, connection = self.progress, self._connection
        progress.is_aborted = True
        _cut(progress.sock)
        if connection is not None:
            _cut(connection.sock)  # still in a tunnel's or TLS's opening words

    def hang_up(self) -> None:
        """Close the connection; the next POST opens another."""
        if self._connection is not None:
            self._connection.close()

    def close(self) -> None:
        """Close the connection, for good."""
        self._pool.close()

    def _exchange(self, method: str, body: bytes | None) -> Answer:
        if self._connection is not None:
            self._connection.progress = self.progress
        response = self._pool.urlopen(
            method,
            self._target,
            body=body,
            headers=self._headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(
                connect=self._connect_seconds, read=self.progress.answer_seconds
            ),
            preload_content=False,
            decode_content=False,
            enforce_content_length=True,
        )
        content = self._read(response)
        return Answer(response.status, response.headers, content)

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """Read the body and leave the connection ready, or closed.

        Only a success must be whole, since it may carry errors; otherwise the
        status decides, and the body merely adds words.
        """
        is_success = 200 <= response.status < 300
        try:
            content = _beginning_of(response)
        except FAILURES:
            self._give_up(response)
            if is_success:
                raise
            return b""
        has_ended = len(content) < MAX_ANSWER_BYTES
        # A body that ends with its connection looks whole when we cut it.
        is_cut = self.progress.is_aborted or bool(response.length_remaining)
        # What follows a change of protocols, an unread rest or a body we could not
        # send would be taken for the answer to the next POST.
        if (
            has_ended
            and not is_cut
            and self.progress.is_sent
            and response.status >= 200
        ):
            response.release_conn()
            return content
        self._give_up(response)
        if is_success and has_ended and is_cut:
            raise IncompleteRead(content)
        return content

    def _give_up(self, response: BaseHTTPResponse) -> None:
        response.close()
        # The pool takes a connection back as soon as a body has ended, so that
        # closing the response alone would leave it in use.
        self.hang_up()

    def _connection_to(self, **options: Any) -> _Connection:  # as the pool builds it
        is_tls = isinstance(self._pool, HTTPSConnectionPool)
        kind = _TlsConnection if is_tls else _Connection
        self._connection = kind(**options)
        self._connection.progress = self.progress
        return self._connection


class _FinalResponse(HTTPResponse):
    """An answer, without those of 1xx that may precede it (RFC 9110, section 15.2).

    The parent passes over 100 alone, and any other would be taken for the answer.
    """

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != SWITCHING_PROTOCOLS:
            self.headers = None  # type: ignore[assignment]  # to the parent: not begun
            super().begin()


class _Connection(HTTPConnection):
    """A connection that tells how far it has come."""

    response_class = _FinalResponse
    progress: Progress

    def connect(self) -> None:
        self.progress.is_fresh = True
        super().connect()

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is None:
            self.connect()
        # Cut while there was nothing to cut yet: whoever did so has given it up, and
        # would take even a success for none.
        if self.progress.is_aborted:
            raise TimeoutError
        self.progress.is_connected = True
        self.progress.sock = self.sock
        if self.progress.is_handshake:
            raise _HandshakeDone
        # Otherwise a slow uplink would have to take the whole body within the
        # time-out meant for connecting.
        self.timeout = self.progress.answer_seconds
        self.sock.settimeout(self.timeout)
        super().request(*args, **options)
        self.progress.is_sent = True


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:
        super().connect()
        sock: Any = self.sock  # TLS within TLS is no SSLSocket, and answers the same
        self.progress.certificate = sock.getpeercert(binary_form=True) or b""
        self.progress.tls = sock.version() or ""


def _beginning_of(response: BaseHTTPResponse) -> bytes:
    try:
        return response.read(MAX_ANSWER_BYTES)
    except ValueError as error:  # the parent tries to read a chunk of -5 bytes
        raise HTTPException("a chunk has a negative size") from error


def _cut(sock: object) -> None:
    sock = getattr(sock, "socket", sock)  # TLS within TLS is no socket itself
    if isinstance(sock, socket.socket):
        with suppress(OSError):
            # Not SSLSocket.shutdown: it forgets the TLS state first, and the
            # other thread could then write the body in clear.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and everything it was raised for, outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        # urllib3 keeps the first cause in any of these places.
        waiting += [one.__cause__, one.__context__, *one.args]


def _is_break(error: BaseException) -> bool:
    """Return whether the other side has closed the connection."""
    chain = tuple(chain_of(error))
    if any(isinstance(one, TimeoutError) for one in chain):
        return False
    return any(isinstance(one, ConnectionError | ssl.SSLEOFError) for one in chain)
