"""The heartbeat: how often it beats, what it tells, and that it holds nothing up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from shipper.heartbeat import OVERDUE_SECONDS, Beating, Heartbeat
from shipper.network import NetworkSettings, route_to
from shipper.receipt import Cause, Deferred, Delivered, Refused
from shipper.upload import Answered
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.loopback import (
    PATIENCE_SECONDS,
    LoopbackServer,
    Move,
    Reply,
    Silence,
)
from tests.support.no_threads import no_thread_left

CLOSED = "http://127.0.0.1:9/"  # the discard port: nobody answers


class Monitored:
    """A heartbeat, and what stands around it."""

    def __init__(self, url: str) -> None:
        self.clock = FakeClock()
        self.events = RecordingEvents()
        self.heartbeat = Heartbeat(
            route=route_to(url, NetworkSettings(environ={}), may_have_query=True),
            user_agent="x",
            interval_seconds=60.0,
            clock=self.clock,
            events=self.events,
        )


@contextmanager
def monitored(*script: Move) -> Iterator[tuple[Monitored, LoopbackServer]]:
    """Run a monitor that answers from a script, and a heartbeat that calls it."""
    with LoopbackServer(script) as server:
        yield Monitored(server.url), server


class Answers:
    """Implements `heartbeat.Poster`: hands out one receipt."""

    def __init__(self, answer: Answered) -> None:
        self.posted: list[int] = []
        self._answer = answer

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Remember the ticket."""
        del payloads
        self.posted.append(ticket)

    def answered(self) -> Sequence[Answered]:
        """Return the receipt."""
        return [self._answer]


def settle(monitored: Monitored) -> list[str]:
    """Let the call under way end; return what was told."""
    monitored.heartbeat.close()
    return monitored.events.names()


def test_between_two_calls_lies_the_interval() -> None:
    """However many deliveries there are."""
    with monitored() as (one, server):
        for _ in range(3):
            one.heartbeat.beat()
        assert one.heartbeat.wait(PATIENCE_SECONDS)
        one.clock.advance(59.0)
        one.heartbeat.beat()
        told = settle(one)

    assert (len(server.heard), told) == (1, [])


@pytest.mark.parametrize(
    ("receipt", "calls"),
    [
        (Delivered(202), 1),
        (Refused(400, "no"), 0),
        (Deferred(Cause.HOLD, "401: no", status=401), 0),
    ],
)
def test_only_a_delivery_is_a_sign_of_health(
    receipt: Delivered | Refused | Deferred, calls: int
) -> None:
    """What is refused or deferred calls nobody; all of it is passed on."""
    with monitored() as (one, server):
        answers = Answers(Answered(7, receipt))
        beating = Beating(answers, one.heartbeat)
        beating.post(7, [])

        assert [answer.ticket for answer in beating.answered()] == [7]
        settle(one)
    assert (answers.posted, len(server.heard)) == ([7], calls)


def test_failures_are_told_once_until_it_is_answered_again() -> None:
    """The reason names the host, never the path."""
    with monitored(Reply(503), Reply(503), Reply(200)) as (one, server):
        for _ in range(3):
            one.heartbeat.beat()
            assert one.heartbeat.wait(PATIENCE_SECONDS)
            one.clock.advance(60.0)
        told = settle(one)

    assert len(server.heard) == 3
    assert told == ["heartbeat_failed", "heartbeat_resumed"]
    assert one.events.told[0][1]["why"] == "answered 503"
    assert "/" not in str(one.events.told[0][1]["host"])


def test_nobody_there_is_a_failure_in_words() -> None:
    """As of an upload: the layer, and what the system says."""
    one = Monitored(CLOSED)
    one.heartbeat.beat()

    assert settle(one) == ["heartbeat_failed"]
    assert "tcp: 127.0.0.1:9" in str(one.events.told[0][1]["why"])


def test_without_a_thread_nobody_is_called() -> None:
    """Shipping does not end for want of a thread; the next interval tries again."""
    with monitored(Reply(200)) as (here, server):
        with no_thread_left():
            here.heartbeat.beat()
        here.clock.advance(60)
        here.heartbeat.beat()
        here.heartbeat.close()

        assert here.events.names() == ["heartbeat_failed", "heartbeat_resumed"]
        assert len(server.heard) == 1


def test_a_run_in_a_hurry_waits_for_no_monitor() -> None:
    """What is under way is cut."""
    with monitored(Silence()) as (one, server):
        one.heartbeat.beat()
        server.await_heard(1)
        one.heartbeat.hurry()
        one.heartbeat.close()

        assert one.heartbeat.wait(PATIENCE_SECONDS)


def test_a_monitor_that_never_ends_is_cut_at_the_next_delivery() -> None:
    """And the one after may call again."""
    with monitored(Silence()) as (one, server):
        one.heartbeat.beat()
        server.await_heard(1)
        one.clock.advance(OVERDUE_SECONDS)
        one.heartbeat.beat()
        assert one.heartbeat.wait(PATIENCE_SECONDS)
        told = settle(one)

    assert told == ["heartbeat_failed"]


def test_without_a_delivery_there_is_nothing_to_end() -> None:
    """Closing costs nothing then."""
    assert settle(Monitored(CLOSED)) == []
