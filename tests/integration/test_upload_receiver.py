"""The uploader and the embedded receiver: both sides of the contract, on loopback."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shipper.errors import EXIT_CANNOT_CREATE, ShipperError
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused
from shipper.receiver import Counts, Faults, Receiver
from shipper.receiver.keeping import Request
from tests.support.answering import KEY, RingingClock, an_uploader, receipt_of
from tests.support.clock import FakeClock
from tests.support.log_objects import a_log_object, a_payload


@contextmanager
def a_receiver(**options: Any) -> Iterator[Receiver]:
    """Yield a receiver that answers, stopped at the end."""
    receiver = Receiver(**options)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def answer_to(
    receiver: Receiver,
    *,
    method: str = "POST",
    path: str = "/v1/request",
    body: bytes = b"[]",
    **headers: str,
) -> tuple[int, dict[str, str], Any]:
    """Send one request by hand; return status, headers and JSON of the answer."""
    port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    shown = {"Authorization": "Basic a2V5Og==", "Content-Type": "application/json"}
    shown.update({name.replace("_", "-"): text for name, text in headers.items()})
    try:
        connection.request(method, path, body, shown)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, dict(answer.headers), json.loads(content or b"null")
    finally:
        connection.close()


def lines_of(path: Path) -> list[Any]:
    """Return the JSON values of a file of lines."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_batch_arrives_as_it_was_sent(tmp_path: Path) -> None:
    """What the uploader posts, the receiver keeps, byte for byte."""
    payloads = [a_payload(number) for number in range(1, 101)]
    clock = FakeClock()
    with (
        a_receiver(store=tmp_path / "got", api_key=KEY) as receiver,
        an_uploader(receiver.url, clock, threads=0) as uploader,
    ):
        uploader.post(1, payloads)
        (answered,) = uploader.answered()
        counts = receiver.counts

    assert Delivered(202) == answered.receipt
    assert Counts(requests=1, accepted=1, records=100) == counts
    assert payloads == (tmp_path / "got" / "logs.jsonl").read_bytes().splitlines()
    (request,) = lines_of(tmp_path / "got" / "requests.jsonl")
    assert [a_log_object(number)["_id"] for number in range(1, 101)] == request["ids"]
    assert (request["status"], request["fault"], request["reasons"]) == (202, None, [])


def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    """API logs lie in files of mode 0600, in a directory of mode 0700."""
    store = tmp_path / "got"
    with a_receiver(store=store):
        pass

    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert {0o600} == {stat.S_IMODE(one.stat().st_mode) for one in store.iterdir()}


def test_a_second_run_keeps_what_the_first_got(tmp_path: Path) -> None:
    """Files are appended to, never begun again."""
    for number in (1, 2):
        with a_receiver(store=str(tmp_path)) as receiver:
            receipt_of(receiver.url, payload=a_payload(number))

    assert [a_log_object(1), a_log_object(2)] == lines_of(tmp_path / "logs.jsonl")


def test_a_refused_batch_is_told_why(tmp_path: Path) -> None:
    """The receiver's reasons reach the receipt, and its own notes."""
    with a_receiver(store=tmp_path) as receiver:
        receipt = receipt_of(receiver.url, payload=a_payload(1, clientIPAddress=None))
        counts = receiver.counts

    assert isinstance(receipt, Refused)
    assert "record 0: clientIPAddress: Expected `str`, got `null`" in receipt.reason
    assert Counts(requests=1, refused=1) == counts
    assert (tmp_path / "logs.jsonl").read_bytes() == b""
    (request,) = lines_of(tmp_path / "requests.jsonl")
    assert request["reasons"][0]["field"] == "clientIPAddress"


