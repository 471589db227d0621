"""The audit beside real files and a real state: what adds up, and what is named."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest

from shipper.cli.root import main
from shipper.config.settings import SourceSettings
from shipper.reports.audit import Audit, FileAudit, take_audit
from shipper.reports.stretches import Kind
from shipper.store import Store, open_store
from shipper.store.sums import Outcomes
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.followed import Following, append, following, some_lines

SEALED = "app.log.20261123T120000000000Z"


def _lines(first: int, count: int) -> list[bytes]:
    """Return lines of 100 bytes with their newline."""
    return some_lines(first, count, width=99)


class Place:
    """A log, its state, and an audit of both."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "app.log"
        self.sealed = directory / SEALED
        self.state_dir = str(directory / "state")
        self._parts = ExitStack()

    def store(self, *, busy_seconds: float = 5.0) -> Store:
        """Open the state; it is closed when the test is over."""
        store = open_store(self.state_dir, clock=FakeClock(), busy_seconds=busy_seconds)
        # Not left to the collector of garbage, which would do it during another test.
        self._parts.callback(store.close)
        return store

    def close(self) -> None:
        """Close what was opened."""
        self._parts.close()

    def follow(self) -> Following:
        """Begin following, with the state on disk."""
        return following(self.directory, catalog=self.store())

    def ship(self, lines: int = 100) -> None:
        """Write lines, read and commit them all."""
        append(self.log, _lines(0, lines))
        self.ship_on()

    def ship_on(self) -> None:
        """Read and commit what is there."""
        store = open_store(self.state_dir, clock=FakeClock())
        followed = following(self.directory, catalog=store)
        followed.drain()
        followed.commit()
        followed.drain()
        followed.source.close()
        store.close()

    def seal(self) -> None:
        """Rename the log as our writer does."""
        self.log.rename(self.sealed)

    def audit(self, read_from: Literal["beginning", "end"] = "beginning") -> Audit:
        """Count again."""
        return take_audit(
            self.state_dir,
            [SourceSettings(paths=(str(self.log),), read_from=read_from)],
            events=RecordingEvents(),
            clock=FakeClock(),
        )

    def only_file(
        self, read_from: Literal["beginning", "end"] = "beginning"
    ) -> FileAudit:
        """Count again a single file."""
        (file,) = self.audit(read_from).files
        return file


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A directory without a log."""
    place = Place(tmp_path)
    yield place
    place.close()


def _kinds(file: FileAudit) -> list[tuple[str, int, int | None]]:
    return [
        (str(each.kind), each.start_bytes, each.end_bytes) for each in file.stretches
    ]


def _cut(path: Path, at: int) -> None:
    """Take one byte out of a file, keeping its inode."""
    text = path.read_bytes()
    path.write_bytes(text[:at] + text[at + 1 :])


def _alter(path: Path, at: int) -> None:
    """Change one bit of a file, keeping its inode and its size."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def test_what_was_committed_is_counted_again_and_agrees(place: Place) -> None:
    """Checksums and line counts of the disk are those of the ledger."""
    place.ship(100)

    audit = place.audit()

    assert audit.is_exact
    assert [_kinds(file) for file in audit.files] == [[("committed", 0, 10_000)]]
    assert audit.lines == Outcomes(delivered=100)


def test_what_waits_is_pending(place: Place) -> None:
    """Bytes after the position are explained, whole lines counted."""
    place.ship(10)
    append(place.log, _lines(10, 3))
    with place.log.open("ab") as file:
        file.write(b"half a line")

    (pending,) = place.only_file().of(Kind.PENDING)

    assert (pending.start_bytes, pending.end_bytes) == (1_000, 1_311)
    assert pending.whole_lines == 3


def test_a_file_the_shipper_has_not_seen_is_pending(place: Place) -> None:
    """It is explained like the others, before it has a row."""
    place.ship(10)
    place.seal()
    append(place.log, _lines(10, 2))

    audit = place.audit()

    assert audit.is_exact
    assert [(file.state, _kinds(file)) for file in audit.files] == [
        ("open", [("committed", 0, 1_000)]),
        ("new", [("pending", 0, 200)]),
    ]


