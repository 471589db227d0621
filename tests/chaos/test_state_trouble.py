"""The real command over a state that is missing, damaged, old, newer, full or taken."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipper.errors import EXIT_CANNOT_CREATE, EXIT_IO_ERROR, EXIT_TRY_AGAIN
from shipper.fileid import FileRow
from shipper.store import open_store
from shipper.store.schema import MIGRATIONS, VERSION
from tests.support.commands import Shop, line_with, running, stop
from tests.support.mounts import small_file_system
from tests.support.servers import awaited

pytestmark = pytest.mark.chaos

WINDOW_RECORDS = 4 * 100  # max_in_flight batches of max_records


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def database_of(shop: Shop) -> Path:
    """Return the path of the state database."""
    return shop.directory / "state/state.sqlite3"


def set_policy(shop: Shop, policy: str) -> None:
    """Set `on_state_error`."""
    text = shop.config.read_text()
    shop.config.write_text(f'on_state_error = "{policy}"\n{text}')


def zeros(path: Path) -> None:
    """Overwrite the whole file with NULs, as a power cut does."""
    path.write_bytes(b"\0" * path.stat().st_size)


def cut(path: Path) -> None:
    """Cut the file in the middle of a page."""
    os.truncate(path, path.stat().st_size // 2 + 13)


DAMAGES: list[Callable[[Path], None]] = [zeros, cut]


def test_a_missing_database_sends_everything_again(shop: Shop) -> None:
    """Scenario 27: without its state a shipper starts over, with the same ids."""
    with shop.receiving():
        ids = shop.record(6)
        first = shop.shipper("run", "--once")
        for path in (shop.directory / "state").iterdir():
            path.unlink()
        second = shop.shipper("run", "--once")

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert ids + ids == shop.received()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_stops_the_shipper(
    shop: Shop, damage: Callable[[Path], None]
) -> None:
    """Scenario 27: by default nothing is sent, and the message says the way out."""
    with shop.receiving():
        ids = shop.record(6)
        shop.shipper("run", "--once")
        damage(database_of(shop))
        before = database_of(shop).read_bytes()
        shop.record(2)
        done = shop.shipper("run", "--once")

    assert done.returncode == EXIT_CANNOT_CREATE
    assert "is damaged" in done.stderr
    assert "on_state_error" in done.stderr
    assert ids == shop.received()
    assert before == database_of(shop).read_bytes()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("policy", ["beginning", "end"])
def test_a_damaged_database_is_begun_anew_if_wanted(
    shop: Shop, policy: str, damage: Callable[[Path], None]
) -> None:
    """Scenario 27: from the beginning with the same ids, or only what comes now."""
    with shop.receiving():
        set_policy(shop, policy)
        ids = shop.record(6)
        shop.shipper("run", "--once")
        damage(database_of(shop))
        rebuilt = shop.shipper("run", "--once")
        later = shop.record(2)
        after = shop.shipper("run", "--once")

    assert (rebuilt.returncode, after.returncode) == (0, 0), rebuilt.stderr
    assert "state_rebuilt" in rebuilt.stderr
    assert "state_rebuilt" not in after.stderr
    again = ids if policy == "beginning" else []
    assert ids + again + later == shop.received()


def test_a_newer_database_is_refused(shop: Shop) -> None:
    """Scenario 27: what a newer version wrote is left alone, whatever the policy."""
    with shop.receiving():
        set_policy(shop, "beginning")
        ids = shop.record(3)
        shop.shipper("run", "--once")
        with sqlite3.connect(database_of(shop)) as connection:
            connection.execute("PRAGMA user_version=99")
        connection.close()
        shop.record(3)
        done = shop.shipper("run", "--once")

    assert done.returncode == EXIT_CANNOT_CREATE
    assert "version 99" in done.stderr
    assert ids == shop.received()


A_FILE = """
INSERT INTO files (file_id, path, dev, ino, head_length, head_digest, start_bytes,
    offset_bytes, crc, mark_length, mark_digest, size_bytes, mtime_ns, state, packing,
    first_seen, last_seen)
