"""A signal makes a note and rings the bell; the loop does the rest."""

from __future__ import annotations

import signal

import pytest

from shipper.signals import Signals
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock whose bell can be looked at."""
    return FakeClock()


def is_rung(clock: FakeClock) -> bool:
    """Return whether the next wait ends at once."""
    before = clock.monotonic()
    clock.wait(1.0)
    return clock.monotonic() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_one_asks_for_the_end(
    number: signal.Signals, clock: FakeClock
) -> None:
    """Whoever runs is told by name; the second of its kind would end the process."""
    stopped: list[str] = []
    with Signals(clock.wake) as signals:
        signals.on_stop = stopped.append
        signal.raise_signal(number)
        after = signal.getsignal(number)

        assert (signals.ended_by, signals.stop_name) == (number, number.name)
        assert stopped == [number.name]
        assert after is signal.SIG_DFL
        assert is_rung(clock)


def test_of_two_kinds_the_first_one_counts(clock: FakeClock) -> None:
    """The exit code names the signal that asked first."""
    stopped: list[str] = []
    with Signals(clock.wake) as signals:
        signals.on_stop = stopped.append
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)

        assert signals.stop_name == "SIGINT"
        assert stopped == ["SIGINT"]


def test_a_reload_and_a_status_are_wanted_once_however_often_asked(
    clock: FakeClock,
) -> None:
    """Two signals between two turns are one wish."""
    with Signals(clock.wake) as signals:
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGUSR1):
            signal.raise_signal(number)
            assert is_rung(clock)

        assert [signals.take_reload(), signals.take_reload()] == [True, False]
        assert [signals.take_status(), signals.take_status()] == [True, False]
        assert signals.stop_name is None


def test_the_handlers_of_before_come_back(clock: FakeClock) -> None:
    """A library that is used in a program leaves its signals as they were."""
    kinds = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1]
    before = [signal.getsignal(number) for number in kinds]
    with Signals(clock.wake):
        signal.raise_signal(signal.SIGTERM)

    assert [signal.getsignal(number) for number in kinds] == before


def test_a_command_that_ends_by_itself_leaves_the_terminal_its_hang_up(
    clock: FakeClock,
) -> None:
    """SIGHUP means what it means to other commands."""
    before = signal.getsignal(signal.SIGHUP)
    with Signals(clock.wake, only_the_end=True):
        assert signal.getsignal(signal.SIGHUP) is before
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
