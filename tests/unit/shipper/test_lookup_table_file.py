"""A table in a file: read again when it changes, kept when it cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipper.identify import Known
from shipper.lookup import Complaints, TableFile, UnusableError, try_table
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from wsgi_writer.mask import mask_key

KEY = mask_key("owl-key")
INTERVAL = 5.0


class Desk:
    """A table's file, its clock, and what is told of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.events = RecordingEvents()
        self.complaints = Complaints(self.events, mask="sha512")

    def write(self, text: str) -> None:
        """Put a new file in the place of the old."""
        new = self.path.with_suffix(".new")
        new.write_text(text)
        os.replace(new, self.path)

    def name(self, label: str) -> None:
        """Write a table in which the owl has this label."""
        self.write(f"key,label\nowl-key,{label}\n")

    def open(self) -> TableFile:
        """Read the table for the first time."""
        return TableFile(
            str(self.path),
            mask=mask_key,
            clock=self.clock,
            interval_seconds=INTERVAL,
            complaints=self.complaints,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A table with one owl."""
    desk = Desk(tmp_path / "callers.csv")
    desk.name("Owl")
    return desk


def test_a_changed_table_holds_after_the_interval(desk: Desk) -> None:
    """Until then no look-up touches the disk."""
    table = desk.open()
    desk.name("Barn owl")

    before = table.find(KEY)
    desk.clock.advance(INTERVAL)
    after = table.find(KEY)

    assert before == Known("Owl")
    assert after == Known("Barn owl")
    assert desk.events.names() == ["lookup_loaded", "lookup_loaded"]


def test_an_unchanged_table_is_not_read_again(desk: Desk) -> None:
    """A look at the file's stamp is enough."""
    table = desk.open()

    for _ in range(3):
        desk.clock.advance(INTERVAL)
        table.find(KEY)

    assert desk.events.names() == ["lookup_loaded"]


def test_a_bad_table_leaves_the_old_one_and_is_told_once(desk: Desk) -> None:
    """What is wrong, where, and how to mend it; when it is mended it holds."""
    table = desk.open()
    desk.write("key,label\nowl-key,Owl,more\n")
    for _ in range(3):
        desk.clock.advance(INTERVAL)
        assert table.find(KEY) == Known("Owl")
    desk.name("Mended owl")
    desk.clock.advance(INTERVAL)

    assert table.find(KEY) == Known("Mended owl")
    assert desk.events.names() == ["lookup_loaded", "lookup_failed", "lookup_loaded"]
    assert desk.events.told[1][1] == {
        "path": str(desk.path),
        "why": "line 2 has 3 cells for 2 columns",
        "hint": "a cell that holds the delimiter stands in quotes",
    }


def test_a_table_that_is_gone_for_a_while_is_read_when_it_is_back(desk: Desk) -> None:
    """As after a mount that failed: the very same file, and no word of it twice."""
    table = desk.open()
    aside = desk.path.parent.with_name("aside")
    desk.path.parent.rename(aside)
    for _ in range(2):
        desk.clock.advance(INTERVAL)
        assert table.find(KEY) == Known("Owl")
    aside.rename(desk.path.parent)
    desk.clock.advance(INTERVAL)

    assert table.find(KEY) == Known("Owl")
    assert desk.events.names() == ["lookup_loaded", "lookup_failed", "lookup_loaded"]
    assert "No such file" in str(desk.events.told[1][1]["why"])


def test_a_directory_in_its_place_is_told(desk: Desk) -> None:
    """It is there, and no table; the old one holds."""
    table = desk.open()
    desk.path.unlink()
    desk.path.mkdir()
    desk.clock.advance(INTERVAL)

    assert table.find(KEY) == Known("Owl")
    assert desk.events.told[1][1]["why"] == "it cannot be read: Is a directory"


def test_a_first_table_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    """The shipper does not start without what it was told to use."""
    (tmp_path / "bad.csv").write_text("nothing")
    os.mkfifo(tmp_path / "pipe.csv")
    for name, problem in (
        ("none.csv", "cannot be read: No such file"),
        ("bad.csv", "names no column key"),
        ("pipe.csv", "no plain file"),
        ("nul\0.csv", "expected the path of a file"),
    ):
        with pytest.raises(UnusableError, match=problem):
            Desk(tmp_path / name).open()
        with pytest.raises(UnusableError, match=problem):
            try_table(str(tmp_path / name))


def test_a_file_that_is_far_too_large_is_no_table(tmp_path: Path) -> None:
    """A path named by mistake does not fill the memory."""
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(67_108_865)

    with pytest.raises(UnusableError, match="over 64 MiB"):
        try_table(str(path))
