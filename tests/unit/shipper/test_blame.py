"""Who is at fault is proven by others that pass; until then nothing is buried."""

from __future__ import annotations

import pytest

from shipper.blame import LONE_REFUSALS_TO_HOLD, SUSPECT_FAILURES
from shipper.receipt import Delivered, Receipt, Refused
from shipper.settle import commit_of
from tests.support.posting import deferred_by
from tests.support.windows import Bench, a_retry, gateway


@pytest.mark.parametrize("cause", ["hold", "forbidden", "busy", "network"])
def test_a_single_batch_is_never_buried_for_want_of_an_answer(cause: str) -> None:
    """However often it is deferred, nothing becomes a dead letter without proof."""
    bench = Bench(lambda _: deferred_by(cause))
    bench.admit(1)

    bench.run(100)

    assert bench.window.settled() == []
    assert not bench.window.is_empty


def test_suspect_is_found_while_others_pass() -> None:
    """A record that a gateway keeps refusing while others pass is buried, alone."""
    bench = Bench(gateway(7))
    letters = []
    for _ in range(400):
        if bench.window.has_room:
            bench.admit(10)
        bench.turn(bench.window.due_in(bench.now) or 0.0)
        settled = bench.window.settled()
        letters += [letter for one in settled for letter in one.dead_letters]
        bench.window.leave(len(settled))
        if letters:
            break

    assert [(letter.id, letter.reason) for letter in letters] == [("id-7", "suspect")]


def test_suspect_needs_others_to_pass() -> None:
    """Without acceptances between its failures no record is ever a suspect."""
    bench = Bench(gateway(*range(1000)))
    bench.admit(1, 1, 1, 1)

    bench.run(300)

    assert "record_refused" not in bench.events.names()
    assert len(bench.poster.posted) > SUSPECT_FAILURES * 4


def test_twenty_lone_refusals_hold() -> None:
    """A receiver that refuses every record stops the dead letters at twenty."""
    bench = Bench(lambda _: Refused(400, "no"), max_in_flight=50)
    bench.admit(*[1] * 30)

    bench.run(200)

    buried = bench.events.names().count("record_refused")
    assert buried == LONE_REFUSALS_TO_HOLD
    assert "uploads_held" in bench.events.names()


def test_an_outage_lets_one_witness_in() -> None:
    """When everything fails, one batch beyond the window is read, and no more."""
    bench = Bench(lambda _: deferred_by("unavailable", status=503))
    admitted = 0
    for _ in range(200):
        while bench.window.has_room:
            bench.admit(1)
            admitted += 1
        bench.turn(bench.window.due_in(bench.now) or 0.0)

    assert admitted == 4 + 1


@pytest.mark.parametrize("max_in_flight", [1, 4])
def test_several_suspects_are_all_found(max_in_flight: int) -> None:
    """Poisoned records of several batches are buried, all others delivered."""
    poison = [3, 24, 35, 67]
    bench = Bench(gateway(*poison), max_in_flight=max_in_flight)
    letters, delivered = [], 0
    for _ in range(3000):
        if bench.window.has_room:
            bench.admit(10)
        bench.turn(bench.window.due_in(bench.now) or 0.0)
        settled = bench.window.settled()
        bench.window.leave(len(settled))
        for advance in commit_of(settled).advances:
            delivered += advance.delivered
        letters += [one.id for s in settled for one in s.dead_letters]
        if len(letters) == len(poison):
            break

    assert letters == [f"id-{number}" for number in poison]
    assert delivered >= 60


def test_refused_letters_do_not_count_towards_the_hold() -> None:
    """Forty letters refused again do not stop the delivery of lines."""
    bench = Bench(lambda _: Refused(400, "no"))
    bench.window.admit(a_retry(2 * LONE_REFUSALS_TO_HOLD))
    for _ in range(200):
        bench.window.turn(0.0)

    assert len(commit_of(bench.window.settled()).dead_letters) == 40
    assert "uploads_held" not in bench.events.names()


@pytest.mark.parametrize("cause", ["unavailable", "timeout", "forbidden"])
def test_letters_that_keep_failing_go_back(cause: str) -> None:
    """With nobody else passing, five failures end a retry; nothing is lost by it."""
    bench = Bench(lambda _: deferred_by(cause, status=503))
    bench.window.admit(a_retry(3))
    now = 0.0
    for _ in range(100):
        bench.window.turn(now)
        now += 10.0
        if bench.window.settled():
            break

    commit = commit_of(bench.window.settled())
    assert [letter.reason for letter in commit.dead_letters] == ["suspect"] * 3
    assert len(bench.poster.posted) == SUSPECT_FAILURES
    assert commit.recovered == ()


def test_letters_wait_for_a_network_that_is_down() -> None:
    """No answer at all says nothing about a record; the retry goes on later."""
    answers: list[Receipt] = [deferred_by("network")] * 20
    bench = Bench(lambda _: answers.pop() if answers else Delivered(202))
    bench.window.admit(a_retry(1))
    now = 0.0
    for _ in range(200):
        bench.window.turn(now)
        now += 60.0

    assert commit_of(bench.window.settled()).recovered == a_retry(1).places
