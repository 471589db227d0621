"""The window sends, halves, retries and buries; batches leave at the front only."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

import pytest

from shipper.batch import Batcher
from shipper.ceiling import FIRST_PAUSE_SECONDS
from shipper.model import LinePlace, Skip
from shipper.receipt import Delivered, Receipt, Refused
from shipper.settle import commit_of
from tests.support.lines import an_entry, lines_of
from tests.support.posting import deferred_by
from tests.support.windows import Bench, a_retry, poisoned


def test_one_batch_is_made_ready_while_all_others_are_out() -> None:
    """It is sent when the front has been committed, and no sooner."""
    bench = Bench(max_in_flight=2)
    bench.admit(1, 1)
    may_be_read = bench.window.has_room
    bench.admit(1)
    bench.poster.answer_oldest()
    bench.turn()
    before = len(bench.poster.posted)

    bench.window.leave(len(bench.window.settled()))
    bench.turn()

    assert may_be_read
    assert (before, len(bench.poster.posted)) == (2, 3)


def test_what_is_ready_is_no_larger_than_the_receiver_takes() -> None:
    """Though it was read before anybody knew."""
    bench = Bench(max_in_flight=1, max_records=8)
    bench.admit(8, 8)
    bench.poster.answer_oldest(Refused(413, "too large", is_too_large=True))
    bench.turn()
    for _ in range(2):
        bench.poster.answer_oldest()
        bench.turn()
    bench.window.leave(len(bench.window.settled()))

    bench.turn()

    assert [len(sent) for sent in bench.poster.posted] == [8, 4, 4, 4]


def test_what_is_ready_is_counted() -> None:
    """Nothing is over while a batch waits for its place."""
    bench = Bench(max_in_flight=1)
    bench.admit(3, 4)

    assert bench.window.records == 7
    assert not bench.window.is_empty


def test_lines_keep_their_order_past_what_is_ready() -> None:
    """A batch that comes all the same, as at a stop, goes behind it."""
    bench = Bench(poisoned(), max_in_flight=1)
    bench.admit(1, 1, 1)

    bench.run()

    assert bench.poster.posted == [(an_entry(number).payload,) for number in range(3)]


def test_nothing_is_made_ready_in_an_outage() -> None:
    """While one batch probes, what is not read stays in the log."""
    bench = Bench(max_in_flight=1)
    bench.admit(1)
    bench.poster.answer_oldest(deferred_by("hold", status=401))
    bench.turn()

    bench.turn(3600.0)

    assert bench.window.posted == 1
    assert not bench.window.has_room


def test_answered_batch_keeps_its_place_until_committed() -> None:
    """An answer alone makes no room: a crash now would repeat the batch."""
    bench = Bench(max_in_flight=1)
    bench.admit(3)
    bench.poster.answer_oldest()
    bench.turn()
    assert not bench.window.has_room

    bench.window.leave(len(bench.window.settled()))

    assert bench.window.has_room


def test_only_the_contiguous_prefix_settles() -> None:
    """Scenario 30: a later batch that is answered first waits for the earlier one."""
    bench = Bench()
    bench.admit(1, 1, 1)
    bench.poster.answer(2, Delivered(202))
    bench.poster.answer(3, Delivered(202))
    bench.turn()
    assert bench.window.settled() == []

    bench.poster.answer(1, Delivered(202))
    bench.turn()

    assert len(bench.window.settled()) == 3


def test_batch_without_entries_settles_without_a_request() -> None:
    """Skipped lines are committed in their turn though nothing is sent."""
    bench = Bench()
    batcher = Batcher(max_records=9, max_bytes=99, buffer_length=1, max_age_seconds=1)
    batcher.add(lines_of([b"text"])[0], Skip("host"), 0.0)
    batch = batcher.take()
    assert batch is not None
    bench.window.admit(batch)
    bench.turn()

    assert bench.poster.posted == []
    assert len(bench.window.settled()) == 1


def test_one_poisonous_record_among_a_hundred() -> None:
    """Scenario 31: 99 delivered, one dead letter, at most 2·log2(100)+1 more posts."""
    bench = Bench(poisoned(37))
    bench.admit(100)
    for _ in range(20):
        bench.turn()

    (settlement,) = bench.window.settled()

    assert [letter.id for letter in settlement.dead_letters] == ["id-37"]
    assert settlement.dead_letters[0].detail == "status 400: bad record"
    assert settlement.refused == (("file-1", 1),)
    assert len(bench.poster.posted) - 1 <= 2 * log2(100) + 1


def test_dead_letter_holds_the_payload() -> None:
    """A refused record is kept as the payload that was refused."""
    bench = Bench(poisoned(0))
    bench.admit(1)
    bench.turn()

    (letter,) = bench.window.settled()[0].dead_letters

    assert letter.payload == an_entry(0).payload
    assert (letter.reason, letter.length_bytes) == ("refused", 10)


def test_413_lowers_the_limit_once_a_batch() -> None:
    """Scenario 33: closing in on one huge record does not shrink later batches."""
    bench = Bench(poisoned(5, status=413))

    bench.admit(100)
    bench.run()

    assert bench.window.max_records == 50


def test_timeout_after_the_body_halves() -> None:
    """A batch too slow for the receiver is sent in smaller ones from now on."""
    bench = Bench()
    bench.admit(8)
    bench.poster.answer_oldest(deferred_by("timeout", body_sent=True))
    bench.turn()

    assert bench.window.max_records == 4
    assert [len(payloads) for payloads in bench.poster.posted] == [8, 4, 4]


def test_batches_grow_again_after_a_slow_hour() -> None:
    """A daemon of months does not come down to one record a request."""
    bench = Bench(max_records=8)
    bench.admit(8)
    bench.poster.answer_oldest(deferred_by("timeout", body_sent=True))
    bench.turn()
    assert bench.window.max_records == 4

    bench.poster.answer_oldest()
    bench.turn(FIRST_PAUSE_SECONDS)

    assert bench.window.max_records == 8


def test_deferred_batch_is_sent_again_unchanged() -> None:
    """Scenario 38: what nobody answered for goes out again with the same ids."""
    bench = Bench()
    bench.admit(3)
    bench.poster.answer_oldest(deferred_by("unavailable", status=503))
    bench.turn()
    assert len(bench.poster.posted) == 1

    bench.turn(0.05)

    assert bench.poster.posted[1] == bench.poster.posted[0]


def test_recovery_sends_everything_at_once() -> None:
    """Scenario 36: after a good probe nobody waits out an old back-off."""
    bench = Bench()
    bench.admit(1, 1, 1)
    for _ in range(3):
        bench.poster.answer_oldest(deferred_by("hold", status=401))
    bench.turn()
    bench.turn(1.0)
    bench.poster.answer_oldest()

    bench.turn()

    assert bench.window.posted == 2


def test_accepted_letters_are_recovered() -> None:
    """A commit of them moves no position and buries nothing."""
    bench = Bench(lambda _: Delivered(202))
    bench.window.admit(a_retry(3))
    bench.window.turn(0.0)
    bench.window.turn(0.0)

    commit = commit_of(bench.window.settled())

    assert (commit.advances, commit.dead_letters) == ((), ())
    assert commit.recovered == a_retry(3).places


def test_of_a_refused_batch_of_letters_the_guilty_stay() -> None:
    """Halving finds them; they keep their place, with one retry more."""
    guilty = an_entry(5).payload

    def judge(payloads: Sequence[bytes]) -> Receipt:
        return Refused(422, "bad field") if guilty in payloads else Delivered(202)

    bench = Bench(judge)
    bench.window.admit(a_retry(8))
    for _ in range(20):
        bench.window.turn(0.0)

    commit = commit_of(bench.window.settled())

    (letter,) = commit.dead_letters
    assert letter.place == LinePlace("old", 5, 6)
    assert (letter.reason, letter.detail) == ("refused", "status 422: bad field")
    assert (letter.id, letter.payload, letter.retries) == ("id-5", guilty, 3)
    assert set(commit.recovered) == set(a_retry(8).places) - {letter.place}
    assert "record_refused" not in bench.events.names()


def test_letters_take_no_room_and_hold_no_position() -> None:
    """With a retry unanswered, lines are read, sent and committed as ever."""
    bench = Bench(max_in_flight=2)
    bench.window.admit(a_retry(1))
    has_room_beside = bench.window.has_room
    bench.admit(1, 1, 1)
    is_full = not bench.window.has_room
    # The first request is that of the letter; lines are answered before it.
    bench.window.turn(0.0)
    lines = [ticket for ticket in bench.poster.out if ticket > 1]
    for ticket in lines:
        bench.poster.answer(ticket, Delivered(202))
    bench.window.turn(0.0)
    settled = bench.window.settled()
    bench.window.leave(len(settled))

    assert (has_room_beside, is_full) == (True, True)
    assert [bool(each.spans) for each in settled] == [True] * len(lines)
    assert not bench.window.is_empty
    assert bench.window.settled() == []


def test_a_batch_of_lines_behind_an_unsettled_one_does_not_slip_past() -> None:
    """Letters may leave from the middle; lines leave in the order read."""
    bench = Bench(max_in_flight=4)
    bench.admit(1)
    bench.window.admit(a_retry(1))
    bench.admit(1)
    for ticket in list(bench.poster.out)[1:]:
        bench.poster.answer(ticket, Delivered(202))
    bench.window.turn(0.0)

    assert bench.window.settled() == []


def test_a_failure_is_told_once_with_its_mend() -> None:
    """A warning a retry would bury the one that says what to do."""
    bench = Bench()
    bench.admit(1)
    for reason in ("dns: a: x", "dns: a: y", "tcp: a", "tcp: a"):
        receipt = deferred_by("network", reason=reason, hint="mend it")
        bench.poster.answer_oldest(receipt)
        bench.turn()
        bench.turn(60.0)
    bench.poster.answer_oldest()
    bench.turn()
    bench.admit(1)
    bench.poster.answer_oldest(deferred_by("network", reason="tcp: a"))
    bench.turn()

    assert [
        (name, fields["why"])
        for name, fields in bench.events.told
        if name.startswith("batch_deferred")
    ] == [
        ("batch_deferred", "dns: a: x: mend it"),
        ("batch_deferred_again", "dns: a: y: mend it"),
        ("batch_deferred", "tcp: a: mend it"),
        ("batch_deferred_again", "tcp: a: mend it"),
        ("batch_deferred", "tcp: a"),
    ]


@pytest.mark.parametrize("cause", ["hold", "busy"])
def test_what_the_gate_tells_is_not_told_twice(cause: str) -> None:
    """One event names the reason and the mend."""
    bench = Bench()
    bench.admit(1)
    bench.poster.answer_oldest(deferred_by(cause))
    bench.turn()

    assert bench.events.names() == ["uploads_held"]