def test_where_reading_began_later_the_bytes_before_are_said_to_be_so(
    place: Place,
) -> None:
    """Nobody claims to have delivered what was there before the first run."""
    append(place.log, _lines(0, 5))
    store = place.store()
    followed = following(place.directory, catalog=store, read_from="end")
    followed.drain()
    append(place.log, _lines(5, 5))
    followed.drain()
    followed.commit()
    followed.source.close()

    file = place.only_file()

    assert _kinds(file) == [("before-start", 0, 500), ("committed", 500, 1_000)]


def test_an_archive_from_before_the_start_does_not_wait(place: Place) -> None:
    """Nobody reads it, so nothing of it is pending, before the first run or after."""
    packed = place.directory / f"{SEALED}.gz"
    packed.write_bytes(gzip.compress(b"\n".join((*_lines(0, 5), b""))))
    before = place.only_file(read_from="end")
    followed = following(place.directory, catalog=place.store(), read_from="end")
    followed.drain()
    followed.source.close()

    after = place.only_file(read_from="end")

    assert _kinds(before) == _kinds(after) == [("before-start", 0, 500)]


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)],
)
def test_a_packed_file_is_counted_unpacked(
    ending: str, pack: Callable[[bytes], bytes], place: Place
) -> None:
    """Packing changes neither positions nor checksums."""
    place.ship(100)
    packed = place.directory / f"{SEALED}.{ending}"
    packed.write_bytes(pack(place.log.read_bytes()))
    place.log.unlink()

    audit = place.audit()

    assert audit.is_exact
    assert [(file.path, _kinds(file)) for file in audit.files] == [
        (str(packed), [("committed", 0, 10_000)])
    ]


@pytest.mark.parametrize("at", [0, 30, 5_000, 9_990, 9_999])
def test_a_byte_cut_out_of_a_rotated_file_is_named(at: int, place: Place) -> None:
    """Wherever it is, the proof fails, and file and bytes are told."""
    place.ship(100)
    place.seal()
    place.ship_on()
    _cut(place.sealed, at)

    audit = place.audit()

    assert not audit.is_exact
    assert [(file.path, _kinds(file)) for file in audit.files] == [
        (str(place.sealed), [("wrong", 0, 10_000)])
    ]


@pytest.mark.parametrize("at", [0, 30, 5_000, 9_990, 9_999])
def test_a_byte_altered_in_a_rotated_file_is_named(at: int, place: Place) -> None:
    """In the first line, in the middle, and where the position's marker stands."""
    place.ship(100)
    place.seal()
    place.ship_on()
    _alter(place.sealed, at)

    audit = place.audit()

    assert not audit.is_exact
    assert [(file.path, _kinds(file)) for file in audit.files] == [
        (str(place.sealed), [("wrong", 0, 10_000)])
    ]


@pytest.mark.parametrize("damage", [_cut, _alter])
@pytest.mark.parametrize("at", [0, 5_000, 9_990])
def test_damage_is_named_after_the_shipper_has_seen_it_too(
    damage: Callable[[Path, int], None], at: int, place: Place
) -> None:
    """The shipper takes such a file for another one; the proof still fails."""
    place.ship(100)
    place.seal()
    place.ship_on()
    damage(place.sealed, at)
    place.ship_on()

    audit = place.audit()

    assert not audit.is_exact
    wrong = [file for file in audit.files if file.of(Kind.WRONG)]
    assert [file.path for file in wrong] == [str(place.sealed)]


def test_damage_by_an_editor_is_named(place: Place) -> None:
    """A rotated file that was written anew, with another inode, is the same name."""
    place.ship(100)
    place.seal()
    place.ship_on()
    edited = place.directory / "edited"
    edited.write_bytes(place.sealed.read_bytes().replace(b"00000050", b"00000051"))
    edited.rename(place.sealed)

    assert _kinds(place.only_file()) == [("wrong", 0, 10_000)]


