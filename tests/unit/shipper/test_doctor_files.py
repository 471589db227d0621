"""What the doctor says of followed files and of how they are watched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest

from shipper.config.settings import SourceSettings
from shipper.reports.doctor import files, watches
from shipper.reports.doctor.check import Check, Verdict
from tests.support.clock import FakeClock
from tests.support.exchanges import an_exchange, encoded


def found(
    tmp_path: Path, *patterns: str, sources: tuple[SourceSettings, ...] = ()
) -> files.Files:
    """Look at sources of these patterns."""
    paths = tuple(str(tmp_path / pattern) for pattern in patterns)
    sources = sources or (SourceSettings(paths=paths),)
    return files.Files(str(tmp_path / "state"), sources, clock=FakeClock())


def test_files_are_told_with_what_is_unread(tmp_path: Path) -> None:
    """One check a file, and one for a pattern that has none yet."""
    (tmp_path / "a.jsonl").write_bytes(encoded(an_exchange()))
    checks = list(found(tmp_path, "a.jsonl", "b.jsonl").checks())

    assert [(check.verdict, check.where) for check in checks] == [
        ("warning", str(tmp_path / "b.jsonl")),
        ("ok", str(tmp_path / "a.jsonl")),
    ]
    assert "unread" in checks[1].why


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """A directory under the name of a log is refused, as the shipper refuses it."""
    (tmp_path / "a.jsonl").mkdir()
    (check,) = list(found(tmp_path, "a.jsonl").checks())[:1]

    assert (check.code, check.verdict) == ("SHP010", "warning")
    assert "a directory" in check.why


def test_many_files_are_counted_rather_than_named(tmp_path: Path) -> None:
    """Years of rotated files do not hide what is wrong."""
    for number in range(files.MOST_FILES + 2):
        log = tmp_path / f"{number}.jsonl"
        log.write_bytes(encoded(an_exchange(id=str(uuid4()))))
    (tmp_path / "empty.jsonl").write_bytes(b"")
    checks = list(found(tmp_path, "*.jsonl").checks())

    assert [check.why for check in checks[-2:]] == [
        "2 more files with unread bytes, readable",
        "1 file with nothing unread, readable",
    ]
    assert len(checks) == files.MOST_FILES + 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_known_file_that_was_closed_since_is_told(tmp_path: Path) -> None:
    """A look at a file that has not changed does not open it."""
    log = tmp_path / "a.jsonl"
    log.write_bytes(encoded(an_exchange()))
    looked = found(tmp_path, "a.jsonl")
    log.chmod(0)
    (check,) = looked.checks()

    assert (check.verdict, "any more" in check.why) == ("failure", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    """File and directory, with the group that is often lacking."""
    log = tmp_path / "logs" / "a.jsonl"
    log.parent.mkdir()
    log.write_bytes(encoded(an_exchange()))
    log.chmod(0)
    (closed,) = found(tmp_path, "logs/a.jsonl").checks()
    log.parent.chmod(0o100)
    unlisted = list(found(tmp_path, "logs/a.jsonl").checks())
    log.parent.chmod(0o700)

    assert (closed.verdict, "adm" in closed.mend) == ("failure", True)
    assert (str(log.parent), "failure") in [(c.where, c.verdict) for c in unlisted]
    assert "warning" not in [check.verdict for check in unlisted]


def test_a_damaged_state_does_not_keep_files_from_being_looked_at(
    tmp_path: Path,
) -> None:
    """Without positions every byte is unread."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state/state.sqlite3").write_bytes(b"no database" * 100)
    (tmp_path / "a.jsonl").write_bytes(encoded(an_exchange()))
    (check,) = found(tmp_path, "a.jsonl").checks()

    assert check.verdict is Verdict.OK


def watched(directory: str, mode: Literal["auto", "poll"]) -> list[Check]:
    """Return how a directory is watched."""
    checks = watches.watch_checks(
        [directory], mode=mode, poll_interval_seconds=1.0, clock=FakeClock()
    )
    return list(checks)


@pytest.mark.parametrize(
    ("mode", "words"), [("poll", 'watch = "poll"'), ("auto", "events by inotify")]
)
def test_how_a_directory_is_watched(
    tmp_path: Path, mode: Literal["auto", "poll"], words: str
) -> None:
    """By really setting the watch, or by not having to."""
    (check,) = watched(str(tmp_path), mode)

    assert (check.verdict, words in check.why) == ("ok", True)
    assert str(tmp_path) in check.where


def test_why_a_directory_is_polled(tmp_path: Path) -> None:
    """One that is not there cannot be watched, and that is told."""
    (check,) = watched(str(tmp_path / "later"), "auto")

    assert check.verdict is Verdict.WARNING
    assert "polled every 1 s: it does not exist" in check.why


def test_the_limits_of_inotify_are_told_before_they_are_met(tmp_path: Path) -> None:
    """A user with nearly as many instances as it may have is warned."""
    (tmp_path / "max_user_instances").write_text("2\n")
    (tmp_path / "max_user_watches").write_text("100\n")
    handles = tmp_path / "proc/7/fd"
    handles.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/8").mkdir()
    limits, processes = str(tmp_path), str(tmp_path / "proc")
    (few,) = watches.limit_checks(limits=limits, processes=processes)
    for number in range(2):
        (handles / str(number)).symlink_to("anon_inode:inotify")
    (handles / "plain").write_text("")
    (many,) = watches.limit_checks(limits=limits, processes=processes)
    (unknown,) = watches.limit_checks(limits=str(tmp_path / "no"), processes=processes)

    assert [few.verdict, many.verdict, unknown.verdict] == ["ok", "warning", "ok"]
    assert "at least 2 instances" in many.why


def test_logs_gather_their_rotated_files(tmp_path: Path) -> None:
    """Each file belongs to the log it was turned away from."""
    for name in ("a.jsonl", "a.jsonl.20261123T120000000000Z", "access.log.1"):
        (tmp_path / name).write_bytes(encoded(an_exchange(id=str(uuid4()))))
    sources = (
        SourceSettings(paths=(str(tmp_path / "a.jsonl"),)),
        SourceSettings(paths=(str(tmp_path / "access.log"),), format="combined"),
    )
    logs = found(tmp_path, sources=sources).logs()

    assert sorted(
        (log.where, log.is_foreign, len(log.generations)) for log in logs
    ) == [
        (str(tmp_path / "a.jsonl"), False, 2),
        (str(tmp_path / "access.log"), True, 1),
    ]
