"""Several processes on one path: rotation and eviction under each other's feet."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.spool import (
    WriterClock,
    a_record,
    a_writer,
    numbers_in,
    records_in,
    rotated_files,
    start_script,
    total_bytes,
)

pytestmark = pytest.mark.chaos


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in an empty directory."""
    directory = tmp_path / "spool"
    directory.mkdir(mode=0o750)
    return directory / "exchanges.jsonl"


BUSY_WRITER = """
    import json, os, sys
    from wsgi_writer.rotate import RotatingFile

    options = json.loads(sys.argv[2])
    writer = RotatingFile(sys.argv[1], min_free_bytes=0, cooldown=0, **options)
    tail = b',"entry":"' + b"x" * 400 + b'"}\\n'
    sys.stdin.readline()
    done = sum(writer.write(b'{"v":1', tail) for _ in range(int(sys.argv[3])))
    sys.stdout.write(f"{done}\\n")
    """


def start_busy_writers(
    path: Path, count: int, records: int, **options: object
) -> list[subprocess.Popen[str]]:
    """Start writers that begin all at once."""
    writers = [
        start_script(BUSY_WRITER, path, json.dumps(options), records)
        for _ in range(count)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    return writers


def written_by(writers: list[subprocess.Popen[str]]) -> int:
    """Wait for the writers; returns how many records they wrote."""
    outputs = [writer.communicate(timeout=60)[0] for writer in writers]
    return sum(map(int, outputs))


def test_rotators_at_once_use_no_name_twice_and_rotate_nothing_empty(
    path: Path,
) -> None:
    """Four processes that rotate every few records lose no file to each other."""
    writers = start_busy_writers(path, 4, 400, max_bytes=3000, lock_timeout=20)

    assert written_by(writers) == 1600
    assert len(records_in(path)) == 1600
    sizes = [file.stat().st_size for file in rotated_files(path)]
    assert len(sizes) > 200
    assert all(2000 < size <= 3000 for size in sizes)


def test_total_stays_within_its_budget_with_four_processes(path: Path) -> None:
    """Seen at any moment, active and rotated files keep to max_total_bytes."""
    options = {"max_bytes": 10_000, "max_total_bytes": 100_000, "lock_timeout": 20}
    writers = start_busy_writers(path, 4, 1500, **options)
    largest = 0
    while any(writer.poll() is None for writer in writers):
        largest = max(largest, total_bytes(path.parent))

    assert written_by(writers) == 6000
    assert 80_000 < largest <= 100_000
    assert 80_000 < total_bytes(path.parent) <= 100_000


def test_reader_finishes_a_file_that_is_evicted_meanwhile(path: Path) -> None:
    """Eviction unlinks: whoever holds the file open reads it to its end."""
    clock = WriterClock()
    writer = a_writer(path, clock, max_bytes=1000, max_total_bytes=2000)
    while not rotated_files(path):
        writer.write(*a_record(180))
    oldest = rotated_files(path)[0]
    with oldest.open("rb") as reader:
        first = reader.readline()
        for _ in range(30):
            writer.write(*a_record(180))
        rest = reader.read()

    assert not oldest.exists()
    assert json.loads(first)["w"][2] == 1
    assert rest.endswith(b"\n") and rest.count(b"\n") >= 3


def test_evicted_records_leave_a_gap_in_the_numbers(path: Path) -> None:
    """What the budget cost can be read off w: the first number left is not one."""
    clock = WriterClock()
    writer = a_writer(path, clock, max_bytes=1000, max_total_bytes=2000)

    for _ in range(40):
        writer.write(*a_record(180))

    kept = numbers_in(path)
    assert kept[0] > 20
    assert list(range(kept[0], 41)) == kept
    assert all("dropped" not in record for record in records_in(path))


def test_file_that_cannot_be_evicted_is_told(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be deleted is named in the log; newer ones make room."""
    real_unlink = os.unlink
    stuck: list[str] = []

    def unlink(target: str) -> None:
        stuck[:] = stuck or [target]
        if target in stuck:
            raise PermissionError(errno.EPERM, "immutable", target)
        real_unlink(target)

    monkeypatch.setattr(os, "unlink", unlink)
    writer = a_writer(path, max_bytes=1000, max_total_bytes=3000)
    results = [writer.write(*a_record(180)) for _ in range(40)]

    assert results == [True] * 40
    assert "cannot be evicted" in caplog.text
    assert Path(stuck[0]) == rotated_files(path)[0]
    assert total_bytes(path.parent) <= 3000
