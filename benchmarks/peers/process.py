"""Run one program and measure what it took: processor time, memory, seconds.

Processor time is user and system time as wait4 reports it, with the children that
the program waited for. It is what to compare on a busy machine, where seconds are not.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def _environment() -> dict[str, str]:
    """Return our environment, but let Python keep compiled files as it does at home."""
    kept = dict(os.environ)
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


class Measured:
    """A program in a session of its own, with its figures once it has ended."""

    def __init__(
        self,
        command: Sequence[str],
        directory: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        # Changed by `sample` and `_reap`, in the thread that made the object.
        self.cpu_seconds = 0.0
        self.peak_bytes = 0
        self.exit_code: int | None = None
        self._output = (directory / "output.txt").open("wb")
        self.started = time.time()
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env={**_environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        atexit.register(self.stop, 3)

    def running_cpu_seconds(self) -> float:
        """Return the processor time of all threads so far, to the nanosecond."""
        total = 0
        for process in self._session():
            with contextlib.suppress(OSError):
                for thread in Path(f"/proc/{process}/task").iterdir():
                    with contextlib.suppress(OSError):
                        total += int((thread / "schedstat").read_text().split()[0])
        return total / 1e9

    def resident_bytes(self) -> int:
        """Return what is resident now."""
        return self._status("VmRSS")

    def sample(self) -> None:
        """Look at the high-water mark of memory; ru_maxrss may be the parent's."""
        self.peak_bytes = max(self.peak_bytes, self._status("VmHWM"))

    def has_ended(self) -> bool:
        """Return whether it has ended, and note its figures if so."""
        if self.exit_code is None:
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            if pid:
                self._reap(status, usage.ru_utime + usage.ru_stime)
        return self.exit_code is not None

    def wait(self, limit_seconds: float = 300) -> Measured:
        """Wait for its own end."""
        end = time.monotonic() + limit_seconds
        while not self.has_ended():
            if time.monotonic() > end:
                self.stop()
                raise TimeoutError(f"did not end: {self._process.args!r}")
            self.sample()
            time.sleep(0.02)
        return self

    def stop(self, grace_seconds: float = 10) -> Measured:
        """End it with SIGTERM, and with SIGKILL if that is not heard."""
        if self.has_ended():
            return self
        self.sample()
        os.kill(self._process.pid, signal.SIGTERM)
        end = time.monotonic() + grace_seconds
        while not self.has_ended() and time.monotonic() < end:
            time.sleep(0.02)
        if self.exit_code is None:
            for process in self._session():
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGKILL)
            _, status, usage = os.wait4(self._process.pid, 0)
            self._reap(status, usage.ru_utime + usage.ru_stime)
        return self

    def _reap(self, status: int, cpu_seconds: float) -> None:
        self.exit_code = os.waitstatus_to_exitcode(status)
        self._process.returncode = self.exit_code
        self.cpu_seconds = cpu_seconds
        self._output.close()

    def _status(self, name: str) -> int:
        total = 0
        for process in self._session():
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{process}/status").read_text()
                found = re.search(rf"{name}:\s+(\d+) kB", text)
                total += int(found[1]) * 1024 if found else 0
        return total

    def _session(self) -> list[int]:
        """Return its process and those of its children, by the session's id."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    if os.getsid(int(entry)) == self._process.pid:
                        found.append(int(entry))
        return found
