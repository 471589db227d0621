"""One pipeline ends so that another can go on, and nothing is lost or sent twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from shipper.ending import Ending
from shipper.errors import StateError
from shipper.model import Batch, Entry, LinePlace, Taken
from shipper.receipt import Delivered, Receipt, Refused
from shipper.sums import Sums
from tests.support.lines import lines_of
from tests.support.pipes import Pipe
from tests.support.posting import deferred_by


def paused_after(pipe: Pipe, turns: int) -> Pipe:
    """Let the pipeline pause when it has come round so often."""
    left = [turns]

    def turned() -> None:
        left[0] -= 1
        if left[0] == 0:
            pipe.pipeline.pause()

    pipe.on_turn = turned
    return pipe


def a_retry(*texts: bytes) -> Batch:
    """Return a batch of dead letters that are sent again."""
    places = tuple(LinePlace("f", at, at + 1) for at in range(len(texts)))
    return Batch(
        entries=tuple(Entry(text.decode(), text) for text in texts),
        places=places,
        spans=(),
        rejects=(),
        counters=(),
        size_bytes=10,
        retries=(0,) * len(texts),
    )


def test_a_pause_ends_a_run_that_would_go_on() -> None:
    """What was delivered is committed, and nothing is left over."""
    lines = lines_of([b"a", b"b"])
    pipe = paused_after(Pipe(lines, drain=False, buffer_length=1), 1)

    ending = pipe.pipeline.run()

    assert ending is Ending.PAUSED
    assert pipe.checkpoints.position() == lines[-1].end_bytes
    assert pipe.pipeline.taken == frozenset()


def test_a_pause_waits_for_requests_that_are_out() -> None:
    """An answer that comes late is not given up: the record would be sent twice."""
    pipe = paused_after(Pipe(lines_of([b"a"]), None, drain=False, buffer_length=1), 1)
    waited: list[float] = []

    def answer_at_last(_: float) -> None:
        waited.append(pipe.clock.monotonic())
        if len(waited) == 30:
            pipe.poster.answer_oldest()

    pipe.clock.on_wait = answer_at_last

    assert pipe.pipeline.run() is Ending.PAUSED
    assert pipe.pipeline.sums.delivered == 1
    assert len(waited) == 30


def test_a_stop_cuts_a_pause_short() -> None:
    """Whoever wants the end does not wait for a reload."""
    pipe = paused_after(Pipe(lines_of([b"a"]), None, drain=False, buffer_length=1), 1)
    pipe.clock.on_wait = lambda _: pipe.stop()

    assert pipe.pipeline.run() is Ending.STOPPED
    assert pipe.pipeline.sums.delivered == 0


def test_what_was_read_and_not_sent_is_left_to_the_next_pipeline() -> None:
    """It is read again, under the settings of then."""
    pipe = paused_after(Pipe(lines_of([b"a", b"b"]), drain=False), 1)

    ending = pipe.pipeline.run()

    assert ending is Ending.PAUSED
    assert pipe.poster.posted == []
    assert pipe.checkpoints.commits == []


def test_what_was_delivered_behind_a_stuck_batch_is_not_sent_again() -> None:
    """No position can say so; the next pipeline is told, and counts it as delivered."""
    lines = lines_of([b"stuck", b"b", b"c", b"d"])

    def judge(payloads: Sequence[bytes]) -> Receipt:
        if payloads[0] == b"stuck":
            return deferred_by("unavailable")
        return Delivered(202)

    first = paused_after(
        Pipe(lines, judge, drain=False, max_records=1, buffer_length=1), 2
    )
    ending = first.pipeline.run()
    after = Pipe(lines, max_records=2, taken=first.pipeline.taken)
    after.pipeline.run()

    assert ending is Ending.PAUSED
    assert first.pipeline.sums == Sums()
    assert first.poster.posted.count((b"b",)) == 1
    assert [len(batch) for batch in after.poster.posted] == [1]
    assert after.poster.posted == [(b"stuck",)]
    assert after.pipeline.sums == Sums(delivered=4)
    assert after.checkpoints.position() == lines[-1].end_bytes
    assert after.pipeline.taken == frozenset()


def test_what_no_commit_could_be_stored_of_is_not_sent_again() -> None:
    """A disk that is full during the reload costs no repetition."""
    lines = lines_of([b"a", b"b"])
    pipe = Pipe(lines, drain=False, buffer_length=1, max_records=1)
    pipe.checkpoints.failures += [
        StateError("full", path="/s", is_temporary=True) for _ in range(3)
    ]
    paused_after(pipe, 1).pipeline.run()
    after = Pipe(lines, taken=pipe.pipeline.taken)
    after.pipeline.run()

    assert len(pipe.poster.posted) == 2
    assert after.poster.posted == []
    assert after.pipeline.sums == Sums(delivered=2)


def test_another_record_at_the_same_place_is_sent() -> None:
    """A file that was cut and written anew meanwhile hides nothing."""
    old, new = lines_of([b"a", b"b"]), lines_of([b"a", b"c"])
    taken = frozenset(
        Taken(
            LinePlace(line.file_id, line.start_bytes, line.end_bytes),
            line.data.decode(),
        )
        for line in old
    )
    pipe = Pipe(new, taken=taken)

    pipe.pipeline.run()

    assert pipe.poster.posted == [(b"c",)]
    assert pipe.pipeline.sums == Sums(delivered=2)


def test_letters_without_an_answer_stay_what_they_are() -> None:
    """Their request is carried out anew; those that were taken are not sent again."""

    def judge(payloads: Sequence[bytes]) -> Receipt:
        if len(payloads) > 1:
            return Refused(400, "one of them")
        return Delivered(202) if payloads == [b"a"] else deferred_by("unavailable")

    batch = a_retry(b"a", b"b")
    pipe = Pipe([], judge, drain=False)
    pipe.desk.batches.append(batch)
    paused_after(pipe, 3).pipeline.run()

    (commit,) = pipe.checkpoints.commits
    assert commit.recovered == batch.places[:1]
    assert commit.dead_letters == ()


def test_every_turn_is_heard() -> None:
    """Whoever watches the loop hears each turn, and each second of the last ones."""
    heard: list[float] = []
    pipe = Pipe(lines_of([b"a"]), None, drain=False, buffer_length=1)
    pipe.on_turn = lambda: heard.append(pipe.clock.monotonic())
    waits = [0]

    def stop_soon(_: float) -> None:
        waits[0] += 1
        if waits[0] == 5:
            pipe.stop()

    pipe.clock.on_wait = stop_soon
    pipe.pipeline.run()

    assert len(heard) >= 5 + 5  # turns, then the five seconds of winding down
    assert all(later - sooner <= 1.0 for sooner, later in pairwise(heard))
