"""Lines in, commits out, in order, whatever the receiver and the disk do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from shipper.ending import Ending
from shipper.errors import StateError
from shipper.model import Batch, Entry, Item, Line, LinePlace
from shipper.parse import UnknownVersion
from shipper.receipt import Delivered, Receipt
from shipper.sample import Sampler
from shipper.values import Detector
from tests.support.clock import FakeClock
from tests.support.lines import lines_of
from tests.support.pipes import Pipe, TextShaper
from tests.support.posting import deferred_by
from tests.support.records import a_record_line, binary_content, json_content
from tests.support.shapers import a_shaper


def test_drains_and_ends() -> None:
    """With `drain` the run ends when every line has found its end."""
    pipe = Pipe(lines_of([b"a", b"", b"skip", b"bad", b"b"]))

    ending = pipe.pipeline.run()

    assert ending is Ending.DRAINED
    assert pipe.poster.posted == [(b"a", b"b")]
    sums = pipe.pipeline.sums
    assert (sums.delivered, sums.blank, sums.skipped, sums.dead) == (2, 1, 1, 1)


def test_a_run_with_an_end_looks_once_more_before_it_is_over() -> None:
    """A read may find what only a look can tell of: that is read as well."""
    pipe = Pipe(lines_of([b"a"]))
    look, late = pipe.source.look, lines_of([b"a", b"b"])[1:]

    def found_late() -> None:
        look()
        if late and not pipe.source.lines and pipe.checkpoints.position():
            pipe.source.lines.append(late.pop())

    pipe.source.look = found_late  # type: ignore[method-assign]

    assert pipe.pipeline.run() is Ending.DRAINED
    assert pipe.poster.posted == [(b"a",), (b"b",)]


def test_position_ends_after_the_last_line() -> None:
    """Skipped, blank and unreadable lines move the position as entries do."""
    lines = lines_of([b"a", b"skip", b"", b"bad"])
    pipe = Pipe(lines)

    pipe.pipeline.run()

    assert pipe.checkpoints.position() == lines[-1].end_bytes


def test_backlog_goes_out_in_full_batches() -> None:
    """What is already there is sent in batches of `max_records`."""
    pipe = Pipe(lines_of([b"%d" % n for n in range(25)]), buffer_length=2)

    pipe.pipeline.run()

    assert [len(batch) for batch in pipe.poster.posted] == [10, 10, 5]


def test_few_records_wait_for_company_but_not_long() -> None:
    """Fewer than `buffer_length` records are sent after `flush_interval`."""
    pipe = Pipe(lines_of([b"a"]), drain=False)
    start = pipe.clock.monotonic()
    posted_at: list[float] = []

    def on_wait(_: float) -> None:
        if pipe.poster.posted and not posted_at:
            posted_at.append(pipe.clock.monotonic() - start)
            pipe.stop()

    pipe.clock.on_wait = on_wait
    pipe.pipeline.run()

    assert pipe.poster.posted == [(b"a",)]
    assert 1.0 <= posted_at[0] <= 2.0


def test_enough_records_go_at_once() -> None:
    """`buffer_length` waiting records are sent without waiting for more."""
    pipe = Pipe(lines_of([b"a", b"b"]), drain=False, buffer_length=2)
    waited: list[int] = []

    def on_wait(_: float) -> None:
        waited.append(len(pipe.poster.posted))
        pipe.stop()

    pipe.clock.on_wait = on_wait
    pipe.pipeline.run()

    assert waited[0] == 1


class SlowShaper(TextShaper):
    """Takes so long for each line, as a function of the user's may."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the item, later."""
        self._clock.advance(self._seconds)
        return super().shape(line)


def test_lines_that_take_long_hold_nothing_up() -> None:
    """Between two of them signals are heard, and what has waited long is sent."""
    clock = FakeClock()
    shaper = SlowShaper(clock, 0.5)
    pipe = Pipe(lines_of([b"%d" % n for n in range(300)]), shaper=shaper, clock=clock)
    turns: list[float] = []

    def on_turn() -> None:
        turns.append(clock.monotonic())
        if len(turns) == 5:
            pipe.stop()

    pipe.on_turn = on_turn
    began = clock.monotonic()
    ending = pipe.pipeline.run()

    assert ending is Ending.STOPPED
    assert turns[4] - began <= 10.0
    assert pipe.pipeline.sums.delivered >= 5


def test_full_window_stops_reading() -> None:
    """With nobody answering, at most a window of batches is read into memory."""
    pipe = Pipe(lines_of([b"%d" % n for n in range(200)]), None, max_duration=30.0)

    ending = pipe.pipeline.run()

    assert ending is Ending.OUT_OF_TIME
    assert len(pipe.poster.posted) == 4
    assert len(pipe.source.lines) >= 150
    assert pipe.checkpoints.commits == []


