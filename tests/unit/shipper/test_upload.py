"""The uploader against a scripted server: what goes out, what comes back, and when."""

from __future__ import annotations

import sys
import threading

import pytest

from shipper.errors import ConfigError
from shipper.receipt import Cause, Deferred, Delivered, Refused
from shipper.upload import body_of
from tests.support.answering import RingingClock, an_uploader, without_hint
from tests.support.loopback import LoopbackServer, Reply, Silence
from tests.support.no_threads import no_thread_left


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
def test_the_body_is_a_json_array_of_the_payloads(count: int) -> None:
    """Any number of payloads makes one JSON array, their bytes untouched."""
    payloads = [b'{"n": %d}' % number for number in range(count)]

    assert b"[" + b",".join(payloads) + b"]" == body_of(payloads)


def test_post_returns_before_the_answer() -> None:
    """With threads the caller goes on reading while an answer is awaited."""
    release = threading.Event()
    clock = RingingClock()
    with (
        LoopbackServer([Reply(after=release)]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        uploader.post(7, [b"{}"])
        server.await_heard(1)
        before = (uploader.answered(), uploader.in_flight)
        release.set()
        clock.await_rings(1)
        (answered,) = uploader.answered()

        assert before == ([], 1)
        assert (7, Delivered(202)) == (answered.ticket, answered.receipt)
        assert uploader.in_flight == 0
        assert uploader.answered() == []


def test_inline_post_returns_with_the_answer() -> None:
    """Without threads of its own, a request is over when `post` returns."""
    with LoopbackServer() as server:
        clock = RingingClock()
        with an_uploader(server.url, clock, threads=0) as uploader:
            uploader.post(1, [b"{}"])
            in_flight = uploader.in_flight
            answered = uploader.answered()

    assert (in_flight, len(answered)) == (0, 1)


def test_hurry_ends_an_inline_wait() -> None:
    """A signal need not wait for a server that hangs."""
    clock = RingingClock()
    with (
        LoopbackServer([Silence()]) as server,
        an_uploader(server.url, clock, threads=0) as uploader,
    ):
        poster = threading.Thread(target=uploader.post, args=(1, [b"{}"]))
        poster.start()
        server.await_heard(1)
        uploader.hurry()
        poster.join(10)

        assert not poster.is_alive()
        assert uploader.in_flight == 1


def test_an_inline_wait_beats_while_an_answer_may_still_come() -> None:
    """A long upload is no hang of the thread that waits for it."""
    clock, has_beaten = RingingClock(), threading.Event()
    with (
        LoopbackServer([Silence()]) as server,
        an_uploader(server.url, clock, threads=0, beat=has_beaten.set) as uploader,
    ):
        poster = threading.Thread(target=uploader.post, args=(1, [b"{}"]))
        poster.start()

        assert has_beaten.wait(20)
        uploader.hurry()
        poster.join(20)


def test_requests_overlap_and_answers_keep_their_tickets() -> None:
    """As many POSTs as threads are under way, answered in any order."""
    first, clock = threading.Event(), RingingClock()
    with (
        LoopbackServer([Reply(400, after=first), Reply(202)]) as server,
        an_uploader(server.url, clock, threads=2) as uploader,
    ):
        uploader.post(1, [b"{}"])
        server.await_heard(1)
        uploader.post(2, [b"{}"])
        clock.await_rings(1)
        (early,) = uploader.answered()
        first.set()
        clock.await_rings(2)
        (late,) = uploader.answered()

    assert (2, Delivered(202)) == (early.ticket, early.receipt)
    assert late.ticket == 1
    assert isinstance(late.receipt, Refused)


def test_more_requests_than_threads_wait_their_turn() -> None:
    """Nothing is lost when more is posted than can be under way."""
    clock = RingingClock()
    with LoopbackServer() as server, an_uploader(server.url, clock) as uploader:
        for ticket in range(20):
            uploader.post(ticket, [b"{}"])
        clock.await_rings(20)
        tickets = [answered.ticket for answered in uploader.answered()]

    assert list(range(20)) == tickets
    assert {1} == {heard.connection for heard in server.heard}


def test_one_at_a_time_needs_one_connection() -> None:
    """A quiet log keeps one connection alive, however many threads are allowed."""
    clock = RingingClock()
    with (
        LoopbackServer() as server,
        an_uploader(server.url, clock, threads=4) as uploader,
    ):
        for ticket in range(5):
            uploader.post(ticket, [b"{}"])
            clock.await_rings(ticket + 1)

    assert {1} == {heard.connection for heard in server.heard}


def test_closing_lets_requests_end() -> None:
    """An answer that comes in time is an answer, also while closing."""
    release, clock = threading.Event(), RingingClock()
    with (
        LoopbackServer([Reply(after=release)]) as server,
        an_uploader(server.url, clock) as uploader,
    ):
        uploader.post(1, [b"{}"])
        server.await_heard(1)
        release.set()
        uploader.close(wait_seconds=20)
        (answered,) = uploader.answered()

    assert Delivered(202) == answered.receipt


def test_closing_does_not_wait_for_a_server_that_hangs() -> None:
    """What has not been answered in time is cut, and every thread ends."""
    clock = RingingClock()
    before = set(threading.enumerate())
    with (
        LoopbackServer([Silence(), Silence()]) as server,
        an_uploader(server.url, clock, threads=2) as uploader,
    ):
        uploader.post(1, [b"{}"])
        uploader.post(2, [b"{}"])
        server.await_heard(2)
        uploader.close(wait_seconds=0.01)
        causes = [answered.receipt for answered in uploader.answered()]

    assert [receipt.cause for receipt in causes if isinstance(receipt, Deferred)] == [
        Cause.TIMEOUT
    ] * 2
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("upload-"):
            thread.join(10)
            assert not thread.is_alive()


def test_closing_before_the_first_post_is_nothing() -> None:
    """An uploader that never posted has nothing to end."""
    with an_uploader("http://127.0.0.1:9/", RingingClock()) as uploader:
        uploader.close(wait_seconds=60)
        with pytest.raises(RuntimeError):
            uploader.post(1, [b"{}"])


def test_a_bug_in_a_thread_is_raised_where_it_is_seen() -> None:
    """A thread never dies unnoticed: its error surfaces in the caller's."""

    class BrokenClock(RingingClock):
        def monotonic(self) -> float:
            if threading.current_thread().name.startswith("upload-"):
                raise ZeroDivisionError
            return super().monotonic()

    clock = BrokenClock()
    with an_uploader("http://127.0.0.1:9/", clock) as uploader:
        uploader.post(1, [b"{}"])
        clock.await_rings(1)

        with pytest.raises(ZeroDivisionError):
            uploader.answered()


def test_a_thread_that_cannot_even_begin_is_raised_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Packages were removed under the shipper: records would wait and nobody know."""
    monkeypatch.setitem(sys.modules, "shipper.adapter", None)
    clock = RingingClock()
    with an_uploader("http://127.0.0.1:9/", clock) as uploader:
        uploader.post(1, [b"{}"])
        clock.await_rings(1)

        with pytest.raises(ImportError):
            uploader.answered()


def test_without_a_thread_a_request_is_deferred() -> None:
    """Out of threads is not out of order: it is told, and tried again."""
    with LoopbackServer() as server:
        clock = RingingClock()
        with an_uploader(server.url, clock) as uploader:
            with no_thread_left():
                uploader.post(1, [b"{}"])
            (first,) = uploader.answered()
            uploader.post(2, [b"{}"])
            clock.await_rings(2)
            (second,) = uploader.answered()

    assert without_hint(first.receipt) == Deferred(
        Cause.NETWORK, "thread: can't start new thread"
    )
    assert second.receipt == Delivered(202)


def test_a_thread_less_leaves_the_request_to_the_others() -> None:
    """Requests wait for each other rather than for more threads."""
    release = threading.Event()
    clock = RingingClock()
    with (
        LoopbackServer([Reply(after=release)]) as server,
        an_uploader(server.url, clock, threads=2) as uploader,
    ):
        uploader.post(1, [b"{}"])
        server.await_heard(1)
        with no_thread_left():
            uploader.post(2, [b"{}"])
        release.set()
        clock.await_rings(2)

        assert [answered.ticket for answered in uploader.answered()] == [1, 2]


def test_an_endpoint_that_leaks_is_refused_at_construction() -> None:
    """Plain HTTP to another host is a fault of the configuration, told at once."""
    with (
        pytest.raises(ConfigError),
        an_uploader("http://relay.example/v1/request", RingingClock()),
    ):
        pass
