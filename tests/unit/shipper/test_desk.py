"""The desk carries out requests in order, and answers when all has found its end."""

from __future__ import annotations

import pytest

from shipper.desk import TIDY_SECONDS, Desk
from shipper.errors import StateError
from shipper.events import Value
from shipper.model import Batch, Commit, DeadLetter, LinePlace
from shipper.store import (
    ACKNOWLEDGE,
    PURGE,
    RETRY,
    Acknowledgement,
    Answer,
    Request,
    Selection,
)
from shipper.store.dead_letters import Evicted
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.letters import EchoReviver, MemoryLetters


class Office:
    """A desk with everything it is given."""

    def __init__(self, *numbers: int, rest_seconds: float | None = None) -> None:
        # Mutable state: that of its parts, and how often the desk has beaten.
        self.beats = 0
        self.letters = MemoryLetters(*numbers)
        self.reviver = EchoReviver()
        self.clock = FakeClock()
        self.events = RecordingEvents()
        self.desk = Desk(
            letters=self.letters,
            reviver=self.reviver,
            clock=self.clock,
            events=self.events,
            max_records=2,
            max_bytes=1000,
            interval_seconds=1.0,
            rest_seconds=rest_seconds,
            beat=self._beat,
        )

    def _beat(self) -> None:
        self.beats += 1

    def turn(self) -> Batch | None:
        """Give the desk a turn, a second later."""
        self.clock.advance(1.0)
        return self.desk.turn(self.clock.monotonic())

    def take(self, batch: Batch) -> None:
        """Commit the batch as taken."""
        for place in batch.places:
            del self.letters.kept[place.start_bytes // 10]
        self.desk.committed(Commit((), (), (), batch.places))

    def refuse(self, batch: Batch) -> None:
        """Commit the batch as refused again."""
        letters = []
        for place, entry in zip(batch.places, batch.entries, strict=True):
            letters.append(
                DeadLetter(
                    place, entry.id, "refused", "still no", b"", "", 0, retries=1
                )
            )
        self.desk.committed(Commit((), tuple(letters), ()))


def payloads(batch: Batch | None) -> list[bytes]:
    """Return the payloads of a batch."""
    assert batch is not None
    return [entry.payload for entry in batch.entries]


def test_all_letters_go_out_in_batches_one_at_a_time() -> None:
    """The next batch waits for the commit of the one before."""
    office = Office(1, 2, 3)
    number = office.letters.ask(RETRY)

    first = office.turn()
    between = office.turn()
    assert first is not None
    office.take(first)
    second = office.turn()
    assert second is not None
    office.take(second)
    is_answered_early = bool(office.letters.answers)
    after = office.turn()

    assert payloads(first) == [b"1", b"2"]
    assert between is None
    assert payloads(second) == [b"3"]
    assert not is_answered_early
    assert after is None
    assert office.letters.answers == {number: Answer(delivered=3)}
    assert office.events.told == [("letters_retried", {"delivered": 3, "kept": 0})]
    assert office.desk.is_idle
    assert office.reviver.closed == 1


def test_the_outcome_of_each_letter_is_told() -> None:
    """Delivered, refused, unsent and unknown are counted apart, with reasons."""
    office = Office(1, 2, 100)
    number = office.letters.ask(RETRY, Selection(numbers=(100, 1, 1, 7)))
    batch = office.turn()
    assert batch is not None
    office.refuse(batch)
    office.turn()

    assert payloads(batch) == [b"1"]
    assert office.letters.answers[number] == Answer(
        refused=1,
        unsent=1,
        missing=(7,),
        notes=("100: unread: its file is gone", "id-1: refused: still no"),
    )


def test_requests_are_carried_out_in_order() -> None:
    """A purge asked after a retry waits until the retry is answered."""
    office = Office(1)
    retry = office.letters.ask(RETRY)
    purge = office.letters.ask(PURGE)
    batch = office.turn()
    early = dict(office.letters.answers)
    assert batch is not None
    office.take(batch)
    office.turn()

    assert early == {}
    assert list(office.letters.answers) == [retry, purge]
    assert office.letters.answers[purge] == Answer(purged=0)


@pytest.mark.parametrize(
    ("verb", "argument"), [("bundle burn", "{}"), (RETRY, "not json"), (PURGE, "[1]")]
)
def test_what_is_not_understood_is_answered(verb: str, argument: str) -> None:
    """A request of another version does not block those behind it."""
    office = Office(1)
    office.letters.asked.append(Request(1, verb, argument))
    office.letters.ask(PURGE)

    office.turn()

    assert "does not understand" in office.letters.answers[1].error
    assert office.letters.answers[2].purged == 1


def test_a_busy_state_delays_and_loses_nothing() -> None:
    """Letters that were read when the disk failed are sent when it is well again."""
    office = Office(1, 2)
    number = office.letters.ask(RETRY)
    full = StateError("full", path="state", is_temporary=True)
    office.letters.unreadable[2] = [full, full]
    turns = [office.turn(), office.turn()]
    batch = office.turn()
    assert batch is not None
    office.take(batch)
    office.letters.failures = [full]
    office.turn()
    office.turn()

    assert turns == [None, None]
    assert payloads(batch) == [b"1", b"2"]
    assert office.letters.answers == {number: Answer(delivered=2)}
    assert office.events.names() == [
        "request_delayed",
        "request_delayed",
        "letters_retried",
    ]


def test_a_broken_state_is_raised() -> None:
    """What waiting cannot mend ends the run, as it does for lines."""
    office = Office(1)
    office.letters.ask(RETRY)
    office.letters.unreadable[1] = [StateError("broken", path="state")]

    with pytest.raises(StateError):
        office.turn()


def test_rest_ends_when_somebody_asks() -> None:
    """A request is found within a second, however long the pipeline would rest."""
    office = Office(1)
    office.turn()
    start = office.clock.monotonic()

    def on_wait(_: float) -> None:
        if office.clock.monotonic() - start == 3.0:
            office.letters.ask(RETRY)

    office.clock.on_wait = on_wait
    office.desk.rest(10.0)
    rested = office.clock.monotonic() - start

    assert rested == 3.0
    assert office.desk.turn(office.clock.monotonic()) is not None


def test_a_long_rest_beats_every_second() -> None:
    """Whoever watches the loop does not take a quiet log for a hang."""
    office = Office()
    office.turn()

    office.desk.rest(10.0)

    assert office.beats == 10


def test_rest_is_as_long_as_asked_for() -> None:
    """Nobody asks, nobody rings: the pause is whole, in slices of a second."""
    office = Office()
    office.turn()
    start = office.clock.monotonic()

    office.desk.rest(2.5)

    assert office.clock.monotonic() - start == 2.5
    assert office.clock.waits == [1.0, 1.0, 0.5]


def test_a_shipper_at_rest_wakes_less_often() -> None:
    """A look that wakes the process for nothing else may wait a little longer."""
    office = Office(rest_seconds=5.0)
    office.turn()

    office.desk.rest(12.0)

    assert office.clock.waits == [5.0, 5.0, 2.0]
    assert office.beats == 3


def test_a_ring_at_the_end_of_a_pause_ends_the_rest() -> None:
    """A busy machine wakes us late; the answer that rang must not wait for that."""
    office = Office()
    office.turn()
    start = office.clock.monotonic()

    def ring_late(seconds: float) -> bool:
        office.clock.advance(seconds)
        return True

    office.clock.wait = ring_late  # type: ignore[method-assign]  # time passed, too
    office.desk.rest(10.0)

    assert office.clock.monotonic() - start == 1.0


def test_a_ring_ends_the_rest() -> None:
    """An answer that came wakes the pipeline at once."""
    office = Office()
    office.clock.wake()
    start = office.clock.monotonic()

    office.desk.rest(10.0)

    assert office.clock.monotonic() == start


def test_idle_turns_cost_one_look_a_second() -> None:
    """Between two looks a turn asks the state for nothing."""
    office = Office()
    for _ in range(100):
        office.desk.turn(office.clock.monotonic())
        office.clock.advance(0.1)

    assert 9 <= office.letters.looks <= 11


def test_eviction_is_told_and_paced() -> None:
    """Age is looked at hourly; new letters make it look within seconds."""
    office = Office()
    office.letters.evictions = [Evicted(3, 99)]
    office.turn()
    first = list(office.events.told)
    office.letters.evictions = [Evicted(1, 9)]
    office.turn()
    office.turn()
    quiet = list(office.events.told)
    new = DeadLetter(LinePlace("f", 0, 1), None, "torn", "", None, "", 1)
    office.desk.committed(Commit((), (new,), ()))
    office.turn()
    crowded = list(office.events.told)
    office.letters.evictions = [Evicted(2, 9)]
    office.clock.advance(TIDY_SECONDS)
    office.turn()

    assert first == [("letters_evicted", {"letters": 3, "size_bytes": 99})]
    assert quiet == first
    assert len(crowded) == 2
    assert len(office.events.told) == 3


def test_nothing_is_evicted_while_letters_are_out() -> None:
    """What has been sent must still be there when it is answered for."""
    office = Office(1)
    office.letters.ask(RETRY)
    batch = office.turn()
    office.letters.evictions = [Evicted(1, 9)]
    office.clock.advance(2 * TIDY_SECONDS)
    office.turn()
    during = office.events.names()
    assert batch is not None
    office.take(batch)
    office.turn()

    assert "letters_evicted" not in during
    assert "letters_evicted" in office.events.names()


@pytest.mark.parametrize(
    ("bundle", "told"),
    [
        ("new", [("bundle_acknowledged", {"delivered": 4, "dead": 0})]),
        ("known", []),
        ("unknown", []),
    ],
)
def test_a_receipt_is_counted_at_once(
    bundle: str, told: list[tuple[str, dict[str, Value]]]
) -> None:
    """It needs no batch; only what has changed something is an event."""
    office = Office(1)
    receipt = Acknowledgement(bundle, "00", 4, 4)
    number = office.letters.ask(ACKNOWLEDGE, receipt)

    assert office.turn() is None
    assert number in office.letters.answers
    assert told == office.events.told
    assert office.desk.is_idle
