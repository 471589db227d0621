"""A forward proxy on loopback: tunnels, may want credentials, remembers requests."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class ConnectProxy:
    """Answers CONNECT; joins every tunnel to one place, whatever was asked for.

    Args:
        target_port: The port on loopback that tunnels lead to.
        credentials: ``user:password`` that it wants, or None.
        status: Answered instead of opening a tunnel, or None.
    """

    def __init__(
        self,
        target_port: int,
        *,
        credentials: str | None = None,
        status: int | None = None,
    ) -> None:
        # Mutable state: what was asked for, appended by the threads, and sockets.
        self.asked: list[str] = []
        self._target_port = target_port
        self._wanted = None
        if credentials is not None:
            token = base64.b64encode(credentials.encode()).decode()
            self._wanted = f"Basic {token}"
        self._status = status
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = client.recv(1)
                if not byte:
                    return
                head += byte
            line, *fields = head.decode("latin-1").split("\r\n")
            self.asked.append(line)
            shown = dict(field.split(": ", 1) for field in fields if field)
            status = self._status
            if self._wanted not in (None, shown.get("Proxy-Authorization")):
                status = 407
            if status is not None:
                client.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
                return
            with socket.create_connection(("127.0.0.1", self._target_port)) as server:
                self._sockets.append(server)
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(
                    target=_pump, args=(server, client), daemon=True
                )
                back.start()
                _pump(client, server)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
