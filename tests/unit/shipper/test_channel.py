"""One connection against a scripted server: time-outs, breaks, and odd answers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest

from shipper.network import NetworkSettings
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused
from shipper.upload import Uploader
from tests.support.answering import RingingClock, an_uploader, receipt_of, without_hint
from tests.support.loopback import LoopbackServer, Raw, Reply, Reset, Silence


def closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def receipts(uploader: Uploader, clock: RingingClock, count: int) -> list[Receipt]:
    """Wait for `count` answers in all and return those not fetched yet."""
    clock.await_rings(count)
    return [answered.receipt for answered in uploader.answered()]


def two_in_turn(uploader: Uploader, clock: RingingClock) -> list[Receipt]:
    """Post once, and again when that is answered; return both receipts."""
    uploader.post(1, [b"{}"])
    clock.await_rings(1)
    uploader.post(2, [b"{}"])
    return receipts(uploader, clock, 2)


def test_a_connection_closed_while_idle_costs_nothing() -> None:
    """A server that closes behind its answer makes no failure: we connect anew."""
    clock = RingingClock()
    with (
        LoopbackServer([Reply(is_last=True), Reply()]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        uploader.post(1, [b"{}"])
        clock.await_rings(1)
        server.await_closed(1)
        uploader.post(2, [b"{}"])

        assert [Delivered(202)] * 2 == receipts(uploader, clock, 2)
    assert [heard.connection for heard in server.heard] == [1, 2]


@pytest.mark.parametrize(("idle_seconds", "connection"), [(59.0, 1), (61.0, 2)])
def test_a_connection_that_was_quiet_for_a_minute_is_not_used_again(
    idle_seconds: float, connection: int
) -> None:
    """A firewall may have forgotten it, and would swallow the body without a word."""
    clock = RingingClock()
    with (
        LoopbackServer() as server,
        an_uploader(server.url, clock) as uploader,
    ):
        uploader.post(1, [b"{}"])
        clock.await_rings(1)
        clock.advance(idle_seconds)
        uploader.post(2, [b"{}"])

        assert [Delivered(202)] * 2 == receipts(uploader, clock, 2)
    assert [heard.connection for heard in server.heard] == [1, connection]


@pytest.mark.parametrize("breaking", [Raw(), Reset(), Reset(b"")])
def test_an_old_connection_that_breaks_is_tried_once_more(
    breaking: Raw | Reset,
) -> None:
    """The body goes out again at once, on a new connection, the same byte for byte."""
    clock = RingingClock()
    with (
        LoopbackServer([Reply(), breaking, Reply()]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        uploader.post(1, [b'{"n":1}'])
        clock.await_rings(1)
        uploader.post(2, [b'{"n":2}'])

        assert [Delivered(202)] * 2 == receipts(uploader, clock, 2)
    assert [heard.body for heard in server.heard] == [
        b'[{"n":1}]',
        b'[{"n":2}]',
        b'[{"n":2}]',
    ]
    assert [heard.connection for heard in server.heard] == [1, 1, 2]


def test_an_old_connection_that_breaks_twice_is_a_failure() -> None:
    """Once more means once: the second break is the caller's to wait for."""
    clock = RingingClock()
    with (
        LoopbackServer([Reply(), Raw(), Raw(), Reply()]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        _, receipt = two_in_turn(uploader, clock)

    assert isinstance(receipt, Deferred)
    assert receipt.cause == Cause.NETWORK
    assert len(server.heard) == 3


@pytest.mark.parametrize(
    ("breaking", "told"),
    [
        (Raw(), "tcp: {}: the connection was closed before an answer"),
        (Reset(), "tcp: {}: the connection was closed before an answer"),
        (Raw(b"220 smtp ready\r\n"), "http: {}: the answer is not HTTP"),
        (
            Raw(b"HTTP/1.1 202 OK\r\nContent-Length: 9\r\n\r\n{}"),
            "http: {}: the answer is not HTTP, or was cut short",
        ),
        (
            Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"),
            "http: {}: the answer is not HTTP, or was cut short",
        ),
    ],
)
def test_a_new_connection_that_breaks_is_deferred(
    breaking: Raw | Reset, told: str
) -> None:
    """Half an answer is none: nothing counts as delivered, the network is blamed."""
    with LoopbackServer([breaking]) as server:
        receipt = receipt_of(server.url)

    assert isinstance(receipt, Deferred)
    assert (
        receipt.cause,
        receipt.status,
        receipt.body_sent,
    ) == (Cause.NETWORK, None, False)
    assert receipt.reason.startswith(told.format(f"127.0.0.1:{server.port}"))
    assert len(server.heard) == 1


def test_a_failure_needs_no_whole_body() -> None:
    """The status of a refusal decides even if its explanation is cut off."""
    cut = Raw(b"HTTP/1.1 413 Too Large\r\nContent-Length: 900\r\n\r\n<html>")
    with LoopbackServer([cut]) as server:
        receipt = receipt_of(server.url)

    assert Refused(413, "413: a page", is_too_large=True) == receipt


def test_nobody_listening() -> None:
    """A refused connection is the network's fault, in the system's words."""
    port = closed_port()
    receipt = receipt_of(f"http://127.0.0.1:{port}/v1/request")

    expected = Deferred(Cause.NETWORK, f"tcp: 127.0.0.1:{port}: Connection refused")
    assert expected == without_hint(receipt)


def test_a_name_that_does_not_resolve() -> None:
    """A failing lookup is told as one; `.invalid` never exists (RFC 6761)."""
    settings = NetworkSettings(allow_plain_http=True, environ={})
    receipt = receipt_of("http://receiver.invalid/v1/request", settings=settings)

    assert isinstance(receipt, Deferred)
    assert receipt.cause == Cause.NETWORK
    assert receipt.reason.startswith("dns: receiver.invalid:80: ")


def test_a_connection_that_is_not_taken_is_the_networks_fault() -> None:
    """A full backlog lets us wait for `timeout`, and blames no record."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        receipt = receipt_of(f"http://127.0.0.1:{port}/", timeout_seconds=0.2)
        for filler in fillers:
            filler.close()

    why = f"tcp: 127.0.0.1:{port}: no connection within 0.2 s"
    assert Deferred(Cause.NETWORK, why) == without_hint(receipt)


def test_silence_after_the_body_is_a_time_out() -> None:
    """An answer may take ten times as long as a connection, then it is too late."""
    with LoopbackServer([Silence()]) as server:
        receipt = receipt_of(server.url, timeout_seconds=0.02)

    why = f"http: 127.0.0.1:{server.port}: no whole answer within 0.2 s"
    assert Deferred(Cause.TIMEOUT, why, body_sent=True) == without_hint(receipt)


def test_a_large_body_is_given_time() -> None:
    """A slow uplink is given a second for every 16 kB, whatever `timeout` says."""
    clock = RingingClock()
    release = threading.Event()
    with (
        LoopbackServer([Reply(after=release)]) as server,
        an_uploader(server.url, clock, timeout_seconds=0.001) as uploader,
    ):
        uploader.post(1, [b'"' + b"x" * 160_000 + b'"'])
        server.await_heard(1)
        clock.advance(9.9)
        early = uploader.answered()
        clock.advance(0.2)
        uploader.answered()
        (late,) = receipts(uploader, clock, 1)
        release.set()

    assert early == []
    assert isinstance(late, Deferred)
    assert (late.cause, late.body_sent) == (Cause.TIMEOUT, True)
    assert late.reason.endswith("no whole answer within 10.0002 s")


def test_a_body_that_nobody_reads_is_a_time_out_before_it_was_sent() -> None:
    """A receiver that stops reading does not teach us to send smaller batches."""
    clock = RingingClock()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        an_uploader(f"http://127.0.0.1:{server.getsockname()[1]}/", clock) as uploader,
    ):
        uploader.post(1, [b'"' + b"x" * 30_000_000 + b'"'])
        connection, _ = server.accept()
        with connection:
            connection.recv(1)
            clock.advance(1e6)
            uploader.answered()
            (receipt,) = receipts(uploader, clock, 1)

    assert isinstance(receipt, Deferred)
    assert (receipt.cause, receipt.body_sent) == (Cause.TIMEOUT, False)


@pytest.mark.parametrize("drip", ["head", "body"])
@pytest.mark.parametrize("is_sized", [True, False])
def test_a_dripping_answer_ends_at_its_deadline(
    drip: Literal["head", "body"], is_sized: bool
) -> None:
    """A byte now and then trips no socket's time-out; the whole answer's does."""
    clock = RingingClock()
    slow = Reply(body=b"{}" + b" " * 10_000, drip=drip, is_sized=is_sized)
    with LoopbackServer([slow]) as server, an_uploader(server.url, clock) as uploader:
        uploader.post(1, [b"{}"])
        assert server.dripping.wait(10)
        clock.advance(54.0)
        early = uploader.answered()
        clock.advance(2.0)
        uploader.answered()
        (receipt,) = receipts(uploader, clock, 1)

    assert early == []
    assert isinstance(receipt, Deferred)
    assert (receipt.cause, receipt.body_sent) == (Cause.TIMEOUT, True)


def test_an_endless_answer_is_read_no_further_than_needed() -> None:
    """64 KiB of an answer are enough; the connection is then given up."""
    clock = RingingClock()
    with (
        LoopbackServer([Reply(body=b" " * 2_000_000), Reply()]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        assert [Delivered(202)] * 2 == two_in_turn(uploader, clock)
    assert [heard.connection for heard in server.heard] == [1, 2]


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_an_interim_answer_is_passed_over(status: int) -> None:
    """A batch that was taken is not sent again because of what came before its 202."""
    clock = RingingClock()
    interim = b"HTTP/1.1 %d Soon\r\nLink: </x>\r\nContent-Length: 9\r\n\r\n" % status
    answer = Raw(2 * interim + Reply().on_the_wire(), is_last=False)
    with (
        LoopbackServer([answer, Reply(500)]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        first, second = two_in_turn(uploader, clock)

    assert first == Delivered(202)
    assert isinstance(second, Deferred) and second.status == 500
    assert [heard.connection for heard in server.heard] == [1, 1]


def test_what_follows_a_change_of_protocols_is_no_answer() -> None:
    """It would acknowledge another batch: so we hang up."""
    clock = RingingClock()
    stray = Raw(b"HTTP/1.1 101 Switching\r\n\r\n", is_last=False)
    with (
        LoopbackServer([stray, Reply(500)]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        first, second = two_in_turn(uploader, clock)

    assert isinstance(first, Deferred) and isinstance(second, Deferred)
    assert (first.status, second.status) == (101, 500)
    assert [heard.connection for heard in server.heard] == [1, 2]


def test_a_slow_uplink_has_more_time_than_connecting_has() -> None:
    """The body may take as long as the answer: `timeout` is for connecting."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def read_late() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as stream:
                threading.Event().wait(0.4)  # the far end of a congested line
                while stream.readline() != b"\r\n":
                    pass
                stream.read(20_000_002)
                connection.sendall(b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=read_late, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        receipt = receipt_of(url, payload=b"1" * 20_000_000, timeout_seconds=0.1)

    assert receipt == Delivered(202)


def test_a_chunked_answer_is_read_to_its_end() -> None:
    """Errors in a chunked answer are seen, and the connection lives on."""
    clock = RingingClock()
    errors = json.dumps({"errors": ["bad"]}).encode()
    with (
        LoopbackServer([Reply(200, errors, is_chunked=True)]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        first, second = two_in_turn(uploader, clock)

    assert (Refused(200, "200 with errors: bad"), Delivered(202)) == (first, second)
    assert {1} == {heard.connection for heard in server.heard}


@pytest.mark.parametrize("status", [202, 503])
def test_a_chunk_of_a_negative_size_is_a_broken_answer(status: int) -> None:
    """Whatever stands in its place, it ends no shipper; a failure remains one."""
    head = b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n" % status
    with LoopbackServer([Raw(head + b"-5\r\n{}\r\n0\r\n\r\n")]) as server:
        receipt = receipt_of(server.url)

    assert isinstance(receipt, Deferred)
    assert receipt.status == (None if status == 202 else status)


def test_a_redirect_is_not_followed() -> None:
    """The key goes to no other host, and not even to another path."""
    with LoopbackServer() as other:
        moved = Reply(307, headers=(("Location", other.url),))
        with LoopbackServer([moved]) as server:
            receipt = receipt_of(server.url)

    assert isinstance(receipt, Deferred)
    assert (receipt.cause, receipt.status) == (Cause.HOLD, 307)
    assert (other.heard, len(server.heard)) == ([], 1)


@contextmanager
def hasty_server(answer: bytes) -> Iterator[str]:
    """Yield the URL of a server that reads 100 bytes, answers, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_early() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        threading.Thread(target=answer_early, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_an_answer_before_the_body_was_sent_is_heard() -> None:
    """A server that refuses a large body early and hangs up still tells us 413."""
    with hasty_server(Reply(413).on_the_wire()) as url:
        receipt = receipt_of(url, payload=b"1" * 20_000_000)

    assert isinstance(receipt, Refused)
    assert receipt.is_too_large


def test_a_success_before_the_body_was_sent_is_none() -> None:
    """Nobody has taken what never left, whatever a gateway answers to its head."""
    with hasty_server(Reply(202).on_the_wire()) as url:
        receipt = receipt_of(url, payload=b"1" * 20_000_000)

    assert isinstance(receipt, Deferred)
    assert receipt.cause is Cause.NETWORK
    assert receipt.reason.endswith(": answered 202 before the body was sent")