@pytest.mark.parametrize(
    ("api_key", "is_accepted"), [(KEY, True), (None, True), ("another", False)]
)
def test_the_key_is_checked(api_key: str | None, is_accepted: bool) -> None:
    """A wrong key is 401, which holds the shipper; without a key set, any will do."""
    with a_receiver(api_key=api_key) as receiver:
        receipt = receipt_of(receiver.url, payload=a_payload())

    if is_accepted:
        assert Delivered(202) == receipt
    else:
        assert isinstance(receipt, Deferred)
        assert (receipt.cause, receipt.status) == (Cause.HOLD, 401)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer x",
        "Basic",
        "Basic !!!",
        "Basic a2V5",
        "Basic a2V5OnB3",
        "Basic Og==",
    ],
)
def test_malformed_credentials_are_refused(authorization: str) -> None:
    """No colon, a password, an empty key or no Basic at all: 401, even for any key."""
    with a_receiver() as receiver:
        status, headers, _ = answer_to(receiver, Authorization=authorization)

    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"path": "/"}, 404),
        ({"path": "/v1/requests"}, 404),
        ({"method": "GET", "path": "/"}, 404),
        ({"method": "GET"}, 405),
        ({"method": "PUT"}, 405),
        ({"method": "DELETE"}, 405),
        ({"method": "OPTIONS"}, 405),
        ({"method": "BREW"}, 501),
        ({"Content_Type": "text/plain"}, 400),
        ({"Content_Encoding": "gzip"}, 400),
        ({"body": b"{}"}, 400),
        ({"Content_Length": "x"}, 400),
        ({"Content_Length": str(2**40)}, 413),
    ],
)
def test_everything_else_is_refused(options: dict[str, Any], status: int) -> None:
    """Only a POST of JSON to the one path is taken."""
    with a_receiver() as receiver:
        port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
        if status == 501:
            with socket.create_connection(("127.0.0.1", port), 20) as raw:
                raw.sendall(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b" 501 " in raw.recv(100)
            return
        answered, headers, body = answer_to(receiver, **options)

    assert status == answered
    assert body["message"]
    assert (headers.get("Allow") == "POST") == (status == 405)


def test_a_path_is_the_same_with_a_query() -> None:
    """A relay that adds a query still reaches the one path."""
    with a_receiver() as receiver:
        status, _, _ = answer_to(
            receiver, path="/v1/request?a=b", body=b"[" + a_payload() + b"]"
        )

    assert status == 202


def test_a_chunked_request_is_taken(tmp_path: Path) -> None:
    """A body in chunks is the same body, and the connection lives on behind it."""
    body = b"[" + a_payload() + b"]"
    with a_receiver(store=tmp_path) as receiver:
        port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        statuses = []
        for _ in range(2):
            connection.request(
                "POST",
                "/v1/request",
                iter([body[:10], body[10:]]),
                {"Authorization": "Basic a2V5Og==", "Content-Type": "application/json"},
                encode_chunked=True,
            )
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()

    assert statuses == [202, 202]


def outcomes(faults: Faults, count: int) -> tuple[list[Receipt], Counts]:
    """Post `count` payloads on fresh connections to a misbehaving receiver."""
    with a_receiver(faults=faults) as receiver:
        receipts = [
            receipt_of(receiver.url, payload=a_payload(number))
            for number in range(1, count + 1)
        ]
        return receipts, receiver.counts


def test_every_nth_status_is_another() -> None:
    """`--status 503 --every 3` fails requests 3 and 6, and keeps neither."""
    faults = Faults(status=503, every=3, retry_after="7")
    receipts, counts = outcomes(faults, 6)

    assert [
        index for index, one in enumerate(receipts) if not isinstance(one, Delivered)
    ] == [2, 5]
    failure = receipts[2]
    assert isinstance(failure, Deferred)
    assert (failure.cause, failure.retry_after_seconds) == (Cause.BUSY, 7.0)
    assert Counts(requests=6, accepted=4, records=4, faults=2) == counts


def test_a_reset_in_the_middle_of_the_answer() -> None:
    """Half an answer and a reset is the network's failure; nothing was kept."""
    (receipt,), counts = outcomes(Faults(reset_every=1), 1)

    assert isinstance(receipt, Deferred)
    assert receipt.cause == Cause.NETWORK
    assert "closed before an answer" in receipt.reason
    assert Counts(requests=1, faults=1) == counts


def test_a_lost_answer_is_a_delivery_nobody_knows_of() -> None:
    """Scenario 38: the records were kept, and must be sent again, with their ids."""
    (receipt,), counts = outcomes(Faults(lose_answer_every=1), 1)

    assert isinstance(receipt, Deferred)
    assert receipt.cause == Cause.NETWORK
    expected = Counts(requests=1, accepted=1, records=1, faults=1, lost_answers=1)
    assert expected == counts


def test_a_login_page_is_no_delivery() -> None:
    """HTML under 200 holds the shipper, as a captive portal would."""
    (receipt,), counts = outcomes(Faults(html_every=1), 1)

    assert isinstance(receipt, Deferred)
    assert (receipt.cause, receipt.status) == (Cause.HOLD, 200)
    assert Counts(requests=1, faults=1) == counts


def test_a_dripping_answer_arrives_in_the_end() -> None:
    """Slow is not wrong, as long as it is in time."""
    (receipt,), _ = outcomes(Faults(drip_seconds=0.0001), 1)

    assert Delivered(202) == receipt


def test_stopping_ends_a_delay() -> None:
    """A receiver that was told to wait an hour still stops at once."""
    clock = RingingClock()
    seen = threading.Event()

    def note(request: Request) -> None:
        del request
        seen.set()

    receiver = Receiver(faults=Faults(delay_seconds=3600), on_request=note)
    receiver.start()
    with an_uploader(receiver.url, clock) as uploader:
        uploader.post(1, [a_payload()])
        stopper = threading.Timer(0, receiver.stop)
        stopper.start()
        clock.await_rings(1)
        stopper.join()

        assert len(uploader.answered()) == 1


def test_every_request_is_told_to_whoever_listens() -> None:
    """`on_request` is what a terminal shows while the receiver runs."""
    told: list[Request] = []
    with a_receiver(on_request=told.append) as receiver:
        receipt_of(receiver.url, payload=a_payload())
        receipt_of(receiver.url, payload=b"{}")

    assert [request.status for request in told] == [202, 400]


def test_it_listens_on_loopback_only() -> None:
    """The receiver has no TLS and gets real logs: it is bound to this machine."""
    with a_receiver() as receiver:
        assert receiver.url.startswith("http://127.0.0.1:")
        port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), 20)


