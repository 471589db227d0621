"""How a run ends that could not deal with every file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipper.ending import Ending, LeftFiles
from tests.support.events import RecordingEvents

CLOSED = "Permission denied"


def left_files(*closed: Path, why: str = CLOSED) -> tuple[LeftFiles, RecordingEvents]:
    """Return what remembers these files, told of as unreadable."""
    events = RecordingEvents()
    left = LeftFiles(events)
    for path in closed:
        left.emit("file_unreadable", path=str(path), why=why)
    return left, events


def test_a_run_that_read_everything_is_drained() -> None:
    """Whatever else was told of."""
    left, events = left_files()
    left.emit("drained")

    assert (left.judged(Ending.DRAINED), events.names()) == (
        Ending.DRAINED,
        ["drained"],
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("is_directory", [True, False])
def test_what_is_closed_to_us_is_left(tmp_path: Path, *, is_directory: bool) -> None:
    """A log, or the directory of some."""
    path = tmp_path / "closed"
    path.mkdir() if is_directory else path.write_bytes(b"x")
    path.chmod(0)
    left, _ = left_files(path)
    ending = left.judged(Ending.DRAINED)
    path.chmod(0o700)

    assert (ending, left.judged(Ending.DRAINED)) == (Ending.LEFT, Ending.DRAINED)


def a_closed_log(directory: Path) -> Path:
    """Return the path of a log that not even root can get at."""
    (directory / "file").write_bytes(b"")
    return directory / "file" / "log"


def test_files_are_named_with_what_is_wrong(tmp_path: Path) -> None:
    """The last word says why they were left."""
    left, events = left_files(a_closed_log(tmp_path))
    left.emit(
        "file_stopped", path=str(tmp_path / "new"), position=0, why="of a later version"
    )
    assert left.judged(Ending.DRAINED) is Ending.LEFT
    left.tell()

    assert events.told[-1] == (
        "files_left",
        {
            "files": 2,
            "how": "stopped or closed to us",
            "paths": f"{tmp_path}/new, {tmp_path}/file/log",
        },
    )


def test_what_could_not_be_written_down_is_left() -> None:
    """Files that were found are read once the state knows them, and not before."""
    left, events = left_files()
    left.emit("state_write_failed", why="full", hint="")
    full = left.judged(Ending.DRAINED)
    left.tell()
    left.emit("state_write_resumed")

    assert (full, left.judged(Ending.DRAINED)) == (Ending.LEFT, Ending.DRAINED)
    assert events.names() == ["state_write_failed", "state_write_resumed"]


def test_what_could_be_read_after_all_is_not_left(tmp_path: Path) -> None:
    """Its mode was changed meanwhile, or a directory can be passed through."""
    log = tmp_path / "log"
    log.write_bytes(b"x")
    left, _ = left_files(log, tmp_path, tmp_path / "gone by now")

    assert left.judged(Ending.DRAINED) is Ending.DRAINED


@pytest.mark.parametrize("why", ["the archive ends early", "Input/output error"])
def test_damage_is_not_waited_for(why: str, tmp_path: Path) -> None:
    """An archive that ends early was read as far as it goes, and told of once."""
    left, _ = left_files(a_closed_log(tmp_path), why=why)

    assert left.judged(Ending.DRAINED) is Ending.DRAINED


def test_a_run_that_was_stopped_has_its_own_end(tmp_path: Path) -> None:
    """Whoever stopped it knows that work is left."""
    left, _ = left_files(a_closed_log(tmp_path))

    assert left.judged(Ending.STOPPED) is Ending.STOPPED
