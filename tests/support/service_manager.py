"""The side of the service manager: a socket that hears what it is told."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

PATIENCE_SECONDS = 60.0  # far above what any message takes

_numbers = itertools.count()


class ServiceManager:
    """Listens where ``NOTIFY_SOCKET`` points.

    Attributes:
        address: The value of that variable.
        heard: Every message taken so far, its lines taken apart.
    """

    def __init__(self, directory: Path, kind: Literal["path", "abstract"]) -> None:
        # Mutable state: the socket and what came out of it.
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if kind == "path":
            self.address = str(directory / "notify")
            self._socket.bind(self.address)
        else:
            name = f"hartail-test-{os.getpid()}-{next(_numbers)}"
            self.address = f"@{name}"
            self._socket.bind(f"\0{name}")
        self.heard: list[dict[str, str]] = []

    @property
    def environ(self) -> dict[str, str]:
        """The variables that a service is started with."""
        return {"NOTIFY_SOCKET": self.address}

    def await_message(self, is_it: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Take messages until one is what was waited for."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (left := end - time.monotonic()) > 0:
            message = self._take(left)
            if message is not None and is_it(message):
                return message
        raise AssertionError(f"it was not said; heard: {self.heard}")

    def await_line(self, name: str, text: str = "") -> dict[str, str]:
        """Take messages until one has this line, holding `text`."""
        return self.await_message(
            lambda message: name in message and text in message[name]
        )

    def listen(self, seconds: float) -> list[dict[str, str]]:
        """Take whatever comes within `seconds`, and what has come before."""
        end = time.monotonic() + seconds
        taken: list[dict[str, str]] = []
        while True:
            message = self._take(max(0.001, end - time.monotonic()))
            if message is None and time.monotonic() >= end:
                return taken
            if message is not None:
                taken.append(message)

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def _take(self, seconds: float) -> dict[str, str] | None:
        self._socket.settimeout(seconds)
        try:
            content = self._socket.recv(65_536)
        except TimeoutError:
            return None
        lines = (line.partition("=") for line in content.decode().split("\n"))
        message = {name: value for name, _, value in lines}
        self.heard.append(message)
        return message


@contextmanager
def service_manager(
    directory: Path, kind: Literal["path", "abstract"] = "path"
) -> Iterator[ServiceManager]:
    """Listen for the time of the block."""
    manager = ServiceManager(directory, kind)
    try:
        yield manager
    finally:
        manager.close()
