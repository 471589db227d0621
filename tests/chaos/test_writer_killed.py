"""Writers killed in the middle of an effect."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.spool import (
    a_record,
    a_writer,
    numbers_in,
    rotated_files,
    start_script,
)

pytestmark = pytest.mark.chaos


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the active path in an empty directory."""
    directory = tmp_path / "spool"
    directory.mkdir(mode=0o750)
    return directory / "exchanges.jsonl"


TORN_BY_KILL = """
    import os, signal, sys
    from wsgi_writer.rotate import RotatingFile

    def half(fd, line):
        os.write(fd, line[: len(line) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    writer = RotatingFile(sys.argv[1], min_free_bytes=0, os_write=half)
    writer.write(b'{"v":1,"id":"killed"', b',"entry":"xxxxxxxxxxxxxxxx"}\\n')
    """


def test_writer_killed_inside_a_write_tears_one_line_only(path: Path) -> None:
    """SIGKILL within write(2) costs that record: its lock goes, its tail is closed."""
    process = start_script(TORN_BY_KILL, path)
    process.communicate(timeout=30)
    writer = a_writer(path)

    for _ in range(2):
        assert writer.write(*a_record())

    assert process.returncode == -signal.SIGKILL
    torn, *whole = path.read_bytes().splitlines()
    assert torn.startswith(b'{"v":1,"id":"killed"')
    assert [json.loads(line)["w"][2] for line in whole] == [1, 2]


KILLED_AFTER_RENAME = """
    import os, signal, sys
    from wsgi_writer.rotate import RotatingFile

    def open_once(path, flags, mode):
        if os.path.exists(path) or not os.listdir(os.path.dirname(path)):
            return os.open(path, flags, mode)
        os.kill(os.getpid(), signal.SIGKILL)

    writer = RotatingFile(
        sys.argv[1], min_free_bytes=0, max_bytes=300, open_file=open_once
    )
    for _ in range(3):
        writer.write(b'{"v":1', b',"entry":"' + b"x" * 200 + b'"}\\n')
    """


def test_writer_killed_between_rename_and_create_leaves_no_gap(path: Path) -> None:
    """Without an active file the next writer makes one; the rotated one is whole."""
    process = start_script(KILLED_AFTER_RENAME, path)
    process.communicate(timeout=30)
    exists_between = path.exists()

    assert a_writer(path).write(*a_record())

    assert (process.returncode, exists_between) == (-signal.SIGKILL, False)
    assert numbers_in(path) == [1, 1]
    assert len(rotated_files(path)) == 1
