"""The egress log beside a real upload: it tells of the very bytes that arrived."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from shipper.egress import EgressLog
from shipper.receipt import Cause, Deferred, Delivered
from tests.support.answering import RingingClock, an_uploader
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.log_objects import a_payload
from tests.support.loopback import LoopbackServer, Move, Reply, Reset


def lines(path: Path) -> list[dict[str, Any]]:
    """Return what the log holds."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_the_digest_is_that_of_what_the_receiver_got(tmp_path: Path) -> None:
    """One line for every request, from several threads, answered or not."""
    path, clock = tmp_path / "egress.jsonl", RingingClock()
    log = EgressLog(path=str(path), is_required=True, events=RecordingEvents())
    moves: list[Move] = [Reply(), Reply(status=503), Reset(), *[Reply()] * 17]
    with (
        LoopbackServer(moves) as server,
        an_uploader(server.url, clock, threads=4, witness=log) as uploader,
    ):
        for ticket in range(20):
            size = ticket % 5 + 1
            uploader.post(ticket, [a_payload(ticket * 10 + n) for n in range(size)])
        clock.await_rings(20)
        heard = server.heard
    log.close()

    found = lines(path)
    assert sorted(sha256(one.body).hexdigest() for one in heard) == sorted(
        line["sha256"] for line in found
    )
    assert sorted(len(one.body) for one in heard) == sorted(
        line["bytes"] for line in found
    )
    sent = {
        sha256(one.body).hexdigest(): [log["_id"] for log in json.loads(one.body)]
        for one in heard
    }
    assert {line["sha256"]: line["ids"] for line in found} == sent
    statuses = [line["status"] for line in found]
    assert statuses.count(503) == 1
    # The reset cuts one request; on an old connection it is sent again at once.
    assert statuses.count(None) == 1
    assert statuses.count(202) == len(found) - 2 >= 18


def test_a_body_that_goes_out_again_at_once_gets_a_line_of_its_own(
    tmp_path: Path,
) -> None:
    """An old connection breaks, the same bytes leave on a new one: both are told."""
    path = tmp_path / "egress.jsonl"
    log = EgressLog(path=str(path), is_required=True, events=RecordingEvents())
    with (
        LoopbackServer([Reply(), Reset(first=b""), Reply()]) as server,
        an_uploader(server.url, FakeClock(), threads=0, witness=log) as uploader,
    ):
        for ticket in range(2):
            uploader.post(ticket, [a_payload(ticket)])
        receipts = [one.receipt for one in uploader.answered()]
        heard = server.heard
    log.close()

    assert [Delivered, Delivered] == [type(receipt) for receipt in receipts]
    assert [line["status"] for line in lines(path)] == [202, None, 202]
    assert [sha256(one.body).hexdigest() for one in heard] == [
        line["sha256"] for line in lines(path)
    ]


def test_nothing_is_posted_while_it_is_required_and_cannot_be_written(
    tmp_path: Path,
) -> None:
    """The batch is deferred as for a wrong key, and goes out afterwards."""
    path, clock = tmp_path / "later" / "egress.jsonl", RingingClock()
    log = EgressLog(path=str(path), is_required=True, events=RecordingEvents())
    with (
        LoopbackServer() as server,
        an_uploader(server.url, clock, threads=0, witness=log) as uploader,
    ):
        uploader.post(1, [a_payload(1)])
        (held,) = uploader.answered()
        heard_before = len(server.heard)
        path.parent.mkdir()
        uploader.post(2, [a_payload(1)])
        (sent,) = uploader.answered()
    log.close()

    assert isinstance(held.receipt, Deferred)
    assert held.receipt.cause is Cause.HOLD
    assert heard_before == 0
    assert sent.receipt == Delivered(202)
    assert [line["outcome"] for line in lines(path)] == ["delivered"]
