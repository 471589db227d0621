"""Looking at lines without moving a position: named files, or what waits."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from shipper.config.settings import SourceSettings
from shipper.logfile import BadInputError
from shipper.model import LineFault, Reject
from shipper.record import Record
from shipper.reports.browse import Seen, lines_of_files, parsed, pending_lines
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.lines import a_line
from tests.support.readings import COMBINED, a_way


def test_files_are_read_in_the_order_named(tmp_path: Path) -> None:
    """Each line comes with the path it was found under."""
    first, second = tmp_path / "b.log", tmp_path / "a.log"
    first.write_bytes(b"1\n2\n")
    second.write_bytes(b"3\n")
    seen = lines_of_files([str(first), str(second)], [], ways=[])

    assert [(str(first), b"1"), (str(first), b"2"), (str(second), b"3")] == [
        (one.path, one.line.data) for one in seen
    ]


def test_a_damaged_archive_is_told_after_its_lines(tmp_path: Path) -> None:
    """What can be read is read; then the error says what is wrong."""
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(b"1\n2\n")[:-8])
    seen = lines_of_files([str(path)], [], ways=[])

    assert [next(seen).line.data, next(seen).line.data] == [b"1", b"2"]
    with pytest.raises(BadInputError, match="ends early"):
        next(seen)


def test_a_file_is_read_as_the_source_says_that_names_it(tmp_path: Path) -> None:
    """Parts are joined, and what no part follows any more is told of at the end."""
    path = tmp_path / "access.log.1.gz"
    stamp = b"2026-11-23T12:00:00.000000000Z stdout "
    pieces = (b"P " + COMBINED[:20], b"F " + COMBINED[20:], b"P " + COMBINED[:20])
    path.write_bytes(gzip.compress(b"".join(stamp + one + b"\n" for one in pieces)))
    sources = [
        SourceSettings((str(tmp_path / "x.jsonl"),)),
        SourceSettings((str(tmp_path / "access.log"),), "combined"),
    ]
    seen = lines_of_files([str(path)], sources, ways=[None, a_way(wrapper="auto")])

    record, rest = seen
    found = parsed(record)
    assert isinstance(found, Record)
    assert found.url == "https://api.example.com/a"
    assert isinstance(rest.fate, Reject)
    assert rest.fate.reason == "unfinished"
    assert (record.source, rest.source) == (1, 1)


def test_an_empty_file_of_a_source_has_no_lines(tmp_path: Path) -> None:
    """There is nothing by which to tell how it begins."""
    path = tmp_path / "access.log"
    path.touch()
    sources = [SourceSettings((str(path),), "combined")]

    assert list(lines_of_files([str(path)], sources, ways=[a_way()])) == []


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


def test_what_waits_in_a_foreign_log_is_shown_as_records(tmp_path: Path) -> None:
    """In one piece; what becomes none comes as it stands there, with its fate."""
    own, log = tmp_path / "x.jsonl", tmp_path / "access.log"
    own.write_bytes(b"{}\n")
    stamp = b"2026-11-23T12:00:00.000000000Z stdout "
    log.write_bytes(
        stamp + b"P " + COMBINED[:20] + b"\n"
        + stamp + b"F " + COMBINED[20:] + b"\nwhat is this\n"
    )  # fmt: skip
    seen = pending_lines(
        str(tmp_path / "state"),
        [SourceSettings((str(own),)), SourceSettings((str(log),), "combined")],
        ways=[None, a_way(wrapper="cri")],
        events=RecordingEvents(),
        clock=FakeClock(),
    )

    ours, record, other = sorted(seen, key=lambda one: (one.source, one.line.end_bytes))
    assert (ours.line.data, ours.source, ours.fate) == (b"{}", 0, None)
    found = parsed(record)
    assert isinstance(found, Record)
    assert found.url == "https://api.example.com/a"
    assert isinstance(other.fate, Reject)
    assert parsed(other) is other.fate
    assert (other.line.data, other.source) == (b"what is this", 1)


def test_a_line_without_usable_bytes_is_no_record() -> None:
    """Whatever its beginning says."""
    fault = LineFault("torn", "0" * 64)

    found = parsed(Seen("a.log", a_line(b"{}", fault=fault)))

    assert isinstance(found, Reject)
    assert found.reason == "torn"
