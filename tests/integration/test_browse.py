"""Looking at lines without moving a position: named files, or what waits."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from shipper.config.settings import SourceSettings
from shipper.logfile import BadInputError
from shipper.reports.browse import lines_of_files, pending_lines
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents


def test_files_are_read_in_the_order_named(tmp_path: Path) -> None:
    """Each line comes with the path it was found under."""
    first, second = tmp_path / "b.log", tmp_path / "a.log"
    first.write_bytes(b"1\n2\n")
    second.write_bytes(b"3\n")
    seen = lines_of_files([str(first), str(second)])

    assert [(str(first), b"1"), (str(first), b"2"), (str(second), b"3")] == [
        (one.path, one.line.data) for one in seen
    ]


def test_a_damaged_archive_is_told_after_its_lines(tmp_path: Path) -> None:
    """What can be read is read; then the error says what is wrong."""
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(b"1\n2\n")[:-8])
    seen = lines_of_files([str(path)])

    assert [next(seen).line.data, next(seen).line.data] == [b"1", b"2"]
    with pytest.raises(BadInputError, match="ends early"):
        next(seen)


def test_what_waits_is_what_was_never_shipped(tmp_path: Path) -> None:
    """Without a state everything waits, older files first, and no state is made."""
    log, state = tmp_path / "x.jsonl", tmp_path / "state"
    log.write_bytes(b"new\n")
    (tmp_path / "x.jsonl.1").write_bytes(b"old\n")
    seen = pending_lines(
        str(state),
        [SourceSettings((str(log),))],
        ways=[None],
        events=RecordingEvents(),
        clock=FakeClock(),
    )

    assert [one.line.data for one in seen] == [b"old", b"new"]
    assert not state.exists()
