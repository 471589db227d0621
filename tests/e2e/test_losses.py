"""What was lost before the shipper could read it is told by event, status and audit."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Shop
from tests.support.exchanges import an_exchange, encoded
from tests.support.spool import FailingDisk, WriterClock, a_writer, numbers_in
from wsgi_writer.mask import Masks
from wsgi_writer.record import encode_record
from wsgi_writer.rotate import RotatingFile

pytestmark = pytest.mark.e2e

COUNT = 400


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def _write(writer: RotatingFile, count: int) -> list[bool]:
    """Write real records; return which of them reached the file."""
    return [writer.write(*_parts()) for _ in range(count)]


def _parts() -> tuple[bytes, bytes]:
    return encode_record(
        an_exchange(id=str(uuid.uuid4())),
        Masks(),
        max_body_bytes=16_384,
        max_record_bytes=262_144,
    )


def _reports(shop: Shop) -> list[dict[str, Any]]:
    """Return the losses as status and audit tell them."""
    done = [shop.shipper(verb, "--json") for verb in ("status", "audit")]
    assert [each.returncode for each in done] == [0, 0]
    return [json.loads(each.stdout)["losses"] for each in done]


def test_what_the_budget_evicted_is_named(shop: Shop) -> None:
    """The shipper is off, the budget small: both reports and an event tell how many."""
    writer = a_writer(shop.log, max_bytes=8_000, max_total_bytes=40_000)
    _write(writer, COUNT)
    left = numbers_in(shop.log)
    gone = COUNT - len(left)

    with shop.receiving():
        done = shop.shipper("run", "--once")
        again = shop.shipper("run", "--once")

    assert gone > 100
    assert done.returncode == 0, done.stderr
    assert f"missing records: {gone} (writer pid {os.getpid()})" in done.stderr
    assert "missing" not in again.stderr
    assert len(set(shop.received())) == len(left)
    for losses in _reports(shop):
        assert losses["missing_records"] == gone
        assert [each["pid"] for each in losses["writers"]] == [os.getpid()]
    for verb in ("status", "audit"):
        words = shop.shipper(verb).stdout.splitlines()
        assert f"missing records: {gone} (writer pid {os.getpid()})" in words


def test_what_a_full_disk_dropped_is_named(shop: Shop) -> None:
    """The writer's own count and the gap in its numbers are one loss, not two."""
    disk, clock = FailingDisk(), WriterClock()
    writer = a_writer(shop.log, clock, os_write=disk.write)
    _write(writer, 10)
    disk.fill()
    written = _write(writer, 7)
    clock.advance(60.0)
    _write(writer, 100)

    with shop.receiving():
        done = shop.shipper("run", "--once")

    assert written == [False] * 7
    assert "missing records: 7 (writer" in done.stderr
    for losses in _reports(shop):
        assert (losses["missing_records"], losses["dropped_records"]) == (7, 7)
    told = f"missing records: 7 (writer pid {os.getpid()}); 7 were dropped by the"
    assert told in shop.shipper("status").stdout


