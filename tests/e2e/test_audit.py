"""``shipper audit`` as an operator meets it: codes, words, and a live daemon."""

from __future__ import annotations

import gzip
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from shipper.receiver.faults import Faults
from tests.support.commands import SECONDS, Shop, line_with, running, stop

pytestmark = pytest.mark.e2e

SEALED = "exchanges.jsonl.20261123T12000000000{}Z"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory without anything in it."""
    return Shop(tmp_path)


def _seal(shop: Shop, number: int) -> Path:
    """Rotate the log as our writer does."""
    return shop.log.rename(shop.log.with_name(SEALED.format(number)))


def _audit(shop: Shop) -> dict[str, Any]:
    """Count again, and return the result with the exit code in it."""
    done = shop.shipper("audit", "--json")
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return {**result, "code": done.returncode}


def test_after_a_normal_run_the_sums_are_exact(shop: Shop) -> None:
    """Delivered, dead and blank lines all stand in the proof, which exits 0."""
    with shop.receiving():
        shop.record(25)
        with shop.log.open("ab") as file:
            file.write(b"\nno record\n" + bytes(5000))
        shop.record(3)
        shop.shipper("run", "--once")
        audit, words = _audit(shop), shop.shipper("audit")

    assert (audit["code"], audit["is_exact"], audit["schema_version"]) == (0, True, 1)
    assert audit["lines"] == {
        "delivered": 28,
        "skipped": 0,
        "dead": 1,
        "blank": 2,
        "exported": 0,
    }
    assert audit["bytes"] == {"committed": shop.log.stat().st_size}
    assert words.returncode == 0
    assert words.stdout.splitlines()[-1].startswith("the sums are exact: 28 lines")


@pytest.mark.parametrize(
    ("damage", "why"), [("cut", "it ends at byte"), ("altered", "its checksum is")]
)
def test_one_byte_of_a_rotated_file_fails_the_proof(
    damage: str, why: str, shop: Shop
) -> None:
    """Exit 65, and the words name the file and the bytes."""
    with shop.receiving():
        shop.record(25)
        sealed = _seal(shop, 1)
        shop.record(5)
        shop.shipper("run", "--once")
    text = sealed.read_bytes()
    middle = len(text) // 2
    byte = b"" if damage == "cut" else bytes([text[middle] ^ 1])
    with sealed.open("r+b") as file:
        file.write(text[:middle] + byte + text[middle + 1 :])
        file.truncate()

    done = shop.shipper("audit")

    assert done.returncode == 65
    (complaint,) = done.stderr.splitlines()
    assert f"wrong: {sealed}: bytes 0 to {len(text):,}: {why}" in complaint
    assert "THE SUMS ARE NOT EXACT" in done.stdout


def test_what_was_lost_is_named_and_is_no_fault_of_the_sums(shop: Shop) -> None:
    """A loss is told each time; the code stays free for sums that do not add up."""
    with shop.receiving():
        ids = shop.record(5)
        shop.shipper("run", "--once")
        position = shop.log.stat().st_size
        shop.record(2)
        sealed = _seal(shop, 1)
        end = sealed.stat().st_size
        # Looked at and not sent: the receiver is not there any more.
    shop.shipper("run", "--once", "--max-duration", "200ms")
    sealed.unlink()

    done = shop.shipper("audit")

    assert done.returncode == 0
    assert len(ids) == 5
    where = f"lost: {sealed}: bytes {position:,} to {end:,}"
    assert where in done.stderr


def test_beside_a_live_daemon_under_load(shop: Shop) -> None:
    """Rotation, packing and removal go on meanwhile; every count is exact."""
    with shop.receiving() as receiver:
        with running("run", "--config", str(shop.config)) as daemon:
            line_with(daemon, "started")
            audits = []
            for number in range(1, 4):
                shop.record(200)
                audits.append(_audit(shop))
                sealed = _seal(shop, number)
                shop.record(50)
                audits.append(_audit(shop))
                if number > 1:
                    older = shop.log.with_name(SEALED.format(number - 1))
                    packed = older.with_name(older.name + ".gz")
                    packed.write_bytes(gzip.compress(older.read_bytes()))
                    older.unlink()
            deadline = time.monotonic() + SECONDS
            while receiver.counts.records < 750 and time.monotonic() < deadline:
                os.sched_yield()
            code, _, _ = stop(daemon, signal.SIGTERM)
        final = _audit(shop)

    assert [audit["code"] for audit in audits] == [0] * 6
    assert [audit["bytes"].get("lost", 0) for audit in audits] == [0] * 6
    assert code == 143
    assert sealed.exists()
    assert final["code"] == 0
    assert final["lines"]["delivered"] == 750


def test_dead_letters_that_were_sent_or_purged_are_accounted_for(shop: Shop) -> None:
    """Refused, sent again, purged by hand: after each step the sums are exact."""
    with shop.receiving(faults=Faults(status=400)):
        shop.record(3)
        shop.shipper("run", "--once")
        refused = _audit(shop)
    number = shop.dead_letters()[0]["number"]
    with shop.receiving():
        shop.shipper("dead-letter retry", str(number))
        sent = _audit(shop)
    shop.shipper("dead-letter purge", "--yes")
    purged = _audit(shop)

    assert [each["code"] for each in (refused, sent, purged)] == [0, 0, 0]
    assert [each["lines"]["dead"] for each in (refused, sent, purged)] == [3, 2, 2]
    assert [each["lines"]["delivered"] for each in (refused, sent, purged)] == [0, 1, 1]
    assert shop.dead_letters() == []
