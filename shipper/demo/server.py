"""The demo's web server: `shop` inside `ExchangeWriter`, in a process of its own.

Usage: ``python -m shipper.demo.server LOG_FILE``. Prints its port as the first
line of stdout and serves until its stdin is closed, which also happens when
its parent dies.
"""

from __future__ import annotations

import io
import socketserver
import sys
import threading
from typing import TextIO
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from shipper.demo.shop import identify, shop
from wsgi_writer import ExchangeWriter

# Small, so that a few dozen requests show several rotated files.
MAX_FILE_BYTES = 24_000
MIN_FREE_BYTES = 1_000_000  # the demo leaves a nearly full disk as it is


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """One thread for each connection.

    They are waited for when the server is closed: a record is written once its
    response is on the wire, when the client may be gone already.
    """


class _QuietHandler(WSGIRequestHandler):
    """Leaves access log and tracebacks out; the record file is what is shown."""

    def get_stderr(self) -> TextIO:
        """Return where the server tells of the page that crashes on purpose."""
        return io.StringIO()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
        """Say nothing."""


def serve(log_file: str) -> None:
    """Serve until stdin ends."""
    app = ExchangeWriter(
        shop,
        log_file,
        identify=identify,
        base_log_url="https://docs.example.com",
        skip_paths=("/healthz",),
        max_bytes=MAX_FILE_BYTES,
        min_free_bytes=MIN_FREE_BYTES,
    )
    with _Server(("127.0.0.1", 0), _QuietHandler) as server:
        server.set_app(app)
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    serve(sys.argv[1])