def test_a_loss_is_counted_once_over_restarts(shop: Shop) -> None:
    """Whatever was read before the restart, the sum is that of the writer's numbers."""
    writer = a_writer(shop.log, max_bytes=8_000, max_total_bytes=40_000)
    with shop.receiving():
        for _ in range(4):
            _write(writer, COUNT // 4)
            done = shop.shipper("run", "--once")
            assert done.returncode == 0, done.stderr

    delivered = len(shop.received())
    assert COUNT - delivered > 100
    for losses in _reports(shop):
        assert losses["missing_records"] == COUNT - delivered


def test_a_file_that_was_deleted_unread_is_told(shop: Shop) -> None:
    """Bytes by the file, records by the writer's numbers."""
    writer = a_writer(shop.log, max_bytes=8_000)
    with shop.receiving():
        _write(writer, 5)
        shop.shipper("run", "--once")
        _write(writer, 200)
        shop.shipper(
            "run",
            "--once",
            "--max-duration",
            "300ms",
            environ={"README_METRICS_SERVER": "http://127.0.0.1:9"},
        )
        before = len(numbers_in(shop.log))
        sealed = sorted(shop.directory.glob("exchanges.jsonl.*"))
        for path in sealed[1:4]:
            path.unlink()
        gone = before - len(numbers_in(shop.log))
        done = shop.shipper("run", "--once")

    assert done.stderr.count("file_lost") == 3
    for losses in _reports(shop):
        assert (losses["lost_files"], losses["missing_records"]) == (3, gone)
        assert losses["lost_bytes"] > 0
    assert f"lost bytes: {losses['lost_bytes']:,} (3 files)" in (
        shop.shipper("status").stdout
    )


def test_a_stopped_file_is_named(shop: Shop) -> None:
    """A version from the future waits, and status says which file waits for what."""
    with shop.receiving():
        shop.record(2)
        with shop.log.open("ab") as file:
            file.write(b'{"v":9,"id":"of another time"}\n')
        shop.record(1)
        shop.shipper("run", "--once")
        status = shop.shipper("status")

    assert f"stopped: {shop.log}: it holds records of format version 9" in (
        status.stdout
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_does_not_call_a_stopped_file_done(shop: Shop, workers: int) -> None:
    """Work is left: the code says so, and the last word names the file, each time."""
    with shop.receiving():
        shop.configure_more(f"[batch]\nworkers = {workers}\n")
        ids = shop.record(2)
        with shop.log.open("ab") as file:
            file.write(b'{"v":9,"id":"of another time"}\n')
        shop.record(1)
        first = shop.shipper("run", "--once")
        by_cron = shop.shipper("run", "--once", "--quiet")
        pending = shop.sums()["pending"]

    left = f"1 file(s) are stopped: {shop.log}"
    assert (first.returncode, by_cron.returncode) == (75, 75)
    assert ("drained" in first.stderr, left in first.stderr) == (False, True)
    assert left in by_cron.stderr.splitlines()[-1]
    assert (shop.received(), pending) == (ids, 2)


def test_suspected_secrets_are_listed(shop: Shop) -> None:
    """By kind, and without the value, which no log of ours holds either."""
    card = "4111111111111111"
    with shop.receiving():
        shop.record(1)
        with shop.log.open("ab") as file:
            file.write(encoded(an_exchange(target=f"/owls?card={card}")))
        done = shop.shipper("run", "--once")
        status = shop.shipper("status")

    assert "suspected secrets: 1 (card-number: 1)" in status.stdout.splitlines()
    assert "request.query.card holds what looks like a secret" in done.stderr
    assert card not in done.stderr + status.stdout


def test_what_rules_kept_back_is_listed(shop: Shop) -> None:
    """Skipped lines by rule, rejected ones by reason."""
    with shop.receiving():
        shop.configure_more('[filter]\nallowed_http_hosts = ["other.example.com"]\n')
        shop.record(3)
        with shop.log.open("ab") as file:
            file.write(b"no record\n")
        shop.shipper("run", "--once")
        words = shop.shipper("status").stdout.splitlines()

    assert "skipped: 3 (host: 3)" in words
    assert "rejected: 1 (not-json: 1)" in words


@pytest.mark.parametrize("workers", [1, 2])
def test_lines_that_are_no_records_are_told_once_a_file(
    shop: Shop, workers: int
) -> None:
    """The first one with its place, and how many there are at every tenth power."""
    with shop.receiving():
        shop.configure_more(f"[batch]\nworkers = {workers}\n")
        shop.record(1)
        start = shop.log.stat().st_size
        with shop.log.open("ab") as file:
            file.write(b"no record\n" * 12)
        done = shop.shipper("run", "--once", "--quiet")

    words = [line.split(None, 1)[1] for line in done.stderr.splitlines()]
    why = "is a dead letter: not-json: the line is no JSON, or not all of it"
    assert words == [
        f"warning line_rejected: {shop.log}: line at byte {at} {why}; so far: {count}"
        for at, count in ((start, 1), (start + 90, 10))
    ]