def test_only_the_mebibyte_that_is_wrong_is_named(place: Place) -> None:
    """Each range is checked on its own, so the others are known to be right."""
    followed = place.follow()
    append(place.log, some_lines(0, 300, width=9_999))
    followed.drain()
    while followed.lines:
        followed.commit(50)
    followed.source.close()
    _alter(place.log, 1_600_000)

    file = place.only_file()

    assert _kinds(file) == [
        ("committed", 0, 1_000_000),
        ("wrong", 1_000_000, 2_000_000),
        ("committed", 2_000_000, 3_000_000),
    ]
    assert file.lines(Kind.COMMITTED) == Outcomes(delivered=200)


def test_a_file_gone_with_everything_committed_is_fine(place: Place) -> None:
    """Its sums are the ledger's."""
    place.ship(100)
    place.log.unlink()
    before = place.audit()
    place.ship_on()
    after = place.audit()

    assert (before.is_exact, after.is_exact) == (True, True)
    assert [file.state for file in (*before.files, *after.files)] == ["missing", "gone"]
    assert _kinds(after.files[0]) == [("recorded", 0, 10_000)]
    assert after.lines == Outcomes(delivered=100)


@pytest.mark.parametrize("is_seen", [False, True])
def test_a_file_gone_with_unread_bytes_is_lost(is_seen: bool, place: Place) -> None:
    """The bytes are named, before and after the shipper has noticed."""
    place.ship(100)
    followed = place.follow()
    append(place.log, _lines(100, 5))
    followed.source.look()
    followed.clock.advance(20.0)
    followed.source.look()
    followed.source.close()
    place.log.unlink()
    if is_seen:
        place.ship_on()

    audit = place.audit()

    assert audit.is_exact
    assert [_kinds(file) for file in audit.files] == [
        [("recorded", 0, 10_000), ("lost", 10_000, 10_500)]
    ]
    assert not is_seen or audit.counters["lost_bytes"] == 500


def test_a_packed_file_that_was_done_and_goes_has_lost_nothing(place: Place) -> None:
    """Its length is remembered when it is packed after it was done."""
    place.ship(100)
    place.seal()
    place.ship_on()
    packed = place.sealed.with_name(SEALED + ".gz")
    packed.write_bytes(gzip.compress(place.sealed.read_bytes()))
    place.sealed.unlink()
    place.ship_on()
    packed.unlink()
    place.ship_on()

    assert _kinds(place.only_file()) == [("recorded", 0, 10_000)]


def test_what_was_sent_and_removed_meanwhile_is_not_lost(place: Place) -> None:
    """The moment is the state's; what has been committed since was pending then."""
    place.ship(100)
    store = place.store()
    followed = following(place.directory, catalog=store)
    append(place.log, _lines(100, 5))
    followed.drain()
    followed.clock.advance(20.0)
    followed.drain()
    place.log.unlink()

    class Committing(RecordingEvents):
        def emit(self, name: str, **fields: str | float | None) -> None:
            # The source is told to be empty after the state was copied.
            if followed.lines:
                followed.commit()

    audit = take_audit(
        place.state_dir,
        [SourceSettings(paths=(str(place.log),))],
        events=Committing(),
        clock=FakeClock(),
    )

    assert [_kinds(file) for file in audit.files] == [
        [("recorded", 0, 10_000), ("pending", 10_000, 10_500)]
    ]


@pytest.mark.parametrize("is_seen", [False, True])
def test_an_archive_that_was_never_to_be_read_is_not_lost(
    is_seen: bool, place: Place
) -> None:
    """It was there before the first run, which began at the end."""
    append(place.log, _lines(0, 5))
    packed = place.directory / f"{SEALED}.gz"
    packed.write_bytes(gzip.compress(b"".join(_lines(9, 9))))
    store = place.store()
    followed = following(place.directory, catalog=store, read_from="end")
    followed.drain()
    packed.unlink()
    if is_seen:
        followed.drain()
    followed.source.close()

    assert [file.of(Kind.LOST) for file in place.audit().files] == [[], []]


