"""The real logrotate beside running writers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import require_program
from tests.support.spool import start_script

pytestmark = pytest.mark.chaos

WRITERS = 3
RECORDS = 3000
ROTATIONS = 6

PACED_WRITER = """
    import json, sys
    from wsgi_writer.rotate import RotatingFile

    writer = RotatingFile(sys.argv[1], min_free_bytes=0, lock_timeout=20, cooldown=0)
    blocks = int(sys.argv[2])
    for block in range(blocks):
        sys.stdin.readline()
        for number in range(int(sys.argv[3]) // blocks):
            tail = b',"key":"%d-%d-%d"}\\n' % (int(sys.argv[4]), block, number)
            assert writer.write(b'{"v":1', tail)
            if number == 0:
                print("begun", flush=True)
    """


def test_logrotate_nocreate_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Files renamed away under three busy writers: every record is there once."""
    logrotate = require_program("logrotate")
    spool = tmp_path / "spool"
    spool.mkdir(mode=0o750)
    path = spool / "exchanges.jsonl"
    config = tmp_path / "logrotate.conf"
    config.write_text(
        f'"{path}" {{\n  rotate 100\n  nocreate\n  missingok\n  size 1\n}}\n'
    )
    config.chmod(0o600)
    command = [logrotate, "-f", "-s", str(tmp_path / "state"), str(config)]
    writers = [
        start_script(PACED_WRITER, path, ROTATIONS, RECORDS, number)
        for number in range(WRITERS)
    ]

    for _ in range(ROTATIONS):
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
        # Every writer is within its block while the file is renamed away.
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    for writer in writers:
        writer.communicate(timeout=60)

    assert [writer.returncode for writer in writers] == [0] * WRITERS
    lines = b"".join(file.read_bytes() for file in spool.iterdir()).splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    assert len(keys) == WRITERS * RECORDS
    assert len(keys) == len(set(keys))
    assert len(list(spool.glob("exchanges.jsonl.*"))) == ROTATIONS
