"""Numbers of writers in a real database: counted with the lines, once, for a week."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import pytest
from msgspec.structs import replace

from shipper.fileid import FileRow, FileState, Head
from shipper.model import Advance, Commit, Run
from shipper.reports.losses import losses_of
from shipper.store import Store, open_store
from shipper.store.checkpoints import OnStateError
from shipper.store.schema import MIGRATIONS
from shipper.store.writers import Missing
from tests.support.clock import START, FakeClock
from tests.support.events import RecordingEvents

DAY = 86_400.0
OPENED = int(START.timestamp()) * 1_000_000_000


class Books:
    """A store whose commits are nothing but numbers."""

    def __init__(
        self, directory: Path, *, on_state_error: OnStateError = "stop"
    ) -> None:
        self.on_state_error = on_state_error
        self.path = str(directory / "state")
        self.clock = FakeClock()
        self.events = RecordingEvents()
        self.store = self._open()
        self.position: dict[str, int] = {}
        self.follow("one")

    def _open(self) -> Store:
        return open_store(
            self.path,
            on_state_error=self.on_state_error,
            clock=self.clock,
            events=self.events,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def follow(self, file_id: str, *, start_bytes: int = 0) -> None:
        """Remember a file."""
        row = FileRow(
            file_id=file_id,
            path=file_id,
            dev=1,
            ino=1,
            start_bytes=start_bytes,
            offset_bytes=start_bytes,
        )
        self.store.record(new=[row])
        self.position[file_id] = start_bytes

    def seal(self, file_id: str, *, beyond: int = 0) -> None:
        """Let a file be rotated with so many bytes beyond what is committed."""
        row = next(row for row in self.store.known_files() if row.file_id == file_id)
        self.store.record(
            changed=[
                FileRow(
                    file_id=file_id,
                    path=row.path,
                    dev=1,
                    ino=1,
                    size_bytes=row.offset_bytes + beyond,
                    state=FileState.ROTATED,
                )
            ]
        )

    def commit_of(self, runs: Sequence[Run]) -> Commit:
        """Return a commit of one byte with these numbers."""
        at = self.position["one"]
        advance = Advance("one", at, at + 1, at, at + 1, b"x", 1, 0, 0, 0)
        return Commit((advance,), (), (), runs=tuple(runs))

    def see(self, first: int, last: int, *, pid: int = 7, opened: int = 1) -> None:
        """Commit a run."""
        run = Run("one", pid, OPENED + opened, first, last)
        self.store.commit(self.commit_of([run]))
        self.position["one"] += 1

    def missing(self) -> list[tuple[int, int, int]]:
        """Return pid, missing and waiting of every writer that lost something."""
        return [
            (each.pid, each.count, each.waiting) for each in self.store.sums().missing
        ]

    def restart(self) -> None:
        """Open the database anew."""
        self.store.close()
        self.store = self._open()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """A new state."""
    with Books(tmp_path) as books:
        yield books


def test_a_gap_is_told_once_and_survives_a_restart(books: Books) -> None:
    """The numbers are where the positions are."""
    books.see(1, 10)
    books.see(14, 100)
    books.restart()
    books.see(101, 200)

    assert books.missing() == [(7, 3, 0)]
    assert books.events.told == [("records_missing", {"pid": 7, "count": 3})]


def test_what_turns_up_late_is_counted(books: Books) -> None:
    """What was told as missing can be summed up without ever going back."""
    books.see(1, 10)
    books.see(21, 100)
    books.see(12, 14)
    books.see(18, 30)

    losses = losses_of(books.store.sums())
    assert (losses.missing_records, losses.found_records) == (4, 6)


def test_a_commit_stored_twice_counts_once(books: Books) -> None:
    """An answer lost after COMMIT makes the pipeline commit again."""
    commit = books.commit_of([Run("one", 7, OPENED + 1, 5, 100)])

    books.store.commit(commit)
    books.store.commit(commit)

    assert books.missing() == [(7, 4, 0)]
    assert books.events.names() == ["records_missing"]


def test_a_recent_gap_waits_until_the_file_is_sealed(books: Books) -> None:
    """It shows at once, as one that may still be filled; then it is told."""
    books.see(1, 10)
    books.see(12, 15)
    waiting, told = books.missing(), books.events.names()
    books.seal("one")

    assert waiting == [(7, 1, 1)]
    assert told == []
    assert books.missing() == [(7, 1, 0)]
    assert books.events.names() == ["records_missing"]


def test_the_commit_that_finishes_a_sealed_file_gives_up_its_gaps(
    books: Books,
) -> None:
    """Whichever comes last, the rename or the last line."""
    books.see(1, 10)
    books.seal("one", beyond=1)
    before = books.missing()
    books.see(12, 15)

    assert before == []
    assert books.missing() == [(7, 1, 0)]
    assert books.events.names() == ["records_missing"]


def test_after_a_damaged_state_nothing_is_concluded(tmp_path: Path) -> None:
    """What was read is forgotten, so first numbers prove nothing."""
    state = tmp_path / "state" / "state.sqlite3"
    state.parent.mkdir()
    state.write_bytes(b"this was a database" * 100)
    with Books(tmp_path, on_state_error="beginning") as books:
        books.see(300, 400, opened=-1)

        assert books.missing() == []


def test_writers_are_told_apart(books: Books) -> None:
    """A process id that is used again is another writer."""
    books.see(1, 100)
    books.see(3, 100, opened=2)
    books.see(1, 100, pid=8)

    assert books.missing() == [(7, 2, 0)]


def test_a_silent_writer_is_forgotten_after_a_week_and_its_losses_are_not(
    books: Books,
) -> None:
    """When it writes again, its beginning is not taken for lost."""
    books.see(1, 10)
    books.see(16, 100)
    books.clock.advance(7 * DAY + 7200)
    books.see(1, 1, pid=8, opened=2)
    forgotten, counted = books.missing(), books.store.sums().counters
    books.see(300, 301)

    assert forgotten == []
    assert counted == {"missing_records": 5}
    assert books.missing() == []


def test_it_is_known_up_to_which_number_a_writer_was_read(books: Books) -> None:
    """Whatever was missing before; nothing is known of one that was never met."""
    books.see(1, 10)
    books.see(16, 100)

    assert books.store.read_up_to(7, OPENED + 1) == 100
    assert books.store.read_up_to(8, OPENED + 1) == 0
    assert books.store.read_up_to(7, OPENED + 2) == 0


def test_of_a_writer_that_was_forgotten_nothing_is_known(books: Books) -> None:
    """It may have been read, or not; later ones are new."""
    books.see(1, 10)
    books.clock.advance(7 * DAY + 7200)
    books.see(1, 1, pid=8, opened=2)

    assert books.store.read_up_to(7, OPENED + 1) is None
    assert books.store.read_up_to(9, OPENED + 3) == 0


@pytest.mark.parametrize("is_cut", [True, False])
def test_what_is_left_of_a_log_that_was_cut_hides_no_past(
    books: Books, *, is_cut: bool
) -> None:
    """It had been read up to its beginning; a log that begins in its middle had not."""
    head = Head(64, b"x" * 32)
    row = FileRow(file_id="old", path="p", dev=1, ino=2, head=head)
    heir = replace(row, file_id="new", start_bytes=500, offset_bytes=500)
    books.store.record(new=[row])

    gone = [replace(row, state=FileState.GONE)] if is_cut else []
    books.store.record(new=[heir], changed=gone)

    assert books.store.read_up_to(9, OPENED - 5) == (0 if is_cut else None)


def test_reading_from_the_end_concludes_nothing_about_earlier_writers(
    books: Books,
) -> None:
    """Their first numbers stand in what was not read."""
    books.follow("two", start_bytes=500)
    books.see(300, 400, opened=-1)
    books.see(2, 100, pid=8, opened=10**12)

    assert books.missing() == [(8, 1, 0)]


def test_numbers_beyond_reason_are_left_out(books: Books) -> None:
    """A foreign line with a strange number stops nothing."""
    books.see(1, 10**30)
    books.see(1, 1, pid=10**30)

    assert books.missing() == []


def test_a_state_of_the_version_before_concludes_nothing(tmp_path: Path) -> None:
    """What it has read is not known by its numbers; a new one starts with the first."""
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    with sqlite3.connect(state_dir / "state.sqlite3") as database:
        database.executescript(MIGRATIONS[0] + "PRAGMA user_version=1;")
        database.execute("INSERT INTO ranges VALUES ('x', 0, 1, 0, 0, 1, 0, 0, 0)")
    database.close()
    with Books(tmp_path) as books:
        books.see(300, 400, opened=-(10**18))

        assert books.missing() == []


def test_what_is_missing_is_named_by_writer(books: Books) -> None:
    """The identity is process id and time of opening."""
    books.see(6, 100, opened=5)

    assert books.store.sums().missing == (Missing(7, OPENED + 5, 5, 0),)
