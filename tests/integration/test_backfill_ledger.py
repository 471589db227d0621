"""Where a log is gone on from, by what is in it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from msgspec.structs import replace

from shipper.backfill.choices import Choices
from shipper.backfill.ledger import LeftAlone, Place, place_of
from shipper.backfill.log import Log
from shipper.clock import SystemClock
from shipper.fileid import Cut, FileRow, FileState, mark_of
from shipper.model import Advance, Commit
from shipper.store.history import History, Reading, open_history
from tests.support.combined import a_log

ALL = Reading("", "")
CHOICES = Choices(base_url="https://h", format="combined")
TEXT = a_log(10)
HALF = a_log(5)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A state that nobody has used."""
    opened = open_history(str(tmp_path / "state"), clock=SystemClock())
    yield opened
    opened.close()


def place(
    history: History, path: Path, reading: Reading = ALL, *, replay: bool = False
) -> Place | LeftAlone:
    """Return where a log is gone on from."""
    with Log(str(path), CHOICES) as log:
        return place_of(log, history, reading, replay=replay)


def sent(history: History, path: Path, text: bytes, reading: Reading = ALL) -> FileRow:
    """Send the beginning of a log."""
    found = place(history, path, reading)
    assert isinstance(found, Place)
    row = found.row
    if found.is_new:
        history.enter(row, reading)
    start = row.offset_bytes
    advance = Advance(
        row.file_id,
        start,
        len(text),
        row.crc,
        crc32(text[start:], row.crc),
        text[-256:],
        *(text.count(b"\n"), 0, 0, 0),
    )
    history.commit(Commit((advance,), (), ()))
    return row


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of ten lines."""
    path = tmp_path / "access.log"
    path.write_bytes(TEXT)
    return path


def test_a_new_log_begins_at_its_front(history: History, log: Path) -> None:
    """Nothing is known of it yet."""
    found = place(history, log)

    assert isinstance(found, Place)
    assert (found.is_new, found.position.offset_bytes) == (True, 0)


def test_a_log_that_is_rotated_once_it_is_open_is_the_same(
    history: History, log: Path
) -> None:
    """Its name leads to another file by now, or nowhere."""
    inode = log.stat().st_ino
    with Log(str(log), CHOICES) as opened:
        log.rename(log.with_name("rotated"))
        found = place_of(opened, history, ALL, replay=False)

    assert isinstance(found, Place)
    assert found.row.ino == inode


@pytest.mark.parametrize("name", ["access.log", "other.log", "access.log.gz"])
def test_a_log_goes_on_under_any_name(
    history: History, log: Path, tmp_path: Path, name: str
) -> None:
    """Renamed or packed, what was sent of it is known."""
    row = sent(history, log, HALF)
    log.unlink()
    moved = tmp_path / name
    moved.write_bytes(gzip.compress(TEXT) if name.endswith("gz") else TEXT)

    found = place(history, moved)

    assert isinstance(found, Place)
    assert (found.is_new, found.row.file_id) == (False, row.file_id)
    assert found.position.offset_bytes == len(HALF)


def test_another_log_that_begins_alike_is_another(history: History, log: Path) -> None:
    """The first line is a hint, the bytes before the place are the check."""
    sent(history, log, HALF)
    first = TEXT.split(b"\n")[0] + b"\n"
    log.write_bytes(first + a_log(9, first=500))

    found = place(history, log)

    assert isinstance(found, Place)
    assert found.is_new


def test_a_label_makes_it_another_log(history: History, log: Path) -> None:
    """Its ids are others."""
    sent(history, log, HALF)

    found = place(history, log, Reading("web-2", ""))

    assert isinstance(found, Place)
    assert found.is_new


def test_other_choices_are_told(history: History, log: Path) -> None:
    """The position of one choice says nothing about another."""
    sent(history, log, HALF, Reading("", "--since 2026"))

    found = place(history, log)

    assert isinstance(found, LeftAlone)
    assert "--since 2026" in found.why
    assert isinstance(place(history, log, replay=True), Place)


def test_a_replay_begins_anew_and_is_gone_on_with(history: History, log: Path) -> None:
    """The latest reading counts from then on."""
    first = sent(history, log, TEXT)
    again = place(history, log, replay=True)
    assert isinstance(again, Place)
    later = replace(again.row, first_seen="9999")
    history.enter(later, ALL)

    assert again.is_new
    assert again.row.file_id != first.file_id
    assert again.position.offset_bytes == 0


def test_a_followed_log_is_left_to_the_shipper(history: History, log: Path) -> None:
    """It sends what is in it, and what will be."""
    row = sent(history, log, HALF)
    history.claim(row.file_id)

    found = place(history, log)

    assert isinstance(found, LeftAlone)
    assert "the shipper follows it" in found.why


def test_a_followed_log_that_was_cut_is_the_shippers(
    history: History, log: Path
) -> None:
    """What its position is beyond is there no more; the shipper goes on at the cut."""
    row = sent(history, log, TEXT)
    claimed = history.claim(row.file_id)
    assert claimed is not None
    log.write_bytes(HALF)
    cut = Cut(len(HALF), mark_of(HALF))
    history.record(changed=[replace(claimed, cut=cut)])

    assert isinstance(place(history, log), LeftAlone)


@pytest.mark.parametrize("is_followed", [True, False])
def test_an_older_copy_of_a_log_is_left_alone(
    is_followed: bool, history: History, log: Path
) -> None:
    """What is in it was sent; a replay sends it anew, and another log is another."""
    row = sent(history, log, TEXT)
    if is_followed:
        history.claim(row.file_id)
    copy, other = log.with_name("copy"), log.with_name("other")
    copy.write_bytes(HALF)
    other.write_bytes(HALF[:-40] + b"?" * 39 + b"\n")

    found = place(history, copy)

    assert isinstance(found, LeftAlone)
    assert "older copy" in found.why
    assert isinstance(place(history, copy, replay=True), Place)
    assert isinstance(place(history, copy, Reading("again", "")), Place) != is_followed
    unlike = place(history, other)
    assert isinstance(unlike, Place) and unlike.is_new


def test_what_a_shipper_will_never_read_is_history(history: History, log: Path) -> None:
    """It was told to begin at the end, and that was in the middle."""
    found = place(history, log)
    assert isinstance(found, Place)
    middle = len(HALF)
    row = replace(
        found.row, state=FileState.OPEN, start_bytes=middle, offset_bytes=middle
    )
    history.record(new=[row])

    found = place(history, log)

    assert isinstance(found, Place)
    assert (found.is_new, found.position.offset_bytes) == (True, 0)
    assert found.stop_bytes == middle


def test_what_was_followed_once_is_delivered(history: History, log: Path) -> None:
    """A file that went and came back is read on from where it was."""
    row = sent(history, log, HALF)
    claimed = history.claim(row.file_id)
    assert claimed is not None
    history.record(changed=[replace(claimed, state=FileState.GONE)])

    found = place(history, log)

    assert isinstance(found, Place)
    assert (found.is_new, found.position.offset_bytes) == (True, len(HALF))