def test_a_port_that_is_taken_is_told() -> None:
    """Two receivers on one port: the second says so, and what to do."""
    with a_receiver() as receiver:
        port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(ShipperError, match=f"127.0.0.1:{port}: Address") as caught:
            Receiver(port=port)

    assert caught.value.exit_code == EXIT_CANNOT_CREATE
    assert "--port 0" in (caught.value.hint or "")


def test_a_store_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file where the directory should be: told before anything listens."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(ShipperError, match="file/got: Not a directory") as caught:
        Receiver(store=tmp_path / "file" / "got")
    assert caught.value.exit_code == EXIT_CANNOT_CREATE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("name", ["logs.jsonl", "requests.jsonl"])
def test_a_full_disk_is_no_delivery(tmp_path: Path, name: str) -> None:
    """What cannot be kept is not acknowledged: 500, and the shipper tries again."""
    (tmp_path / name).symlink_to("/dev/full")
    with a_receiver(store=tmp_path) as receiver:
        receipt = receipt_of(receiver.url, payload=a_payload())
        counts = receiver.counts

    assert isinstance(receipt, Deferred)
    assert (receipt.cause, receipt.status) == (Cause.UNAVAILABLE, 500)
    assert "cannot be kept: No space left" in receipt.reason
    assert Counts() == counts
    assert name == "logs.jsonl" or lines_of(tmp_path / "logs.jsonl") == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_told_of_a_refusal_too(tmp_path: Path) -> None:
    """It is answered, and leaves no traceback."""
    (tmp_path / "requests.jsonl").symlink_to("/dev/full")
    with a_receiver(store=tmp_path) as receiver:
        status, _, answer = answer_to(receiver, body=b"no JSON")

    assert (status, answer["message"].split(":")[0]) == (500, "cannot be kept")
