"""The receiver's HTTP side: a threaded server on loopback that speaks ReadMe's part.

``POST /v1/request`` with Basic auth and a JSON array is answered 202 when every
log object has what the contract requires, 400 with reasons otherwise. It can be
told to misbehave (`faults`). It listens on 127.0.0.1 and nowhere else: what it
gets are real API logs, and it has no TLS.
"""

from __future__ import annotations

import errno
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from shipper.errors import EXIT_CANNOT_CREATE, ShipperError
from shipper.receiver.faults import Faults
from shipper.receiver.handler import PATH, RESET_ON_CLOSE, Handler
from shipper.receiver.keeping import Counts, Keeper, Request

HOST = "127.0.0.1"


class ReceiverError(ShipperError):
    """The receiver cannot listen."""

    exit_code = EXIT_CANNOT_CREATE


class Receiver:
    """The embedded receiver.

    Args:
        port: The port, or 0 for any free one.
        store: Directory for what comes, or None to keep nothing.
        api_key: The only key that is accepted; None accepts any that is well formed.
        faults: How to misbehave.
        on_request: Told of every request, from the thread that answered it.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        store: str | Path | None = None,
        api_key: str | None = None,
        faults: Faults | None = None,
        on_request: Callable[[Request], None] | None = None,
    ) -> None:
        # Mutable state: the server and its thread, from `start` to `stop`; the
        # handlers' threads share the keeper and the count of requests.
        self.api_key = api_key
        self.faults = faults or Faults()
        self.on_request = on_request
        self.keeper = Keeper(Path(store) if store is not None else None)
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._number = 0
        try:
            self._server = _Server((HOST, port), self)
        except (OSError, OverflowError) as error:
            self.keeper.close()
            raise _cannot_listen(port, error) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="receiver",
            daemon=True,
        )

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://{HOST}:{self._server.server_port}{PATH}"

    @property
    def counts(self) -> Counts:
        """The sums so far."""
        return self.keeper.counts

    def start(self) -> None:
        """Begin to answer, in threads of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and both files."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.cut_connections()
        self.keeper.close()

    def next_number(self) -> int:
        """Return the number of a request that has just been read whole."""
        with self._lock:
            self._number += 1
            return self._number


def _cannot_listen(port: int, error: Exception) -> ReceiverError:
    number = getattr(error, "errno", None)
    why = getattr(error, "strerror", None) or str(error)
    hint = "is another receiver running? --port 0 takes any free port"
    if number == errno.EACCES:
        hint = "ports below 1024 belong to root; take a higher one"
    return ReceiverError(f"the receiver cannot listen: {HOST}:{port}: {why}", hint=hint)


class _Server(ThreadingHTTPServer):
    """Keeps its connections in hand, so that stopping does not wait for them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        # Mutable state, guarded by `_lock`: the open connections.
        self.host = receiver
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind; the parent would look up this host's name, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, and answer it in a thread of its own."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection and forget it."""
        with self._lock:
            self._connections.discard(request)
        linger = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        if linger == RESET_ON_CLOSE:
            self.close_request(request)  # an orderly end would go before the reset
        else:
            super().shutdown_request(request)

    def cut_connections(self) -> None:
        """End every thread that waits for its client."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; anything else is a bug, told."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
