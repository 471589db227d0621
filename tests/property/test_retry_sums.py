"""Whatever the answers, each letter sent again is recovered or stays, exactly once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.batch import Batcher
from shipper.gate import Gate
from shipper.model import Batch, LinePlace
from shipper.receipt import Delivered, Receipt, Refused
from shipper.settle import commit_of
from shipper.window import Window
from tests.support.events import RecordingEvents
from tests.support.lines import an_entry, lines_of
from tests.support.posting import ScriptedPoster, deferred_by

RECEIPTS: st.SearchStrategy[Receipt] = st.one_of(
    st.just(Delivered(202)),
    st.just(Refused(400, "no")),
    st.just(Refused(413, "large", is_too_large=True)),
    st.sampled_from(
        ["hold", "forbidden", "busy", "unavailable", "network", "timeout"]
    ).map(deferred_by),
)


def batch_of_lines(count: int, start: int) -> Batch:
    """Return a batch of consecutive lines of one file, from the start-th on."""
    batcher = Batcher(
        max_records=100, max_bytes=10_000, buffer_length=1, max_age_seconds=1
    )
    for number, line in enumerate(lines_of([b"text"] * (start + count))):
        if number >= start:
            batcher.add(line, an_entry(number), 0.0)
    batch = batcher.take()
    assert batch is not None
    return batch


def batch_of_letters(count: int) -> Batch:
    """Return a batch of dead letters."""
    return Batch(
        entries=tuple(an_entry(1000 + number) for number in range(count)),
        places=tuple(LinePlace("old", number, number + 1) for number in range(count)),
        spans=(),
        rejects=(),
        counters=(),
        size_bytes=0,
        retries=(0,) * count,
    )


class Run:
    """A window with lines and letters in it, and what was committed of them."""

    def __init__(self, lines: int, letters: int, admitted_at: int) -> None:
        # Mutable state: the present, what waits to be admitted, what came out.
        events = RecordingEvents()
        self.poster = ScriptedPoster()
        self.window = Window(
            poster=self.poster,
            gate=Gate(events=events, jitter=lambda: 0.5),
            events=events,
            jitter=lambda: 0.5,
            max_in_flight=2,
            max_records=100,
        )
        self.now = 0.0
        self.position = 0
        self.recovered: list[LinePlace] = []
        self.stayed: list[LinePlace] = []
        self._waiting = [batch_of_lines(3, start) for start in range(0, lines, 3)]
        self._letters = batch_of_letters(letters)
        self._admitted_at = admitted_at

    @property
    def is_over(self) -> bool:
        """True when nothing is left."""
        return not self._waiting and self.window.is_empty and self._admitted_at < 0

    def turn(self) -> None:
        """Let in what may come in, post, and commit what is settled."""
        if self._admitted_at == 0:
            self.window.admit(self._letters)
        self._admitted_at -= 1
        while self._waiting and self.window.has_room:
            self.window.admit(self._waiting.pop(0))
        self.window.turn(self.now)
        settled = self.window.settled()
        commit = commit_of(settled)
        for advance in commit.advances:
            assert advance.start_bytes == self.position
            self.position = advance.end_bytes
        self.recovered += commit.recovered
        self.stayed += [
            letter.place for letter in commit.dead_letters if letter.retries
        ]
        self.window.leave(len(settled))


@settings(max_examples=150, deadline=None)
@given(
    lines=st.integers(0, 8).map(lambda count: 3 * count),
    letters=st.integers(1, 20),
    admitted_at=st.integers(0, 5),
    data=st.data(),
)
def test_every_letter_has_one_end(
    lines: int, letters: int, admitted_at: int, data: st.DataObject
) -> None:
    """Letters are recovered or stay; lines are committed in order, all of them."""
    run = Run(lines, letters, admitted_at)
    accepted: set[bytes] = set()
    for number in range(4000):
        run.turn()
        if run.is_over:
            break
        if run.poster.out:
            ticket = data.draw(st.sampled_from(sorted(run.poster.out)))
            receipt = data.draw(RECEIPTS) if number < 40 else Delivered(202)
            if isinstance(receipt, Delivered):
                accepted.update(run.poster.out[ticket])
            run.poster.answer(ticket, receipt)
        else:
            run.now += run.window.due_in(run.now) or 0.0

    places = batch_of_letters(letters).places
    assert run.is_over
    assert run.position == 5 * lines
    assert sorted(run.recovered + run.stayed, key=lambda p: p.start_bytes) == [*places]
    recovered = {place.start_bytes + 1000 for place in run.recovered}
    assert recovered == {int(payload) for payload in accepted if int(payload) >= 1000}
