"""A scripted HTTP server on loopback: every request meets the next move."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

PATIENCE_SECONDS = 20.0  # for whatever must happen in a test


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole and at once.

    Attributes:
        after: Waited for before the answer; None answers at once.
        is_last: The connection is closed behind the answer, unannounced.
        drip: From where on one byte is sent at a time, while anybody reads.
    """

    status: int = 202
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    is_chunked: bool = False
    is_last: bool = False
    is_sized: bool = True
    drip: Literal["head", "body"] | None = None
    after: threading.Event | None = None

    def on_the_wire(self) -> bytes:
        """Return the bytes of the answer."""
        lines = [f"HTTP/1.1 {self.status} Whatever"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Type: {self.content_type}")
        body = self.body
        if self.is_chunked:
            lines.append("Transfer-Encoding: chunked")
            middle = len(body) // 2
            parts = [part for part in (body[:middle], body[middle:]) if part]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
            body += b"0\r\n\r\n"
        elif self.is_sized:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Reset:
    """Send some bytes of an answer, then reset the connection."""

    first: bytes = b"HTTP/1.1 202 Acc"


@dataclass(frozen=True, slots=True)
class Raw:
    """Send these bytes, then close: also how an answer is lost (no bytes)."""

    content: bytes = b""
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class Silence:
    """Never answer."""


Move = Reply | Reset | Raw | Silence


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came.

    Attributes:
        connection: The number of the connection it came on, from 1.
        headers: Names in lower case.
    """

    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class LoopbackServer:
    """Answers requests from a script; after its end, with `Reply()`.

    Args:
        script: The moves, one a request in order of arrival.
        tls: Speaks TLS when given.
    """

    script: Iterable[Move] = ()
    tls: ssl.SSLContext | None = None
    # Mutable state, guarded by `_lock`: what is left of the script, what was
    # heard, and the open connections.
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._moves = list(self.script)
        self._lock = threading.Condition()
        self._connections: list[socket.socket] = []
        self._accepted = 0
        self._stopping = threading.Event()
        self.dripping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to post to."""
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/v1/request"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def await_heard(self, count: int) -> None:
        """Wait until `count` requests have been read whole."""
        with self._lock:
            assert self._lock.wait_for(
                lambda: len(self.heard) >= count, PATIENCE_SECONDS
            )

    def await_closed(self, count: int) -> None:
        """Wait until at least `count` connections are over."""
        with self._lock:
            assert self._lock.wait_for(
                lambda: self._accepted - len(self._connections) >= count,
                PATIENCE_SECONDS,
            )

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._accepted += 1
                number = self._accepted
                self._connections.append(connection)
            threading.Thread(
                target=self._serve, args=(connection, number), daemon=True
            ).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        peer = connection
        try:
            if self.tls is not None:
                peer = self.tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._connections[self._connections.index(connection)] = peer
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with peer.makefile("rb") as stream:
                while (heard := _read_request(stream, number)) is not None:
                    with self._lock:
                        self.heard.append(heard)
                        move = self._moves.pop(0) if self._moves else Reply()
                        self._lock.notify_all()
                    if not self._play(move, peer):
                        break
        except OSError:
            pass  # the other side went away, or did not trust us: its right
        finally:
            peer.close()
            with self._lock:
                self._connections = [c for c in self._connections if c is not peer]
                self._lock.notify_all()

    def _play(self, move: Move, peer: socket.socket) -> bool:
        """Play one move; False ends the connection."""
        match move:
            case Reply(after=after, is_last=is_last, drip=drip):
                if after is not None:
                    after.wait(PATIENCE_SECONDS)
                answer = move.on_the_wire()
                if drip is None:
                    peer.sendall(answer)
                    return not is_last and move.is_sized
                at_once = 1 if drip == "head" else answer.index(b"\r\n\r\n") + 5
                peer.sendall(answer[:at_once])
                self.dripping.set()
                for byte in answer[at_once:]:
                    if self._stopping.wait(0.05):
                        break
                    peer.sendall(bytes([byte]))
                return False
            case Reset(first):
                peer.sendall(first)
                linger = struct.pack("ii", 1, 0)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            case Raw(content, is_last):
                peer.sendall(content)
                return not is_last
            case Silence():
                self._stopping.wait(PATIENCE_SECONDS)
                return False


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def readline(self) -> bytes: ...


def _read_request(stream: _Stream, number: int) -> Heard | None:
    line = stream.readline().decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    headers: dict[str, str] = {}
    while field_line := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, text = field_line.partition(":")
        headers[name.lower()] = text.strip()
    size = int(headers.get("content-length", 0))
    body = stream.read(size)
    if len(body) < size:
        return None
    return Heard(number, line, headers, body)
