"""The state database damaged, newer, full, locked, or abandoned in the middle."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from shipper.errors import EXIT_CANNOT_CREATE, StateError, StateUnusableError
from shipper.fileid import FileRow
from shipper.model import Advance, Commit
from shipper.store import open_reader, open_store

pytestmark = pytest.mark.chaos


def a_store_with_one_commit(state_dir: Path) -> Path:
    """Make a database with one file at byte 100; return its path."""
    store = open_store(str(state_dir))
    store.record(new=[FileRow(file_id="f", path="/logs/f", dev=1, ino=1)])
    store.commit(a_commit(0, 100))
    store.close()
    return state_dir / "state.sqlite3"


def a_commit(start: int, end: int) -> Commit:
    """Return a commit over a stretch of the file; checksums are the offsets."""
    advance = Advance("f", start, end, start, end, b"\n", 1, 0, 0, 0)
    return Commit((advance,), (), (("commits", 1),))


def zeros(path: Path) -> None:
    """Overwrite the whole file with NULs, as a power cut does."""
    path.write_bytes(b"\0" * path.stat().st_size)


def cut(path: Path) -> None:
    """Cut the file in the middle of a page."""
    os.truncate(path, path.stat().st_size // 2 + 13)


def scribbled(path: Path) -> None:
    """Overwrite everything behind the header."""
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:100] + os.urandom(size - 100))


def text(path: Path) -> None:
    """Put something else there."""
    path.write_text("this is no database\n" * 100)


DAMAGES: list[Callable[[Path], None]] = [zeros, cut, scribbled, text]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_stops_us_by_default(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Scenario 27: nothing is guessed: the message names the file and the way out."""
    database = a_store_with_one_commit(tmp_path)
    damage(database)
    damaged = database.read_bytes()

    with pytest.raises(StateUnusableError, match="damaged") as caught:
        open_store(str(tmp_path))

    assert caught.value.exit_code == EXIT_CANNOT_CREATE
    assert "on_state_error" in str(caught.value.hint)
    assert damaged == database.read_bytes()


@pytest.mark.parametrize("policy", ["beginning", "end"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_set_aside_if_wanted(
    tmp_path: Path, damage: Callable[[Path], None], policy: str
) -> None:
    """Scenario 27: the damaged one is kept, the new one knows why it is empty."""
    damage(a_store_with_one_commit(tmp_path))

    store = open_store(str(tmp_path), on_state_error=policy)  # type: ignore[arg-type]  # parametrized
    rebuilt, files = store.rebuilt, store.known_files()
    store.close()

    assert (policy, []) == (rebuilt, files)
    assert any("damaged-" in name for name in os.listdir(tmp_path))


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Scenario 27: an older program must not touch what a newer one wrote."""
    database = a_store_with_one_commit(tmp_path)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version=99")
    connection.close()

    with pytest.raises(StateUnusableError, match="version 99"):
        open_store(str(tmp_path), on_state_error="beginning")
    with pytest.raises(StateUnusableError, match="version 99"):
        open_reader(str(tmp_path))
    connection = sqlite3.connect(database)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()

    assert version == 99


def test_a_missing_database_begins_anew(tmp_path: Path) -> None:
    """Scenario 27: without database every file is unknown; nothing is set aside."""
    a_store_with_one_commit(tmp_path).unlink()

    store = open_store(str(tmp_path))
    files, rebuilt = store.known_files(), store.rebuilt
    store.close()

    assert (files, rebuilt) == ([], None)


def test_a_full_disk_fails_the_commit_whole_and_heals(tmp_path: Path) -> None:
    """Scenario 29: nothing is half stored, and the same commit succeeds later."""
    a_store_with_one_commit(tmp_path)
    store = open_store(str(tmp_path))
    start, failure = 100, None
    # A limit on file sizes stands for the disk: writes fail in mid-transaction.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        while failure is None:
            commit = a_commit(start, start + 2_000_000)
            before = store.sums()
            try:
                store.commit(commit)
                start += 2_000_000
            except StateError as error:
                failure = error
        during = store.sums()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    store.commit(commit)
    (row,) = store.known_files()
    store.close()

    assert failure.is_temporary
    assert failure.hint
    assert before == during
    assert row.offset_bytes == start + 2_000_000


def test_a_locked_database_is_a_passing_trouble(tmp_path: Path) -> None:
    """Somebody else's transaction fails the commit for now, not for good."""
    database = a_store_with_one_commit(tmp_path)
    store = open_store(str(tmp_path), busy_seconds=0.01)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StateError) as caught:
        store.commit(a_commit(100, 200))
    other.execute("ROLLBACK")
    other.close()
    store.commit(a_commit(100, 200))
    (row,) = store.known_files()
    store.close()

    assert caught.value.is_temporary
    assert row.offset_bytes == 200


COMMITTER = """
import sys
from shipper.model import Advance, Commit
from shipper.store import open_store
store = open_store(sys.argv[1])
(row,) = store.known_files()
start = row.offset_bytes
while True:
    end = start + 100
    store.commit(
        Commit((Advance("f", start, end, start, end, b"x" * 256, 1, 0, 0, 0),), (),
            (("commits", 1),))
    )
    print(end, flush=True)
    start = end
"""


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_a_killed_committer_leaves_whole_commits(tmp_path: Path, kills: int) -> None:
    """Scenario 19: after SIGKILL what was reported is there, and it adds up."""
    a_store_with_one_commit(tmp_path)
    for number in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(COMMITTER), str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        reported = 0
        for _ in range(5 + number * 7 % 40):
            reported = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        reported = max([reported, *map(int, process.stdout.read().split())])
        process.stdout.close()
        store = open_store(str(tmp_path))
        (row,) = store.known_files()
        sums = store.sums()
        store.close()

        assert row.offset_bytes >= reported
        assert row.offset_bytes == row.crc == 100 * sums.lines.delivered
        assert sums.counters["commits"] == sums.lines.delivered
