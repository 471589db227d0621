"""The watchdog is fed while the loop goes round, and not a moment longer."""

from __future__ import annotations

import threading

from shipper.pulse import Pulse
from tests.support.events import RecordingEvents

PATIENCE_SECONDS = 60.0


class Dog:
    """Implements `shipper.pulse.Watchdog`."""

    def __init__(self) -> None:
        # Mutable state: how often it was fed, and what it was told.
        self.meals = 0
        self.fed = threading.Event()
        self.told: list[str] = []

    def alive(self) -> None:
        """Count."""
        self.meals += 1
        self.fed.set()

    def status(self, text: str) -> None:
        """Remember."""
        self.told.append(text)


def a_pulse(dog: Dog, events: RecordingEvents | None = None) -> Pulse:
    """Return one for a watchdog of a minute, not started."""
    return Pulse(watchdog=dog, every_seconds=60.0, events=events or RecordingEvents())


def test_each_look_with_a_beat_before_it_feeds() -> None:
    """A loop that goes round keeps the watchdog quiet."""
    dog = Dog()
    pulse = a_pulse(dog)
    for _ in range(3):
        pulse.beat()
        pulse.look()

    assert dog.meals == 3


def test_a_loop_that_hangs_is_told_once_and_not_covered_up() -> None:
    """After half the time the log says so, while there is time to say it."""
    dog, events = Dog(), RecordingEvents()
    pulse = a_pulse(dog, events)
    pulse.beat()
    for _ in range(9):
        pulse.look()

    assert dog.meals == 1
    assert events.told == [("loop_stuck", {"seconds": 30.0})]
    assert dog.told == ["stuck: nothing has moved for 30 s"]


def test_a_loop_that_was_late_feeds_again() -> None:
    """One slow moment is no hang."""
    dog, events = Dog(), RecordingEvents()
    pulse = a_pulse(dog, events)
    pulse.beat()
    for _ in range(3):
        pulse.look()
    pulse.beat()
    pulse.look()

    assert dog.meals == 2
    assert events.names() == ["loop_stuck", "loop_resumed"]


def test_a_short_pause_is_no_trouble() -> None:
    """One look without a beat is not worth a word."""
    events = RecordingEvents()
    pulse = a_pulse(Dog(), events)
    pulse.beat()
    for _ in range(2):
        pulse.look()
    pulse.beat()
    pulse.look()

    assert events.told == []


def test_the_thread_looks_by_itself() -> None:
    """Between start and end somebody looks, without the loop's help."""
    dog = Dog()
    with Pulse(watchdog=dog, every_seconds=0.01, events=RecordingEvents()) as pulse:
        pulse.beat()
        pulse.start()
        pulse.start()
        assert dog.fed.wait(PATIENCE_SECONDS)

    assert "pulse" not in {thread.name for thread in threading.enumerate()}


def test_without_a_watchdog_there_is_no_thread() -> None:
    """Nobody is watched who is not asked for a sign of life."""
    with Pulse(watchdog=Dog(), every_seconds=None, events=RecordingEvents()) as pulse:
        pulse.start()

        assert "pulse" not in {thread.name for thread in threading.enumerate()}


def test_parts_may_take_as_long_to_build_as_at_a_start() -> None:
    """A reload over many files is no hang; one that never ends is."""
    dog, events = Dog(), RecordingEvents()
    pulse = a_pulse(dog, events)
    pulse.beat()
    pulse.look()
    pulse.be_patient()
    for _ in range(20):
        pulse.look()

    assert (dog.meals, events.told) == (21, [])

    for _ in range(2):
        pulse.look()

    assert dog.meals == 21
    assert [name for name, _ in events.told] == ["loop_stuck"]


def test_patience_ends_with_the_next_beat() -> None:
    """What hangs after the parts were built is found out in the usual time."""
    dog, events = Dog(), RecordingEvents()
    pulse = a_pulse(dog, events)
    pulse.be_patient()
    pulse.beat()
    for _ in range(4):
        pulse.look()

    assert dog.meals == 1
    assert [name for name, _ in events.told] == ["loop_stuck"]


def test_a_beat_is_wanted_as_often_as_it_is_looked_for() -> None:
    """Four times within the watchdog's patience; without a watchdog, whenever."""
    dog, deaf = Dog(), Dog()
    events = RecordingEvents()

    assert Pulse(watchdog=dog, every_seconds=8.0, events=events).beat_seconds == 2.0
    assert Pulse(watchdog=deaf, every_seconds=None, events=events).beat_seconds is None
