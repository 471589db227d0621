"""What a backfill has read, and the shipper that meets it later."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from zlib import crc32

import pytest

from shipper.clock import SystemClock
from shipper.config.settings import SourceSettings
from shipper.errors import StateLockedError
from shipper.fileid import FileRow, FileState, head_of, mark_of
from shipper.model import Advance, Commit
from shipper.source import Source
from shipper.store import open_store
from shipper.store.history import (
    History,
    Reading,
    TakenOverError,
    held_history,
    open_history,
)
from shipper.store.snapshot import open_snapshot
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents

LINES = [b"%064d" % number for number in range(4)]
ALL = b"".join(line + b"\n" for line in LINES)
HALF = b"".join(line + b"\n" for line in LINES[:2])


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A state that only backfills have used."""
    opened = open_history(str(tmp_path / "state"), clock=SystemClock())
    yield opened
    opened.close()


def entered(history: History, path: Path) -> FileRow:
    """Remember a file as history, nothing of it read yet."""
    facts = os.stat(path)
    row = FileRow(
        file_id="f",
        path=str(path),
        dev=facts.st_dev,
        ino=facts.st_ino,
        head=head_of(path.read_bytes()),
    )
    history.enter(row, Reading(label="web", choices=""))
    return row


def advance(start: bytes, end: bytes) -> Commit:
    """Deliver what stands between two prefixes of the file."""
    moved = Advance(
        file_id="f",
        start_bytes=len(start),
        end_bytes=len(end),
        crc_before=crc32(start),
        crc_after=crc32(end),
        tail=end[-256:],
        delivered=end.count(b"\n") - start.count(b"\n"),
        skipped=0,
        dead=0,
        blank=0,
    )
    return Commit((moved,), (), ())


def test_a_file_of_history_is_found_by_its_content(
    history: History, tmp_path: Path
) -> None:
    """Position, marker, label and all."""
    log = tmp_path / "access.log"
    log.write_bytes(ALL)
    entered(history, log)
    history.commit(advance(b"", HALF))

    (row,) = history.find_files(head_of(ALL))
    assert (row.offset_bytes, row.mark) == (len(HALF), mark_of(HALF[-256:]))
    assert row.state is FileState.HISTORY
    assert history.reading_of("f") == Reading(label="web", choices="")
    assert history.reading_of("another") is None


def test_a_backfill_is_no_delivery_of_the_shipper(
    history: History, tmp_path: Path
) -> None:
    """An alarm on the last delivery must not be silenced by history."""
    log = tmp_path / "access.log"
    log.write_bytes(ALL)
    entered(history, log)
    history.commit(advance(b"", HALF))

    with open_snapshot(str(tmp_path / "state")) as snapshot:
        assert snapshot.sums.lines.delivered == 2
        assert snapshot.last_delivery() is None


def test_it_is_none_of_the_files_that_are_followed(
    history: History, tmp_path: Path
) -> None:
    """A shipper that does not know the name must not say it is lost."""
    log = tmp_path / "access.log"
    log.write_bytes(ALL)
    entered(history, log)

    assert history.known_files() == []
    assert history.sums().lines.delivered == 0


def test_a_shipper_goes_on_where_a_backfill_stopped(
    history: History, tmp_path: Path
) -> None:
    """What was sent as history is not sent again when its file is followed."""
    log = tmp_path / "access.log"
    log.write_bytes(ALL)
    entered(history, log)
    history.commit(advance(b"", HALF))
    store = open_store(str(tmp_path / "state"), clock=SystemClock())
    source = Source(
        sources=[SourceSettings((str(log),))],
        catalog=store,
        events=RecordingEvents(),
        clock=FakeClock(),
    )

    source.look()
    read = [line.data for line in iter(source.next_line, None)]

    source.close()
    store.close()
    assert read == LINES[2:]


def test_a_file_that_was_taken_over_is_called_what_it_is_called_now(
    history: History, tmp_path: Path
) -> None:
    """It was sent as history under another name, by which nobody would find it."""
    log, rotated = tmp_path / "access.log", tmp_path / "access.log.1"
    log.write_bytes(ALL)
    entered(history, log)
    history.commit(advance(b"", HALF))
    log.rename(rotated)
    store = open_store(str(tmp_path / "state"), clock=SystemClock())
    source = Source(
        sources=[SourceSettings((f"{log}*",))],
        catalog=store,
        events=RecordingEvents(),
        clock=FakeClock(),
    )

    source.look()
    (row,) = store.known_files()

    source.close()
    store.close()
    assert row.path == str(rotated)


def test_a_backfill_stops_at_a_file_that_was_taken_over(
    history: History, tmp_path: Path
) -> None:
    """One reader moves a position; the other is told, and moves nothing."""
    log = tmp_path / "access.log"
    log.write_bytes(ALL)
    entered(history, log)
    store = open_store(str(tmp_path / "state"), clock=SystemClock())
    claimed = store.claim("f")
    store.close()

    with pytest.raises(TakenOverError):
        history.commit(advance(b"", HALF))
    assert claimed is not None
    assert claimed.offset_bytes == 0
    assert store_claims_nothing_twice(tmp_path)


def store_claims_nothing_twice(tmp_path: Path) -> bool:
    """Ask for the same file again."""
    store = open_store(str(tmp_path / "state"), clock=SystemClock())
    again = store.claim("f")
    store.close()
    return again is None


def test_there_is_one_backfill_at_a_time(tmp_path: Path) -> None:
    """The next one may begin when it is over; a shipper runs beside it."""
    state_dir = str(tmp_path / "state")
    with held_history(state_dir, clock=SystemClock()) as history:
        history.enter(
            FileRow(file_id="f", path="a.log", dev=0, ino=0), Reading("web", "")
        )
        open_store(state_dir, clock=SystemClock()).close()
        with (
            pytest.raises(StateLockedError, match=r"another backfill \(pid "),
            held_history(state_dir, clock=SystemClock()),
        ):
            pytest.fail("two backfills share one ledger")

    with held_history(state_dir, clock=SystemClock()) as history:
        assert history.reading_of("f") == Reading("web", "")


def test_a_shipper_and_a_backfill_may_make_the_state_together(tmp_path: Path) -> None:
    """Whoever comes second finds the tables that the first one has made."""
    begin = Barrier(4)

    def make(state_dir: Path) -> None:
        begin.wait()
        open_history(str(state_dir), clock=FakeClock()).close()

    with ThreadPoolExecutor(4) as threads:
        for number in range(5):
            state_dir = tmp_path / str(number)
            state_dir.mkdir(mode=0o700)
            made = [threads.submit(make, state_dir) for _ in range(4)]

            assert [one.exception() for one in made] == [None] * 4
