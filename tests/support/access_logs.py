"""Access logs that another program writes and a shipper follows, and their ids."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shipper.adopt import record_id
from shipper.fileid import head_of
from tests.support.commands import SECONDS, Shop

BASE = 'base_url = "https://api.example.com"\nidentity = "client-ip"\n'


@dataclass(frozen=True)
class AccessShop(Shop):
    """A directory with an access log; `table` is what `[[source]]` says of it."""

    table: str = 'format = "combined"\n' + BASE

    @property
    def log(self) -> Path:
        """The active file of the log."""
        return self.directory / "logs/access.log"

    def configure(self, endpoint: str) -> None:
        """Write a configuration that sends to `endpoint`, every method too."""
        self.log.parent.mkdir(exist_ok=True)
        self.config.write_text(
            'state_dir = "state"\n'
            "poll_interval = 0.05\n"
            f'[[source]]\npaths = ["logs/access.log"]\n{self.table}'
            f'[readme]\nendpoint = "{endpoint}"\n'
            "[filter]\nskip_methods = []\n"
        )

    def append(self, *pieces: bytes) -> None:
        """Add bytes to the log, each piece with one write."""
        handle = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            for piece in pieces:
                os.write(handle, piece)
        finally:
            os.close(handle)

    def received(self) -> list[str]:
        """Return the ids of everything the receiver has kept, while it keeps more."""
        return [json.loads(line)["_id"] for line in self._kept().splitlines()]

    def await_received(self, count: int) -> None:
        """Wait until so many records have arrived."""
        self.await_fact(lambda: self._kept().count(b"\n") >= count)

    def _kept(self) -> bytes:
        logs = self.directory / "received/logs.jsonl"
        whole, newline, _ = (logs.read_bytes() if logs.exists() else b"").rpartition(
            b"\n"
        )
        return whole + newline

    def await_fact(self, is_so: Callable[[], bool]) -> None:
        """Wait for what another process makes true."""
        deadline = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < deadline
            os.sched_yield()

    def audited(self) -> dict[str, int]:
        """Return what `shipper audit` counts; fails unless it is exact."""
        done = self.shipper("audit", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        lines: dict[str, int] = json.loads(done.stdout)["lines"]
        return lines


def combined(number: int) -> bytes:
    """Return one line of nginx, with its newline."""
    return (
        b"203.0.113.%d - - [23/Nov/2026:12:%02d:%02d +0000] "
        b'"GET /owls/%d?page=2 HTTP/1.1" 200 512 "-" "owl/1.0"\n'
    ) % (number % 250 + 1, number // 60 % 60, number % 60, number)


def ids_of(
    stream: bytes, *, is_read: Callable[[bytes], bool] = lambda line: bool(line.strip())
) -> list[str]:
    """Return the ids that the lines of a file have by the rule, live or not.

    Args:
        stream: The whole file, unpacked.
        is_read: Which lines become records.
    """
    digest = head_of(stream).digest
    ids, place = [], 0
    for line in stream.split(b"\n")[:-1]:
        if is_read(line):
            ids.append(record_id("", digest, place, line))
        place += len(line) + 1
    return ids
