"""The file or its directory deleted, moved, cut or closed while in use."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.spool import (
    a_record,
    a_writer,
    rotated_files,
    run_script,
)

pytestmark = pytest.mark.chaos


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in an empty directory."""
    directory = tmp_path / "spool"
    directory.mkdir(mode=0o750)
    return directory / "exchanges.jsonl"


def delete_directory(path: Path) -> None:
    """Remove the whole spool."""
    shutil.rmtree(path.parent)


def delete_active(path: Path) -> None:
    """Unlink the active file."""
    path.unlink()


def move_active(path: Path) -> None:
    """Move the active file out of the way."""
    path.rename(path.with_name("moved"))


def truncate_active(path: Path) -> None:
    """Cut the active file in the middle of a line."""
    os.truncate(path, 50)


@pytest.mark.parametrize(
    "happen", [delete_directory, delete_active, move_active, truncate_active]
)
def test_next_record_is_whole_whatever_happened_to_the_file(
    path: Path, happen: Any
) -> None:
    """Deleted, moved or cut: the next write succeeds and starts a line of its own."""
    writer = a_writer(path)
    writer.write(*a_record(200))
    happen(path)

    assert writer.write(*a_record(200, mark="next"))
    assert json.loads(path.read_bytes().splitlines()[-1])["mark"] == "next"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750


CLOSED_DIRECTORY = """
    import os, sys
    from wsgi_writer.rotate import RotatingFile

    directory = sys.argv[1]
    if os.geteuid() == 0:
        # Root may do everything: the test needs somebody who may not.
        os.chown(directory, 65534, 65534)
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    path = directory + "/log"
    writer = RotatingFile(
        path, min_free_bytes=0, cooldown=0, max_bytes=2000, max_total_bytes=10000
    )
    tail = b',"entry":"' + b"x" * 300 + b'"}\\n'

    def write(times):
        results = [writer.write(b'{"v":1', tail) for _ in range(times)]
        size = os.fstat(writer_fd()).st_size
        print(results.count(True), size, flush=True)

    def writer_fd():
        for fd in range(3, 64):
            try:
                if os.readlink(f"/proc/self/fd/{fd}").startswith(path):
                    return fd
            except OSError:
                pass

    write(3)
    os.chmod(directory, 0o500)
    write(4)
    os.chmod(directory, 0o000)
    write(10)
    os.chmod(directory, 0o700)
    write(2)
    """


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_closed_directory_costs_nothing_until_twice_max_bytes() -> None:
    """Where it cannot rotate, it grows to twice max_bytes, drops, and recovers."""
    directory = Path(tempfile.mkdtemp())
    try:
        output = run_script(CLOSED_DIRECTORY, directory)
        rotated = rotated_files(directory / "log")
    finally:
        shutil.rmtree(directory)
    counts = [tuple(map(int, line.split())) for line in output.splitlines()]

    assert [written for written, _ in counts[:2]] == [3, 4]
    assert counts[1][1] > 2000, "grew past max_bytes where it could not rotate"
    assert 0 < counts[2][0] < 10
    assert counts[2][1] <= 4000
    assert counts[3][0] == 2
    assert len(rotated) == 1
