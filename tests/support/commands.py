"""The real command line in processes of its own, and a place for it to work in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipper.receiver.server import Receiver
from tests.support.exchanges import an_exchange, encoded

SECONDS = 150.0  # far above what any of these commands takes
KEY = "rdme_command_test"


@dataclass(frozen=True)
class Shop:
    """A directory with a log, a configuration and a state."""

    directory: Path

    @property
    def log(self) -> Path:
        """The active file of the log."""
        return self.directory / "exchanges.jsonl"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.directory / "config.toml"

    def configure(self, endpoint: str) -> None:
        """Write a configuration that sends to `endpoint`."""
        self.config.write_text(
            'state_dir = "state"\n'
            "poll_interval = 0.05\n"
            f'[[source]]\npaths = ["{self.log.name}"]\n'
            f'[readme]\nendpoint = "{endpoint}"\n'
        )

    def configure_more(self, text: str) -> None:
        """Add tables to the configuration."""
        with self.config.open("a") as file:
            file.write(text)

    def record(self, count: int) -> list[str]:
        """Append records to the log and return their ids."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        with self.log.open("ab") as file:
            file.writelines(encoded(an_exchange(id=name)) for name in ids)
        return ids

    def received(self) -> list[str]:
        """Return the ids of everything the receiver has kept."""
        logs = self.directory / "received/logs.jsonl"
        kept = logs.read_bytes() if logs.exists() else b""
        # What follows the last newline is being written just now.
        return [json.loads(line)["_id"] for line in kept.split(b"\n")[:-1]]

    @contextmanager
    def receiving(self, **options: Any) -> Iterator[Receiver]:
        """Run a receiver that keeps what it gets here, and send to it."""
        options.setdefault("api_key", KEY)
        receiver = Receiver(store=self.directory / "received", **options)
        receiver.start()
        try:
            self.configure(receiver.url)
            yield receiver
        finally:
            receiver.stop()

    def shipper(
        self, verb: str, *words: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that reads this configuration, to its end."""
        parts = verb.split()
        return shipper(*parts, "--config", str(self.config), *words, environ=environ)

    def sums(self) -> dict[str, int]:
        """Return what `shipper status` counts."""
        done = self.shipper("status", "--json")
        assert done.returncode == 0, done.stderr
        records: dict[str, int] = json.loads(done.stdout)["records"]
        return records

    def dead_letters(self) -> list[dict[str, Any]]:
        """Return what `shipper dead-letter list` lists."""
        done = self.shipper("dead-letter list", "--json")
        assert done.returncode == 0, done.stderr
        letters: list[dict[str, Any]] = json.loads(done.stdout)["letters"]
        return letters

    def payloads(self) -> list[str]:
        """Return the log objects that the receiver has kept, as text."""
        logs = self.directory / "received/logs.jsonl"
        return logs.read_text().splitlines() if logs.exists() else []


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a command: nothing of ours but the key."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SHIPPER_", "README_", "CREDENTIALS_"))
    }
    return {**kept, "README_API_KEY": KEY, **(more or {})}


def shipper(
    *words: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "shipper", *words],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment(environ),
        check=False,
    )


@contextmanager
def running(
    *words: str,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run the command beside the test; it is killed if it is still there after."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shipper", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(environ),
        cwd=cwd,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


def stop(
    process: subprocess.Popen[str], number: signal.Signals
) -> tuple[int, str, str]:
    """Send a signal and return exit code, stdout and stderr."""
    process.send_signal(number)
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def line_with(process: subprocess.Popen[str], text: str) -> str:
    """Read stderr until a line holds `text`; fails when the process ends first."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"the process ended without {text!r}")


def run_alone(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter that nobody measures: coverage imports much."""
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")},
    )