def test_outage_loses_nothing() -> None:
    """Records wait out a receiver that is down, and arrive once each."""
    answers: list[Receipt] = [deferred_by("network") for _ in range(30)]

    def judge(_: Sequence[bytes]) -> Receipt:
        return answers.pop() if answers else Delivered(202)

    lines = lines_of([b"%d" % n for n in range(50)])
    pipe = Pipe(lines, judge)

    ending = pipe.pipeline.run()

    assert ending is Ending.DRAINED
    assert pipe.pipeline.sums.delivered == 50
    assert pipe.checkpoints.position() == lines[-1].end_bytes


def test_out_of_time_with_work_left() -> None:
    """A run that may not last longer ends though the receiver is down."""
    pipe = Pipe(lines_of([b"a"]), lambda _: deferred_by("network"), max_duration=60.0)

    ending = pipe.pipeline.run()

    assert ending is Ending.OUT_OF_TIME
    assert pipe.checkpoints.position() == 0


def test_unknown_version_stops_its_file_and_moves_nothing() -> None:
    """Lines of other files go on; the stopped file keeps its position."""
    first = lines_of([b"a", b"v2", b"b"], file_id="one")
    second = lines_of([b"c"], file_id="two")
    pipe = Pipe([*first, *second])

    pipe.pipeline.run()

    assert [file_id for file_id, _ in pipe.source.stopped] == ["one"]
    assert pipe.checkpoints.position("one") == first[0].end_bytes
    assert pipe.checkpoints.position("two") == second[0].end_bytes
    assert pipe.poster.posted == [(b"a", b"c")]


def test_full_disk_under_the_state_pauses_and_resumes() -> None:
    """A commit that cannot be written is tried again; the event is told once."""
    pipe = Pipe(lines_of([b"a"]))
    pipe.checkpoints.failures = [
        StateError("full", path="state", is_temporary=True, hint="free some space")
        for _ in range(3)
    ]

    ending = pipe.pipeline.run()

    assert ending is Ending.DRAINED
    assert len(pipe.poster.posted) == 1
    assert pipe.events.names() == ["state_write_failed", "state_write_resumed"]
    assert pipe.pipeline.trouble == ""


def test_out_of_time_with_nothing_left_is_no_trouble() -> None:
    """A daemon for a while that has kept up has left no work to the next one."""
    pipe = Pipe(lines_of([b"a"]), drain=False, max_duration=60.0)

    ending = pipe.pipeline.run()

    assert ending is Ending.DRAINED
    assert pipe.pipeline.sums.delivered == 1


def test_what_keeps_work_unfinished_is_named() -> None:
    """A run out of time can say whether the disk or the receiver was in the way."""
    disk = Pipe(lines_of([b"a"]), max_duration=5.0)
    disk.checkpoints.failures = [
        StateError("state disk full", path="state", is_temporary=True)
        for _ in range(100)
    ]
    network = Pipe(
        lines_of([b"a"]), lambda _: deferred_by("hold", status=401), max_duration=5.0
    )

    disk.pipeline.run()
    network.pipeline.run()

    assert disk.pipeline.trouble == "state disk full"
    assert network.pipeline.trouble == "hold happened"


def test_broken_state_ends_the_run() -> None:
    """A state that waiting cannot mend is an error for the operator."""
    pipe = Pipe(lines_of([b"a"]))
    pipe.checkpoints.failures = [StateError("gap", path="state")]

    with pytest.raises(StateError):
        pipe.pipeline.run()


def test_stop_lets_requests_in_flight_end_and_commits_them() -> None:
    """After SIGTERM the answers on their way are waited for, and stored."""
    lines = lines_of([b"%d" % n for n in range(10)])
    pipe = Pipe(lines, None, drain=False)

    def on_wait(_: float) -> None:
        pipe.stop()
        if pipe.poster.out and "stopping" in pipe.events.names():
            pipe.poster.answer_oldest()

    pipe.clock.on_wait = on_wait
    ending = pipe.pipeline.run()

    assert ending is Ending.STOPPED
    assert pipe.checkpoints.position() == lines[-1].end_bytes
    assert pipe.events.told[0] == ("stopping", {"signal": "SIGTERM"})


def test_stop_does_not_wait_for_ever() -> None:
    """A receiver that never answers holds a stopping shipper 5 s at most."""
    pipe = Pipe(lines_of([b"a"] * 10), None, drain=False)
    pipe.clock.on_wait = lambda _: pipe.stop()
    start = pipe.clock.monotonic()

    ending = pipe.pipeline.run()

    assert ending is Ending.STOPPED
    assert pipe.clock.monotonic() - start <= 6.5
    assert pipe.checkpoints.position() == 0


def test_stop_sends_what_waits_for_company() -> None:
    """Records in the open batch are sent once more before the end."""
    pipe = Pipe(lines_of([b"a"]), drain=False)
    pipe.clock.on_wait = lambda _: pipe.stop()

    pipe.pipeline.run()

    assert pipe.poster.posted == [(b"a",)]
    assert pipe.checkpoints.position() == 2


