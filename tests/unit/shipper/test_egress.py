"""One line for every POST, whatever becomes of the file."""

from __future__ import annotations

import errno
import json
import os
import stat
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from shipper.egress import EgressLog, line_of
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused
from shipper.transport import Posted
from tests.support.clock import START
from tests.support.events import RecordingEvents

PAYLOADS = (b'{"_id":"one","x":1}', b'{"_id":"two","x":2}')
BODY = (b'[{"_id":"one","x":1}', b',{"_id":"two","x":2}]')


def posted(receipt: Receipt = Delivered(202), *, id_: str = "") -> Posted:  # noqa: B008 - frozen
    """Return a POST of two records, or of one with this id."""
    if not id_:
        return Posted(START, 0.0841, PAYLOADS, BODY, receipt)
    payload = b'{"_id":"%b"}' % id_.encode()
    return Posted(START, 0.0, (payload,), (b"[" + payload + b"]",), receipt)


class Disk:
    """Writes to the real file until it is told to fail."""

    def __init__(self) -> None:
        # Mutable state: how many bytes of the next line are written; None is all.
        self.room: int | None = None

    def write(self, descriptor: int, line: bytes) -> int:
        """Write what there is room for, or fail as a full disk does."""
        if self.room is None:
            return os.write(descriptor, line)
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(descriptor, line[: self.room])


def a_log(
    path: Path, *, is_required: bool = False, disk: Disk | None = None
) -> tuple[EgressLog, RecordingEvents]:
    """Return a log and what it tells."""
    events = RecordingEvents()
    write = os.write if disk is None else disk.write
    log = EgressLog(
        path=str(path), is_required=is_required, events=events, os_write=write
    )
    return log, events


def lines(path: Path) -> list[dict[str, Any]]:
    """Return what the file holds."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def ids(path: Path) -> list[str]:
    """Return the id of each line's only record."""
    return [line["ids"][0] for line in lines(path)]


def test_a_line_says_what_left_and_what_came_back() -> None:
    """Time, ids, length and digest of the exact bytes, and the answer."""
    whole = b"".join(BODY)

    assert json.loads(line_of(posted())) == {
        "time": "2026-11-23T12:00:00.000Z",
        "duration_ms": 84,
        "ids": ["one", "two"],
        "bytes": len(whole),
        "sha256": sha256(whole).hexdigest(),
        "outcome": "delivered",
        "status": 202,
        "cause": None,
    }


@pytest.mark.parametrize(
    ("receipt", "outcome"),
    [
        (Delivered(200), ("delivered", 200, None)),
        (Refused(413, "SECRET", is_too_large=True), ("refused", 413, None)),
        (Deferred(Cause.UNAVAILABLE, "SECRET", 503), ("deferred", 503, "unavailable")),
        (Deferred(Cause.NETWORK, "SECRET"), ("deferred", None, "network")),
    ],
)
def test_every_outcome_has_its_words(
    receipt: Receipt, outcome: tuple[str, int | None, str | None]
) -> None:
    """The receiver's own words are left out: they may quote a record."""
    raw = line_of(posted(receipt))

    line = json.loads(raw)
    assert (line["outcome"], line["status"], line["cause"]) == outcome
    assert b"SECRET" not in raw


def test_a_payload_of_another_layout_has_no_id() -> None:
    """It is counted all the same."""
    strange = Posted(START, 0.0, (b'{"x":1}',), (b'[{"x":1}]',), Delivered(202))

    assert json.loads(line_of(strange))["ids"] == [None]


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    """The stamp ends in Z, and is true."""
    started = START.astimezone().replace(microsecond=5000) + timedelta(seconds=1)
    moved = Posted(started, 0.0, (), (), Delivered(202))

    assert json.loads(line_of(moved))["time"] == "2026-11-23T12:00:01.005Z"


