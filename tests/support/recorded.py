"""Exchanges that ran to their end before a journal, and the lines it wrote of them.

A request and what an application answers come in; out come a finished recorder, and
its line in memory. Bodies are kept up to `LIMIT` bytes.
"""

from __future__ import annotations

from typing import Any

from wsgi_writer.capture import RequestBody
from wsgi_writer.journal import Journal
from wsgi_writer.mask import Masks
from wsgi_writer.proxies import TrustedProxies
from wsgi_writer.recorder import Recorder

LIMIT = 64


class KeptLines:
    """A file that keeps its lines."""

    is_cooling = False

    def __init__(self) -> None:
        self.lines: list[tuple[bytes, bytes]] = []

    def count_dropped(self) -> None:
        """Fail: nothing is dropped here."""
        raise AssertionError("dropped")

    def write(self, head: bytes, tail: bytes) -> bool:
        """Keep a line."""
        self.lines.append((head, tail))
        return True

    def close(self) -> None:
        """There is nothing to close."""


class Exchanges:
    """A journal, and exchanges that were just recorded in it."""

    def __init__(self, peers: tuple[str, ...] = (), max_record_bytes: int = 0) -> None:
        self.file = KeptLines()
        self.journal = Journal(
            self.file,
            Masks(headers=("X-Token",), identity_cookies=("session",)),
            identify=None,
            logs_url=None,
            proxies=TrustedProxies(peers),
            max_body_bytes=LIMIT,
            max_record_bytes=max_record_bytes or 100_000,
        )

    def serve(
        self,
        environ: dict[str, Any],
        status: Any,
        headers: Any,
        answer: list[bytes],
        *,
        read: int = -1,
        is_cut: bool = False,
    ) -> Recorder:
        """Return an exchange that is over, cut if its client went away at once."""
        body = RequestBody(environ["wsgi.input"], LIMIT)
        recorder = Recorder(
            self.journal,
            environ,
            dict(environ),
            exchange_id="01234567-89ab-4cde-8fab-0123456789ab",
            server_start=lambda *_: lambda _: None,
            request_body=body,
            limit=LIMIT,
        )
        body.read(read)
        if status is not None:
            recorder.start_response(status, headers)
        result = recorder.returned(answer)
        for _ in result:
            if is_cut:
                break
        result.close()  # type: ignore[attr-defined] # a stand-in has it
        return recorder
