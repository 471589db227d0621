"""A writer's spool seen from outside: records to write, clocks, disks that fail."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wsgi_writer.rotate import RotatingFile

NOON_NS = 1_795_435_200_000_000_000  # 2026-11-23T12:00:00Z
NOON_STAMP = "20261123T120000000000Z"


def a_record(size: int = 100, **fields: object) -> tuple[bytes, bytes]:
    """Return head and tail of a record of about `size` bytes."""
    head = f'{{"v":1,"id":"{uuid.uuid4()}"'.encode()
    extra = "".join(f',"{name}":{json.dumps(value)}' for name, value in fields.items())
    padding = "x" * max(0, size - len(head) - len(extra) - 60)
    return head, f'{extra},"entry":"{padding}"}}\n'.encode()


def rotated_files(path: Path) -> list[Path]:
    """Return the rotated siblings of `path`, packed ones too, oldest first."""
    return sorted(path.parent.glob(path.name + ".*"))


def spool_lines(path: Path) -> list[bytes]:
    """Return every line of the spool in write order, torn ones too.

    Each file is split by itself: a torn tail at the end of a rotated file is a line.
    """
    files = [*rotated_files(path), path]
    texts = [file.read_bytes() for file in files if file.exists()]
    return [line for text in texts for line in text.splitlines()]


def records_in(path: Path) -> list[dict[str, Any]]:
    """Return every record of the spool in write order; a bad line is an error."""
    assert not path.exists() or path.read_bytes()[-1:] in {b"", b"\n"}
    return [json.loads(line) for line in spool_lines(path)]


def numbers_in(path: Path) -> list[int]:
    """Return the third member of every record's `w`."""
    return [record["w"][2] for record in records_in(path)]


STOPPED_HOLDER = """
    import os, signal, sys
    from wsgi_writer.rotate import RotatingFile

    def stopped(fd, line):
        os.kill(os.getpid(), signal.SIGSTOP)
        return os.write(fd, line)

    writer = RotatingFile(sys.argv[1], min_free_bytes=0, os_write=stopped)
    assert writer.write(b'{"v":1,"id":"holder"', b',"entry":1}\\n')
    """


class WriterClock:
    """The two clocks of a writer; they move only when a test says so."""

    def __init__(self, wall_ns: int = NOON_NS) -> None:
        # Mutable: both presents, and what happens at the next look at the second.
        self.seconds = 1000.0
        self.nanoseconds = wall_ns
        self.on_wall_ns: Callable[[], object] | None = None

    def monotonic(self) -> float:
        """Return the present in seconds."""
        return self.seconds

    def wall_ns(self) -> int:
        """Return the present as the machine's clock tells it."""
        happening, self.on_wall_ns = self.on_wall_ns, None
        if happening is not None:
            happening()
        return self.nanoseconds

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self.seconds += seconds
        self.nanoseconds += int(seconds * 1e9)

    def step_wall(self, days: float) -> None:
        """Set the machine's clock forward or back."""
        self.nanoseconds += int(days * 86400 * 1e9)


@dataclass
class FailingDisk:
    """Stands for `os.write`: does what the next cue says, else writes.

    A cue is an errno to raise or a number of bytes at which the write ends short.
    """

    errors: list[int] = field(default_factory=list)
    short_writes: list[int] = field(default_factory=list)
    writes: int = 0

    def write(self, fd: int, line: bytes) -> int:
        """Write, fail or fall short."""
        self.writes += 1
        if self.errors:
            code = self.errors.pop(0)
            raise OSError(code, os.strerror(code))
        if self.short_writes:
            return os.write(fd, line[: self.short_writes.pop(0)])
        return os.write(fd, line)

    def fill(self, times: int = 1) -> None:
        """Let the next writes find the disk full."""
        self.errors += [errno.ENOSPC] * times


def run_script(script: str, *arguments: object, timeout: float = 30) -> str:
    """Run a Python script in a process of its own; returns what it printed."""
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def start_script(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python script whose standard streams are pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def a_writer(
    path: Path, clock: WriterClock | None = None, **options: Any
) -> RotatingFile:
    """Return a writer on a stopped clock that ignores the machine's free space."""
    clock = clock or WriterClock()
    options = {"min_free_bytes": 0} | options
    return RotatingFile(
        path, monotonic=clock.monotonic, wall_ns=clock.wall_ns, **options
    )


def start_stopped_holder(path: Path) -> subprocess.Popen[str]:
    """Return a process that was stopped with the lock held, before its write."""
    process = start_script(STOPPED_HOLDER, path)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    return process


def let_go(holder: subprocess.Popen[str]) -> None:
    """Let a stopped holder finish its write and end."""
    os.kill(holder.pid, signal.SIGCONT)
    holder.communicate(timeout=30)
    assert holder.returncode == 0


def is_open_on(fd: int, path: Path) -> bool:
    """Whether descriptor `fd` of this process is the file at `path`."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False


def total_bytes(directory: Path) -> int:
    """Return the sum of the sizes in a directory, at one moment.

    Files that come, go or are renamed while it is read would be counted twice, or
    beside those that took their place: then it is read again.
    """
    before, after = _sizes(directory), _sizes(directory)
    while before.keys() != after.keys():
        before, after = after, _sizes(directory)
    return sum(before.values())


def _sizes(directory: Path) -> dict[tuple[int, str], int]:
    """Return sizes by inode number and name, files that vanish left out."""
    sizes = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                facts = entry.stat()
                sizes[facts.st_ino, entry.name] = facts.st_size
    return sizes
