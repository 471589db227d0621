"""A disk, a file or a budget that is full."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.spool import (
    WriterClock,
    a_record,
    a_writer,
    records_in,
    start_script,
)

pytestmark = pytest.mark.chaos


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in an empty directory."""
    directory = tmp_path / "spool"
    directory.mkdir(mode=0o750)
    return directory / "exchanges.jsonl"


FILE_SIZE_LIMIT = """
    import resource, sys
    from wsgi_writer.rotate import RotatingFile

    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    writer = RotatingFile(sys.argv[1], min_free_bytes=0, cooldown=0)
    tail = b',"entry":"' + b"x" * 300 + b'"}\\n'
    results = [writer.write(b'{"v":1', tail) for _ in range(100)]
    sys.stdout.write(f"{results.count(True)} {results.count(False)}\\n")
    sys.stdout.flush()
    sys.stdin.readline()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert writer.write(b'{"v":1', tail)
    """


def test_file_size_limit_leaves_whole_lines_and_is_counted(path: Path) -> None:
    """RLIMIT_FSIZE: the process lives, no line is torn, the losses are told."""
    process = start_script(FILE_SIZE_LIMIT, path)
    output, _ = process.communicate("go\n", timeout=30)
    written, dropped = map(int, output.split())

    assert process.returncode == 0
    found = records_in(path)
    assert written + 1 == len(found)
    assert dropped > 50
    assert (dropped, 101) == (found[-1]["dropped"], found[-1]["w"][2])


def test_four_processes_on_a_full_disk_tear_no_line(path: Path) -> None:
    """Short writes of several processes are taken back, each by its own writer."""
    processes = [start_script(FILE_SIZE_LIMIT, path) for _ in range(4)]
    told = [process.stdout for process in processes]
    counts = [stream.readline().split() for stream in told if stream is not None]
    whole = len(records_in(path))
    for process in processes:
        process.communicate("go\n", timeout=30)

    assert [process.returncode for process in processes] == [0] * 4
    assert whole == sum(int(written) for written, _ in counts)
    assert whole + 4 == len(records_in(path))


def is_refused(command: list[str]) -> bool:
    """Whether a command fails."""
    return subprocess.run(command, check=False, capture_output=True).returncode != 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the root of a file system of one megabyte, where we may mount one."""
    target = tmp_path / "small"
    target.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(target)]
    if mount is None or is_refused(command):
        pytest.skip("cannot mount a file system here")
    yield target
    subprocess.run(["umount", "-l", str(target)], check=True)


def test_full_file_system_resumes_by_itself(small_disk: Path) -> None:
    """ENOSPC from a real file system: whole lines, then on as soon as there is room."""
    clock = WriterClock()
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 300_000)
    writer = a_writer(small_disk / "log", clock)
    written = 0
    while writer.write(*a_record(3100)):
        written += 1
    clock.advance(1.1)
    still_full = writer.write(*a_record(9000))
    ballast.unlink()
    clock.advance(1.1)

    assert still_full is False
    assert writer.write(*a_record(3100))
    found = records_in(small_disk / "log")
    assert written + 1 == len(found)
    assert found[-1]["dropped"] == 2


def test_min_free_bytes_leaves_room_for_others(small_disk: Path) -> None:
    """The writer stops while the file system still has the space it was to leave."""
    clock = WriterClock()
    writer = a_writer(small_disk / "log", clock, min_free_bytes=500_000)
    while writer.write(*a_record(3100)):
        clock.advance(1.1)

    space = os.statvfs(small_disk)
    assert 490_000 < space.f_bavail * space.f_frsize < 500_000
