"""The fast sink: nginx on 127.0.0.1 that reads each body and answers 202.

An answer that is given before the body was read would flatter whoever sends it. So
the body is read to its end into memory, and only then is the answer fetched, without
the body, from a second server of the same process.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.process import Measured

CONFIGURATION = """
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/errors warn;
events {{ worker_connections 1024; }}
http {{
    log_format arrivals '$msec $status $request_length $request_method';
    client_max_body_size 0;
    client_body_buffer_size 16m;
    client_body_temp_path {directory}/bodies;
    proxy_temp_path {directory}/proxied;
    fastcgi_temp_path {directory}/unused1;
    uwsgi_temp_path {directory}/unused2;
    scgi_temp_path {directory}/unused3;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    upstream answers {{ server unix:{directory}/answers; keepalive 32; }}
    server {{
        listen 127.0.0.1:{port};
        access_log {directory}/arrivals arrivals;
        location / {{
            proxy_pass http://answers;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Connection "";
        }}
    }}
    server {{
        listen unix:{directory}/answers;
        access_log off;
        default_type application/json;
        location = /_bulk {{ return 200 '{{"errors":false,"items":[]}}'; }}
        location / {{ return 202; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What reached the sink since a mark."""

    requests: int
    bytes: int
    first: float  # seconds since 1970, 0 if nothing has
    last: float


class FastSink:
    """An nginx of our own; `close` ends it."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")
        place = memory if memory.is_dir() else None
        self._directory = Path(tempfile.mkdtemp(prefix="sink-", dir=place))
        self._directory.chmod(0o755)
        self.port = free_port()
        file = self._directory / "nginx.conf"
        file.write_text(CONFIGURATION.format(directory=self._directory, port=self.port))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [nginx, "-p", str(self._directory), "-c", str(file)]
        self._log = self._directory / "arrivals"
        self._process = Measured(command, self._directory)
        wait_until_listening(self.port)

    def mark(self) -> int:
        """Return where the log of arrivals ends now."""
        return os.path.getsize(self._log)

    def since(self, mark: int) -> Arrivals:
        """Return what has been delivered since `mark`."""
        requests, size, first, last = 0, 0, float("inf"), 0.0
        with self._log.open() as file:
            file.seek(mark)
            for line in file:
                moment, status, length, method = line.split()
                if method == "POST" and status in ("200", "202"):
                    requests += 1
                    size += int(length)
                    first = min(first, float(moment))
                    last = max(last, float(moment))
        return Arrivals(requests, size, min(first, last), last)

    def close(self) -> None:
        """End the server and remove its directory."""
        self._process.stop()
        shutil.rmtree(self._directory, ignore_errors=True)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(port: int, limit_seconds: float = 20) -> None:
    """Wait until a server answers at `port`.

    Raises:
        TimeoutError: None did.
    """
    end = time.monotonic() + limit_seconds
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            connection.close()
            return
    raise TimeoutError(f"nothing answers at port {port}")