def test_lines_are_appended_to_a_private_file(tmp_path: Path) -> None:
    """What was there stays; a new file is closed to others."""
    path = tmp_path / "egress.jsonl"
    first, _ = a_log(path)
    first.note(posted(id_="a"))
    first.close()
    second, events = a_log(path)

    second.note(posted(id_="b"))
    second.close()

    assert ids(path) == ["a", "b"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert events.told == []


@pytest.mark.parametrize("is_made_anew", [True, False])
def test_a_file_that_was_rotated_away_is_left_alone(
    tmp_path: Path, is_made_anew: bool
) -> None:
    """The next line goes to the file that stands under the name, old or new."""
    path, rotated = tmp_path / "egress.jsonl", tmp_path / "egress.jsonl.1"
    log, _ = a_log(path)
    log.note(posted(id_="a"))
    path.rename(rotated)
    if is_made_anew:
        path.touch()

    log.note(posted(id_="b"))
    log.note(posted(id_="c"))

    assert (ids(rotated), ids(path)) == (["a"], ["b", "c"])
    log.close()


def test_a_torn_line_spoils_no_other(tmp_path: Path) -> None:
    """After a crash in the middle of a line the next one begins anew."""
    path = tmp_path / "egress.jsonl"
    path.write_bytes(b'{"time":"2026-')
    log, _ = a_log(path)

    log.note(posted(id_="a"))
    log.note(posted(id_="b"))
    log.close()

    torn, *whole = path.read_bytes().splitlines()
    assert torn == b'{"time":"2026-'
    assert [json.loads(line)["ids"] for line in whole] == [["a"], ["b"]]


def test_half_a_line_of_another_process_spoils_none_of_ours(tmp_path: Path) -> None:
    """Workers share the file, and the disk may be full for one of them alone."""
    path, disk = tmp_path / "egress.jsonl", Disk()
    ours, _ = a_log(path)
    theirs, _ = a_log(path, disk=disk)
    ours.note(posted(id_="a"))
    disk.room = 10
    theirs.note(posted(id_="b"))
    disk.room = None

    ours.note(posted(id_="c"))
    ours.close()
    theirs.close()

    whole = [line for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    assert [json.loads(line)["ids"] for line in whole] == [["a"], ["c"]]


@pytest.mark.parametrize("room", [0, 10])
def test_without_it_uploads_go_on_and_it_is_told_once(
    tmp_path: Path, room: int
) -> None:
    """An event says that lines will be missing, another how many are."""
    path, disk = tmp_path / "egress.jsonl", Disk()
    log, events = a_log(path, disk=disk)
    disk.room = room
    log.note(posted(id_="a"))
    log.note(posted(id_="b"))
    objection = log.objection()
    disk.room = None

    log.note(posted(id_="c"))
    log.close()

    assert objection is None
    assert events.names() == ["egress_log_failed", "egress_log_resumed"]
    assert events.told[0][1]["what"] == "go on without it"
    assert events.told[1][1]["missing"] == 2
    assert json.loads(path.read_bytes().splitlines()[-1])["ids"] == ["c"]


@pytest.mark.parametrize("room", [0, 10])
def test_when_it_is_required_uploads_wait_for_it(tmp_path: Path, room: int) -> None:
    """No line is lost: those of what was on its way are written first."""
    path, disk = tmp_path / "egress.jsonl", Disk()
    log, events = a_log(path, is_required=True, disk=disk)
    before = log.objection()
    disk.room = room
    log.note(posted(id_="a"))
    log.note(posted(id_="b"))
    meanwhile = log.objection()
    disk.room = None

    after = log.objection()
    log.close()

    assert (before, after) == (None, None)
    assert meanwhile is not None
    assert meanwhile.cause is Cause.HOLD
    assert "egress_log.required" in (meanwhile.hint or "")
    assert str(path) in meanwhile.reason
    assert events.names() == ["egress_log_failed", "egress_log_resumed"]
    assert events.told[1][1]["missing"] == 0
    whole = [line for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    assert [json.loads(line)["ids"] for line in whole] == [["a"], ["b"]]


def test_what_waits_is_written_at_the_end_if_it_can_be(tmp_path: Path) -> None:
    """A stop right after the disk has room again loses no line."""
    path, disk = tmp_path / "egress.jsonl", Disk()
    log, _ = a_log(path, is_required=True, disk=disk)
    disk.room = 0
    log.note(posted(id_="a"))
    disk.room = None

    log.close()
    log.close()

    assert ids(path) == ["a"]


@pytest.mark.parametrize("is_required", [False, True])
def test_what_is_missing_at_the_end_is_told(
    tmp_path: Path, *, is_required: bool
) -> None:
    """Whoever audits must hear of lines that no later run will write."""
    path, disk = tmp_path / "egress.jsonl", Disk()
    log, events = a_log(path, is_required=is_required, disk=disk)
    disk.room = 0
    log.note(posted(id_="a"))
    log.note(posted(id_="b"))

    log.close()
    log.close()

    assert events.names() == ["egress_log_failed", "egress_log_incomplete"]
    assert events.told[1][1]["missing"] == 2
    assert events.told[1][1]["why"] == "No space left on device"


@pytest.mark.parametrize("kind", ["directory", "fifo", "nowhere"])
def test_what_is_no_file_is_an_objection(tmp_path: Path, kind: str) -> None:
    """Nothing leaves before its account can be kept; no open waits for a reader."""
    path = tmp_path / "egress.jsonl"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path = tmp_path / "missing" / "egress.jsonl"
    log, events = a_log(path, is_required=True)

    objection = log.objection()

    assert objection is not None
    assert events.names() == ["egress_log_failed"]
