"""Real WSGI servers in processes of their own, and raw HTTP to talk to them with.

The listening socket is made here and inherited by the server, so there is no race
for a port and no waiting for readiness: a connection is queued until it is served.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.support.programs import require_program

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 20.0
T = TypeVar("T")

Command = Callable[[str, int], Sequence[str]]


def gunicorn(*options: str) -> Command:
    """Gunicorn with these options."""

    def command(module: str, descriptor: int) -> Sequence[str]:
        bind = ("--bind", f"fd://{descriptor}", "--log-level", "critical")
        name = f"{module}:application"
        return (sys.executable, "-m", "gunicorn", *bind, *options, name)

    return command


def launched(server: str) -> Command:
    """A server that `launch` runs."""

    def command(module: str, descriptor: int) -> Sequence[str]:
        launch = "tests.support.launch"
        return (sys.executable, "-m", launch, server, module, str(descriptor))

    return command


def uwsgi(module: str, descriptor: int) -> Sequence[str]:
    """Debian's uWSGI with its Python plugin, whose Python is the system's."""
    return (
        require_program("uwsgi"),
        "--plugin", "python3",
        "--pythonpath", str(ROOT),
        "--http-socket", f"fd://{descriptor}",
        "--master", "--processes", "1", "--need-app", "--die-on-term",
        "--disable-logging",
        "--module", f"{module}:application",
    )  # fmt: skip


SERVERS: dict[str, Command] = {
    "gunicorn-sync": gunicorn("--workers", "1"),
    "gunicorn-gthread": gunicorn("--worker-class", "gthread", "--threads", "4"),
    "gunicorn-gevent": gunicorn("--worker-class", "gevent"),
    "gunicorn-preload": gunicorn("--preload", "--workers", "1"),
    "waitress": launched("waitress"),
    "cheroot": launched("cheroot"),
    "pywsgi": launched("pywsgi"),
    "wsgiref": launched("wsgiref"),
    "uwsgi": uwsgi,
}


@contextlib.contextmanager
def running(
    command: Command,
    module: str,
    *,
    environ: Mapping[str, str] | None = None,
    errors: Path | None = None,
) -> Iterator[int]:
    """Run a server over an application module; gives its port.

    Args:
        command: Makes the command line.
        module: The module that holds `application`.
        environ: Added to the environment.
        errors: Where its standard error goes; nowhere by default.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.set_inheritable(True)
        # As servers do for sockets of their own: without it every second small
        # response waits 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port: int = listener.getsockname()[1]
        output = contextlib.nullcontext(subprocess.DEVNULL)
        with open(errors, "wb") if errors else output as stderr:
            process = subprocess.Popen(
                command(module, listener.fileno()),
                cwd=ROOT,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environ or {})},
                pass_fds=[listener.fileno()],
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
    try:
        yield port
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, by its id."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE_SECONDS / 4)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass
class Answer:
    """A response as it came over the wire, chunked coding undone."""

    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, if there is one."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


def ask(
    port: int,
    target: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    version: str = "HTTP/1.1",
) -> Answer:
    """Make one request on a connection of its own and read the answer to its end."""
    lines = {"Host": "api.example.com", "Connection": "close"} | dict(headers or {})
    if body and "Transfer-Encoding" not in lines:
        lines["Content-Length"] = str(len(body))
    head = f"{method} {target} {version}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with connected(port) as sock:
        sock.sendall(head.encode("latin-1") + b"\r\n" + body)
        return parsed(read_to_end(sock))


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection to a server on this machine."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as sock:
        yield sock


def read_to_end(sock: socket.socket) -> bytes:
    """Everything until the server closes; a reset ends it, too."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := sock.recv(65536):
            parts.append(part)
    return b"".join(parts)


def parsed(raw: bytes) -> Answer:
    """Take a raw response apart, interim responses left out."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    if " 100 " in f"{status} ":
        return parsed(body)
    pairs = [line.partition(":") for line in lines]
    answer = Answer(status, [(name, value.strip()) for name, _, value in pairs], body)
    if answer.header("Transfer-Encoding") == "chunked":
        answer.body = _unchunked(body)
    return answer


def awaited(
    look: Callable[[], T | None], what: str, *, seconds: float = PATIENCE_SECONDS
) -> T:
    """Look until there is something to see; fail after so long.

    Raises:
        TimeoutError: If it did not show.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.005)
    raise TimeoutError(what)


def _unchunked(body: bytes) -> bytes:
    content = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        content += rest[:length]
        body = rest[length + 2 :]
        if not length:
            break
    return content
