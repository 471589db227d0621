"""A shop with several logs, for a shipper whose work is shared by processes.

Logs are `log-1.jsonl` and so on, all found by one pattern. What was written to which
is remembered; what arrived is read from the receiver's files.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipper.receiver.server import Receiver
from tests.support.commands import SECONDS, Shop, running
from tests.support.exchanges import an_exchange, encoded

_BORN = re.compile(r"worker_started: worker (\d+) .* process (\d+)")


@dataclass
class Yard:
    """Several logs in one directory, and one configuration for them.

    Attributes:
        ids: Of every record, by the number of its log, in the order written.
    """

    shop: Shop
    logs: int = 8
    workers: int = 2
    ids: dict[int, list[str]] = field(default_factory=dict)

    def log(self, number: int) -> Path:
        """Return the active file of a log."""
        return self.shop.directory / f"log-{number}.jsonl"

    def write(self, count: int) -> None:
        """Append so many records to each log."""
        for number in range(self.logs):
            self.write_to(number, count)

    def write_to(self, number: int, count: int) -> None:
        """Append so many records to one log."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        self.ids.setdefault(number, []).extend(ids)
        with self.log(number).open("ab") as file:
            file.write(b"".join(encoded(an_exchange(id=name)) for name in ids))

    def rotate(self, number: int, stamp: int) -> None:
        """Rename the active file of a log, as the writer does."""
        log = self.log(number)
        if log.exists():
            os.rename(log, f"{log}.20261123T12{stamp:010d}Z")

    @property
    def written(self) -> set[str]:
        """The ids of all records."""
        return {name for ids in self.ids.values() for name in ids}

    @contextmanager
    def receiving(self, *, more: str = "", **options: Any) -> Iterator[Receiver]:
        """Run a receiver, and write a configuration that sends all logs to it."""
        with self.shop.receiving(**options) as receiver:
            self.configure(receiver.url, more)
            yield receiver

    def configure(self, endpoint: str, more: str = "") -> None:
        """Write the configuration."""
        self.shop.config.write_text(
            'state_dir = "state"\npoll_interval = 0.05\n'
            '[[source]]\npaths = ["log-*.jsonl"]\n'
            f'[readme]\nendpoint = "{endpoint}"\n'
            f"[batch]\nworkers = {self.workers}\nmax_records = 5\n"
            f"buffer_length = 5\nflush_interval = 0.05\n{more}"
        )

    def await_received(self, count: int) -> None:
        """Wait until so many different records have arrived."""
        end = time.monotonic() + SECONDS
        while len(set(self.shop.received())) < count:
            assert time.monotonic() < end, f"only {len(self.shop.received())} came"
            time.sleep(0.02)  # a receiver tells nobody of what it takes

    def copies(self) -> int:
        """Return how many records arrived beyond the first time."""
        return sum(times - 1 for times in Counter(self.shop.received()).values())

    def audit(self) -> dict[str, Any]:
        """Count again, and return the result with the exit code in it."""
        done = self.shop.shipper("audit", "--json")
        result: dict[str, Any] = json.loads(done.stdout)
        return {**result, "code": done.returncode}


class Crewed:
    """A daemon with workers, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        # Mutable state: the process ids of workers by number, the newest of each.
        self.process = process
        self.pids: dict[int, int] = {}

    def await_workers(self, count: int) -> None:
        """Read on until so many more workers have been started."""
        for _ in range(count):
            found = self.await_line("worker_started")
            match = _BORN.search(found)
            assert match is not None, found
            self.pids[int(match[1])] = int(match[2])

    def await_line(self, text: str) -> str:
        """Read stderr until a line holds `text`."""
        assert self.process.stderr is not None
        said: list[str] = []
        for line in self.process.stderr:
            said.append(line)
            if text in line:
                return line
        raise AssertionError(f"the process ended without {text!r}: {said}")

    def kill(self, number: int) -> None:
        """Kill the worker of this number, as the kernel does when memory is short."""
        os.kill(self.pids[number], signal.SIGKILL)


@contextmanager
def crewed(yard: Yard) -> Iterator[Crewed]:
    """Run a daemon over a yard for the time of the block, its workers started."""
    with running("run", "--config", str(yard.shop.config)) as process:
        crew = Crewed(process)
        crew.await_workers(yard.workers)
        yield crew


def is_alive(pid: int) -> bool:
    """Return True while there is such a process that is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def await_death(pid: int) -> None:
    """Wait until a process is gone."""
    end = time.monotonic() + SECONDS
    while is_alive(pid):
        assert time.monotonic() < end, f"process {pid} lives on"
        time.sleep(0.02)
