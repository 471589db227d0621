"""Status beside real files and a real state: what it counts, and what it leaves."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from shipper.config.settings import SourceSettings
from shipper.reports.status import FileStatus, Records, Status, take_status
from tests.support.clock import FakeClock
from tests.support.commands import Shop
from tests.support.events import RecordingEvents

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A log whose first five records have been delivered."""
    shop = Shop(tmp_path)
    with shop.receiving():
        shop.record(5)
        done = shop.shipper("run", "--once")
    assert done.returncode == 0, done.stderr
    return shop


def _status(shop: Shop) -> Status:
    return take_status(
        str(shop.directory / "state"),
        [SourceSettings(paths=(str(shop.log),))],
        events=RecordingEvents(),
        clock=FakeClock(),
    )


def _by_name(status: Status) -> dict[str, FileStatus]:
    return {Path(file.path).name: file for file in status.files}


def test_a_file_renamed_and_packed_while_nobody_looked_is_known_again(
    shop: Shop,
) -> None:
    """What was delivered stays with the file, whatever it is called now."""
    packed = shop.log.with_name("exchanges.jsonl.20261123T120000000000Z.gz")
    packed.write_bytes(gzip.compress(shop.log.read_bytes()))
    shop.log.unlink()

    files = _by_name(_status(shop))

    assert {name: file.records for name, file in files.items()} == {
        packed.name: Records(delivered=5)
    }


def test_a_file_that_has_vanished_is_shown_with_its_sums(shop: Shop) -> None:
    """Its records still count, and its state says that it is not there."""
    shop.log.unlink()

    status = _status(shop)

    assert [(file.state, file.records) for file in status.files] == [
        ("missing", Records(delivered=5))
    ]


def test_files_that_are_gone_are_one_line(shop: Shop) -> None:
    """Years of rotated files do not fill the screen, and still count."""
    shop.log.unlink()
    shop.shipper("run", "--once", environ={"SHIPPER_README__ENDPOINT": NOWHERE})

    lines = shop.shipper("status").stdout.splitlines()

    assert lines[-2].endswith("1 file no longer on disk")
    assert lines[-1].startswith("5 records: 5 delivered")


def test_a_half_written_line_is_not_pending_yet(shop: Shop) -> None:
    """Only whole lines are records; the rest is bytes that wait."""
    shop.record(2)
    with shop.log.open("ab") as file:
        file.write(b'{"v":1,"id":')

    (file_status,) = _status(shop).files

    assert file_status.records == Records(delivered=5, pending=2)
    assert file_status.pending_bytes == os.path.getsize(shop.log) - (
        file_status.position_bytes
    )


def test_blank_lines_are_no_records(shop: Shop) -> None:
    """They are counted nowhere in the sums."""
    with shop.log.open("ab") as file:
        file.write(b"\n  \n")

    assert _status(shop).records == Records(delivered=5)


def test_looking_changes_nothing(shop: Shop) -> None:
    """The state's files are the same after as before."""
    shop.record(1)
    before = _contents(shop.directory / "state")

    _status(shop)

    assert _contents(shop.directory / "state") == before


def _contents(directory: Path) -> dict[str, bytes]:
    """Return what is kept; the index of the write-ahead log is rebuilt at will."""
    return {
        path.name: path.read_bytes()
        for path in directory.iterdir()
        if not path.name.endswith(("-shm", "-wal"))
    }
