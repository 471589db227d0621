"""The slow sink: it knows every record by its id, and when it came.

It says what was lost or repeated and how long a record took, and can stand for a
receiver far away by answering late. It runs in threads of the measuring program, whose
processor time counts for nobody.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_ID = re.compile(rb'"_?id" ?: ?"([0-9a-f]{8}-[0-9a-f-]{27})"')


class Witness:
    """A server on 127.0.0.1 that answers 202 after `delay_seconds`."""

    def __init__(
        self,
        *,
        delay_seconds: float = 0.0,
        keeps_ids: bool = True,
        on_body: Callable[[], None] = lambda: None,
    ) -> None:
        # Written by the server's threads under the lock, read when they are at rest.
        self._lock = threading.Lock()
        self.arrived: dict[bytes, float] = {}  # id: time.monotonic() of the first
        self.counts: dict[bytes, int] = {}
        self.requests = 0
        self.bytes = 0
        self.last = 0.0
        witness = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            rbufsize = 1 << 18

            def do_GET(self) -> None:
                self._answer(200)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                witness.note(body, time.monotonic(), keeps_ids=keeps_ids)
                on_body()
                time.sleep(delay_seconds)
                self._answer(200 if self.path == "/_bulk" else 202)

            def _answer(self, status: int) -> None:
                text = b'{"errors":false,"items":[]}' if status == 200 else b""
                self.wfile.write(
                    b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (status, len(text), text)
                )

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def note(self, body: bytes, moment: float, *, keeps_ids: bool) -> None:
        """Note one body that has been read to its end."""
        with self._lock:
            self.requests += 1
            self.bytes += len(body)
            self.last = time.time()
            if keeps_ids:
                for match in _ID.finditer(body):
                    self.arrived.setdefault(match[1], moment)
                    self.counts[match[1]] = self.counts.get(match[1], 0) + 1

    def missing(self, ids: Iterable[bytes]) -> int:
        """Return how many of `ids` never came."""
        return sum(1 for one in ids if one not in self.counts)

    def repeated(self, ids: Iterable[bytes]) -> int:
        """Return how many of `ids` came more than once."""
        return sum(1 for one in ids if self.counts.get(one, 0) > 1)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up has been ended by us."""


def ids_of(log: Path) -> list[bytes]:
    """Return the ids of a log of ours, in order."""
    ids = []
    with log.open("rb") as file:
        for line in file:
            found = _ID.search(line)
            assert found is not None
            ids.append(found[1])
    return ids
