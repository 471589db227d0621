"""Files that are moved to the directory of another table: read on, and told of, there.

Real files and a real state; the tables are looked at in their order, so a file moves
to one that comes before its own and to one that comes after.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shipper.config.settings import SourceSettings
from shipper.errors import StateError
from shipper.reports.audit import Audit, take_audit
from shipper.reports.status import Status, take_status
from shipper.store import open_store
from shipper.store.snapshot import open_snapshot
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.followed import (
    Following,
    MemoryCatalog,
    Table,
    append,
    some_lines,
)

# Too short to be known by.
WEAK = [b"%04d" % number for number in range(20)]


class Move:
    """Two tables, and a log that is moved from one to the other.

    Attributes:
        before: Where it was.
        after: Where it is moved to.
    """

    def __init__(self, directory: Path, *, is_earlier: bool) -> None:
        self.directory = directory
        names = ("q", "p") if is_earlier else ("p", "q")
        self.before, self.after = (directory / name / "app.log" for name in names)
        self.number = "pq".index(names[1])
        for name in "pq":
            (directory / name).mkdir()
            append(directory / name / "other.log", some_lines(900 + ord(name), 1))
        self.tables = [Table((str(directory / name / "*.log"),)) for name in "pq"]
        self.store = open_store(str(directory / "state"), clock=FakeClock())
        self.followed = Following(self.store, self.tables)

    def move(self) -> None:
        """Move it."""
        self.before.rename(self.after)

    def copy(self, *, is_packed: bool = False) -> None:
        """Put a copy of it under a rotated name of where it is moved to."""
        text = self.before.read_bytes()
        name = "app.log.1.gz" if is_packed else "app.log.1"
        self.after.with_name(name).write_bytes(
            gzip.compress(text) if is_packed else text
        )

    def table_of_log(self) -> list[int | None]:
        """Return the tables that have the log, by number, where it is now."""
        source = self.followed.source
        return [
            source.source_of(view.file_id)
            for view in source.files()
            if view.path == str(self.after)
        ]

    def count(self, name: str) -> int:
        """Return a total of the state."""
        with open_snapshot(str(self.directory / "state")) as snapshot:
            return snapshot.sums.counters.get(name, 0)

    def status(self) -> Status:
        """Look at it as an operator does."""
        events, clock = RecordingEvents(), FakeClock()
        return take_status(self._state, self._sources, events=events, clock=clock)

    def audit(self) -> Audit:
        """Count again as an operator does."""
        events, clock = RecordingEvents(), FakeClock()
        return take_audit(self._state, self._sources, events=events, clock=clock)

    @property
    def _state(self) -> str:
        return str(self.directory / "state")

    @property
    def _sources(self) -> list[SourceSettings]:
        return [SourceSettings(paths=table.paths) for table in self.tables]


@pytest.fixture(params=[True, False], ids=["to an earlier table", "to a later one"])
def move(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Move]:
    """Two tables with a log each, and no other yet."""
    moved = Move(tmp_path, is_earlier=request.param)
    with closing(moved.store):
        yield moved
        moved.followed.source.close()


@pytest.mark.parametrize("lines", [some_lines(0, 20), WEAK], ids=["long", "short"])
@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("is_late", [True, False])
def test_a_moved_log_goes_on_where_it_was(
    lines: list[bytes], *, is_down: bool, is_late: bool, move: Move
) -> None:
    """Moved while we are down or up, with lines added before it was or after."""
    append(move.before, lines[:12])
    move.followed.drain()
    move.followed.commit()
    if is_down:
        move.followed.restart()
    if is_late:
        move.move()
        append(move.after, lines[12:])
    else:
        append(move.before, lines[12:])
        move.move()

    assert lines[12:] == move.followed.drain()
    assert [move.number] == move.table_of_log()
    assert {"file_refused", "file_lost"}.isdisjoint(move.followed.events.names())


@pytest.mark.parametrize("is_copied", [True, False])
def test_what_is_in_flight_is_not_read_again(move: Move, *, is_copied: bool) -> None:
    """Its handle had to be closed meanwhile, and the state knows of no line yet."""
    move.followed.source.close()
    move.followed = Following(move.store, move.tables, {"max_open_files": 1})
    append(move.before, some_lines(0, 5))
    move.followed.drain()
    append(move.before.with_name("other.log"), some_lines(990, 1))
    move.followed.drain()
    append(move.before, some_lines(5, 3))
    if is_copied:
        move.copy(is_packed=True)
        move.before.unlink()
    else:
        move.move()
    move.followed.drain()
    move.followed.commit()

    assert some_lines(0, 8) == [
        line for line in move.followed.read if line < some_lines(900, 1)[0]
    ]


@pytest.mark.parametrize("is_packed", [True, False])
@pytest.mark.parametrize("is_down", [True, False])
def test_a_log_moved_to_another_file_system_goes_on_where_it_was(
    move: Move, *, is_packed: bool, is_down: bool
) -> None:
    """What stands there is a copy of what is gone here, packed perhaps."""
    append(move.before, some_lines(0, 5))
    move.followed.drain()
    move.followed.commit()
    if is_down:
        move.followed.restart()
    append(move.before, some_lines(5, 2))
    move.copy(is_packed=is_packed)
    move.before.unlink()

    assert some_lines(5, 2) == move.followed.drain()
    assert {"file_refused", "file_lost"}.isdisjoint(move.followed.events.names())


@pytest.mark.parametrize("is_emptied", [True, False])
def test_a_copy_of_a_log_of_another_table_is_no_new_log(
    move: Move, *, is_emptied: bool
) -> None:
    """It waits while the log is there, and takes its place when it is emptied."""
    append(move.before, some_lines(0, 5))
    move.followed.drain()
    move.followed.commit()
    append(move.before, some_lines(5, 2))
    move.copy()
    if is_emptied:
        move.before.write_bytes(b"")
        append(move.before, some_lines(20, 9))
    found = move.followed.drain()

    assert some_lines(5, 2) + some_lines(20, 9 * is_emptied) == sorted(found)
    assert "file_lost" not in move.followed.events.names()


def test_two_logs_that_are_written_to_may_be_alike(move: Move) -> None:
    """As when a monitor calls two servers: neither is taken for a copy."""
    append(move.before, some_lines(0, 5))
    append(move.after, some_lines(0, 5))
    found = move.followed.drain()

    assert [found.count(line) for line in some_lines(0, 5)] == [2] * 5


def test_a_log_that_was_not_sent_yet_is_not_told_as_lost(move: Move) -> None:
    """Its bytes are where it is now, and come from there."""
    append(move.before, some_lines(0, 5))
    move.followed.drain()
    move.followed.restart()
    move.move()

    assert set(some_lines(0, 5)) < set(move.followed.drain())
    assert "file_lost" not in move.followed.events.names()
    assert (move.count("file_lost"), move.count("lost_bytes")) == (0, 0)


@pytest.mark.parametrize("is_committed", [True, False])
def test_an_operator_sees_it_where_it_is(move: Move, *, is_committed: bool) -> None:
    """Before the shipper has seen it there itself."""
    append(move.before, some_lines(0, 5))
    move.followed.drain()
    if is_committed:
        move.followed.commit()
    move.move()

    seen = [(file.path, file.state) for file in move.status().files]
    assert seen.count((str(move.after), "open")) == 1
    assert len(seen) == 3
    audit = move.audit()
    kinds = {
        str(stretch.kind)
        for file in audit.files
        if file.path == str(move.after)
        for stretch in file.stretches
    }
    assert kinds == {"committed" if is_committed else "pending"}
    assert len(audit.files) == 3


def test_a_log_under_both_names_stays_where_it_was(move: Move) -> None:
    """As long as its own table still has a name for it; the other is told so."""
    append(move.before, some_lines(0, 5))
    move.followed.drain()
    move.after.hardlink_to(move.before)
    append(move.after, some_lines(5, 2))
    move.followed.drain()

    assert "file_refused" in move.followed.events.names()
    assert move.table_of_log() == []
    move.before.unlink()
    append(move.after, some_lines(7, 2))
    assert some_lines(7, 2) == move.followed.drain()
    assert [move.number] == move.table_of_log()


def test_a_name_that_two_tables_know_changes_no_hands(tmp_path: Path) -> None:
    """The table that had the log goes on with it, as long as we run."""
    tables = [Table((str(tmp_path / name),)) for name in ("*.log", "app*")]
    followed = Following(MemoryCatalog(), tables)
    append(tmp_path / "app", some_lines(0, 5))
    followed.drain()
    (tmp_path / "app").rename(tmp_path / "app.log")
    append(tmp_path / "app.log", some_lines(5, 2))
    found = followed.drain()
    numbers = [followed.source.source_of(each) for each in followed.file_ids()]
    followed.source.close()

    assert (some_lines(5, 2), [1]) == (found, numbers)


def test_a_move_is_remembered_when_the_state_can_be_written(move: Move) -> None:
    """Its lines are read all the same meanwhile: the state knows the file."""
    catalog = MemoryCatalog()
    followed = Following(catalog, move.tables)
    append(move.before, some_lines(0, 5))
    followed.drain()
    followed.commit()
    catalog.failure = StateError("full", path="state", is_temporary=True)
    move.move()
    append(move.after, some_lines(5, 3))
    found = followed.drain()
    catalog.failure = None
    followed.commit()
    followed.drain()
    followed.restart()

    assert (some_lines(5, 3), []) == (found, followed.drain())
    assert str(move.after) in {row.path for row in catalog.rows.values()}
    followed.source.close()
