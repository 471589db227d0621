"""The file of refused lines."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from shipper.backfill.shaping import Rejected
from shipper.cli.reject_file import CannotKeepError, NoFile, RejectFile, reject_file
from tests.support.full_disk import files_no_larger_than

REFUSED = Rejected(
    "a.log", 7, False, 40, "status", "the status is none", "GET /\n\u00fc"
)
ENTRY = Rejected("a.har", 0, True, 0, "not-http", "no HTTP", "data:")


def test_refused_lines_are_appended_for_one_pair_of_eyes(tmp_path: Path) -> None:
    """One JSON object a line, in ASCII; a file that others could read is closed."""
    path = tmp_path / "rejects.jsonl"
    path.write_text('{"earlier":1}\n')
    path.chmod(0o644)
    keep = reject_file(str(path))
    keep.write(REFUSED)
    keep.write(ENTRY)
    keep.close()

    first, line, entry = path.read_bytes().decode("ascii").splitlines()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert json.loads(first) == {"earlier": 1}
    assert json.loads(line) == {
        "file": "a.log",
        "line": 7,
        "offset_bytes": 40,
        "reason": "status",
        "detail": "the status is none",
        "text": "GET /\n\u00fc",
    }
    assert json.loads(entry)["entry"] == 0


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """At once if it cannot be made, else when the disk is full."""
    with pytest.raises(CannotKeepError, match="gone"):
        reject_file(str(tmp_path / "gone" / "rejects"))
    with pytest.raises(CannotKeepError, match="Is a directory"):
        reject_file(str(tmp_path))


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    """What the next run appends would stand behind it, and neither could be read."""
    path = tmp_path / "rejects.jsonl"
    keep = reject_file(str(path))
    keep.write(REFUSED)
    whole = path.read_bytes()
    with files_no_larger_than(len(whole) + 9), pytest.raises(CannotKeepError):
        keep.write(ENTRY)
    keep.close()

    assert path.read_bytes() == whole


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused line that cannot be kept is no small thing."""
    monkeypatch.setattr(os, "fchmod", lambda _handle, _mode: None)
    keep = RejectFile("/dev/full")
    with pytest.raises(CannotKeepError, match="No space left") as found:
        keep.write(REFUSED)
    keep.close()

    assert found.value.exit_code == 73


def test_without_a_file_nothing_is_kept() -> None:
    """They are named on the terminal all the same."""
    keep = reject_file(None)
    keep.write(REFUSED)
    keep.close()

    assert isinstance(keep, NoFile)