def test_the_size_at_which_a_file_was_lost_is_known(place: Place) -> None:
    """Sizes are saved now and then; the last one seen counts."""
    place.ship(100)
    followed = place.follow()
    append(place.log, _lines(100, 5))
    followed.source.look()
    place.log.unlink()
    followed.clock.advance(1.0)
    followed.source.look()
    followed.source.close()

    assert _kinds(place.only_file()) == [
        ("recorded", 0, 10_000),
        ("lost", 10_000, 10_500),
    ]


def test_a_stopped_file_that_goes_has_lost_its_bytes(place: Place) -> None:
    """Nothing of it was read on purpose, and now nobody can."""
    followed = place.follow()
    append(place.log, _lines(0, 5))
    followed.source.look()
    line = followed.source.next_line()
    assert line is not None
    followed.source.stop_file(line.file_id, "a version of the future")
    place.log.unlink()
    followed.clock.advance(1.0)
    followed.source.look()
    followed.source.close()

    audit = place.audit()

    assert "file_lost" in followed.events.names()
    assert audit.losses.lost_bytes == 500
    assert [_kinds(file) for file in audit.files] == [[("lost", 0, 500)]]


def test_damage_is_named_after_a_rename_nobody_saw(place: Place) -> None:
    """The inode leads to a file that its bytes do not."""
    place.ship(100)
    _cut(place.log, 5_000)
    place.seal()

    assert [(file.path, _kinds(file)) for file in place.audit().files] == [
        (str(place.sealed), [("wrong", 0, 10_000)])
    ]


def test_a_truncated_and_regrown_log_is_no_fault_of_the_sums(place: Place) -> None:
    """What stands there now is another file; what was delivered is on record."""
    place.ship(100)
    place.log.write_bytes(b"".join(line + b"\n" for line in _lines(500, 120)))
    before = place.audit()
    place.ship_on()
    after = place.audit()

    assert (before.is_exact, after.is_exact) == (True, True)
    assert after.lines == Outcomes(delivered=220)


@pytest.mark.parametrize("committed", [40, 60, 80])
def test_a_log_cut_in_flight_is_exact_before_the_next_run(
    committed: int, place: Place
) -> None:
    """What is committed stands on record or on disk; what was added since waits."""
    append(place.log, _lines(0, 100))
    followed = place.follow()
    followed.drain()
    followed.commit(committed)
    os.truncate(place.log, 6_000)
    followed.drain()
    append(place.log, _lines(200, 10))
    followed.source.close()
    before = place.audit()
    place.ship_on()
    after = place.audit()

    delivered = max(committed, 60) + 10
    waiting = 70 - min(committed, 60)
    assert (before.is_exact, after.is_exact) == (True, True)
    assert before.lines == Outcomes(delivered=committed)
    assert sum(file.whole_lines for file in before.files) == waiting
    assert after.lines == Outcomes(delivered=delivered)
    assert after.losses.shrunk_bytes == max(0, committed - 60) * 100
    assert after.losses.lost_bytes == 0
    kinds = {kind for file in after.files for kind, _, _ in _kinds(file)}
    assert kinds <= {"recorded", "before-start", "committed"}


_A_LETTER = (
    "INSERT INTO dead_letters (file_id, start_bytes, end_bytes, reason, detail, sha256,"
    " length_bytes, created_at, size_bytes) "
)