def test_follows_lines_that_appear_later() -> None:
    """A daemon looks again and finds what was appended meanwhile."""
    lines = lines_of([b"a", b"b", b"c"])
    pipe = Pipe(lines[:1], drain=False)
    later = [lines[1:2], lines[2:3]]

    def on_wait(_: float) -> None:
        if later:
            pipe.source.lines += later.pop(0)
        elif pipe.checkpoints.position() == lines[-1].end_bytes:
            pipe.stop()

    pipe.clock.on_wait = on_wait
    pipe.pipeline.run()

    assert pipe.pipeline.sums.delivered == 3


def test_one_look_is_enough_for_lines_that_have_been_read_to_the_end() -> None:
    """Between two rests the files are looked at once, lines and commits or not."""
    lines = lines_of([b"a", b"b"])
    pipe = Pipe(lines[:1], drain=False, buffer_length=1)
    later = [lines[1:2], []]

    def on_wait(_: float) -> None:
        if not later:
            pipe.stop()
            return
        pipe.source.lines += later.pop(0)

    pipe.clock.on_wait = on_wait
    pipe.pipeline.run()

    assert pipe.pipeline.sums.delivered == 2
    assert pipe.source.looks == len(pipe.clock.waits)


def test_answers_neither_ask_for_a_look_nor_put_one_off() -> None:
    """However often somebody rings, the next look keeps its time."""
    pipe = Pipe(lines_of([b"%d" % n for n in range(3)]), None, drain=False)
    looked: list[int] = []

    def on_wait(_: float) -> None:
        looked.append(pipe.source.looks)
        pipe.clock.advance(0.3)
        pipe.clock.wake()
        if len(looked) == 7:
            pipe.stop()

    pipe.clock.on_wait = on_wait
    pipe.clock.wake()
    pipe.pipeline.run()

    assert looked[:7] == [1, 1, 1, 1, 2, 2, 2]


CARD_BODY = json_content({"card": "4111111111111111"})


def test_what_looks_like_a_secret_is_counted_and_told_once() -> None:
    """Each kind once a place and run, with nothing of the value."""
    shaper = replace(a_shaper(), detector=Detector(mode="warn"))
    bodies = [CARD_BODY, CARD_BODY, json_content({"c": ["4111111111111111"] * 2})]
    pipe = Pipe(lines_of([a_record_line(given=body) for body in bodies]), shaper=shaper)

    pipe.pipeline.run()

    told = [fields for name, fields in pipe.events.told if name == "secret_suspected"]
    assert told == [
        {"kind": "card-number", "operation": "GET /owls/{id}", "field": field}
        for field in ("response.body.card", "response.body.c")
    ]
    counters = [commit.counters for commit in pipe.checkpoints.commits]
    assert sum(dict(each).get("detected:card-number", 0) for each in counters) == 3
    assert "4111" in str(pipe.poster.posted)


def test_what_is_hidden_does_not_leave() -> None:
    """It is counted all the same, and a body that stays here as well."""
    shaper = replace(
        a_shaper(), detector=Detector(mode="redact"), sampler=Sampler(rate=0.999)
    )
    bodies = [CARD_BODY, binary_content(b"\xff 4111111111111111 ", "x/y")]
    pipe = Pipe(lines_of([a_record_line(given=body) for body in bodies]), shaper=shaper)

    pipe.pipeline.run()

    counters = [dict(commit.counters) for commit in pipe.checkpoints.commits]
    assert "secret_hidden" in pipe.events.names()
    assert sum(each.get("detected:card-number", 0) for each in counters) == 2
    assert sum(each.get("withheld:secret", 0) for each in counters) == 1
    assert "4111" not in str(pipe.poster.posted)
    assert "[REDACTED 16]" in str(pipe.poster.posted)


def test_letters_are_sent_beside_the_lines() -> None:
    """A batch from the desk is posted, committed and told to the desk."""
    lines = lines_of([b"a", b"b"])
    pipe = Pipe(lines)
    place = LinePlace("old", 0, 10)
    letter = Entry("id-1", b"letter")
    pipe.desk.batches = [Batch((letter,), (place,), (), (), (), 8, (0,))]

    ending = pipe.pipeline.run()

    assert ending is Ending.DRAINED
    assert sorted(pipe.poster.posted) == [(b"a", b"b"), (b"letter",)]
    assert [c for c in pipe.desk.commits if c.recovered] == [
        c for c in pipe.checkpoints.commits if c.recovered
    ]
    assert [c.recovered for c in pipe.desk.commits if c.recovered] == [(place,)]
    assert pipe.pipeline.sums.delivered == 2


def test_a_drained_run_waits_for_the_desk() -> None:
    """`--once` carries out what was asked, though no line is left."""
    pipe = Pipe([])
    batch = Batch((Entry("i", b"x"),), (LinePlace("o", 0, 1),), (), (), (), 3, (0,))
    pipe.desk.batches = [batch, batch]

    pipe.pipeline.run()

    assert pipe.poster.posted == [(b"x",), (b"x",)]
