"""One worker of a web server, as the soak runs it: requests at a steady pace.

The application is recorded through `ExchangeWriter`, its public door. The worker
serves until SIGTERM, or until it is killed.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable
from typing import Any

from tests.support.wsgi import an_environ, serve
from wsgi_writer import ExchangeWriter

STATUSES = ("200 OK", "201 Created", "404 Not Found", "500 Internal Server Error")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with a body of 100 to 2,000 bytes, not only ASCII."""
    number = int(environ["PATH_INFO"].rpartition("/")[2])
    start_response(STATUSES[number % 4], [("Content-Type", "text/plain")])
    return [("grün " * (17 + number % 317)).encode()]


def main() -> None:
    """Serve: LOG, ROTATE_BYTES, REQUESTS_PER_SECOND."""
    log, rotate_bytes, rate = sys.argv[1:]
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    writer = ExchangeWriter(
        application,
        log,
        max_bytes=int(rotate_bytes),
        min_free_bytes=0,
        # Every one that is dropped is one less to lose.
        lock_timeout=5.0,
    )
    number = 0
    while not stopping.wait(1 / float(rate)):
        number += 1
        serve(writer, an_environ(f"/owls/{number}", "POST", body=b"x" * 50))
    writer.close()


if __name__ == "__main__":
    main()