def _write_to(place: Place, statement: str) -> None:
    with sqlite3.connect(os.path.join(place.state_dir, "state.sqlite3")) as database:
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE ranges SET delivered = delivered - 1", "100 lines, and 99"),
        ("UPDATE ranges SET dead = 1, delivered = 99, forgotten = 1", ""),
        ("UPDATE ranges SET dead = 1, delivered = 99", "1 dead lines, and 0"),
        ("UPDATE ranges SET skipped = 1, delivered = 99", "counters have 0"),
        ("UPDATE ranges SET crc_after = 1", "its checksum is"),
        ("UPDATE ranges SET start_bytes = 100", "does not go on from byte 0"),
        ("DELETE FROM ranges", "the ledger ends at byte 0"),
        ("UPDATE files SET offset_bytes = 9900", "the position is 9900"),
        (
            _A_LETTER + "SELECT file_id, 200, 300, 'schema', '', '', 99, '', 99 "
            "FROM files",
            "it has 0 dead lines, and 1 dead letters",
        ),
        (
            _A_LETTER + "VALUES ('nobody', 200, 300, 'schema', '', '', 99, '', 99)",
            "1 dead letters are of lines that are not committed",
        ),
    ],
)
def test_a_ledger_that_contradicts_itself_is_found(
    statement: str, said: str, place: Place
) -> None:
    """Each sum is held against another one; purged dead letters are no fault."""
    place.ship(100)
    _write_to(place, statement)

    audit = place.audit()

    words = [*audit.faults, *(each.why for each in audit.files[0].stretches)]
    assert audit.is_exact == (not said)
    assert said in "; ".join(words)


def test_a_file_that_cannot_be_read_proves_nothing(
    place: Place, tmp_path: Path
) -> None:
    """A directory in the place of a rotated file is named, not passed over."""
    place.ship(100)
    place.seal()
    place.ship_on()
    place.sealed.unlink()
    place.sealed.mkdir()

    (file,) = place.audit().files

    assert [each.kind for each in file.stretches] == [Kind.WRONG]
    assert "a directory" in file.stretches[0].why


def test_nothing_shipped_yet_is_exact(place: Place) -> None:
    """Before the first run everything waits."""
    append(place.log, _lines(0, 2))

    audit = place.audit()

    assert (audit.has_run, audit.is_exact) == (False, True)
    assert _kinds(audit.files[0]) == [("pending", 0, 200)]


def test_counting_changes_nothing(place: Place) -> None:
    """The state is the same after as before, and the log as well."""
    place.ship(10)
    before = _contents(place.directory)

    place.audit()

    assert _contents(place.directory) == before


def _contents(directory: Path) -> dict[Path, bytes]:
    """Return what is kept: an empty log of writes, and its index, are nothing."""
    return {
        path: content
        for path in directory.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
        if (content := path.read_bytes()) or not path.name.endswith("-wal")
    }


def test_a_commit_goes_through_while_somebody_counts(place: Place) -> None:
    """The moment is a copy: no lock is held while the logs are read."""
    place.ship(10)
    store = place.store(busy_seconds=0.0)
    followed = following(place.directory, catalog=store)
    append(place.log, _lines(10, 5))
    followed.drain()
    reached: list[int] = []

    class Committing(RecordingEvents):
        def emit(self, name: str, **fields: str | float | None) -> None:
            followed.commit()
            reached.append(len(reached))

    empty = place.directory / "nothing-*"
    audit = take_audit(
        place.state_dir,
        [SourceSettings(paths=(str(place.log), str(empty)))],
        events=Committing(),
        clock=FakeClock(),
    )

    assert reached
    assert audit.lines == Outcomes(delivered=10)
    assert place.audit().lines == Outcomes(delivered=15)


def test_what_is_wrong_is_a_fault_of_the_result(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sums that are not exact have a reason at the top, file and bytes named."""
    place.ship(100)
    _write_to(place, "UPDATE ranges SET crc_after = 1")
    config = tmp_path / "config.toml"
    config.write_text(
        f'state_dir = "{place.state_dir}"\n[[source]]\npaths = ["{place.log}"]\n'
    )
    code = main(["audit", "--json", "--config", str(config)])
    result = json.loads(capsys.readouterr().out)

    assert (code, result["is_exact"]) == (65, False)
    assert result["faults"]
    for fault in result["faults"]:
        assert fault.startswith(f"wrong: {place.log}: bytes ")
