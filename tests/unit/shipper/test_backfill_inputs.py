"""Which files are meant by the names that were typed."""

from __future__ import annotations

import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipper.backfill.inputs import find_logs, spooled
from shipper.logfile import NoInputError


def test_a_directory_is_what_lies_in_it_oldest_first(tmp_path: Path) -> None:
    """What editors and unfinished copies leave behind is not meant; nor is it hidden.

    A file that was named itself comes once, and where it was named first.
    """
    old, new = tmp_path / "b.log", tmp_path / "deep" / "a.log.gz"
    new.parent.mkdir()
    (tmp_path / ".git").mkdir()
    others = [tmp_path / name for name in (".hidden", "a.log~", "b.swp", ".git/c")]
    for age, path in enumerate((*others, new, old)):
        path.write_bytes(b"x")
        os.utime(path, (1_000 - age, 1_000 - age))
    os.mkfifo(tmp_path / "pipe")

    assert find_logs([str(tmp_path)]) == [str(old), str(new)]
    assert find_logs([str(new), str(tmp_path), "-"]) == [str(new), str(old), "-"]


def test_a_directory_without_files_is_no_input(tmp_path: Path) -> None:
    """The error names it."""
    with pytest.raises(NoInputError, match="holds no files") as found:
        find_logs([str(tmp_path)])

    assert found.value.path == str(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """It would otherwise look empty, and its logs be forgotten."""
    tmp_path.chmod(0)
    with pytest.raises(NoInputError, match="Permission denied"):
        find_logs([str(tmp_path)])


def test_a_directory_that_vanishes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there when it was asked for, and could not be listed."""
    monkeypatch.setattr(os.path, "isdir", lambda _: True)
    with pytest.raises(NoInputError, match="No such file"):
        find_logs([str(tmp_path / "gone")])


def test_a_log_that_is_rotated_while_its_directory_is_listed_ends_no_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens it says that it is gone; where it stands was known before."""
    old, new = tmp_path / "old.log", tmp_path / "new.log"
    for path, seconds in ((old, 1), (new, 2)):
        path.write_bytes(b"x")
        os.utime(path, (seconds, seconds))

    def walk(top: str, **_: object) -> Iterator[tuple[str, list[str], list[str]]]:
        yield top, [], ["new.log", "old.log", "gone.log"]
        old.unlink()

    monkeypatch.setattr(os, "walk", walk)

    assert find_logs([str(tmp_path)]) == [str(old), str(new)]


def test_what_is_piped_in_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies in no directory, where a kill would leave it, and is gone afterwards."""
    piped = io.TextIOWrapper(io.BytesIO(b"one\ntwo\n"))
    monkeypatch.setattr(sys, "stdin", piped)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with spooled(["a.log", "-"]) as (paths, names):
        first, second = paths
        mode = stat.S_IMODE(os.stat(second).st_mode)
        content = Path(second).read_bytes()
        left = list(tmp_path.iterdir())

    assert left == []
    assert (first, content, mode) == ("a.log", b"one\ntwo\n", 0o600)
    assert names == {second: "-"}
    assert not os.path.exists(second)


def test_without_a_dash_nothing_is_copied() -> None:
    """Standard input may be a terminal."""
    with spooled(["a.log"]) as found:
        assert found == (["a.log"], {})


def test_what_we_write_ourselves_is_no_log_of_a_directory(tmp_path: Path) -> None:
    """The egress log and the rejects of the run before lie there, perhaps."""
    log, own, link = (tmp_path / name for name in ("a.log", "egress.log", "b.log"))
    log.write_bytes(b"x")
    own.write_bytes(b"x")
    link.symlink_to(own)

    assert find_logs([str(tmp_path)], own_files=[str(own)]) == [str(log)]
    assert find_logs([str(own)], own_files=[str(own)]) == [str(own)]