VALUES ('f', '/f', 1, 2, 0, x'', 0, 7, 0, 0, x'', 0, 0, 'open', '', '', '')
"""


@pytest.mark.parametrize("version", range(VERSION))
def test_an_older_database_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    """Scenario 27: each older version's tables are completed, one step at a time."""
    path = tmp_path / "state.sqlite3"
    connection = sqlite3.connect(path)
    for migration in MIGRATIONS[:version]:
        connection.executescript(migration)
    if version:
        connection.execute(A_FILE)
    connection.execute(f"PRAGMA user_version={version}")
    connection.commit()
    connection.close()

    store = open_store(str(tmp_path))
    files = store.known_files()
    store.close()
    connection = sqlite3.connect(path)
    (now,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()

    known = [FileRow(file_id="f", path="/f", dev=1, ino=2, offset_bytes=7)]
    assert (files, now) == (known if version else [], VERSION)


def test_two_shippers_send_everything_once(shop: Shop) -> None:
    """Scenario 28: beside a running daemon a second one ends with 75 and says why."""
    with (
        shop.receiving() as receiver,
        running("run", "--config", str(shop.config)) as daemon,
    ):
        line_with(daemon, "started")
        second = shop.shipper("run", "--once")
        ids = shop.record(5)
        awaited(lambda: receiver.counts.records >= 5 or None, "five records")
        code, _, _ = stop(daemon, signal.SIGTERM)

    assert second.returncode == EXIT_TRY_AGAIN
    assert f"another shipper (pid {daemon.pid})" in second.stderr
    assert code == 128 + signal.SIGTERM
    assert ids == shop.received()


def test_overlapping_cron_runs_send_everything_once(shop: Shop) -> None:
    """Scenario 50: of three runs at one time one works, and the next finds nothing."""
    with shop.receiving():
        ids = shop.record(200)
        words = ("run", "--once", "--json", "--config", str(shop.config))
        with running(*words) as one, running(*words) as two, running(*words) as three:
            ended = [(each, each.communicate(timeout=30)) for each in (one, two, three)]
        empty = shop.shipper("run", "--once", "--json")

    codes = sorted(process.returncode for process, _ in ended)
    assert codes[0] == 0
    assert set(codes[1:]) <= {0, EXIT_TRY_AGAIN}
    assert sorted(ids) == sorted(shop.received())
    assert (empty.returncode, json.loads(empty.stdout)["delivered"]) == (0, 0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes for the state."""
    with small_file_system(tmp_path / "small", megabytes=2) as path:
        yield path


def test_a_full_disk_pauses_reading_and_loses_nothing(
    shop: Shop, small_disk: Path
) -> None:
    """Scenario 29: no position, no reading on; with room again everything arrives."""
    with (
        shop.receiving() as receiver,
        (small_disk / "ballast").open("wb", 0) as ballast,
    ):
        text = shop.config.read_text()
        state = f'state_dir = "{small_disk}/state"'
        shop.config.write_text(text.replace('state_dir = "state"', state))
        ids = shop.record(10)
        shop.shipper("run", "--once")
        with running("run", "--config", str(shop.config)) as daemon:
            line_with(daemon, "started")
            fill(ballast.fileno())
            ids += shop.record(2000)
            line_with(daemon, "state_write_failed")
            # Another try, a second later, with everything read that may be.
            paused = shop.shipper("status", "--json")
            during = len(shop.received())
            os.ftruncate(ballast.fileno(), 0)
            line_with(daemon, "state_write_resumed")
            awaited(lambda: receiver.counts.records >= len(ids) or None, "the rest")
            code, _, told = stop(daemon, signal.SIGTERM)

    assert code == 128 + signal.SIGTERM, told
    assert json.loads(paused.stdout)["records"]["delivered"] == 10
    assert during <= 10 + WINDOW_RECORDS
    assert sorted(ids) == sorted(shop.received())


@pytest.mark.parametrize(
    "words", [["run", "--once"], ["backfill", "LOG"], ["dead-letter retry", "--all"]]
)
def test_a_new_state_on_a_full_disk_says_so(
    shop: Shop, small_disk: Path, words: list[str]
) -> None:
    """Nothing was ever stored and there is no room for it: an error, and no bug."""
    with shop.receiving(), (small_disk / "ballast").open("wb", 0) as ballast:
        text = shop.config.read_text()
        state = f'state_dir = "{small_disk}/state"'
        shop.config.write_text(text.replace('state_dir = "state"', state))
        shop.record(3)
        fill(ballast.fileno())
        verb, *rest = words
        rest = [str(shop.log) if word == "LOG" else word for word in rest]
        done = shop.shipper(verb, *rest)

    assert done.returncode == EXIT_IO_ERROR, done.stderr
    assert f"{small_disk}/state" in done.stderr
    assert "hint: free some disk space" in done.stderr
    assert shop.received() == []


def test_the_doctor_sees_a_full_disk(shop: Shop, small_disk: Path) -> None:
    """What stops the shipper fails its examination, before the first run too."""
    with (small_disk / "ballast").open("wb", 0) as ballast:
        shop.configure("http://127.0.0.1:9/v1/request")
        text = shop.config.read_text()
        state = f'state_dir = "{small_disk}/var/state"'
        shop.config.write_text(text.replace('state_dir = "state"', state))
        shop.record(3)
        fill(ballast.fileno())
        done = shop.shipper("doctor", "--offline", "--quiet")

    assert done.returncode == EXIT_IO_ERROR, done.stdout
    assert f"failure  SHP013  disk space: {small_disk}/var/state: 0 by" in done.stdout
    assert "mend: free some disk space" in done.stdout


def fill(handle: int) -> None:
    """Write until the file system is full."""
    for size in (65_536, 4096, 1):
        try:
            while True:
                os.write(handle, bytes(size))
        except OSError:
            continue


def test_a_file_system_can_be_filled(small_disk: Path) -> None:
    """The disk of the test above is really full: nothing can be written to it."""
    with (small_disk / "ballast").open("wb", buffering=0) as ballast:
        fill(ballast.fileno())
    done = subprocess.run(
        ["sh", "-c", f"echo text > {small_disk}/more"], capture_output=True, check=False
    )

    assert done.returncode != 0
